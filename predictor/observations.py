"""What one VehiclePositions message said, as a struct of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, StrArray
from predictor.columns import Columns
from predictor.runs import DatedRuns

INCOMING_AT, STOPPED_AT, IN_TRANSIT_TO = 0, 1, 2
"""GTFS-Realtime VehicleStopStatus."""


@dataclass(frozen=True, eq=False)
class CancelledRuns(DatedRuns):
    """Runs (n,) of the base timetable that a message says are cancelled, each once, by `run_key`."""

    is_deleted: BoolArray
    """Riders shall not see the run at all."""


@dataclass(frozen=True, eq=False)
class Observations(Columns):
    """One report a vehicle; all arrays (n,). Indices refer to the timetable it was decoded against."""

    received_at: float
    """POSIX seconds at which the message was received."""
    feed_timestamp: float
    """Header timestamp, POSIX seconds, NaN where the feed gives none."""
    vehicle_id: StrArray
    vehicle_label: StrArray
    """What riders can read on it, "" where nothing is told."""
    trip: Int32Array
    """-1 where the feed names none or one that the timetable does not know."""
    service_date: Int32Array
    """YYYYMMDD (`start_date`), 0 where not given."""
    start_time_s: Int32Array
    """`start_time` in seconds after the origin of the service date, -1 where not given."""
    route: Int32Array
    direction: Int8Array
    lat: Float64Array
    lon: Float64Array
    bearing: Float32Array
    """Degrees clockwise from north, NaN where not given."""
    speed: Float32Array
    """Metres a second, NaN where not given."""
    stop_sequence: Int32Array
    """`current_stop_sequence`, -1 where not given."""
    stop: Int32Array
    stop_status: Int8Array
    """INCOMING_AT, STOPPED_AT or IN_TRANSIT_TO, -1 where not given."""
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus, -1 where not given."""
    occupancy_percentage: Int16Array
    """Of the passengers that it takes, -1 where not given; may be more than 100."""
    wheelchair: Int8Array
    """GTFS `wheelchair_accessible` as the vehicle itself says: 0 nothing, 1 yes, 2 no."""
    congestion: Int8Array
    """GTFS-Realtime CongestionLevel of the traffic around it, 0 where not known."""
    is_extra: BoolArray
    """It names a run beside those of the timetable, of which nobody tells: it is none of these."""
    timestamp: Float64Array
    """POSIX seconds at which the position was measured."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """What decoding left out, by reason: whole reports and single absurd fields."""
    unknown_trips: tuple[str, ...] = ()
    """Some of the trips that reports name and the timetable does not know."""
    ahead_vehicles: tuple[tuple[str, float], ...] = ()
    """Some of the vehicles whose reports are dated further ahead than any clock is believed to be fast, and by how
    much, seconds."""
    headway_as: Literal["UNSCHEDULED", "SCHEDULED"] | None = None
    """What the message calls runs by headway, None where it names none."""
    usual_age_s: float = float("nan")
    """Median age of the reports when they were received, those left out included, seconds; NaN where none is dated."""
    zone_s: float = 0.0
    """Seconds taken off most of its times, which were local as if they were UTC; 0 where they were not."""

    cancelled: CancelledRuns | None = None
    """Runs that the message says are cancelled, None where there is no message."""

    @classmethod
    def empty(cls, received_at: float = float("nan"), **whole: Any) -> Self:
        """No report at all, as when a poll failed or brought nothing new."""
        return super().empty(**{"received_at": received_at, "feed_timestamp": float("nan")} | whole)
