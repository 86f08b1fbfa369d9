"""Timetables kept on disk between starts, one file each, named by the content of the feed they were made from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from feeds.errors import Problem
from feeds.storage.whole_file import regular, set_aside, whole_file, write_npz
from predictor.timetable import Timetable

log = logging.getLogger("prochain")

FORMAT = 44
"""Goes up with every change in what is stored or in how feeds are read."""

KEPT = 8
"""Files kept in the folder; feeds change daily and none is read again once replaced."""


def default_cache_dir() -> Path | None:
    """`prochain` among the user's caches: under XDG_CACHE_HOME or ~/.cache; None where there is no home."""
    try:
        return user_cache_path("prochain", appauthor=False)
    except RuntimeError:
        return None


def read_cached(folder: Path, digest: str) -> tuple[Timetable, tuple[Problem, ...]] | None:
    """The timetable made from the feed with this SHA-256, None where there is none that can be read."""
    path = cached_path(folder, digest)
    try:
        with np.load(regular(path), allow_pickle=False) as stored:
            # Each time that one is named it is read anew.
            arrays = {f.name: stored[f.name] for f in fields(Timetable)}
            values: dict[str, Any] = {name: array if array.ndim else str(array) for name, array in arrays.items()}
            problems = tuple(Problem(**problem) for problem in json.loads(str(stored["problems"])))
        with contextlib.suppress(OSError):
            os.utime(path)
        return Timetable(**values), problems
    except FileNotFoundError:
        return None
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
            log.warning("%s: cannot be read now (%s).", path, error)
            return None
        # Damage in a file of arrays shows in many ways.
        with contextlib.suppress(OSError):
            log.warning("%s: damaged (%s); it was set aside as %s.", path, error, set_aside(path).name)
        return None


def write_cached(folder: Path, timetable: Timetable, problems: tuple[Problem, ...], *, keep_all: bool = False) -> bool:
    """Keep a timetable, and (unless `keep_all`) of all only the last used; whether that worked.

    A file is there whole or not at all.
    """
    path = cached_path(folder, timetable.feed_version)
    arrays = {f.name: np.asarray(getattr(timetable, f.name)) for f in fields(Timetable)}
    arrays["problems"] = np.asarray(json.dumps([asdict(problem) for problem in problems]))
    try:
        write_npz(path, arrays)
        if not keep_all:
            _prune(folder)
    except OSError:
        return False
    return True


def is_cached(folder: Path, digest: str) -> bool:
    """Whether a timetable of this content lies there."""
    return cached_path(folder, digest).is_file()


@dataclass(frozen=True)
class Fetched:
    """What an address gave."""

    digest: str
    """SHA-256 of the feed."""
    validators: dict[str, str]
    """Request headers by which its server tells whether it has another."""


def read_fetched(folder: Path, address: str) -> Fetched | None:
    """What the address gave last, None where that is not known."""
    try:
        stored = json.loads(regular(_fetched_path(folder, address)).read_text())
        return Fetched(str(stored["digest"]), {str(name): str(value) for name, value in stored["validators"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_fetched(folder: Path, address: str, fetched: Fetched) -> None:
    """Remember what the address gave. Where that cannot be written, it is fetched once more."""
    with contextlib.suppress(OSError), whole_file(_fetched_path(folder, address)) as unfinished:
        unfinished.write_text(json.dumps(asdict(fetched)))


def _fetched_path(folder: Path, address: str) -> Path:
    # Addresses hold keys.
    return folder / f"fetched-{hashlib.sha256(address.encode()).hexdigest()[:32]}.json"


def cached_path(folder: Path, digest: str) -> Path:
    """Where the timetable of this content lies."""
    return folder / f"timetable-{FORMAT}-{digest}.npz"


def _prune(folder: Path) -> None:
    files = sorted(folder.glob("timetable-*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[KEPT:]:
        path.unlink(missing_ok=True)
        # What it was made of, where that is kept beside it.
        digest = path.stem.removeprefix(f"timetable-{FORMAT}-")
        path.with_name(f"gtfs-{digest}.zip").unlink(missing_ok=True)
