"""The operator's GTFS-Realtime TripUpdates, resolved: which run and which call is meant, and the times made absolute.

A delay is added to the timetable's time on the run's service day. As GTFS-Realtime has it, the delay at one stop holds
for the stops after it that the message leaves out, until the next one that it names; NO_DATA ends it: from there on
nothing is told. Nothing is told either of stops before the first one named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, repeat
from typing import Any

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.call_finding import Hints, at, find_calls
from feeds.known_ids import id_of, indices_of, routes_named
from feeds.message import decode_message, header_timestamp, posix_seconds, refuse_differential
from feeds.message_places import MessageShapes, new_stops
from feeds.reading import TRIP_UPDATES_KEPT_S
from feeds.run_calls import RunCalls, filled, listed_calls, timetabled_calls
from feeds.service_times import service_date, start_seconds
from feeds.trip_modifications import ModifiedRun, Run, modified_runs
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    expand_ranges,
    group_starts,
)
from predictor.columns import Columns
from predictor.named_runs import RunNames, run_finder
from predictor.new_places import NewPlaces, NewRoute
from predictor.past_calls import STILL_DUE_S
from predictor.stop_alignment import aligned, patterns_along
from predictor.timetable import Timetable
from predictor.trip_updates import (
    STOP_NO_DATA,
    STOP_SCHEDULED,
    STOP_SKIPPED,
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_DUPLICATED,
    TRIP_NEW,
    TRIP_REPLACEMENT,
    TRIP_SCHEDULED,
    TRIP_UNSCHEDULED,
    RunShape,
    TripUpdates,
)

FEED = "trip updates"

TIME_LIMIT_S = 36 * 3600.0
DELAY_LIMIT_S = 12 * 3600.0
_DAY_S = 86_400
_LONGEST_ID = 128
_EXAMPLES = 3

_NO_CALLS, _TIMETABLE, _COPY, _LISTED = 0, 1, 2, 3
"""Where a run's calls come from: it has none; the timetable's run; a copy of it at another time; the message."""
_NOT_IN_TIMETABLE = (TRIP_ADDED, TRIP_NEW, TRIP_DUPLICATED)
"""Relationships of runs that the timetable need not have."""
_OF_TIMETABLE = (TRIP_SCHEDULED, TRIP_UNSCHEDULED, TRIP_REPLACEMENT)
_NO_PROPERTIES = gtfs_realtime_pb2.TripUpdate.TripProperties()


@dataclass(frozen=True, eq=False)
class _Runs(Columns):
    """The runs of a message, (n,)."""

    trip_id: StrArray
    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    moved_s: Int32Array
    """Seconds by which its calls are later than those of `trip`."""
    start_time_s: Int32Array
    route: Int32Array
    direction: Int8Array
    route_id: StrArray
    """As the message names it."""
    shape_id: StrArray
    """Of its own way, "" where none is given."""
    headsign: StrArray
    short_name: StrArray
    relationship: Int8Array
    vehicle_id: StrArray
    delay_s: Float64Array
    """Delay of the run as a whole, NaN where not given."""
    calls_from: Int8Array


@dataclass(frozen=True, eq=False)
class _Updates(Columns):
    """Stop time updates, (m,), in the order of the message."""

    owner: Int64Array
    """Row in `_Runs`."""
    entity: Int64Array
    """Place of its entity among those of the message."""
    sequence: Int32Array
    stop: Int32Array
    assigned: Int32Array
    """Stop that takes the place of the timetable's, -1 where none."""
    relationship: Int8Array
    arrival: Float64Array
    arrival_delay_s: Float64Array
    scheduled_arrival: Float64Array
    departure: Float64Array
    departure_delay_s: Float64Array
    scheduled_departure: Float64Array
    uncertainty_s: Float64Array
    """NaN where not given. So is 0, which many write who mean nothing by it."""
    pickup_type: Int8Array
    """-1 where not given."""
    drop_off_type: Int8Array
    headsign: StrArray
    """"" where not given."""

    def of_runs(self, run: Int64Array) -> _Updates:
        """The updates by new runs, `run[owner]` (-1: left out); of one run in the order in which they stand here."""
        owner = run[self.owner]
        kept = replace(self, owner=owner).take(owner >= 0)
        return kept.take(np.argsort(kept.owner, kind="stable"))


def decode_trip_updates(data: bytes, timetable: Timetable, received_at: float) -> TripUpdates:
    """Decode a message received at `received_at` (POSIX seconds) against `timetable.base`.

    Several updates of one run are read as one: of what two of them tell the newer counts, of equally new ones the later
    in the message; where they name different vehicles, at each stop the next one to come. An ADDED trip that the
    timetable runs on that day is read as SCHEDULED, with other stops as REPLACEMENT.
    Errors: FeedError where the whole message cannot be used (see `feeds.message`); all else is counted in `refused`.
    """
    message = decode_message(data, FEED)
    refuse_differential(message, FEED)
    header_at = header_timestamp(message, received_at, FEED)
    refused: Counter[str] = Counter()
    stops, shapes = new_stops(message, timetable.base, refused), MessageShapes.of(message, refused)
    timetable = NewPlaces(stops).added_to(timetable.base)
    runs, updates, newest = _columns(message, timetable, received_at, refused)
    not_found = _not_found(runs)
    runs, updates = _without_old_times(timetable, runs, updates, newest, received_at, refused)
    modified = modified_runs(message, timetable, received_at, refused)
    runs = _with_cancelled_additions(runs)
    runs, updates = _each_once(runs, updates, newest, refused)
    runs = _with_modified(runs, timetable, modified)
    routes = _NewRoutes(timetable)
    runs, updates, calls, own_calls, own_times = _calls_of(timetable, runs, updates, modified, routes, refused)
    decoded = _resolved(
        timetable, runs, updates, calls, own_calls, own_times, shapes, received_at,
        received_at if np.isnan(header_at) else header_at, refused,
    )  # fmt: skip
    return replace(decoded, new_places=NewPlaces(stops, routes.all), not_found=not_found)


def _without_old_times(
    timetable: Timetable,
    runs: _Runs,
    updates: _Updates,
    newest: Float64Array,
    received_at: float,
    refused: Counter[str],
) -> tuple[_Runs, _Updates]:
    """Runs and updates without the times of runs under way of which nothing was measured for long; what is cancelled or
    skipped stays so."""
    found = (runs.trip >= 0) & (runs.service_day >= 0)
    first = np.where(found, timetable.trip_call_ptr[np.maximum(runs.trip, 0)], 0)
    origin = timetable.date_origin[np.maximum(runs.service_day, 0)] + runs.moved_s
    old = found & (newest > 0) & (received_at - newest > TRIP_UPDATES_KEPT_S)
    old &= origin + timetable.departure_s[first] < received_at
    if not old.any():
        return runs, updates
    refused["update_stale"] += int(old.sum())
    of_old = old[updates.owner]
    times = {
        name: np.where(of_old, np.nan, getattr(updates, name))
        for name in ("arrival", "arrival_delay_s", "departure", "departure_delay_s")
    }
    return replace(runs, delay_s=np.where(old, np.nan, runs.delay_s)), replace(updates, **times)


