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
import pyarrow as pa
import pyarrow.parquet as pq

from feeds.errors import FeedError
from feeds.message import decode_message, header_timestamp
from feeds.reports import Reports, reports_of, vehicle_names
from feeds.reports_parquet import SCHEMA, read_reports, table_of, write_whole
from feeds.source import Source
from feeds.vehicle_positions import FEED
from predictor.arrays import Int64Array

NAME = "vehicle_positions"

_LAST_PART = b"prochain.last_part"
_ROW_GROUP = 100_000
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

    def __init__(self, folder: Path, *, flush_every_s: float = 60.0, flush_rows: int = _ROW_GROUP) -> None:
        """Go on in `folder`, where an earlier recorder may have stopped or crashed."""
        self._folder = folder
        self._flush_every_s = flush_every_s
        self._flush_rows = flush_rows
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._pending_since = np.inf
        self._day = ""
        self._newest: dict[str, float] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FeedError(
                f"{folder}: cannot be made ({error.strerror}); give a folder that can be written."
            ) from error
        self._go_on()

    def write(self, data: bytes, received_at: float) -> int:
        """Archive the reports of a message that were not in an earlier one; how many they were.

        A report without timestamp is dated by the feed, else by `received_at` (POSIX seconds).
        Errors: FeedError where the message cannot be used (see `feeds.message`).
        """
        message = decode_message(data, FEED)
        header = header_timestamp(message, received_at, FEED)
        reports, _ = reports_of(message)
        at = reports.number["timestamp"]
        undated = float(np.fmin(header, received_at))
        reports = Reports(reports.text, {**reports.number, "timestamp": np.where(np.isnan(at), undated, at)})
        reports = reports.take(self._news(reports))
        if len(reports) == 0:
            return 0
        day = datetime.fromtimestamp(received_at, UTC).date().isoformat()
        if day != self._day:
            self.flush()
            before, self._day = self._day, day
            self._compact(before)
        self._pending.append(table_of(reports))
        self._pending_rows += len(reports)
        self._pending_since = min(self._pending_since, received_at)
        self.flush_when_due(received_at)
        return len(reports)

    def flush_when_due(self, now: float) -> None:
        """Put down what has waited for a minute, or is much."""
        if now - self._pending_since >= self._flush_every_s or self._pending_rows >= self._flush_rows:
            self.flush()

    def flush(self) -> None:
        """Put down what is pending; it is safe on disk when this returns.

        Errors: FeedError where it cannot be written; it stays pending.
        """
        if not self._pending:
            return
        day = self._folder / f"{NAME}_{self._day}"
        table = pa.concat_tables(self._pending)
        number = 1 + max([_number(path.name) for path in _parts(day)] + [_number(self._last_merged(self._day))])
        try:
            day.mkdir(exist_ok=True)
            write_whole(day / f"part-{number:08d}.parquet", lambda path: pq.write_table(table, path))
        except OSError as error:
            raise FeedError(
                f"{day}: cannot be written ({error.strerror or error}); {self._pending_rows:,} reports are waiting to "
                "be archived. Make room or give the right to write there."
            ) from error
        self._pending, self._pending_rows, self._pending_since = [], 0, np.inf

    def close(self) -> None:
        """Put down what is pending and close the day."""
        self.flush()
        self._compact(self._day)

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

    def _go_on(self) -> None:
        """Learn what the last day has already, and close the days before it that a crash left open."""
        for unfinished in self._folder.rglob(f".*{NAME}*.unfinished"):
            unfinished.unlink()
        for unfinished in self._folder.glob(f"{NAME}_*/.part-*.unfinished"):
            unfinished.unlink()
        open_days = sorted(
            path.name.removeprefix(f"{NAME}_") for path in self._folder.glob(f"{NAME}_*") if path.is_dir()
        )
        for day in open_days[:-1]:
            self._compact(day)
        self._day = open_days[-1] if open_days else ""
        recent = sorted(self._folder.glob(f"{NAME}_*.parquet"))[-1:]
        if open_days:
            recent += _parts(self._folder / f"{NAME}_{self._day}")
        for path in recent:
            try:
                self._news(read_reports(path, only_last=True))
            except FeedError as error:
                _log.warning("%s It is left as it is.", error)

    def _last_merged(self, day: str) -> str:
        path = self._folder / f"{NAME}_{day}.parquet"
        metadata = pq.read_schema(path).metadata if path.exists() and _is_whole(path) else None
        return str((metadata or {}).get(_LAST_PART, b""), "ascii")

    def _compact(self, day: str) -> None:
        """Merge a day's parts into its file, then remove them. A crash in between loses and doubles nothing.

        What cannot be merged is left as it is, readable in parts: recording goes on.
        """
        whole, folder = self._folder / f"{NAME}_{day}.parquet", self._folder / f"{NAME}_{day}"
        # A file that is damaged or not ours is never written over.
        if not folder.is_dir() or (whole.exists() and not _is_whole(whole)):
            return
        merged = self._last_merged(day)
        parts = _parts(folder)
        fresh = [path for path in parts if path.name > merged and _is_whole(path)]
        try:
            if fresh:
                write_whole(whole, lambda path: _merge(whole, fresh, path))
            for path in parts:
                if path.name <= merged or path in fresh:
                    path.unlink()
            if not any(folder.iterdir()):
                folder.rmdir()
        except (pa.ArrowException, OSError) as error:
            _log.warning("%s: its parts cannot be merged (%s); they are left as they are.", folder, error)


def _merge(whole: Path, parts: list[Path], to: Path) -> None:
    """Write the rows of `whole`, where it is there, and of the parts, holding one row group at a time."""
    schema = SCHEMA.with_metadata({_LAST_PART: parts[-1].name.encode()})
    with pq.ParquetWriter(to, schema, compression="zstd") as writer:
        if whole.exists():
            with pq.ParquetFile(whole) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group).replace_schema_metadata(schema.metadata))
        waiting: list[pa.Table] = []
        for part in parts:
            waiting.append(pq.read_table(part).replace_schema_metadata(schema.metadata))
            if part == parts[-1] or sum(table.num_rows for table in waiting) >= _ROW_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []


def _parts(day: Path) -> list[Path]:
    return sorted(day.glob("part-*.parquet"))


def _number(part: str) -> int:
    return int(part.removeprefix("part-").removesuffix(".parquet") or 0)


def _is_whole(path: Path) -> bool:
    try:
        return bool(pq.read_schema(path).remove_metadata().equals(SCHEMA))
    except (pa.ArrowException, OSError) as error:
        _log.warning("%s: not a whole Parquet file (%s); it is left as it is.", path, error)
        return False
