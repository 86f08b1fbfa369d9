"""The evidence put in order: what was seen on each journey, and what each vehicle did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from predictor.explain.evidence import Cancellation, Evidence, Journey
from predictor.explain.gaps import Gap
from predictor.snapshot import OFF_ROUTE


@dataclass(frozen=True)
class Sighting:
    """A vehicle passing a stop. Times are POSIX seconds."""

    journey: Journey
    call: int
    at: float
    """Arrival, at a first call departure."""
    departure: float
    vehicle_id: str
    named: bool
    """The vehicle named this journey itself."""


@dataclass(frozen=True)
class Stretch:
    """A vehicle on one journey in one state, or in one place, from `since` to `until`."""

    vehicle_id: str
    state: int
    trip: int
    service_day: int
    shift_s: int
    since: float
    until: float
    lat: float
    """Where it began."""
    lon: float
    to_lat: float
    to_lon: float
    named: bool

    @property
    def lasted_s(self) -> float:
        """How long."""
        return self.until - self.since


class Sightings:
    """Answers about journeys and vehicles."""

    def __init__(self, evidence: Evidence) -> None:
        self._gaps = sorted(evidence.gaps, key=lambda gap: gap.since)
        self._of_journey: dict[Journey, dict[int, Sighting]] = defaultdict(dict)
        self._of_vehicle: dict[str, list[Sighting]] = defaultdict(list)
        self._stands: dict[str, list[Stretch]] = defaultdict(list)
        self._duties: dict[str, list[Stretch]] = defaultdict(list)
        self._cancellations: dict[tuple[int, int, int], list[Cancellation]] = defaultdict(list)
        self._sort_passages(evidence)
        self._sort_traces(evidence)
        for cancellation in evidence.cancellations:
            key = cancellation.trip, cancellation.service_day, cancellation.call
            self._cancellations[key].append(cancellation)

    def on(self, journey: Journey) -> dict[int, Sighting]:
        """Sightings by call."""
        return self._of_journey.get(journey, {})

    def journeys(self, trips: Collection[int], since: float, until: float) -> list[Journey]:
        """Journeys of some trips that were seen between two times."""
        return [
            journey
            for journey, seen in self._of_journey.items()
            if journey[0] in trips and any(since <= sighting.at <= until for sighting in seen.values())
        ]

    def before(self, sighting: Sighting) -> Sighting | None:
        """The vehicle's last sighting on another journey before this one."""
        earlier = [s for s in self._of_vehicle[sighting.vehicle_id] if s.at < sighting.at]
        return next((s for s in reversed(earlier) if s.journey != sighting.journey), None)

    def after(self, sighting: Sighting) -> Sighting | None:
        """The vehicle's first sighting on another journey after this one."""
        later = (s for s in self._of_vehicle[sighting.vehicle_id] if s.at > sighting.at)
        return next((s for s in later if s.journey != sighting.journey), None)

    def stands(self, vehicle_id: str, since: float, until: float) -> list[Stretch]:
        """Stands of a vehicle that reach into the time between, in order."""
        return [s for s in self._stands[vehicle_id] if s.since <= until and s.until >= since]

    def duties(self, vehicle_id: str, since: float, until: float) -> list[Stretch]:
        """Stretches on one journey in one state that reach into the time between, in order."""
        return [s for s in self._duties[vehicle_id] if s.since <= until and s.until >= since]

    def off_line(self, vehicle_id: str, journey: Journey, since: float, until: float) -> list[Stretch]:
        """When the vehicle was away from the line of its trip in the time between."""
        return [s for s in self.duties(vehicle_id, since, until) if s.state == OFF_ROUTE and _same(s, journey)]

    def ways_off(self, stretch: Stretch) -> list[tuple[Stretch, Stretch]]:
        """From the vehicle's stretch before to this one, and from this one to the next: between the last report of one
        and the first of the other it drove, unseen, from or to its line."""
        duties = self._duties[stretch.vehicle_id]
        place = duties.index(stretch)
        around = duties[max(place - 1, 0) : place + 2]
        return list(pairwise(around))

    def last_heard(self, vehicle_id: str, before: float = float("inf")) -> float:
        """When the vehicle reported last, by `before`; -inf where never."""
        return max((min(s.until, before) for s in self._duties[vehicle_id] if s.since <= before), default=-np.inf)

    def last_heard_on(self, vehicle_id: str, journey: Journey) -> float:
        """When the vehicle last reported on this journey, -inf where never."""
        return max((s.until for s in self._duties[vehicle_id] if _same(s, journey)), default=-np.inf)

    def next_heard(self, vehicle_id: str, after: float) -> float:
        """When the vehicle next reported after a time, inf where never."""
        return min((max(s.since, after) for s in self._duties[vehicle_id] if s.until > after), default=np.inf)

    def said(self, journey: Journey, call: int) -> list[Cancellation]:
        """What the operator said of a call or of its whole journey."""
        trip, day, shift = journey
        both = self._cancellations.get((trip, day, -1), []) + self._cancellations.get((trip, day, call), [])
        return [cancellation for cancellation in both if cancellation.shift_s == shift]

    def said_of(self, trip: int) -> set[Journey]:
        """Journeys of a trip of which the operator said something."""
        of_trip = (c for (of, _, _), some in self._cancellations.items() if of == trip for c in some)
        return {(c.trip, c.service_day, c.shift_s) for c in of_trip}

    def gap_in(self, since: float, until: float) -> Gap | None:
        """The longest gap that reaches into the time between."""
        hit = [gap for gap in self._gaps if gap.since < until and gap.until > since]
        return max(hit, key=lambda gap: gap.until - gap.since, default=None)

    def _sort_passages(self, evidence: Evidence) -> None:
        p = evidence.passages
        at = np.where(np.isnan(p.arrival), p.departure, p.arrival)
        order = np.argsort(at, kind="stable")
        columns = (p.trip, p.service_day, p.shift_s, p.call, at, p.departure, p.vehicle_id, p.named)
        rows = [
            Sighting((trip, day, shift), *row)
            for trip, day, shift, *row in zip(*(c[order].tolist() for c in columns), strict=True)
        ]
        named = {seen.journey for seen in rows if seen.named}
        for seen in rows:
            # Who names the trip drove it, not whom it was given to.
            if seen.named or seen.journey not in named:
                self._of_journey[seen.journey][seen.call] = seen
            self._of_vehicle[seen.vehicle_id].append(seen)

    def _sort_traces(self, evidence: Evidence) -> None:
        t = evidence.traces
        order = np.argsort(t.since, kind="stable")
        columns = (
            t.vehicle_id, t.state, t.trip, t.service_day, t.shift_s, t.since, t.until, t.from_lat, t.from_lon, t.to_lat,
            t.to_lon, t.named,
        )  # fmt: skip
        standing = t.standing[order].tolist()
        for stands, *row in zip(standing, *(c[order].tolist() for c in columns), strict=True):
            stretch = Stretch(*row)
            (self._stands if stands else self._duties)[stretch.vehicle_id].append(stretch)


def _same(stretch: Stretch, journey: Journey) -> bool:
    return (stretch.trip, stretch.service_day, stretch.shift_s) == journey
