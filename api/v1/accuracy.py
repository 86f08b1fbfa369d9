"""`/v1/accuracy` and `/v1/routes/{route_id}/performance`: how good the predictions were, and how a line ran."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import WithJsonSchema

from api.answers.caching import CACHED, STATIC_MAX_AGE_S, json_answer
from api.answers.heavy_reads import BUSY, heavy
from api.answers.lookups import only_route, route_index, stop_index
from api.answers.problems import PROBLEMS, no_such
from api.answers.rate_limits import EXPLANATIONS, TOO_OFTEN, limited
from api.reading.accuracy import DAYS, MOST_DAYS, MOST_GROUPS, Scores, accuracy, days_until_now
from api.reading.line_performance import line_performance
from api.reading.moment import Moment, service_of
from api.v1.models import Accuracy, AccuracyGroup, DirectionPerformance, RoutePerformance
from api.v1.representations import route_ref

accuracy_router = APIRouter(tags=["Accuracy"], dependencies=[Depends(limited(EXPLANATIONS))])

_GROUPS = 200
_Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-02"]})]


@accuracy_router.get("/v1/accuracy", response_model=Accuracy, responses=PROBLEMS | CACHED | BUSY | TOO_OFTEN)
@heavy
def get_accuracy(
    request: Request,
    by: Annotated[
        Literal["all", "line", "stop", "hour", "day"],
        Query(description="One group for each; of a stop there are no hours"),
    ] = "all",
    route: Annotated[str | None, Query(description="Only this route_id")] = None,
    stop: Annotated[str | None, Query(description="Only this stop_id")] = None,
    day: Annotated[_Day | None, Query(description="Only this service day; by default the last ones")] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="So many service days, the last one today")] = DAYS,
    limit: Annotated[int, Query(ge=1, le=MOST_GROUPS, description="At most so many groups")] = _GROUPS,
) -> Response:
    """How good the predictions were that were told, of those vehicles that have come since: by the ETA Accuracy
    Benchmark, MBTA's bins and Cal-ITP's measures; how many scheduled calls riders were told of at all; and how punctual
    the vehicles were. Ours and, where the operator has TripUpdates, its own. Predictions are sampled once a minute.
    Lines and stops of which most was predicted come first."""
    moment = Moment.of(request)
    first, last = days_until_now(moment, days) if day is None else (_day(day), _day(day))
    found = accuracy(
        service_of(request).history.accuracy, moment.timetable, first, last, by,
        route=only_route(moment, route),
        stop=None if stop is None else stop_index(moment, stop),
    )  # fmt: skip
    groups = [_group(scores) for scores in found[:limit]]
    return json_answer(
        request, moment, (first, last, groups),
        lambda: {
            "since": first.isoformat(), "until": last.isoformat(), "groups": groups,
            "groups_left_out": len(found) - len(groups),
        }, max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip


@accuracy_router.get(
    "/v1/routes/{route_id:path}/performance",
    response_model=RoutePerformance,
    responses=PROBLEMS | CACHED | BUSY | TOO_OFTEN,
)
@heavy
def get_performance_of_route(
    request: Request,
    route_id: str,
    day: Annotated[_Day | None, Query(description="The service day; by default today")] = None,
) -> Response:
    """Reports of a line's day as operators know them, from its vehicles' passages: run times and speeds by segment and
    hour (the speed map), and how headways were kept. On-time performance is at `/v1/accuracy`."""
    moment = Moment.of(request)
    route = route_index(moment, route_id)
    asked = days_until_now(moment)[1] if day is None else _day(day)
    ways = line_performance(service_of(request).history, moment.timetable, route, asked)
    directions = [DirectionPerformance.model_validate(way, from_attributes=True) for way in ways]
    return json_answer(
        request, moment, (route, asked, directions),
        lambda: {
            "route": route_ref(moment.timetable, route), "service_date": asked.isoformat(), "directions": directions,
        }, max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip


def _day(day: str) -> date:
    try:
        # Weeks and dates without dashes are ISO 8601 too, and not what a date of the document looks like.
        if len(day) != len("2026-03-02"):
            raise ValueError(day)
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise no_such("day", day, "date; write YYYY-MM-DD, such as 2026-03-02") from error


def _group(scores: Scores) -> AccuracyGroup:
    calls, figures = scores.calls, scores.figures
    horizons = [
        {**horizon.figures, "minutes": horizon.minutes, "predictions": horizon.predictions}
        for horizon in scores.horizons
        if horizon.predictions
    ]
    return AccuracyGroup.model_validate(
        {
            **figures,
            "group": scores.group or None,
            "name": scores.name or None,
            "source": scores.source,
            "predictions": scores.predictions,
            "horizons": horizons,
            "completeness": {**calls, "share": figures["completeness"]},
            "on_time": {**calls, "share": figures["on_time"]},
        }
    )
