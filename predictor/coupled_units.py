"""Trains of coupled units, and vehicles far apart, whose feed names the trips of both by turns under one id, so that
each report takes it from one trip to the other: from then on a vehicle for each trip is followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float64Array, Int32Array, Int64Array, StrArray, where_true
from predictor.columns import replace
from predictor.geometry import ground_distance_m
from predictor.match import FASTEST_M_S, LEAP_M
from predictor.observations import Observations
from predictor.runs import DatedRuns
from predictor.timetable import Timetable
from predictor.tracks import Tracks

BY_TURNS_S = 300.0
"""Who is back within this time on a run that it has left for another drives both."""
TOGETHER_S = 60.0
"""Calls at one stop within this time are made by one train."""


@dataclass(frozen=True, eq=False)
class _LeftRuns(DatedRuns):
    """Runs that vehicles have been taken off; all arrays (n,)."""

    vehicle_id: StrArray
    left_at: Float64Array
    """POSIX seconds."""


class CoupledUnits:
    """Remembers which ids stand for several units."""

    def __init__(self) -> None:
        self._left = _LeftRuns.empty()
        self._ids: StrArray = np.empty(0, np.str_)

    def told_apart(self, observations: Observations, timetable: Timetable) -> Observations:
        """The reports, those of ids that stand for several units each under an id of its trip."""
        if len(self._ids) == 0:
            return observations
        rows = where_true(np.isin(observations.vehicle_id, self._ids) & (observations.trip >= 0))
        names = _with_trips(timetable, observations.vehicle_id, rows, observations.trip[rows])
        label = np.where(observations.vehicle_label == "", observations.vehicle_id, observations.vehicle_label)
        return replace(observations, vehicle_id=names, vehicle_label=label)

    def followed(
        self, timetable: Timetable, tracks: Tracks, slot: Int64Array, obs: Observations, runs: DatedRuns,
        changed: Int64Array,
    ) -> Tracks:  # fmt: skip
        """The tracks, those of vehicles that are found here to be several under an id of their trip. `runs` (n,) of the
        reports `obs` by `slot`; `changed` (m,): those that are another than before."""
        before = tracks.runs.take(slot[changed])
        gone_over = (before.trip >= 0) & (runs.trip[changed] >= 0) & (obs.trip[changed] == runs.trip[changed])
        gone_over &= tracks.arrived[slot[changed]] < timetable.trip_calls[before.trip]
        rows, before = changed[gone_over], before.take(gone_over)
        if len(rows) == 0:
            return tracks
        vehicle_id, at, now_on = tracks.vehicle_id[slot[rows]], obs.timestamp[rows], runs.take(rows)
        left = self._left.take(self._left.left_at > at.max() - BY_TURNS_S)
        is_back = np.isin(vehicle_id, left.vehicle_id)
        way_m = ground_distance_m(tracks.lat[slot[rows]], tracks.lon[slot[rows]], obs.lat[rows], obs.lon[rows])
        leapt = way_m > FASTEST_M_S * (at - tracks.timestamp[slot[rows]]) + LEAP_M
        for k in where_true(is_back).tolist():
            of_vehicle = left.run_key[left.vehicle_id == vehicle_id[k]]
            one, other = now_on.take(slice(k, k + 1)), before.take(slice(k, k + 1))
            is_back[k] = bool(np.isin(one.run_key, of_vehicle)[0]) and (
                leapt[k] or _drive_together(timetable, one, other)
            )
        gone = _LeftRuns(before.trip, before.service_day, before.shift_s, vehicle_id, at)
        self._left = _LeftRuns.joined(left, gone)
        if not is_back.any():
            return tracks
        self._ids = np.union1d(self._ids, vehicle_id[is_back])
        names = _with_trips(timetable, tracks.vehicle_id, slot[rows[is_back]], now_on.trip[is_back])
        return replace(tracks, vehicle_id=names)

    def forget(self) -> None:
        """The indices of trips are others."""
        self._left = _LeftRuns.empty()


def _with_trips(timetable: Timetable, vehicle_id: StrArray, rows: Int64Array, trip: Int32Array) -> StrArray:
    """The ids, those of some rows (m,) each with that of its trip behind it."""
    own: StrArray = np.strings.add(np.strings.add(vehicle_id[rows], " "), timetable.trip_id[trip].astype(np.str_))
    names = vehicle_id.astype(np.promote_types(own.dtype, vehicle_id.dtype))
    names[rows] = own
    return names


def _drive_together(timetable: Timetable, one: DatedRuns, other: DatedRuns) -> bool:
    """Whether two runs, a row each, make two calls or more at the same stops at the same times."""
    stop_and_time: list[Int64Array] = []
    for runs in (one, other):
        _, entry = timetable.entries_of(runs.trip)
        at = runs.origin(timetable) + timetable.departure_s[entry]
        stop_and_time.append(np.stack([timetable.call_stop[entry].astype(np.int64), at.astype(np.int64)]))
    (stop, at), (other_stop, other_at) = stop_and_time
    together = (stop[:, None] == other_stop) & (np.abs(at[:, None] - other_at) <= TOGETHER_S)
    return int(together.any(axis=1).sum()) > 1
