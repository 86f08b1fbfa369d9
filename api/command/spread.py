"""Work that falls into parts which know nothing of one another: done here, or on a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from feeds.errors import FeedError

if TYPE_CHECKING:
    from distributed import Client

Part = TypeVar("Part")
Done = TypeVar("Done")

LOST_WORKERS = 2
"""So many workers that are lost while they do one part are another's turn; then it is given up."""
ANSWERS_WITHIN = "10s"
"""After this long a scheduler is taken not to be there."""


def spread(
    work: Callable[[Part], Done], parts: Sequence[Part], workers: int = 1, on: str | None = None
) -> Iterator[tuple[Part, Done]]:
    """Each part with what `work` made of it, as they are done; one process does them in their order.

    Parameters: `workers`: processes of this machine; `on`: address of a Dask scheduler (tcp://host:8786) to use
    instead, whose workers see the same files under the same paths. Errors: those of `work`; FeedError where there is
    no Dask, or no scheduler at the address.
    """
    if on is None and workers <= 1:
        for part in parts:
            yield part, work(part)
        return
    try:
        from distributed import as_completed
    except ImportError as error:
        raise FeedError("More than one process needs Dask: pip install 'prochain[dask]'.") from error
    with ExitStack() as cluster:
        client = cluster.enter_context(_client(min(workers, len(parts)), on))
        tasks = {client.submit(work, part, pure=False, retries=LOST_WORKERS): part for part in parts}
        for task in as_completed(tasks):
            yield tasks[task], task.result()


def _client(workers: int, on: str | None) -> Client:
    from distributed import Client

    if on is None:
        # How much a city's day takes is known to nobody before: the system says when memory is short.
        return Client(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        )
    try:
        return Client(on, timeout=ANSWERS_WITHIN)
    except (OSError, ValueError) as error:
        raise FeedError(f"No Dask scheduler answers at {on}: start one (dask scheduler) or correct --on.") from error
