"""Passages, vehicle traces and times told as Arrow tables and back. Ids are the feed's own, to outlive a timetable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from predictor.arrays import NONE, AnyArray, Int32Array, places_of
from predictor.columns import column_types, replace
from predictor.explain.told_times import ToldTimes
from predictor.explain.traces import Traces
from predictor.passages import Passages
from predictor.runs import DatedRuns
from predictor.snapshot import VEHICLE_STATES
from predictor.timetable import Timetable

_WORD, _WHOLE, _NUMBER, _TRUTH = pa.string(), pa.int32(), pa.float64(), pa.bool_()
PASSAGES = pa.schema(
    [
        ("trip_id", _WORD), ("start_date", _WORD), ("stop_sequence", _WHOLE), ("stop_id", _WORD),
        ("vehicle_id", _WORD), ("arrival", _NUMBER), ("departure", _NUMBER), ("arrival_sd_s", _NUMBER),
        ("shift_s", _WHOLE), ("named", _TRUTH),
    ]
)  # fmt: skip
TRACES = pa.schema(
    [
        ("vehicle_id", _WORD), ("standing", _TRUTH), ("state", _WORD), ("trip_id", _WORD), ("start_date", _WORD),
        ("shift_s", _WHOLE), ("since", _NUMBER), ("until", _NUMBER), ("from_stop_sequence", _WHOLE),
        ("to_stop_sequence", _WHOLE), ("from_lat", _NUMBER), ("from_lon", _NUMBER), ("to_lat", _NUMBER),
        ("to_lon", _NUMBER), ("named", _TRUTH),
    ]
)  # fmt: skip
TOLD = pa.schema(
    [
        ("trip_id", _WORD), ("start_date", _WORD), ("shift_s", _WHOLE), ("stop_sequence", _WHOLE), ("time", _NUMBER),
        ("since", _NUMBER), ("until", _NUMBER),
    ]
)  # fmt: skip


def passages_table(timetable: Timetable, passages: Passages) -> pa.Table:
    """Rows of `PASSAGES`; times are POSIX seconds, NaN where not seen."""
    tt = timetable
    sequence = tt.stop_sequence[tt.entry_of(passages.trip, passages.call)]
    return _table(PASSAGES, tt, passages, stop_sequence=sequence, stop_id=tt.stop_id[passages.stop])


def traces_table(timetable: Timetable, traces: Traces) -> pa.Table:
    """Rows of `TRACES`; trip, date and stop sequence are null where the vehicle was on no trip."""
    tt, off, trip = timetable, traces.trip < 0, np.maximum(traces.trip, 0)

    def sequence(call: Int32Array) -> pa.Array:
        at = tt.entry_of(trip, np.clip(call, 0, tt.trip_calls[trip] - 1))
        return pa.array(tt.stop_sequence[at], mask=off)

    return _table(
        TRACES, tt, traces, state=np.array(VEHICLE_STATES)[traces.state],
        from_stop_sequence=sequence(traces.from_call), to_stop_sequence=sequence(traces.to_call),
    )  # fmt: skip


def told_table(timetable: Timetable, told: ToldTimes) -> pa.Table:
    """Rows of `TOLD`."""
    tt = timetable
    return _table(TOLD, tt, told, stop_sequence=tt.stop_sequence[tt.entry_of(told.trip, told.call)])


def _table(schema: pa.Schema, tt: Timetable, rows: DatedRuns, **columns: Any) -> pa.Table:
    """What is told of runs: by their names, these columns, and those of the rows that are called the same."""
    off, day = rows.trip < 0, np.maximum(rows.service_day, 0)
    columns["trip_id"] = pa.array(tt.trip_id[np.maximum(rows.trip, 0)], mask=off)
    columns["start_date"] = pa.array(tt.date[day].astype(np.str_), mask=off)
    arrays = [pa.array(columns[name] if name in columns else getattr(rows, name)) for name in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def passages_of(table: pa.Table, timetable: Timetable) -> Passages:
    """Passages of a table, without those of trips, days and calls that this timetable does not have."""
    runs = _runs(table, timetable)
    call = _calls(table["stop_sequence"], runs.trip, timetable)
    call = _at_their_stops(call, _indices(table["stop_id"], timetable.stop_index), runs.trip, timetable)
    passages = Passages.of_runs(runs, call=call, stop=call, **_told_of(table, Passages))
    passages = passages.take((runs.trip >= 0) & (runs.service_day >= 0) & (call >= 0))
    return replace(passages, stop=timetable.stop_at(passages.trip, passages.call))


def told_of(table: pa.Table, timetable: Timetable) -> ToldTimes:
    """Times told of a table, without those of trips, days and calls that this timetable does not have."""
    runs = _runs(table, timetable)
    call = _calls(table["stop_sequence"], runs.trip, timetable)
    told = ToldTimes.of_runs(runs, call=call, **_told_of(table, ToldTimes))
    return told.take((runs.trip >= 0) & (runs.service_day >= 0) & (call >= 0))


def traces_of(table: pa.Table, timetable: Timetable) -> Traces:
    """Traces of a table; on trips that this timetable does not have a vehicle counts as being on none."""
    runs = _runs(table, timetable)
    from_call, to_call = (
        _calls(table[name], runs.trip, timetable) for name in ("from_stop_sequence", "to_stop_sequence")
    )
    state = np.array([VEHICLE_STATES.index(name) for name in table["state"].to_pylist()], np.int8)
    known = replace(runs, trip=np.where(runs.service_day >= 0, runs.trip, np.int32(NONE)))
    told = _told_of(table.drop_columns(["state"]), Traces)
    return Traces.of_runs(known, from_call=from_call, to_call=to_call, state=state, **told)


def _told_of(table: pa.Table, rows: type[DatedRuns]) -> dict[str, AnyArray]:
    """The columns of the table that such rows have too, but for what names their runs."""
    told: dict[str, AnyArray] = {}
    for name, dtype in column_types(rows).items():
        if name in table.column_names and name not in column_types(DatedRuns):
            column = table[name].combine_chunks()
            # Files from before trips that were found were told apart from those that were named do not say that.
            column = column.fill_null(True) if name == "named" else column
            told[name] = np.array(column.to_pylist() if dtype.kind == "U" else column.to_numpy(False), dtype)
    return told


def _runs(table: pa.Table, tt: Timetable) -> DatedRuns:
    """Each row's run, that of the operator's own that goes by the name."""
    trip = _indices(table["trip_id"], tt.trip_index)
    day = _indices(table["start_date"], {str(date): day for date, day in tt.date_index.items()})
    shift = np.asarray(table["shift_s"].to_numpy(), np.int32)
    return DatedRuns(tt.standing_for(trip, day, shift), day, shift)


def _indices(column: pa.ChunkedArray, index: dict[str, int]) -> Int32Array:
    """Index of each name, -1 for null and for names that are not there; each name is looked up once."""
    coded = column.combine_chunks().dictionary_encode()
    known = np.array([index.get(name, NONE) for name in coded.dictionary.to_pylist()] + [NONE], np.int32)
    result: Int32Array = known[coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)]
    return result


def _calls(column: pa.ChunkedArray, trip: Int32Array, tt: Timetable) -> Int32Array:
    """Position in its trip of each stop_sequence, -1 where it is not there."""
    sequence = column.combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
    result = np.full(len(trip), NONE, np.int32)
    order = np.argsort(trip, kind="stable")
    order = order[trip[order] >= 0]
    starts = np.flatnonzero(np.diff(trip[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        if len(rows) == 0:
            continue
        first_trip = int(trip[rows[0]])
        span = tt.stop_sequence[tt.calls_of(first_trip)]
        by_sequence = np.argsort(span, kind="stable")
        place = places_of(sequence[rows], span[by_sequence])
        result[rows] = np.where(place >= 0, by_sequence[place], NONE)
    return result


def _at_their_stops(call: Int32Array, stop: Int32Array, trip: Int32Array, tt: Timetable) -> Int32Array:
    """The calls (n,) at the stops (stations) that they were seen at, for the operator may have changed the run: where
    the trip calls elsewhere in their place its first call there, -1 where there is none."""
    result = call.copy()
    known = (trip >= 0) & (stop >= 0)
    there = np.where(known & (call >= 0), tt.stop_at(np.maximum(trip, 0), np.maximum(call, 0)), NONE)
    elsewhere = known & ((call < 0) | (tt.station[there] != tt.station[stop]))
    for row in np.flatnonzero(elsewhere).tolist():
        same = np.flatnonzero(tt.station[tt.call_stop[tt.calls_of(int(trip[row]))]] == tt.station[stop[row]])
        result[row] = same[0] if len(same) else NONE
    return result
