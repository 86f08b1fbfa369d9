"""When the operator said that runs come of which no vehicle was seen: each stop's time as it was told over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from predictor.arrays import Float64Array, Int32Array, first_of_each
from predictor.columns import replace
from predictor.runs import DatedRuns
from predictor.snapshot import LIVE, Snapshot

AHEAD_S = 3600.0
"""What is told of calls further ahead is not kept: nobody waits for them yet."""
CHANGED_S = 30.0
"""A time that moves by this is another."""


@dataclass(frozen=True, eq=False)
class ToldTimes(DatedRuns):
    """Times that were told of calls of runs, each from `since` to `until`; all arrays (n,). Times are POSIX seconds."""

    call: Int32Array
    """Position in the trip."""
    time: Float64Array
    """When the run was to come; at its first call, when it was to leave."""
    since: Float64Array
    until: Float64Array

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """What is told at a snapshot of runs without a vehicle, by the operator's times."""
        made, now = snapshot.predictions, snapshot.made_at
        time = np.where(made.call == 0, made.departure, made.arrival)
        row = np.flatnonzero((made.vehicle < 0) & (made.status == LIVE) & (time > now) & (time <= now + AHEAD_S))
        at = np.full(len(row), now)
        return cls.of_runs(made.runs.take(row), call=made.call[row], time=time[row], since=at, until=at)


class ToldTimesFollower:
    """Follows what is told from snapshot to snapshot of one timetable; no I/O, no clock."""

    def __init__(self) -> None:
        self.open = ToldTimes.empty()
        """What is told still."""

    def follow(self, told: ToldTimes) -> ToldTimes:
        """Take in what is told now; what is told no more, or otherwise."""
        open_ = self.open
        both = ToldTimes.joined(open_, told)
        order = np.lexsort((both.call, both.run_key))
        old, new = order[:-1], order[1:] - len(open_)
        goes_on = (old < len(open_)) & (new >= 0) & ~first_of_each(both.run_key[order], both.call[order])[1:]
        old, new = old[goes_on], new[goes_on]
        near = np.abs(open_.time[old] - told.time[new]) < CHANGED_S
        old, new = old[near], new[near]
        over, fresh = np.ones(len(open_), bool), np.ones(len(told), bool)
        over[old], fresh[new] = False, False
        going_on = replace(open_.take(old), until=told.until[new])
        self.open = ToldTimes.joined(going_on, told.take(fresh))
        return open_.take(over)

    def end(self, trips: int = 0) -> ToldTimes:
        """End what is told of trips from this index on."""
        ends = self.open.trip >= trips
        over, self.open = self.open.take(ends), self.open.take(~ends)
        return over
