"""The time-distance diagram of every trip: where the timetable puts a vehicle at a time, and when at a place.

Each question is one binary search a vehicle, within the calls of its own trip or pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from predictor.arrays import Float64Array, Int32Array, clipped
from predictor.search_loop import first_above
from predictor.time_distance_loop import Diagrams, elapsed_at
from predictor.timetable import Timetable
from predictor.travel_times import TravelTimes


@dataclass(frozen=True, eq=False)
class TimeDistance:
    """See the module's docstring."""

    timetable: Timetable
    elapsed_s: Float64Array
    """(trip calls,) sum of the link times before each call: strictly ascending along a trip."""
    dwell_s: Float64Array
    """(trip calls,)"""

    @classmethod
    def of(cls, travel_times: TravelTimes) -> TimeDistance:
        """By the link times of the timetable."""
        tt = travel_times.timetable
        total = np.cumsum(travel_times.timetabled_s) - travel_times.timetabled_s
        return cls(
            timetable=tt,
            elapsed_s=total - np.repeat(total[tt.trip_call_ptr[:-1]], tt.trip_calls),
            dwell_s=travel_times.dwell_s,
        )

    def scheduled_distance_m(self, trip: Int32Array, seconds: Float64Array) -> Float64Array:
        """Where the timetable puts each trip (n,) `seconds` after the origin of its service date."""
        tt = self.timetable
        first, last = tt.trip_call_ptr[trip], tt.trip_call_ptr[trip + 1] - 1
        seconds = clipped(seconds, tt.departure_s[first], tt.arrival_s[last])
        entry = clipped(first_above(tt.departure_s, first, last + 1, seconds) - 1, first, np.maximum(last - 1, first))
        span = np.maximum(tt.arrival_s[entry + 1] - tt.departure_s[entry], 1)
        share = clipped((seconds - tt.departure_s[entry]) / span, 0.0, 1.0)
        here = tt.call_pattern_call[entry]
        start = tt.pattern_distance_m[here]
        result: Float64Array = start + share * (tt.pattern_distance_m[here + 1] - start)
        return result

    def calls_before(self, pattern: Int32Array, distance_m: Float64Array) -> Int32Array:
        """Number of each pattern's (n,) calls at or before a distance."""
        ptr = self.timetable.pattern_call_ptr
        at = first_above(self.timetable.pattern_distance_m, ptr[pattern], ptr[pattern + 1], distance_m)
        count: Int32Array = (at - ptr[pattern]).astype(np.int32)
        return count

    def call_distance_m(self, trip: Int32Array, call: Int32Array) -> Float64Array:
        """Distance of a call (n,) along its pattern; calls beyond the last are taken as the last."""
        tt = self.timetable
        pattern = tt.trip_pattern[trip]
        at = np.minimum(tt.pattern_call_ptr[pattern] + np.maximum(call, 0), tt.pattern_call_ptr[pattern + 1] - 1)
        return tt.pattern_distance_m[at]

    @cached_property
    def _diagrams(self) -> Diagrams:
        tt = self.timetable
        return Diagrams(
            tt.trip_pattern, tt.trip_call_ptr, tt.pattern_call_ptr, tt.pattern_distance_m, self.elapsed_s, self.dwell_s
        )

    def elapsed_at(self, trip: Int32Array, departed: Int32Array, distance_m: Float64Array) -> Float64Array:
        """Timetabled running seconds (n,) from the trip's start to a place between call departed - 1 and the next."""
        return elapsed_at(self._diagrams, trip, departed, distance_m)
