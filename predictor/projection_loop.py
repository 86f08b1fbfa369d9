"""Where on their lines positions lie nearest, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import Float64Array, Int32Array, Int64Array
from predictor.compiled import compiled

_AGAINST_COURSE_M = 80.0
"""A segment that runs against the vehicle's course counts as this much further away."""
_AWAY_M = 2000.0
"""Further than this from where it is thought to be counts for no more."""


class Segments(NamedTuple):
    """Of lines, each laid flat; metres."""

    start_m: Float64Array
    """Distance along its line at the segment's start."""
    length_m: Float64Array
    x: Float64Array
    y: Float64Array
    dx: Float64Array
    dy: Float64Array


class Lines(NamedTuple):
    """(lines,)"""

    ptr: Int64Array
    """(lines + 1,) where the segments of each begin: the last one leads nowhere."""
    cos: Float64Array
    """Cosine of the latitude of each line's first vertex."""
    length_m: Float64Array


class Sought(NamedTuple):
    """Positions (n,), and where on their lines they may be."""

    line: Int32Array
    lat: Float64Array
    lon: Float64Array
    low_m: Float64Array
    high_m: Float64Array
    course_x: Float64Array
    """The direction in which the vehicle moves, as a way of length 1: NaN where it is not known."""
    course_y: Float64Array
    prior_m: Float64Array
    """Where along the line it is thought to be, NaN for no opinion."""


@compiled
def nearest(
    segments: Segments, lines: Lines, sought: Sought, metres: float, prior_scale: float
) -> tuple[Float64Array, ...]:
    """The nearest point of each position's (n,) line in its window; of several as near that of the first. `metres`: of
    a degree; `prior_scale`: metres off the line that a metre away from the prior is worth.

    Returns the columns of `geometry.Projection`, in order."""
    n = len(sought.line)
    distance_m, offset_m, segment_m, least_cost, cosine = np.empty((5, n))
    for at in range(n):
        line = sought.line[at]
        length_m, begin, end = lines.length_m[line], lines.ptr[line], lines.ptr[line + 1]
        low_m = np.minimum(np.maximum(sought.low_m[at], 0.0), length_m)
        high_m = np.minimum(np.maximum(sought.high_m[at], low_m), length_m)
        x, y = sought.lon[at] * lines.cos[line] * metres, sought.lat[at] * metres
        course_x = 0.0 if np.isnan(sought.course_x[at]) else sought.course_x[at]
        course_y = 0.0 if np.isnan(sought.course_y[at]) else sought.course_y[at]
        first = max(_from(segments.start_m, begin, end, low_m, False) - 1, begin)
        last = max(min(_from(segments.start_m, begin, end, high_m, True), end - 1), first + 1)
        least = np.inf
        for segment in range(first, last):
            rx, ry = x - segments.x[segment], y - segments.y[segment]
            dx, dy = segments.dx[segment], segments.dy[segment]
            start, length = segments.start_m[segment], segments.length_m[segment]
            square = dx * dx + dy * dy
            share = (rx * dx + ry * dy) / square if square > 0.0 else 0.0
            distance = start + min(max(share, 0.0), 1.0) * length
            distance = min(max(distance, low_m), high_m)
            share = (distance - start) / length if length > 0.0 else 0.0
            ox, oy = rx - share * dx, ry - share * dy
            offset2, along = ox * ox + oy * oy, 0.0
            if square > 0.0:
                along = (dx * course_x + dy * course_y) / np.sqrt(square)
            cost = offset2 + _AGAINST_COURSE_M**2 * max(-along, 0.0)
            away = abs(distance - sought.prior_m[at])
            if not np.isnan(away):
                cost += (min(away, _AWAY_M) * prior_scale) ** 2
            if cost < least or segment == first:
                least = cost
                distance_m[at], offset_m[at], segment_m[at] = distance, np.sqrt(offset2), length
                least_cost[at], cosine[at] = cost, along
    return distance_m, offset_m, segment_m, least_cost, cosine


@compiled
def _from(values: Float64Array, low: int, high: int, limit: float, at_it: bool) -> int:
    """The first place of `values`, from `low` to before `high` and ascending there, that holds more than a limit, or
    (`at_it`) no less; `high` where none does."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] > limit or (at_it and values[middle] == limit):
            high = middle
        else:
            low = middle + 1
    return low
