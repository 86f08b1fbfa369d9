"""A hand-made town: tram A and bus 2 along a straight road, a station with two platforms, one day of service.

A: gare:1  liberte  hopital  douets       08:00, 08:20, 08:40, and at 24:20
2: gare:2  st-pierre  liberte             08:05, 08:35
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from api.service.clock import ShiftedClock
from api.service.incoming_feeds import RealtimeFeeds
from api.service.service import Service
from api.service.view import FeedHealth
from benchmarks.field.network import Agency, Call, Network, Pattern, Route, Stop, Trip, hms, network
from benchmarks.field.network import Service as Days
from feeds.alerts.alert import Alert, Selector
from feeds.reading import Heed, Reading
from predictor.engine import EngineSettings
from predictor.geometry import METRES_PER_DEGREE
from predictor.observations import Observations
from predictor.timetable import Timetable
from predictor.trip_updates import STOP_SKIPPED, TRIP_CANCELED, TripUpdates
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


def town_feed() -> Network:
    """See the module's docstring. Vehicles reach each stop 120 s after the last."""
    metres = dict(zip(STOPS, (0.0, 0.0, 0.0, 600.0, 1200.0, 1800.0, 300.0), strict=True))
    codes = ["", "1001", "1002", "101", "102", "103", "104"]
    stops = [
        Stop(
            stop, metres[stop], name=name, code=code, wheelchair=wheelchair, location_type=stop == "gare",
            parent="gare" if ":" in stop else "", platform=stop.partition(":")[2],
        )
        for stop, name, code, wheelchair in zip(STOPS, NAMES, codes, [1, 0, 0, 1, 0, 2, 0], strict=True)
    ]  # fmt: skip
    lines = [("tram-A", 0, "Les Douets"), ("bus-2", None, "Liberté")]
    return network(
        stops,
        [
            Pattern(route, " ".join(PATTERNS[line]), route, direction, headsign)
            for line, (route, direction, headsign) in enumerate(lines)
        ],
        [
            Trip(trip, pattern=lines[line][0], service="monday", wheelchair=int(line == 0), calls=_calls(line, start_s))
            for trip, line, start_s in TRIPS
        ],
        routes=(
            Route("tram-A", "A", "Gare – Les Douets", 0, color="E2001A", text_color="FFFFFF"),
            Route("bus-2", "2", "Gare – Liberté"),
        ),
        services=(Days("monday", days="", added=(DATE,)),),
        agencies=(Agency("town", "Town"),),
    )  # fmt: skip


def town() -> Timetable:
    """What is read of it. Its own arrays, which tests may change; nothing runs on the days before and after."""
    return replace(
        deepcopy(town_feed().timetable),
        feed_version="town",
        date=np.array([DATE - 1, DATE, DATE + 1], np.int32),
        date_origin=(MIDNIGHT + 86_400 * np.arange(-1, 2)).astype(np.int64),
        service_active=np.array([[False, True, False]]),
    )


def _calls(line: int, start_s: int) -> tuple[Call, ...]:
    stops = PATTERNS[line]
    return tuple(
        Call(stop, hms(start_s + k * LINK_S), pickup=int(k == len(stops) - 1), timepoint=int(k == 0),
             sequence=10 * (k + 1))
        for k, stop in enumerate(stops)
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
        occupancy_percentage=np.array([-1], np.int16), wheelchair=np.zeros(1, i8), congestion=np.zeros(1, i8),
        is_extra=np.zeros(1, bool), timestamp=np.array([measured_at]),
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


class HandFeeds(RealtimeFeeds):
    """Feeds that say what the test wants."""

    def __init__(self, read: Callable[[float], Reading]) -> None:
        self.says = read
        self.running = False

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
        warm_up_s=60.0,
    )


@cache
def remembering(*, by_headway: bool = False) -> Service:
    """The town's service at 8:35: it has followed the first tram to its end. To be asked only: one for all."""
    service = service_at(at(8, 1), timetable=headway_town() if by_headway else None)
    for now in np.arange(at(8, 1, 20), at(8, 35, 1), 20.0).tolist():
        service.step(now)
    service._history.work.drain()
    service.clock = ShiftedClock(at(8, 35))
    return service
