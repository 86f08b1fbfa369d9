"""One vehicle told on two runs of one message: it begins the second when it is through with the first."""

from __future__ import annotations

import numpy as np

from feeds.trip_updates.message_columns import NO_CALLS, UpdatedRuns
from feeds.trip_updates.planned_calls import PlannedCalls
from predictor.arrays import NONE, Float64Array, Int32Array, group_starts
from predictor.timetable import Timetable

_MOST_RUNS = 3
"""What is told of more runs at once is no vehicle's id."""


def seconds_put_off(
    tt: Timetable,
    place_of_stop: Int32Array,
    runs: UpdatedRuns,
    calls: PlannedCalls,
    arrival: Float64Array,
    departure: Float64Array,
    received_at: float,
) -> Float64Array:
    """By how much later (n,) than told runs yet to begin come whose vehicle is told to be on a run before until then,
    that by the timetable is over; NaN where nobody knows when it is back from there.

    Parameters: `place_of_stop` (S,): as of `poles.place_of`; `arrival`, `departure` (k,): when each call is made.
    """
    put_off = np.zeros(len(runs))
    ptr, blocks = group_starts(calls.owner, len(runs)), np.append(tt.trip_block, np.int32(NONE))[runs.trip]
    _, code, count = np.unique(runs.vehicle_id, return_inverse=True, return_counts=True)
    rows = np.flatnonzero((runs.vehicle_id != "") & (runs.calls_from != NO_CALLS) & (np.diff(ptr) > 1))
    rows = rows[(count[code[rows]] > 1) & (count[code[rows]] <= _MOST_RUNS)]
    rows = rows[np.lexsort((calls.departure[ptr[rows]], code[rows]))]
    for before, after in zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True):
        first, last = int(ptr[after]), int(ptr[before + 1]) - 1
        if code[before] != code[after] or not calls.arrival[last] <= calls.departure[first]:
            continue
        through = np.nanmax(arrival[ptr[before] : last + 1], initial=-np.inf) + put_off[before]
        begins = np.nanmin(departure[first : ptr[after + 1]], initial=np.inf)
        if not received_at < begins < through:
            continue
        goes_on = place_of_stop[calls.stop[last]] == place_of_stop[calls.stop[first]]
        goes_on |= blocks[before] == blocks[after] >= 0
        put_off[after] = through - begins if goes_on else np.nan
    return put_off
