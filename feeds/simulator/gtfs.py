"""The timetable as a GTFS zip."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from feeds.gtfs.columns import WEEKDAYS
from feeds.simulator.calendars import DAY_TYPES, TIMEZONE, day_type, weekly_day_type
from feeds.simulator.network import Network, id_prefix, town_name
from feeds.simulator.schedule import Schedule
from predictor.arrays import Int32Array

AGENCY_ID, AGENCY_NAME = "FILDEL", "Fil de Loire"
_CLOCK = pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(28 * 3600)])


def write_gtfs(
    path: Path, towns: Sequence[tuple[Network, Mapping[str, Schedule]]], first_date: date, days: int
) -> None:
    """Write the feed for `days` days from `first_date`; only the day types that run on them. Same input, same bytes.

    Parameters: `towns`: each town's network, and its timetable of each day type.
    """
    if days < 1:
        msg = f"a feed must cover at least one day, got days={days}"
        raise ValueError(msg)
    dates = [first_date + timedelta(days=n) for n in range(days)]
    kinds = [kind for kind in DAY_TYPES if kind in {day_type(d) for d in dates}]
    planned = [(network, schedules[kind]) for kind in kinds for network, schedules in towns]
    networks = [network for network, _ in towns]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in (
            ("agency.txt", _agency()),
            ("feed_info.txt", _feed_info(dates)),
            ("calendar.txt", _calendar(dates)),
            ("calendar_dates.txt", _calendar_dates(dates)),
        ):
            _write(archive, name, [_table(table)])
        _write(archive, "routes.txt", (_table(_routes(network)) for network in networks))
        _write(archive, "stops.txt", (_table(_stops(network)) for network in networks))
        _write(archive, "trips.txt", (_trips(network, schedule) for network, schedule in planned))
        _write(archive, "shapes.txt", (_shapes(network) for network in networks))
        _write(archive, "stop_times.txt", (_stop_times(network, schedule) for network, schedule in planned))


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def _write(archive: zipfile.ZipFile, name: str, tables: Iterable[pa.Table]) -> None:
    # A fixed date keeps the bytes the same from run to run.
    entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as out:
        for i, table in enumerate(tables):
            buffer = BytesIO()
            if i == 0:
                buffer.write((",".join(table.column_names) + "\n").encode())
            csv.write_csv(table, buffer, csv.WriteOptions(include_header=False))
            out.write(buffer.getvalue())


def _agency() -> pd.DataFrame:
    return pd.DataFrame(
        [[AGENCY_ID, AGENCY_NAME, "https://fil-de-loire.example.org", TIMEZONE, "fr", "+33 2 61 91 00 00"]],
        columns=["agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang", "agency_phone"],
    )


def _feed_info(dates: list[date]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feed_publisher_name": ["prochain"], "feed_publisher_url": ["https://fil-de-loire.example.org"],
            "feed_lang": ["fr"], "feed_start_date": [f"{dates[0]:%Y%m%d}"], "feed_end_date": [f"{dates[-1]:%Y%m%d}"],
            "feed_version": [f"{town_name(0)} {dates[0]:%Y-%m-%d}"],
        }
    )  # fmt: skip


def _calendar(dates: list[date]) -> pd.DataFrame:
    kinds = [kind for kind in DAY_TYPES if any(day_type(d) == kind for d in dates)]
    table = pd.DataFrame({"service_id": kinds})
    for n, weekday in enumerate(WEEKDAYS):
        table[weekday] = [int(kind == DAY_TYPES[max(n - 4, 0)]) for kind in kinds]
    table["start_date"], table["end_date"] = f"{dates[0]:%Y%m%d}", f"{dates[-1]:%Y%m%d}"
    return table


def _calendar_dates(dates: list[date]) -> pd.DataFrame:
    kinds = {day_type(d) for d in dates}
    rows = []
    for day in dates:
        runs, usual = day_type(day), weekly_day_type(day)
        if runs != usual:
            rows.append((runs, f"{day:%Y%m%d}", 1))
            if usual in kinds:
                rows.append((usual, f"{day:%Y%m%d}", 2))
    return pd.DataFrame(rows, columns=["service_id", "date", "exception_type"])


def _routes(network: Network) -> pd.DataFrame:
    plans = network.route_plan
    return pd.DataFrame(
        {
            "route_id": network.route_id, "agency_id": AGENCY_ID, "route_short_name": [p.name for p in plans],
            "route_long_name": network.route_long_name, "route_type": [p.mode for p in plans],
            "route_color": [p.color for p in plans], "route_text_color": [p.text_color for p in plans],
            "route_sort_order": range(network.town * len(plans) + 1, (network.town + 1) * len(plans) + 1),
        }
    )  # fmt: skip


def _stops(network: Network) -> pd.DataFrame:
    station = network.stop_is_station
    parent = [network.stop_id[p] if p >= 0 else "" for p in network.stop_parent.tolist()]
    return pd.DataFrame(
        {
            "stop_id": network.stop_id,
            "stop_code": ["" if s else i for s, i in zip(station.tolist(), network.stop_id, strict=True)],
            "stop_name": network.stop_name, "stop_lat": network.stop_lat, "stop_lon": network.stop_lon,
            "location_type": station.astype(int), "parent_station": parent,
            "wheelchair_boarding": network.stop_wheelchair, "platform_code": network.stop_platform,
        }
    )  # fmt: skip


def _trips(network: Network, schedule: Schedule) -> pa.Table:
    pattern = schedule.trip_pattern
    route = network.pattern_route[pattern].tolist()
    # One bus in twelve of the blocks is an old one that no wheelchair gets into.
    accessible = np.where((schedule.trip_block % 12 == 5) & ~schedule.block_is_tram[schedule.trip_block], 2, 1)
    return pa.table(
        {
            "route_id": [network.route_id[r] for r in route],
            "service_id": [schedule.day_type] * len(route),
            "trip_id": schedule.trip_id,
            "trip_headsign": [network.pattern_headsign[p] for p in pattern.tolist()],
            "direction_id": network.pattern_direction[pattern],
            "block_id": [schedule.block_id[b] for b in schedule.trip_block.tolist()],
            "shape_id": pa.array(_shape_ids(network)).take(pa.array(pattern)),
            "wheelchair_accessible": accessible,
        }
    )


def _shapes(network: Network) -> pa.Table:
    paths = network.paths
    count = np.diff(paths.ptr)
    pattern = np.repeat(np.arange(len(paths)), count)
    with_distance = np.array([plan.has_distances for plan in network.route_plan])[network.pattern_route[pattern]]
    return pa.table(
        {
            "shape_id": pa.array(_shape_ids(network)).take(pa.array(pattern)),
            "shape_pt_lat": paths.lat,
            "shape_pt_lon": paths.lon,
            "shape_pt_sequence": np.arange(len(pattern)) - np.repeat(paths.ptr[:-1], count) + 1,
            "shape_dist_traveled": pa.array(np.round(paths.distance_m, 1), mask=~with_distance),
        }
    )


def _shape_ids(network: Network) -> list[str]:
    return [f"{id_prefix(network.town)}shape-{pattern}" for pattern in range(len(network.paths))]


def _stop_times(network: Network, schedule: Schedule) -> pa.Table:
    with_distance = np.array([plan.has_distances for plan in network.route_plan])[network.pattern_route]
    trip, position = schedule.call_trip, schedule.call_of_pattern
    pattern, at = schedule.trip_pattern[trip], schedule.pattern_call(network)
    last = position == network.pattern_calls[pattern] - 1
    return pa.table(
        {
            "trip_id": pa.array(schedule.trip_id).take(pa.array(trip)),
            "arrival_time": _CLOCK.take(pa.array(_clock_index(schedule.arrival_s))),
            "departure_time": _CLOCK.take(pa.array(_clock_index(schedule.departure_s))),
            "stop_id": pa.array(network.stop_id).take(pa.array(network.call_stop[at])),
            "stop_sequence": position + 1,
            "pickup_type": last.astype(np.int8),
            "drop_off_type": (position == 0).astype(np.int8),
            "timepoint": network.call_timepoint[at].astype(np.int8),
            "shape_dist_traveled": pa.array(np.round(network.call_distance_m[at], 1), mask=~with_distance[pattern]),
        }
    )


def _clock_index(seconds: Int32Array) -> Int32Array:
    if len(seconds) and (seconds.min() < 0 or seconds.max() >= len(_CLOCK)):
        msg = f"the plan has a time outside 00:00:00 to 27:59:59: {int(seconds.min())} to {int(seconds.max())} s"
        raise ValueError(msg)
    return seconds
