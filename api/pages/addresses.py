"""The rider pages: home and search, stop, line, trip. Rendered here, usable without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.answers.assets import asset_answer
from api.answers.frame import fragment_response, keep_choice
from api.answers.lookups import place_in
from api.answers.plainly_asked import PlainlyAsked
from api.answers.rate_limits import SEARCHES, rate_limits_of
from api.pages.found import found_stops
from api.pages.home import home_board
from api.pages.line import line_page
from api.pages.push import push_key
from api.pages.rendering import leads_on, not_found_page, rider_page
from api.pages.stop import ORDERS, stop_page
from api.pages.trip import journey_page
from api.reading.alerts import announced_alerts, network_alerts
from api.reading.boards_ahead import boards_ahead_of
from api.reading.journey import UnknownRunError, journey_meant
from api.reading.lines import lines_named
from api.reading.moment import Moment
from api.service.stop_search import StopHit
from api.words.alerts import all_alert_words, first_alert_words
from api.words.moment import PageMoment, in_words_of

pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, route_class=PlainlyAsked)

_RESULTS = 20
_SUGGESTIONS = 6
_LONGEST_QUERY = 100
_ORDER_COOKIE = "order"


@pages_router.get("/")
def home(
    request: Request,
    q: str = "",
    near: str = "",
    fragment: str = "",
    stop: Annotated[list[str] | None, Query()] = None,
    line: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Search by name or code; the next departures near a place, of favourite stops, or of the busiest; the lines.

    `fragment`: only what is suggested while typing; `board`: only what is live, of the favourite stops and lines.
    """
    moment = PageMoment.of(request)
    query = q.strip()[:_LONGEST_QUERY]
    if query or (near and not fragment):
        rate_limits_of(request).spend(SEARCHES, request)
    if fragment == "board":
        return fragment_response(moment, "home_board.html", board=home_board(moment, stop or [], line or [], near))
    if fragment:
        found = found_stops(moment, moment.view.stop_search.by_text(query, _SUGGESTIONS) if query else [])
        return fragment_response(
            moment, "suggestions.html", found=found, query=query, lines=lines_named(moment.lines, query, moment.now)
        )
    if near:
        return _nearest(request, moment, near)
    if query:
        return _search(request, moment, query)
    modes = moment.lines.by_mode(moment.now)
    alerts = first_alert_words(moment, network_alerts(moment))
    return rider_page(
        request, moment, "home.html", moment.lines.badges, alerts, modes=modes, alert_list=alerts, query="",
        announced=_announced(moment), board=home_board(moment),
    )  # fmt: skip


@pages_router.get("/lines")
@pages_router.get("/lines/")
def lines() -> RedirectResponse:
    """The list of lines."""
    return RedirectResponse("/#lines")


@pages_router.get("/stops")
@pages_router.get("/stops/")
@pages_router.get("/trips")
@pages_router.get("/trips/")
def nothing_named() -> RedirectResponse:
    """Where stops are searched for."""
    return RedirectResponse("/")


@pages_router.get("/stops/{stop_id:path}")
async def stop(request: Request, stop_id: str, fragment: str = "", order: str = "", line: str = "") -> Response:
    """The departure board of one stop. Of a busy one: `order`, which is kept, and the only `line` to show."""
    here = Moment.of(request)
    index = here.timetable.stop_named.get(stop_id)
    if index is None:
        moment = in_words_of(request, here)
        return _not_found(request, moment, moment.texts("error_stop", id=stop_id), here.view.stop_search.like(stop_id))
    boards = boards_ahead_of(request).boards(here, index)
    moment = in_words_of(request, boards.moment)
    page = stop_page(boards, moment, index, order or request.cookies.get(_ORDER_COOKIE, ""), line)
    if fragment:
        return fragment_response(moment, "stop_board.html", page=page)
    badges = (line.badge for line in page.lines)
    site = str(request.base_url)
    response = rider_page(request, moment, "stop.html", badges, page.alerts, also_said=["copied"], page=page, site=site)
    if order in ORDERS:
        keep_choice(response, moment, _ORDER_COOKIE, order)
    return response


@pages_router.get("/lines/{route_id:path}")
def line(request: Request, route_id: str, direction: str = "", fragment: str = "") -> Response:
    """The stops of a line and its vehicles."""
    moment = PageMoment.of(request)
    index = moment.timetable.route_index.get(route_id)
    if index is None:
        return _not_found(request, moment, moment.texts("error_line", id=route_id))
    if not fragment and (goes_on := moment.lines.runs_as(index, moment.now)) != index:
        return leads_on(f"/lines/{quote(moment.lines.all[goes_on].route_id, safe='')}")
    page = line_page(moment, index, int(direction) if re.fullmatch(r"-?\d", direction) else None)
    if fragment:
        return fragment_response(moment, "line_board.html", page=page)
    return rider_page(request, moment, "line.html", [page.line.badge], page.alerts, page=page)


