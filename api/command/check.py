"""`prochain check`: what feeds hold, what is wrong with them, and what of them can be used, in plain words: those that
the service has for the same input."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from rich.console import Console
from rich.table import Table

from api.command.check_messages import check_messages
from api.command.findings import print_faults, print_name, print_problems, print_refused, print_vehicles
from api.reading.calls import iso_date
from api.reading.health import timetable_faults, vehicle_faults
from feeds.errors import FeedError
from feeds.messages.kinds import ALERTS, TRIP_UPDATES, VEHICLE_POSITIONS
from feeds.recordings.recording import open_recording
from feeds.timetable import load_timetable
from predictor.arrays import Int64Array
from predictor.engine import Engine
from predictor.observations import Observations
from predictor.snapshot import Snapshot
from predictor.timetable import DAY_S, PLATFORM, Timetable

PLAYED_S = 1800.0
"""So much of a recording is played: vehicles are matched by how they move."""
_POLL_S = 30.0


def check_feed(
    gtfs: str,
    vehicle_positions: str | None = None,
    console: Console | None = None,
    *,
    trip_updates: str | None = None,
    alerts: str | None = None,
    headers: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Print what was read and what is wrong with it.

    Parameters: `gtfs`: path or address; the others: path or address of one message each; `vehicle_positions` may be the
    folder or file of a recording, of which half an hour from the middle of its first day is played; `headers`: HTTP
    headers by feed (`feeds.recordings.recording.VEHICLE_POSITIONS` and so on).
    Errors: FeedError where one of them cannot be used at all; the others are told of before.
    """
    console = console or Console(soft_wrap=True)
    loaded = load_timetable(gtfs, cache_dir=None)
    timetable = loaded.timetable
    _print_timetable(console, gtfs, timetable)
    if loaded.problems:
        print_problems(console, loaded.problems)
    else:
        console.print("\nNothing wrong was found in it.\n")
    path = Path(vehicle_positions or "")
    if vehicle_positions and (path.is_dir() or path.suffix in (".parquet", ".zip")):
        _check_recording(console, path, timetable)
        vehicle_positions = None
    given = {VEHICLE_POSITIONS: vehicle_positions, TRIP_UPDATES: trip_updates, ALERTS: alerts}
    places = {feed: place for feed, place in given.items() if place}
    if places:
        check_messages(console, places, headers or {}, timetable)


def _print_timetable(console: Console, name: str, tt: Timetable) -> None:
    trips = np.bincount(tt.trip_service, minlength=len(tt.service_id)) @ tt.service_active
    runs = np.flatnonzero(trips)
    served = np.unique(tt.call_stop)
    unserved = int((tt.stop_location_type == PLATFORM).sum()) - len(served)
    console.print()
    print_name(console, name, f"{tt.network_name or 'agency without a name'}, times in {tt.timezone}")
    rows = [
        ("stops", f"{len(served):,} that trips call at, {unserved:,} that none calls at"),
        ("routes", f"{len(tt.route_id):,}"),
        ("trips", f"{tt.trips:,} in {len(tt.pattern_route):,} patterns, {len(tt.arrival_s):,} calls"),
        ("run by headway", f"{int(tt.trip_is_frequency.sum()):,} trips (frequencies.txt)"),
        ("blocks", f"{len(tt.block_id):,}; {int((tt.trip_block >= 0).sum()):,} trips belong to one"),
        ("lines drawn", f"{int(tt.line_has_shape.sum()):,} from shapes.txt, {int((~tt.line_has_shape).sum()):,} from "
                        "stop to stop"),
        ("service", _service_words(tt, runs, trips)),
    ]  # fmt: skip
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    console.print(table)
    print_faults(console, timetable_faults(tt, time.time()))


def _service_words(tt: Timetable, runs: Int64Array, trips: Int64Array) -> str:
    if len(runs) == 0:
        return "no trip runs on any day; check calendar.txt and calendar_dates.txt"
    first, last, busiest = (int(tt.date[day]) for day in (runs[0], runs[-1], runs[np.argmax(trips[runs])]))
    return (
        f"{iso_date(first)} to {iso_date(last)}, {int(np.median(trips[runs])):,} trips a day (median); "
        f"most, {int(trips.max()):,}, on {iso_date(busiest)}"
    )


def _check_recording(console: Console, path: Path, timetable: Timetable) -> None:
    recording = open_recording(path, timetable)
    middle = recording.first_at + 0.5 * min(recording.last_at - recording.first_at, DAY_S)
    engine = Engine(timetable)
    latest: tuple[Observations, Snapshot] | None = None
    for now, reading in recording.frames(
        max(middle - PLAYED_S, recording.first_at), middle + 1.0, _POLL_S, engine.heed
    ):
        latest = reading.observations, engine.step(reading.observations, now, reading.trip_updates)
    if latest is None:
        raise FeedError(f"{path}: the recording is empty.")
    zone = ZoneInfo(timetable.timezone)
    first, last, at = (
        datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M")
        for moment in (recording.first_at, recording.last_at, middle)
    )
    print_name(console, str(path), f"recorded from {first} to {last}; played up to {at}")
    print_vehicles(console, *latest)
    print_faults(console, vehicle_faults(latest[1], engine.settings.live_limit_s))
    print_refused(console, recording.refused)
    if recording.problems:
        print_problems(console, recording.problems)
