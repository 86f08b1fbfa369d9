"""How good predictions were, day by day: sums by line and hour and by line and stop, in SQLite.

What waits to be judged is in memory alone: after a restart predictions made before it are not judged, nor are calls
counted as told of or not that were due within the hour before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from feeds.history.happened import Happened
from feeds.service_times import DAY_BEGINS_S
from feeds.storage.sqlite_file import SharedSqlite
from predictor.accuracy.completeness import Completeness
from predictor.accuracy.punctuality import EARLY, LATE, ON_TIME, punctuality
from predictor.accuracy.samples import Told
from predictor.accuracy.scorer import Passed, Scorer
from predictor.accuracy.tally import BUCKETS, SUMS, figures_of, sums_of, worse_than_usual
from predictor.arrays import Float64Array, Int32Array, Int64Array
from predictor.timetable import Timetable

FILE = "accuracy.sqlite"
OURS, OPERATOR = 0, 1
"""Whose predictions: what our boards say; the operator's own TripUpdates."""
CALLS = ("scheduled", "complete", "passed", "early", "on_time", "late")
"""Counts of calls: scheduled ones, those of them that riders were told of; passages seen, and how punctual they were
where they had a time to keep."""
BY_HOUR, BY_STOP = 0, 1
"""Kinds of rows: of a line and hour, of a line and stop."""
By = Literal["all", "line", "stop", "hour", "day"]
_COLUMN = {"all": "''", "line": "route_id", "stop": "stop_id", "hour": "hour", "day": "day"}
_KEY = ("kind", "day", "route_id", "stop_id", "hour", "source")
RECENT_HOURS = 3
"""The last hours are this one and the two before."""
PAST_DAYS = 14
_LOOK_EVERY_S = 300.0
_MOST_WAITING = 300
"""Parts are joined when they are more than so many."""


def _table(name: str, key: tuple[str, ...], sums: tuple[str, ...]) -> str:
    columns = ", ".join(f"{column} {'TEXT' if column.endswith('_id') else 'INTEGER'} NOT NULL" for column in key)
    totals = ", ".join(f"{column} REAL NOT NULL" for column in sums)
    return f"CREATE TABLE IF NOT EXISTS {name} ({columns}, {totals}, PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID;"


