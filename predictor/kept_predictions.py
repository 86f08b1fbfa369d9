"""What was said of each vehicle's calls, kept from step to step.

Most vehicles report less often than the engine steps: of those that nothing new is known of the same is said again. A
vehicle's calls are predicted anew with each of its reports, when it is given other runs, when the operator puts off
another of its departures, and after `REFRESH_S` at the latest: by then others may have been seen on the road ahead of
it. In between its times stay, but for those that pass.

And it keeps the number on the board from trembling: between two stops each report brings news, and some of it is noise:
of GPS, of where in its cycle a report falls. So what is said of a call moves towards what was just computed as a
first-order low-pass filter does, with `SETTLES_S` as its time constant. A stop that the vehicle has reached or left is
no noise, nor is a departure that the operator puts off: what is computed from these is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, Int64Array, first_of_each, where_true
from predictor.forecast_loop import Forecast, SaidBefore, say_again
from predictor.legs import NEXT_TRIPS, Legs
from predictor.operator_holds import OperatorHolds
from predictor.runs import trips_of

REFRESH_S = 30.0
SETTLES_S = 15.0
_LEGS = 1 + NEXT_TRIPS
_UInt64Array = np.ndarray[tuple[int], np.dtype[np.uint64]]
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))
"""Odd numbers with bits all over (of xxHash), that make each leg's figures one number."""


class Room(NamedTuple):
    """What is said of the calls of all legs, in their order, while it is being filled in."""

    calls: Forecast
    start: Int64Array
    """(slots,) where those of each vehicle begin that is not predicted anew."""
    to: Int64Array
    """Where the first call of each leg is to stand whose vehicle is predicted anew, of legs that have any."""


