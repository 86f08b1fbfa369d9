"""Runs that the operator tells to come in as many minutes as ever.

Where a bus stands, or nobody drives it and the operator's program has lost it, each message puts the next call off by
as much time as has passed since the one before: for riders it is due in a minute, or in five, for an hour. Such a word
ends as the prediction of a vehicle that gets no further does (see `endings`): after a while it is doubted, and at last
given up. Who stands far away, as a train does, is only doubted: its operator knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import (
    AnyArray,
    Float64Array,
    Int32Array,
    Int64Array,
    first_of_each,
    is_among,
    places_of,
)
from predictor.endings import Patience
from predictor.journeys import JourneyLookup, call_key
from predictor.operator_times import OperatorTimes
from predictor.past_calls import STILL_DUE_S
from predictor.runs import DatedRuns, is_made, renamed, still_made
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
_REMEMBERED = ("due", "nearer_at", "compared_at", "told")


@dataclass(frozen=True, eq=False)
class _NextCalls(DatedRuns):
    """The next call of each run that the operator tells of; all arrays (n,), times are POSIX seconds."""

    call: Int32Array
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

    def __init__(self, learned: Mapping[str, AnyArray], journeys: JourneyLookup) -> None:
        """Go on from what `learned` gave, if anything."""
        self._next = _NextCalls.empty()
        if learned:
            tt, told = journeys.timetable, dict(learned)
            every = np.arange(len(told["call"]), dtype=np.int32)
            trip = renamed(every, told.pop("trip_id"), tt.trip_index)
            day = renamed(every, told.pop("date"), tt.date_index)
            calls = _NextCalls.blank(len(every), trip=trip, service_day=day, **told)
            self._next = _by_key(calls.take(is_made(calls, calls.call, tt)), journeys)

    def learned(self, timetable: Timetable) -> dict[str, AnyArray]:
        """What is remembered, by the names of trips and dates; `timetable` is the one in use."""
        own = {name: getattr(self._next, name) for name in ("shift_s", "call", *_REMEMBERED)}
        return {"trip_id": timetable.trip_id[self._next.trip], "date": timetable.date[self._next.service_day], **own}

    def doubted(
        self, operator: OperatorTimes, timetable: Timetable, told_at: float, now: float, patience: Patience
    ) -> OperatorTimes:
        """Take in what a message of `told_at` says; it with the doubt about each call of such runs, without those given
        up."""
        tt, calls = timetable, operator.calls
        rows = np.flatnonzero((calls.departure >= now - STILL_DUE_S) & ~calls.bounded)
        # A feed that tells nothing is not heard yet, or for a moment.
        if len(rows) == 0:
            return operator
        # Times run forwards along a run: the first one to come is of its next call.
        first = calls.take(rows[first_of_each(calls.journey[rows])])
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
        self._next = _NextCalls.of_runs(
            first.runs, call=first.call, key=first.keys, due=due, nearer_at=nearer_at,
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

    def in_timetable(self, old: Timetable, journeys: JourneyLookup) -> None:
        """Go on by the indices of another timetable, that of `journeys`, with the calls that are made there."""
        self._next = _by_key(still_made(self._next, self._next.call, old, journeys.timetable), journeys)


def _by_key(calls: _NextCalls, journeys: JourneyLookup) -> _NextCalls:
    calls = replace(calls, key=call_key(journeys.keys(calls), calls.call))
    return calls.take(np.argsort(calls.key, kind="stable"))


def undoubted(operator: OperatorTimes) -> OperatorTimes:
    """The same, but for what it expects of calls that are in doubt."""
    calls = operator.calls
    return replace(operator, calls=calls.take(calls.doubt == FOLLOWED)) if calls.doubt.any() else operator
