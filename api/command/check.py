"""`prochain check`: what a feed holds, what is wrong with it, and how many of its vehicles match, in plain words."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from rich.console import Console
from rich.table import Table

from api.reading.calls import iso_date
from api.reading.health import Fault, timetable_faults, vehicle_faults
from api.words.health import fault_words
from feeds.errors import FeedError, Problem
from feeds.message import decode_message, posix_seconds
from feeds.recording import open_recording
from feeds.source import open_source
from feeds.timetable import load_timetable
from feeds.vehicle_positions import FEED, decode_vehicle_positions
from predictor.arrays import Int64Array
from predictor.engine import Engine
from predictor.observations import Observations
from predictor.snapshot import VEHICLE_STATES, Snapshot
from predictor.timetable import Timetable

PLAYED_S = 1800.0
"""So much of a recording is played: vehicles are matched by how they move."""
_POLL_S = 30.0
_STATE_WORDS = {
    "unmatched": "match no trip: no trip_id of this timetable, and no trip that fits where and when they are",
    "in_service": "run a trip",
    "layover": "wait for their trip to begin, or have ended it",
    "deadhead": "are away from their line, before or after a trip",
    "off_route": "are on a trip but away from its line",
}


def check_feed(gtfs: str, vehicle_positions: str | None = None, console: Console | None = None) -> None:
    """Print what was read and what is wrong with it.

    Parameters: `gtfs`: path or address; `vehicle_positions`: path or address of one message, or the folder or file of
    a recording, of which half an hour from the middle of its first day is played.
    Errors: FeedError where one of them cannot be used at all.
    """
    console = console or Console(soft_wrap=True)
    loaded = load_timetable(gtfs, cache_dir=None)
    timetable = loaded.timetable
    _print_timetable(console, gtfs, timetable)
    if loaded.problems:
        _print_problems(console, loaded.problems)
    else:
        console.print("\nNothing wrong was found in it.\n")
    if vehicle_positions is None:
        return
    path = Path(vehicle_positions)
    if path.is_dir() or path.suffix in (".parquet", ".zip"):
        _check_recording(console, path, timetable)
    else:
        _check_message(console, vehicle_positions, timetable)


def _print_timetable(console: Console, name: str, tt: Timetable) -> None:
    trips = np.bincount(tt.trip_service, minlength=len(tt.service_id)) @ tt.service_active
    runs = np.flatnonzero(trips)
    served = np.unique(tt.call_stop)
    unserved = int((tt.stop_location_type == 0).sum()) - len(served)
    console.print(f"\n[bold]{name}[/bold]: {tt.agency_name or 'agency without a name'}, times in {tt.timezone}")
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
    _print_faults(console, timetable_faults(tt, time.time()))


def _service_words(tt: Timetable, runs: Int64Array, trips: Int64Array) -> str:
    if len(runs) == 0:
        return "no trip runs on any day; check calendar.txt and calendar_dates.txt"
    first, last, busiest = (int(tt.date[day]) for day in (runs[0], runs[-1], runs[np.argmax(trips[runs])]))
    return (
        f"{iso_date(first)} to {iso_date(last)}, {int(np.median(trips[runs])):,} trips a day (median); "
        f"most, {int(trips.max()):,}, on {iso_date(busiest)}"
    )


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    console.print(f"\n{len(problems)} kinds of faults; each was mended or skipped as it says:\n")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("file", no_wrap=True)
    table.add_column("first row", justify="right", no_wrap=True)
    table.add_column("id", overflow="fold")
    table.add_column("times", justify="right", no_wrap=True)
    table.add_column("what is wrong", overflow="fold", ratio=1)
    for problem in problems:
        row = "" if problem.row is None else f"{problem.row:,}"
        table.add_row(problem.file, row, problem.entity_id, f"{problem.count:,}", problem.message)
    console.print(table)
    console.print()


def _check_message(console: Console, source: str, timetable: Timetable) -> None:
    opened = open_source(source)
    received_at = time.time()
    data = opened.fetch(received_at)
    if data is None:
        raise FeedError(f"{opened.name}: the server answered that there is nothing new, to the first question.")
    # A message kept from another day is checked as of its own time.
    made_at = posix_seconds(decode_message(data, FEED).header.timestamp)
    moment = made_at if 0 < made_at < received_at else received_at
    observations = decode_vehicle_positions(data, timetable, moment)
    console.print(f"[bold]{opened.name}[/bold]: {len(data):,} bytes, {len(observations):,} vehicles")
    if made_at <= 0:
        console.print("The message does not say when it was made (header.timestamp).")
    else:
        age = received_at - made_at
        console.print(f"made {_ago(age)}" + (", too old to be live" if age > 300 else ""))
    engine = Engine(timetable)
    snapshot = engine.step(observations, moment)
    _print_vehicles(console, observations, snapshot)
    _print_faults(console, vehicle_faults(snapshot, engine.settings.live_limit_s))
    _print_refused(console, observations.refused)


def _check_recording(console: Console, path: Path, timetable: Timetable) -> None:
    recording = open_recording(path, timetable)
    middle = recording.first_at + 0.5 * min(recording.last_at - recording.first_at, 86_400.0)
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
    console.print(f"[bold]{path}[/bold]: recorded from {first} to {last}; played up to {at}")
    _print_vehicles(console, *latest)
    _print_faults(console, vehicle_faults(latest[1], engine.settings.live_limit_s))
    _print_refused(console, recording.refused)
    if recording.problems:
        _print_problems(console, recording.problems)


def _ago(seconds: float) -> str:
    if abs(seconds) < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:,.0f} min ago" if abs(seconds) < 7200 else f"{seconds / 3600:,.0f} hours ago"


def _print_vehicles(console: Console, observations: Observations, snapshot: Snapshot) -> None:
    known = int((observations.trip >= 0).sum())
    console.print(f"{known:,} of {len(observations):,} reports name a trip of this timetable. Of the vehicles,")
    state = np.bincount(snapshot.vehicles.state, minlength=len(VEHICLE_STATES))
    for name, count in zip(VEHICLE_STATES, state.tolist(), strict=True):
        if count:
            console.print(f"  {count:,} {_STATE_WORDS[name]}")
    live = len(snapshot.predictions)
    stops = len(np.unique(snapshot.predictions.stop))
    console.print(f"  from which come {live:,} predictions at {stops:,} stops.")


def _print_faults(console: Console, faults: Sequence[Fault]) -> None:
    for fault in faults:
        console.print(fault_words(fault), style="yellow", highlight=False, markup=False)


def _print_refused(console: Console, refused: Mapping[str, int]) -> None:
    left_out = {reason: count for reason, count in refused.items() if count}
    if left_out:
        console.print("Left out of it:")
    for reason, count in sorted(left_out.items()):
        console.print(f"  {count:,} × {reason.replace('_', ' ')}")
