"""Runs that the reports of vehicles say are cancelled, as some feeds tell it there alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import is_among
from predictor.journeys import JourneyLookup
from predictor.observations import CancelledRuns
from predictor.operator_times import OperatorTimes


class ReportedCancellations:
    """What the last message of vehicles says of it."""

    def __init__(self) -> None:
        self._runs = CancelledRuns.empty()
        self._heard_at = -np.inf

    def hear(self, runs: CancelledRuns | None, now: float, kept_s: float) -> None:
        """Take in what a message says, None where no other has come: the last one holds for `kept_s`."""
        if runs is not None:
            self._runs, self._heard_at = runs, now
        elif now - self._heard_at > kept_s:
            self._runs = CancelledRuns.empty()

    def joined(self, operator: OperatorTimes, journeys: JourneyLookup) -> OperatorTimes:
        """The operator's word and this; of runs of which the first speaks it counts more."""
        runs = self._runs
        if len(runs) == 0:
            return operator
        trip = journeys.timetable.standing_for(runs.trip, runs.service_day, runs.shift_s)
        key = journeys.keys(replace(runs, trip=trip))
        told = is_among(key, operator.named)
        return replace(
            operator,
            named=np.union1d(operator.named, key),
            told_of=np.union1d(operator.told_of, key[~told]),
            cancelled=np.union1d(operator.cancelled, key[~told & ~runs.is_deleted]),
            deleted=np.union1d(operator.deleted, key[~told & runs.is_deleted]),
        )
