"""A GTFS feed's tables put together to a `Timetable`."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from feeds.errors import FeedError, Problem
from feeds.gtfs.agencies import Agencies, read_agencies
from feeds.gtfs.archive import GtfsArchive
from feeds.gtfs.calls import DAY_S, FILE, HOUR_S, Calls, in_order, interpolated, read_calls, stop_headsigns
from feeds.gtfs.degrees import is_on_earth
from feeds.gtfs.journeys import Journeys, read_journeys
from feeds.gtfs.pattern_lines import PatternLines, find_lines
from feeds.gtfs.patterns import Links, Patterns, find_links, find_patterns
from feeds.gtfs.problems import Problems
from feeds.gtfs.routes import Routes, read_routes
from feeds.gtfs.service_calendar import ServiceCalendar, read_calendar
from feeds.gtfs.shapes import read_shapes
from feeds.gtfs.stops import Stops, read_stops
from feeds.gtfs.tables import LONGEST_TEXT, numbers, read_tables, words
from feeds.gtfs.time_zones import has_clocks_of, known_zone, what_to_give, zone_of_offset
from feeds.gtfs.trips import Trips, read_trips
from predictor.arrays import (
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    expand_ranges,
    places_of,
)
from predictor.driven_order import COARSEST_TIMES_S, undrivable_hops
from predictor.geometry import ground_distance_m
from predictor.straight_lines import IMPOSSIBLE_M_S, SLACK_M
from predictor.timetable import NO_PICKUP, Timetable

SOUND_M_S, ASTRAY_M = 340.0, 100_000.0
"""Nobody averages more from one stop to the next; times may be wrong, too, so what is nearer is believed."""
_ALIKE = 4
"""Trips with the same beginning and end are compared with so many others of them, ordered."""


@dataclass(frozen=True, eq=False)
class _Rows:
    """What the feed's tables say, without what cannot be used: trips (T,) with two calls or more at known places,
    and their calls (E,), ordered by trip and sequence."""

    zone: ZoneInfo
    agencies: Agencies
    stops: Stops
    routes: Routes
    trips: Trips
    calls: Calls
    headsign_name: StrArray


@dataclass(frozen=True, eq=False)
class _Ways:
    """The ways that the trips (T,) drive: their patterns, each pattern's line, and the links from stop to stop."""

    stops: Stops
    """Where they must be for the trips to get there."""
    drawn: BoolArray
    """(T,) whether the feed has the trip's shape."""
    trip_ptr: Int64Array
    patterns: Patterns
    lines: PatternLines
    links: Links
    call_of_trip: Int64Array
    """(E,) 0 at each trip's first call."""
    distance_m: Float64Array
    """(E,) along the trip's line."""


def build_timetable(archive: GtfsArchive) -> tuple[Timetable, tuple[Problem, ...]]:
    """The whole feed, read and put together, and what had to be left out or mended.

    Errors: FeedError where nothing useful can be made of it.
    """
    problems = Problems()
    problems.add(archive.problems)
    tables = read_tables(archive, problems)
    rows = _usable_rows(tables, archive.name, problems)
    ways = _ways(rows, tables.get("shapes"), problems)
    calls = interpolated(rows.calls, len(rows.trips.trip_id), ways.distance_m)
    rows = replace(rows, calls=calls, stops=ways.stops)
    calendar = read_calendar(tables, np.unique(rows.trips.service_id), rows.zone, archive.name, problems)
    starts_s = calls.departure_s[ways.trip_ptr[:-1]]
    journeys = read_journeys(tables.get("frequencies"), rows.trips.trip_id, starts_s, problems)
    told_version = _told_version(tables.get("feed_info"))
    timetable = _put_together(archive.digest, told_version, rows, ways, calendar, journeys)
    _tell_undrivable(timetable, rows, ways.drawn, problems)
    _tell_half_days(timetable, rows, problems)
    _tell_doubles(timetable, rows.trips, problems)
    return timetable, problems.all()


