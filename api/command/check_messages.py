"""One message of each realtime feed checked: what can be used of them together."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.text import Text

from api.command.findings import print_faults, print_name, print_refused, print_vehicles, print_warning
from api.command.log_lines import one_line
from api.reading.health import feed_faults, operator_faults, vehicle_faults
from api.reading.moment import Moment
from api.service.stop_search import StopSearch
from api.service.view import FeedHealth, ServiceView, UpdateFigures
from feeds.alerts.alert import Alert
from feeds.alerts.decoding import decode_alerts
from feeds.alerts.informed import Informed
from feeds.alerts.own_names import with_own_agencies
from feeds.errors import FeedError
from feeds.messages.kinds import ALERTS, FEEDS, TRIP_UPDATES, VEHICLE_POSITIONS, feeds_in, served_as
from feeds.messages.message import decode_message, posix_seconds
from feeds.reading import ALERTS_KEPT_S, TRIP_UPDATES_KEPT_S
from feeds.sources.source import open_source
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.engine import Engine
from predictor.observations import Observations
from predictor.timetable import Timetable
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


def check_messages(
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
            alerts = with_own_agencies(decode_alerts(message.data), timetable, moment)
    snapshot = engine.step(observations, moment, updates)
    view = ServiceView(
        snapshot, StopSearch(timetable), operator_alerts=alerts, alerts_at=moment,
        update_figures=UpdateFigures.of(updates), live_limit_s=engine.settings.live_limit_s,
    )  # fmt: skip
    if message := messages.get(VEHICLE_POSITIONS):
        _print_message(console, message, f"{len(observations):,} vehicles", stale_after_s=300.0)
        print_vehicles(console, observations, snapshot)
        print_faults(console, vehicle_faults(snapshot, engine.settings.live_limit_s))
        print_refused(console, observations.refused)
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
        print_refused(console, {"unusable_period": unusable, "informed_entity_that_fits_nothing": len(astray)})
        if astray:
            console.print(Text(one_line("such as " + ", ".join(name.ids for name in astray[:3]))))
    print_faults(console, feed_faults(served, time.time()))
    print_faults(console, operator_faults(Moment(view, moment)))
    for error in errors[:-1]:
        print_warning(console, str(error))
    if errors:
        raise errors[-1]


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


def _messages_of(
    places: Mapping[str, str], headers: Mapping[str, Mapping[str, str]], errors: list[FeedError]
) -> tuple[dict[str, _Message], list[FeedHealth]]:
    """A message of each feed, by the feed that it is of, and how each place was given. A feed that is given no place of
    its own may be in the message of another."""
    messages = {}
    for feed, place in places.items():
        with _kept(errors):
            messages[feed] = _fetched(feed, place, headers.get(feed))
    roles = served_as({feed: message.holds for feed, message in messages.items()}, places)
    served = [
        FeedHealth(
            roles[feed], message.name, given_as=feed if roles[feed] != feed else "",
            holds=() if roles[feed] in message.holds else tuple(sorted(message.holds)),
            written_at=message.made_at or math.nan,
        )
        for feed, message in messages.items()
    ]  # fmt: skip
    found = {roles[feed]: message for feed, message in messages.items()}
    for message in messages.values():
        for feed in message.holds - places.keys():
            found.setdefault(feed, message)
    return found, served


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
    print_name(console, message.name, f"{len(message.data):,} bytes, {what}")
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
    times, skipped = np.isfinite(updates.calls.arrival), updates.calls.stop_relationship == STOP_SKIPPED
    console.print(f"  and gives times for {int(times.sum()):,} calls; {int(skipped.sum()):,} are skipped.")
    print_refused(console, updates.refused)


def _ago(seconds: float) -> str:
    size, when = abs(seconds), "ago" if seconds >= 0 else "ahead of this machine's clock"
    said = f"{size:.0f} s" if size < 120 else f"{size / 60:,.0f} min" if size < 7200 else f"{size / 3600:,.0f} hours"
    return f"{said} {when}"