_MIGRATIONS = (_table("predictions", (*_KEY, "bucket"), SUMS) + _table("calls", _KEY, CALLS),)
SCHEMA = len(_MIGRATIONS)


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Sums of one group and source over some days."""

    group: str
    """`route_id`, `stop_id`, hour of the service day, or day (YYYYMMDD); "" of all."""
    source: int
    predictions: Float64Array
    """(BUCKETS, len(SUMS))"""
    calls: Float64Array
    """(len(CALLS),)"""


@dataclass(frozen=True)
class WorseLine:
    """A line whose predictions are worse than in the same hours of other days, by the ETA Accuracy Benchmark."""

    route_id: str
    score: float
    usual: float


@dataclass(frozen=True, eq=False)
class Recent:
    """The last hours, as of the last time that they were looked at."""

    lines: tuple[GroupSums, ...] = ()
    worse: tuple[WorseLine, ...] = ()


@dataclass(frozen=True, eq=False)
class _Part:
    """Sums of groups (g,) of one kind and source, each group with its own number."""

    kind: int
    source: int
    group: Int64Array
    predictions: Float64Array
    calls: Float64Array


class AccuracySums:
    """One thread takes and flushes, any may read."""

    def __init__(self, path: Path | None) -> None:
        """Open the file; None for one in memory. Errors: FeedError where it cannot be opened."""
        self._file = SharedSqlite(path, _MIGRATIONS, "The figures of accuracy")
        self.fault = self._file.fault
        self.recent = Recent()
        self._timetable: Timetable | None = None
        self._at, self._looked_at = math.nan, -math.inf
        self._scorers = Scorer(), Scorer()
        self._completeness = Completeness(), Completeness()
        self._parts: list[_Part] = []
        self._named: dict[tuple[Any, ...], tuple[Float64Array, Float64Array]] = {}

    def take(self, step: Happened) -> None:
        """Judge what was predicted of the calls that a step has seen passed; remember what it tells, where it was
        sampled. Steps come in order."""
        tt = step.timetable.base
        if tt is not self._timetable:
            self._name_parts()
            self._timetable = tt
            for waiting in (*self._scorers, *self._completeness):
                waiting.forget()
        self._at = step.at
        passed = Passed.of(step.passages, step.timetable)
        if len(passed):
            self._take_passages(tt, passed)
        for source, times_told in enumerate(step.told):
            if times_told is not None:
                self._take_told(tt, source, times_told)
        if len(self._parts) > _MOST_WAITING:
            self._parts = list(_joined(self._parts))

    def flush(self) -> None:
        """Put down what is new. Errors: FeedError; it waits for the next time."""
        self._name_parts()
        if not self._named:
            return
        predictions, calls = [], []
        for key, (sums, counts) in self._named.items():
            some = np.flatnonzero(sums[:, 0]).tolist()
            predictions += [(*key, bucket, *sums[bucket].tolist()) for bucket in some]
            if counts.any():
                calls.append((*key, *counts.tolist()))
        with self._file.written() as cursor:
            cursor.executemany(_added("predictions", (*_KEY, "bucket"), SUMS), predictions)
            cursor.executemany(_added("calls", _KEY, CALLS), calls)
        self._named = {}

    def look(self) -> None:
        """Look at the last hours anew, where that is due."""
        tt, now = self._timetable, self._at
        if tt is None or self._looked_at <= now < self._looked_at + _LOOK_EVERY_S:
            return
        self._looked_at = now
        day = int(tt.day_at(now - DAY_BEGINS_S))
        if day < 0:
            self.recent = Recent()
            return
        last = int((now - tt.date_origin[day]) // 3600) % 24
        hours = max(last - RECENT_HOURS + 1, 0), last
        today = int(tt.date[day])
        lines = self.read(today, today, "line", hours=hours)
        past = [self.read(date, date, "line", hours=hours) for date in tt.date[max(day - PAST_DAYS, 0) : day].tolist()]
        self.recent = Recent(tuple(lines), _worse(lines, past))

    def read(
        self, first_day: int, last_day: int, by: By = "all", *, route_id: str | None = None, stop_id: str | None = None,
        hours: tuple[int, int] = (0, 23),
    ) -> list[GroupSums]:  # fmt: skip
        """Sums by group and source over days (YYYYMMDD, both included), of one line or stop or of all, and of some
        hours of the day.

        Where a stop is asked for there are no hours: by "hour" nothing is found of it.
        """
        kind = BY_STOP if by == "stop" or stop_id is not None else BY_HOUR
        if kind == BY_STOP and by == "hour":
            return []
        where, values = "kind = ? AND day BETWEEN ? AND ?", list[object]([kind, first_day, last_day])
        if hours != (0, 23):
            where, values = f"{where} AND hour BETWEEN ? AND ?", [*values, *hours]
        for column, wanted in (("route_id", route_id), ("stop_id", stop_id)):
            if wanted is not None:
                where, values = f"{where} AND {column} = ?", [*values, wanted]
        found: dict[tuple[str, int], GroupSums] = {}

        def of(group: object, source: int) -> GroupSums:
            key = str(group), source
            return found.setdefault(key, GroupSums(*key, np.zeros((BUCKETS, len(SUMS))), np.zeros(len(CALLS))))

        for table, key, sums in (("predictions", ", bucket", SUMS), ("calls", "", CALLS)):
            totals = ", ".join(f"sum({name})" for name in sums)
            query = (
                f"SELECT {_COLUMN[by]} AS part, source{key}, {totals} FROM {table} "  # noqa: S608
                f"WHERE {where} GROUP BY part, source{key}"
            )
            for group, source, *rest in self._file.rows(query, *values):
                if table == "calls":
                    of(group, source).calls[:] = rest
                else:
                    of(group, source).predictions[rest[0]] = rest[1:]
        return sorted(found.values(), key=lambda sums: (sums.source, sums.group))

    def drop_before(self, day: int) -> None:
        """Forget the days before `day` (YYYYMMDD)."""
        with self._file.written() as cursor:
            for table in ("predictions", "calls"):
                cursor.execute(f"DELETE FROM {table} WHERE kind IN (0, 1) AND day < ?", (day,))  # noqa: S608

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _take_passages(self, tt: Timetable, passed: Passed) -> None:
        trip = tt.call_trip[passed.entry]
        hour = _hour(tt, passed.at, passed.service_day)
        of_calls = [
            (kind, *np.unique(group, return_inverse=True))
            for kind, group in _groups(tt, passed.service_day, hour, tt.trip_route[trip], tt.call_stop[passed.entry])
        ]
        kept = punctuality(passed)
        for source, scorer in enumerate(self._scorers):
            errors, row = scorer.score(passed)
            for kind, groups, of in of_calls:
                counts = np.zeros((len(groups), len(CALLS)))
                if source == OURS:
                    counts[:, 2] = np.bincount(of[passed.judged], minlength=len(groups))
                    for place, word in enumerate((EARLY, ON_TIME, LATE), 3):
                        counts[:, place] = np.bincount(of[kept == word], minlength=len(groups))
                self._parts.append(_Part(kind, source, groups, sums_of(errors, of[row], len(groups)), counts))

    def _take_told(self, tt: Timetable, source: int, times_told: Told) -> None:
        self._scorers[source].keep(times_told.samples)
        completeness = self._completeness[source]
        completeness.tell(times_told.calls, times_told.cancelled, times_told.samples.made_at)
        calls, complete = completeness.close(tt)
        if len(calls) == 0:
            return
        route, hour = tt.trip_route[tt.call_trip[calls.entry]], _hour(tt, calls.at, calls.service_day)
        for kind, group in _groups(tt, calls.service_day, hour, route, tt.call_stop[calls.entry]):
            groups, of = np.unique(group, return_inverse=True)
            counts = np.zeros((len(groups), len(CALLS)))
            counts[:, 0] = np.bincount(of, minlength=len(groups))
            counts[:, 1] = np.bincount(of[complete], minlength=len(groups))
            self._parts.append(_Part(kind, source, groups, np.zeros((len(groups), BUCKETS, len(SUMS))), counts))

    def _name_parts(self) -> None:
        """From numbers to ids, which outlive the timetable."""
        tt = self._timetable
        if tt is None:
            return
        for part in _joined(self._parts):
            rest, stop, hour = part.group, "", -1
            for row, group in enumerate(rest.tolist()):
                if part.kind == BY_HOUR:
                    group, hour = divmod(group, 24)
                else:
                    group, at = divmod(group, tt.stops)
                    stop = str(tt.stop_id[at])
                day, route = divmod(group, len(tt.route_id))
                key = part.kind, int(tt.date[day]), str(tt.route_id[route]), stop, hour, part.source
                before = self._named.get(key, (0.0, 0.0))
                self._named[key] = before[0] + part.predictions[row], before[1] + part.calls[row]
        self._parts = []


def _groups(
    tt: Timetable, day: Int32Array, hour: Int32Array, route: Int32Array, stop: Int32Array
) -> tuple[tuple[int, Int64Array], ...]:
    line = day.astype(np.int64) * len(tt.route_id) + route
    return (BY_HOUR, line * 24 + hour), (BY_STOP, line * tt.stops + stop)


def _hour(tt: Timetable, at: Float64Array, service_day: Int32Array) -> Int32Array:
    """Hour of the service day (0 to 23) of POSIX times."""
    return ((at - tt.date_origin[service_day]) // 3600 % 24).astype(np.int32)


def _joined(parts: list[_Part]) -> Iterator[_Part]:
    """One part for each kind and source, each group once."""
    for kind in (BY_HOUR, BY_STOP):
        for source in (OURS, OPERATOR):
            some = [part for part in parts if (part.kind, part.source) == (kind, source)]
            if not some:
                continue
            groups, of = np.unique(np.concatenate([part.group for part in some]), return_inverse=True)
            sums = [np.zeros((len(groups), BUCKETS, len(SUMS))), np.zeros((len(groups), len(CALLS)))]
            np.add.at(sums[0], of, np.concatenate([part.predictions for part in some]))
            np.add.at(sums[1], of, np.concatenate([part.calls for part in some]))
            yield _Part(kind, source, groups, *sums)


def _worse(today: list[GroupSums], past: list[list[GroupSums]]) -> tuple[WorseLine, ...]:
    """Which lines are predicted worse than on past days; our own predictions alone."""
    ours = [sums for sums in today if sums.source == OURS]
    row = {sums.group: place for place, sums in enumerate(ours)}
    score, predictions = np.full((len(ours), 1 + len(past)), np.nan), np.zeros((len(ours), 1 + len(past)))
    for column, sums_of_day in enumerate([ours, *past]):
        for sums in sums_of_day:
            if sums.source == OURS and sums.group in row:
                score[row[sums.group], column] = figures_of(sums.predictions)[1]["eta"]
                predictions[row[sums.group], column] = sums.predictions[:, 0].sum()
    worse, usual = worse_than_usual(score[:, 0], predictions[:, 0], score[:, 1:], predictions[:, 1:])
    return tuple(WorseLine(ours[i].group, float(score[i, 0]), float(usual[i])) for i in np.flatnonzero(worse).tolist())


def _added(table: str, key: tuple[str, ...], sums: tuple[str, ...]) -> str:
    marks = ",".join("?" * (len(key) + len(sums)))
    return f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO UPDATE SET " + ", ".join(  # noqa: S608
        f"{name} = {name} + excluded.{name}" for name in sums
    )
