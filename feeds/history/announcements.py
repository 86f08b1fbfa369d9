"""The operator's announcements over time: since when and until when each was seen in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import numpy as np

from feeds.alerts.alert import Alert
from feeds.history.alert_json import alert_to_json
from feeds.history.happened import Happened
from feeds.history.own_runs import OwnRunTold, own_runs_told
from feeds.history.register import AlertText, TripWord
from predictor.arrays import Int32Array, Int64Array
from predictor.journeys import dated_calls, runs_of
from predictor.runs import DatedRuns
from predictor.timetable import Timetable

Named = tuple[str, str, int, int]
"""trip_id, start_date, shift in seconds, stop_sequence (-1: the whole trip)."""


class Announcements:
    """Follows cancelled trips, skipped calls, runs that the operator added and alerts from step to step; tells what is
    new to be written."""

    def __init__(self) -> None:
        self._keys: tuple[Int64Array, ...] = ()
        self._alerts: tuple[Alert, ...] = ()
        self._timetable: Timetable | None = None
        self._cancelled, self._texts = _Words(TripWord), _Words(AlertText)
        self._own_runs: dict[tuple[str, str, int], OwnRunTold] = {}
        self._at = float("nan")

    def follow(self, step: Happened) -> None:
        """Take in what is in force at a step."""
        tt, before = step.timetable, self._at
        other = tt is not self._timetable
        if other:
            own = own_runs_told(tt)
            self._own_runs |= {(run.trip_id, run.start_date, run.shift_s): run for run in own}
        keys = step.cancelled, step.skipped
        if other or not all(map(_same, keys, self._keys)):
            skipped = np.union1d(step.skipped, tt.left_out)
            self._cancelled.follow(_named(tt, step.cancelled, skipped), step.at, before)
            self._keys = keys
        if other or step.alerts != self._alerts:
            active = [alert for alert in step.alerts if alert.in_force_at(step.at)]
            self._texts.follow(((alert.alert_id, alert_to_json(alert)) for alert in active), step.at, before)
            # An alert for later begins without anything new being said.
            self._alerts = step.alerts if len(active) == len(step.alerts) else ()
        self._timetable, self._at = tt, step.at

    def cancelled(self) -> list[TripWord]:
        """What is taken out up to the last step, and what was until it ended since `written`."""
        return self._cancelled.to_write(self._at)

    def own_runs(self) -> list[OwnRunTold]:
        """The runs that the operator added, as they were told last since `written`."""
        return list(self._own_runs.values())

    def alerts(self) -> list[AlertText]:
        """Likewise the alerts."""
        return self._texts.to_write(self._at)

    def written(self) -> None:
        """What has ended is on disk."""
        self._own_runs, self._cancelled.over, self._texts.over = {}, [], []


W = TypeVar("W")


class _Words(Generic[W]):
    """What is in force, since when; and what has ended."""

    def __init__(self, word: Callable[..., W]) -> None:
        self._word = word
        self._since: dict[tuple[Any, ...], float] = {}
        self.over: list[W] = []

    def follow(self, named: Iterable[tuple[Any, ...]], at: float, before: float) -> None:
        now = dict.fromkeys(named, at)
        self.over.extend(self._word(*name, since, before) for name, since in self._since.items() if name not in now)
        self._since = {name: self._since.get(name, since) for name, since in now.items()}

    def to_write(self, until: float) -> list[W]:
        return self.over + [self._word(*name, since, until) for name, since in self._since.items()]


def _same(entries: Int64Array, other: Int64Array) -> bool:
    return entries is other or np.array_equal(entries, other)


def _named(tt: Timetable, cancelled: Int64Array, skipped: Int64Array) -> list[Named]:
    journeys, calls = dated_calls(skipped)
    runs = runs_of(np.concatenate([cancelled, journeys]), tt)
    call = np.concatenate([np.full(len(cancelled), -1, np.int32), calls])
    entry = tt.entry_of(runs.trip, np.maximum(call, 0))
    return _runs_named(tt, runs, np.where(call >= 0, tt.stop_sequence[entry], -1))


def _runs_named(tt: Timetable, runs: DatedRuns, sequence: Int32Array | int = -1) -> list[Named]:
    date, sequences = tt.date[runs.service_day].astype(np.str_), np.broadcast_to(sequence, len(runs))
    columns = (tt.trip_id[runs.trip], date, runs.shift_s, sequences)
    return list(zip(*(column.tolist() for column in columns), strict=True))
