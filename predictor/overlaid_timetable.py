"""A timetable and, behind its trips, the operator's own runs: what `predictor.overlay` makes of a message."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from predictor.arrays import NONE, Int32Array, Int64Array, places_of
from predictor.journeys import call_key, journey_key
from predictor.runs import DatedRuns
from predictor.timetable import FormerStops, OwnRuns, OwnWays, Timetable, run_number


@dataclass(frozen=True, eq=False)
class OverlaidTimetable(Timetable):
    """A base timetable and, behind its trips, the operator's own runs (r,)."""

    base_timetable: Timetable
    own_runs: OwnRuns
    former_stops: FormerStops
    own_ways: OwnWays

    @property
    def base(self) -> Timetable:
        """The feed's own timetable."""
        return self.base_timetable

    @cached_property
    def trip_index(self) -> dict[str, int]:
        """trip_id -> index: of the base where it has the id, else of the first run that is called so."""
        index = dict(self.base.trip_index)
        for trip in range(self.base.trips, self.trips):
            index.setdefault(str(self.trip_id[trip]), trip)
        return index

    @cached_property
    def left_out(self) -> Int64Array:
        """See `Timetable`."""
        base, own, named = self.base, self.own_runs, self.run_named
        order = np.argsort(base.journey_number)
        place = places_of(run_number(named, own.shift_s), base.journey_number[order])
        run = np.flatnonzero(place >= 0)
        journey = order[place[run]].astype(np.int32)
        of, planned = base.entries_of(named[run])
        of_own, driven = self.entries_of(own.trip[run])
        call_at = of * self.stops + self.station[base.call_stop[planned]]
        lost = ~np.isin(call_at, of_own * self.stops + self.station[self.call_stop[driven]])
        of, planned = of[lost], planned[lost]
        return np.sort(call_key(journey_key(own.service_day[run][of], journey[of]), base.call_at(planned)))

    def planned_entries(self, trip: Int32Array, call: Int32Array) -> Int64Array:
        """See `Timetable`."""
        planned = np.where(trip < self.base.trips, trip, self.run_models[trip])
        call_for_call = (planned >= 0) & (self.trip_calls[planned] == self.trip_calls[trip])
        return np.where(call_for_call, self.entry_of(planned, call), NONE)

    def standing_for(self, trip: Int32Array, service_day: Int32Array, shift_s: Int32Array) -> Int32Array:
        """The trip (n,) that runs in the place of each run named by the first trip of its id."""
        keys, runs = self._standing
        if len(keys) == 0:
            return trip
        place = places_of(DatedRuns(trip, service_day, shift_s).run_key, keys)
        return np.where((place >= 0) & (trip >= 0), runs[place], trip).astype(np.int32)

    @cached_property
    def by_name(self) -> Timetable:
        """The timetable as feeds name its runs: each under the first trip of its id, by the shift that it has there."""
        base, named = self.base, self.run_named
        runs = np.arange(base.trips, self.trips)
        calendars = self.service_active.copy()
        trip_service = np.append(base.trip_service, self.trip_service[base.trips :])
        # A trip whose run of the day is another still runs on that day under its name.
        elsewhere = np.unique(named[named != runs])
        calendars = np.concatenate([calendars, calendars[trip_service[elsewhere]]])
        trip_service[elsewhere] = len(self.service_active) + np.arange(len(elsewhere))
        calendars[trip_service[named], self.own_runs.service_day] = True
        numbers, first = np.unique(run_number(named, self.own_runs.shift_s), return_index=True)
        once = np.sort(first[~np.isin(numbers, base.journey_number)])
        return Timetable(
            **{f.name: getattr(self, f.name) for f in fields(Timetable)}
            | {
                "trip_service": trip_service.astype(np.int32),
                "service_active": calendars,
                "service_id": np.arange(len(calendars)).astype(np.str_),
                "journey_trip": np.append(base.journey_trip, named[once]).astype(np.int32),
                "journey_shift_s": np.append(base.journey_shift_s, self.own_runs.shift_s[once]).astype(np.int32),
                "journey_headway_s": np.append(base.journey_headway_s, np.zeros(len(once), np.int32)),
            }
        )

    @cached_property
    def named_start_s(self) -> Int32Array:
        """See `Timetable`: of a run under an id of its own that is as the operator says, where it does."""
        is_told = (self.run_named >= self.base.trips) & (self.own_runs.shift_s > 0)
        start_s = np.where(is_told, 0, self.trip_start_s[self.run_named])
        return np.append(self.base.trip_start_s, start_s).astype(np.int32)

    @cached_property
    def _standing(self) -> tuple[Int64Array, Int32Array]:
        """Sorted keys of the runs as they are named, and the trips that stand for them."""
        runs = np.arange(self.base.trips, self.trips, dtype=np.int32)
        key = DatedRuns(self.run_named, self.own_runs.service_day, self.own_runs.shift_s).run_key
        order = np.argsort(key, kind="stable")
        return key[order], runs[order]
