"""A recorded stretch of an operator's feeds, played back poll by poll as they would have been received."""

from __future__ import annotations

import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from feeds.alerts.alert import Alert
from feeds.alerts.in_turns import alerts_in_turns
from feeds.alerts.own_names import OwnNames
from feeds.bounded_unpacking import ZIP_FAULTS
from feeds.errors import FeedError, Problem
from feeds.messages.kinds import ALERTS, FEEDS, TRIP_UPDATES, VEHICLE_MESSAGES, VEHICLE_POSITIONS, feeds_in, served_as
from feeds.messages.message import decode_message
from feeds.reading import GAP_S, TRIP_UPDATES_KEPT_S, Heed, Reading, is_gap
from feeds.recordings.message_files import SUFFIXES, MessageFiles
from feeds.recordings.messages_parquet import MessagesParquet
from feeds.recordings.parquet_archive import ParquetArchive
from feeds.recordings.recorded_messages import MessageArchive, MessageStore, RecordedMessages
from feeds.tides.vehicle_locations import NAME as VEHICLE_LOCATIONS
from feeds.tides.vehicle_locations import is_vehicle_locations
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.trip_updates.in_turns import updates_in_turns
from feeds.trip_updates.told_before import ToldBefore
from predictor.named_dates import NamedDates
from predictor.observations import Observations
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates

T = TypeVar("T", bound=Sized)
_LOOKED_INTO = 5
_NAMED = {TRIP_UPDATES: re.compile(r"trip.?updates?", re.IGNORECASE), ALERTS: re.compile(r"alerts?", re.IGNORECASE)}


class Archive(Protocol):
    """Recorded vehicles, asked for by time."""

    first_at: float
    last_at: float
    refused: Counter[str]

    @property
    def problems(self) -> list[Problem]:
        """Files and messages that were left out."""

    def observations_at(self, now: float, timetable: Timetable) -> Observations:
        """What the feed showed at `now`, read by a timetable."""

    def health_at(self, now: float, timetable: Timetable) -> tuple[float, str]:
        """When the last good message was received, POSIX seconds, and why a newer one cannot be used."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Give `now` in any order; in ascending order it is fast."""

    timetable: Timetable
    archive: Archive | None
    """Vehicle positions, None where the folder has none."""
    trip_updates: RecordedMessages[TripUpdates] | None = None
    alerts: RecordedMessages[tuple[Alert, ...]] | None = None
    refused_updates: Counter[str] = field(default_factory=Counter)
    alert_names: OwnNames = field(default_factory=lambda: OwnNames(NamedDates()))

    @property
    def first_at(self) -> float:
        """POSIX seconds of the first report or message: of the vehicles, where they were recorded."""
        return self.archive.first_at if self.archive is not None else min(of.first_at for of in self._held.values())

    @property
    def last_at(self) -> float:
        """POSIX seconds of the last report or message, likewise."""
        return self.archive.last_at if self.archive is not None else max(of.last_at for of in self._held.values())

    @property
    def feeds(self) -> tuple[str, ...]:
        """Names of the feeds that were recorded."""
        return tuple(self._held)

    @property
    def problems(self) -> Sequence[Problem]:
        """Files and messages that were left out, as far as they have been read."""
        # Of one address that serves several feeds what is wrong is said once.
        return list(dict.fromkeys(problem for of in self._held.values() for problem in of.problems))

    @property
    def refused(self) -> Mapping[str, int]:
        """What decoding left out of the files and messages read so far, by reason."""
        return (self.archive.refused if self.archive is not None else Counter()) + self.refused_updates

    def observations_at(self, now: float, timetable: Timetable | None = None) -> Observations:
        """What a poll of the vehicles at `now` (POSIX seconds) would have got, read by the recording's own timetable or
        by one with the operator's runs laid over it."""
        if self.archive is None:
            return Observations.empty(now)
        return self.archive.observations_at(now, timetable or self.timetable)

    def trip_updates_at(self, now: float) -> TripUpdates | None:
        """The operator's newest word on its trips received by `now`; None where there is none, or it is too old."""
        since = now - TRIP_UPDATES_KEPT_S
        return _believed(self.trip_updates, now, self.timetable, since) if self.trip_updates else None

    def alerts_at(self, now: float) -> tuple[Alert, ...]:
        """The operator's newest alerts received by `now`."""
        alerts = _believed(self.alerts, now, self.timetable) if self.alerts else None
        return self.alert_names.of(alerts or (), self.timetable, now)

    def health_at(self, feed: str, now: float) -> tuple[float, str]:
        """When the last good message of one of `feeds` had been received by `now`, POSIX seconds, NaN where none had;
        and why a newer one cannot be used, empty where it can."""
        of_feed = self._held.get(feed)
        return of_feed.health_at(now, self.timetable) if of_feed is not None else (math.nan, "")

    def reading_at(self, now: float, heed: Heed | None = None) -> Reading:
        """All that had been received by `now`. Vehicles are read by the timetable that `heed` gives, where it is given:
        so those on runs that the operator adds are known."""
        updates = self.trip_updates_at(now)
        timetable = heed(updates) if heed else None
        return Reading(self.observations_at(now, timetable), updates, self.alerts_at(now))

    def frames(
        self, start: float, end: float, every: float, heed: Heed | None = None
    ) -> Iterator[tuple[float, Reading]]:
        """What polls at start, start + every, … before `end` would have got, each with its time."""
        if not every > 0:
            raise ValueError(f"every must be positive seconds, not {every}")
        for poll in range(math.ceil((end - start) / every)):
            now = start + poll * every
            yield now, self.reading_at(now, heed)

    @property
    def _held(self) -> dict[str, Archive | RecordedMessages[Any]]:
        """What was recorded, by feed."""
        held = {VEHICLE_POSITIONS: self.archive, TRIP_UPDATES: self.trip_updates, ALERTS: self.alerts}
        return {feed: of for feed, of in held.items() if of is not None}


