"""A tiny network declared in a few lines: GTFS tables as text, zipped, read by the real loader.

Without further words it is the network of `../shared/cases/base.zip`: line r1, stops A to E in a row eastwards, 600 m
apart, trips t1 at 08:00 and t2 at 09:00, two minutes a hop, every day of 2026 and 2027, Europe/Paris.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from feeds.timetable import LoadedTimetable, load_timetable
from predictor.geometry import METRES_PER_DEGREE
from predictor.timetable import Timetable

LAT, LON = 47.39, 0.69
SPACING_M = 600.0
HOP_S = 120
DAILY = "daily"

Row = Mapping[str, object]


@dataclass(frozen=True)
class Stop:
    """A row of stops.txt, its place in metres seen from the network's first stop."""

    stop_id: str
    east_m: float
    north_m: float = 0.0
    name: str = ""
    parent: str = ""
    platform: str = ""
    code: str = ""
    wheelchair: int = 0
    location_type: int = 0
    timezone: str = ""

    @property
    def lat(self) -> float:
        """Degrees."""
        return LAT + self.north_m / METRES_PER_DEGREE

    @property
    def lon(self) -> float:
        """Degrees."""
        return LON + self.east_m / (METRES_PER_DEGREE * float(np.cos(np.radians(LAT))))


@dataclass(frozen=True)
class Route:
    """A row of routes.txt."""

    route_id: str
    short_name: str = ""
    long_name: str = ""
    type: int = 3
    agency: str = ""
    """The first agency where not given."""
    color: str = ""
    text_color: str = ""


@dataclass(frozen=True)
class Call:
    """A row of stop_times.txt: times "HH:MM" or "HH:MM:SS", the departure as the arrival where not given; "" where the
    feed gives none."""

    stop: str
    arrival: str
    departure: str | None = None
    headsign: str = ""
    pickup: int = 0
    drop_off: int = 0
    timepoint: int | None = None
    sequence: int | None = None
    """Its place in the trip, from 1, where not given."""


def departure_of(call: Call) -> str:
    """Its departure, "" where the feed gives none."""
    return call.arrival if call.departure is None else call.departure


@dataclass(frozen=True)
class Pattern:
    """Calls in order, of one line in one direction; trips follow it by its name."""

    name: str
    stops: str
    """Ids, with spaces between."""
    route: str = "r1"
    direction: int | None = 0
    headsign: str = "East"
    hop_s: int = HOP_S
    dwell_s: int = 0
    """At each stop but the first and the last."""
    shape: str = ""


@dataclass(frozen=True)
class Trip:
    """A row of trips.txt and its calls: from `start` on along its pattern, or `calls` with their own times."""

    trip_id: str
    start: str = ""
    pattern: str = "main"
    calls: tuple[Call, ...] = ()
    service: str = DAILY
    block: str = ""
    headsign: str | None = None
    """The pattern's where not given."""
    short_name: str = ""
    wheelchair: int = 0
    bikes: int = 0


@dataclass(frozen=True)
class Frequency:
    """A row of frequencies.txt."""

    trip: str
    start: str
    end: str
    headway_s: int
    exact_times: int = 0


@dataclass(frozen=True)
class Service:
    """A row of calendar.txt and, below it, rows of calendar_dates.txt; dates YYYYMMDD."""

    service_id: str = DAILY
    days: str = "1111111"
    """Monday first; "" leaves it out of calendar.txt."""
    start: int = 20260101
    end: int = 20271231
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Agency:
    """A row of agency.txt, in the network's time zone."""

    agency_id: str = "TB"
    name: str = "Town Buses"


def row_of_stops(stop_ids: str, *, spacing_m: float = SPACING_M) -> tuple[Stop, ...]:
    """Stops in a row eastwards; ids with spaces between."""
    return tuple(Stop(stop_id, k * spacing_m) for k, stop_id in enumerate(stop_ids.split()))


