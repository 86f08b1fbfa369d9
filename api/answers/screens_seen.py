"""Which screens and panels have asked for their boards, by what they ask for: nothing is kept of who asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Annotated, Literal

from fastapi import Query, Request

from api.service.clock import Clock

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


class ScreensSeen:
    """Those since the start. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: OrderedDict[ScreenKey, ScreenSeen] = OrderedDict()

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
