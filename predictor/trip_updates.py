"""The operator's own TripUpdates, as a struct of arrays: what it cancels, skips, adds, and the times it claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from predictor.arrays import Float64Array, Int8Array, Int32Array, Int64Array, StrArray
from predictor.columns import no_rows

TRIP_SCHEDULED, TRIP_ADDED, TRIP_UNSCHEDULED, TRIP_CANCELED, TRIP_DUPLICATED, TRIP_DELETED = 0, 1, 2, 3, 6, 7
"""GTFS-Realtime TripDescriptor.ScheduleRelationship (NEW is read as ADDED, REPLACEMENT as SCHEDULED)."""
STOP_SCHEDULED, STOP_SKIPPED, STOP_NO_DATA, STOP_UNSCHEDULED = 0, 1, 2, 3
"""GTFS-Realtime StopTimeUpdate.ScheduleRelationship."""


@dataclass(frozen=True, eq=False)
class TripUpdates:
    """One TripUpdates message: (n,) trips, (m,) stop time updates in CSR, in stop order within a trip."""

    timestamp: float
    """Header timestamp (else time of receipt), POSIX seconds."""
    trip_id: StrArray
    """The id as served to others: for a duplicated trip its new id."""
    trip: Int32Array
    """Trip of the timetable; for a duplicated trip the one it copies; -1 for an added or unknown one."""
    service_date: Int32Array
    """YYYYMMDD, 0 where not given."""
    start_time_s: Int32Array
    """Seconds after the origin of the service date, -1 where not given."""
    route: Int32Array
    headsign: StrArray
    relationship: Int8Array
    vehicle_id: StrArray
    update_ptr: Int64Array
    """(n + 1,)"""
    stop_sequence: Int32Array
    """(m,), -1 where not given."""
    stop: Int32Array
    """(m,), resolved from stop_sequence where the feed gives no stop_id; -1 where unknown."""
    arrival: Float64Array
    """(m,) POSIX seconds (a delay is already added to the timetable's time), NaN where none."""
    departure: Float64Array
    stop_relationship: Int8Array
    refused: Mapping[str, int] = field(default_factory=dict)
    """What decoding left out, by reason."""

    def __len__(self) -> int:
        return len(self.trip_id)

    def first_time(self) -> Float64Array:
        """The earliest time (n,) told of each trip, NaN where none is."""
        time = np.append(np.fmin(self.arrival, self.departure), np.nan)
        told = np.diff(self.update_ptr) > 0
        result = np.full(len(self), np.nan)
        result[told] = np.fmin.reduceat(time, self.update_ptr[:-1][told])
        return result

    @classmethod
    def empty(cls, timestamp: float) -> TripUpdates:
        """No update at all."""
        columns: dict[str, Any] = no_rows(cls)
        return cls(timestamp=timestamp, **columns | {"update_ptr": np.zeros(1, np.int64)})
