"""What goes on beside the readers, each in a thread of its own.

A thread ends only when it is told to: whatever its work raises is logged, counted and told, and the work is tried
again, less and less often.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

_LOOK_S = 0.3
_LONGEST_PAUSE_S = 60.0

log = logging.getLogger("prochain")
T = TypeVar("T")


class Watched:
    """A thread, and how its work is doing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._stopping = Event()
        self._thread: Thread | None = None
        self.failures = 0
        """Times that the work failed."""
        self.error = ""
        """Of the last time, "" where it was good."""
        self._in_a_row = 0

    def attempt(self, work: Callable[[], None]) -> None:
        """Do the work, whatever it raises."""
        try:
            work()
        except BaseException as error:
            # Even what is no Exception must not end the thread for good.
            self.failures += 1
            self._in_a_row += 1
            self.error = f"{type(error).__name__}: {error}"
            with suppress(Exception):
                log.exception("%s failed (%d so far); it is tried again.", self.name, self.failures)
        else:
            self._in_a_row, self.error = 0, ""

    def stop(self, within_s: float) -> None:
        """Let it come to its end; what is under way, or waits to be taken in, is waited for no longer than that."""
        self._stopping.set()
        if self._thread:
            self._thread.join(within_s)
        self._thread = None

    def pause_s(self, every_s: float) -> float:
        """How long to wait before the next time: the longer, the more often in a row it has failed."""
        return max(every_s, min(every_s * 2.0 ** min(self._in_a_row - 1, 10), _LONGEST_PAUSE_S))


class Repeated(Watched):
    """Does something again and again, from `start` to `stop`."""

    def __init__(self, name: str, do: Callable[[], None], every_s: float, *, at_once: bool = False) -> None:
        """Parameters: `every_s`: the pause before each time; `at_once`: there is none before the first."""
        super().__init__(name)
        self._do = do
        self._every_s = every_s
        self._at_once = at_once

    @property
    def stopping(self) -> bool:
        """What it does should come to an end."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pause = 0.0 if self._at_once else self._every_s
        while not self._stopping.wait(pause):
            self.attempt(self._do)
            pause = self.pause_s(self._every_s)


class Queued(Watched, Generic[T]):
    """Takes in one thing after another. Its thread begins with the first, and again with the first after `stop`."""

    def __init__(
        self, name: str, take: Callable[[T], None], room: int, between: Callable[[], None] = lambda: None
    ) -> None:
        """Parameters: `between` is called now and then; `room`: so much may wait."""
        super().__init__(name)
        self._take = take
        self._between = between
        self._waiting: Queue[T] = Queue(room)

    def offer(self, thing: T, *, wait: bool = False) -> bool:
        """Have it taken in soon. False where too much is waiting already, or the system gives no thread; `wait`: wait
        until there is room."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            thread = Thread(target=self._run, name=self.name, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self.failures += 1
                self.error = str(error)
                return False
            self._thread = thread
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

    def _run(self) -> None:
        while True:
            try:
                thing = self._waiting.get(timeout=_LOOK_S)
            except Empty:
                if self._stopping.is_set():
                    return
            else:
                self.attempt(partial(self._take, thing))
                self._waiting.task_done()
            self.attempt(self._between)