def _usable_rows(tables: dict[str, pd.DataFrame], name: str, problems: Problems) -> _Rows:
    """Read agencies, stops, routes, trips and their calls; `stop_times` is taken out of `tables`, for it is large."""
    zone = _time_zone(tables["agency"], tables["stops"], name, problems)
    agencies = read_agencies(tables["agency"], problems)
    stops = read_stops(tables["stops"], zone.key, problems)
    routes = read_routes(tables["routes"], agencies, problems)
    trips = read_trips(tables["trips"], routes.route_id, problems)
    stop_times = tables.pop("stop_times")
    headsign_name = stop_headsigns(stop_times)
    calls = read_calls(stop_times, trips.trip_id, stops, headsign_name, problems)
    del stop_times
    calls = in_order(calls, trips.trip_id, problems)
    stops = _located(stops, calls, problems)
    trips, calls = _running(trips, calls, stops, problems)
    if len(trips.trip_id) == 0:
        raise FeedError(
            f"{name}: no trip with two calls is left; see what is wrong with `prochain check --gtfs`. "
            + "; ".join(f"{p.file} row {p.row}: {p.message}" for p in problems.all()[:3])
        )
    return _Rows(zone, agencies, stops, routes, trips, calls, headsign_name)


def _ways(rows: _Rows, shapes_table: pd.DataFrame | None, problems: Problems) -> _Ways:
    """Group the trips to patterns and lay these along the feed's shapes, from stop to stop where it has none."""
    trips, calls = rows.trips, rows.calls
    trip_ptr = calls.ptr(len(trips.trip_id))
    shapes = read_shapes(shapes_table, _named(trips.shape_id), rows.zone.key, problems)
    trip_shape = _index(shapes.shape_id, trips.shape_id)
    lost = (trips.shape_id != "") & (trip_shape < 0)
    problems.rows(
        "trips.txt", trips.row[lost], trips.shape_id[lost],
        "shapes.txt has no such usable shape; drawn from stop to stop instead.",
    )  # fmt: skip
    patterns = find_patterns(trips.route, trips.direction, trip_shape, trip_ptr, calls.stop)
    stops = _put_right(rows.stops, patterns, calls, problems)
    lines = find_lines(patterns, calls, trip_shape[patterns.model_trip], shapes, stops, problems)
    links = find_links(patterns.call_ptr, patterns.stop, lines.distance_m, len(stops.stop_id))
    call_of_trip = np.arange(len(calls)) - np.repeat(trip_ptr[:-1], np.diff(trip_ptr))
    distance_m = lines.distance_m[call_of_trip + patterns.call_ptr[patterns.of_trip][calls.trip]]
    return _Ways(stops, trip_shape >= 0, trip_ptr, patterns, lines, links, call_of_trip, distance_m)


