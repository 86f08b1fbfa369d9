"""Archives a vehicle feed as Parquet by day, so that a crash loses a minute at most.

New reports are put down every minute as a small part, `vehicle_positions_2026-03-16/part-….parquet`; when the day
(UTC, by time of receipt) is over, or the recorder is closed, the parts become `vehicle_positions_2026-03-16.parquet`.
Ids stay the text that they are, so no timetable is needed. `feeds.recording` reads all of it, parts included.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from feeds.daily_parquet import DailyParquet
from feeds.errors import FeedError
from feeds.message import decode_message, header_timestamp
from feeds.reports import Reports, reports_of, vehicle_names
from feeds.reports_parquet import SCHEMA, read_reports, table_of
from feeds.source import Source
from feeds.vehicle_positions import FEED
from predictor.arrays import Int64Array

NAME = "vehicle_positions"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recorded:
    """What a stretch of recording came to."""

    polls: int
    failed_polls: int
    reports: int


def record(
    source: Source,
    folder: Path,
    every_s: float,
    stop: Callable[[], bool],
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], object] = time.sleep,
) -> Recorded:
    """Poll `source` every `every_s` seconds and archive what is new, until `stop()`; then close the day.

    A poll that fails is logged and counted, and the next one is made all the same.
    """
    polls = failed = reports = 0
    recorder = Recorder(folder)
    try:
        due = clock()
        while not stop():
            now = clock()
            polls += 1
            try:
                data = source.fetch(now)
                if data is not None:
                    reports += recorder.write(data, now)
                recorder.flush_when_due(now)
            except FeedError as error:
                failed += 1
                _log.warning("%s", error)
            # After a long hitch go on from now: polls that were missed cannot be made up for.
            due = max(due + every_s, clock())
            sleep(max(due - clock(), 0.0))
    finally:
        recorder.close()
    return Recorded(polls, failed, reports)


class Recorder:
    """Takes messages in, one after another in order of time. Not to be shared between threads or processes."""

    def __init__(self, folder: Path, *, flush_every_s: float = 60.0, flush_rows: int = 100_000) -> None:
        """Go on in `folder`, where an earlier recorder may have stopped or crashed. Errors: FeedError."""
        self._table = DailyParquet(folder, NAME, SCHEMA, flush_every_s=flush_every_s, flush_rows=flush_rows)
        self._newest: dict[str, float] = {}
        for path in self._table.latest():
            try:
                self._news(read_reports(path, only_last=True))
            except FeedError as error:
                _log.warning("%s It is left as it is.", error)

    def write(self, data: bytes, received_at: float) -> int:
        """Archive the reports of a message that were not in an earlier one; how many they were.

        A report without timestamp is dated by the feed, else by `received_at` (POSIX seconds).
        Errors: FeedError where the message cannot be used (see `feeds.message`), or nothing can be written.
        """
        message = decode_message(data, FEED)
        header = header_timestamp(message, received_at, FEED)
        reports, _ = reports_of(message)
        at = reports.number["timestamp"]
        undated = float(np.fmin(header, received_at))
        reports = Reports(reports.text, {**reports.number, "timestamp": np.where(np.isnan(at), undated, at)})
        reports = reports.take(self._news(reports))
        if len(reports):
            day = datetime.fromtimestamp(received_at, UTC).date().isoformat()
            self._table.append(table_of(reports), day, received_at)
        return len(reports)

    def flush_when_due(self, now: float) -> None:
        """Put down what has waited for a minute, or is much. Errors: FeedError."""
        self._table.flush_when_due(now)

    def flush(self) -> None:
        """Put down what is pending; it is safe on disk when this returns. Errors: FeedError."""
        self._table.flush()

    def close(self) -> None:
        """Put down what is pending and close the day. Errors: FeedError."""
        self._table.close()

    def _news(self, reports: Reports) -> Int64Array:
        """Rows newer than what is archived of their vehicle, each report once; oldest first."""
        names, at = vehicle_names(reports), reports.number["timestamp"]
        before = np.fromiter((self._newest.get(name, -np.inf) for name in names), np.float64, len(names))
        _, one = np.unique(
            np.array([f"{name}\0{t}" for name, t in zip(names, at.tolist(), strict=True)]), return_index=True
        )
        rows = one[at[one] > before[one]]
        rows = rows[np.argsort(at[rows], kind="stable")]
        self._newest.update((names[row], float(at[row])) for row in rows.tolist())
        return rows
