"""The line page: the stops of one direction in order, and the vehicles between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.reading.alerts import line_alerts
from api.reading.calls import calls_ahead
from api.reading.line_departures import RouteDirection, directions_of, next_departures
from api.reading.line_vehicles import vehicles_along
from api.reading.lines import Line
from api.words.alerts import AlertWords, first_alert_words
from api.words.departures import DepartureWords
from api.words.line_directions import line_rests
from api.words.moment import PageMoment
from api.words.vehicles import VehicleWords, vehicle_words
from predictor.arrays import NONE

_NOWHERE = RouteDirection(NONE, "", NONE, [], [], [])
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
    between: list[str]
    """How to board and get off between them."""
    elsewhere: list[VehicleWords]
    """Vehicles of this direction away from the stops shown."""
    also: list[tuple[str, str]]
    """(stop_id, name) of stops that only other trips of this direction serve."""
    vehicles: int
    rests: str
    """When the line runs again where nothing leaves within a week, else ""."""
    alerts: list[AlertWords]


def line_page(moment: PageMoment, route: int, direction: int | None) -> LinePage:
    """Parameters: `direction` the `direction_id` asked for; the line's first where None or unknown."""
    tt = moment.timetable
    directions = directions_of(moment, route)
    shown = next((way for way in directions if way.direction == direction), directions[0] if directions else _NOWHERE)
    rows = _with_waits(moment, route, shown.direction, shown.stops)
    placed, elsewhere = vehicles_along(moment, route, shown.direction, shown.stops), list[VehicleWords]()
    ahead = calls_ahead(moment.view, moment.now, [vehicle for vehicle, _, _ in placed])
    for vehicle, row, stands in placed:
        beside = elsewhere if row is None else rows[row].here if stands else rows[row].before
        beside.append(vehicle_words(moment, vehicle, ahead.get(vehicle)))
    return LinePage(
        line=moment.lines.all[route],
        directions=directions,
        shown=shown.direction,
        stops=rows,
        between=[
            sentence
            for pickup, drop_off, all_the_way in shown.between
            for sentence in moment.between_stops(route, pickup, drop_off, all_the_way=all_the_way)
        ],
        elsewhere=elsewhere,
        also=[(str(tt.stop_id[stop]), moment.stop_name(stop)) for stop in shown.also],
        vehicles=len(placed),
        rests="" if placed or elsewhere or any(row.departure for row in rows) else line_rests(moment, route),
        alerts=first_alert_words(moment, line_alerts(moment, route)),
    )


def _with_waits(moment: PageMoment, route: int, direction: int, stops: list[int]) -> list[LineStop]:
    tt = moment.timetable
    return [
        LineStop(
            stop_id=str(tt.stop_id[stop]) if row is None else row.stop_id,
            name=moment.stop_name(stop),
            wheelchair=int(tt.stop_wheelchair[stop]),
            departure=None if row is None else DepartureWords(moment, row, f"{row.stop_id} {visit}"),
        )
        for visit, (stop, row) in enumerate(zip(stops, next_departures(moment, route, direction, stops), strict=True))
    ]
