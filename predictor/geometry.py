"""Distance along a line for positions on the ground.

Each line is laid flat around its own first vertex (equirectangular), which is good to 0.1 % below 80° latitude over
50 km: far finer than the position of a bus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from predictor.arrays import AnyArray, Float64Array, Int32Array, Int64Array
from predictor.columns import Columns, column_types
from predictor.projection_loop import Lines, Segments, Sought, nearest
from predictor.timetable import Timetable

METRES_PER_DEGREE = 6_371_008.8 * np.pi / 180.0


def distance_to_segment_m(point: tuple[float, float], start: tuple[float, float], end: tuple[float, float]) -> float:
    """Metres from a place to the nearest point of a straight way; all as (latitude, longitude) in degrees."""
    east = math.cos(math.radians(point[0]))
    (y0, x0), (y1, x1) = (((p[0] - point[0]), (p[1] - point[1]) * east) for p in (start, end))
    dy, dx = y1 - y0, x1 - x0
    length2 = dy * dy + dx * dx
    share = 0.0 if length2 == 0.0 else min(max(-(y0 * dy + x0 * dx) / length2, 0.0), 1.0)
    return math.hypot(y0 + share * dy, x0 + share * dx) * METRES_PER_DEGREE


@dataclass(frozen=True, eq=False)
class Projection(Columns):
    """Nearest point of each position's line inside its window; all arrays (n,)."""

    distance_m: Float64Array
    """Metres along the line."""
    offset_m: Float64Array
    """Metres off the line; inf where the window is empty."""
    segment_m: Float64Array
    """Length of the segment that the nearest point lies on."""
    cost: Float64Array
    """Squared metres: offset, heading and prior together; what the nearest point was chosen by."""
    along: Float64Array
    """Cosine of the angle between the vehicle's course and the line there: -1 against it, 0 where not known."""

    def put(self, rows: Int64Array, other: Projection) -> None:
        """Write what another projection (m,) found in the place of `rows`."""
        for name in column_types(Projection):
            getattr(self, name)[rows] = getattr(other, name)


@dataclass(frozen=True, eq=False)
class LineGeometry:
    """The segments of all lines, flat: segment i runs from vertex i to vertex i + 1."""

    lines: Lines
    segments: Segments

    @classmethod
    def of(cls, timetable: Timetable) -> LineGeometry:
        """Flatten the timetable's lines."""
        ptr = timetable.line_ptr
        line = timetable.line_of_vertex
        cos = np.cos(np.radians(timetable.line_lat[ptr[:-1]]))
        x = timetable.line_lon * cos[line] * METRES_PER_DEGREE
        y = timetable.line_lat * METRES_PER_DEGREE
        dx, dy, length = (np.diff(v, append=0.0) for v in (x, y, timetable.line_distance_m))
        end = ptr[1:] - 1
        dx[end] = dy[end] = length[end] = 0.0
        return cls(
            lines=Lines(ptr, cos, timetable.line_distance_m[end]),
            segments=Segments(timetable.line_distance_m, length, x, y, dx, dy),
        )

    def project(
        self,
        line: Int32Array,
        lat: Float64Array,
        lon: Float64Array,
        *,
        course: Float64Array,
        low_m: Float64Array | float = 0.0,
        high_m: Float64Array | float = np.inf,
        prior_m: Float64Array | float = np.nan,
        prior_scale: float = 0.0,
    ) -> Projection:
        """Nearest point of each position's line with distance in [low_m, high_m].

        Parameters: all (n,), or one for all. `course`: degrees clockwise from north, NaN where unknown; segments
        against it are penalised. `prior_m`: where along the line the vehicle is thought to be, NaN for no opinion;
        `prior_scale`: metres off the line that a kilometre away from the prior is worth (no more than two kilometres'
        worth).
        Cost: O(segments inside the windows).
        """
        n = len(line)
        if n == 0:
            return Projection.empty()
        heading = np.radians(course)
        sought = Sought(
            line, lat, lon, np.full(n, low_m), np.full(n, high_m), np.sin(heading), np.cos(heading), np.full(n, prior_m)
        )
        return Projection(*nearest(self.segments, self.lines, sought, METRES_PER_DEGREE, prior_scale / 1000.0))


def ground_distance_m(lat1: Float64Array, lon1: Float64Array, lat2: Float64Array, lon2: Float64Array) -> Float64Array:
    """Metres between positions (n,), planar."""
    dx = (lon2 - lon1) * np.cos(np.radians((lat1 + lat2) / 2.0))
    return np.hypot(dx, lat2 - lat1) * METRES_PER_DEGREE


def between_stops_m(timetable: Timetable, first: AnyArray | int, second: AnyArray | int) -> Float64Array:
    """Metres from stops to others, or to or from one."""
    lat, lon = timetable.stop_lat, timetable.stop_lon
    return ground_distance_m(lat[first], lon[first], lat[second], lon[second])


def to_first_stop_m(timetable: Timetable, trip: Int32Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
    """Metres from the first stop of each trip to a position (n,)."""
    pattern, (first_lat, first_lon) = timetable.trip_pattern[trip], timetable.pattern_start
    return ground_distance_m(first_lat[pattern], first_lon[pattern], lat, lon)


def between_runs_m(timetable: Timetable, trip: Int32Array, following: Int32Array) -> Float64Array:
    """Metres from the last stop of each trip (n,) to the first one of that which is to follow it."""
    pattern, (last_lat, last_lon) = timetable.trip_pattern[trip], timetable.pattern_end
    return to_first_stop_m(timetable, following, last_lat[pattern], last_lon[pattern])


def to_stop_m(
    timetable: Timetable, trip: Int32Array, call: Int32Array, lat: Float64Array, lon: Float64Array
) -> Float64Array:
    """Metres from the stop of a call of each trip to a position (n,)."""
    stop = timetable.stop_at(trip, call)
    return ground_distance_m(timetable.stop_lat[stop], timetable.stop_lon[stop], lat, lon)


def course_deg(lat1: Float64Array, lon1: Float64Array, lat2: Float64Array, lon2: Float64Array) -> Float64Array:
    """Degrees clockwise from north from the first to the second position (n,)."""
    dx = (lon2 - lon1) * np.cos(np.radians((lat1 + lat2) / 2.0))
    return np.degrees(np.arctan2(dx, lat2 - lat1)) % 360.0
