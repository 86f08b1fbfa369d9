"""What the operator's TripUpdates say of the runs of an overlaid timetable: cancellations, skipped calls, its times."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, StrArray, places_of
from predictor.columns import no_rows, shared
from predictor.journeys import JourneyLookup, call_key, runs_of
from predictor.overlay import Overlay
from predictor.runs import DatedRuns
from predictor.timetable import Timetable
from predictor.trip_updates import STOP_NO_DATA, STOP_SKIPPED, TRIP_CANCELED, TRIP_DELETED, TripUpdates


@dataclass(frozen=True, eq=False)
class ShortenedRuns(DatedRuns):
    """Runs (n,) whose last stops are not served, by `run_key`."""

    ends_at: Int32Array
    """The last call that is served."""


@dataclass(frozen=True, eq=False)
class ToldVehicles(DatedRuns):
    """Runs (n,) of which the operator tells what vehicle drives them, by `run_key`."""

    vehicle_id: StrArray
    label: StrArray
    wheelchair: Int8Array = field(metadata={"nothing": 0})
    """GTFS `wheelchair_accessible`: 0 nothing, 1 yes, 2 no."""

    def places(self, runs: DatedRuns) -> Int64Array:
        """The row (m,) of each of other runs, -1 where nothing is told of its vehicle."""
        return places_of(runs.run_key, self.run_key)


@dataclass(frozen=True, eq=False)
class OperatorCalls(DatedRuns):
    """Calls that the operator has a time for; all arrays (m,). Times are POSIX seconds."""

    journey: Int64Array
    """Journey key."""
    call: Int32Array
    arrival: Float64Array
    departure: Float64Array
    uncertainty_s: Float64Array
    """How far off the times may be, NaN where the operator does not say."""
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus that is expected on departure, -1 where not given."""
    bounded: BoolArray
    """Nothing is told of the call but that it is left no later than the next one, or no earlier than that before."""
    untold: BoolArray
    """The operator tells of the call no more, or nothing but that it is late: what is known all the same."""
    doubt: Int8Array = field(metadata={"nothing": 0})
    """`predictor.snapshot.FOLLOWED` (0), OVERDUE or HELD_UP: see `always_due`."""

    @property
    def keys(self) -> Int64Array:
        """`call_key` of each."""
        return call_key(self.journey, self.call)


@dataclass(frozen=True, eq=False)
class OperatorTimes:
    """What the operator says of runs and calls; keys are sorted."""

    named: Int64Array
    """Journey keys of all runs that it tells of, if only that it knows nothing;"""
    told_of: Int64Array
    """of those of whose calls it says something, or that they are not made."""
    cancelled: Int64Array
    """Journey keys."""
    deleted: Int64Array
    """Journey keys of runs that riders shall not see at all."""
    skipped: Int64Array
    """Call keys."""
    silent: Int64Array
    """Journey keys of runs of which it says that it knows nothing at some stops."""
    shortened: ShortenedRuns
    calls: OperatorCalls
    vehicles: ToldVehicles
    called_off: OperatorCalls
    """The calls of cancelled runs, at the times at which they would be made."""

    def taken_out(self, timetable: Timetable) -> DatedRuns:
        """The runs that are cancelled or deleted, but for those of trips that run more than once a day."""
        runs = runs_of(np.concatenate([self.cancelled, self.deleted]), timetable)
        return runs.take(~timetable.trip_repeats[runs.trip])

    def without_times(self) -> OperatorTimes:
        """The same, but for what it expects of calls."""
        return replace(self, calls=OperatorCalls.empty())

    @classmethod
    def none(cls) -> OperatorTimes:
        """Nothing said."""
        columns: dict[str, Any] = no_rows(cls)
        return cls(
            shortened=ShortenedRuns.empty(), calls=OperatorCalls.empty(), vehicles=ToldVehicles.empty(),
            called_off=OperatorCalls.empty(), **columns,
        )  # fmt: skip


def operator_times(overlay: Overlay, journeys: JourneyLookup, updates: TripUpdates) -> OperatorTimes:
    """The message from which `overlay` was made, by the overlay's trips and `journeys`."""
    tt = overlay.timetable
    dated = overlay.runs_told(updates)
    trip = dated.trip
    # A trip without any journey (an empty frequencies.txt row) runs never.
    run = np.flatnonzero(np.isin(trip, tt.journey_trip))
    key = np.zeros(len(trip), np.int64)
    key[run] = journeys.keys(dated.take(run))
    named = np.zeros(len(trip), bool)
    named[run] = True
    runs = named & (updates.relationship != TRIP_CANCELED) & (updates.relationship != TRIP_DELETED)
    calls, owner = updates.calls, updates.calls.owner
    skipped = np.flatnonzero(runs[owner] & (calls.stop_relationship == STOP_SKIPPED))
    silent = runs[owner] & (calls.stop_relationship == STOP_NO_DATA)
    # What is skipped has no times.
    told = calls.take(runs[owner] & np.isfinite(calls.arrival))
    short = np.flatnonzero(runs & (updates.last_call >= 0))
    short = short[updates.last_call[short] < tt.trip_calls[trip[short]] - 1]
    shortened = ShortenedRuns.of_runs(dated.take(short), ends_at=updates.last_call[short])
    driven = np.flatnonzero(runs & ((updates.vehicle_label != "") | (updates.vehicle_wheelchair > 0)))
    vehicles = ToldVehicles.of_runs(
        dated.take(driven),
        vehicle_id=updates.vehicle_id[driven],
        label=updates.vehicle_label[driven],
        wheelchair=updates.vehicle_wheelchair[driven],
    )
    has_calls = np.bincount(owner, minlength=len(trip)) > 0
    return OperatorTimes(
        named=np.unique(key[named]),
        told_of=np.unique(key[named & (~runs | has_calls)]),
        cancelled=np.unique(key[named & (updates.relationship == TRIP_CANCELED)]),
        deleted=np.unique(key[named & (updates.relationship == TRIP_DELETED)]),
        skipped=np.unique(call_key(key[owner[skipped]], calls.call[skipped])),
        silent=np.unique(key[owner[silent]]),
        shortened=shortened.take(np.argsort(shortened.run_key, kind="stable")),
        calls=OperatorCalls.of_runs(dated.take(told.owner), journey=key[told.owner], **shared(told, OperatorCalls)),
        vehicles=vehicles.take(np.argsort(vehicles.run_key, kind="stable")),
        called_off=(
            operator_times(overlay, journeys, updates.called_off).calls if updates.called_off else OperatorCalls.empty()
        ),
    )  # fmt: skip
