"""The figures as tables: by method and horizon, and by route, stop, hour, day type and stop size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from benchmarks.accuracy import scores
from benchmarks.accuracy.judging import MEDIAN, PUBLISHED, Judged
from benchmarks.accuracy.runs import Runs
from predictor.accuracy import measures
from predictor.accuracy.tally import SUMS, Errors, figures_of, sums_of
from predictor.arrays import BoolArray, Float64Array, Int32Array

ALL = "all"
UNDER_WAY, AT_PASSAGES, BEFORE_START, LIVE, TOLD_BY_OPERATOR, SCHEDULED = (
    "live, under way", "live, just after a passage", "live, before its first stop", "live",
    "live, and told by the operator as well", "scheduled",
)  # fmt: skip
"""Sets of predictions: those of a vehicle that has passed a stop of the trip; of these the first after each passage;
those that bridge a layover or an earlier trip; all of a vehicle; of these the ones of calls that the
operator's own recorded feed held a time for at that moment; those from the timetable alone."""
DAY_TYPES = ("weekday", "Saturday", "Sunday")
STOP_SIZES = ("smallest quarter", "second quarter", "third quarter", "largest quarter")


@dataclass(frozen=True, eq=False)
class Tables:
    """All figures, long: one row for each set or group, method and horizon bucket ("all" over all)."""

    methods: pd.DataFrame
    """`predictions_of`, `method`, `bucket`, the fields of `scores.Score`, `jump_s`, `inconsistency_s`."""
    ranges: pd.DataFrame
    """`predictions_of`, `bucket`, the fields of `scores.RangeScore`."""
    groups: pd.DataFrame
    """`dimension`, `group`, `method`, `bucket`, `predictions` and `tally.FIGURES` (the range's of ours alone), over
    live predictions."""
    availability: pd.DataFrame
    """`dimension`, `group`, `passages` (owed), `available` (share with a live prediction ten minutes before)."""

    @classmethod
    def of(cls, judged: Judged, runs: Runs) -> Tables:
        """Compute everything. Cost: a few passes over the predictions for each method."""
        sets = {
            UNDER_WAY: judged.live & judged.under_way,
            AT_PASSAGES: judged.live & (judged.told_s < judged.poll_s),
            BEFORE_START: judged.live & ~judged.under_way,
            LIVE: judged.live,
            TOLD_BY_OPERATOR: judged.live & judged.told_by_operator,
            SCHEDULED: ~judged.live,
        }
        groups, availability = _by_group(judged, runs)
        return cls(_by_method(judged, sets), _ranges(judged, sets), groups, availability)


@dataclass(frozen=True, eq=False)
class Dimension:
    """A way to part the calls of runs into groups."""

    name: str
    labels: list[str]
    code: Int32Array
    """(m,) group of each cell."""


def dimensions(runs: Runs) -> list[Dimension]:
    """Route, stop, hour, day, day type and stop size of each cell."""
    tt = runs.timetable
    route = tt.trip_route[runs.trip][runs.run]
    hour = runs.hour_of(np.where(np.isnan(runs.passed), runs.expected, runs.passed), runs.run)
    weekday = np.array([pd.Timestamp(str(day)).weekday() for day in tt.date.tolist()], np.int32)
    day_type = np.clip(weekday - 4, 0, 2)[runs.service_day][runs.run]
    return [
        Dimension("all", ["all"], np.zeros(len(route), np.int32)),
        Dimension("route", _route_names(runs), route),
        Dimension("stop", tt.stop_id.tolist(), runs.stop),
        Dimension("hour", [f"{h:02}" for h in range(24)], hour),
        Dimension("day", [_iso(day) for day in tt.date.tolist()], runs.service_day[runs.run]),
        Dimension("day type", list(DAY_TYPES), day_type.astype(np.int32)),
        Dimension("stop size", list(STOP_SIZES), _stop_size(runs)[runs.stop]),
    ]


def _iso(day: int) -> str:
    return f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"


def _route_names(runs: Runs) -> list[str]:
    """Short names, with the id where two routes share one or have none."""
    tt = runs.timetable
    short = pd.Series(tt.route_short_name)
    is_its_own = (short != "") & ~short.duplicated(keep=False)
    apart = short.str.cat(pd.Series(tt.route_id), sep=" · ").str.removeprefix(" · ")
    return short.where(is_its_own, apart).tolist()


def passages_a_day(runs: Runs) -> Float64Array:
    """Known passages a day at each stop (S,)."""
    known = ~np.isnan(runs.passed)
    days = max(len(np.unique(runs.service_day)), 1)
    return np.bincount(runs.stop[known], minlength=runs.timetable.stops) / days


