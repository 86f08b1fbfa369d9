"""Vehicle reports of a TIDES package: its table `vehicle_locations`, as CSV or Parquet."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from google.transit.gtfs_realtime_pb2 import VehiclePosition

from feeds.tides.tables import SUFFIXES, columns_of, posix_of
from feeds.vehicle_positions.reports import NUMBER_COLUMNS, TEXT_COLUMNS, Reports

NAME = "vehicle_locations"
NEEDED = ("event_timestamp", "vehicle_id", "latitude", "longitude")
_TEXT = {"vehicle_id": "vehicle_id", "start_date": "service_date", "stop_id": "stop_id"}
_NUMBER = {
    "latitude": "latitude", "longitude": "longitude", "bearing": "heading", "speed": "speed",
    "current_stop_sequence": "scheduled_stop_sequence",
}  # fmt: skip
MORE = (
    *(name for name in (*_TEXT.values(), *_NUMBER.values()) if name not in NEEDED), "trip_id_scheduled",
    "trip_id_performed", "trip_type", "current_status",
)  # fmt: skip
_STATUS = {
    "Incoming at": VehiclePosition.INCOMING_AT,
    "Stopped at": VehiclePosition.STOPPED_AT,
    "In transit to": VehiclePosition.IN_TRANSIT_TO,
}
_CLOCK = re.compile(r"\d{2,3}:\d\d:\d\d")
_ON_A_TRIP = ("", "In service", "Layover")


def is_vehicle_locations(path: Path) -> bool:
    """Whether a file is named as such a table."""
    return path.name.startswith(NAME) and path.name.endswith(SUFFIXES)


def read_vehicle_locations(path: Path, timezone: str) -> Reports:
    """All reports of a table. Parameters: `timezone`: of times that are written without an offset. Errors: FeedError
    where it cannot be read or lacks a column that cannot be missing."""
    found = columns_of(path, NEEDED, MORE)
    rows = len(found["vehicle_id"])
    text = {name: found[_TEXT[name]] if name in _TEXT else [""] * rows for name in TEXT_COLUMNS}
    text["trip_id"] = [
        of_timetable or (driven if reason in _ON_A_TRIP else "")
        for of_timetable, driven, reason in zip(
            found["trip_id_scheduled"], found["trip_id_performed"], found["trip_type"], strict=True
        )
    ]
    text["start_time"] = [
        _start_of(driven, of_timetable, vehicle)
        for driven, of_timetable, vehicle in zip(
            found["trip_id_performed"], found["trip_id_scheduled"], found["vehicle_id"], strict=True
        )
    ]
    number = {name: np.full(rows, np.nan) for name in NUMBER_COLUMNS}
    for name, column in _NUMBER.items():
        number[name] = pd.to_numeric(pd.Series(found[column]), errors="coerce").to_numpy(np.float64)
    number["current_status"] = np.array([_STATUS.get(word, np.nan) for word in found["current_status"]], np.float64)
    number["timestamp"] = posix_of(found["event_timestamp"], timezone)
    return Reports(text, number)


def _start_of(performed: str, trip: str, vehicle: str) -> str:
    """When the run of a trip began by the clock (HH:MM:SS), where a `trip_id_performed` says so as ours do, else "":
    of a trip by headway nothing else tells its runs apart."""
    start = performed.removeprefix(f"{trip}:").removesuffix(f":{vehicle}")
    return start if performed == f"{trip}:{start}:{vehicle}" and _CLOCK.fullmatch(start) else ""


def vehicle_locations_span(path: Path, timezone: str) -> tuple[float, float]:
    """First and last time of a table, POSIX seconds; (inf, -inf) without rows. Errors: as `read_vehicle_locations`."""
    at = read_vehicle_locations(path, timezone).number["timestamp"]
    at = at[np.isfinite(at)]
    return float(at.min(initial=np.inf)), float(at.max(initial=-np.inf))
