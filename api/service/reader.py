"""A service without an engine: it shows the views that an engine publishes elsewhere, and goes on with the last one, by
its own clock, where none comes."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from api.service.clock import LiveClock
from api.service.exchange import Exchange, ExchangeError
from api.service.packed import Packed, PackedError
from api.service.published_view import Unpacking
from api.service.publisher import gtfs_name, timetable_name
from api.service.served import Served, Told
from feeds.background import Repeated, Watched
from feeds.gtfs.kept_zip import kept_zip, zip_path
from feeds.history.store import HistoryStore
from feeds.storage.whole_file import whole_file

log = logging.getLogger("prochain")

_LOOK_S = 1.0
"""Where nobody tells of a new view it is found within so long."""
_PAUSE_S = 0.5
_SILENT_S, _SILENT_STEPS = 20.0, 4
"""An engine that publishes nothing for longer, and for so many of its steps, has fallen silent."""


class EnginesClock(LiveClock):
    """This machine's clock; of a day that is shown again, the engine's."""

    _follows: Sequence[float] | None = None

    def follow(self, clock: Sequence[float] | None) -> None:
        """Go on as the engine's does. Parameters: `clock`: what it showed, when by this machine's, and its speed; None:
        it is everybody's."""
        self._follows, self.speed = clock, clock[2] if clock else 1.0

    def now(self) -> float:
        """POSIX seconds."""
        follows = self._follows
        if follows is None:
            return super().now()
        at, wall, speed = follows
        return at + speed * (time.time() - wall)


class Reader(Served):
    """See the module's docstring. Its first view comes some time after `start`: see `wait`."""

    def __init__(self, exchange: Exchange, gtfs_zips: Sequence[Path] = ()) -> None:
        """Parameters: `gtfs_zips`: folders where feeds are kept as they came; what is missing is put into the last."""
        super().__init__()
        self._own_clock = EnginesClock()
        self.clock = self._own_clock
        self._exchange = exchange
        self._gtfs_zips = gtfs_zips
        self._unpacking = Unpacking(self._timetable_named)
        self._has: str | None = None
        self._came_at = time.monotonic()
        self._every_s = 0.0
        self._gone = self._unreadable = ""
        self._zip_of = ""
        self._history = HistoryStore()
        self._there = Event()
        self._running = False
        self._reading = Repeated("views", self._read, 0.01)
        self._watching = Repeated("watch", self._revive, _LOOK_S)

    @property
    def gtfs_zip(self) -> Path | None:
        """See `Served`."""
        return kept_zip(self._gtfs_zips, self.timetable.base.feed_version)

    @property
    def history(self) -> HistoryStore:
        """Nothing: what happened is asked of the engine."""
        return self._history

    @property
    def since_view_s(self) -> float:
        """Real seconds since the last view came."""
        return time.monotonic() - self._came_at

    @property
    def behind(self) -> list[Told]:
        """See `Served`."""
        if self._gone:
            return [("exchange_gone", {"error": self._gone})]
        if self._unreadable:
            return [("views_unreadable", {"error": self._unreadable})]
        if self.since_view_s > max(_SILENT_S, _SILENT_STEPS * self._every_s):
            return [("engine_silent", {"seconds": round(self.since_view_s)})]
        return []

    @property
    def why_none(self) -> str:
        """Why there is no first view yet."""
        return self._gone or self._unreadable or "the engine has published nothing yet"

    @property
    def threads(self) -> list[Watched]:
        """See `Served`."""
        return [self._reading]

    def start(self) -> None:
        """See `Served`."""
        if self._running:
            return
        self._running = True
        self._exchange.ended.clear()
        self._reading.start()
        self._watching.start()

    def wait(self, seconds: float) -> bool:
        """Until the first view is there, no longer than that; whether it is."""
        return self._there.wait(seconds)

    def stop(self) -> None:
        """See `Served`."""
        self._exchange.ended.set()
        self._watching.stop(5.0)
        self._reading.stop(5.0)
        self._exchange.close()
        self._running = False

    def _read(self) -> None:
        try:
            version = self._exchange.version()
            if version is not None and version != self._has:
                self._take(version)
            self._exchange.wait(_LOOK_S)
        except ExchangeError as error:
            if not self._gone:
                log.warning("Views cannot be read: %s.%s", error, self._goes_on)
            self._gone = str(error)
            self._exchange.ended.wait(_PAUSE_S)
            return
        if self._gone:
            log.warning("Views can be read again.")
            self._gone = ""

    def _take(self, version: str) -> None:
        packed = self._exchange.view()
        if packed is None:
            return
        try:
            published = self._unpacking.view(packed)
        except ExchangeError:
            raise
        except Exception as error:
            # Whole, and yet not what an engine writes: another program, or a version that nobody foresaw.
            if not self._unreadable:
                log.warning("A view cannot be used: %r.%s", error, self._goes_on)
            self._unreadable = str(error) if isinstance(error, PackedError) else f"{type(error).__name__}: {error}"
            return
        self._own_clock.follow(published.clock)
        self._every_s = published.every_s
        self._has, self._unreadable, self._came_at = version, "", time.monotonic()
        self.steps += 1
        self._bring(published.view)
        self._there.set()
        self._keep_zip()

    @property
    def _goes_on(self) -> str:
        return " The last one goes on." if self._there.is_set() else ""

    def _timetable_named(self, name: str) -> Packed:
        packed = self._exchange.get(timetable_name(name))
        if packed is None:
            raise ExchangeError(f"{self._exchange.place}: the timetable of the view is not there yet")
        return packed

    def _keep_zip(self) -> None:
        digest = self.timetable.base.feed_version
        if digest == self._zip_of or not self._gtfs_zips:
            return
        if self.gtfs_zip is None and (content := self._exchange.get(gtfs_name(digest))) is not None:
            try:
                with whole_file(zip_path(self._gtfs_zips[-1], digest)) as unfinished:
                    unfinished.write_bytes(content)
            except OSError as error:
                log.warning("%s: the feed cannot be kept (%s).", self._gtfs_zips[-1], error)
        self._zip_of = digest

    def _revive(self) -> None:
        self._reading.revive(time.monotonic())
