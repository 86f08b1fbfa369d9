"""The line that each pattern runs on, its shape or straight from stop to stop, and where its stops lie on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feeds.gtfs.calls import Calls
from feeds.gtfs.patterns import Patterns, group_sequences
from feeds.gtfs.polylines import Polylines, joined, polylines, steps_m
from feeds.gtfs.problems import Problems
from feeds.gtfs.shapes import Shapes
from feeds.gtfs.stop_distances import FAR_M, given_distances, not_falling, offsets_m, place_stops
from feeds.gtfs.stops import Stops
from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, Int64Array, expand_ranges
from predictor.straight_lines import straight_lines

_UNFIT, _DOUBTFUL, _SURE = 0.5, 0.3, 0.2
"""Shares of a pattern's stops that lie far from its shape: above the first it is another trip's; from the second on it
may be driven from its end, as where both directions share one; and is, where no more than the third do then."""

# Streets are longer than the crow flies.
_DETOUR = 1.2
# The feed's own distances are kept where they put the stops no further off than this beyond the nearest places.
_GIVEN_SLACK_M = 30.0
# One stop in the wrong town must not hide how the others lie.
_OFFSET_CAP_M = 1000.0


@dataclass(frozen=True, eq=False)
class PatternLines:
    """Lines (L,), shapes first."""

    lines: Polylines
    has_shape: BoolArray
    """(L,)"""
    of_pattern: Int32Array
    """(P,)"""
    distance_m: Float64Array
    """(pattern calls,) metres along the pattern's line, not decreasing."""


def find_lines(
    patterns: Patterns, calls: Calls, pattern_shape: Int32Array, shapes: Shapes, stops: Stops, problems: Problems
) -> PatternLines:
    """Lay the patterns on lines.

    Parameters: `pattern_shape` (P,) index into `shapes`, -1 where none; `calls` whose times may have gaps.
    """
    simple, line = shapes.lines.simplified(), pattern_shape.astype(np.int64)
    distance = np.empty(len(patterns.stop))
    shaped = np.flatnonzero(line >= 0)
    if len(shaped):
        laid = _laid(patterns, shaped, simple, shapes, line[shaped], calls, stops)
        doubtful = np.flatnonzero(laid.share_far >= _DOUBTFUL)
        back, of_back = np.unique(line[shaped[doubtful]], return_inverse=True)
        if len(back):
            backwards = simple.reversed(back)
            turned = _laid(patterns, shaped[doubtful], backwards, shapes.reversed(back), of_back, calls, stops)
            better = (turned.share_far <= _SURE) & (turned.share_far < laid.share_far[doubtful])
            laid = laid.with_those(doubtful[better], turned, better)
            line[shaped[doubtful[better]]] = len(simple) + of_back[better]
            simple = joined(simple, backwards)
        distance[laid.call] = laid.distance_m
        line[shaped[laid.share_far > _UNFIT]] = NONE
        _tell(patterns, shaped, laid, line, pattern_shape, shapes, stops, calls, problems)
    on_shape = line >= 0
    used, of_shape = np.unique(line[on_shape], return_inverse=True)
    straight, straight_of, straight_m = _straight_lines(patterns, np.flatnonzero(~on_shape), stops, calls)
    of_pattern = np.empty(len(line), np.int32)
    of_pattern[on_shape] = of_shape
    of_pattern[~on_shape] = len(used) + straight_of
    distance[np.repeat(~on_shape, np.diff(patterns.call_ptr))] = straight_m
    return PatternLines(
        lines=joined(_selected(simple, used), straight),
        has_shape=np.arange(len(used) + len(straight)) < len(used),
        of_pattern=of_pattern,
        distance_m=distance,
    )


@dataclass(frozen=True, eq=False)
class _Laid:
    """Patterns (n,) laid along lines, and their calls (calls,)."""

    pattern: Int64Array
    """(calls,) which of the n patterns each call is of."""
    call: Int64Array
    """(calls,) places among all pattern calls."""
    distance_m: Float64Array
    far: BoolArray
    """(calls,) whether the stop lies further than `FAR_M` from its place on the line."""

    @property
    def share_far(self) -> Float64Array:
        """(n,)"""
        result: Float64Array = np.bincount(self.pattern, self.far) / np.bincount(self.pattern)
        return result

    def with_those(self, which: Int64Array, others: _Laid, among: BoolArray) -> _Laid:
        """The same with patterns (m,), ascending, as they are `among` (k,) the `others`."""
        ours, theirs = np.isin(self.pattern, which), among[others.pattern]
        distance_m, far = self.distance_m.copy(), self.far.copy()
        distance_m[ours], far[ours] = others.distance_m[theirs], others.far[theirs]
        return _Laid(self.pattern, self.call, distance_m, far)


