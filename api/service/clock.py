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

    def start(self) -> None:
        """Let time pass, where it stood still until now."""


class LiveClock:
    """The machine's own clock."""

    speed = 1.0

    def now(self) -> float:
        """POSIX seconds."""
        return time.time()

    def start(self) -> None:
        """It never stands still."""


class ShiftedClock:
    """A clock that stands at `at` until it is started, then runs `speed` times as fast as real time."""

    def __init__(self, at: float, speed: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._at = at
        self._monotonic = monotonic
        self._started_at: float | None = None

    def now(self) -> float:
        """POSIX seconds."""
        if self._started_at is None:
            return self._at
        return self._at + self.speed * (self._monotonic() - self._started_at)

    def start(self) -> None:
        """Let time pass; a second call changes nothing."""
        if self._started_at is None:
            self._started_at = self._monotonic()
