"""Which screens and panels have asked for their boards, by what they ask for: nothing is kept of who asks. Of several
processes each knows those that asked it, and the engine's is told of all."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import TypeAdapter

from api.service.clock import Clock
from feeds.background import Repeated
from feeds.storage.whole_file import set_aside, whole_file
from predictor.timetable import DAY_S

log = logging.getLogger("prochain")

FILE_NAME = "screens.json"
_SAVED_EVERY_S, _TOLD_EVERY_S = 60.0, 15.0
MOST_SCREENS = 2000
"""Then the one that has not asked for longest is forgotten,"""
FORGOTTEN_S = 7.0 * DAY_S
"""as is one that has not asked for so long."""
SILENT_S = 600.0
"""One that has not asked for so long shows what it carries, or nothing."""
_LONGEST_NAME = 60
_LONGEST_ID = 200
_MOST_STOPS = 6

ScreenName = Annotated[
    str, Query(alias="name", max_length=_LONGEST_NAME, description="What this screen or panel is called at the desk")
]


@dataclass(frozen=True)
class ScreenKey:
    """What one asks for. Screens that ask for the same without a name are told together."""

    kind: Literal["screen", "panel"]
    stops: tuple[str, ...]
    """Ids as asked for, whether the timetable has them or not."""
    name: str = ""


@dataclass(frozen=True)
class ScreenSeen:
    """One screen or panel."""

    key: ScreenKey
    since: float
    """When it asked first, POSIX seconds,"""
    last: float
    """and last."""
    streams: int = 0
    """How many event streams of it are open."""

    def silent(self, now: float) -> bool:
        """Whether nothing has been heard of it for long."""
        return not self.streams and now - self.last > SILENT_S

    def and_elsewhere(self, other: ScreenSeen) -> ScreenSeen:
        """The same screen as two processes know it."""
        return ScreenSeen(
            self.key, min(self.since, other.since), max(self.last, other.last), self.streams + other.streams
        )


_FILE = TypeAdapter(list[ScreenSeen])


class ScreensSeen:
    """A restart forgets none: one that has fallen silent must not vanish from the list by it. Safe to use from any
    thread."""

    def __init__(
        self,
        folder: Path | None = None,
        others: Callable[[], Iterable[bytes]] = tuple,
        tell: Callable[[bytes], None] | None = None,
    ) -> None:
        """`folder` of the file that keeps them, None for memory alone; `others`: gives what other processes tell;
        `tell`: tells the engine's process."""
        self._lock = Lock()
        self._path, self._others, self._tell = folder and folder / FILE_NAME, others, tell
        self._saved: bytes | None = None
        self._seen = OrderedDict((screen.key, replace(screen, streams=0)) for screen in self._kept())
        self.is_kept = bool(folder or tell)
        """Whether `saving` is to go on."""
        self.saving = Repeated("screens seen", self._save, _TOLD_EVERY_S if tell else _SAVED_EVERY_S, at_end=True)

    def asked(self, key: ScreenKey, now: float, streams: int = 0) -> ScreenKey:
        """Note that one has asked; gives the key under which it is kept. `streams`: how many more are open."""
        with self._lock:
            before = self._seen.get(key)
            if before is None:
                stops = tuple(stop[:_LONGEST_ID] for stop in key.stops[:_MOST_STOPS])
                key = ScreenKey(key.kind, stops, key.name.strip())
                before = self._seen.get(key)
            since, open_before = (before.since, before.streams) if before else (now, 0)
            self._keep(ScreenSeen(key, since, now, max(open_before + streams, 0)))
        return key

    def _keep(self, screen: ScreenSeen) -> None:
        """The one that asked last comes last."""
        self._seen[screen.key] = screen
        self._seen.move_to_end(screen.key)
        while len(self._seen) > MOST_SCREENS or screen.last - next(iter(self._seen.values())).last > FORGOTTEN_S:
            self._seen.popitem(last=False)

    def _kept(self) -> list[ScreenSeen]:
        if self._path is None or not self._path.is_file():
            return []
        try:
            return _FILE.validate_json(self._path.read_bytes())[-MOST_SCREENS:]
        except OSError as error:
            log.warning("%s: cannot be read (%s); screens are listed as they ask.", self._path, error)
        except ValueError:
            log.warning("%s is damaged: it is set aside, and screens are listed as they ask.", self._path)
            set_aside(self._path)
        return []

    def _save(self) -> None:
        elsewhere = self._seen_elsewhere()
        with self._lock:
            # What asked a process that ends meanwhile must not vanish with it.
            for screen in sorted(elsewhere, key=lambda screen: screen.last):
                screen = replace(screen, streams=0)
                self._keep(self._seen.get(screen.key, screen).and_elsewhere(screen))
            seen = list(self._seen.values())
        content = _FILE.dump_json(seen)
        if self._tell is not None:
            self._tell(content)
        if self._path is not None and content != self._saved:
            with whole_file(self._path) as unfinished:
                unfinished.write_bytes(content)
            self._saved = content

    def _seen_elsewhere(self) -> list[ScreenSeen]:
        seen: list[ScreenSeen] = []
        for content in self._others():
            try:
                seen += _FILE.validate_json(content)[-MOST_SCREENS:]
            except ValueError:
                log.warning("What another process tells of screens cannot be read; is it of another version?")
        return seen

    @contextmanager
    def listening(self, key: ScreenKey, clock: Clock) -> Iterator[None]:
        """One holds an event stream open."""
        key = self.asked(key, clock.now(), 1)
        try:
            yield
        finally:
            self.asked(key, clock.now(), -1)

    def all(self, now: float) -> list[ScreenSeen]:
        """Those that asked any process. The one that asked last comes last."""
        elsewhere = self._seen_elsewhere()
        with self._lock:
            found = dict(self._seen)
        for screen in elsewhere:
            own = found.get(screen.key)
            found[screen.key] = own.and_elsewhere(screen) if own else screen
        heard = [seen for seen in found.values() if seen.streams or now - seen.last <= FORGOTTEN_S]
        return sorted(heard, key=lambda seen: seen.last)[-MOST_SCREENS:]


def screens_seen_of(request: Request) -> ScreensSeen:
    """Those of the application."""
    screens_seen: ScreensSeen = request.app.state.screens_seen
    return screens_seen
