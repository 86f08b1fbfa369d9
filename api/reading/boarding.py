"""Who may board or alight at a call, and how: by the vehicle's word where it has one, else by the timetable's."""

from __future__ import annotations

from dataclasses import dataclass

from google.transit import gtfs_realtime_pb2

from predictor.snapshot import FROM_VEHICLE, RunCalls, Snapshot
from predictor.timetable import Timetable

BOARDING = ("regular", "none", "phone", "driver")
"""GTFS `pickup_type` and `drop_off_type`: as usual, not at all, on request by telephone, on request to the driver."""

OCCUPANCIES = tuple(name for name, _ in gtfs_realtime_pb2.VehiclePosition.OccupancyStatus.items())
"""GTFS-Realtime OccupancyStatus by number."""
_UNTOLD = "NO_DATA_AVAILABLE"


@dataclass(frozen=True)
class Occupancy:
    """How full a vehicle is."""

    status: str | None
    """One of `OCCUPANCIES`, None where only the share is known."""
    percentage: int | None
    """Of the passengers that it takes; None where not told."""


def occupancy_of(snapshot: Snapshot, vehicle: int) -> Occupancy | None:
    """What a vehicle last told; None for none (-1), or where it does not tell."""
    if vehicle < 0:
        return None
    status, share = int(snapshot.vehicles.occupancy[vehicle]), int(snapshot.vehicles.occupancy_percentage[vehicle])
    name = OCCUPANCIES[status] if status >= 0 and OCCUPANCIES[status] != _UNTOLD else None
    return None if name is None and share < 0 else Occupancy(name, share if share >= 0 else None)


def occupancy_at(snapshot: Snapshot, calls: RunCalls, row: int) -> Occupancy | None:
    """How full the vehicle on this very run is: on its next one it will be as full as it then is."""
    return occupancy_of(snapshot, int(calls.vehicle[row])) if calls.source[row] == FROM_VEHICLE else None


def wheelchair_access(timetable: Timetable, stop: int, vehicle: int) -> str:
    """Whether both the vehicle and the stop (or its station, where it says nothing itself) can be used: `yes`, `no` or
    `unknown`. `vehicle`: GTFS `wheelchair_accessible` of what drives the trip, see `vehicle_wheelchair`."""
    here = int(timetable.stop_wheelchair[stop])
    if here == 0 and timetable.stop_parent[stop] >= 0:
        here = int(timetable.stop_wheelchair[timetable.stop_parent[stop]])
    both = (here, vehicle)
    return wheelchair_words(2 if 2 in both else 1 if both == (1, 1) else 0)


def vehicle_wheelchair(snapshot: Snapshot, trip: int, vehicle: int) -> int:
    """GTFS `wheelchair_accessible` of the vehicle (-1 for none) itself, where it says nothing of the trip."""
    says = int(snapshot.vehicles.wheelchair[vehicle]) if vehicle >= 0 else 0
    return says if says > 0 else int(snapshot.timetable.trip_wheelchair[trip])


def wheelchair_words(code: int) -> str:
    """GTFS `wheelchair_boarding` or `wheelchair_accessible` as `yes`, `no` or `unknown`."""
    return {1: "yes", 2: "no"}.get(code, "unknown")
