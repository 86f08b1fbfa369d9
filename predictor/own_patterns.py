"""The patterns of the operator's own runs, with their lines and links, behind those of the timetable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor.arrays import NONE, AnyArray, Float64Array, Int32Array, concatenated
from predictor.geometry import ground_distance_m
from predictor.own_run import OwnRun, shape_content
from predictor.stop_alignment import aligned, pattern_stops, patterns_along
from predictor.timetable import NO_PICKUP, Timetable

_Points = tuple[Float64Array, Float64Array, Float64Array]
"""Latitude, longitude and metres along it of a line's vertices."""


@dataclass(frozen=True, eq=False)
class _Pattern:
    """A new pattern, its calls (c,)."""

    run: OwnRun
    """One that drives it."""
    line: int
    distance_m: Float64Array
    link: Int32Array
    """(c - 1,) the model's links between calls that follow each other there too, else -1."""


class OwnPatterns:
    """Patterns, lines and links appended to a base's."""

    def __init__(self, base: Timetable) -> None:
        self.base = base
        self._new: list[_Pattern] = []
        self._lines: list[tuple[_Points, bool]] = []
        """Each with whether it is a shape."""
        self._made: dict[tuple[object, ...], int] = {}

    def of(self, run: OwnRun) -> int:
        """The pattern of a run: one of the base's where there is the same, else a new one."""
        key = (
            run.route, run.direction, run.trip, run.calls.stop.tobytes(), run.calls.base_call.tobytes(),
            shape_content(run.shape),
        )  # fmt: skip
        if key not in self._made:
            self._made[key] = self._same_in_base(run) if run.trip < 0 else self._along(run)
        return self._made[key]

    def _same_in_base(self, run: OwnRun) -> int:
        """For a run that no trip is a model of: its route's own pattern or part of one, else straight from stop to
        stop."""
        stops = tuple(run.calls.stop.tolist())
        along = patterns_along(self.base, run.calls.stop, run.route)
        directions = self.base.pattern_direction[along]
        along = along[(directions == run.direction) | (run.direction < 0) | (directions < 0)]
        if len(along) == 0:
            return self._append(run, NONE, ())
        calls = self.base.pattern_call_ptr[along + 1] - self.base.pattern_call_ptr[along]
        shortest = int(along[np.argmin(calls)])
        theirs = pattern_stops(self.base, shortest)
        if run.shape is None and len(theirs) == len(stops):
            return shortest if theirs == stops else self._append(run, NONE, ())
        return self._append(run, shortest, aligned(stops, theirs))

    def _along(self, run: OwnRun) -> int:
        model = int(self.base.trip_pattern[run.trip])
        if run.shape is None and pattern_stops(self.base, model) == tuple(run.calls.stop.tolist()):
            return model
        return self._append(run, model, tuple(run.calls.base_call.tolist()))

    def _append(self, run: OwnRun, model: int, places: tuple[int, ...]) -> int:
        """A new pattern: on the run's own shape, else on the model's line from call to call that both have, straight on
        where they do not."""
        base, n, place = self.base, len(run.calls), np.array(places, np.int64)
        links = np.full(n - 1, NONE, np.int32)
        if model >= 0 and max(places, default=NONE) >= 0:
            follows = np.flatnonzero((place[:-1] >= 0) & (place[1:] == place[:-1] + 1))
            links[follows] = base.pattern_link[int(base.pattern_call_ptr[model]) + place[follows]]
        if run.shape is not None:
            distance = run.shape.call_m
            line = self._add_line((run.shape.lat, run.shape.lon, run.shape.distance_m), is_shape=True)
        elif model < 0 or max(places, default=NONE) < 0:
            lat, lon = base.stop_lat[run.calls.stop], base.stop_lon[run.calls.stop]
            gaps = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
            distance = np.concatenate([[0.0], np.cumsum(gaps)])
            vertices = np.zeros(2, np.int64) if n == 1 else np.arange(n)
            line = self._add_line((lat[vertices], lon[vertices], distance[vertices]), is_shape=False)
        elif min(places) >= 0:
            distance = base.pattern_distance_m[int(base.pattern_call_ptr[model]) + place]
            line = int(base.pattern_line[model])
        else:
            points, distance = self._partly_along(run, model, places)
            line = self._add_line(points, is_shape=False)
        self._new.append(_Pattern(run, line, distance, links))
        return len(base.pattern_route) + len(self._new) - 1

    def _add_line(self, points: _Points, *, is_shape: bool) -> int:
        self._lines.append((points, is_shape))
        return len(self.base.line_ptr) - 2 + len(self._lines)

    def _partly_along(self, run: OwnRun, model: int, places: tuple[int, ...]) -> tuple[_Points, Float64Array]:
        """The way on the model's line from call to call that both have (`places`: the model's call, -1 where it has
        none), straight on elsewhere; and the distance of each call (c,)."""
        base = self.base
        model_m, first, line = base.pattern_distance_m, int(base.pattern_call_ptr[model]), int(base.pattern_line[model])
        lat, lon = base.stop_lat[run.calls.stop], base.stop_lon[run.calls.stop]
        straight_m = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
        parts: list[_Points] = []
        distance, along = np.zeros(len(places)), 0.0
        for k, place in enumerate(places):
            if k and place >= 0 and places[k - 1] >= 0:
                start_m, end_m = float(model_m[first + places[k - 1]]), float(model_m[first + place])
                part_lat, part_lon, part_m = _part_of_line(base, line, start_m, end_m)
                parts.append((part_lat, part_lon, along + part_m))
                along += end_m - start_m
            else:
                along += float(straight_m[k - 1]) if k else 0.0
                parts.append((lat[k : k + 1], lon[k : k + 1], np.array([along])))
            distance[k] = along
        part_lats, part_lons, part_metres = zip(*parts, strict=True)
        return (np.concatenate(part_lats), np.concatenate(part_lons), np.concatenate(part_metres)), distance

    def columns(self) -> dict[str, Any]:
        """The columns of patterns, lines and links, the base's and these."""
        base, new, i32 = self.base, self._new, np.int32
        stops, distances = [pattern.run.calls.stop for pattern in new], [pattern.distance_m for pattern in new]
        start, end = concatenated([stop[:-1] for stop in stops], i32), concatenated([stop[1:] for stop in stops], i32)
        gap = concatenated([np.diff(distance) for distance in distances], np.float64)
        link = concatenated([pattern.link for pattern in new], i32)
        unknown = link < 0
        link_from, link_to, link_m, link[unknown] = link_pairs(base, start[unknown], end[unknown], gap[unknown])
        calls = [len(stop) for stop in stops]
        last = np.cumsum(calls, dtype=np.int64) - 1
        pattern_link = np.insert(link, last - np.arange(len(last)), NONE).astype(i32)
        lat, lon, metres = ([points[axis] for points, _ in self._lines] for axis in range(3))
        vertices = np.cumsum([len(points) for points in lat], dtype=np.int64)
        added: dict[str, AnyArray] = {
            "pattern_route": np.array([pattern.run.route for pattern in new], i32),
            "pattern_direction": np.array([pattern.run.direction for pattern in new], np.int8),
            "pattern_line": np.array([pattern.line for pattern in new], i32),
            "pattern_call_ptr": base.pattern_call_ptr[-1] + last + 1,
            "pattern_stop": concatenated(stops, i32),
            "pattern_distance_m": concatenated(distances, np.float64),
            "pattern_link": pattern_link,
            "pattern_continuous_pickup": np.full(sum(calls), NO_PICKUP, np.int8),
            "pattern_continuous_drop_off": np.full(sum(calls), NO_PICKUP, np.int8),
            "line_ptr": base.line_ptr[-1] + vertices,
            "line_lat": concatenated(lat, np.float64),
            "line_lon": concatenated(lon, np.float64),
            "line_distance_m": concatenated(metres, np.float64),
            "line_has_shape": np.array([is_shape for _, is_shape in self._lines], bool),
        }
        columns = {name: np.append(getattr(base, name), column) for name, column in added.items()}
        return columns | {"link_from_stop": link_from, "link_to_stop": link_to, "link_distance_m": link_m}


