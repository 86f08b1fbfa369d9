"""Replaying a recording through the engine as fast as the machine can, writing what a rider could have read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import Progress

from api.command.learning import POLL_S, learn, opened
from api.service.history_writer import HistoryWriter
from feeds.errors import FeedError
from feeds.history.happened import Happened
from feeds.history.store import FOLDER as HISTORY
from feeds.history.store import HistoryStore
from feeds.learned_file import ready_made
from feeds.reading import Reading
from feeds.recordings.recorded_span import date_range, local_time, must_hold
from feeds.recordings.replay_tables import PASSAGES, PREDICTIONS, passed_table, predictions_table
from feeds.storage.sole_writer import sole_writer
from feeds.storage.whole_file import whole_file
from feeds.tides.export import tides_export
from predictor.accuracy.scorer import Sampling
from predictor.engine import Engine
from predictor.learned import Learned
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable

HORIZON_S = 1800.0
_ROW_GROUP = 500_000


class ParquetRows:
    """Rows on their way into a Parquet file, written in groups: each beside the work that makes the next one."""

    def __init__(self, writer: pq.ParquetWriter, beside: Executor) -> None:
        self._writer, self._beside = writer, beside
        self._pending: list[pa.Table] = []
        self._rows = 0
        self._written: Future[None] | None = None

    def append(self, table: pa.Table) -> None:
        """Add rows."""
        self._pending.append(table)
        self._rows += len(table)
        if self._rows > _ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        """Begin to write what is pending, once all before is written. Errors: OSError where that could not be."""
        self.wait()
        if self._pending:
            self._written = self._beside.submit(self._write, self._pending)
        self._pending, self._rows = [], 0

    def wait(self) -> None:
        """Until all that was flushed is written. Errors: OSError."""
        written, self._written = self._written, None
        if written:
            written.result()

    def _write(self, tables: list[pa.Table]) -> None:
        self._writer.write_table(pa.concat_tables(tables).unify_dictionaries())


@contextmanager
def parquet_rows(path: Path, schema: pa.Schema) -> Iterator[ParquetRows]:
    """A Parquet file that takes its name only when left without an error. Errors: OSError."""
    with (
        whole_file(path) as unfinished,
        pq.ParquetWriter(unfinished, schema, compression="zstd") as writer,
        ThreadPoolExecutor(1) as beside,
    ):
        rows = ParquetRows(writer, beside)
        yield rows
        rows.flush()
        rows.wait()


def replay(
    folder: str | Path,
    start: str | None = None,
    end: str | None = None,
    every: float = POLL_S,
    predictions: str | Path | None = None,
    passages: str | Path | None = None,
    horizon_s: float = HORIZON_S,
    learn_from: str | None = None,
    begin_with: Learned | None = None,
    data_dir: str | Path | None = None,
    tides: str | Path | None = None,
    progress: bool = True,
) -> dict[str, int]:
    """Replay `folder` (gtfs.zip and a recording) and write predictions and passages as Parquet.

    Parameters: `start`, `end`: local dates or times of the agency, by default the whole recording; `every`: seconds
    between two polls; `horizon_s`: how far ahead predictions are written; `learn_from`: “A..B”, days learned from
    first; `begin_with`: what was learned earlier, by default the network that comes with the package; `data_dir`:
    where to write the history; `tides`: folder for a TIDES package.
    Returns: the engine's running totals. Errors: FeedError; OSError where a file cannot be written.
    """
    folder = Path(folder)
    timetable, recording = opened(folder)
    zone = timetable.timezone
    begin = local_time(start, zone) if start else recording.first_at
    finish = local_time(end, zone, end=True) if end else recording.last_at
    if end and finish <= begin:
        raise FeedError(f"The replay would end ({end}) before it starts ({start or 'with the recording'}).")
    must_hold(recording, folder, begin, finish, zone)
    if learn_from:
        first, last = date_range(learn_from)
        if local_time(last, zone, end=True) > begin:
            raise FeedError(f"--learn-from {learn_from} must end before the replay starts.")
    counts: dict[str, int] = {}
    with ExitStack() as files:
        # A place that cannot be written to is told of before days are learned from.
        written = [Path(path) if path else None for path in (predictions, passages, data_dir, tides)]
        takers = _takers(files, timetable, horizon_s, *written)
        if learn_from:
            begin_with, _ = learn(folder, first, last, every, begin_with, progress)
        engine = Engine(timetable, learned=begin_with or ready_made())
        bar = files.enter_context(Progress(disable=not progress))
        task = bar.add_task("Replaying", total=finish - begin)
        for now, reading in recording.frames(begin, finish, every, engine.heed):
            snapshot = engine.step(reading.observations, now, reading.trip_updates)
            for take in takers:
                take(snapshot, reading)
            counts = dict(snapshot.counts)
            bar.update(task, completed=now - begin)
    return counts


def _takers(
    files: ExitStack, timetable: Timetable, horizon_s: float, predictions: Path | None, passages: Path | None,
    data_dir: Path | None, tides: Path | None,
) -> list[Callable[[Snapshot, Reading], None]]:  # fmt: skip
    """What takes each step's snapshot and reading, until `files` ends: one for each place that is to be written to."""
    found: list[Callable[[Snapshot, Reading], None]] = []
    if predictions:
        board = files.enter_context(parquet_rows(predictions, PREDICTIONS))
        found.append(lambda snapshot, _: board.append(predictions_table(snapshot, horizon_s)))
    if passages:
        seen = files.enter_context(parquet_rows(passages, PASSAGES))

        def see(snapshot: Snapshot, _: Reading) -> None:
            if len(snapshot.passages):
                seen.append(passed_table(snapshot.timetable, snapshot.passages))

        found.append(see)
    if tides:
        package = files.enter_context(tides_export(tides, timetable.network_name))
        found.append(lambda snapshot, _: package.take(snapshot))
    if data_dir:
        files.enter_context(sole_writer(data_dir))
        history, sampling = HistoryWriter(HistoryStore(data_dir / HISTORY)), Sampling()
        files.callback(history.store.close)
        files.callback(history.stop)

        def remember(snapshot: Snapshot, reading: Reading) -> None:
            sampled = sampling.due(snapshot.made_at)
            history.offer(Happened.of(snapshot, reading.alerts, reading.trip_updates, sampled=sampled), wait=True)

        found.append(remember)
    return found
