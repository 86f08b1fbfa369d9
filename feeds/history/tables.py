"""Passages, vehicle traces and times told as Arrow tables and back. Ids are the feed's own, to outlive a timetable."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, StrArray, places_of
from predictor.explain.told_times import ToldTimes
from predictor.explain.traces import Traces
from predictor.passages import Passages
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
    entry = tt.entry_of(passages.trip, passages.call)
    columns = (
        tt.trip_id[passages.trip], tt.date[passages.service_day].astype(np.str_), tt.stop_sequence[entry],
        tt.stop_id[passages.stop], passages.vehicle_id, passages.arrival, passages.departure, passages.arrival_sd_s,
        passages.shift_s, passages.named,
    )  # fmt: skip
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=PASSAGES)


def traces_table(timetable: Timetable, traces: Traces) -> pa.Table:
    """Rows of `TRACES`; trip, date and stop sequence are null where the vehicle was on no trip."""
    tt = timetable
    off = traces.trip < 0
    trip, day = np.maximum(traces.trip, 0), np.maximum(traces.service_day, 0)

    def sequence(call: Int32Array) -> pa.Array:
        at = tt.entry_of(trip, np.clip(call, 0, tt.trip_calls[trip] - 1))
        return pa.array(tt.stop_sequence[at], mask=off)

    columns = (
        traces.vehicle_id, traces.standing, np.array(VEHICLE_STATES)[traces.state],
        pa.array(tt.trip_id[trip], mask=off), pa.array(tt.date[day].astype(np.str_), mask=off), traces.shift_s,
        traces.since, traces.until,
        sequence(traces.from_call), sequence(traces.to_call), traces.from_lat, traces.from_lon, traces.to_lat,
        traces.to_lon, traces.named,
    )  # fmt: skip
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=TRACES)


def told_table(timetable: Timetable, told: ToldTimes) -> pa.Table:
    """Rows of `TOLD`."""
    tt = timetable
    columns = (
        tt.trip_id[told.trip], tt.date[told.service_day].astype(np.str_), told.shift_s,
        tt.stop_sequence[tt.entry_of(told.trip, told.call)], told.time, told.since, told.until,
    )  # fmt: skip
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=TOLD)


def passages_of(table: pa.Table, timetable: Timetable) -> Passages:
    """Passages of a table, without those of trips, days and calls that this timetable does not have."""
    trip, day, shift = _runs(table, timetable)
    call = _calls(table["stop_sequence"], trip, timetable)
    call = _at_their_stops(call, _indices(table["stop_id"], timetable.stop_index), trip, timetable)
    rows = np.flatnonzero((trip >= 0) & (day >= 0) & (call >= 0))
    trip, call = trip[rows], call[rows]
    return Passages(
        vehicle_id=_words(table["vehicle_id"])[rows], trip=trip, service_day=day[rows],
        shift_s=shift[rows], call=call,
        stop=timetable.stop_at(trip, call), arrival=_numbers(table["arrival"])[rows],
        departure=_numbers(table["departure"])[rows], arrival_sd_s=_numbers(table["arrival_sd_s"])[rows],
        named=_named(table)[rows],
    )  # fmt: skip


def told_of(table: pa.Table, timetable: Timetable) -> ToldTimes:
    """Times told of a table, without those of trips, days and calls that this timetable does not have."""
    trip, day, shift = _runs(table, timetable)
    call = _calls(table["stop_sequence"], trip, timetable)
    times = {name: _numbers(table[name]) for name in ("time", "since", "until")}
    told = ToldTimes(trip=trip, service_day=day, shift_s=shift, call=call, **times)
    return told.take((trip >= 0) & (day >= 0) & (call >= 0))


def traces_of(table: pa.Table, timetable: Timetable) -> Traces:
    """Traces of a table; on trips that this timetable does not have a vehicle counts as being on none."""
    trip, day, shift = _runs(table, timetable)
    return Traces(
        vehicle_id=_words(table["vehicle_id"]), standing=np.asarray(table["standing"].to_numpy(), bool),
        state=np.array([VEHICLE_STATES.index(name) for name in table["state"].to_pylist()], np.int8),
        trip=np.where(day >= 0, trip, NONE).astype(np.int32), service_day=day,
        shift_s=shift, since=_numbers(table["since"]),
        until=_numbers(table["until"]), from_call=_calls(table["from_stop_sequence"], trip, timetable),
        to_call=_calls(table["to_stop_sequence"], trip, timetable), from_lat=_numbers(table["from_lat"]),
        from_lon=_numbers(table["from_lon"]), to_lat=_numbers(table["to_lat"]), to_lon=_numbers(table["to_lon"]),
        named=_named(table),
    )  # fmt: skip


def _named(table: pa.Table) -> BoolArray:
    """Files from before trips that were found were told apart from those that were named do not say: taken as named."""
    named: BoolArray = table["named"].combine_chunks().fill_null(True).to_numpy(zero_copy_only=False)
    return named


def _runs(table: pa.Table, tt: Timetable) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Trip, service day and shift of each row's run, that of the operator's own that goes by the name."""
    trip, day = _indices(table["trip_id"], tt.trip_index), _days(table, tt)
    shift = _numbers(table["shift_s"]).astype(np.int32)
    return tt.standing_for(trip, day, shift), day, shift


def _days(table: pa.Table, tt: Timetable) -> Int32Array:
    return _indices(table["start_date"], {str(date): day for date, day in tt.date_index.items()})


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


def _words(column: pa.ChunkedArray) -> StrArray:
    return np.array(column.to_pylist(), np.str_)


def _numbers(column: pa.ChunkedArray) -> Float64Array:
    return np.asarray(column.to_numpy(), np.float64)
