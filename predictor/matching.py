"""Where on its run each vehicle is.

Progress is searched forward from the last known place, so that loops and out-and-back shapes resolve by progress; a
place that only fits elsewhere on the line is accepted as a jump. One far from its line is off route, and so is one that
drives it the other way. The stop that a feed names is a hint: where the vehicle is counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int32Array,
    Int64Array,
    is_one_of,
    or_where_unknown,
    where_true,
)
from predictor.columns import Columns
from predictor.geometry import (
    LineGeometry,
    Projection,
    between_runs_m,
    course_deg,
    ground_distance_m,
    to_first_stop_m,
    to_stop_m,
)
from predictor.match import FASTEST_M_S, LEAP_M, STOP_ZONE_M, Match
from predictor.observations import IN_TRANSIT_TO, INCOMING_AT, STOPPED_AT, Observations
from predictor.runs import DatedRuns
from predictor.search_loop import first_equal
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
OFF_LINE_M = 130.0
OFF_LINE_SHAPELESS = 0.5
"""Where the line was drawn straight between stops, the road may stray by this share of the gap as well."""
EARLIEST_DEPARTURE_S = 180.0
"""A vehicle seen moving earlier than this before its trip's departure is on its way to the first stop."""
EARLIEST_ON_ITS_LINE_S = 1800.0
"""One seen to leave the first stop along its line is under way, if it is not earlier than this."""
EARLIEST_UNSEEN_S = 1200.0
"""So is one that was not seen there, if it is not earlier by its place on the line than this,"""
LEFT_UNSEEN_M = 600.0
"""and has moved so far along it in a row."""
WANDERS_M = 60.0
"""A receiver may take a vehicle that waits to be so far from its first stop."""
JUST_BEHIND_M = 200.0
BAY_M = 200.0
"""So far from a stop on the way may lie where buses wait for their time."""
BEYOND_FIRST_M = 400.0
"""A vehicle no further along the line than this, long before its departure, is still waiting for it."""
WINDING = 2.0
"""So many times as long as the straight line is the way of a vehicle that has just left."""
STOPS_FOR_S = 120.0
"""One on its way to its first stop that stands for longer is not."""
WAITS_WITHIN_M = 1000.0
"""No vehicle further from its first stop than this waits there, wherever on the line it would be projected to."""
LONG_WAY_M = 1500.0
"""The direction from one end of so long a way to the other is not that of the road."""
TOLD_STOP_M = 80.0
"""A vehicle this near to the stop that it says it stands at does stand there."""
TOLD_STOP_SLACK_M = 200.0
"""A vehicle is looked for so far around the stop that it names, and the way to it."""
TOLD_WRONG_M = 500.0
"""One further than this from the stop that it names is elsewhere, if it is on its line there."""
PRIOR_SCALE = 25.0
AGAINST = -0.5
"""A movement is against the line where the cosine of the angle between them is less than this."""
TURNED_M = 250.0
"""A vehicle that has moved so far against its line in a row has turned back: it serves no stop ahead."""
ONE_MOVEMENT_M = 150.0
"""One movement counts for no more: a single position may be wrong."""


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
    since_s: Float64Array
    """Since the report before on whatever run, NaN where it was on none."""
    same: BoolArray
    """On the same run as at the report before;"""
    arrived: Int32Array
    """calls arrived at,"""
    departed: Int32Array
    """left, and"""
    last_m: Float64Array
    """distance then: NaN where it was on another."""
    under_way: BoolArray
    """It had left the first stop then, and was somewhere on the line;"""
    waited: BoolArray
    """or it waited there then."""
    to_first_m: Float64Array
    """Metres from the first stop now."""
    moved_m: Float64Array
    """Metres of the movement that this report tells of, 0 where it tells of none."""
    against_m: Float64Array
    """Metres moved against the line in a row before,"""
    along_m: Float64Array
    """and along it, of one that was not seen to leave the first stop."""
    way_m: Float64Array
    """Metres from where it was at the report before."""
    gained_m: Float64Array
    """Metres driven along the line since the run was taken up, NaN before it has left."""
    stands_s: Float64Array
    """Seconds since it moved, 0 where it does."""
    approaches: BoolArray
    """It comes nearer to its first stop, or has but just stopped."""

    @property
    def near_first(self) -> BoolArray:
        """It is near the first stop now."""
        return self.to_first_m < TERMINUS_M


