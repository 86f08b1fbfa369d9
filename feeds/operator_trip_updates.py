"""The operator's GTFS-Realtime TripUpdates: what it cancels, skips and adds, and the times it claims, made absolute.

A delay is added to the timetable's time on the trip's service date. As GTFS-Realtime has it, the delay at one stop
holds for the stops after it that the message leaves out, until the next one that it names; NO_DATA ends it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
from google.transit import gtfs_realtime_pb2
from numpy.typing import NDArray

from feeds.message import decode_message, header_timestamp, posix_seconds, text_of
from feeds.reports import seconds_of_day, service_date
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    expand_ranges,
)
from predictor.named_runs import FoundRuns, RunNames, run_finder
from predictor.timetable import Timetable
from predictor.trip_updates import (
    STOP_NO_DATA,
    STOP_SCHEDULED,
    STOP_SKIPPED,
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_DUPLICATED,
    TRIP_SCHEDULED,
    TRIP_UNSCHEDULED,
    TripUpdates,
)

FEED = "trip updates"

TIME_LIMIT_S = 36 * 3600.0
DELAY_LIMIT_S = 12 * 3600.0
_LONGEST_ID = 128

_TRIP = gtfs_realtime_pb2.TripDescriptor
_MEANING = {
    _TRIP.SCHEDULED: TRIP_SCHEDULED,
    _TRIP.ADDED: TRIP_ADDED,
    _TRIP.NEW: TRIP_ADDED,
    _TRIP.UNSCHEDULED: TRIP_UNSCHEDULED,
    _TRIP.CANCELED: TRIP_CANCELED,
    _TRIP.REPLACEMENT: TRIP_SCHEDULED,
    _TRIP.DUPLICATED: TRIP_DUPLICATED,
    _TRIP.DELETED: TRIP_DELETED,
}


@dataclass(frozen=True, eq=False)
class _Trips:
    """The trips of a message, (n,)."""

    served_id: StrArray
    has_id: BoolArray
    """The feed names the trip by its id."""
    trip: Int32Array
    service_date: Int32Array
    start_time_s: Int32Array
    route: Int32Array
    direction: Int8Array
    headsign: StrArray
    relationship: Int8Array
    vehicle_id: StrArray
    delay_s: Float64Array
    """Delay of the trip as a whole, NaN where not given."""


@dataclass(frozen=True, eq=False)
class _Updates:
    """Stop time updates, (m,), in the order of the message."""

    owner: Int64Array
    """Row in `_Trips`."""
    sequence: Int32Array
    stop: Int32Array
    assigned: Int32Array
    """Stop that takes the place of the timetable's, -1 where none."""
    relationship: Int8Array
    arrival: Float64Array
    arrival_delay_s: Float64Array
    departure: Float64Array
    departure_delay_s: Float64Array


@dataclass(frozen=True, eq=False)
class _Calls:
    """All calls of the trips that the timetable has, (k,), in order of trip and call."""

    owner: Int64Array
    call: Int64Array
    sequence: Int32Array
    stop: Int32Array
    arrival: Float64Array
    """Scheduled, POSIX seconds."""
    departure: Float64Array


@dataclass(frozen=True, eq=False)
class _Placed:
    """Updates with their place in the trip and absolute times, (m,)."""

    owner: Int64Array
    call: Int64Array
    """Position in the trip; for a trip that the timetable does not have, in the message."""
    sequence: Int32Array
    stop: Int32Array
    relationship: Int8Array
    arrival: Float64Array
    departure: Float64Array


