"""Timetables of a few trips for the judge's tests, made by the real loader."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.field import network
from benchmarks.field.network import LAT, LON, Call, Pattern, Route, Service, hms
from predictor.geometry import METRES_PER_DEGREE
from predictor.timetable import Timetable


@dataclass(frozen=True)
class Stop:
    stop_id: str
    name: str
    lat: float = 42.0
    lon: float = -72.0


@dataclass(frozen=True)
class Trip:
    trip_id: str
    route_id: str
    stop_ids: tuple[str, ...]
    times_s: tuple[int, ...]
    by_headway: bool = False


def timetable_of(
    stops: Sequence[Stop], trips: Sequence[Trip], dates: Sequence[int], timezone: str = "America/New_York"
) -> Timetable:
    """A timetable in which every trip runs on every date, sequences count from 1 and no line has a shape."""
    degree_east_m = METRES_PER_DEGREE * float(np.cos(np.radians(LAT)))
    patterns = list(dict.fromkeys((trip.route_id, trip.stop_ids) for trip in trips))
    made = network.network(
        [
            network.Stop(
                stop.stop_id, (stop.lon - LON) * degree_east_m, (stop.lat - LAT) * METRES_PER_DEGREE, stop.name
            )
            for stop in stops
        ],
        [
            Pattern(str(k), " ".join(stop_ids), route_id, direction=None, headsign="")
            for k, (route_id, stop_ids) in enumerate(patterns)
        ],
        [
            network.Trip(
                trip.trip_id,
                pattern=str(patterns.index((trip.route_id, trip.stop_ids))),
                calls=tuple(
                    Call(stop, hms(time_s), timepoint=0)
                    for stop, time_s in zip(trip.stop_ids, trip.times_s, strict=True)
                ),
            )
            for trip in trips
        ],
        routes=tuple(Route(route_id) for route_id in dict.fromkeys(trip.route_id for trip in trips)),
        services=(Service(days="", added=tuple(dates)),),
        zone=timezone,
    ).timetable
    headway_s = np.array([600 if trip.by_headway else 0 for trip in trips], np.int32)
    # Its own arrays, which tests may change.
    return replace(deepcopy(made), feed_version="0" * 64, journey_headway_s=headway_s)
