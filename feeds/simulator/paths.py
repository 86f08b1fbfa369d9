"""Lines on the ground that vehicles drive: polylines, flat, with distances along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float64Array, Int64Array
from predictor.geometry import course_deg, ground_distance_m

_SPACING_M = 1.0e6


@dataclass(frozen=True, eq=False)
class Paths:
    """Polylines in CSR; path i has vertices `ptr[i]` to `ptr[i + 1]`."""

    ptr: Int64Array
    lat: Float64Array
    lon: Float64Array
    distance_m: Float64Array
    """Metres from the path's start, ascending along each path."""

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @classmethod
    def of(cls, lines: Sequence[Float64Array]) -> Paths:
        """Paths from arrays (k, 2) of latitude and longitude, each of two vertices or more."""
        ptr = np.concatenate([[0], np.cumsum([len(line) for line in lines], dtype=np.int64)]).astype(np.int64)
        vertices = np.concatenate([np.empty((0, 2)), *lines])
        lat, lon = vertices[:, 0], vertices[:, 1]
        step = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]) if len(lat) else np.empty(0)
        along = np.concatenate([[0.0], np.cumsum(step)])[: len(lat)]
        distance = along - np.repeat(along[ptr[:-1]], np.diff(ptr))
        return cls(ptr, lat, lon, distance)

    def extended(self, lines: Sequence[Float64Array]) -> Paths:
        """These paths and, after them, more."""
        more = Paths.of(lines)
        return Paths(
            np.concatenate([self.ptr, self.ptr[-1] + more.ptr[1:]]),
            np.concatenate([self.lat, more.lat]),
            np.concatenate([self.lon, more.lon]),
            np.concatenate([self.distance_m, more.distance_m]),
        )

    @property
    def length_m(self) -> Float64Array:
        """Length of each path."""
        return self.distance_m[self.ptr[1:] - 1]

    def locate(self, path: Int64Array, distance_m: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Latitude, longitude and course (degrees clockwise from north) at distances along paths; all (n,)."""
        # All paths laid end to end on one axis, so that one search serves them all.
        axis = self.distance_m + np.repeat(np.arange(len(self)) * _SPACING_M, np.diff(self.ptr))
        at = np.searchsorted(axis, path * _SPACING_M + distance_m, side="right") - 1
        at = np.clip(at, self.ptr[path], self.ptr[path + 1] - 2)
        length = np.maximum(self.distance_m[at + 1] - self.distance_m[at], 1e-9)
        share = np.clip((distance_m - self.distance_m[at]) / length, 0.0, 1.0)
        lat, lon, next_lat, next_lon = self.lat[at], self.lon[at], self.lat[at + 1], self.lon[at + 1]
        course = course_deg(lat, lon, next_lat, next_lon)
        return lat + share * (next_lat - lat), lon + share * (next_lon - lon), course
