"""Calls that the operator has told as past: they do not come back to the boards when it speaks of them no more."""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int64Array
from predictor.journeys import dated_calls, dated_journeys
from predictor.operator_times import OperatorTimes

STILL_DUE_S = 60.0
"""A call is past when its departure was told to be this long ago, or is told no more."""
_REMEMBERED_S = 6 * 3600.0


class PastCalls:
    """Remembers when the operator last told each call to be left."""

    def __init__(self) -> None:
        self._key: Int64Array = np.empty(0, np.int64)
        self._departure: Float64Array = np.empty(0)
        self._left: BoolArray = np.empty(0, bool)
        """The operator speaks of it no more."""

    def told(self, operator: OperatorTimes, now: float) -> None:
        """Take in what a message says."""
        key = operator.calls.keys
        # A call that a message leaves out has been left, if it was due by then; else nothing is known of it.
        kept = ~np.isin(self._key, key) & (self._departure <= now) & (self._departure > now - _REMEMBERED_S)
        key = np.concatenate([key, self._key[kept]])
        departure = np.concatenate([operator.calls.departure, self._departure[kept]])
        left = np.arange(len(key)) >= len(operator.calls)
        order = np.argsort(key, kind="stable")
        self._key, self._departure, self._left = key[order], departure[order], left[order]

    def keys(self, now: float) -> Int64Array:
        """Sorted `call_key`s of the calls that are past."""
        return self._key[self._left | (self._departure < now - STILL_DUE_S)]

    def forget(self, journeys_from: int = 0) -> None:
        """Forget the calls of the journeys from this one on: their indices speak of other runs now."""
        _, journey = dated_journeys(dated_calls(self._key)[0])
        keep = journey < journeys_from
        self._key, self._departure, self._left = self._key[keep], self._departure[keep], self._left[keep]
