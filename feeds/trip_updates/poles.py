"""Stops that riders take for one: platforms of a station, and poles of one name beside each other without a station."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from predictor.arrays import BoolArray, Int8Array, Int32Array, Int64Array, contains
from predictor.geometry import ground_distance_m
from predictor.timetable import PLATFORM, Timetable

BESIDE_M = 250.0
"""Poles of one name this near stand at one place: further away another town has a stop of that name."""


@lru_cache(maxsize=4)
def place_of(tt: Timetable) -> Int32Array:
    """(S,) the place of each stop, as the index of one of its stops: its station, where it has one."""
    place = tt.station.copy()
    alone = np.flatnonzero((tt.stop_parent < 0) & (tt.stop_location_type == PLATFORM))
    name, count = np.unique(tt.stop_name[alone], return_inverse=True, return_counts=True)[1:]
    alone, name = alone[count[name] > 1], name[count[name] > 1]
    while len(alone):
        # The first pole of each name takes those beside it; the others are looked at once more.
        first = alone[np.unique(name, return_index=True)[1][np.unique(name, return_inverse=True)[1]]]
        near = (
            ground_distance_m(tt.stop_lat[first], tt.stop_lon[first], tt.stop_lat[alone], tt.stop_lon[alone])
            <= BESIDE_M
        )
        place[alone[near]] = first[near]
        alone, name = alone[~near], name[~near]
    return place


def is_across(tt: Timetable, route: Int32Array, direction: Int8Array, stop: Int32Array) -> BoolArray:
    """Whether a line (n,) calls at a pole in the other direction alone, and that belongs to no station: who names it
    for a run of this direction does not mean that riders wait across the street."""
    with_way, one_way = _calls_of_lines(tt)
    line = (route.astype(np.int64) * 3 + direction + 1) * tt.stops + stop
    of_line = contains(one_way, route.astype(np.int64) * tt.stops + stop)
    result: BoolArray = (tt.stop_parent[stop] < 0) & of_line & (direction >= 0) & ~contains(with_way, line)
    return result


@lru_cache(maxsize=4)
def _calls_of_lines(tt: Timetable) -> tuple[Int64Array, Int64Array]:
    """Line, direction and stop of all calls as one number each, sorted; and line and stop alone."""
    pattern = tt.pattern_of_call
    route = tt.pattern_route[pattern].astype(np.int64)
    with_way = (route * 3 + tt.pattern_direction[pattern] + 1) * tt.stops + tt.pattern_stop
    return np.unique(with_way), np.unique(route * tt.stops + tt.pattern_stop)
