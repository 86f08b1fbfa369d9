"""Lines on the ground as flat arrays: distance along them, and the nearest places on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from predictor.arrays import Float64Array, Int64Array, expand_ranges
from predictor.geometry import METRES_PER_DEGREE, ground_distance_m

SIMPLIFY_M = 2.5
"""How far a line may move when vertices are left out: far below the error of a GPS position."""
SHIFT_M = 25.0
"""How far a place may move along its line: further where the line turns back on itself, which is kept."""

# Lines are laid end to end on one axis, this far apart, so that one interpolation serves all of them.
_LINE_SPACING_M = 1.0e7


@dataclass(frozen=True, eq=False)
class Polylines:
    """L lines, vertices in CSR; every line has two vertices or more."""

    ptr: Int64Array
    """(L + 1,)"""
    lat: Float64Array
    lon: Float64Array
    distance_m: Float64Array
    """Metres along the line, from 0, not decreasing."""

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @cached_property
    def line(self) -> Int64Array:
        """(vertices,) line of each vertex."""
        return np.repeat(np.arange(len(self)), np.diff(self.ptr))

    @cached_property
    def cos(self) -> Float64Array:
        """(L,) cosine of the latitude of each line's first vertex."""
        return np.cos(np.radians(self.lat[self.ptr[:-1]]))

    @cached_property
    def xy(self) -> Float64Array:
        """(vertices, 2) metres on a plane laid at each line's first vertex."""
        return self.plane(self.line, self.lat, self.lon)

    @cached_property
    def length_m(self) -> Float64Array:
        """(L,)"""
        return self.distance_m[self.ptr[1:] - 1]

    def plane(self, line: Int64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
        """(n, 2) metres of positions (n,) on the plane of their lines (n,)."""
        return np.column_stack([lon * self.cos[line], lat]) * METRES_PER_DEGREE

    def place_at(self, line: Int64Array, distance_m: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Latitude and longitude (n,) at a distance along lines (n,)."""
        axis = self.line * _LINE_SPACING_M + self.distance_m
        at = line * _LINE_SPACING_M + np.clip(distance_m, 0.0, self.length_m[line])
        return np.interp(at, axis, self.lat), np.interp(at, axis, self.lon)

    def simplified(self) -> Polylines:
        """The same lines with fewer vertices; distances stay those along the full lines."""
        if len(self) == 0:
            return self
        # The third coordinate carries each vertex through as a number of its own.
        vertices = np.column_stack([self.xy, np.arange(len(self.lat))])
        lines = shapely.linestrings(vertices, indices=self.line)
        simple = shapely.simplify(lines, SIMPLIFY_M, preserve_topology=False)
        kept = shapely.get_coordinates(simple, include_z=True)[:, 2].astype(np.int64)
        rough = self._through(kept)
        shift = ground_distance_m(*rough.place_at(self.line, self.distance_m), self.lat, self.lon)
        shifted = np.flatnonzero(shift > SHIFT_M)
        return self._through(np.union1d(kept, shifted)) if len(shifted) else rough

    def reversed(self, which: Int64Array) -> Polylines:
        """Some of the lines (n,), driven from their ends."""
        count = np.diff(self.ptr)[which]
        owner, step = expand_ranges(np.zeros(len(which), np.int64), count)
        vertex = self.ptr[which + 1][owner] - 1 - step
        along = self.length_m[which][owner] - self.distance_m[vertex]
        return Polylines(np.append(0, np.cumsum(count)), self.lat[vertex], self.lon[vertex], along)

    def _through(self, vertex: Int64Array) -> Polylines:
        """The same lines through some of their vertices (n,), ascending, the first and the last of each among them."""
        ptr = np.searchsorted(vertex, self.ptr).astype(np.int64)
        return Polylines(ptr, self.lat[vertex], self.lon[vertex], self.distance_m[vertex])


def polylines(ptr: Int64Array, lat: Float64Array, lon: Float64Array) -> Polylines:
    """Lines through the given vertices, with distances measured along them."""
    total = np.cumsum(steps_m(ptr, lat, lon))
    return Polylines(ptr, lat, lon, total - np.repeat(total[ptr[:-1]], np.diff(ptr)))


def steps_m(ptr: Int64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
    """Metres to each position (n,) from the one before it on its line, 0 to the first."""
    step = np.append(0.0, ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]))[: len(lat)]
    step[ptr[:-1]] = 0.0
    return step


def joined(first: Polylines, second: Polylines) -> Polylines:
    """The lines of both, `first`'s first."""
    return Polylines(
        np.concatenate([first.ptr, first.ptr[-1] + second.ptr[1:]]),
        np.concatenate([first.lat, second.lat]),
        np.concatenate([first.lon, second.lon]),
        np.concatenate([first.distance_m, second.distance_m]),
    )
