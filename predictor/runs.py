"""A dated run: one journey of one vehicle as a rider knows it, "the 8:30 of line A on Monday".

It is named by its trip, its service day and the seconds by which it runs later than the trip's own times:

| run | trip | shift_s | scheduled times |
| --- | --- | --- | --- |
| scheduled | its own | 0 | the trip's |
| exact frequency (exact_times=1) | one for all runs of its period | its start less the trip's | the trip's, shifted |
| by headway (exact_times=0) | one for all runs of its period | its vehicle's start less the trip's | none: a headway |
| added by the operator | one of the overlay | 0 | those that the operator gave |
| duplicated by the operator | one of the overlay, a copy | 0 | the original's, moved to the new start |
| replaced by the operator | one of the overlay, in the place of its own | 0 | those that the operator gave |

Each has a *journey* in the timetable, or in the operator's overlay on it (`predictor.overlay`): for a run by headway it
is the slot nearest to its start, which several vehicles may share (see `predictor.journeys`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from predictor.arrays import NONE, BoolArray, Int32Array, Int64Array
from predictor.columns import Columns, replace
from predictor.timetable import Timetable

_TRIP_BITS, _SHIFT_BITS = 26, 20
"""Room for 67 million trips and for shifts of six days to either side."""


@dataclass(frozen=True, eq=False)
class DatedRuns(Columns):
    """Dated runs, and the base of all that is told of some; all arrays (n,)."""

    trip: Int32Array
    """-1 where none."""
    service_day: Int32Array
    """Index into `Timetable.date`."""
    shift_s: Int32Array = field(metadata={"nothing": 0})
    """Seconds later than the trip's own times."""

    @staticmethod
    def one(trip: int, service_day: int, shift_s: int) -> DatedRuns:
        """A single one."""
        return DatedRuns(*(np.array([index], np.int32) for index in (trip, service_day, shift_s)))

    @classmethod
    def of_runs(cls, runs: DatedRuns, **told: Any) -> Self:
        """What is told of these runs (n,), by column; of what is not given nothing is known."""
        return cls.blank(len(runs), trip=runs.trip, service_day=runs.service_day, shift_s=runs.shift_s, **told)

    @property
    def runs(self) -> DatedRuns:
        """The runs alone, without what is told of them."""
        return DatedRuns(self.trip, self.service_day, self.shift_s)

    def identity(self, row: int) -> tuple[int, int, int]:
        """Trip, service day and shift in seconds of one."""
        return int(self.trip[row]), int(self.service_day[row]), int(self.shift_s[row])

    def identities(self) -> Iterator[tuple[int, int, int]]:
        """Those of all, in order."""
        return zip(self.trip.tolist(), self.service_day.tolist(), self.shift_s.tolist(), strict=True)

    @property
    def run_key(self) -> Int64Array:
        """One int64 for each run; sorted, keys are in order of day, trip and shift."""
        day_and_trip = (self.service_day.astype(np.int64) << _TRIP_BITS) + self.trip
        return (day_and_trip << _SHIFT_BITS) + self.shift_s + (1 << (_SHIFT_BITS - 1))

    def origin(self, timetable: Timetable) -> Int64Array:
        """POSIX seconds at which the time axis of each run begins, on which its trip's own times are counted."""
        return timetable.date_origin[self.service_day] + self.shift_s

    def starts_at(self, timetable: Timetable) -> Int64Array:
        """POSIX seconds of the scheduled departure of each run from its first stop."""
        return self.origin(timetable) + timetable.trip_start_s[self.trip]

    def finishes_at(self, timetable: Timetable) -> Int64Array:
        """POSIX seconds of its scheduled arrival at its last one."""
        return self.origin(timetable) + timetable.trip_end_s[self.trip]

    def leaves_at(self, timetable: Timetable, call: Int32Array) -> Int64Array:
        """POSIX seconds of its scheduled departure at a call (n,)."""
        return self.origin(timetable) + timetable.departure_s[timetable.entry_of(self.trip, call)]

    def same_as(self, other: DatedRuns) -> BoolArray:
        """Whether each is the same run as that of `other` (n,)."""
        same: BoolArray = (self.trip == other.trip) & (self.service_day == other.service_day)
        same &= self.shift_s == other.shift_s
        return same

    def with_rows(self, rows: Int64Array, runs: DatedRuns) -> DatedRuns:
        """The runs alone, with those of `rows` (m,) replaced by `runs` (m,)."""
        result = DatedRuns(self.trip.copy(), self.service_day.copy(), self.shift_s.copy())
        result.trip[rows], result.service_day[rows], result.shift_s[rows] = runs.trip, runs.service_day, runs.shift_s
        return result

    def renamed(self, old: Timetable, new: Timetable) -> Self:
        """The same by the indices of another timetable, or of another overlay on it; trip or day is -1 where that one
        does not have it."""
        trip = renamed(self.trip, old.trip_id, new.trip_index)
        day = renamed(self.service_day, old.date, new.date_index)
        known = np.flatnonzero((trip >= 0) & (day >= 0))
        trip[known] = new.standing_for(trip[known], day[known], self.shift_s[known])
        # A run that the operator adds is its trip's on that one day alone.
        added = known[trip[known] >= new.base.trips]
        runs = new.runs_on(trip[added], day[added]) & new.trip_has_a_way[trip[added]]
        trip[added[~runs]] = NONE
        # One at a start of its own is none of the others under its id once it is told no more.
        named = known[trip[known] >= 0]
        trip[named[~new.has_run(trip[named], self.shift_s[named])]] = NONE
        return replace(self, trip=trip, service_day=day)