@dataclass(frozen=True)
class Network:
    """A feed. Two networks of the same content share one timetable."""

    stops: tuple[Stop, ...] = row_of_stops("A B C D E")
    patterns: tuple[Pattern, ...] = (Pattern("main", "A B C D E"),)
    trips: tuple[Trip, ...] = (Trip("t1", "08:00"), Trip("t2", "09:00"))
    routes: tuple[Route, ...] = (Route("r1", "1", "First"),)
    frequencies: tuple[Frequency, ...] = ()
    services: tuple[Service, ...] = (Service(),)
    agencies: tuple[Agency, ...] = (Agency(),)
    shapes: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict, hash=False)
    """Corners of each shape as (east, north) metres."""
    zone: str = "Europe/Paris"
    tables: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    """Whole tables as text in place of those declared; None leaves one out."""

    @property
    def feed(self) -> bytes:
        """The zip. The same tables make the same bytes."""
        return _zipped(self)

    def _zip(self) -> bytes:
        written: dict[str, str | None] = {name: _text(rows) for name, rows in self._rows().items() if rows}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in (written | dict(self.tables)).items():
                if text is not None:
                    # Dated 1980.
                    archive.writestr(zipfile.ZipInfo(f"{name}.txt"), text)
        return buffer.getvalue()

    @property
    def loaded(self) -> LoadedTimetable:
        """The timetable with what had to be mended to make it."""
        return loaded_from(self.feed)

    @property
    def timetable(self) -> Timetable:
        """What the real loader makes of the feed."""
        return self.loaded.timetable

    @cached_property
    def places(self) -> dict[str, Stop]:
        """Stops by id."""
        return {stop.stop_id: stop for stop in self.stops}

    def calls(self, trip_id: str) -> tuple[Call, ...]:
        """Calls of a trip with their times."""
        if trip_id not in self._calls:
            self._calls[trip_id] = self._calls_of(trip_id)
        return self._calls[trip_id]

    @cached_property
    def _calls(self) -> dict[str, tuple[Call, ...]]:
        """Those of the trips that were asked for."""
        return {}

    def _calls_of(self, trip_id: str) -> tuple[Call, ...]:
        trip = next(trip for trip in self.trips if trip.trip_id == trip_id)
        if trip.calls:
            return trip.calls
        pattern = self._pattern(trip)
        stop_ids = pattern.stops.split()
        start, calls = seconds(trip.start), []
        for k, stop in enumerate(stop_ids):
            arrival = start + k * pattern.hop_s + max(k - 1, 0) * pattern.dwell_s
            dwells = 0 < k < len(stop_ids) - 1
            calls.append(Call(stop, hms(arrival), hms(arrival + pattern.dwell_s * dwells)))
        return tuple(calls)

    def _pattern(self, trip: Trip) -> Pattern:
        return next(pattern for pattern in self.patterns if pattern.name == trip.pattern)

    def _rows(self) -> dict[str, list[Row]]:
        return {
            "agency": [
                {"agency_id": agency.agency_id, "agency_name": agency.name, "agency_url": "https://town.example.org",
                 "agency_timezone": self.zone}
                for agency in self.agencies
            ],
            "stops": [
                {"stop_id": stop.stop_id, "stop_code": stop.code, "stop_name": stop.name or f"Stop {stop.stop_id}",
                 "stop_lat": stop.lat, "stop_lon": stop.lon, "location_type": int(stop.location_type),
                 "parent_station": stop.parent, "platform_code": stop.platform,
                 "wheelchair_boarding": stop.wheelchair, "stop_timezone": stop.timezone}
                for stop in self.stops
            ],
            "routes": [
                {"route_id": route.route_id, "agency_id": route.agency or self.agencies[0].agency_id,
                 "route_short_name": route.short_name or route.route_id, "route_long_name": route.long_name,
                 "route_type": route.type, "route_color": route.color, "route_text_color": route.text_color}
                for route in self.routes
            ],
            "trips": [self._trip_row(trip) for trip in self.trips],
            "stop_times": [
                {"trip_id": trip.trip_id, "arrival_time": _feed_time(call.arrival),
                 "departure_time": _feed_time(departure_of(call)),
                 "stop_id": call.stop, "stop_sequence": place if call.sequence is None else call.sequence,
                 "stop_headsign": call.headsign, "pickup_type": call.pickup, "drop_off_type": call.drop_off,
                 "timepoint": call.timepoint}
                for trip in self.trips
                for place, call in enumerate(self.calls(trip.trip_id), 1)
            ],
            "calendar": [
                {"service_id": service.service_id, **dict(zip(_WEEK, service.days, strict=True)),
                 "start_date": service.start, "end_date": service.end}
                for service in self.services
                if service.days
            ],
            "calendar_dates": [
                {"service_id": service.service_id, "date": date, "exception_type": kind}
                for service in self.services
                for kind, dates in ((1, service.added), (2, service.removed))
                for date in dates
            ],
            "frequencies": [
                {"trip_id": repeated.trip, "start_time": _feed_time(repeated.start),
                 "end_time": _feed_time(repeated.end), "headway_secs": repeated.headway_s,
                 "exact_times": repeated.exact_times}
                for repeated in self.frequencies
            ],
            "shapes": [
                {"shape_id": name, "shape_pt_lat": corner.lat, "shape_pt_lon": corner.lon,
                 "shape_pt_sequence": k}
                for name, corners in self.shapes.items()
                for k, corner in enumerate(Stop("", *corner) for corner in corners)
            ],
        }  # fmt: skip

    def _trip_row(self, trip: Trip) -> Row:
        pattern = self._pattern(trip)
        return {
            "route_id": pattern.route, "service_id": trip.service, "trip_id": trip.trip_id,
            "trip_headsign": pattern.headsign if trip.headsign is None else trip.headsign,
            "trip_short_name": trip.short_name, "direction_id": pattern.direction, "block_id": trip.block,
            "shape_id": pattern.shape, "wheelchair_accessible": trip.wheelchair,
            "bikes_allowed": trip.bikes,
        }  # fmt: skip


