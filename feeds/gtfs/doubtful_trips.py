"""Trips that are read as written, though something of theirs is hardly meant so: told among the problems of a feed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.gtfs.calls import FILE, HOUR_S, Calls
from feeds.gtfs.problems import Problems
from feeds.gtfs.trips import Trips
from predictor.arrays import NONE, BoolArray, Int64Array
from predictor.driven_order import COARSEST_TIMES_S, undrivable_hops
from predictor.straight_lines import IMPOSSIBLE_M_S, SLACK_M
from predictor.timetable import DAY_S, Timetable

_ALIKE = 4
"""Trips with the same beginning and end are compared with so many others of them, ordered."""


def tell_doubtful_trips(
    timetable: Timetable, trips: Trips, calls: Calls, drawn: BoolArray, problems: Problems
) -> Int64Array:
    """Add what is doubtful of the trips (T,) and calls (E,) of a timetable; `drawn` (T,): the feed has their shapes.
    Given back is for each trip (T,) which one it is once more on the same service days, -1 for none."""
    _tell_undrivable(timetable, trips, calls, drawn, problems)
    _tell_half_days(timetable, trips, calls, problems)
    return _tell_doubles(timetable, trips, problems)


def _tell_undrivable(timetable: Timetable, trips: Trips, calls: Calls, drawn: BoolArray, problems: Problems) -> None:
    """Where, of the trips that are not `drawn` (T,), an order of stops cannot be driven."""
    undrivable = undrivable_hops(timetable) & ~drawn[calls.trip]
    problems.rows(
        FILE, calls.row[undrivable], trips.trip_id[calls.trip[undrivable]],
        "the way to the next stop asks for far more speed than this trip has elsewhere; the order given stays, unless "
        "vehicles are seen to call in another one (prochain learn).",
    )  # fmt: skip


def _tell_half_days(timetable: Timetable, trips: Trips, calls: Calls, problems: Problems) -> None:
    """Where a trip takes half a day more than its way to the next stop."""
    tt, trip = timetable, timetable.call_trip
    way_m = np.diff(tt.pattern_distance_m[tt.call_pattern_call])
    more_s = tt.arrival_s[1:] - tt.departure_s[:-1] - DAY_S / 2 + COARSEST_TIMES_S
    odd = (trip[1:] == trip[:-1]) & (more_s >= 0) & (more_s < HOUR_S) & (way_m < IMPOSSIBLE_M_S * more_s + SLACK_M)
    call = np.flatnonzero(odd)
    problems.rows(
        FILE, calls.row[call], trips.trip_id[trip[call]],
        "twelve hours and no more than the way takes to the next stop, as where AM and PM are exchanged or were lost; "
        "read as written.",
    )  # fmt: skip


def once_a_block(tt: Timetable, double_of: Int64Array) -> Timetable:
    """The timetable without the days of the doubles of trips of their own block (`double_of` (T,), -1: none) on which
    both run: no vehicle drives both. Who names them means the others (`Timetable.trip_index`)."""
    trip = np.flatnonzero((double_of >= 0) & (tt.trip_block >= 0))
    trip = trip[tt.trip_block[trip] == tt.trip_block[double_of[trip]]]
    if len(trip) == 0:
        return tt
    services = np.column_stack([tt.trip_service[trip], tt.trip_service[double_of[trip]]])
    (own, other), of_trip = (both.T for both in np.unique(services, axis=0, return_inverse=True))
    trip_service = tt.trip_service.copy()
    trip_service[trip] = len(tt.service_id) + of_trip
    names = [
        f"{tt.service_id[a]} without {tt.service_id[b]}" for a, b in zip(own.tolist(), other.tolist(), strict=True)
    ]
    return replace(
        tt,
        trip_service=trip_service,
        service_id=np.append(tt.service_id, names),
        service_active=np.concatenate([tt.service_active, tt.service_active[own] & ~tt.service_active[other]]),
    )


def _tell_doubles(timetable: Timetable, trips: Trips, problems: Problems) -> Int64Array:
    """Trips that make the same calls at the same times on the same days as others of their pattern, be it under another
    service day: at 24:30 of yesterday and at 00:30 of today. Given back is for each trip (T,) which one it is once more
    on the same service days, -1 for none."""
    tt = timetable
    days_on, start_s = np.divmod(tt.trip_start_s, DAY_S)
    ends = np.column_stack([tt.trip_pattern, start_s, tt.trip_lasts_s])
    order = np.lexsort(ends.T)
    double = np.isin(np.arange(tt.trips), tt.journey_trip[(tt.journey_shift_s != 0) | (tt.journey_headway_s > 0)])
    by_headway, double_of = double.copy(), np.full(tt.trips, NONE, np.int64)
    for apart in range(1, _ALIKE + 1):
        other, trip = order[:-apart], order[apart:]
        same = (ends[other] == ends[trip]).all(axis=1)
        other, trip = other[same], trip[same]
        earlier = days_on[trip] - days_on[other]
        kinds, pair = np.unique(
            np.column_stack([tt.trip_service[other], tt.trip_service[trip], earlier]), axis=0, return_inverse=True
        )
        meet = np.array([_meet(tt.service_active[a], tt.service_active[b], days) for a, b, days in kinds], bool)
        other, trip, later_s = other[meet[pair]], trip[meet[pair]], earlier[meet[pair]] * DAY_S
        alike = tt.same_calls(trip, other, later_s)
        double[trip[alike]] = True
        alike &= (later_s == 0) & ~by_headway[trip] & (double_of[trip] < 0)
        double_of[trip[alike]] = other[alike]
    rows = np.flatnonzero(double & ~by_headway)
    problems.rows(
        "trips.txt", trips.row[rows], trips.trip_id[rows],
        "another trip of the line makes the same calls at the same times on the same days; boards show both, "
        "but where both are of one block.",
    )  # fmt: skip
    return double_of


def _meet(service: BoolArray, earlier: BoolArray, days: int) -> bool:
    """Whether a service (D,) is active on any day and another so many `days` before it."""
    if days < 0:
        return _meet(earlier, service, -days)
    return bool((service[days:] & earlier[: len(earlier) - days]).any())
