"""From two successive matches of a vehicle to what it drove in between: stretches, passages, link times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int64Array, clipped, first_of_each, or_where_unknown, where_true
from predictor.geometry import to_first_stop_m
from predictor.match import FASTEST_M_S, Match
from predictor.matching import TERMINUS_M
from predictor.observations import Observations
from predictor.passages import CallTimes, Passages, Stretches
from predictor.runs import DatedRuns
from predictor.snapshot import IN_SERVICE
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.tracks import Tracks

LONGEST_STRETCH_S = 900.0


@dataclass(frozen=True, eq=False)
class DrivenLinks(DatedRuns):
    """Measured link times; all arrays (n,), as `TravelTimes.observe` takes them."""

    slot: Int64Array
    entry: Int64Array
    seconds: Float64Array
    weight: Float64Array
    at: Float64Array


def driven_since(diagram: TimeDistance, tracks: Tracks, slot: Int64Array, obs: Observations, match: Match) -> Stretches:
    """The stretches from each vehicle's last report to this one, on the same journey or off its first stop.

    A single report off the line is passed over. One that was away for longer served none of the stops it drove around,
    and what it drove says nothing of the links between them.
    """
    tt = diagram.timetable
    away = tracks.away[slot]
    last_at = np.where(away > 0, tracks.on_line_at[slot], tracks.timestamp[slot])
    gap = obs.timestamp - last_at
    trip = np.maximum(match.trip, 0)
    calls = tt.trip_calls[trip]
    usable = (match.trip >= 0) & (gap < LONGEST_STRETCH_S) & np.isfinite(match.distance_m) & ~match.jumped
    same = usable & match.continued & np.isfinite(tracks.distance_m[slot]) & (tracks.arrived[slot] < calls)
    same &= (match.arrived > tracks.departed[slot]) & (away <= 1)
    # Waiting may have been seen elsewhere than at the first stop; what nobody can have driven was not driven.
    same &= match.distance_m - tracks.distance_m[slot] <= FASTEST_M_S * gap + TERMINUS_M
    from_first = to_first_stop_m(tt, trip, tracks.lat[slot], tracks.lon[slot])
    fresh = usable & ~match.continued & (match.state == IN_SERVICE) & (match.departed > 0) & (from_first < TERMINUS_M)
    row = where_true(same | fresh)
    s, t, off_first = slot[row], match.trip[row], fresh[row]
    start = diagram.call_distance_m(t, np.zeros(len(t), np.int32))
    return Stretches.of_runs(
        match.runs.take(row),
        row=row,
        slot=s,
        distance_from_m=np.where(off_first, start, tracks.distance_m[s]),
        distance_to_m=match.distance_m[row],
        time_from=last_at[row],
        time_to=obs.timestamp[row],
        arrived_from=np.where(off_first, 1, tracks.arrived[s]).astype(np.int32),
        arrived_to=match.arrived[row],
        departed_from=np.where(off_first, 0, tracks.departed[s]).astype(np.int32),
        departed_to=match.departed[row],
        arrived_at=np.where(off_first, np.nan, tracks.arrived_at[s]),
        arrived_sd_s=np.where(off_first, np.nan, tracks.arrived_sd_s[s]),
    )


def driven_to_the_end(
    diagram: TimeDistance, tracks: Tracks, slot: Int64Array, obs: Observations, changed: BoolArray
) -> Stretches:
    """The last stretches of the trips that vehicles have left (`changed` (n,)): to the end where the rest can have been
    driven, else out of the stop that the vehicle stood at."""
    tt = diagram.timetable
    row = where_true(
        changed & (tracks.trip[slot] >= 0) & (tracks.state[slot] == IN_SERVICE) & np.isfinite(tracks.distance_m[slot])
    )
    row = row[tracks.arrived[slot[row]] < tt.trip_calls[tracks.trip[slot[row]]]]
    s = slot[row]
    trip, calls = tracks.trip[s], tt.trip_calls[tracks.trip[s]]
    left = diagram.elapsed_s[tt.entry_of(trip, calls - 1)] - diagram.elapsed_at(
        trip, tracks.departed[s], tracks.distance_m[s]
    )
    gap = obs.timestamp[row] - tracks.timestamp[s]
    to_end = left < 2.0 * gap + 60.0
    known = (to_end | (tracks.departed[s] < tracks.arrived[s])) & (gap < LONGEST_STRETCH_S)
    row, s, trip, calls = row[known], s[known], trip[known], calls[known]
    left, gap, to_end = left[known], gap[known], to_end[known]
    arrived_to = np.where(to_end, calls, tracks.arrived[s]).astype(np.int32)
    seconds = np.where(to_end, clipped(left, np.minimum(1.0, gap), gap), np.minimum(0.5 * gap, 30.0))
    return Stretches.of_runs(
        tracks.runs.take(s),
        row=row,
        slot=s,
        distance_from_m=tracks.distance_m[s],
        distance_to_m=np.where(to_end, diagram.call_distance_m(trip, calls - 1), tracks.distance_m[s]),
        time_from=tracks.timestamp[s],
        time_to=tracks.timestamp[s] + seconds,
        arrived_from=tracks.arrived[s],
        arrived_to=arrived_to,
        departed_from=tracks.departed[s],
        departed_to=np.minimum(arrived_to, calls - 1).astype(np.int32),
        arrived_at=tracks.arrived_at[s],
        arrived_sd_s=tracks.arrived_sd_s[s],
    )


def passages_of(timetable: Timetable, tracks: Tracks, driven: Stretches, times: CallTimes) -> Passages:
    """The passages that are complete: left behind, or arrived at the last stop."""
    tt, k = timetable, times.stretch
    trip = driven.trip[k]
    last = times.call == tt.trip_calls[trip] - 1
    done = (times.call < driven.departed_to[k]) | last
    k, trip, call = k[done], trip[done], times.call[done]
    return Passages.of_runs(
        driven.runs.take(k),
        vehicle_id=tracks.vehicle_id[driven.slot[k]],
        call=call,
        stop=tt.stop_at(trip, call),
        arrival=np.where(call == 0, np.nan, times.arrival[done]),
        departure=np.where(last[done], np.nan, times.departure[done]),
        arrival_sd_s=times.arrival_sd_s[done],
        named=tracks.names_its_trip[driven.slot[k]],
    )


def link_times_of(diagram: TimeDistance, driven: Stretches, times: CallTimes) -> DrivenLinks:
    """Link times between the calls of each stretch, and from the last call before it to its first.

    At a timepoint or a first stop the time is taken from the departure, so that waiting is not learned as driving.
    """
    tt, k = diagram.timetable, times.stretch
    trip = driven.trip[k]
    entry = tt.entry_of(trip, times.call)
    waits = tt.timepoint[entry] | (times.call == 0)
    start = np.where(waits, times.departure - diagram.dwell_s[entry], times.arrival)
    begin, begin_sd = np.empty(len(k)), np.empty(len(k))
    begin[1:], begin_sd[1:] = start[:-1], times.arrival_sd_s[:-1]
    opens = first_of_each(k)
    begin[opens], begin_sd[opens] = driven.arrived_at[k[opens]], driven.arrived_sd_s[k[opens]]
    new = (times.call >= np.maximum(driven.arrived_from[k], 1)) & np.isfinite(begin) & np.isfinite(times.arrival)
    k, entry = k[new], entry[new]
    blur = or_where_unknown(begin_sd[new], 15.0) ** 2 + times.arrival_sd_s[new] ** 2
    return DrivenLinks.of_runs(
        driven.runs.take(k),
        slot=driven.slot[k],
        entry=entry - 1,
        seconds=np.maximum(times.arrival[new] - begin[new], 0.0),
        weight=1.0 / (1.0 + blur / 400.0),
        at=times.arrival[new],
    )
