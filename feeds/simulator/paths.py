"""Lines on the ground that vehicles drive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feeds.gtfs.polylines import Polylines, polylines
from predictor.arrays import Float64Array, Int64Array
from predictor.geometry import course_deg

_SPACING_M = 1.0e6


def paths_of(lines: Sequence[Float64Array]) -> Polylines:
    """Paths from arrays (k, 2) of latitude and longitude, each of two vertices or more."""
    ptr = np.append(0, np.cumsum([len(line) for line in lines], dtype=np.int64))
    lat, lon = np.concatenate([np.empty((0, 2)), *lines]).T
    return polylines(ptr, lat, lon)


def locate(
    paths: Polylines, path: Int64Array, distance_m: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Latitude, longitude and course (degrees clockwise from north) at distances along paths; all (n,)."""
    # All paths laid end to end on one axis, so that one search serves them all.
    axis = paths.distance_m + paths.line * _SPACING_M
    at = np.searchsorted(axis, path * _SPACING_M + distance_m, side="right") - 1
    at = np.clip(at, paths.ptr[path], paths.ptr[path + 1] - 2)
    length = np.maximum(paths.distance_m[at + 1] - paths.distance_m[at], 1e-9)
    share = np.clip((distance_m - paths.distance_m[at]) / length, 0.0, 1.0)
    lat, lon, next_lat, next_lon = paths.lat[at], paths.lon[at], paths.lat[at + 1], paths.lon[at + 1]
    course = course_deg(lat, lon, next_lat, next_lon)
    return lat + share * (next_lat - lat), lon + share * (next_lon - lon), course
