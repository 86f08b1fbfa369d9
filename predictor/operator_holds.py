"""Departures that the operator puts off: a vehicle leaves no earlier than told, however ready it is.

GPS tells where a vehicle is, not how long it is to wait: for a connection, for its driver, or at its first stop. What
the operator says of that is kept to. Where the first stops of a run are not served, it begins at the one after these
and waits there for its time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float64Array, Int32Array, Int64Array, expand_ranges, places_of, where_true
from predictor.journeys import dated_calls, runs_of
from predictor.legs import Legs
from predictor.operator_times import OperatorTimes
from predictor.past_calls import PassedCalls
from predictor.runs import DatedRuns
from predictor.timetable import Timetable

_LATELY_S = 1200.0
"""Longer nobody is waited for."""
LEAST_HOLD_S = 60.0
"""A departure told to be later than this after the timetable's, or after the arrival, is one that is put off."""


@dataclass(frozen=True, eq=False)
class OperatorHolds(DatedRuns):
    """One row a call; all arrays (n,), by `run_key`."""

    call: Int32Array
    until: Float64Array
    """Earliest departure, POSIX seconds."""

    @classmethod
    def of(cls, timetable: Timetable, operator: OperatorTimes, later: OperatorHolds) -> OperatorHolds:
        """Those of a message. `later`: what `begun_later` gives of it."""
        if len(operator.calls) == len(later) == 0:
            return cls.empty()
        holds = cls.joined(_put_off(timetable, operator, later), later)
        return holds.take(np.argsort(holds.run_key, kind="stable"))

    def on(self, legs: Legs) -> tuple[Int64Array, Int32Array, Float64Array]:
        """The leg, the call and the earliest departure (m,) of those that are still ahead on `legs`."""
        if len(self) == 0 or len(legs) == 0:
            return np.empty(0, np.int64), self.call[:0], self.until[:0]
        order = np.argsort(legs.run_key, kind="stable")
        key = legs.run_key[order]
        first = np.searchsorted(key, self.run_key, side="left")
        # Several vehicles may be on one run, each with a part of its calls.
        last = np.searchsorted(key, self.run_key, side="right")
        hold, place = expand_ranges(first, last - first)
        leg = order[place]
        ahead = (self.call[hold] >= legs.first_call[leg]) & (self.call[hold] < legs.end_call[leg])
        return leg[ahead], self.call[hold[ahead]], self.until[hold[ahead]]

    def of_first_calls(self, legs: Legs) -> Float64Array:
        """Until when the first call ahead of each leg is held, POSIX seconds; long ago where it is not."""
        until = np.full(len(legs), -np.inf)
        if len(self) == 0:
            return until
        leg, call, at = self.on(legs)
        first = call == legs.first_call[leg]
        np.maximum.at(until, leg[first], at[first])
        return until


def _put_off(tt: Timetable, operator: OperatorTimes, later: OperatorHolds) -> OperatorHolds:
    calls = operator.calls
    entry = tt.entry_of(calls.trip, calls.call)
    due = calls.origin(tt) + tt.departure_s[entry]
    # The stay at a call that the timetable does not have is all told.
    planned = tt.planned_entries(calls.trip, calls.call) >= 0
    stay_s = np.where(planned, tt.departure_s[entry] - tt.arrival_s[entry], 0)
    place = places_of(calls.run_key, later.run_key)
    begins = calls.call == np.where(place >= 0, np.append(later.call, 0)[place], 0)
    held = begins & (calls.departure > due + LEAST_HOLD_S)
    held |= ~begins & (calls.departure - calls.arrival > stay_s + LEAST_HOLD_S)
    held &= calls.call < tt.trip_calls[calls.trip] - 1
    of = calls.take(held)
    return OperatorHolds(of.trip, of.service_day, of.shift_s, of.call, of.departure)


def put_off_lately(tt: Timetable, passed: PassedCalls, now: float) -> OperatorHolds:
    """Until when the operator put off departures that are past: who still stands there has only begun to be late.
    `passed`: the calls that are past by its word, at the times that it told last."""
    calls = passed.take(where_true(passed.passed_at > now - _LATELY_S))
    due = calls.leaves_at(tt, calls.call)
    calls = calls.take(where_true(calls.passed_at > due + LEAST_HOLD_S))
    return OperatorHolds(calls.trip, calls.service_day, calls.shift_s, calls.call, calls.passed_at)


def begun_later(tt: Timetable, operator: OperatorTimes) -> OperatorHolds:
    """The runs whose first stops are not served, with the first that is, where they wait for its scheduled time: by
    `run_key`."""
    if len(operator.skipped) == 0:
        return OperatorHolds.empty()
    key, call = dated_calls(operator.skipped)
    # Keys are sorted: of the first stops each is skipped as long as the number of a call is that of its row.
    opens = np.searchsorted(key, key, side="left")
    from_the_first = call == np.arange(len(key)) - opens
    key, skipped = np.unique(key[from_the_first], return_counts=True)
    runs, begins = runs_of(key, tt), skipped.astype(np.int32)
    known = where_true((begins < tt.trip_calls[runs.trip] - 1) & ~tt.trip_is_frequency[runs.trip])
    runs, begins = runs.take(known), begins[known]
    until = runs.leaves_at(tt, begins)
    holds = OperatorHolds.of_runs(runs, call=begins, until=until.astype(np.float64))
    return holds.take(np.argsort(holds.run_key, kind="stable"))
