"""The vehicles of a snapshot: the tracks as others may see them."""

from __future__ import annotations

import numpy as np

from predictor.arrays import NONE, Int8Array, Int32Array, Int64Array, is_among, where_true
from predictor.columns import column_types
from predictor.journeys import JourneyLookup, call_key
from predictor.operator_times import OperatorTimes
from predictor.snapshot import IN_SERVICE, OFF_ROUTE, UNMATCHED, ReportedVehicles, Vehicles
from predictor.time_distance import TimeDistance
from predictor.tracks import Tracks


def vehicles_of(
    tracks: Tracks, diagram: TimeDistance, doubt: Int8Array, journeys: JourneyLookup, operator: OperatorTimes
) -> Vehicles:
    """A copy of what is known of each vehicle (slots,): the tracks go on changing. Of one whose run riders shall not
    see at all the run is not told."""
    tt, journey = diagram.timetable, np.full(len(tracks), NONE, np.int64)
    on_run = where_true(tracks.trip >= 0)
    journey[on_run] = journeys.keys(tracks.runs.take(on_run))
    hidden = is_among(journey, operator.deleted)
    stands = tracks.departed < tracks.arrived
    told_vehicles = operator.vehicles
    place = told_vehicles.places(tracks.runs)
    # What is told of another vehicle is not true of this one.
    named = np.append(told_vehicles.vehicle_id, "")[place]
    is_told = (named == "") | (named == tracks.vehicle_id) | (named == tracks.label)
    by_operator = np.where(is_told, np.append(told_vehicles.wheelchair, np.int8(0))[place], np.int8(0))
    next_call = np.where(stands, tracks.departed, tracks.arrived).astype(np.int32)
    next_served = _next_served(next_call, tt.trip_calls[tracks.trip], journey, operator)
    delay_s = np.full(len(tracks), np.nan)
    # A run by headway has no times to be late against.
    timed = (tracks.trip >= 0) & ~tt.trip_is_frequency[tracks.trip]
    on = where_true(timed & (tracks.state == IN_SERVICE) & np.isfinite(tracks.distance_m) & (tracks.arrived > 0))
    if len(on):
        runs = tracks.runs.take(on)
        seconds = tracks.timestamp[on] - runs.origin(tt)
        elapsed = diagram.elapsed_at(runs.trip, tracks.departed[on], tracks.distance_m[on])
        late_s = seconds - tt.trip_start_s[runs.trip] - elapsed
        # Who stands at a stop is late once it is past its departure: until then it waits for its time.
        departure_s = tt.departure_s[tt.stay_end[tt.entry_of(runs.trip, tracks.departed[on])]]
        waiting = np.maximum(seconds - departure_s, np.minimum(late_s, 0.0))
        delay_s[on] = np.where(stands[on], waiting, late_s)
    # Names are never written in place.
    reported = {
        name: getattr(tracks, name) if dtype.kind == "U" else getattr(tracks, name).copy()
        for name, dtype in column_types(ReportedVehicles).items()
    }
    reported["trip"][hidden] = NONE
    silent = tracks.wheelchair <= 0
    reported["wheelchair"][silent] = by_operator[silent]
    return Vehicles(
        **reported,
        state=np.where(hidden, np.int8(UNMATCHED), tracks.state),
        distance_m=tracks.distance_m.copy(),
        next_call=next_served, at_stop=tracks.at_stop & (next_served == next_call),
        stalled_at=np.where(
            tracks.state == OFF_ROUTE, np.fmax(tracks.on_line_at, tracks.since), np.fmax(tracks.moved_at, tracks.since)
        ),
        delay_s=delay_s, named=tracks.names_its_trip & (tracks.trip >= 0) & ~hidden, doubt=doubt,
        cancelled=is_among(journey, operator.cancelled),
    )  # fmt: skip


def _next_served(call: Int32Array, calls: Int32Array, journey: Int64Array, operator: OperatorTimes) -> Int32Array:
    """The next call (n,) from `call` on that is not skipped, of runs with so many `calls`."""
    result = call.copy()
    while len(operator.skipped):
        skipped = (journey >= 0) & (result < calls) & is_among(call_key(journey, result), operator.skipped)
        if not skipped.any():
            break
        result[skipped] += 1
    return result
