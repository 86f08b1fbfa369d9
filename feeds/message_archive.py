"""Recorded messages (`.pb`, `.pb.gz`), in folders or zips, named by the POSIX time at which they were received."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from feeds.errors import FeedError, Problem
from feeds.message import decode_message, posix_seconds
from feeds.vehicle_positions import FEED, decode_vehicle_positions
from predictor.observations import Observations
from predictor.timetable import Timetable

SUFFIXES = (".pb", ".pb.gz")
SILENCE_LIMIT_S = 900.0

_MAX_PACKED_BYTES = 50_000_000
_POSIX_TIME = re.compile(r"(?<!\d)\d{10}(?:\d{3})?(?!\d)")


class _Entry(NamedTuple):
    received_at: float
    path: Path
    member: str
    """Name inside the zip; empty for a file of its own."""

    @property
    def name(self) -> str:
        return f"{self.path.name}/{self.member}" if self.member else self.path.name


class MessageArchive:
    """Messages are read and decoded when their time comes."""

    def __init__(self, paths: Sequence[Path], timetable: Timetable) -> None:
        """Open files and zips. What is damaged is left out and told in `problems`.

        Errors: FeedError where no message is left.
        """
        self._timetable = timetable
        self.problems: list[Problem] = []
        self.refused: Counter[str] = Counter()
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._entries = sorted(entry for path in paths for entry in self._entries_of(path))
        if not self._entries:
            told = self.problems[0].message if self.problems else "there is no .pb or .pb.gz in it"
            raise FeedError(f"no readable message in {', '.join(path.name for path in paths[:3])}: {told}")
        self._times = np.array([entry.received_at for entry in self._entries])
        self.first_at, self.last_at = float(self._times[0]), float(self._times[-1])
        self._decoded = lru_cache(maxsize=4)(self._decode)

    def observations_at(self, now: float) -> Observations:
        """The latest whole message received by `now`; without its reports once it is 15 minutes old."""
        for index in range(int(np.searchsorted(self._times, now, side="right")) - 1, -1, -1):
            seen = self._decoded(index)
            if seen is None:
                continue
            if now - self._times[index] > SILENCE_LIMIT_S:
                seen = replace(Observations.empty(now), feed_timestamp=seen.feed_timestamp)
            return replace(seen, received_at=now)
        return Observations.empty(now)

    def _entries_of(self, path: Path) -> list[_Entry]:
        if path.suffix != ".zip":
            members = [""]
        else:
            try:
                self._zips[path] = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as error:
                self._tell(path.name, f"{path}: not a whole zip ({error}); was it still being written?")
                return []
            members = [name for name in self._zips[path].namelist() if name.endswith(SUFFIXES)]
        entries = []
        for member in members:
            name = Path(member).name or path.name
            told = _POSIX_TIME.search(name)
            try:
                at = posix_seconds(float(told[0])) if told else self._header_time(path, member)
                entries.append(_Entry(at, path, member))
            except FeedError as error:
                self._tell(name, str(error))
        return entries

    def _header_time(self, path: Path, member: str) -> float:
        at = posix_seconds(decode_message(self._bytes(path, member), FEED).header.timestamp)
        if at <= 0:
            raise FeedError(f"{member or path}: neither its name nor its header says when it was received.")
        return at

    def _decode(self, index: int) -> Observations | None:
        entry = self._entries[index]
        try:
            seen = decode_vehicle_positions(self._bytes(entry.path, entry.member), self._timetable, entry.received_at)
        except FeedError as error:
            self._tell(entry.name, str(error))
            return None
        self.refused.update(seen.refused)
        return seen

    def _bytes(self, path: Path, member: str) -> bytes:
        try:
            if not member:
                return path.read_bytes()
            size = self._zips[path].getinfo(member).file_size
            if size > _MAX_PACKED_BYTES:
                raise FeedError(f"{member}: {size / 1e6:,.0f} MB; no message is so large.")
            return self._zips[path].read(member)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise FeedError(f"{member or path}: cannot be read ({error}).") from error

    def _tell(self, name: str, message: str) -> None:
        problem = Problem(name, None, "", f"{message} It was left out.")
        if problem not in self.problems:
            self.problems.append(problem)
