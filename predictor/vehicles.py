"""The vehicles of a snapshot: the tracks as others may see them."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int8Array
from predictor.snapshot import IN_SERVICE, OFF_ROUTE, Vehicles
from predictor.time_distance import TimeDistance
from predictor.tracks import Tracks


def vehicles_of(tracks: Tracks, diagram: TimeDistance, doubt: Int8Array) -> Vehicles:
    """A copy of what is known of each vehicle (slots,): the tracks go on changing."""
    stands = tracks.departed < tracks.arrived
    delay_s = np.full(len(tracks), np.nan)
    # A run by headway has no times to be late against.
    timed = (tracks.trip >= 0) & ~diagram.timetable.trip_is_frequency[tracks.trip]
    on = np.flatnonzero(timed & (tracks.state == IN_SERVICE) & np.isfinite(tracks.distance_m) & (tracks.arrived > 0))
    if len(on):
        runs = tracks.runs.take(on)
        seconds = tracks.timestamp[on] - runs.origin(diagram.timetable)
        elapsed = diagram.elapsed_at(runs.trip, tracks.departed[on], tracks.distance_m[on])
        late_s = seconds - diagram.timetable.trip_start_s[runs.trip] - elapsed
        # Who stands at a stop is late once it is past its departure: until then it waits for its time.
        tt = diagram.timetable
        departure_s = tt.departure_s[tt.stay_end[tt.entry_of(runs.trip, tracks.departed[on])]]
        waiting = np.maximum(seconds - departure_s, np.minimum(late_s, 0.0))
        delay_s[on] = np.where(stands[on], waiting, late_s)
    return Vehicles(
        trip=tracks.trip.copy(), service_day=tracks.service_day.copy(), shift_s=tracks.shift_s.copy(),
        vehicle_id=tracks.vehicle_id, label=tracks.label, lat=tracks.lat.copy(), lon=tracks.lon.copy(),
        bearing=tracks.bearing.copy(), speed=tracks.speed.copy(), timestamp=tracks.timestamp.copy(),
        occupancy=tracks.occupancy.copy(), occupancy_percentage=tracks.occupancy_percentage.copy(),
        wheelchair=tracks.wheelchair.copy(), state=tracks.state.copy(), distance_m=tracks.distance_m.copy(),
        next_call=np.where(stands, tracks.departed, tracks.arrived).astype(np.int32), at_stop=tracks.at_stop.copy(),
        stalled_at=np.where(
            tracks.state == OFF_ROUTE, np.fmax(tracks.on_line_at, tracks.since), np.fmax(tracks.moved_at, tracks.since)
        ),
        delay_s=delay_s, named=tracks.names_its_trip & (tracks.trip >= 0), doubt=doubt,
    )  # fmt: skip
