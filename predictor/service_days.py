"""Which trips run on which service day, in which order a block drives them, and which day a report belongs to."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, Int64Array
from predictor.timetable import Timetable

NEAR_S = 12 * 3600.0
"""A trip that neither begins nor ends so near to a report is not the one that the report speaks of."""


class ServiceDays:
    """Answers about service days, each computed once and kept."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self.next_trip = lru_cache(maxsize=4)(self._next_trip)

    def around(self, now: float) -> list[int]:
        """Service days that can have a vehicle on the road at `now`: yesterday's, today's and tomorrow's."""
        origin = self._timetable.date_origin
        return np.flatnonzero((origin > now - 2.2 * 86400) & (origin < now + 3 * 3600)).tolist()

    def active(self, trip: Int32Array, service_day: Int32Array) -> BoolArray:
        """Whether each trip's service runs on the day (n,)."""
        tt = self._timetable
        result: BoolArray = tt.service_active[tt.trip_service[trip], service_day]
        return result

    def key(self, trip: Int32Array, service_day: Int32Array | int) -> Int64Array:
        """One int64 for each trip on a service day (n,)."""
        result: Int64Array = np.asarray(service_day, np.int64) * self._timetable.trips + trip
        return result

    def _next_trip(self, service_day: int) -> Int32Array:
        """(T,) the trip that the same block drives after each trip on that day, -1 where none.

        A block's trips are ordered by departure over all services of the day.
        """
        tt = self._timetable
        following = np.full(tt.trips, NONE, np.int32)
        runs = tt.service_active[tt.trip_service, service_day] & (tt.trip_block >= 0) & ~tt.trip_is_frequency
        trip = np.flatnonzero(runs).astype(np.int32)
        trip = trip[np.lexsort((tt.trip_start_s[trip], tt.trip_block[trip]))]
        same = tt.trip_block[trip[1:]] == tt.trip_block[trip[:-1]]
        following[trip[:-1][same]] = trip[1:][same]
        return following

    def of_reports(
        self, trip: Int32Array, service_date: Int32Array, start_time_s: Int32Array, at: Float64Array
    ) -> Int32Array:
        """Service day of each report (n,), -1 where its trip does not run within `NEAR_S` of `at`.

        A given `start_date` is believed where the timetable has that date; without one, the active day on which the
        trip's times lie nearest.
        """
        tt = self._timetable
        result = np.full(len(trip), NONE, np.int32)
        if len(trip) == 0 or len(tt.date) == 0:
            return result
        known = np.minimum(np.searchsorted(tt.date, service_date), len(tt.date) - 1)
        given = tt.date[known] == service_date
        result[given] = known[given]
        open_ = ~given
        if not open_.any():
            return result
        trip, at, start = trip[open_], at[open_], start_time_s[open_]
        begins = np.where(start >= 0, start, tt.trip_start_s[trip])
        ends = begins + (tt.trip_end_s[trip] - tt.trip_start_s[trip])
        today = np.searchsorted(tt.date_origin, at, side="right") - 1
        best = np.full(len(trip), NEAR_S)
        chosen = np.full(len(trip), NONE, np.int32)
        for back in (0, -1, 1):
            day = (today + back).astype(np.int32)
            inside = (day >= 0) & (day < len(tt.date))
            day = np.clip(day, 0, len(tt.date) - 1).astype(np.int32)
            late = at - tt.date_origin[day]
            away = np.maximum(np.maximum(begins - late, late - ends), 0.0)
            better = inside & self.active(trip, day) & (away < best)
            best[better], chosen[better] = away[better], day[better]
        result[open_] = chosen
        return result
