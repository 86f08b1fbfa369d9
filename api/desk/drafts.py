"""Drafts: disruptions that what is going on suggests. An officer reads them; nothing is published by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np

from api.desk.disruption import Disruption
from api.desk.gaps import Gap
from api.desk.standing import Standing
from predictor.timetable import Timetable

MOST = 8
_TIMES_SAID = 4


@dataclass(frozen=True)
class Draft:
    """A suggestion, and what suggests it."""

    kind: str
    """`silent`, `uncovered` or `gap`."""
    route: int
    phrase: str
    blanks: dict[str, str]
    vehicle: int = -1
    """Index of the silent vehicle."""
    trips: list[int] = field(default_factory=list)
    """Indices into `Standing.trips` of those that nobody drives."""
    gap: Gap | None = None

    def address(self, timetable: Timetable) -> str:
        """The form, filled in."""
        said = {"phrase": self.phrase, "line": str(timetable.route_id[self.route]), **self.blanks}
        return f"/desk/disruptions/new?{urlencode(said)}"


def drafts(standing: Standing, published: Iterable[Disruption]) -> list[Draft]:
    """At most one for each line, what concerns most riders first; none for lines that `published` speaks of already."""
    tt = standing.snapshot.timetable
    said = {tt.route_index.get(route, -1) for one in published for route in one.routes}
    found: dict[int, Draft] = {}
    for draft in (*_uncovered(standing), *_gaps(standing), *_silent(standing)):
        if draft.route not in said:
            found.setdefault(draft.route, draft)
    return list(found.values())[:MOST]


def _uncovered(standing: Standing) -> list[Draft]:
    tt, trips = standing.snapshot.timetable, standing.trips
    zone = ZoneInfo(tt.timezone)
    found = []
    for line in standing.lines:
        missing = np.flatnonzero(trips.uncovered & (tt.trip_route[trips.trip] == line.route))
        if len(missing) == 0:
            continue
        missing = missing[np.argsort(trips.started_at[missing], kind="stable")]
        starts = [f"{datetime.fromtimestamp(at, zone):%H:%M}" for at in trips.started_at[missing].tolist()]
        times = ", ".join(dict.fromkeys(starts[-_TIMES_SAID:]))
        found.append(
            (line, Draft("uncovered", line.route, "departures_cancelled", {"times": times}, trips=missing.tolist()))
        )
    # Where no vehicle is seen at all, the line's vehicles may just send no positions.
    found.sort(key=lambda pair: (pair[0].vehicles == 0, -pair[0].uncovered))
    return [draft for _, draft in found]


def _gaps(standing: Standing) -> list[Draft]:
    return [
        Draft("gap", gap.route, "delay", {"minutes": str(round((gap.wait_s - gap.usual_s) / 300) * 5)}, gap=gap)
        for gap in standing.gaps
    ]


def _silent(standing: Standing) -> list[Draft]:
    tt, vehicles = standing.snapshot.timetable, standing.snapshot.vehicles
    return [
        Draft("silent", int(tt.trip_route[vehicles.trip[vehicle]]), "delay", {}, vehicle=vehicle)
        for vehicle in standing.silent.tolist()
    ]
