"""Times of calls that run forwards along each trip: what is odd in them mended where one reading alone makes sense, and
those that the feed gives none for reckoned by the way driven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from feeds.gtfs.calls import HOUR_S, Calls
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, first_of_each, running_maximum
from predictor.timetable import DAY_S

_REPEATS = 3
"""So many calls in a row at one time are a timepoint's time copied on."""

Tell = Callable[[Calls, BoolArray | Int64Array, str], None]
"""What tells a fault of some of the calls, by a mask or their places."""
_TRIP_SPACING_M = 1.0e7
"""Longer than any trip, so that trips laid end to end never mix."""
_IN_TOWN_M_S = 15.0
"""No bus averages more from stop to stop to stop."""


def with_sound_times(calls: Calls, tell: Tell) -> Calls:
    """The calls with times in order along each trip, NaN inside it where none is known."""
    arrival = np.where(np.isnan(calls.arrival_s), calls.departure_s, calls.arrival_s)
    departure = np.where(np.isnan(calls.departure_s), calls.arrival_s, calls.departure_s)
    known = np.flatnonzero(~np.isnan(departure))
    calls = replace(calls, arrival_s=arrival, departure_s=departure)

    inside = _between_timed(calls, known)
    tell(calls, ~inside, "no time, and none before or after it in this trip to reckon it from; the row is skipped.")
    calls = calls.kept(inside)
    known = np.flatnonzero(~np.isnan(calls.departure_s))
    trip = calls.trip[known]
    times = np.column_stack([calls.arrival_s[known], calls.departure_s[known]])

    _tell_twelve_hours(calls.take(known), times, tell)
    wrapped = _days_past_midnight(np.repeat(trip, 2), times.ravel()).reshape(-1, 2)
    times += DAY_S * wrapped
    late = wrapped[:, 1] > np.append(0, wrapped[:-1, 1])
    late[1:] &= trip[1:] == trip[:-1]
    tell(calls, known[late], "times start again at midnight inside a trip; they were counted on (24:00:00, …).")

    reversed_ = times[:, 1] < times[:, 0]
    tell(calls, known[reversed_], "departure lies before arrival; taken as leaving on arrival.")
    times[reversed_, 1] = times[reversed_, 0]

    times, wrong = _not_backwards(trip, times)
    tell(calls, known[wrong], "time runs backwards along the trip; reckoned anew from the calls before and after it.")
    arrival, departure = calls.arrival_s.copy(), calls.departure_s.copy()
    arrival[known], departure[known] = times.T
    return replace(
        calls,
        arrival_s=arrival,
        departure_s=departure,
        timepoint=np.where(np.isnan(departure), 0, calls.timepoint).astype(np.int8),
    )


def without_repeated_times(calls: Calls, tell: Tell) -> Calls:
    """The calls with times cleared that only repeat the last timepoint's: no bus is at three stops at once."""
    same = (calls.trip[1:] == calls.trip[:-1]) & (calls.arrival_s[1:] == calls.departure_s[:-1])
    same &= calls.departure_s[1:] == calls.departure_s[:-1]
    run = np.append(0, np.cumsum(~same)) if len(calls) else np.zeros(0, np.int64)
    repeats = np.append(False, same)[: len(calls)] & (np.bincount(run)[run] >= _REPEATS)
    last = np.append(calls.trip[1:] != calls.trip[:-1], True)[: len(calls)]
    repeats &= ~last
    tell(
        calls, repeats,
        f"{_REPEATS} or more calls of this trip have one and the same time; reckoned anew for all but the first.",
    )  # fmt: skip
    return replace(
        calls,
        arrival_s=np.where(repeats, np.nan, calls.arrival_s),
        departure_s=np.where(repeats, np.nan, calls.departure_s),
        timepoint=np.where(repeats, 0, calls.timepoint).astype(np.int8),
        copied=repeats,
    )


def with_whole_waits(calls: Calls) -> Calls:
    """The calls with a wait that is written as several calls in a row at one stop made that of the last of them: a
    vehicle that is there does not arrive again."""
    stays = (calls.trip[1:] == calls.trip[:-1]) & (calls.stop[1:] == calls.stop[:-1])
    stays &= ~np.isnan(calls.departure_s[1:]) & ~np.isnan(calls.departure_s[:-1])
    arrival = calls.arrival_s.copy()
    arrival[1:][stays] = calls.departure_s[:-1][stays]
    return replace(calls, arrival_s=arrival)


