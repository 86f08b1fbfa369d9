"""What the operator's feeds call the runs of lines by headway: our own feed calls them the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from google.transit import gtfs_realtime_pb2

from predictor.arrays import Int8Array, Int32Array
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_SCHEDULED, TRIP_UNSCHEDULED, TripUpdates

HeadwayAs = Literal["UNSCHEDULED", "SCHEDULED"]
"""GTFS-Realtime ScheduleRelationship of a run by headway. UNSCHEDULED is right, but trip planners skip it."""


def named_in_reports(trips: Iterable[gtfs_realtime_pb2.TripDescriptor], timetable: Timetable) -> HeadwayAs | None:
    """What the descriptors of a message of vehicles call runs by headway; None where they name none."""
    if not timetable.trip_is_frequency.any():
        return None
    index = timetable.trip_index
    named = [(index.get(trip.trip_id, -1), trip.schedule_relationship) for trip in trips]
    trip, relationship = np.array(named, np.int64).reshape(-1, 2).T
    return _named(timetable, trip.astype(np.int32), relationship.astype(np.int8))


def named_in_updates(updates: TripUpdates | None, timetable: Timetable) -> HeadwayAs | None:
    """What a message of TripUpdates calls them; None where it names none."""
    return None if updates is None else _named(timetable.base, updates.trip, updates.relationship)


def _named(timetable: Timetable, trip: Int32Array, relationship: Int8Array) -> HeadwayAs | None:
    by_headway = (trip >= 0) & timetable.trip_is_frequency[np.maximum(trip, 0)] if timetable.trips else trip >= 0
    called = relationship[by_headway]
    if (called == TRIP_UNSCHEDULED).any():
        return "UNSCHEDULED"
    return "SCHEDULED" if (called == TRIP_SCHEDULED).any() else None
