"""Where on its run each vehicle is.

Progress is searched forward from the last known place, so that loops and out-and-back shapes resolve by progress; a
place that only fits elsewhere on the line is accepted as a jump. One far from its line is off route.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array
from predictor.columns import Columns
from predictor.geometry import LineGeometry, Projection, course_deg, ground_distance_m, to_first_stop_m
from predictor.match import STOP_ZONE_M, Match
from predictor.observations import STOPPED_AT, Observations
from predictor.runs import DatedRuns
from predictor.snapshot import DEADHEAD, IN_SERVICE, LAYOVER, OFF_ROUTE
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.tracks import Tracks

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
JUST_BEHIND_M = 200.0
BEYOND_FIRST_M = 400.0
"""A vehicle no further along the line than this, long before its departure, is still waiting for it."""
WAITS_WITHIN_M = 1000.0
"""No vehicle further from its first stop than this waits there, wherever on the line it would be projected to."""
LONG_WAY_M = 1500.0
"""The direction from one end of so long a way to the other is not that of the road."""
PRIOR_SCALE = 25.0


@dataclass(frozen=True, eq=False)
class _OnRuns(DatedRuns):
    """Reports of vehicles that are on a run; all arrays (m,)."""

    row: Int64Array
    """Among all reports."""
    lat: Float64Array
    lon: Float64Array
    course: Float64Array
    seconds: Float64Array
    """On the trip's own time axis."""
    gap_s: Float64Array
    """Since the report before on the same run, else 0."""
    same: BoolArray
    """On the same run as at the report before;"""
    arrived: Int32Array
    """calls arrived at,"""
    departed: Int32Array
    """left, and"""
    last_m: Float64Array
    """distance then: NaN where it was on another."""
    under_way: BoolArray
    """It had left the first stop then, and was somewhere on the line."""
    to_first_m: Float64Array
    """Metres from the first stop now."""

    @property
    def near_first(self) -> BoolArray:
        """It is near the first stop now."""
        near: BoolArray = self.to_first_m < TERMINUS_M
        return near


@dataclass(frozen=True, eq=False)
class _Window(Columns):
    """Where on its line a vehicle is looked for; all arrays (m,)."""

    low_m: Float64Array
    high_m: Float64Array
    prior_m: Float64Array
    """Where it most likely is."""
    stands_at: Int32Array
    """Call that it reports standing at, -1 where at none."""


@dataclass(frozen=True, eq=False)
class _Place(Columns):
    """Where a vehicle was found; all arrays (m,)."""

    at_m: Float64Array
    off_line: BoolArray
    jumped: BoolArray


@dataclass(frozen=True, eq=False)
class _Progress(Columns):
    """The same columns as in `Match`; all arrays (m,)."""

    state: Int8Array
    distance_m: Float64Array
    arrived: Int32Array
    departed: Int32Array