def decode_trip_updates(data: bytes, timetable: Timetable, received_at: float) -> TripUpdates:
    """Decode a message received at `received_at` (POSIX seconds).

    An update is given its `stop_sequence` and `stop` wherever its call is found in the timetable, whichever of the
    two the feed names. An ADDED trip that the timetable runs on that day is read as SCHEDULED.
    Errors: FeedError where the whole message cannot be used (see `feeds.message`); all else is counted in `refused`.
    """
    message = decode_message(data, FEED)
    at = header_timestamp(message, received_at, FEED)
    refused: Counter[str] = Counter()
    trips, updates = _columns(message, timetable, refused)
    trips, runs = _runs(timetable, trips, updates, received_at, refused)
    placed = _place(timetable, trips, updates, runs, received_at, refused)
    order = np.lexsort((placed.call, placed.owner))
    owner = placed.owner[order]
    return TripUpdates(
        timestamp=received_at if np.isnan(at) else at,
        trip_id=trips.served_id,
        trip=trips.trip,
        service_date=trips.service_date,
        start_time_s=trips.start_time_s,
        route=trips.route,
        headsign=trips.headsign,
        relationship=trips.relationship,
        vehicle_id=trips.vehicle_id,
        update_ptr=np.searchsorted(owner, np.arange(len(trips.trip) + 1)).astype(np.int64),
        stop_sequence=placed.sequence[order],
        stop=placed.stop[order],
        arrival=placed.arrival[order],
        departure=placed.departure[order],
        stop_relationship=placed.relationship[order],
        refused={reason: n for reason, n in sorted(refused.items()) if n},
    )


def _columns(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, refused: Counter[str]
) -> tuple[_Trips, _Updates]:
    """One pass over the message; of two updates of one trip the later counts."""
    kept: dict[tuple[str, ...], gtfs_realtime_pb2.TripUpdate] = {}
    for entity in message.entity:
        if entity.is_deleted:
            refused["deleted_entity"] += 1
        elif entity.HasField("trip_update"):
            update = entity.trip_update
            # A copy of a trip is told from its like by its own id, any other by the day and time it runs.
            copy = update.trip_properties
            trip = update.trip
            key = (
                trip.trip_id,
                *_dated(update),
                copy.trip_id,
                "" if trip.trip_id else f"{trip.route_id} {_direction(trip):.0f}",
            )
            if not trip.trip_id and not (trip.route_id and key[2]):
                refused["trip_id_missing"] += 1
                continue
            refused["duplicate_trip"] += key in kept
            kept[key] = update

    words: list[tuple[str, ...]] = []
    numbers: list[tuple[float, float, float]] = []
    rows: list[tuple[float, ...]] = []
    stops: list[tuple[str, str]] = []
    for owner, ((trip_id, date, time, copy_id, _), update) in enumerate(kept.items()):
        words.append(
            (
                trip_id, copy_id or trip_id, date, time, update.trip.route_id, update.trip_properties.trip_headsign,
                update.vehicle.id,
            )
        )  # fmt: skip
        delay = float(update.delay) if update.HasField("delay") else np.nan
        relationship = _MEANING.get(update.trip.schedule_relationship, TRIP_SCHEDULED)
        numbers.append((relationship, delay, _direction(update.trip)))
        for stop in update.stop_time_update:
            arrival, departure = stop.arrival, stop.departure
            stops.append((stop.stop_id, stop.stop_time_properties.assigned_stop_id))
            rows.append(
                (
                    owner,
                    stop.stop_sequence if stop.HasField("stop_sequence") else NONE,
                    stop.schedule_relationship,
                    posix_seconds(arrival.time),
                    arrival.delay if arrival.HasField("delay") else np.nan,
                    posix_seconds(departure.time),
                    departure.delay if departure.HasField("delay") else np.nan,
                )
            )
    return _trip_columns(words, numbers, timetable, refused), _update_columns(rows, stops, timetable, refused)


def _dated(update: gtfs_realtime_pb2.TripUpdate) -> tuple[str, str]:
    copy, trip = update.trip_properties, update.trip
    return copy.start_date or trip.start_date, copy.start_time or trip.start_time


def _direction(trip: gtfs_realtime_pb2.TripDescriptor) -> float:
    return float(trip.direction_id) if trip.HasField("direction_id") else float(NONE)


