"""Trips for vehicles whose reports name none.

Candidates are the patterns whose line passes near the vehicle, and on each the run that the timetable puts nearest to
it in time, that takes place and that no other vehicle drives. A candidate becomes the vehicle's run only after it has
come out best several reports in a row while the vehicle moved forward along it: a bus on its way to the garage follows
a line too. One on its way from the garage does so as well, but no trip that began before it was first heard of is its
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from predictor.arrays import (
    BoolArray,
    Float64Array,
    Int32Array,
    Int64Array,
    expand_ranges,
    first_of_each,
    is_among,
    places_of,
    sorted_once,
    where_true,
)
from predictor.geometry import METRES_PER_DEGREE, LineGeometry
from predictor.observations import Observations
from predictor.runs import DatedRuns
from predictor.service_days import ServiceDays
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.tracks import Tracks

CELL_M = 250.0
NEAR_LINE_M = 60.0
EARLY_S, LATE_S = 300.0, 1200.0
"""A vehicle is taken for a trip when it is this much early at the most, this much late at the most."""
AGREEMENTS = 4
"""Reports in a row that must agree."""
PROGRESS_M = 400.0
"""Distance that the vehicle must have come along the line while they agreed."""
HEARD_LATE_S = 120.0
"""A vehicle may be first heard of this long after it set out."""

_PATTERNS = 2**24


@dataclass(frozen=True, eq=False)
class PatternGrid:
    """Patterns by square of ground, in CSR over the sorted squares that any line touches."""

    cell: Int64Array
    ptr: Int64Array
    pattern: Int32Array
    cos: float

    @classmethod
    def of(cls, timetable: Timetable) -> PatternGrid:
        """Lay every line's vertices, no further than a square apart, on the grid."""
        tt = timetable
        cos = float(np.cos(np.radians(np.median(tt.line_lat)))) if len(tt.line_lat) else 1.0
        line = tt.line_of_vertex
        step = np.diff(tt.line_distance_m, append=0.0)
        step[tt.line_ptr[1:] - 1] = 0.0
        owner, index = expand_ranges(np.zeros(len(line), np.int64), (step // (CELL_M / 2)).astype(np.int64) + 1)
        share = index * (CELL_M / 2) / np.maximum(step[owner], CELL_M / 2)
        after = np.minimum(owner + 1, max(len(line) - 1, 0))
        lat = tt.line_lat[owner] + share * (tt.line_lat[after] - tt.line_lat[owner])
        lon = tt.line_lon[owner] + share * (tt.line_lon[after] - tt.line_lon[owner])
        lines = len(tt.line_ptr)
        touched, of_line = np.divmod(sorted_once(_cell(lat, lon, cos) * lines + line[owner]), lines)
        # Patterns of each line, in CSR.
        by_line = np.argsort(tt.pattern_line, kind="stable")
        line_ptr = np.searchsorted(tt.pattern_line[by_line], np.arange(len(tt.line_ptr)))
        pair, at = expand_ranges(line_ptr[of_line], line_ptr[of_line + 1] - line_ptr[of_line])
        cell = touched[pair]
        ptr = where_true(first_of_each(cell))
        return cls(cell[ptr], np.append(ptr, len(pair)).astype(np.int64), by_line[at].astype(np.int32), cos)

    def near(self, lat: Float64Array, lon: Float64Array) -> tuple[Int64Array, Int32Array]:
        """Pairs (position, pattern) whose line runs through a position's square or one of its eight neighbours."""
        if len(self.cell) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int32)
        degrees = CELL_M / METRES_PER_DEGREE
        # (positions, 3, 3): the squares one to the north and south, east and west.
        north, east = np.array([-1, 0, 1])[:, None] * degrees, np.array([-1, 0, 1]) * degrees / self.cos
        cells = _cell(lat[:, None, None] + north, lon[:, None, None] + east, self.cos).ravel()
        at = places_of(cells, self.cell)
        square, index = expand_ranges(self.ptr[at], np.where(at >= 0, self.ptr[at + 1] - self.ptr[at], 0))
        pairs = sorted_once(square // 9 * _PATTERNS + self.pattern[index])
        return pairs // _PATTERNS, (pairs % _PATTERNS).astype(np.int32)


def _cell(lat: Float64Array, lon: Float64Array, cos: float) -> Int64Array:
    row = np.floor(lat * METRES_PER_DEGREE / CELL_M).astype(np.int64)
    column = np.floor(lon * cos * METRES_PER_DEGREE / CELL_M).astype(np.int64)
    return row * 1_000_000 + column


class _Near(NamedTuple):
    """Candidates, (pairs,): reports and the patterns whose line passes near them."""

    owner: Int64Array
    """Row of the report."""
    pattern: Int32Array
    at_m: Float64Array
    """Along the line."""
    cost: Float64Array
    """See `LineGeometry.project`."""


class Assigner:
    """Finds trips for vehicles that name none."""

    def __init__(self, days: ServiceDays, diagram: TimeDistance, lines: LineGeometry) -> None:
        tt = diagram.timetable
        self.timetable, self.days, self.diagram, self.lines = tt, days, diagram, lines
        self.grid = PatternGrid.of(tt)
        # Departures of each pattern in order, in CSR; one by headway has no time to be found by.
        journey = where_true(~tt.trip_is_frequency[tt.journey_trip])
        journey = journey[tt.trip_has_a_way[tt.journey_trip[journey]]]
        trip, shift = tt.journey_trip[journey], tt.journey_shift_s[journey]
        order = np.lexsort((tt.trip_start_s[trip] + shift, tt.trip_pattern[trip]))
        self._trips: Int32Array = trip[order]
        self._shifts_s: Int32Array = shift[order]
        self._ptr = np.searchsorted(tt.trip_pattern[self._trips], np.arange(len(tt.pattern_route) + 1))

    def assign(
        self,
        tracks: Tracks,
        slot: Int64Array,
        obs: Observations,
        open_: BoolArray,
        now: float,
        heard_since: float,
        cancelled: Int64Array,
    ) -> tuple[Int64Array, DatedRuns]:
        """Rows of `obs` that get a run now, and the runs; keeps the others' guesses in `tracks`.

        Parameters: `open_` (n,): reports that name no trip, of vehicles that are on none; `heard_since`: POSIX seconds
        since when the feed has been heard without a break: who was first heard of then may have been driving before;
        `cancelled`: `ServiceDays.key` of trips that the operator took out.
        """
        tt = self.timetable
        rows = where_true(open_)
        if len(rows) == 0:
            return rows, DatedRuns.empty()
        owner, pattern = self.grid.near(obs.lat[rows], obs.lon[rows])
        route, direction = obs.route[rows][owner], obs.direction[rows][owner]
        fits = (route < 0) | (tt.pattern_route[pattern] == route)
        fits &= (direction < 0) | (tt.pattern_direction[pattern] < 0) | (tt.pattern_direction[pattern] == direction)
        owner, pattern = owner[fits], pattern[fits]
        s = slot[rows]
        best, best_m = self._best(tracks, s, obs.take(rows), owner, pattern, now, heard_since, cancelled)
        agrees = tracks.guess(s, best, best_m)
        sure = agrees & (tracks.guesses[s] >= AGREEMENTS) & (best_m - tracks.guess_m[s] >= PROGRESS_M)
        return rows[sure], best.take(sure)

    def _best(
        self,
        tracks: Tracks,
        slot: Int64Array,
        obs: Observations,
        owner: Int64Array,
        pattern: Int32Array,
        now: float,
        heard_since: float,
        cancelled: Int64Array,
    ) -> tuple[DatedRuns, Float64Array]:
        """The best of each report's candidate patterns, pairs (`owner`, `pattern`): the run and metres along its line,
        each (n,); NONE and NaN where none fits."""
        best, best_m = DatedRuns.blank(len(slot)), np.full(len(slot), np.nan)
        score_of = np.full(len(slot), np.inf)
        near = self._near(tracks, slot, obs, owner, pattern)
        taken = tracks.runs.take(tracks.trip >= 0).run_key
        heard_at = tracks.heard_at[slot]
        came_at = np.where(heard_at > heard_since + HEARD_LATE_S, heard_at, -np.inf)
        for day in self.days.around(now):
            pair, runs, late = self._free_runs(near, day, obs.timestamp, came_at, cancelled, taken)
            report = near.owner[pair]
            score = np.where(late < 0, -2.0 * late, late) / 60.0 + near.cost[pair] / 30.0**2
            score[(late < -EARLY_S) | (late > LATE_S)] = np.inf
            # The trip that is being tried keeps a small lead, so that two trips close in time do not take turns.
            score -= np.where(tracks.guessed.take(slot[report]).same_as(runs), 2.0, 0.0)
            row = np.lexsort((score, report))
            chosen = row[first_of_each(report[row])]
            chosen = chosen[score[chosen] < score_of[report[chosen]]]
            report = report[chosen]
            score_of[report], best_m[report] = score[chosen], near.at_m[pair[chosen]]
            best = best.with_rows(report, runs.take(chosen))
        return best, best_m

    def _near(
        self, tracks: Tracks, slot: Int64Array, obs: Observations, owner: Int64Array, pattern: Int32Array
    ) -> _Near:
        """Of the candidates, pairs (`owner`, `pattern`), those whose line passes near the vehicle."""
        tt = self.timetable
        same = (tracks.guess_trip[slot] >= 0)[owner]
        before = np.where(same, tracks.guess_m[slot][owner], np.nan)
        place = self.lines.project(
            tt.pattern_line[pattern], obs.lat[owner], obs.lon[owner],
            course=obs.bearing[owner].astype(np.float64), prior_m=before, prior_scale=10.0,
        )  # fmt: skip
        shapeless = ~tt.line_has_shape[tt.pattern_line[pattern]]
        near = place.cost < (NEAR_LINE_M + np.where(shapeless, 0.2 * place.segment_m, 0.0)) ** 2
        return _Near(owner[near], pattern[near], place.distance_m[near], place.cost[near])

    def _free_runs(
        self,
        near: _Near,
        day: int,
        timestamp: Float64Array,
        came_at: Float64Array,
        cancelled: Int64Array,
        taken: Int64Array,
    ) -> tuple[Int64Array, DatedRuns, Float64Array]:
        """Runs of a service day near each report (n,) in place and time, that take place and that no other vehicle
        drives: row of `near`, run, and seconds by which it would be late.

        Parameters: `came_at` (n,): when the vehicle was first heard of, -inf where it may have been there before;
        `taken`: `run_key` of the runs that others drive.
        """
        tt, owner = self.timetable, near.owner
        first = self._ptr[near.pattern]
        pair, index = expand_ranges(first, self._ptr[near.pattern + 1] - first)
        trip, shift = self._trips[index], self._shifts_s[index]
        # On the trip's own times.
        seconds = timestamp[owner[pair]] - tt.date_origin[day] - shift
        around = (tt.trip_start_s[trip] - EARLY_S <= seconds) & (seconds <= tt.trip_end_s[trip] + LATE_S)
        around &= tt.date_origin[day] + tt.trip_start_s[trip] + shift >= came_at[owner[pair]] - HEARD_LATE_S
        around &= tt.runs_on(trip, day)
        around &= ~is_among(self.days.key(trip, day), cancelled)
        pair, trip, seconds, shift = pair[around], trip[around], seconds[around], shift[around]
        runs = DatedRuns(trip, np.full(len(trip), day, np.int32), shift)
        free = ~is_among(runs.run_key, taken)
        pair, trip, seconds, runs = pair[free], trip[free], seconds[free], runs.take(free)
        at_m = near.at_m[pair]
        departed = self.diagram.calls_before(tt.trip_pattern[trip], at_m)
        return pair, runs, seconds - tt.trip_start_s[trip] - self.diagram.elapsed_at(trip, departed, at_m)
