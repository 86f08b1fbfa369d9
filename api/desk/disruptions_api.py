"""`/v1/disruptions`: what riders are told, and for those with the desk's token, saying it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from api.answers.answer import informed_entities
from api.answers.caching import CACHED, json_answer
from api.answers.lookups import route_index, stop_index
from api.answers.problems import PROBLEMS, Problem, ProblemDetails
from api.desk.desk import Desk
from api.desk.disruption import Disruption, Notice, alert_of
from api.desk.disruption_form import end_of
from api.desk.disruption_models import (
    DisruptionAnswer,
    DisruptionPatch,
    DisruptionsAnswer,
    OneDisruption,
    RepeatsAnswer,
)
from api.desk.place_words import worded
from api.desk.rendering import on_disk
from api.desk.repeats import WEEKDAYS
from api.desk.token_writing import WRITING, AuthorisedFirst, Writing
from api.reading.alerts import informed_by, operator_alerts, shown_on
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.reading.recurrence import Recurrence, recurrence_of
from feeds.alerts.alert import Alert

disruptions_router = APIRouter(tags=["Disruptions"], route_class=AuthorisedFirst)

_MAX_AGE_S = 1
_SENDING: dict[int | str, dict[str, Any]] = {
    **WRITING,
    400: {"model": ProblemDetails, "description": "The body is no text"},
    409: {
        "model": ProblemDetails,
        "description": "Not to be published like this: the timetable has no such line or stop, there is no such "
        "phrase, it says nothing, reaches nobody, or ends before it begins",
    },
    422: {"model": ProblemDetails, "description": "What was sent is not as described"},
    507: {"model": ProblemDetails, "description": "The disk took nothing: nothing was published"},
}


Id = Annotated[str, Path(description="Such as desk:12")]


@disruptions_router.get("/v1/disruptions", response_model=DisruptionsAnswer, responses=CACHED)
def list_disruptions(
    request: Request,
    over: Annotated[bool, Query(description="Also those of the desk that are over")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many on a page")] = 200,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Which page, from 1")] = 1,
) -> Response:
    """In force and planned, of the officer's desk and of the operator's own feed. Where there are more than one page
    holds, `Link` leads to the next one (RFC 8288)."""
    moment = Moment.of(request)
    desk: Desk = request.app.state.desk
    own = desk.disruptions.now(moment.now) + (desk.disruptions.over(moment.now) if over else [])
    messages: list[Disruption | Alert] = [*own, *operator_alerts(moment)]
    answers = [
        _of_operator(moment, message) if isinstance(message, Alert) else _of_desk(moment, message)
        for message in messages[(page - 1) * limit : page * limit]
    ]
    listed = json_answer(
        request, moment, (len(messages), answers),
        lambda: {"total": len(messages), "disruptions": answers},
        max_age_s=_MAX_AGE_S,
    )  # fmt: skip
    if page * limit < len(messages):
        # Of the same path, whatever it is under.
        listed.headers["Link"] = f'<?{request.url.include_query_params(page=page + 1).query}>; rel="next"'
    return listed


@disruptions_router.get("/v1/disruptions/{disruption_id}", response_model=OneDisruption, responses=PROBLEMS)
def get_disruption(request: Request, disruption_id: Id) -> OneDisruption:
    """One of the desk's, also when it is over."""
    moment = Moment.of(request)
    return _answer(moment, _found(request.app.state.desk, disruption_id))


@disruptions_router.post("/v1/disruptions", status_code=201, response_model=OneDisruption, responses=_SENDING)
def publish_disruption(request: Request, response: Response, desk: Writing, given: DisruptionPatch) -> OneDisruption:
    """Publish now, or for later by `starts_at`: by a ready-made phrase with its lines and stops, or in own words."""
    moment = Moment.of(request)
    notice = _notice(moment, desk, given, Notice(starts_at=moment.now), new=True)
    with on_disk():
        published = desk.disruptions.publish(notice, moment.now, request.state.token_name)
    response.headers["Location"] = f"/v1/disruptions/{published.alert_id}"
    return _answer(moment, published)


@disruptions_router.patch(
    "/v1/disruptions/{disruption_id}", response_model=OneDisruption, responses={404: PROBLEMS[404], **_SENDING}
)
def change_disruption(request: Request, desk: Writing, disruption_id: Id, given: DisruptionPatch) -> OneDisruption:
    """Change what is named. Words that are not given are made anew where lines, stops, times or blanks change."""
    moment = Moment.of(request)
    kept = _found(desk, disruption_id)
    notice = _notice(moment, desk, given, Notice(**kept.model_dump(include=set(Notice.model_fields))))
    with on_disk():
        return _answer(moment, desk.disruptions.change(kept.number, notice, moment.now, request.state.token_name))


@disruptions_router.delete(
    "/v1/disruptions/{disruption_id}", response_model=OneDisruption, responses={404: PROBLEMS[404], **_SENDING}
)
def end_disruption(request: Request, desk: Writing, disruption_id: Id) -> OneDisruption:
    """End it now. It stays readable."""
    moment = Moment.of(request)
    kept = _found(desk, disruption_id)
    with on_disk():
        return _answer(moment, desk.disruptions.end(kept.number, moment.now, request.state.token_name))


