"""`/stops/{stop_id}/timetable` and `/lines/{route_id}/timetable`: what is planned on a day, to be read and printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.pages.rendering import leads_on, not_found_page, rider_page
from api.pages.stop import at_its_platforms
from api.reading.alerts import day_alerts
from api.reading.badges import Badge
from api.reading.calls import iso_date
from api.reading.day_timetable import DayDeparture, DayRow, DayTime, line_day, next_change, stop_day
from api.reading.lines import Line
from api.words.alerts import AlertWords, first_alert_words
from api.words.lines import line_title
from api.words.moment import PageMoment
from api.words.times import ABOUT
from feeds.service_times import service_date
from predictor.arrays import NONE

timetable_pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_DAYS = 8
"""So many days can be chosen by a link."""


@dataclass(frozen=True)
class DayRowWords:
    """A line in one direction on a day."""

    line: Line
    direction: int
    destination: str
    hours: list[tuple[str, list[tuple[str, str, str]]]]
    """By hour, the minute of each departure, where it goes where that is not where most go, and that it is called off
    in words."""
    spans: list[str]
    """ "every 8 min, 06:00–09:00", of a line run by headway."""


@timetable_pages_router.get("/stops/{stop_id:path}/timetable")
def stop_timetable(request: Request, stop_id: str, date: str = "", line: str = "") -> Response:
    """`date`: YYYY-MM-DD, today's where it is none of the timetable's; `line`: only this route_id."""
    moment = PageMoment.of(request)
    tt = moment.timetable
    stop = tt.stop_named.get(stop_id)
    if stop is None:
        return not_found_page(request, moment, moment.texts("error_stop", id=stop_id))
    day = _day(moment, date)
    only = moment.lines.as_one([tt.route_index[line]]) if line in tt.route_index else frozenset()
    found = [row for row in stop_day(moment, stop, day) if not line or row.line.route in only]
    rows = [_row(moment, stop, row) for row in found]
    return _page(
        request, moment, moment.stop_name(stop), f"/stops/{quote(stop_id, safe='')}", day,
        next_change(moment, stop, None, day), [row.line.badge for row in rows],
        at_its_platforms(moment, stop, first_alert_words(moment, day_alerts(moment, day, stop=stop), [stop])),
        rows=rows,
        **_marks([departure for row in found for departure in row.departures if not departure.headway_s]),
    )  # fmt: skip


@timetable_pages_router.get("/lines/{route_id:path}/timetable")
def line_timetable(request: Request, route_id: str, date: str = "", direction: str = "") -> Response:
    """As that of a stop; `direction` a `direction_id`, the first where it is none of the line's."""
    moment = PageMoment.of(request)
    tt = moment.timetable
    route = tt.route_index.get(route_id)
    if route is None:
        return not_found_page(request, moment, moment.texts("error_line", id=route_id))
    day = _day(moment, date)
    if (runs_as := moment.lines.runs_on(route, day)) != route:
        address = f"/lines/{quote(moment.lines.all[runs_as].route_id, safe='')}/timetable"
        return leads_on(f"{address}?{urlencode(request.query_params)}")
    line = moment.lines.all[route]
    ways = sorted(set(tt.pattern_way[tt.pattern_route == route].tolist())) or [NONE]
    way = int(direction) if direction in map(str, ways) else ways[0]
    of_ways = {each: line_day(moment, route, each, day) for each in ways}
    shown = of_ways[way]
    clocks = [moment.words_at(stop) for stop in shown.stops]
    runs = [
        [
            ("", "") if time is None else (_marked(words.time(time.at), time), _called_off(moment, time))
            for time, words in zip(run, clocks, strict=True)
        ]
        for run in shown.runs
    ]
    ends = ["" if stop < 0 else moment.towards(str(tt.stop_name[stop])) for stop in shown.ends]
    columns = [moment.stop_name(stop) for stop in shown.stops]
    others = [(each, moment.place_of(found.destination)) for each, found in of_ways.items() if found.stops]
    title = line_title(line, moment.texts)
    return _page(
        request, moment, title, f"/lines/{quote(route_id, safe='')}", day,
        next_change(moment, None, route, day), [line.badge],
        first_alert_words(moment, day_alerts(moment, day, route=route)), columns=columns,
        runs=list(zip(runs, ends, strict=True)),
        direction=str(way), directions=others, by_headway=shown.by_headway,
        **_marks([time for run in shown.runs for time in run if time is not None]),
    )  # fmt: skip


