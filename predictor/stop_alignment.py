"""Which calls of two sequences of stops are the same: in order in both, as many as can be."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from predictor.arrays import NONE, Int32Array, expand_ranges
from predictor.timetable import Timetable


@lru_cache(maxsize=4096)
def aligned(stops: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    """For each of `stops` the position in `others` of the call that is the same, ascending, -1 where there is none.

    The longest common subsequence; of several such the one that begins earliest in `others`.
    """
    in_order = _all_in_order(stops, others)
    if in_order is not None:
        return in_order
    n, m = len(stops), len(others)
    common = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        row, below = common[i], common[i + 1]
        for j in range(m - 1, -1, -1):
            row[j] = below[j + 1] + 1 if stops[i] == others[j] else max(below[j], row[j + 1])
    places, i, j = [NONE] * n, 0, 0
    while i < n and j < m:
        if stops[i] == others[j]:
            places[i] = j
            i, j = i + 1, j + 1
        elif common[i][j + 1] >= common[i + 1][j]:
            j += 1
        else:
            i += 1
    return tuple(places)


def _all_in_order(stops: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...] | None:
    """The first place of each stop after that of the one before, None where one is not to be found."""
    places, after = [], 0
    for stop in stops:
        try:
            after = others.index(stop, after) + 1
        except ValueError:
            return None
        places.append(after - 1)
    return tuple(places)


def patterns_along(timetable: Timetable, stops: Int32Array, route: int = NONE) -> Int32Array:
    """Patterns, of one route or of any, that call at all of these stops (s,) in this order."""
    tt = timetable
    wanted, ptr = np.unique(stops), tt.pattern_call_ptr
    own = np.flatnonzero(tt.pattern_route == route) if route >= 0 else np.arange(len(tt.pattern_route))
    pattern, call = expand_ranges(ptr[own], ptr[own + 1] - ptr[own])
    served = np.isin(tt.pattern_stop[call], wanted)
    visited = np.unique(pattern[served] * tt.stops + tt.pattern_stop[call[served]]) // tt.stops
    candidates = own[np.bincount(visited, minlength=len(own)) == len(wanted)]
    in_order = tuple(stops.tolist())
    along = [p for p in candidates.tolist() if NONE not in aligned(in_order, pattern_stops(tt, p))]
    return np.array(along, np.int32)


def pattern_stops(timetable: Timetable, pattern: int) -> tuple[int, ...]:
    """The stops of a pattern, in order."""
    ptr = timetable.pattern_call_ptr
    return tuple(timetable.pattern_stop[ptr[pattern] : ptr[pattern + 1]].tolist())