def _tell_twelve_hours(calls: Calls, times: Float64Array, tell: Tell) -> None:
    """Where the times (n, 2) of calls seem to be of a clock that begins again at one: whether before or after noon
    nobody knows."""
    after_noon, after_one = times[:-1, 1] >= DAY_S / 2, (times[1:, 0] >= HOUR_S) & (times[1:, 0] < 4 * HOUR_S)
    falls = np.flatnonzero((calls.trip[1:] == calls.trip[:-1]) & after_noon & after_one)
    if len(falls) and (times < DAY_S / 2 + HOUR_S).all():
        tell(
            calls, falls + 1,
            "times fall from past 12:00 to past 1:00, and none of the file is later than 12:59: a clock of twelve "
            "hours, it seems, without AM and PM. Afternoons are read as nights; write 13:00 for 1 PM.",
        )  # fmt: skip


def _between_timed(calls: Calls, known: Int64Array) -> BoolArray:
    """(n,) whether a call lies between the first and the last timed call of its trip."""
    trips = int(calls.trip.max(initial=-1)) + 1
    first, last = np.full(trips, len(calls)), np.full(trips, -1)
    np.minimum.at(first, calls.trip[known], known)
    np.maximum.at(last, calls.trip[known], known)
    place = np.arange(len(calls))
    return (place >= first[calls.trip]) & (place <= last[calls.trip])


def _days_past_midnight(trip: Int32Array, times: Float64Array) -> Int64Array:
    """(n,) days to add to each time of trips whose times fall from late evening, or from just behind 24:00, to early
    morning, up to where they are written on from 24:00."""
    far = np.flatnonzero(np.abs(np.diff(times)) > DAY_S / 2)
    leaves, arrives, same = times[far], times[far + 1], trip[far + 1] == trip[far]
    falls = same & (leaves > 0.75 * DAY_S) & (leaves < 1.3 * DAY_S) & (arrives < 0.3 * DAY_S)
    if not falls.any():
        return np.zeros(len(trip), np.int64)
    goes_on = same & (leaves < 0.3 * DAY_S) & (arrives >= DAY_S) & (arrives < 1.3 * DAY_S)
    total = np.zeros(len(trip), np.int64)
    total[far[falls] + 1], total[far[goes_on] + 1] = 1, -1
    total = np.cumsum(total)
    starts = np.flatnonzero(first_of_each(trip))
    return np.maximum(total - np.repeat(total[starts], np.diff(np.append(starts, len(trip)))), 0)


def _not_backwards(trip: Int32Array, times: Float64Array) -> tuple[Float64Array, BoolArray]:
    """Times (n, 2) that run forwards along each trip, NaN for calls that do not fit, and which were touched (n,).

    Of the two ways to mend a trip, keeping what came first or what comes last, the one that touches fewer calls; of
    two alike the one in which the trip takes less time.
    """
    touched = np.zeros(len(trip), bool)
    same = trip[1:] == trip[:-1]
    backwards = same & (times[1:, 0] < times[:-1, 1])
    if not backwards.any():
        return times, touched
    rows = np.flatnonzero(np.isin(trip, trip[1:][backwards]))
    of_trip, given = trip[rows].astype(np.int64), times[rows]
    flat, of_time = given.ravel(), np.repeat(of_trip, 2)
    by_first, by_last = running_maximum(flat, of_time), -running_maximum(-flat[::-1], -of_time[::-1])[::-1]
    mended = np.stack([by_first, by_last]).reshape(2, -1, 2)
    changed = (mended != given).any(axis=2)
    starts = np.flatnonzero(first_of_each(of_trip))
    ends_at = np.append(starts[1:], len(of_trip)) - 1
    takes_s = mended[:, ends_at, 1] - mended[:, starts, 0]
    cost = np.add.reduceat(changed, starts, axis=1, dtype=np.float64) + takes_s / (1.0 + takes_s.max())
    way = np.repeat(cost.argmin(axis=0), np.diff(np.append(starts, len(of_trip))))
    each = np.arange(len(of_trip))
    mended, changed = mended[way, each], changed[way, each]
    ends = np.ones(len(of_trip), bool)
    ends[1:-1] = (of_trip[1:-1] != of_trip[:-2]) | (of_trip[1:-1] != of_trip[2:])
    mended[changed & ~ends] = np.nan
    times = times.copy()
    times[rows] = mended
    touched[rows] = changed
    return times, touched


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
