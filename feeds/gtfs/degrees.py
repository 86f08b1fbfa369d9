"""Latitudes and longitudes of a table's rows, also where they were not written as degrees from -180 to 180."""

from __future__ import annotations

import numpy as np
import pandas as pd

from feeds.gtfs.problems import Problems
from feeds.gtfs.tables import numbers
from feeds.zone_places import OUT_OF_ZONE_KM, great_circle_km, within_half_circle, zone_place
from predictor.arrays import Float64Array

_PARTS = (1e6, 1e7)
"""How many parts of a degree programs count by. Of 100,000 each is a metre, as in maps of a country."""
_CLEARLY_NEARER = 2.0
_WIDEST_FEED = 60.0


def degrees(
    frame: pd.DataFrame, prefix: str, file: str, zone: str, problems: Problems
) -> tuple[Float64Array, Float64Array]:
    """Latitude and longitude (n,) of the columns `prefix`_lat and `prefix`_lon, NaN where not given; what is no place
    on earth stays as it is. `zone` (IANA name) tells where the feed is, in which parts of a degree it counts."""
    lat, lon = numbers(frame, f"{prefix}_lat"), numbers(frame, f"{prefix}_lon")
    known = np.isfinite(lat) & np.isfinite(lon)
    if known.any() and (np.median(np.abs(lat[known])) > 90 or np.median(np.abs(lon[known])) > 360):
        parts = _parts(float(np.median(lat[known])), float(np.median(lon[known])), zone)
        if parts:
            problems.file(file, f"{prefix}_lat and {prefix}_lon count {parts:,.0f} to the degree; read as such.")
            lat, lon = lat / parts, lon / parts
        else:
            row = int(np.argmax(known))
            problems.file(
                file, f"{prefix}_lat {lat[row]:.12g} and {prefix}_lon {lon[row]:.12g} are no degrees (WGS 84); places "
                "on a country's own grid, in metres, are to be converted.", row=int(frame.index[row]),
            )  # fmt: skip
    half = within_half_circle(lon)
    # One far from all others is a mistake.
    turned = known & (half != lon)
    if turned.any():
        turned[turned] = np.abs(half[turned] - np.median(half[known])) < _WIDEST_FEED
        tell = problems.of(file, frame, str(frame.columns[0]))
        tell(turned, f"{prefix}_lon is counted beyond 180 degrees; read as counted from -180 to 180.")
    return lat, np.where(turned, half, lon)


def _parts(lat: float, lon: float, zone: str) -> float:
    """In how many parts of a degree a place is counted that must be near its time zone's, 0 where that is not clear."""
    place = zone_place(zone)
    if place is None:
        return 0.0
    away = [
        (great_circle_km(place, (lat / parts, lon / parts)), parts)
        for parts in _PARTS
        if abs(lat / parts) < 90 and abs(lon / parts) <= 180
    ]
    away.sort()
    near = bool(away) and away[0][0] < OUT_OF_ZONE_KM
    clear = near and (len(away) == 1 or away[1][0] > _CLEARLY_NEARER * away[0][0])
    return away[0][1] if clear else 0.0
