"""/desk/deeds: who did what at the desk."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.desk.rendering import Session, desk_of_request, desk_page, on_disk, page_moment

deed_pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_SHOWN = 500


@deed_pages_router.get("/desk/deeds")
def deeds(request: Request, _: Session) -> Response:
    """The last ones, the last first."""
    moment = page_moment(request)
    with on_disk():
        shown = desk_of_request(request).deeds(_SHOWN)
    rows = [
        (deed, f"{moment.words.date(deed.at)} {moment.words.clock(deed.at)}", _said(deed.said, moment.texts.language))
        for deed in shown
    ]
    return desk_page(request, moment, "deeds.html", rows=rows)


def _said(header: dict[str, str], language: str) -> str:
    return header.get(language) or next(iter(header.values()), "")
