"""When vehicles were at stops by a TIDES package: its tables `stop_visits` and `trips_performed`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from feeds.tides.export import RUN
from feeds.tides.tables import SUFFIXES, columns_of, posix_of

_VISITS = ("service_date", "trip_id_performed", "scheduled_stop_sequence", "vehicle_id")
_TIMES = ("actual_arrival_time", "actual_departure_time")
_TRIPS = ("service_date", "trip_id_performed", "vehicle_id")


def has_stop_visits(folder: Path) -> bool:
    """Whether a folder has both tables."""
    return bool(_tables_of(folder, "stop_visits") and _tables_of(folder, "trips_performed"))


def read_stop_visits(folder: Path, timezone: str) -> pd.DataFrame:
    """Visits with `vehicle_id`, `trip_id` (of the timetable; of a trip that has none there its own), `start_date`
    (YYYYMMDD), `begins` (the trip's scheduled start), `stop_sequence` (NaN where it has none by the timetable),
    `arrival` and `departure`; times are POSIX s, NaN where not told. Parameters: `timezone`: of times that are written
    without an offset. Errors: FeedError."""
    visits = _together(folder, "stop_visits", _VISITS, _TIMES)
    trips = _together(folder, "trips_performed", _TRIPS, ("trip_id_scheduled", "schedule_trip_start"))
    trips = trips.drop_duplicates(RUN).drop(columns="vehicle_id")
    found = visits.merge(trips, on=RUN, how="left").fillna("")
    of_timetable = found.trip_id_scheduled
    return pd.DataFrame(
        {
            "vehicle_id": found.vehicle_id,
            "trip_id": of_timetable.where(of_timetable != "", found.trip_id_performed),
            "start_date": found.service_date.str.replace("-", ""),
            "begins": posix_of(found.schedule_trip_start.tolist(), timezone),
            "stop_sequence": pd.to_numeric(found.scheduled_stop_sequence, errors="coerce"),
            "arrival": posix_of(found.actual_arrival_time.tolist(), timezone),
            "departure": posix_of(found.actual_departure_time.tolist(), timezone),
        }
    )


def _together(folder: Path, name: str, needed: tuple[str, ...], more: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(columns_of(path, needed, more)) for path in _tables_of(folder, name)])


def _tables_of(folder: Path, name: str) -> list[Path]:
    """Files of a folder that are named as such a table."""
    return sorted(path for path in folder.glob(f"{name}*") if path.name.endswith(SUFFIXES))
