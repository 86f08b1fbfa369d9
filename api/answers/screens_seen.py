"""Which screens and panels have asked for their boards, by what they ask for: nothing is kept of who asks."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import TypeAdapter

from api.service.clock import Clock
from feeds.background import Repeated
from feeds.whole_file import set_aside, whole_file

log = logging.getLogger("prochain")

FILE_NAME = "screens.json"
_SAVED_EVERY_S = 60.0
MOST_SCREENS = 2000
"""Then the one that has not asked for longest is forgotten,"""
FORGOTTEN_S = 7 * 86_400.0
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


_FILE = TypeAdapter(list[ScreenSeen])


class ScreensSeen:
    """A restart forgets none: one that has fallen silent must not vanish from the list by it. Safe to use from any
    thread."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` of the file that keeps them, None for memory alone."""
        self._lock = Lock()
        self._path = folder and folder / FILE_NAME
        self._saved: bytes | None = None
        self._seen = OrderedDict((screen.key, replace(screen, streams=0)) for screen in self._kept())
        self.saving = Repeated("screens seen", self._save, _SAVED_EVERY_S, at_end=True)

    def asked(self, key: ScreenKey, now: float, streams: int = 0) -> ScreenKey:
        """Note that one has asked; gives the key under which it is kept. `streams`: how many more are open."""
        key = ScreenKey(key.kind, tuple(stop[:_LONGEST_ID] for stop in key.stops[:_MOST_STOPS]), key.name.strip())
        with self._lock:
            before = self._seen.get(key) or ScreenSeen(key, now, now)
            self._seen[key] = replace(before, last=now, streams=max(before.streams + streams, 0))
            self._seen.move_to_end(key)
            while len(self._seen) > MOST_SCREENS or now - next(iter(self._seen.values())).last > FORGOTTEN_S:
                self._seen.popitem(last=False)
        return key

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
        with self._lock:
            seen = list(self._seen.values())
        content = _FILE.dump_json(seen)
        if self._path is not None and content != self._saved:
            with whole_file(self._path) as unfinished:
                unfinished.write_bytes(content)
            self._saved = content

    @contextmanager
    def listening(self, key: ScreenKey, clock: Clock) -> Iterator[None]:
        """One holds an event stream open."""
        key = self.asked(key, clock.now(), 1)
        try:
            yield
        finally:
            self.asked(key, clock.now(), -1)

    def all(self, now: float) -> list[ScreenSeen]:
        """The one that asked last comes last."""
        with self._lock:
            return [seen for seen in self._seen.values() if seen.streams or now - seen.last <= FORGOTTEN_S]


def screens_seen_of(request: Request) -> ScreensSeen:
    """Those of the application."""
    screens_seen: ScreensSeen = request.app.state.screens_seen
    return screens_seen
