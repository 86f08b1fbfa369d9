"""When the runs under way passed the calls that lie behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float64Array, Int32Array, is_among
from predictor.passages import Passages
from predictor.runs import DatedRuns, still_made
from predictor.timetable import Timetable

_AFTERWARDS_S = 1200.0
"""So long a run that no vehicle is on any more is still looked at."""
_SIFTED_EVERY_S = 60.0


@dataclass(frozen=True, eq=False)
class PassedCalls(DatedRuns):
    """Calls that runs have passed; all arrays (n,). Of what is told of a call twice, the later row counts."""

    call: Int32Array
    passed_at: Float64Array
    """When it was left, at a run's last stop reached; POSIX seconds."""


class DrivenCalls:
    """The calls that vehicles were seen to pass."""

    def __init__(self) -> None:
        self.calls = PassedCalls.empty()
        self._sifted_at = -np.inf

    def take_in(self, passages: Passages, under_way: DatedRuns, now: float) -> None:
        """More of them; those of runs that are neither `under_way` (n,) nor lately were are forgotten."""
        if len(passages):
            passed_at = np.where(np.isnan(passages.departure), passages.arrival, passages.departure)
            news = PassedCalls.of_runs(passages, call=passages.call, passed_at=passed_at)
            self.calls = PassedCalls.joined(self.calls, news)
        if now >= self._sifted_at + _SIFTED_EVERY_S:
            self._sifted_at = now
            kept = self.calls.passed_at > now - _AFTERWARDS_S
            kept |= is_among(self.calls.run_key, under_way.run_key)
            self.calls = self.calls.take(kept)

    def in_timetable(self, old: Timetable, new: Timetable) -> None:
        """Go on by the indices of another timetable, with the calls that are made there too."""
        self.calls = still_made(self.calls, self.calls.call, old, new)
