"""Stops and lines that the operator's message brings with it: the timetable does not have them.

They are put behind the timetable's own, so that every index of these stays true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from predictor.arrays import NONE
from predictor.timetable import Timetable


@dataclass(frozen=True)
class NewStop:
    """A stop at which nothing calls by the timetable."""

    stop_id: str
    name: str
    lat: float
    lon: float
    code: str = ""
    platform: str = ""
    parent: int = NONE
    """Index of its station."""
    wheelchair: int = 0
    timezone: str = ""
    """See `Timetable.stop_timezone`."""


@dataclass(frozen=True)
class NewRoute:
    """A line that is not in the timetable."""

    route_id: str
    name: str = ""
    """What riders know it by where its id is no name."""
    type: int = 3
    agency_id: str = ""


@dataclass(frozen=True)
class NewPlaces:
    """What a message brings."""

    stops: tuple[NewStop, ...] = ()
    routes: tuple[NewRoute, ...] = ()

    def added_to(self, timetable: Timetable) -> Timetable:
        """The timetable with them; itself where there are none."""
        return _with_places(timetable, self) if self.stops or self.routes else timetable


@lru_cache(maxsize=2)
def _with_places(timetable: Timetable, new: NewPlaces) -> Timetable:
    stops, routes = new.stops, new.routes
    more: dict[str, Sequence[Any]] = {
        "stop_id": [stop.stop_id for stop in stops],
        "stop_code": [stop.code for stop in stops],
        "stop_name": [stop.name for stop in stops],
        "stop_platform": [stop.platform for stop in stops],
        "stop_lat": [stop.lat for stop in stops],
        "stop_lon": [stop.lon for stop in stops],
        "stop_parent": [stop.parent for stop in stops],
        "stop_wheelchair": [stop.wheelchair for stop in stops],
        "stop_location_type": [0 for _ in stops],
        "stop_timezone": [stop.timezone for stop in stops],
        "route_id": [route.route_id for route in routes],
        "route_short_name": ["" for _ in routes],
        "route_long_name": [route.name for route in routes],
        "route_agency_id": [route.agency_id for route in routes],
        "route_type": [route.type for route in routes],
        "route_color": ["" for _ in routes],
        "route_text_color": ["" for _ in routes],
        "route_sort_order": [NONE for _ in routes],
        "route_booked_at": ["" for _ in routes],
        "route_booked_until": ["" for _ in routes],
    }
    columns: dict[str, Any] = {}
    for field in fields(Timetable):
        if more.get(field.name):
            column = getattr(timetable, field.name)
            added = np.array(more[field.name], np.str_ if column.dtype.kind == "U" else column.dtype)
            columns[field.name] = np.concatenate([column, added])
    return replace(timetable, **columns)