def _day(moment: PageMoment, date: str) -> int:
    """Index of the service day that is asked for, else of today's, else of the nearest one."""
    number = service_date(date) if date else None
    day = None if number is None else moment.timetable.date_index.get(number)
    return moment.today if day is None else day


_EMPTY: dict[str, Any] = {
    "rows": (), "columns": (), "runs": (), "direction": "", "directions": (), "by_headway": False,
}  # fmt: skip
"""What one of the two pages does not have."""


def _page(
    request: Request, moment: PageMoment, heading: str, href: str, day: int, change: int | None,
    badges: list[Badge], alerts: list[AlertWords], **content: Any,
) -> Response:  # fmt: skip
    """Parameters: `href`: the page of the stop or line; `change`: the day on which the times change next, None where
    that is not known; `alerts`: those that speak of the day; `content`: what is planned on it."""
    tt, words, texts = moment.timetable, moment.words, moment.texts
    noon = (tt.date_origin + 12 * 3600.0).tolist()
    first = min(max(moment.today, day - _DAYS + 1), day)
    days = [
        (iso_date(int(tt.date[other])), words.weekday_date(noon[other], short=True))
        for other in range(first, min(first + _DAYS, len(noon)))
    ]
    return rider_page(
        request,
        moment,
        "timetable.html",
        badges,
        alerts,
        shown_alerts=alerts,
        heading=heading,
        href=href,
        shown_day=words.weekday_date(noon[day]),
        date=iso_date(int(tt.date[day])),
        days=days,
        change="" if change is None else texts("timetable_change", date=words.weekday_date(noon[change])),
        valid=texts("timetable_valid", date=words.date(noon[-1])),
        **_EMPTY | content,
    )


def _marks(times: Sequence[DayDeparture | DayTime]) -> dict[str, bool]:
    """Which marks have to be explained."""
    return {
        "any_reckoned": any(time.reckoned for time in times),
        "any_called_off": any(time.status != "scheduled" for time in times),
    }


def _marked(time: str, of: DayDeparture | DayTime) -> str:
    return f"{ABOUT}{time}" if of.reckoned else time


def _called_off(moment: PageMoment, of: DayDeparture | DayTime) -> str:
    return "" if of.status == "scheduled" else moment.texts(of.status)


def _row(moment: PageMoment, stop: int, row: DayRow) -> DayRowWords:
    words = moment.words_at(stop)
    timed = [departure for departure in row.departures if not departure.headway_s]
    hours = [
        (
            hour,
            [
                (
                    _marked(words.minute(departure.at), departure),
                    "" if departure.destination == row.destination else moment.place_of(departure.destination),
                    _called_off(moment, departure),
                )
                for departure in group
            ],
        )
        for hour, group in groupby(timed, key=lambda departure: words.hour(departure.at))
    ]
    spans = []
    by_headway = [departure for departure in row.departures if departure.headway_s]
    for place in dict.fromkeys(departure.destination for departure in by_headway):
        bound_for_place = [departure for departure in by_headway if departure.destination == place]
        to = "" if place == row.destination else f"{moment.towards(place)} · "
        for every, group in groupby(bound_for_place, key=lambda departure: moment.every(departure.headway_s)):
            runs = list(group)
            spans.append(f"{to}{every}, {words.time(runs[0].at)}–{words.time(runs[-1].at + runs[-1].headway_s)}")
    return DayRowWords(moment.lines.all[row.line.route], row.direction, moment.place_of(row.destination), hours, spans)
