"""Running times to places along trips, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import Float64Array, Int32Array, Int64Array
from predictor.compiled import compiled

_A_WAY_M = 1.0
"""Stops that are nearer to each other are taken for one."""


class Diagrams(NamedTuple):
    """Of trips (T,) and their calls (E,), patterns and theirs, as `TimeDistance` has them."""

    trip_pattern: Int32Array
    trip_call_ptr: Int64Array
    pattern_call_ptr: Int64Array
    pattern_distance_m: Float64Array
    elapsed_s: Float64Array
    """(E,)"""
    dwell_s: Float64Array
    """(E,)"""


@compiled
def elapsed_at(diagrams: Diagrams, trip: Int32Array, departed: Int32Array, distance_m: Float64Array) -> Float64Array:
    """See `TimeDistance.elapsed_at`."""
    result = np.empty(len(trip))
    for at in range(len(trip)):
        before, pattern = max(departed[at] - 1, 0), diagrams.trip_pattern[trip[at]]
        entry = min(diagrams.trip_call_ptr[trip[at]] + before, diagrams.trip_call_ptr[trip[at] + 1] - 2)
        first, last = diagrams.pattern_call_ptr[pattern], diagrams.pattern_call_ptr[pattern + 1] - 1
        start = diagrams.pattern_distance_m[min(first + before, last)]
        length = diagrams.pattern_distance_m[min(first + before + 1, last)] - start
        share = (distance_m[at] - start) / length if length > _A_WAY_M else 1.0
        # Not by `min` and `max`: what is not known stays so.
        share = 0.0 if share < 0.0 else 1.0 if share > 1.0 else share
        leave = diagrams.elapsed_s[entry] + diagrams.dwell_s[entry]
        result[at] = leave + share * (diagrams.elapsed_s[entry + 1] - leave)
    return result
