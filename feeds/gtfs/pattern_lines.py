"""The line that each pattern runs on, its shape or straight from stop to stop, and where its stops lie on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feeds.gtfs.calls import Calls
from feeds.gtfs.patterns import Patterns, group_sequences
from feeds.gtfs.polylines import Polylines, joined, polylines
from feeds.gtfs.problems import Problems
from feeds.gtfs.shapes import Shapes
from feeds.gtfs.stop_distances import given_distances, not_falling, offsets_m, place_stops
from feeds.gtfs.stops import Stops
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, expand_ranges
from predictor.geometry import ground_distance_m
from predictor.straight_lines import straight_lines

FAR_M = 200.0
"""A stop further than this from its shape is worth a word; where most are, the shape is another trip's."""

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
    simple = shapes.lines.simplified()
    on_shape = pattern_shape >= 0
    distance = np.empty(len(patterns.stop))
    if on_shape.any():
        shaped = np.flatnonzero(on_shape)
        ptr, within = _calls_of(patterns, shaped)
        distance[within], fits = _along_shapes(
            simple, shapes, pattern_shape[shaped].astype(np.int64), ptr, patterns.model_call[within], calls, stops,
            problems,
        )  # fmt: skip
        on_shape[shaped] = fits
    used, of_shape = np.unique(pattern_shape[on_shape], return_inverse=True)
    straight, straight_of, straight_m = _straight_lines(patterns, np.flatnonzero(~on_shape), stops, calls)
    of_pattern = np.empty(len(pattern_shape), np.int32)
    of_pattern[on_shape] = of_shape
    of_pattern[~on_shape] = len(used) + straight_of
    distance[np.repeat(~on_shape, np.diff(patterns.call_ptr))] = straight_m
    return PatternLines(
        lines=joined(_selected(simple, used.astype(np.int64)), straight),
        has_shape=np.arange(len(used) + len(straight)) < len(used),
        of_pattern=of_pattern,
        distance_m=distance,
    )


def _along_shapes(
    simple: Polylines,
    shapes: Shapes,
    shape: Int64Array,
    ptr: Int64Array,
    model_call: Int64Array,
    calls: Calls,
    stops: Stops,
    problems: Problems,
) -> tuple[Float64Array, BoolArray]:
    """Metres along their shapes (calls,) of the calls of patterns (n,), and which patterns' shapes fit them (n,)."""
    n = len(shape)
    owner = np.repeat(np.arange(n), np.diff(ptr))
    stop = calls.stop[model_call].astype(np.int64)
    lat, lon = stops.lat[stop], stops.lon[stop]
    gaps = _expected_gaps(ptr, lat, lon, calls.departure_s[model_call])
    placed = place_stops(simple, shape, ptr, stop, stops.lat, stops.lon, gaps)
    given, usable = given_distances(shapes.lines, shapes.given_dist, shape, ptr, calls.shape_dist[model_call])
    off_placed = offsets_m(simple, shape[owner], placed, lat, lon)
    off_given = offsets_m(simple, shape[owner], given, lat, lon)
    believed = usable & (_spread(off_given, owner, n) <= _spread(off_placed, owner, n) + _GIVEN_SLACK_M)

    far = np.where(believed[owner], off_given, off_placed) > FAR_M
    fits = 2 * np.bincount(owner, far, n) <= np.diff(ptr)
    problems.rows(
        "stop_times.txt", calls.row[model_call[ptr[:-1][~fits]]], shapes.shape_id[shape[~fits]],
        f"most stops of the trips lie more than {FAR_M:.0f} m from this shape, so it is not theirs; drawn from stop to "
        "stop instead.",
    )  # fmt: skip
    astray = np.unique(stop[far & fits[owner]])
    problems.rows(
        "stops.txt", stops.row[astray], stops.stop_id[astray],
        f"lies more than {FAR_M:.0f} m from the shape of a trip that calls there; put at the nearest place that the "
        "order of the stops allows.",
    )  # fmt: skip
    return np.where(believed[owner], given, placed), fits


def _calls_of(patterns: Patterns, which: Int64Array) -> tuple[Int64Array, Int64Array]:
    count = np.diff(patterns.call_ptr)[which]
    _, within = expand_ranges(patterns.call_ptr[which], count)
    return np.append(0, np.cumsum(count)), within


def _expected_gaps(ptr: Int64Array, lat: Float64Array, lon: Float64Array, departure_s: Float64Array) -> Float64Array:
    """(calls,) metres that each call should be from the one before, by its trip's times and mean speed."""
    if len(lat) == 0:
        return np.empty(0)
    owner = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    crow = _steps(ptr, lat, lon)
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
    result: Float64Array = np.where(duration[owner] > 0, seconds * speed[owner], crow * _DETOUR)
    return result


def _steps(ptr: Int64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
    step = np.append(0.0, ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]))
    step[ptr[:-1]] = 0.0
    return step


def _spread(off_m: Float64Array, owner: Int64Array, patterns: int) -> Float64Array:
    """(patterns,) root mean square of the stops' offsets."""
    square = np.bincount(owner, np.minimum(off_m, _OFFSET_CAP_M) ** 2, patterns)
    result: Float64Array = np.sqrt(square / np.maximum(np.bincount(owner, minlength=patterns), 1))
    return result


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
