"""Predictions side by side with the passages that then happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.accuracy.baselines import Method, Questions
from benchmarks.accuracy.operator_feed import OperatorFeed
from benchmarks.accuracy.runs import Runs
from benchmarks.accuracy.truth import call_of_sequence, posix
from feeds.errors import FeedError
from predictor.accuracy.completeness import CLOSED_AFTER_S, scheduled_between
from predictor.accuracy.samples import TOLD_WITHIN_S
from predictor.accuracy.scorer import LONGEST_HORIZON_S
from predictor.arrays import NONE, BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, contains, sorted_once
from predictor.journeys import driven_call_key
from predictor.snapshot import CANCELLED, LIVE, SCHEDULED, SKIPPED, STATUSES
from predictor.timetable import Timetable

MEDIAN, PUBLISHED = "ours, median", "ours, published"
TIMES = ("made_at", "published", "p10", "p50", "p90")
TEXTS = ("trip_id", "start_date", "vehicle_id", "status")
COLUMNS = (*TIMES, *TEXTS, "stop_sequence")
AVAILABLE_BEFORE_S = 600.0
ROWS_AT_A_TIME = 2_000_000
_FATES = (
    "read", "cancelled or skipped", "trip, date or stop unknown", "no passage known (live)",
    "no passage known (scheduled)", "passage not exact enough", "over 30 minutes before", "judged",
)  # fmt: skip
_OF_EACH: dict[str, type] = {
    "cell": np.int32, "horizon_s": np.float32, "live": np.bool_, "under_way": np.bool_, "told_by_operator": np.bool_,
    "told_s": np.float32, "p10_error_s": np.float32, "p90_error_s": np.float32,
}  # fmt: skip
"""What `Judged` says of each prediction, beside the error of each method."""


@dataclass(frozen=True, eq=False)
class Judged:
    """All judged predictions; arrays (n,), ordered by call and time."""

    cell: Int32Array
    """Call of `Runs` that the prediction is about."""
    horizon_s: Float32Array
    """From the prediction to the passage."""
    live: BoolArray
    under_way: BoolArray
    """The vehicle was known to have passed a stop of this trip by then."""
    told_by_operator: BoolArray
    """The operator's recorded TripUpdates held a time for the same call at the same moment."""
    told_s: Float32Array
    """From the moment a report told of that last passed stop to the prediction, NaN where not under way."""
    error_s: Mapping[str, Float32Array]
    """Actual − predicted of each method, NaN where it has no answer."""
    p10_error_s: Float32Array
    p90_error_s: Float32Array
    poll_s: float
    """Usual time between messages."""
    available: BoolArray
    """(m,) over all cells: a live prediction could be read ten minutes before the passage."""
    owed: BoolArray
    """(m,) over all cells: judged passages with a message ten minutes before."""
    scheduled_calls: int
    """Calls that riders should have been told of (see `predictor.accuracy.completeness`),"""
    complete_calls: int
    """and those of them that they were told of."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Predictions by what became of them."""

    def __len__(self) -> int:
        return len(self.cell)


