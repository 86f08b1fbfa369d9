"""Where along its shape each stop of a pattern lies.

Loops, self-crossings and ways driven out and back make a stop near several places of the shape. All stops of a
pattern are placed together: of the places near each stop, those are chosen that lie close, follow each other along
the shape, and are about as far apart as the timetable has the vehicle drive (dynamic programming; the recursion of
Viterbi 1967).
"""

from __future__ import annotations

import numpy as np

from feeds.gtfs.polylines import Polylines
from predictor.arrays import BoolArray, Float64Array, Int64Array, expand_ranges, or_where_unknown, running_maximum
from predictor.geometry import ground_distance_m

FAR_M = 130.0
"""A shape from which most stops are further is not the way of a run that calls there: its buses would be off their line
wherever they stop (`matching.OFF_LINE_M`)."""
PLACES = 8
"""Most places considered for one stop."""

# Square metres that a metre of unexplained way costs: settles ties between places that are equally near.
_ODD_GAP = 0.2
# The same for shape left over before the first and after the last stop.
_LEFT_OVER = 0.05
_PAIRS_AT_ONCE = 2_000_000


def place_stops(
    lines: Polylines,
    line: Int64Array,
    call_ptr: Int64Array,
    stop: Int64Array,
    stop_lat: Float64Array,
    stop_lon: Float64Array,
    expected_gap_m: Float64Array,
) -> Float64Array:
    """Metres along its line for each pattern call, not decreasing along a pattern.

    Parameters: `line` (P,), P > 0; `call_ptr` (P + 1,); `stop` (calls,); `stop_lat`, `stop_lon` (S,) degrees;
    `expected_gap_m` (calls,) roughly how far a call is from the one before it.
    Cost: O(stops × segments of their shapes) plus O(calls × PLACES²).
    """
    calls = np.diff(call_ptr)
    key = np.repeat(line, calls) * len(stop_lat) + stop
    pair, of_call = np.unique(key, return_inverse=True)
    distance, offset2 = _nearest_places(
        lines, pair // len(stop_lat), stop_lat[pair % len(stop_lat)], stop_lon[pair % len(stop_lat)]
    )
    chosen = _best_sequence(distance, offset2, of_call, call_ptr, lines.length_m[line], expected_gap_m)
    return not_falling(distance[of_call, chosen], call_ptr)


def given_distances(
    lines: Polylines, shape_dist: Float64Array, line: Int64Array, call_ptr: Int64Array, stop_dist: Float64Array
) -> tuple[Float64Array, BoolArray]:
    """Metres along its line for each pattern call, from `shape_dist_traveled` of both files in whatever unit.

    Parameters: `shape_dist` (vertices,); `stop_dist` (calls,). Returns: metres (calls,); which patterns (P,) can be
    placed that way: given throughout, not falling, and on the shape.
    """
    owner = np.repeat(np.arange(len(line)), np.diff(call_ptr))
    low, high = shape_dist[lines.ptr[:-1]][line][owner], shape_dist[lines.ptr[1:] - 1][line][owner]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (stop_dist - low) / (high - low)
        falls = np.append(False, (np.diff(stop_dist) < 0) & (np.diff(owner) == 0))
        bad = ~((share > -0.01) & (share < 1.02)) | falls
        usable = np.bincount(owner, bad, len(line)) == 0
        usable &= stop_dist[call_ptr[1:] - 1] > stop_dist[call_ptr[:-1]]
        first, last = shape_dist[lines.ptr[:-1]], shape_dist[lines.ptr[1:] - 1]
        vertex_share = (shape_dist - first[lines.line]) / (last - first)[lines.line]
    # Two to a line: shares never reach the next line's.
    axis = 2.0 * lines.line + or_where_unknown(vertex_share, 0.0)
    at = 2.0 * line[owner] + np.clip(or_where_unknown(share, 0.0), 0.0, 1.0)
    distance = np.interp(at, axis, lines.distance_m)
    return not_falling(distance, call_ptr), usable


def offsets_m(
    lines: Polylines, line: Int64Array, distance_m: Float64Array, lat: Float64Array, lon: Float64Array
) -> Float64Array:
    """Metres (n,) between positions and the places at `distance_m` on their lines, all (n,)."""
    return ground_distance_m(*lines.place_at(line, distance_m), lat, lon)


