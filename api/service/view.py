"""All that a reader needs at one moment, whole and immutable: every answer is made from a single `ServiceView`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property, lru_cache
from math import floor
from threading import Lock, RLock
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import numpy as np

from api.service.stop_search import StopSearch
from feeds.alerts.alert import Alert
from feeds.gtfs_realtime.descriptors import AddedAs
from feeds.gtfs_realtime.headway_runs import HeadwayAs
from feeds.history.accuracy_sums import Recent
from feeds.messages.kinds import TRIP_UPDATES, VEHICLE_POSITIONS
from feeds.trip_updates.call_times import EARLIEST_S
from predictor.snapshot import LIVE, Snapshot
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates

T = TypeVar("T")
_SECONDS_SAID = 8192

_FEW = 0.2
"""Of so large a share of the runs another thing may be true."""
MESSAGES_OLD_AFTER_S = 600.0
"""Failing for longer than this, the operator's alerts are said to be of an earlier time."""


@dataclass(frozen=True)
class FeedHealth:
    """How one of the feeds is doing."""

    name: str
    """`vehicle_positions`, `trip_updates`, `alerts` or `gtfs`; of one of several addresses with its number."""
    source: str
    """Where it comes from, without secrets."""
    good_at: float = math.nan
    """When it was last read without an error, POSIX seconds, NaN before the first time."""
    error: str = ""
    """What is wrong with it now, empty where nothing."""
    errors: int = 0
    """How often it could not be read since the start."""
    given_as: str = ""
    """The feed that its address was given as, where that is another."""
    holds: tuple[str, ...] = ()
    """The feeds that its messages are of, where they are of others only."""
    written_at: float = math.nan
    """When the newest one says that it was written, POSIX seconds, NaN where it does not."""


@dataclass(frozen=True)
class UpdateFigures:
    """What could be done with the operator's newest TripUpdates."""

    runs: int = 0
    """It speaks of so many;"""
    not_found: int = 0
    """so many of these are not in the timetable,"""
    examples: tuple[str, ...] = ()
    """such as these."""
    added: int = 0
    """So many runs it adds,"""
    added_untimed: int = 0
    """and so many of these without any time, or schedule, of their stops."""
    timed_runs: int = 0
    """Of so many it tells times,"""
    off_s: float = 0.0
    """which but for a few of them are at least so much later than scheduled, or earlier, seconds."""
    old: int = 0
    """Of so many nothing was measured for long."""

    @classmethod
    def of(cls, updates: TripUpdates | None) -> UpdateFigures:
        """None: there is no message."""
        if updates is None:
            return cls()
        not_found = updates.refused.get("unknown_trip", 0)
        all_late_s = updates.calls.arrival - updates.calls.scheduled_arrival
        late = np.flatnonzero(np.isfinite(all_late_s))
        # One call of each run: at the later ones times are often carried on.
        _, first = np.unique(updates.calls.owner[late], return_index=True)
        late_s = all_late_s[late[first]]
        runs = int(((updates.trip >= 0) | updates.own_calls).sum())
        # Of what is too early to be believed no time is left.
        too_early = min(updates.refused.get("time_too_early", 0), max(runs - len(late_s), 0))
        late_s = np.append(late_s, np.full(too_early, -EARLIEST_S))
        least, most = np.quantile(late_s, (_FEW, 1.0 - _FEW)) if len(late_s) else (0.0, 0.0)
        off_s = float(max(least, 0.0) or min(most, 0.0))
        untimed = updates.refused.get("added_trip_without_stops", 0)
        added = int((updates.own_calls & (updates.trip < 0)).sum()) + untimed
        old = updates.refused.get("update_stale", 0)
        return cls(runs + not_found, not_found, updates.not_found, added, untimed, len(late_s), off_s, old)


@dataclass(eq=False)
class _Made:
    """What was made for a view."""

    making: RLock = field(default_factory=RLock)
    what: Any = None
    whole: bool = False


