"""The door to GTFS: a feed's path or address in, a `Timetable` out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feeds.errors import Problem
from feeds.gtfs.archive import open_archive
from feeds.timetable_cache import default_cache_dir, read_cached, write_cached
from predictor.timetable import Timetable

DEFAULT: Final = Path("~/.cache/prochain")
"""Stands for the user's cache folder (`feeds.timetable_cache.default_cache_dir`)."""


@dataclass(frozen=True, eq=False)
class LoadedTimetable:
    """A timetable and what had to be left out or mended to make it."""

    timetable: Timetable
    problems: tuple[Problem, ...]
    from_cache: bool


def load_timetable(source: str | Path, *, cache_dir: Path | None = DEFAULT) -> LoadedTimetable:
    """Load a GTFS feed.

    Parameters: `source`: a zip, a folder or an http(s) address; `cache_dir`: where to keep what was made of it, so
    that the next start is quick; None for nowhere. A folder that cannot be written to does no harm.
    Errors: FeedError where it cannot be used; the message says what to do.
    """
    folder = default_cache_dir() if cache_dir == DEFAULT else cache_dir
    with open_archive(source) as archive:
        cached = read_cached(folder, archive.digest) if folder else None
        if cached:
            return LoadedTimetable(*cached, from_cache=True)
        # A second of imports that a start from the cache need not pay.
        from feeds.gtfs.assembly import build_timetable
        from feeds.gtfs.problems import Problems

        problems = Problems()
        timetable = build_timetable(archive, problems)
    if folder:
        write_cached(folder, timetable, problems.all())
    return LoadedTimetable(timetable, problems.all(), from_cache=False)
