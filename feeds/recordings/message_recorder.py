"""Archives a feed's messages as they come, by day: `trip_updates_2026-03-16.parquet` (UTC, by time of receipt).

`recording.py` reads them, parts of a day under way included. A message that says the same as the one before takes a few
bytes; see `messages_parquet.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from feeds.bounded_unpacking import unpacked
from feeds.messages.message import MAX_MESSAGE_BYTES, decode_message
from feeds.recordings.messages_parquet import SCHEMA, digest_of
from feeds.storage.daily_parquet import DailyParquet


class MessageRecorder(DailyParquet):
    """Takes messages in, one after another in order of time. Not to be shared between threads or processes."""

    def __init__(self, folder: Path, feed: str) -> None:
        """Go on in `folder`, where an earlier recorder may have stopped or crashed. Errors: FeedError.

        Parameters: `feed` names the files, such as "trip_updates".
        """
        super().__init__(folder, feed, SCHEMA)
        self._feed = feed
        self._last = ("", b"")
        """Day and digest of the last message: each day's file stands by itself."""

    def write(self, data: bytes, received_at: float) -> int:
        """Archive a message; 1 where it says something new, else 0.

        Errors: FeedError where it is no message (see `feeds.messages.message`), or nothing can be written.
        """
        message = decode_message(data, self._feed)
        day = datetime.fromtimestamp(received_at, UTC).date().isoformat()
        last, self._last = self._last, (day, digest_of(message))
        new = self._last != last
        plain = unpacked(data, MAX_MESSAGE_BYTES, self._feed)
        header = message.header
        row = {
            "received_at": [received_at],
            "header_timestamp": [header.timestamp if header.HasField("timestamp") else None],
            "digest": [self._last[1]],
            "message": [plain if new else None],
        }
        self.append(pa.table(row, SCHEMA), day, received_at)
        return int(new)