# Reading.


def _columns(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, received_at: float, refused: Counter[str]
) -> tuple[_Runs, _Updates, Float64Array]:
    """One pass over the message; also each run's `timestamp`, 0 where not given."""
    words: list[tuple[str, ...]] = []
    numbers: list[tuple[float, ...]] = []
    rows: list[tuple[float, ...]] = []
    stops: list[tuple[str, str, str]] = []
    for entity in message.entity:
        if entity.is_deleted:
            refused["deleted_entity"] += 1
            continue
        if not entity.HasField("trip_update"):
            continue
        update = entity.trip_update
        trip, properties = update.trip, update.trip_properties
        modified, relationship = trip.modified_trip, trip.schedule_relationship
        # Of a run of the timetable these are to be ignored, as the reference says.
        own = _NO_PROPERTIES if relationship in _OF_TIMETABLE else properties
        trip_id = trip.trip_id or modified.affected_trip_id
        if not trip_id and relationship in (TRIP_ADDED, TRIP_NEW):
            trip_id = entity.id
        start_time = own.start_time or trip.start_time or modified.start_time
        if not trip_id and not (trip.route_id and start_time):
            refused["trip_id_missing"] += 1
            continue
        owner = len(words)
        words.append(
            (
                trip_id, own.trip_id or trip_id,
                own.start_date or trip.start_date or modified.start_date,
                start_time, trip.route_id, properties.shape_id, properties.trip_headsign, properties.trip_short_name,
                update.vehicle.id,
            )
        )  # fmt: skip
        numbers.append(
            (
                relationship,
                float(update.delay) if update.HasField("delay") else np.nan,
                trip.direction_id if trip.HasField("direction_id") and trip.direction_id <= 1 else NONE,
                posix_seconds(update.timestamp),
            )
        )
        for stop in update.stop_time_update:
            arrival, departure, kinds = stop.arrival, stop.departure, stop.stop_time_properties
            stops.append((stop.stop_id, kinds.assigned_stop_id, kinds.stop_headsign))
            rows.append(
                (
                    owner,
                    stop.stop_sequence if stop.HasField("stop_sequence") else NONE,
                    stop.schedule_relationship,
                    posix_seconds(arrival.time),
                    arrival.delay if arrival.HasField("delay") else np.nan,
                    posix_seconds(arrival.scheduled_time),
                    posix_seconds(departure.time),
                    departure.delay if departure.HasField("delay") else np.nan,
                    posix_seconds(departure.scheduled_time),
                    max(arrival.uncertainty, departure.uncertainty),
                    kinds.pickup_type if kinds.HasField("pickup_type") else NONE,
                    kinds.drop_off_type if kinds.HasField("drop_off_type") else NONE,
                )
            )
    updates = _update_columns(rows, stops, timetable, received_at, refused)
    runs = _run_columns(words, numbers, updates, timetable, received_at, refused)
    return runs, updates, np.array([row[3] for row in numbers], np.float64)


def _update_columns(
    rows: list[tuple[float, ...]],
    stops: list[tuple[str, str, str]],
    timetable: Timetable,
    received_at: float,
    refused: Counter[str],
) -> _Updates:
    owner, sequence, relationship, *times, uncertainty_s, pickup, drop_off = (
        np.array(rows, np.float64).reshape(-1, 12).T
    )
    stop_id, assigned_id, headsign = (
        list(map(id_of, column)) for column in (zip(*stops, strict=True) if stops else ((), (), ()))
    )
    stop, assigned = (indices_of(words, timetable.stop_index, timetable) for words in (stop_id, assigned_id))
    for words, index in ((stop_id, stop), (assigned_id, assigned)):
        refused["unknown_stop"] += int((index < 0).sum()) - words.count("")
    # A station is no place to board at.
    assigned[(assigned >= 0) & (timetable.stop_location_type[np.maximum(assigned, 0)] != 0)] = NONE
    arrival, arrival_delay, scheduled_arrival, departure, departure_delay, scheduled_departure = times
    untimed = np.isin(relationship, (STOP_SKIPPED, STOP_NO_DATA))
    arrival, departure, scheduled_arrival, scheduled_departure = (
        _near(time, received_at, refused) for time in (arrival, departure, scheduled_arrival, scheduled_departure)
    )
    arrival_delay, departure_delay = (
        np.where(untimed, np.nan, _within(delay, refused)) for delay in (arrival_delay, departure_delay)
    )
    return _Updates(
        owner=owner.astype(np.int64),
        entity=owner.astype(np.int64),
        sequence=np.where(sequence < 2**31, sequence, NONE).astype(np.int32),
        stop=stop,
        assigned=assigned,
        relationship=relationship.astype(np.int8),
        arrival=np.where(untimed, np.nan, arrival),
        arrival_delay_s=arrival_delay,
        scheduled_arrival=scheduled_arrival,
        departure=np.where(untimed, np.nan, departure),
        departure_delay_s=departure_delay,
        scheduled_departure=scheduled_departure,
        uncertainty_s=np.where((uncertainty_s > 0) & (uncertainty_s < DELAY_LIMIT_S), uncertainty_s, np.nan),
        pickup_type=pickup.astype(np.int8),
        drop_off_type=drop_off.astype(np.int8),
        headsign=_short(headsign),
    )


def _near(time: Float64Array, received_at: float, refused: Counter[str]) -> Float64Array:
    absurd = (time > 0) & (np.abs(time - received_at) > TIME_LIMIT_S)
    refused["time_out_of_range"] += int(absurd.sum())
    return np.where((time > 0) & ~absurd, time, np.nan)


def _within(delay: Float64Array, refused: Counter[str]) -> Float64Array:
    absurd = np.abs(delay) > DELAY_LIMIT_S
    refused["delay_out_of_range"] += int(absurd.sum())
    return np.where(absurd, np.nan, delay)


