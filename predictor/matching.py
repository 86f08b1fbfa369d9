"""Where on which journey each vehicle is.

The feed's trip id is believed until geometry, time or block speak against it: a vehicle that has finished a trip goes
on with its block's next one, and one far from the line of its trip is off route. Progress is searched forward from the
last known place, so that loops and out-and-back shapes resolve by progress; a place that only fits elsewhere on the
line is accepted as a jump.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array
from predictor.geometry import LineGeometry, course_deg, ground_distance_m
from predictor.named_runs import RunNames, run_finder
from predictor.observations import STOPPED_AT, Observations
from predictor.runs import DatedRuns
from predictor.service_days import ServiceDays
from predictor.snapshot import DEADHEAD, IN_SERVICE, LAYOVER, OFF_ROUTE, UNMATCHED
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.tracks import Tracks

STOP_ZONE_M = 20.0
"""A vehicle within this distance of a stop is at it."""
AT_STOP_M = 60.0
"""A vehicle this near to a stop's own position is at it, wherever the line was drawn."""
TERMINUS_M = 300.0
"""A vehicle this near to a trip's first stop can be waiting there for its departure."""
MOVED_M = 30.0
"""A displacement long enough to tell a course from GPS noise."""
FASTEST_M_S = 30.0
OFF_LINE_M = 130.0
OFF_LINE_SHAPELESS = 0.5
"""Where the line was drawn straight between stops, the road may stray by this share of the gap as well."""
EARLIEST_DEPARTURE_S = 180.0
"""A vehicle seen moving earlier than this before its trip's departure is on its way to the first stop."""
BROKEN_DOWN_S = 720.0
"""A vehicle that comes to no further stop for so long, and then names its trip no more, does not go on with it."""
JUST_BEHIND_M = 200.0
PRIOR_SCALE = 25.0


@dataclass(frozen=True, eq=False)
class Match(DatedRuns):
    """The match of each fresh report; all arrays (n,), rows as in the observations given."""

    state: Int8Array
    distance_m: Float64Array
    arrived: Int32Array
    departed: Int32Array
    continued: BoolArray
    """On the same journey as at the report before."""
    course: Float64Array
    moved: BoolArray
    jumped: BoolArray


def scheduled_seconds(
    timetable: Timetable, service_day: Int32Array, shift_s: Int32Array, at: Float64Array
) -> Float64Array:
    """Seconds (n,) on the trips' own time axis: after the origin of the service date, less the journey's shift."""
    result: Float64Array = at - timetable.date_origin[service_day] - shift_s
    return result


