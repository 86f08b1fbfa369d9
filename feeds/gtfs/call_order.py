"""The order in which a trip without a shape really calls at its stops.

Where a feed gives no shape, a line is drawn from stop to stop, and a wrong stop sequence sends it zigzagging over the
map. What gives it away is physics: a hop that the timetable asks to be driven faster than any, or far faster than the
rest of the trip. Only trips with such a hop are touched, and only calls close in scheduled time change places.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.gtfs.calls import FILE, Calls
from feeds.gtfs.patterns import group_sequences
from feeds.gtfs.problems import Problems
from feeds.gtfs.stops import Stops
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, StrArray
from predictor.geometry import METRES_PER_DEGREE

IMPOSSIBLE_M_S = 30.0
UNLIKELY_M_S = 12.0
"""More than a bus in town averages from one stop to the next; faster trips are measured by their own mean speed."""
SLACK_M = 60.0
"""Rounded times make short hops look fast: this much distance is free."""
SWAP_WINDOW_S = 240.0
_ABOVE_MEAN = 1.5
LEAST_GAIN_M = 150.0
LONGEST_SEGMENT = 6
MISPLACED_M = 3000.0
"""A stop whose visit costs this much more than passing it by, at impossible speed, is not where the feed says."""


def in_driving_order(calls: Calls, trip_id: StrArray, shapeless: BoolArray, stops: Stops, problems: Problems) -> Calls:
    """The calls with those of shapeless trips (T,) put in driving order where the feed's order cannot be driven.

    The times stay where they are, in order; what changes places is which stop is called at when.
    """
    ptr = calls.ptr(len(shapeless))
    x, y = planar(stops.lat, stops.lon)
    which = np.flatnonzero(shapeless)
    own = np.repeat(shapeless, np.diff(ptr))
    own_ptr = np.append(0, np.cumsum(np.diff(ptr)[which]))
    first, group = group_sequences(np.empty((len(which), 0), np.int32), own_ptr, calls.stop[own])
    place = np.arange(len(calls))
    for model, members in zip(which[first].tolist(), _members(group, which), strict=True):
        span = slice(ptr[model], ptr[model + 1])
        stop, seconds = calls.stop[span], calls.departure_s[span]
        timed = np.flatnonzero(~np.isnan(seconds))
        seconds = np.interp(np.arange(len(stop)), timed, seconds[timed])
        order = driving_order(x[stop], y[stop], seconds)
        if (order[:-1] < order[1:]).all():
            continue
        for trip in members.tolist():
            place[ptr[trip] : ptr[trip + 1]] = ptr[trip] + order
    moved = place != np.arange(len(calls))
    if not moved.any():
        return calls
    trips = calls.trip[moved]
    problems.rows(
        FILE, calls.row[moved], trip_id[trips],
        "in the order given the times ask for far more speed between some stops than this trip has elsewhere, and "
        "there is no shape; its calls were put in the order in which they can be driven.",
    )  # fmt: skip
    shuffled = calls.take(place)
    return replace(shuffled, arrival_s=calls.arrival_s, departure_s=calls.departure_s)


def planar(lat: Float64Array, lon: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Metres east and north (n,), flat around the middle of the network."""
    cos = np.cos(np.radians(np.nanmedian(lat))) if len(lat) else 1.0
    return lon * cos * METRES_PER_DEGREE, lat * METRES_PER_DEGREE


def _members(group: Int32Array, trip: Int64Array) -> list[Int64Array]:
    """The trips of each group."""
    order = np.argsort(group, kind="stable")
    return np.split(trip[order], np.flatnonzero(np.diff(group[order])) + 1) if len(group) else []


def too_fast_hops(
    x: Float64Array, y: Float64Array, seconds: Float64Array, speed_m_s: float = IMPOSSIBLE_M_S
) -> BoolArray:
    """(n - 1,) whether each hop between consecutive calls (n,) is faster than `speed_m_s`. Metres and seconds."""
    gap = np.hypot(np.diff(x), np.diff(y))
    result: BoolArray = gap > speed_m_s * np.diff(seconds) + SLACK_M
    return result


