"""Lines drawn straight from stop to stop, where the feed gives no shape.

A stop that cannot be where the feed puts it bends no line. What gives it away is physics: a hop that the timetable
asks to be driven faster than any bus.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int64Array
from predictor.geometry import METRES_PER_DEGREE

IMPOSSIBLE_M_S = 30.0
"""No bus averages more from one stop to the next."""
SLACK_M = 60.0
"""Stops are not points: this much distance is free."""
MISPLACED_M = 3000.0
"""A stop whose visit costs this much more than passing it by, at impossible speed, is not where the feed says."""


def straight_lines(
    ptr: Int64Array, lat: Float64Array, lon: Float64Array, seconds: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Latitude and longitude (calls,) of the vertices of lines from stop to stop; one of a misplaced stop lies between
    its neighbours.

    Parameters: `ptr` CSR of the lines into their calls; `lat`, `lon` of the stops; `seconds` at which a trip calls
    there, NaN where no time is given.
    """
    lat, lon = lat.copy(), lon.copy()
    x, y = _planar(lat, lon)
    for start, end in pairwise(ptr.tolist()):
        span = slice(start, end)
        call, timed = np.arange(end - start), np.flatnonzero(~np.isnan(seconds[span]))
        wrong = misplaced_stops(x[span], y[span], np.interp(call, timed, seconds[span][timed]))
        if wrong.any():
            for axis in (lat, lon):
                axis[span][wrong] = np.interp(call[wrong], call[~wrong], axis[span][~wrong])
    return lat, lon


def _planar(lat: Float64Array, lon: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Metres east and north (n,), flat around the middle of the network."""
    cos = np.cos(np.radians(np.nanmedian(lat))) if len(lat) else 1.0
    return lon * cos * METRES_PER_DEGREE, lat * METRES_PER_DEGREE


def misplaced_stops(x: Float64Array, y: Float64Array, seconds: Float64Array) -> BoolArray:
    """(n,) calls whose stop cannot be where the feed puts it, by the hops to and from it; three others are left.

    That happens at the ends of trips too: a feed made from recordings names the terminus that a vehicle came from.
    """
    n = len(x)
    wrong = np.zeros(n, bool)
    for _ in range(n):
        kept = np.flatnonzero(~wrong)
        if len(kept) < 4:
            break
        kx, ky, kt = x[kept], y[kept], seconds[kept]
        detour = np.hypot(np.diff(kx), np.diff(ky))
        fast = detour > IMPOSSIBLE_M_S * np.diff(kt) + SLACK_M
        direct = np.hypot(kx[2:] - kx[:-2], ky[2:] - ky[:-2])
        inner = np.where(fast[:-1] | fast[1:], detour[:-1] + detour[1:] - direct, 0.0)
        extra = np.concatenate([fast[:1] * detour[:1], inner, fast[-1:] * detour[-1:]])
        at = int(extra.argmax())
        if extra[at] < MISPLACED_M:
            break
        wrong[kept[at]] = True
    return wrong
