"""Vehicle reports in Parquet files: the columns of GTFS-Realtime's VehiclePosition, any of them missing but three."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError
from feeds.storage.parquet_damage import READ_ERRORS, not_whole
from feeds.storage.whole_file import regular
from feeds.vehicle_positions.reports import NUMBER_COLUMNS, TEXT_COLUMNS, Reports
from predictor.arrays import Float64Array

NEEDED = ("latitude", "longitude", "timestamp")
_NO_TEXT = {"nan", "NaN", "None", "<NA>"}
_NAMES = {
    "current_status": gtfs_realtime_pb2.VehiclePosition.VehicleStopStatus,
    "congestion_level": gtfs_realtime_pb2.VehiclePosition.CongestionLevel,
    "occupancy_status": gtfs_realtime_pb2.VehiclePosition.OccupancyStatus,
    "schedule_relationship": gtfs_realtime_pb2.TripDescriptor.ScheduleRelationship,
    "wheelchair_accessible": gtfs_realtime_pb2.VehicleDescriptor.WheelchairAccessible,
}

SCHEMA = pa.schema(
    [(name, pa.string()) for name in TEXT_COLUMNS]
    + [(name, pa.int64() if name == "timestamp" else pa.float64()) for name in NUMBER_COLUMNS]
)


def read_reports(path: Path, *, only_last: bool = False) -> Reports:
    """All reports of a file, or those of its last row group only.

    Other columns than a VehiclePosition's are not looked at.
    Ids may be text or numbers, enumerations names or numbers, the timestamp POSIX seconds or an Arrow timestamp (taken
    as UTC). Errors: FeedError where the file is damaged or lacks a column that cannot be missing.
    """
    with _opened(path) as file:
        known = [name for name in (*TEXT_COLUMNS, *NUMBER_COLUMNS) if name in file.schema_arrow.names]
        try:
            groups = range(file.num_row_groups)
            table = file.read_row_groups(list(groups[-1:] if only_last else groups), columns=known)
        except READ_ERRORS as error:
            raise FeedError(not_whole(path, error)) from error
    rows = table.num_rows
    try:
        text: dict[str, Sequence[str]] = {
            name: _text(table[name]) if name in known else [""] * rows for name in TEXT_COLUMNS
        }
        number = {
            name: _number(table[name], name) if name in known else np.full(rows, np.nan) for name in NUMBER_COLUMNS
        }
    except pa.ArrowException as error:
        raise FeedError(f"{path}: a column has a type that cannot be read ({error}).") from error
    return Reports(text, number)


def time_span(path: Path) -> tuple[float, float]:
    """First and last timestamp of a file, POSIX seconds, from its footer where that tells; (inf, -inf) without rows.

    Errors: as `read_reports`.
    """
    with _opened(path) as file:
        column = file.schema_arrow.names.index("timestamp")
        if pa.types.is_integer(file.schema_arrow.field("timestamp").type):
            groups = [file.metadata.row_group(i).column(column).statistics for i in range(file.metadata.num_row_groups)]
            if all(group is not None and group.has_min_max for group in groups):
                return (
                    min((float(group.min) for group in groups), default=np.inf),
                    max((float(group.max) for group in groups), default=-np.inf),
                )
        try:
            at = _number(file.read(columns=["timestamp"])["timestamp"], "timestamp")
        except READ_ERRORS as error:
            raise FeedError(not_whole(path, error)) from error
    at = at[np.isfinite(at)]
    return float(at.min(initial=np.inf)), float(at.max(initial=-np.inf))


def table_of(reports: Reports) -> pa.Table:
    """Reports as an Arrow table of `SCHEMA`, null where nothing is known."""
    text = [pa.array([word or None for word in reports.text[name]], pa.string()) for name in TEXT_COLUMNS]
    number = [
        pa.array(reports.number[name], SCHEMA.field(name).type, from_pandas=True, safe=False) for name in NUMBER_COLUMNS
    ]
    return pa.Table.from_arrays(text + number, schema=SCHEMA)


def _opened(path: Path) -> Any:
    try:
        file = pq.ParquetFile(regular(path))
    except READ_ERRORS as error:
        raise FeedError(not_whole(path, error)) from error
    missing = [name for name in NEEDED if name not in file.schema_arrow.names]
    if missing:
        file.close()
        raise FeedError(f"{path}: no column {', '.join(missing)}; these must be there: {', '.join(NEEDED)}.")
    return file


def _text(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        # Whole numbers that met a missing value on their way: 1554.0 was 1554.
        whole = pc.equal(column, pc.round(column))
        column = pc.if_else(whole, column.cast(pa.int64(), safe=False).cast(pa.string()), column.cast(pa.string()))
    elif pa.types.is_temporal(column.type):
        column = pc.strftime(column, format="%H:%M:%S" if pa.types.is_time(column.type) else "%Y%m%d")
    # Ids recur: each is made a Python string once, not once a row.
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    words = ["" if word in _NO_TEXT else word for word in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    result: list[str] = np.array([*words, ""], object)[codes].tolist()
    return result


def _number(column: pa.ChunkedArray, name: str) -> Float64Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        # By way of numbers, since a safe cast refuses to round nanoseconds.
        ticks = column.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy()
        return np.asarray(ticks / {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[column.type.unit], np.float64)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        values = pd.Series(column.to_pylist(), dtype=object)
        if name in _NAMES:
            values = values.replace(dict(_NAMES[name].items()))
        return pd.to_numeric(values, errors="coerce").to_numpy(np.float64)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), np.float64)
