"""When each vehicle arrived at and left each stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, StrArray, clipped, expand_ranges
from predictor.columns import Columns
from predictor.runs import DatedRuns
from predictor.time_distance import TimeDistance


@dataclass(frozen=True, eq=False)
class Passages(DatedRuns):
    """Passages of stops; all arrays (n,). Times are POSIX seconds."""

    vehicle_id: StrArray
    call: Int32Array
    """Position in the trip, 0 for the first stop."""
    stop: Int32Array
    arrival: Float64Array
    """NaN where not seen (a trip's first stop)."""
    departure: Float64Array
    """NaN where not yet seen (a trip's last stop)."""
    arrival_sd_s: Float64Array
    """Standard deviation of `arrival` (where that is NaN, of `departure`)."""
    named: BoolArray
    """The vehicle named this trip itself; False where the trip was found for it."""


@dataclass(frozen=True, eq=False)
class Stretches(DatedRuns):
    """What each vehicle drove between two of its reports on one journey; all arrays (n,)."""

    row: Int64Array
    """Row of the report that ends each stretch."""
    slot: Int64Array
    """The vehicle."""
    distance_from_m: Float64Array
    distance_to_m: Float64Array
    time_from: Float64Array
    time_to: Float64Array
    arrived_from: Int32Array
    """Number of calls arrived at, by the first report."""
    arrived_to: Int32Array
    departed_from: Int32Array
    departed_to: Int32Array
    arrived_at: Float64Array
    """When it arrived at the call that it stood at in the first report, NaN where it stood at none."""
    arrived_sd_s: Float64Array


@dataclass(frozen=True, eq=False)
class CallTimes(Columns):
    """Times at the calls touched by the stretches; all arrays (m,), in order of stretch and call."""

    stretch: Int64Array
    call: Int32Array
    arrival: Float64Array
    departure: Float64Array
    """NaN where the vehicle still stands there."""
    arrival_sd_s: Float64Array


def call_times(diagram: TimeDistance, stretch: Stretches) -> CallTimes:
    """Arrival and departure at each call between two reports.

    Between reports the vehicle is taken to have moved as the timetable's time-distance diagram does, stretched to the
    time that it really took. One that stood at a stop in the first report is taken to have left as late as its
    journey since allows at timetabled speed: dwell varies far more than running time.
    """
    trip, calls = stretch.trip, diagram.timetable.trip_calls[stretch.trip]
    stood = stretch.departed_from < stretch.arrived_from
    stands = stretch.departed_to < stretch.arrived_to
    start_entry = diagram.timetable.entry_of(trip, np.minimum(stretch.departed_from, calls - 1))
    end_entry = diagram.timetable.entry_of(trip, np.minimum(stretch.departed_to, calls - 1))
    at_start = diagram.elapsed_at(trip, stretch.departed_from, stretch.distance_from_m)
    at_start = np.where(stood, diagram.elapsed_s[start_entry] + diagram.dwell_s[start_entry], at_start)
    at_end = diagram.elapsed_at(trip, stretch.departed_to, stretch.distance_to_m)
    at_end = np.where(stands, diagram.elapsed_s[end_entry] + 0.25 * diagram.dwell_s[end_entry], at_end)
    at_end = np.maximum(at_end, at_start + 1.0)
    begin = np.where(stood, np.maximum(stretch.time_from, stretch.time_to - (at_end - at_start)), stretch.time_from)

    owner, call = expand_ranges(stretch.departed_from, stretch.arrived_to - stretch.departed_from)
    call32 = call.astype(np.int32)
    entry = diagram.timetable.entry_of(trip[owner], call32)
    duration = (stretch.time_to - begin)[owner]
    span = (at_end - at_start)[owner]
    share = clipped((diagram.elapsed_s[entry] - at_start[owner]) / span, 0.0, 1.0)
    arrival = begin[owner] + share * duration
    # However long the way took, a vehicle that stands at a stop is not likely to have stood there for longer.
    stood_at = stands[owner] & (call32 == stretch.arrived_to[owner] - 1)
    arrival = np.where(stood_at, np.maximum(arrival, stretch.time_to[owner] - 0.25 * diagram.dwell_s[entry]), arrival)
    blur = 4.0 + 0.35 * np.sqrt(share * (1.0 - share)) * duration
    before = call32 < stretch.arrived_from[owner]
    arrival = np.where(before, stretch.arrived_at[owner], arrival)
    blur = np.where(before, stretch.arrived_sd_s[owner], blur)
    share = clipped((diagram.elapsed_s[entry] + diagram.dwell_s[entry] - at_start[owner]) / span, 0.0, 1.0)
    departure = np.fmax(begin[owner] + share * duration, arrival)
    departure = np.where(call32 < stretch.departed_to[owner], departure, np.nan)
    return CallTimes(owner, call32, arrival, departure, blur)