class KeptPredictions:
    """What was said in the step before, of each vehicle one call after the other."""

    def __init__(self) -> None:
        self._calls = Forecast.empty()
        # By slot: where the rows of the vehicle begin, how many there are, what legs they are of, which departures on
        # these are put off, and when computed.
        self._start: Int64Array = np.empty(0, np.int64)
        self._count: Int64Array = np.empty(0, np.int64)
        self._legs = np.empty(0, np.uint64)
        self._holds = np.empty(0, np.uint64)
        self._made: Float64Array = np.empty(0)
        # When it was last said, and how far the vehicle had come; by slot and leg: the run, the first call, and where
        # its rows begin among the vehicle's.
        self._said_at: Float64Array = np.empty(0)
        self._passed: Int32Array = np.empty(0, np.int32)
        self._run: Int64Array = np.empty((0, _LEGS), np.int64)
        self._first: Int64Array = np.empty((0, _LEGS), np.int64)
        self._offset: Int64Array = np.empty((0, _LEGS), np.int64)

    def forget(self, first_changed: int) -> None:
        """Predict everything anew; what was said of trips from `first_changed` on is of others now."""
        self._made[:] = -np.inf
        self._legs[:] = 0
        self._run[trips_of(self._run) >= first_changed] = NONE

    def news_of(self, slot: Int64Array, slots: int) -> None:
        """The vehicles (n,), of so many `slots`, have reported."""
        more = slots - len(self._made)
        if more:
            for name, nothing in _BY_SLOT.items():
                known = getattr(self, name)
                unknown = np.full((more, *known.shape[1:]), nothing, known.dtype)
                setattr(self, name, np.concatenate([known, unknown]))
        self._made[slot] = -np.inf

    def without(self, gone: BoolArray) -> None:
        """Forget vehicles (slots,), as `Tracks.without` does."""
        if gone.any():
            kept = ~gone
            for name in _BY_SLOT:
                setattr(self, name, getattr(self, name)[kept])

    def due(self, legs: Legs, holds: OperatorHolds, now: float) -> BoolArray:
        """(slots,) whether the calls of each vehicle are to be predicted anew. Its other legs are taken note of, and
        where the operator `holds` it on these."""
        known, held = np.zeros((2, len(self._made)), np.uint64)
        if len(legs):
            opens = where_true(first_of_each(legs.slot))
            known[legs.slot[opens]] = np.add.reduceat(_numbers(legs), opens)
            leg, call, until = holds.on(legs)
            np.add.at(held, legs.slot[leg], _mixed(legs.order[leg], call, until.astype(np.int64)))
        other_holds = held != self._holds
        self._run[other_holds] = NONE
        due: BoolArray = (known != self._legs) | other_holds | (now - self._made >= REFRESH_S)
        self._legs, self._holds = known, held
        # Until what is said of them is kept.
        self._made[due] = -np.inf
        return due

    def room(self, legs: Legs, due: BoolArray, earliest: Float64Array) -> Room:
        """Room for what is said of the calls of all legs: of the vehicles that are not `due` (slots,) the same is said
        again, but no time before the `earliest` (slots,)."""
        calls = legs.calls
        begin = np.cumsum(calls) - calls
        opens = where_true(first_of_each(legs.slot))
        into = Forecast.unset(int(calls.sum()))
        stays = opens[~due[legs.slot[opens]]]
        slot, to = legs.slot[stays], begin[stays]
        say_again(self._calls.in_loops, into.in_loops, self._start[slot], to, self._count[slot], earliest[slot])
        start = self._start.copy()
        start[slot] = to
        return Room(into, start, begin[due[legs.slot] & (calls > 0)])

    def said_before(self, legs: Legs, to: Int64Array, passed: Int32Array, now: float) -> SaidBefore:
        """What was said of the calls of `legs`, which have some, by the same vehicle; nothing counts any more of one
        that has reached or left a stop since, that is, whose `passed` (slots,) is another. Parameters: `to`: see
        `Room`."""
        calls, runs, slot, call = legs.calls, legs.run_key, legs.slot, legs.first_call
        begin = np.cumsum(calls) - calls
        at, first, end = np.zeros((3, len(legs)), np.int64)
        same = self._passed[slot] == passed[slot]
        for leg in range(_LEGS):
            known = where_true(same & (self._run[slot, leg] == runs))
            s = slot[known]
            after = self._offset[s, leg + 1] if leg + 1 < _LEGS else self._count[s]
            first[known] = self._start[s] + self._offset[s, leg]
            end[known] = self._start[s] + after
            at[known] = first[known] + call[known] - self._first[s, leg]
        fade = np.exp(-np.maximum(now - self._said_at[slot], 0.0) / SETTLES_S)
        return SaidBefore(begin, at, first, end, fade, self._calls.steadied, to)

    def go_on(self, room: Room) -> None:
        """Keep what is said now, where of nobody it is anything new."""
        self._calls, self._start = room.calls, room.start

    def put(self, legs: Legs, room: Room, passed: Int32Array, due: BoolArray, now: float) -> None:
        """Keep what is said now, of which the rows of the vehicles that were `due` have been filled in; `legs`: theirs
        that have calls."""
        self.go_on(room)
        opens = where_true(first_of_each(legs.slot))
        calls = legs.calls
        begin, slot = np.cumsum(calls) - calls, legs.slot[opens]
        head = begin[opens]
        self._made[due] = now
        self._count[due] = 0
        self._run[due] = NONE
        self._start[slot], self._count[slot] = room.to[opens], np.diff(head, append=calls.sum())
        self._offset[slot] = self._count[slot][:, None]
        self._said_at[slot], self._passed[slot] = now, passed[slot]
        legs_each = np.diff(opens, append=len(legs))
        nth = np.arange(len(legs)) - np.repeat(opens, legs_each)
        self._run[legs.slot, nth] = legs.run_key
        self._first[legs.slot, nth], self._offset[legs.slot, nth] = legs.first_call, begin - np.repeat(head, legs_each)


_BY_SLOT: Mapping[str, float] = {
    "_start": 0, "_count": 0, "_legs": 0, "_holds": 0, "_made": -np.inf, "_said_at": -np.inf, "_passed": 0,
    "_run": NONE, "_first": 0, "_offset": 0,
}  # fmt: skip
"""What is kept of each vehicle, and what stands there while nothing is known."""


def _numbers(legs: Legs) -> _UInt64Array:
    """(legs,) a number for each leg, its run and the calls ahead of it."""
    calls = (legs.first_call.astype(np.int64) << 32) + legs.end_call
    return _mixed(legs.run_key, calls, legs.order)


def _mixed(first: Int64Array, second: Int64Array | Int32Array, third: Int64Array) -> _UInt64Array:
    """(n,) one number for the three of each row."""
    number = first.astype(np.uint64) * _MIX[0]
    number ^= number >> np.uint64(29)
    number += second.astype(np.uint64)
    number *= _MIX[1]
    number ^= number >> np.uint64(32)
    number += third.astype(np.uint64)
    number *= _MIX[2]
    number ^= number >> np.uint64(29)
    return number
