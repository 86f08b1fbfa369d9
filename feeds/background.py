"""What goes on beside the readers, each in a thread of its own.

A thread ends only when it is told to: whatever its work raises is logged, counted and told, and the work is tried
again, less and less often. One that dies all the same gets another (`revive`, called by whoever has it).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, Full, Queue
from threading import Event, Thread, get_native_id
from typing import Any, Generic, TypeVar
from weakref import ReferenceType, finalize, ref

_GIVES_WAY = 10
"""Of the levels that Linux calls nice."""
LONGEST_PAUSE_S = 60.0
_STEADY_S = 60.0
"""What has gone on for so long did not end by its start."""

log = logging.getLogger("prochain")
T = TypeVar("T")


def pause_after(failures: int, first_s: float = 1.0) -> float:
    """Seconds until something is tried again, or started again, that failed so often in a row: doubled each time."""
    return min(first_s * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S)


class Lives:
    """When something that has ended is started again: less and less often, until it lasts."""

    def __init__(self) -> None:
        self._short_in_a_row = 0

    def pause_s(self, lived_s: float) -> float:
        """Seconds until the next of its lives, after one of so many seconds."""
        self._short_in_a_row = 1 if lived_s > _STEADY_S else self._short_in_a_row + 1
        return pause_after(self._short_in_a_row)


class Watched:
    """A thread, and how its work is doing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._stopping = Event()
        self._thread: Thread | None = None
        self.failures = 0
        """Times that the work failed, or its thread died."""
        self.error = ""
        """Of the last time, "" where it was good."""
        self._in_a_row = 0
        self._revive_at = 0.0

    def attempt(self, work: Callable[[], None]) -> None:
        """Do the work, whatever it raises."""
        try:
            work()
        except BaseException as error:
            # Even what is no Exception must not end the thread for good.
            self._failed(f"{type(error).__name__}: {error}")
            with suppress(Exception):
                log.exception("%s failed (%d so far); it is tried again.", self.name, self.failures)
        else:
            self._in_a_row, self.error = 0, ""

    @property
    def dead(self) -> bool:
        """Whether its thread has ended, though nobody told it to."""
        return self._thread is not None and not self._thread.is_alive() and not self._stopping.is_set()

    def revive(self, now: float) -> None:
        """Give it another thread where it is dead: at once, then less and less often. Parameters: `now`: seconds of a
        clock that only runs forwards."""
        if not self.dead or now < self._revive_at:
            return
        self._failed("its thread has died")
        self._revive_at = now + pause_after(self._in_a_row)
        log.error("The thread of %s has died (%d failures so far); it gets another.", self.name, self.failures)
        try:
            self._begin()
        except RuntimeError as error:
            # The system gives no thread now.
            self.error = str(error)

    def stop(self, within_s: float) -> None:
        """Let it come to its end; what is under way, or waits to be taken in, is waited for no longer than that."""
        self._stopping.set()
        if self._thread:
            self._thread.join(within_s)
        self._thread = None

    def pause_s(self, every_s: float) -> float:
        """How long to wait before the next time: the longer, the more often in a row it has failed."""
        return max(every_s, pause_after(self._in_a_row, every_s))

    def _failed(self, error: str) -> None:
        self.failures += 1
        self._in_a_row += 1
        self.error = error

    def _begin(self) -> None:
        """Errors: RuntimeError where the system gives no thread."""
        thread = Thread(target=self._run, name=self.name, daemon=True)
        thread.start()
        self._thread = thread

    def _run(self) -> None:
        """What its thread does."""
        raise NotImplementedError


class Repeated(Watched):
    """Does something again and again, from `start` to `stop`."""

    def __init__(
        self,
        name: str,
        do: Callable[[], None],
        every_s: float,
        *,
        first_s: float | None = None,
        steady: bool = False,
        at_end: bool = False,
        gives_way: bool = False,
    ) -> None:
        """Parameters: `every_s`: the pause before each time, `first_s`: before the first, where that is another;
        `steady`: turns are counted from the one before, however long that took; `at_end`: once more when it stops;
        `gives_way`: other threads, and other processes, have the processor first."""
        super().__init__(name)
        self._do = do
        self._every_s = every_s
        self._first_s = every_s if first_s is None else first_s
        self._steady = steady
        self._at_end = at_end
        self._gives_way = gives_way
        self._woken = Event()

    @property
    def stopping(self) -> bool:
        """What it does should come to an end."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin. Errors: RuntimeError where the system gives no thread."""
        self._stopping.clear()
        self._begin()

    def wake(self) -> None:
        """Do it now, without waiting for its turn."""
        self._woken.set()

    def stop(self, within_s: float) -> None:
        """See `Watched`."""
        self._stopping.set()
        self._woken.set()
        super().stop(within_s)

    def _run(self) -> None:
        if self._gives_way and sys.platform == "linux":
            # Elsewhere this is of a whole process.
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _GIVES_WAY)
        due = time.monotonic() + self._first_s
        while True:
            self._woken.wait(max(due - time.monotonic(), 0.0))
            self._woken.clear()
            if self.stopping:
                break
            self.attempt(self._do)
            now = time.monotonic()
            if self._steady and not self.error:
                # After a long hitch go on from now: turns that were missed cannot be made up for.
                due = max(due + self._every_s, now)
            else:
                due = now + self.pause_s(self._every_s)
        if self._at_end:
            self.attempt(self._do)


class _End:
    """What stands behind all that a queue shall still take in."""


_END = _End()


class Queued(Watched, Generic[T]):
    """Takes in one thing after another. Its thread begins with the first, and again with the first after `stop`."""

    def __init__(self, name: str, take: Callable[[T], None], room: int) -> None:
        """Parameters: `room`: so much may wait."""
        super().__init__(name)
        self._take = take
        self._waiting: Queue[T | _End] = Queue(room)

    def offer(self, entry: T, *, wait: bool = False) -> bool:
        """Have it taken in soon. False where too much is waiting already, or the system gives no thread; `wait`: wait
        until there is room."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            try:
                self._begin()
            except RuntimeError as error:
                self._failed(str(error))
                return False
        try:
            self._waiting.put(entry, block=wait)
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
        """See `Watched`."""
        until = time.monotonic() + within_s
        self._stopping.set()
        if self._thread and self._thread.is_alive():
            with suppress(Full):
                self._waiting.put(_END, timeout=within_s)
        super().stop(max(until - time.monotonic(), 0.0))

    def _begin(self) -> None:
        # The thread holds nothing but the queue while it waits: who forgets to stop leaves neither behind.
        thread = Thread(target=_take_in, args=(self._waiting, ref(self)), name=self.name, daemon=True)
        thread.start()
        self._thread = thread
        finalize(self, _wake, self._waiting).atexit = False

    def _take_in(self, entry: T | _End) -> bool:
        """Whether this was the end."""
        if not isinstance(entry, _End):
            self.attempt(partial(self._take, entry))
        self._waiting.task_done()
        return isinstance(entry, _End) and self._stopping.is_set()


def _take_in(waiting: Queue[Any], takes: ReferenceType[Queued[Any]]) -> None:
    """Until the end, or until nobody can offer anything any more."""
    while True:
        entry = waiting.get()
        queued = takes()
        if queued is None or queued._take_in(entry):
            return
        del entry, queued


def _wake(waiting: Queue[Any]) -> None:
    with suppress(Full):
        waiting.put_nowait(_END)