def not_falling(distance_m: Float64Array, call_ptr: Int64Array) -> Float64Array:
    """Distances (calls,) with every step back along a pattern taken out."""
    pattern = np.repeat(np.arange(len(call_ptr) - 1), np.diff(call_ptr))
    return np.maximum(running_maximum(distance_m, pattern), 0.0)


def _nearest_places(
    lines: Polylines, line: Int64Array, lat: Float64Array, lon: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """The places on its line where each position (n,) comes nearest, before it goes away again.

    Returns: `distance_m`, `offset2` (n, PLACES) metres along and square metres off; unused ones have offset inf.
    """
    n = len(line)
    distance, offset2 = np.zeros((n, PLACES)), np.full((n, PLACES), np.inf)
    segments = np.diff(lines.ptr)[line] - 1
    total = np.cumsum(segments)
    first = 0
    while first < n:
        base = total[first] - segments[first]
        last = max(int(np.searchsorted(total, base + _PAIRS_AT_ONCE, side="right")), first + 1)
        rows = slice(first, last)
        _places_of(lines, line[rows], lat[rows], lon[rows], distance[rows], offset2[rows])
        first = last
    return distance, offset2


def _places_of(
    lines: Polylines,
    line: Int64Array,
    lat: Float64Array,
    lon: Float64Array,
    distance: Float64Array,
    offset2: Float64Array,
) -> None:
    """Fill `distance` and `offset2` (n, PLACES) for positions (n,)."""
    start = lines.ptr[line]
    owner, segment = expand_ranges(start, lines.ptr[line + 1] - 1 - start)
    step = lines.xy[segment + 1] - lines.xy[segment]
    reach = lines.plane(line, lat, lon)[owner] - lines.xy[segment]
    square = np.einsum("ij,ij->i", step, step)
    along = np.einsum("ij,ij->i", step, reach)
    share = np.clip(np.divide(along, square, out=np.zeros_like(square), where=square > 0), 0.0, 1.0)
    off = reach - share[:, None] * step
    away2 = np.einsum("ij,ij->i", off, off)
    at = lines.distance_m[segment] + share * (lines.distance_m[segment + 1] - lines.distance_m[segment])

    # The way to a straight segment has one least place. At a segment's end it is the line's as well where the next
    # segment leads away from there.
    last = np.append(owner[1:] != owner[:-1], True)
    inside = (share > 0.0) & (share < 1.0)
    at_end = (share == 1.0) & (last | (np.append(share[1:], 0.0) == 0.0))
    at_start = (share == 0.0) & np.append(True, last[:-1])
    low = np.flatnonzero(inside | at_end | at_start)
    low = low[np.lexsort((away2[low], owner[low]))]
    rank = np.arange(len(low)) - np.searchsorted(owner[low], owner[low])
    low, rank = low[rank < PLACES], rank[rank < PLACES]
    distance[owner[low], rank], offset2[owner[low], rank] = at[low], away2[low]


def _best_sequence(
    distance: Float64Array,
    offset2: Float64Array,
    of_call: Int64Array,
    call_ptr: Int64Array,
    length_m: Float64Array,
    expected_gap_m: Float64Array,
) -> Int64Array:
    """Which place each call takes (calls,), all patterns a step at a time."""
    calls = np.diff(call_ptr)
    order = np.argsort(-calls, kind="stable")
    start, count, length = call_ptr[order], calls[order], length_m[order]
    came_from = np.zeros((len(of_call), PLACES), np.int8)
    cost = offset2[of_call[start]] + _LEFT_OVER * distance[of_call[start]]
    for k in range(1, int(calls.max())):
        running = int(np.searchsorted(-count, -k, side="left"))
        call = start[:running] + k
        at_call, before = distance[of_call[call]], distance[of_call[call - 1]]
        gap = at_call[:, None, :] - before[:, :, None]
        step = _ODD_GAP * np.abs(gap - expected_gap_m[call, None, None]) + np.minimum(gap, 0.0) ** 2
        step += cost[:running, :, None]
        came_from[call] = step.argmin(axis=1)
        cost[:running] = step.min(axis=1) + offset2[of_call[call]]
    cost += _LEFT_OVER * (length[:, None] - distance[of_call[start + count - 1]])

    chosen = np.zeros(len(of_call), np.int64)
    at = cost.argmin(axis=1)
    for k in range(int(calls.max()) - 1, -1, -1):
        running = int(np.searchsorted(-count, -k, side="left"))
        call = start[:running] + k
        chosen[call] = at[:running]
        at[:running] = came_from[call, at[:running]]
    return chosen