def _stop_size(runs: Runs) -> Int32Array:
    """Quarter (0 to 3) of each stop among all stops served, by passages a day (S,)."""
    daily = passages_a_day(runs)
    edges = np.quantile(daily[daily > 0], [0.25, 0.5, 0.75]) if (daily > 0).any() else np.zeros(3)
    return np.searchsorted(edges, daily, side="left").astype(np.int32)


def _by_method(judged: Judged, sets: Mapping[str, BoolArray]) -> pd.DataFrame:
    rows = []
    for name, chosen in sets.items():
        horizon, cell = judged.horizon_s[chosen], judged.cell[chosen]
        for method, errors in judged.error_s.items():
            error = errors[chosen]
            jump = scores.jumps(error, horizon, cell, largest_gap_s=1.5 * judged.poll_s)
            known = np.isfinite(error)
            *_, spread = measures.spreads(error[known], horizon[known], cell[known])
            of = {"predictions_of": name, "method": method}
            total = asdict(scores.score(error, horizon))
            rows.append({**of, "bucket": ALL, **total, "jump_s": scores.mean(jump),
                         "inconsistency_s": scores.mean(spread)})  # fmt: skip
            rows.extend(
                {**of, "bucket": label, **asdict(scores.score(error, horizon, bucket=i))}
                for i, label in enumerate(measures.BUCKETS)
            )
    return pd.DataFrame(rows)


def _ranges(judged: Judged, sets: Mapping[str, BoolArray]) -> pd.DataFrame:
    bucket = measures.bucket_of(judged.horizon_s)
    rows = []
    for name, chosen in sets.items():
        for label, inside in ((ALL, bucket >= 0), *((x, bucket == i) for i, x in enumerate(measures.BUCKETS))):
            of = chosen & inside
            figures = scores.range_score(judged.p10_error_s[of], judged.error_s[MEDIAN][of], judged.p90_error_s[of])
            rows.append({"predictions_of": name, "bucket": label, **asdict(figures)})
    return pd.DataFrame(rows)


def _by_group(judged: Judged, runs: Runs) -> tuple[pd.DataFrame, pd.DataFrame]:
    live = judged.live
    cell, horizon = judged.cell[live], judged.horizon_s[live]
    ranges = judged.p10_error_s[live], judged.p90_error_s[live]
    groups, available = [], []
    for dimension in dimensions(runs):
        code, labels = dimension.code[cell], np.array(dimension.labels)
        for method, errors in judged.error_s.items():
            known = np.flatnonzero(np.isfinite(errors[live]))
            ours = method in (MEDIAN, PUBLISHED)
            sums = sums_of(
                Errors(
                    cell[known].astype(np.int64), horizon[known], errors[live][known],
                    *(quantile[known] if ours else np.full(len(known), np.nan, np.float32) for quantile in ranges),
                ),
                code[known].astype(np.int64), len(labels),
            )  # fmt: skip
            frame = _means(sums)
            frame.insert(0, "method", method)
            frame.insert(0, "group", labels[frame.pop("code")])
            frame.insert(0, "dimension", dimension.name)
            groups.append(frame)
        owed = np.bincount(dimension.code[judged.owed], minlength=len(labels))
        had = np.bincount(dimension.code[judged.available], minlength=len(labels))
        some = np.flatnonzero(owed)
        available.append(
            pd.DataFrame(
                {"dimension": dimension.name, "group": labels[some], "passages": owed[some],
                 "available": had[some] / owed[some]}
            )
        )  # fmt: skip
    return pd.concat(groups, ignore_index=True), pd.concat(available, ignore_index=True)


def _means(sums: Float64Array) -> pd.DataFrame:
    """Figures by (group, bucket) and by group."""
    by_bucket, overall = figures_of(sums)
    counts = sums[..., SUMS.index("predictions")]
    parts = [_frame(ALL, counts.sum(1), overall)]
    parts += [
        _frame(label, counts[:, i], {name: values[:, i] for name, values in by_bucket.items()})
        for i, label in enumerate(measures.BUCKETS)
    ]
    return pd.concat(parts, ignore_index=True)


def _frame(bucket: str, counts: Float64Array, figures: Mapping[str, Float64Array]) -> pd.DataFrame:
    some = np.flatnonzero(counts)
    frame = pd.DataFrame({"code": some, "bucket": bucket, "predictions": counts[some].astype(np.int64)})
    return frame.assign(**{name: values[some] for name, values in figures.items()})
