"""/desk/why: why did my bus not come? What happened, and the answer to give to the rider."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.answers.heavy_reads import heavy
from api.desk.place_words import languages_for
from api.desk.rendering import Session, desk_of_request, desk_page, page_moment
from api.reading.destinations import destination_of
from api.reading.explanations import Explanation, explain, explain_line, time_asked
from api.reading.lines import patterns_by_direction
from api.words.explanation import words_of
from api.words.moment import PageMoment

why_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_OTHERS = 6


@why_router.get("/desk/why")
@heavy
def why(request: Request, _: Session, stop: str = "", line: str = "", direction: str = "", at: str = "") -> Response:
    """Ask by stop and time, or by line, direction and time."""
    moment = page_moment(request)
    stop, tt, problem, found = stop.strip()[:100], moment.timetable, "", list[Explanation]()
    route = tt.route_index.get(line)
    is_asked = bool(stop) or route is not None
    where = _stops(moment, stop) if stop else []
    zone = moment.view.zone_at(where[0]) if where else moment.view.zone
    try:
        time = time_asked(moment, at or None, zone)
    except (ValueError, OverflowError, OSError):
        time, is_asked, problem = moment.now, False, moment.texts("why_bad_time")
    if stop and not where:
        is_asked, problem = False, problem or moment.texts("results_none", query=stop)
    if is_asked:
        history = desk_of_request(request).service.history
        only = int(direction) if direction in ("0", "1") else None
        if where:
            found = explain(history, tt, where[0], time, route=route, direction=only)
        else:
            found = explain_line(history, tt, int(route or 0), time, direction=only)
    return desk_page(
        request, moment, "why.html", badges=moment.lines.badges,
        status=422 if problem else 200,
        found="why_waits" if found and all(explanation.verdict.by_headway for explanation in found) else "why_found",
        # As a `datetime-local` field takes it.
        stop=stop, line="" if route is None else line, direction=direction,
        at=f"{datetime.fromtimestamp(time, zone):%Y-%m-%dT%H:%M}",
        stop_name=str(tt.stop_name[where[0]]) if where else "",
        others=[(str(tt.stop_id[other]), str(tt.stop_name[other])) for other in where[1 : _OTHERS + 1]],
        cases=[
            (explanation, {language: words_of(explanation, language) for language in languages_for(moment.texts)})
            for explanation in found
        ], asked=is_asked, problem=problem,
        line_of={listed.route_id: listed for listed in moment.lines.all},
        directions=[] if route is None else _directions(moment, route),
    )  # fmt: skip


def _stops(moment: PageMoment, query: str) -> list[int]:
    """The stop of this id, else those found by name or number, the best first."""
    exact = moment.timetable.stop_index.get(query)
    found = [hit.stop_idx for hit in moment.view.stop_search.by_text(query, 3 * _OTHERS)]
    served = [candidate for candidate in found if candidate != exact and moment.lines.at_stop(candidate)]
    return served if exact is None else [exact]


def _directions(moment: PageMoment, route: int) -> list[tuple[str, str]]:
    """`direction_id` and where most of its trips go."""
    tt, example = moment.timetable, moment.lines.pattern_example
    ways = patterns_by_direction(tt, route).items()
    return [(str(way), destination_of(tt, int(example[patterns[0]]))) for way, patterns in ways if way >= 0]
