"""`prochain check`: what feeds hold, what is wrong with them, and what of them can be used, in plain words: those that
the service has for the same input."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.command.log_lines import one_line
from api.reading.calls import iso_date
from api.reading.health import Fault, feed_faults, operator_faults, timetable_faults, vehicle_faults
from api.reading.moment import Moment
from api.service.stop_search import StopSearch
from api.service.view import FeedHealth, ServiceView, UpdateFigures
from api.words.health import fault_words
from feeds.alerts.alert import Alert
from feeds.alerts.decoding import decode_alerts
from feeds.alerts.informed import Informed
from feeds.errors import FeedError, Problem
from feeds.messages.kinds import ALERTS, FEEDS, TRIP_UPDATES, VEHICLE_POSITIONS, feeds_in, served_as
from feeds.messages.message import decode_message, posix_seconds
from feeds.reading import ALERTS_KEPT_S, TRIP_UPDATES_KEPT_S
from feeds.recordings.recording import open_recording
from feeds.sources.source import open_source
from feeds.timetable import load_timetable
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.arrays import Int64Array
from predictor.engine import Engine
from predictor.observations import Observations
from predictor.snapshot import VEHICLE_STATES, Snapshot
from predictor.timetable import PLATFORM, Timetable
from predictor.trip_updates import (
    STOP_SKIPPED,
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_DUPLICATED,
    TRIP_NEW,
    TRIP_REPLACEMENT,
    TRIP_SCHEDULED,
    TRIP_UNSCHEDULED,
    TripUpdates,
)  # fmt: skip

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
_RUN_WORDS = {
    TRIP_SCHEDULED: "by the timetable",
    TRIP_UNSCHEDULED: "by headway",
    TRIP_CANCELED: "cancelled",
    TRIP_DELETED: "not to be shown",
    TRIP_REPLACEMENT: "with other stops than the timetable has",
    TRIP_ADDED: "added",
    TRIP_NEW: "new",
    TRIP_DUPLICATED: "driven once more",
}


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
        _print_problems(console, loaded.problems)
    else:
        console.print("\nNothing wrong was found in it.\n")
    path = Path(vehicle_positions or "")
    if vehicle_positions and (path.is_dir() or path.suffix in (".parquet", ".zip")):
        _check_recording(console, path, timetable)
        vehicle_positions = None
    given = {VEHICLE_POSITIONS: vehicle_positions, TRIP_UPDATES: trip_updates, ALERTS: alerts}
    places = {feed: place for feed, place in given.items() if place}
    if places:
        _check_messages(console, places, headers or {}, timetable)


def _print_timetable(console: Console, name: str, tt: Timetable) -> None:
    trips = np.bincount(tt.trip_service, minlength=len(tt.service_id)) @ tt.service_active
    runs = np.flatnonzero(trips)
    served = np.unique(tt.call_stop)
    unserved = int((tt.stop_location_type == PLATFORM).sum()) - len(served)
    console.print()
    _print_name(console, name, f"{tt.network_name or 'agency without a name'}, times in {tt.timezone}")
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
        file, entity_id, message = (
            Text(one_line(words)) for words in (problem.file, problem.entity_id, problem.message)
        )
        table.add_row(file, row, entity_id, f"{problem.count:,}", message)
    console.print(table)
    console.print()


@dataclass(frozen=True, eq=False)
class _Message:
    """One message of a feed."""

    name: str
    """Where it comes from."""
    data: bytes
    received_at: float
    made_at: float
    """0 where it does not say."""
    holds: frozenset[str]
    """The feeds of which it has entities."""

    @property
    def moment(self) -> float:
        """A message kept from another day is checked as of its own time."""
        return self.made_at if 0 < self.made_at < self.received_at else self.received_at


def _check_messages(
    console: Console, places: Mapping[str, str], headers: Mapping[str, Mapping[str, str]], timetable: Timetable
) -> None:
    """One message of each feed, read together as the service reads them."""
    errors: list[FeedError] = []
    messages, served = _messages_of(places, headers, errors)
    # Vehicles move from one second to the next; what is said of trips and to riders holds for longer.
    moment = next((messages[feed].moment for feed in FEEDS if feed in messages), time.time())
    engine, updates, observations, alerts = Engine(timetable), None, Observations.empty(moment), tuple[Alert, ...]()
    if message := messages.get(TRIP_UPDATES):
        with _kept(errors):
            updates = decode_trip_updates(message.data, timetable, message.moment)
    if message := messages.get(VEHICLE_POSITIONS):
        with _kept(errors):
            observations = decode_vehicle_positions(message.data, engine.heed(updates), message.moment)
    if message := messages.get(ALERTS):
        with _kept(errors):
            alerts = decode_alerts(message.data)
    snapshot = engine.step(observations, moment, updates)
    view = ServiceView(
        snapshot, StopSearch(timetable), operator_alerts=alerts, alerts_at=moment,
        update_figures=UpdateFigures.of(updates), live_limit_s=engine.settings.live_limit_s,
    )  # fmt: skip
    if message := messages.get(VEHICLE_POSITIONS):
        _print_message(console, message, f"{len(observations):,} vehicles", stale_after_s=300.0)
        _print_vehicles(console, observations, snapshot)
        _print_faults(console, vehicle_faults(snapshot, engine.settings.live_limit_s))
        _print_refused(console, observations.refused)
    if message := messages.get(TRIP_UPDATES):
        _print_message(console, message, "trip updates", stale_after_s=TRIP_UPDATES_KEPT_S)
        if updates is not None:
            _print_updates(console, updates)
    if message := messages.get(ALERTS):
        _print_message(console, message, f"{len(alerts):,} alerts", stale_after_s=ALERTS_KEPT_S)
        in_force = sum(alert.state(moment) == "in_force" for alert in alerts)
        console.print(f"{in_force:,} of {len(alerts):,} alerts are in force.")
        astray = [name for alert in alerts for name in Informed.of(alert.selectors, snapshot.timetable, moment).astray]
        unusable = sum(alert.unusable_periods for alert in alerts)
        _print_refused(console, {"unusable_period": unusable, "informed_entity_that_fits_nothing": len(astray)})
        if astray:
            console.print(Text(one_line("such as " + ", ".join(name.ids for name in astray[:3]))))
    _print_faults(console, feed_faults(served))
    _print_faults(console, operator_faults(Moment(view, moment)))
    for error in errors[:-1]:
        _print_warning(console, str(error))
    if errors:
        raise errors[-1]


def _messages_of(
    places: Mapping[str, str], headers: Mapping[str, Mapping[str, str]], errors: list[FeedError]
) -> tuple[dict[str, _Message], list[FeedHealth]]:
    """A message of each feed, by the feed that it is of, and how each place was given."""
    messages = {}
    for feed, place in places.items():
        with _kept(errors):
            messages[feed] = _fetched(feed, place, headers.get(feed))
    roles = served_as({feed: message.holds for feed, message in messages.items()}, places)
    served = [
        FeedHealth(
            roles[feed], message.name, given_as=feed if roles[feed] != feed else "",
            holds=() if roles[feed] in message.holds else tuple(sorted(message.holds)),
        )
        for feed, message in messages.items()
    ]  # fmt: skip
    return {roles[feed]: message for feed, message in messages.items()}, served


@contextmanager
def _kept(errors: list[FeedError]) -> Iterator[None]:
    """What is wrong with one feed as a whole is told after the others."""
    try:
        yield
    except FeedError as error:
        errors.append(error)


def _fetched(feed: str, place: str, headers: Mapping[str, str] | None) -> _Message:
    opened = open_source(place, headers=headers)
    received_at = time.time()
    data = opened.fetch(received_at)
    if data is None:
        raise FeedError(f"{opened.name}: the server answered that there is nothing new, to the first question.")
    message = decode_message(data, feed.replace("_", " "))
    return _Message(opened.name, data, received_at, posix_seconds(message.header.timestamp), feeds_in(message))


def _print_message(console: Console, message: _Message, what: str, stale_after_s: float) -> None:
    _print_name(console, message.name, f"{len(message.data):,} bytes, {what}")
    if message.made_at <= 0:
        console.print("The message does not say when it was made (header.timestamp).")
    else:
        age_s = message.received_at - message.made_at
        console.print(f"made {_ago(age_s)}" + (", too old to be live" if age_s > stale_after_s else ""))


def _print_updates(console: Console, updates: TripUpdates) -> None:
    console.print(f"It speaks of {len(updates):,} runs that can be told:")
    for relationship, words in _RUN_WORDS.items():
        if count := int((updates.relationship == relationship).sum()):
            console.print(f"  {count:,} {words}")
    times, skipped = np.isfinite(updates.arrival), updates.stop_relationship == STOP_SKIPPED
    console.print(f"  and gives times for {int(times.sum()):,} calls; {int(skipped.sum()):,} are skipped.")
    _print_refused(console, updates.refused)


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
    _print_name(console, str(path), f"recorded from {first} to {last}; played up to {at}")
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
    console.print(f"{known:,} of {len(observations):,} reports name a trip of this timetable.")
    if joined := snapshot.counts.get("reports_joined", 0):
        console.print(f"{joined:,} others are of vehicles to which the trip updates give one.")
    console.print("Of the vehicles,")
    state = np.bincount(snapshot.vehicles.state, minlength=len(VEHICLE_STATES))
    for name, count in zip(VEHICLE_STATES, state.tolist(), strict=True):
        if count:
            console.print(f"  {count:,} {_STATE_WORDS[name]}")
    live = len(snapshot.predictions)
    stops = len(np.unique(snapshot.predictions.stop))
    console.print(f"  from which come {live:,} predictions at {stops:,} stops.")


def _print_faults(console: Console, faults: Sequence[Fault]) -> None:
    for fault in faults:
        _print_warning(console, fault_words(fault))


def _print_warning(console: Console, words: str) -> None:
    console.print(Text(one_line(words), "yellow"))


def _print_name(console: Console, name: str, what: str) -> None:
    """What comes from a feed is no markup."""
    console.print(Text.assemble((one_line(name), "bold"), f": {one_line(what)}"))


def _print_refused(console: Console, refused: Mapping[str, int]) -> None:
    left_out = {reason: count for reason, count in refused.items() if count}
    if left_out:
        console.print("Left out of it:")
    for reason, count in sorted(left_out.items()):
        console.print(f"  {count:,} × {reason.replace('_', ' ')}")
