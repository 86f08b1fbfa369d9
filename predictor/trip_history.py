"""How each trip ran on other days: its usual schedule deviation at every call.

What no link knows is the trip's own: a school's last bell, a connection that is waited for, a timetable that is wrong
at one stop every day.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float32Array, Float64Array, Int64Array
from predictor.timetable import Timetable

_MOST_WEIGHT = 12.0
_FARTHEST_S = 1800.0


class TripHistory:
    """Weighted mean of the deviations at each trip call."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        self.weight: Float32Array = np.zeros(len(timetable.arrival_s), np.float32)
        self.deviation_s: Float32Array = np.zeros(len(timetable.arrival_s), np.float32)

    def observe(self, entry: Int64Array, deviation_s: Float64Array) -> None:
        """Learn from deviations (n,) at trip calls; each trip call comes once at the most."""
        near = np.abs(deviation_s) < _FARTHEST_S
        entry, deviation = entry[near], deviation_s[near].astype(np.float32)
        w = self.weight[entry]
        self.deviation_s[entry] += (deviation - self.deviation_s[entry]) / (w + 1.0)
        self.weight[entry] = np.minimum(w + 1.0, _MOST_WEIGHT)

    def adopt(self, older: TripHistory) -> None:
        """Take over what was learned against another timetable, for the trips that are the same in both."""
        new, old = self.timetable, older.timetable
        _, here, there = np.intersect1d(new.trip_id, old.trip_id, return_indices=True)
        same = new.trip_calls[here] == old.trip_calls[there]
        for mine, other in zip(here[same].tolist(), there[same].tolist(), strict=True):
            span = slice(new.trip_call_ptr[mine], new.trip_call_ptr[mine + 1])
            was = slice(old.trip_call_ptr[other], old.trip_call_ptr[other + 1])
            self.weight[span], self.deviation_s[span] = older.weight[was], older.deviation_s[was]
