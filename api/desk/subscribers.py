"""Who else is told of disruptions: webhooks, text messages, social networks. Each in its own thread, none waited for.

A package adds a kind of subscriber by an entry point in the group `prochain.subscribers`: a function that takes the
`Settings` and gives a `Subscriber`, or None where it is not configured.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from queue import Full, Queue
from threading import Thread
from typing import Literal, Protocol

from api.desk.disruption import Disruption
from api.settings import ConfigurationError, Settings

GROUP = "prochain.subscribers"
_WAITING = 1000
"""Bulletins that a subscriber out of reach may fall behind."""

log = logging.getLogger("prochain")


@dataclass(frozen=True)
class Bulletin:
    """What became of a disruption."""

    event: Literal["published", "changed", "ended"]
    at: float
    """POSIX seconds by the service's clock."""
    disruption: Disruption


class Subscriber(Protocol):
    """Takes bulletins, one after the other, in a thread of its own."""

    name: str
    """As officers know it, without secrets."""

    def tell(self, bulletin: Bulletin) -> None:
        """Pass it on; returns when that is done. Whatever is raised counts as failed for good and is shown at the
        desk: retrying is the subscriber's own matter."""

    def close(self) -> None:
        """The service stops: give up what is being tried."""


@dataclass(frozen=True)
class Delivery:
    """How a subscriber is doing."""

    name: str
    delivered: int = 0
    failed: int = 0
    waiting: int = 0
    error: str = ""
    """Of the last bulletin, empty where it was delivered."""


class Outbox:
    """Tells one subscriber. `put` returns at once."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._queue: Queue[Bulletin | None] = Queue(_WAITING)
        self._delivered = self._failed = 0
        self._error = ""
        self._thread = Thread(target=self._run, name=f"tell-{subscriber.name}", daemon=True)
        self._thread.start()

    @property
    def delivery(self) -> Delivery:
        """How it is doing now."""
        return Delivery(self._subscriber.name, self._delivered, self._failed, self._queue.qsize(), self._error)

    def put(self, bulletin: Bulletin) -> None:
        """Have it told. One too many is dropped and counted as failed."""
        try:
            self._queue.put_nowait(bulletin)
        except Full:
            self._failed += 1
            log.error("%s: %d bulletins wait already; this one is dropped.", self._subscriber.name, _WAITING)

    def close(self) -> None:
        """End after what waits, or within some seconds."""
        self._subscriber.close()
        try:
            self._queue.put_nowait(None)
        except Full:
            return
        self._thread.join(3.0)

    def _run(self) -> None:
        while (bulletin := self._queue.get()) is not None:
            try:
                self._subscriber.tell(bulletin)
            except Exception as error:
                self._failed += 1
                self._error = str(error) or type(error).__name__
                log.exception("%s: disruption %d was not told.", self._subscriber.name, bulletin.disruption.number)
            else:
                self._delivered += 1
                self._error = ""


def installed_subscribers(settings: Settings) -> Iterable[Subscriber]:
    """Subscribers of other packages. Errors: ConfigurationError that names the one that cannot be made."""
    for entry in entry_points(group=GROUP):
        try:
            subscriber = entry.load()(settings)
        except Exception as error:
            raise ConfigurationError(f"Subscriber “{entry.name}” ({entry.value}) cannot be made: {error}") from error
        if subscriber is not None:
            yield subscriber
