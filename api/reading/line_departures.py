"""The directions of a line, and the next departure from each stop along them, each visit to a stop by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby

import numpy as np

from api.reading.board import AHEAD_S, WEEK_S, WINDOW_S, stop_boards
from api.reading.boarding import between_stops
from api.reading.calls import RunCall
from api.reading.destinations import usual_destination
from api.reading.lines import patterns_of, stops_along
from api.reading.moment import Moment
from api.reading.moved_away import moved_departures_along
from api.reading.running_trips import journeys_under_way
from api.service.view import ServiceView
from predictor.arrays import NONE, Int32Array
from predictor.timetable import Timetable

_DAYS_AHEAD = 7


@dataclass(frozen=True)
class RouteDirection:
    """One direction of a line, as its trips of today run it, or those of the coming days."""

    direction: int
    destination: str
    """What most of its trips are bound for where they set out,"""
    way_on: int
    """and by which stop, where that does not tell which way they go (see `Lines.way_on`) or the direction, else -1."""
    stops: list[int]
    """Those of the pattern that most of its trips run,"""
    between: list[tuple[str, str, bool]]
    """and how to board and get off between them, see `between_stops`."""
    also: list[int]
    """Those that only its other trips serve, but for other platforms of these."""


def directions_of(moment: Moment, route: int) -> list[RouteDirection]:
    """The directions in which a line runs today, or where it has none of that direction today in the coming week or,
    past midnight, still from the day before; on any day where it does not run at all then."""
    tt, day = moment.timetable, moment.today
    trips = np.flatnonzero(tt.trip_route == route).astype(np.int32)
    direction = tt.trip_way[trips]
    active = tt.service_active[tt.trip_service[trips], day : day + _DAYS_AHEAD]
    # Past midnight the last runs of the day before are still out.
    _, to_come = journeys_under_way(tt, moment.now, -WINDOW_S)
    today, soon = active[:, 0], active.any(axis=1) | np.isin(trips, tt.journey_trip[to_come])
    soon = soon if soon.any() else np.ones(len(trips), bool)
    ways = [(way, direction == way) for way in np.unique(direction[soon]).tolist()]
    found = [_direction(moment, day, way, trips[own & (today if today[own].any() else soon)]) for way, own in ways]
    return [_told_apart(tt, one, [other for other in found if other is not one]) for one in found]


def _told_apart(tt: Timetable, way: RouteDirection, others: Sequence[RouteDirection]) -> RouteDirection:
    """The direction, by a stop of its own where another is bound for the same and nothing tells them apart."""
    alike = [other for other in others if other.destination == way.destination]
    if not alike or way.way_on >= 0:
        return way
    elsewhere = set(tt.station[[stop for other in alike for stop in other.stops]].tolist())
    own = (stop for stop in [*way.stops[1:], way.stops[0]] if int(tt.station[stop]) not in elsewhere)
    return replace(way, way_on=next(own, NONE))


def _direction(moment: Moment, day: int, direction: int, trips: Int32Array) -> RouteDirection:
    tt = moment.timetable
    patterns = patterns_of(tt, trips)
    stops, *others = [stops_along(tt, pattern) for pattern in patterns]
    # Two calls in a row at one stop are one to riders.
    stops = [stop for stop, _ in groupby(stops)]
    stations = set(tt.station[stops].tolist())
    return RouteDirection(
        direction=direction,
        destination=usual_destination(moment.view.snapshot, day, trips),
        way_on=moment.lines.way_on(int(trips[tt.trip_pattern[trips] == patterns[0]][0]), 0),
        stops=stops,
        between=between_stops(tt, patterns[0]),
        also=[stop for stop in dict.fromkeys(chain(*others)) if int(tt.station[stop]) not in stations],
    )


def next_departures(moment: Moment, route: int, direction: int, stops: Sequence[int]) -> list[RunCall | None]:
    """For each of the stops along a line (one may stand there twice) the next departure of the line in that direction,
    live or by the timetable, also where it leaves from another platform there today; None where there is none in the
    coming days.

    A trip that calls at a stop several times is told at the visit that it makes: the first at the first, and so on.
    """
    asked = "next departures", route, direction, tuple(stops)
    return moment.once(asked, lambda: _next_departures(moment, route, direction, stops))


def _next_departures(moment: Moment, route: int, direction: int, stops: Sequence[int]) -> list[RunCall | None]:
    view, now, tt = moment.view, moment.now, moment.timetable
    visits = {stop: [place for place, other in enumerate(stops) if other == stop] for stop in dict.fromkeys(stops)}
    found: dict[int, RunCall] = {}
    # At night nothing comes soon, at the weekend for long: then the first of the morning or week is looked for.
    for window_s in (WINDOW_S, AHEAD_S, WEEK_S):
        asked = [stop for stop, places in visits.items() if not found.keys() >= set(places)]
        if not asked or (window_s == WEEK_S and found):
            break
        boards, next_ones = stop_boards(view, asked, now, window_s, route=route), dict[int, int]()
        for stop, board in zip(asked, boards, strict=True):
            comes = board.comes & ~board.repeats & (board.calls.stop == stop)
            comes &= tt.trip_way[board.calls.trip] == direction
            for row in np.flatnonzero(comes).tolist():
                place, *others = visits[stop]
                if others:
                    place = _visit(view, visits[stop], int(board.calls.trip[row]), int(board.calls.call[row]), stop)
                if place not in found:
                    next_ones.setdefault(place, board.part.start + row)
                if not others:
                    break
        # One row at a time they take several times as long.
        found.update(zip(next_ones, boards[0].every.rows(list(next_ones.values())), strict=True))
    once = [stop for stop, places in visits.items() if len(places) == 1]
    for stop, all_moved in moved_departures_along(moment, once).items():
        (place,) = visits[stop]
        for moved in all_moved:
            call = moved.run
            here = moved.leaves and tt.station[call.stop_idx] == tt.station[stop]
            if here and (call.route_idx, call.direction) == (route, direction):
                found[place] = min(found.get(place, call), call, key=lambda departure: departure.published)
    return [found.get(place) for place in range(len(stops))]


def _visit(view: ServiceView, places: list[int], trip: int, call: int, stop: int) -> int:
    """Which of the places at which a stop stands on the line a trip's call there belongs to."""
    tt = view.timetable
    entries = tt.calls_of(trip)
    calls = np.flatnonzero((tt.call_stop[entries] == stop) & ~tt.call_stays[entries]).tolist()
    if len(calls) == len(places) and call in calls:
        return places[calls.index(call)]
    return min(places, key=lambda place: abs(place - call))
