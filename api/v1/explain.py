"""`/v1/stops/{stop_id}/explain` and `/v1/routes/{route_id}/explain`: why did my bus not come?"""

from __future__ import annotations

import math
from typing import Annotated, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import WithJsonSchema

from api.answers.caching import CACHED, STATIC_MAX_AGE_S, json_answer
from api.answers.heavy_reads import BUSY, heavy
from api.answers.lookups import only_route, route_index, stop_index
from api.answers.problems import PROBLEMS, no_such
from api.answers.rate_limits import EXPLANATIONS, TOO_OFTEN, limited
from api.reading.calls import iso_date
from api.reading.explanations import AROUND_S, TIME_ASKED, Explanation, explain, explain_line, time_asked
from api.reading.moment import Moment, service_of
from api.v1.models import Cause, ExplanationModel, Explanations, FactKind, FactModel, Outcome
from api.v1.representations import route_ref
from api.words.explanation import words_of
from api.words.texts import languages_of
from feeds.service_times import start_time

explain_router = APIRouter(tags=["Explanations"], dependencies=[Depends(limited(EXPLANATIONS))])

At = Annotated[
    Annotated[str, WithJsonSchema({"type": "string", "maxLength": 40, "pattern": TIME_ASKED})] | None,
    Query(
        description="Around which time: ISO 8601, by default by the clocks of the stop (of a line: the agency's), or "
        "HH:MM for the last time that it was so late; by default now",
        examples=["2026-03-02T07:42", "07:42"],
    ),
]
Direction = Annotated[int | None, Query(ge=0, le=1, description="Only this direction_id")]
Around = Annotated[int, Query(ge=60, le=7200, description="How far from that time, in seconds")]


@explain_router.get(
    "/v1/stops/{stop_id:path}/explain", response_model=Explanations, responses=PROBLEMS | CACHED | BUSY | TOO_OFTEN
)
@heavy
def explain_stop(
    request: Request,
    stop_id: str,
    at: At = None,
    route: Annotated[str | None, Query(description="Only this route_id")] = None,
    direction: Direction = None,
    around: Around = int(AROUND_S),
) -> Response:
    """What became of each passage scheduled around a time at a stop: on time, early or late and with which vehicle;
    or why it did not come. Of a line run by headway, in each direction: the wait of a rider who came then, and whether
    that was as promised. As facts with times, and as a ready answer to the rider in French and English."""
    moment = Moment.of(request)
    stop = stop_index(moment, stop_id)
    only = only_route(moment, route)
    found = explain(
        service_of(request).history, moment.timetable, stop, _time_asked(moment, at, moment.view.zone_at(stop)),
        route=only, direction=direction, around_s=float(around),
    )  # fmt: skip
    return _answer(request, moment, found)


@explain_router.get(
    "/v1/routes/{route_id:path}/explain", response_model=Explanations, responses=PROBLEMS | CACHED | BUSY | TOO_OFTEN
)
@heavy
def explain_route(
    request: Request, route_id: str, at: At = None, direction: Direction = None, around: Around = int(AROUND_S)
) -> Response:
    """What became of each trip of a line that should have left its first stop around a time: told of the first call
    that was not served, else of the first one. Of a line run by headway: the wait at the first stop where it was long,
    else at the first one."""
    moment = Moment.of(request)
    found = explain_line(
        service_of(request).history, moment.timetable, route_index(moment, route_id),
        _time_asked(moment, at, moment.view.zone), direction=direction, around_s=float(around),
    )  # fmt: skip
    return _answer(request, moment, found)


def _time_asked(moment: Moment, at: str | None, zone: ZoneInfo) -> float:
    try:
        return time_asked(moment, at, zone)
    except ValueError as error:
        raise no_such("at", at, "time; write 2026-03-02T07:42 or 07:42") from error


def _answer(request: Request, moment: Moment, found: list[Explanation]) -> Response:
    until = service_of(request).history.until
    explanations = [explanation_model(moment, explanation) for explanation in found]
    return json_answer(
        request, moment, explanations,
        lambda: {"recorded_until": moment.iso(until), "explanations": explanations},
        max_age_s=STATIC_MAX_AGE_S,
    )  # fmt: skip


def explanation_model(moment: Moment, explanation: Explanation) -> ExplanationModel:
    """An explanation as JSON tells it."""
    tt, v = explanation.timetable, explanation.verdict
    words = {language: words_of(explanation, language) for language in languages_of("explain")}
    lines = {language: words_here.facts() for language, words_here in words.items()}
    direction, passed = int(tt.trip_way[v.trip]), math.isfinite(v.passed_at)
    return ExplanationModel(
        route=route_ref(tt, explanation.route),
        headsign=explanation.headsign,
        direction=direction if direction >= 0 else None,
        stop_id=str(tt.stop_id[explanation.stop]),
        stop_name=str(tt.stop_name[explanation.stop]),
        trip_id=str(tt.trip_id[v.trip]),
        service_date=iso_date(int(tt.date[v.service_day])),
        start_time=start_time(tt, v.trip, v.shift_s),
        stop_sequence=int(tt.stop_sequence[tt.entry_of(v.trip, v.call)]),
        scheduled_time=None if v.by_headway else moment.iso(v.scheduled),
        waited_since=moment.iso(v.scheduled) if v.by_headway else None,
        headway_s=round(v.headway_s) if v.by_headway else None,
        wait_s=round(v.deviation_s) if v.by_headway and passed else None,
        outcome=cast(Outcome, v.outcome),
        cause=cast(Cause, v.cause) if v.cause else None,
        passed_at=moment.iso(v.passed_at),
        deviation_s=round(v.deviation_s) if passed and not v.by_headway else None,
        vehicle_id=v.vehicle_id or None,
        facts=[
            FactModel(
                kind=cast(FactKind, fact.kind),
                since=moment.view.iso(fact.since),
                until=moment.iso(fact.until),
                stop_id=str(tt.stop_id[fact.stop]) if fact.stop >= 0 else None,
                stop_name=str(tt.stop_name[fact.stop]) if fact.stop >= 0 else None,
                trip_id=str(tt.trip_id[fact.trip]) if fact.trip >= 0 else None,
                vehicle_id=fact.vehicle_id or None,
                alert_id=fact.alert_id or None,
                time=moment.iso(fact.time),
                text={language: words_here[i].what for language, words_here in lines.items()},
            )
            for i, fact in enumerate(v.facts)
        ],
        answer={language: words_here.answer() for language, words_here in words.items()},
    )
