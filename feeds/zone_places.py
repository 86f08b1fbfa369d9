"""Where on earth time zones are: the city that each is named by."""

from __future__ import annotations

import math
import re
from functools import cache
from importlib.resources import files

_EARTH_KM = 6371.0
_ANGLES = re.compile(r"([+-]\d{2,3})(\d{2})(\d{2})?")

OUT_OF_ZONE_KM = 3000.0
"""Stops so far from the city that a time zone is named by may be anywhere but there: no zone reaches as far, but for
some of islands and of the largest countries."""

Place = tuple[float, float]
"""Latitude and longitude, degrees."""


def zone_place(zone: str) -> Place | None:
    """The place of a zone's city, None where the zone is of none."""
    return _places().get(zone)


def zones_by_distance(place: Place) -> list[tuple[float, str]]:
    """Kilometres to the city of each zone, the nearest first."""
    return sorted((great_circle_km(place, city), zone) for zone, city in _places().items())


def great_circle_km(first: Place, second: Place) -> float:
    """The distance between two places."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, place)) for place in (first, second))
    haversine = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(max(haversine, 0.0), 1.0)))


@cache
def _places() -> dict[str, Place]:
    """ISO 6709 places by zone, as the time zone database has them."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {row[2]: _place(row[1]) for row in rows}


def _place(text: str) -> Place:
    lat, lon = (
        math.copysign(abs(int(degrees)) + int(minutes) / 60 + int(seconds or 0) / 3600, -1 if degrees[0] == "-" else 1)
        for degrees, minutes, seconds in _ANGLES.findall(text)
    )
    return lat, lon
