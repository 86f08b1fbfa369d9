"""Looks from time to time whether the GTFS feed has changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from api.service.view import FeedHealth
from feeds.errors import FeedError
from feeds.sources.public_address import public_place
from feeds.timetable import DEFAULT, LoadedTimetable, TimetableSource, load_timetable
from predictor.timetable import Timetable

log = logging.getLogger("prochain")


def timetable_from(
    gtfs: str, cache_dir: Path | None, headers: Mapping[str, str] | None = None, patience_s: float | None = None
) -> LoadedTimetable:
    """The timetable at a path or address; None for `cache_dir` means the user's own cache. Errors: FeedError."""
    return load_timetable(
        gtfs, cache_dir=cache_dir or DEFAULT, headers=headers, patience_s=patience_s, to_be_served=True
    )


class TimetableWatch:
    """The GTFS feed at a path or address, read again when its content is another. A bad one is refused."""

    def __init__(
        self,
        gtfs: str,
        *,
        every_s: float = 1800.0,
        cache_dir: Path | None = None,
        headers: Mapping[str, str] | None = None,
        version: str = "",
        refused: str = "",
    ) -> None:
        """Parameters: `version`: `feed_version` of what was read there at the start; `refused`: why nothing was."""
        self.every_s = every_s
        self.version = version
        """`feed_version` of what was read last, "" before the first time."""
        self._gtfs = gtfs
        self._source = TimetableSource(gtfs, cache_dir=cache_dir or DEFAULT, headers=headers, to_be_served=True)
        self._stat: tuple[int, int] | None = self._stat_of_file()
        self._health = FeedHealth("gtfs", public_place(gtfs), error=refused, errors=int(bool(refused)))

    def health(self) -> FeedHealth:
        """How the GTFS feed is doing."""
        return self._health

    def newer(self, current: Timetable, now: float) -> Timetable | None:
        """The timetable where its content is another than `current`'s; errors are kept in `health`."""
        stat = self._stat_of_file()
        if stat is not None and stat == self._stat and not self._health.error:
            self._health = replace(self._health, good_at=now)
            return None
        try:
            # A server that says that nothing has changed since the last start may mean another than the one in use.
            loaded = self._source.load() if self._health.error and not self.version else self._source.newer(now)
        except FeedError as error:
            self._refused(str(error))
            return None
        except Exception as error:
            log.exception("The GTFS feed cannot be read again.")
            self._refused(f"unexpected {type(error).__name__}: {error}; see the log.")
            return None
        self._stat = stat
        self._health = replace(self._health, good_at=now, error="")
        if loaded:
            self.version = loaded.timetable.feed_version
        return loaded.timetable if loaded and loaded.timetable.feed_version != current.feed_version else None

    def _refused(self, message: str) -> None:
        log.warning("The new GTFS feed is refused, the old timetable stays: %s", message)
        self._health = replace(self._health, error=message, errors=self._health.errors + 1)

    def _stat_of_file(self) -> tuple[int, int] | None:
        """Modification time and size; None for an address, a folder, or what is missing."""
        path = Path(self._gtfs)
        try:
            stat = path.stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size) if path.is_file() else None
