"""The line page: the stops of one direction in order, and the vehicles between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from api.reading.alerts import line_alerts
from api.reading.line_departures import RouteDirection, directions_of, next_departures, row_nearest
from api.reading.lines import Line
from api.words.departures import DepartureWords, departure_words
from api.words.moment import AlertWords, PageMoment
from api.words.vehicles import VehicleWords, vehicle_words
from predictor.arrays import NONE, BoolArray, Int32Array
from predictor.snapshot import IN_SERVICE, LAYOVER, OFF_ROUTE
from predictor.timetable import Timetable

_NOWHERE = RouteDirection(NONE, "", [], [])
"""Of a line without trips."""


@dataclass(frozen=True)
class LineStop:
    """One stop of the direction shown."""

    stop_id: str
    name: str
    wheelchair: int
    departure: DepartureWords | None
    """The next one of this visit to the stop, whose `key` names it; None where nothing leaves within two hours."""
    before: list[VehicleWords] = field(default_factory=list)
    """Vehicles between the stop before and this one."""
    here: list[VehicleWords] = field(default_factory=list)
    """Vehicles standing at this stop."""


@dataclass(frozen=True)
class LinePage:
    """What the line page shows."""

    line: Line
    directions: list[RouteDirection]
    shown: int
    """The direction shown."""
    stops: list[LineStop]
    elsewhere: list[VehicleWords]
    """Vehicles of this direction away from the stops shown."""
    also: list[tuple[str, str]]
    """(stop_id, name) of stops that only other trips of this direction serve."""
    vehicles: int
    alerts: list[AlertWords]


def line_page(moment: PageMoment, route: int, direction: int | None) -> LinePage:
    """Parameters: `direction` the `direction_id` asked for; the line's first where None or unknown."""
    tt = moment.timetable
    directions = directions_of(moment, route)
    shown = next((way for way in directions if way.direction == direction), directions[0] if directions else _NOWHERE)
    rows = _with_waits(moment, route, shown.direction, shown.stops)
    elsewhere, count = _place_vehicles(moment, route, shown.direction, shown.stops, rows)
    return LinePage(
        line=moment.lines.all[route],
        directions=directions,
        shown=shown.direction,
        stops=rows,
        elsewhere=elsewhere,
        also=[(str(tt.stop_id[stop]), str(tt.stop_name[stop])) for stop in shown.also],
        vehicles=count,
        alerts=moment.said_first(line_alerts(moment, route)),
    )


def _with_waits(moment: PageMoment, route: int, direction: int, stops: list[int]) -> list[LineStop]:
    tt = moment.timetable
    return [
        LineStop(
            stop_id=str(tt.stop_id[stop]),
            name=str(tt.stop_name[stop]),
            wheelchair=int(tt.stop_wheelchair[stop]),
            departure=None if row is None else replace(departure_words(moment, row), key=f"{row.stop_id} {visit}"),
        )
        for visit, (stop, row) in enumerate(
            zip(stops, next_departures(moment.view, moment.now, route, direction, stops), strict=True)
        )
    ]


def _shown_for(tt: Timetable, stops: list[int]) -> Int32Array:
    """(S,) the stop before which a vehicle is shown that comes to a stop: where a station's platform is on the page and
    it comes to another one, that; else the stop itself."""
    shown = np.array(stops, np.int32)
    stands_for = np.arange(tt.stops, dtype=np.int32)
    beside = np.full(tt.stops + 1, NONE, np.int32)
    beside[tt.stop_parent[shown]] = shown
    beside[NONE] = NONE
    other = beside[tt.stop_parent]
    stands_for[other >= 0] = other[other >= 0]
    stands_for[shown] = shown
    return stands_for


def _on_line(moment: PageMoment, trip: Int32Array, route: int, direction: int) -> BoolArray:
    tt = moment.timetable
    on_line: BoolArray = (tt.trip_route[trip] == route) & (tt.pattern_way[tt.trip_pattern[trip]] == direction)
    return on_line


def _place_vehicles(
    moment: PageMoment, route: int, direction: int, stops: list[int], rows: list[LineStop]
) -> tuple[list[VehicleWords], int]:
    """Put each vehicle of the direction at or before a row; answer with those that belong at none, and how many in
    all."""
    tt, vehicles = moment.timetable, moment.snapshot.vehicles
    driving = (vehicles.trip >= 0) & np.isin(vehicles.state, (IN_SERVICE, LAYOVER, OFF_ROUTE)) & ~vehicles.cancelled
    driving &= (vehicles.next_call < tt.trip_calls[vehicles.trip]) & _on_line(moment, vehicles.trip, route, direction)
    elsewhere, stands_for = [], _shown_for(tt, stops)
    found = np.flatnonzero(driving).tolist()
    for vehicle in found:
        trip, call = int(vehicles.trip[vehicle]), int(vehicles.next_call[vehicle])
        words = vehicle_words(moment, vehicle)
        ahead = stands_for[tt.call_stop[tt.calls_of(trip)][call:]].tolist()
        # On another pattern than the one shown, the next of its stops that is shown places the vehicle.
        row = next((row for stop in ahead if (row := row_nearest(stops, stop, call)) is not None), None)
        if row is None or vehicles.state[vehicle] == OFF_ROUTE:
            elsewhere.append(words)
        elif stops[row] == ahead[0] and vehicles.at_stop[vehicle]:
            rows[row].here.append(words)
        else:
            rows[row].before.append(words)
    return elsewhere, len(found)
