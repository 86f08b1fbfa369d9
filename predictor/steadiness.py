"""Keeps the number on the board from trembling.

Between two stops each report brings news, and some of it is noise: of GPS, of where in its cycle a report falls. So
what is said of a call moves towards what was just computed as a first-order low-pass filter does, with `SETTLES_S` as
its time constant. A stop that the vehicle has reached or left is no noise: what is computed from it is said at once.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array

SETTLES_S = 15.0


class Steadiness:
    """Remembers what was said of each call."""

    def __init__(self) -> None:
        self._at = -np.inf
        self._key: Int64Array = np.empty(0, np.int64)
        self._passed: Int32Array = np.empty(0, np.int32)
        self._said: Float64Array = np.empty(0)

    def steadied(self, key: Int64Array, time: Float64Array, passed: Int32Array, now: float) -> Float64Array:
        """Times (n,) to say of calls `key` (n,), on the way from what was said of them before to `time` (n,).

        A call that nothing was said of is told as computed, and so is one whose vehicle has reached or left a stop
        since, that is, whose `passed` (n,) is another. POSIX seconds; the result is remembered.
        """
        result = time.copy()
        fade = float(np.exp(-max(now - self._at, 0.0) / SETTLES_S))
        if len(self._key) and len(key):
            place = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
            known = np.flatnonzero((self._key[place] == key) & (self._passed[place] == passed))
            result[known] += fade * (self._said[place[known]] - time[known])
        order = np.argsort(key, kind="stable")
        self._at, self._key, self._passed, self._said = now, key[order], passed[order], result[order]
        return result

    @property
    def keys(self) -> Int64Array:
        """The calls that something was said of, sorted."""
        return self._key

    def forget(self, gone: BoolArray) -> None:
        """Forget those of `keys` (n,) that speak of other calls now."""
        self._key, self._passed, self._said = self._key[~gone], self._passed[~gone], self._said[~gone]
