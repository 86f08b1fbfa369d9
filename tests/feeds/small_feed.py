"""A small GTFS feed as text: three stops in a row east of Tours, 600 m apart, one trip at eight. Tests change its
tables one by one."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from feeds.timetable import LoadedTimetable, load_timetable
from predictor.geometry import METRES_PER_DEGREE
from predictor.timetable import Timetable

LAT, LON = 47.39, 0.69
SPACING_M = 600.0
WEEK = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
STOPS = "stop_id,stop_name,stop_lat,stop_lon\n"
TRIPS = "route_id,service_id,trip_id\n"
STOP_TIMES = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
SHAPES = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"


def place(east_m: float, north_m: float = 0.0) -> str:
    """“latitude,longitude” of a place seen from the first stop."""
    lat = LAT + north_m / METRES_PER_DEGREE
    return f"{lat:.7f},{LON + east_m / METRES_PER_DEGREE / np.cos(np.radians(LAT)):.7f}"


def stops(**places: tuple[float, float]) -> str:
    """stops.txt with stops at (east, north) metres."""
    return STOPS + "".join(f"{name},Stop {name},{place(*at)}\n" for name, at in places.items())


def shape(*corners: tuple[float, float], name: str = "way") -> str:
    """Rows of shapes.txt through (east, north) metres."""
    return "".join(f"{name},{place(*at)},{i}\n" for i, at in enumerate(corners))


def calls(trip: str, *times: str, stops: str = "ABC") -> str:
    """Rows of stop_times.txt: a time for each stop, "" where the feed gives none."""
    return "".join(
        f"{trip},{time},{time},{stop},{i}\n" for i, (stop, time) in enumerate(zip(stops, times, strict=True), 1)
    )


TABLES: dict[str, str | bytes | None] = {
    "agency": "agency_name,agency_url,agency_timezone\nTown Buses,https://town.example,Europe/Paris\n",
    "stops": stops(A=(0, 0), B=(SPACING_M, 0), C=(2 * SPACING_M, 0)),
    "routes": "route_id,route_short_name,route_type\nr1,1,3\n",
    "trips": TRIPS + "r1,daily,t1\n",
    "stop_times": STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00"),
    "calendar": WEEK + "daily,1,1,1,1,1,1,1,20260302,20260308\n",
}
"""A week of March 2026, from Monday the 2nd."""


def write_feed(path: Path, **tables: str | bytes | None) -> Path:
    """Zip the small feed with some tables exchanged; None leaves one out."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**TABLES, **tables}.items():
            if text is not None:
                # Dated 1980, so that the same tables make the same bytes.
                archive.writestr(zipfile.ZipInfo(f"{name}.txt"), text)
    return path


def load(folder: Path, **tables: str | bytes | None) -> LoadedTimetable:
    """The small feed with some tables exchanged, as it is read."""
    return load_timetable(write_feed(folder / "gtfs.zip", **tables), cache_dir=None)


def read(folder: Path, **tables: str | bytes | None) -> Timetable:
    """Like `load`, for a feed in which nothing is wrong."""
    loaded = load(folder, **tables)
    assert loaded.problems == ()
    return loaded.timetable


def clock_times(timetable: Timetable, trip: str, *, arrivals: bool = False) -> list[str]:
    """Departures (or arrivals) of a trip as the feed writes them."""
    t = timetable.trip_index[trip]
    span = slice(timetable.trip_call_ptr[t], timetable.trip_call_ptr[t + 1])
    seconds = (timetable.arrival_s if arrivals else timetable.departure_s)[span].tolist()
    return [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in seconds]


def called_stops(timetable: Timetable, trip: str) -> str:
    """Ids of the stops that a trip calls at, in order."""
    pattern = timetable.trip_pattern[timetable.trip_index[trip]]
    span = slice(timetable.pattern_call_ptr[pattern], timetable.pattern_call_ptr[pattern + 1])
    return "".join(timetable.stop_id[timetable.pattern_stop[span]].tolist())


def distances(timetable: Timetable, trip: str) -> list[float]:
    """Metres along its line of each call of a trip."""
    pattern = timetable.trip_pattern[timetable.trip_index[trip]]
    span = slice(timetable.pattern_call_ptr[pattern], timetable.pattern_call_ptr[pattern + 1])
    result: list[float] = timetable.pattern_distance_m[span].tolist()
    return result


def posix(year: int, month: int, day: int, hour: int = 0, minute: int = 0, *, zone: str = "Europe/Paris") -> float:
    """POSIX seconds of a local time."""
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp()
