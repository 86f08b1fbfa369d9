"""From indices of a timetable to what the JSON answers say of stops, routes and alerts."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from api.reading.board import wheelchair_words
from api.reading.moment import Moment
from api.reading.stop_routes import StopRoutes
from api.v1.models import Access, Alert, Platform, RouteRef, Stop
from predictor.timetable import Timetable


def route_ref(tt: Timetable, route: int) -> RouteRef:
    """A route, as shown on a badge."""
    return RouteRef(
        route_id=str(tt.route_id[route]),
        short_name=str(tt.route_short_name[route]),
        long_name=str(tt.route_long_name[route]),
        type=int(tt.route_type[route]),
        color=str(tt.route_color[route]) or None,
        text_color=str(tt.route_text_color[route]) or None,
    )


def platform(tt: Timetable, stop: int) -> Platform:
    """A stop without its routes."""
    return Platform(
        stop_id=str(tt.stop_id[stop]),
        name=str(tt.stop_name[stop]),
        code=str(tt.stop_code[stop]) or None,
        platform=str(tt.stop_platform[stop]) or None,
        lat=float(tt.stop_lat[stop]),
        lon=float(tt.stop_lon[stop]),
        wheelchair=cast(Access, wheelchair_words(int(tt.stop_wheelchair[stop]))),
    )


def stop_of(tt: Timetable, stop: int, distance_m: float | None = None) -> Stop:
    """A stop or station with its routes."""
    parent = int(tt.stop_parent[stop])
    return Stop(
        **platform(tt, stop).model_dump(),
        type="station" if tt.stop_location_type[stop] == 1 else "stop",
        parent_station=str(tt.stop_id[parent]) if parent >= 0 else None,
        routes=[route_ref(tt, route) for route in StopRoutes.of(tt).at(stop)],
        distance_m=None if distance_m is None else round(distance_m, 1),
    )


def members_of(tt: Timetable, stop: int) -> list[int]:
    """The stop itself and, of a station, its platforms."""
    pointer, member = tt.station_members
    return [int(i) for i in member[pointer[stop] : pointer[stop + 1]]]


def alerts_about(
    moment: Moment, *, stops: Collection[int] = (), routes: Collection[int] = (), trips: Collection[int] = ()
) -> list[Alert]:
    """Alerts in force for any of these, or for the network; one that names routes and stops is about those stops."""
    return [
        Alert(
            alert_id=alert.alert_id,
            cause=alert.cause,
            effect=alert.effect,
            header=alert.header,
            description=alert.description,
            url=alert.url,
        )
        for alert in moment.view.alerts
        if alert.active_at(moment.now)
        and (
            alert.whole_network
            or not alert.stops.isdisjoint(stops)
            or (not alert.stops and not alert.routes.isdisjoint(routes))
            or not alert.trips.isdisjoint(trips)
        )
    ]
