"""Work that falls into parts which know nothing of one another: done here, or on a Dask cluster."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from feeds.errors import FeedError

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger("prochain")

Part = TypeVar("Part")
Done = TypeVar("Done")

ANSWERS_WITHIN_S = 10.0
"""After this long a scheduler is taken not to be there."""


class Share(Protocol):
    """Hands parts out."""

    def __call__(self, work: Callable[[Part], Done], parts: Sequence[Part]) -> Iterator[tuple[Part, Done]]:
        """Each part with what `work` made of it, as they are done; one process does them in their order."""


@contextmanager
def spread(workers: int = 1, on: str | None = None) -> Iterator[Share]:
    """What shares parts out among processes.

    Parameters: `workers`: processes of this machine; `on`: address of a Dask scheduler (tcp://host:8786, or as
    dask://…) to use instead, whose workers see the same files under the same paths. A part whose worker is lost is
    another's. Errors: those of the work; FeedError where there is no Dask, no scheduler at the address, or one that is
    lost.
    """
    if on is None and workers <= 1:
        yield _here
        return
    with _client(workers, on and on.removeprefix("dask://")) as client:
        yield partial(_by_dask, client)


def _here(work: Callable[[Part], Done], parts: Sequence[Part]) -> Iterator[tuple[Part, Done]]:
    for part in parts:
        yield part, work(part)


def _by_dask(client: Client, work: Callable[[Part], Done], parts: Sequence[Part]) -> Iterator[tuple[Part, Done]]:
    from distributed import CancelledError, KilledWorker, as_completed

    tasks = {client.submit(work, part, pure=False): part for part in parts}
    for task in as_completed(tasks):
        try:
            done = task.result()
        except (CancelledError, KilledWorker) as error:
            # Its scheduler is lost, or several workers at one part.
            why = str(error).splitlines()[0]
            raise FeedError(f"Dask gave up: {why} See to its scheduler and workers, and begin again.") from error
        yield tasks[task], done


def _client(workers: int, on: str | None) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise FeedError("More than one process needs Dask: pip install 'prochain[dask]'.") from error
    if on is None:
        # How much a city's day takes is known to nobody before: the system says when memory is short.
        return Client(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        )
    # What it would tell of a scheduler that is lost, with where in its code, is told in our words.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        # A client would wait for minutes for what listens there and is no Dask.
        asyncio.run(asyncio.wait_for(_connected(on), ANSWERS_WITHIN_S))
        client = Client(on, timeout=ANSWERS_WITHIN_S)
    except (OSError, ValueError) as error:
        raise FeedError(f"No Dask scheduler answers at {on}: start one (dask scheduler) or correct --on.") from error
    if not client.nthreads():
        log.warning("The Dask scheduler at %s has no workers yet: start some (dask worker %s).", on, on)
    return client


async def _connected(on: str) -> None:
    from distributed.comm.core import connect

    await (await connect(on, timeout=ANSWERS_WITHIN_S)).close()
