"""How feeds number the calls of a run: as the timetable does, or from 0 where it counts from 1."""

from __future__ import annotations

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array
from predictor.geometry import ground_distance_m
from predictor.search_loop import first_equal
from predictor.timetable import Timetable

_AT_FIRST_STOP_M = 300.0
"""Who is farther from it and names number 0 says nothing by that."""


class Numbering:
    """How the messages of a feed have numbered calls."""

    def __init__(self) -> None:
        self.from_0 = False
        """From 0, as the timetable does not."""

    def hear(self, begin_at_0: bool, end_at_last: bool) -> None:
        """Whether runs of a message begin at 0, and whether they end at the last number that the timetable has."""
        if begin_at_0 != end_at_last:
            self.from_0 = begin_at_0


def numbered_as_timetable(
    timetable: Timetable,
    trip: Int32Array,
    number: Int32Array,
    stop: Int32Array,
    lat: Float64Array,
    lon: Float64Array,
    numbering: Numbering,
) -> Int32Array:
    """`current_stop_sequence` of reports (n,) as the timetable has it, -1 where none is given, or where its stop is
    another than the one that they name and at which their trip calls."""
    tt, number = timetable, number.copy()
    rows = np.flatnonzero((trip >= 0) & (number >= 0))
    if len(rows) == 0:
        return number
    first, beyond = tt.trip_call_ptr[trip[rows]], tt.trip_call_ptr[trip[rows] + 1]
    station, is_named = tt.station[stop[rows]], stop[rows] >= 0

    def at_its_stop(given: Int32Array) -> BoolArray:
        entry = first_equal(tt.stop_sequence, first, beyond, given)
        there: BoolArray = is_named & (entry >= 0) & (tt.station[tt.call_stop[np.maximum(entry, 0)]] == station)
        return there

    later, fits = tt.stop_sequence[first] > 0, at_its_stop(number[rows])
    begins = tt.call_stop[first]
    off_m = ground_distance_m(lat[rows], lon[rows], tt.stop_lat[begins], tt.stop_lon[begins])
    is_0, far = later & (number[rows] == 0) & ~is_named, off_m > _AT_FIRST_STOP_M
    from_0 = (is_0 & ~far) | (later & ~fits & at_its_stop(number[rows] + 1))
    as_is = (is_0 & far) | (later & fits) | (later & ~is_named & (number[rows] == tt.stop_sequence[beyond - 1]))
    numbering.hear(bool(from_0.any()), bool(as_is.any()))
    if numbering.from_0:
        number[rows] += later
        fits = at_its_stop(number[rows])
    against = np.flatnonzero(is_named & ~fits)
    pair, entry = tt.entries_of(trip[rows[against]])
    elsewhere = np.unique(against[pair[tt.station[tt.call_stop[entry]] == station[against[pair]]]])
    number[rows[elsewhere]] = NONE
    return number
