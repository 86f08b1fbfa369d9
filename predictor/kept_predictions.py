"""What was said of vehicles that nothing new is known of is said again: most report less often than the engine steps.

A vehicle's calls are predicted anew with each of its reports, when it is given other runs, and after `REFRESH_S` at the
latest: by then others may have been seen on the road ahead of it. In between its times stay, but for those that pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import AnyArray, BoolArray, Float64Array, Int32Array, Int64Array, expand_ranges
from predictor.arrivals import Chain
from predictor.columns import Columns, column_types
from predictor.forecast import Forecast
from predictor.legs import Legs

REFRESH_S = 30.0
_ROOM = 2.0
"""Rows that there is room for, by those in use."""
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))
"""Odd numbers with bits all over (of xxHash), that make each leg's figures one number."""


@dataclass(frozen=True, eq=False)
class KeptCalls(Columns):
    """What is kept of each predicted call; all arrays (rows,), POSIX seconds."""

    call: Int32Array
    p10: Float64Array
    p50: Float64Array
    p90: Float64Array
    arrival: Float64Array
    departure: Float64Array
    hold: Float64Array
    at_stop: BoolArray


class KeptPredictions:
    """The rows of each vehicle one after the other, in a buffer that is put in order when it is full."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Predict everything anew."""
        self._calls = KeptCalls.empty()
        self._end = 0
        # By slot: where the rows of the vehicle begin, how many there are, what legs they are of, and when computed.
        self._start: Int64Array = np.empty(0, np.int64)
        self._count: Int64Array = np.empty(0, np.int64)
        self._legs = np.empty(0, np.uint64)
        self._made: Float64Array = np.empty(0)

    def news_of(self, slot: Int64Array, slots: int) -> None:
        """The vehicles (n,), of so many `slots`, have reported."""
        more = slots - len(self._made)
        if more:
            zeros = np.zeros(more, np.int64)
            self._start, self._count = np.append(self._start, zeros), np.append(self._count, zeros)
            self._legs = np.append(self._legs, np.zeros(more, np.uint64))
            self._made = np.append(self._made, np.full(more, -np.inf))
        self._made[slot] = -np.inf

    def without(self, gone: BoolArray) -> None:
        """Forget vehicles (slots,), as `Tracks.without` does."""
        if gone.any():
            kept = ~gone
            self._start, self._count = self._start[kept], self._count[kept]
            self._legs, self._made = self._legs[kept], self._made[kept]

    def due(self, legs: Legs, now: float) -> BoolArray:
        """(slots,) whether the calls of each vehicle are to be predicted anew. Its other legs are taken note of."""
        known = np.zeros(len(self._made), np.uint64)
        if len(legs):
            opens = np.flatnonzero(np.append(True, legs.slot[1:] != legs.slot[:-1]))
            known[legs.slot[opens]] = np.add.reduceat(_numbers(legs), opens)
        due: BoolArray = (known != self._legs) | (now - self._made >= REFRESH_S)
        self._legs = known
        return due

    def put(self, chain: Chain, made: Forecast, due: BoolArray, now: float) -> None:
        """Keep the rows of the vehicles that were `due`."""
        head = np.flatnonzero(np.arange(len(chain)) == chain.head)
        self._made[due] = now
        self._count[due] = 0
        if self._end + len(chain) > len(self._calls):
            self._make_room(len(chain))
        begin, self._end = self._end, self._end + len(chain)
        rows = slice(begin, self._end)
        for name in column_types(KeptCalls):
            source = chain if name in ("call", "hold") else made
            getattr(self._calls, name)[rows] = chain.standing if name == "at_stop" else getattr(source, name)
        self._start[chain.slot[head]] = begin + head
        self._count[chain.slot[head]] = np.diff(head, append=len(chain))

    def _make_room(self, more: int) -> None:
        """Put the rows in use together, with room behind them for `more` and for steps to come."""
        _, used = expand_ranges(self._start, self._count)
        self._start = np.cumsum(self._count) - self._count
        self._end = len(used)
        room = len(self._calls)
        if len(used) + more > room:
            room = int(_ROOM * (len(used) + more))
        columns: dict[str, AnyArray] = {}
        for name, dtype in column_types(KeptCalls).items():
            kept = getattr(self._calls, name)
            columns[name] = kept if room == len(self._calls) else np.empty(room, dtype)
            columns[name][: len(used)] = kept[used]
        self._calls = KeptCalls(**columns)

    def put_off(self, slot: Int64Array, earliest: Float64Array) -> None:
        """No time of a vehicle (n,) lies before the `earliest` (n,) that it can come."""
        some = self._count[slot] > 0
        slot, earliest = slot[some], earliest[some]
        late = self._calls.p10[self._start[slot]] < earliest
        slot, earliest = slot[late], earliest[late]
        of, rows = expand_ranges(self._start[slot], self._count[slot])
        for times in (self._calls.p10, self._calls.p50, self._calls.p90, self._calls.arrival, self._calls.departure):
            times[rows] = np.maximum(times[rows], earliest[of])

    def of_legs(self, legs: Legs) -> tuple[Int64Array, KeptCalls]:
        """The rows of all legs, and which leg each is of (rows,)."""
        calls = np.maximum(legs.end_call - legs.first_call, 0).astype(np.int64)
        before = np.cumsum(calls) - calls
        opens = np.flatnonzero(np.append(True, legs.slot[1:] != legs.slot[:-1])) if len(legs) else np.empty(0, np.int64)
        vehicle = np.repeat(before[opens], np.diff(opens, append=len(legs)))
        leg, row = expand_ranges(self._start[legs.slot] + before - vehicle, calls)
        return leg, self._calls.take(row)


def _numbers(legs: Legs) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """(legs,) a number for each leg, its run and the calls ahead of it."""
    number = legs.run_key.astype(np.uint64) * _MIX[0]
    number ^= number >> np.uint64(29)
    number += (legs.first_call.astype(np.uint64) << np.uint64(32)) + legs.end_call.astype(np.uint64)
    number *= _MIX[1]
    number ^= number >> np.uint64(32)
    number += legs.order.astype(np.uint64)
    number *= _MIX[2]
    number ^= number >> np.uint64(29)
    return number
