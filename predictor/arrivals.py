"""Every vehicle × every stop ahead, and its block's next trips, in one pass.

With D the departure from, A the arrival at call r of a vehicle's chain of calls:

    A[r] = D[r - 1] + lead[r]        D[r] = max(A[r] + dwell[r], hold[r])

where `hold` is the earliest departure: the scheduled one at a timepoint and at a trip's first stop. The recursion is a
max-plus scan, and unrolls to D[r] = Z[r] + max over j <= r of (hold[j] - Z[j]) with Z the running sum of lead + dwell,
so that one cumulative sum and one running maximum serve all vehicles together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, expand_ranges
from predictor.geometry import ground_distance_m
from predictor.runs import DatedRuns
from predictor.service_days import ServiceDays
from predictor.snapshot import DEADHEAD, FROM_BLOCK, FROM_VEHICLE, IN_SERVICE, LAYOVER
from predictor.timetable import Timetable
from predictor.timing_points import TimingPoints
from predictor.tracks import Tracks
from predictor.travel_times import TravelTimes

NEXT_TRIPS = 2
NEXT_TRIP_WINDOW_S = 5400.0
"""A block's next trips are predicted from its vehicle when they are to start within this time."""
MINIMUM_LAYOVER_S = 60.0
DEADHEAD_M_S = 7.0
OVERDUE_START_S = 20.0
"""A vehicle still at its first stop after its departure time is taken to leave this much from now."""
_FAR = 1.0e6


@dataclass(frozen=True, eq=False)
class Legs(DatedRuns):
    """Runs that vehicles are on or will drive next; all arrays (legs,), a vehicle's legs together and in order."""

    slot: Int64Array
    order: Int64Array
    """0 for the trip that the vehicle is on."""
    first_call: Int32Array


@dataclass(frozen=True, eq=False)
class Chain(DatedRuns):
    """One row a predicted call; all arrays (rows,), a vehicle's rows together and in driving order."""

    leg: Int64Array
    slot: Int64Array
    call: Int32Array
    entry: Int64Array
    source: Int8Array
    standing: BoolArray
    """The vehicle stands at this call already."""
    arrival: Float64Array
    """Median arrival, POSIX seconds."""
    departure: Float64Array
    sd_s: Float64Array
    """Standard deviation of the arrival."""
    head: Int64Array
    """Row at which the vehicle's chain begins."""
    timetabled_s: Float64Array
    """Sums over the links from the chain's head: link times by the timetable,"""
    historic_s: Float64Array
    """by history,"""
    recent_s: Float64Array
    """what the last vehicles needed more,"""
    held_s: Float64Array
    """time spent waiting for scheduled departures,"""
    known: Float64Array
    """and observations of the links, logarithmic."""
    layover_s: Float64Array
    """Time between reaching the first stop of a next trip and its scheduled departure."""


def legs_of(timetable: Timetable, days: ServiceDays, tracks: Tracks, slot: Int64Array, now: float) -> Legs:
    """The trip that each vehicle (n,) is on, and the next ones of its block that nobody else drives."""
    tt = timetable
    on = slot[tracks.trip[slot] >= 0]
    # One vehicle a journey: the one in service, else the one heard of last.
    rank = np.lexsort(
        (
            -tracks.timestamp[on],
            tracks.state[on] != IN_SERVICE,
            tracks.shift_s[on],
            tracks.trip[on],
            tracks.service_day[on],
        )
    )
    on = on[rank]
    first = np.ones(len(on), bool)
    for field in (tracks.shift_s, tracks.trip, tracks.service_day):
        same = field[on[1:]] == field[on[:-1]]
        first[1:] = ~same if field is tracks.shift_s else first[1:] | ~same
    on = np.sort(on[first])
    trip, day, shift = tracks.trip[on], tracks.service_day[on], tracks.shift_s[on]
    stands = (tracks.departed[on] < tracks.arrived[on]) & (tracks.arrived[on] < tt.trip_calls[trip])
    call = np.where(stands, tracks.departed[on], tracks.arrived[on])
    parts = [
        Legs(
            trip=trip, service_day=day, shift_s=shift, slot=on, order=np.zeros(len(on), np.int64),
            first_call=call.astype(np.int32),
        )
    ]  # fmt: skip

    taken = np.sort(day.astype(np.int64) * tt.trips + trip)
    slot_now, trip_now, day_now = on, trip, day
    for order in range(1, NEXT_TRIPS + 1):
        following = np.full(len(trip_now), NONE, np.int32)
        for one_day in np.unique(day_now).tolist():
            rows = day_now == one_day
            following[rows] = days.next_trip(one_day)[trip_now[rows]]
        key = day_now.astype(np.int64) * tt.trips + following
        free = taken[np.minimum(np.searchsorted(taken, key), max(len(taken) - 1, 0))] != key if len(taken) else key >= 0
        start = tt.date_origin[day_now] + tt.trip_start_s[following]
        go = (following >= 0) & free & (start <= now + NEXT_TRIP_WINDOW_S)
        slot_now, trip_now, day_now = slot_now[go], following[go], day_now[go]
        zero = np.zeros(len(trip_now), np.int32)
        parts.append(
            Legs(
                trip=trip_now, service_day=day_now, shift_s=zero, slot=slot_now,
                order=np.full(len(trip_now), order, np.int64), first_call=zero,
            )
        )  # fmt: skip
    legs = Legs.joined(*parts)
    return legs.take(np.lexsort((legs.order, legs.slot)))


