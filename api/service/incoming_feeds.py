"""The realtime feeds that the service follows: polled from sources, or played from a recording."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from api.service.clock import Clock, LiveClock
from api.service.polled_feed import Decode, Overheard, PolledFeed
from api.service.view import FeedHealth
from feeds.alerts.in_turns import alerts_in_turns
from feeds.alerts.own_names import OwnNames
from feeds.background import Repeated, Watched
from feeds.ids.call_numbers import Numbering
from feeds.messages.kinds import ALERTS, FEEDS, TRIP_UPDATES, VEHICLE_POSITIONS, served_as
from feeds.reading import ALERTS_KEPT_S, TRIP_UPDATES_KEPT_S, Heed, Reading
from feeds.sources.source import Source
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.trip_updates.in_turns import updates_in_turns
from feeds.trip_updates.told_before import ToldBefore
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.named_dates import NamedDates
from predictor.observations import Observations
from predictor.timetable import Timetable

if TYPE_CHECKING:
    from feeds.recordings.recording import Recording

log = logging.getLogger("prochain")


class RealtimeFeeds(ABC):
    """Where a service's readings come from."""

    on_news: Callable[[], None] = staticmethod(lambda: None)
    """Called when something new has come in the background."""

    def start(self) -> None:  # noqa: B027
        """Begin to poll, where that goes on in the background."""

    def stop(self) -> None:  # noqa: B027
        """End it, and wait for it to end."""

    @property
    def threads(self) -> Sequence[Watched]:
        """What goes on in the background."""
        return ()

    @property
    def told(self) -> tuple[bytes, float] | None:
        """See `Learned.told`."""
        return None

    def recall(self, data: bytes, received_at: float) -> None:  # noqa: B027
        """Give, at the next reading and until another comes, this message on trips, which came before the start."""

    @abstractmethod
    def read(self, timetable: Timetable, now: float, heed: Heed) -> Reading:
        """What had been received by `now`. No waiting, no FeedError: what cannot be used is told by `health`.

        `heed` lays the operator's runs over the timetable, so that a vehicle on a run that the operator adds in the
        same moment is known from its first report on.
        """

    @abstractmethod
    def health(self) -> Mapping[str, FeedHealth]:
        """How each feed is doing, by its name."""


def _decoders(of_vehicles: NamedDates, of_updates: NamedDates) -> Mapping[str, Decode[Any]]:
    """How the messages of each of an operator's feeds are read."""
    return {
        VEHICLE_POSITIONS: partial(decode_vehicle_positions, dates=of_vehicles, numbering=Numbering()),
        TRIP_UPDATES: updates_in_turns(partial(decode_trip_updates, before=ToldBefore(of_updates))),
        ALERTS: alerts_in_turns(),
    }


