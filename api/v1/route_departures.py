"""`/v1/routes/{route_id}/departures` and `…/stream`: what comes next at each stop along a route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.answers.announcer import STREAM, Announcement, LastEventId, announced
from api.answers.caching import BOARD_MAX_AGE_S, CACHED, as_json, digest_of, json_answer
from api.answers.event_stream import EventStream
from api.answers.lookups import route_index
from api.answers.problems import PROBLEMS
from api.reading.alerts import line_alerts
from api.reading.board import StopBoards
from api.reading.calls import RunCall
from api.reading.line_departures import RouteDirection, directions_of, next_departures
from api.reading.moment import Moment
from api.v1.models import Alert, RouteDepartures
from api.v1.representations import alerts_answer, departure_says, departures_fields, route_ref

route_departures_router = APIRouter(tags=["Departures"])

Direction = Annotated[int | None, Query(ge=0, le=1, description="Only this direction")]


@route_departures_router.get(
    "/v1/routes/{route_id:path}/departures", response_model=RouteDepartures, responses=PROBLEMS | CACHED
)
def get_departures_of_route(request: Request, route_id: str, direction: Direction = None) -> Response:
    """The next departure of a line at each of its stops, live or by the timetable. The ETag changes only when what is
    said changes, as that of a stop's board does."""
    coming = _Coming.at(Moment.of(request), route_id, direction)
    return json_answer(request, coming.moment, coming.says(), coming.told, max_age_s=BOARD_MAX_AGE_S)


@route_departures_router.get("/v1/routes/{route_id:path}/stream", responses=STREAM, response_class=EventStream)
def stream_departures_of_route(
    request: Request, route_id: str, direction: Direction = None, last_event_id: LastEventId = None
) -> Response:
    """The same as Server-Sent Events: an event `departures` (as `…/departures` gives it) whenever something in it
    changes, an event `heartbeat` every 10 seconds otherwise. The line's vehicles are at
    `/v1/vehicles/stream?route=…`."""
    route_index(Moment.of(request), route_id)

    def make(boards: StopBoards) -> Announcement:
        coming = _Coming.at(boards.moment, route_id, direction)
        return Announcement(
            digest_of(coming.says()),
            lambda: as_json({**boards.moment.answer_fields(), **coming.told()}).decode(),
            "departures",
        )

    return announced(request, ("route", route_id, direction), make, last_event_id)


@dataclass(frozen=True)
class _Coming:
    """What comes along a route at one moment."""

    moment: Moment
    route: int
    directions: list[tuple[RouteDirection, list[RunCall | None]]]
    alerts: list[Alert]

    @classmethod
    def at(cls, moment: Moment, route_id: str, direction: int | None) -> _Coming:
        """Errors: Problem 404 where there is no such route."""
        route = route_index(moment, route_id)
        ways = [way for way in directions_of(moment, route) if direction in (None, way.direction)]
        return cls(
            moment,
            route,
            [(way, next_departures(moment, route, way.direction, way.stops)) for way in ways],
            alerts_answer(moment, line_alerts(moment, route)),
        )

    def says(self) -> tuple[object, ...]:
        return (
            self.moment.timetable.feed_version, self.route, self.moment.feed_stopped,
            [
                (way.direction, way.destination, [row and departure_says(row) for row in rows])
                for way, rows in self.directions
            ],
            self.alerts,
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """The fields of `RouteDepartures` in its order."""
        return {
            "route": route_ref(self.moment.timetable, self.route),
            "directions": [self._direction(way, rows) for way, rows in self.directions],
            "alerts": self.alerts,
        }

    def _direction(self, way: RouteDirection, rows: list[RunCall | None]) -> dict[str, Any]:
        tt = self.moment.timetable
        return {
            "direction": way.direction if way.direction >= 0 else None,
            "headsign": way.destination,
            "stops": [
                {
                    "stop_id": str(tt.stop_id[stop]),
                    "name": str(tt.stop_name[stop]),
                    "platform": str(tt.stop_platform[stop]) or None,
                    "departure": row and departures_fields(self.moment, [row])[0],
                }
                for stop, row in zip(way.stops, rows, strict=True)
            ],
        }