def unlikely_m_s(x: Float64Array, y: Float64Array, seconds: Float64Array) -> float:
    """Speed that a trip with these calls (n,) does not reach between two of them: half as much again as its mean."""
    way, time = float(np.hypot(np.diff(x), np.diff(y)).sum()), float(seconds[-1] - seconds[0])
    return min(max(UNLIKELY_M_S, _ABOVE_MEAN * way / max(time, 1.0)), IMPOSSIBLE_M_S)


def driving_order(x: Float64Array, y: Float64Array, seconds: Float64Array) -> Int64Array:
    """Permutation (n,) of a trip's calls that makes the way short, its first call kept.

    Parameters: `x`, `y` (n,) metres; `seconds` (n,) scheduled times, not decreasing. Segments of up to
    LONGEST_SEGMENT calls are moved, turned round where that helps, to places whose times lie within SWAP_WINDOW_S of
    theirs, best gain first (Or-opt, Or 1976), until no move gains LEAST_GAIN_M. A stop far from all others has its
    place on the map wrong and not its place in the trip, and stays.
    """
    order = np.arange(len(x))
    if len(x) < 4:
        return order
    limit = unlikely_m_s(x, y, seconds)
    fast = too_fast_hops(x, y, seconds, limit)
    if not fast.any():
        return order
    stray = np.append(False, fast) | np.append(fast, False)
    stray[stray] = _distances(x, y, np.inf)[stray].min(axis=1) > MISPLACED_M
    settled = np.flatnonzero(~stray)
    order[settled] = settled[_shortest_order(x[settled], y[settled], seconds[settled], limit)]
    return order


def _shortest_order(x: Float64Array, y: Float64Array, seconds: Float64Array, limit_m_s: float) -> Int64Array:
    n = len(x)
    order = np.arange(n)
    for _ in range(4 * n):
        move = _best_move(x[order], y[order], seconds, seconds[order], limit_m_s)
        if move is None:
            break
        first, length, after, turned = move
        segment = order[first : first + length]
        rest = np.delete(order, np.arange(first, first + length))
        at = after + 1 if after < first else after + 1 - length
        order = np.insert(rest, at, segment[::-1] if turned else segment)
    return order


def _best_move(
    x: Float64Array, y: Float64Array, slots: Float64Array, seconds: Float64Array, limit_m_s: float
) -> tuple[int, int, int, bool] | None:
    """(first, length, after, turned) of the best move of a segment to behind call `after`, None where none gains.

    `slots`: times of the places in the order; `seconds`: times that the calls at these places were given.
    """
    n = len(x)
    gap = _distances(x, y, 0.0)
    # A way may end anywhere: beyond the last call every distance is nothing.
    gap = np.pad(gap, ((0, 1), (0, 1)))
    near = np.abs(seconds[:, None] - seconds[None, :]) <= SWAP_WINDOW_S
    fast = np.append(too_fast_hops(x, y, slots, limit_m_s), False)
    best, found = LEAST_GAIN_M, None
    after = np.arange(n)
    for length in range(1, min(LONGEST_SEGMENT, n - 2) + 1):
        first = np.arange(1, n - length + 1)
        last = first + length - 1
        saved = gap[first - 1, first] + gap[last, last + 1] - gap[first - 1, last + 1]
        outside = (after[None, :] < first[:, None] - 1) | (after[None, :] > last[:, None])
        breaks = fast[first - 1] | fast[last]
        allowed = outside & (breaks[:, None] | fast[after][None, :]) & near[first][:, after] & near[last][:, after]
        broken = gap[after, after + 1]
        straight = gap[after[None, :], first[:, None]] + gap[last[:, None], after[None, :] + 1] - broken
        turned = gap[after[None, :], last[:, None]] + gap[first[:, None], after[None, :] + 1] - broken
        for way, cost in ((False, straight), (True, turned)):
            gain = np.where(allowed, saved[:, None] - cost, -np.inf)
            at = int(gain.argmax())
            i, j = divmod(at, n)
            if gain[i, j] > best:
                best, found = float(gain[i, j]), (int(first[i]), length, int(after[j]), way)
    return found


def _distances(x: Float64Array, y: Float64Array, to_itself: float) -> Float64Array:
    """(n, n) metres between places (n,)."""
    gap = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    np.fill_diagonal(gap, to_itself)
    return gap


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
