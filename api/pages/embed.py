"""A stop's board for other sites, `/embed/{stop_id}`, and a sign to be hung up at the stop, `/stops/{stop_id}/sign`."""

from __future__ import annotations

from urllib.parse import quote

import segno
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.answers.assets import style
from api.answers.frame import Frame, fragment_response, framed
from api.pages.rendering import not_found_page, rider_page, script_texts
from api.pages.stop import stop_page
from api.reading.board import StopBoards
from api.words.moment import PageMoment

embed_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_POLICY = {"frame-ancestors": "*", "form-action": "'none'"}
"""The one rider page that other sites may hold in a frame: there is nothing to be clicked but links out of it."""
_QR_BORDER = 2


@embed_router.get("/embed/{stop_id:path}")
def embed(request: Request, stop_id: str, fragment: str = "") -> Response:
    """One row for each line and direction, live. `fragment`: only what changes."""
    moment = PageMoment.of(request)
    stop = moment.timetable.stop_named.get(stop_id)
    if stop is None:
        return framed(moment, "embed.html", Frame(style([]), 404, _POLICY), page=None,
                      said=moment.texts("error_stop", id=stop_id), script_texts="{}", speed=1)  # fmt: skip
    page = stop_page(StopBoards(moment), moment, stop)
    if fragment:
        return fragment_response(moment, "embed_board.html", page=page)
    sheet = style([line.badge for line in page.lines])
    return framed(
        moment, "embed.html", Frame(sheet, policy=_POLICY), page=page, said="", script_texts=script_texts(moment),
        speed=request.app.state.service.clock.speed,
    )  # fmt: skip


@embed_router.get("/stops/{stop_id:path}/sign")
def sign(request: Request, stop_id: str) -> Response:
    """Name, lines and a QR code that opens the stop's page, on a sheet of paper."""
    moment = PageMoment.of(request)
    stop = moment.timetable.stop_named.get(stop_id)
    if stop is None:
        return not_found_page(request, moment, moment.texts("error_stop", id=stop_id))
    page, address = stop_page(StopBoards(moment), moment, stop), f"{request.base_url}stops/{quote(stop_id, safe='')}"
    code = segno.make_qr(address, error="m").svg_inline(border=_QR_BORDER, omitsize=True, lineclass=None, svgclass="qr")
    ways = list(dict.fromkeys((group.line, group.destination) for group in page.groups))
    return rider_page(
        request, moment, "sign.html", [line.badge for line in page.lines], page=page, address=address, code=code,
        ways=ways,
    )  # fmt: skip
