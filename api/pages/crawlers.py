"""What search engines are told: which pages there are, and what is for programs alone."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote
from xml.sax.saxutils import escape

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from api.answers.caching import answer
from api.words.moment import PageMoment
from api.words.root_path import root_of
from predictor.timetable import DAY_S, Timetable

crawlers_router = APIRouter(include_in_schema=False)

MOST_ADDRESSES = 50_000
"""A sitemap may have no more."""
_FOR_PROGRAMS = ("/v1/", "/gtfs-rt/", "/gtfs.zip", "/metrics", "/trips/", "/desk", "/screen", "/*/stream")
"""A trip's page says something for a day only."""


@crawlers_router.get("/robots.txt")
def robots(request: Request) -> PlainTextResponse:
    """RFC 9309."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {root_of(request.scope)}{path}" for path in _FOR_PROGRAMS),
        f"Sitemap: {request.base_url}sitemap.xml",
    ]
    return PlainTextResponse("\n".join(lines) + "\n", headers={"Cache-Control": f"public, max-age={DAY_S}"})


@crawlers_router.get("/sitemap.xml")
def sitemap(request: Request) -> Response:
    """The pages of lines and stops, by the address under which this one was asked for."""
    tt, base = PageMoment.of(request).timetable, str(request.base_url)

    def body() -> str:
        places = "".join(f"<url><loc>{escape(base + path)}</loc></url>" for path in _paths(tt))
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>\n'
        )

    return answer(request, (tt.feed_version, base), body, max_age_s=DAY_S, media_type="application/xml")


def _paths(tt: Timetable) -> Iterable[str]:
    lines = [f"lines/{quote(str(route), safe='')}" for route in tt.route_id]
    # A station's page holds those of its platforms.
    shown = np.unique(tt.station[tt.pattern_stop])
    stops = [f"stops/{quote(str(stop), safe='')}" for stop in tt.stop_id[shown]]
    return ["", *lines, *stops][:MOST_ADDRESSES]
