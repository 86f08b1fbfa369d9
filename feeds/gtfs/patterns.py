"""Patterns: route, direction, shape and stop sequence that trips share; and the links between their stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from predictor.arrays import NONE, Float64Array, Int32Array, Int64Array, expand_ranges


@dataclass(frozen=True, eq=False)
class Patterns:
    """Letters: P patterns, T trips."""

    model_trip: Int64Array
    """(P,) the first trip of each pattern, whose calls stand for it."""
    of_trip: Int32Array
    """(T,) pattern of each trip."""
    call_ptr: Int64Array
    """(P + 1,)"""
    stop: Int32Array
    """(pattern calls,)"""
    model_call: Int64Array
    """(pattern calls,) the trip call that each was taken from."""


@dataclass(frozen=True, eq=False)
class Links:
    """Ordered pairs of neighbouring stops (K,), and the one that starts at each pattern call, -1 at last calls."""

    from_stop: Int32Array
    to_stop: Int32Array
    distance_m: Float64Array
    of_call: Int32Array


def find_patterns(
    route: Int32Array, direction: npt.NDArray[np.int8], shape: Int32Array, call_ptr: Int64Array, stop: Int32Array
) -> Patterns:
    """Group trips (T,) by route, direction, shape and stops; patterns are in the order of their first trips."""
    head = np.column_stack([route, direction, shape]).astype(np.int32)
    model, of_trip = group_sequences(head, call_ptr, stop)
    calls = np.diff(call_ptr)[model]
    _, model_call = expand_ranges(call_ptr[model], calls)
    return Patterns(model, of_trip, np.append(0, np.cumsum(calls)), stop[model_call], model_call)


def group_sequences(head: Int32Array, ptr: Int64Array, value: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Group sequences that are equal in their head and in every value.

    Parameters: `head` (n, h); `ptr` (n + 1,) CSR into `value`.
    Returns: `first` (g,) the first sequence of each group, ascending; `group` (n,).
    """
    n = len(head)
    first, group = np.zeros(n, np.int64), np.zeros(n, np.int64)
    found = 0
    length = np.diff(ptr)
    for calls in np.unique(length):
        rows = np.flatnonzero(length == calls)
        key = np.concatenate([head[rows], value[ptr[rows][:, None] + np.arange(calls)]], axis=1, dtype=np.int32)
        # Rows as opaque bytes compare in one go, and exactly.
        raw = np.ascontiguousarray(key).view(np.dtype((np.void, key.dtype.itemsize * key.shape[1]))).ravel()
        _, index, inverse = np.unique(raw, return_index=True, return_inverse=True)
        first[found : found + len(index)] = rows[index]
        group[rows] = found + inverse
        found += len(index)
    order = np.argsort(first[:found])
    rank = np.empty(found, np.int64)
    rank[order] = np.arange(found)
    return first[:found][order], rank[group].astype(np.int32)


def find_links(call_ptr: Int64Array, stop: Int32Array, distance_m: Float64Array, stops: int) -> Links:
    """The links that patterns drive; a link's length is the median over the patterns that drive it."""
    of_call = np.full(len(stop), NONE, np.int32)
    starts = np.ones(len(stop), bool)
    starts[call_ptr[1:] - 1] = False
    call = np.flatnonzero(starts)
    pair = stop[call].astype(np.int64) * stops + stop[call + 1]
    link, inverse, count = np.unique(pair, return_inverse=True, return_counts=True)
    of_call[call] = inverse
    gap = distance_m[call + 1] - distance_m[call]
    ascending = gap[np.lexsort((gap, inverse))]
    middle = np.cumsum(count) - count + (count - 1) // 2
    return Links((link // stops).astype(np.int32), (link % stops).astype(np.int32), ascending[middle], of_call)
