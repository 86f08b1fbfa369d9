"""`/stops/{stop_id}/stream`: the stop page's board as Server-Sent Events, for the page's script."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.answers.announcer import Announcement, LastEventId, announcer_of, noticed
from api.answers.caching import digest_of, steady
from api.answers.frame import fragment
from api.answers.lookups import stop_index
from api.pages.stop import StopPage, stop_page
from api.reading.board import StopBoards
from api.words.moment import PageMoment, said_in

page_stream_router = APIRouter(include_in_schema=False)


@page_stream_router.get("/stops/{stop_id:path}/stream")
def stop_stream(
    request: Request, stop_id: str, order: str = "", line: str = "", last_event_id: LastEventId = None
) -> Response:
    """An event `board` with the board's HTML whenever it says something that the script cannot count by itself."""
    here = PageMoment.of(request)
    stop_index(here, stop_id)
    language, country = here.texts.language, here.country

    def make(boards: StopBoards) -> Announcement:
        moment = said_in(boards.moment, language, country, here.abbreviations, here.root)
        page = stop_page(boards, moment, stop_index(moment, stop_id), order, line)
        board = partial(fragment, moment, "stop_board.html", page=page)
        return Announcement(digest_of((moment.feed.stopped, _says(page, moment))), board)

    key = ("page", here.root, stop_id, language, country, order, line)
    return announcer_of(request).answer(request, key, make, last_event_id, stops=[stop_id])


def _says(page: StopPage, moment: PageMoment) -> object:
    """What the page shows, less the minutes that pass by themselves."""
    marked = sorted({group.line.route for group in page.groups} & moment.disturbed)
    groups = [(group.line.route, group.destination, group.quiet, group.last) for group in page.groups]
    rows = [row for group in page.groups for row in group.departures]
    ranges = [at and steady(at) for row in rows for at in (row.p10, row.p90)]
    return groups, [noticed(row) for row in rows], ranges, page.quiet, page.alerts, marked
