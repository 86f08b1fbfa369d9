"""The order in which vehicles call at the stops of a line, learned where the feed has no shapes.

Without a shape nothing but `stop_sequence` tells which of two stops comes first, and in feeds made from recordings it
may be wrong. The feed is contradicted only where two witnesses agree: its times cannot be driven in its order, and
those who are to call at one stop before another are seen at the other one first, day after day. Where a trip begins
and ends is believed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import NONE, AnyArray, BoolArray, Float64Array, Int32Array, Int64Array, StrArray, expand_ranges
from predictor.geometry import ground_distance_m
from predictor.links import with_links
from predictor.observations import Observations
from predictor.timetable import Timetable
from predictor.travel_times import link_names

AT_STOP_M = 30.0
LEAST_RUNS = 2
"""Runs seen the other way round before the feed, whose order cannot be driven, is contradicted."""
LEAST_SHARE = 0.7
"""Of the runs that tell."""
STUDY_S = 86400.0
REACH = 12
"""Places that two calls may be apart whose order is learned."""
ROUNDS = 2 * REACH
"""Exchanges of neighbours, all at once, before what still contradicts itself is left."""
UNLIKELY_M_S, IMPOSSIBLE_M_S = 12.0, 30.0
"""A bus in town averages less than the first from stop to stop, no bus more than the second."""
ABOVE_MEAN = 1.5
"""Between the two, a trip is measured by its own mean speed."""
SLACK_M = 60.0
"""Stops are not points: this much distance is free."""
COARSEST_TIMES_S = 60
"""Times are rounded to no more than whole minutes."""


class DrivenOrder:
    """Counts for each two stops that trips on lines without a shape call at, one soon after the other, at which of the
    two vehicles were seen first."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        # Pairs of stops as one number each, the one that the feed has first times the number of stops and the other.
        self._pair: Int64Array = np.empty(0, np.int64)
        self._forward: Int64Array = np.empty(0, np.int64)
        self._backward: Int64Array = np.empty(0, np.int64)
        self._vehicle: list[StrArray] = []
        # (n, 4): trip, service date, call, POSIX seconds.
        self._seen: list[Float64Array] = []
        self._study_at = np.inf

    def take(self, observations: Observations) -> None:
        """See a message, decoded against the timetable; messages come in order of time."""
        tt, obs = self.timetable, observations
        if obs.received_at >= self._study_at:
            self.study()
        self._study_at = min(self._study_at, obs.received_at + STUDY_S)
        line = tt.pattern_line[tt.trip_pattern[np.maximum(obs.trip, 0)]]
        rows = np.flatnonzero((obs.trip >= 0) & ~tt.line_has_shape[line])
        trip = obs.trip[rows]
        owner, entry = expand_ranges(tt.trip_call_ptr[trip], tt.trip_calls[trip])
        stop, report = tt.call_stop[entry], rows[owner]
        off_m = ground_distance_m(tt.stop_lat[stop], tt.stop_lon[stop], obs.lat[report], obs.lon[report])
        near = off_m < AT_STOP_M
        entry, report = entry[near], report[near]
        trip = obs.trip[report]
        self._vehicle.append(obs.vehicle_id[report])
        self._seen.append(
            np.column_stack([trip, obs.service_date[report], entry - tt.trip_call_ptr[trip], obs.timestamp[report]])
        )

    def study(self) -> None:
        """Count what was seen until now. Runs that still go on are counted in two parts."""
        self._study_at = np.inf
        if not self._seen:
            return
        _, vehicle = np.unique(np.concatenate(self._vehicle), return_inverse=True)
        seen = np.concatenate(self._seen)
        self._vehicle, self._seen = [], []
        if len(seen) == 0:
            return
        order = np.lexsort((seen[:, 3], seen[:, 2], seen[:, 1], seen[:, 0], vehicle))
        seen, vehicle = seen[order], vehicle[order]
        at_call = np.column_stack([vehicle, seen[:, :3]]).astype(np.int64)
        begins = np.flatnonzero(np.append(True, (at_call[1:] != at_call[:-1]).any(axis=1)))
        first, last = seen[begins, 3], seen[np.append(begins[1:], len(seen)) - 1, 3]
        at_call = at_call[begins]
        stop = self.timetable.call_stop[self.timetable.trip_call_ptr[at_call[:, 1]] + at_call[:, 3]]
        for apart in range(1, min(REACH, len(at_call) - 1) + 1):
            one = np.flatnonzero((at_call[apart:, :3] == at_call[:-apart, :3]).all(axis=1))
            other = one + apart
            near = (at_call[other, 3] - at_call[one, 3] <= REACH) & (stop[one] != stop[other])
            one, other = one[near], other[near]
            pair = stop[one].astype(np.int64) * self.timetable.stops + stop[other]
            self._count(pair, last[one] < first[other], last[other] < first[one])

    def _count(self, pair: Int64Array, forward: BoolArray, backward: BoolArray) -> None:
        """Add up what was seen of pairs (n,)."""
        known, of = np.unique(np.concatenate([self._pair, pair]), return_inverse=True)
        self._forward = np.bincount(of, np.concatenate([self._forward, forward])).astype(np.int64)
        self._backward = np.bincount(of, np.concatenate([self._backward, backward])).astype(np.int64)
        self._pair = known

    def backward_links(self) -> StrArray:
        """Names, as links have them, of the pairs of stops that are called at the other way round; of two opposite
        pairs only the surer."""
        back = self._backward
        told = back >= LEAST_SHARE * (back + self._forward)
        at = np.flatnonzero((back >= LEAST_RUNS) & told)
        at = at[np.argsort(-back[at], kind="stable")]
        ends = np.column_stack(np.divmod(self._pair[at], self.timetable.stops))
        _, surest = np.unique(np.sort(ends, axis=1), axis=0, return_index=True)
        start, end = ends[np.sort(surest)].T
        return np.char.add(np.char.add(self.timetable.stop_id[start], "\n"), self.timetable.stop_id[end])


def with_driven_order(timetable: Timetable, backward_links: StrArray) -> Timetable:
    """The timetable with calls in the order in which they are driven, on lines without a shape whose times cannot be
    driven in the order given.

    The times stay where they are; each call keeps the `stop_sequence` that the feed gave it. A trip's first and last
    call stay. Parameters: `backward_links`: as `DrivenOrder.backward_links` gives them, perhaps of another timetable.
    """
    fixed = ~_has_undrivable_hop(timetable)[_pattern_of_calls(timetable)]
    fixed[timetable.pattern_call_ptr[:-1]] = True
    # A call is named by the link that it begins: the last but one would change places with the last.
    fixed[timetable.pattern_call_ptr[1:] - 1] = fixed[np.maximum(timetable.pattern_call_ptr[1:] - 2, 0)] = True
    for _ in range(ROUNDS):
        backward = np.append(np.isin(link_names(timetable), backward_links), False)
        found = backward[timetable.pattern_link] & ~fixed
        found[1:] &= ~found[:-1]
        line, call = _on_lines(timetable, found)
        if len(line) == 0:
            break
        timetable = _exchanged(timetable, line, call)
    return timetable


def undrivable_hops(timetable: Timetable) -> BoolArray:
    """(calls,) whether the way from a trip call to the next asks for more speed than its trip can have, were each time
    rounded as coarsely as all of the trip's times may be. Ways are taken straight."""
    tt = timetable
    if tt.trips == 0:
        return np.zeros(0, bool)
    stop, trip, begins = tt.call_stop, tt.call_trip, tt.trip_call_ptr[:-1]
    inside = np.append(trip[1:] == trip[:-1], False)
    way_m = np.zeros(len(stop))
    way_m[:-1] = ground_distance_m(
        tt.stop_lat[stop[:-1]], tt.stop_lon[stop[:-1]], tt.stop_lat[stop[1:]], tt.stop_lon[stop[1:]]
    )
    way_m = np.where(inside, way_m, 0.0)
    time_s = np.append(tt.arrival_s[1:] - tt.departure_s[:-1], 0)
    grain_s = np.minimum(np.gcd.reduceat(np.gcd(tt.arrival_s, tt.departure_s), begins), COARSEST_TIMES_S)
    whole_s = tt.arrival_s[tt.trip_call_ptr[1:] - 1] - tt.departure_s[begins]
    mean_m_s = np.add.reduceat(way_m, begins) / np.maximum(whole_s, 1)
    limit_m_s = np.clip(ABOVE_MEAN * mean_m_s, UNLIKELY_M_S, IMPOSSIBLE_M_S)
    result: BoolArray = inside & (way_m > limit_m_s[trip] * (time_s + grain_s[trip]) + SLACK_M)
    return result


