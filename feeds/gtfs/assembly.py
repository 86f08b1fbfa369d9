"""A GTFS feed's tables put together to a `Timetable`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from feeds.errors import FeedError, Problem
from feeds.gtfs.agencies import Agencies, read_agencies, read_time_zone
from feeds.gtfs.archive import GtfsArchive
from feeds.gtfs.attributions import Attributions, read_attributions
from feeds.gtfs.call_order import in_order
from feeds.gtfs.calls import Calls, read_calls, stop_headsigns
from feeds.gtfs.doubtful_trips import once_a_block, tell_doubtful_trips
from feeds.gtfs.headsigns import onward
from feeds.gtfs.journeys import Journeys, read_journeys
from feeds.gtfs.pattern_lines import PatternLines, find_lines
from feeds.gtfs.patterns import Links, Patterns, find_links, find_patterns
from feeds.gtfs.problems import Problems
from feeds.gtfs.routes import Routes, bookings, read_routes
from feeds.gtfs.service_calendar import ServiceCalendar, read_calendar
from feeds.gtfs.shapes import read_shapes
from feeds.gtfs.sound_times import interpolated
from feeds.gtfs.stop_positions import amid_platforms, put_right, with_positions
from feeds.gtfs.stops import Stops, read_stops
from feeds.gtfs.tables import LONGEST_TEXT, read_tables, word_array
from feeds.gtfs.transfers import Continuations, in_their_blocks, read_continuations
from feeds.gtfs.translations import Translations, read_translations
from feeds.gtfs.trips import HANGING, Trips, read_trips, with_destinations
from feeds.gtfs.written_dates import existing_date
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
from predictor.timetable import NO_PICKUP, PLATFORM, Timetable

_PARTS = re.compile(r"\s*/\s*|\s+(?:&|\+|and|und|et)\s+")
"""Between the ends of both branches on one sign."""
_VIA = re.compile(r"(.+?)[\s,(–-]+via\s+(.+?)\)?", re.IGNORECASE)


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
    bookings: tuple[StrArray, StrArray]


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
    told = _told_of_itself(tables.get("feed_info"))
    translations = read_translations(tables, rows.calls, rows.trips.trip_id, rows.stops.stop_id, rows.headsign_name)
    goes_on = read_continuations(tables, rows.trips.trip_id)
    rows = replace(rows, trips=in_their_blocks(rows.trips, goes_on))
    timetable = _put_together(
        archive.digest, told, rows, ways, calendar, journeys, translations, goes_on, read_attributions(tables)
    )
    double_of = tell_doubtful_trips(timetable, rows.trips, calls, ways.drawn, problems)
    return once_a_block(timetable, double_of), problems.all()


def _usable_rows(tables: dict[str, pd.DataFrame], name: str, problems: Problems) -> _Rows:
    """Read agencies, stops, routes, trips and their calls; `stop_times` is taken out of `tables`, for it is large."""
    zone = read_time_zone(tables["agency"], tables["stops"], name, problems)
    agencies = read_agencies(tables["agency"], problems)
    stops = read_stops(tables["stops"], zone.key, problems)
    routes = read_routes(tables["routes"], agencies, problems)
    trips = with_destinations(read_trips(tables["trips"], routes.route_id, problems), routes, stops.name)
    stop_times = tables.pop("stop_times")
    headsign_name = stop_headsigns(stop_times)
    calls = read_calls(stop_times, trips.trip_id, stops, headsign_name, problems)
    rules = tables.get("booking_rules")
    booking = bookings(rules, stop_times, trips.trip_id, trips.route, len(routes.route_id))
    del stop_times
    calls = in_order(calls, trips.trip_id, problems)
    stops = with_positions(stops, calls, problems)
    trips, calls = _running(trips, calls, stops, problems)
    if len(trips.trip_id) == 0:
        raise FeedError(
            f"{name}: no trip with two calls is left; see what is wrong with `prochain check --gtfs`. "
            + "; ".join(f"{p.file} row {p.row}: {p.message}" for p in problems.all()[:3])
        )
    calls = replace(calls, headsign=_signs_of_destinations(calls, headsign_name, stops.name))
    trips = replace(trips, headsign=_signs_onward(trips, calls, stops.name))
    calls = _without_depots(calls)
    return _Rows(zone, agencies, stops, routes, trips, calls, headsign_name, booking)


def _signs_of_destinations(calls: Calls, names: StrArray, stop_names: StrArray) -> Int32Array:
    """(E,) `Calls.headsign` without those of trips that name at each of several calls the stop after it: these tell
    nobody where a run goes."""
    before = np.flatnonzero((calls.headsign[:-1] >= 0) & (calls.trip[:-1] == calls.trip[1:]))
    code = pd.factorize(np.concatenate([names, stop_names]))[0]
    is_next = code[calls.headsign[before]] == code[len(names) + calls.stop[before + 1]]
    trips = int(calls.trip[-1]) + 1
    signs = np.bincount(calls.trip[before], minlength=trips)
    next_stops = np.bincount(calls.trip[before[is_next]], minlength=trips)
    return np.where(((signs > 1) & (signs == next_stops))[calls.trip], np.int32(-1), calls.headsign)


def _open_to_riders(calls: Calls, trip_ptr: Int64Array) -> tuple[Int64Array, Int64Array]:
    """(T,) the first and the last call of each trip at which anybody may board or alight, of all where at none."""
    used = np.flatnonzero((calls.pickup_type != NO_PICKUP) | (calls.drop_off_type != NO_PICKUP))
    first, last = trip_ptr[:-1].copy(), trip_ptr[1:] - 1
    first[calls.trip[used[::-1]]] = used[::-1]
    last[calls.trip[used]] = used
    return first, last


def _without_depots(calls: Calls) -> Calls:
    """The calls, of which those that are closed to riders at a trip's ends let nobody on before them for a ride to
    them, nor off behind them."""
    place, trips = np.arange(len(calls)), np.arange(int(calls.trip[-1]) + 2)
    trip_ptr = np.searchsorted(calls.trip, trips)
    first, last = _open_to_riders(calls, trip_ptr)
    begins = (first > trip_ptr[:-1])[calls.trip] & (place <= first[calls.trip])
    ends = (last < trip_ptr[1:] - 1)[calls.trip] & (place >= last[calls.trip])
    if not (begins | ends).any():
        return calls
    return replace(
        calls,
        pickup_type=np.where(ends, NO_PICKUP, calls.pickup_type).astype(np.int8),
        drop_off_type=np.where(begins, NO_PICKUP, calls.drop_off_type).astype(np.int8),
    )


def _signs_onward(trips: Trips, calls: Calls, stop_names: StrArray) -> StrArray:
    """(T,) the trips' signs without where they come from."""
    code, signs = pd.factorize(trips.headsign)
    groups, model, of_trip = np.unique(
        trips.route.astype(np.int64) * len(signs) + code, return_index=True, return_inverse=True
    )
    named = list(zip((groups // len(signs)).tolist(), signs[groups % len(signs)].tolist(), strict=True))
    first, last = (calls.stop[np.searchsorted(calls.trip, model + k) - k] for k in (0, 1))
    return np.array(onward(named, stop_names[first].tolist(), stop_names[last].tolist()), np.str_)[of_trip]


def _says_both_ways(trips: Trips, ends_at: StrArray) -> BoolArray:
    """(T,) trips of lines that have one headsign for both directions, though these end elsewhere."""
    route, back = trips.route.astype(np.int64), trips.direction == 1
    signs = np.bincount(np.unique(route << 32 | pd.factorize(trips.headsign)[0]) >> 32)
    both = np.intersect1d(route[trips.direction == 0], route[back])
    both = both[signs[both] == 1]
    says: BoolArray = np.isin(route, both)
    told = np.flatnonzero(says & (trips.direction >= 0))
    ends = route[told] << 32 | pd.factorize(ends_at[told])[0]
    round_trips = np.intersect1d(ends[back[told]], ends[~back[told]]) >> 32
    return says & ~np.isin(route, round_trips)


def _signs_all_along(rows: _Rows, trip_ptr: Int64Array) -> StrArray:
    """(T,) the sign that all calls of a trip but the last have, "" where they have none or several."""
    sign, first, last = rows.calls.headsign, trip_ptr[:-1], trip_ptr[1:] - 1
    changes = np.append(0, np.cumsum(sign[1:] != sign[:-1]))
    same = (changes[np.maximum(last - 1, first)] == changes[first]) & (sign[first] >= 0)
    return np.where(same, np.append(rows.headsign_name, "")[np.where(same, sign[first], -1)], "")


def _signs_beyond(rows: _Rows, trip_ptr: Int64Array, ends_at: StrArray) -> tuple[Int32Array, StrArray]:
    """The signs of calls (E,) and their names: beyond where its trip's sign holds, a run is bound for what is left."""
    names, calls = rows.headsign_name, rows.calls
    call_headsign, told = calls.headsign.copy(), [names]
    for trips, until, sign in _signs_until(rows, trip_ptr, ends_at):
        owner, entry = expand_ranges(trip_ptr[trips], np.diff(trip_ptr)[trips])
        there = until[calls.stop[entry]]
        last = np.full(len(trips), len(calls), np.int64)
        last[owner[there]] = entry[there]
        beyond = (entry > last[owner]) & (calls.headsign[entry] < 0)
        if beyond.any():
            call_headsign[entry[beyond]] = sum(map(len, told))
            told.append(np.array([sign]))
    return call_headsign, np.concatenate(told)


def _signs_until(rows: _Rows, trip_ptr: Int64Array, ends_at: StrArray) -> Iterator[tuple[Int64Array, BoolArray, str]]:
    """Trips (n,) of one sign, the stops (S,) beyond the last of which it holds no longer, and what does instead: beyond
    a stop that it names, where they end; "A" of "A via B" beyond B, and of "A / B" beyond the last call of those to
    B."""
    trips, calls = rows.trips, rows.calls
    name, named = pd.factorize(np.char.lower(rows.stops.name))
    place = {str(of): i for i, of in enumerate(named.tolist())}
    line = trips.route.astype(np.int64) * 3 + trips.direction + 1
    of_line = np.argsort(line, kind="stable")
    lines_in_order = line[of_line]
    code, signs = pd.factorize(trips.headsign)
    groups, group = np.unique(line * len(signs) + code, return_inverse=True)
    of_group = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[of_group], np.arange(len(groups) + 1))
    for g, (way, sign) in enumerate(
        zip((groups // len(signs)).tolist(), signs[groups % len(signs)].tolist(), strict=True)
    ):
        parts, via = _PARTS.split(sign), _VIA.fullmatch(sign)
        own = of_group[bounds[g] : bounds[g + 1]]
        if sign.lower() in place:
            for end in np.unique(ends_at[own]).tolist():
                if end != sign:
                    yield own[ends_at[own] == end], name == place[sign.lower()], end
        elif via and via[2].lower() in place:
            yield own, name == place[via[2].lower()], via[1]
        elif len(parts) > 1:
            both = of_line[slice(*np.searchsorted(lines_in_order, [way, way + 1]))]
            bound_for = _part_of_end(parts, ends_at[both])
            for part in np.unique(bound_for[bound_for >= 0]).tolist():
                others = both[(bound_for >= 0) & (bound_for != part)]
                called_at = calls.stop[expand_ranges(trip_ptr[others], np.diff(trip_ptr)[others])[1]]
                yield own[np.isin(own, both[bound_for == part])], np.isin(name, name[called_at]), parts[part]


def _part_of_end(parts: list[str], ends_at: StrArray) -> Int64Array:
    """(n,) which of the parts the name of each end is, -1 where none is."""
    is_part = np.char.lower(ends_at) == np.char.lower(np.array(parts))[:, None]
    return np.where(is_part.any(axis=0), is_part.argmax(axis=0), -1)


def _ways(rows: _Rows, shapes_table: pd.DataFrame | None, problems: Problems) -> _Ways:
    """Group the trips to patterns and lay these along the feed's shapes, from stop to stop where it has none."""
    trips, calls = rows.trips, rows.calls
    trip_ptr = calls.ptr(len(trips.trip_id))
    shapes = read_shapes(shapes_table, _named(trips.shape_id), rows.zone.key, rows.stops, problems)
    trip_shape = _index(shapes.shape_id, trips.shape_id)
    lost = (trips.shape_id != "") & (trip_shape < 0)
    problems.rows(
        "trips.txt", trips.row[lost], trips.shape_id[lost],
        "shapes.txt has no such usable shape; drawn from stop to stop instead.",
    )  # fmt: skip
    patterns = find_patterns(trips.route, trips.direction, trip_shape, trip_ptr, calls.stop)
    stops = amid_platforms(put_right(rows.stops, patterns, calls, problems), problems)
    lines = find_lines(patterns, calls, trip_shape[patterns.model_trip], shapes, stops, problems)
    links = find_links(patterns.call_ptr, patterns.stop, lines.distance_m, len(stops.stop_id))
    call_of_trip = np.arange(len(calls)) - np.repeat(trip_ptr[:-1], np.diff(trip_ptr))
    distance_m = lines.distance_m[call_of_trip + patterns.call_ptr[patterns.of_trip][calls.trip]]
    return _Ways(stops, trip_shape >= 0, trip_ptr, patterns, lines, links, call_of_trip, distance_m)


def _put_together(
    feed_version: str,
    told: Mapping[str, Any],
    rows: _Rows,
    ways: _Ways,
    calendar: ServiceCalendar,
    journeys: Journeys,
    translations: Translations,
    goes_on: Continuations,
    attributions: Attributions,
) -> Timetable:
    """The timetable's columns, kind by kind."""
    stops, trips, calls = rows.stops, rows.trips, rows.calls
    patterns, lines, trip_ptr = ways.patterns, ways.lines, ways.trip_ptr
    block_id, service_id = _named(trips.block_id), np.unique(trips.service_id)
    ends_at = stops.name[calls.stop[_open_to_riders(calls, trip_ptr)[1]]]
    call_headsign, headsign_name = _signs_beyond(rows, trip_ptr, ends_at)
    all_along = np.where(trips.headsign == "", _signs_all_along(rows, trip_ptr), "")
    tells_where = (trips.headsign != "") & ~_says_both_ways(trips, ends_at)
    return Timetable(
        feed_version=feed_version,
        timezone=rows.zone.key,
        **told,
        **_columns("agency", rows.agencies),
        **_columns("stop", stops),
        **_columns("route", rows.routes),
        route_booked_at=rows.bookings[0],
        route_booked_until=rows.bookings[1],
        place_id=stops.place_id,
        place_name=stops.place_name,
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
        trip_headsign=np.where(tells_where, trips.headsign, np.where(all_along == "", ends_at, all_along)),
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
        call_headsign=call_headsign,
        headsign_name=np.char.strip(headsign_name, HANGING),
        block_id=block_id,
        **_columns("journey", journeys),
        **_columns("translation", translations),
        **_columns("attribution", attributions),
        **_columns("continuation", goes_on),
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


def _told_of_itself(feed_info: pd.DataFrame | None) -> dict[str, Any]:
    """What the operator calls this feed, and its last day for which he answers."""
    info = pd.DataFrame() if feed_info is None else feed_info
    version, end = (
        next(filter(None, word_array(info, column).tolist()), "")[:LONGEST_TEXT]
        for column in ("feed_version", "feed_end_date")
    )
    return {"told_version": version, "told_end": str(existing_date(end) or "")}


def _running(trips: Trips, calls: Calls, stops: Stops, problems: Problems) -> tuple[Trips, Calls]:
    """The trips that call at two places or more, and their calls, renumbered."""
    nowhere = np.isnan(stops.lat)
    lost = nowhere[calls.stop]
    if nowhere.any():
        # Stations at which nothing calls are put amid their platforms later on.
        nowhere &= (stops.location_type == PLATFORM) | np.isin(np.arange(len(nowhere)), calls.stop)
        stops.tell(nowhere, "no valid stop_lat and stop_lon, nor have its neighbours; no trip calls there.", problems)
        calls = calls.take(~lost)
    count = np.bincount(calls.trip, minlength=len(trips.trip_id))
    runs = count >= 2
    trips.tell(~runs, "fewer than two usable calls in stop_times.txt; the trip is skipped.", problems)
    calls = calls.take(runs[calls.trip])
    number = (np.cumsum(runs) - 1).astype(np.int32)
    return trips.take(runs), replace(calls, trip=number[calls.trip])


def _named(values: StrArray) -> StrArray:
    """The different names among `values`, sorted, without the empty one."""
    return np.unique(values[values != ""])


def _index(names: StrArray, values: StrArray) -> Int32Array:
    """Place of each value among the sorted `names`, -1 where it is not among them."""
    return places_of(values, names).astype(np.int32)