def is_made(runs: DatedRuns, call: Int32Array, timetable: Timetable) -> BoolArray:
    """Whether a timetable has each run (n,), by its indices or -1, and the call (n,) at its place in the trip."""
    made: BoolArray = (runs.trip >= 0) & (runs.service_day >= 0)
    trip = runs.trip[made]
    made[made] = np.isin(trip, timetable.journey_trip) & (call[made] < timetable.trip_calls[trip])
    return made


C = TypeVar("C", bound=DatedRuns)


def still_made(calls: C, call: Int32Array, old: Timetable, new: Timetable) -> C:
    """What is told of calls (n,) of runs, by the indices of another timetable, or of another overlay on it, of those
    that are made there too, if at another platform. Parameters: `call` (n,): their places in their trips."""
    _, first, which = np.unique(calls.run_key, return_index=True, return_inverse=True)
    now_named = calls.runs.take(first).renamed(old, new).take(which)
    rows = np.flatnonzero(is_made(now_named, call, new))
    was, now = calls.trip[rows], now_named.trip[rows]
    same = old.station_id_at(was, call[rows]) == new.station_id_at(now, call[rows])
    # Another pole of no station is the call that was planned all the same.
    planned, planned_now = old.planned_entries(was, call[rows]), new.planned_entries(now, call[rows])
    same |= (planned >= 0) & (planned_now >= 0) & (old.station_id_of(planned) == new.station_id_of(planned_now))
    rows = rows[same]
    runs = now_named.take(rows)
    return replace(calls.take(rows), trip=runs.trip, service_day=runs.service_day)


def trips_of(run_keys: Int64Array) -> Int64Array:
    """The trip (n,) of each `run_key`; of NONE one beyond all."""
    return (run_keys >> _SHIFT_BITS) & ((1 << _TRIP_BITS) - 1)


def renamed(index: Int32Array, names: npt.NDArray[Any], new_index: Mapping[Any, int]) -> Int32Array:
    """Where the things called `names[index]` stand in another timetable (n,), -1 where they are gone."""
    result = np.full(len(index), NONE, np.int32)
    known = np.flatnonzero(index >= 0)
    result[known] = [new_index.get(name, NONE) for name in names[index[known]].tolist()]
    return result
