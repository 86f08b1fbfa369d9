"""What time it is: now, or on the day that is being shown again."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Lock

SLEWED_S = 2.0
"""By less than this a time service corrects a clock that is right."""
BELIEVED_AFTER_S = 120.0
"""A clock that has jumped and stays there for so long has been set right."""

log = logging.getLogger("prochain")


class Clock(ABC):
    """Tells the time of the network being served."""

    speed = 1.0
    """Seconds of the network's time that pass in a second."""
    jumped_s = 0.0
    """By how much the machine's clock has jumped away from the time that is told, 0 where it has not."""

    @abstractmethod
    def now(self) -> float:
        """POSIX seconds."""

    def start(self) -> None:  # noqa: B027
        """Let time pass, where it stood still until now."""


def _uptime() -> float:
    """Seconds since the machine was started, those in which it slept as well where they are counted."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class LiveClock(Clock):
    """The machine's own clock, but for its jumps: these are followed only when it has stayed where it jumped to."""

    def __init__(self, *, wall: Callable[[], float] = time.time, uptime: Callable[[], float] = _uptime) -> None:
        self._wall, self._uptime = wall, uptime
        self._started_at = wall() - uptime()
        self._jumped_at = 0.0
        self._lock = Lock()

    def now(self) -> float:
        """POSIX seconds."""
        with self._lock:
            up = self._uptime()
            steady = self._started_at + up
            apart_s = self._wall() - steady
            if abs(apart_s) <= SLEWED_S:
                self._follow(apart_s)
                return steady + apart_s
            if abs(apart_s - self.jumped_s) > SLEWED_S:
                log.warning("The machine's clock has jumped by %+.0f s.", apart_s)
                self.jumped_s, self._jumped_at = apart_s, up
            if up - self._jumped_at < BELIEVED_AFTER_S:
                return steady
            log.warning("The machine's clock stays where it jumped to, %+.0f s away: it is followed.", apart_s)
            self._follow(apart_s)
            return steady + apart_s

    def _follow(self, apart_s: float) -> None:
        self._started_at += apart_s
        self.jumped_s = 0.0


class ShiftedClock(Clock):
    """A clock that stands at `at` until it is started, then runs `speed` times as fast as real time."""

    def __init__(self, at: float, speed: float = 1.0) -> None:
        self.speed = speed
        self._at = at
        self._started_at: float | None = None

    def now(self) -> float:
        """POSIX seconds."""
        if self._started_at is None:
            return self._at
        return self._at + self.speed * (time.monotonic() - self._started_at)

    def start(self) -> None:
        """Let time pass; a second call changes nothing."""
        if self._started_at is None:
            self._started_at = time.monotonic()
