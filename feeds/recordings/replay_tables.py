"""What a replay finds, as Arrow tables for analysts: times are timestamps, what is not known is null. Each column is
described in `docs/data.md`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa

from predictor.arrays import Float64Array, Int32Array
from predictor.passages import Passages
from predictor.runs import DatedRuns
from predictor.snapshot import SOURCES, STATUSES, Snapshot
from predictor.timetable import Timetable

TIME = pa.timestamp("ms", tz="UTC")
_NAME = pa.dictionary(pa.int32(), pa.string())
_CALL = [
    ("trip_id", _NAME), ("start_date", _NAME), ("shift_s", pa.int32()), ("route_id", _NAME),
    ("stop_sequence", pa.int32()), ("stop_id", _NAME), ("vehicle_id", _NAME), ("scheduled_arrival", TIME),
    ("scheduled_departure", TIME),
]  # fmt: skip
PREDICTIONS = pa.schema(
    [
        ("made_at", TIME), *_CALL, ("published", TIME), ("p10", TIME), ("p50", TIME), ("p90", TIME), ("status", _NAME),
        ("source", _NAME),
    ]
)  # fmt: skip
"""A row for each call on a board at one moment."""
PASSAGES = pa.schema(
    [*_CALL, ("arrival", TIME), ("departure", TIME), ("arrival_sd_s", pa.float32()), ("named", pa.bool_())]
)
"""A row for each call that a vehicle was seen to pass."""


def predictions_table(snapshot: Snapshot, horizon_s: float) -> pa.Table:
    """Everything on the boards of all stops that is due within `horizon_s`, rows of `PREDICTIONS`."""
    tt, now, made = snapshot.timetable, snapshot.made_at, snapshot.predictions
    live = np.flatnonzero((made.arrival <= now + horizon_s) & (made.arrival >= now))
    calls = snapshot.unclaimed_calls(now, now + horizon_s)

    def both(name: str) -> np.ndarray:
        return np.concatenate([getattr(made, name)[live], getattr(calls, name)])

    def of_arrival(name: str) -> pa.Array:
        scheduled = np.full(len(calls), np.nan) if name in ("p10", "p90") else calls.arrival
        return timestamps(np.concatenate([getattr(made, name)[live], scheduled]))

    vehicle = np.concatenate([made.vehicle[live], np.full(len(calls), -1, np.int32)])
    runs = DatedRuns.joined(made.runs.take(live), calls.runs)
    call = _call_columns(tt, runs, both("call"), _coded(vehicle, snapshot.vehicles.vehicle_id.tolist()))
    return pa.Table.from_arrays(
        [
            timestamps(np.full(len(vehicle), now)), *call, of_arrival("arrival"), of_arrival("p10"), of_arrival("p50"),
            of_arrival("p90"), _coded(both("status"), list(STATUSES)), _coded(both("source"), list(SOURCES)),
        ],
        schema=PREDICTIONS,
    )  # fmt: skip


def passed_table(timetable: Timetable, passages: Passages) -> pa.Table:
    """Rows of `PASSAGES`."""
    names, vehicle = np.unique(passages.vehicle_id, return_inverse=True)
    call = _call_columns(timetable, passages, passages.call, _coded(vehicle.astype(np.int32), names.tolist()))
    return pa.Table.from_arrays(
        [
            *call, timestamps(passages.arrival), timestamps(passages.departure),
            pa.array(passages.arrival_sd_s.astype(np.float32), from_pandas=True), pa.array(passages.named),
        ],
        schema=PASSAGES,
    )  # fmt: skip


def timestamps(seconds: Float64Array) -> pa.Array:
    """POSIX seconds (n,) as timestamps to the millisecond, null for NaN."""
    known = np.isfinite(seconds)
    milliseconds = np.round(np.where(known, seconds, 0.0) * 1e3).astype(np.int64)
    # Past `pa.array`, which looks at each value again.
    validity = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(TIME, len(seconds), [validity, pa.py_buffer(milliseconds)])


def _call_columns(tt: Timetable, runs: DatedRuns, call: Int32Array, vehicle: pa.Array) -> list[pa.Array]:
    trip, origin = runs.trip, runs.origin(tt).astype(np.float64)
    names, entry = _names(tt), tt.entry_of(trip, call)
    by_headway = tt.trip_is_frequency[trip]
    return [
        _coded(trip, names["trip_id"]), _coded(runs.service_day, names["date"]), pa.array(runs.shift_s, pa.int32()),
        _coded(tt.trip_route[trip], names["route_id"]), pa.array(tt.stop_sequence[entry], pa.int32()),
        _coded(tt.call_stop[entry], names["stop_id"]), vehicle,
        *(timestamps(np.where(by_headway, np.nan, origin + times[entry])) for times in (tt.arrival_s, tt.departure_s)),
    ]  # fmt: skip


@lru_cache(maxsize=2)
def _names(tt: Timetable) -> dict[str, pa.Array]:
    columns = {"trip_id": tt.trip_id, "date": tt.date.astype(np.str_), "route_id": tt.route_id, "stop_id": tt.stop_id}
    return {name: pa.array(column.tolist(), pa.string()) for name, column in columns.items()}


def _coded(index: np.ndarray, names: pa.Array | list[str]) -> pa.DictionaryArray:
    """A dictionary column from indices into `names`, null where negative."""
    codes = pa.array(index.astype(np.int32), mask=np.asarray(index < 0))
    return pa.DictionaryArray.from_arrays(codes, names if isinstance(names, pa.Array) else pa.array(names, pa.string()))
