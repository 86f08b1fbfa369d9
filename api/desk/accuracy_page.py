"""/desk/accuracy: how good the predictions were, and how a line ran."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.answers.heavy_reads import heavy
from api.desk.charts import Chart, chart
from api.desk.rendering import Session, desk_of_request, desk_page, page_moment
from api.reading.accuracy import DAYS, SOURCES, Scores, accuracy, days_until_now
from api.reading.line_performance import Cell, Direction, line_performance
from api.words.moment import PageMoment
from api.words.numbers import decimal, percent
from feeds.history.accuracy_sums import By
from feeds.service_times import DAY_BEGINS_S
from predictor.accuracy.measures import BUCKETS

accuracy_page_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SPANS = (1, 7, 28)
_WORST_STOPS = 15
_ENOUGH = 100
"""Stops of fewer judged predictions are not among the worst: theirs is chance."""
_SHADES = 5
_NO_FIGURE = "–"
_OVERALL = (
    "eta", "mae", "bias", "missed", "reliable", "inconsistency_s", "mbta", "coverage", "completeness", "on_time",
    "predictions",
)  # fmt: skip
_OF_A_ROW = ("predictions", "eta", "mae", "missed", "completeness", "on_time")
_IN_SECONDS = ("mae", "bias", "inconsistency_s")


@accuracy_page_router.get("/desk/accuracy")
@heavy
def accuracy_page(request: Request, _: Session, days: str = "", day: str = "", line: str = "") -> Response:
    """The last days or one day; of all lines, or of one with its stops, speeds and headways."""
    moment = page_moment(request)
    spoken = moment.texts.language
    index = moment.timetable.route_index.get(line)
    chosen = None if index is None else moment.lines.all[index]
    count = int(days) if days in {str(span) for span in SPANS} else DAYS
    first, last, problem = *days_until_now(moment, count), ""
    if day:
        try:
            first = last = date.fromisoformat(day)
        except ValueError:
            problem, day = moment.texts("accuracy_bad_day", day=day[:20]), ""
    history = desk_of_request(request).service.history

    def read(by: By) -> list[Scores]:
        return accuracy(history.accuracy, moment.timetable, first, last, by, route=index)

    overall = read("all")
    by_line = [scores for scores in read("line") if scores.source == SOURCES[0]]
    worse = {
        line.route_id: moment.texts(
            "accuracy_worse", now=percent(line.score, spoken), usual=percent(line.usual, spoken)
        )
        for line in moment.view.accuracy.worse
    }
    return desk_page(
        request,
        moment,
        "accuracy.html",
        badges=moment.lines.badges,
        status=422 if problem else 200,
        days=count,
        one_day=day,
        spans=SPANS,
        problem=problem,
        span=_span(first, last, moment),
        overall=overall,
        figures=_OVERALL,
        columns=_OF_A_ROW,
        words=partial(_figure, moment),
        decimal=partial(decimal, language=spoken),
        percent=partial(percent, language=spoken),
        charts=_charts(read, moment),
        lines=[scores for scores in by_line if scores.predictions],
        line_of={listed.route_id: listed for listed in moment.lines.all},
        worse=worse,
        stops=_worst_stops(read("stop")) if chosen else [],
        line=chosen,
        day=_day(last, moment),
        ways=[]
        if index is None
        else [(way, _shades(way)) for way in line_performance(history, moment.timetable, index, last)],
    )


def _charts(read: Callable[[By], list[Scores]], moment: PageMoment) -> tuple[Chart, ...]:
    texts = moment.texts
    drawn = []
    overall = read("all")
    titles = {"hour": texts("accuracy_by_hour"), "day": texts("accuracy_by_day")}
    for figure, share in (("eta", True), ("mae", False)):
        figure_name = texts(f"accuracy_chart_{figure}")
        drawn.append(
            chart(
                f"{figure_name}\u00a0· {texts('accuracy_by_horizon')}", BUCKETS[:4] if share else BUCKETS,
                {scores.source: [h.figures[figure] for h in scores.horizons][: 4 if share else None]
                 for scores in overall}, share=share, language=texts.language,
            )
        )  # fmt: skip
        for by, title in titles.items():
            groups = [scores for scores in read(by) if scores.predictions]  # type: ignore[arg-type]
            labels = sorted({scores.group for scores in groups}, key=_service_hour if by == "hour" else str)
            of = {(scores.source, scores.group): scores.figures[figure] for scores in groups}
            series = {
                source: [of.get((source, label), math.nan) for label in labels]
                for source in dict.fromkeys(scores.source for scores in groups)
            }
            shown = labels if by == "hour" else [_short_day(label, moment) for label in labels]
            if len(labels) > 1:
                drawn.append(
                    chart(f"{figure_name}\u00a0· {title}", shown, series, share=share, language=texts.language)
                )
    return tuple(graph for graph in drawn if graph is not None)


def _worst_stops(stops: list[Scores]) -> list[Scores]:
    enough = [scores for scores in stops if scores.source == SOURCES[0] and scores.predictions >= _ENOUGH]
    return sorted(enough, key=lambda scores: scores.figures["eta"])[:_WORST_STOPS]


def _shades(way: Direction) -> dict[Cell, int]:
    """Of each speed, 0 the slowest."""
    cells = [cell for segment in way.segments for cell in segment.driven]
    speeds = sorted(cell.speed_km_h for cell in cells)
    return {cell: int(bisect_left(speeds, cell.speed_km_h) / len(speeds) * _SHADES) for cell in cells}


def _service_hour(hour: str) -> int:
    return (int(hour) - DAY_BEGINS_S // 3600) % 24


def _span(first: date, last: date, moment: PageMoment) -> str:
    if first == last:
        return _day(first, moment)
    return moment.texts("accuracy_of", since=_day(first, moment), until=_day(last, moment))


def _day(day: date, moment: PageMoment) -> str:
    return moment.words.date(_noon(day, moment))


def _short_day(day: str, moment: PageMoment) -> str:
    return moment.words.weekday_date(_noon(date.fromisoformat(day), moment), short=True)


def _noon(day: date, moment: PageMoment) -> float:
    return (datetime(day.year, day.month, day.day, tzinfo=moment.view.zone) + timedelta(hours=12)).timestamp()


def _figure(moment: PageMoment, name: str, scores: Scores) -> str:
    """One of them in words, by its name."""
    if name == "predictions":
        return decimal(scores.predictions, moment.texts.language)
    figure = scores.figures[name]
    if math.isnan(figure):
        return _NO_FIGURE
    if name in _IN_SECONDS:
        return moment.texts("accuracy_seconds", count=decimal(figure, moment.texts.language))
    return percent(figure, moment.texts.language)
