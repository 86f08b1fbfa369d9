"""The order in which a trip without a shape really calls at its stops.

Where a feed gives no shape, a line is drawn from stop to stop, and a wrong stop sequence sends it zigzagging over the
map. What gives it away is physics: a hop that the timetable asks to be driven at an impossible speed. Only trips with
such a hop are touched, and only calls close in scheduled time change places.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int64Array

IMPOSSIBLE_M_S = 30.0
SLACK_M = 120.0
"""Rounded times make short hops look fast: this much distance is free."""
SWAP_WINDOW_S = 240.0
LEAST_GAIN_M = 100.0
LONGEST_SEGMENT = 6
MISPLACED_M = 3000.0
"""A stop whose visit costs this much more than passing it by, at impossible speed, is not where the feed says."""


def impossible_hops(x: Float64Array, y: Float64Array, seconds: Float64Array) -> BoolArray:
    """(n - 1,) whether each hop between consecutive calls (n,) is faster than any bus. Metres and seconds."""
    gap = np.hypot(np.diff(x), np.diff(y))
    result: BoolArray = gap > IMPOSSIBLE_M_S * np.diff(seconds) + SLACK_M
    return result


def driving_order(x: Float64Array, y: Float64Array, seconds: Float64Array) -> Int64Array:
    """Permutation (n,) of a trip's calls that makes the way short, its first call kept.

    Parameters: `x`, `y` (n,) metres; `seconds` (n,) scheduled times, not decreasing. Segments of up to
    LONGEST_SEGMENT calls are moved, turned round where that helps, to places whose times lie within SWAP_WINDOW_S of
    theirs, best gain first (Or-opt, Or 1976), until no move gains LEAST_GAIN_M.
    """
    n = len(x)
    order = np.arange(n)
    if n < 4 or not impossible_hops(x, y, seconds).any():
        return order
    for _ in range(4 * n):
        move = _best_move(x[order], y[order], seconds[order])
        if move is None:
            break
        first, length, after, turned = move
        segment = order[first : first + length]
        rest = np.delete(order, np.arange(first, first + length))
        at = after + 1 if after < first else after + 1 - length
        order = np.insert(rest, at, segment[::-1] if turned else segment)
    return order


def _best_move(x: Float64Array, y: Float64Array, seconds: Float64Array) -> tuple[int, int, int, bool] | None:
    """(first, length, after, turned) of the best move of a segment to behind call `after`, None where none gains."""
    n = len(x)
    gap = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    # A way may end anywhere: beyond the last call every distance is nothing.
    gap = np.pad(gap, ((0, 1), (0, 1)))
    near = np.abs(seconds[:, None] - seconds[None, :]) <= SWAP_WINDOW_S
    best, found = LEAST_GAIN_M, None
    after = np.arange(n)
    for length in range(1, min(LONGEST_SEGMENT, n - 2) + 1):
        first = np.arange(1, n - length + 1)
        last = first + length - 1
        saved = gap[first - 1, first] + gap[last, last + 1] - gap[first - 1, last + 1]
        outside = (after[None, :] < first[:, None] - 1) | (after[None, :] > last[:, None])
        allowed = outside & near[first][:, after] & near[last][:, after]
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


def misplaced_stops(x: Float64Array, y: Float64Array, seconds: Float64Array) -> BoolArray:
    """(n,) calls whose stop cannot be where the feed puts it, by the hops to and from it; never the first or last."""
    n = len(x)
    wrong = np.zeros(n, bool)
    for _ in range(n):
        kept = np.flatnonzero(~wrong)
        if len(kept) < 3:
            break
        kx, ky, kt = x[kept], y[kept], seconds[kept]
        fast = impossible_hops(kx, ky, kt)
        direct = np.hypot(kx[2:] - kx[:-2], ky[2:] - ky[:-2])
        detour = np.hypot(np.diff(kx), np.diff(ky))
        extra = np.where(fast[:-1] | fast[1:], detour[:-1] + detour[1:] - direct, 0.0)
        at = int(extra.argmax())
        if extra[at] < MISPLACED_M:
            break
        wrong[kept[at + 1]] = True
    return wrong
