"""What one subscriber is owed, told in order in a thread of its own: bulletins wait in the desk's database, so that a
restart loses none."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from api.desk.database import DeskDatabase
from api.desk.subscribers import TOLD_WITHIN_S, Bulletin, Subscriber
from feeds.background import Repeated

_CLOSING_S = 3.0
_LOOK_AGAIN_S = 60.0
"""For what could not be read, or noted, when there was news."""

log = logging.getLogger("prochain")


@dataclass(frozen=True)
class Delivery:
    """How a subscriber is doing. Told and failed are counted since the service started."""

    name: str
    delivered: int = 0
    failed: int = 0
    owed: int = 0
    owed_since: float | None = None
    """Of the oldest bulletin owed, POSIX seconds by the service's clock."""
    error: str = ""
    """Of the last bulletin, empty where it was delivered."""


class Outbox:
    """Tells one subscriber, beginning with what it was owed when the service stopped."""

    def __init__(self, name: str, subscriber: Subscriber, database: DeskDatabase, clock: Callable[[], float]) -> None:
        """Parameters: `name` under which its bulletins are kept; `clock` gives the service's time, POSIX seconds."""
        self._name = name
        self._subscriber = subscriber
        self._database = database
        self._clock = clock
        self._settled = 0
        self._delivered = self._failed = 0
        self._error = ""
        self._closing = Event()
        self.work = Repeated(f"tell-{name}", self._tell_all, _LOOK_AGAIN_S, first_s=0.0, at_end=True)
        """Its thread."""
        self.work.start()

    @property
    def delivery(self) -> Delivery:
        """How it is doing now."""
        owed, since = self._database.owed(self._name, self._settled)
        return Delivery(self._name, self._delivered, self._failed, owed, since, self._error)

    def wake(self) -> None:
        """There is more to tell."""
        self.work.wake()

    def close(self) -> None:
        """Try each bulletin that waits once more, for some seconds at most; the others stay owed."""
        self._closing.set()
        self._subscriber.close()
        self.work.stop(_CLOSING_S)

    def _tell_all(self) -> None:
        while (owed := self._next()) is not None:
            number, bulletin = owed
            error = self._tell(bulletin)
            if error and self._closing.is_set():
                return
            self._error = error
            self._failed += bool(error)
            self._delivered += not error
            # Even where the disk takes no note, it is not told twice before the next start.
            self._settled = number
            try:
                self._database.settle(self._name, number)
            except sqlite3.Error:
                log.exception("%s: a bulletin is told again after the next start.", self._name)

    def _next(self) -> tuple[int, Bulletin | None] | None:
        try:
            return self._database.next_bulletin(self._name, self._settled)
        except sqlite3.Error:
            # Closed under a subscriber that hangs, this is how the thread learns of it.
            if not self._closing.is_set():
                raise
            return None

    def _tell(self, bulletin: Bulletin | None) -> str:
        """What keeps it from being told, "" where it was."""
        if bulletin is None:
            return "A bulletin in the desk's database cannot be read."
        number = bulletin.disruption.number
        if self._clock() - bulletin.at > TOLD_WITHIN_S:
            error = f"Disruption {number} ({bulletin.event}) could not be told within {TOLD_WITHIN_S / 3600:.0f} h."
            log.error("%s: %s", self._name, error)
            return error
        try:
            self._subscriber.tell(bulletin)
        except Exception as error:
            if self._closing.is_set():
                log.info("%s: disruption %d (%s) stays owed: the service stops.", self._name, number, bulletin.event)
            else:
                log.exception("%s: disruption %d (%s) was not told.", self._name, number, bulletin.event)
            return str(error) or type(error).__name__
        return ""
