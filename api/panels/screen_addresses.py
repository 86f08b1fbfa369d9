"""`/screen/{stop_ids}`: the full-screen departure board of one or several stops."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.answers.announcer import Announcement, LastEventId, announcer_of
from api.answers.assets import style
from api.answers.frame import Frame, fragment, framed
from api.answers.lookups import only_route
from api.answers.problems import Problem
from api.answers.screens_seen import ScreenKey, ScreenName, screens_seen_of
from api.panels.screen import ScreenPage, screen_page, screen_timetable
from api.reading.board import MOST_DEPARTURES, StopBoards
from api.reading.moment import Moment
from api.words.moment import PageMoment, abbreviations_of, said_in
from api.words.root_path import root_of
from api.words.texts import region_of, wanted_language

screens_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MOST_STOPS = 6
_ROTATE_WITHOUT_SCRIPT_S = 30
_DRIFTS = 8
"""Places that the picture moves between, one a minute."""
_SCRIPT_TEXTS = (
    "panel_approaching", "min", "scheduled", "cancelled", "screen_offline", "screen_timetable", "screen_none",
    "screen_pause", "screen_resume", "platform",
)  # fmt: skip
_VOICE_TEXTS = (
    "voice_read", "voice_stop", "voice_row", "voice_minutes", "voice_at", "voice_due", "voice_off", "voice_then",
)  # fmt: skip

_POLICY = {"form-action": "'none'", "frame-ancestors": ""}
"""Unlike other pages it may stand in a frame, as the players of signs do it: there is nothing to click on."""
_HEADERS = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}


@screens_router.get("/screen")
@screens_router.get("/screen/{stop_ids:path}")
def screen(
    request: Request,
    stop_ids: str = "",
    stop: Annotated[list[str] | None, Query(description="Further stops, for ids that hold a comma")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_DEPARTURES)] = 12,
    lang: str = "",
    variant: Literal["", "contrast", "eink"] = "",
    voice: Literal["", "0", "1"] = "",
    only: Literal["", "board", "stream"] = "",
    route: Annotated[str, Query(description="This route_id alone")] = "",
    name: ScreenName = "",
    last_event_id: LastEventId = None,
) -> Response:
    """The screen of some stops; `only` the part that changes, once or as an event stream, is for its script."""
    here = Moment.of(request)
    language = wanted_language(lang, None, request.headers.get("accept-language"))
    country = region_of(language, request.headers.get("accept-language"))
    short = abbreviations_of(request)
    moment = said_in(here, language, country, short, root_of(request.scope))
    asked = _asked(moment, stop_ids, stop or [])
    screens, clock = screens_seen_of(request), request.app.state.service.clock
    seen = screens.asked(ScreenKey("screen", tuple(asked), name), clock.now())
    stops, missing = _known(moment, asked)
    if not stops or len(asked) > MOST_STOPS:
        lost = missing and len(asked) <= MOST_STOPS
        notice = moment.texts("error_stop", id=missing[0]) if lost else moment.texts("screen_stops", most=MOST_STOPS)
        return _notice(moment, notice)
    if route and route not in moment.timetable.route_index:
        return _notice(moment, moment.texts("error_line", id=route))
    if only == "stream":
        key = ("screen", tuple(asked), limit, route, language, country)

        def make(boards: StopBoards) -> Announcement:
            return _announced(said_in(boards.moment, language, country, short), boards, asked, limit, route)

        attended = screens.listening(seen, clock)
        return announcer_of(request).answer(request, key, make, last_event_id, attended, stops=asked)
    alone = only_route(moment, route)
    boards = StopBoards(here, stops)
    page = screen_page(boards, moment, stops, limit, missing, alone)
    if only == "board":
        return HTMLResponse(_board(moment, page), headers=_HEADERS)
    minute = int(moment.now // 60)
    text_keys = _SCRIPT_TEXTS + (_VOICE_TEXTS if voice == "1" else ())
    return framed(
        moment,
        "screen.html",
        Frame(style((line.badge for line in page.lines), "screen.css"), policy=_POLICY, headers=_HEADERS),
        page=page,
        variant=variant,
        voice=voice == "1",
        drift=minute % _DRIFTS,
        message_shown=int(moment.now // _ROTATE_WITHOUT_SCRIPT_S) % max(len(page.messages), 1),
        timetable=screen_timetable(boards, moment, stops, alone),
        script_texts=json.dumps({key: moment.texts.entries[key] for key in text_keys}, ensure_ascii=False),
        speed=request.app.state.service.clock.speed,
        hour_cycle=moment.words.hour_cycle,
        clock=moment.words_at(stops[0]),
    )


def _asked(moment: PageMoment, stop_ids: str, more: list[str]) -> list[str]:
    """Stop ids, each once. A path that is itself a stop id is that stop, even with a comma in it."""
    whole = stop_ids in moment.timetable.stop_named
    listed = [stop_ids] if whole else [part.strip() for part in stop_ids.rstrip("/").split(",")]
    return list(dict.fromkeys(stop_id for stop_id in (*listed, *more) if stop_id))


def _known(moment: PageMoment, asked: list[str]) -> tuple[list[int], list[str]]:
    """The stops that are asked for, and the ids of those that the timetable has no more."""
    named = moment.timetable.stop_named
    return [named[stop] for stop in asked if stop in named], [stop for stop in asked if stop not in named]


def _announced(moment: PageMoment, boards: StopBoards, asked: list[str], limit: int, route: str) -> Announcement:
    stops, missing = _known(moment, asked)
    if not stops:
        raise Problem(404, "unknown-stop", "Unknown stop", "The stops of this screen are no longer in the timetable.")
    page = screen_page(boards, moment, stops, limit, missing, only_route(moment, route))
    return Announcement(page.event_id, partial(_board, moment, page))


def _board(moment: PageMoment, page: ScreenPage) -> str:
    return fragment(moment, "screen_board.html", page=page, message_shown=0)


def _notice(moment: PageMoment, notice: str) -> Response:
    """A screen that cannot be shown: it asks again by itself, for the next timetable may know the stop."""
    frame = Frame(style([], "screen.css"), 404, _POLICY, _HEADERS)
    return framed(moment, "screen_notice.html", frame, said=notice)
