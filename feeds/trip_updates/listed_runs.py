"""Runs that list their calls: added ones, new ones, replacements."""

from __future__ import annotations

from collections import Counter

import numpy as np

from feeds.trip_updates.call_times import EARLIEST_S, OUT_OF_ORDER_S
from feeds.trip_updates.message_columns import StopTimeUpdates, at, first_known, last_known
from feeds.trip_updates.planned_calls import PlannedCalls, filled, listed_calls
from predictor.arrays import NONE, Float64Array, Int32Array
from predictor.new_places import NewRoute
from predictor.stop_alignment import aligned, patterns_along
from predictor.timetable import NO_PICKUP, PLATFORM, Timetable


def listed_run(
    tt: Timetable, owner: int, base: int, route: int, day: int, moved_s: int, updates: StopTimeUpdates,
    refused: Counter[str],
) -> tuple[PlannedCalls, bool]:  # fmt: skip
    """The calls of a run that lists them, with their scheduled times, and whether these are stated.

    Scheduled is what the message says is; else the time less the delay; else, where the run takes the place of one that
    has the same call, the timetable; else what is told now.
    """
    if (updates.sequence >= 0).all() and len(np.unique(updates.sequence)) == len(updates.sequence):
        updates = updates.take(np.argsort(updates.sequence, kind="stable"))
    elif (updates.sequence < 0).all():
        updates = _in_time(tt, updates)
    no_call = np.empty(0, np.int32)
    base_stop, base_sequence = no_call, no_call
    origin, first = 0.0, 0
    if base >= 0:
        first = int(tt.trip_call_ptr[base])
        span = slice(first, int(tt.trip_call_ptr[base + 1]))
        base_stop, base_sequence = tt.call_stop[span], tt.stop_sequence[span]
        origin = float(tt.date_origin[day] + moved_s)
    stop = np.where(updates.assigned >= 0, updates.assigned, updates.stop)
    stop = _platforms(tt, stop, route, updates.sequence, base_stop, base_sequence)
    updates, stop = updates.take(stop >= 0), stop[stop >= 0]
    base_call = np.array(aligned(tuple(stop.tolist()), tuple(base_stop.tolist())), np.int64)
    entry = np.where(base_call >= 0, first + base_call, NONE)
    by_base_arrival = at(origin + tt.arrival_s.astype(np.float64), entry) if base >= 0 else np.full(len(stop), np.nan)
    by_base_departure = at(origin + tt.departure_s.astype(np.float64), entry) if base >= 0 else by_base_arrival
    early_s = by_base_departure - first_known(updates.departure, updates.arrival)
    early_s = early_s[~np.isnan(early_s)]
    if len(early_s) and early_s.min() > EARLIEST_S:
        # No run is so early: this one has been moved.
        by_base_arrival, by_base_departure = np.full((2, len(stop)), np.nan)

    stated_arrival = first_known(updates.stated_arrival, by_base_arrival)
    stated_departure = first_known(updates.stated_departure, by_base_departure)
    stated_arrival, stated_departure = (
        first_known(stated_arrival, stated_departure),
        first_known(stated_departure, stated_arrival),
    )
    told_arrival = first_known(updates.arrival, updates.departure)
    told_departure = first_known(updates.departure, updates.arrival)
    # Between calls whose delay is known, one that only says when it is now is as late as the one before.
    late = last_known(told_arrival - stated_arrival)
    # Nor is it later than the next call was to be.
    by_next = np.fmin.accumulate(stated_arrival[::-1])[::-1]
    arrival = first_known(stated_arrival, _no_later(told_arrival - late, by_next))
    departure = first_known(stated_departure, _no_later(told_departure - late, by_next))
    is_stated = not np.isnan(stated_arrival[~np.isnan(arrival)]).any()
    unplanned = (base_call < 0) & np.isnan(stated_arrival) & (base >= 0)
    position = np.arange(len(stop), dtype=np.float64)
    arrival, departure = filled(arrival, position), filled(departure, position)
    timed = ~np.isnan(arrival)
    pickup = updates.pickup_type.copy()
    if len(stop) == 1 and np.isnan(updates.departure).all() and np.isnan(updates.departure_delay_s).all():
        # A single stop of which only the arrival is told is where the run ends.
        pickup[pickup < 0] = NO_PICKUP
    refused["added_stop_without_time"] += int((~timed).sum())
    return (
        listed_calls(
            owner, updates.sequence[timed], stop[timed], arrival[timed], departure[timed], base_call[timed].tolist(),
            pickup[timed], updates.drop_off_type[timed], unplanned[timed],
        ),
        is_stated,
    )  # fmt: skip


