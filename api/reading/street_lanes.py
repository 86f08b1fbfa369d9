"""Lines side by side: of each line every street once, and on streets that it shares with others a lane of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress

import numpy as np
import shapely

from api.reading.lines import lines_of
from predictor.arrays import BoolArray, Float64Array, Int64Array
from predictor.geometry import METRES_PER_DEGREE
from predictor.timetable import Timetable

_STEP_M = 30.0
"""Streets are compared piece by piece, none longer."""
_SAME_STREET_M = 16.0
"""Pieces lie on one street whose middles are nearer than this."""
_PARALLEL = 0.92
"""And the cosine of whose angle is more."""
_SHORTEST_M = 150.0
"""A line keeps its lane where it would change it for less."""
_MOST_LANES = 6
"""Streets of more lines hold them closer together."""
_SMOOTH_M = 2.0
_NO_WAY_DEG = 1e-6


@dataclass(frozen=True, eq=False)
class StreetLanes:
    """Pieces of lines as they are drawn."""

    route: Int64Array
    """(p,) index of each piece's route."""
    lane: Float64Array
    """(p,) how many lanes to the right of its middle, in the direction of its places; halves between even numbers."""
    places: tuple[Float64Array, ...]
    """Of each piece (v, 2), longitude and latitude."""


@lru_cache(maxsize=2)
def street_lanes(timetable: Timetable) -> StreetLanes:
    """The lanes of a timetable, made once for each."""
    tt = timetable
    way, route = np.unique(np.stack([tt.pattern_line, tt.pattern_route]), axis=1).astype(np.int64)
    places = np.column_stack([tt.line_lon, tt.line_lat])
    ways = [places[tt.line_ptr[w] : tt.line_ptr[w + 1]] for w in way.tolist()]
    return side_by_side(ways, route, lines_of(tt).rank)


def side_by_side(ways: list[Float64Array], route: Int64Array, rank: Int64Array) -> StreetLanes:
    """Lanes of `ways`, each (v, 2) longitude and latitude and driven by one of `route`; `rank`: the order of routes
    from left to right, as those see it that drive as the first of them."""
    drawable = [bool(len(way)) and np.ptp(way, axis=0).max() > _NO_WAY_DEG for way in ways]
    ways, route = list(compress(ways, drawable)), route[drawable]
    if not ways:
        return StreetLanes(np.empty(0, np.int64), np.empty(0), ())
    latitude = np.radians(np.median(np.concatenate(ways)[:, 1]))
    metres = METRES_PER_DEGREE * np.array([np.cos(latitude), 1.0])
    lines = shapely.segmentize([shapely.LineString(way * metres) for way in ways], _STEP_M)
    points, of_way = shapely.get_coordinates(lines, return_index=True)
    start = np.flatnonzero((np.diff(of_way) == 0) & (np.abs(np.diff(points, axis=0)).max(axis=1) > 0.01))
    step = points[start + 1] - points[start]
    length = np.hypot(*step.T)
    heading, middle = step / length[:, None], points[start] + step / 2.0
    of_way = of_way[start]
    of_route = route[of_way]

    first = _first_of_each(of_route, middle, heading)
    near, other = _on_one_street(first, middle, heading)
    # What a line drives again, back or on another of its ways, is drawn already.
    again = (of_route[near] == of_route[other]) & (other < near)
    again &= (of_way[near] != of_way[other]) | (near - other > 3)
    kept = first.copy()
    kept[near[again]] = False
    shared = kept[near] & kept[other] & (of_route[near] != of_route[other])
    near, other = near[shared], other[shared]
    lane = _lanes(len(start), near, other, rank[of_route], middle, heading)

    place = np.flatnonzero(kept)
    lane = _steady(lane[place], length[place], breaks=_breaks(place, start, of_way))
    ends = _breaks(place, start, of_way) | np.concatenate([[True], np.diff(lane) != 0.0])
    begin = np.flatnonzero(ends)
    pieces = [
        shapely.LineString(np.vstack([points[start[piece]], points[start[piece[-1]] + 1]]))
        for piece in np.split(place, begin[1:])
    ]
    smooth = shapely.simplify(pieces, _SMOOTH_M)
    return StreetLanes(
        of_route[place[begin]], lane[begin], tuple(shapely.get_coordinates(piece) / metres for piece in smooth)
    )


