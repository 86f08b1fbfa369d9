"""Runs that the operator tells to come at any moment, message after message: nobody knows when they will.

Where a vehicle stands, or its operator's program has lost it, each message puts the next call off by as much time as
has passed since the one before: for riders it is due in a minute for an hour. Such a word ends as the prediction of a
vehicle that gets no further does (see `endings`): after a while it is doubted, and at last given up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import Float64Array, Int64Array, first_of_each, is_among, places_of
from predictor.endings import Patience
from predictor.operator_times import OperatorTimes
from predictor.past_calls import STILL_DUE_S
from predictor.snapshot import FOLLOWED, HELD_UP, OVERDUE
from predictor.timetable import Timetable

SOON_S = 120.0
"""A call no further ahead is due at any moment."""


class AlwaysDue:
    """Remembers of each run that is told to come at any moment to its next call when it was to be there first."""

    def __init__(self) -> None:
        self._key: Int64Array = np.empty(0, np.int64)
        """`call_key`s of those calls, sorted."""
        self._due: Float64Array = np.empty(0)

    def doubted(self, operator: OperatorTimes, timetable: Timetable, now: float, patience: Patience) -> OperatorTimes:
        """Take in what a message says; it with the doubt about each call of such runs, without those given up."""
        tt, calls = timetable, operator.calls
        near = (calls.departure >= now - STILL_DUE_S) & (calls.departure <= now + SOON_S) & ~calls.bounded
        rows = np.flatnonzero(near)
        # Times run forwards along a run: the first near one is of its next call.
        first = calls.take(rows[first_of_each(calls.journey[rows])] if len(rows) else rows)
        own_s = np.where(tt.trip_is_frequency[first.trip], -np.inf, tt.departure_s[tt.entry_of(first.trip, first.call)])
        due = np.maximum(first.departure, first.origin(tt) + own_s)
        place = places_of(first.keys, self._key)
        due = np.where(place >= 0, np.append(self._due, 0.0)[place], due)
        order = np.argsort(first.keys, kind="stable")
        self._key, self._due = first.keys[order], due[order]

        begins, waited_s = first.call == 0, now - due
        gone = waited_s > np.where(begins, patience.never_left_s, patience.broken_down_s)
        stuck = waited_s > np.where(begins, patience.overdue_s, patience.held_up_s)
        if not stuck.any():
            return operator
        order = np.argsort(first.journey, kind="stable")
        place = places_of(calls.journey, first.journey[order])
        row = np.append(order, 0)[place]
        told = (place >= 0) & stuck[row]
        doubt = np.where(told, np.where(begins[row], OVERDUE, HELD_UP), FOLLOWED).astype(np.int8)
        return replace(operator, calls=replace(calls, doubt=doubt).take(~is_among(calls.journey, first.journey[gone])))

    def forget(self) -> None:
        """Calls go by other keys from now on."""
        self._key, self._due = self._key[:0], self._due[:0]


def undoubted(operator: OperatorTimes) -> OperatorTimes:
    """The same, but for what it expects of calls that are in doubt."""
    calls = operator.calls
    return replace(operator, calls=calls.take(calls.doubt == FOLLOWED)) if calls.doubt.any() else operator