@dataclass(frozen=True, eq=False)
class ServiceView:
    """The snapshot and what belongs to it. The service replaces it whole; nobody changes it."""

    snapshot: Snapshot
    stop_search: StopSearch
    operator_alerts: tuple[Alert, ...] = ()
    """What the operator's feed says, in force or not."""
    own_alerts: tuple[Alert, ...] = ()
    """What was written at the officer's desk."""
    alerts_at: float = math.nan
    """When the alerts were last put together, POSIX seconds."""
    alert_versions: Mapping[str, int] = field(default_factory=dict)
    """Of each message by its id when its words were last changed, whole POSIX seconds."""
    feeds: Mapping[str, FeedHealth] = field(default_factory=dict)
    update_figures: UpdateFigures = field(default_factory=UpdateFigures)
    accuracy: Recent = field(default_factory=Recent)
    """How good the predictions of the last hours were."""
    live_limit_s: float = 300.0
    """A report older than this makes nothing live."""
    feed_stopped_after_s: float = 60.0
    """The feed is said to have stopped when it has shown no sign of life for this long."""
    added_as: AddedAs = "NEW"
    """What added trips are called in our own feeds,"""
    headway_as: HeadwayAs = "UNSCHEDULED"
    """and what runs by headway."""
    _made: dict[str, _Made] = field(default_factory=dict, repr=False)
    _making: Lock = field(default_factory=Lock, repr=False)

    @property
    def timetable(self) -> Timetable:
        """The timetable that the snapshot speaks of."""
        return self.snapshot.timetable

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All messages to riders, in force or not; our own first."""
        return self.own_alerts + self.operator_alerts

    def with_own_alerts(self, alerts: tuple[Alert, ...], at: float, before: ServiceView) -> ServiceView:
        """The same view with other messages of our own, put together at `at` (POSIX seconds). `before`: the view that
        readers had until then."""
        at = max(at, self.snapshot.made_at)
        told = {alert.alert_id: (alert.header, alert.description) for alert in before.alerts}
        versions = {
            alert.alert_id: before.alert_versions.get(alert.alert_id, floor(at))
            if told.get(alert.alert_id) == (alert.header, alert.description)
            else floor(at)
            for alert in alerts + self.operator_alerts
        }
        return replace(self, own_alerts=alerts, alerts_at=at, alert_versions=versions, _made={}, _making=Lock())

    @cached_property
    def zone(self) -> ZoneInfo:
        """The agency's time zone."""
        return ZoneInfo(self.timetable.timezone)

    @property
    def hears_of_vehicles(self) -> bool:
        """False where nobody tells of vehicles, and the times in the operator's TripUpdates are all that is live."""
        nobody_could = VEHICLE_POSITIONS not in self.feeds and TRIP_UPDATES in self.feeds
        return not nobody_could or math.isfinite(self.snapshot.feed_alive_at)

    @cached_property
    def _alive_at(self) -> float:
        """When the newest sign of life of what is live came, POSIX seconds, NaN before the first."""
        if self.hears_of_vehicles:
            return self.snapshot.feed_alive_at
        # A message that is told again and again tells nothing, unless its times move on under a date that stands.
        updates, moves = self.feeds[TRIP_UPDATES], bool((self.snapshot.predictions.status == LIVE).any())
        return updates.good_at if moves else float(np.fmin(updates.good_at, updates.written_at))

    def feed_stopped(self, now: float) -> bool:
        """Whether the vehicle feed has been silent for longer than `feed_stopped_after_s`, or all that it says is too
        old to be live; where there is none, whether the operator's TripUpdates have been."""
        if not self.hears_of_vehicles:
            return not now - self._alive_at <= self.live_limit_s
        too_old = now - self.snapshot.feed_alive_at > self.live_limit_s
        return too_old or self.snapshot.feed_stopped(now, self.feed_stopped_after_s)

    def messages_read_at(self, now: float) -> float | None:
        """When the operator's alerts were last read, POSIX seconds, where their feed has failed for so long that
        readers should know; None where it has not, or never was read."""
        feed = self.feeds.get("alerts")
        failing = feed is not None and feed.error and now - feed.good_at > MESSAGES_OLD_AFTER_S
        return feed.good_at if feed is not None and failing else None

    def feed_age_s(self, now: float) -> float | None:
        """Seconds since the last sign of life of the vehicle feed, or of what is live in its place; None before the
        first."""
        age = now - self._alive_at
        return max(age, 0.0) if math.isfinite(age) else None

    def zone_at(self, stop: int) -> ZoneInfo:
        """The time zone that clocks at a stop show: trips tell all their times in the agency's."""
        return self._zones.get(stop, self.zone)

    @cached_property
    def _zones(self) -> Mapping[int, ZoneInfo]:
        return _zones(self.timetable)

    @cached_property
    def _iso_times(self) -> IsoTimes:
        return iso_times(self.zone)

    def iso_times_at(self, stop: int) -> IsoTimes:
        """Times as clocks at a stop show them."""
        return iso_times(self._zones[stop]) if stop in self._zones else self._iso_times

    def iso(self, at: float, stop: int | None = None) -> str:
        """ISO 8601 to the second, with the offset of a stop, by default the agency's."""
        return (self._iso_times if stop is None else self.iso_times_at(stop))[floor(at)]

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives, made once for this view however many readers ask: who asks for something else does not
        wait for it."""
        made = self._made.get(key)
        if made is None:
            with self._making:
                made = self._made.setdefault(key, _Made())
        elif made.whole:
            return cast(T, made.what)
        with made.making:
            if not made.whole:
                made.what = make()
                made.whole = True
            return cast(T, made.what)


@lru_cache(maxsize=2)
def _zones(timetable: Timetable) -> Mapping[int, ZoneInfo]:
    """Of the stops that have one of their own."""
    own = np.flatnonzero(timetable.stop_timezone != "").tolist()
    return {stop: ZoneInfo(str(timetable.stop_timezone[stop])) for stop in own}


class IsoTimes(dict[int, str]):
    """POSIX seconds as ISO 8601 with the offset of a time zone: the boards of a network say the same few thousand over
    and over."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, second: int) -> str:
        if len(self) >= _SECONDS_SAID:
            self.clear()
        iso = self[second] = datetime.fromtimestamp(second, self._zone).isoformat()
        return iso


@cache
def iso_times(zone: ZoneInfo) -> IsoTimes:
    """Those of a time zone."""
    return IsoTimes(zone)
