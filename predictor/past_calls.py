"""Calls that lie behind runs: those that vehicles were seen to pass, and those that the operator has told as past.
These do not come back to the boards when it speaks of them no more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import (
    BoolArray,
    Float64Array,
    Int32Array,
    Int64Array,
    contains,
    first_of_each,
    is_among,
    where_true,
)
from predictor.journeys import JourneyLookup, call_key, dated_calls, runs_of
from predictor.operator_times import OperatorTimes
from predictor.passages import Passages
from predictor.runs import DatedRuns, still_made
from predictor.timetable import Timetable

_AFTERWARDS_S = 1200.0
"""So long a run that no vehicle is on any more is still looked at."""
_SIFTED_EVERY_S = 60.0
STILL_DUE_S = 60.0
"""A call is past when its departure was told to be this long ago, or is told no more."""
_AT_ONCE_S = 30.0
"""Nobody is within this time at two calls"""
_APART_S = 150.0
"""that the timetable has so far apart: it may have them in whole minutes, as may be what is told."""
_REMEMBERED_S = 6 * 3600.0
_LOOKED_AT_S = 2 * 3600.0
"""A run is still looked at so long after a call."""


@dataclass(frozen=True, eq=False)
class PassedCalls(DatedRuns):
    """Calls that runs have passed; all arrays (n,). Of what is told of a call twice, the later row counts."""

    call: Int32Array
    passed_at: Float64Array
    """When it was left, at a run's last stop reached; POSIX seconds."""


@dataclass(frozen=True, eq=False)
class SkippedCalls(DatedRuns):
    """Calls that runs are told not to make; all arrays (n,)."""

    call: Int32Array

    @classmethod
    def of_keys(cls, call_keys: Int64Array, timetable: Timetable) -> SkippedCalls:
        """Those that `call_key`s (n,) stand for."""
        journey_keys, call = dated_calls(call_keys)
        return cls.of_runs(runs_of(journey_keys, timetable), call=call)


class DrivenCalls:
    """The calls that vehicles were seen to pass. A stop that nobody serves is never passed."""

    def __init__(self) -> None:
        self.calls = PassedCalls.empty()
        self._skipped = SkippedCalls.empty()
        self._sifted_at = -np.inf

    def take_in(self, passages: Passages, journeys: JourneyLookup, under_way: DatedRuns, now: float) -> None:
        """More of them; those of runs that are neither `under_way` (n,) nor lately were are forgotten."""
        if len(passages):
            passed_at = np.where(np.isnan(passages.departure), passages.arrival, passages.departure)
            news = PassedCalls.of_runs(passages, call=passages.call, passed_at=passed_at)
            if len(self._skipped):
                news = news.take(~is_among(_keys(news, journeys), _keys(self._skipped, journeys)))
            self.calls = PassedCalls.joined(self.calls, news)
        if now >= self._sifted_at + _SIFTED_EVERY_S:
            self._sifted_at = now
            kept = self.calls.passed_at > now - _AFTERWARDS_S
            kept |= is_among(self.calls.run_key, under_way.run_key)
            self.calls = self.calls.take(kept)

    def without_served(self, operator: OperatorTimes, past: Int64Array, journeys: JourneyLookup) -> OperatorTimes:
        """The operator's word without the calls that it says to be skipped once they have been served: some feeds say
        so of each stop behind the vehicle. `past`: `call_key`s of those that it has told as past itself."""
        skipped = operator.skipped
        if len(skipped):
            skipped = skipped[~is_among(skipped, np.concatenate([past, _keys(self.calls, journeys)]))]
        self._skipped = SkippedCalls.of_keys(skipped, journeys.timetable)
        return operator if len(skipped) == len(operator.skipped) else replace(operator, skipped=skipped)

    def in_timetable(self, old: Timetable, new: Timetable) -> None:
        """Go on by the indices of another timetable, with the calls that are made there too."""
        self.calls = still_made(self.calls, self.calls.call, old, new)
        self._skipped = still_made(self._skipped, self._skipped.call, old, new)


def _keys(calls: PassedCalls | SkippedCalls, journeys: JourneyLookup) -> Int64Array:
    return call_key(journeys.keys(calls), calls.call)


