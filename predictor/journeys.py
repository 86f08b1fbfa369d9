"""From (trip, service day, shift) to the journey of the timetable that it stands for."""

from __future__ import annotations

import numpy as np

from predictor.arrays import NONE, Float64Array, Int32Array, Int64Array, clipped, where_true
from predictor.runs import DatedRuns
from predictor.timetable import Timetable

_TRIP_SPACING_S = 1.0e7
_JOURNEYS = 2**31
_CALLS = 4096
_ENTRIES = 2**31
_SHIFTS = 2**19
"""Room for shifts of three days to either side."""


def journey_key(service_day: Int32Array, journey: Int32Array) -> Int64Array:
    """One int64 for each dated journey."""
    return service_day.astype(np.int64) * _JOURNEYS + journey


def call_key(journey_keys: Int64Array, call: Int32Array | Int64Array) -> Int64Array:
    """One int64 for each call of a dated journey."""
    return journey_keys * _CALLS + call


def driven_call_key(service_day: Int32Array, entry: Int64Array, shift_s: Int32Array) -> Int64Array:
    """One int64 for each call as a vehicle drives it: unlike `call_key`, two vehicles that share the nearest slot of a
    headway are told apart by the shift of their own start."""
    dated = service_day.astype(np.int64) * _ENTRIES + entry
    return dated * _SHIFTS + shift_s + _SHIFTS // 2


def driven_keys(runs: DatedRuns, call: Int32Array, timetable: Timetable) -> Int64Array:
    """`driven_call_key` of a call (n,) of each run (n,)."""
    return driven_call_key(runs.service_day, timetable.entry_of(runs.trip, call), runs.shift_s)


def driven_entry(driven_call_keys: Int64Array) -> Int64Array:
    """The trip call (n,) that each `driven_call_key` stands for."""
    return driven_call_keys // _SHIFTS % _ENTRIES


def dated_journeys(journey_keys: Int64Array) -> tuple[Int32Array, Int32Array]:
    """Service day and journey (n,) that each `journey_key` stands for."""
    day, journey = np.divmod(journey_keys, _JOURNEYS)
    return day.astype(np.int32), journey.astype(np.int32)


def runs_of(journey_keys: Int64Array, timetable: Timetable) -> DatedRuns:
    """The dated run (n,) that each `journey_key` stands for."""
    day, journey = dated_journeys(journey_keys)
    return DatedRuns(timetable.journey_trip[journey], day, timetable.journey_shift_s[journey])


def dated_calls(call_keys: Int64Array) -> tuple[Int64Array, Int32Array]:
    """`journey_key` and call (n,) that each `call_key` stands for."""
    journey_keys, call = np.divmod(call_keys, _CALLS)
    return journey_keys, call.astype(np.int32)


def driven_as(call_keys: Int64Array, timetable: Timetable) -> Int64Array:
    """The `driven_call_key` (n,) of the call that each `call_key` stands for."""
    journey_keys, call = dated_calls(call_keys)
    return driven_keys(runs_of(journey_keys, timetable), call, timetable)


class JourneyLookup:
    """Finds the journey nearest in start time among those of a trip: itself for a scheduled trip, the nearest slot of
    the headway for one run by `frequencies.txt`."""

    def __init__(self, timetable: Timetable) -> None:
        axis = timetable.journey_trip * np.float64(_TRIP_SPACING_S) + timetable.journey_shift_s
        self._order: Int64Array = np.argsort(axis, kind="stable")
        self._axis: Float64Array = axis[self._order]
        self.timetable = timetable
        """Also one with the runs of the operator laid over it."""
        self.count: Int64Array = np.bincount(timetable.journey_trip, minlength=timetable.trips)
        """(T,) journeys of each trip."""
        self._first = np.cumsum(self.count) - self.count
        # Most trips have one journey, which is found without a search among all.
        self._only = np.full(timetable.trips, NONE, np.int32)
        self._only[timetable.journey_trip] = np.arange(len(timetable.journey_trip), dtype=np.int32)
        self._only[self.count > 1] = NONE
        by_headway = where_true(timetable.journey_headway_s > 0).astype(np.int32)
        self._headway_journey = by_headway
        trip = timetable.journey_trip[by_headway]
        stands_s = timetable.journey_stands_s[by_headway]
        # The last one is to come at each stop until the headway has ended there.
        begun_s = np.where(stands_s > 0, timetable.trip_end_s[trip] + stands_s, timetable.trip_start_s[trip])
        self._begun_s = begun_s + timetable.journey_shift_s[by_headway]

    def keys(self, runs: DatedRuns) -> Int64Array:
        """Key of the journey of each run (n,); those whose trip has no journey at all are left out."""
        if len(self._axis) == 0:
            return np.empty(0, np.int64)
        journey = self._only[runs.trip]
        several = where_true(journey < 0)
        if len(several):
            journey[several] = self.nearest(runs.trip[several], runs.shift_s[several])
        own = self.timetable.journey_trip[journey] == runs.trip
        return journey_key(runs.service_day[own], journey[own])

    def nearest(self, trip: Int32Array, shift_s: Int32Array | Int64Array) -> Int64Array:
        """The journey of each trip (n,) nearest to a start; of a trip that has none another trip's."""
        place = trip * np.float64(_TRIP_SPACING_S) + shift_s
        first = np.minimum(self._first[trip], len(self._axis) - 1)
        last = np.maximum(self._first[trip] + self.count[trip] - 1, first)
        right: Int64Array = clipped(self._axis.searchsorted(place), first, last)
        left = np.maximum(right - 1, first)
        nearer = np.abs(self._axis[left] - place) <= np.abs(self._axis[right] - place)
        return self._order[np.where(nearer, left, right)]

    def past_slots(self, service_days: list[int], now: float) -> Int64Array:
        """Keys of the headway slots that have begun: what runs of them is known by its vehicles alone."""
        tt = self.timetable
        parts = [np.empty(0, np.int64)]
        for day in service_days if len(self._headway_journey) else []:
            begun = self._headway_journey[tt.date_origin[day] + self._begun_s < now]
            parts.append(journey_key(np.full(len(begun), day, np.int32), begun))
        return np.concatenate(parts)
