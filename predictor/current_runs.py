"""The run that each vehicle is on: the one that it names, else the one that it goes on with.

The feed's trip id is believed until time or block speak against it: a vehicle that has finished a trip goes on with its
block's next one.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int32Array,
    Int64Array,
    contains,
    is_among,
    or_where_unknown,
    sorted_once,
    where_true,
)
from predictor.geometry import LineGeometry, to_first_stop_m
from predictor.matching import OFF_LINE_M, TERMINUS_M
from predictor.named_runs import RunNames, run_finder
from predictor.observations import Observations
from predictor.runs import DatedRuns
from predictor.service_days import ServiceDays
from predictor.snapshot import IN_SERVICE, OFF_ROUTE
from predictor.time_distance import TimeDistance
from predictor.tracks import Tracks

BROKEN_DOWN_S = 720.0
"""A vehicle that comes to no further stop for so long, and then names its trip no more, does not go on with it."""
SIGNED_OFF_S = 900.0
"""Nor does who has named it no more for so long, wherever it drives: many a feed leaves it out for some minutes."""


class CurrentRuns:
    """Tells the runs of reports against one timetable."""

    def __init__(self, days: ServiceDays, diagram: TimeDistance, lines: LineGeometry) -> None:
        self.timetable, self.days, self.diagram, self.lines = diagram.timetable, days, diagram, lines
        self.finder = run_finder(diagram.timetable)

    def of_reports(self, tracks: Tracks, slot: Int64Array, obs: Observations, cancelled: Int64Array) -> DatedRuns:
        """The run that each report (n,) is to be matched to, trip and day -1 where none is named or known.

        Parameters: `cancelled`: `ServiceDays.key` of trips that the operator took out.
        """
        runs = self._named(tracks, slot, obs)
        goes_on = where_true((obs.trip < 0) & self._goes_on(tracks, slot, obs))
        # A vehicle that takes another's place names its run: the other one has been taken off it.
        named = sorted_once(runs.run_key[runs.trip >= 0])
        goes_on = goes_on[~contains(named, tracks.runs.take(slot[goes_on]).run_key)]
        runs = runs.with_rows(goes_on, tracks.runs.take(slot[goes_on]))
        # A feed may go on naming a run that is over: what the block drives after the last one takes its place.
        finished = tracks.finished.take(slot)
        runs = runs.with_rows(long_over := where_true(self._before_in_block(runs, finished)), finished.take(long_over))
        over = (runs.trip >= 0) & finished.same_as(runs)
        # One that names none waits for no trip that does not run.
        waits = (obs.trip < 0) & (runs.trip >= 0) & (tracks.departed[slot] == 0)
        over |= waits & is_among(self.days.key(runs.trip, runs.service_day), cancelled)
        return self._next_of_block(tracks, slot, obs, runs, where_true(over), cancelled)

    def _before_in_block(self, runs: DatedRuns, finished: DatedRuns) -> BoolArray:
        """Whether each of the runs (n,) comes before the one that its vehicle has finished, in the same block."""
        tt = self.timetable
        known = (runs.trip >= 0) & (finished.trip >= 0) & (runs.service_day == finished.service_day)
        trip, last = np.maximum(runs.trip, 0), np.maximum(finished.trip, 0)
        known &= (tt.trip_block[trip] >= 0) & (tt.trip_block[trip] == tt.trip_block[last])
        known &= ~tt.trip_repeats[trip] & ~tt.trip_repeats[last]
        result: BoolArray = known & (tt.trip_start_s[trip] < tt.trip_start_s[last])
        return result

    def _named(self, tracks: Tracks, slot: Int64Array, obs: Observations) -> DatedRuns:
        """The runs (n,) that reports name, -1 where they name none or their trip does not run then."""
        runs = DatedRuns.blank(len(obs))
        rows = where_true(obs.trip >= 0)
        trip = obs.trip[rows]
        day, shift = self._day_and_shift(tracks, slot[rows], obs.take(rows))
        trip = self.timetable.standing_for(np.where(day < 0, NONE, trip), day, shift)
        followed = (trip >= 0) & self.timetable.trip_has_a_way[trip]
        return runs.with_rows(rows[followed], DatedRuns(trip, day, shift).take(followed))

    def _goes_on(self, tracks: Tracks, slot: Int64Array, obs: Observations) -> BoolArray:
        """Whether each vehicle (n,) goes on with the run that it is on, if it names none: not where it had got no
        further for long, since then it has broken down and is taken home; nor where it has long ceased to name it."""
        stuck = (tracks.named_at[slot] > -np.inf) & (obs.timestamp - tracks.arrived_at[slot] > BROKEN_DOWN_S)
        stuck &= (tracks.state[slot] == IN_SERVICE) & (tracks.departed[slot] > 0)
        signed_off = tracks.names_its_trip[slot] & (obs.timestamp - tracks.named_at[slot] > SIGNED_OFF_S)
        result: BoolArray = (tracks.trip[slot] >= 0) & (tracks.state[slot] != OFF_ROUTE) & ~stuck & ~signed_off
        return result

    def _next_of_block(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, runs: DatedRuns, over: Int64Array,
        cancelled: Int64Array,
    ) -> DatedRuns:  # fmt: skip
        """The runs (n,) with those of the rows `over` replaced by their blocks' next ones, where the vehicle is near
        the first stop of that or on it already; else it is on none, unless it goes on naming the old one."""
        trip, day, shift = runs.trip.copy(), runs.service_day.copy(), runs.shift_s.copy()
        on_day = day[over]
        following = self.days.following(trip[over], on_day)
        while (out := (following >= 0) & is_among(self.days.key(following, on_day), cancelled)).any():
            following[out] = self.days.following(following[out], on_day[out])
        first_m = to_first_stop_m(self.timetable, np.maximum(following, 0), obs.lat[over], obs.lon[over])
        takes = (following >= 0) & ((first_m < TERMINUS_M) | (tracks.trip[slot[over]] == following))
        trip[over[takes]], shift[over[takes]] = following[takes], 0
        lost = over[~takes & (obs.trip[over] < 0)]
        trip[lost], day[lost] = NONE, NONE
        return DatedRuns(trip, day, shift)

    def _day_and_shift(self, tracks: Tracks, slot: Int64Array, obs: Observations) -> tuple[Int32Array, Int32Array]:
        """Service day and shift (n,) of the runs that reports name, -1 where their trip does not run then.

        Where a trip has several departures and none is named, that of the run that the vehicle is on, else the one that
        should now be where the vehicle is: of several by headway each has left when it should have to be there.
        """
        tt, trip = self.timetable, obs.trip
        names = RunNames.of_trips(trip, obs.service_date, obs.start_time_s)
        elapsed = np.full(len(trip), np.nan)
        unsaid = where_true((obs.start_time_s < 0) & tt.trip_overlaps[trip])
        elapsed[unsaid] = self._elapsed_by_place(obs.take(unsaid))
        found = self.finder.find(names, obs.timestamp, np.ones(len(trip), bool), elapsed)
        day, shift = found.service_day, found.shift_s
        guessed = (day >= 0) & ~found.start_known
        on_it = guessed & (tracks.trip[slot] == trip) & ((obs.service_date == 0) | (tracks.service_day[slot] == day))
        # One that waits to set out takes the run that is due, where runs have their times; and one that has finished
        # its run is on another when it is seen in the first half of the way again.
        half_s = 0.5 * tt.trip_lasts_s[trip]
        again = (tracks.departed[slot] == 0) & ~tt.trip_is_frequency[trip]
        again |= (tracks.arrived[slot] >= tt.trip_calls[trip]) & (elapsed < half_s)
        on_it &= ~again
        has_left = guessed & tt.trip_is_frequency[trip] & (obs.start_time_s < 0)
        left_at = obs.timestamp - or_where_unknown(elapsed, 0.0)
        since_then = (left_at - tt.date_origin[day]).astype(np.int32) - tt.trip_start_s[trip]
        shift = np.where(on_it, tracks.shift_s[slot], np.where(has_left, since_then, shift))
        return np.where(on_it, tracks.service_day[slot], day), shift

    def _elapsed_by_place(self, obs: Observations) -> Float64Array:
        """Seconds after the start (n,) when a run of each report's trip is where the report is, NaN off its way."""
        if len(obs) == 0:
            return np.empty(0)
        tt = self.timetable
        line = tt.pattern_line[tt.trip_pattern[obs.trip]]
        place = self.lines.project(line, obs.lat, obs.lon, course=obs.bearing.astype(np.float64))
        departed = self.diagram.calls_before(tt.trip_pattern[obs.trip], place.distance_m)
        elapsed = self.diagram.elapsed_at(obs.trip, departed, place.distance_m)
        return np.where(place.offset_m < OFF_LINE_M, elapsed, np.nan)
