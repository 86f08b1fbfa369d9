"""Feeds the history from the service: a thread of its own, so that neither engine nor readers wait for the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from feeds.background import Queued
from feeds.errors import FeedError
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore

FLUSH_EVERY_S = 30.0
_WAITING = 500

log = logging.getLogger("prochain")


class HistoryWriter:
    """Writes what it is offered into `store`; `lost` counts the steps that it could not take in."""

    def __init__(self, store: HistoryStore) -> None:
        self.store = store
        self.lost = 0
        self._flushed_at = time.monotonic()
        self.work = Queued("history", self._take, _WAITING)
        """Its thread."""
        self.fault = ""
        """Why what is remembered is not saved now, "" where it is."""
        self.failures = 0

    def offer(self, step: Happened, *, wait: bool = False) -> None:
        """Have this written soon. Where too much is waiting it is dropped, or (`wait`) waited with."""
        if not self.work.offer(step, wait=wait):
            self.lost += 1
            if self.lost == 1:
                log.warning("The history cannot keep up with the service; steps are left out of it.")

    def stop(self) -> None:
        """Write what is waiting."""
        self.work.stop(60.0)
        self._guarded(self.store.flush)

    def _take(self, step: Happened) -> None:
        self._guarded(partial(self.store.take, step))
        if time.monotonic() - self._flushed_at >= FLUSH_EVERY_S:
            self._guarded(self.store.flush)
            self._flushed_at = time.monotonic()

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:
            self.failures += 1
            if not isinstance(error, FeedError | OSError):
                log.exception("The history could not take a step in.")
                self.fault = f"{type(error).__name__}: {error}"
            elif str(error) != self.fault:
                log.warning("The history: %s", error)
                self.fault = str(error)
        else:
            if write == self.store.flush:
                self.fault = ""
