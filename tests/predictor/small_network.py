"""A hand-made network for unit tests: straight east-west lines with a stop every 500 m."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from benchmarks.field.network import Call, Frequency, Pattern, Route, Service, Stop, Trip, hms, network
from predictor.geometry import METRES_PER_DEGREE
from predictor.observations import Observations
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_CANCELED, TripUpdates
from tests.predictor.operator_word import ToldRun, trip_updates

LAT, LON = 47.39, 0.69
SPACING_M = 500.0
LINK_S = 90
DATE = 20260302
ORIGIN = 1_772_406_000  # 2026-03-02 00:00 in Paris


def lon_at(distance_m: float) -> float:
    """Longitude of a place so many metres east of the first stop."""
    return LON + distance_m / (METRES_PER_DEGREE * float(np.cos(np.radians(LAT))))


def timetable(
    starts_s: tuple[int, ...] = (8 * 3600, 8 * 3600 + 1200),
    stops: int = 6,
    *,
    back: bool = False,
    block: bool = False,
    headway_s: int = 0,
    dwell_s: int = 0,
    holds_at: int | None = None,
) -> Timetable:
    """Trips along one line; with `back` every second trip drives the way back, on the same road.

    `block`: one vehicle drives all trips; `headway_s`: the first trip runs by headway instead; `holds_at`: this call is
    a timepoint.
    """
    if headway_s:
        starts_s = starts_s[:1]
    of_midnight = _of_midnight(len(starts_s), stops, back, block, headway_s, dwell_s, holds_at)
    start_s = np.repeat(np.array(starts_s, np.int32), np.diff(of_midnight.trip_call_ptr))
    return replace(
        of_midnight, feed_version="test", arrival_s=of_midnight.arrival_s + start_s,
        departure_s=of_midnight.departure_s + start_s,
    )  # fmt: skip


@lru_cache
def _of_midnight(
    trips: int, stops: int, back: bool, block: bool, headway_s: int, dwell_s: int, holds_at: int | None
) -> Timetable:
    """The timetable with all starts at midnight: reading a feed takes longer than most tests."""
    ways = [range(stops), range(stops)[::-1]][: 1 + back]
    patterns = [
        Pattern(str(way), " ".join(f"s{k}" for k in order), "r", way, "End", shape=str(way))
        for way, order in enumerate(ways)
    ]
    timepoint = [int(k in (0, holds_at)) for k in range(stops)]
    placed = [Stop(f"s{k}", k * SPACING_M, name=f"Stop {k}", code=str(k)) for k in range(stops)]
    # Of trips that drive at one time the loader tells: they get their own starts later.
    loaded = network(
        placed,
        patterns,
        [
            Trip(
                f"t{trip}", pattern=str(trip % len(ways)), block="b" if block else "",
                calls=tuple(
                    Call(f"s{stop}", hms(k * (LINK_S + dwell_s)), hms(k * (LINK_S + dwell_s) + dwell_s * (k > 0)),
                         timepoint=timepoint[k])
                    for k, stop in enumerate(ways[trip % len(ways)])
                ),
            )
            for trip in range(trips)
        ],
        routes=(Route("r", "1", "Line 1"),),
        services=(Service("daily", start=DATE, end=DATE),),
        frequencies=(Frequency("t0", "00:00", hms(7199), headway_s),) if headway_s else (),
        shapes={str(way): [(k * SPACING_M, 0.0) for k in order] for way, order in enumerate(ways)},
    ).timetable  # fmt: skip
    # The day before is known too: nothing runs on it. All run on the other, those of a block too that at midnight would
    # be one trip told several times.
    return replace(
        loaded, trip_service=np.zeros_like(loaded.trip_service), service_id=loaded.service_id[:1],
        date=np.array([DATE - 1, DATE], np.int32), date_origin=np.array([ORIGIN - 86400, ORIGIN], np.int64),
        service_active=np.array([[False, True]]),
    )  # fmt: skip


def report(
    at: float,
    distance_m: float,
    *,
    trip: int = 0,
    vehicle: str = "v1",
    lat: float = LAT,
    date: int = DATE,
    start_time_s: int = -1,
    bearing: float = float("nan"),
) -> Observations:
    """A message with one report, `distance_m` east of the first stop."""
    i8, i32, f32 = np.int8, np.int32, np.float32
    return Observations(
        received_at=at, feed_timestamp=at, vehicle_id=np.array([vehicle]), vehicle_label=np.array([vehicle]),
        trip=np.array([trip], i32), service_date=np.array([date], i32), start_time_s=np.array([start_time_s], i32),
        route=np.array([-1], i32), direction=np.array([-1], i8), lat=np.array([lat], float),
        lon=np.array([lon_at(distance_m)]), bearing=np.array([bearing], f32), speed=np.array([np.nan], f32),
        stop_sequence=np.array([-1], i32), stop=np.array([-1], i32), stop_status=np.array([-1], i8),
        occupancy=np.array([-1], i8),
        occupancy_percentage=np.array([-1], np.int16), wheelchair=np.zeros(1, i8), congestion=np.zeros(1, i8),
        is_extra=np.zeros(1, bool), timestamp=np.array([at], float),
    )  # fmt: skip


def cancellations(at: float, *trips: int) -> TripUpdates:
    """A message that takes trips out on `DATE`, in any of these timetables."""
    return trip_updates(timetable((0,) * 9), at, 1, *(ToldRun(trip, TRIP_CANCELED) for trip in trips))
