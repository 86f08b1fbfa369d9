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

from predictor.arrays import BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, expand_ranges
from predictor.columns import Columns
from predictor.geometry import to_first_stop_m
from predictor.legs import Legs
from predictor.runs import DatedRuns
from predictor.snapshot import DEADHEAD, FROM_BLOCK, FROM_VEHICLE, LAYOVER
from predictor.timetable import Timetable
from predictor.timing_points import TimingPoints
from predictor.tracks import Tracks
from predictor.travel_times import TravelTimes

MINIMUM_LAYOVER_S = 60.0
DEADHEAD_M_S = 7.0
OVERDUE_START_S = 20.0
"""A vehicle still at its first stop after its departure time is taken to leave this much from now."""
BOARDING_S = 30.0
"""Where a vehicle waits for its time, a longer stay in the timetable than this is the wait: one that is late needs no
more."""
STANDING_SD_S = 10.0
"""Standard deviation of the arrival of a vehicle that stands at a stop already."""
LAYOVER_SD_S = 60.0
"""Standard deviation of the time between two trips, and of that on the way to a first stop."""
_FAR = 1.0e6


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
    dwell_s: Float64Array
    """Time that the vehicle needs at the call,"""
    hold: Float64Array
    """and the time that it waits for there, POSIX seconds; long ago where it waits for none."""
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


@dataclass(frozen=True, eq=False)
class _Calls(DatedRuns):
    """The calls of legs that are still to come; all arrays (rows,), in the order of the chain."""

    leg: Int64Array
    slot: Int64Array
    order: Int64Array
    """The leg's."""
    call: Int32Array
    entry: Int64Array
    opens_leg: BoolArray
    """The first row of its leg,"""
    opens: BoolArray
    """and of its vehicle."""


@dataclass(frozen=True, eq=False)
class _Links(Columns):
    """The links that begin at calls; all arrays (rows,)."""

    historic_s: Float64Array
    recent_s: Float64Array
    dwell_s: Float64Array
    """Time at the call,"""
    run_s: Float64Array
    """and from there to the next."""
    variance: Float64Array


@dataclass(frozen=True, eq=False)
class _Heads(Columns):
    """The first row of each vehicle (n,): its arrival there relative to `now`, and the dwell still to come."""

    arrival: Float64Array
    dwell_s: Float64Array
    variance: Float64Array
    standing: BoolArray
    ignore_hold: BoolArray
    """It leaves whenever it likes."""


def predict(
    timetable: Timetable,
    travel_times: TravelTimes,
    timing_points: TimingPoints,
    tracks: Tracks,
    legs: Legs,
    now: float,
) -> Chain:
    """Arrival and departure at every call of the legs."""
    calls = _calls_ahead(timetable, legs)
    links = _links_from(travel_times, calls, now)
    head = np.flatnonzero(calls.opens)
    owner = np.cumsum(calls.opens) - 1
    first_row = head[owner]

    hold = _holds(timetable, timing_points, calls, now)
    boarding = np.where(hold > -_FAR, BOARDING_S, np.inf)
    heads = _heads(timetable, travel_times, tracks, calls.take(head), boarding[head], now)
    dwell = np.minimum(links.dwell_s, boarding)
    dwell[head] = heads.dwell_s
    hold[head] = np.where(heads.ignore_hold, -_FAR, hold[head])
    lead, variance = _from_the_call_before(timetable, calls, links)
    lead[head], variance[head] = 0.0, heads.variance

    departure = _departures(lead, dwell, hold, heads.arrival, head, owner)
    arrival = np.empty(len(calls))
    arrival[1:] = departure[:-1] + lead[1:]
    arrival[head] = heads.arrival
    waits = np.where(hold > -_FAR, np.maximum(departure - np.maximum(arrival, -_FAR) - dwell, 0.0), 0.0)
    opening = np.flatnonzero(calls.opens_leg)
    layover = np.where(calls.order > 0, (hold[opening] - arrival[opening])[np.cumsum(calls.opens_leg) - 1], 0.0)
    total = np.cumsum(variance)
    total -= (total[head] - variance[head])[owner]
    standing = np.zeros(len(calls), bool)
    standing[head] = heads.standing

    def ahead(of_links: Float64Array) -> Float64Array:
        """Sum of a link quantity from the chain's head to each row."""
        before = np.cumsum(of_links) - of_links
        result: Float64Array = before - before[first_row]
        return result

    return Chain(
        trip=calls.trip, service_day=calls.service_day, shift_s=calls.shift_s, leg=calls.leg, slot=calls.slot,
        call=calls.call, entry=calls.entry,
        source=np.where(calls.order == 0, FROM_VEHICLE, FROM_BLOCK).astype(np.int8), standing=standing,
        arrival=np.where(calls.call == 0, departure, arrival) + now, departure=departure + now,
        dwell_s=dwell, hold=hold + now, sd_s=np.sqrt(total), head=first_row,
        timetabled_s=ahead(travel_times.timetabled_s[calls.entry]), historic_s=ahead(links.historic_s),
        recent_s=ahead(links.recent_s), held_s=ahead(waits), known=ahead(travel_times.known(calls.entry)),
        layover_s=np.clip(layover, -3600.0, 3600.0),
    )  # fmt: skip