def _put_together(
    feed_version: str, told_version: str, rows: _Rows, ways: _Ways, calendar: ServiceCalendar, journeys: Journeys
) -> Timetable:
    """The timetable's columns, kind by kind."""
    stops, trips, calls = rows.stops, rows.trips, rows.calls
    patterns, lines, trip_ptr = ways.patterns, ways.lines, ways.trip_ptr
    block_id, service_id = _named(trips.block_id), np.unique(trips.service_id)
    ends_at = stops.name[calls.stop[trip_ptr[1:] - 1]]
    return Timetable(
        feed_version=feed_version,
        timezone=rows.zone.key,
        told_version=told_version,
        **_columns("agency", rows.agencies),
        **_columns("stop", stops),
        **_columns("route", rows.routes),
        place_id=stops.place_id,
        place_stop=stops.place_stop,
        pattern_route=trips.route[patterns.model_trip],
        pattern_direction=trips.direction[patterns.model_trip],
        pattern_line=lines.of_pattern,
        pattern_call_ptr=patterns.call_ptr,
        pattern_stop=patterns.stop,
        pattern_distance_m=lines.distance_m,
        pattern_link=ways.links.of_call,
        pattern_continuous_pickup=_promised(rows.routes.continuous_pickup, calls.continuous_pickup, trips, calls, ways),
        pattern_continuous_drop_off=_promised(
            rows.routes.continuous_drop_off, calls.continuous_drop_off, trips, calls, ways
        ),
        **_columns("line", lines.lines),
        line_has_shape=lines.has_shape,
        **_columns("link", ways.links),
        trip_id=trips.trip_id,
        trip_pattern=patterns.of_trip,
        trip_service=_index(service_id, trips.service_id),
        trip_headsign=np.where(trips.headsign == "", ends_at, trips.headsign),
        trip_short_name=trips.short_name,
        trip_block=_index(block_id, trips.block_id),
        trip_wheelchair=trips.wheelchair,
        trip_bikes=trips.bikes,
        trip_call_ptr=trip_ptr,
        arrival_s=calls.arrival_s.astype(np.int32),
        departure_s=calls.departure_s.astype(np.int32),
        stop_sequence=calls.sequence,
        timepoint=calls.waits | (ways.call_of_trip == 0),
        reckoned=calls.reckoned,
        pickup_type=calls.pickup_type,
        drop_off_type=calls.drop_off_type,
        call_headsign=calls.headsign,
        headsign_name=rows.headsign_name,
        block_id=block_id,
        **_columns("journey", journeys),
        service_id=service_id,
        date=calendar.date,
        date_origin=calendar.date_origin,
        service_active=calendar.service_active,
    )


def _promised(of_route: Int8Array, of_call: Int8Array, trips: Trips, calls: Calls, ways: _Ways) -> Int8Array:
    """How to board or alight behind each call (pattern calls,), not at all where the pattern's trips differ: `of_route`
    (R,), unless `of_call` (E,) says it."""
    patterns = ways.patterns
    kind = np.where(of_call >= 0, of_call, of_route[trips.route[calls.trip]])
    place = ways.call_of_trip + patterns.call_ptr[patterns.of_trip[calls.trip]]
    promised = kind[patterns.model_call]
    promised[np.bincount(place, kind != promised[place], len(promised)) > 0] = NO_PICKUP
    return promised.astype(np.int8)


def _columns(kind: str, group: Any) -> dict[str, Any]:
    """Those columns of a group that the timetable has, by its names: `name` of an agency is `agency_name` there."""
    named = {f.name if f.name == f"{kind}_id" else f"{kind}_{f.name}": getattr(group, f.name) for f in fields(group)}
    return {f.name: named[f.name] for f in fields(Timetable) if f.name in named}


def _tell_undrivable(timetable: Timetable, rows: _Rows, drawn: BoolArray, problems: Problems) -> None:
    """Where, of the trips that are not `drawn` (T,), an order of stops cannot be driven."""
    trips, calls = rows.trips, rows.calls
    undrivable = undrivable_hops(timetable) & ~drawn[calls.trip]
    problems.rows(
        FILE, calls.row[undrivable], trips.trip_id[calls.trip[undrivable]],
        "the way to the next stop asks for far more speed than this trip has elsewhere; the order given stays, unless "
        "vehicles are seen to call in another one (prochain learn).",
    )  # fmt: skip


def _tell_half_days(timetable: Timetable, rows: _Rows, problems: Problems) -> None:
    """Where a trip takes half a day more than its way to the next stop."""
    tt, trip = timetable, timetable.call_trip
    way_m = np.diff(tt.pattern_distance_m[tt.call_pattern_call])
    more_s = tt.arrival_s[1:] - tt.departure_s[:-1] - DAY_S / 2 + COARSEST_TIMES_S
    odd = (trip[1:] == trip[:-1]) & (more_s >= 0) & (more_s < HOUR_S) & (way_m < IMPOSSIBLE_M_S * more_s + SLACK_M)
    call = np.flatnonzero(odd)
    problems.rows(
        FILE, rows.calls.row[call], rows.trips.trip_id[trip[call]],
        "twelve hours and no more than the way takes to the next stop, as where AM and PM are exchanged or were lost; "
        "read as written.",
    )  # fmt: skip


