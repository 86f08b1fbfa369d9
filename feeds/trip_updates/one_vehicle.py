"""One vehicle told on two runs of one message: it begins the second when it is through with the first."""

from __future__ import annotations

import numpy as np

from feeds.trip_updates.message_columns import NO_CALLS, UpdatedRuns
from feeds.trip_updates.planned_calls import PlannedCalls
from predictor.arrays import NONE, Float64Array, Int32Array, group_starts
from predictor.timetable import Timetable

_MOST_RUNS = 3
"""What is told of more runs, some of them at once by the timetable, is no vehicle's id."""


def seconds_put_off(
    tt: Timetable,
    place_of_stop: Int32Array,
    runs: UpdatedRuns,
    calls: PlannedCalls,
    arrival: Float64Array,
    departure: Float64Array,
) -> Float64Array:
    """By how much later (n,) than told runs come whose vehicle is told to be on a run before until then, that by the
    timetable is over; NaN where nobody knows when it is back from there. Also of runs that by what is told have begun:
    many tell of the next one by the timetable, however late the vehicle is.

    Parameters: `place_of_stop` (S,): as of `poles.place_of`; `arrival`, `departure` (k,): when each call is made.
    """
    put_off, begins, through = np.zeros(len(runs)), np.full(len(runs), np.inf), np.full(len(runs), -np.inf)
    np.fmin.at(begins, calls.owner, departure)
    np.fmax.at(through, calls.owner, arrival)
    ptr = group_starts(calls.owner, len(runs))
    _, code, count = np.unique(runs.vehicle_id, return_inverse=True, return_counts=True)
    rows = np.flatnonzero((runs.vehicle_id != "") & (runs.calls_from != NO_CALLS) & (np.diff(ptr) > 1))
    rows = rows[np.lexsort((calls.departure[ptr[rows]], code[rows]))]
    before, after = rows[:-1], rows[1:]
    last, first = ptr[before + 1] - 1, ptr[after]
    same, by_turns = code[before] == code[after], calls.arrival[last] <= calls.departure[first]
    nobody = code[before[same & ~by_turns & (count[code[before]] > _MOST_RUNS)]]
    in_turn = same & by_turns & ~np.isin(code[before], nobody)
    at_once = in_turn & (begins[after] < through[before])
    if not at_once.any():
        return put_off
    block = np.append(tt.trip_block, np.int32(NONE))[runs.trip]
    goes_on = place_of_stop[calls.stop[last]] == place_of_stop[calls.stop[first]]
    goes_on |= (block[before] == block[after]) & (block[after] >= 0)
    # Who is put off puts off the next: one run of all vehicles after the other.
    pairs = np.flatnonzero(in_turn & np.isin(code[before], code[before[at_once]]))
    number = pairs - np.searchsorted(code[rows], code[before[pairs]])
    for k in (pairs[number == n] for n in np.unique(number).tolist()):
        late_s = through[before[k]] + put_off[before[k]] - begins[after[k]]
        put_off[after[k]] = np.where(late_s > 0.0, np.where(goes_on[k], late_s, np.nan), 0.0)
    return put_off
