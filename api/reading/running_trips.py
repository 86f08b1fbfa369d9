"""Which trips should be on the road now, and which of them no vehicle drives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int32Array
from predictor.journeys import journey_key
from predictor.runs import DatedRuns
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable

GRACE_S = 300.0
"""A trip is not missed before it is so late."""


@dataclass(frozen=True, eq=False)
class RunningTrips(DatedRuns):
    """Journeys of the timetable under way, but those run by headway: of these no single one can be missed. All (r,)."""

    started_at: Float64Array
    """Scheduled start, POSIX seconds."""
    cancelled: BoolArray
    uncovered: BoolArray
    """Neither cancelled nor driven, nor to be driven by the vehicle of its block."""

    def uncovered_rows(self) -> list[int]:
        """Rows of the uncovered, those that should have begun last first."""
        rows = np.flatnonzero(self.uncovered)
        ordered: list[int] = rows[np.argsort(-self.started_at[rows], kind="stable")].tolist()
        return ordered


def running_trips(snapshot: Snapshot) -> RunningTrips:
    """Journeys that by the timetable began more than `GRACE_S` before the snapshot and are not at their end."""
    tt = snapshot.timetable
    day, journey = journeys_under_way(tt, snapshot.made_at, GRACE_S)
    single = tt.journey_headway_s[journey] == 0
    day, journey = day[single], journey[single]
    trip, shift_s, key = tt.journey_trip[journey], tt.journey_shift_s[journey], journey_key(day, journey)
    cancelled = np.isin(key, snapshot.cancelled)
    return RunningTrips(
        trip=trip,
        service_day=day,
        shift_s=shift_s,
        started_at=tt.date_origin[day] + tt.trip_start_s[trip] + shift_s,
        cancelled=cancelled,
        uncovered=~cancelled & ~np.isin(key, snapshot.claimed),
    )


def journeys_under_way(timetable: Timetable, now: float, begun_s: float = 0.0) -> tuple[Int32Array, Int32Array]:
    """Service day and index (r,) of the journeys that by the timetable began so long before a time or longer, and are
    not at their end."""
    tt, trip = timetable, timetable.journey_trip
    start_s, end_s = (at[trip].astype(np.float64) + tt.journey_shift_s for at in (tt.trip_start_s, tt.trip_end_s))
    days = np.flatnonzero((tt.date_origin <= now) & (tt.date_origin + end_s.max(initial=0.0) >= now))
    since_origin = now - tt.date_origin[days][:, None]
    runs = tt.service_active[tt.trip_service[trip], days[:, None]]
    place, journey = np.nonzero(runs & (start_s + begun_s <= since_origin) & (end_s >= since_origin))
    return days[place].astype(np.int32), journey.astype(np.int32)
