"""The runs that vehicles are on, and those that they will drive next."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Int32Array,
    Int64Array,
    contains,
    expand_ranges,
    first_of_each,
    is_among,
    places_of,
    sorted_once,
    where_true,
)
from predictor.columns import replace
from predictor.operator_times import ShortenedRuns
from predictor.runs import DatedRuns, trips_of
from predictor.service_days import ServiceDays
from predictor.snapshot import IN_SERVICE, LAYOVER
from predictor.timetable import Timetable
from predictor.tracks import Tracks

NEXT_TRIPS = 2
NEXT_TRIP_WINDOW_S = 5400.0
"""Runs that are yet to begin are predicted from their vehicle when they are to start within this time: who is parked at
the first stop, logged in for tomorrow's, tells nothing of it."""

PART_CALLS = 1 << 18
"""About so many calls are predicted at a time: what is made of all of a country's at once would be memory that the
system gives anew, page by page, in each step."""
SILENT_S = 300.0
"""A vehicle not heard of for so much longer than another one on its run no longer answers for it."""


@dataclass(frozen=True, eq=False)
class Legs(DatedRuns):
    """All arrays (legs,), a vehicle's legs together and in order."""

    slot: Int64Array
    """The vehicle."""
    order: Int64Array
    """0 for the run that the vehicle is on."""
    first_call: Int32Array
    """The first call still to come."""
    end_call: Int32Array
    """The call from which on another vehicle of the run, further along, answers: else the number of calls."""
    journey: Int64Array
    """The key of the journey that each stands for, -1 before that is looked up."""
    turns_at: Int32Array = field(metadata={"nothing": NONE})
    """The call from which its vehicle goes on with the next leg, -1 at the last."""

    @property
    def calls(self) -> Int64Array:
        """(legs,) how many calls each has ahead of it."""
        ahead: Int64Array = np.maximum(self.end_call - self.first_call, 0).astype(np.int64)
        return ahead

    @property
    def of_call(self) -> Int64Array:
        """(calls of all legs,) which leg each is of."""
        return np.repeat(np.arange(len(self)), self.calls)


def with_next_runs(days: ServiceDays, tracks: Tracks, current: Legs, now: float) -> Legs:
    """The `current` legs of vehicles, but for those that begin much later, and the next runs that they, or their
    blocks, have been given and nobody else drives.

    Of several vehicles on one run the one furthest along answers for the calls ahead of it, and each other for those
    between it and the next: a rider is told of each passage once, and of none by turns.
    """
    tt = days.timetable
    starts = current.starts_at(tt)
    soon = (tracks.departed[current.slot] > 0) | (starts < now + NEXT_TRIP_WINDOW_S)
    current = _shared(current.take(soon), tracks)
    taken = np.sort(current.run_key)
    last = current.take(current.end_call == tt.trip_calls[current.trip])
    parts = [current]
    for order in range(NEXT_TRIPS):
        last = _next(days, tracks, last, taken, now, announced=order == 0)
        parts.append(last)
    legs = Legs.joined(*parts)
    return legs.take(np.lexsort((legs.order, legs.slot)))


def in_parts(legs: Legs, first: BoolArray) -> list[Int64Array]:
    """The legs some at a time, all of a vehicle's together, where they are many: before all others those of the
    vehicles that are to come `first` (slots,), where there are such."""
    if legs.calls.sum() <= PART_CALLS:
        return [np.arange(len(legs))]
    is_first = first[legs.slot]
    others = where_true(~is_first)
    opens, calls = first_of_each(legs.slot[others]), legs.calls[others]
    part = (np.cumsum(calls) - calls)[opens] // PART_CALLS
    parts = np.split(others, where_true(opens)[where_true(np.diff(part)) + 1])
    if not first.any():
        return parts
    return [where_true(is_first), *(part for part in parts if len(part))]


def current_legs(timetable: Timetable, tracks: Tracks, slot: Int64Array, shortened: ShortenedRuns) -> Legs:
    """The run that each vehicle (n,) is on, without those that are on none. Who has come to where its run ends, if only
    by the operator's word (`shortened`), has none of its calls ahead."""
    slot = slot[tracks.trip[slot] >= 0]
    runs, arrived, departed = tracks.runs.take(slot), tracks.arrived[slot], tracks.departed[slot]
    calls = timetable.trip_calls[runs.trip]
    stands = (departed < arrived) & (arrived < calls)
    order, first_call = np.zeros(len(slot), np.int64), np.where(stands, departed, arrived)
    place = places_of(runs.run_key, shortened.run_key)
    rows = where_true(place >= 0)
    over = rows[arrived[rows] > shortened.ends_at[place[rows]]]
    first_call[over] = calls[over]
    return Legs.of_runs(runs, slot=slot, order=order, first_call=first_call, end_call=calls)