def _first_of_each(of_route: Int64Array, middle: Float64Array, heading: Float64Array) -> BoolArray:
    """(n,) the first of the pieces that one route has at one place along one axis: most ways repeat others."""
    axis = np.round(np.arctan2(heading[:, 1], heading[:, 0]) / np.pi * 8.0).astype(np.int64) % 8
    key = np.column_stack([of_route, np.round(middle / 4.0).astype(np.int64), axis])
    first = np.zeros(len(key), bool)
    first[np.unique(key, axis=0, return_index=True)[1]] = True
    return first


def _on_one_street(among: BoolArray, middle: Float64Array, heading: Float64Array) -> tuple[Int64Array, Int64Array]:
    """Pairs of pieces that lie on one street, each both ways round."""
    index = np.flatnonzero(among)
    spots = shapely.points(middle[index])
    pairs = shapely.STRtree(spots).query(spots, predicate="dwithin", distance=_SAME_STREET_M)
    near, other = index[pairs[0]], index[pairs[1]]
    along = (near != other) & (np.abs((heading[near] * heading[other]).sum(axis=1)) > _PARALLEL)
    return near[along], other[along]


def _lanes(
    pieces: int, near: Int64Array, other: Int64Array, rank: Int64Array, middle: Float64Array, heading: Float64Array
) -> Float64Array:
    """(n,) lane of each piece, from the pairs of pieces of different lines on one street."""
    lane = np.zeros(pieces)
    if not len(near):
        return lane
    apart = np.hypot(*(middle[near] - middle[other]).T)
    order = np.lexsort((apart, rank[other], near))
    near, other = near[order], other[order]
    one_each = np.concatenate([[True], (np.diff(near) != 0) | (np.diff(rank[other]) != 0)])
    near, other = near[one_each], other[one_each]
    lines = np.bincount(near, minlength=pieces) + 1
    before = np.bincount(near[rank[other] < rank[near]], minlength=pieces)
    spread = np.minimum(1.0, (_MOST_LANES - 1) / np.maximum(lines - 1, 1))
    lane = np.round((before - (lines - 1) / 2.0) * spread, 2)
    # All take the sides as the first of them drives, or lines that drive against each other would change theirs.
    leads = np.concatenate([[True], np.diff(near) != 0]) & (rank[other] < rank[near])
    against = (heading[near[leads]] * heading[other[leads]]).sum(axis=1) < 0.0
    lane[near[leads][against]] *= -1.0
    return np.asarray(lane + 0.0)


def _breaks(place: Int64Array, start: Int64Array, of_way: Int64Array) -> BoolArray:
    """(k,) where a piece does not go on from the one before."""
    goes_on = (np.diff(start[place]) == 1) & (np.diff(of_way[place]) == 0)
    return np.concatenate([[True], ~goes_on])


def _steady(lane: Float64Array, length: Float64Array, breaks: BoolArray) -> Float64Array:
    """(k,) lanes of which none is kept for less than `_SHORTEST_M`, as far as a line goes on."""
    run = np.cumsum(breaks | np.concatenate([[True], np.diff(lane) != 0.0])) - 1
    stretch = np.cumsum(breaks)
    steady = np.bincount(run, length)[run] >= _SHORTEST_M
    at = np.arange(len(lane))
    before = np.maximum.accumulate(np.where(steady, at, -1))
    after = np.minimum.accumulate(np.where(steady, at, len(lane))[::-1])[::-1]
    has_before = (before >= 0) & (stretch[np.maximum(before, 0)] == stretch)
    has_after = (after < len(lane)) & (stretch[np.minimum(after, len(lane) - 1)] == stretch)
    taken = np.where(has_before, before, np.where(has_after, after, at))
    return lane[taken]
