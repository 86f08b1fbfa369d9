"""A feed's messages as they were received, in Parquet, read back lazily.

A message that says the same as the one before it (feeds are made anew every few seconds, mostly with another time in
their header alone) is kept as that time: its `message` is null, and `digest` tells whose content it repeats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError, Problem, left_out
from feeds.messages.message import decode_message
from feeds.storage.parquet_damage import READ_ERRORS, not_whole
from feeds.storage.whole_file import regular
from predictor.arrays import Float64Array

SCHEMA = pa.schema(
    [
        ("received_at", pa.float64()),
        ("header_timestamp", pa.uint64()),
        ("digest", pa.binary(16)),
        ("message", pa.binary()),
    ]
)
_INDEX = pa.schema([SCHEMA.field(name) for name in ("received_at", "header_timestamp", "digest")])


def digest_of(message: gtfs_realtime_pb2.FeedMessage) -> bytes:
    """What tells a message's content from another's: all of it but the header's time. 16 bytes."""
    content = gtfs_realtime_pb2.FeedMessage()
    content.CopyFrom(message)
    content.header.ClearField("timestamp")
    return hashlib.blake2b(content.SerializeToString(deterministic=True), digest_size=16).digest()


class _Row(NamedTuple):
    received_at: float
    header_timestamp: int | None
    digest: bytes
    path: Path
    row_group: int
    row: int
    """Within its row group."""


class MessagesParquet:
    """Messages in order of receipt. Only their times are read at once; see `feeds.recordings.recorded_messages`."""

    def __init__(self, paths: Sequence[Path], feed: str) -> None:
        """Open files. One that is damaged is left out and told in `problems`.

        Parameters: `feed` names it in errors.
        """
        self._feed = feed
        self.problems: list[Problem] = []
        rows = [row for path in paths for row in self._rows_of(path)]
        self._rows = sorted(rows, key=lambda row: row.received_at)
        self.times: Float64Array = np.array([row.received_at for row in self._rows], np.float64)
        digests = [row.digest for row in self._rows]
        begins = [i == 0 or digests[i] != digests[i - 1] for i in range(len(digests))]
        self._content = np.maximum.accumulate(np.where(begins, np.arange(len(digests)), 0))
        self._messages = lru_cache(maxsize=2)(self._read)

    def name(self, index: int) -> str:
        """The file that a message is in."""
        return self._rows[index].path.name

    def message(self, index: int) -> bytes:
        """A message as it was received. Errors: FeedError where it cannot be read."""
        row, content = self._rows[index], self._rows[int(self._content[index])]
        data = self._messages(content.path, content.row_group)[content.row].as_py()
        if data is None:
            raise FeedError(f"{row.path}: what the message repeats is missing; the part before it was lost.")
        if row.header_timestamp == content.header_timestamp:
            return bytes(data)
        message = decode_message(data, self._feed)
        message.header.ClearField("timestamp")
        if row.header_timestamp is not None:
            message.header.timestamp = row.header_timestamp
        return message.SerializeToString()

    def _rows_of(self, path: Path) -> list[_Row]:
        rows: list[_Row] = []
        try:
            with pq.ParquetFile(regular(path)) as file:
                missing = [name for name in SCHEMA.names if name not in file.schema_arrow.names]
                if missing:
                    raise FeedError(f"{path}: no column {', '.join(missing)}; it is no archive of messages.")
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, columns=_INDEX.names).select(_INDEX.names)
                    columns = table.cast(_INDEX).to_pydict()
                    for i, (at, header, digest) in enumerate(zip(*columns.values(), strict=True)):
                        rows.append(_Row(at, header, digest, path, group, i))
        except FeedError as error:
            self.problems.append(left_out(path.name, error))
        except READ_ERRORS as error:
            self.problems.append(left_out(path.name, not_whole(path, error)))
        return [row for row in rows if row.received_at is not None and np.isfinite(row.received_at)]

    def _read(self, path: Path, row_group: int) -> pa.ChunkedArray:
        try:
            with pq.ParquetFile(regular(path)) as file:
                return file.read_row_group(row_group, columns=["message"])["message"].cast(pa.binary())
        except READ_ERRORS as error:
            raise FeedError(not_whole(path, error)) from error
