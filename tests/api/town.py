"""A hand-made town: tram A and bus 2 along a straight road, a station with two platforms, one day of service.

A: gare:1  liberte  hopital  douets       08:00, 08:20, 08:40, and at 24:20
2: gare:2  st-pierre  liberte             08:05, 08:35
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from api.service.clock import ShiftedClock
from api.service.service import Service
from api.service.view import FeedHealth
from feeds.alerts import Alert, Selector
from feeds.reading import Heed, Reading
from predictor.engine import EngineSettings
from predictor.geometry import METRES_PER_DEGREE
from predictor.observations import Observations
from predictor.timetable import Timetable
from predictor.trip_updates import STOP_SKIPPED, TRIP_CANCELED, TripUpdates
from tests.predictor.one_agency import one_agency
from tests.predictor.operator_word import ToldCall, ToldRun, trip_updates

ZONE = ZoneInfo("Europe/Paris")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=ZONE).timestamp()
DATE = 20260302
LAT, LON = 47.39, 0.69
LINK_S = 120
SPACING_M = 600.0

STOPS = ["gare", "gare:1", "gare:2", "liberte", "hopital", "douets", "st-pierre"]
NAMES = [
    "Gare de Tours", "Gare de Tours", "Gare de Tours", "Place de la Liberté", "Hôpital Trousseau", "Les Douets",
    "Saint-Pierre",
]  # fmt: skip
PATTERNS = [["gare:1", "liberte", "hopital", "douets"], ["gare:2", "st-pierre", "liberte"]]
TRIPS = [
    ("A-0800", 0, 8 * 3600), ("A-0820", 0, 8 * 3600 + 1200), ("A-0840", 0, 8 * 3600 + 2400),
    ("A-2420", 0, 24 * 3600 + 1200), ("2-0805", 1, 8 * 3600 + 300), ("2-0835", 1, 8 * 3600 + 2100),
]  # fmt: skip


def at(hour: int, minute: int = 0, second: int = 0) -> float:
    """POSIX seconds on the day of service."""
    return MIDNIGHT + hour * 3600 + minute * 60 + second


def town() -> Timetable:
    """See the module's docstring. Vehicles reach each stop 120 s after the last."""
    place = {"gare": 0.0, "gare:1": 0.0, "gare:2": 0.0, "liberte": 1.0, "hopital": 2.0, "douets": 3.0, "st-pierre": 0.5}
    i8, i32 = np.int8, np.int32
    calls = [[STOPS.index(stop) for stop in stops] for stops in PATTERNS]
    lon = np.array([lon_at(place[stop] * SPACING_M) for stop in STOPS])
    pattern_stop = np.concatenate(calls).astype(i32)
    pattern_ptr = np.cumsum([0, *map(len, calls)]).astype(np.int64)
    distance = np.concatenate([[place[STOPS[s]] * SPACING_M for s in stops] for stops in calls])
    links = [(a, b) for stops in calls for a, b in pairwise(stops)]
    times = [start + np.arange(len(calls[pattern])) * LINK_S for _, pattern, start in TRIPS]
    trip_calls = [len(t) for t in times]
    total = sum(trip_calls)
    first = np.concatenate([np.arange(n) == 0 for n in trip_calls])
    pickup = np.concatenate([np.arange(n) == n - 1 for n in trip_calls]).astype(i8)
    n, trips = len(STOPS), len(TRIPS)
    return Timetable(
        feed_version="town", timezone="Europe/Paris", **one_agency("town", "Town"),
        stop_id=np.array(STOPS), stop_code=np.array(["", "1001", "1002", "101", "102", "103", "104"]),
        stop_name=np.array(NAMES), stop_platform=np.array(["", "1", "2", "", "", "", ""]),
        stop_lat=np.full(n, LAT), stop_lon=lon, stop_parent=np.array([-1, 0, 0, -1, -1, -1, -1], i32),
        stop_wheelchair=np.array([1, 0, 0, 1, 0, 2, 0], i8), stop_location_type=np.array([1, 0, 0, 0, 0, 0, 0], i8),
        place_id=np.empty(0, np.str_), place_stop=np.empty(0, np.int32),
        route_id=np.array(["tram-A", "bus-2"]), route_short_name=np.array(["A", "2"]),
        route_long_name=np.array(["Gare – Les Douets", "Gare – Liberté"]), route_agency_id=np.full(2, "town"),
        route_type=np.array([0, 3], i32),
        route_color=np.array(["E2001A", ""]), route_text_color=np.array(["FFFFFF", ""]),
        pattern_route=np.array([0, 1], i32), pattern_direction=np.array([0, -1], i8),
        pattern_line=np.array([0, 1], i32), pattern_call_ptr=pattern_ptr, pattern_stop=pattern_stop,
        pattern_distance_m=distance, pattern_link=np.array([0, 1, 2, -1, 3, 4, -1], i32),
        line_ptr=pattern_ptr, line_lat=np.full(len(pattern_stop), LAT), line_lon=lon[pattern_stop],
        line_distance_m=distance, line_has_shape=np.array([True, True]),
        link_from_stop=np.array([a for a, _ in links], i32), link_to_stop=np.array([b for _, b in links], i32),
        link_distance_m=np.array([SPACING_M, SPACING_M, SPACING_M, SPACING_M / 2, SPACING_M / 2]),
        trip_id=np.array([t for t, _, _ in TRIPS]), trip_pattern=np.array([p for _, p, _ in TRIPS], i32),
        trip_service=np.zeros(trips, i32), trip_headsign=np.array(["Les Douets"] * 4 + ["Liberté"] * 2),
        trip_short_name=np.full(trips, ""), trip_block=np.full(trips, -1, i32),
        trip_wheelchair=np.array([1, 1, 1, 1, 0, 0], i8),
        trip_call_ptr=np.cumsum([0, *trip_calls]).astype(np.int64), arrival_s=np.concatenate(times).astype(i32),
        departure_s=np.concatenate(times).astype(i32),
        stop_sequence=np.concatenate([10 * np.arange(1, c + 1) for c in trip_calls]).astype(i32), timepoint=first,
        pickup_type=pickup, drop_off_type=np.zeros(total, i8),
        call_headsign=np.full(total, -1, np.int32), headsign_name=np.empty(0, np.str_), block_id=np.empty(0, np.str_),
        journey_trip=np.arange(trips, dtype=i32), journey_shift_s=np.zeros(trips, i32),
        journey_headway_s=np.zeros(trips, i32), service_id=np.array(["monday"]),
        date=np.array([DATE - 1, DATE, DATE + 1], i32),
        date_origin=(MIDNIGHT + 86_400 * np.arange(-1, 2)).astype(np.int64),
        service_active=np.array([[False, True, False]]),
    )  # fmt: skip


