"""Whom an alert concerns, and whether it is in force: every face asks here."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from api.reading.board import DepartureRow
from api.reading.lines import lines_of
from api.reading.moment import Moment
from feeds.alerts import Alert
from predictor.timetable import Timetable

State = Literal["planned", "in_force", "over"]
"""Whether riders see an alert."""
ShownOn = Literal["lines", "stops", "network"]
"""Who reads it: everyone on the lines; only readers at the stops; everyone."""


def state_of(alert: Alert, now: float) -> State:
    """Where `now` lies among the periods of an alert."""
    if alert.active_at(now):
        return "in_force"
    return "planned" if any(end > now for _, end in alert.active) else "over"


def next_period(alert: Alert, now: float) -> tuple[float, float]:
    """The period in force, else the next one; open at both ends where none is to come."""
    return min(((start, end) for start, end in alert.active if end > now), default=(0.0, math.inf))


def shown_on(alert: Alert) -> ShownOn:
    """Who reads an alert."""
    return "network" if alert.whole_network else "stops" if alert.stops else "lines"


def concerns(
    alert: Alert, *, stops: Collection[int] = (), routes: Collection[int] = (), trips: Collection[int] = ()
) -> bool:
    """Whether an alert is for readers at any of these stops, routes or trips. One that names both routes and stops is
    about those stops."""
    return (
        alert.whole_network
        or not alert.stops.isdisjoint(stops)
        or (not alert.stops and not alert.routes.isdisjoint(routes))
        or not alert.trips.isdisjoint(trips)
    )


def alerts_in_force(moment: Moment) -> list[Alert]:
    """All alerts in force, our own first."""
    return [alert for alert in moment.view.alerts if alert.active_at(moment.now)]


def alerts_about(
    moment: Moment, *, stops: Collection[int] = (), routes: Collection[int] = (), trips: Collection[int] = ()
) -> list[Alert]:
    """Alerts in force that concern any of these, or the whole network."""
    return [alert for alert in alerts_in_force(moment) if concerns(alert, stops=stops, routes=routes, trips=trips)]


def alerts_at_stop(moment: Moment, stop: int, shown: Collection[DepartureRow] = ()) -> list[Alert]:
    """Alerts in force for readers at a stop (at a station, for any of its platforms): about it, about a line that
    serves it, running now or not, and about the departures that are shown to them."""
    return alerts_about(
        moment,
        stops=_heard_at(moment.timetable, stop),
        routes={*moment.lines.routes_at(stop), *(row.route_idx for row in shown)},
        trips={row.trip_idx for row in shown},
    )


def causes_of(moment: Moment, row: DepartureRow) -> list[str]:
    """GTFS-Realtime Causes for which a departure is cancelled or its stop skipped; none where no alert tells."""
    return [
        alert.cause
        for alert in alerts_in_force(moment)
        if row.trip_idx in alert.trips
        or (row.status == "skipped" and row.stop_idx in alert.stops)
        or (row.status == "cancelled" and not alert.trips and not alert.stops and row.route_idx in alert.routes)
    ]


@dataclass(frozen=True)
class Audience:
    """Who sees an alert."""

    routes: tuple[int, ...]
    """Lines whose pages show it."""
    stops: tuple[int, ...]
    """Stops (platforms, not stations) whose pages and screens show it."""


def audience_of(alert: Alert, timetable: Timetable) -> Audience:
    """Lines and served stops at which riders read `alert`."""
    lines = lines_of(timetable)
    stops_of_route: list[list[int]] = [[] for _ in lines.all]
    stops = []
    for stop in range(timetable.stops):
        routes = lines.routes_at(stop)
        if not routes or timetable.stop_location_type[stop] != 0:
            continue
        for route in routes:
            stops_of_route[route].append(stop)
        if concerns(alert, stops=_heard_at(timetable, stop), routes=routes):
            stops.append(stop)
    return Audience(
        routes=tuple(r for r, served in enumerate(stops_of_route) if concerns(alert, stops=served, routes=(r,))),
        stops=tuple(stops),
    )


def _heard_at(timetable: Timetable, stop: int) -> set[int]:
    """The stop, its station, and the platforms of a station."""
    parent = int(timetable.stop_parent[stop])
    return {stop if parent < 0 else parent, *timetable.members(stop).tolist()}
