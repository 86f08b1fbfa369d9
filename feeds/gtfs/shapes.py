"""shapes.txt: the ways that vehicles take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from feeds.gtfs.degrees import degrees
from feeds.gtfs.polylines import Polylines, polylines
from feeds.gtfs.problems import Problems
from feeds.gtfs.references import references
from feeds.gtfs.stops import Stops
from feeds.gtfs.tables import numbers
from feeds.zone_places import is_on_earth
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, StrArray, first_of_each, group_starts
from predictor.geometry import ground_distance_m

FILE = "shapes.txt"

_ASTRAY_M, _ASTRAY_DETOUR = 5000.0, 10.0
"""How far a way leaps from one point to the next, and how many times as long it is by points that lead astray."""
_AT_A_STOP_DEGREES = 0.02


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes (H,) as lines through all their points."""

    shape_id: StrArray
    lines: Polylines
    given_dist: Float64Array
    """(vertices,) `shape_dist_traveled` in the feed's own unit, NaN where a shape has none that makes sense."""

    def reversed(self, which: Int64Array) -> Shapes:
        """Some of the shapes (n,), driven from their ends; their own distances count from where they begin."""
        lines = self.lines.reversed(which)
        return Shapes(self.shape_id[which], lines, np.full(len(lines.lat), np.nan))


def read_shapes(frame: pd.DataFrame | None, wanted: StrArray, zone: str, stops: Stops, problems: Problems) -> Shapes:
    """Build the wanted shapes from shapes.txt of a feed in `zone` (IANA name); those of fewer than two places are left
    out, as are points far away to which nobody drives."""
    none = Shapes(np.empty(0, np.str_), Polylines(np.zeros(1, np.int64), *(np.empty(0) for _ in range(3))), np.empty(0))
    if frame is None or len(wanted) == 0:
        return none
    shape = references(frame, "shape_id", wanted, FILE, problems)
    lat, lon = degrees(frame, "shape_pt", FILE, zone, problems)
    sequence, given_dist = numbers(frame, "shape_pt_sequence"), numbers(frame, "shape_dist_traveled")
    row = frame.index.to_numpy(np.int64)
    unnumbered = np.isnan(sequence) & ~np.isin(shape, shape[~np.isnan(sequence)]) & (shape >= 0)
    sequence[unnumbered] = row[unnumbered]
    tell = problems.of(FILE, frame, "shape_id")
    tell(unnumbered, "no row of this shape has a shape_pt_sequence; taken in the order of the rows.")
    bad = (shape >= 0) & ~(is_on_earth(lat, lon) & (sequence >= 0))
    tell(bad, "no valid position or shape_pt_sequence; the point is left out of its shape.")
    keep = np.flatnonzero((shape >= 0) & ~bad)
    keep = keep[np.lexsort((sequence[keep], shape[keep]))]
    keep = keep[first_of_each(shape[keep], lat[keep], lon[keep])]
    astray = _astray(shape[keep], lat[keep], lon[keep], stops)
    tell(keep[astray], "far from its neighbours, and from all stops; the point is left out of its shape.")
    keep = keep[~astray]
    short = np.bincount(shape[keep], minlength=len(wanted)) < 2
    stub = keep[short[shape[keep]]]
    problems.rows(FILE, row[stub], wanted[shape[stub]], "a shape of one place only; drawn from stop to stop instead.")
    keep = keep[~short[shape[keep]]]
    shape, lat, lon, given_dist = shape[keep], lat[keep], lon[keep], given_dist[keep]
    if len(shape) == 0:
        return none
    present = np.flatnonzero(~short)
    renumbered = np.searchsorted(present, shape)
    lines = polylines(group_starts(renumbered, len(present)), lat, lon)
    return Shapes(wanted[present], lines, _sensible(given_dist, lines))


def _astray(shape: Int32Array, lat: Float64Array, lon: Float64Array, stops: Stops) -> BoolArray:
    """(n,) points of shapes, in order, by which a way goes far off to where no stop is, and comes straight back or ends
    there: a slip of a pen, where others lead to somebody."""
    hop, same = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]), shape[1:] == shape[:-1]
    leaps = same & (hop > _ASTRAY_M)
    if not leaps.any():
        return np.zeros(len(shape), bool)
    starts = np.append(True, ~same | leaps)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(shape)) - 1
    come, go = np.append(False, leaps)[first], np.append(leaps, False)[last]
    before, after = np.maximum(first - 1, 0), np.minimum(last + 1, len(shape) - 1)
    way = ground_distance_m(*(part[at] for at in (before, first) for part in (lat, lon)))
    way += ground_distance_m(*(part[at] for at in (last, after) for part in (lat, lon)))
    past = ground_distance_m(*(part[at] for at in (before, after) for part in (lat, lon)))
    doubtful = (come != go) | (come & go & (past * _ASTRAY_DETOUR < way))
    piece = np.cumsum(starts) - 1
    at = np.flatnonzero(doubtful[piece])
    if len(at):
        known = np.isfinite(stops.lat)
        places = shapely.STRtree(shapely.points(stops.lon[known], stops.lat[known]))
        leads_to, _ = places.query(shapely.points(lon[at], lat[at]), "dwithin", _AT_A_STOP_DEGREES)
        doubtful[piece[at[leads_to]]] = False
    result: BoolArray = doubtful[piece]
    return result


def _sensible(given_dist: Float64Array, lines: Polylines) -> Float64Array:
    """The given distances of shapes on which they are complete, do not fall, and get anywhere."""
    falls = np.append(False, (np.diff(given_dist) < 0) & (np.diff(lines.line) == 0))
    bad = np.bincount(lines.line, np.isnan(given_dist) | falls, len(lines)) > 0
    bad |= ~(given_dist[lines.ptr[1:] - 1] > given_dist[lines.ptr[:-1]])
    return np.where(bad[lines.line], np.nan, given_dist)
