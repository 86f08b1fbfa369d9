"""Every vehicle × every stop ahead, and its block's next trips, in one pass.

With D the departure from, A the arrival at call r of a vehicle's chain of calls:

    A[r] = D[r - 1] + lead[r]        D[r] = max(A[r] + dwell[r], hold[r])

where `hold` is the earliest departure: the scheduled one at a timepoint and at a trip's first stop. The recursion is a
max-plus scan along each vehicle's calls, which `predictor.arrivals_loop` does in one pass; here the chains begin.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float64Array, clipped, first_of_each, or_where_unknown, where_true
from predictor.arrivals_loop import Chain, Departures, Heads, PutOff, Ways, scan
from predictor.geometry import between_runs_m, to_stop_m
from predictor.legs import Legs
from predictor.operator_holds import OperatorHolds
from predictor.snapshot import DEADHEAD, FROM_BLOCK, FROM_VEHICLE, LAYOVER
from predictor.timing_points import TimingPoints
from predictor.tracks import Tracks
from predictor.travel_times import HOURS, TravelTimes

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


class Arrivals:
    """Arrivals and departures as they are to be expected at one moment."""

    def __init__(
        self,
        travel_times: TravelTimes,
        timing_points: TimingPoints,
        tracks: Tracks,
        holds: OperatorHolds,
        now: float,
        waits_until: Float64Array | None = None,
    ) -> None:
        """Where the operator `holds` a vehicle, it has no departure before. `waits_until` (slots,): until when a silent
        vehicle may be taken to wait at its first stop, POSIX seconds; until now where not given."""
        tt = travel_times.timetable
        self._travel_times, self._tracks, self._holds, self._now = travel_times, tracks, holds, now
        self._heard = np.zeros(len(tracks)) if waits_until is None else np.minimum(waits_until - now, 0.0)
        self._links = travel_times.of_links(now)
        waited_at = timing_points.waiting_places()
        self._leaves = Departures(tt.departure_s, tt.timepoint, timing_points.place, waited_at, BOARDING_S)

    def at_calls_of(self, legs: Legs) -> Chain:
        """Those at every call of the legs."""
        tt, now = self._travel_times.timetable, self._now
        legs = legs.take(legs.first_call < legs.end_call)
        opens = first_of_each(legs.slot)
        head, follows = where_true(opens), where_true(~opens)
        heads = _heads(self._travel_times, self._tracks, legs.take(head), self._heard, now)

        ways = Ways(
            first_entry=tt.entry_of(legs.trip, legs.first_call),
            hours=self._travel_times.day_type[legs.service_day] * HOURS,
            origin=np.subtract(legs.origin(tt), now, dtype=np.float64),
            by_headway=tt.trip_is_frequency[legs.trip],
            opens=opens,
            lead_s=np.zeros(len(legs)),
            lead_variance=LAYOVER_SD_S**2,
        )
        way_m = between_runs_m(tt, legs.trip[follows - 1], legs.trip[follows])
        way_m[legs.turns_at[follows - 1] >= 0] = 0.0
        ways.lead_s[follows] = MINIMUM_LAYOVER_S + way_m / DEADHEAD_M_S
        end = np.cumsum(legs.end_call - legs.first_call, dtype=np.int64)
        leg, call, until = self._holds.on(legs)
        row = end[leg] - legs.end_call[leg] + call
        order = np.argsort(row, kind="stable")
        put_off = PutOff(row[order], until[order] - now)
        chain = Chain.unset(int(end[-1]) if len(end) else 0)
        scan(legs.in_loops, ways, heads.in_loops, self._links, self._leaves, put_off, now, chain.in_loops)
        chain.source[:] = np.where(legs.order == 0, FROM_VEHICLE, FROM_BLOCK)[chain.leg]
        chain.put_off[:] = -np.inf
        np.maximum.at(chain.put_off, row, until)
        return chain


def _heads(travel_times: TravelTimes, tracks: Tracks, first: Legs, heard: Float64Array, now: float) -> Heads:
    """Where each vehicle (n,) is on its way to the first call of its chain, which is of the legs `first`: driving
    there, standing there, or yet to come to the first stop of its trip: where it was, until it was last `heard` of
    (slots,), as times are."""
    tt, slot, call = travel_times.timetable, first.slot, first.first_call
    reported = tracks.placed_at[slot] - now
    on_it = first.order == 0
    standing = on_it & (tracks.departed[slot] < tracks.arrived[slot])
    stands_on_the_way, stands_at_first = standing & (call > 0), standing & (call == 0)
    away = ~on_it | (~standing & (tracks.departed[slot] == 0))

    left_s, left_variance = _left_of_the_link(travel_times, tracks, first, now)
    came = or_where_unknown(tracks.arrived_at[slot], now) - now
    way_m = to_stop_m(tt, first.trip, call, tracks.lat[slot], tracks.lon[slot])
    arrival = np.where(stands_on_the_way, came, reported + left_s)
    there = heard[slot]
    waits = np.maximum(reported, there - OVERDUE_START_S) + OVERDUE_START_S
    arrival = np.where(stands_at_first, waits, arrival)
    arrival = np.where(away, there + 1.3 * way_m / DEADHEAD_M_S + OVERDUE_START_S, arrival)
    variance = np.where(standing, STANDING_SD_S**2, left_variance)
    variance = np.where(away | stands_at_first, LAYOVER_SD_S**2, variance)
    return Heads(
        arrival=arrival,
        waited_s=np.where(stands_on_the_way, reported - (tracks.arrived_at[slot] - now) + 5.0, np.nan),
        variance=variance,
        standing=standing & tracks.at_stop[slot] & (tracks.state[slot] != DEADHEAD),
        ignores_hold=tt.trip_is_frequency[first.trip] & stands_at_first & (tracks.state[slot] != LAYOVER),
    )


def _left_of_the_link(
    travel_times: TravelTimes, tracks: Tracks, first: Legs, now: float
) -> tuple[Float64Array, Float64Array]:
    """Time that each vehicle (n,) needs from its last report to the first call of its chain, along the link that it is
    on, and the variance of that."""
    tt, slot = travel_times.timetable, first.slot
    entry = tt.entry_of(first.trip, first.first_call)
    before = np.maximum(entry - 1, 0)
    link_time = travel_times.expected_s(before, tracks.service_day[slot], now)
    dwell = travel_times.dwell_s[before]
    run = np.maximum(link_time - dwell, np.minimum(0.2 * link_time, travel_times.timetabled_s[before] - dwell))
    here = tt.pattern_distance_m[tt.call_pattern_call[entry]]
    length = here - tt.pattern_distance_m[tt.call_pattern_call[before]]
    left = np.divide(here - tracks.distance_m[slot], length, out=np.zeros_like(length), where=length > 1.0)
    left = clipped(or_where_unknown(left, 1.0), 0.0, 1.0)
    return left * run, travel_times.variance(before) * np.maximum(left, 0.1)
