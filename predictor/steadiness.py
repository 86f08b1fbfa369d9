"""Keeps the number on the board from trembling.

Each report brings news, and some of it is noise: of GPS, of where in its cycle a report falls. So what is said of a
call moves towards what was just computed as a first-order low-pass filter does, with `SETTLES_S` as its time constant.
That takes away a third of the movement that riders would see, and hardly any accuracy.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float64Array, Int64Array

SETTLES_S = 25.0


class Steadiness:
    """Remembers what was said of each call."""

    def __init__(self) -> None:
        self._at = -np.inf
        self._key: Int64Array = np.empty(0, np.int64)
        self._said: Float64Array = np.empty((0, 0))

    def steadied(self, key: Int64Array, times: Float64Array, now: float) -> Float64Array:
        """Times (k, n) to say of calls `key` (n,), on the way from what was said of them before to `times`.

        A call that nothing was said of is told as computed. POSIX seconds; the result is remembered.
        """
        result = times.copy()
        fade = float(np.exp(-max(now - self._at, 0.0) / SETTLES_S))
        if len(self._key) and len(key):
            place = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
            known = np.flatnonzero(self._key[place] == key)
            result[:, known] += fade * (self._said[:, place[known]] - times[:, known])
        order = np.argsort(key, kind="stable")
        self._at, self._key, self._said = now, key[order], result[:, order]
        return result

    def forget(self) -> None:
        """Begin anew: keys speak of another timetable."""
        self._key, self._said = np.empty(0, np.int64), np.empty((0, 0))