def headway_town() -> Timetable:
    """The same, but that A-0800 runs by headway, every ten minutes for an hour."""
    timetable = town()
    slots = np.arange(6, dtype=np.int32) * 600
    others = np.arange(1, len(TRIPS), dtype=np.int32)
    return replace(
        timetable,
        journey_trip=np.concatenate([np.zeros(6, np.int32), others]),
        journey_shift_s=np.concatenate([slots, np.zeros(len(others), np.int32)]),
        journey_headway_s=np.concatenate([np.full(6, 600, np.int32), np.zeros(len(others), np.int32)]),
    )


def lon_at(distance_m: float) -> float:
    """Longitude so many metres along the road."""
    return LON + distance_m / (METRES_PER_DEGREE * float(np.cos(np.radians(LAT))))


def tram_at(distance_m: float, measured_at: float, *, trip: int = 0) -> Observations:
    """A message that tells of tram 7001 alone."""
    i8, i32, f32 = np.int8, np.int32, np.float32
    return Observations(
        received_at=measured_at, feed_timestamp=measured_at, vehicle_id=np.array(["7001"]),
        vehicle_label=np.array(["Tram 1"]), trip=np.array([trip], i32), service_date=np.array([DATE], i32),
        start_time_s=np.array([-1], i32), route=np.array([0], i32), direction=np.array([0], i8),
        lat=np.array([LAT]), lon=np.array([lon_at(distance_m)]), bearing=np.array([90.0], f32),
        speed=np.array([np.nan], f32), stop_sequence=np.array([-1], i32), stop=np.array([-1], i32),
        stop_status=np.array([-1], i8), occupancy=np.array([-1], i8),
        occupancy_percentage=np.array([-1], np.int16), wheelchair=np.zeros(1, i8), timestamp=np.array([measured_at]),
    )  # fmt: skip


def disruption(timestamp: float) -> TripUpdates:
    """A-0820 is cancelled; A-0840 does not stop at liberte."""
    skipped = ToldCall(PATTERNS[0].index("liberte"), relationship=STOP_SKIPPED)
    day = TOWN.date_index[DATE]
    return trip_updates(TOWN, timestamp, day, ToldRun(1, TRIP_CANCELED), ToldRun(2, calls=(skipped,)))


TOWN = town()


WORKS = Alert(
    alert_id="works", cause="CONSTRUCTION", effect="DETOUR", header={"fr": "Travaux", "en": "Road works"},
    description={"fr": "A-0840 ne dessert pas Liberté."}, active=((at(7), at(9)),),
    selectors=(Selector(stop_id="liberte"),),
)  # fmt: skip


class HandFeeds:
    """Feeds that say what the test wants."""

    def __init__(self, read: Callable[[float], Reading]) -> None:
        self.says = read
        self.running = False
        self.threads: tuple[()] = ()

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def read(self, timetable: Timetable, now: float, heed: Heed) -> Reading:
        return self.says(now)

    def health(self) -> dict[str, FeedHealth]:
        return {"vehicle_positions": FeedHealth("vehicle_positions", "by hand", good_at=at(8, 3))}


def tram_on_time(now: float) -> Reading:
    """Tram 7001 drives A-0800 at 5 m/s, a report every 10 s; the operator's messages are in force."""
    measured_at = now - now % 10
    distance_m = float(np.clip((measured_at - at(8)) * SPACING_M / LINK_S, 0, 3 * SPACING_M))
    return Reading(tram_at(distance_m, measured_at), disruption(now), (WORKS,))


def service_at(
    now: float,
    read: Callable[[float], Reading] = tram_on_time,
    *,
    timetable: Timetable | None = None,
    engine_settings: EngineSettings | None = None,
    speed: float = 1.0,
    gtfs_zips: Sequence[Path] = (),
) -> Service:
    """A service that has stepped up to `now`, and whose clock stands there until it is started."""
    return Service(
        timetable or town(),
        HandFeeds(read),
        ShiftedClock(now, speed),
        engine_settings=engine_settings,
        gtfs_zips=gtfs_zips,
        warm_up_s=120.0,
    )
