"""`/siri/2.0/stoppoints-discovery.json` and `…/lines-discovery.json`: which stops and lines there are."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from api.reading.lines import patterns_of
from api.siri.calls import last_open
from api.siri.delivery import Asked, Json, value, values


def stoppoints_discovery(
    request: Request,
    line_ref: Annotated[str | None, Query(alias="LineRef", description="Only stops of this line")] = None,
) -> Response:
    """Every stop and station at which a line calls."""
    asked = Asked.of(request)
    route = asked.route(line_ref) if line_ref else None
    found = [
        _stop(asked, stop, routes)
        for stop in range(asked.timetable.stops)
        if (routes := asked.moment.lines.routes_at(stop)) and (route is None or route in routes)
    ]
    return asked.deliver({"AnnotatedStopPointRef": found})


def lines_discovery(request: Request) -> Response:
    """Every line, with the stops that its runs end at."""
    asked = Asked.of(request)
    lines = [_line(asked, line.route) for line in asked.moment.lines.ordered]
    return asked.deliver({"AnnotatedLineRef": lines})


def _stop(asked: Asked, stop: int, routes: list[int]) -> Json:
    tt = asked.timetable
    return {
        "StopPointRef": asked.stop_ref(stop),
        "Monitored": True,
        "StopName": values(str(tt.stop_name[stop])),
        "Lines": [{"LineRef": value(asked.names.line_ref(str(tt.route_id[route])))} for route in routes],
        "Location": {"Longitude": round(float(tt.stop_lon[stop]), 6), "Latitude": round(float(tt.stop_lat[stop]), 6)},
    }


def _line(asked: Asked, route: int) -> Json:
    tt, line = asked.timetable, asked.moment.lines.all[route]
    return {
        "LineRef": value(asked.names.line_ref(line.route_id)),
        "LineName": values(line.name),
        "Monitored": True,
        "Destinations": [
            {"DestinationRef": asked.stop_ref(stop), "PlaceName": values(str(tt.stop_name[stop]))}
            for stop in _ends(asked, route)
        ],
    }


def _ends(asked: Asked, route: int) -> list[int]:
    tt = asked.timetable
    patterns = patterns_of(tt, (tt.trip_route == route).nonzero()[0])
    trips = asked.moment.lines.pattern_example[patterns]
    last = last_open(tt, trips, tt.trip_calls[trips] - 1)
    return list(dict.fromkeys(tt.call_stop[tt.entry_of(trips, last)].tolist()))