def without_behind(operator: OperatorTimes, timetable: Timetable, told_at: float) -> OperatorTimes:
    """The operator's word of `told_at` without the calls that it tells to be made at one time with a later one: some
    feeds go on telling those behind the vehicle as of now, or as of the next call."""
    tt, calls = timetable, operator.calls
    rows = where_true((calls.departure >= told_at - STILL_DUE_S) & ~calls.bounded)
    if len(rows) == 0:
        return operator
    opens = first_of_each(calls.journey[rows])
    run = np.cumsum(opens) - 1
    first_leaves = calls.departure[rows[opens]][run]
    # Several runs by headway are one here until they are told apart.
    at_once = (calls.arrival[rows] <= first_leaves + _AT_ONCE_S) & (calls.departure[rows] >= first_leaves)
    # A second vehicle may be told at the first of them, behind one that is told in between.
    between = np.cumsum(~at_once)
    at_once &= between == between[opens][run]
    of_run, next_rows = run[at_once], np.append(rows, rows[-1])[1:]
    ends = np.append(first_of_each(of_run)[1:], True)
    last, following = rows[at_once][ends], next_rows[at_once][ends]
    rows = rows[at_once]
    entry = tt.entry_of(calls.trip, calls.call)
    behind = tt.arrival_s[entry[last]][of_run] - tt.departure_s[entry[rows]] >= _APART_S
    if not behind.any():
        return operator
    # One that has not set out may be told as of now wherever it should have been by now, and in time from there on.
    is_now, due = calls.departure[last] <= told_at + _AT_ONCE_S, calls.leaves_at(tt, calls.call)
    goes_on = calls.journey[following] == calls.journey[last]
    in_time = calls.departure[following] == due[following]
    behind &= ~(is_now & goes_on & (following > last) & in_time)[of_run]
    # Who is late at a call has not been before its time at one behind it: times that ran backwards were put
    # in order.
    early_s = np.maximum(due[last] - calls.departure[last], 0.0)
    behind &= due[rows] - early_s[of_run] <= told_at + _APART_S
    # As of now the last one is behind as well.
    behind |= (calls.departure[rows] <= told_at) & is_among(of_run, of_run[behind])
    kept = np.ones(len(calls), bool)
    kept[rows[behind]] = False
    return replace(operator, calls=calls.take(kept))


@dataclass(frozen=True, eq=False)
class _Remembered(DatedRuns):
    """Calls of which the operator told, by `key`; all arrays (n,)."""

    key: Int64Array
    """`call_key`."""
    call: Int32Array
    departure: Float64Array
    """As it was told last, POSIX seconds."""
    left: BoolArray
    """The operator speaks of it no more."""


class PastCalls:
    """Remembers when the operator last told each call to be left."""

    def __init__(self) -> None:
        self._calls = _Remembered.empty()

    def told(self, operator: OperatorTimes, now: float) -> OperatorTimes:
        """Take in what a message says; it without the calls that it names no more and that were due before, of which
        only what comes behind them seems to say that they are to come."""
        calls, known = operator.calls, self._calls
        revived = calls.bounded & contains(known.key[known.departure <= now], calls.keys)
        if revived.any():
            operator = replace(operator, calls=calls.take(~revived))
            calls = operator.calls
        # A call that a message leaves out has been left, if it was due by then; else nothing is known of it.
        kept = ~is_among(known.key, calls.keys) & (known.departure <= now) & (known.departure > now - _REMEMBERED_S)
        news = _Remembered.of_runs(calls, key=calls.keys, call=calls.call, departure=calls.departure)
        left = replace(known, left=np.ones(len(known), bool)).take(kept)
        self._calls = _in_order(_Remembered.joined(news, left))
        return operator

    def keys(self, now: float) -> Int64Array:
        """Sorted `call_key`s of the calls that are past."""
        calls = self._calls
        return calls.key[calls.left | (calls.departure < now - STILL_DUE_S)]

    def passed(self, now: float) -> PassedCalls:
        """When those that are past were, as the operator said."""
        calls = self._calls
        calls = calls.take((calls.departure <= now) & (calls.departure > now - _LOOKED_AT_S))
        return PassedCalls.of_runs(calls, call=calls.call, passed_at=calls.departure)

    def in_timetable(self, old: Timetable, journeys: JourneyLookup) -> None:
        """Go on by the indices of another timetable, that of `journeys`, with the calls that are made there too, if at
        another platform."""
        calls = still_made(self._calls, self._calls.call, old, journeys.timetable)
        self._calls = _in_order(replace(calls, key=call_key(journeys.keys(calls), calls.call)))


def _in_order(calls: _Remembered) -> _Remembered:
    return calls.take(np.argsort(calls.key, kind="stable"))
