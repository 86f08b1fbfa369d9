"""One process writes to a folder at a time: two would mix their rows, and each lose the other's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from feeds.errors import FeedError

LOCK = ".prochain.lock"


@contextmanager
def sole_writer(folder: Path | None) -> Iterator[None]:
    """Hold the folder, made where it is missing; None stands for no folder at all. The lock ends with the process,
    however that ends.

    Errors: FeedError where another holds it, or nothing can be written there.
    """
    if folder is None:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise FeedError(
            f"{folder}: another prochain is writing there; end it first, or give this one a folder of its own."
        ) from error
    except OSError as error:
        raise FeedError(
            f"{folder}: cannot be written ({error.strerror or error}); give a folder that can be written."
        ) from error
    try:
        yield
    finally:
        lock.release()