def _notice(moment: Moment, desk: Desk, given: DisruptionPatch, base: Notice, *, new: bool = False) -> Notice:
    """`base` with what is given; a `new` one ends when its phrase does. Errors: Problem 409."""
    named = given.model_fields_set
    changes: dict[str, Any] = {name: getattr(given, name) for name in named}
    for name in ("starts_at", "ends_at"):
        if name in named:
            at = getattr(given, name)
            changes[name] = at.timestamp() if at else moment.now if name == "starts_at" else None
    if changes.get("repeats"):
        changes["zone"] = lines_of(moment.timetable).zone.key
    for name in ("cause", "effect", "shown_on", "phrase"):
        if changes.get(name) is None:
            changes.pop(name, None)
    key = changes.get("phrase", base.phrase)
    phrase = desk.phrases.get(key) if key else None
    if key and phrase is None:
        keys = [phrase.key for phrase in desk.phrases.all()]
        raise Problem(409, "unknown-phrase", "Unknown phrase", f"There is no phrase “{key}”: {', '.join(keys)}.",
                      suggestions=keys)  # fmt: skip
    try:
        for route in given.routes:
            route_index(moment, route)
        for stop in given.stops:
            stop_index(moment, stop)
    except Problem as unknown:
        # 404 would say that the address is wrong.
        raise Problem(409, unknown.kind, unknown.title, str(unknown.detail), suggestions=unknown.suggestions) from None
    if phrase is not None:
        if "phrase" in named:
            starts_at = changes.get("starts_at", base.starts_at)
            by_phrase = {"cause": phrase.cause, "effect": phrase.effect, "shown_on": phrase.shown_on}
            ends = {"ends_at": end_of(phrase.ends, "", moment, starts_at)} if new else {}
            changes = {**by_phrase, **ends, **changes}
        if named & {"phrase", "routes", "stops", "starts_at", "ends_at", "repeats", "blanks"}:
            changes = {"header": {}, "description": {}, **changes}
    notice = Notice.model_validate({**base.model_dump(), **changes})
    if phrase is not None:
        notice = worded(notice, phrase, moment.timetable, moment.now)
    if problem := notice.problem():
        raise Problem(409, problem.replace("_", "-"), "Not to be published like this", _PROBLEMS[problem])
    return notice


_PROBLEMS = {
    "no_header": "It says nothing: give a header, or a phrase.",
    "starts_far_off": "It begins in another century: check starts_at.",
    "ends_before_start": "It ends before it begins: check starts_at and ends_at.",
    "repeats_without_end": "What repeats ends within 400 days: give ends_at.",
    "repeats_never": "None of the days lies between starts_at and ends_at: check repeats.",
    "no_stops": "It is to be shown at stops but names none: give stops, or another shown_on.",
    "no_lines": "It is to be shown on lines but names none: give routes, or another shown_on.",
}


def _found(desk: Desk, disruption_id: str) -> Disruption:
    number = disruption_id.removeprefix("desk:")
    found = desk.disruptions.get(int(number)) if number.isdecimal() and len(number) < 12 else None
    if found is None:
        raise Problem(
            404, "unknown-disruption", "Unknown disruption",
            f"The desk published no disruption “{disruption_id}”; those in force are listed at /v1/disruptions.",
        )  # fmt: skip
    return found


def _answer(moment: Moment, disruption: Disruption) -> OneDisruption:
    return OneDisruption(**moment.answer_fields, disruption=_of_desk(moment, disruption))


def _of_desk(moment: Moment, disruption: Disruption) -> DisruptionAnswer:
    alert = alert_of(disruption, moment.timetable, disruption.alert_id)
    return DisruptionAnswer(
        disruption_id=disruption.alert_id, source="desk", state=disruption.state(moment.now),
        cause=disruption.cause, effect=disruption.effect, severity=alert.severity,
        header=disruption.header, description=disruption.description, url=dict(alert.url),
        routes=list(disruption.routes), stops=list(disruption.stops),
        trips=[], shown_on=disruption.shown_on, informed=informed_entities(alert.selectors),
        starts_at=moment.iso(disruption.starts_at), ends_at=moment.iso(disruption.ends_at),
        repeats=RepeatsAnswer(**disruption.repeats.model_dump()) if disruption.repeats else None,
    )  # fmt: skip


def _of_operator(moment: Moment, alert: Alert) -> DisruptionAnswer:
    tt, informed, (start, end) = moment.timetable, informed_by(moment, alert), alert.period(moment.now)
    recurrence = recurrence_of(alert.affects, lines_of(tt).zone)
    if recurrence:
        start, end = recurrence.first, recurrence.ends
    return DisruptionAnswer(
        disruption_id=alert.alert_id, source="operator", state=alert.state(moment.now), cause=alert.cause,
        effect=alert.effect, severity=alert.severity,
        header=dict(alert.header), description=dict(alert.description), url=dict(alert.url),
        routes=[str(tt.route_id[r]) for r in sorted(informed.routes)],
        stops=[str(tt.stop_id[s]) for s in sorted(informed.stops)],
        trips=[str(tt.trip_id[t]) for t in sorted(informed.trips)], shown_on=shown_on(informed),
        informed=informed_entities(alert.selectors),
        starts_at=moment.iso(start) if start > 0 else None, ends_at=moment.iso(end),
        repeats=_repeats(moment, recurrence) if recurrence else None,
    )  # fmt: skip


def _repeats(moment: Moment, recurrence: Recurrence) -> RepeatsAnswer:
    zone = lines_of(moment.timetable).zone
    start, end = (f"{datetime.fromtimestamp(at, zone):%H:%M}" for at in recurrence.period)
    return RepeatsAnswer(days=[WEEKDAYS[day] for day in recurrence.days], start=start, end=end)
