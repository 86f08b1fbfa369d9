"""Which trips run on which service day, and in which order a block drives them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from predictor.arrays import NONE, Int32Array, Int64Array, where_true
from predictor.timetable import DAY_S, Timetable

_OVERNIGHT_S = 3600.0
"""Riders stay aboard a vehicle that goes on with the next service day no longer than this."""


class ServiceDays:
    """Answers about service days, each computed once and kept."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        self.next_trip = lru_cache(maxsize=4)(self._next_trip)

    def around(self, now: float) -> list[int]:
        """Service days that can have a vehicle on the road at `now`: yesterday's, today's and tomorrow's."""
        origin = self.timetable.date_origin
        days: list[int] = where_true((origin > now - 2.2 * DAY_S) & (origin < now + 3 * 3600)).tolist()
        return days

    def key(self, trip: Int32Array, service_day: Int32Array | int) -> Int64Array:
        """One int64 for each trip on a service day (n,)."""
        return np.asarray(service_day, np.int64) * self.timetable.trips + trip

    def following(self, trip: Int32Array, service_day: Int32Array) -> Int32Array:
        """The trip that the same block drives after each trip (n,) on its day, -1 where none."""
        result = np.full(len(trip), NONE, np.int32)
        for day in np.unique(service_day).tolist():
            of_day = service_day == day
            result[of_day] = self.next_trip(day)[trip[of_day]]
        return result

    def onward(self, trip: Int32Array, service_day: Int32Array) -> tuple[Int32Array, Int32Array]:
        """The trip, and its day, that the vehicle drives after each trip (n,) on its day, -1 where none: that of its
        block, else the one of the next day as which it goes on, its riders aboard."""
        to, day = self.following(trip, service_day), service_day.copy()
        if len(self.timetable.continuation_trip) == 0:
            return to, day
        for on in np.unique(service_day).tolist():
            rows = where_true((service_day == on) & (to < 0))
            to[rows] = continued_overnight(self.timetable, on)[trip[rows]]
            day[rows] += to[rows] >= 0
        return to, day

    def _next_trip(self, service_day: int) -> Int32Array:
        """(T,) the trip that the same block drives after each trip on that day, -1 where none.

        A block's trips are ordered by departure over all services of the day. Of a train that is divided on the way
        both parts may stand in one block: a trip that is driven beside another does not follow it.
        """
        tt = self.timetable
        following = np.full(tt.trips, NONE, np.int32)
        runs = tt.service_active[tt.trip_service, service_day] & (tt.trip_block >= 0) & ~tt.trip_repeats
        trip = where_true(runs).astype(np.int32)
        trip = trip[np.lexsort((tt.trip_start_s[trip], tt.trip_block[trip]))]
        begins, ends, block = tt.trip_start_s[trip], tt.trip_end_s[trip], tt.trip_block[trip]
        row, after = np.arange(len(trip)), np.arange(1, len(trip) + 1)
        while len(row):
            row, after = row[after < len(trip)], after[after < len(trip)]
            row, after = row[block[after] == block[row]], after[block[after] == block[row]]
            shorter_s = np.minimum(ends[row] - begins[row], ends[after] - begins[after])
            beside = 2 * (ends[row] - begins[after]) >= np.maximum(shorter_s, 1)
            following[trip[row[~beside]]] = trip[after[~beside]]
            row, after = row[beside], after[beside] + 1
        return following


@lru_cache(maxsize=4)
def continued_overnight(timetable: Timetable, service_day: int) -> Int32Array:
    """(T,) the next day's trip as which each trip of that day goes on, its riders aboard, -1 where none."""
    tt, following = timetable, np.full(timetable.trips, NONE, np.int32)
    if service_day + 1 < len(tt.date):
        trip, to = tt.continuation_trip, tt.continuation_to
        ends = tt.date_origin[service_day] + tt.trip_end_s[trip]
        waits_s = tt.date_origin[service_day + 1] + tt.trip_start_s[to] - ends
        fits = tt.runs_on(trip, service_day) & tt.runs_on(to, service_day + 1)
        fits &= (waits_s >= 0) & (waits_s <= _OVERNIGHT_S)
        # Of several the first counts: it is written last.
        following[trip[fits][::-1]] = to[fits][::-1]
    return following
