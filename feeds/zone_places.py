"""Places on earth: what is one, and where time zones are, the city that each is named by."""

from __future__ import annotations

import math
import re
from functools import cache
from importlib.resources import files

import numpy as np

from predictor.arrays import BoolArray, Float64Array

_EARTH_KM = 6371.0
_ANGLES = re.compile(r"([+-]\d{2,3})(\d{2})(\d{2})?")

OUT_OF_ZONE_KM = 3000.0
"""Stops so far from the city that a time zone is named by may be anywhere but there: no zone reaches as far, but for
some of islands and of the largest countries."""

Place = tuple[float, float]
"""Latitude and longitude, degrees."""


def is_on_earth(lat: Float64Array, lon: Float64Array) -> BoolArray:
    """(n,) whether the degrees are a place on earth; 0, 0 is where missing positions end up, and at the poles no
    vehicle drives."""
    with np.errstate(invalid="ignore"):
        result: BoolArray = (np.abs(lat) < 90) & (np.abs(lon) <= 180) & ((np.abs(lat) > 0.01) | (np.abs(lon) > 0.01))
    return result


def within_half_circle(lon: Float64Array) -> Float64Array:
    """Longitudes (n,) of which some are counted from 0 to 360, as from -180 to 180; others as they are."""
    with np.errstate(invalid="ignore"):
        beyond = (np.abs(lon) > 180) & (np.abs(lon) < 360)
    return np.where(beyond, lon - np.sign(lon) * 360, lon)


def zone_place(zone: str) -> Place | None:
    """The place of a zone's city, None where the zone is of none."""
    return _places().get(zone)


def zones_by_distance(place: Place) -> list[tuple[float, str]]:
    """Kilometres to the city of each zone, the nearest first."""
    lat, lon = np.array(list(_places().values())).T
    return sorted(zip(_great_circles_km(place, lat, lon).tolist(), _places(), strict=True))


def great_circle_km(first: Place, second: Place) -> float:
    """The distance between two places."""
    return float(_great_circles_km(first, *np.array([second]).T)[0])


def _great_circles_km(place: Place, lat: Float64Array, lon: Float64Array) -> Float64Array:
    """(n,) from a place to others (n,), in degrees."""
    (lat1, lon1), lat2, lon2 = np.radians(place), np.radians(lat), np.radians(lon)
    haversine = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(haversine, 0.0, 1.0))))


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