def _trip_columns(
    words: list[tuple[str, ...]], numbers: list[tuple[float, float, float]], timetable: Timetable, refused: Counter[str]
) -> _Trips:
    columns = zip(*words, strict=True) if words else repeat((), 7)
    trip_id, served, date, time, route_id, headsign, vehicle = (list(map(text_of, column)) for column in columns)
    relationship, delay, direction = np.array(numbers, np.float64).reshape(-1, 3).T
    trip = _lookup(trip_id, timetable.trip_index)
    route = _lookup(route_id, timetable.route_index)
    refused["unknown_route"] += int((route < 0).sum()) - route_id.count("")
    named = trip >= 0
    route[named] = timetable.trip_route[trip[named]]
    dates, times = [service_date(text) for text in date], [seconds_of_day(text) for text in time]
    refused["start_date_malformed"] += dates.count(None) - date.count("")
    refused["start_time_malformed"] += times.count(None) - time.count("")
    absurd = np.abs(delay) > DELAY_LIMIT_S
    refused["delay_out_of_range"] += int(absurd.sum())
    return _Trips(
        served_id=_short(served),
        has_id=np.array([name != "" for name in trip_id], bool),
        trip=trip,
        service_date=np.array([value or 0 for value in dates], np.int32),
        start_time_s=np.array([NONE if value is None else value for value in times], np.int32),
        route=route,
        direction=np.where(direction <= 1, direction, NONE).astype(np.int8),
        headsign=_short(headsign),
        relationship=relationship.astype(np.int8),
        vehicle_id=_short(vehicle),
        delay_s=np.where(absurd, np.nan, delay),
    )


def _update_columns(
    rows: list[tuple[float, ...]], stops: list[tuple[str, str]], timetable: Timetable, refused: Counter[str]
) -> _Updates:
    owner, sequence, relationship, *times = np.array(rows, np.float64).reshape(-1, 7).T
    stop_id, assigned_id = (list(map(text_of, column)) for column in (zip(*stops, strict=True) if stops else ((), ())))
    stop, assigned = _lookup(stop_id, timetable.stop_index), _lookup(assigned_id, timetable.stop_index)
    for words, index in ((stop_id, stop), (assigned_id, assigned)):
        refused["unknown_stop"] += int((index < 0).sum()) - words.count("")
    arrival, arrival_delay, departure, departure_delay = times
    return _Updates(
        owner=owner.astype(np.int64),
        sequence=np.where(sequence < 2**31, sequence, NONE).astype(np.int32),
        stop=stop,
        assigned=assigned,
        relationship=relationship.astype(np.int8),
        arrival=np.where(arrival > 0, arrival, np.nan),
        arrival_delay_s=arrival_delay,
        departure=np.where(departure > 0, departure, np.nan),
        departure_delay_s=departure_delay,
    )


def _runs(
    timetable: Timetable, trips: _Trips, updates: _Updates, received_at: float, refused: Counter[str]
) -> tuple[_Trips, FoundRuns]:
    """The run of each trip, under way where its times or delays are told, else only spoken of."""
    time = np.fmin(updates.arrival, updates.departure)
    time[np.abs(time - received_at) > TIME_LIMIT_S] = np.nan
    at = np.full(len(trips.trip), np.inf)
    np.fmin.at(at, updates.owner, time)
    under_way = np.isfinite(at)
    late = np.isfinite(updates.arrival_delay_s) | np.isfinite(updates.departure_delay_s)
    under_way[updates.owner[late]] = True
    is_new = np.isin(trips.relationship, (TRIP_ADDED, TRIP_DUPLICATED))
    route = np.where(is_new | trips.has_id, NONE, trips.route)
    names = RunNames(trips.trip, route, trips.direction, trips.service_date, trips.start_time_s)
    runs = run_finder(timetable).find(names, np.where(np.isfinite(at), at, received_at), under_way)
    runs.count(refused, ~is_new)
    trip = np.where(is_new, trips.trip, runs.trip)
    refused["unknown_trip"] += int(((trip < 0) & (trips.trip < 0) & (trips.relationship != TRIP_ADDED)).sum())

    # An added trip that the timetable runs on that day is no added one.
    added = np.flatnonzero((trips.relationship == TRIP_ADDED) & (trips.trip >= 0))
    day = runs.service_day[added]
    active = (day >= 0) & ~runs.other_day[added]
    active &= timetable.service_active[timetable.trip_service[trips.trip[added]], np.maximum(day, 0)]
    refused["added_trip_in_timetable"] += int(active.sum())
    trips.relationship[added[active]] = TRIP_SCHEDULED
    trip[added[~active]] = NONE
    found = np.flatnonzero((trip >= 0) & (trips.trip < 0))
    served_id = trips.served_id.astype(np.result_type(trips.served_id, timetable.trip_id))
    served_id[found] = timetable.trip_id[trip[found]]
    return replace(trips, trip=trip, served_id=served_id), runs


