"""`/v1/stops`: finding stops, and one stop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.answers.caching import CACHED, STATIC_MAX_AGE_S, json_answer
from api.answers.lookups import Place, place_of, stop_index
from api.answers.plainly_asked import PlainlyAsked
from api.answers.problems import PROBLEMS
from api.answers.rate_limits import SEARCHES, TOO_OFTEN, limited
from api.reading.alerts import stop_alerts
from api.reading.moment import Moment
from api.v1.models import StopAnswer, Stops
from api.v1.representations import alerts_answer, platform_fields, stop_fields

stops_router = APIRouter(tags=["Stops"], route_class=PlainlyAsked)


@stops_router.get(
    "/v1/stops",
    response_model=Stops,
    responses={422: PROBLEMS[422], **CACHED, **TOO_OFTEN},
    dependencies=[Depends(limited(SEARCHES))],
)
def find_stops(
    request: Request,
    q: Annotated[
        str | None,
        Query(description="Name, stop code or stop_id; accents, case, abbreviations and a typing error are forgiven",
              max_length=200, examples=["pl liberte"]),
    ] = None,
    near: Annotated[
        Place | None,
        Query(description="Latitude and longitude: `47.39,0.69`; the nearest stops first", examples=["47.39,0.69"])
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many")] = 20,
) -> Response:  # fmt: skip
    """Stops by name or code, or by place; without either, the busiest. Platforms of a station are found as the station,
    unless asked for by their own code or id."""
    moment = Moment.of(request)
    search = moment.view.stop_search
    if near is not None:
        hits = search.near(*place_of(near), limit if q is None else 1000)
        if q is not None:
            named = {hit.stop_idx for hit in search.by_text(q, 1000)}
            hits = [hit for hit in hits if hit.stop_idx in named][:limit]
    else:
        hits = search.busiest(limit) if q is None else search.by_text(q, limit)
    return json_answer(
        request, moment, [(hit.stop_idx, hit.distance_m) for hit in hits],
        lambda: {
            "stops": [stop_fields(moment.timetable, hit.stop_idx, hit.distance_m) for hit in hits],
        }, max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip


@stops_router.get("/v1/stops/{stop_id:path}", response_model=StopAnswer, responses=PROBLEMS | CACHED)
def get_stop(request: Request, stop_id: str) -> Response:
    """One stop or station: where it is, its platforms, its routes, the alerts in force."""
    moment = Moment.of(request)
    tt, stop = moment.timetable, stop_index(moment, stop_id)
    members = tt.members(stop).tolist()
    alerts = alerts_answer(moment, stop_alerts(moment, stop))
    return json_answer(
        request, moment, (stop, alerts),
        lambda: {
            "stop": stop_fields(tt, stop),
            "platforms": [platform_fields(tt, member) for member in members if member != stop],
            "alerts": alerts,
        }, max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip
