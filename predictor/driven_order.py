"""The order in which vehicles call at the stops of a line, learned where the feed has no shapes.

Without a shape nothing but `stop_sequence` tells which of two neighbouring stops comes first, and in feeds made from
recordings it may be wrong. Where those who are to drive from one stop to the next are seen at the next one first, day
after day, the two change places.
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
LEAST_RUNS = 4
"""Runs seen the other way round before the feed is contradicted."""
LEAST_SHARE = 0.8
"""Of the runs that tell."""
STUDY_S = 86400.0
ROUNDS = 5
"""Places that a call may move by."""


class DrivenOrder:
    """Counts for each link, on lines without a shape, at which of its two stops vehicles were seen first."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        self.forward: Int64Array = np.zeros(len(timetable.link_from_stop), np.int64)
        self.backward: Int64Array = np.zeros(len(timetable.link_from_stop), np.int64)
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
        same_run = (at_call[1:, :3] == at_call[:-1, :3]).all(axis=1)
        pair = np.flatnonzero(same_run & (at_call[1:, 3] == at_call[:-1, 3] + 1))
        tt = self.timetable
        link = tt.pattern_link[tt.pattern_call_ptr[tt.trip_pattern[at_call[pair, 1]]] + at_call[pair, 3]]
        np.add.at(self.forward, link, last[pair] < first[pair + 1])
        np.add.at(self.backward, link, last[pair + 1] < first[pair])

    def backward_links(self) -> StrArray:
        """Names of the links that are driven the other way round, of two opposite ones only the surer."""
        back = self.backward
        told = back >= LEAST_SHARE * (back + self.forward)
        link = np.flatnonzero((back >= LEAST_RUNS) & told)
        link = link[np.argsort(-back[link], kind="stable")]
        ends = np.sort(np.column_stack([self.timetable.link_from_stop, self.timetable.link_to_stop])[link], axis=1)
        _, surest = np.unique(ends, axis=0, return_index=True)
        return link_names(self.timetable)[np.sort(link[surest])]


def with_driven_order(timetable: Timetable, backward_links: StrArray) -> Timetable:
    """The timetable with calls in the order in which they are driven, on lines without a shape.

    The times stay where they are; each call keeps the `stop_sequence` that the feed gave it. A trip's first call stays
    the first. Parameters: `backward_links`: as `DrivenOrder.backward_links` gives them, perhaps of another timetable.
    """
    for _ in range(ROUNDS):
        backward = np.append(np.isin(link_names(timetable), backward_links), False)
        found = backward[timetable.pattern_link]
        found[timetable.pattern_call_ptr[:-1]] = False
        found[1:] &= ~found[:-1]
        line, call = _on_lines(timetable, found)
        if len(line) == 0:
            break
        timetable = _exchanged(timetable, line, call)
    return timetable


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
