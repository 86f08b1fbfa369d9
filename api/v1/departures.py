"""`/v1/stops/{stop_id}/departures` and `/v1/departures`: the departure board of a stop, of several, or of a place."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.answers.caching import BOARD_MAX_AGE_S, CACHED, json_answer
from api.answers.lookups import Place, only_route, place_of, stop_index
from api.answers.plainly_asked import PlainlyAsked
from api.answers.problems import PROBLEMS, Problem
from api.answers.rate_limits import SEARCHES, TOO_OFTEN, limited
from api.reading.alerts import stop_alerts
from api.reading.board import WINDOW_S, StopBoards, stop_boards, with_one_that_comes
from api.reading.boards_ahead import boards_ahead_of
from api.reading.moment import Moment
from api.reading.moved_away import moved_departures, moved_from_all
from api.v1.models import Departures, SeveralDepartures
from api.v1.representations import (
    alerts_answer,
    departure_says,
    departures_fields,
    moved_fields,
    moved_says,
    stop_fields,
)

departures_router = APIRouter(tags=["Departures"], route_class=PlainlyAsked)

MOST_STOPS = 20
_NEAR_M = 500
_LIMIT = 20

Limit = Annotated[
    int,
    Query(ge=1, le=500, description="At most so many; where all are cancelled, the first that comes for the last"),
]
Window = Annotated[int, Query(ge=60, le=172_800, description="How far to look ahead, in seconds")]
Route = Annotated[str | None, Query(description="Only this route_id")]
Arrivals = Annotated[bool, Query(description="Also trips that end here or that nobody may board")]


@departures_router.get("/v1/stops/{stop_id:path}/departures", response_model=Departures, responses=PROBLEMS | CACHED)
async def get_departures(
    request: Request,
    stop_id: str,
    limit: Limit = _LIMIT,
    window: Window = int(WINDOW_S),
    route: Route = None,
    arrivals: Arrivals = False,
) -> Response:
    """Coming departures, soonest first; of a station those of all its platforms. A departure stays until 30 s after its
    time. The ETag changes only when what the board says changes: a minute, a status, a time by half a minute."""
    moment = Moment.of(request)
    stop = stop_index(moment, stop_id)
    if not route and window == WINDOW_S and not arrivals:
        boards = boards_ahead_of(request).boards(moment, stop, WINDOW_S, _LIMIT)
        moment, board = boards.moment, boards.board(stop)
    elif not route and not arrivals:
        board = StopBoards(moment, window_s=float(window)).board(stop)
    else:
        only = only_route(moment, route)
        (board,) = stop_boards(moment.view, [stop], moment.now, float(window), only, arrivals)
    rows = board.first(limit)
    alerts, moved_away = alerts_answer(moment, stop_alerts(moment, stop)), moved_departures(moment, stop)
    says = stop, [departure_says(row) for row in rows], moved_says(moved_away), alerts
    return json_answer(
        request, moment, says,
        lambda: {
            "stop": stop_fields(moment.timetable, stop),
            "departures": departures_fields(moment, rows),
            "moved_away": [moved_fields(moment, moved) for moved in moved_away], "alerts": alerts,
        }, max_age_s=BOARD_MAX_AGE_S,
    )  # fmt: skip


@departures_router.get("/v1/departures", response_model=SeveralDepartures, responses=PROBLEMS | CACHED | TOO_OFTEN,
                       dependencies=[Depends(limited(SEARCHES))])  # fmt: skip
def get_departures_of_several_stops(
    request: Request,
    stop: Annotated[
        list[str] | None, Query(description="A stop_id, as often as there are stops", max_length=MOST_STOPS)
    ] = None,
    near: Annotated[
        Place | None, Query(description="Latitude and longitude: the stops around it", examples=["47.39,0.69"])
    ] = None,
    radius: Annotated[
        int, Query(ge=1, le=5000, description="Metres in a straight line from `near`")
    ] = _NEAR_M,
    limit: Limit = _LIMIT,
    window: Window = int(WINDOW_S),
    route: Route = None,
    arrivals: Arrivals = False,
) -> Response:  # fmt: skip
    """Coming departures of several stops, or of those around a place (at most the 20 nearest), in one list, soonest
    first: each as at its stop. A trip that calls at two of them is listed at both."""
    if not stop and near is None:
        raise Problem(422, "bad-parameter", "No stop named", "Name a stop: `stop=…` (as often as needed) or `near=…`.")
    moment = Moment.of(request)
    only = only_route(moment, route)
    asked: dict[int, float | None] = {stop_index(moment, stop_id): None for stop_id in stop or []}
    if near is not None:
        hits = moment.view.stop_search.near(*place_of(near), MOST_STOPS)
        asked |= {hit.stop_idx: hit.distance_m for hit in hits if (hit.distance_m or 0.0) <= radius}
    boards = stop_boards(moment.view, list(asked), moment.now, float(window), only, arrivals, rows=limit)
    # A platform may be asked for beside its station.
    rows = {(row.stop_idx, row.key): row for board in boards for row in board.first(limit)}
    in_order = sorted(rows.values(), key=lambda row: row.published // 1)
    soonest = with_one_that_comes(in_order, limit, lambda row: row.comes)
    alert_of_id = {alert.alert_id: alert for stop_asked in asked for alert in stop_alerts(moment, stop_asked)}
    alerts = alerts_answer(moment, alert_of_id.values())
    moved_away = moved_from_all(moment, asked)
    says = list(asked.items()), [departure_says(row) for row in soonest], moved_says(moved_away), alerts
    return json_answer(
        request, moment, says,
        lambda: {
            "stops": [stop_fields(moment.timetable, index, distance_m) for index, distance_m in asked.items()],
            "departures": departures_fields(moment, soonest),
            "moved_away": [moved_fields(moment, moved) for moved in moved_away], "alerts": alerts,
        }, max_age_s=BOARD_MAX_AGE_S,
    )  # fmt: skip
