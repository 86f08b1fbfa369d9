"""Stops and lines that the operator's message brings with it: the timetable does not have them.

They are put behind the timetable's own, so that every index of these stays true.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from predictor.arrays import NONE
from predictor.timetable import PLATFORM, Timetable


@dataclass(frozen=True)
class NewStop:
    """A stop at which nothing calls by the timetable; the meaning is that of the `stop_` fields of `Timetable`."""

    stop_id: str
    name: str
    lat: float
    lon: float
    code: str = ""
    platform: str = ""
    parent: int = NONE
    """Index of its station."""
    wheelchair: int = 0
    location_type: int = PLATFORM
    timezone: str = ""


@dataclass(frozen=True)
class NewRoute:
    """A line that is not in the timetable; likewise of its `route_` fields."""

    route_id: str
    short_name: str = ""
    long_name: str = ""
    """What riders know it by where its id is no name."""
    agency_id: str = ""
    type: int = 3
    color: str = ""
    text_color: str = ""
    sort_order: int = NONE
    booked_at: str = ""
    booked_until: str = ""


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
    columns: dict[str, Any] = {}
    for kind, places in (("stop", new.stops), ("route", new.routes)):
        for field in fields(places[0]) if places else ():
            name = field.name if field.name == f"{kind}_id" else f"{kind}_{field.name}"
            column, added = getattr(timetable, name), [getattr(place, field.name) for place in places]
            as_column = np.array(added, np.str_ if column.dtype.kind == "U" else column.dtype)
            columns[name] = np.concatenate([column, as_column])
    return replace(timetable, **columns)