def _part_of_line(tt: Timetable, line: int, start_m: float, end_m: float) -> _Points:
    """Vertices of a line behind `start_m` as far as `end_m`: latitude, longitude, metres from `start_m`."""
    span = slice(int(tt.line_ptr[line]), int(tt.line_ptr[line + 1]))
    metres = tt.line_distance_m[span]
    inner = (metres > start_m) & (metres < end_m)
    at_m = np.append(metres[inner], end_m)
    return (np.interp(at_m, metres, tt.line_lat[span]), np.interp(at_m, metres, tt.line_lon[span]), at_m - start_m)


def link_pairs(
    timetable: Timetable, start: Int32Array, end: Int32Array, distance_m: Float64Array
) -> tuple[Int32Array, Int32Array, Float64Array, Int32Array]:
    """From stop, to stop and length of the timetable's links and of a new one for each pair of stops (n,) that has
    none; and the link of each pair (n,)."""
    tt, stride = timetable, timetable.stops
    known = tt.link_from_stop.astype(np.int64) * stride + tt.link_to_stop
    wanted, first, of = np.unique(start.astype(np.int64) * stride + end, return_index=True, return_inverse=True)
    _, place, known_wanted = np.intersect1d(known, wanted, return_indices=True)
    new = np.ones(len(wanted), bool)
    new[known_wanted] = False
    link = np.empty(len(wanted), np.int32)
    link[known_wanted] = place
    link[new] = len(known) + np.arange(int(new.sum()))
    return (
        np.append(tt.link_from_stop, (wanted[new] // stride).astype(np.int32)),
        np.append(tt.link_to_stop, (wanted[new] % stride).astype(np.int32)),
        np.append(tt.link_distance_m, distance_m[first[new]]),
        link[of],
    )