def _run_columns(
    words: list[tuple[str, ...]],
    numbers: list[tuple[float, ...]],
    updates: _Updates,
    timetable: Timetable,
    received_at: float,
    refused: Counter[str],
) -> _Runs:
    tt = timetable
    columns = zip(*words, strict=True) if words else repeat((), 9)
    trip_id, served, date, time, route_id, shape_id, headsign, short_name, vehicle = (
        list(map(id_of, column)) for column in columns
    )
    kind, delay, direction, _ = np.array(numbers, np.float64).reshape(-1, 4).T
    relationship = kind.astype(np.int8)
    trip = indices_of(trip_id, tt.trip_index, tt)
    route = indices_of(route_id, routes_named(tt), tt)
    refused["unknown_route"] += int((route < 0).sum()) - route_id.count("")
    dates, times = [service_date(text) for text in date], [start_seconds(text) for text in time]
    refused["start_date_malformed"] += dates.count(None) - date.count("")
    refused["start_time_malformed"] += times.count(None) - time.count("")
    names = RunNames(
        trip=trip,
        # Ids change from one timetable to the next; lines and times hardly do.
        route=np.where((trip < 0) & ~np.isin(relationship, _NOT_IN_TIMETABLE), route, NONE).astype(np.int32),
        direction=direction.astype(np.int8),
        service_date=np.array([value or 0 for value in dates], np.int32),
        start_time_s=np.array([NONE if value is None else value for value in times], np.int32),
    )
    trip, day, shift = _found(tt, names, relationship, updates, received_at, refused)
    known = trip >= 0
    route[known] = tt.trip_route[trip[known]]
    direction[known & (direction < 0)] = tt.pattern_direction[tt.trip_pattern[trip[known & (direction < 0)]]]
    runs = _Runs(
        trip_id=_short(
            [
                _name(tt, t) if by_route else name
                for name, t, by_route in zip(served, trip.tolist(), (names.trip < 0) & known, strict=True)
            ]
        ),
        trip=trip,
        service_day=day,
        shift_s=shift,
        moved_s=shift,
        start_time_s=names.start_time_s,
        route=route,
        direction=direction.astype(np.int8),
        route_id=_short(route_id),
        shape_id=_short(shape_id),
        headsign=_short(headsign),
        short_name=_short(short_name),
        relationship=relationship,
        vehicle_id=_short(vehicle),
        delay_s=_within(delay, refused),
        calls_from=np.full(len(trip), _TIMETABLE, np.int8),
    )
    return _told_apart(tt, runs, updates, refused)


