"""The tables of a GTFS feed as typed frames whose index is the line in the file.

gtfs-kit reads them. What it cannot read, or would read wrongly, is read again by `feeds.gtfs.mending`.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Mapping

import gtfs_kit
import numpy as np
import pandas as pd

from feeds.errors import FeedError
from feeds.gtfs.archive import TABLES, GtfsArchive
from feeds.gtfs.mending import read_mended
from feeds.gtfs.problems import Problems
from predictor.arrays import Float64Array, StrArray

Tables = Mapping[str, pd.DataFrame]

REQUIRED_COLUMNS = {
    "agency": ("agency_timezone",),
    "stops": ("stop_id",),
    "routes": ("route_id",),
    "trips": ("trip_id", "route_id", "service_id"),
    "stop_times": ("trip_id", "stop_id", "stop_sequence"),
}
"""Tables and columns without which nothing can be told."""
COLUMNS_OF_OPTIONAL = {
    "calendar": (
        "service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "start_date",
        "end_date",
    ),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
    "shapes": ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
}  # fmt: skip
"""Tables that may be missing, and what they must hold where they are there."""

LONGEST_TEXT = 200
_SAMPLE = 1000


def read_tables(archive: GtfsArchive, problems: Problems) -> dict[str, pd.DataFrame]:
    """Every table that the timetable needs.

    Returns: frames by table name, index `int64` line numbers (the header is line 1), text columns `string`, missing
    values NA. Errors: FeedError where a table or a column is missing that nothing can be done without.
    """
    missing = [f"{table}.txt" for table in REQUIRED_COLUMNS if table not in archive.members]
    if not {"calendar", "calendar_dates"} & archive.members.keys():
        missing.append("calendar.txt or calendar_dates.txt")
    if missing:
        there = ", ".join(sorted(archive.members.values()))
        raise FeedError(f"{archive.name}: {', '.join(missing)} missing; only {there} found. Ask for the whole feed.")
    straight = _read_straight(archive)
    tables = {}
    for table in TABLES:
        if table not in archive.members:
            continue
        frame = straight.get(table)
        if frame is None or _was_read_wrongly(frame):
            frame = read_mended(archive, table, problems)
        lacking = [c for c in {**REQUIRED_COLUMNS, **COLUMNS_OF_OPTIONAL}[table] if c not in frame]
        if lacking and table in REQUIRED_COLUMNS:
            raise FeedError(
                f"{archive.name}: {table}.txt has no column {', '.join(lacking)}; its header is "
                f"“{','.join(map(str, frame.columns))}”. Mend the header or ask for the whole feed."
            )
        if lacking:
            problems.file(f"{table}.txt", f"no column {', '.join(lacking)}; the file was left out.")
            continue
        tables[table] = frame
    for table in REQUIRED_COLUMNS:
        if tables[table].empty:
            raise FeedError(f"{archive.name}: {table}.txt has no usable row; ask for the whole feed.")
    return tables


def numbers(frame: pd.DataFrame, column: str) -> Float64Array:
    """A column as a float64 array of its own, NaN where missing or not a number."""
    if column not in frame:
        return np.full(len(frame), np.nan)
    series = frame[column]
    if not pd.api.types.is_numeric_dtype(series):
        series = pd.to_numeric(series, errors="coerce")
    result: Float64Array = series.to_numpy(np.float64, copy=True, na_value=np.nan)
    return result


def choice(frame: pd.DataFrame, column: str, allowed: range, default: int) -> Float64Array:
    """A column that names one of a few cases, `default` where it names none of them."""
    values = numbers(frame, column)
    return np.where((values >= allowed.start) & (values < allowed.stop), values, default)


def words(frame: pd.DataFrame, column: str) -> pd.Series[str]:
    """A column as text, "" where missing."""
    if column not in frame:
        return pd.Series("", index=frame.index, dtype="string")
    return frame[column].astype("string").fillna("").str.strip()


def text_array(values: pd.Series[str]) -> StrArray:
    """Text without NULs as a NumPy array; overlong ones are cut, since each entry takes the room of the longest."""
    return np.array(values.str.replace("\0", "", regex=False).str.slice(0, LONGEST_TEXT).tolist(), dtype=np.str_)


def _read_straight(archive: GtfsArchive) -> dict[str, pd.DataFrame | None]:
    """What gtfs-kit reads; nothing where it stumbles."""
    if not archive.plain or any(_has_odd_header(archive, table) for table in archive.members):
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            feed = gtfs_kit.read_feed(archive.path, dist_units="m")
    except (ValueError, TypeError, KeyError, OverflowError, OSError, zipfile.BadZipFile, zlib.error, EOFError):
        return {}
    frames: dict[str, pd.DataFrame | None] = {}
    for table in TABLES:
        frame = getattr(feed, table)
        if frame is not None:
            frame.index = pd.RangeIndex(2, 2 + len(frame))
        frames[table] = frame
    return frames


def _has_odd_header(archive: GtfsArchive, table: str) -> bool:
    """Whether the column names need cleaning before they mean anything."""
    start = archive.read(table, 4096).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r")
    try:
        names = [name.strip('"') for name in start.decode("ascii").split(",")]
    except UnicodeDecodeError:
        return True
    return any(name != name.strip().lower() for name in names) or (len(names) == 1 and ";" in names[0])


def _was_read_wrongly(frame: pd.DataFrame) -> bool:
    """Ids with spaces around them, or codes taken for numbers, which loses their leading zeros."""
    if "platform_code" in frame and pd.api.types.is_numeric_dtype(frame["platform_code"]):
        return True
    ids = [c for c in frame if str(c).endswith("_id") and isinstance(frame[c].dtype, pd.StringDtype)]
    return any(bool((s.str.strip() != s).any()) for s in (frame[c].iloc[:_SAMPLE].dropna() for c in ids))
