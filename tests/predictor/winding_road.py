"""One trip along a road of any shape, and a vehicle that drives it with GPS noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import Float64Array
from predictor.engine import Engine
from predictor.geometry import METRES_PER_DEGREE
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable
from tests.predictor.small_network import LAT, LON, ORIGIN, report, timetable

SPEED_M_S = 7.0
START_S = 8 * 3600
START = ORIGIN + START_S


@dataclass(frozen=True)
class Road:
    """A way through corners, in metres east and north of its first, with stops along it."""

    corners: Float64Array
    """(n, 2)"""
    stops_m: Float64Array

    @classmethod
    def through(cls, *corners: tuple[float, float], stops_m: Sequence[float]) -> Road:
        return cls(np.array(corners, float), np.array(stops_m, float))

    @property
    def along_m(self) -> Float64Array:
        """(n,) metres along the road of each corner."""
        return np.append(0.0, np.cumsum(np.hypot(*np.diff(self.corners, axis=0).T)))

    @property
    def length_m(self) -> float:
        return float(self.along_m[-1])

    def place(self, distance_m: Float64Array | float) -> tuple[Float64Array, Float64Array]:
        """Latitude and longitude of places along the road."""
        east, north = (np.interp(distance_m, self.along_m, axis) for axis in self.corners.T)
        return LAT + north / METRES_PER_DEGREE, LON + east / METRES_PER_DEGREE / np.cos(np.radians(LAT))

    def timetable(self) -> Timetable:
        """One trip at eight that drives at `SPEED_M_S` and stands nowhere."""
        straight = timetable((START_S,), stops=len(self.stops_m))
        lat, lon = self.place(self.stops_m)
        line_lat, line_lon = self.place(self.along_m)
        times = np.rint(START_S + self.stops_m / SPEED_M_S).astype(np.int32)
        return replace(
            straight, stop_lat=lat, stop_lon=lon, pattern_distance_m=self.stops_m, arrival_s=times, departure_s=times,
            line_ptr=np.array([0, len(line_lat)]), line_lat=line_lat, line_lon=line_lon, line_distance_m=self.along_m,
            link_distance_m=np.diff(self.stops_m),
        )  # fmt: skip


def driven(
    road: Road, *, every_s: float = 20.0, noise_m: float = 0.0, bearing: bool = False, seed: int = 1
) -> Iterator[tuple[float, Snapshot]]:
    """Drive the road on time: where the vehicle truly is at each report, and what the engine then says."""
    random = np.random.default_rng(seed)
    engine = Engine(road.timetable())
    for after in np.arange(-20.0, road.length_m / SPEED_M_S + every_s, every_s):
        true_m = float(np.clip(after * SPEED_M_S, 0.0, road.length_m))
        lat, lon = road.place(true_m)
        ahead_lat, ahead_lon = road.place(min(true_m + 1.0, road.length_m))
        course = np.degrees(np.arctan2((ahead_lon - lon) * np.cos(np.radians(LAT)), ahead_lat - lat)) % 360.0
        off = random.normal(0.0, noise_m, 2) / METRES_PER_DEGREE if noise_m else np.zeros(2)
        said = replace(
            report(START + after, 0.0, bearing=float(course) if bearing else float("nan")),
            lat=np.atleast_1d(lat + off[0]), lon=np.atleast_1d(lon + off[1] / np.cos(np.radians(LAT))),
        )  # fmt: skip
        yield true_m, engine.step(said, START + after)
