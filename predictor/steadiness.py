"""Keeps the number on the board from trembling.

Between two stops each report brings news, and some of it is noise: of GPS, of where in its cycle a report falls. So
what is said of a call moves towards what was just computed as a first-order low-pass filter does, with `SETTLES_S` as
its time constant. A stop that the vehicle has reached or left is no noise: what is computed from it is said at once.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import AnyArray, BoolArray, Float64Array, Int32Array, Int64Array, expand_ranges
from predictor.journeys import CALL_STEP

SETTLES_S = 15.0
REMEMBERED_S = 30.0


class Steadiness:
    """Remembers what was said of each call."""

    def __init__(self) -> None:
        # Times of the last steps; and by call, sorted: in which step it was told, how far its vehicle was, and what.
        self._steps: list[float] = []
        self._key: Int64Array = np.empty(0, np.int64)
        self._step: Int32Array = np.empty(0, np.int32)
        self._passed: Int32Array = np.empty(0, np.int32)
        self._said: Float64Array = np.empty(0)

    def steadied(self, key: Int64Array, time: Float64Array, passed: Int32Array, now: float) -> Float64Array:
        """Times (n,) to say of calls `key` (n,), on the way from what was said of them before to `time` (n,).

        A call that nothing was said of is told as computed, and so is one whose vehicle has reached or left a stop
        since, that is, whose `passed` (n,) is another. POSIX seconds; the result is remembered, and so is for
        `REMEMBERED_S` what was said of calls that are not among these.
        """
        order, begin = _ascending(key)
        key, passed, result = key[order], passed[order], time[order]
        place, known = _places(self._key, key, begin)
        again = np.flatnonzero(known)
        again = again[self._passed[place[again]] == passed[again]]
        was = place[again]
        fade = np.array([float(np.exp(-max(now - at, 0.0) / SETTLES_S)) for at in self._steps])
        result[again] += fade[self._step[was]] * (self._said[was] - result[again])
        others = np.ones(len(self._key), bool)
        others[place[known]] = False
        self._remember(key, passed, result, others, now)
        restored = np.empty(len(key))
        restored[order] = result
        return restored

    def _remember(self, key: Int64Array, passed: Int32Array, said: Float64Array, others: BoolArray, now: float) -> None:
        """Remember this, sorted by key, with those `others` that are not too old."""
        recent = np.array([at > now - REMEMBERED_S for at in self._steps], bool)
        stay = np.flatnonzero(others & recent[self._step]) if len(recent) else np.empty(0, np.int64)
        first = int(recent.argmax()) if recent.any() else len(recent)
        self._steps = [*self._steps[first:], now]
        step = np.full(len(key), len(self._steps) - 1, np.int32)
        if len(stay):
            place = np.searchsorted(key, self._key[stay]) + np.arange(len(stay))
            key, passed, said, step = (
                _merged(new, old[stay], place)
                for new, old in (
                    (key, self._key), (passed, self._passed), (said, self._said), (step, self._step - np.int32(first)),
                )
            )  # fmt: skip
        self._key, self._passed, self._said, self._step = key, passed, said, step

    @property
    def keys(self) -> Int64Array:
        """The calls that something was said of, sorted."""
        return self._key

    def forget(self, gone: BoolArray) -> None:
        """Forget those of `keys` (n,) that speak of other calls now."""
        self._key, self._passed = self._key[~gone], self._passed[~gone]
        self._said, self._step = self._said[~gone], self._step[~gone]


def _ascending(key: Int64Array) -> tuple[Int64Array, Int64Array]:
    """The order (n,) that sorts keys, and where among them so sorted those of a run begin that follow one another."""
    if len(key) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    begin = np.flatnonzero(np.append(True, np.diff(key) != CALL_STEP))
    count = np.diff(begin, append=len(key))
    runs = np.argsort(key[begin], kind="stable")
    _, order = expand_ranges(begin[runs], count[runs])
    if (np.diff(key[order]) >= 0).all():
        return order, np.cumsum(count[runs]) - count[runs]
    # Runs by headway that start at different times lie between one another.
    return np.argsort(key, kind="stable"), np.arange(len(key))


def _places(known: Int64Array, key: Int64Array, begin: Int64Array) -> tuple[Int64Array, BoolArray]:
    """Where each key (n,) stands among the sorted `known` (m,), and whether it does; `begin` as of `_ascending`."""
    if len(known) == 0 or len(key) == 0:
        return np.zeros(len(key), np.int64), np.zeros(len(key), bool)
    last = len(known) - 1
    first = np.minimum(np.searchsorted(known, key[begin]), last)
    # Most runs follow one another there as well, from where they begin or some calls later.
    place = np.repeat(first - (known[first] - key[begin]) // CALL_STEP - begin, np.diff(begin, append=len(key)))
    place = np.clip(place + np.arange(len(key)), 0, last)
    found: BoolArray = known[place] == key
    rest = np.flatnonzero(~found)
    place[rest] = np.minimum(np.searchsorted(known, key[rest]), last)
    found[rest] = known[place[rest]] == key[rest]
    return place, found


def _merged(values: AnyArray, others: AnyArray, place: Int64Array) -> AnyArray:
    """`values` (n,) with `others` (m,) between them, at these places of the result (m,)."""
    result = np.empty(len(values) + len(others), values.dtype)
    own = np.ones(len(result), bool)
    own[place] = False
    result[own], result[place] = values, others
    return result
