"""`/v1/stops/{stop_id}/board` and `…/stream`: for the makers of panels."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from api.answers.announcer import STREAM, Announcement, LastEventId, announcer_of
from api.answers.answer import Answer, Status
from api.answers.caching import BOARD_MAX_AGE_S, CACHED, answer, as_json, digest_of
from api.answers.event_stream import EventStream
from api.answers.lookups import only_route, stop_index
from api.answers.plainly_asked import PlainlyAsked
from api.answers.problems import PROBLEMS
from api.answers.screens_seen import ScreenKey, ScreenName, screens_seen_of
from api.panels.text import in_plain_blanks, panel_lines
from api.reading.board import MOST_DEPARTURES, StopBoards
from api.reading.boards_ahead import boards_ahead_of
from api.reading.moment import Moment
from api.words.alerts import AlertWords, panel_alert_words
from api.words.departures import DepartureWords
from api.words.line_directions import nothing_leaves
from api.words.lines import line_name
from api.words.moment import PageMoment, abbreviations_of, said_in
from api.words.texts import LANGUAGES, Texts, bare_language
from api.words.times import ABOUT


class PanelDeparture(BaseModel):
    """One departure in the few words that a panel has room for. Every field is always there."""

    line: str = Field(examples=["A"])
    color: str = Field(description="RRGGBB, background of the line's badge", examples=["E2001A"])
    text_color: str = Field(description="RRGGBB, readable on `color`", examples=["FFFFFF"])
    destination: str = Field(examples=["Lycée Jean Monnet"])
    platform: str = Field(description="Empty where the stop has none", examples=["1"])
    status: Status
    minutes: int | None = Field(
        description="Whole minutes to wait where a countdown is to be shown; null where the clock time is", examples=[3]
    )
    doubt: Literal["", "overdue", "held_up"] = Field(
        description="Why nothing counts down though the vehicle reports: it has not left its first stop, or stands on "
        "the way"
    )
    notes: list[str] = Field(
        description="What else there is to know, ready to show", examples=[["at the stop until 08:24"]]
    )
    occupancy: str = Field(description="How full the vehicle is; empty where not told", examples=["few seats free"])
    wheelchair: Literal["", "yes", "no"] = Field(
        description="Whether the vehicle takes wheelchairs; empty where unknown"
    )
    bikes: Literal["", "yes", "no"] = Field(
        description="Whether bicycles may come along, on lines whose runs differ; else empty"
    )
    time: str = Field(description="Local clock time, HH:MM; empty where a line by headway has none", examples=["08:42"])
    shown: str = Field(description="Ready to show: the wait, the clock time, or what is wrong", examples=["3 min"])


class PanelBoard(Answer):
    """The board of one stop as a panel shows it."""

    stop_id: str = Field(examples=["liberte"])
    stop_name: str = Field(examples=["Place de la Liberté"])
    departures: list[PanelDeparture] = Field(description="Soonest first")
    messages: list[str] = Field(description="Disruptions in force", examples=[["Travaux rue Nationale"]])


_LINE = "(?:line|route|bus|tram|train|ligne|linie)"
"""What messages call a line."""
_MOST_LINES = 5
"""So many are named before a message."""

panels_router = APIRouter(tags=["Panels"], route_class=PlainlyAsked)

Limit = Annotated[int, Query(ge=1, le=MOST_DEPARTURES, description="At most so many departures")]
Route = Annotated[str, Query(description="Only this route_id")]
Language = Annotated[
    str,
    StringConstraints(pattern=f"^(?:{'|'.join(LANGUAGES)})$"),
    BeforeValidator(bare_language),
    Query(alias="lang", description="Language of the words"),
]
_BOARD: dict[int | str, dict[str, Any]] = {
    **PROBLEMS,
    **CACHED,
    200: {
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": "A   Les Douets    3 min\n2   Liberté       08:42"}
        }
    },
}


@panels_router.get("/v1/stops/{stop_id:path}/board", response_model=PanelBoard, responses=_BOARD)
async def get_board(
    request: Request,
    stop_id: str,
    limit: Limit = 6,
    language: Language = "en",
    form: Annotated[
        Literal["json", "text"], Query(alias="format", description="JSON, or lines of text of one width")
    ] = "json",
    width: Annotated[int, Query(ge=8, le=200, description="Columns of each line of text")] = 24,
    lines: Annotated[int, Query(ge=1, le=40, description="Lines of text")] = 4,
    route: Route = "",
    name: ScreenName = "",
) -> Response:
    """What a panel at the stop shows. The ETag changes only when something shown changes: a panel that polls every 15
    seconds with `If-None-Match` gets 304 in between."""
    here = Moment.of(request)
    screens_seen_of(request).asked(ScreenKey("panel", (stop_id,), name), here.now)
    stop = stop_index(here, stop_id)
    boards = boards_ahead_of(request).boards(here, stop)
    moment = said_in(boards.moment, language, abbreviations=abbreviations_of(request))
    if form == "text":
        text = _text(boards, moment, stop, width, lines, only_route(moment, route))
        return answer(request, text, lambda: text, max_age_s=BOARD_MAX_AGE_S, media_type="text/plain")
    shown = _board(boards, moment, stop, limit, only_route(moment, route))
    return answer(
        request, _says(shown), lambda: as_json(shown), max_age_s=BOARD_MAX_AGE_S, media_type="application/json"
    )


@panels_router.get("/v1/stops/{stop_id:path}/stream", responses=STREAM, response_class=EventStream)
def stream_board(
    request: Request,
    stop_id: str,
    limit: Limit = 6,
    language: Language = "en",
    route: Route = "",
    name: ScreenName = "",
    last_event_id: LastEventId = None,
) -> Response:
    """The board as Server-Sent Events: an event `board` (as `…/board` gives it) whenever something shown changes, an
    event `heartbeat` every 10 seconds otherwise. Who comes back with `Last-Event-ID` gets the board only if it has
    changed since."""
    screens, clock = screens_seen_of(request), request.app.state.service.clock
    seen = screens.asked(ScreenKey("panel", (stop_id,), name), clock.now())
    stop_index(here := Moment.of(request), stop_id)
    only_route(here, route)

    def make(boards: StopBoards) -> Announcement:
        moment, stop = said_in(boards.moment, language), stop_index(boards.moment, stop_id)
        shown = _board(boards, moment, stop, limit, only_route(moment, route))
        return Announcement(digest_of(_says(shown)), lambda: as_json(shown).decode())

    key = ("board", stop_id, limit, language, route)
    attended = screens.listening(seen, clock)
    return announcer_of(request).answer(request, key, make, last_event_id, attended, stops=[stop_id])


def _board(boards: StopBoards, moment: PageMoment, stop: int, limit: int, only: int | None) -> dict[str, Any]:
    """The fields of `PanelBoard` in its order."""
    rows = boards.rows(stop, limit, only)
    return {
        **moment.answer_fields,
        "stop_id": str(moment.timetable.stop_id[stop]),
        "stop_name": in_plain_blanks(moment.stop_name(stop)),
        "departures": [_departure(moment, DepartureWords(moment, row, at=stop)) for row in rows],
        "messages": _messages(moment, stop),
    }


def _departure(moment: PageMoment, row: DepartureWords) -> dict[str, Any]:
    """The fields of `PanelDeparture` in its order."""
    wait = row.wait
    counts_down = row.comes and wait.kind != "clock"
    words = " ".join([word for word in (wait.day, f"{ABOUT * row.about}{wait.value}", wait.unit) if word])
    return {
        "line": row.line.name,
        "color": row.line.badge.background,
        "text_color": row.line.badge.text,
        "destination": in_plain_blanks(row.destination),
        "platform": row.platform,
        "status": row.status,
        "minutes": row.call.minutes if counts_down else None,
        "doubt": row.doubt,
        "notes": list(map(in_plain_blanks, row.notes)),
        "occupancy": in_plain_blanks(row.occupancy),
        "wheelchair": row.wheelchair,
        "bikes": row.bikes,
        "time": row.hhmm,
        "shown": in_plain_blanks(moment.texts(row.status) if not row.comes else row.said if row.doubt else words),
    }


def _says(shown: dict[str, Any]) -> tuple[Any, ...]:
    """All that a panel shows: not when it was made, nor the second that the feed is old."""
    return tuple(shown[name] for name in shown if name not in ("generated_at", "feed_age_s"))


def _text(boards: StopBoards, moment: PageMoment, stop: int, width: int, lines: int, only: int | None) -> str:
    rows = [DepartureWords(moment, row, at=stop) for row in boards.rows(stop, lines, only)]
    quiet, messages = "" if rows else nothing_leaves(moment, stop, only), _messages(moment, stop)
    names = [line.name for line in moment.lines.at_stop(stop)]
    shown = panel_lines(rows, names, quiet, messages, moment.texts, moment.abbreviations, width=width, lines=lines)
    return "\n".join(shown) + "\n"


def _messages(moment: PageMoment, stop: int) -> list[str]:
    return [in_plain_blanks(_message(alert, moment.texts)) for alert in panel_alert_words(moment, [stop])]


def _message(alert: AlertWords, texts: Texts) -> str:
    shown, more = alert.lines[:_MOST_LINES], len(alert.lines) - _MOST_LINES
    others = [f"+{more}"] if more > 0 else []
    lines = " ".join([*(line.name for line in shown), *others])
    told = " ".join([*(line_name(line, texts) for line in shown), *others])
    header, description = in_plain_blanks(alert.header), in_plain_blanks(alert.description)
    full_stop = "" if not header or header.endswith((".", "!", "?", "…", ":")) else "."
    sentence = f"{header}{full_stop} {description}".strip() if description else header
    parts = f"{alert.about}{sentence}".split("\n")
    sentence = " ".join(part for line in parts if (part := line.strip()))
    # Of few characters none is for a name that the message begins with.
    is_named = re.match(rf"\W*(?:{re.escape(lines)}\s*[]:–—-]|{_LINE}\s+{re.escape(lines)}\b)", sentence, re.IGNORECASE)
    return f"{told}: {sentence}" if lines and (told != lines or not is_named) else sentence
