"""Where stops lie that the feed gives no position for, or one where they cannot be: between their neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.gtfs.calls import Calls
from feeds.gtfs.patterns import Patterns
from feeds.gtfs.problems import Problems
from feeds.gtfs.stops import Stops
from predictor.arrays import Float64Array, Int32Array, Int64Array
from predictor.driven_order import COARSEST_TIMES_S
from predictor.geometry import ground_distance_m

FROM_STATION_M = 5000.0
"""No station lies further from the nearest of its platforms."""
SOUND_M_S, ASTRAY_M = 340.0, 100_000.0
"""Nobody averages more from one stop to the next; times may be wrong, too, so what is nearer is believed."""


def with_positions(stops: Stops, calls: Calls, problems: Problems) -> Stops:
    """The stops with those that have no position put midway between the stops before and after them."""
    lost = np.isnan(stops.lat)
    if not lost.any():
        return stops
    same = calls.trip[1:] == calls.trip[:-1]
    lat, lon = _between_neighbours(stops.lat, stops.lon, calls.stop[:-1][same], calls.stop[1:][same])
    found = lost & ~np.isnan(lat)
    # Nothing calls there, or nothing near it has a position: boards work, maps and matching leave it out.
    stops.tell(found, "no valid stop_lat and stop_lon; put between the stops before and after it.", problems)
    return replace(stops, lat=lat, lon=lon)


def put_right(stops: Stops, patterns: Patterns, calls: Calls, problems: Problems) -> Stops:
    """The stops with those that no trip gets to or from in its time, each further from the middle of the network than
    the ones before and after it, put between these."""
    pattern = np.repeat(np.arange(len(patterns.model_trip)), np.diff(patterns.call_ptr))
    hop = np.flatnonzero(pattern[1:] == pattern[:-1])
    a, b = patterns.stop[hop], patterns.stop[hop + 1]
    hop_m = _apart_m(stops.lat[a], stops.lon[a], stops.lat[b], stops.lon[b])
    takes_s = _longest_s(calls, patterns.model_call[hop])
    never = np.flatnonzero(hop_m > np.maximum(SOUND_M_S * (takes_s + COARSEST_TIMES_S), ASTRAY_M))
    if len(never) == 0:
        return stops
    away_m = _apart_m(np.nanmedian(stops.lat), np.nanmedian(stops.lon), stops.lat, stops.lon)
    further = np.where(away_m[a[never]] >= away_m[b[never]], a[never], b[never])
    impossible = np.bincount(further, minlength=len(away_m))
    hops = np.bincount(np.concatenate([a, b]), minlength=len(away_m))
    astray = (impossible > 0) & (impossible == hops)
    lat, lon = np.where(astray, np.nan, stops.lat), np.where(astray, np.nan, stops.lon)
    found_lat, found_lon = _between_neighbours(lat, lon, a, b)
    found = astray & ~np.isnan(found_lat)
    stops.tell(
        found,
        "lies further from the stops before and after it than anybody gets in the time between; put between them. Is a "
        "digit or a sign wrong, or are latitude and longitude exchanged?",
        problems,
    )
    return replace(stops, lat=np.where(found, found_lat, stops.lat), lon=np.where(found, found_lon, stops.lon))


def amid_platforms(stops: Stops, problems: Problems) -> Stops:
    """The stops with stations that have no position, or one far from all their platforms, put amid these."""
    known = np.flatnonzero((stops.parent >= 0) & ~np.isnan(stops.lat))
    station, size = stops.parent[known], len(stops.lat)
    nearest_m = np.full(size, np.inf)
    away_m = ground_distance_m(stops.lat[known], stops.lon[known], stops.lat[station], stops.lon[station])
    np.fmin.at(nearest_m, station, away_m)
    platforms = np.bincount(station, minlength=size)
    astray = (platforms > 0) & (nearest_m > FROM_STATION_M)
    if not astray.any():
        return stops
    stops.tell(astray, "a station without a position, or far from all its stops; put amid these.", problems)
    amid = (np.bincount(station, of[known], size) / np.maximum(platforms, 1) for of in (stops.lat, stops.lon))
    lat, lon = (np.where(astray, mean, of) for mean, of in zip(amid, (stops.lat, stops.lon), strict=True))
    return replace(stops, lat=lat, lon=lon)


def _between_neighbours(
    lat: Float64Array, lon: Float64Array, before: Int32Array, after: Int32Array
) -> tuple[Float64Array, Float64Array]:
    """Positions (S,) of which those not known, NaN, are put midway between the stops of hops (n,) to and from them."""
    lost, (lat, lon), total = np.isnan(lat), (lat.copy(), lon.copy()), np.zeros((3, len(lat)))
    for stop, neighbour in ((after, before), (before, after)):
        helps = lost[stop] & ~lost[neighbour]
        for i, weight in enumerate((lat[neighbour[helps]], lon[neighbour[helps]], None)):
            total[i] += np.bincount(stop[helps], weight, len(lat))
    found = lost & (total[2] > 0)
    lat[found], lon[found] = total[:2, found] / total[2, found]
    return lat, lon


def _longest_s(calls: Calls, first: Int64Array) -> Float64Array:
    """Seconds (n,) that a trip may take from calls to the next at most: between two without times as much as between
    the nearest ones that have some."""
    timed = np.flatnonzero(~np.isnan(calls.departure_s))
    before, after = np.searchsorted(timed, first, side="right") - 1, np.searchsorted(timed, first + 1)
    result: Float64Array = calls.arrival_s[timed[after]] - calls.departure_s[timed[before]]
    return result


def _apart_m(
    lat1: Float64Array | np.float64, lon1: Float64Array | np.float64, lat2: Float64Array, lon2: Float64Array
) -> Float64Array:
    """Metres between positions (n,), on either side of the date line too."""
    return ground_distance_m(np.asarray(lat1), np.asarray(lon1), lat2, lon2 - 360.0 * np.rint((lon2 - lon1) / 360.0))
