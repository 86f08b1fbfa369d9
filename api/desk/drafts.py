"""Drafts: disruptions that what is going on suggests. An officer reads them; nothing is published by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np

from api.desk.dismissals import Dismissal
from api.desk.disruption import Disruption
from api.reading.gaps import Gap
from api.reading.standing import Standing
from api.words.texts import country_of, texts_in
from api.words.times import TimeWords

MOST = 8
_TIMES_SAID = 4


@dataclass(frozen=True)
class Draft:
    """A suggestion, and what suggests it."""

    kind: str
    """`silent`, `uncovered` or `gap`."""
    route: int
    route_id: str
    phrase: str
    blanks: dict[str, str]
    size: float
    """How bad it is: trips without a vehicle, minutes of wait, or silent vehicles of the line."""
    vehicle: int = -1
    """Index of the silent vehicle."""
    trips: list[int] = field(default_factory=list)
    """Indices into `Standing.trips` of those that nobody drives."""
    gap: Gap | None = None

    @property
    def situation(self) -> str:
        """What suggests it, in any timetable: its kind and its line."""
        return f"{self.kind}:{self.route_id}"

    @property
    def address(self) -> str:
        """The form, filled in."""
        return f"/desk/disruptions/new?{urlencode({'phrase': self.phrase, 'line': self.route_id, **self.blanks})}"


@dataclass(frozen=True)
class Drafts:
    """What is suggested to officers."""

    offered: list[Draft]
    """At most one for each line, `MOST` in all."""
    dismissed: list[tuple[Draft, Dismissal]]


def suggestions(standing: Standing) -> list[Draft]:
    """At most one of each kind for each line, what concerns most riders first."""
    found: dict[str, Draft] = {}
    for draft in (*_uncovered(standing), *_gaps(standing), *_silent(standing)):
        found.setdefault(draft.situation, draft)
    return list(found.values())


def drafts(
    suggested: Iterable[Draft],
    published: Iterable[Disruption],
    dismissals: Mapping[str, Dismissal] | None = None,
    told_by_operator: Collection[int] = (),
) -> Drafts:
    """None for lines that `published` or the operator's own alerts (`told_by_operator`: routes) speak of already.
    `dismissals` by their situations."""
    routes_published = {route for notice in published for route in notice.routes}
    offered: dict[int, Draft] = {}
    dismissed = []
    for draft in suggested:
        if draft.route_id in routes_published or draft.route in told_by_operator:
            continue
        if dismissals and draft.situation in dismissals:
            dismissed.append((draft, dismissals[draft.situation]))
        else:
            offered.setdefault(draft.route, draft)
    return Drafts(list(offered.values())[:MOST], dismissed)


def _uncovered(standing: Standing) -> list[Draft]:
    tt, trips = standing.snapshot.timetable, standing.trips
    # Riders read them in every language: written as the network's own does.
    spoken = next(iter(tt.agency_lang.tolist()), "")[:2].lower()
    words = TimeWords(texts_in(spoken), ZoneInfo(tt.timezone), standing.snapshot.made_at, country_of(tt.timezone))
    found = []
    for line in standing.lines:
        missing = np.flatnonzero(trips.uncovered & (tt.trip_route[trips.trip] == line.route))
        if len(missing) == 0:
            continue
        missing = missing[np.argsort(trips.started_at[missing], kind="stable")]
        starts = map(words.time, trips.started_at[missing].tolist())
        times = ", ".join(list(dict.fromkeys(starts))[-_TIMES_SAID:])
        route_id, blanks, size = str(tt.route_id[line.route]), {"times": times}, float(len(missing))
        draft = Draft("uncovered", line.route, route_id, "departures_cancelled", blanks, size, trips=missing.tolist())
        found.append((line, draft))
    # Where no vehicle is seen at all, the line's vehicles may just send no positions.
    found.sort(key=lambda pair: (pair[0].vehicles == 0, -pair[0].uncovered))
    return [draft for _, draft in found]


def _gaps(standing: Standing) -> list[Draft]:
    found = []
    for gap in standing.gaps:
        route_id = str(standing.snapshot.timetable.route_id[gap.route])
        blanks = {"minutes": str(round((gap.wait_s - gap.usual_s) / 300) * 5)}
        found.append(Draft("gap", gap.route, route_id, "delay", blanks, gap.wait_s / 60, gap=gap))
    return found


def _silent(standing: Standing) -> list[Draft]:
    tt, vehicles = standing.snapshot.timetable, standing.snapshot.vehicles
    routes = tt.trip_route[vehicles.trip[standing.silent]].tolist()
    return [
        Draft("silent", route, str(tt.route_id[route]), "delay", {}, float(routes.count(route)), vehicle=vehicle)
        for route, vehicle in zip(routes, standing.silent.tolist(), strict=True)
    ]
