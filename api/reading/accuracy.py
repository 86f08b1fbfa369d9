"""How good predictions were: by line, stop, hour and day, ours and the operator's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.reading.calls import iso_date
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.service.view import ServiceView
from feeds.history.accuracy_sums import CALLS, OPERATOR, OURS, AccuracySums, By, GroupSums
from feeds.service_times import DAY_BEGINS_S
from predictor.accuracy import measures
from predictor.accuracy.tally import FIGURES, SUMS, figures_of
from predictor.timetable import Timetable

SOURCES = {OURS: "prochain", OPERATOR: "operator"}
DAYS = 7
"""So many days, today among them, where nobody says."""
MOST_DAYS = 366
MOST_GROUPS = 2000


@dataclass(frozen=True, eq=False)
class Horizon:
    """The figures of predictions made so long before the passage."""

    minutes: str
    predictions: int
    figures: Mapping[str, float]
    """By the names of `FIGURES`, NaN where there is nothing to judge."""


@dataclass(frozen=True, eq=False)
class Scores:
    """The figures of one group and source."""

    group: str
    """`route_id`, `stop_id`, hour (00 to 23), day (ISO date); "" of all."""
    name: str
    """What riders call it."""
    source: str
    predictions: int
    figures: Mapping[str, float]
    """Of all horizons; also `completeness` (ETA Completeness Benchmark) and `on_time` (on-time performance)."""
    horizons: tuple[Horizon, ...]
    calls: Mapping[str, int]
    """By the names of `CALLS`."""


def accuracy(
    sums: AccuracySums, timetable: Timetable, first: date, last: date, by: By = "all", *, route: int | None = None,
    stop: int | None = None,
) -> list[Scores]:  # fmt: skip
    """Figures of the days from `first` to `last`, of one line or stop (indices) or of all: in order of hour or day,
    else those of which most was predicted first. It reads from disk: not for the event loop."""
    tt = timetable
    found = sums.read(
        number_of(first), number_of(last), by, route_id=None if route is None else str(tt.route_id[route]),
        stop_id=None if stop is None else str(tt.stop_id[stop]),
    )  # fmt: skip
    scores = [_scores(tt, group, by) for group in found]
    if by in ("line", "stop"):
        scores.sort(key=lambda score: (-score.predictions, score.group, score.source != SOURCES[OURS]))
    else:
        scores.sort(key=lambda score: (score.group, score.source != SOURCES[OURS]))
    return scores


def recent(view: ServiceView) -> list[Scores]:
    """Figures of the last hours by line."""
    return [_scores(view.timetable, group, "line") for group in view.accuracy.lines]


def days_until_now(moment: Moment, days: int = DAYS) -> tuple[date, date]:
    """The last service days, today included: it begins in the small hours."""
    today = (datetime.fromtimestamp(moment.now, moment.view.zone) - timedelta(seconds=DAY_BEGINS_S)).date()
    return today - timedelta(days=days - 1), today


def _scores(tt: Timetable, sums: GroupSums, by: By) -> Scores:
    by_bucket, overall = figures_of(sums.predictions)
    predictions = sums.predictions[:, SUMS.index("predictions")]
    calls = dict(zip(CALLS, sums.calls.astype(int).tolist(), strict=True))
    on_time = _share(calls["on_time"], calls["early"] + calls["on_time"] + calls["late"])
    shares = {"completeness": _share(calls["complete"], calls["scheduled"]), "on_time": on_time}
    return Scores(
        group=_group(sums.group, by),
        name=_name(tt, sums.group, by),
        source=SOURCES[sums.source],
        predictions=int(predictions.sum()),
        figures={name: float(overall[name]) for name in FIGURES} | shares,
        horizons=tuple(
            Horizon(minutes, int(predictions[bucket]), {name: float(by_bucket[name][bucket]) for name in FIGURES})
            for bucket, minutes in enumerate(measures.BUCKETS)
        ),
        calls=calls,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _group(group: str, by: By) -> str:
    if by == "hour":
        return group.zfill(2)
    return iso_date(int(group)) if by == "day" else group


def _name(tt: Timetable, group: str, by: By) -> str:
    if by == "line":
        route = tt.route_index.get(group)
        return group if route is None else lines_of(tt).all[route].name
    if by == "stop":
        stop = tt.stop_index.get(group)
        return group if stop is None else str(tt.stop_name[stop])
    return ""


def number_of(day: date) -> int:
    """YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day