def _no_later(times: Float64Array, than: Float64Array) -> Float64Array:
    return np.where(times > than, than, times)


def _in_time(tt: Timetable, updates: StopTimeUpdates) -> StopTimeUpdates:
    """Updates without numbers, by their times where these are out of order, and the stops as they stand are in the
    order of no line, or those by time in that of one: a single time may be wrong."""
    times = first_known(updates.scheduled_departure, updates.departure, updates.scheduled_arrival, updates.arrival)
    by_time = np.argsort(last_known(times), kind="stable")
    times = times[~np.isnan(times)]
    if not (np.diff(times) < -OUT_OF_ORDER_S).any() or len(patterns_along(tt, updates.stop[updates.stop >= 0], NONE)):
        return updates
    return updates.take(by_time)


def _platforms(
    tt: Timetable, stop: Int32Array, route: int, sequence: Int32Array, base_stop: Int32Array, base_sequence: Int32Array
) -> Int32Array:
    """Stops (u,) with the platform for a station, of several one at which the line calls on this way, and the base
    run's stop where only its number is given."""
    stop = stop.copy()
    for u in np.flatnonzero((stop < 0) & (sequence >= 0)).tolist():
        numbered = np.flatnonzero(base_sequence == sequence[u])
        stop[u] = base_stop[numbered[0]] if len(numbered) else NONE
    is_station = (stop >= 0) & (tt.stop_location_type[np.maximum(stop, 0)] != PLATFORM)
    known = (stop >= 0) & ~is_station
    for u in np.flatnonzero(is_station).tolist():
        own, platforms = base_stop[tt.stop_parent[base_stop] == stop[u]], np.flatnonzero(tt.stop_parent == stop[u])
        known[u] = True
        if len(own) == 0 and len(platforms) > 1:
            ways = [np.where(np.arange(len(stop)) == u, platform, stop)[known] for platform in platforms]
            platforms = platforms[[len(patterns_along(tt, way, route)) > 0 for way in ways]]
        found = own if len(own) else platforms
        known[u] = len(found) > 0
        stop[u] = found[0] if len(found) else stop[u]
    return stop


def line_of(tt: Timetable, stops: Int32Array, route: int, direction: int) -> tuple[int, int]:
    """Route and direction of an added run: as told, else those of the one line that has its stops in this order."""
    if route >= 0 and direction >= 0:
        return route, direction
    along = patterns_along(tt, stops, route)
    routes, directions = np.unique(tt.pattern_route[along]), np.unique(tt.pattern_direction[along])
    if route < 0 and len(routes) == 1:
        route = int(routes[0])
    if direction < 0 and len(directions) == 1:
        direction = int(directions[0])
    return route, direction


class NewRoutes:
    """The lines of runs that drive on none of the timetable's."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._found: dict[str, NewRoute] = {}

    @property
    def all(self) -> tuple[NewRoute, ...]:
        """In order of their indices, behind the timetable's."""
        return tuple(self._found.values())

    def index_of(self, route_id: str, name: str, stops: Int32Array) -> int:
        """The line of this id; a new one is of the type of most lines at these stops."""
        tt = self._timetable
        if route_id not in self._found:
            types = tt.route_type[tt.pattern_route[tt.pattern_of_call[np.isin(tt.pattern_stop, stops)]]]
            agencies = np.unique(tt.route_agency_id)
            self._found[route_id] = NewRoute(
                route_id=route_id,
                long_name=name,
                type=int(np.bincount(types).argmax()) if len(types) else 3,
                agency_id=str(agencies[0]) if len(agencies) == 1 else "",
            )
        return len(tt.route_id) + list(self._found).index(route_id)