def _place(
    timetable: Timetable,
    trips: _Trips,
    updates: _Updates,
    of_trip: FoundRuns,
    received_at: float,
    refused: Counter[str],
) -> _Placed:
    """Find each update's call, make its times absolute, and carry delays on to the calls left out."""
    runs = ~np.isin(trips.relationship, (TRIP_CANCELED, TRIP_DELETED))
    known = runs & (trips.trip >= 0)
    calls = _calls_of(timetable, trips, np.flatnonzero(known), of_trip)
    found = _find_calls(calls, updates, timetable.stops, refused)
    refused["stop_not_in_trip"] += int((known[updates.owner] & (found < 0)).sum())
    served = np.where(updates.assigned >= 0, updates.assigned, updates.stop)
    extra = np.flatnonzero(runs[updates.owner] & ~known[updates.owner] & (served >= 0))

    arrival = _absolute(updates.arrival, updates.arrival_delay_s, _at(calls.arrival, found), received_at, refused)
    departure = _absolute(
        updates.departure, updates.departure_delay_s, _at(calls.departure, found), received_at, refused
    )
    untimed = np.isin(updates.relationship, (STOP_SKIPPED, STOP_NO_DATA))
    arrival[untimed] = departure[untimed] = np.nan

    # Of two updates of one call the later in the message counts: assignment keeps the last.
    update = np.full(len(calls.owner), NONE, np.int64)
    update[found[found >= 0]] = np.flatnonzero(found >= 0)
    given = update >= 0
    refused["duplicate_stop_time_update"] += int((found >= 0).sum() - given.sum())

    relationship = _at(updates.relationship, update, STOP_SCHEDULED)
    call_arrival, call_departure = _at(arrival, update), _at(departure, update)
    delay = np.where(np.isnan(call_departure), call_arrival - calls.arrival, call_departure - calls.departure)
    carried = _carried(calls.owner, delay, relationship == STOP_NO_DATA, trips.delay_s)
    silent = (relationship == STOP_SCHEDULED) & np.isnan(delay) & np.isnan(call_arrival) & np.isnan(call_departure)
    call_arrival = np.where(silent, calls.arrival + carried, call_arrival)
    call_departure = np.where(silent, calls.departure + carried, call_departure)
    stop = _at(served, update, NONE)
    keep = np.flatnonzero(given | ~np.isnan(call_arrival))
    return _Placed(
        owner=np.concatenate([calls.owner[keep], updates.owner[extra]]),
        call=np.concatenate([calls.call[keep], extra]),
        sequence=np.concatenate([calls.sequence[keep], updates.sequence[extra]]),
        stop=np.concatenate([np.where(stop >= 0, stop, calls.stop)[keep], served[extra]]).astype(np.int32),
        relationship=np.concatenate([relationship[keep], updates.relationship[extra]]).astype(np.int8),
        arrival=np.concatenate([call_arrival[keep], arrival[extra]]),
        departure=np.concatenate([call_departure[keep], departure[extra]]),
    )


def _calls_of(timetable: Timetable, trips: _Trips, rows: Int64Array, of_trip: FoundRuns) -> _Calls:
    """All calls of these trips with their scheduled times, NaN where the feed does not say which run it is."""
    trip, day, start = trips.trip[rows], of_trip.service_day[rows].copy(), trips.start_time_s[rows]
    copied = trips.relationship[rows] == TRIP_DUPLICATED
    # A copy runs on the day that it names, whether its original does or not.
    day[copied] = [timetable.date_index.get(date, NONE) for date in trips.service_date[rows[copied]].tolist()]
    moved = copied | (trips.relationship[rows] == TRIP_UNSCHEDULED)
    shift = np.where(moved & (start >= 0), start - timetable.trip_start_s[trip], of_trip.shift_s[rows])
    origin = np.where(day >= 0, timetable.date_origin[np.maximum(day, 0)], np.nan) + shift
    origin[timetable.trip_is_frequency[trip] & (start < 0)] = np.nan
    first = timetable.trip_call_ptr[trip]
    row, entry = expand_ranges(first, timetable.trip_calls[trip])
    return _Calls(
        owner=rows[row],
        call=entry - first[row],
        sequence=timetable.stop_sequence[entry],
        stop=timetable.call_stop[entry],
        arrival=origin[row] + timetable.arrival_s[entry],
        departure=origin[row] + timetable.departure_s[entry],
    )


