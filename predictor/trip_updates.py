"""The operator's own TripUpdates, resolved: which runs it speaks of, which calls each makes, and the times it claims.

What the feed leaves open (the service day, the call that an update means, a delay that holds for the calls after it) is
settled where the message is decoded; nothing is looked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from predictor.arrays import BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, StrArray, group_starts
from predictor.columns import Columns, no_rows
from predictor.new_places import NewPlaces

TRIP_SCHEDULED, TRIP_ADDED, TRIP_UNSCHEDULED, TRIP_CANCELED = 0, 1, 2, 3
TRIP_REPLACEMENT, TRIP_DUPLICATED, TRIP_DELETED, TRIP_NEW = 5, 6, 7, 8
"""GTFS-Realtime TripDescriptor.ScheduleRelationship."""
NOT_IN_TIMETABLE = (TRIP_ADDED, TRIP_NEW, TRIP_DUPLICATED)
"""Those of runs that the timetable need not have."""
STOP_SCHEDULED, STOP_SKIPPED, STOP_NO_DATA = 0, 1, 2
"""GTFS-Realtime StopTimeUpdate.ScheduleRelationship."""


@dataclass(frozen=True, eq=False)
class RunShape:
    """The way of a run that is not its pattern's: vertices (v,), and its calls (c,) on it."""

    lat: Float64Array
    lon: Float64Array
    distance_m: Float64Array
    """(v,) metres along the way, from 0, not decreasing."""
    call_m: Float64Array
    """(c,) the same of each call."""


@dataclass(frozen=True, eq=False)
class UpdatedCalls(Columns):
    """Calls (m,) of the runs of a message, in order of run and call; times are POSIX seconds."""

    owner: Int64Array
    """Row of the run in the message."""
    call: Int32Array
    """Position in the run."""
    stop: Int32Array
    stop_sequence: Int32Array
    scheduled_arrival: Float64Array
    """NaN for a run by headway whose start is not told."""
    scheduled_departure: Float64Array
    arrival: Float64Array
    """NaN where nothing is told of the call: it is by the timetable."""
    departure: Float64Array
    stop_relationship: Int8Array = field(metadata={"nothing": STOP_SCHEDULED})
    base_call: Int32Array
    """Call of the run's trip at the same place, -1 where there is none."""
    pickup_type: Int8Array
    drop_off_type: Int8Array
    unplanned: BoolArray
    """Nobody states when the call was to be, which the run's trip does not make: what is scheduled is what is first
    told."""
    stop_headsign: StrArray
    """Where the operator gives one for this call, else ""."""
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus that is expected on departure, -1 where not given."""
    bounded: BoolArray
    """Nothing is told of the call, but it is left no later than the next one, of which something is, or no earlier than
    the one before;"""
    untold: BoolArray
    """the latter, though it is overdue by the timetable: no time to rely on."""
    uncertainty_s: Float64Array
    """How far off the time may be, NaN where the operator does not say."""


@dataclass(frozen=True, eq=False)
class TripUpdates:
    """One TripUpdates message: (n,) runs, each once, and their `calls`.

    Indices are those of the base timetable, which the operator's word does not change (`Timetable.base`), with
    `new_places` behind its own.
    """

    timestamp: float
    """Header timestamp (else time of receipt), POSIX seconds."""
    trip_id: StrArray
    """The id as served to others: for a duplicated trip its new id."""
    trip: Int32Array
    """The trip whose run this is, which it copies or takes the place of; -1 for an added one."""
    service_day: Int32Array
    """Index into `Timetable.date`."""
    shift_s: Int32Array
    """Seconds by which the run is later than the trip's own times; 0 where it has calls of its own under its own id."""
    start_untold: BoolArray
    """A run by headway whose start the operator does not tell: the shift is that by its times."""
    route: Int32Array
    direction: Int8Array
    headsign: StrArray
    """Where the operator gives one or the run has calls of its own, else ""."""
    short_name: StrArray
    relationship: Int8Array
    vehicle_id: StrArray
    vehicle_label: StrArray
    """What riders can read on it, its id where it has no label."""
    vehicle_wheelchair: Int8Array
    """GTFS `wheelchair_accessible` of the vehicle: 0 nothing, 1 yes, 2 no."""
    last_call: Int32Array
    """Last call that is not skipped, -1 where the run is told of without its calls."""
    own_calls: BoolArray
    """All calls of the run are given here, and stand in the place of the timetable's: it is added, duplicated or
    replaced, is on a diversion, or calls at another platform."""
    own_times: BoolArray
    """Of a run with calls of its own: its scheduled times are stated, not taken from what it is first told to do."""
    calls: UpdatedCalls
    """(m,)"""
    new_places: NewPlaces = field(default_factory=NewPlaces)
    """Stops and lines that the timetable does not have."""
    shapes: Mapping[int, RunShape] = field(default_factory=dict)
    """Ways of runs with calls of their own, by row."""
    added_lists: Mapping[int, Int32Array] = field(default_factory=dict)
    """Of runs that are told of as added though they are trips of the timetable, or these once more: the calls that the
    message names, by row."""
    gone_shifts: Mapping[int, int] = field(default_factory=dict)
    """Of runs that are taken out under the id of a trip: by how many seconds the start that they are named by is later
    than that trip's, by row."""
    called_off: TripUpdates | None = None
    """What the message tells of the calls of runs of the timetable that it cancels, as if they were made: None where it
    tells no times of any."""
    not_found: tuple[str, ...] = ()
    """Some of the trips that the message names and the timetable does not know."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """What decoding left out, by reason."""

    def __len__(self) -> int:
        return len(self.trip_id)

    @cached_property
    def update_ptr(self) -> Int64Array:
        """(n + 1,) where the calls of each run begin and end."""
        return group_starts(self.calls.owner, len(self))

    def name_of(self, row: int) -> tuple[str, int, int]:
        """A run by its id, service day and shift."""
        return str(self.trip_id[row]), int(self.service_day[row]), int(self.shift_s[row])

    def calls_of(self, row: int) -> slice:
        """Where one run's stand among all `calls`."""
        return slice(int(self.update_ptr[row]), int(self.update_ptr[row + 1]))

    @classmethod
    def empty(cls, timestamp: float) -> TripUpdates:
        """No update at all."""
        columns: dict[str, Any] = no_rows(cls)
        return cls(timestamp=timestamp, calls=UpdatedCalls.empty(), **columns)