def judge(
    files: Iterable[Path], runs: Runs, methods: Mapping[str, Method], operator_feed: OperatorFeed | None = None
) -> Judged:
    """Judge every prediction in Parquet files as the replay writes them.

    A prediction made after the passage, or more than half an hour before it, is not judged; nor is one that says
    "cancelled" or "skipped". Memory: about 50 bytes a judged prediction.
    Parameters: `operator_feed`, where the operator's TripUpdates were recorded.
    """
    parts: list[dict[str, np.ndarray]] = []
    counts = dict.fromkeys(_FATES, 0)
    polls: list[Float64Array] = []
    told_keys: list[Int64Array] = []
    for file in files:
        polls.append(_moments(file))
        for batch in _batches(file):
            rows = _Rows.of(batch, runs.timetable)
            parts.append(_judge_batch(batch, rows, runs, methods, operator_feed, counts))
            told_keys.append(_told(batch, rows, runs.timetable))
    scheduled, complete = _complete(runs.timetable, polls, told_keys)
    poll = np.unique(np.concatenate(polls)) if polls else np.empty(0)
    poll_s = float(np.median(np.diff(poll))) if len(poll) > 1 else float("nan")
    kinds = _OF_EACH | dict.fromkeys((*methods, MEDIAN, PUBLISHED), np.float32)
    joined: dict[str, Any] = {
        name: np.concatenate([np.empty(0, kind), *(part[name] for part in parts)]) for name, kind in kinds.items()
    }
    order = np.lexsort((-joined["horizon_s"], joined["cell"]))
    joined = {name: column[order] for name, column in joined.items()}
    owed, moment = _owed(runs, poll, poll_s)
    asked_at = runs.passed[joined["cell"]] - joined["horizon_s"]
    at_moment = joined["live"] & (np.abs(asked_at - moment[joined["cell"]]) < 0.25)
    available = np.zeros(len(owed), bool)
    available[joined["cell"][at_moment]] = True
    return Judged(
        **{name: joined.pop(name) for name in _OF_EACH}, error_s=joined, poll_s=poll_s, available=available & owed,
        owed=owed, scheduled_calls=scheduled, complete_calls=complete, counts=counts,
    )  # fmt: skip


def _owed(runs: Runs, poll: Float64Array, poll_s: float) -> tuple[BoolArray, Float64Array]:
    """Judged passages that had a message ten minutes before, and that message's moment (m,)."""
    wanted = runs.passed - AVAILABLE_BEFORE_S
    if len(poll) == 0:
        return np.zeros(len(wanted), bool), wanted
    at = np.searchsorted(poll, np.nan_to_num(wanted), side="right") - 1
    moment = poll[np.maximum(at, 0)]
    owed = runs.judged & (at >= 0) & (wanted - moment <= 1.5 * poll_s)
    return owed, moment


@dataclass(frozen=True, eq=False)
class _Rows:
    """What the rows of a batch (n,) are about; -1 where it is unknown."""

    made_at: Float64Array
    published: Float64Array
    trip: Int32Array
    day: Int32Array
    call: Int32Array
    status: Int32Array

    @classmethod
    def of(cls, table: pa.Table, tt: Timetable) -> _Rows:
        made_at, published = (posix(table.column(name)) for name in ("made_at", "published"))
        trip = _codes(table.column("trip_id"), tt.trip_index)
        day = _codes(table.column("start_date"), {str(date): day for date, day in tt.date_index.items()})
        status = _codes(table.column("status"), {name: i for i, name in enumerate(STATUSES)})
        call = call_of_sequence(tt, trip, table.column("stop_sequence").to_numpy())
        return cls(made_at, published, trip, day, call, status)


def _judge_batch(
    table: pa.Table,
    batch: _Rows,
    runs: Runs,
    methods: Mapping[str, Method],
    operator_feed: OperatorFeed | None,
    counts: dict[str, int],
) -> dict[str, np.ndarray]:
    made_at, published, trip, day = batch.made_at, batch.published, batch.trip, batch.day
    call, status = batch.call, batch.status
    p10, p50, p90 = (posix(table.column(name)) for name in ("p10", "p50", "p90"))
    vehicle = _codes(table.column("vehicle_id"), {v: i for i, v in enumerate(runs.vehicles)})

    counts["read"] += len(made_at)
    runs_at_all = np.isin(status, (LIVE, SCHEDULED))
    counts["cancelled or skipped"] += int((~runs_at_all).sum())
    known = runs_at_all & (trip >= 0) & (day >= 0) & (call >= 0)
    counts["trip, date or stop unknown"] += int((runs_at_all & ~known).sum())
    rows = np.flatnonzero(known)
    cell = runs.next_call(vehicle[rows], trip[rows], day[rows], call[rows], made_at[rows])
    live = status[rows] == LIVE
    counts["no passage known (live)"] += int(((cell < 0) & live).sum())
    counts["no passage known (scheduled)"] += int(((cell < 0) & ~live).sum())
    rows, cell = rows[cell >= 0], cell[cell >= 0]
    exact = runs.judged[cell]
    counts["passage not exact enough"] += int((~exact).sum())
    rows, cell = rows[exact], cell[exact]
    horizon = runs.passed[cell] - made_at[rows]
    near = horizon <= LONGEST_HORIZON_S
    counts["over 30 minutes before"] += int((~near).sum())
    rows, cell, horizon = rows[near], cell[near], horizon[near]
    counts["judged"] += len(rows)

    asked = Questions.of(runs, made_at[rows], cell)
    actual = runs.passed[cell]
    result = {name: (actual - method(asked)).astype(np.float32) for name, method in methods.items()}
    return result | {
        "cell": cell.astype(np.int32),
        "horizon_s": horizon.astype(np.float32),
        "live": status[rows] == LIVE,
        "under_way": asked.last >= 0,
        "told_by_operator": operator_feed.tells(asked) if operator_feed else np.zeros(len(asked), bool),
        "told_s": np.where(asked.last >= 0, made_at[rows] - runs.known[asked.last], np.nan).astype(np.float32),
        MEDIAN: (actual - p50[rows]).astype(np.float32),
        PUBLISHED: (actual - published[rows]).astype(np.float32),
        "p10_error_s": (actual - p10[rows]).astype(np.float32),
        "p90_error_s": (actual - p90[rows]).astype(np.float32),
    }


