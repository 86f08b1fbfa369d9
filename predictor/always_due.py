"""Runs that the operator tells to come in as many minutes as ever.

Where a bus stands, or nobody drives it and the operator's program has lost it, each message puts the next call off by
as much time as has passed since the one before: for riders it is due in a minute, or in five, for an hour. Such a word
ends as the prediction of a vehicle that gets no further does (see `endings`): after a while it is doubted, and at last
given up. Who stands far away, as a train does, is only doubted: its operator knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import Float64Array, Int64Array, first_of_each, is_among, places_of
from predictor.columns import Columns
from predictor.endings import Patience
from predictor.operator_times import OperatorTimes
from predictor.past_calls import STILL_DUE_S
from predictor.snapshot import FOLLOWED, HELD_UP, OVERDUE
from predictor.timetable import Timetable

SOON_S = 120.0
"""A call no further ahead is due at any moment: it was to be there when it was first told so."""
LATER_S = 600.0
"""One further ahead than this is not given up."""
_WINDOW_S = 180.0
"""Messages so far apart tell whether a run comes nearer: times may be whole minutes."""
_PUT_OFF = 0.75
"""It does not where its time is put off by this share of the time that has passed."""


@dataclass(frozen=True, eq=False)
class _NextCalls(Columns):
    """The next call of each run that the operator tells of; all arrays (n,), times are POSIX seconds."""

    key: Int64Array
    """`call_key`, sorted."""
    due: Float64Array
    """When it was to be there as it was first told to come at any moment, NaN where it is not;"""
    nearer_at: Float64Array
    """when it last came nearer;"""
    compared_at: Float64Array
    """when that was looked at last, and"""
    told: Float64Array
    """the time told of it then."""


class AlwaysDue:
    """Remembers of each run when it was to come to its next call, and whether it comes nearer."""

    def __init__(self) -> None:
        self._next = _NextCalls.empty()

    def doubted(
        self, operator: OperatorTimes, timetable: Timetable, told_at: float, now: float, patience: Patience
    ) -> OperatorTimes:
        """Take in what a message of `told_at` says; it with the doubt about each call of such runs, without those given
        up."""
        tt, calls = timetable, operator.calls
        rows = np.flatnonzero((calls.departure >= now - STILL_DUE_S) & ~calls.bounded)
        # Times run forwards along a run: the first one to come is of its next call.
        first = calls.take(rows[first_of_each(calls.journey[rows])] if len(rows) else rows)
        first = first.take(np.argsort(first.keys, kind="stable"))
        own_s = np.where(tt.trip_is_frequency[first.trip], -np.inf, tt.departure_s[tt.entry_of(first.trip, first.call)])
        scheduled = first.origin(tt) + own_s
        told, soon = first.departure, first.departure <= now + SOON_S
        place = places_of(first.keys, self._next.key)
        before = _NextCalls.joined(self._next, _NextCalls.blank(1)).take(place)
        due = np.where(soon, np.where(np.isnan(before.due), np.maximum(told, scheduled), before.due), np.nan)
        compared = ~(told_at - before.compared_at < _WINDOW_S)
        nearer = compared & ~(told - before.told >= _PUT_OFF * (told_at - before.compared_at))
        nearer_at = np.where(nearer, told_at, before.nearer_at)
        self._next = _NextCalls(
            key=first.keys, due=due, nearer_at=nearer_at,
            compared_at=np.where(compared, told_at, before.compared_at), told=np.where(compared, told, before.told),
        )  # fmt: skip

        begins = first.call == 0
        waited_s = np.fmax(now - due, told_at - np.maximum(nearer_at, scheduled))
        gone = waited_s > np.where(begins, patience.never_left_s, patience.broken_down_s)
        gone &= told <= now + LATER_S
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
        self._next = _NextCalls.empty()


def undoubted(operator: OperatorTimes) -> OperatorTimes:
    """The same, but for what it expects of calls that are in doubt."""
    calls = operator.calls
    return replace(operator, calls=calls.take(calls.doubt == FOLLOWED)) if calls.doubt.any() else operator
