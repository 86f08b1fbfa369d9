"""The runs that vehicles have driven to the end: the timetable promises nothing more of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float64Array
from predictor.runs import DatedRuns
from predictor.timetable import Timetable

REMEMBERED_S = 6 * 3600.0
"""Longer than any stop's board reaches back, or a run behind time is late."""


@dataclass(frozen=True, eq=False)
class FinishedRuns(DatedRuns):
    """All arrays (n,)."""

    found_at: Float64Array
    """When that was found, POSIX seconds."""

    def with_runs(self, runs: DatedRuns, now: float) -> FinishedRuns:
        """These and more, found at `now`."""
        if len(runs) == 0:
            return self
        return FinishedRuns.joined(self, FinishedRuns.of_runs(runs, found_at=np.full(len(runs), now)))

    def remembered(self, now: float) -> FinishedRuns:
        """Those found not long ago."""
        recent = self.found_at > now - REMEMBERED_S
        return self if recent.all() else self.take(recent)

    def in_timetable(self, old: Timetable, new: Timetable) -> FinishedRuns:
        """By the indices of another timetable, less those that are gone."""
        runs = self.renamed(old, new)
        return runs.take((runs.trip >= 0) & (runs.service_day >= 0))
