"""How each trip ran on other days: its usual schedule deviation at every call.

What no link knows is the trip's own: a school's last bell, a connection that is waited for, a timetable that is wrong
at one stop every day.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from predictor.arrays import AnyArray, Float32Array, Float64Array, Int64Array, expand_ranges
from predictor.timetable import Timetable

_MOST_WEIGHT = 12.0
_FARTHEST_S = 1800.0
_SURPRISE_S = np.float32(180.0)


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
        # One day's breakdown must not move what is usual.
        limit = np.where(w >= 2.0, _SURPRISE_S, np.float32(_FARTHEST_S))
        surprise = np.clip(deviation - self.deviation_s[entry], -limit, limit)
        self.deviation_s[entry] += surprise / (w + 1.0)
        self.weight[entry] = np.minimum(w + 1.0, _MOST_WEIGHT)

    def learned(self) -> dict[str, AnyArray]:
        """What was learned, of the trips that anything is known of: `trip` (n,), their `calls` (n,), and by call."""
        tt = self.timetable
        known = np.add.reduceat(self.weight, tt.trip_call_ptr[:-1]) > 0 if len(self.weight) else np.zeros(0, bool)
        rows = known[tt.call_trip]
        return {
            "trip": tt.trip_id[known],
            "calls": tt.trip_calls[known],
            "weight": self.weight[rows],
            "deviation_s": self.deviation_s[rows],
        }

    def recall(self, learned: Mapping[str, AnyArray]) -> None:
        """Take over what `learned` gave, perhaps for another timetable: of the trips that are the same in this one."""
        tt = self.timetable
        _, trip, row = np.intersect1d(tt.trip_id, learned["trip"], return_indices=True)
        same = tt.trip_calls[trip] == learned["calls"][row]
        trip, row = trip[same], row[same]
        start = np.cumsum(learned["calls"]) - learned["calls"]
        _, ours = tt.entries_of(trip)
        _, theirs = expand_ranges(start[row], tt.trip_calls[trip])
        self.weight[ours], self.deviation_s[ours] = learned["weight"][theirs], learned["deviation_s"][theirs]
