"""`/v1/accuracy` and `/v1/routes/{route_id}/performance`: how good the predictions were, and how a line ran."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import WithJsonSchema

from api.answers.caching import CACHED, STATIC_MAX_AGE_S, json_answer
from api.answers.heavy_reads import BUSY, heavy
from api.answers.lookups import route_index, stop_index
from api.answers.problems import PROBLEMS, no_such
from api.answers.rate_limits import EXPLANATIONS, TOO_OFTEN, limited
from api.reading.accuracy import DAYS, MOST_DAYS, MOST_GROUPS, Horizon, Scores, accuracy, days_until_now
from api.reading.line_performance import Direction, line_performance
from api.reading.moment import Moment, service_of
from api.v1.models import (
    Accuracy,
    AccuracyGroup,
    Completeness,
    DirectionPerformance,
    HeadwayHour,
    HorizonFigures,
    OnTime,
    RoutePerformance,
    SegmentHour,
    SegmentPerformance,
)
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
        route=None if route is None else route_index(moment, route),
        stop=None if stop is None else stop_index(moment, stop),
    )  # fmt: skip
    groups = [_group(scores) for scores in found[:limit]]
    return json_answer(
        request, moment, (first, last, groups),
        lambda: Accuracy(
            **moment.answer_fields(), since=first.isoformat(), until=last.isoformat(), groups=groups,
            groups_left_out=len(found) - len(groups),
        ), max_age_s=STATIC_MAX_AGE_S,
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
    directions = [_direction(way) for way in ways]
    return json_answer(
        request, moment, (route, asked, directions),
        lambda: RoutePerformance(
            **moment.answer_fields(), route=route_ref(moment.timetable, route), service_date=asked.isoformat(),
            directions=directions,
        ), max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip


def _direction(way: Direction) -> DirectionPerformance:
    return DirectionPerformance(
        direction=way.direction if way.direction >= 0 else None,
        headsign=way.destination,
        segments=[
            SegmentPerformance(
                from_stop_id=segment.start.stop_id,
                from_name=segment.start.name,
                to_stop_id=segment.end.stop_id,
                to_name=segment.end.name,
                hours=[
                    SegmentHour(
                        hour=hour, runs=cell.runs, run_s=round(cell.run_s, 1), scheduled_s=round(cell.scheduled_s, 1),
                        speed_km_h=round(cell.speed_km_h, 1),
                    )
                    for hour, cell in zip(way.hours, segment.cells, strict=True)
                    if cell is not None
                ],
            )
            for segment in way.segments
        ],
        headways=[
            HeadwayHour(
                hour=kept.hour, headways=kept.headways, scheduled_s=round(kept.scheduled_s, 1),
                actual_s=round(kept.actual_s, 1), adherence=round(kept.variation, 3), kept=round(kept.kept, 4),
                excess_wait_s=round(kept.excess_wait_s, 1),
            )
            for kept in way.headways
        ],
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
    return AccuracyGroup(
        group=scores.group or None,
        name=scores.name or None,
        source=scores.source,
        predictions=scores.predictions,
        eta_accuracy=_figure(figures["eta"], 4),
        coverage=_figure(figures["coverage"], 4),
        range_width_s=_figure(figures["width_s"]),
        inconsistency_s=_figure(figures["inconsistency_s"]),
        **_figures(figures),
        horizons=[_horizon(horizon) for horizon in scores.horizons if horizon.predictions],
        completeness=Completeness(
            scheduled=calls["scheduled"], complete=calls["complete"], share=_figure(scores.completeness, 4)
        ),
        on_time=OnTime(
            passages=calls["passed"], early=calls["early"], on_time=calls["on_time"], late=calls["late"],
            share=_figure(scores.on_time, 4),
        ),
    )  # fmt: skip


def _horizon(horizon: Horizon) -> HorizonFigures:
    within = _figure(horizon.figures["eta"], 4)
    return HorizonFigures(
        minutes=horizon.minutes, predictions=horizon.predictions, eta_accuracy=within, **_figures(horizon.figures)
    )


def _figures(figures: Mapping[str, float]) -> dict[str, float | None]:
    shares = {name: _figure(figures[name], 4) for name in ("mbta", "reliable", "missed")}
    return {"mae_s": _figure(figures["mae"]), "bias_s": _figure(figures["bias"])} | shares


def _figure(value: float, digits: int = 1) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
