"""What goes on beside the readers, each in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

_LOOK_S = 0.3

log = logging.getLogger("prochain")
T = TypeVar("T")


class Repeated:
    """Does something again and again, from `start` to `stop`."""

    def __init__(self, name: str, do: Callable[[], None], every_s: float, *, at_once: bool = False) -> None:
        """Parameters: `every_s`: the pause before each time; `at_once`: there is none before the first."""
        self._name = name
        self._do = do
        self._every_s = every_s
        self._at_once = at_once
        self._stopping = Event()
        self._thread: Thread | None = None

    @property
    def stopping(self) -> bool:
        """What it does should come to an end."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """End it; what is under way is waited for no longer than that."""
        self._stopping.set()
        if self._thread:
            self._thread.join(within_s)
        self._thread = None

    def _run(self) -> None:
        pause = 0.0 if self._at_once else self._every_s
        while not self._stopping.wait(pause):
            try:
                self._do()
            except Exception:
                log.exception("%s failed; it is tried again.", self._name)
            pause = self._every_s


class Queued(Generic[T]):
    """Takes in one thing after another. Its thread begins with the first, and again with the first after `stop`."""

    def __init__(
        self, name: str, take: Callable[[T], None], room: int, between: Callable[[], None] = lambda: None
    ) -> None:
        """Parameters: `take` and `between`, which is called now and then, raise nothing; `room`: so much may wait."""
        self._name = name
        self._take = take
        self._between = between
        self._waiting: Queue[T] = Queue(room)
        self._stopping = Event()
        self._thread: Thread | None = None

    def offer(self, thing: T, *, wait: bool = False) -> bool:
        """Have it taken in soon. False where too much is waiting already; `wait`: wait until there is room."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        try:
            self._waiting.put(thing, block=wait)
        except Full:
            return False
        return True

    def drop_waiting(self) -> None:
        """Forget what is still waiting."""
        while True:
            try:
                self._waiting.get_nowait()
            except Empty:
                return
            self._waiting.task_done()

    def drain(self) -> None:
        """Wait until everything offered has been taken in."""
        self._waiting.join()

    def stop(self, within_s: float) -> None:
        """Take in what is waiting, and end."""
        self._stopping.set()
        if self._thread:
            self._thread.join(within_s)
        self._thread = None

    def _run(self) -> None:
        while True:
            try:
                thing = self._waiting.get(timeout=_LOOK_S)
            except Empty:
                if self._stopping.is_set():
                    return
            else:
                self._take(thing)
                self._waiting.task_done()
            self._between()
