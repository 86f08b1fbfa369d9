"""Who may board or alight at a call, and how: by the vehicle's word where it has one, else by the timetable's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, overload

import numpy as np
from google.transit import gtfs_realtime_pb2

from predictor.arrays import NONE, Int8Array, Int32Array, is_one_of
from predictor.snapshot import DEADHEAD, LAYOVER, Snapshot
from predictor.timetable import NO_PICKUP, WHEELCHAIR_NO, WHEELCHAIR_UNKNOWN, WHEELCHAIR_YES, Timetable

BOARDING = ("regular", "none", "phone", "driver")
"""GTFS `pickup_type` and `drop_off_type`: as usual, not at all, on request by telephone, on request to the driver."""

OCCUPANCIES = tuple(name for name, _ in gtfs_realtime_pb2.VehiclePosition.OccupancyStatus.items())
"""GTFS-Realtime OccupancyStatus by number."""
CONGESTIONS = (None, "RUNNING_SMOOTHLY", "STOP_AND_GO", "CONGESTION", "SEVERE_CONGESTION")
"""GTFS-Realtime CongestionLevel by number, None where not known."""
ACCESS = ("unknown", "yes", "no")
"""GTFS `wheelchair_boarding`, `wheelchair_accessible` and `bikes_allowed`."""
_UNTOLD = "NO_DATA_AVAILABLE"


def between_stops(timetable: Timetable, pattern: int) -> list[tuple[str, str, bool]]:
    """How riders may board and get off between the stops of a pattern, each one of `BOARDING`, and whether that holds
    all the way; empty where they may not at all."""
    tt = timetable
    hops = slice(int(tt.pattern_call_ptr[pattern]), int(tt.pattern_call_ptr[pattern + 1]) - 1)
    kinds = zip(tt.pattern_continuous_pickup[hops].tolist(), tt.pattern_continuous_drop_off[hops].tolist(), strict=True)
    found = sorted(set(kinds))
    return [(BOARDING[on], BOARDING[off], len(found) == 1) for on, off in found if (on, off) != (NO_PICKUP, NO_PICKUP)]


TAKES_NOBODY = ("NOT_ACCEPTING_PASSENGERS", "NOT_BOARDABLE")
"""How full vehicles are that nobody can board."""


@dataclass(frozen=True)
class Occupancy:
    """How full a vehicle is."""

    status: str | None
    """One of `OCCUPANCIES`, None where only the share is known."""
    percentage: int | None
    """Of the passengers that it takes; None where not told."""


def occupancies(snapshot: Snapshot, vehicle: Int32Array, expected: Int8Array) -> list[Occupancy | None]:
    """What vehicles (n,) last told; for none (-1), where it does not tell, or who is aboard gets off before its run
    begins, the status (n,) that the operator expects. None where neither is told."""
    if len(snapshot.vehicles) == 0:
        return [_occupancy(NONE, NONE, status) for status in expected.tolist()]
    of = snapshot.vehicles
    untold = (vehicle < 0) | is_one_of(of.state[vehicle], (LAYOVER, DEADHEAD))
    columns = (np.where(untold, NONE, column[vehicle]) for column in (of.occupancy, of.occupancy_percentage))
    return list(map(_occupancy, *(column.tolist() for column in columns), expected.tolist()))


def occupancy_of(snapshot: Snapshot, vehicle: int) -> Occupancy | None:
    """The same of one vehicle."""
    return occupancies(snapshot, np.array([vehicle], np.int32), np.array([NONE], np.int8))[0]


@lru_cache(maxsize=4096)
def _occupancy(status: int, share: int, expected: int) -> Occupancy | None:
    if share < 0 and (status < 0 or OCCUPANCIES[status] == _UNTOLD):
        status = expected
    untold = status < 0 or OCCUPANCIES[status] == _UNTOLD
    # Who fills in that nothing is known fills in 0 beside it.
    share = NONE if untold and status >= 0 and share == 0 else share
    name = None if untold else OCCUPANCIES[status]
    return None if name is None and share < 0 else Occupancy(name, share if share >= 0 else None)


def wheelchair_access(timetable: Timetable, stop: Int32Array, vehicle: Int8Array) -> Int8Array:
    """Whether both the vehicle and the stop (or its station, where it says nothing itself) can be used, (n,) indices
    into `ACCESS`. `vehicle`: (n,) of what drives the trip, see `vehicle_wheelchair`."""
    at_stop, parent = timetable.stop_wheelchair[stop], timetable.stop_parent[stop]
    at_stop = np.where((at_stop == WHEELCHAIR_UNKNOWN) & (parent >= 0), timetable.stop_wheelchair[parent], at_stop)
    usable = np.where((at_stop == WHEELCHAIR_YES) & (vehicle == WHEELCHAIR_YES), WHEELCHAIR_YES, WHEELCHAIR_UNKNOWN)
    unusable = (at_stop == WHEELCHAIR_NO) | (vehicle == WHEELCHAIR_NO)
    return np.where(unusable, WHEELCHAIR_NO, usable).astype(np.int8)


@overload
def vehicle_wheelchair(snapshot: Snapshot, trip: int, vehicle: int) -> int: ...
@overload
def vehicle_wheelchair(snapshot: Snapshot, trip: Int32Array, vehicle: Int32Array) -> Int8Array: ...
def vehicle_wheelchair(snapshot: Snapshot, trip: Any, vehicle: Any) -> Any:
    """GTFS `wheelchair_accessible` of vehicles (-1 for none) themselves, of their trips where they say nothing; (n,) or
    one."""
    by_trip = snapshot.timetable.trip_wheelchair[trip]
    if len(snapshot.vehicles) == 0:
        return by_trip
    says = np.where(vehicle >= 0, snapshot.vehicles.wheelchair[vehicle], 0)
    return np.where(says > 0, says, by_trip).astype(np.int8)