def _tell_doubles(timetable: Timetable, trips: Trips, problems: Problems) -> None:
    """Trips that make the same calls at the same times on the same days as others of their pattern, be it under another
    service day: at 24:30 of yesterday and at 00:30 of today."""
    tt, begins = timetable, timetable.trip_call_ptr
    days_on, start_s = np.divmod(tt.trip_start_s, int(DAY_S))
    ends = np.column_stack([tt.trip_pattern, start_s, tt.trip_end_s - tt.trip_start_s])
    order = np.lexsort(ends.T)
    double = np.isin(np.arange(tt.trips), tt.journey_trip[(tt.journey_shift_s != 0) | (tt.journey_headway_s > 0)])
    by_headway = double.copy()
    for apart in range(1, _ALIKE + 1):
        other, trip = order[:-apart], order[apart:]
        same = (ends[other] == ends[trip]).all(axis=1)
        other, trip = other[same], trip[same]
        earlier = days_on[trip] - days_on[other]
        kinds, pair = np.unique(
            np.column_stack([tt.trip_service[other], tt.trip_service[trip], earlier]), axis=0, return_inverse=True
        )
        meet = np.array([_meet(tt.service_active[a], tt.service_active[b], days) for a, b, days in kinds], bool)
        other, trip, later_s = other[meet[pair]], trip[meet[pair]], earlier[meet[pair]] * int(DAY_S)
        of, call = expand_ranges(begins[trip], np.diff(begins)[trip])
        as_call = call - begins[trip][of] + begins[other][of]
        differs = tt.arrival_s[call] - later_s[of] != tt.arrival_s[as_call]
        differs |= tt.departure_s[call] - later_s[of] != tt.departure_s[as_call]
        double[trip[np.bincount(of, differs, len(trip)) == 0]] = True
    rows = np.flatnonzero(double & ~by_headway)
    problems.rows(
        "trips.txt", trips.row[rows], trips.trip_id[rows],
        "another trip of the line makes the same calls at the same times on the same days; boards show both.",
    )  # fmt: skip


def _meet(one: BoolArray, other: BoolArray, days: int) -> bool:
    """Whether a service (D,) is active on any day and another so many `days` before it."""
    if days < 0:
        return _meet(other, one, -days)
    return bool((one[days:] & other[: len(other) - days]).any())


def _told_version(feed_info: pd.DataFrame | None) -> str:
    """What the operator calls this feed."""
    versions = [] if feed_info is None else words(feed_info, "feed_version").str.slice(0, LONGEST_TEXT).tolist()
    return next(filter(None, versions), "")


def _time_zone(frame: pd.DataFrame, stops: pd.DataFrame, name: str, problems: Problems) -> ZoneInfo:
    """The time zone of the first agency that has one."""
    zones = words(frame, "agency_timezone")
    given = zones[zones != ""]
    at_stops = words(stops, "stop_timezone")
    if given.empty and (at_stops != "").any():
        problems.file("agency.txt", "no agency_timezone; the first stop_timezone of stops.txt is taken for it.")
        given = at_stops[at_stops != ""]
    if given.empty:
        raise FeedError(
            f"{name}: agency.txt row {frame.index[0]} has no agency_timezone; give one, such as Europe/Paris."
        )
    key = str(given.iloc[0])
    zone = known_zone(key)
    places = np.column_stack([numbers(stops, "stop_lat"), numbers(stops, "stop_lon")])
    known = places[is_on_earth(*places.T)]
    place = tuple(np.median(known, axis=0).tolist()) if len(known) else None
    if zone is None and place:
        zone = zone_of_offset(key, place)
    if zone is None:
        raise FeedError(f"{name}: agency.txt row {given.index[0]}: there is no time zone “{key}”{what_to_give(key)}")
    if zone.casefold() != key.replace(" ", "_").casefold():
        problems.file("agency.txt", f"agency_timezone “{key}” is read as {zone}.", row=int(given.index[0]))
    if place and not has_clocks_of(zone, place):
        problems.file(
            "agency.txt", f"the stops are where no clock shows the time of {zone}; all times are read as of there, as "
            "is written.", row=int(given.index[0]),
        )  # fmt: skip
    others = given[given != given.iloc[0]]
    problems.rows(
        "agency.txt", others.index.to_numpy(), others.to_numpy(),
        f"another agency_timezone than the first agency's; all times are read as {zone}, as GTFS asks.",
    )  # fmt: skip
    return ZoneInfo(zone)