def network(
    stops: str | Iterable[Stop] = "A B C D E",
    patterns: str | Iterable[Pattern] = "",
    trips: Iterable[Trip] = Network.trips,
    **more: object,
) -> Network:
    """A network of stops in a row (or of `Stop`s), by default with one pattern `main` along all of them; `patterns` as
    text are the ids of its stops. `more`: further fields of `Network`."""
    placed = row_of_stops(stops) if isinstance(stops, str) else tuple(stops)
    if isinstance(patterns, str):
        patterns = (Pattern("main", patterns or " ".join(s.stop_id for s in placed if s.location_type == 0)),)
    return replace(Network(), stops=placed, patterns=tuple(patterns), trips=tuple(trips), **more)  # type: ignore[arg-type]


def timetable_of(
    stops: str | Iterable[Stop] = "A B C D E",
    patterns: str | Iterable[Pattern] = "",
    trips: Iterable[Trip] = Network.trips,
    **more: object,
) -> Timetable:
    """The timetable of a `network`, in which nothing is wrong."""
    loaded = network(stops, patterns, trips, **more).loaded
    assert loaded.problems == (), loaded.problems
    return loaded.timetable


@lru_cache(maxsize=512)
def _zipped(network: Network) -> bytes:
    return network._zip()


@lru_cache(maxsize=512)
def loaded_from(feed: bytes) -> LoadedTimetable:
    """The zip as the real loader reads it, once for each content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gtfs.zip"
        path.write_bytes(feed)
        return load_timetable(path, cache_dir=None)


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def seconds(clock: str) -> int:
    """ "HH:MM" or "HH:MM:SS" in seconds; may pass 24 h."""
    hours, minutes, *rest = (int(part) for part in clock.split(":"))
    return hours * 3600 + minutes * 60 + (rest[0] if rest else 0)


def hms(at: int) -> str:
    """Seconds as "HH:MM:SS"; may pass 24 h."""
    return f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}"


def _feed_time(clock: str) -> str:
    return hms(seconds(clock)) if clock else ""


def _text(rows: list[Row]) -> str:
    """CSV of the rows, without columns that hold nothing but defaults: tiny feeds load faster for it."""
    columns = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    columns = [
        name for name in columns if name not in _ZERO_BY_DEFAULT or any(row[name] not in (0, "", None) for row in rows)
    ]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


_ZERO_BY_DEFAULT = {
    "location_type", "wheelchair_boarding", "pickup_type", "drop_off_type", "wheelchair_accessible",
    "bikes_allowed",
}  # fmt: skip
