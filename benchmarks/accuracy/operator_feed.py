"""The operator's own predictions: what its recorded TripUpdates said of a call, as far as they had been received."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.accuracy.baselines import Questions
from benchmarks.accuracy.runs import Runs
from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, places_of
from predictor.trip_updates import TripUpdates


class OperatorFeed:
    """A method of the judge. Moments are best asked in order of time: messages are decoded as they are needed."""

    def __init__(self, runs: Runs, updates_at: Callable[[float], TripUpdates | None]) -> None:
        """Parameters: `updates_at` gives what a service would have had of the operator at a time (POSIX seconds)."""
        self._runs = runs
        self._updates_at = updates_at
        self._answered: tuple[Questions, Float64Array] | None = None
        self._vehicle = {vehicle: i for i, vehicle in enumerate(runs.vehicles)}

    def __call__(self, asked: Questions) -> Float64Array:
        """What whoever reads the operator's feed expects: the time told there, else the timetable's; (n,) POSIX s."""
        time = self.times(asked)
        time = np.where(np.isnan(time), self._runs.scheduled[asked.cell], time)
        return np.maximum(time, asked.made_at)

    def tells(self, asked: Questions) -> BoolArray:
        """Whether the operator's feed held a time for each call (n,)."""
        return ~np.isnan(self.times(asked))

    def times(self, asked: Questions) -> Float64Array:
        """The arrival told, at a trip's first call the departure; (n,) POSIX seconds, NaN where nothing was told."""
        if self._answered is not None and self._answered[0] is asked:
            return self._answered[1]
        result = np.full(len(asked), np.nan)
        order = np.argsort(asked.made_at, kind="stable")
        moments, begin = np.unique(asked.made_at[order], return_index=True)
        for moment, rows in zip(moments.tolist(), np.split(order, begin)[1:], strict=True):
            updates = self._updates_at(moment)
            if updates is not None:
                result[rows] = self._told(updates, asked.cell[rows])
        self._answered = asked, result
        return result

    def _told(self, updates: TripUpdates, cell: Int64Array) -> Float64Array:
        runs, run = self._runs, self._runs.run[cell]
        calls = updates.calls
        time = np.where(
            calls.base_call > 0, _first_known(calls.arrival, calls.departure),
            _first_known(calls.departure, calls.arrival),
        )  # fmt: skip
        known = (updates.trip[calls.owner] >= 0) & (calls.base_call >= 0) & ~np.isnan(time)
        owner, time, call = calls.owner[known], time[known], calls.base_call[known]
        have = self._key(updates.service_day[owner], updates.trip[owner], call)
        want = self._key(runs.service_day[run], runs.trip[run], runs.call[cell])
        vehicle = np.array([self._vehicle.get(name, NONE) for name in updates.vehicle_id.tolist()], np.int64)
        vehicles = len(self._vehicle) + 1
        # A trip that runs several times a day is the vehicle's own; else the run is told by its trip and day alone.
        own = _found(have * vehicles + vehicle[owner] + 1, want * vehicles + runs.vehicle[run] + 1, time)
        single = _found(have, want, time, only_single=True)
        return np.where(np.isnan(own), single, own)

    def _key(self, day: np.ndarray, trip: np.ndarray, call: np.ndarray) -> Int64Array:
        tt = self._runs.timetable
        longest = int(tt.trip_calls.max(initial=0)) + 1
        result: Int64Array = (day.astype(np.int64) * tt.trips + trip) * longest + call
        return result


def _first_known(time: Float64Array, otherwise: Float64Array) -> Float64Array:
    return np.where(np.isnan(time), otherwise, time)


def _found(have: Int64Array, want: Int64Array, time: Float64Array, *, only_single: bool = False) -> Float64Array:
    """The time of each wanted key, NaN where there is none, or (`only_single`) where there are several."""
    keys, first, count = np.unique(have, return_index=True, return_counts=True)
    times = np.where((count == 1) | (not only_single), time[first], np.nan)
    return np.append(times, np.nan)[places_of(want, keys)]