@dataclass(frozen=True, eq=False)
class _Window(Columns):
    """Where on its line a vehicle is looked for; all arrays (m,)."""

    low_m: Float64Array
    high_m: Float64Array
    prior_m: Float64Array
    """Where it most likely is."""


@dataclass(frozen=True, eq=False)
class _StopTold(Columns):
    """What reports say of the stop that the vehicle is at or on its way to; all arrays (m,)."""

    call: Int32Array
    """The call, -1 where none is named."""
    near: BoolArray
    """The vehicle is at that stop, by its position;"""
    far: BoolArray
    """it is elsewhere."""
    stopped: BoolArray
    """It says that it is stopped there;"""
    coming: BoolArray
    """that it is on its way there."""


@dataclass(frozen=True, eq=False)
class _Place(Columns):
    """Where a vehicle was found; all arrays (m,)."""

    at_m: Float64Array
    off_line: BoolArray
    jumped: BoolArray
    against_m: Float64Array
    """Metres moved against the line in a row."""
    gets_on: BoolArray
    """It has moved along the line with this report."""
    along_m: Float64Array
    """Metres moved along it in a row, before it was seen to leave the first stop."""


class Matcher:
    """Matches reports against one timetable."""

    def __init__(self, diagram: TimeDistance, lines: LineGeometry) -> None:
        self.timetable, self.diagram, self.lines = diagram.timetable, diagram, lines

    def match(self, tracks: Tracks, slot: Int64Array, obs: Observations, runs: DatedRuns) -> Match:
        """Match reports (n,) to places on the runs that they are on (`trip` -1: on none).

        Does not change `tracks`.
        """
        course, moved_m = _course(tracks, slot, obs)
        continued = (runs.trip >= 0) & runs.same_as(tracks.runs.take(slot))
        match = Match.of_runs(runs, continued=continued, course=course, moved=~(moved_m <= MOVED_M))
        on = where_true(runs.trip >= 0)
        if len(on) == 0:
            return match
        reports = self._on_runs(tracks, slot, obs, match, on, moved_m)
        stop_told = self._stop_told(reports, obs)
        place = self._held_at_its_stop(reports, self._place(reports, self._window(reports), stop_told))
        self._note_progress(match, reports, place, stop_told)
        match.jumped[on] = place.jumped
        match.leapt[on] = reports.same & (reports.way_m > FASTEST_M_S * reports.gap_s + LEAP_M)
        # Who waits, or is nowhere on its line, has not turned.
        match.against_m[on] = np.where(match.state[on] == LAYOVER, 0.0, place.against_m)
        match.along_m[on] = np.where(match.departed[on] == 0, place.along_m, 0.0)
        return match

    def _on_runs(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, match: Match, on: Int64Array, moved_m: Float64Array
    ) -> _OnRuns:
        """The reports of rows `on` with what is known of them before their place is looked for."""
        tt, runs, s = self.timetable, match.runs.take(on), slot[on]
        same = match.continued[on]
        last_m = np.where(same, tracks.distance_m[s], np.nan)
        lat, lon, at = obs.lat[on], obs.lon[on], obs.timestamp[on]
        to_first_m = to_first_stop_m(tt, runs.trip, lat, lon)
        nearer = to_first_m < to_first_stop_m(tt, runs.trip, tracks.lat[s], tracks.lon[s])
        stands_s = np.where(match.moved[on], 0.0, at - tracks.moved_at[s])
        return _OnRuns(
            trip=runs.trip, service_day=runs.service_day, shift_s=runs.shift_s, row=on, lat=lat, lon=lon,
            course=match.course[on], seconds=at - runs.origin(tt),
            gap_s=np.where(same, at - tracks.timestamp[s], 0.0),
            since_s=np.where(tracks.trip[s] >= 0, at - tracks.timestamp[s], np.nan), same=same,
            arrived=tracks.arrived[s], departed=tracks.departed[s], last_m=last_m,
            # Before its departure a vehicle may stand, or turn, anywhere around the terminus.
            under_way=np.isfinite(last_m) & (tracks.departed[s] > 0),
            waited=np.isfinite(last_m) & (tracks.departed[s] == 0) & (tracks.arrived[s] > 0),
            to_first_m=to_first_m,
            moved_m=np.where(moved_m[on] > MOVED_M, moved_m[on], 0.0),
            against_m=np.where(same, tracks.against_m[s], 0.0),
            along_m=np.where(same & (tracks.departed[s] == 0), tracks.along_m[s], 0.0),
            way_m=ground_distance_m(tracks.lat[s], tracks.lon[s], lat, lon), gained_m=last_m - tracks.from_m[s],
            stands_s=stands_s, approaches=np.where(match.moved[on], nearer, stands_s <= STOPS_FOR_S),
        )  # fmt: skip

    def _stop_told(self, reports: _OnRuns, obs: Observations) -> _StopTold:
        """What each report (m,) says of the vehicle's stop: a call of the run that it is on."""
        tt, trip = self.timetable, reports.trip
        # Where the block's next trip has taken the place of the one named, the stop is still that of the one named.
        named = obs.trip[reports.row]
        of_trip = (named < 0) | (tt.standing_for(named, reports.service_day, reports.shift_s) == trip)
        sequence = np.where(of_trip, obs.stop_sequence[reports.row], NONE)
        # Calls stand in driving order, which need not be that of the feed's stop_sequence.
        first = tt.trip_call_ptr[trip]
        at = first_equal(tt.stop_sequence, first, tt.trip_call_ptr[trip + 1], sequence)
        known = (sequence >= 0) & (at >= 0)
        call = np.where(known, at - first, NONE).astype(np.int32)
        status = obs.stop_status[reports.row]
        to_stop_m = self._to_stop_m(reports, np.maximum(call, 0))
        return _StopTold(
            call=call,
            near=known & (to_stop_m < TOLD_STOP_M),
            far=known & (to_stop_m > TOLD_WRONG_M),
            stopped=known & (status == STOPPED_AT),
            coming=known & is_one_of(status, (INCOMING_AT, IN_TRANSIT_TO)),
        )

    def _to_stop_m(self, reports: _OnRuns, call: Int32Array) -> Float64Array:
        """Metres from each vehicle (m,) to the stop of a call of its trip."""
        return to_stop_m(self.timetable, reports.trip, call, reports.lat, reports.lon)

    def _window(self, reports: _OnRuns) -> _Window:
        """Where on its line each vehicle (m,) is looked for: not behind where it was, and not further than it can have
        driven."""
        tt, trip, under_way, waited = self.timetable, reports.trip, reports.under_way, reports.waited
        length = self.diagram.call_distance_m(trip, tt.trip_calls[trip])
        by_timetable = self.diagram.scheduled_distance_m(trip, reports.seconds)
        pace = np.maximum(length / np.maximum(tt.trip_lasts_s[trip], 60), 2.0)
        last = or_where_unknown(reports.last_m, 0.0)
        driven = np.minimum(last + pace * reports.gap_s, length)
        # Who waits for its time, and longer, is not where its line comes by again.
        prior = np.where(under_way, driven, np.where(waited, np.minimum(driven, by_timetable), by_timetable))
        low = np.where(under_way, last - MOVED_M, 0.0)
        high = np.where(under_way, last + FASTEST_M_S * reports.gap_s + LEAP_M, np.inf)
        # A ring's first stop is its last one as well: who comes there in the trip's first half is not at its end, nor
        # who waited there, or was on another run, less than half a round ago.
        half_s = 0.5 * tt.trip_lasts_s[trip]
        not_driven = (reports.seconds - tt.trip_start_s[trip] < half_s) | (reports.since_s < half_s)
        begins = ~under_way & reports.near_first & not_driven
        high = np.where(begins, 0.5 * length, high)
        return _Window(low, high, prior)

    def _place(self, reports: _OnRuns, window: _Window, stop_told: _StopTold) -> _Place:
        """Where along its line each vehicle (m,) is, whether it is on it, and whether it drives it the other way."""
        tt, under_way = self.timetable, reports.under_way
        line = tt.pattern_line[tt.trip_pattern[reports.trip]]
        around = self._around_the_stop(reports.trip, window, stop_told)
        hinted = (around.low_m > window.low_m) | (around.high_m < window.high_m)
        found = self._projected(line, reports, around)
        # The stop named may be an old one, or counted from another number on: where a vehicle under way is counts.
        low = (around.low_m > window.low_m) & (found.distance_m < around.low_m + 1.0)
        high = (around.high_m < window.high_m) & (found.distance_m > around.high_m - 1.0)
        beyond = under_way & (low | high) & (found.offset_m > AT_STOP_M)
        wrong = hinted & (beyond | (stop_told.far & self._beside(line, found)))
        rows, other = self._better(line, reports, where_true(wrong), window, found)
        found.put(rows, other)
        stands = hinted & stop_told.near & stop_told.stopped
        stands[rows] = False
        # Where nothing in the window fits: anywhere on the line.
        anywhere = replace(window, low_m=np.zeros(len(reports)), high_m=np.full(len(reports), np.inf))
        again = where_true((under_way | (around.low_m > 0)) & self._beside(line, found))
        rows, other = self._better(line, reports, again, anywhere, found)
        beside = found.offset_m > off_line_m(tt, line, found)
        aside = where_true(beside & under_way)
        if len(aside):
            beside[aside] = ~self._around_its_stop(line[aside], reports.take(aside))
        along, astray = found.along.copy(), beside.copy()
        along[rows], astray[rows] = other.along, False
        against_m = self._moved_against_m(reports, along, astray)
        # One that leaves its line sideways lies nearest to where it has just been, and one that turns is followed no
        # further.
        back_m = reports.last_m[rows] - other.distance_m
        sideways = (back_m > 0) & (back_m < JUST_BEHIND_M)
        turns = (back_m > 0) & (against_m[rows] > 0) & (reports.moved_m[rows] > 0)
        off_line = beside
        off_line[rows] &= sideways
        rows, other = rows[~sideways & ~turns], other.take(~sideways & ~turns)
        found.put(rows, other)
        jumped = np.zeros(len(reports), bool)
        jumped[rows], stands[rows] = under_way[rows], False
        at_m = np.where(stands, self.diagram.call_distance_m(reports.trip, stop_told.call), found.distance_m)
        last = np.where(under_way, or_where_unknown(reports.last_m, 0.0), 0.0)
        at_m = np.where(under_way & ~jumped, np.maximum(at_m, last), at_m)
        at_m = self._not_past_unseen_stops(reports.trip, line, at_m, found.offset_m, last, reports.lat, reports.lon)
        gets_on = (reports.moved_m > 0) & (along > 0.0) & ~off_line
        along_m = np.where(
            gets_on, reports.along_m + reports.moved_m, np.where(reports.moved_m > 0, 0.0, reports.along_m)
        )
        return _Place(at_m, off_line | (against_m >= TURNED_M), jumped, against_m, gets_on, along_m)

    def _held_at_its_stop(self, reports: _OnRuns, place: _Place) -> _Place:
        """The places (m,) with that of who waits for its time on the way at its stop until it drives on along its line:
        receivers wander, and buses stand aside, as where they wait to set out."""
        tt = self.timetable
        # Who comes from another run may have left more calls than this one has.
        call = np.minimum(reports.departed, tt.trip_calls[reports.trip] - 1)
        entry = tt.entry_of(reports.trip, call)
        leaves = tt.stay_end[entry]
        early_s = tt.departure_s[leaves] - reports.seconds
        long_wait = tt.departure_s[leaves] - tt.arrival_s[entry] >= EARLIEST_DEPARTURE_S
        waits = reports.under_way & (reports.arrived > call) & (leaves + 1 < tt.trip_call_ptr[reports.trip + 1])
        rows = where_true(waits & long_wait & (early_s > -EARLIEST_DEPARTURE_S) & ~tt.trip_is_frequency[reports.trip])
        if len(rows) == 0:
            return place
        there = reports.take(rows)
        stop_m, to_stop_m = (
            self.diagram.call_distance_m(there.trip, there.departed),
            self._to_stop_m(there, there.departed),
        )
        # Its bay may lie beyond the stop: long before its time it drives no further than there.
        has_left_m = np.where(early_s[rows] > EARLIEST_DEPARTURE_S, BAY_M, WANDERS_M)
        held = (to_stop_m < BEYOND_FIRST_M) & ~(place.gets_on[rows] & (to_stop_m >= has_left_m))
        place.at_m[rows[held]], place.against_m[rows[held]] = stop_m[held], 0.0
        place.off_line[rows[held]] = place.jumped[rows[held]] = False
        return place

    def _better(
        self, line: Int32Array, reports: _OnRuns, rows: Int64Array, window: _Window, found: Projection
    ) -> tuple[Int64Array, Projection]:
        """Of `rows`, those that fit their line far better in another window than where they were `found`, and where."""
        if len(rows) == 0:
            return rows, Projection.empty()
        other = self._projected(line[rows], reports.take(rows), window.take(rows))
        near = other.offset_m < 0.6 * off_line_m(self.timetable, line[rows], other)
        fits = (other.cost < 0.25 * found.cost[rows]) & near
        return rows[fits], other.take(fits)

    def _beside(self, line: Int32Array, found: Projection) -> BoolArray:
        """Whether each vehicle (m,) does not fit its line where it was `found`."""
        result: BoolArray = found.cost > off_line_m(self.timetable, line, found) ** 2
        return result

    def _around_its_stop(self, line: Int32Array, reports: _OnRuns) -> BoolArray:
        """Whether each vehicle (m,) is around a stop that lies beside its line, as in the yard of a hospital: its next
        one, or where it stands."""
        tt, trip, result = self.timetable, reports.trip, np.zeros(len(reports), bool)
        for call in (np.maximum(reports.arrived - 1, 0), np.minimum(reports.arrived, tt.trip_calls[trip] - 1)):
            stop, at_m = tt.stop_at(trip, call), self.diagram.call_distance_m(trip, call)
            place = self.lines.project(
                line, tt.stop_lat[stop], tt.stop_lon[stop], low_m=at_m - 1.0, high_m=at_m + 1.0,
                course=np.full(len(line), np.nan),
            )  # fmt: skip
            result |= self._to_stop_m(reports, call) < AT_STOP_M + np.minimum(place.offset_m, TERMINUS_M)
        return result

    def _moved_against_m(self, reports: _OnRuns, along: Float64Array, astray: BoolArray) -> Float64Array:
        """Metres that each vehicle (m,) has moved against its line in a row; `along`: see `Projection`; `astray`: it is
        not on it."""
        moved, far = reports.moved_m > 0, reports.moved_m > LONG_WAY_M
        against = moved & (along < AGAINST)
        ahead = moved & (far | ((along > 0) & ~astray))
        more_m = np.minimum(reports.moved_m, ONE_MOVEMENT_M)
        return np.where(against, reports.against_m + more_m, np.where(ahead, 0.0, reports.against_m))

    def _projected(self, line: Int32Array, reports: _OnRuns, window: _Window) -> Projection:
        return self.lines.project(
            line, reports.lat, reports.lon, low_m=window.low_m, high_m=window.high_m, course=reports.course,
            prior_m=window.prior_m, prior_scale=PRIOR_SCALE,
        )  # fmt: skip

    def _note_progress(self, match: Match, reports: _OnRuns, place: _Place, stop_told: _StopTold) -> None:
        """Note in the `match` how far each vehicle (m,) has come on its run."""
        tt, diagram, trip, off = self.timetable, self.diagram, reports.trip, place.off_line
        pattern, calls = tt.trip_pattern[trip], tt.trip_calls[trip]
        first_m = diagram.call_distance_m(trip, np.zeros(len(trip), np.int32))
        waiting, coming = self._yet_to_leave(reports, place, first_m)
        still = waiting | coming

        arrived = diagram.calls_before(pattern, place.at_m + STOP_ZONE_M)
        departed = np.minimum(diagram.calls_before(pattern, place.at_m - STOP_ZONE_M), calls - 1)
        forward = reports.same & ~place.jumped
        arrived = np.where(forward, np.maximum(arrived, reports.arrived), arrived)
        departed = np.where(forward, np.maximum(departed, reports.departed), departed)
        # Off its line it stays where it was last seen on it, or on its way to the first stop, however late; where it
        # stood, it has left by now.
        near = (reports.to_first_m < WAITS_WITHIN_M) | reports.approaches
        frozen = off & reports.same & ((reports.departed > 0) | near)
        # Who drives against its line and never drove along it is not on this run yet.
        frozen &= ~((place.against_m >= TURNED_M) & ~(reports.gained_m > MOVED_M))
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
        at_stop = (departed < arrived) & (state != OFF_ROUTE)
        at_stop &= (state == IN_SERVICE) | self._at_the_stop(reports, departed, stop_told)
        on = reports.row
        match.state[on], match.distance_m[on], match.at_stop[on] = state, distance_m, at_stop
        match.arrived[on], match.departed[on] = arrived, departed

    def _at_the_stop(self, reports: _OnRuns, call: Int32Array, stop_told: _StopTold) -> BoolArray:
        """Whether each vehicle (m,) is at the stop of a call of its trip, by its position and its own word."""
        to_stop_m, named = self._to_stop_m(reports, call), stop_told.call == call
        on_its_way = (named & stop_told.coming) & (to_stop_m > STOP_ZONE_M)
        result: BoolArray = ((to_stop_m < AT_STOP_M) & ~on_its_way) | (named & stop_told.near & stop_told.stopped)
        return result

    def _yet_to_leave(self, reports: _OnRuns, place: _Place, first_m: Float64Array) -> tuple[BoolArray, BoolArray]:
        """Whether each vehicle (m,) waits at its first stop (`first_m` along the line) for its departure, or is on its
        way there."""
        tt, trip, at_m = self.timetable, reports.trip, place.at_m
        early_s = tt.trip_start_s[trip] - reports.seconds
        # Nor has who turns back long before its departure.
        turns = (early_s > EARLIEST_DEPARTURE_S) & (place.against_m >= TURNED_M)
        not_left = ~reports.same | (reports.departed == 0) | turns
        # Who waited and now drives its line has left, however early: but not who stands elsewhere around a terminus,
        # where the line may come by again later on.
        has_left = reports.same & (reports.arrived > 0) & place.gets_on & (reports.to_first_m >= BEYOND_FIRST_M)
        has_left |= self._left_unseen(reports, place, early_s)
        has_left &= at_m - first_m < WINDING * reports.to_first_m
        early = (early_s > EARLIEST_DEPARTURE_S) & ~(has_left & (early_s < EARLIEST_ON_ITS_LINE_S))
        # Receivers wander, and buses turn around their terminus or stand beyond it. About when it should leave, who is
        # back has not left, and who waited for its time has only by driving off along its line.
        due = early_s > -EARLIEST_DEPARTURE_S
        is_back = due & (reports.departed == 1) & (reports.arrived == 1) & (reports.to_first_m < STOP_ZONE_M)
        # Who was beyond it, and is there before its time, had only come by.
        is_back |= (early_s > 0.0) & (reports.arrived > 1) & (reports.to_first_m < WANDERS_M)
        # Who has not moved since before its time is late.
        stays = due | (reports.stands_s >= -early_s)
        stays &= reports.same & (reports.arrived > 0) & ~tt.trip_is_frequency[trip]
        stays &= ~(place.gets_on & (reports.to_first_m >= WANDERS_M))
        near = reports.near_first & (at_m <= first_m + STOP_ZONE_M)
        beyond = (at_m - first_m < BEYOND_FIRST_M) & (reports.to_first_m < WAITS_WITHIN_M) & (early | ~place.off_line)
        waiting = not_left & (near | ((early | stays) & (reports.near_first | beyond)))
        waiting |= reports.same & is_back
        # Nobody is on the way by so much before the timetable that it cannot have begun: who was coming to the first
        # stop still is, until it moves along the line; and at the end is nobody who was not seen driving there.
        is_coming = reports.same & (reports.arrived == 0) & (reports.departed == 0) & ~place.gets_on
        at_end = at_m > self.diagram.call_distance_m(trip, tt.trip_calls[trip]) - STOP_ZONE_M
        before = self.diagram.calls_before(tt.trip_pattern[trip], at_m)
        too_soon_s = early_s + self.diagram.elapsed_at(trip, before, at_m)
        crosses = ~place.off_line & (is_coming | at_end) & (too_soon_s > EARLIEST_DEPARTURE_S)
        # Who comes along its own line the other way is nowhere on its run.
        crosses |= is_coming & (place.against_m >= TURNED_M) & reports.approaches
        # Who is too far away to be there in time is on its way to somewhere else.
        in_reach = reports.to_first_m < FASTEST_M_S * np.maximum(early_s, EARLIEST_DEPARTURE_S)
        return waiting, not_left & ~waiting & (early | crosses) & in_reach

    def _left_unseen(self, reports: _OnRuns, place: _Place, early_s: Float64Array) -> BoolArray:
        """Whether each vehicle (m,), `early_s` before its departure, was first seen when it had left its first stop
        already: it goes on along its line, away from there."""
        tt, trip = self.timetable, reports.trip
        before = self.diagram.calls_before(tt.trip_pattern[trip], place.at_m)
        too_soon_s = early_s + self.diagram.elapsed_at(trip, before, place.at_m)
        # Around a ring it may drive the round before.
        ring = between_runs_m(tt, trip, trip) < TERMINUS_M
        earliest_s = np.where(ring, 0.5 * tt.trip_lasts_s[trip], np.inf)
        left: BoolArray = place.gets_on & (place.along_m >= LEFT_UNSEEN_M)
        left &= (reports.to_first_m >= BEYOND_FIRST_M) & (place.at_m >= BEYOND_FIRST_M)
        return left & (too_soon_s < np.minimum(earliest_s, EARLIEST_UNSEEN_S))

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
        tt, diagram, result = self.timetable, self.diagram, at_m.copy()
        rows = where_true(~tt.line_has_shape[line] & (offset_m > STOP_ZONE_M))
        if len(rows) == 0:
            return result
        trip, at_m, last_m = trip[rows], at_m[rows], last_m[rows]
        pattern, doubt = tt.trip_pattern[trip], offset_m[rows] - STOP_ZONE_M
        sure = diagram.calls_before(pattern, np.maximum(at_m - doubt, last_m) + STOP_ZONE_M)
        unseen = sure < diagram.calls_before(pattern, at_m + STOP_ZONE_M)
        first = np.minimum(sure, tt.trip_calls[trip] - 1)
        here = diagram.call_distance_m(trip, first)
        near = to_stop_m(tt, trip, first, lat[rows], lon[rows]) < AT_STOP_M
        reached_m = np.where(near, here, np.maximum(here - STOP_ZONE_M - 1.0, last_m))
        result[rows] = np.where(unseen, np.minimum(at_m, reached_m), at_m)
        return result

    def _around_the_stop(self, trip: Int32Array, window: _Window, stop_told: _StopTold) -> _Window:
        """The window (m,) narrowed to the stop that a report names; one that would not meet it stays as it is."""
        if not (stop_told.call >= 0).any():
            return window
        here, before = (self.diagram.call_distance_m(trip, stop_told.call - k) for k in (0, 1))
        low = np.maximum(window.low_m, before - TOLD_STOP_SLACK_M)
        high = np.minimum(window.high_m, here + TOLD_STOP_SLACK_M)
        meets = (stop_told.call >= 0) & (low < high)
        return replace(window, low_m=np.where(meets, low, window.low_m), high_m=np.where(meets, high, window.high_m))


def off_line_m(timetable: Timetable, line: Int32Array, place: Projection) -> Float64Array:
    """Metres beside its line (n,) from which on a vehicle is not on it."""
    straying = np.where(timetable.line_has_shape[line], 0.0, OFF_LINE_SHAPELESS * place.segment_m)
    return OFF_LINE_M + straying


def _course(tracks: Tracks, slot: Int64Array, obs: Observations) -> tuple[Float64Array, Float64Array]:
    """The direction in which each vehicle (n,) last moved, and how far it is from where that movement ended, metres:
    NaN at its first report."""
    moved_m = ground_distance_m(tracks.anchor_lat[slot], tracks.anchor_lon[slot], obs.lat, obs.lon)
    moved = ~(moved_m <= MOVED_M)
    course = np.where(
        moved & np.isfinite(moved_m),
        course_deg(tracks.anchor_lat[slot], tracks.anchor_lon[slot], obs.lat, obs.lon),
        np.where(np.isfinite(obs.bearing), obs.bearing, tracks.course[slot]),
    ).astype(np.float64)
    # A course across a long silence says little: the road has bends.
    course[moved_m > LONG_WAY_M] = np.nan
    return course, moved_m
