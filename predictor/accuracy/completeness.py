"""ETA Completeness Benchmark (Swiftly with Cal-ITP, 2026): of which scheduled calls were riders told anything?

A scheduled call is complete where its run had a vehicle and a prediction of it was told that lay no more than a quarter
of an hour ahead, or where the run was said to be cancelled or the call to be skipped. Runs by headway have no scheduled
calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from predictor.accuracy.samples import TOLD_WITHIN_S
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, contains
from predictor.columns import Columns
from predictor.journeys import driven_call_key, journey_key
from predictor.timetable import Timetable

CLOSED_AFTER_S = 3600.0
"""What was not told of so long after its time counts as not told of."""
_GENERATION_S = 1200.0


@dataclass(frozen=True, eq=False)
class ScheduledCall(Columns):
    """Dated calls of the timetable; all arrays (n,)."""

    entry: Int64Array
    service_day: Int32Array
    at: Float64Array
    """Departure, POSIX seconds."""
    key: Int64Array
    """`driven_call_key`."""
    journey_key: Int64Array


class Completeness:
    """What one source told of, and which calls are owed an answer. Memory: eight bytes a call told of in the last
    hours."""

    def __init__(self) -> None:
        self._calls: dict[int, Int64Array] = {}
        self._cancelled: dict[int, Int64Array] = {}
        self._closed_until = -np.inf
        self._told_at = -np.inf

    def forget(self) -> None:
        """Begin anew."""
        self.__init__()  # type: ignore[misc]

    def tell(self, calls: Int64Array, cancelled: Int64Array, now: float) -> None:
        """Remember the calls (`driven_call_key`) and journeys that were told of at a moment; moments come in order."""
        if now < self._told_at:
            self.forget()
        if not np.isfinite(self._told_at):
            # What was told before is not known.
            self._closed_until = now + TOLD_WITHIN_S
        self._told_at = now
        generation = int(now // _GENERATION_S)
        for of, keys in ((self._calls, calls), (self._cancelled, cancelled)):
            of[generation] = np.union1d(of.get(generation, keys[:0]), keys)
        oldest = int((now - 2.0 * CLOSED_AFTER_S - TOLD_WITHIN_S) // _GENERATION_S)
        for of in (self._calls, self._cancelled):
            for old in [number for number in of if number < oldest]:
                del of[old]

    def close(self, timetable: Timetable) -> tuple[ScheduledCall, BoolArray]:
        """The scheduled calls whose time has come since the last time, and whether each is complete."""
        until = self._told_at - CLOSED_AFTER_S
        calls = scheduled_between(timetable, self._closed_until, until)
        self._closed_until = max(self._closed_until, until)
        complete = np.zeros(len(calls), bool)
        for of, keys in ((self._calls, calls.key), (self._cancelled, calls.journey_key)):
            for run_keys in of.values():
                complete |= contains(run_keys, keys)
        return calls, complete


def scheduled_between(timetable: Timetable, since: float, until: float) -> ScheduledCall:
    """Calls scheduled in [since, until)."""
    tt = timetable
    journey, entry, departure_s = _in_order(tt)
    parts = []
    latest_s = float(departure_s[-1]) if len(departure_s) else 0.0
    days = (tt.date_origin < until) & (tt.date_origin + latest_s >= since) & (until > since)
    for day in np.flatnonzero(days).tolist():
        low, high = np.searchsorted(departure_s, np.array([since, until]) - tt.date_origin[day], side="left")
        rows = np.arange(low, high)
        rows = rows[tt.runs_on(tt.journey_trip[journey[rows]], day)]
        days_of = np.full(len(rows), day, np.int32)
        parts.append(
            ScheduledCall(
                entry[rows], days_of, (tt.date_origin[day] + departure_s[rows]).astype(np.float64),
                driven_call_key(days_of, entry[rows], tt.journey_shift_s[journey[rows]]),
                journey_key(days_of, journey[rows]),
            )
        )  # fmt: skip
    return ScheduledCall.joined(*parts)


@lru_cache(maxsize=2)
def _in_order(tt: Timetable) -> tuple[Int32Array, Int64Array, Int32Array]:
    """Journey, trip call and departure of all scheduled calls, by departure."""
    owner, entry = tt.entries_of(tt.journey_trip)
    departure_s = tt.departure_s[entry] + tt.journey_shift_s[owner]
    scheduled = np.flatnonzero(tt.journey_headway_s[owner] == 0)
    order = scheduled[np.argsort(departure_s[scheduled], kind="stable")]
    return owner[order].astype(np.int32), entry[order], departure_s[order].astype(np.int32)
