"""Stops that a feed without shapes puts somewhere else than where they are.

What gives them away is physics: a hop that the timetable asks to be driven faster than any bus.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float64Array
from predictor.driven_order import IMPOSSIBLE_M_S, SLACK_M
from predictor.geometry import METRES_PER_DEGREE

MISPLACED_M = 3000.0
"""A stop whose visit costs this much more than passing it by, at impossible speed, is not where the feed says."""


def planar(lat: Float64Array, lon: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Metres east and north (n,), flat around the middle of the network."""
    cos = np.cos(np.radians(np.nanmedian(lat))) if len(lat) else 1.0
    return lon * cos * METRES_PER_DEGREE, lat * METRES_PER_DEGREE


def too_fast_hops(x: Float64Array, y: Float64Array, seconds: Float64Array) -> BoolArray:
    """(n - 1,) whether each hop between consecutive calls (n,) is faster than any bus. Metres and seconds."""
    gap = np.hypot(np.diff(x), np.diff(y))
    result: BoolArray = gap > IMPOSSIBLE_M_S * np.diff(seconds) + SLACK_M
    return result


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
        fast = too_fast_hops(kx, ky, kt)
        direct = np.hypot(kx[2:] - kx[:-2], ky[2:] - ky[:-2])
        detour = np.hypot(np.diff(kx), np.diff(ky))
        inner = np.where(fast[:-1] | fast[1:], detour[:-1] + detour[1:] - direct, 0.0)
        extra = np.concatenate([fast[:1] * detour[:1], inner, fast[-1:] * detour[-1:]])
        at = int(extra.argmax())
        if extra[at] < MISPLACED_M:
            break
        wrong[kept[at]] = True
    return wrong
