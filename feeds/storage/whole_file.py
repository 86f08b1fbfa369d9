"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from predictor.arrays import AnyArray

UNFINISHED = "unfinished"
"""A file that is being written, or that a crash has left, ends so and begins with a dot."""

DAMAGED = ".damaged"
"""Added to the name of a file that was set aside."""


def regular(path: Path) -> Path:
    """The same, where it is a file or nothing: a pipe or a device would be read for ever. Errors: OSError."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is a folder, a pipe or a device, not a file", str(path))
    return path


def set_aside(path: Path) -> Path:
    """Put a damaged file under another name, so that whoever can mend it still finds it; that name. Errors: OSError."""
    aside = path.with_name(path.name + DAMAGED)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.{number}{DAMAGED}")
    path.replace(aside)
    return aside


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a place to write a file at, beside `path`; the folder is made where it is missing. Left without an error,
    the file is safe on disk and stands at `path`; with one, nothing has changed. Errors: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several processes may keep the same timetable at once.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{UNFINISHED}")
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_npz(path: Path, named: Mapping[str, AnyArray]) -> None:
    """Put `named` at `path`. Errors: OSError."""
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, **named)
