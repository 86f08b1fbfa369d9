"""The order in which vehicles call at the stops of a line, learned where the feed has no shapes.

Without a shape nothing but `stop_sequence` tells which of two stops comes first, and in feeds made from recordings it
may be wrong. The feed is contradicted only where two witnesses agree: its times cannot be driven in its order, and
those who are to call at one stop before another are seen to pass the other one first. Where a trip begins and ends is
believed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from predictor.arrays import (
    BoolArray,
    Float64Array,
    Int32Array,
    Int64Array,
    StrArray,
    contains,
    expand_ranges,
    first_of_each,
)
from predictor.geometry import METRES_PER_DEGREE, between_stops_m, ground_distance_m
from predictor.observations import Observations
from predictor.own_patterns import link_pairs
from predictor.straight_lines import IMPOSSIBLE_M_S, SLACK_M, straight_lines
from predictor.timetable import DAY_S, Timetable

NEAR_M = 100.0
"""A vehicle whose way, straight from report to report, leads nearer to a stop than this passes it."""
AS_NEAR_M = 30.0
"""One that passes it more than once is at it whenever it is as near as this to its nearest."""
LONGEST_GAP_S, LONGEST_WAY_M = 300.0, 1500.0
"""Between reports further apart nobody knows the way."""
LEAST_RUNS = 2
"""Runs seen the other way round before the feed, whose order cannot be driven, is contradicted."""
LEAST_SHARE = 0.7
"""Of the runs that tell."""
STUDY_S, STUDY_REPORTS = float(DAY_S), 1_000_000
"""What was seen is counted after so long, or so much;"""
PART = 50_000
"""so many reports at a time."""
REACH = 12
"""Places that two calls may be apart whose order is learned."""
ROUNDS = 2 * REACH
"""Exchanges of neighbours, all at once, before what still contradicts itself is left."""
UNLIKELY_M_S = 12.0
"""A bus in town averages less from stop to stop, no bus more than `IMPOSSIBLE_M_S`."""
ABOVE_MEAN = 1.5
"""Between the two, a trip is measured by its own mean speed."""
COARSEST_TIMES_S = 60
"""Times are rounded to no more than whole minutes."""


class DrivenOrder:
    """Counts for each two stops that the feed has one soon after the other on a line whose times cannot be driven, at
    which of the two vehicles were seen first: vehicles of all lines without a shape that call at both and drive the
    same way."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        at, after = _pairs_in_doubt(timetable)
        pair, reversed_ = _pairs_one_way(timetable, timetable.pattern_of_call[at], *timetable.pattern_stop[[at, after]])
        # Pairs of stops and the way that lines drive (n,) as one number each, ascending; how often each end was first;
        # and whether the feed has each first on a line in doubt.
        self._pair: Int64Array = np.unique(pair)
        self._first = np.zeros((2, len(self._pair)), np.int64)
        self._in_doubt = np.zeros((2, len(self._pair)), bool)
        self._in_doubt[reversed_.astype(np.int64), np.searchsorted(self._pair, pair)] = True
        doubtful = np.zeros(timetable.stops, bool)
        doubtful[timetable.pattern_stop[at]] = doubtful[timetable.pattern_stop[after]] = True
        calls_there = np.add.reduceat(doubtful[timetable.pattern_stop], timetable.pattern_call_ptr[:-1])
        self._tells = ~timetable.line_has_shape[timetable.pattern_line] & (calls_there >= 2)
        # The message before: vehicles and times of their reports.
        self._before = (np.empty(0, np.str_), np.empty(0))
        self._vehicle: list[StrArray] = []
        # (n, 5): trip, service date, POSIX seconds, latitude, longitude.
        self._reports: list[Float64Array] = []
        self._taken = 0
        self._study_at = np.inf

    def take(self, observations: Observations) -> None:
        """See a message, decoded against the timetable; messages come in order of time."""
        tt, obs = self.timetable, observations
        if obs.received_at >= self._study_at or self._taken >= STUDY_REPORTS:
            self.study()
        self._study_at = min(self._study_at, obs.received_at + STUDY_S)
        if len(obs) == 0:
            self._before = (obs.vehicle_id, obs.timestamp)
            return
        _, reports, earlier = np.intersect1d(obs.vehicle_id, self._before[0], return_indices=True)
        new = np.ones(len(obs), bool)
        new[reports] = obs.timestamp[reports] != self._before[1][earlier]
        self._before = (obs.vehicle_id, obs.timestamp)
        rows = np.flatnonzero(new & (obs.trip >= 0) & self._tells[tt.trip_pattern[np.maximum(obs.trip, 0)]])
        report = np.column_stack([obs.trip, obs.service_date, obs.timestamp, obs.lat, obs.lon])[rows]
        self._vehicle.append(obs.vehicle_id[rows])
        self._reports.append(report)
        self._taken += len(rows)

    def study(self) -> None:
        """Count what was seen until now. Runs that still go on are counted in two parts."""
        self._study_at, self._taken = np.inf, 0
        if not self._reports:
            return
        _, vehicle = np.unique(np.concatenate(self._vehicle), return_inverse=True)
        report = np.concatenate(self._reports)
        self._vehicle, self._reports = [], []
        order = np.lexsort((report[:, 2], report[:, 1], report[:, 0], vehicle))
        report, vehicle = report[order], vehicle[order]
        if len(report) == 0:
            return
        same = (vehicle[1:] == vehicle[:-1]) & (report[1:, :2] == report[:-1, :2]).all(axis=1)
        run = np.append(0, np.cumsum(~same))
        parts = np.searchsorted(run, run[::PART])
        for begin, end in pairwise(np.append(np.unique(parts), len(run)).tolist()):
            self._count(*_passed(self.timetable, report[begin:end], run[begin:end]))

    def _count(self, run: Int64Array, entry: Int64Array, first: Float64Array, last: Float64Array) -> None:
        """Add up what was seen of trip calls (n,), as `_passed` gives them."""
        tt = self.timetable
        stop, pattern = tt.call_stop[entry], tt.trip_pattern[tt.call_trip[entry]]
        for apart in range(1, min(REACH, len(run) - 1) + 1):
            call = np.flatnonzero((run[apart:] == run[:-apart]) & (entry[apart:] - entry[:-apart] <= REACH))
            later = call + apart
            pair, reversed_ = _pairs_one_way(tt, pattern[call], stop[call], stop[later])
            place, known = np.searchsorted(self._pair, pair), contains(self._pair, pair)
            for in_order, end in ((last[call] < first[later], reversed_), (last[later] < first[call], ~reversed_)):
                rows = np.flatnonzero(known & in_order)
                np.add.at(self._first, (end[rows].astype(np.int64), place[rows]), 1)

    def backward_links(self) -> StrArray:
        """Names, as links have them, of the pairs of stops that are called at the other way round."""
        tt = self.timetable
        all_runs = self._first.sum(axis=0)
        sure = (self._first >= LEAST_RUNS) & (self._first >= LEAST_SHARE * all_runs)
        # The end that is the first of the two, where the feed has the other one first; and where it is right to.
        wrong, right = sure[::-1] & self._in_doubt, sure & self._in_doubt
        ends = np.array(np.divmod(self._pair // 2, tt.stops))
        given_pairs = np.concatenate([ends[0] * tt.stops + ends[1], ends[1] * tt.stops + ends[0]])
        wrong_pairs = np.setdiff1d(given_pairs[wrong.ravel()], given_pairs[right.ravel()])
        first, other = np.divmod(wrong_pairs, tt.stops)
        return np.char.add(np.char.add(tt.stop_id[first], "\n"), tt.stop_id[other])


def _pairs_in_doubt(timetable: Timetable) -> tuple[Int64Array, Int64Array]:
    """The two pattern calls (n,) of each pair, one soon after the other on a line that cannot be driven."""
    tt = timetable
    pattern = tt.pattern_of_call
    doubtful = _undrivable(tt)[tt.pattern_line][pattern]
    at = [
        np.flatnonzero(doubtful[:-apart] & (pattern[:-apart] == pattern[apart:]))
        for apart in range(1, min(REACH, len(pattern) - 1) + 1)
    ]
    after = [calls + apart for apart, calls in enumerate(at, 1)]
    return np.concatenate(at), np.concatenate(after)


def _pairs_one_way(
    tt: Timetable, pattern: Int32Array | Int64Array, stop: Int32Array, after: Int32Array
) -> tuple[Int64Array, BoolArray]:
    """One number for each two stops (n,) that a pattern calls at, the same in whatever order it does, but another one
    for patterns that lead the opposite way; and whether the smaller index comes last.

    Many lines call at the same stops on the way out and on the way back.
    """
    reversed_: BoolArray = stop > after
    low, high = np.minimum(stop, after).astype(np.int64), np.maximum(stop, after).astype(np.int64)
    begin, end = tt.pattern_stop[tt.pattern_call_ptr[pattern]], tt.pattern_stop[tt.pattern_call_ptr[pattern + 1] - 1]
    east = np.cos(np.radians(tt.stop_lat[begin])) ** 2
    north = (tt.stop_lat[high] - tt.stop_lat[low]) * (tt.stop_lat[end] - tt.stop_lat[begin])
    along = north + east * (tt.stop_lon[high] - tt.stop_lon[low]) * (tt.stop_lon[end] - tt.stop_lon[begin])
    return 2 * (low * tt.stops + high) + (along < 0.0), reversed_


def _passed(
    tt: Timetable, report: Float64Array, run: Int64Array
) -> tuple[Int64Array, Int64Array, Float64Array, Float64Array]:
    """The trip calls that vehicles drove past: run, trip call, first and last time (n,), ordered by run and call.

    Parameters: `report` (m, 5) trip, date, time and place, in order of run and time; `run` (m,).
    """
    trip, time, lat, lon = report[:, 0].astype(np.int64), report[:, 2], report[:, 3], report[:, 4]
    metres_east = np.cos(np.radians(lat)) * METRES_PER_DEGREE
    # The way from each report to the one before it, none where nobody knows it.
    x, y = np.diff(lon, prepend=lon[0]) * metres_east, np.diff(lat, prepend=lat[0]) * METRES_PER_DEGREE
    gap = np.diff(time, prepend=time[0])
    known = (np.diff(run, prepend=-1) == 0) & (gap < LONGEST_GAP_S) & (np.hypot(x, y) < LONGEST_WAY_M)
    x, y, gap = x * known, y * known, gap * known
    here, entry = tt.entries_of(trip)
    x, y, stop = x[here], y[here], tt.call_stop[entry]
    stop_x = (lon[here] - tt.stop_lon[stop]) * metres_east[here]
    stop_y = (lat[here] - tt.stop_lat[stop]) * METRES_PER_DEGREE
    back = np.clip((stop_x * x + stop_y * y) / np.maximum(x * x + y * y, 1.0), 0.0, 1.0)
    off_m = np.hypot(stop_x - back * x, stop_y - back * y)
    near = off_m < NEAR_M
    here, entry, off_m, back = here[near], entry[near], off_m[near], back[near]
    passed_at = time[here] - back * gap[here]
    order = np.lexsort((entry, run[here]))
    here, entry, off_m, passed_at = here[order], entry[order], off_m[order], passed_at[order]
    if len(here) == 0:
        return run[:0], entry, passed_at, passed_at
    opens = np.flatnonzero(first_of_each(run[here], entry))
    nearest = np.minimum.reduceat(off_m, opens)
    near = off_m <= np.repeat(nearest, np.diff(np.append(opens, len(here)))) + AS_NEAR_M
    here, entry, passed_at = here[near], entry[near], passed_at[near]
    opens = np.flatnonzero(first_of_each(run[here], entry))
    return (
        run[here[opens]], entry[opens],
        np.minimum.reduceat(passed_at, opens), np.maximum.reduceat(passed_at, opens),
    )  # fmt: skip


def with_driven_order(timetable: Timetable, backward_links: StrArray) -> Timetable:
    """The timetable with calls in the order in which they are driven, on lines without a shape whose times cannot be
    driven in the order given.

    The times stay where they are; each call keeps the `stop_sequence` that the feed gave it. A trip's first and last
    call stay. Parameters: `backward_links`: as `DrivenOrder.backward_links` gives them, perhaps of another timetable.
    """
    place = _driven_places(timetable, _pairs_named(timetable, backward_links))
    moved = np.flatnonzero(place != np.arange(len(place)))
    if len(moved) == 0:
        return timetable
    changed = np.zeros(len(timetable.line_ptr) - 1, bool)
    changed[timetable.pattern_line[timetable.pattern_of_call[moved]]] = True
    return _in_places(timetable, place, changed)


def _pairs_named(timetable: Timetable, links: StrArray) -> Int64Array:
    """Sorted pairs of stops (n,), as `DrivenOrder` has them, of the links whose stops the timetable has."""
    index = timetable.stop_index
    ends = [link.partition("\n")[::2] for link in links.tolist()]
    known = [index[a] * timetable.stops + index[b] for a, b in ends if a in index and b in index]
    return np.unique(np.array(known, np.int64))


def _driven_places(timetable: Timetable, backward: Int64Array) -> Int64Array:
    """(pattern calls,) which pattern call of the feed stands at each one's place."""
    tt = timetable
    movable = _undrivable(tt)[tt.pattern_line][tt.pattern_of_call]
    movable[tt.pattern_call_ptr[:-1]] = movable[tt.pattern_call_ptr[1:] - 1] = False
    exchangeable = movable[:-1] & movable[1:]
    place = np.arange(len(tt.pattern_stop))
    for _ in range(ROUNDS):
        stop = tt.pattern_stop[place].astype(np.int64)
        found = contains(backward, stop[:-1] * tt.stops + stop[1:]) & exchangeable
        found[1:] &= ~found[:-1]
        at = np.flatnonzero(found)
        if len(at) == 0:
            break
        place[at], place[at + 1] = place[at + 1], place[at]
    return place


def undrivable_hops(timetable: Timetable) -> BoolArray:
    """(calls,) whether the way from a trip call to the next asks for more speed than its trip can have, were each time
    rounded as coarsely as all of the trip's times may be. Ways are taken straight."""
    tt = timetable
    if tt.trips == 0:
        return np.zeros(0, bool)
    stop, trip, begins = tt.pattern_stop, tt.call_trip, tt.trip_call_ptr[:-1]
    inside = np.append(trip[1:] == trip[:-1], False)
    hop_m = np.zeros(len(stop))
    hop_m[:-1] = between_stops_m(tt, stop[:-1], stop[1:])
    way_m = np.where(inside, hop_m[tt.call_pattern_call], 0.0)
    time_s = np.append(tt.arrival_s[1:] - tt.departure_s[:-1], 0)
    grain_s = np.minimum(np.gcd.reduceat(np.gcd(tt.arrival_s, tt.departure_s), begins), COARSEST_TIMES_S)
    whole_s = tt.arrival_s[tt.trip_call_ptr[1:] - 1] - tt.departure_s[begins]
    mean_m_s = np.add.reduceat(way_m, begins) / np.maximum(whole_s, 1)
    limit_m_s = np.clip(ABOVE_MEAN * mean_m_s, UNLIKELY_M_S, IMPOSSIBLE_M_S)
    result: BoolArray = inside & (way_m > limit_m_s[trip] * (time_s + grain_s[trip]) + SLACK_M)
    return result


def _undrivable(timetable: Timetable) -> BoolArray:
    """(lines,) whether a line is drawn straight through the stops that are called at on it, and half of its trips and
    more cannot be driven on one and the same hop. All patterns on such a line call at the same stops."""
    tt = timetable
    calls, vertices = np.diff(tt.pattern_call_ptr), np.diff(tt.line_ptr)
    drawn = ~tt.line_has_shape
    drawn[tt.pattern_line[calls != vertices[tt.pattern_line]]] = False
    line = tt.pattern_line[tt.trip_pattern]
    trips = np.bincount(line, minlength=len(drawn))
    of_call = line[tt.call_trip]
    rows = np.flatnonzero(drawn[of_call])
    vertex = tt.line_ptr[of_call[rows]] + rows - tt.trip_call_ptr[tt.call_trip[rows]]
    undrivable = np.bincount(vertex, undrivable_hops(tt)[rows], tt.line_ptr[-1])
    found: BoolArray = np.zeros(len(drawn), bool)
    found[tt.line_of_vertex[(undrivable > 0) & (undrivable >= 0.5 * trips[tt.line_of_vertex])]] = True
    return found


def _in_places(timetable: Timetable, place: Int64Array, changed: BoolArray) -> Timetable:
    """The timetable with its calls put in `place` (pattern calls,), and the lines that are `changed` (lines,) drawn
    anew."""
    tt = timetable
    pattern = tt.pattern_of_call
    moved = np.flatnonzero(changed[tt.pattern_line[pattern]])
    stop, vertex = tt.pattern_stop[place], tt.line_ptr[tt.pattern_line[pattern]] + np.arange(len(place))
    vertex -= tt.pattern_call_ptr[pattern]
    lat, lon, along = _drawn(tt, stop, changed)
    distance = tt.pattern_distance_m.copy()
    distance[moved] = along[vertex[moved]]
    hop = moved[tt.pattern_link[moved] >= 0]
    pattern_link = tt.pattern_link.copy()
    link_from, link_to, link_m, pattern_link[hop] = link_pairs(
        tt, stop[hop], stop[hop + 1], distance[hop + 1] - distance[hop]
    )
    # Which trip call of the feed stands at each one's place.
    own = tt.call_pattern_call
    entry = np.arange(len(own)) + place[own] - own

    return replace(
        tt,
        line_lat=lat, line_lon=lon, line_distance_m=along,
        link_from_stop=link_from, link_to_stop=link_to, link_distance_m=link_m,
        pattern_stop=stop, pattern_distance_m=distance, pattern_link=pattern_link,
        stop_sequence=tt.stop_sequence[entry], timepoint=tt.timepoint[entry], call_headsign=tt.call_headsign[entry],
        pickup_type=tt.pickup_type[entry], drop_off_type=tt.drop_off_type[entry],
    )  # fmt: skip


def _drawn(
    tt: Timetable, pattern_stop: Int32Array, changed: BoolArray
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Latitude, longitude and distance (vertices,) of all lines, those `changed` (lines,) drawn through the stops
    (pattern calls,) of their patterns by the times of one of their trips."""
    model = np.zeros(len(changed), np.int64)
    model[tt.pattern_line[tt.trip_pattern]] = np.arange(tt.trips)
    line = np.flatnonzero(changed)
    calls = np.diff(tt.line_ptr)[line]
    _, vertex = expand_ranges(tt.line_ptr[line], calls)
    _, call = expand_ranges(tt.pattern_call_ptr[tt.trip_pattern[model[line]]], calls)
    _, entry = tt.entries_of(model[line])
    stop, ptr = pattern_stop[call], np.append(0, np.cumsum(calls))
    lat, lon, along = tt.line_lat.copy(), tt.line_lon.copy(), tt.line_distance_m.copy()
    lat[vertex], lon[vertex] = straight_lines(
        ptr, tt.stop_lat[stop], tt.stop_lon[stop], tt.departure_s[entry].astype(np.float64)
    )
    way = np.append(0.0, ground_distance_m(lat[vertex[:-1]], lon[vertex[:-1]], lat[vertex[1:]], lon[vertex[1:]]))
    total = np.cumsum(way)
    along[vertex] = total - np.repeat(total[ptr[:-1]], calls)
    return lat, lon, along
