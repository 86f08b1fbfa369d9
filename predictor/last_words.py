"""Late and early runs that the operator tells of no more: what it told last holds for a while, though nobody follows
them.

A message that leaves a run out says that nothing is known of it by now, not that it is back at its times. By these a
run that was 25 minutes late would be gone at once from the boards before which riders still wait for it, and one that
was early would be waited for where it has left. The same holds on the way to the first stop that a message tells of,
where it names the ones behind the vehicle no more and few ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, contains, is_among, places_of
from predictor.columns import shared
from predictor.journeys import JourneyLookup, call_key
from predictor.operator_times import OperatorCalls, OperatorTimes, ShortenedRuns
from predictor.past_calls import SkippedCalls
from predictor.runs import still_made
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_REPLACEMENT

MADE_UP_S = 120.0
"""So much a run may make up unseen: one that was no further off is by the timetable again."""


@dataclass(frozen=True, eq=False)
class _Remembered(OperatorCalls):
    """Calls to come of late and early runs; all arrays (n,), times POSIX seconds."""

    told_at: Float64Array
    due: Float64Array
    """By the timetable."""


class LastWords:
    """Remembers what the operator told last of runs that were late or early."""

    def __init__(self) -> None:
        self._calls = _Remembered.empty()
        # Of their runs.
        self._skipped = SkippedCalls.empty()
        self._shortened = ShortenedRuns.empty()

    def with_untold(
        self, operator: OperatorTimes, journeys: JourneyLookup, told_at: float, now: float, held_s: float
    ) -> OperatorTimes:
        """What the operator said at `told_at`, with the calls to come of the late and early runs that it names no
        more, as it told of them in the last `held_s` seconds, those that were made before they are due, and those that
        they do not make."""
        tt, calls, before = journeys.timetable, operator.calls, self._calls
        if len(calls) == len(before) == 0:
            return operator
        to_come = (before.departure > now) & (before.told_at > now - held_s)
        made = (before.departure <= now) & (before.due > now)
        # Who only names a run, or its vehicle, takes back nothing that was told of it.
        left_out = ~contains(operator.told_of, before.journey)
        untold = before.take((left_out & (to_come | made)) | (to_come & _on_the_way(before, operator)))
        due = calls.leaves_at(tt, calls.call)
        to_come = (calls.departure > now) & ~calls.bounded & ~tt.trip_is_frequency[calls.trip]
        off = np.unique(calls.journey[to_come & (np.abs(calls.departure - due) > MADE_UP_S)])
        to_come &= contains(off, calls.journey)
        late = calls.take(to_come)
        news = _Remembered(
            **shared(late, _Remembered), told_at=np.full(len(late), told_at), due=due[to_come].astype(np.float64)
        )
        self._calls = _Remembered.joined(untold, news)
        untold.untold[:] = ~contains(operator.told_of, untold.journey)
        operator = self._with_skipped(operator, journeys, untold)
        if len(untold) == 0:
            return operator
        # What was told of a call counts more than that it is no later than those told now.
        calls = calls.take(~np.isin(calls.keys, untold.keys))
        calls = OperatorCalls.joined(calls, OperatorCalls(**shared(untold, OperatorCalls)))
        return replace(operator, calls=calls.take(np.lexsort((calls.call, calls.journey))))

    def _with_skipped(self, operator: OperatorTimes, journeys: JourneyLookup, untold: _Remembered) -> OperatorTimes:
        """What the operator said, with the calls that runs of which it tells no more do not make, nor those of others
        on their way to the first call that it tells."""
        skipped, short, late = self._skipped, operator.shortened, self._calls.run_key
        key = journeys.keys(skipped)
        told, first = _first_told(key, operator)
        held = ~contains(operator.told_of, key) | (skipped.call < np.append(told.call, NONE)[first])
        held &= is_among(skipped.run_key, late) & ~is_among(key, operator.silent)
        skipped, key = skipped.take(held), key[held]
        shortened = self._shortened.take(is_among(self._shortened.run_key, untold.run_key[untold.untold]))
        news = SkippedCalls.of_keys(operator.skipped, journeys.timetable)
        self._skipped = SkippedCalls.joined(skipped, news.take(is_among(news.run_key, late)))
        self._shortened = ShortenedRuns.joined(shortened, short.take(is_among(short.run_key, late)))
        if len(skipped) == len(shortened) == 0:
            return operator
        short = ShortenedRuns.joined(short, shortened)
        return replace(
            operator,
            skipped=np.union1d(operator.skipped, call_key(key, skipped.call)),
            shortened=short.take(np.argsort(short.run_key, kind="stable")),
        )

    def in_timetable(self, old: Timetable, journeys: JourneyLookup) -> None:
        """Go on by the indices of another timetable, that of `journeys`, with the calls that are made there. A run that
        another one stands for no more is back at its times: those of the other are not told of its calls."""
        new, calls = journeys.timetable, self._calls
        back = old.run_relationships[calls.trip] == TRIP_REPLACEMENT
        back[back] = new.run_relationships[calls.runs.take(back).renamed(old, new).trip] != TRIP_REPLACEMENT
        calls = calls.take(~back)
        calls = still_made(calls, calls.call, old, new)
        self._calls = replace(calls, journey=journeys.keys(calls))
        self._skipped = still_made(self._skipped, self._skipped.call, old, new)
        self._shortened = still_made(self._shortened, self._shortened.ends_at, old, new)


def _on_the_way(before: OperatorCalls, operator: OperatorTimes) -> BoolArray:
    """Which calls (n,) lie before the first one that the operator tells of their run, and in time for it."""
    told, first = _first_told(before.journey, operator)
    known = (first >= 0) & ~is_among(before.journey, operator.silent) & ~contains(operator.skipped, before.keys)
    result = np.zeros(len(before), bool)
    next_call = first[known]
    result[known] = (before.call[known] < told.call[next_call]) & (before.departure[known] <= told.arrival[next_call])
    return result


def _first_told(journey: Int64Array, operator: OperatorTimes) -> tuple[OperatorCalls, Int64Array]:
    """The calls that the operator tells of, and the row among them of the first of each journey (n,), -1 for none."""
    told = operator.calls.take(~operator.calls.bounded)
    journeys, first = np.unique(told.journey, return_index=True)
    return told, np.append(first, NONE)[places_of(journey, journeys)]
