"""Where each stop's predicted calls stand among all of them, compiled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int32Array, Int64Array
from predictor.compiled import compiled, fetch_ahead

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