def _find_calls(calls: _Calls, updates: _Updates, stops: int, refused: Counter[str]) -> Int64Array:
    """Row in `calls` of each update, -1 where none: by stop_sequence, and by stop where that is missing or wrong."""
    by_sequence = _search((calls.owner << 32) + calls.sequence, (updates.owner << 32) + np.maximum(updates.sequence, 0))
    by_sequence[updates.sequence < 0] = NONE
    elsewhere = (updates.stop >= 0) & (_at(calls.stop, by_sequence, NONE) != updates.stop)
    rows = np.flatnonzero(elsewhere)
    if len(rows) == 0:
        return by_sequence
    # A stop served twice: a message ends with its trip, so the last update of a stop is of its last call.
    call_visit = (calls.owner * stops + calls.stop) << 16
    update_visit = (updates.owner[rows] * stops + updates.stop[rows]) << 16
    call_key = call_visit + _rank_from_end(call_visit)
    order = np.argsort(call_key)
    by_stop = _search(call_key[order], update_visit + _rank_from_end(update_visit))
    by_stop = _at(order, by_stop, NONE)
    refused["stop_sequence_mismatch"] += int(((by_stop >= 0) & (updates.sequence[rows] >= 0)).sum())
    by_sequence[rows] = np.where(by_stop >= 0, by_stop, by_sequence[rows])
    return by_sequence


def _absolute(
    time: Float64Array, delay: Float64Array, scheduled: Float64Array, received_at: float, refused: Counter[str]
) -> Float64Array:
    absurd_time, absurd_delay = np.abs(time - received_at) > TIME_LIMIT_S, np.abs(delay) > DELAY_LIMIT_S
    refused["time_out_of_range"] += int(absurd_time.sum())
    refused["delay_out_of_range"] += int(absurd_delay.sum())
    time = np.where(absurd_time, np.nan, time)
    by_delay = scheduled + np.where(absurd_delay, np.nan, delay)
    refused["delay_without_schedule"] += int((np.isnan(time) & ~np.isnan(delay) & np.isnan(scheduled)).sum())
    return np.where(np.isnan(time), by_delay, time)


def _carried(owner: Int64Array, delay: Float64Array, ends: BoolArray, trip_delay: Float64Array) -> Float64Array:
    """Delay at each call (k,): its own or that of the last call before it that has one, else the trip's."""
    speaks = np.flatnonzero(~np.isnan(delay) | ends)
    last = np.searchsorted(speaks, np.arange(len(owner)), side="right") - 1
    last = _at(speaks, last, NONE)
    of_this_trip = _at(owner, last, NONE) == owner
    return np.where(of_this_trip, _at(delay, last), trip_delay[owner])


def _at(values: NDArray[Any], index: Int64Array, otherwise: float = np.nan) -> NDArray[Any]:
    """`values[index]`, and `otherwise` where the index is -1."""
    result = np.full(len(index), otherwise, values.dtype)
    result[index >= 0] = values[index[index >= 0]]
    return result


def _search(sorted_keys: Int64Array, keys: Int64Array) -> Int64Array:
    """Place of each key among `sorted_keys`, -1 where it is not there."""
    place = np.searchsorted(sorted_keys, keys)
    found = place < len(sorted_keys)
    found[found] = sorted_keys[place[found]] == keys[found]
    return np.where(found, place, NONE)


def _rank_from_end(group: Int64Array) -> Int64Array:
    """0 for the last entry of each group, 1 for the one before it, and so on."""
    backwards = group[::-1]
    order = np.argsort(backwards, kind="stable")
    ordered = backwards[order]
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered)
    return rank[::-1]


def _lookup(words: Sequence[str], index: Mapping[str, int]) -> Int32Array:
    return np.fromiter(map(index.get, words, repeat(NONE)), np.int32, len(words))


def _short(words: Sequence[str]) -> StrArray:
    return np.array([word[:_LONGEST_ID] for word in words], np.str_)
