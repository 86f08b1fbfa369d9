"""/desk/deeds: who did what at the desk, and what riders were told each time."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.desk.deed import Deed
from api.desk.disruption import Disruption
from api.desk.place_words import notice_times
from api.desk.rendering import Session, desk_of_request, desk_page, on_disk, page_moment
from api.words.lines import line_name
from api.words.moment import PageMoment

deed_pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_PAGE = 50


@deed_pages_router.get("/desk/deeds")
def deeds(request: Request, _: Session, before: int | None = None, subject: str = "") -> Response:
    """A page of them, the last first. `before`: number of the last deed on the page before; `subject`: only what was
    done to it."""
    moment, subject = page_moment(request), subject[:200]
    with on_disk():
        found = desk_of_request(request).deeds(_PAGE + 1, before, subject)
    rows = [_row(deed, moment) for _, deed in found[:_PAGE]]
    of_subject = {"subject": subject} if subject else {}
    older = f"/desk/deeds?{urlencode({**of_subject, 'before': found[_PAGE - 1][0]})}" if len(found) > _PAGE else ""
    newest = f"/desk/deeds?{urlencode(of_subject)}".rstrip("?") if before is not None else ""
    return desk_page(request, moment, "deeds.html", rows=rows, subject=subject, older=older, newest=newest)


def _row(deed: Deed, moment: PageMoment) -> tuple[Deed, str, str, list[tuple[str, str]]]:
    """A deed, its time, what riders then read, and the disruption as it then was: what each text is, and the text."""
    header = deed.said.get(moment.texts.language) or next(iter(deed.said.values()), "")
    return deed, moment.words.dated(deed.at), header, _version(deed.version, moment) if deed.version else []


def _version(disruption: Disruption, moment: PageMoment) -> list[tuple[str, str]]:
    """What no timetable knows any longer is told by its id."""
    tt, texts = moment.timetable, moment.texts
    lines = [line_name(moment.lines.all[tt.route_index[route_id]], texts) if route_id in tt.route_index else route_id
             for route_id in disruption.routes]  # fmt: skip
    stops = [str(tt.stop_name[tt.stop_index[stop_id]]) if stop_id in tt.stop_index else stop_id
             for stop_id in disruption.stops]  # fmt: skip
    times = notice_times(disruption, texts, tt, disruption.changed_at)
    rows = [
        (texts(f"words_{name}", language=texts(f"language_{language}")), words)
        for name, by_language in (("header", disruption.header), ("description", disruption.description))
        for language, words in by_language.items()
    ]
    rows += [
        (texts("lines"), ", ".join(lines)),
        (texts("stops"), ", ".join(dict.fromkeys(stops))),
        (texts("times"), times),
        (texts("shown_on"), texts(f"shown_on_{disruption.shown_on}")),
    ]
    return [(name, words) for name, words in rows if words]