def _laid(
    patterns: Patterns,
    which: Int64Array,
    simple: Polylines,
    shapes: Shapes,
    shape: Int64Array,
    calls: Calls,
    stops: Stops,
) -> _Laid:
    """Lay patterns (n,) along their shapes (n,); `simple` are the shapes' lines, simplified."""
    ptr, within = _calls_of(patterns, which)
    model_call, n = patterns.model_call[within], len(which)
    owner = np.repeat(np.arange(n), np.diff(ptr))
    stop = calls.stop[model_call].astype(np.int64)
    lat, lon = stops.lat[stop], stops.lon[stop]
    gaps = _expected_gaps(ptr, lat, lon, calls.departure_s[model_call])
    placed = place_stops(simple, shape, ptr, stop, stops.lat, stops.lon, gaps)
    given_m, usable = given_distances(shapes.lines, shapes.given_dist, shape, ptr, calls.shape_dist[model_call])
    off_placed = offsets_m(simple, shape[owner], placed, lat, lon)
    off_given = offsets_m(simple, shape[owner], given_m, lat, lon)
    believed = usable & (_spread(off_given, owner, n) <= _spread(off_placed, owner, n) + _GIVEN_SLACK_M)
    far = np.where(believed[owner], off_given, off_placed) > FAR_M
    return _Laid(owner, within, np.where(believed[owner], given_m, placed), far)


def _tell(
    patterns: Patterns,
    shaped: Int64Array,
    laid: _Laid,
    line: Int64Array,
    pattern_shape: Int32Array,
    shapes: Shapes,
    stops: Stops,
    calls: Calls,
    problems: Problems,
) -> None:
    """What is wrong with the shapes of the patterns (n,) that are `shaped`."""
    fits, first = line[shaped] >= 0, calls.row[patterns.model_call[patterns.call_ptr[shaped]]]
    name = shapes.shape_id[pattern_shape[shaped]]
    for those, message in (
        (
            ~fits,
            f"most stops of the trips lie more than {FAR_M:.0f} m from this shape, so it is not theirs; drawn from "
            "stop to stop instead.",
        ),
        (line[shaped] >= len(shapes.shape_id), "the trips run along this shape from its end to its beginning."),
    ):
        problems.rows("stop_times.txt", first[those], name[those], message)
    astray = np.unique(patterns.stop[laid.call[laid.far & fits[laid.pattern]]])
    problems.rows(
        "stops.txt", stops.row[astray], stops.stop_id[astray],
        f"lies more than {FAR_M:.0f} m from the shape of a trip that calls there; put at the nearest place that the "
        "order of the stops allows.",
    )  # fmt: skip


def _calls_of(patterns: Patterns, which: Int64Array) -> tuple[Int64Array, Int64Array]:
    count = np.diff(patterns.call_ptr)[which]
    _, within = expand_ranges(patterns.call_ptr[which], count)
    return np.append(0, np.cumsum(count)), within


def _expected_gaps(ptr: Int64Array, lat: Float64Array, lon: Float64Array, departure_s: Float64Array) -> Float64Array:
    """(calls,) metres that each call should be from the one before, by its trip's times and mean speed."""
    if len(lat) == 0:
        return np.empty(0)
    owner = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    crow = steps_m(ptr, lat, lon)
    along = np.cumsum(crow)
    known = ~np.isnan(departure_s)
    # Ascending over all patterns, so that a gap in the times is bridged inside its own pattern.
    axis = along + np.arange(len(along)) * 0.01
    time = np.interp(axis, axis[known], departure_s[known]) if known.any() else np.zeros(len(axis))
    seconds = np.append(0.0, np.diff(time))
    seconds[ptr[:-1]] = 0.0
    way = np.bincount(owner, crow, len(ptr) - 1) * _DETOUR
    duration = np.bincount(owner, seconds, len(ptr) - 1)
    speed = np.divide(way, duration, out=np.zeros_like(way), where=duration > 0)
    return np.where(duration[owner] > 0, seconds * speed[owner], crow * _DETOUR)


def _spread(off_m: Float64Array, owner: Int64Array, patterns: int) -> Float64Array:
    """(patterns,) root mean square of the stops' offsets."""
    square = np.bincount(owner, np.minimum(off_m, _OFFSET_CAP_M) ** 2, patterns)
    return np.sqrt(square / np.maximum(np.bincount(owner, minlength=patterns), 1))


def _straight_lines(
    patterns: Patterns, which: Int64Array, stops: Stops, calls: Calls
) -> tuple[Polylines, Int32Array, Float64Array]:
    """Lines from stop to stop, one for each stop sequence; each pattern's line; metres of each of its calls."""
    ptr, within = _calls_of(patterns, which)
    stop = patterns.stop[within]
    first, of_pattern = group_sequences(np.empty((len(which), 0), np.int32), ptr, stop)
    count = np.diff(ptr)[first]
    _, vertex = expand_ranges(ptr[first], count)
    seconds = calls.departure_s[patterns.model_call[within[vertex]]]
    line_ptr = np.append(0, np.cumsum(count))
    lat, lon = straight_lines(line_ptr, stops.lat[stop[vertex]], stops.lon[stop[vertex]], seconds)
    lines = polylines(line_ptr, lat, lon)
    _, entry = expand_ranges(lines.ptr[of_pattern], np.diff(ptr))
    return lines, of_pattern, not_falling(lines.distance_m[entry], ptr)


def _selected(lines: Polylines, which: Int64Array) -> Polylines:
    count = np.diff(lines.ptr)[which]
    _, vertex = expand_ranges(lines.ptr[which], count)
    return Polylines(np.append(0, np.cumsum(count)), lines.lat[vertex], lines.lon[vertex], lines.distance_m[vertex])