class Matcher:
    """Matches reports against one timetable."""

    def __init__(self, timetable: Timetable, days: ServiceDays, diagram: TimeDistance, lines: LineGeometry) -> None:
        self.timetable = timetable
        self.days = days
        self.diagram = diagram
        self.lines = lines
        self.finder = run_finder(timetable)
        key = _sequence_key(timetable.call_trip, timetable.stop_sequence)
        # Calls stand in driving order, which need not be that of the feed's stop_sequence.
        self._by_sequence = np.argsort(key, kind="stable")
        self._sequence_key = key[self._by_sequence]

    def journey_of(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, cancelled: Int64Array
    ) -> tuple[Int32Array, Int32Array, Int32Array]:
        """Trip, service day and shift (n,) that each report is to be matched to, -1 where none is named or known.

        Parameters: `cancelled`: `ServiceDays.key` of trips that the operator took out.
        """
        trip = obs.trip.copy()
        day = np.full(len(trip), NONE, np.int32)
        shift = np.zeros(len(trip), np.int32)
        named = np.flatnonzero(trip >= 0)
        day[named], shift[named] = self._named(tracks, slot[named], obs.take(named))
        trip[day < 0] = NONE

        # A vehicle that names no trip goes on with the one it is on, unless it had got no further for long: then it
        # has broken down and is taken home.
        stuck = (tracks.named_at[slot] > -np.inf) & (obs.timestamp - tracks.arrived_at[slot] > BROKEN_DOWN_S)
        stuck &= (tracks.state[slot] == IN_SERVICE) & (tracks.departed[slot] > 0)
        on_one = (tracks.trip[slot] >= 0) & (tracks.state[slot] != OFF_ROUTE)
        mute = np.flatnonzero((obs.trip < 0) & on_one & ~stuck)
        trip[mute], day[mute] = tracks.trip[slot[mute]], tracks.service_day[slot[mute]]
        shift[mute] = tracks.shift_s[slot[mute]]

        # A feed may go on naming the trip that is over: the block's next trip takes its place.
        over = (trip >= 0) & (tracks.finished_trip[slot] == trip)
        over &= (tracks.finished_day[slot] == day) & (tracks.finished_shift_s[slot] == shift)
        # One that names none waits for no trip that does not run.
        over |= (
            (obs.trip < 0) & (trip >= 0) & (tracks.departed[slot] == 0) & np.isin(self.days.key(trip, day), cancelled)
        )
        follow = np.flatnonzero(over)
        for one_day in np.unique(day[follow]).tolist():
            rows = follow[day[follow] == one_day]
            next_trip = self.days.next_trip(one_day)
            following = next_trip[trip[rows]]
            while (out := (following >= 0) & np.isin(self.days.key(following, one_day), cancelled)).any():
                following[out] = next_trip[following[out]]
            near = self._first_stop_distance(np.maximum(following, 0), obs.lat[rows], obs.lon[rows]) < TERMINUS_M
            take = (following >= 0) & (near | (tracks.trip[slot[rows]] == following))
            trip[rows[take]], shift[rows[take]] = following[take], 0
            lost = rows[~take & (obs.trip[rows] < 0)]
            trip[lost], day[lost] = NONE, NONE
        return trip, day, shift

    def _named(self, tracks: Tracks, slot: Int64Array, obs: Observations) -> tuple[Int32Array, Int32Array]:
        """Service day and shift (n,) of the runs that reports name, -1 where their trip does not run then.

        Where a trip has several departures and none is named, that of the run that the vehicle is on; else one by
        headway is taken as having left just now, another as the one that should now be where the vehicle is.
        """
        tt, trip = self.timetable, obs.trip
        names = RunNames.of_trips(trip, obs.service_date, obs.start_time_s)
        elapsed = np.full(len(trip), np.nan)
        unsaid = np.flatnonzero((obs.start_time_s < 0) & tt.trip_repeats[trip] & ~tt.trip_is_frequency[trip])
        elapsed[unsaid] = self._elapsed_by_place(obs.take(unsaid))
        found = self.finder.find(names, obs.timestamp, np.ones(len(trip), bool), elapsed)
        day, shift = found.service_day, found.shift_s
        guessed = (day >= 0) & ~found.start_known
        on_it = guessed & (tracks.trip[slot] == trip) & ((obs.service_date == 0) | (tracks.service_day[slot] == day))
        # One that has finished its run is on another when it is seen in the first half of the way again.
        half_s = 0.5 * (tt.trip_end_s[trip] - tt.trip_start_s[trip])
        on_it &= ~((tracks.arrived[slot] >= tt.trip_calls[trip]) & (elapsed < half_s))
        just_left = guessed & tt.trip_is_frequency[trip] & (obs.start_time_s < 0)
        just_now = (obs.timestamp - tt.date_origin[day]).astype(np.int32) - tt.trip_start_s[trip]
        shift = np.where(on_it, tracks.shift_s[slot], np.where(just_left, just_now, shift))
        return np.where(on_it, tracks.service_day[slot], day), shift

    def _elapsed_by_place(self, obs: Observations) -> Float64Array:
        """Seconds after the start (n,) when a run of each report's trip is where the report is, NaN off its way."""
        if len(obs) == 0:
            return np.empty(0)
        tt = self.timetable
        line = tt.pattern_line[tt.trip_pattern[obs.trip]]
        place = self.lines.project(
            line, obs.lat, obs.lon, low_m=np.zeros(len(obs)), high_m=np.full(len(obs), np.inf),
            course=obs.bearing.astype(np.float64), prior_m=np.full(len(obs), np.nan), prior_scale=PRIOR_SCALE,
        )  # fmt: skip
        departed = self.diagram.calls_before(tt.trip_pattern[obs.trip], place.distance_m)
        elapsed = self.diagram.elapsed_at(obs.trip, departed, place.distance_m)
        return np.where(place.offset_m < OFF_LINE_M, elapsed, np.nan)

    def match(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, trip: Int32Array, day: Int32Array, shift: Int32Array
    ) -> Match:
        """Match reports (n,) to places on the journeys named by `trip`, `day`, `shift` (-1: none).

        Does not change `tracks`.
        """
        tt, n = self.timetable, len(obs)
        state = np.full(n, UNMATCHED, np.int8)
        distance = np.full(n, np.nan)
        arrived, departed = np.zeros(n, np.int32), np.zeros(n, np.int32)
        jumped = np.zeros(n, bool)
        moved_m = ground_distance_m(tracks.anchor_lat[slot], tracks.anchor_lon[slot], obs.lat, obs.lon)
        moved = ~(moved_m <= MOVED_M)
        course = np.where(
            moved & np.isfinite(moved_m),
            course_deg(tracks.anchor_lat[slot], tracks.anchor_lon[slot], obs.lat, obs.lon),
            np.where(np.isfinite(obs.bearing), obs.bearing, tracks.course[slot]),
        ).astype(np.float64)
        # A course across a long silence says little: the road has bends.
        course[(moved_m > 1500.0)] = np.nan

        on = np.flatnonzero(trip >= 0)
        continued = np.zeros(n, bool)
        continued[on] = (
            (tracks.trip[slot[on]] == trip[on])
            & (tracks.service_day[slot[on]] == day[on])
            & (tracks.shift_s[slot[on]] == shift[on])
        )
        if len(on) == 0:
            return Match(trip, day, shift, state, distance, arrived, departed, continued, course, moved, jumped)

        s, t, d, sh = slot[on], trip[on], day[on], shift[on]
        lat, lon, at, heading = obs.lat[on], obs.lon[on], obs.timestamp[on], course[on]
        pattern = tt.trip_pattern[t]
        line = tt.pattern_line[pattern]
        length = self.diagram.call_distance_m(t, tt.trip_calls[t])
        same = continued[on]
        seconds = scheduled_seconds(tt, d, sh, at)
        by_timetable = self.diagram.scheduled_distance_m(t, seconds)
        gap = np.where(same, at - tracks.timestamp[s], 0.0)
        last = np.where(same, tracks.distance_m[s], np.nan)
        # Before its departure a vehicle may stand, or turn, anywhere around the terminus.
        known = np.isfinite(last) & (tracks.departed[s] > 0)
        pace = np.maximum(length / np.maximum(tt.trip_end_s[t] - tt.trip_start_s[t], 60), 2.0)
        prior = np.where(known, np.minimum(np.nan_to_num(last) + pace * gap, length), by_timetable)
        low = np.where(known, np.nan_to_num(last) - MOVED_M, 0.0)
        high = np.where(known, np.nan_to_num(last) + FASTEST_M_S * gap + 150.0, np.inf)
        near_first = self._first_stop_distance(t, lat, lon) < TERMINUS_M
        # A ring's first stop is its last one as well: who comes there in the trip's first half is not at its end.
        half_s = 0.5 * (tt.trip_end_s[t] - tt.trip_start_s[t])
        begins = ~known & near_first & (seconds - tt.trip_start_s[t] < half_s)
        high = np.where(begins, 0.5 * length, high)
        low, high, stopped = self._narrow_by_stop(obs, on, t, low, high)

        place = self.lines.project(
            line, lat, lon, low_m=low, high_m=high, course=heading, prior_m=prior, prior_scale=PRIOR_SCALE
        )
        at_m, offset, cost = place.distance_m, place.offset_m, place.cost
        limit = OFF_LINE_M + np.where(tt.line_has_shape[line], 0.0, OFF_LINE_SHAPELESS * place.segment_m)
        again = np.flatnonzero((known | (low > 0)) & (cost > limit**2))
        if len(again):
            anywhere = self.lines.project(
                line[again], lat[again], lon[again], low_m=np.zeros(len(again)), high_m=np.full(len(again), np.inf),
                course=heading[again], prior_m=prior[again], prior_scale=PRIOR_SCALE,
            )  # fmt: skip
            wide = OFF_LINE_M + np.where(tt.line_has_shape[line[again]], 0.0, OFF_LINE_SHAPELESS * anywhere.segment_m)
            fits = (anywhere.cost < 0.25 * cost[again]) & (anywhere.offset_m < 0.6 * wide)
            # One that leaves its line sideways lies nearest to where it has just been.
            back_m = last[again] - anywhere.distance_m
            fits &= ~(known[again] & (back_m > 0) & (back_m < JUST_BEHIND_M))
            rows = again[fits]
            at_m[rows], offset[rows], limit[rows] = anywhere.distance_m[fits], anywhere.offset_m[fits], wide[fits]
            jumped[on[rows]] = known[rows]
            stopped[rows] = NONE
        at_m = np.where(stopped >= 0, self.diagram.call_distance_m(t, stopped), at_m)

        jump = jumped[on]
        at_m = np.where(known & ~jump, np.maximum(at_m, np.nan_to_num(last)), at_m)
        off = offset > limit
        at_m = self._not_past_unseen_stops(t, line, at_m, offset, np.where(known, np.nan_to_num(last), 0.0), lat, lon)
        # Waiting for departure: near the first stop and not yet away from it.
        first_m = self.diagram.call_distance_m(t, np.zeros(len(t), np.int32))
        before = tt.trip_start_s[t] - seconds
        not_left = ~same | (tracks.departed[s] == 0)
        waiting = not_left & (
            (near_first & ((at_m <= first_m + STOP_ZONE_M) | (before > EARLIEST_DEPARTURE_S)))
            | ((before > EARLIEST_DEPARTURE_S) & (at_m - first_m < 400.0))
        )
        coming = not_left & ~waiting & (before > EARLIEST_DEPARTURE_S)
        still = waiting | coming

        came = self.diagram.calls_before(pattern, at_m + STOP_ZONE_M)
        left = self.diagram.calls_before(pattern, at_m - STOP_ZONE_M)
        left = np.minimum(left, tt.trip_calls[t] - 1)
        back = same & ~jump
        came = np.where(back, np.maximum(came, tracks.arrived[s]), came)
        left = np.where(back, np.maximum(left, tracks.departed[s]), left)
        frozen = off & same
        at_m = np.where(frozen, last, np.where(off & ~still, np.nan, at_m))
        came = np.where(frozen, tracks.arrived[s], np.where(off, 0, came))
        # Where it stood, it has left by now.
        gone = np.where(tracks.departed[s] > 0, np.minimum(tracks.arrived[s], tt.trip_calls[t] - 1), 0)
        left = np.where(frozen, gone, np.where(off, 0, left))
        at_m = np.where(still, first_m, at_m)
        came = np.where(waiting, 1, np.where(coming, 0, came))
        left = np.where(still, 0, left)
        finished = same & (tracks.arrived[s] >= tt.trip_calls[t])
        done = (came >= tt.trip_calls[t]) & ~off

        state[on] = np.select([finished, coming, waiting, off], [DEADHEAD, DEADHEAD, LAYOVER, OFF_ROUTE], IN_SERVICE)
        state[on[done & ~waiting]] = DEADHEAD
        distance[on], arrived[on], departed[on] = at_m, came, left
        return Match(trip, day, shift, state, distance, arrived, departed, continued, course, moved, jumped)

    def _first_stop_distance(self, trip: Int32Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
        pattern = self.timetable.trip_pattern[trip]
        first_lat, first_lon = self.timetable.pattern_start
        return ground_distance_m(first_lat[pattern], first_lon[pattern], lat, lon)

    def _not_past_unseen_stops(
        self,
        trip: Int32Array,
        line: Int32Array,
        at_m: Float64Array,
        offset_m: Float64Array,
        last_m: Float64Array,
        lat: Float64Array,
        lon: Float64Array,
    ) -> Float64Array:
        """Distances (n,) held back before stops that a vehicle beside a line without a shape need not have passed.

        Where the line was drawn straight between stops, a place beside it tells the distance along it no better than
        by the distance off it. Of the stops within that doubt the first one is reached only by who comes near it.
        """
        tt, diagram = self.timetable, self.diagram
        pattern = tt.trip_pattern[trip]
        doubt = np.where(tt.line_has_shape[line], 0.0, np.maximum(offset_m - STOP_ZONE_M, 0.0))
        sure = diagram.calls_before(pattern, np.maximum(at_m - doubt, last_m) + STOP_ZONE_M)
        claimed = diagram.calls_before(pattern, at_m + STOP_ZONE_M)
        unseen = (sure < claimed) & (doubt > 0.0)
        first = np.minimum(sure, tt.trip_calls[trip] - 1)
        here = diagram.call_distance_m(trip, first)
        stop = tt.call_stop[diagram.entries(trip, first)]
        near = ground_distance_m(tt.stop_lat[stop], tt.stop_lon[stop], lat, lon) < AT_STOP_M
        before = np.maximum(here - STOP_ZONE_M - 1.0, last_m)
        result: Float64Array = np.where(unseen, np.where(near, np.minimum(at_m, here), np.minimum(at_m, before)), at_m)
        return result

    def _narrow_by_stop(
        self, obs: Observations, on: Int64Array, trip: Int32Array, low: Float64Array, high: Float64Array
    ) -> tuple[Float64Array, Float64Array, Int32Array]:
        """Narrow the window by the feed's current stop, and say at which call a vehicle reports standing, else -1.

        The named stop is a hint: a window that would not meet the one given is left as it was.
        """
        tt = self.timetable
        # Where the block's next trip has taken the place of the one named, the stop is still that of the one named.
        named = (obs.trip[on] == trip) | (obs.trip[on] < 0)
        sequence = np.where(named, obs.stop_sequence[on], NONE)
        stopped = np.full(len(on), NONE, np.int32)
        rows = np.flatnonzero(sequence >= 0)
        if len(rows) == 0:
            return low, high, stopped
        first = tt.trip_call_ptr[trip[rows]]
        key = _sequence_key(trip[rows], sequence[rows])
        at = np.minimum(np.searchsorted(self._sequence_key, key), len(self._sequence_key) - 1)
        exact, entry = self._sequence_key[at] == key, self._by_sequence[at]
        rows, call = rows[exact], (entry - first)[exact].astype(np.int32)
        here = self.diagram.call_distance_m(trip[rows], call)
        before = self.diagram.call_distance_m(trip[rows], call - 1)
        slack = 200.0
        new_low, new_high = np.maximum(low[rows], before - slack), np.minimum(high[rows], here + slack)
        meets = new_low < new_high
        low[rows[meets]], high[rows[meets]] = new_low[meets], new_high[meets]
        stop = tt.pattern_stop[tt.pattern_call_ptr[tt.trip_pattern[trip[rows]]] + call]
        near = ground_distance_m(tt.stop_lat[stop], tt.stop_lon[stop], obs.lat[on[rows]], obs.lon[on[rows]]) < 80.0
        standing = meets & near & (obs.stop_status[on[rows]] == STOPPED_AT)
        stopped[rows[standing]] = call[standing]
        return low, high, stopped


def _sequence_key(trip: Int32Array, stop_sequence: Int32Array) -> Int64Array:
    return (trip.astype(np.int64) << 32) | stop_sequence
