"""Vehicle reports of a TIDES package: its table `vehicle_locations`, as CSV or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from google.transit.gtfs_realtime_pb2 import VehiclePosition

from feeds.errors import FeedError
from feeds.reports import NUMBER_COLUMNS, TEXT_COLUMNS, Reports
from feeds.tides.formulas import unguarded
from feeds.whole_file import regular
from predictor.arrays import Float64Array

NAME = "vehicle_locations"
SUFFIXES = (".csv", ".parquet")
NEEDED = ("event_timestamp", "vehicle_id", "latitude", "longitude")
_MISSING = ["", "NA", "NaN"]
_TEXT = {"vehicle_id": "vehicle_id", "start_date": "service_date", "stop_id": "stop_id"}
_NUMBER = {
    "latitude": "latitude", "longitude": "longitude", "bearing": "heading", "speed": "speed",
    "current_stop_sequence": "scheduled_stop_sequence",
}  # fmt: skip
_STATUS = {
    "Incoming at": VehiclePosition.INCOMING_AT,
    "Stopped at": VehiclePosition.STOPPED_AT,
    "In transit to": VehiclePosition.IN_TRANSIT_TO,
}
_ON_A_TRIP = ("", "In service", "Layover")


def is_vehicle_locations(path: Path) -> bool:
    """Whether a file is named as such a table."""
    return path.name.startswith(NAME) and path.name.endswith(SUFFIXES)


def read_vehicle_locations(path: Path, timezone: str) -> Reports:
    """All reports of a table. Parameters: `timezone`: of times that are written without an offset. Errors: FeedError
    where it cannot be read or lacks a column that cannot be missing."""
    table = _table(path)
    missing = [name for name in NEEDED if name not in table.column_names]
    if missing:
        raise FeedError(f"{path}: no column {', '.join(missing)}; TIDES vehicle_locations has {', '.join(NEEDED)}.")
    rows = table.num_rows

    def words(name: str) -> list[str]:
        return _words(table[name]) if name in table.column_names else [""] * rows

    text = {name: words(_TEXT[name]) if name in _TEXT else [""] * rows for name in TEXT_COLUMNS}
    scheduled, performed, kind = words("trip_id_scheduled"), words("trip_id_performed"), words("trip_type")
    text["trip_id"] = [
        (of_timetable or driven) if what in _ON_A_TRIP else ""
        for of_timetable, driven, what in zip(scheduled, performed, kind, strict=True)
    ]
    number = {name: np.full(rows, np.nan) for name in NUMBER_COLUMNS}
    for name, column in _NUMBER.items():
        number[name] = pd.to_numeric(pd.Series(words(column)), errors="coerce").to_numpy(np.float64)
    number["current_status"] = np.array([_STATUS.get(word, np.nan) for word in words("current_status")], np.float64)
    number["timestamp"] = _posix(words("event_timestamp"), timezone)
    return Reports(text, number)


def vehicle_locations_span(path: Path, timezone: str) -> tuple[float, float]:
    """First and last time of a table, POSIX seconds; (inf, -inf) without rows. Errors: as `read_vehicle_locations`."""
    at = read_vehicle_locations(path, timezone).number["timestamp"]
    at = at[np.isfinite(at)]
    return float(at.min(initial=np.inf)), float(at.max(initial=-np.inf))


def _table(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.read_table(regular(path))
        with regular(path).open("rb") as file:
            names = file.readline().decode("utf-8-sig").strip().replace('"', "").split(",")
        options = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        return pa_csv.read_csv(path, convert_options=options)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FeedError(f"{path}: cannot be read as a table ({error}); export it again.") from error


def _words(column: Any) -> list[str]:
    if pa.types.is_timestamp(column.type):
        return [value.isoformat() if value is not None else "" for value in column.to_pylist()]
    words = column.cast(pa.string()).to_pylist()
    return ["" if word is None or word in _MISSING else unguarded(word) for word in words]


def _posix(words: list[str], timezone: str) -> Float64Array:
    """ISO 8601 as POSIX seconds, NaN for what is none."""
    text = pd.Series(words, dtype="string")
    with_offset = text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").fillna(False).to_numpy(bool)
    result = np.full(len(text), np.nan)
    for those in (with_offset, ~with_offset):
        at = pd.to_datetime(text[those], errors="coerce", utc=bool(those is with_offset), format="ISO8601")
        if those is not with_offset:
            at = at.dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
        seconds = at.dt.tz_localize(None).to_numpy("datetime64[ms]")
        result[those] = np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64) / 1e3)
    return result
