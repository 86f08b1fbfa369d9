"""The runs that vehicles are on, and those of their blocks that they will drive next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import NONE, Int32Array, Int64Array, contains
from predictor.runs import DatedRuns
from predictor.service_days import ServiceDays
from predictor.snapshot import IN_SERVICE
from predictor.timetable import Timetable
from predictor.tracks import Tracks

NEXT_TRIPS = 2
NEXT_TRIP_WINDOW_S = 5400.0
"""A block's next trips are predicted from its vehicle when they are to start within this time."""


@dataclass(frozen=True, eq=False)
class Legs(DatedRuns):
    """All arrays (legs,), a vehicle's legs together and in order."""

    slot: Int64Array
    """The vehicle."""
    order: Int64Array
    """0 for the run that the vehicle is on."""
    first_call: Int32Array
    """The first call still to come."""


def legs_of(timetable: Timetable, days: ServiceDays, tracks: Tracks, slot: Int64Array, now: float) -> Legs:
    """The run that each vehicle (n,) is on, and the next ones of its block that nobody else drives."""
    current = _current(timetable, tracks, _one_a_run(tracks, slot[tracks.trip[slot] >= 0]))
    taken = np.sort(days.key(current.trip, current.service_day))
    parts = [current]
    for _ in range(NEXT_TRIPS):
        parts.append(_next(timetable, days, parts[-1], taken, now))
    legs = Legs.joined(*parts)
    return legs.take(np.lexsort((legs.order, legs.slot)))


def _one_a_run(tracks: Tracks, slot: Int64Array) -> Int64Array:
    """One vehicle a run, of `slot` (n,): the one in service, else the one heard of last."""
    key = tracks.runs.take(slot).run_key
    order = np.lexsort((-tracks.timestamp[slot], tracks.state[slot] != IN_SERVICE, key))
    first = np.ones(len(order), bool)
    first[1:] = key[order[1:]] != key[order[:-1]]
    return np.sort(slot[order[first]])


def _current(timetable: Timetable, tracks: Tracks, slot: Int64Array) -> Legs:
    runs, arrived, departed = tracks.runs.take(slot), tracks.arrived[slot], tracks.departed[slot]
    stands = (departed < arrived) & (arrived < timetable.trip_calls[runs.trip])
    return Legs(
        runs.trip,
        runs.service_day,
        runs.shift_s,
        slot=slot,
        order=np.zeros(len(slot), np.int64),
        first_call=np.where(stands, departed, arrived),
    )


def _next(timetable: Timetable, days: ServiceDays, legs: Legs, taken: Int64Array, now: float) -> Legs:
    """The legs after these, each of the same block, where no vehicle drives them (`taken`, sorted: trips by day) and
    they begin soon."""
    following = np.full(len(legs), NONE, np.int32)
    for service_day in np.unique(legs.service_day).tolist():
        rows = legs.service_day == service_day
        following[rows] = days.next_trip(service_day)[legs.trip[rows]]
    start = timetable.date_origin[legs.service_day] + timetable.trip_start_s[following]
    goes_on = (following >= 0) & (start <= now + NEXT_TRIP_WINDOW_S)
    goes_on &= ~contains(taken, days.key(following, legs.service_day))
    legs, trip = legs.take(goes_on), following[goes_on]
    whole: Int32Array = np.zeros(len(trip), np.int32)
    return Legs(trip, legs.service_day, whole, slot=legs.slot, order=legs.order + 1, first_call=whole)
