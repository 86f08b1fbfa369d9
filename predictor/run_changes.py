"""When a vehicle goes on to another run than the one it is on.

Feeds name a vehicle's next run by the clock while it is still late on the one before, or name both at once. The run
that it is on stays the one that it drives for as long as it gets on with it; the other is its next.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, first_of_each, is_one_of, where_true
from predictor.geometry import LineGeometry, between_runs_m, ground_distance_m, to_first_stop_m
from predictor.match import FASTEST_M_S, LEAP_M
from predictor.matching import MOVED_M, TERMINUS_M, off_line_m
from predictor.named_runs import RunFinder, RunNames
from predictor.observations import Observations
from predictor.runs import DatedRuns
from predictor.snapshot import IN_SERVICE, LAYOVER
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.tracks import Tracks

SAME_TIME_S = 5.0
"""Reports of a vehicle within this time say where it is now, each with another run."""
LONGEST_DELAY_S = 3600.0
"""A vehicle later than this on its run is believed to be on another as soon as one is named."""
LONGEST_GAP_S = 600.0
"""A vehicle not heard of for so long may have been anywhere since."""
OVERLAP_S = 120.0
"""A run that begins earlier than this before the end of another is not driven after it."""
AT_THE_END_M = 100.0
"""A vehicle so near to its last stop has come to the end, if another run begins there."""
STANDS_M = 60.0
"""A vehicle that has moved no further than this since its last report stands, whatever its receiver makes of it."""
STANDS_S = 240.0
"""A vehicle that stands for so long while another run is named has turned, and waits for that one."""
AT_A_LIGHT_S = 90.0
"""One that stands for so long a little before its last stop has come to where it waits."""
BEYOND_M = 400.0
"""A vehicle so far along the line of the run that is named has left the first stop of that,"""
SOON_S = 300.0
"""if it is no further than this from its time there."""
GETS_ON = 0.5
"""A vehicle on its line gets on by this share of the way that it moved: less, and it has turned or left the line."""


def present_reports(
    timetable: Timetable,
    finder: RunFinder,
    tracks: Tracks,
    slot: Int64Array,
    obs: Observations,
    rows: Int64Array,
    now: float,
) -> tuple[Int64Array, DatedRuns]:
    """Of reports that one vehicle makes of several runs at once, that of the run which it is on.

    Parameters: `slot` (n,) of all reports `obs`; `rows` (m,) the newest one of each vehicle.
    Returns: the rows (m,) to follow, and the run (m,) named beside it that comes after, trip -1 where none.
    """
    nothing = np.full(len(rows), NONE, np.int32)
    upcoming = DatedRuns(nothing, nothing, np.zeros(len(rows), np.int32))
    place = np.full(len(tracks), NONE, np.int64)
    place[slot[rows]] = np.arange(len(rows))
    known = where_true((place[slot] >= 0) & (obs.trip >= 0))
    newest_at = obs.timestamp[rows]
    known = known[newest_at[place[slot[known]]] - obs.timestamp[known] <= SAME_TIME_S]
    known = known[(obs.timestamp[known] <= now) & (obs.timestamp[known] > tracks.timestamp[slot[known]])]
    several = np.bincount(place[slot[known]], minlength=len(rows)) > 1
    known = known[several[place[slot[known]]]]
    if len(known) == 0:
        return rows, upcoming
    names = RunNames.of_trips(obs.trip[known], obs.service_date[known], obs.start_time_s[known])
    runs = finder.find(names, obs.timestamp[known], np.ones(len(known), bool))
    known, runs = known[runs.trip >= 0], runs.take(runs.trip >= 0)
    runs = replace(runs, trip=timetable.standing_for(runs.trip, runs.service_day, runs.shift_s))
    followed = timetable.trip_has_a_way[runs.trip]
    known, runs = known[followed], runs.take(followed)
    s = slot[known]
    start = runs.starts_at(timetable)
    is_on = runs.same_as(tracks.runs.take(s)) & (tracks.arrived[s] < timetable.trip_calls[runs.trip])
    is_over = runs.same_as(tracks.finished.take(s))
    order = np.lexsort((start, is_over, ~is_on, s))
    first = first_of_each(s[order])
    rows = rows.copy()
    rows[place[s[order[first]]]] = known[order[first]]
    chosen = order[first][np.cumsum(first) - 1]
    after = order[(start[order] > start[chosen]) & ~is_over[order]]
    # The soonest is written last.
    after = after[np.argsort(-start[after], kind="stable")]
    return rows, upcoming.with_rows(place[s[after]], runs.take(after))


class RunChanges:
    """Holds vehicles on their runs, for one timetable."""

    def __init__(self, diagram: TimeDistance, lines: LineGeometry) -> None:
        self._timetable, self._diagram, self._lines = diagram.timetable, diagram, lines

    def settled(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, named: DatedRuns, upcoming: DatedRuns
    ) -> DatedRuns:
        """The run that each vehicle (n,) is on, where its report names `named`; notes in its track which comes next:
        `upcoming` where that is said, else the run named where the vehicle is still on the one before."""
        old = tracks.runs.take(slot)
        kept = self._kept(tracks, slot, obs, named) | self._named_by_turns(tracks, slot, obs, named)
        runs = named.with_rows(where_true(kept), old.take(where_true(kept)))
        ahead = where_true(kept & ~named.same_as(tracks.finished.take(slot)))
        upcoming = upcoming.with_rows(ahead, named.take(ahead))
        # Who goes back to an earlier run before it has set out may be named by turns with both.
        waits = (tracks.departed[slot] == 0) & (upcoming.trip < 0)
        back, stays = where_true(waits & self._follows(old, named)), where_true(waits & runs.same_as(old))
        before = tracks.upcoming.take(slot)
        upcoming = upcoming.with_rows(stays, before.take(stays)).with_rows(back, old.take(back))
        tracks.give(slot, upcoming)
        return runs

    def _named_by_turns(self, tracks: Tracks, slot: Int64Array, obs: Observations, named: DatedRuns) -> BoolArray:
        """Whether each vehicle (n,) waits at its first stop for a run that its reports name by turns with the next:
        that changes no board to and fro, until it is long due."""
        old = tracks.runs.take(slot)
        turns = named.same_as(tracks.upcoming.take(slot)) & (named.trip >= 0) & (tracks.state[slot] == LAYOVER)
        turns &= self._follows(named, old)
        begins = old.starts_at(self._timetable)
        result: BoolArray = turns & (tracks.departed[slot] == 0) & (obs.timestamp < begins + SOON_S)
        return result

    def _follows(self, runs: DatedRuns, others: DatedRuns) -> BoolArray:
        """Whether each run (n,) can be driven after the other."""
        tt, known = self._timetable, (runs.trip >= 0) & (others.trip >= 0)
        begins = runs.starts_at(tt)
        result: BoolArray = known & (begins >= others.finishes_at(tt) - OVERLAP_S)
        return result

    def _kept(self, tracks: Tracks, slot: Int64Array, obs: Observations, named: DatedRuns) -> BoolArray:
        """Whether each vehicle (n,) is still on its run where another is named: the next one too soon, or one that it
        has finished."""
        tt = self._timetable
        kept = np.zeros(len(slot), bool)
        old, gap_s = tracks.runs.take(slot), obs.timestamp - tracks.timestamp[slot]
        is_over = named.same_as(tracks.finished.take(slot))
        drives = (tracks.state[slot] == IN_SERVICE) & (tracks.departed[slot] > 0) & tracks.names_its_trip[slot]
        drives |= is_over & is_one_of(tracks.state[slot], (IN_SERVICE, LAYOVER))
        unfinished = (old.trip >= 0) & drives & (tracks.arrived[slot] < tt.trip_calls[old.trip])
        changes = unfinished & (obs.trip >= 0) & (named.trip >= 0) & ~named.same_as(old)
        changes &= np.isfinite(tracks.distance_m[slot]) & (gap_s < LONGEST_GAP_S)
        row = where_true(changes)
        if len(row) == 0:
            return kept
        ends, begins = old.take(row).finishes_at(tt), named.take(row).starts_at(tt)
        follows = (begins >= ends - OVERLAP_S) & (obs.timestamp[row] < ends + LONGEST_DELAY_S)
        row = row[follows | is_over[row]]
        s, runs, reports, gap = slot[row], old.take(row), obs.take(row), gap_s[row]
        last_m = tracks.distance_m[s]
        at_m, on_line = self._place(runs, reports, last_m - MOVED_M, last_m + FASTEST_M_S * gap + LEAP_M)
        moved_m = ground_distance_m(tracks.lat[s], tracks.lon[s], reports.lat, reports.lon)
        # Standing a little before its last stop it may wait for its next run, elsewhere to go on with this one.
        trip, diagram = runs.trip, self._diagram
        ahead_s = diagram.elapsed_at(trip, tracks.departed[s], np.maximum(at_m, last_m))
        near_end = diagram.elapsed_s[tt.entry_of(trip, tt.trip_calls[trip] - 1)] - ahead_s < 2.0 * gap + 60.0
        near_end &= tracks.arrived[s] >= tt.trip_calls[trip] - 1
        waits = reports.timestamp - tracks.moved_at[s] < np.where(near_end, AT_A_LIGHT_S, STANDS_S)
        goes_on = np.where(moved_m < STANDS_M, waits, at_m - last_m >= GETS_ON * moved_m)
        goes_on &= ~self._at_its_first_stop(runs, named.take(row), reports, at_m)
        goes_on &= ~self._takes_its_place(runs, named.take(row), reports, at_m)
        kept[row] = on_line & (is_over[row] | goes_on)
        return kept

    def _at_its_first_stop(self, old: DatedRuns, named: DatedRuns, obs: Observations, at_m: Float64Array) -> BoolArray:
        """Whether vehicles (n,) are where the run named begins: at the end of their own, or elsewhere, but where they
        have just set out."""
        tt = self._timetable
        near = to_first_stop_m(tt, named.trip, obs.lat, obs.lon) < TERMINUS_M
        elsewhere = between_runs_m(tt, old.trip, named.trip) > TERMINUS_M
        left_m = self._diagram.call_distance_m(old.trip, tt.trip_calls[old.trip] - 1) - at_m
        set_out = at_m - self._diagram.call_distance_m(old.trip, np.zeros_like(old.trip)) < BEYOND_M
        return near & ((elsewhere & ~set_out) | (left_m < AT_THE_END_M))

    def _takes_its_place(self, old: DatedRuns, named: DatedRuns, obs: Observations, at_m: Float64Array) -> BoolArray:
        """Whether late vehicles (n,) were put on the run named, which is behind their own on the same way: they are
        where it should be, and its first stop is not where their own run ends."""
        tt = self._timetable
        elsewhere = between_runs_m(tt, old.trip, named.trip) > TERMINUS_M
        place_m, on_line = self._place(named, obs, np.zeros(len(obs)), np.full(len(obs), np.inf))
        late_s, own_late_s = (
            obs.timestamp - runs.starts_at(tt)
            - self._diagram.elapsed_at(runs.trip, self._diagram.calls_before(tt.trip_pattern[runs.trip], m), m)
            for runs, m in ((named, place_m), (old, at_m))
        )  # fmt: skip
        result: BoolArray = elsewhere & on_line & (place_m > BEYOND_M) & (np.abs(late_s) < SOON_S)
        return result & (np.abs(late_s) < own_late_s)

    def _place(
        self, runs: DatedRuns, obs: Observations, low_m: Float64Array, high_m: Float64Array
    ) -> tuple[Float64Array, BoolArray]:
        """Metres along the line of each run (n,) within a window, and whether the vehicle is on it there."""
        tt = self._timetable
        line = tt.pattern_line[tt.trip_pattern[runs.trip]]
        place = self._lines.project(
            line, obs.lat, obs.lon, low_m=low_m, high_m=high_m, course=obs.bearing.astype(np.float64)
        )
        on_line: BoolArray = place.offset_m < off_line_m(tt, line, place)
        return place.distance_m, on_line
