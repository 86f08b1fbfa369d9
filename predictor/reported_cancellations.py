"""Runs that the reports of vehicles say are cancelled, as some feeds tell it there alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import NONE, is_among, places_of
from predictor.journeys import JourneyLookup
from predictor.observations import CancelledRuns
from predictor.operator_times import OperatorTimes


class ReportedCancellations:
    """What the last message of vehicles says of it."""

    def __init__(self) -> None:
        self._runs = CancelledRuns.empty()
        """Each with the call that its vehicle was at first."""
        self._driven = np.empty(0, bool)
        """Whether it has come on to a later one since: the word was left on a run that is driven all the same."""
        self._heard_at = -np.inf

    def hear(self, runs: CancelledRuns | None, now: float, kept_s: float) -> None:
        """Take in what a message says, None where no other has come: the last one holds for `kept_s`."""
        if runs is None:
            if now - self._heard_at > kept_s:
                self._runs, self._driven = CancelledRuns.empty(), np.empty(0, bool)
            return
        place = places_of(runs.run_key, self._runs.run_key)
        first = np.append(self._runs.near_call, np.int32(NONE))[place]
        first = np.where(first >= 0, first, runs.near_call)
        self._driven = np.append(self._driven, False)[place] | (runs.near_call > first)
        self._runs, self._heard_at = replace(runs, near_call=first), now

    def joined(self, operator: OperatorTimes, journeys: JourneyLookup) -> OperatorTimes:
        """The operator's word and this; of runs of which the first speaks it counts more."""
        runs = self._runs.take(~self._driven)
        if len(runs) == 0:
            return operator
        trip = journeys.timetable.standing_for(runs.trip, runs.service_day, runs.shift_s)
        key = journeys.keys(replace(runs, trip=trip))
        told = is_among(key, operator.named)
        return replace(
            operator,
            named=np.union1d(operator.named, key),
            cancelled=np.union1d(operator.cancelled, key[~told & ~runs.is_deleted]),
            deleted=np.union1d(operator.deleted, key[~told & runs.is_deleted]),
        )
