"""The runs of a message and its stop time updates, as columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, StrArray
from predictor.columns import Columns
from predictor.runs import DatedRuns
from predictor.trip_updates import (
    TRIP_REPLACEMENT,
    TRIP_SCHEDULED,
    TRIP_UNSCHEDULED,
)

TIME_LIMIT_S = 36 * 3600.0
DELAY_LIMIT_S = 12 * 3600.0

NO_CALLS, TIMETABLE, COPY, LISTED = 0, 1, 2, 3
"""Where a run's calls come from: it has none; the timetable's run; a copy of it at another time; the message."""
NEW_IF_UNKNOWN = (TRIP_REPLACEMENT, TRIP_UNSCHEDULED)
"""Relationships of runs that the timetable has, and that are new where it has no trip of their id."""
OF_TIMETABLE = (TRIP_SCHEDULED, TRIP_UNSCHEDULED, TRIP_REPLACEMENT)


@dataclass(frozen=True, eq=False)
class UpdatedRuns(DatedRuns):
    """The runs of a message, (n,)."""

    trip_id: StrArray
    moved_s: Int32Array
    """Seconds by which its calls are later than those of `trip`."""
    start_time_s: Int32Array
    route: Int32Array
    direction: Int8Array
    route_id: StrArray
    """As the message names it."""
    shape_id: StrArray
    """Of its own way, "" where none is given."""
    headsign: StrArray
    short_name: StrArray
    relationship: Int8Array
    vehicle_id: StrArray
    vehicle_label: StrArray
    vehicle_wheelchair: Int8Array = field(metadata={"nothing": 0})
    """GTFS `wheelchair_accessible` of the vehicle: 0 nothing, 1 yes, 2 no."""
    delay_s: Float64Array
    """Delay of the run as a whole, NaN where not given."""
    calls_from: Int8Array = field(metadata={"nothing": TIMETABLE})
    own_calls: BoolArray
    """Its calls stand in the place of the timetable's,"""
    own_times: BoolArray
    """and the times at which they are scheduled are stated."""
    is_added: BoolArray
    """Told of as one that the timetable does not have."""
    long_known: BoolArray
    """Yet to begin, and told of by what was measured long ago: a plan, however new the message is."""
    as_modified: BoolArray
    """Named as the run that a diversion of the message makes: its calls are numbered as on that."""


@dataclass(frozen=True, eq=False)
class StopTimeUpdates(Columns):
    """Stop time updates, (m,), in the order of the message."""

    owner: Int64Array
    """Row in `UpdatedRuns`."""
    entity: Int64Array
    """Place of its entity among those of the message."""
    sequence: Int32Array
    stop: Int32Array
    assigned: Int32Array
    """Stop that takes the place of the timetable's, -1 where none."""
    relationship: Int8Array
    arrival: Float64Array
    arrival_delay_s: Float64Array
    scheduled_arrival: Float64Array
    departure: Float64Array
    departure_delay_s: Float64Array
    scheduled_departure: Float64Array
    uncertainty_s: Float64Array
    """NaN where not given. So is 0, which many write who mean nothing by it."""
    pickup_type: Int8Array
    """-1 where not given."""
    drop_off_type: Int8Array
    headsign: StrArray
    """"" where not given."""
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus on departure, -1 where not given."""

    @property
    def stated_arrival(self) -> Float64Array:
        """(m,) when each is scheduled to arrive by the message itself, NaN where that does not tell."""
        return first_known(self.scheduled_arrival, self.arrival - self.arrival_delay_s)

    @property
    def stated_departure(self) -> Float64Array:
        """(m,) likewise to leave."""
        return first_known(self.scheduled_departure, self.departure - self.departure_delay_s)

    def of_runs(self, run: Int64Array) -> StopTimeUpdates:
        """The updates by new runs, `run[owner]` (-1: left out); of one run in the order in which they stand here."""
        owner = run[self.owner]
        kept = replace(self, owner=owner).take(owner >= 0)
        return kept.take(np.argsort(kept.owner, kind="stable"))


def at(values: NDArray[Any], index: Int64Array, otherwise: float = np.nan) -> NDArray[Any]:
    """`values[index]`, and `otherwise` where the index is -1."""
    result = np.full(len(index), otherwise, values.dtype)
    result[index >= 0] = values[index[index >= 0]]
    return result


def first_known(*times: Float64Array) -> Float64Array:
    """Of each row (n,) the first of its `times` that is known, NaN where none is."""
    result = times[0]
    for other in times[1:]:
        result = np.where(np.isnan(result), other, result)
    return result


def last_known(values: Float64Array) -> Float64Array:
    """Each value, where it is NaN the last one before, 0 where there is none."""
    known = np.maximum.accumulate(np.where(np.isnan(values), NONE, np.arange(len(values))))
    return np.asarray(at(values, known, 0.0), np.float64)
