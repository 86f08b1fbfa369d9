"""Which trips should be on the road now, and which of them no vehicle drives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int32Array
from predictor.journeys import journey_key
from predictor.snapshot import Snapshot

GRACE_S = 300.0
"""A trip is not missed before it is so late."""


@dataclass(frozen=True, eq=False)
class RunningTrips:
    """Journeys of the timetable under way, but those run by headway: of these no single one can be missed. All (r,)."""

    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    started_at: Float64Array
    """Scheduled start, POSIX seconds."""
    cancelled: BoolArray
    uncovered: BoolArray
    """Neither cancelled nor driven, nor to be driven by the vehicle of its block."""

    def __len__(self) -> int:
        return len(self.trip)


def running_trips(snapshot: Snapshot) -> RunningTrips:
    """Journeys that by the timetable began more than `GRACE_S` before the snapshot and are not at their end."""
    tt, now = snapshot.timetable, snapshot.made_at
    trip, shift = tt.journey_trip, tt.journey_shift_s
    start_s = tt.trip_start_s[trip].astype(np.float64) + shift
    end_s = tt.trip_end_s[trip].astype(np.float64) + shift
    days, journeys = [], []
    for day in np.flatnonzero((tt.date_origin <= now) & (tt.date_origin + end_s.max(initial=0.0) >= now)).tolist():
        running = tt.service_active[tt.trip_service[trip], day] & (tt.journey_headway_s == 0)
        running &= (tt.date_origin[day] + start_s + GRACE_S <= now) & (tt.date_origin[day] + end_s >= now)
        found = np.flatnonzero(running).astype(np.int32)
        journeys.append(found)
        days.append(np.full(len(found), day, np.int32))
    journey = np.concatenate([np.empty(0, np.int32), *journeys])
    day_of = np.concatenate([np.empty(0, np.int32), *days])
    key = journey_key(day_of, journey)
    cancelled = np.isin(key, snapshot.cancelled)
    return RunningTrips(
        trip=trip[journey],
        service_day=day_of,
        shift_s=shift[journey],
        started_at=tt.date_origin[day_of] + start_s[journey],
        cancelled=cancelled,
        uncovered=~cancelled & ~np.isin(key, snapshot.claimed),
    )
