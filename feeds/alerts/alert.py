"""Alerts: messages to riders (GTFS-Realtime Alert), whom they inform and when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Period = tuple[float, float]
"""[start, end) POSIX seconds; 0 and inf for open ends."""

FAR_OFF = 4_070_908_800
"""2099-01-01, POSIX seconds: an end from here on is a way of saying that there is none."""

_NO_WORD = frozenset({"UNKNOWN_CAUSE", "OTHER_CAUSE", "UNKNOWN_EFFECT", "OTHER_EFFECT"})
"""Causes and effects that tell nothing."""

State = Literal["planned", "in_force", "over"]


@dataclass(frozen=True)
class TripSelector:
    """Which runs are meant (GTFS-Realtime TripDescriptor); what is empty or -1 is not said."""

    trip_id: str = ""
    route_id: str = ""
    direction_id: int = -1
    start_date: str = ""
    """YYYYMMDD."""
    start_time: str = ""
    """HH:MM:SS."""
    relationship: str = ""
    """GTFS-Realtime ScheduleRelationship in upper case."""


@dataclass(frozen=True)
class Selector:
    """What an alert informs about (GTFS-Realtime EntitySelector): all that is given must fit; nothing given: everyone.

    Ids are the feed's own, so that a selector outlives one timetable. What is empty or -1 is not given.
    """

    agency_id: str = ""
    route_id: str = ""
    route_type: int = -1
    direction_id: int = -1
    trip: TripSelector | None = None
    stop_id: str = ""

    @property
    def ids(self) -> str:
        """All that it names, for those who look for it."""
        trip = self.trip or TripSelector()
        named = (self.agency_id, self.route_id or trip.route_id, trip.trip_id, trip.start_date, trip.start_time)
        return " + ".join(filter(None, (*named, self.stop_id)))


class LocalizedImage(NamedTuple):
    """A picture that is shown with an alert, in one language."""

    url: str
    media_type: str
    """Such as `image/png`."""
    language: str
    """Tag as given, "" where the feed names none."""


@dataclass(frozen=True)
class Alert:
    """One message. Texts are plain, by language tag, "" where the feed names no language."""

    alert_id: str
    cause: str
    """GTFS-Realtime Cause in upper case, such as `ACCIDENT`."""
    effect: str
    """GTFS-Realtime Effect in upper case, such as `DETOUR`."""
    header: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    url: Mapping[str, str] = field(default_factory=dict)
    tts_header: Mapping[str, str] = field(default_factory=dict)
    """The header as it is to be spoken,"""
    tts_description: Mapping[str, str] = field(default_factory=dict)
    """and the description."""
    cause_detail: Mapping[str, str] = field(default_factory=dict)
    """The cause in words of the agency's own,"""
    effect_detail: Mapping[str, str] = field(default_factory=dict)
    """and the effect."""
    images: tuple[LocalizedImage, ...] = ()
    image_alternative_text: Mapping[str, str] = field(default_factory=dict)
    """What is to be seen there."""
    selectors: tuple[Selector, ...] = ()
    """Any of them suffices; without one it concerns nobody."""
    active: tuple[Period, ...] = ()
    """`active_period`: when it is in force and shown, where the other two say nothing else; empty: always."""
    communication: tuple[Period, ...] = ()
    """`communication_period`: when it is shown."""
    impact: tuple[Period, ...] = ()
    """`impact_period`: when service is affected."""
    severity: str = "UNKNOWN_SEVERITY"
    """GTFS-Realtime SeverityLevel in upper case."""
    unusable_periods: int = 0
    """How many of its periods end before they begin; they are left out."""

    @property
    def says_something(self) -> bool:
        """Whether there is anything to be read, or at least a cause or an effect."""
        words = (self.header, self.description, self.url, self.cause_detail, self.effect_detail, self.images)
        return any(words) or not {self.cause, self.effect} <= _NO_WORD

    def in_force_at(self, now: float) -> bool:
        """Whether service is affected."""
        return _within(self.affects, now)

    def shown_at(self, now: float) -> bool:
        """Whether riders are told: from before it is in force, where the feed says so, never after it is over."""
        return self.state(now) != "over" and _within(self._told, now)

    def announced_at(self, now: float) -> bool:
        """Whether riders who look ahead may know of it: it is not over, and not kept back by `communication_period`."""
        return self.state(now) != "over" and _within(self.communication, now)

    def state(self, now: float) -> State:
        """`in_force` where riders are told of what affects service now; `over` where nothing more of it comes."""
        if _over(self.affects, now) or _over(self._told, now):
            return "over"
        return "in_force" if self.in_force_at(now) and _within(self._told, now) else "planned"

    def period(self, now: float) -> Period:
        """When it is in force: the period around `now`, else the next, else the last."""
        coming = [period for period in self.affects if period[1] > now]
        return min(coming) if coming else max(self.affects, default=(0.0, math.inf))

    def affects_between(self, begins: float, ends: float) -> bool:
        """Whether one of the periods in which service is affected lies in this time, in part at least."""
        return any(start < ends and end > begins for start, end in self.affects)

    @property
    def affects(self) -> tuple[Period, ...]:
        """When service is affected; empty: always."""
        return self.impact or self.active

    @property
    def _told(self) -> tuple[Period, ...]:
        return self.communication or self.active


def _within(periods: tuple[Period, ...], now: float) -> bool:
    return not periods or any(start <= now < end for start, end in periods)


def _over(periods: tuple[Period, ...], now: float) -> bool:
    return bool(periods) and all(end <= now for _, end in periods)
