"""What time it is: now, or on the day that is being shown again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Tells the time of the network being served."""

    speed: float
    """Seconds of the network's time that pass in a second."""

    def now(self) -> float:
        """POSIX seconds."""


class LiveClock:
    """The machine's own clock."""

    speed = 1.0

    def now(self) -> float:
        """POSIX seconds."""
        return time.time()


class ShiftedClock:
    """A clock that reads `start` when it is made, and runs `speed` times as fast as real time."""

    def __init__(self, start: float, speed: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._start = start
        self._monotonic = monotonic
        self._made_at = monotonic()

    def now(self) -> float:
        """POSIX seconds."""
        return self._start + self.speed * (self._monotonic() - self._made_at)
