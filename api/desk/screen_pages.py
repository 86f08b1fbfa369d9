"""/desk/screens: which screens and panels have asked, what each shows, and why one shows nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.answers.screens_seen import ScreenKey, ScreenSeen, ScreensSeen
from api.desk.rendering import Session, desk_page, page_moment
from api.reading.board import StopBoards
from api.words.line_directions import nothing_leaves
from api.words.moment import PageMoment

screen_pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_PAGE = 100
_COUNTED = 30


@dataclass(frozen=True)
class ScreenRow:
    """One screen or panel as the page shows it."""

    name: str
    kind: str
    address: str
    """What it asks for."""
    heard: str
    since: str
    shows: list[str]
    good: bool
    """Whether it shows departures, as far as can be told from here."""


@screen_pages_router.get("/desk/screens")
def screens(request: Request, _: Session, page: int = 1) -> Response:
    """Those that show nothing first, then by name."""
    moment = page_moment(request)
    seen: ScreensSeen = request.app.state.screens_seen
    boards = StopBoards(moment)
    found = sorted((_row(screen, boards, moment) for screen in seen.all(moment.now)), key=_first)
    last = max(-(-len(found) // _PAGE), 1)
    page = min(max(page, 1), last)
    return desk_page(
        request, moment, "screens.html", rows=found[(page - 1) * _PAGE : page * _PAGE], page=page, last=last,
        count=len(found), silent=sum(not row.good for row in found), silent_feed=moment.feed.stopped,
    )  # fmt: skip


def _first(row: ScreenRow) -> tuple[bool, str, str]:
    return row.good, row.name.casefold(), row.address


def _row(screen: ScreenSeen, boards: StopBoards, moment: PageMoment) -> ScreenRow:
    key, words, texts = screen.key, moment.words, moment.texts
    age = words.age(max(moment.now - screen.last, 0.0))
    silent = screen.silent(moment.now)
    shows = [_shows(stop_id, boards, moment) for stop_id in key.stops] or [(texts("screen_no_stop"), False)]
    return ScreenRow(
        name=key.name or ", ".join(dict.fromkeys(_stop_name(stop_id, moment) for stop_id in key.stops)) or "–",
        kind=texts(f"screen_kind_{key.kind}"),
        address=_address(key),
        heard=texts("screen_connected") if screen.streams else texts("screen_asked", age=age),
        since=words.clock(screen.since),
        shows=[*([texts("screen_silent", age=age)] if silent else []), *(line_shown for line_shown, _ in shows)],
        good=not silent and any(good for _, good in shows),
    )


def _shows(stop_id: str, boards: StopBoards, moment: PageMoment) -> tuple[str, bool]:
    """What stands on it of one stop, or why nothing does, and whether anything does."""
    texts, stop = moment.texts, moment.timetable.stop_index.get(stop_id)
    if stop is None:
        return texts("screen_unknown_stop", id=stop_id), False
    name, rows = str(moment.timetable.stop_name[stop]), boards.rows(stop, _COUNTED)
    if not rows:
        return texts("screen_quiet", stop=name, why=nothing_leaves(moment, stop)), False
    live = Counter(row.status for row in rows)["live"]
    next_at = moment.words_at(rows[0].stop_idx).clock(rows[0].published)
    return texts("screen_shows", stop=name, count=len(rows), live=live, time=next_at), True


def _stop_name(stop_id: str, moment: PageMoment) -> str:
    stop = moment.timetable.stop_index.get(stop_id)
    return stop_id if stop is None else str(moment.timetable.stop_name[stop])


def _address(key: ScreenKey) -> str:
    named = f"?{urlencode({'name': key.name})}" if key.name else ""
    if key.kind == "panel":
        return f"/v1/stops/{quote(key.stops[0], safe='')}/board{named}"
    if any("," in stop_id for stop_id in key.stops):
        query = [*(("stop", stop_id) for stop_id in key.stops), *([("name", key.name)] if key.name else [])]
        return f"/screen?{urlencode(query)}"
    return f"/screen/{','.join(quote(stop_id, safe='') for stop_id in key.stops)}{named}"
