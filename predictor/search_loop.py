"""Searches, each within a part of its own of one long array, and names looked up among others, compiled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import AnyArray, Float64Array, Int32Array, Int64Array, UInt32Array
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


_NO_ROW = -1


@compiled
def rows_named(names: UInt32Array, wanted: UInt32Array, rooms: int) -> Int64Array:
    """Where each name wanted (n, v) stands among `names` (m, w), which are all different; -1 where it does not.

    Names are code points with zeros behind them. `rooms`: of the hash table, a power of two above m.
    """
    table = np.full(rooms, _NO_ROW, np.int64)
    for row in range(len(names)):
        room = _hash(names[row]) & (rooms - 1)
        while table[room] != _NO_ROW:
            room = (room + 1) & (rooms - 1)
        table[room] = row
    found = np.full(len(wanted), _NO_ROW, np.int64)
    for row in range(len(wanted)):
        room = _hash(wanted[row]) & (rooms - 1)
        while table[room] != _NO_ROW and not _same(names[table[room]], wanted[row]):
            room = (room + 1) & (rooms - 1)
        found[row] = table[room]
    return found


@compiled
def _hash(name: UInt32Array) -> np.int64:
    """FNV-1a of the code points, without the zeros behind them."""
    end = len(name)
    while end and name[end - 1] == 0:
        end -= 1
    mixed = np.uint64(0xCBF29CE484222325)
    for at in range(end):
        mixed = (mixed ^ np.uint64(name[at])) * np.uint64(0x100000001B3)
    return np.int64(mixed ^ (mixed >> np.uint64(29)))


@compiled
def _same(one: UInt32Array, other: UInt32Array) -> bool:
    """Whether two names are the same but for the zeros behind them."""
    for at in range(max(len(one), len(other))):
        ours = one[at] if at < len(one) else np.uint32(0)
        theirs = other[at] if at < len(other) else np.uint32(0)
        if ours != theirs:
            return False
    return True