def _shared(legs: Legs, tracks: Tracks) -> Legs:
    """Legs of vehicles by `slot`, each run's calls divided among the vehicles that are on it."""
    taken = np.sort(legs.run_key)
    several = is_among(legs.run_key, taken[1:][taken[1:] == taken[:-1]])
    if not several.any():
        return legs
    alone, legs = legs.take(~several), legs.take(several)
    state = tracks.state[legs.slot]
    # Who drives comes before who waits for the departure, and that before who is elsewhere.
    rank = np.where(state == IN_SERVICE, 0, np.where(state == LAYOVER, 1, 2))
    order = np.lexsort((legs.slot, tracks.since[legs.slot], -legs.first_call, rank, legs.run_key))
    order = order[~_replaced(legs.take(order), tracks)]
    legs, rank = legs.take(order), rank[order]
    same = np.zeros(len(legs), bool)
    same[1:] = legs.run_key[1:] == legs.run_key[:-1]
    end_call = legs.end_call.copy()
    behind = where_true(same)
    end_call[behind] = np.minimum(end_call[behind], legs.first_call[behind - 1])
    leader = np.maximum.accumulate(np.where(same, 0, np.arange(len(legs))))
    follows = same & (rank[leader] == 0) & (rank < 2) & (legs.first_call < end_call)
    legs = Legs.joined(alone, replace(legs, end_call=end_call).take(~same | follows))
    return legs.take(np.argsort(legs.slot))


def _replaced(legs: Legs, tracks: Tracks) -> BoolArray:
    """Which legs (n,), in order of runs, are of a vehicle that another on its run has taken the place of: one first
    heard of, no further back, after its last report; or any that reports while this one has long been silent."""
    key = legs.run_key
    first, last = np.searchsorted(key, key, side="left"), np.searchsorted(key, key, side="right")
    leg, other = expand_ranges(first, last - first)
    heard_at, reported_at = tracks.heard_at[legs.slot], tracks.timestamp[legs.slot]
    renamed = (heard_at[other] > reported_at[leg]) & (legs.first_call[other] >= legs.first_call[leg])
    silent = reported_at[other] > reported_at[leg] + SILENT_S
    return np.bincount(leg, renamed | silent, len(legs)) > 0


def _next(days: ServiceDays, tracks: Tracks, legs: Legs, taken: Int64Array, now: float, *, announced: bool) -> Legs:
    """The legs after these that begin soon, where no vehicle drives them (`taken`, sorted run keys): what each vehicle
    has been given (where `announced`), else its block's."""
    if len(legs) == 0:
        return legs
    tt, (trip, day) = days.timetable, days.onward(legs.trip, legs.service_day)
    shift = np.zeros(len(legs), np.int32)
    if announced:
        upcoming = tracks.upcoming.take(legs.slot)
        is_given = (upcoming.trip >= 0) & ~upcoming.same_as(legs)
        trip, day = np.where(is_given, upcoming.trip, trip), np.where(is_given, upcoming.service_day, day)
        shift = np.where(is_given, upcoming.shift_s, shift)
    runs = DatedRuns(trip, day, shift)
    goes_on = (trip >= 0) & (runs.starts_at(tt) <= now + NEXT_TRIP_WINDOW_S)
    rows = where_true(goes_on)
    key = runs.run_key[rows]
    # Most trips that follow are driven by nobody on any day: of the others the day and the shift count.
    driven = np.zeros(tt.trips, bool)
    driven[trips_of(taken)] = True
    perhaps = where_true(driven[trip[rows]])
    free = np.ones(len(rows), bool)
    free[perhaps] = ~contains(taken, key[perhaps])
    rows, key = rows[free], key[free]
    if len(sorted_once(key)) < len(key):
        # Of two vehicles that are to go on with one run, the one that is through first.
        _, once = np.unique(key, return_index=True)
        rows = rows[np.sort(once)]
    runs = runs.take(rows)
    whole: Int32Array = np.zeros(len(rows), np.int32)
    return Legs.of_runs(
        runs, slot=legs.slot[rows], order=legs.order[rows] + 1, first_call=whole,
        end_call=tt.trip_calls[runs.trip],
    )  # fmt: skip
