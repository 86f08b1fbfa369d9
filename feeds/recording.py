"""A recorded stretch of a vehicle feed, played back poll by poll as the feed would have shown it."""

from __future__ import annotations

import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from feeds.errors import FeedError, Problem
from feeds.message_archive import SUFFIXES, MessageArchive
from feeds.parquet_archive import ParquetArchive
from predictor.observations import Observations
from predictor.timetable import Timetable

NAME = "vehicle_positions"

_OTHER_FEED = re.compile(r"trip.?updates?|alerts?", re.IGNORECASE)


class Archive(Protocol):
    """Recorded reports, asked for by time."""

    first_at: float
    last_at: float
    problems: list[Problem]
    refused: Counter[str]

    def observations_at(self, now: float) -> Observations:
        """What the feed showed at `now`."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Give `now` in any order; in ascending order it is fast."""

    archive: Archive

    @property
    def first_at(self) -> float:
        """POSIX seconds of the first report or message."""
        return self.archive.first_at

    @property
    def last_at(self) -> float:
        """POSIX seconds of the last report or message."""
        return self.archive.last_at

    @property
    def problems(self) -> Sequence[Problem]:
        """Files and messages that were left out, as far as they have been read."""
        return self.archive.problems

    @property
    def refused(self) -> Mapping[str, int]:
        """What decoding left out of the files and messages read so far, by reason."""
        return self.archive.refused

    def observations_at(self, now: float) -> Observations:
        """What a poll at `now` (POSIX seconds) would have got."""
        return self.archive.observations_at(now)

    def frames(self, start: float, end: float, every: float) -> Iterator[tuple[float, Observations]]:
        """What polls at start, start + every, … before `end` would have got, each with its time."""
        if not every > 0:
            raise ValueError(f"every must be positive seconds, not {every}")
        for poll in range(math.ceil((end - start) / every)):
            now = start + poll * every
            yield now, self.observations_at(now)


def open_recording(
    folder: Path, timetable: Timetable, *, prefer: Literal["parquet", "messages"] = "parquet"
) -> Recording:
    """Open a folder that holds `vehicle_positions*.parquet` or recorded messages (`.pb`, `.pb.gz`, zips of them).

    `folder` may also be one such file. Where it holds both, `prefer` decides.
    Errors: FeedError where there is neither, or nothing of it can be read.
    """
    if not folder.exists():
        raise FeedError(f"{folder}: no such folder; give the folder of a recording.")
    parquet, messages = _parquet_files(folder), _message_files(folder)
    if parquet and (prefer == "parquet" or not messages):
        return Recording(ParquetArchive(parquet, timetable))
    if messages:
        return Recording(MessageArchive(messages, timetable))
    raise FeedError(
        f"{folder}: no recording in it; expected {NAME}*.parquet, or .pb, .pb.gz or a zip of them named by POSIX time."
    )


def _parquet_files(folder: Path) -> list[list[Path]]:
    """Each file by itself, and the parts of a day that is still being recorded together."""
    if folder.is_file():
        return [[folder]] if folder.suffix == ".parquet" else []
    groups = [[path] for path in sorted(folder.glob(f"{NAME}*.parquet")) if path.is_file()]
    days = [sorted(day.glob("part-*.parquet")) for day in sorted(folder.glob(f"{NAME}*")) if day.is_dir()]
    return groups + [parts for parts in days if parts]


def _message_files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder] if folder.name.endswith((*SUFFIXES, ".zip")) else []
    found = sorted(path for path in folder.rglob("*") if path.name.endswith((*SUFFIXES, ".zip")) and path.is_file())
    # Other feeds of the same operator may have been recorded beside this one.
    ours = [path for path in found if not _OTHER_FEED.search(path.relative_to(folder).as_posix())]
    return [path for path in ours if path.suffix != ".zip" or _holds_messages(path)]


def _holds_messages(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.endswith(SUFFIXES) for name in file.namelist())
    except (zipfile.BadZipFile, OSError):
        # A damaged recording is told of; a damaged timetable is none of ours.
        return NAME in path.name
