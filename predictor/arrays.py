"""Array types and the few operations on ragged and sorted arrays that the core is built on.

Ids are strings at the edges and int32 indices inside; -1 stands for "none" in every index array and NaN in
every float array. A `NewType` names what a single index counts where two could be mixed up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NewType, TypeVar

import numpy as np
import numpy.typing as npt

StopIdx = NewType("StopIdx", int)
RouteIdx = NewType("RouteIdx", int)

BoolArray = npt.NDArray[np.bool_]
UInt8Array = npt.NDArray[np.uint8]
Int8Array = npt.NDArray[np.int8]
Int16Array = npt.NDArray[np.int16]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt32Array = npt.NDArray[np.uint32]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
AnyArray = npt.NDArray[Any]
StrArray = npt.NDArray[np.str_]

# Looked up, not taken apart: what an `NDArray[…]` is made of is NumPy's own matter, and changes.
DTYPES: Mapping[Any, np.dtype[Any]] = MappingProxyType(
    {
        BoolArray: np.dtype(np.bool_), UInt8Array: np.dtype(np.uint8), UInt32Array: np.dtype(np.uint32),
        Int8Array: np.dtype(np.int8), Int16Array: np.dtype(np.int16), Int32Array: np.dtype(np.int32),
        Int64Array: np.dtype(np.int64),
        Float32Array: np.dtype(np.float32), Float64Array: np.dtype(np.float64), StrArray: np.dtype(np.str_),
    }
)  # fmt: skip
"""What each array type holds."""

Number = TypeVar("Number", np.int64, np.float64)

NONE = -1


def where_true(mask: AnyArray) -> Int64Array:
    """Rows (m,) of a mask (n,) that are true, or not 0: as `np.flatnonzero`, which takes six times as long for a short
    one."""
    rows: Int64Array = mask.nonzero()[0]
    return rows


def clipped(values: Any, low: Any, high: Any) -> Any:
    """Values (n,) no less than `low` and no more than `high`: as `np.clip`, which looks at their types for longer than
    it takes to clip a hundred."""
    return np.minimum(np.maximum(values, low), high)


def median(values: Float64Array) -> float:
    """The median of values (n,), of which there are some and none is NaN: as `np.median`, which takes twenty times as
    long for a few."""
    ordered, middle = np.sort(values), len(values) // 2
    return float(ordered[middle] if len(values) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle]))


def or_where_unknown(values: Float64Array, otherwise: float) -> Float64Array:
    """Values (n,), `otherwise` for NaN: as `np.nan_to_num`, which passes over them six times."""
    return np.where(np.isnan(values), otherwise, values)


def expand_ranges(start: npt.NDArray[np.integer], count: npt.NDArray[np.integer]) -> tuple[Int64Array, Int64Array]:
    """Flatten ranges [start, start + count) into one index array.

    Parameters: `start`, `count` (n,) integers, count >= 0.
    Returns: `owner` (sum(count),) int64, which range each entry came from; `index` (sum(count),) int64.
    """
    count64 = count.astype(np.int64, copy=False)
    owner = np.arange(len(count64)).repeat(count64)
    first = count64.cumsum() - count64
    return owner, np.arange(len(owner)) + (start.astype(np.int64, copy=False) - first).repeat(count64)


def concatenated(parts: Sequence[AnyArray], dtype: type[np.generic]) -> AnyArray:
    """Arrays one behind the other; none at all give an empty one."""
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype)


def group_starts(owner: Int64Array, groups: int) -> Int64Array:
    """CSR pointer (groups + 1,) int64 of a sorted `owner` array."""
    return np.searchsorted(owner, np.arange(groups + 1)).astype(np.int64)


def sorted_once(keys: Int64Array) -> Int64Array:
    """`keys` (n,) sorted, each once: as `np.unique`, which makes a hash table first and takes five times as long."""
    keys = keys.copy()
    keys.sort()
    return keys[first_of_each(keys)]


def each_once(keys: Int64Array | Int32Array) -> tuple[AnyArray, Int64Array]:
    """The different `keys` (n,) in order, and the place of each key among them: as `np.unique`, which takes four times
    as long for a few."""
    order = keys.argsort(kind="stable")
    ordered = keys[order]
    first, place = first_of_each(ordered), np.empty(len(keys), np.int64)
    place[order] = first.cumsum() - 1
    return ordered[first], place


def first_of_each(*columns: AnyArray) -> BoolArray:
    """Rows (n,) that are the first of their group; those that are alike in all `columns` (n,) stand together."""
    first = np.empty(len(columns[0]), bool)
    first[:1] = True
    first[1:] = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        first[1:] |= column[1:] != column[:-1]
    return first


def running_maximum(values: npt.NDArray[Number], group: npt.NDArray[np.integer]) -> npt.NDArray[Number]:
    """The greatest of `values` (n,) up to each one, within its group; `group` (n,) does not decrease."""
    if len(values) == 0:
        return values
    # Groups one above the other, so that one pass serves them all.
    laddered = values + group.astype(np.int64) * (values.max() - values.min() + 1)
    greatest = np.where(laddered >= np.maximum.accumulate(laddered), np.arange(len(values)), 0)
    return values[np.maximum.accumulate(greatest)]


def places_of(keys: AnyArray, sorted_keys: AnyArray) -> Int64Array:
    """Where each of `keys` (n,) stands first among `sorted_keys`, -1 where it is none of them."""
    if len(sorted_keys) == 0:
        return np.full(len(keys), NONE, np.int64)
    place = np.minimum(sorted_keys.searchsorted(keys), len(sorted_keys) - 1)
    return np.where(sorted_keys[place] == keys, place, NONE)


def contains(sorted_keys: Int64Array, keys: Int64Array) -> BoolArray:
    """For each of `keys` (n,), whether it is among `sorted_keys`."""
    if len(sorted_keys) == 0:
        return np.zeros(len(keys), bool)
    found: BoolArray = sorted_keys[np.minimum(sorted_keys.searchsorted(keys), len(sorted_keys) - 1)] == keys
    return found


def is_one_of(values: npt.NDArray[np.integer] | Float64Array, few: Sequence[int]) -> BoolArray:
    """For each of `values` (n,), whether it is one of a `few` numbers: as `np.isin`, which takes ten times as long to
    find out how."""
    found: BoolArray = values == few[0]
    for other in few[1:]:
        found |= values == other
    return found


def is_among(keys: Int64Array, others: Int64Array) -> BoolArray:
    """For each of `keys` (n,), whether it is one of `others` (m,), in any order: as `np.isin`, which puts all of both
    in order, even where there is no key."""
    if len(keys) == 0 or len(others) == 0:
        return np.zeros(len(keys), bool)
    return contains(np.sort(others), keys)
