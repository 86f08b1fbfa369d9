"""The drafts dismissed at the desk, for all its officers, each until its situation is over or much worse."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from threading import Lock

from api.desk.database import DeskDatabase, Kept

LONGEST_S = 2 * 3600.0
MUCH_WORSE = 1.5
AWAY_S = 600.0
"""A situation that was away for so long is over: what begins then is another one."""

log = logging.getLogger("prochain")


class Dismissal(Kept):
    """Keeps what suggests a draft from suggesting it again. It outlives a timetable as a notice does."""

    table = "dismissal"
    key_column = "situation"

    situation: str
    """`Draft.situation`."""
    size: float
    """`Draft.size` when it was dismissed."""
    at: float
    """POSIX seconds."""

    @property
    def until(self) -> float:
        """The draft comes back then at the latest, POSIX seconds."""
        return self.at + LONGEST_S

    def holds(self, size: float, now: float) -> bool:
        """Whether it still hides the draft, now of this size: until it is half as bad again, and for `LONGEST_S`."""
        # A demo's clock begins anew: a dismissal must not come from the future.
        return abs(now - self.at) < LONGEST_S and size < MUCH_WORSE * self.size


class Dismissals:
    """Safe to use from any thread."""

    def __init__(self, database: DeskDatabase) -> None:
        self._database = database
        self._lock = Lock()
        self._all = {dismissal.situation: dismissal for dismissal in database.kept(Dismissal)}
        self._away_since: dict[str, float] = {}

    def add(self, dismissal: Dismissal) -> None:
        """Dismiss. Errors: sqlite3.Error."""
        with self._lock:
            self._database.keep(dismissal)
            self._all[dismissal.situation] = dismissal
            self._away_since.pop(dismissal.situation, None)

    def remove(self, situation: str) -> None:
        """Take a dismissal back. Errors: sqlite3.Error."""
        with self._lock:
            self._database.forget(Dismissal, situation)
            self._all.pop(situation, None)
            self._away_since.pop(situation, None)

    def holding(self, sizes: Mapping[str, float], now: float) -> dict[str, Dismissal]:
        """Those that hide a draft now. `sizes` of all situations that go on; what ends a dismissal ends it for good."""
        with self._lock:
            for dismissal in list(self._all.values()):
                if not self._goes_on(dismissal, sizes, now):
                    self._end(dismissal.situation)
            return {situation: dismissal for situation, dismissal in self._all.items() if situation in sizes}

    def _goes_on(self, dismissal: Dismissal, sizes: Mapping[str, float], now: float) -> bool:
        size = sizes.get(dismissal.situation)
        if size is None:
            self._away_since.setdefault(dismissal.situation, now)
            return dismissal.holds(0.0, now)
        return now - self._away_since.pop(dismissal.situation, now) < AWAY_S and dismissal.holds(size, now)

    def _end(self, situation: str) -> None:
        del self._all[situation]
        self._away_since.pop(situation, None)
        try:
            self._database.forget(Dismissal, situation)
        except sqlite3.Error:
            log.exception("The disk takes no note that the draft “%s” is suggested again.", situation)