def _told(table: pa.Table, batch: _Rows, tt: Timetable) -> Int64Array:
    """`driven_call_key` of the calls that are told of as complete information."""
    made_at, published, trip, day = batch.made_at, batch.published, batch.trip, batch.day
    call, status = batch.call, batch.status
    shifted = "shift_s" in table.column_names
    shift_s = table.column("shift_s").to_numpy() if shifted else np.zeros(len(trip), np.int32)
    is_told = (status == LIVE) & (published >= made_at) & (published <= made_at + TOLD_WITHIN_S)
    rows = np.flatnonzero((is_told | np.isin(status, (CANCELLED, SKIPPED))) & (trip >= 0) & (day >= 0) & (call >= 0))
    return sorted_once(driven_call_key(day[rows], tt.entry_of(trip[rows], call[rows]), shift_s[rows]))


def _complete(tt: Timetable, polls: list[Float64Array], told_keys: list[Int64Array]) -> tuple[int, int]:
    """How many scheduled calls riders should have been told of by the messages, and of how many they were."""
    keys = sorted_once(np.concatenate(told_keys)) if told_keys else np.empty(0, np.int64)
    scheduled = complete = 0
    for moments in polls:
        for stretch in np.split(moments, np.flatnonzero(np.diff(moments) > TOLD_WITHIN_S) + 1):
            if len(stretch):
                calls = scheduled_between(tt, stretch[0] + TOLD_WITHIN_S, stretch[-1] - CLOSED_AFTER_S)
                scheduled, complete = scheduled + len(calls), complete + int(contains(keys, calls.key).sum())
    return scheduled, complete


def _codes(column: pa.ChunkedArray, index: Mapping[str, int]) -> Int32Array:
    """Index of each text (n,), NONE where `index` does not have it."""
    coded = column.combine_chunks()
    if not pa.types.is_dictionary(coded.type):
        coded = coded.cast(pa.string()).dictionary_encode()
    of = np.array([index.get(str(text), NONE) for text in coded.dictionary.to_pylist()] + [NONE], np.int32)
    result: Int32Array = of[coded.indices.fill_null(len(of) - 1).to_numpy()]
    return result


def _batches(file: Path) -> Iterable[pa.Table]:
    missing = set(COLUMNS) - set(pq.read_schema(file).names)
    if missing:
        raise FeedError(f"{file} is no predictions file: it lacks {', '.join(sorted(missing))}.")
    source = pq.ParquetFile(file, read_dictionary=list(TEXTS))
    shift = ["shift_s"] if "shift_s" in source.schema_arrow.names else []
    for batch in source.iter_batches(ROWS_AT_A_TIME, columns=[*COLUMNS, *shift]):
        yield pa.Table.from_batches([batch])


def _moments(file: Path) -> Float64Array:
    """The moments at which messages were made."""
    moments = np.unique(posix(pq.read_table(file, columns=["made_at"]).column("made_at")))
    return moments.astype(np.float64)