def _has_undrivable_hop(timetable: Timetable) -> BoolArray:
    """(patterns,) whether half of a pattern's trips and more cannot be driven on one and the same hop."""
    tt = timetable
    trip = tt.call_trip
    place = tt.pattern_call_ptr[tt.trip_pattern[trip]] + np.arange(len(trip)) - tt.trip_call_ptr[trip]
    trips = np.bincount(place, minlength=len(tt.pattern_stop))
    undrivable = np.bincount(place, undrivable_hops(tt), len(tt.pattern_stop))
    found: BoolArray = np.zeros(len(tt.pattern_line), bool)
    found[_pattern_of_calls(tt)[(undrivable > 0) & (undrivable >= 0.5 * trips)]] = True
    return found


def _pattern_of_calls(timetable: Timetable) -> Int64Array:
    """(pattern calls,) the pattern of each."""
    return np.repeat(np.arange(len(timetable.pattern_line)), np.diff(timetable.pattern_call_ptr))


def _on_lines(timetable: Timetable, found: BoolArray) -> tuple[Int64Array, Int64Array]:
    """(line, call) of the pattern calls `found`, on lines that are drawn through their calls; all patterns on such a
    line call at the same stops."""
    tt = timetable
    model = np.full(len(tt.line_ptr) - 1, NONE, np.int64)
    calls = np.diff(tt.pattern_call_ptr)
    drawn = ~tt.line_has_shape[tt.pattern_line] & (calls == np.diff(tt.line_ptr)[tt.pattern_line])
    model[tt.pattern_line[drawn]] = np.flatnonzero(drawn)
    line = np.flatnonzero(model >= 0)
    owner, place = expand_ranges(tt.pattern_call_ptr[model[line]], calls[model[line]])
    rows = np.flatnonzero(found[place])
    line = line[owner[rows]]
    return line, place[rows] - tt.pattern_call_ptr[model[line]]


def _exchanged(timetable: Timetable, line: Int64Array, call: Int64Array) -> Timetable:
    """The timetable with call `call[i]` of all that drive on line `line[i]` and the call after it exchanged (n,)."""
    tt = timetable
    vertex = tt.line_ptr[line] + call
    lat, lon = _swapped(tt.line_lat, vertex), _swapped(tt.line_lon, vertex)
    changed = np.zeros(len(tt.line_ptr) - 1, bool)
    changed[line] = True
    along = np.cumsum(np.append(0.0, ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])))
    along -= np.repeat(along[tt.line_ptr[:-1]], np.diff(tt.line_ptr))
    along = np.where(np.repeat(changed, np.diff(tt.line_ptr)), along, tt.line_distance_m)

    pattern, pattern_call = _members(tt.pattern_line, line, call)
    stop = _swapped(tt.pattern_stop, tt.pattern_call_ptr[pattern] + pattern_call)
    of = np.repeat(np.arange(len(tt.pattern_line)), np.diff(tt.pattern_call_ptr))
    moved = np.flatnonzero(changed[tt.pattern_line[of]])
    distance = tt.pattern_distance_m.copy()
    distance[moved] = along[tt.line_ptr[tt.pattern_line[of[moved]]] + moved - tt.pattern_call_ptr[of[moved]]]
    hop = moved[tt.pattern_link[moved] >= 0]
    tt, link = with_links(tt, stop[hop], stop[hop + 1], distance[hop + 1] - distance[hop])
    pattern_link = tt.pattern_link.copy()
    pattern_link[hop] = link

    trip, trip_call = _members(tt.pattern_line[tt.trip_pattern], line, call)
    entry = tt.trip_call_ptr[trip] + trip_call
    return replace(
        tt,
        line_lat=lat, line_lon=lon, line_distance_m=along,
        pattern_stop=stop, pattern_distance_m=distance, pattern_link=pattern_link,
        stop_sequence=_swapped(tt.stop_sequence, entry), timepoint=_swapped(tt.timepoint, entry),
        call_headsign=_swapped(tt.call_headsign, entry),
        pickup_type=_swapped(tt.pickup_type, entry), drop_off_type=_swapped(tt.drop_off_type, entry),
    )  # fmt: skip


def _members(line_of: Int32Array, line: Int64Array, call: Int64Array) -> tuple[Int64Array, Int64Array]:
    """(member, call) for each of the lines (n,) and every member of it; `line_of`: line of each member."""
    order = np.argsort(line_of, kind="stable")
    first, end = (np.searchsorted(line_of[order], line, side=side) for side in ("left", "right"))
    owner, at = expand_ranges(first, end - first)
    return order[at], call[owner]


def _swapped(values: AnyArray, at: Int64Array) -> AnyArray:
    """`values` with each `at` and the one after it exchanged."""
    result: AnyArray = values.copy()
    result[at], result[at + 1] = values[at + 1], values[at]
    return result
