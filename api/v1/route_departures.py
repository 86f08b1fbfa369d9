"""`/v1/routes/{route_id}/departures` and `…/stream`: what comes next at each stop along a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.answers.announcer import STREAM, Announcement, LastEventId, announcer_of
from api.answers.caching import BOARD_MAX_AGE_S, CACHED, as_json, digest_of, json_answer
from api.answers.event_stream import EventStream
from api.answers.lookups import route_index
from api.answers.plainly_asked import PlainlyAsked
from api.answers.problems import PROBLEMS
from api.reading.alerts import line_alerts
from api.reading.board import StopBoards
from api.reading.calls import RunCall
from api.reading.line_departures import RouteDirection, directions_of, next_departures
from api.reading.moment import Moment
from api.v1.models import RouteDepartures
from api.v1.representations import alerts_answer, departure_says, departures_fields, route_ref

route_departures_router = APIRouter(tags=["Departures"], route_class=PlainlyAsked)

Direction = Annotated[int | None, Query(ge=0, le=1, description="Only this direction")]


@route_departures_router.get(
    "/v1/routes/{route_id:path}/departures", response_model=RouteDepartures, responses=PROBLEMS | CACHED
)
def get_departures_of_route(request: Request, route_id: str, direction: Direction = None) -> Response:
    """The next departure of a line at each of its stops, live or by the timetable. The ETag changes only when what is
    said changes, as that of a stop's board does."""
    moment = Moment.of(request)
    says, made = _coming(moment, route_id, direction)
    return json_answer(request, moment, says, made, max_age_s=BOARD_MAX_AGE_S)


@route_departures_router.get("/v1/routes/{route_id:path}/stream", responses=STREAM, response_class=EventStream)
def stream_departures_of_route(
    request: Request, route_id: str, direction: Direction = None, last_event_id: LastEventId = None
) -> Response:
    """The same as Server-Sent Events: an event `departures` (as `…/departures` gives it) whenever something in it
    changes, an event `heartbeat` every 10 seconds otherwise. The line's vehicles are at
    `/v1/vehicles/stream?route=…`."""
    route_index(Moment.of(request), route_id)

    def make(boards: StopBoards) -> Announcement:
        moment = boards.moment
        says, made = _coming(moment, route_id, direction)
        says = moment.timetable.feed_version, moment.feed_stopped, says
        return Announcement(digest_of(says), lambda: as_json({**moment.answer_fields, **made()}).decode(), "departures")

    return announcer_of(request).answer(request, ("route", route_id, direction), make, last_event_id)


def _coming(
    moment: Moment, route_id: str, direction: int | None
) -> tuple[tuple[object, ...], Callable[[], dict[str, Any]]]:
    """What comes along a route at one moment: what tells that it is something new, and what gives the fields of
    `RouteDepartures`. Errors: Problem 404 where there is no such route."""
    route = route_index(moment, route_id)
    ways = [
        (way, next_departures(moment, route, way.direction, way.stops))
        for way in directions_of(moment, route)
        if direction in (None, way.direction)
    ]
    alerts = alerts_answer(moment, line_alerts(moment, route))
    rows_say = [(way.direction, way.destination, [row and departure_says(row) for row in rows]) for way, rows in ways]
    return (route, rows_say, alerts), lambda: {
        "route": route_ref(moment.timetable, route),
        "directions": [_direction(moment, way, rows) for way, rows in ways],
        "alerts": alerts,
    }


def _direction(moment: Moment, way: RouteDirection, rows: list[RunCall | None]) -> dict[str, Any]:
    tt = moment.timetable
    return {
        "direction": way.direction if way.direction >= 0 else None,
        "headsign": way.destination,
        "stops": [
            {
                "stop_id": str(tt.stop_id[stop]),
                "name": str(tt.stop_name[stop]),
                "platform": str(tt.stop_platform[stop]) or None,
                "departure": row and departures_fields(moment, [row])[0],
            }
            for stop, row in zip(way.stops, rows, strict=True)
        ],
    }
