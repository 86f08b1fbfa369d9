"""`/v1/routes`: the routes, and one route's patterns."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answers.caching import CACHED, STATIC_MAX_AGE_S, json_answer
from api.answers.lookups import route_index
from api.answers.plainly_asked import PlainlyAsked
from api.answers.problems import PROBLEMS
from api.reading.alerts import line_alerts
from api.reading.boarding import BOARDING
from api.reading.lines import patterns_of, stops_along
from api.reading.moment import Moment
from api.reading.shapes import shapes_of
from api.v1.models import Pattern, PatternStop, Route, RouteAnswer, Routes
from api.v1.representations import alerts_answer, route_ref
from predictor.timetable import Timetable

routes_router = APIRouter(tags=["Routes"], route_class=PlainlyAsked)


@routes_router.get("/v1/routes", response_model=Routes, responses=CACHED)
def list_routes(request: Request) -> Response:
    """All routes, in the timetable's order."""
    moment = Moment.of(request)
    tt = moment.timetable
    routes = range(len(tt.route_id))
    return json_answer(
        request, moment, "routes",
        lambda: {"routes": [_route(tt, route) for route in routes]},
        max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip


@routes_router.get("/v1/routes/{route_id:path}", response_model=RouteAnswer, responses=PROBLEMS | CACHED)
def get_route(request: Request, route_id: str) -> Response:
    """One route and its patterns: the stop sequences that its trips run, the most used first."""
    moment = Moment.of(request)
    tt, route = moment.timetable, route_index(moment, route_id)
    alerts = alerts_answer(moment, line_alerts(moment, route))
    return json_answer(
        request, moment, (tt.trips, route, alerts),
        lambda: {"route": _route(tt, route), "patterns": _patterns(tt, route), "alerts": alerts},
        max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip


def _route(tt: Timetable, route: int) -> Route:
    return Route(**route_ref(tt, route).model_dump(), agency_id=str(tt.route_agency_id[route]))


def _patterns(tt: Timetable, route: int) -> list[Pattern]:
    trips = np.flatnonzero(tt.trip_route == route)
    pattern = tt.trip_pattern[trips]
    result = []
    for p in patterns_of(tt, trips):
        headsigns = Counter(tt.trip_headsign[trips[pattern == p]].tolist())
        direction = int(tt.pattern_way[p])
        result.append(
            Pattern(
                direction=direction if direction >= 0 else None,
                headsign=headsigns.most_common(1)[0][0],
                trips=headsigns.total(),
                shape_id=shapes_of(tt).names[int(tt.pattern_line[p])],
                stops=[
                    PatternStop(
                        stop_id=str(tt.stop_id[stop]), name=str(tt.stop_name[stop]),
                        platform=str(tt.stop_platform[stop]) or None, lat=float(tt.stop_lat[stop]),
                        lon=float(tt.stop_lon[stop]), distance_m=round(float(tt.pattern_distance_m[call]), 1),
                        **_between_stops(tt, call),
                    )
                    for call, stop in enumerate(stops_along(tt, p), int(tt.pattern_call_ptr[p]))
                ],
            )
        )  # fmt: skip
    return result


def _between_stops(tt: Timetable, call: int) -> dict[str, Any]:
    """How to board and get off behind a pattern's call."""
    names = ("continuous_pickup", "continuous_drop_off")
    return {name: BOARDING[getattr(tt, f"pattern_{name}")[call]] for name in names}