def _believed(messages: RecordedMessages[T], now: float, timetable: Timetable, since: float = -math.inf) -> T | None:
    """What the newest message says, or what stands while it says nothing; None where there is no message."""
    newest = before = messages.latest(now, timetable, since)
    nothing_since = now
    while before is not None and len(before.value) == 0 and now - before.received_at < GAP_S:
        nothing_since = before.received_at
        before = messages.latest(math.nextafter(nothing_since, -math.inf), timetable, since)
    if newest is None or before is None:
        return newest and newest.value
    return before.value if is_gap(before.value, newest.value, now - nothing_since) else newest.value


def open_recording(folder: str | Path, timetable: Timetable) -> Recording:
    """Open a folder that holds what `prochain record` wrote or recorded messages (`.pb`, `.pb.gz`, zips of them).

    Vehicles are in `vehicle_messages*.parquet` as received, in `vehicle_positions*.parquet` as reports, in messages
    that are not named as another feed's, or in a TIDES table `vehicle_locations*`; the operator's own words in
    `trip_updates*` and `alerts*`, where there are any. `folder` may also be one file of vehicle positions. Where it
    holds both Parquet and messages in files of their own, Parquet is read.
    Errors: FeedError where there is nothing, or nothing of it can be read.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FeedError(f"{folder}: no such folder; give the folder of a recording.")
    refused: Counter[str] = Counter()
    of_vehicles = NamedDates()
    dates = NamedDates(beside=of_vehicles)
    decode = updates_in_turns(partial(decode_trip_updates, before=ToldBefore(dates)))

    def updates(data: bytes, by: Timetable, received_at: float) -> TripUpdates:
        decoded = decode(data, by, received_at)
        refused.update(decoded.refused)
        return decoded

    feeds = (VEHICLE_POSITIONS,) if folder.is_file() else FEEDS
    named = {feed: store for feed in feeds if (store := _store(folder, feed)) is not None}
    stores = _as_what_they_hold(named)
    strayed = any(stores.get(feed) is not store for feed, store in named.items())
    recording = Recording(
        timetable,
        _vehicles(folder, timetable, stores.get(VEHICLE_POSITIONS), of_vehicles, strayed=strayed),
        RecordedMessages(stores[TRIP_UPDATES], updates) if TRIP_UPDATES in stores else None,
        RecordedMessages(stores[ALERTS], alerts_in_turns()) if ALERTS in stores else None,
        refused,
        OwnNames(dates),
    )
    if not recording.feeds:
        raise FeedError(
            f"{folder}: no recording in it; expected {VEHICLE_POSITIONS}*.parquet, or .pb, .pb.gz or a zip of them "
            "named by POSIX time."
        )
    return recording


def _vehicles(
    folder: Path, timetable: Timetable, store: MessageStore | None, dates: NamedDates, *, strayed: bool
) -> Archive | None:
    """Parameters: `store`: the vehicles' messages; `dates`: takes in what they tell of dates; `strayed`: whether it has
    the name of another feed."""
    if isinstance(store, MessageFiles):
        return MessageArchive(store, dates=dates)
    groups = _parquet_files(folder, VEHICLE_POSITIONS) or [[path] for path in _tides_files(folder)]
    # Where another feed was recorded under their name nothing of it became a report.
    reports = ParquetArchive(groups, timetable) if groups and not strayed else None
    return MessageArchive(store, reports, dates) if store else reports


def _store(folder: Path, feed: str) -> MessageStore | None:
    """A feed's messages, None where there are none. That nothing among them can be read is no error where the vehicles
    can be played all the same."""
    files, name = _message_files(folder, feed), feed.replace("_", " ")
    of_vehicles = feed == VEHICLE_POSITIONS
    parts = [] if folder.is_file() else _parquet_files(folder, VEHICLE_MESSAGES if of_vehicles else feed)
    received = list(chain.from_iterable(parts))
    is_parquet = bool(received) or (of_vehicles and bool(_parquet_files(folder, feed) or _tides_files(folder)))
    if files and not is_parquet:
        return MessageFiles(files, name)
    return MessagesParquet(received, name) if received else None


def _as_what_they_hold(named: Mapping[str, MessageStore]) -> dict[str, MessageStore]:
    """Each feed's messages, whichever feed they are named as: addresses were given in the wrong order, or one serves
    several feeds."""
    holds = {feed: _held(store) for feed, store in named.items()}
    roles = served_as(holds, {feed: feed for feed in named})
    for feed, store in named.items():
        if roles[feed] != feed:
            message = f"holds {roles[feed]} under the name of {feed}; read as what it is."
            store.problems.append(Problem(store.name(0), message))
    stores = {roles[feed]: store for feed, store in named.items()}
    for feed in FEEDS:
        among = next((store for given_as, store in named.items() if feed in holds[given_as]), None)
        if among is not None:
            stores.setdefault(feed, among)
    return stores


def _held(store: MessageStore) -> frozenset[str]:
    """The feeds of which some of its messages have entities: addresses may also have been put right in between."""
    held: set[str] = set()
    if len(store.times) == 0:
        return frozenset()
    for index in sorted({*np.linspace(0, len(store.times) - 1, _LOOKED_INTO).astype(int).tolist()}):
        with suppress(FeedError):
            held |= feeds_in(decode_message(store.message(index), ""))
    return frozenset(held)


def _tides_files(folder: Path) -> list[Path]:
    found = [folder] if folder.is_file() else sorted(folder.glob(f"{VEHICLE_LOCATIONS}*"))
    return [path for path in found if is_vehicle_locations(path)]


def _parquet_files(folder: Path, feed: str) -> list[list[Path]]:
    """Each file by itself, and the parts of a day that is still being recorded together."""
    if folder.is_file():
        return [[folder]] if folder.suffix == ".parquet" and not is_vehicle_locations(folder) else []
    groups = [[path] for path in sorted(folder.glob(f"{feed}*.parquet")) if path.is_file()]
    days = [sorted(day.glob("part-*.parquet")) for day in sorted(folder.glob(f"{feed}*")) if day.is_dir()]
    return groups + [parts for parts in days if parts]


def _message_files(folder: Path, feed: str) -> list[Path]:
    if folder.is_file():
        return [folder] if folder.name.endswith((*SUFFIXES, ".zip")) else []
    found = sorted(path for path in folder.rglob("*") if path.name.endswith((*SUFFIXES, ".zip")) and path.is_file())
    ours = [path for path in found if _feed_named(path.relative_to(folder).as_posix()) == feed]
    return [path for path in ours if path.suffix != ".zip" or _holds_messages(path, feed)]


def _feed_named(path: str) -> str:
    """The feed that a file's path names; most are recorded without saying so, and are of the vehicles."""
    return next((feed for feed, pattern in _NAMED.items() if pattern.search(path)), VEHICLE_POSITIONS)


def _holds_messages(path: Path, feed: str) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.endswith(SUFFIXES) for name in file.namelist())
    except ZIP_FAULTS:
        # A damaged recording is told of; a damaged timetable is none of ours.
        return feed in path.name