class Matcher:
    """Matches reports against one timetable."""

    def __init__(self, timetable: Timetable, diagram: TimeDistance, lines: LineGeometry) -> None:
        self.timetable = timetable
        self.diagram = diagram
        self.lines = lines
        key = _sequence_key(timetable.call_trip, timetable.stop_sequence)
        # Calls stand in driving order, which need not be that of the feed's stop_sequence.
        self._by_sequence = np.argsort(key, kind="stable")
        self._sequence_key = key[self._by_sequence]

    def match(self, tracks: Tracks, slot: Int64Array, obs: Observations, runs: DatedRuns) -> Match:
        """Match reports (n,) to places on the runs that they are on (`trip` -1: on none).

        Does not change `tracks`.
        """
        course, moved = _course(tracks, slot, obs)
        continued = (runs.trip >= 0) & runs.same_as(tracks.runs.take(slot))
        match = replace(
            Match.blank(len(obs)),
            trip=runs.trip, service_day=runs.service_day, shift_s=runs.shift_s,
            continued=continued, course=course, moved=moved,
        )  # fmt: skip
        on = np.flatnonzero(runs.trip >= 0)
        if len(on) == 0:
            return match
        reports = self._on_runs(tracks, slot, obs, match, on)
        place = self._place(reports, self._window(reports, obs))
        progress = self._progress(reports, place)
        match.state[on], match.distance_m[on] = progress.state, progress.distance_m
        match.arrived[on], match.departed[on] = progress.arrived, progress.departed
        match.jumped[on] = place.jumped
        return match

    def _on_runs(self, tracks: Tracks, slot: Int64Array, obs: Observations, match: Match, on: Int64Array) -> _OnRuns:
        """The reports of rows `on` with what is known of them before their place is looked for."""
        tt, runs, s = self.timetable, match.runs.take(on), slot[on]
        same = match.continued[on]
        last_m = np.where(same, tracks.distance_m[s], np.nan)
        lat, lon, at = obs.lat[on], obs.lon[on], obs.timestamp[on]
        return _OnRuns(
            trip=runs.trip, service_day=runs.service_day, shift_s=runs.shift_s, row=on, lat=lat, lon=lon,
            course=match.course[on], seconds=at - runs.origin(tt),
            gap_s=np.where(same, at - tracks.timestamp[s], 0.0), same=same, arrived=tracks.arrived[s],
            departed=tracks.departed[s], last_m=last_m,
            # Before its departure a vehicle may stand, or turn, anywhere around the terminus.
            under_way=np.isfinite(last_m) & (tracks.departed[s] > 0),
            to_first_m=to_first_stop_m(tt, runs.trip, lat, lon),
        )  # fmt: skip

    def _window(self, reports: _OnRuns, obs: Observations) -> _Window:
        """Where on its line each vehicle (m,) is looked for: not behind where it was, not further than it can have
        driven, and around the stop that it names."""
        tt, trip, under_way = self.timetable, reports.trip, reports.under_way
        length = self.diagram.call_distance_m(trip, tt.trip_calls[trip])
        by_timetable = self.diagram.scheduled_distance_m(trip, reports.seconds)
        pace = np.maximum(length / np.maximum(tt.trip_end_s[trip] - tt.trip_start_s[trip], 60), 2.0)
        last = np.nan_to_num(reports.last_m)
        prior = np.where(under_way, np.minimum(last + pace * reports.gap_s, length), by_timetable)
        low = np.where(under_way, last - MOVED_M, 0.0)
        high = np.where(under_way, last + FASTEST_M_S * reports.gap_s + 150.0, np.inf)
        # A ring's first stop is its last one as well: who comes there in the trip's first half is not at its end.
        half_s = 0.5 * (tt.trip_end_s[trip] - tt.trip_start_s[trip])
        begins = ~under_way & reports.near_first & (reports.seconds - tt.trip_start_s[trip] < half_s)
        high = np.where(begins, 0.5 * length, high)
        # Where the block's next trip has taken the place of the one named, the stop is still that of the one named.
        named = obs.trip[reports.row]
        of_trip = (named < 0) | (self.timetable.standing_for(named, reports.service_day, reports.shift_s) == trip)
        low, high, stands_at = self._narrow_by_stop(obs, reports.row, of_trip, trip, low, high)
        return _Window(low, high, prior, stands_at)

    def _place(self, reports: _OnRuns, window: _Window) -> _Place:
        """Where along its line each vehicle (m,) is, and whether it is on it."""
        tt, under_way = self.timetable, reports.under_way
        line = tt.pattern_line[tt.trip_pattern[reports.trip]]
        found = self._projected(line, reports, window)
        at_m, offset, limit = found.distance_m, found.offset_m, self._off_line_m(line, found)
        stands_at, jumped = window.stands_at, np.zeros(len(reports), bool)
        # Where nothing in the window fits: anywhere on the line.
        again = np.flatnonzero((under_way | (window.low_m > 0)) & (found.cost > limit**2))
        if len(again):
            anywhere = replace(window.take(again), low_m=np.zeros(len(again)), high_m=np.full(len(again), np.inf))
            other = self._projected(line[again], reports.take(again), anywhere)
            wide = self._off_line_m(line[again], other)
            fits = (other.cost < 0.25 * found.cost[again]) & (other.offset_m < 0.6 * wide)
            # One that leaves its line sideways lies nearest to where it has just been.
            back_m = reports.last_m[again] - other.distance_m
            fits &= ~(under_way[again] & (back_m > 0) & (back_m < JUST_BEHIND_M))
            rows = again[fits]
            at_m[rows], offset[rows], limit[rows] = other.distance_m[fits], other.offset_m[fits], wide[fits]
            jumped[rows] = under_way[rows]
            stands_at[rows] = NONE
        at_m = np.where(stands_at >= 0, self.diagram.call_distance_m(reports.trip, stands_at), at_m)
        last = np.where(under_way, np.nan_to_num(reports.last_m), 0.0)
        at_m = np.where(under_way & ~jumped, np.maximum(at_m, last), at_m)
        at_m = self._not_past_unseen_stops(reports.trip, line, at_m, offset, last, reports.lat, reports.lon)
        return _Place(at_m, offset > limit, jumped)

    def _projected(self, line: Int32Array, reports: _OnRuns, window: _Window) -> Projection:
        return self.lines.project(
            line, reports.lat, reports.lon, low_m=window.low_m, high_m=window.high_m, course=reports.course,
            prior_m=window.prior_m, prior_scale=PRIOR_SCALE,
        )  # fmt: skip

    def _off_line_m(self, line: Int32Array, place: Projection) -> Float64Array:
        """Metres beside its line (m,) from which on a vehicle is not on it."""
        straying = np.where(self.timetable.line_has_shape[line], 0.0, OFF_LINE_SHAPELESS * place.segment_m)
        result: Float64Array = OFF_LINE_M + straying
        return result

    def _progress(self, reports: _OnRuns, place: _Place) -> _Progress:
        """How far each vehicle (m,) has come on its run."""
        tt, diagram, trip, off = self.timetable, self.diagram, reports.trip, place.off_line
        pattern, calls = tt.trip_pattern[trip], tt.trip_calls[trip]
        first_m = diagram.call_distance_m(trip, np.zeros(len(trip), np.int32))
        waiting, coming = self._yet_to_leave(reports, place.at_m, first_m)
        still = waiting | coming

        arrived = diagram.calls_before(pattern, place.at_m + STOP_ZONE_M)
        departed = np.minimum(diagram.calls_before(pattern, place.at_m - STOP_ZONE_M), calls - 1)
        forward = reports.same & ~place.jumped
        arrived = np.where(forward, np.maximum(arrived, reports.arrived), arrived)
        departed = np.where(forward, np.maximum(departed, reports.departed), departed)
        # Off its line it stays where it was last seen on it; where it stood, it has left by now.
        frozen = off & reports.same & ((reports.departed > 0) | (reports.to_first_m < WAITS_WITHIN_M))
        left = np.where(reports.departed > 0, np.minimum(reports.arrived, calls - 1), 0)
        arrived = np.where(frozen, reports.arrived, np.where(off, 0, arrived))
        departed = np.where(frozen, left, np.where(off, 0, departed))
        distance_m = np.where(frozen, reports.last_m, np.where(off & ~still, np.nan, place.at_m))
        # Who has yet to leave is taken to be at the first stop.
        arrived = np.where(waiting, 1, np.where(coming, 0, arrived))
        departed = np.where(still, 0, departed)
        distance_m = np.where(still, first_m, distance_m)

        was_over = reports.same & (reports.arrived >= calls)
        over = (arrived >= calls) & ~off & ~waiting
        state = np.where(waiting, LAYOVER, np.where(off, OFF_ROUTE, IN_SERVICE)).astype(np.int8)
        state[was_over | coming | over] = DEADHEAD
        return _Progress(state, distance_m, arrived, departed)

    def _yet_to_leave(self, reports: _OnRuns, at_m: Float64Array, first_m: Float64Array) -> tuple[BoolArray, BoolArray]:
        """Whether each vehicle (m,) waits at its first stop (`first_m` along the line) for its departure, or is on its
        way there."""
        early_s = self.timetable.trip_start_s[reports.trip] - reports.seconds
        not_left = ~reports.same | (reports.departed == 0)
        early = early_s > EARLIEST_DEPARTURE_S
        waiting = not_left & (
            (reports.near_first & ((at_m <= first_m + STOP_ZONE_M) | early))
            | (early & (at_m - first_m < BEYOND_FIRST_M) & (reports.to_first_m < WAITS_WITHIN_M))
        )
        # Who is too far away to be there in time is on its way to somewhere else.
        in_reach = reports.to_first_m < FASTEST_M_S * early_s
        return waiting, not_left & ~waiting & early & in_reach

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
        stop = tt.stop_at(trip, first)
        near = ground_distance_m(tt.stop_lat[stop], tt.stop_lon[stop], lat, lon) < AT_STOP_M
        before = np.maximum(here - STOP_ZONE_M - 1.0, last_m)
        result: Float64Array = np.where(unseen, np.where(near, np.minimum(at_m, here), np.minimum(at_m, before)), at_m)
        return result

    def _narrow_by_stop(
        self,
        obs: Observations,
        on: Int64Array,
        of_trip: BoolArray,
        trip: Int32Array,
        low: Float64Array,
        high: Float64Array,
    ) -> tuple[Float64Array, Float64Array, Int32Array]:
        """Narrow the window by the feed's current stop, and say at which call a vehicle reports standing, else -1.

        The named stop is a hint: a window that would not meet the one given is left as it was. `of_trip`: whether it
        is a stop of `trip`.
        """
        tt = self.timetable
        sequence = np.where(of_trip, obs.stop_sequence[on], NONE)
        stopped = np.full(len(on), NONE, np.int32)
        rows = np.flatnonzero(sequence >= 0)
        if len(rows) == 0:
            return low, high, stopped
        key = _sequence_key(trip[rows], sequence[rows])
        at = np.minimum(np.searchsorted(self._sequence_key, key), len(self._sequence_key) - 1)
        exact = self._sequence_key[at] == key
        rows, call = rows[exact], tt.call_at(self._by_sequence[at[exact]])
        here = self.diagram.call_distance_m(trip[rows], call)
        before = self.diagram.call_distance_m(trip[rows], call - 1)
        slack = 200.0
        new_low, new_high = np.maximum(low[rows], before - slack), np.minimum(high[rows], here + slack)
        meets = new_low < new_high
        low[rows[meets]], high[rows[meets]] = new_low[meets], new_high[meets]
        stop = tt.stop_at(trip[rows], call)
        near = ground_distance_m(tt.stop_lat[stop], tt.stop_lon[stop], obs.lat[on[rows]], obs.lon[on[rows]]) < 80.0
        standing = meets & near & (obs.stop_status[on[rows]] == STOPPED_AT)
        stopped[rows[standing]] = call[standing]
        return low, high, stopped


def _sequence_key(trip: Int32Array, stop_sequence: Int32Array) -> Int64Array:
    return (trip.astype(np.int64) << 32) | stop_sequence


def _course(tracks: Tracks, slot: Int64Array, obs: Observations) -> tuple[Float64Array, BoolArray]:
    """The direction in which each vehicle (n,) last moved, and whether this report tells of a movement."""
    moved_m = ground_distance_m(tracks.anchor_lat[slot], tracks.anchor_lon[slot], obs.lat, obs.lon)
    moved = ~(moved_m <= MOVED_M)
    course = np.where(
        moved & np.isfinite(moved_m),
        course_deg(tracks.anchor_lat[slot], tracks.anchor_lon[slot], obs.lat, obs.lon),
        np.where(np.isfinite(obs.bearing), obs.bearing, tracks.course[slot]),
    ).astype(np.float64)
    # A course across a long silence says little: the road has bends.
    course[moved_m > LONG_WAY_M] = np.nan
    return course, moved
