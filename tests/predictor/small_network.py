"""A hand-made network for unit tests: straight east-west lines with a stop every 500 m."""

from __future__ import annotations

import numpy as np

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
    n = stops
    patterns = 2 if back else 1
    distance = np.arange(n) * SPACING_M
    lons = np.array([lon_at(d) for d in distance])
    trips = len(starts_s)
    trip_pattern = np.arange(trips) % patterns
    times = (np.arange(n) * (LINK_S + dwell_s))[None, :] + np.array(starts_s)[:, None]
    timepoint = np.zeros((trips, n), bool)
    timepoint[:, 0] = True
    if holds_at is not None:
        timepoint[:, holds_at] = True
    link = np.append(np.arange(n - 1), -1)
    headways = np.zeros(trips, np.int32)
    journey_trip, shift = np.arange(trips), np.zeros(trips, int)
    if headway_s:
        slots = 7200 // headway_s
        journey_trip, shift = np.zeros(slots, int), np.arange(slots) * headway_s
        headways = np.full(slots, headway_s, np.int32)
    i8, i32 = np.int8, np.int32
    stop_order = np.concatenate([np.arange(n)[:: 1 - 2 * p] for p in range(patterns)])
    links = (n - 1) * patterns
    from_stop = np.concatenate([np.arange(n)[:: 1 - 2 * p][:-1] for p in range(patterns)])
    to_stop = np.concatenate([np.arange(n)[:: 1 - 2 * p][1:] for p in range(patterns)])
    return Timetable(
        feed_version="test", timezone="Europe/Paris", agency_name="Test",
        stop_id=np.array([f"s{i}" for i in range(n)]), stop_code=np.array([str(i) for i in range(n)]),
        stop_name=np.array([f"Stop {i}" for i in range(n)]), stop_platform=np.full(n, ""),
        stop_lat=np.full(n, LAT), stop_lon=lons, stop_parent=np.full(n, -1, i32),
        stop_wheelchair=np.zeros(n, i8), stop_location_type=np.zeros(n, i8),
        place_id=np.empty(0, np.str_), place_stop=np.empty(0, np.int32),
        route_id=np.array(["r"]), route_short_name=np.array(["1"]), route_long_name=np.array(["Line 1"]),
        route_agency_id=np.array([""]), route_type=np.array([3], i32),
        route_color=np.array([""]), route_text_color=np.array([""]),
        pattern_route=np.zeros(patterns, i32), pattern_direction=np.arange(patterns).astype(i8),
        pattern_line=np.arange(patterns).astype(i32),
        pattern_call_ptr=np.arange(patterns + 1, dtype=np.int64) * n, pattern_stop=stop_order.astype(i32),
        pattern_distance_m=np.tile(distance, patterns),
        pattern_link=np.concatenate([np.where(link >= 0, link + p * (n - 1), -1) for p in range(patterns)]).astype(i32),
        line_ptr=np.arange(patterns + 1, dtype=np.int64) * n, line_lat=np.full(n * patterns, LAT),
        line_lon=lons[stop_order], line_distance_m=np.tile(distance, patterns),
        line_has_shape=np.ones(patterns, bool),
        link_from_stop=from_stop.astype(i32), link_to_stop=to_stop.astype(i32),
        link_distance_m=np.full(links, SPACING_M),
        trip_id=np.array([f"t{i}" for i in range(trips)]), trip_pattern=trip_pattern.astype(i32),
        trip_service=np.zeros(trips, i32), trip_headsign=np.full(trips, "End"), trip_short_name=np.full(trips, ""),
        trip_block=np.full(trips, 0 if block else -1, i32), trip_wheelchair=np.zeros(trips, i8),
        trip_call_ptr=np.arange(trips + 1, dtype=np.int64) * n, arrival_s=times.ravel().astype(i32),
        departure_s=(times + np.where(np.arange(n) > 0, dwell_s, 0)).ravel().astype(i32),
        stop_sequence=np.tile(np.arange(1, n + 1), trips).astype(i32), timepoint=timepoint.ravel(),
        pickup_type=np.zeros(trips * n, i8), drop_off_type=np.zeros(trips * n, i8),
        call_headsign=np.full(trips * n, -1, i32), headsign_name=np.empty(0, np.str_),
        block_id=np.array(["b"]), journey_trip=journey_trip.astype(i32), journey_shift_s=shift.astype(i32),
        journey_headway_s=headways, service_id=np.array(["daily"]), date=np.array([DATE - 1, DATE], i32),
        date_origin=np.array([ORIGIN - 86400, ORIGIN], np.int64), service_active=np.array([[False, True]]),
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
        occupancy_percentage=np.array([-1], np.int16), wheelchair=np.zeros(1, i8), timestamp=np.array([at], float),
    )  # fmt: skip


def cancellations(at: float, *trips: int) -> TripUpdates:
    """A message that takes trips out on `DATE`, in any of these timetables."""
    return trip_updates(timetable((0,) * 9), at, 1, *(ToldRun(trip, TRIP_CANCELED) for trip in trips))
