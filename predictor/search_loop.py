"""Searches, each within a part of its own of one long array, compiled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import AnyArray, Float64Array, Int32Array, Int64Array
from predictor.compiled import compiled


@compiled
def first_above(values: AnyArray, start: Int64Array, end: Int64Array, limit: Float64Array) -> Int64Array:
    """For each part (n,) of `values`, from `start` to before `end` and ascending there, the first place that holds more
    than its `limit` (n,); `end` where none does, as for NaN."""
    place = start.copy()
    for part in range(len(start)):
        low, high = start[part], end[part]
        while low < high:
            middle = (low + high) // 2
            if values[middle] > limit[part]:
                high = middle
            else:
                low = middle + 1
        place[part] = low
    return place


@compiled
def first_equal(values: AnyArray, start: Int64Array, end: Int64Array, wanted: Int32Array) -> Int64Array:
    """For each part (n,) of `values`, from `start` to before `end`, the first place that holds what is `wanted` (n,),
    -1 where none does."""
    place = np.full(len(start), -1, np.int64)
    for part in range(len(start)):
        for at in range(start[part], end[part]):
            if values[at] == wanted[part]:
                place[part] = at
                break
    return place
