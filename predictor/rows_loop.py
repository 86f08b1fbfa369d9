"""What is told of legs, laid out by call, and where each stop's calls stand among all of them, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import Int8Array, Int32Array, Int64Array
from predictor.compiled import compiled, fetch_ahead


class OfLegs(NamedTuple):
    """Columns of `PredictedCalls`: of legs (l,), or laid out by call (m,)."""

    vehicle: Int32Array
    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    call: Int32Array
    """The first one of a leg."""
    status: Int8Array
    source: Int8Array
    doubt: Int8Array


@compiled
def by_call(legs: OfLegs, calls: Int64Array) -> OfLegs:
    """Lay out legs that have so many `calls` (l,) each.

    Cost: one pass.
    """
    rows = calls.sum()
    out = OfLegs(
        np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.int32),
        np.empty(rows, np.int32), np.empty(rows, np.int8), np.empty(rows, np.int8), np.empty(rows, np.int8),
    )  # fmt: skip
    end = 0
    for leg in range(len(calls)):
        begin, end = end, end + calls[leg]
        out.vehicle[begin:end], out.trip[begin:end] = legs.vehicle[leg], legs.trip[leg]
        out.service_day[begin:end], out.shift_s[begin:end] = legs.service_day[leg], legs.shift_s[leg]
        out.status[begin:end], out.source[begin:end] = legs.status[leg], legs.source[leg]
        out.doubt[begin:end] = legs.doubt[leg]
        for row in range(begin, end):
            out.call[row] = legs.call[leg] + row - begin
    return out


_ROWS_AHEAD = 128


@compiled
def stops_of(trip: Int32Array, call: Int32Array, trip_call_ptr: Int64Array, call_stop: Int32Array) -> Int32Array:
    """The stop of each call (m,) of a trip: as `Timetable.stop_at`, in one pass."""
    stop = np.empty(len(trip), np.int32)
    for row in range(len(trip)):
        soon = row + _ROWS_AHEAD
        if row % 8 == 0 and soon < len(trip):
            fetch_ahead(call_stop, trip_call_ptr[trip[soon]] + call[soon])
        stop[row] = call_stop[trip_call_ptr[trip[row]] + call[row]]
    return stop


@compiled
def order_by_stop(stop: Int32Array, stops: int) -> tuple[Int64Array, Int64Array]:
    """Rows (m,) in order of their `stop` (m,), each stop's as they come; and the pointers (stops + 1,) of this CSR.

    Cost: two passes; a counting sort.
    """
    pointer = np.zeros(stops + 1, np.int64)
    for row in range(len(stop)):
        pointer[stop[row] + 1] += 1
    for at in range(stops):
        pointer[at + 1] += pointer[at]
    free, order = pointer.copy(), np.empty(len(stop), np.int64)
    for row in range(len(stop)):
        order[free[stop[row]]] = row
        free[stop[row]] += 1
    return order, pointer
