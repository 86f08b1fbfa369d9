"""Recorded messages (`.pb`, `.pb.gz`), in folders or zips, named by the POSIX time at which they were received."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from feeds.bounded_unpacking import ZIP_FAULTS
from feeds.errors import FeedError, Problem, left_out
from feeds.messages.message import decode_message, posix_seconds
from predictor.arrays import Float64Array

SUFFIXES = (".pb", ".pb.gz")

_MAX_PACKED_BYTES = 50_000_000
_POSIX_TIME = re.compile(r"(?<!\d)\d{10}(?:\d{3})?(?!\d)")


class _Entry(NamedTuple):
    received_at: float
    path: Path
    member: str
    """Name inside the zip; empty for a file of its own."""


class MessageFiles:
    """Messages in order of receipt; see `feeds.recordings.recorded_messages`."""

    def __init__(self, paths: Sequence[Path], feed: str) -> None:
        """Open files and zips. What is damaged is left out and told in `problems`.

        Parameters: `feed` names it in errors.
        """
        self._feed = feed
        self.problems: list[Problem] = []
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._entries = sorted(entry for path in paths for entry in self._entries_of(path))
        self.times: Float64Array = np.array([entry.received_at for entry in self._entries], np.float64)

    def name(self, index: int) -> str:
        """A message's file, and its name in there where it is a zip."""
        entry = self._entries[index]
        return f"{entry.path.name}/{entry.member}" if entry.member else entry.path.name

    def message(self, index: int) -> bytes:
        """A message's bytes. Errors: FeedError."""
        entry = self._entries[index]
        return self._bytes(entry.path, entry.member)

    def _entries_of(self, path: Path) -> list[_Entry]:
        if path.suffix != ".zip":
            members = [""]
        else:
            try:
                self._zips[path] = zipfile.ZipFile(path)
            except ZIP_FAULTS as error:
                why = f"{path}: not a whole zip ({error}); was it still being written?"
                self.problems.append(left_out(path.name, why))
                return []
            members = [name for name in self._zips[path].namelist() if name.endswith(SUFFIXES)]
        entries = []
        for member in members:
            name = Path(member).name or path.name
            named_time = _POSIX_TIME.search(name)
            try:
                at = posix_seconds(float(named_time[0])) if named_time else self._header_time(path, member)
                entries.append(_Entry(at, path, member))
            except FeedError as error:
                self.problems.append(left_out(name, error))
        return entries

    def _header_time(self, path: Path, member: str) -> float:
        at = posix_seconds(decode_message(self._bytes(path, member), self._feed).header.timestamp)
        if at <= 0:
            raise FeedError(f"{member or path}: neither its name nor its header says when it was received.")
        return at

    def _bytes(self, path: Path, member: str) -> bytes:
        try:
            if not member:
                return path.read_bytes()
            size = self._zips[path].getinfo(member).file_size
            if size > _MAX_PACKED_BYTES:
                raise FeedError(f"{member}: {size / 1e6:,.0f} MB; no message is so large.")
            return self._zips[path].read(member)
        except ZIP_FAULTS as error:
            raise FeedError(f"{member or path}: cannot be read ({error}).") from error