def _calls_ahead(tt: Timetable, legs: Legs) -> _Calls:
    leg, call = expand_ranges(legs.first_call, np.maximum(legs.end_call - legs.first_call, 0))
    slot, trip = legs.slot[leg], legs.trip[leg]
    opens_leg, opens = np.ones(len(leg), bool), np.ones(len(leg), bool)
    opens_leg[1:], opens[1:] = leg[1:] != leg[:-1], slot[1:] != slot[:-1]
    return _Calls(
        trip=trip, service_day=legs.service_day[leg], shift_s=legs.shift_s[leg], leg=leg, slot=slot,
        order=legs.order[leg], call=call.astype(np.int32), entry=tt.entry_of(trip, call), opens_leg=opens_leg,
        opens=opens,
    )  # fmt: skip


def _links_from(travel_times: TravelTimes, calls: _Calls, now: float) -> _Links:
    historic = travel_times.historic_s(calls.entry, calls.service_day)
    recent = travel_times.recent_s(calls.entry, now)
    link_time = np.maximum(historic + recent, 0.4 * historic)
    dwell = np.minimum(travel_times.dwell_s[calls.entry], 0.8 * link_time)
    return _Links(historic, recent, dwell, link_time - dwell, travel_times.variance(calls.entry))


def _holds(tt: Timetable, timing_points: TimingPoints, calls: _Calls, now: float) -> Float64Array:
    """Earliest departure from each call, relative to `now`; long ago where the vehicle waits for none."""
    starts = calls.call == 0
    scheduled = calls.origin(tt) - now + tt.departure_s[calls.entry]
    hold = np.where(starts | timing_points.holds(calls.entry), scheduled, -_FAR)
    hold[tt.trip_is_frequency[calls.trip] & ~starts] = -_FAR
    return hold


def _from_the_call_before(tt: Timetable, calls: _Calls, links: _Links) -> tuple[Float64Array, Float64Array]:
    """Time from leaving the row before to each row, and its variance: along the link, or from the last stop of one trip
    to the first of the next."""
    lead, variance = np.zeros(len(calls)), np.zeros(len(calls))
    lead[1:], variance[1:] = links.run_s[:-1], links.variance[:-1]
    begins = np.flatnonzero(calls.opens_leg & ~calls.opens)
    ended, (end_lat, end_lon) = tt.trip_pattern[calls.trip[begins - 1]], tt.pattern_end
    way_m = to_first_stop_m(tt, calls.trip[begins], end_lat[ended], end_lon[ended])
    lead[begins] = MINIMUM_LAYOVER_S + way_m / DEADHEAD_M_S
    variance[begins] = LAYOVER_SD_S**2
    return lead, variance