def _located(stops: Stops, calls: Calls, problems: Problems) -> Stops:
    """The stops with those that have no position put midway between the stops before and after them."""
    lost = np.isnan(stops.lat)
    if not lost.any():
        return stops
    same = calls.trip[1:] == calls.trip[:-1]
    lat, lon = _between_neighbours(stops.lat, stops.lon, calls.stop[:-1][same], calls.stop[1:][same])
    found = lost & ~np.isnan(lat)
    # Nothing calls there, or nothing near it has a position: boards work, maps and matching leave it out.
    problems.rows(
        "stops.txt", stops.row[found], stops.stop_id[found],
        "no valid stop_lat and stop_lon; put between the stops before and after it.",
    )  # fmt: skip
    return replace(stops, lat=lat, lon=lon)


def _between_neighbours(
    lat: Float64Array, lon: Float64Array, before: Int32Array, after: Int32Array
) -> tuple[Float64Array, Float64Array]:
    """Positions (S,) of which those not known, NaN, are put midway between the stops of hops (n,) to and from them."""
    lost, (lat, lon), total = np.isnan(lat), (lat.copy(), lon.copy()), np.zeros((3, len(lat)))
    for here, there in ((after, before), (before, after)):
        helps = lost[here] & ~lost[there]
        for i, weight in enumerate((lat[there[helps]], lon[there[helps]], None)):
            total[i] += np.bincount(here[helps], weight, len(lat))
    found = lost & (total[2] > 0)
    lat[found], lon[found] = total[:2, found] / total[2, found]
    return lat, lon


def _put_right(stops: Stops, patterns: Patterns, calls: Calls, problems: Problems) -> Stops:
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
    problems.rows(
        "stops.txt", stops.row[found], stops.stop_id[found],
        "lies further from the stops before and after it than anybody gets in the time between; put between them. Is a "
        "digit or a sign wrong, or are latitude and longitude exchanged?",
    )  # fmt: skip
    return replace(stops, lat=np.where(found, found_lat, stops.lat), lon=np.where(found, found_lon, stops.lon))


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


def _running(trips: Trips, calls: Calls, stops: Stops, problems: Problems) -> tuple[Trips, Calls]:
    """The trips that call at two places or more, and their calls, renumbered."""
    nowhere = np.isnan(stops.lat)
    lost = nowhere[calls.stop]
    if nowhere.any():
        problems.rows(
            "stops.txt", stops.row[nowhere], stops.stop_id[nowhere],
            "no valid stop_lat and stop_lon, nor have its neighbours; no trip calls there.",
        )  # fmt: skip
        calls = calls.take(~lost)
    count = np.bincount(calls.trip, minlength=len(trips.trip_id))
    runs = count >= 2
    problems.rows(
        "trips.txt", trips.row[~runs], trips.trip_id[~runs],
        "fewer than two usable calls in stop_times.txt; the trip is skipped.",
    )  # fmt: skip
    calls = calls.take(runs[calls.trip])
    number = (np.cumsum(runs) - 1).astype(np.int32)
    return trips.take(runs), replace(calls, trip=number[calls.trip])


def _named(values: StrArray) -> StrArray:
    """The different names among `values`, sorted, without the empty one."""
    return np.unique(values[values != ""])


def _index(names: StrArray, values: StrArray) -> Int32Array:
    """Place of each value among the sorted `names`, -1 where it is not among them."""
    return places_of(values, names).astype(np.int32)
