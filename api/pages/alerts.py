"""`/alerts`: messages to riders, now and planned, of all, of a line or of a stop; `/alerts.rss`: the same as a feed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.answers.caching import answer, digest_of
from api.answers.frame import BY_LANGUAGE, fragment
from api.pages.rendering import rider_page
from api.reading.alerts import announced_alerts
from api.reading.lines import Line
from api.words.alerts import AlertWords, all_alert_words
from api.words.moment import PageMoment
from feeds.letters import UNREADABLE

alerts_router = APIRouter(include_in_schema=False)

_FEED_MAX_AGE_S = 60
_MOST = 100
"""So many messages stand on one page, or in the feed."""
_MOST_CHIPS = 60
"""So many lines, and so many stops, are offered to choose from."""


@dataclass(frozen=True)
class AlertsPage:
    """What the page and its feed show."""

    line: Line | None
    """The only line that is asked for,"""
    stop: tuple[str, str] | None
    """or id and name of the only stop."""
    now: list[AlertWords]
    planned: list[AlertWords]
    lines: list[Line]
    """The first of those that the alerts name,"""
    stops: list[tuple[str, str]]
    """and of the stops, id and name."""
    query: str
    """What is asked for, as the feed's address has it."""
    before: str
    """Address of the page before this one, "" where this is the first,"""
    further: str
    """and of the one after it, "" where this is the last."""


@alerts_router.get("/alerts")
def alerts(request: Request, line: str = "", stop: str = "", page: str = "") -> Response:
    """`line` a route_id, `stop` a stop_id; one that is not known is told, and all are shown. `page` counts from 1."""
    moment = PageMoment.of(request)
    tt = moment.timetable
    unknown = moment.texts("error_line", id=line) if line and line not in tt.route_index else ""
    unknown = moment.texts("error_stop", id=stop) if stop and stop not in tt.stop_named else unknown
    shown = _page(moment, line, stop, int(page) if re.fullmatch("[0-9]{1,6}", page) else 1)
    badges = [listed_line.badge for listed_line in (*shown.lines, *([shown.line] if shown.line else ()))]
    return rider_page(
        request, moment, "alerts.html", badges, status=404 if unknown else 200, page=shown, unknown=unknown
    )  # fmt: skip


@alerts_router.get("/alerts.rss")
def alerts_feed(request: Request, line: str = "", stop: str = "") -> Response:
    """The same as RSS 2.0: what changes comes as a new item."""
    moment = PageMoment.of(request)
    page = _page(moment, line, stop)
    items = [(message, _names(message)) for message in (*page.now, *page.planned)]
    site = str(request.base_url).rstrip("/")
    says = (site, moment.texts.language, page.query, [digest for _, digest in items])

    def body() -> str:
        return UNREADABLE.sub("", fragment(moment, "alerts.xml", page=page, items=items, site=site))

    feed = answer(request, says, body, max_age_s=_FEED_MAX_AGE_S, media_type="application/rss+xml; charset=utf-8")
    feed.headers["Vary"] = BY_LANGUAGE
    return feed


def _names(message: AlertWords) -> str:
    """Names what is said: the same from day to day."""
    lines, stops = [line.route_id for line in message.lines], [stop_id for stop_id, _ in message.stops]
    return digest_of(
        (
            message.header,
            message.description,
            message.url,
            message.whom,
            lines,
            stops,
            message.starts_at,
            message.ends_at,
        )
    )


def _page(moment: PageMoment, route_id: str, stop_id: str, number: int = 1) -> AlertsPage:
    tt = moment.timetable
    route, stop = tt.route_index.get(route_id), tt.stop_named.get(stop_id)
    messages = all_alert_words(moment, announced_alerts(moment, route, stop), [] if stop is None else [stop])
    lines = {line.route: line for message in messages for line in message.lines}
    last = max(-(-len(messages) // _MOST), 1)
    number = min(max(number, 1), last)
    messages = messages[(number - 1) * _MOST : number * _MOST]
    asked = {
        name: value for name, value, known in (("line", route_id, route), ("stop", stop_id, stop)) if known is not None
    }
    before, further = (
        "/alerts?" + urlencode({**asked, "page": other}) if 1 <= other <= last else ""
        for other in (number - 1, number + 1)
    )
    return AlertsPage(
        line=None if route is None else moment.lines.all[route],
        stop=None if stop is None else (str(tt.stop_id[stop]), moment.stop_name(stop)),
        now=[message for message in messages if message.in_force],
        planned=[message for message in messages if not message.in_force],
        lines=[lines[key] for key in sorted(lines, key=moment.lines.rank.__getitem__)[:_MOST_CHIPS]],
        stops=sorted({named for message in messages for named in message.stops}, key=lambda named: named[1])[
            :_MOST_CHIPS
        ],
        query=urlencode({**asked, "lang": moment.texts.language}),
        before=before,
        further=further,
    )  # fmt: skip
