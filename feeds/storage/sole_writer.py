"""One process writes to a folder at a time: two would mix their rows, and each lose the other's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from feeds.errors import FeedError


class UnwritableError(FeedError):
    """Nothing can be written to a folder."""


LOCK = ".prochain.lock"


@contextmanager
def sole_writer(folder: Path | None) -> Iterator[None]:
    """Hold the folder, made where it is missing; None stands for no folder at all. The lock ends with the process,
    however that ends.

    Errors: FeedError where another holds it; UnwritableError where nothing can be written there.
    """
    if folder is None:
        yield
        return
    taken = f"{folder}: another prochain is writing there; end it first, or give this one a folder of its own."
    with _holding(folder / LOCK, taken) as refusal:
        if refusal:
            raise UnwritableError(
                f"{folder}: cannot be written ({refusal.strerror or refusal}); give a folder that can be written."
            ) from refusal
        yield


@contextmanager
def sole_keeper(path: Path | None) -> Iterator[None]:
    """Hold a file that is written again and again, as `sole_writer` a folder. Where no lock can be put beside it none
    is: whether it can be written itself shows when it is.

    Errors: FeedError where another holds it.
    """
    if path is None:
        yield
        return
    taken = (
        f"{path}: another prochain keeps there what it learns; end it first, or give this one a file of its own "
        "(--model)."
    )
    with _holding(path.with_name(f".{path.name}.lock"), taken):
        yield


@contextmanager
def _holding(path: Path, taken: str) -> Iterator[OSError | None]:
    """Hold a lock at `path`; what is given says why the system does not let it be. Errors: FeedError, which says
    `taken`, where another holds it."""
    lock, refusal = FileLock(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise FeedError(taken) from error
    except OSError as error:
        refusal = error
    try:
        yield refusal
    finally:
        lock.release()