class PolledFeeds(RealtimeFeeds):
    """Feeds asked every `every_s` seconds: each by its own thread, or (`in_step`) while reading, for sources that
    answer at once. An address that was given for another feed than it serves is read as what it serves, and one that
    serves more than it was given for also as the feeds for which no other was given."""

    def __init__(
        self,
        vehicle_positions: Source | None,
        trip_updates: Source | None = None,
        alerts: Source | None = None,
        *,
        every_s: float = 10.0,
        in_step: bool = False,
        clock: Clock | None = None,
    ) -> None:
        sources = {VEHICLE_POSITIONS: vehicle_positions, TRIP_UPDATES: trip_updates, ALERTS: alerts}
        of_vehicles = NamedDates()
        self._dates = NamedDates(beside=of_vehicles)
        self._decoders = _decoders(of_vehicles, self._dates)
        self._alert_names = OwnNames(self._dates)
        self._feeds: dict[str, PolledFeed[Any]] = {
            name: PolledFeed(name, source, self._decoders[name]) for name, source in sources.items() if source
        }
        """By the feed that each serves as."""
        self._overheard: dict[str, PolledFeed[Any]] = {}
        """Those for which no address was given, in the messages of another."""
        self._addresses = {name: source.name for name, source in sources.items() if source}
        self._every_s = every_s
        self._in_step = in_step
        self._clock = clock or LiveClock()
        self._polled_at = float("-inf")
        self._recalls = False
        self._polling: list[Repeated] = []

    def start(self) -> None:
        """Begin to poll."""
        if not self._in_step and not self._polling:
            self._polling = [
                Repeated(f"poll-{feed.health.name}", partial(self._poll, feed), self._every_s, first_s=0.0)
                for feed in self._feeds.values()
            ]
            for polling in self._polling:
                polling.start()

    def stop(self) -> None:
        """End polling. A poll under way is given a second to end."""
        for polling in self._polling:
            polling.stop(1.0)
        self._polling.clear()

    @property
    def threads(self) -> Sequence[Watched]:
        """See `RealtimeFeeds`."""
        return tuple(self._polling)

    @property
    def told(self) -> tuple[bytes, float] | None:
        """See `RealtimeFeeds`."""
        feed = self._feeds.get(TRIP_UPDATES)
        return feed.last if feed else None

    def recall(self, data: bytes, received_at: float) -> None:
        """See `RealtimeFeeds`."""
        feed = self._feeds.get(TRIP_UPDATES)
        if feed:
            feed.recall(data, received_at)
            self._recalls = True

    def read(self, timetable: Timetable, now: float, heed: Heed) -> Reading:
        """See `RealtimeFeeds`."""
        recalls, self._recalls = self._recalls, False
        if self._in_step and not recalls and not self._polled_at <= now < self._polled_at + self._every_s:
            self._polled_at = now
            for feed in self._feeds.values():
                feed.poll(now)
        for feed in self._overheard.values():
            feed.poll(now)
        base = timetable.base
        updates = self._kept(TRIP_UPDATES, base, now, TRIP_UPDATES_KEPT_S)
        timetable = heed(updates)
        vehicles, trips, custom = self._feed(VEHICLE_POSITIONS), self._feed(TRIP_UPDATES), self._dates.custom
        observations = vehicles.fresh(timetable) if vehicles else None
        if vehicles and trips and updates is not None and self._dates.custom != custom:
            # The vehicles have only now told which days the operator's dates mean.
            trips.read_again(base)
            updates = self._kept(TRIP_UPDATES, base, now, TRIP_UPDATES_KEPT_S)
            timetable = heed(updates)
            observations = vehicles.read_again(timetable)
        alerts = self._kept(ALERTS, timetable, now, ALERTS_KEPT_S)
        self._sort_out()
        self._listen(now)
        return Reading(
            observations=Observations.empty(now) if observations is None else observations,
            trip_updates=updates,
            alerts=self._alert_names.of(alerts or (), timetable, now),
        )

    def health(self) -> Mapping[str, FeedHealth]:
        """See `RealtimeFeeds`."""
        feeds = (*self._feeds.values(), *self._overheard.values())
        return {health.name: health for feed in feeds for health in feed.healths()}

    def _sort_out(self) -> None:
        """Let each address serve, from the next reading on, as the feed that its messages are of."""
        roles = served_as({feed.given_as: feed.holds for feed in self._feeds.values()}, self._addresses)
        for name, feed in list(self._feeds.items()):
            if roles[feed.given_as] != name:
                feed.serve_as(roles[feed.given_as], self._decoders[roles[feed.given_as]])
        self._feeds = {feed.health.name: feed for feed in self._feeds.values()}

    def _listen(self, now: float) -> None:
        """Look whether messages hold feeds for which no address was given."""
        self._overheard = {name: feed for name, feed in self._overheard.items() if name not in self._feeds}
        missing = set(FEEDS) - self._feeds.keys() - self._overheard.keys()
        for feed in self._feeds.values() if missing else ():
            for name in feed.all_held(now) & missing - self._overheard.keys():
                self._overheard[name] = PolledFeed(name, Overheard(feed), self._decoders[name])

    def _feed(self, name: str) -> PolledFeed[Any] | None:
        return self._feeds.get(name) or self._overheard.get(name)

    def _kept(self, name: str, timetable: Timetable, now: float, kept_s: float) -> Any:
        """A feed's last good message, unless for so long neither another came nor the server said that it stands."""
        feed = self._feed(name)
        latest = feed.latest(timetable, now) if feed else None
        if feed is None or latest is None:
            return None
        value, received_at = latest
        return value if now - max(received_at, feed.health.good_at) <= kept_s else None

    def _poll(self, feed: PolledFeed[Any]) -> None:
        if feed.poll(self._clock.now()):
            self.on_news()


class RecordedFeeds(RealtimeFeeds):
    """The feeds of a recording, at whatever time the clock shows."""

    def __init__(self, recording: Recording, name: str) -> None:
        self._recording = recording
        self._health = {feed: FeedHealth(feed, name) for feed in recording.feeds}

    def read(self, timetable: Timetable, now: float, heed: Heed) -> Reading:  # noqa: ARG002
        """See `RealtimeFeeds`."""
        reading = self._recording.reading_at(now, heed)
        for feed, health in self._health.items():
            good_at, error = self._recording.health_at(feed, now)
            if error and error != health.error:
                log.warning("%s: %s", feed, error)
                health = replace(health, errors=health.errors + 1)
            self._health[feed] = replace(health, good_at=good_at, error=error)
        return reading

    def health(self) -> Mapping[str, FeedHealth]:
        """See `RealtimeFeeds`."""
        return dict(self._health)
