"""Feeds the history from the service: a thread of its own, so that neither engine nor readers wait for the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, Full, Queue
from threading import Event, Thread

from feeds.errors import FeedError
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore

FLUSH_EVERY_S = 30.0
_WAITING = 500

log = logging.getLogger("prochain")


class HistoryWriter:
    """Writes what it is offered into `store`; `lost` counts the steps that it could not take in."""

    def __init__(self, store: HistoryStore, flush_every_s: float = FLUSH_EVERY_S) -> None:
        self.store = store
        self.lost = 0
        self._flush_every_s = flush_every_s
        self._waiting: Queue[Happened] = Queue(_WAITING)
        self._stopping = Event()
        self._thread: Thread | None = None
        self._said = ""

    def offer(self, step: Happened, *, wait: bool = False) -> None:
        """Have this written soon. Where too much is waiting it is dropped, or (`wait`) waited with."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = Thread(target=self._keep_writing, name="history", daemon=True)
            self._thread.start()
        try:
            self._waiting.put(step, block=wait)
        except Full:
            self.lost += 1
            if self.lost == 1:
                log.warning("The history cannot keep up with the service; steps are left out of it.")

    def drain(self) -> None:
        """Wait until everything offered has been taken in."""
        self._waiting.join()

    def stop(self) -> None:
        """Write what is waiting. What is offered afterwards begins a new thread."""
        self._stopping.set()
        if self._thread:
            self._thread.join(60.0)
        self._thread = None
        self._guarded(self.store.flush)

    def _keep_writing(self) -> None:
        flushed_at = time.monotonic()
        while True:
            try:
                step = self._waiting.get(timeout=0.5)
            except Empty:
                if self._stopping.is_set():
                    return
            else:
                self._guarded(partial(self.store.take, step))
                self._waiting.task_done()
            if time.monotonic() - flushed_at >= self._flush_every_s:
                self._guarded(self.store.flush)
                flushed_at = time.monotonic()

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (FeedError, OSError) as error:
            if str(error) != self._said:
                log.warning("The history: %s", error)
            self._said = str(error)
        except Exception:
            log.exception("The history could not take a step in.")
        else:
            self._said = ""
