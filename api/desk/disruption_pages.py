"""/desk/disruptions: writing a disruption, changing it, ending it, and all that there were."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from api.answers.map_tiles import MAP_POLICY, map_context
from api.answers.problems import Problem
from api.desk.cards import audience_words, card, operator_cards
from api.desk.disruption import Disruption, Notice, alert_of
from api.desk.disruption_form import (
    SHOWN_ON,
    DisruptionForm,
    chosen_audience,
    form_of_disruption,
    form_of_post,
    form_of_query,
    notice_of,
    words_of,
)
from api.desk.disruptions import ending_soon
from api.desk.phrases import SPANS_MIN, Phrase
from api.desk.place_words import languages_for
from api.desk.rendering import (
    OwnForm,
    Session,
    desk_of_request,
    desk_page,
    moment_in,
    officer_of,
    on_disk,
    page_moment,
    text,
)
from api.desk.repeats import WEEKDAYS
from api.desk.stop_choice import stop_choice
from api.words.alerts import alert_words
from api.words.moment import PageMoment
from api.words.recurrence import weekdays

disruption_pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_OVER = 200
_MAP_TEXTS = ("map_picked", "map_unpicked", "map_loading", "line_title", "network_gone_title")


@disruption_pages_router.get("/desk/disruptions")
def all_disruptions(request: Request, _: Session) -> Response:
    """Those that are over, the last first."""
    moment, desk = page_moment(request), desk_of_request(request)
    over = desk.disruptions.over(moment.now)
    return desk_page(
        request, moment, "disruptions.html", badges=moment.lines.badges,
        cards=[card(disruption, moment) for disruption in desk.disruptions.now(moment.now)],
        by_operators=operator_cards(moment),
        over=[card(disruption, moment) for disruption in over[:_OVER]],
    )  # fmt: skip


@disruption_pages_router.get("/desk/disruptions/new")
def new(request: Request, _: Session, phrase: str = "") -> Response:
    """The form, with what the link has filled in."""
    moment = page_moment(request)
    picked = _phrase(request, phrase)
    form = form_of_query(request.query_params, picked)
    return _form_page(request, moment, form, picked, None, secrets.token_urlsafe(9))


@disruption_pages_router.post("/desk/disruptions/new")
def publish(request: Request, form: OwnForm) -> Response:
    """Publish, or show what it would be like."""
    moment, once = page_moment(request), desk_of_request(request).publish_once
    return _written(
        request, form, moment, None,
        lambda notice: once(text(form, "form_id"), notice, moment.now, officer_of(request)),
    )  # fmt: skip


@disruption_pages_router.get("/desk/disruptions/{number}")
def edit(request: Request, _: Session, number: int) -> Response:
    """The form of a published one."""
    moment = page_moment(request)
    kept = _kept(request, number)
    phrase = _phrase(request, kept.phrase)
    form = form_of_disruption(kept, phrase, moment.timetable, moment.now)
    return _form_page(request, moment, form, phrase, kept, "")


@disruption_pages_router.post("/desk/disruptions/{number}")
def change(request: Request, form: OwnForm, number: int) -> Response:
    """Change it, or show what it would be like."""
    moment, disruptions, kept = page_moment(request), desk_of_request(request).disruptions, _kept(request, number)
    return _written(
        request, form, moment, kept,
        lambda notice: disruptions.change(number, notice, moment.now, officer_of(request)),
    )  # fmt: skip


def _written(
    request: Request, form: FormData, moment: PageMoment, kept: Disruption | None, write: Callable[[Notice], Disruption]
) -> Response:
    """Write what the form says where that is asked for and nothing speaks against it, else show it."""
    phrase, given, form_id = _phrase(request, text(form, "phrase")), form_of_post(form), text(form, "form_id")
    if text(form, "do") != "publish":
        return _form_page(request, moment, given, phrase, kept, form_id)
    notice, problem = _said(given, phrase, moment, kept)
    if kept and text(form, "changed_at") != repr(kept.changed_at):
        problem = "changed_meanwhile"
    if notice is None or problem:
        return _form_page(request, moment, given, phrase, kept, form_id, problem, status=422)
    try:
        number = write(notice).number
    except sqlite3.Error:
        return _form_page(request, moment, given, phrase, kept, form_id, "not_saved", status=507)
    return RedirectResponse(f"/desk?{urlencode({'published': number})}", 303)


@disruption_pages_router.post("/desk/disruptions/{number}/end")
def end(request: Request, form: OwnForm, number: int) -> Response:  # noqa: ARG001
    """End it now."""
    moment, kept = page_moment(request), _kept(request, number)
    with on_disk():
        desk_of_request(request).disruptions.end(kept.number, moment.now, officer_of(request))
    return RedirectResponse(f"/desk?{urlencode({'ended': number})}", 303)


@disruption_pages_router.post("/desk/disruptions/{number}/put-off")
def put_off(request: Request, form: OwnForm, number: int) -> Response:
    """Let it end so many minutes later; words that follow its phrase say so."""
    moment, desk, kept = page_moment(request), desk_of_request(request), _kept(request, number)
    ending, by_min = ending_soon(kept, moment.now), text(form, "by")
    if ending and by_min in map(str, ending.put_off_min):
        phrase = _phrase(request, kept.phrase)
        filled = form_of_disruption(kept, phrase, moment.timetable, moment.now)
        later = replace(filled, end="at", end_at=moment.words.iso(ending.ends_at + 60.0 * int(by_min)))
        notice, problem = _said(later, phrase, moment, kept)
        if notice and not problem:
            with on_disk():
                desk.disruptions.change(number, notice, moment.now, officer_of(request))
    return RedirectResponse(f"/desk?{urlencode({'published': number})}", 303)


def _said(
    form: DisruptionForm, phrase: Phrase | None, moment: PageMoment, kept: Disruption | None
) -> tuple[Notice | None, str]:
    """The notice, None where the form cannot be read, and the key of what keeps it from being published."""
    try:
        notice = notice_of(form, phrase, moment, kept)
    except ValueError as error:
        return None, str(error)
    if notice.ends_at is not None and notice.ends_at <= moment.now:
        return notice, "ends_before_now"
    return notice, notice.problem()


def _form_page(
    request: Request,
    moment: PageMoment,
    form: DisruptionForm,
    phrase: Phrase | None,
    kept: Disruption | None,
    form_id: str,
    problem: str = "",
    *,
    status: int = 200,
) -> Response:
    notice, _ = _said(form, phrase, moment, kept)
    unread = notice is None
    # Where a time cannot be read, the rest is shown as if it began now.
    shown = notice or Notice(
        routes=tuple(form.routes), stops=tuple(form.stops), blanks=form.blanks, starts_at=moment.now,
        shown_on=chosen_audience(form, phrase),
    )  # fmt: skip
    alert = alert_of(shown, moment.timetable, "")
    return desk_page(
        request,
        moment,
        "disruption.html",
        badges=moment.lines.badges,
        status=status,
        also_allowed=MAP_POLICY,
        kept=kept,
        phrase=phrase,
        name=phrase.name_in(moment.texts.language) if phrase else moment.texts("phrase_free"),
        form=form,
        form_id=form_id,
        shown_on=shown.shown_on,
        stops=stop_choice(form, moment),
        words=words_of(form, phrase, shown, moment),
        preview=[]
        if unread
        else [(language, alert_words(moment_in(request, language), alert)) for language in languages_for(moment.texts)],
        reach=None if unread else audience_words(shown, moment),
        problem=moment.texts(f"problem_{problem}") if problem else "",
        spans=SPANS_MIN,
        audiences=SHOWN_ON,
        weekdays=[(day, weekdays([number], moment.texts)) for number, day in enumerate(WEEKDAYS)],
        map_texts=json.dumps({key: moment.texts.entries[key] for key in _MAP_TEXTS}, ensure_ascii=False),
        **map_context(request, moment),
    )


def _phrase(request: Request, key: str) -> Phrase | None:
    return desk_of_request(request).phrases.get(key)


def _kept(request: Request, number: int) -> Disruption:
    kept = desk_of_request(request).disruptions.get(number)
    if kept is None:
        raise Problem(404, "unknown-disruption", "Unknown disruption", f"There is no disruption {number}: see /desk.")
    return kept
