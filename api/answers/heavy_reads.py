"""Answers that read from disk, in a few threads of their own: those for boards and health never wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar, cast

from fastapi import Request

from api.answers.problems import Problem, ProblemDetails

THREADS = 2
ROOM = 24
"""So many are answered or wait to be; who comes then is asked to come again."""
_RETRY_AFTER_S = 5

BUSY: dict[int | str, dict[str, Any]] = {
    503: {"model": ProblemDetails, "description": "Too many ask at once; come again after the seconds in Retry-After"}
}
"""For the OpenAPI document of each such endpoint."""

P = ParamSpec("P")
T = TypeVar("T")


class HeavyReads:
    """The threads, and the queue before them; `refused` counts who found no room in it."""

    def __init__(self, room: int = ROOM) -> None:
        self.refused = 0
        self.inside = 0
        """How many are answered or wait to be."""
        self._room = room
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="heavy-read")

    async def run(self, read: Callable[[], T]) -> T:
        """What `read` gives. Errors: Problem (503) where there is no room, or the end has come."""
        with self._lock:
            if self.inside >= self._room:
                self.refused += 1
                raise Problem(
                    503, "busy", "Busy",
                    f"{self._room} such questions are being answered already; ask again in {_RETRY_AFTER_S} s.",
                    headers={"Retry-After": str(_RETRY_AFTER_S)},
                )  # fmt: skip
            self.inside += 1
        try:
            waiting = self._threads.submit(read)
        except RuntimeError:
            self._leave()
            raise Problem(503, "stopping", "Stopping", "The service is being stopped; ask again soon.",
                          headers={"Retry-After": str(_RETRY_AFTER_S)}) from None  # fmt: skip
        # Told by the thread: who asked may have gone, while what was asked for still takes a thread.
        waiting.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(waiting)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self) -> None:
        with self._lock:
            self.inside -= 1


def heavy(endpoint: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Let an endpoint, which takes its `request`, run in the application's `HeavyReads`."""

    @wraps(endpoint)
    async def running(*args: P.args, **kwargs: P.kwargs) -> T:
        request = cast(Request, kwargs["request"])
        reads: HeavyReads = request.app.state.heavy_reads
        return await reads.run(partial(endpoint, *args, **kwargs))

    return running
