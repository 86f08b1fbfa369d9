"""Times of calls that the feed gives none for, reckoned by the way driven."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.gtfs.calls import Calls
from predictor.arrays import BoolArray, Float64Array, Int64Array, first_of_each

_TRIP_SPACING_M = 1.0e7
"""Longer than any trip, so that trips laid end to end never mix."""
_IN_TOWN_M_S = 15.0
"""No bus averages more from stop to stop to stop."""


def interpolated(calls: Calls, trips: int, distance_m: Float64Array) -> Calls:
    """The calls with every missing time filled in, in proportion to the way driven.

    Parameters: `distance_m` (n,) metres along each call's trip, not decreasing. Each trip's first and last call must
    have times. Returns: calls with whole seconds, not decreasing along a trip.
    """
    known = ~np.isnan(calls.departure_s)
    arrival, departure, reckoned = calls.arrival_s.copy(), calls.departure_s.copy(), ~known
    if not known.all():
        # A centimetre a call keeps the axis strictly ascending where stops share a place.
        step = np.arange(len(calls)) - np.repeat(calls.ptr(trips)[:-1], np.diff(calls.ptr(trips)))
        axis = calls.trip * _TRIP_SPACING_M + distance_m + 0.01 * step
        # Arrival and departure of a known call share its place on the axis, but ways start at departures only.
        before = np.maximum.accumulate(np.where(known, np.arange(len(calls)), 0))
        after = np.minimum.accumulate(np.where(known, np.arange(len(calls)), len(calls) - 1)[::-1])[::-1]
        gap = np.flatnonzero(~known)
        start, end = before[gap], after[gap]
        share = (axis[gap] - axis[start]) / (axis[end] - axis[start])
        at = departure[start] + share * (arrival[end] - departure[start])
        arrival[gap] = departure[gap] = _within_their_minute(
            at, departure[start], start, calls.copied[gap], axis[gap] - axis[start]
        )
        in_its_minute = np.rint(departure[gap]) // 60.0 == departure[start] // 60.0
        reckoned[gap] = ~(calls.copied[gap] & in_its_minute)
    return replace(calls, arrival_s=np.rint(arrival), departure_s=np.rint(departure), reckoned=reckoned)


def _within_their_minute(
    at: Float64Array, copied_s: Float64Array, owner: Int64Array, copied: BoolArray, way_m: Float64Array
) -> Float64Array:
    """The times reckoned for calls (n,), those of calls that have the time `copied_s` of the call `owner`, `way_m`
    before them, moved back into its minute: in whole minutes that is what the timetable says. Where the way is too long
    for that the time of a timepoint was copied on, and what is reckoned stays."""
    opens = np.flatnonzero(first_of_each(owner))
    room_s = (60.0 - copied_s % 60.0 - 1.0)[opens]
    group = np.cumsum(first_of_each(owner)) - 1
    last_s, furthest_m = np.zeros(len(opens)), np.zeros(len(opens))
    np.maximum.at(last_s, group[copied], (at - copied_s)[copied])
    np.maximum.at(furthest_m, group[copied], way_m[copied])
    moved = (last_s > room_s) & (furthest_m <= _IN_TOWN_M_S * room_s)
    scale = np.where(moved, room_s / np.maximum(last_s, 1.0), 1.0)[group]
    return np.where(copied, copied_s + (at - copied_s) * scale, at)
