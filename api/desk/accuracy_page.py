"""/desk/accuracy: how good the predictions were, and how a line ran."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.answers.heavy_reads import heavy
from api.desk.charts import Chart, chart
from api.desk.rendering import Session, desk_of_request, desk_page, page_moment
from api.reading.accuracy import DAYS, SOURCES, Scores, accuracy, days_until_now
from api.reading.line_performance import Cell, Direction, line_performance
from api.reading.lines import Line
from api.words.moment import PageMoment
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


@dataclass(frozen=True)
class Asked:
    """What the reader chose."""

    days: int
    day: str
    line: str


@dataclass(frozen=True)
class Row:
    """A line's or stop's figures, as words."""

    name: str
    line: Line | None
    worse: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class SpeedCell:
    """A speed, its shade (0 the slowest), and the run times."""

    speed: str
    shade: int
    times: str


@dataclass(frozen=True)
class Way:
    """A direction's reports."""

    towards: str
    hours: tuple[str, ...]
    segments: tuple[tuple[str, tuple[SpeedCell | None, ...]], ...]
    headways: tuple[tuple[str, ...], ...]


@accuracy_page_router.get("/desk/accuracy")
@heavy
def accuracy_page(request: Request, _: Session, days: str = "", day: str = "", line: str = "") -> Response:
    """The last days or one day; of all lines, or of one with its stops, speeds and headways."""
    moment = page_moment(request)
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
        line.route_id: moment.texts("accuracy_worse", now=f"{line.score:.0%}", usual=f"{line.usual:.0%}")
        for line in moment.view.accuracy.worse
    }
    return desk_page(
        request,
        moment,
        "accuracy.html",
        badges=[listed.badge for listed in moment.lines.all],
        status=422 if problem else 200,
        asked=Asked(count, day, line if chosen else ""),
        spans=SPANS,
        problem=problem,
        span=_span(first, last, moment),
        sources=[scores.source for scores in overall],
        figures=_figures(overall, moment),
        charts=_charts(read, moment),
        lines=[_row(scores, moment, worse.get(scores.group, "")) for scores in by_line if scores.predictions],
        stops=_worst_stops(read("stop"), moment) if chosen else [],
        line=chosen,
        day=_day(last, moment),
        ways=[]
        if index is None
        else [_way(way, moment) for way in line_performance(history, moment.timetable, index, last)],
    )


def _figures(overall: list[Scores], moment: PageMoment) -> tuple[tuple[str, tuple[str, ...]], ...]:
    texts = moment.texts

    def of(name: str, words: Callable[[Scores], str]) -> tuple[str, tuple[str, ...]]:
        return texts(f"accuracy_{name}"), tuple(words(scores) for scores in overall)

    def share_of(name: str) -> tuple[str, tuple[str, ...]]:
        return of(name, lambda scores: _share(scores.figures[name], moment))

    def seconds_of(name: str) -> tuple[str, tuple[str, ...]]:
        return of(name, lambda scores: _seconds(scores.figures[name], moment))

    return (
        share_of("eta"), seconds_of("mae"), seconds_of("bias"), share_of("missed"), share_of("reliable"),
        seconds_of("inconsistency_s"), share_of("mbta"), share_of("coverage"),
        of("completeness", lambda scores: _share(scores.completeness, moment)),
        of("on_time", lambda scores: _share(scores.on_time, moment)),
        of("predictions", lambda scores: _count(scores.predictions)),
    )  # fmt: skip


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
                 for scores in overall}, share=share,
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
                drawn.append(chart(f"{figure_name}\u00a0· {title}", shown, series, share=share))
    return tuple(graph for graph in drawn if graph is not None)


def _row(scores: Scores, moment: PageMoment, worse: str = "") -> Row:
    index = moment.timetable.route_index.get(scores.group)
    return Row(
        scores.name,
        None if index is None else moment.lines.all[index],
        worse,
        (
            _count(scores.predictions), _share(scores.figures["eta"], moment), _seconds(scores.figures["mae"], moment),
            _share(scores.figures["missed"], moment), _share(scores.completeness, moment),
            _share(scores.on_time, moment),
        ),
    )  # fmt: skip


def _worst_stops(stops: list[Scores], moment: PageMoment) -> tuple[Row, ...]:
    enough = [scores for scores in stops if scores.source == SOURCES[0] and scores.predictions >= _ENOUGH]
    enough.sort(key=lambda scores: scores.figures["eta"])
    return tuple(_row(scores, moment) for scores in enough[:_WORST_STOPS])


def _way(way: Direction, moment: PageMoment) -> Way:
    speeds = sorted(cell.speed_km_h for segment in way.segments for cell in segment.cells if cell)

    def cell_words(cell: Cell | None) -> SpeedCell | None:
        if cell is None:
            return None
        rank = sum(speed < cell.speed_km_h for speed in speeds) / len(speeds)
        return SpeedCell(
            f"{cell.speed_km_h:.0f}", int(rank * _SHADES), f"{_clock(cell.scheduled_s)} → {_clock(cell.run_s)}"
        )

    return Way(
        moment.towards(way.destination),
        tuple(f"{hour:02}" for hour in way.hours),
        tuple(
            (f"{segment.start.name} – {segment.end.name}", tuple(cell_words(cell) for cell in segment.cells))
            for segment in way.segments
        ),
        tuple(
            (
                f"{kept.hour:02}", _minutes(kept.scheduled_s, moment), _minutes(kept.actual_s, moment),
                f"{kept.variation:.2f}", _share(kept.kept, moment), _minutes(kept.excess_wait_s, moment),
            )
            for kept in way.headways
        ),
    )  # fmt: skip


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


def _share(share: float, moment: PageMoment) -> str:
    return _NO_FIGURE if math.isnan(share) else moment.texts("accuracy_share", count=f"{100 * share:.0f}")


def _seconds(seconds: float, moment: PageMoment) -> str:
    return _NO_FIGURE if math.isnan(seconds) else moment.texts("accuracy_seconds", count=f"{seconds:.0f}")


def _minutes(seconds: float, moment: PageMoment) -> str:
    return moment.texts("accuracy_min", count=f"{seconds / 60:.1f}")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
