"""The operator's delays carried over to the block's next runs, of which it does not tell: as far as the layover does
not absorb them. Between two runs many operators tell of neither: what was told last of the one still holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import Float64Array, contains
from predictor.journeys import JourneyLookup, dated_calls
from predictor.legs import NEXT_TRIP_WINDOW_S, NEXT_TRIPS
from predictor.operator_times import OperatorCalls, OperatorTimes
from predictor.runs import DatedRuns
from predictor.service_days import ServiceDays

_NEARLY_THERE_S = 60.0
"""A run that is told of no more and was so near to its last stop has reached it; else it was withdrawn."""


class OperatorBlocks:
    """Remembers when the operator's runs came to their last stops, until their vehicles are off again."""

    def __init__(self) -> None:
        self._ends = OperatorCalls.empty()
        """The last calls of runs."""

    def forget(self, trips_from: int) -> None:
        """Trips from this one on have other indices from now on."""
        self._ends = self._ends.take(self._ends.trip < trips_from)

    def with_next_runs_told(
        self, operator: OperatorTimes, days: ServiceDays, journeys: JourneyLookup, now: float, silence_s: float
    ) -> OperatorTimes:
        """The operator's word with times for runs that their vehicle cannot begin before it is through with the run
        before, told to be late at its last stop.

        `silence_s`: so long after that stop what was told of it holds, where the operator tells of neither run.
        """
        before, calls = self._ends, operator.calls
        if len(calls) == len(before) == 0:
            return operator
        over = ~contains(operator.named, before.journey) & (before.arrival > now - silence_s)
        ended = before.take(over & (before.arrival <= now + _NEARLY_THERE_S))
        # Of a run that is told of no more nobody knows when it will be through.
        at_end = (calls.call == days.timetable.trip_calls[calls.trip] - 1) & ~calls.untold
        self._ends = OperatorCalls.joined(ended, calls.take(at_end))
        told, latest = calls, OperatorCalls.joined(calls.take(at_end), ended)
        operator = replace(operator, named=np.union1d(operator.named, calls.journey[calls.untold]))
        # That some of its stops are not served says nothing of when a run begins.
        told_of = np.concatenate([calls.journey, journeys.keys(operator.vehicles)])
        skips_alone = np.setdiff1d(dated_calls(operator.skipped)[0], told_of)
        operator = replace(operator, named=np.setdiff1d(operator.named, skips_alone))
        for _ in range(NEXT_TRIPS):
            latest = _carried_over(latest, operator, days, journeys, now)
            if len(latest) == 0:
                break
            told = OperatorCalls.joined(told, latest)
        return replace(operator, calls=told)


def _carried_over(
    before: OperatorCalls, told: OperatorTimes, days: ServiceDays, journeys: JourneyLookup, now: float
) -> OperatorCalls:
    """Times for the calls of the runs after those of `before`, where nothing is `told` of them."""
    tt = days.timetable
    # A trip that runs several times a day, and one that ends before its last stop, tells nothing of the next.
    ends = (before.call == tt.trip_calls[before.trip] - 1) & ~contains(told.skipped, before.keys)
    row = np.flatnonzero(ends & (before.shift_s == 0))
    trip, day = days.onward(before.trip[row], before.service_day[row])
    starts_at = tt.date_origin[day] + tt.trip_start_s[trip]
    late_s = before.arrival[row] - starts_at
    kept = np.flatnonzero((trip >= 0) & (late_s > 0) & (starts_at <= now + NEXT_TRIP_WINDOW_S))
    # Where parts of a train go on as one, the last to come is waited for.
    kept = kept[np.argsort(-late_s[kept], kind="stable")]
    kept = np.sort(kept[np.unique(days.key(trip[kept], day[kept]), return_index=True)[1]])
    row, trip, day, late_s = row[kept], trip[kept], day[kept], late_s[kept]
    journey = journeys.keys(DatedRuns(trip, day, np.zeros(len(trip), np.int32)))
    if len(journey) == 0:
        return OperatorCalls.empty()
    untold = ~contains(told.named, journey)
    row, trip, day, late_s, journey = row[untold], trip[untold], day[untold], late_s[untold], journey[untold]
    run, entry = tt.entries_of(trip)
    begins: Float64Array = (tt.date_origin[day] + late_s).astype(np.float64)[run]
    return OperatorCalls.of_runs(
        DatedRuns(trip, day, np.zeros(len(trip), np.int32)).take(run), journey=journey[run], call=tt.call_at(entry),
        arrival=begins + tt.arrival_s[entry], departure=begins + tt.departure_s[entry],
        uncertainty_s=before.uncertainty_s[row][run],
    )  # fmt: skip