def predict(
    timetable: Timetable,
    travel_times: TravelTimes,
    timing_points: TimingPoints,
    tracks: Tracks,
    legs: Legs,
    now: float,
) -> Chain:
    """Arrival and departure at every call of the legs."""
    tt = timetable
    leg, call = expand_ranges(legs.first_call, np.maximum(tt.trip_calls[legs.trip] - legs.first_call, 0))
    rows = len(leg)
    slot, trip, day = legs.slot[leg], legs.trip[leg], legs.service_day[leg]
    shift, order = legs.shift_s[leg], legs.order[leg]
    entry = tt.trip_call_ptr[trip] + call
    origin = (tt.date_origin[day] + shift).astype(np.float64) - now

    # First row of each leg and of each vehicle.
    opens_leg = np.ones(rows, bool)
    opens_leg[1:] = leg[1:] != leg[:-1]
    opens = np.ones(rows, bool)
    opens[1:] = slot[1:] != slot[:-1]

    historic = travel_times.historic_s(entry, day)
    recent = travel_times.recent_s(entry, now)
    link_time = np.maximum(historic + recent, 0.4 * historic)
    dwell = np.minimum(travel_times.dwell_s[entry], 0.8 * link_time)
    run = link_time - dwell
    spread = travel_times.variance(entry)
    lead = np.zeros(rows)
    lead[1:] = run[:-1]
    variance = np.zeros(rows)
    variance[1:] = spread[:-1]

    starts = call == 0
    hold = np.where(starts | timing_points.holds(entry), origin + tt.departure_s[entry], -_FAR)
    by_headway = tt.trip_is_frequency[trip]
    hold[by_headway & ~starts] = -_FAR

    # Between two trips of a block: from the last stop of one to the first of the next.
    follows = np.flatnonzero(opens_leg & ~opens)
    ended, begun = tt.trip_pattern[trip[follows - 1]], tt.trip_pattern[trip[follows]]
    (end_lat, end_lon), (start_lat, start_lon) = tt.pattern_end, tt.pattern_start
    gap = ground_distance_m(end_lat[ended], end_lon[ended], start_lat[begun], start_lon[begun])
    lead[follows] = MINIMUM_LAYOVER_S + gap / DEADHEAD_M_S
    variance[follows] = 60.0**2
    # A next trip that its vehicle has no row before: it has finished the trip that it was on.
    head = np.flatnonzero(opens)
    place = _head_rows(tt, travel_times, tracks, slot[head], trip[head], call[head], entry[head], order[head], now)
    standing = np.zeros(rows, bool)
    standing[head] = place.standing
    dwell[head] = place.dwell_s
    variance[head] = place.variance
    hold[head] = np.where(place.ignore_hold, -_FAR, hold[head])
    lead[head] = 0.0

    owner = np.cumsum(opens) - 1
    step = lead + dwell
    step[head] = 0.0
    z = np.cumsum(step)
    z -= z[head][owner]
    earliest = hold - z
    earliest[head] = np.maximum(place.arrival + dwell[head], hold[head])
    lifted = np.maximum.accumulate(np.maximum(earliest, -_FAR) + owner * (4.0 * _FAR))
    departure = lifted - owner * (4.0 * _FAR) + z
    first_row = head[owner]

    def ahead(link_sum: Float64Array) -> Float64Array:
        """Sum of a link quantity from the chain's head to each row."""
        total = np.cumsum(link_sum) - link_sum
        result: Float64Array = total - total[first_row]
        return result

    arrival = np.empty(rows)
    arrival[1:] = departure[:-1] + lead[1:]
    arrival[head] = place.arrival
    total = np.cumsum(variance)
    total -= (total[head] - variance[head])[owner]
    waits = np.where(hold > -_FAR, np.maximum(departure - np.maximum(arrival, -_FAR) - dwell, 0.0), 0.0)
    opening = np.flatnonzero(opens_leg)
    buffer = np.where(order > 0, (hold[opening] - arrival[opening])[np.cumsum(opens_leg) - 1], 0.0)
    arrival = np.where(starts, departure, arrival)
    return Chain(
        leg=leg, slot=slot, trip=trip, service_day=day, shift_s=shift, call=call.astype(np.int32), entry=entry,
        source=np.where(order == 0, FROM_VEHICLE, FROM_BLOCK).astype(np.int8), standing=standing,
        arrival=arrival + now, departure=departure + now, sd_s=np.sqrt(total), head=first_row,
        timetabled_s=ahead(travel_times.timetabled_s[entry]), historic_s=ahead(historic), recent_s=ahead(recent),
        held_s=ahead(waits), known=ahead(travel_times.known(entry)), layover_s=np.clip(buffer, -3600.0, 3600.0),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Head:
    """The first row of each vehicle (n,): arrival relative to `now`, and the dwell still to come there."""

    arrival: Float64Array
    dwell_s: Float64Array
    variance: Float64Array
    standing: BoolArray
    ignore_hold: BoolArray


def _head_rows(
    tt: Timetable,
    travel_times: TravelTimes,
    tracks: Tracks,
    slot: Int64Array,
    trip: Int32Array,
    call: Int64Array,
    entry: Int64Array,
    order: Int64Array,
    now: float,
) -> _Head:
    reported = tracks.timestamp[slot] - now
    on_it = order == 0
    standing = on_it & (tracks.departed[slot] < tracks.arrived[slot])
    # Driving towards `call`: what is left of the link.
    before = np.maximum(entry - 1, 0)
    link_time = travel_times.expected_s(before, tracks.service_day[slot], now)
    run = link_time - np.minimum(travel_times.dwell_s[before], 0.8 * link_time)
    here = tt.pattern_distance_m[tt.call_pattern_call[entry]]
    length = here - tt.pattern_distance_m[tt.call_pattern_call[before]]
    left = np.divide(here - tracks.distance_m[slot], length, out=np.zeros_like(length), where=length > 1.0)
    left = np.clip(np.nan_to_num(left, nan=1.0), 0.0, 1.0)
    driving = on_it & ~standing & (call > 0)
    arrival = np.where(driving, reported + left * run, 0.0)
    variance = np.where(driving, travel_times.variance(before) * np.maximum(left, 0.1), 100.0)
    dwell = travel_times.dwell_s[entry].copy()

    # Standing at a stop: it has its dwell left, and at the first stop it waits for its time.
    waited = reported - (tracks.arrived_at[slot] - now)
    arrival = np.where(standing & (call > 0), np.nan_to_num(tracks.arrived_at[slot], nan=now) - now, arrival)
    dwell = np.where(standing & (call > 0), np.fmax(dwell, waited + 5.0), dwell)
    at_first = on_it & standing & (call == 0)
    arrival = np.where(at_first, np.maximum(reported, -OVERDUE_START_S) + OVERDUE_START_S, arrival)
    dwell = np.where(call == 0, 0.0, dwell)

    # On its way to its first stop, or to that of its next trip.
    away = (on_it & ~standing & (call == 0)) | ~on_it
    pattern, (start_lat, start_lon) = tt.trip_pattern[trip], tt.pattern_start
    gap = ground_distance_m(tracks.lat[slot], tracks.lon[slot], start_lat[pattern], start_lon[pattern])
    arrival = np.where(away, 1.3 * gap / DEADHEAD_M_S + OVERDUE_START_S, arrival)
    variance = np.where(away | at_first, 60.0**2, variance)
    ignore = tt.trip_is_frequency[trip] & (call == 0) & at_first & (tracks.state[slot] != LAYOVER)
    return _Head(arrival, dwell, variance, standing & (tracks.state[slot] != DEADHEAD), ignore)