def _departures(
    lead: Float64Array, dwell: Float64Array, hold: Float64Array, arrival: Float64Array, head: Int64Array,
    owner: Int64Array,
) -> Float64Array:  # fmt: skip
    """The recursion of the module's docstring, from the `arrival` (n,) of each vehicle at its `head` row on.

    `owner` (rows,): which vehicle each row is of. Chains are lifted apart, so that one running maximum serves all.
    """
    step = lead + dwell
    step[head] = 0.0
    z = np.cumsum(step)
    z -= z[head][owner]
    earliest = hold - z
    earliest[head] = np.maximum(arrival + dwell[head], hold[head])
    lift = owner * (4.0 * _FAR)
    result: Float64Array = np.maximum.accumulate(np.maximum(earliest, -_FAR) + lift) - lift + z
    return result


def _heads(
    tt: Timetable, travel_times: TravelTimes, tracks: Tracks, first: _Calls, boarding_s: Float64Array, now: float
) -> _Heads:
    """Where each vehicle (n,) is on its way to the `first` call of its chain: driving there, standing there, or yet to
    come to the first stop of its trip. `boarding_s` (n,): the longest dwell that it needs there."""
    slot, call, entry = first.slot, first.call, first.entry
    reported = tracks.timestamp[slot] - now
    on_it = first.order == 0
    standing = on_it & (tracks.departed[slot] < tracks.arrived[slot])
    stands_on_the_way, stands_at_first = standing & (call > 0), standing & (call == 0)
    away = ~on_it | (~standing & (call == 0))

    left_s, left_variance = _left_of_the_link(tt, travel_times, tracks, first, now)
    came = np.nan_to_num(tracks.arrived_at[slot], nan=now) - now
    way_m = to_first_stop_m(tt, first.trip, tracks.lat[slot], tracks.lon[slot])
    arrival = np.where(stands_on_the_way, came, reported + left_s)
    arrival = np.where(stands_at_first, np.maximum(reported, -OVERDUE_START_S) + OVERDUE_START_S, arrival)
    arrival = np.where(away, 1.3 * way_m / DEADHEAD_M_S + OVERDUE_START_S, arrival)
    variance = np.where(standing, STANDING_SD_S**2, left_variance)
    variance = np.where(away | stands_at_first, LAYOVER_SD_S**2, variance)

    # Standing at a stop it has its dwell left; at the first stop it waits for its time.
    waited = reported - (tracks.arrived_at[slot] - now)
    dwell = np.minimum(travel_times.dwell_s[entry], boarding_s)
    dwell = np.where(stands_on_the_way, np.fmax(dwell, waited + 5.0), dwell)
    dwell = np.where(call == 0, 0.0, dwell)
    by_headway = tt.trip_is_frequency[first.trip]
    return _Heads(
        arrival=arrival, dwell_s=dwell, variance=variance,
        standing=standing & tracks.at_stop[slot] & (tracks.state[slot] != DEADHEAD),
        ignore_hold=by_headway & stands_at_first & (tracks.state[slot] != LAYOVER),
    )  # fmt: skip


def _left_of_the_link(
    tt: Timetable, travel_times: TravelTimes, tracks: Tracks, first: _Calls, now: float
) -> tuple[Float64Array, Float64Array]:
    """Time that each vehicle (n,) needs from its last report to its `first` call, along the link that it is on, and the
    variance of that."""
    slot, before = first.slot, np.maximum(first.entry - 1, 0)
    link_time = travel_times.expected_s(before, tracks.service_day[slot], now)
    run = link_time - np.minimum(travel_times.dwell_s[before], 0.8 * link_time)
    here = tt.pattern_distance_m[tt.call_pattern_call[first.entry]]
    length = here - tt.pattern_distance_m[tt.call_pattern_call[before]]
    left = np.divide(here - tracks.distance_m[slot], length, out=np.zeros_like(length), where=length > 1.0)
    left = np.clip(np.nan_to_num(left, nan=1.0), 0.0, 1.0)
    return left * run, travel_times.variance(before) * np.maximum(left, 0.1)
