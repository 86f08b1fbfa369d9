"""Vehicles that report no position, as trains underground do, where their own word puts them: at the stop at which they
stand, or on the way to the one that they name, as far as they should have come since they left the one before."""

from __future__ import annotations

from collections import Counter

import numpy as np

from predictor.arrays import NONE, Float64Array, Int32Array, Int64Array
from predictor.columns import replace
from predictor.observations import INCOMING_AT, STOPPED_AT, Observations
from predictor.search_loop import first_above, first_equal
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.tracks import Tracks

HAS_LEFT_M, COMES_M = 30.0, 60.0
"""Who is on its way is so far from the stop that it has left, and from the one to which it comes, at least."""
SHORTEST_HOP_S = 30.0


def with_told_places(diagram: TimeDistance, tracks: Tracks, slot: Int64Array, obs: Observations) -> Observations:
    """The reports (n,) with a position for those that have none, and without those whose word tells of none either."""
    tt, lat, lon = diagram.timetable, obs.lat.copy(), obs.lon.copy()
    rows = np.flatnonzero(np.isnan(lat) | np.isnan(lon))
    trip, call = obs.trip[rows], _calls_named(tt, tracks, slot[rows], obs.take(rows))
    stands = (obs.stop_status[rows] == STOPPED_AT) | (call == 0)
    stop = np.where(call >= 0, tt.stop_at(np.maximum(trip, 0), np.maximum(call, 0)), obs.stop[rows])
    at_stop = stands & (stop >= 0)
    lat[rows[at_stop]], lon[rows[at_stop]] = tt.stop_lat[stop[at_stop]], tt.stop_lon[stop[at_stop]]
    under_way = np.flatnonzero(~stands & (call > 0))
    drive, trip = rows[under_way], trip[under_way]
    at_m = _between(diagram, tracks, slot[drive], obs.take(drive), call[under_way])
    line = tt.pattern_line[tt.trip_pattern[trip]]
    first, beyond = tt.line_ptr[line], tt.line_ptr[line + 1]
    after = np.clip(first_above(tt.line_distance_m, first, beyond, at_m), first + 1, beyond - 1)
    step_m = tt.line_distance_m[after] - tt.line_distance_m[after - 1]
    share = (at_m - tt.line_distance_m[after - 1]) / np.maximum(step_m, 0.1)
    for values, vertices in ((lat, tt.line_lat), (lon, tt.line_lon)):
        values[drive] = vertices[after - 1] + share * (vertices[after] - vertices[after - 1])
    known = np.isfinite(lat) & np.isfinite(lon)
    refused = Counter(obs.refused)
    refused.update(position_missing=int((~known).sum()))
    return replace(obs, lat=lat, lon=lon, refused=dict(+refused)).take(np.flatnonzero(known))


def _calls_named(tt: Timetable, tracks: Tracks, slot: Int64Array, obs: Observations) -> Int32Array:
    """The call of its trip that each report (n,) names, by number or stop, -1 where none: of a stop that is served
    twice the one to come."""
    first, beyond = tt.trip_call_ptr[obs.trip], tt.trip_call_ptr[obs.trip + 1]
    numbered = first_equal(tt.stop_sequence, first, beyond, obs.stop_sequence)
    call = np.where((obs.trip >= 0) & (obs.stop_sequence >= 0) & (numbered >= 0), numbered - first, NONE)
    rows = np.flatnonzero((call < 0) & (obs.trip >= 0) & (obs.stop >= 0))
    pair, entry = tt.entries_of(obs.trip[rows])
    left = np.where(tracks.trip[slot[rows]] == obs.trip[rows], tracks.departed[slot[rows]], 0)
    fits = (tt.station[tt.call_stop[entry]] == tt.station[obs.stop[rows]][pair]) & (tt.call_at(entry) >= left[pair])
    # The first is written last.
    call[rows[pair[fits]][::-1]] = tt.call_at(entry[fits])[::-1]
    return call.astype(np.int32)


def _between(
    diagram: TimeDistance, tracks: Tracks, slot: Int64Array, obs: Observations, call: Int32Array
) -> Float64Array:
    """Metres along their lines of vehicles (n,) that are on their way to a call."""
    left_m, next_m = diagram.call_distance_m(obs.trip, call - 1), diagram.call_distance_m(obs.trip, call)
    tt, entry = diagram.timetable, diagram.timetable.entry_of(obs.trip, call)
    hop_s = np.maximum(tt.arrival_s[entry] - tt.departure_s[entry - 1], SHORTEST_HOP_S)
    low_m = left_m + np.minimum(HAS_LEFT_M, (next_m - left_m) / 3.0)
    high_m = next_m - np.minimum(COMES_M, (next_m - left_m) / 3.0)
    last_m = np.where(tracks.trip[slot] == obs.trip, tracks.distance_m[slot], np.nan)
    since_m = (next_m - left_m) / hop_s * (obs.timestamp - tracks.timestamp[slot])
    # Who stood at the stop when it was heard last has left at some time since.
    at_m = np.where(last_m >= low_m, last_m + since_m, low_m + 0.5 * since_m)
    at_m = np.where(np.isnan(at_m), 0.5 * (low_m + high_m), np.clip(at_m, low_m, high_m))
    return np.where(obs.stop_status == INCOMING_AT, high_m, at_m)
