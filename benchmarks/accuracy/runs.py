"""Runs: trips as vehicles really drove them on a date, laid out call by call.

Everything the judge and its reference methods compute is indexed by *cell*: one call of one run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, Int64Array, places_of
from predictor.timetable import Timetable

_TIME_SPAN_S = 1.0e8
"""Room for three years of seconds behind each key, so that (key, time) sorts and searches as one float64."""


LONGEST_RUN_S = 3600.0
"""A longer time between two neighbouring stops is no run."""


@dataclass(frozen=True, eq=False)
class Runs:
    """n runs and their m calls (cells) in CSR."""

    timetable: Timetable
    vehicles: tuple[str, ...]
    """Vehicle ids; `vehicle` counts through them."""
    vehicle: Int32Array
    trip: Int32Array
    service_day: Int32Array
    ptr: Int64Array
    """(n + 1,) cells of each run."""
    run: Int64Array
    """(m,) run of each cell."""
    entry: Int64Array
    """(m,) trip call of each cell, as in `Timetable.arrival_s`."""
    profile_s: Float64Array
    """(m,) scheduled arrival in seconds after the trip's first departure."""
    scheduled: Float64Array
    """(m,) POSIX seconds, NaN where a headway-run vehicle's start is not known."""
    passed: Float64Array
    """(m,) POSIX seconds, NaN where not known."""
    known: Float64Array
    """(m,) POSIX seconds at which a report told of the passage, NaN like `passed`."""
    judged: BoolArray
    """(m,) whether `passed` is good enough to judge by."""

    @classmethod
    def of(cls, passages: pd.DataFrame, timetable: Timetable) -> Runs:
        """Lay out true passages (see `benchmarks.accuracy.truth`).

        A vehicle that drives the same trip again (as trips run by headway allow) begins a new run where its call
        falls back by half the trip.
        """
        vehicle, vehicles = pd.factorize(passages.vehicle_id, sort=True)
        rows = passages.assign(vehicle=vehicle.astype(np.int32)).sort_values(
            ["service_day", "vehicle", "trip", "time"], kind="stable"
        )
        family = rows.groupby(["service_day", "vehicle", "trip"], sort=False).ngroup().to_numpy()
        trip, call = rows.trip.to_numpy(), rows.call.to_numpy()
        new = np.diff(family, prepend=-1) > 0
        new |= np.diff(call, prepend=0) < -np.maximum(timetable.trip_calls[trip] // 2, 1)
        run_of_row = np.cumsum(new) - 1
        first = np.flatnonzero(new)
        trip, start_s = trip[first], rows.start_s.to_numpy()[first]
        service_day = rows.service_day.to_numpy()[first]
        length = timetable.trip_calls[trip]
        ptr = np.concatenate([[0], np.cumsum(length, dtype=np.int64)])
        run, entry = timetable.entries_of(trip)
        profile = (timetable.arrival_s[entry] - timetable.trip_start_s[trip][run]).astype(np.float64)
        start = np.where(timetable.trip_is_frequency[trip], start_s, timetable.trip_start_s[trip])
        passed, known, judged = np.full(len(entry), np.nan), np.full(len(entry), np.nan), np.zeros(len(entry), bool)
        cell = ptr[run_of_row] + call
        # Of two passages of one call the first stays.
        for to, column in ((passed, rows.time), (known, rows.known), (judged, rows.judged)):
            to[cell[::-1]] = column.to_numpy()[::-1]
        return cls(
            timetable=timetable, vehicles=tuple(vehicles), vehicle=rows.vehicle.to_numpy()[first], trip=trip,
            service_day=service_day, ptr=ptr, run=run, entry=entry, profile_s=profile,
            scheduled=(timetable.date_origin[service_day] + start)[run] + profile, passed=passed, known=known,
            judged=judged,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.trip)

    @cached_property
    def call(self) -> Int32Array:
        """(m,) position of each cell in its trip."""
        return (np.arange(len(self.entry)) - self.ptr[self.run]).astype(np.int32)

    @cached_property
    def stop(self) -> Int32Array:
        """(m,) stop of each cell."""
        return self.timetable.call_stop[self.entry]

    @cached_property
    def link(self) -> Int32Array:
        """(m,) link from each cell to the next, -1 at the last of a run."""
        return self.timetable.pattern_link[self.timetable.call_pattern_call[self.entry]]

    @cached_property
    def first_passed(self) -> Int64Array:
        """(n,) cell of the first known passage of each run."""
        cells = self._by_time[1]
        return cells[np.searchsorted(self.run[cells], np.arange(len(self)))]

    @cached_property
    def expected(self) -> Float64Array:
        """(m,) scheduled time, where that is unknown the run's first passage carried along the profile."""
        start = self.passed[self.first_passed] - self.profile_s[self.first_passed]
        return np.where(np.isnan(self.scheduled), start[self.run] + self.profile_s, self.scheduled)

    @cached_property
    def hour(self) -> Int32Array:
        """(m,) hour of the day (0 to 23) at which each cell is expected."""
        return self.hour_of(self.expected, self.run)

    @cached_property
    def ran_s(self) -> Float64Array:
        """(m,) true time from each cell to the next, NaN where either is unknown.

        Negative where the timetable has two stops in the wrong order: sums over several links stay right.
        """
        ran = np.append(np.diff(self.passed), np.nan)
        ran[self.ptr[1:] - 1] = np.nan
        ran[~(np.abs(ran) < LONGEST_RUN_S)] = np.nan
        return ran

    def hour_of(self, time: Float64Array, run: Int64Array) -> Int32Array:
        """Hour of the service day, 0 to 23, of POSIX times that belong to `run` (both of one shape)."""
        since = time - self.timetable.date_origin[self.service_day[run]]
        return (np.nan_to_num(since) // 3600 % 24).astype(np.int32)

    def next_call(self, vehicle: Int32Array, trip: Int32Array, service_day: Int32Array, call: Int32Array,
                  made_at: Float64Array) -> Int64Array:  # fmt: skip
        """Cell of the first passage after `made_at` of each (vehicle, trip, service day, call); all (n,).

        Where the vehicle never drove that trip on that day (or is -1), the passage of whoever did. Trips run by
        headway have no identity of their own: there the vehicle's next passage of the same stop counts.
        -1 where no passage is known.
        """
        tt = self.timetable
        cells = np.flatnonzero(~np.isnan(self.passed))
        run = self.run[cells]
        dated = self.service_day.astype(np.int64) * tt.trips + self.trip
        by_vehicle = dated * (len(self.vehicles) + 1) + self.vehicle
        longest = int(tt.trip_calls.max(initial=0)) + 1
        wanted = service_day.astype(np.int64) * tt.trips + trip
        wanted_by_vehicle = wanted * (len(self.vehicles) + 1) + vehicle
        found = self._first_after(by_vehicle[run] * longest + self.call[cells], cells,
                                  wanted_by_vehicle * longest + call, made_at)  # fmt: skip
        headway = tt.trip_is_frequency[trip]
        stranger = ~headway & ~np.isin(wanted_by_vehicle, by_vehicle)
        found[stranger] = self._first_after(
            dated[run] * longest + self.call[cells], cells, (wanted * longest + call)[stranger], made_at[stranger]
        )
        if headway.any():
            found[headway] = self._first_after(
                self.vehicle[run].astype(np.int64) * tt.stops + self.stop[cells], cells,
                vehicle[headway].astype(np.int64) * tt.stops + tt.stop_at(trip[headway], call[headway]),
                made_at[headway],
            )  # fmt: skip
        return found

    def last_passed(self, run: Int64Array, made_at: Float64Array, *, at_once: bool = False) -> Int64Array:
        """Cell that each run had passed last, as far as reports had told by `made_at` (n,), -1 where none yet.

        With `at_once`, as if every passage had been told in the second it happened.
        """
        keys, cells = self._by_time if at_once else self._by_known
        at = np.searchsorted(keys, self._key(run, made_at), side="right") - 1
        found = cells[np.maximum(at, 0)]
        return np.where((at >= 0) & (self.run[found] == run), found, NONE)

    @cached_property
    def first_time(self) -> float:
        """POSIX seconds of the first passage."""
        return float(np.nanmin(self.passed)) if np.isfinite(self.passed).any() else 0.0

    @cached_property
    def _by_time(self) -> tuple[Float64Array, Int64Array]:
        return self._ordered(self.passed)

    @cached_property
    def _by_known(self) -> tuple[Float64Array, Int64Array]:
        return self._ordered(self.known)

    def _ordered(self, time: Float64Array) -> tuple[Float64Array, Int64Array]:
        """Keys (run, `time`) of all passages in order, and their cells; of equal keys the last passed comes last."""
        cells = np.flatnonzero(~np.isnan(self.passed))
        keys = self._key(self.run[cells], time[cells])
        order = np.lexsort((self.passed[cells], keys))
        return keys[order], cells[order]

    def _key(self, group: Int64Array, time: Float64Array) -> Float64Array:
        return group * _TIME_SPAN_S + (time - self.first_time + _TIME_SPAN_S / 2)

    def _first_after(self, have: Int64Array, cells: Int64Array, want: Int64Array, after: Float64Array) -> Int64Array:
        """First of `cells` (keys `have`) with the key `want` that is passed later than `after`; -1 where none."""
        if len(cells) == 0 or len(want) == 0:
            return np.full(len(want), NONE, np.int64)
        unique, group = np.unique(have, return_inverse=True)
        keys = self._key(group, self.passed[cells])
        order = np.argsort(keys, kind="stable")
        wanted = places_of(want, unique)
        at = np.searchsorted(keys[order], self._key(wanted, after), side="right")
        at_cell = order[np.minimum(at, len(order) - 1)]
        known = (at < len(order)) & (group[at_cell] == wanted)
        return np.where(known, cells[at_cell], NONE)