def _found(
    tt: Timetable,
    names: RunNames,
    relationship: Int8Array,
    updates: _Updates,
    received_at: float,
    refused: Counter[str],
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Trip, service day and shift (n,) of each run that is named, -1 where it is none of the timetable's.

    A run is under way where its times or delays are told, else only spoken of. One that the timetable need not have
    runs on the day that it names, else on that of its first time.
    """
    n = len(names.trip)
    first_time = np.full(n, np.inf)
    np.fmin.at(first_time, updates.owner, np.fmin(updates.arrival, updates.departure))
    under_way = np.isfinite(first_time)
    late = np.isfinite(updates.arrival_delay_s) | np.isfinite(updates.departure_delay_s)
    under_way[updates.owner[late]] = True
    at = np.where(np.isfinite(first_time), first_time, received_at)
    found = run_finder(tt).find(names, at, under_way, _elapsed_s(tt, names, updates, first_time))
    is_added = np.isin(relationship, (TRIP_ADDED, TRIP_NEW))
    is_new = np.isin(relationship, _NOT_IN_TIMETABLE)
    found.count(refused, ~is_new)
    trip, day = np.where(is_new, names.trip, found.trip).astype(np.int32), found.service_day.copy()
    refused["unknown_trip"] += int(((trip < 0) & ~is_added).sum())
    own_day = _lookup(names.service_date.tolist(), tt.date_index)
    day[is_new & (own_day >= 0)] = own_day[is_new & (own_day >= 0)]
    rows = np.flatnonzero(is_new & (day < 0) & np.isfinite(first_time))
    day[rows] = np.searchsorted(tt.date_origin, first_time[rows], side="right") - 1
    shift = np.where(is_new, 0, found.shift_s)
    unscheduled = (relationship == TRIP_UNSCHEDULED) & (trip >= 0) & (names.start_time_s >= 0)
    shift[unscheduled] = names.start_time_s[unscheduled] - tt.trip_start_s[trip[unscheduled]]
    # Of a run whose times lie days from the date that it names one of the two is wrong.
    off_s = first_time - (tt.date_origin[np.maximum(day, 0)] if len(tt.date) else 0.0)
    astray = (day >= 0) & np.isfinite(first_time) & ((off_s < -_DAY_S) | (off_s > 4 * _DAY_S))
    refused["time_far_from_start_date"] += int(astray.sum())
    trip[astray & ~is_new], day[astray], shift[astray] = NONE, NONE, 0
    return trip, day.astype(np.int32), shift.astype(np.int32)


def _not_found(runs: _Runs) -> tuple[str, ...]:
    """A few of the runs that the timetable does not have, though they are not said to be added."""
    rows = np.flatnonzero((runs.trip < 0) & ~np.isin(runs.relationship, (TRIP_ADDED, TRIP_NEW)))
    names = (str(runs.trip_id[row] or runs.route_id[row]) for row in rows.tolist())
    return tuple(islice(dict.fromkeys(names), _EXAMPLES))


def _elapsed_s(tt: Timetable, names: RunNames, updates: _Updates, first_time: Float64Array) -> Float64Array:
    """Seconds after its start (n,) at which a run is at its first told time, where it is one of several of its trip and
    names no start time: by the call that has that time. NaN elsewhere."""
    result = np.full(len(first_time), np.nan)
    several = (names.trip >= 0) & (names.start_time_s < 0) & tt.trip_repeats[names.trip]
    time = np.fmin(updates.arrival, updates.departure)
    row = np.flatnonzero(several[updates.owner] & (time == first_time[updates.owner]))
    trip = names.trip[updates.owner[row]]
    pair, entry = expand_ranges(tt.trip_call_ptr[trip], tt.trip_calls[trip])
    sequence, stop = updates.sequence[row[pair]], updates.stop[row[pair]]
    hit = np.where(sequence >= 0, tt.stop_sequence[entry] == sequence, tt.call_stop[entry] == stop)
    # Of several calls at one stop the first: it is written last.
    pair, entry = pair[hit][::-1], entry[hit][::-1]
    result[updates.owner[row[pair]]] = tt.arrival_s[entry] - tt.trip_start_s[trip[pair]]
    return result


def _told_apart(tt: Timetable, runs: _Runs, updates: _Updates, refused: Counter[str]) -> _Runs:
    """The runs with what each is: its relationship, where its calls come from, and its shift."""
    trip, day, start = runs.trip, runs.service_day, runs.start_time_s
    known = np.maximum(trip, 0)
    relationship, calls_from, moved = runs.relationship.copy(), runs.calls_from.copy(), runs.moved_s.copy()
    shift = np.where((trip >= 0) & (start >= 0), start - (tt.trip_start_s[known] if tt.trips else 0), 0)
    calls_from[np.isin(relationship, (TRIP_CANCELED, TRIP_DELETED))] = _NO_CALLS
    calls_from[relationship == TRIP_REPLACEMENT] = _LISTED

    copied = (relationship == TRIP_DUPLICATED) & (trip >= 0)
    refused["duplicate_without_start_time"] += int((copied & (start < 0)).sum())
    day = np.where(copied & (start < 0), NONE, day).astype(np.int32)
    calls_from[copied], moved[copied] = _COPY, shift[copied]

    update_ptr = group_starts(updates.owner, len(trip))
    for row in np.flatnonzero(np.isin(relationship, (TRIP_ADDED, TRIP_NEW))).tolist():
        calls_from[row] = _LISTED
        if trip[row] < 0 or day[row] < 0:
            continue
        own_start = not shift[row] or bool(tt.trip_repeats[trip[row]])
        along = _calls_along(tt, int(trip[row]), updates, slice(int(update_ptr[row]), int(update_ptr[row + 1])))
        if tt.trip_is_frequency[trip[row]]:
            relationship[row], calls_from[row] = TRIP_SCHEDULED, _TIMETABLE
        elif own_start and tt.service_active[tt.trip_service[trip[row]], day[row]]:
            refused["added_trip_in_timetable"] += 1
            relationship[row], calls_from[row] = (TRIP_SCHEDULED, _TIMETABLE) if along else (TRIP_REPLACEMENT, _LISTED)
        elif along and not _lists_its_calls(tt, int(trip[row]), update_ptr[row + 1] - update_ptr[row]):
            # A trip of the timetable once more, at another time or on another day.
            calls_from[row], moved[row] = _COPY, shift[row]
        else:
            moved[row] = shift[row]
    # A run of the timetable has no other name, whatever it was told as.
    by_timetable = [_name(tt, t) for t in trip.tolist()]
    of_timetable = (trip >= 0) & np.isin(relationship, _OF_TIMETABLE)
    trip_id = np.where(of_timetable, by_timetable, runs.trip_id) if by_timetable else runs.trip_id
    # Under an id of its own a copy is nobody's other run.
    same_id = trip_id == np.array(by_timetable, np.str_)
    return replace(
        runs,
        trip_id=trip_id,
        relationship=relationship,
        calls_from=calls_from,
        service_day=day,
        moved_s=moved,
        shift_s=np.where(same_id, moved, 0).astype(np.int32),
    )


def _calls_along(tt: Timetable, trip: int, updates: _Updates, span: slice) -> bool:
    """Whether all stops that are named are the trip's, in its order."""
    named = updates.stop[span][updates.stop[span] >= 0]
    own = tt.call_stop[tt.trip_call_ptr[trip] : tt.trip_call_ptr[trip + 1]]
    return NONE not in aligned(tuple(named.tolist()), tuple(own.tolist()))


def _lists_its_calls(tt: Timetable, trip: int, updates: int) -> bool:
    return 2 <= updates < int(tt.trip_calls[trip])


def _name(tt: Timetable, trip: int) -> str:
    return str(tt.trip_id[trip]) if trip >= 0 else ""


def _with_cancelled_additions(runs: _Runs) -> _Runs:
    """Added runs that the same message cancels are that: the timetable does not have them, so they go by their id."""
    relationship, unknown = runs.relationship.copy(), runs.trip < 0
    for gone in (TRIP_CANCELED, TRIP_DELETED):
        names = runs.trip_id[unknown & (runs.relationship == gone)]
        relationship[unknown & (runs.calls_from == _LISTED) & np.isin(runs.trip_id, names)] = gone
    return replace(runs, relationship=relationship)


def _each_once(runs: _Runs, updates: _Updates, newest: Float64Array, refused: Counter[str]) -> tuple[_Runs, _Updates]:
    """Each run that was found once, with all that the message tells of it; once for each vehicle that it tells to drive
    it. Of one that lists its calls one list counts."""
    n = len(runs.trip)
    told = np.bincount(updates.owner, minlength=n) > 0
    # Who tells of the vehicle alone changes nothing of what others tell of the run.
    silent = ~told & np.isnan(runs.delay_s) & (runs.relationship == TRIP_SCHEDULED)
    found = (runs.service_day >= 0) & ((runs.trip >= 0) | (runs.calls_from == _LISTED))
    of_one_run: dict[tuple[str, int, int], list[int]] = {}
    keys = zip(runs.trip_id.tolist(), runs.service_day.tolist(), runs.shift_s.tolist(), strict=True)
    for row, key in enumerate(keys):
        of_one_run.setdefault(key, []).append(row)
    run = np.full(n, NONE, np.int64)
    runs = replace(runs, delay_s=runs.delay_s.copy(), vehicle_id=runs.vehicle_id.copy(), headsign=runs.headsign.copy(),
                   short_name=runs.short_name.copy())  # fmt: skip
    for rows in of_one_run.values():
        if len(rows) == 1:
            run[rows[0]] = rows[0] if found[rows[0]] else NONE
            continue
        refused["duplicate_trip"] += len(rows) - 1
        rows_found = sorted((row for row in rows if found[row]), key=lambda row: (silent[row], -newest[row], -row))
        for alike in _by_vehicle(rows_found, runs, told):
            first = alike[0]
            tell = [row for row in alike if told[row]]
            run[tell[:1] if runs.calls_from[first] == _LISTED else tell] = first
            run[first] = first
            delays = runs.delay_s[alike]
            runs.delay_s[first] = next(iter(delays[~np.isnan(delays)]), np.nan)
            for texts in (runs.vehicle_id, runs.headsign, runs.short_name):
                texts[first] = next(filter(None, texts[alike].tolist()), "")
    chosen = np.unique(run[run >= 0])
    place = np.append(np.full(n, NONE, np.int64), NONE)
    place[chosen] = np.arange(len(chosen))
    updates = updates.take(np.argsort(newest[updates.entity], kind="stable"))
    return runs.take(chosen), updates.of_runs(place[run])


def _by_vehicle(rows: list[int], runs: _Runs, told: BoolArray) -> list[list[int]]:
    """The rows of one run, the one that counts most first, that are to be read as one: those that speak of its calls in
    the same way, and of one vehicle. Who names none speaks of the first one's."""
    rows = [row for row in rows if runs.calls_from[row] == runs.calls_from[rows[0]]]
    vehicles = list(dict.fromkeys(str(runs.vehicle_id[row]) for row in rows if told[row] and runs.vehicle_id[row]))
    if len(vehicles) < 2 or runs.calls_from[rows[0]] != _TIMETABLE:
        return [rows] if rows else []
    other = [[row for row in rows if runs.vehicle_id[row] == vehicle] for vehicle in vehicles[1:]]
    return [[row for row in rows if runs.vehicle_id[row] not in vehicles[1:]], *other]


def _with_modified(runs: _Runs, tt: Timetable, modified: Mapping[Run, ModifiedRun]) -> _Runs:
    """The runs, and those on a diversion of which no TripUpdate speaks."""
    told = set(zip(runs.trip.tolist(), runs.service_day.tolist(), runs.shift_s.tolist(), strict=True))
    silent = [run for run in modified if run not in told]
    if not silent:
        return runs
    trip, day, shift = np.array(silent, np.int32).T
    nothing = np.full(len(trip), "")
    more = _Runs(
        trip_id=tt.trip_id[trip], trip=trip, service_day=day, shift_s=shift, moved_s=shift,
        start_time_s=np.full(len(trip), NONE, np.int32), route=tt.trip_route[trip],
        direction=tt.pattern_direction[tt.trip_pattern[trip]], route_id=nothing, shape_id=nothing, headsign=nothing,
        short_name=nothing,
        relationship=np.full(len(trip), TRIP_SCHEDULED, np.int8), vehicle_id=nothing,
        delay_s=np.full(len(trip), np.nan), calls_from=np.full(len(trip), _TIMETABLE, np.int8),
    )  # fmt: skip
    return _Runs.joined(runs, more)


# Which calls each run makes.


def _calls_of(
    tt: Timetable,
    runs: _Runs,
    updates: _Updates,
    modified: Mapping[Run, ModifiedRun],
    new_routes: _NewRoutes,
    refused: Counter[str],
) -> tuple[_Runs, _Updates, RunCalls, BoolArray, BoolArray]:
    """The runs that can be, with all their calls as scheduled, and whether these and their times are their own."""
    n = len(runs.trip)
    relationship, calls_from, route = runs.relationship.copy(), runs.calls_from.copy(), runs.route.copy()
    direction, parts = runs.direction.copy(), [RunCalls.empty()]
    shape_id = runs.shape_id.tolist()
    own_times, gone = np.ones(n, bool), np.zeros(n, bool)
    update_ptr = group_starts(updates.owner, n)
    for row in np.flatnonzero(calls_from == _LISTED).tolist():
        span = slice(int(update_ptr[row]), int(update_ptr[row + 1]))
        base = int(runs.trip[row])
        listed, own_times[row] = _listed(tt, row, base, int(runs.service_day[row]), int(runs.moved_s[row]),
                                         updates.take(np.arange(span.start, span.stop)), refused)  # fmt: skip
        if len(listed) < 2:
            if relationship[row] == TRIP_REPLACEMENT:
                refused["replacement_without_stops"] += 1
                relationship[row], calls_from[row] = TRIP_SCHEDULED, _TIMETABLE
            else:
                refused["added_trip_without_stops"] += 1
                gone[row] = True
            continue
        if route[row] < 0 and runs.route_id[row]:
            route[row] = new_routes.index_of(str(runs.route_id[row]), "", listed.stop)
        elif base < 0:
            route[row], direction[row] = _line_of(tt, listed.stop, int(route[row]), int(direction[row]))
        if route[row] < 0:
            name = str(runs.short_name[row] or runs.headsign[row] or tt.stop_name[listed.stop[-1]])
            route[row] = new_routes.index_of(str(runs.trip_id[row]), name, listed.stop)
        parts.append(listed)
    own_calls = np.isin(calls_from, (_COPY, _LISTED)) & ~gone
    run_of_row = zip(runs.trip.tolist(), runs.service_day.tolist(), runs.shift_s.tolist(), strict=True)
    for row, run in enumerate(run_of_row):
        if calls_from[row] == _TIMETABLE and run in modified:
            parts.append(modified[run].calls.of_owner(row))
            shape_id[row] = modified[run].shape_id or shape_id[row]
            own_calls[row], relationship[row] = True, TRIP_REPLACEMENT
            calls_from[row] = _LISTED
    rows = np.flatnonzero(np.isin(calls_from, (_TIMETABLE, _COPY)))
    # Without its start time nobody knows when a run by headway is where.
    untold = tt.trip_is_frequency[runs.trip[rows]] & (runs.start_time_s[rows] < 0)
    day = np.where(untold, NONE, runs.service_day[rows]).astype(np.int32)
    parts.append(timetabled_calls(tt, rows, runs.trip[rows], day, runs.moved_s[rows]))
    calls = RunCalls.joined(*parts).in_order()
    runs = replace(
        runs, relationship=relationship, calls_from=calls_from, route=route, direction=direction,
        shape_id=np.array(shape_id, np.str_),
    )  # fmt: skip
    if gone.any():
        keep = np.flatnonzero(~gone)
        place = np.cumsum(~gone) - 1
        calls = replace(calls, owner=place[calls.owner])
        updates = updates.of_runs(np.where(gone, NONE, place))
        return runs.take(keep), updates, calls, own_calls[keep], own_times[keep]
    return runs, updates, calls, own_calls, own_times


def _listed(
    tt: Timetable, owner: int, base: int, day: int, moved_s: int, updates: _Updates, refused: Counter[str]
) -> tuple[RunCalls, bool]:
    """The calls of a run that lists them, with their scheduled times, and whether these are stated.

    Scheduled is what the message says is; else the time less the delay; else, where the run takes the place of one that
    has the same call, the timetable; else what is told now.
    """
    if (updates.sequence >= 0).all() and len(np.unique(updates.sequence)) == len(updates.sequence):
        updates = updates.take(np.argsort(updates.sequence, kind="stable"))
    no_call = np.empty(0, np.int32)
    base_stop, base_sequence = no_call, no_call
    origin, first = 0.0, 0
    if base >= 0:
        first = int(tt.trip_call_ptr[base])
        span = slice(first, int(tt.trip_call_ptr[base + 1]))
        base_stop, base_sequence = tt.call_stop[span], tt.stop_sequence[span]
        origin = float(tt.date_origin[day] + moved_s)
    stop = np.where(updates.assigned >= 0, updates.assigned, updates.stop)
    stop = _platforms(tt, stop, updates.sequence, base_stop, base_sequence)
    updates, stop = updates.take(stop >= 0), stop[stop >= 0]
    base_call = np.array(aligned(tuple(stop.tolist()), tuple(base_stop.tolist())), np.int64)
    entry = np.where(base_call >= 0, first + base_call, NONE)
    by_base_arrival = at(origin + tt.arrival_s.astype(np.float64), entry) if base >= 0 else np.full(len(stop), np.nan)
    by_base_departure = at(origin + tt.departure_s.astype(np.float64), entry) if base >= 0 else by_base_arrival

    stated_arrival = _first_known(updates.scheduled_arrival, updates.arrival - updates.arrival_delay_s, by_base_arrival)
    stated_departure = _first_known(
        updates.scheduled_departure, updates.departure - updates.departure_delay_s, by_base_departure
    )
    stated_arrival, stated_departure = (
        _first_known(stated_arrival, stated_departure),
        _first_known(stated_departure, stated_arrival),
    )
    told_arrival = _first_known(updates.arrival, updates.departure)
    told_departure = _first_known(updates.departure, updates.arrival)
    # Between calls whose delay is known, one that only says when it is now is as late as the one before.
    late = _last_known(told_arrival - stated_arrival)
    arrival = _first_known(stated_arrival, told_arrival - late)
    departure = _first_known(stated_departure, told_departure - late)
    is_stated = not np.isnan(stated_arrival[~np.isnan(arrival)]).any()
    position = np.arange(len(stop), dtype=np.float64)
    arrival, departure = filled(arrival, position), filled(departure, position)
    timed = ~(np.isnan(arrival) | np.isnan(departure))
    refused["added_stop_without_time"] += int((~timed).sum())
    return (
        listed_calls(
            owner, updates.sequence[timed], stop[timed], arrival[timed], departure[timed], base_call[timed].tolist(),
            updates.pickup_type[timed], updates.drop_off_type[timed],
        ),
        is_stated,
    )  # fmt: skip


def _platforms(
    tt: Timetable, stop: Int32Array, sequence: Int32Array, base_stop: Int32Array, base_sequence: Int32Array
) -> Int32Array:
    """Stops (u,) with the platform for a station, and the base run's stop where only its number is given."""
    stop = stop.copy()
    for u in np.flatnonzero((stop < 0) & (sequence >= 0)).tolist():
        numbered = np.flatnonzero(base_sequence == sequence[u])
        stop[u] = base_stop[numbered[0]] if len(numbered) else NONE
    for u in np.flatnonzero((stop >= 0) & (tt.stop_location_type[np.maximum(stop, 0)] != 0)).tolist():
        own = base_stop[tt.stop_parent[base_stop] == stop[u]]
        platforms = own if len(own) else np.flatnonzero(tt.stop_parent == stop[u])
        if len(own) or len(platforms) == 1:
            stop[u] = platforms[0]
    return stop


class _NewRoutes:
    """The lines of runs that drive on none of the timetable's."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._found: dict[str, NewRoute] = {}

    @property
    def all(self) -> tuple[NewRoute, ...]:
        """In order of their indices, behind the timetable's."""
        return tuple(self._found.values())

    def index_of(self, route_id: str, name: str, stops: Int32Array) -> int:
        """The line of this id; a new one is of the type of most lines at these stops."""
        tt = self._timetable
        if route_id not in self._found:
            pattern = np.repeat(np.arange(len(tt.pattern_route)), np.diff(tt.pattern_call_ptr))
            types = tt.route_type[tt.pattern_route[pattern[np.isin(tt.pattern_stop, stops)]]]
            agencies = np.unique(tt.route_agency_id)
            self._found[route_id] = NewRoute(
                route_id=route_id,
                name=name,
                type=int(np.bincount(types).argmax()) if len(types) else 3,
                agency_id=str(agencies[0]) if len(agencies) == 1 else "",
            )
        return len(tt.route_id) + list(self._found).index(route_id)


def _line_of(tt: Timetable, stops: Int32Array, route: int, direction: int) -> tuple[int, int]:
    """Route and direction of an added run: as told, else those of the one line that has its stops in this order."""
    if route >= 0 and direction >= 0:
        return route, direction
    along = patterns_along(tt, stops, route)
    routes, directions = np.unique(tt.pattern_route[along]), np.unique(tt.pattern_direction[along])
    if route < 0 and len(routes) == 1:
        route = int(routes[0])
    if direction < 0 and len(directions) == 1:
        direction = int(directions[0])
    return route, direction


def _first_known(*times: Float64Array) -> Float64Array:
    result = times[0]
    for other in times[1:]:
        result = np.where(np.isnan(result), other, result)
    return result


def _last_known(values: Float64Array) -> Float64Array:
    """Each value, where it is NaN the last one before, 0 where there is none."""
    known = np.maximum.accumulate(np.where(np.isnan(values), NONE, np.arange(len(values))))
    return np.asarray(at(values, known, 0.0), np.float64)


# What is told of the calls.


def _resolved(
    tt: Timetable,
    runs: _Runs,
    updates: _Updates,
    calls: RunCalls,
    own_calls: BoolArray,
    own_times: BoolArray,
    shapes: MessageShapes,
    received_at: float,
    timestamp: float,
    refused: Counter[str],
) -> TripUpdates:
    """Find each update's call, make its times absolute, and carry delays on to the calls left out."""
    runs_calls = runs.calls_from != _NO_CALLS
    updates = updates.take(runs_calls[updates.owner])
    hints = Hints(
        arrives=~np.isnan(updates.arrival) | ~np.isnan(updates.arrival_delay_s),
        departs=~np.isnan(updates.departure) | ~np.isnan(updates.departure_delay_s),
        arrives_at=_first_known(updates.scheduled_arrival, updates.arrival - updates.arrival_delay_s, updates.arrival),
        departs_at=_first_known(
            updates.scheduled_departure, updates.departure - updates.departure_delay_s, updates.departure
        ),
        not_before=received_at - _first_known(updates.departure_delay_s, updates.arrival_delay_s),
    )
    # A run that lists its calls does so under the stops at which it really calls.
    listed = (runs.calls_from == _LISTED)[updates.owner]
    stop = np.where(listed & (updates.assigned >= 0), updates.assigned, updates.stop)
    found = find_calls(tt, calls, updates.owner, updates.sequence, stop, hints, refused)
    lost = np.flatnonzero((found < 0) & ~listed)
    named = np.stack([updates.owner[lost], updates.sequence[lost], updates.stop[lost]])
    refused["stop_not_in_trip"] += np.unique(named, axis=1).shape[1]
    calls = _with_starts(tt, runs, calls, updates, found)

    update = np.full(len(calls), NONE, np.int64)
    told = np.flatnonzero(found >= 0)
    # Who tells of one call that it is skipped and that it is made at another platform means the platform.
    run_call = updates.entity[told] * len(calls) + found[told]
    is_skipped = updates.relationship[told] == STOP_SKIPPED
    told = told[~(is_skipped & np.isin(run_call, run_call[~is_skipped]))]
    update[found[told]] = told
    given = update >= 0
    if (found >= 0).sum() > given.sum():
        refused["duplicate_stop_time_update"] += _told_twice(updates.entity[found >= 0], found[found >= 0])

    relationship: Int8Array = at(updates.relationship, update, STOP_SCHEDULED)
    arrival, departure = _told_times(updates, calls, update, found, refused)
    own_delay = np.where(np.isnan(departure), arrival - calls.arrival, departure - calls.departure)
    ends = relationship == STOP_NO_DATA
    delay = _carried(calls.owner, own_delay, ends, runs.delay_s)
    before = np.where(np.isnan(own_delay), delay, _before(calls.owner, delay, runs.delay_s))
    silent = ~np.isin(relationship, (STOP_SKIPPED, STOP_NO_DATA)) & np.isnan(arrival) & np.isnan(departure)
    arrival = np.where(silent, calls.arrival + delay, arrival)
    departure = np.where(silent, calls.departure + delay, departure)
    # Of two events of which one is told the other is as late: the arrival as the departure before, if any.
    by_arrival = _first_known(calls.arrival + before, calls.arrival + own_delay, departure)
    by_departure = _first_known(calls.departure + own_delay, arrival)
    arrival, departure = (
        np.where(np.isnan(arrival), np.minimum(by_arrival, departure), arrival),
        np.where(np.isnan(departure), np.maximum(by_departure, arrival), departure),
    )
    arrival, departure = _in_order(calls.owner, arrival, departure, refused)
    uncertainty_s = at(updates.uncertainty_s, update)
    kept, source = _next_to_come(runs, calls, departure, received_at)
    if len(kept) < len(runs.trip):
        owner, stays = np.searchsorted(kept, calls.owner), np.isin(calls.owner, kept)
        source = source[stays]
        calls = replace(calls.take(source), owner=owner[stays])
        update, given, relationship = update[source], given[source], relationship[source]
        arrival, departure, uncertainty_s = arrival[source], departure[source], uncertainty_s[source]
        runs, own_calls, own_times, runs_calls = runs.take(kept), own_calls[kept], own_times[kept], runs_calls[kept]
    stop_now, moved = _stops_now(tt, calls, updates, update, runs.calls_from == _LISTED)
    pickup, drop_off = (
        np.where(at(told, update, NONE) >= 0, at(told, update, NONE), by_timetable).astype(np.int8)
        for told, by_timetable in (
            (updates.pickup_type, calls.pickup_type), (updates.drop_off_type, calls.drop_off_type),
        )
    )  # fmt: skip
    moved |= (pickup != calls.pickup_type) | (drop_off != calls.drop_off_type)
    stop_headsign: StrArray = np.append(updates.headsign, "")[update]
    moved |= (stop_headsign != "") & (stop_headsign != _scheduled_headsigns(tt, runs, calls))
    n = len(runs.trip)
    run_shapes = _run_shapes(tt, runs, calls.owner, stop_now, shapes, refused)
    own_calls = own_calls | (np.bincount(calls.owner[moved], minlength=n) > 0)
    own_calls[list(run_shapes)] = True
    # Of a run by headway that tells neither its start nor a time nobody knows which one it is.
    unplaced = np.bincount(calls.owner[np.isnan(calls.arrival)], minlength=n) > 0
    refused["start_time_missing"] += int((own_calls & unplaced).sum())
    own_calls &= ~unplaced
    run_shapes = {row: shape for row, shape in run_shapes.items() if own_calls[row]}

    served = np.where(relationship == STOP_SKIPPED, NONE, calls.call)
    last_call = np.full(n, NONE, np.int32)
    np.maximum.at(last_call, calls.owner, served.astype(np.int32))
    nothing_served = runs_calls & (last_call < 0)
    run_relationship = np.where(nothing_served, TRIP_CANCELED, runs.relationship).astype(np.int8)

    keep = np.flatnonzero(own_calls[calls.owner] | given | ~np.isnan(arrival))
    keep = keep[~(nothing_served & ~own_calls)[calls.owner[keep]]]
    owner = calls.owner[keep]
    return TripUpdates(
        timestamp=timestamp,
        trip_id=runs.trip_id,
        trip=runs.trip,
        service_day=runs.service_day,
        shift_s=runs.shift_s,
        route=runs.route,
        direction=runs.direction,
        headsign=_headsigns(tt, runs, calls, own_calls),
        short_name=runs.short_name,
        relationship=run_relationship,
        vehicle_id=runs.vehicle_id,
        last_call=last_call,
        own_calls=own_calls,
        own_times=own_times,
        update_ptr=group_starts(owner, n),
        call=calls.call[keep].astype(np.int32),
        stop=stop_now[keep],
        stop_sequence=calls.sequence[keep],
        scheduled_arrival=calls.arrival[keep],
        scheduled_departure=calls.departure[keep],
        arrival=arrival[keep],
        departure=departure[keep],
        uncertainty_s=uncertainty_s[keep],
        stop_relationship=relationship[keep],
        base_call=calls.base_call[keep],
        pickup_type=pickup[keep],
        drop_off_type=drop_off[keep],
        stop_headsign=stop_headsign[keep],
        shapes=run_shapes,
        refused={reason: count for reason, count in sorted(refused.items()) if count},
    )


def _run_shapes(
    tt: Timetable, runs: _Runs, owner: Int64Array, stop: Int32Array, shapes: MessageShapes, refused: Counter[str]
) -> dict[int, RunShape]:
    """The way of each run that has one of its own, by row; `owner`, `stop`: of each call (k,)."""
    found: dict[int, RunShape] = {}
    drawn: dict[tuple[str, bytes], RunShape | None] = {}
    ptr = group_starts(owner, len(runs.trip))
    for row in np.flatnonzero((runs.shape_id != "") & (np.diff(ptr) > 1)).tolist():
        stops = stop[ptr[row] : ptr[row + 1]]
        key = str(runs.shape_id[row]), stops.tobytes()
        if key not in drawn:
            drawn[key] = shapes.of_run(key[0], stops, tt, refused)
        if (shape := drawn[key]) is not None:
            found[row] = shape
    return found


def _with_starts(tt: Timetable, runs: _Runs, calls: RunCalls, updates: _Updates, found: Int64Array) -> RunCalls:
    """Calls of runs by headway that do not tell their start: as scheduled then, so that what is told is on time."""
    arrival, departure = calls.arrival.copy(), calls.departure.copy()
    told = _first_known(updates.arrival, updates.departure)
    rows = np.flatnonzero((found >= 0) & ~np.isnan(told))
    rows = rows[np.isnan(arrival[found[rows]])]
    for owner in np.unique(updates.owner[rows]).tolist():
        row = rows[updates.owner[rows] == owner][0]
        span = np.flatnonzero(calls.owner == owner)
        entry = tt.trip_call_ptr[runs.trip[owner]] + calls.call[span]
        origin = told[row] - tt.arrival_s[tt.trip_call_ptr[runs.trip[owner]] + calls.call[found[row]]]
        arrival[span], departure[span] = origin + tt.arrival_s[entry], origin + tt.departure_s[entry]
        start = origin - tt.date_origin[runs.service_day[owner]]
        runs.shift_s[owner] = round(start)
    return replace(calls, arrival=arrival, departure=departure)


def _told_times(
    updates: _Updates, calls: RunCalls, update: Int64Array, found: Int64Array, refused: Counter[str]
) -> tuple[Float64Array, Float64Array]:
    """Arrival and departure of each call (k,) as its update tells them, NaN where it does not.

    Parameters: `update` (k,): the call's last update; `found` (m,): the call of each update. An entity may tell the
    arrival in one update and the departure in another.
    """
    without = 0
    times = []
    silent = np.isin(at(updates.relationship, update, STOP_SCHEDULED), (STOP_SKIPPED, STOP_NO_DATA))
    of_last_entity = (found >= 0) & (updates.entity == at(updates.entity, at(update, found, NONE), NONE))
    for time, delay, scheduled in (
        (updates.arrival, updates.arrival_delay_s, calls.arrival),
        (updates.departure, updates.departure_delay_s, calls.departure),
    ):
        by_timetable = at(scheduled, found)
        without += int((np.isnan(time) & ~np.isnan(delay) & np.isnan(by_timetable) & (found >= 0)).sum())
        time = np.where(np.isnan(time), by_timetable + delay, time)
        rows = np.flatnonzero(of_last_entity & ~np.isnan(time))
        told = np.full(len(calls), np.nan)
        told[found[rows]] = time[rows]
        times.append(np.where(silent, np.nan, told))
    refused["delay_without_schedule"] += without
    return times[0], times[1]


def _next_to_come(
    runs: _Runs, calls: RunCalls, departure: Float64Array, received_at: float
) -> tuple[Int64Array, Int64Array]:
    """Each run once (rows of `runs`), and for each call (k,) of these the row of `calls` that is told of it: of a run
    that several vehicles are told to drive, at each stop that of the next one to come."""
    of_one_run: dict[tuple[str, int, int], list[int]] = {}
    keys = zip(runs.trip_id.tolist(), runs.service_day.tolist(), runs.shift_s.tolist(), strict=True)
    for row, key in enumerate(keys):
        of_one_run.setdefault(key, []).append(row)
    ptr = group_starts(calls.owner, len(runs.trip))
    source, kept = np.arange(len(calls)), np.array([rows[0] for rows in of_one_run.values()], np.int64)
    for first, *others in of_one_run.values():
        if not others or ptr[first] == ptr[first + 1]:
            continue
        each = np.stack([np.arange(ptr[row], ptr[row + 1]) for row in (first, *others)])
        leaves = np.where(np.isnan(departure[each]), np.inf, departure[each])
        over = leaves < received_at - STILL_DUE_S
        best = np.where(over.all(axis=0), np.argmax(leaves, axis=0), np.argmin(np.where(over, np.inf, leaves), axis=0))
        source[each[0]] = each[best, np.arange(each.shape[1])]
    return kept, source


def _told_twice(entity: Int64Array, call: Int64Array) -> int:
    """How many updates (n,) are of a call that their entity tells of in another one too; entities that repeat each
    other count once."""
    calls = int(call.max(initial=NONE)) + 1
    of_entity, times = np.unique(entity * calls + call, return_counts=True)
    most = np.zeros(calls, np.int64)
    np.maximum.at(most, of_entity % max(calls, 1), times - 1)
    return int(most.sum())


def _carried(owner: Int64Array, delay: Float64Array, ends: BoolArray, run_delay: Float64Array) -> Float64Array:
    """Delay at each call (k,): its own or that of the last call before it that has one, else the run's."""
    speaks = np.flatnonzero(~np.isnan(delay) | ends)
    last = np.searchsorted(speaks, np.arange(len(owner)), side="right") - 1
    last = at(speaks, last, NONE)
    of_this_run = at(owner, last, NONE) == owner
    return np.where(of_this_run, at(delay, last), run_delay[owner])


def _before(owner: Int64Array, delay: Float64Array, run_delay: Float64Array) -> Float64Array:
    """The delay at the call before each call (k,), at the first one the run's."""
    before = np.empty(len(delay))
    before[1:], before[:1] = delay[:-1], np.nan
    opens = np.ones(len(owner), bool)
    opens[1:] = owner[1:] != owner[:-1]
    return np.where(opens, run_delay[owner], before)


def _in_order(
    owner: Int64Array, arrival: Float64Array, departure: Float64Array, refused: Counter[str]
) -> tuple[Float64Array, Float64Array]:
    """The times (k,) with none before the one before it in the run."""
    times = np.column_stack([arrival, departure]).ravel()
    known = np.flatnonzero(~np.isnan(times))
    if len(known) == 0:
        return arrival, departure
    base = float(times[known].min())
    # Runs one above the other on a ladder whose steps are longer than any run.
    ladder = np.repeat(owner, 2)[known] * (4.0 * TIME_LIMIT_S)
    ordered = np.maximum.accumulate(times[known] - base + ladder) - ladder + base
    # Reckoned on the ladder a time that was in order may differ by a rounding error.
    backwards = ordered > times[known] + 1e-3
    refused["time_running_backwards"] += int(backwards.sum())
    times[known[backwards]] = ordered[backwards]
    return times[0::2].copy(), times[1::2].copy()


def _stops_now(
    tt: Timetable, calls: RunCalls, updates: _Updates, update: Int64Array, listed: BoolArray
) -> tuple[Int32Array, BoolArray]:
    """The stop of each call (k,) as the message has it, and whether that is another one than scheduled."""
    assigned, named = at(updates.assigned, update, NONE), at(updates.stop, update, NONE)
    platform = (named >= 0) & (tt.stop_location_type[np.maximum(named, 0)] == 0)
    station = np.where(tt.stop_parent >= 0, tt.stop_parent, NONE)
    beside = platform & (station[np.maximum(named, 0)] >= 0) & (station[calls.stop] == station[np.maximum(named, 0)])
    stop = np.where(assigned >= 0, assigned, np.where(beside, named, calls.stop))
    stop = np.where(listed[calls.owner] & (assigned < 0), calls.stop, stop).astype(np.int32)
    return stop, stop != calls.stop


def _scheduled_headsigns(tt: Timetable, runs: _Runs, calls: RunCalls) -> StrArray:
    """What the timetable has each call (k,) bound for, "" where it does not have the call."""
    trip = runs.trip[calls.owner]
    entry = np.where((trip >= 0) & (calls.base_call >= 0), tt.entry_of(trip, calls.base_call), NONE)
    sign = at(tt.call_headsign, entry, NONE)
    of_trip = np.append(tt.trip_headsign, "")[np.where(entry >= 0, trip, NONE)]
    result: StrArray = np.where(sign >= 0, np.append(tt.headsign_name, "")[sign], of_trip)
    return result


def _headsigns(tt: Timetable, runs: _Runs, calls: RunCalls, own_calls: BoolArray) -> StrArray:
    """What each run is bound for: as told; the trip's own where it ends as that does; else the stop where it ends."""
    signs = runs.headsign.astype(object)
    last = group_starts(calls.owner, len(signs))[1:] - 1
    for row in np.flatnonzero((runs.headsign == "") & own_calls).tolist():
        trip, end = int(runs.trip[row]), int(last[row])
        ends_alike = trip >= 0 and calls.base_call[end] == tt.trip_calls[trip] - 1
        signs[row] = str(tt.trip_headsign[trip]) if ends_alike else ""
        signs[row] = signs[row] or str(tt.stop_name[calls.stop[end]])
    return np.array(signs.tolist(), np.str_)


def _lookup(words: Sequence[Any], index: Mapping[Any, int]) -> Int32Array:
    return np.fromiter(map(index.get, words, repeat(NONE)), np.int32, len(words))


def _short(words: Sequence[str]) -> StrArray:
    return np.array([word[:_LONGEST_ID] for word in words], np.str_)