@pages_router.get("/trips/{trip_id:path}")
def trip(
    request: Request,
    trip_id: str,
    date: str = "",
    start: str = "",
    stop: str = "",
    visit: str = "",
    fragment: str = "",
) -> Response:
    """Every stop of one dated trip. `date` YYYY-MM-DD, today's or the nearest where not given; `start` HH:MM:SS tells
    one run from another of a trip run by headway; `stop` is the rider's own, `visit` the stop_sequence of the call
    there that is meant."""
    moment = PageMoment.of(request)
    index = moment.timetable.trip_index.get(trip_id)
    if index is None:
        return _not_found(request, moment, moment.texts("error_trip", id=trip_id))
    try:
        journey = journey_meant(moment, index, date, start)
    except UnknownRunError as unknown:
        return _not_found(request, moment, _no_run(moment, trip_id, date, start, unknown))
    page = journey_page(moment, journey, stop, visit)
    if fragment:
        return fragment_response(moment, "trip_board.html", page=page)
    ride_texts = (
        "ride_waiting", "ride_waiting_push", "ride_comes", "ride_cancelled", "ride_minutes", "ride_next", "ride_there",
    )  # fmt: skip
    return rider_page(
        request, moment, "trip.html", [page.line.badge], page.alerts, also_said=ride_texts, page=page,
        push_key=push_key(request), run={"trip": trip_id, "date": date, "start": start, "stop": stop, "visit": visit},
    )  # fmt: skip


@pages_router.get("/offline")
def offline(request: Request) -> Response:
    """What a phone shows without a network where it kept nothing better."""
    return rider_page(request, PageMoment.of(request), "offline.html")


@pages_router.get("/static/{name}")
def static(request: Request, name: str) -> Response:
    """Script and icon: kept by browsers for a year, since another content has another address."""
    return asset_answer(request, name)


def _announced(moment: PageMoment) -> str:
    """How many messages there are now, and how many are planned."""
    messages = all_alert_words(moment, announced_alerts(moment))
    now = sum(message.in_force for message in messages)
    counts = (("alerts_count_now", now), ("alerts_count_planned", len(messages) - now))
    return " · ".join(moment.texts(key, count=count) for key, count in counts if count)


def _search(request: Request, moment: PageMoment, query: str) -> Response:
    hits = moment.view.stop_search.by_text(query, _RESULTS + 1)
    tt = moment.timetable
    exact = [hit for hit in hits if str(tt.stop_code[hit.stop_idx]).casefold() == query.casefold()]
    if len(exact) == 1 and not lines_named(moment.lines, query, moment.now):
        address = f"/stops/{quote(str(tt.stop_id[exact[0].stop_idx]), safe='')}"
        return leads_on(address)
    texts = moment.texts
    notice, hint = texts("results_none", query=query), texts("results_none_hint")
    return _results(request, moment, hits, texts("results_title", query=query), notice, hint, query)


def _nearest(request: Request, moment: PageMoment, near: str) -> Response:
    texts = moment.texts
    place = place_in(near)
    if place is None:
        return _results(request, moment, [], texts("near_title"), texts("near_bad"))
    board = home_board(moment, near=near)
    if not board.near:
        hits = moment.view.stop_search.near(*place, _RESULTS)
        return _results(request, moment, hits, texts("near_title"), texts("near_none"))
    return rider_page(request, moment, "near.html", moment.lines.badges, board=board, query="")


def _results(
    request: Request,
    moment: PageMoment,
    hits: list[StopHit],
    heading: str,
    notice: str,
    hint: str = "",
    query: str = "",
) -> Response:
    return rider_page(
        request, moment, "results.html", moment.lines.badges, found=found_stops(moment, hits[:_RESULTS]),
        heading=heading, count="results_first" if len(hits) > _RESULTS else "results_count", said=notice, hint=hint,
        query=query, lines=lines_named(moment.lines, query, moment.now),
    )  # fmt: skip


def _not_found(request: Request, moment: PageMoment, notice: str, like: Iterable[int] = ()) -> Response:
    found = found_stops(moment, [StopHit(stop) for stop in like])
    return not_found_page(request, moment, f"{notice} {moment.texts('error_hint')}", found, moment.lines.badges)


def _no_run(moment: PageMoment, trip_id: str, date: str, start: str, unknown: UnknownRunError) -> str:
    match unknown.reason:
        case "never_runs":
            return moment.texts("error_trip", id=trip_id)
        case "bad_start":
            return moment.texts("error_start", start=start)
        case "not_on_date":
            return moment.texts("error_not_on_date", date=date, dates=", ".join(unknown.dates))
        case _:
            return moment.texts("error_date", date=date, first=unknown.dates[0], last=unknown.dates[1])
