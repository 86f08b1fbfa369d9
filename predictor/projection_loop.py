"""Where on their lines positions lie nearest, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import Float64Array, Int64Array
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


class Sought(NamedTuple):
    """Positions (n,), laid flat as their lines are, and where on these they may be."""

    x: Float64Array
    y: Float64Array
    low_m: Float64Array
    high_m: Float64Array
    course_x: Float64Array
    """The direction in which the vehicle moves, as a way of length 1: nought where it is not known."""
    course_y: Float64Array
    prior_m: Float64Array
    """Where along the line it is thought to be, NaN for no opinion."""


@compiled
def nearest(
    segments: Segments, first: Int64Array, last: Int64Array, sought: Sought, prior_scale: float
) -> tuple[Float64Array, ...]:
    """The nearest point of each position's (n,) segments from `first` to before `last`, which are one at the least; of
    several as near that of the first. `prior_scale`: metres off the line that a metre away from the prior is worth.

    Returns the columns of `geometry.Projection`, in order."""
    n = len(first)
    distance_m, offset_m, segment_m, least_cost, cosine = np.empty((5, n))
    for at in range(n):
        least = np.inf
        for segment in range(first[at], last[at]):
            rx, ry = sought.x[at] - segments.x[segment], sought.y[at] - segments.y[segment]
            dx, dy = segments.dx[segment], segments.dy[segment]
            start, length = segments.start_m[segment], segments.length_m[segment]
            square = dx * dx + dy * dy
            share = (rx * dx + ry * dy) / square if square > 0.0 else 0.0
            distance = start + min(max(share, 0.0), 1.0) * length
            distance = min(max(distance, sought.low_m[at]), sought.high_m[at])
            share = (distance - start) / length if length > 0.0 else 0.0
            ox, oy = rx - share * dx, ry - share * dy
            offset2, along = ox * ox + oy * oy, 0.0
            if square > 0.0:
                along = (dx * sought.course_x[at] + dy * sought.course_y[at]) / np.sqrt(square)
            cost = offset2 + _AGAINST_COURSE_M**2 * max(-along, 0.0)
            away = abs(distance - sought.prior_m[at])
            if not np.isnan(away):
                cost += (min(away, _AWAY_M) * prior_scale) ** 2
            if cost < least or segment == first[at]:
                least = cost
                distance_m[at], offset_m[at], segment_m[at] = distance, np.sqrt(offset2), length
                least_cost[at], cosine[at] = cost, along
    return distance_m, offset_m, segment_m, least_cost, cosine
