"""A snapshot as GTFS-Realtime's TripUpdates.

What is said is live or certain: predictions from fresh reports, cancellations and skipped stops. The rest is timetable,
which the reader has.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.gtfs_realtime.descriptors import AddedAs, TripDescriptors, new_feed, write_wheelchair
from feeds.gtfs_realtime.headway_runs import HeadwayAs
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    expand_ranges,
    first_of_each,
)
from predictor.journeys import call_key, dated_calls, dated_journeys
from predictor.past_calls import STILL_DUE_S
from predictor.runs import DatedRuns
from predictor.snapshot import FROM_OPERATOR, FROM_VEHICLE, FROM_VEHICLES, LIVE, SKIPPED, Snapshot
from predictor.timetable import Timetable

_LEFT_S = 300.0
"""So long ago at least are calls told to be that are left before they were due."""
_ANOTHER_VEHICLE_S = 60.0
"""Less than this times fall by rounding."""

_Trip = gtfs_realtime_pb2.TripDescriptor
_StopTimeUpdate = gtfs_realtime_pb2.TripUpdate.StopTimeUpdate


@dataclass(frozen=True, eq=False)
class _Calls(DatedRuns):
    """Calls to be told of, in order of journey and call; all arrays (m,)."""

    call: Int32Array
    skipped: BoolArray
    no_data: BoolArray
    """Only where it calls is told: at another platform."""
    vehicle: Int32Array
    """Index into `Snapshot.vehicles` of the vehicle that drives this trip now, else -1."""
    by_operator: BoolArray
    """The times are the operator's own."""
    follower: Int32Array
    """-1: told of the run itself, of the vehicle furthest along it; else which vehicle behind that one is told of, an
    index into `Snapshot.vehicles` or, where the operator names none, a number above these."""
    arrival: Float64Array
    """NaN where skipped."""
    departure: Float64Array
    uncertainty_s: Float64Array
    occupancy: Int8Array
    """OccupancyStatus that is expected on departure, -1 where the operator does not say."""


def encode_trip_updates(
    snapshot: Snapshot, added_as: AddedAs = "NEW", headway_as: HeadwayAs = "UNSCHEDULED", *, vehicles_live: bool = True
) -> gtfs_realtime_pb2.FeedMessage:
    """Every live prediction, skipped stop, cancelled and deleted trip of the snapshot, and every run that the operator
    adds, duplicates or replaces, with all its calls: the reader's timetable does not have them. A run has one update,
    whose times run forwards: where a second vehicle drives it behind the first, that is told as one more run. Stops
    that the operator's message brought are passed on.

    The times are those of the boards, their `uncertainty` half the width of the 80 % range. `added_as`: what added runs
    are called; readers older than NEW know ADDED.
    `headway_as`: what runs by headway are called; trip planners skip those that are UNSCHEDULED. `vehicles_live`: False
    once the feed of vehicles has stopped: no prediction of theirs is told.
    """
    tt = snapshot.timetable
    message = new_feed(tt, snapshot.made_at)
    journeys = TripDescriptors(tt, added_as, headway_as)
    gone = [
        (journey, relationship)
        for keys, relationship in ((snapshot.cancelled, _Trip.CANCELED), (snapshot.deleted, _Trip.DELETED))
        for journey in _journeys_of(tt, keys)
    ]
    for journey, relationship in gone:
        entity = message.entity.add(id=journeys.name(*journey))
        journeys.describe(entity.trip_update.trip, *journey)
        entity.trip_update.trip.schedule_relationship = relationship
        entity.trip_update.timestamp = message.header.timestamp
    calls = _calls(snapshot, vehicles_live)
    first = np.flatnonzero(first_of_each(calls.service_day, calls.trip, calls.shift_s, calls.follower))
    update_times, ride = _update_times(tt, calls), snapshot.told_vehicles.places(calls)
    of_no_journey = {journey for journey, _ in gone}
    for begin, end in pairwise([*first.tolist(), len(calls.trip)]):
        journey = (int(calls.trip[begin]), int(calls.service_day[begin]), int(calls.shift_s[begin]))
        if journey in of_no_journey:
            continue
        behind = _vehicle_name(snapshot, int(calls.follower[begin]))
        update = message.entity.add(id=f"{journeys.name(*journey)}{behind}").trip_update
        journeys.describe(update.trip, *journey)
        if behind:
            journeys.describe_follower(update.trip, behind, *journey)
        journeys.describe_copy(update, snapshot, *journey)
        vehicle = int(calls.vehicle[begin:end].max())
        update.timestamp = message.header.timestamp
        if vehicle >= 0:
            update.vehicle.id = str(snapshot.vehicles.vehicle_id[vehicle])
            update.vehicle.label = str(snapshot.vehicles.label[vehicle])
            write_wheelchair(update.vehicle, int(snapshot.vehicles.wheelchair[vehicle]))
            update.timestamp = min(update.timestamp, int(snapshot.vehicles.timestamp[vehicle]))  # E012
        elif ride[begin] >= 0 and not behind:
            told = snapshot.told_vehicles
            update.vehicle.id, update.vehicle.label = str(told.vehicle_id[ride[begin]]), str(told.label[ride[begin]])
            write_wheelchair(update.vehicle, int(told.wheelchair[ride[begin]]))
        by_headway, added = bool(journeys.unscheduled[journey[0]]), update.trip.schedule_relationship == _Trip.ADDED
        for row in _ascending(update_times.stop_sequence[begin:end]):
            update_times.write(update.stop_time_update.add(), begin + row, by_headway=by_headway, added=added)
    _write_new_stops(message, tt, tt.call_stop[tt.entry_of(calls.trip, calls.call)])
    return message


def _write_new_stops(message: gtfs_realtime_pb2.FeedMessage, tt: Timetable, stop: Int32Array) -> None:
    """The stops (m,) among those told of that the reader's timetable does not have."""
    for index in np.unique(stop[stop >= tt.base.stops]).tolist():
        stop_id = str(tt.stop_id[index])
        # Younger than the type stubs.
        written: Any = message.entity.add(id=f"stop:{stop_id}")
        written = written.stop
        written.stop_id = stop_id
        written.stop_lat, written.stop_lon = float(tt.stop_lat[index]), float(tt.stop_lon[index])
        for text, field in (
            (tt.stop_name[index], written.stop_name), (tt.stop_code[index], written.stop_code),
            (tt.stop_platform[index], written.platform_code),
        ):  # fmt: skip
            if text:
                field.translation.add(text=str(text))
        if tt.stop_parent[index] >= 0:
            written.parent_station = str(tt.stop_id[tt.stop_parent[index]])


def _journeys_of(tt: Timetable, keys: Int64Array) -> list[tuple[int, int, int]]:
    day, journey = dated_journeys(keys)
    return list(zip(tt.journey_trip[journey].tolist(), day.tolist(), tt.journey_shift_s[journey].tolist(), strict=True))


def _calls(snapshot: Snapshot, vehicles_live: bool) -> _Calls:
    """Predicted calls of all journeys in order, each once, with the skipped ones among them."""
    tt, predictions = snapshot.timetable, snapshot.predictions
    live = (predictions.status == LIVE) & (vehicles_live | ~np.isin(predictions.source, FROM_VEHICLES))
    rows = np.flatnonzero((predictions.trip >= 0) & (live | (predictions.status == SKIPPED)))
    vehicle = predictions.vehicle[rows]
    drives = (predictions.source[rows] == FROM_VEHICLE) & (vehicle >= 0)
    # E047: a vehicle is named with the one trip that its position is given for.
    drives[drives] = snapshot.vehicles.trip[vehicle[drives]] == predictions.trip[rows][drives]
    skipped = predictions.status[rows] == SKIPPED
    predicted = replace(
        _Calls.blank(len(rows)),
        trip=predictions.trip[rows], service_day=predictions.service_day[rows], shift_s=predictions.shift_s[rows],
        call=predictions.call[rows], skipped=skipped, vehicle=np.where(drives, vehicle, NONE),
        by_operator=predictions.source[rows] == FROM_OPERATOR,
        arrival=np.where(skipped, np.nan, predictions.arrival[rows]),
        departure=np.where(skipped, np.nan, predictions.departure[rows]),
        uncertainty_s=np.maximum((predictions.p90[rows] - predictions.p10[rows]) / 2.0, 1.0),
        occupancy=predictions.occupancy[rows],
    )  # fmt: skip
    keys, call = dated_calls(snapshot.skipped)
    day, journey = dated_journeys(keys)
    trip = tt.journey_trip[journey]
    # A run by headway is told by its vehicle's predictions; the slot nearest to it is none that anybody drives.
    slots = np.flatnonzero(~tt.trip_is_frequency[trip])
    unserved = replace(
        _Calls.blank(len(slots)),
        trip=trip[slots], service_day=day[slots], shift_s=tt.journey_shift_s[journey][slots], call=call[slots],
        skipped=np.ones(len(slots), bool),
    )  # fmt: skip
    told = _told_calls(snapshot)
    both = _Calls.joined(predicted, unserved, _own_calls(snapshot, predicted, told))
    # Of several predictions of one call the skip counts most, then that of a vehicle on this very trip.
    untold = np.arange(len(both)) >= len(predicted) + len(unserved)
    order = np.lexsort(
        (both.arrival, untold, both.vehicle < 0, ~both.skipped, both.call, both.shift_s, both.trip, both.service_day)
    )
    both = both.take(order)
    both = both.take(first_of_each(both.service_day, both.trip, both.shift_s, both.call))
    return _with_calls_left(snapshot, _with_followers(tt, _with_silences(tt, both), len(snapshot.vehicles)), told)


def _with_calls_left(snapshot: Snapshot, calls: _Calls, told: Int64Array) -> _Calls:
    """The calls (m,), and those before them that early runs have left: until they are due, readers who do not find them
    here take them for calls to come. `told`: as of `_told_calls`."""
    tt = snapshot.timetable
    opens = first_of_each(calls.service_day, calls.trip, calls.shift_s, calls.follower) & ~np.isnan(calls.arrival)
    opens &= (calls.follower < 0) & (calls.call > 0) & ~tt.trip_is_frequency[calls.trip]
    first = calls.take(np.flatnonzero(opens))
    late_s = first.arrival - first.origin(tt) - tt.arrival_s[tt.entry_of(first.trip, first.call)]
    owner, call = expand_ranges(np.zeros(len(first), np.int64), first.call.astype(np.int64))
    left = replace(first.take(owner), call=call.astype(np.int32), occupancy=np.full(len(call), NONE, np.int8))
    due = left.origin(tt) + tt.departure_s[tt.entry_of(left.trip, left.call)]
    at = np.minimum(due + late_s[owner], snapshot.made_at - _LEFT_S)
    left = replace(left, arrival=at, departure=at).take(due > snapshot.made_at)
    if len(left) == 0:
        return calls
    # Of calls before those of which the operator tells nobody knows, but where it has told of them.
    left = left.take((left.vehicle >= 0) | np.isin(_call_keys(left), told))
    together = _Calls.joined(calls, left)
    return together.take(_by_run_and_follower(together))


def _told_calls(snapshot: Snapshot) -> Int64Array:
    """Keys, as of `_call_keys`, of the calls that the operator tells of or that are past by its word."""
    tt = snapshot.timetable
    keys, call = dated_calls(snapshot.told_calls)
    day, journey = dated_journeys(keys)
    return call_key(DatedRuns(tt.journey_trip[journey], day, tt.journey_shift_s[journey]).run_key, call)


def _with_silences(tt: Timetable, calls: _Calls) -> _Calls:
    """The calls (m,), and where the operator's word on a run ends the call from which on nothing is known: readers
    carry the delay of the one before on."""
    opens = first_of_each(calls.service_day, calls.trip, calls.shift_s)
    told = np.cumsum(calls.by_operator & ~calls.skipped)
    before_run = np.append(0, told)[np.flatnonzero(opens)][np.cumsum(opens) - 1] if len(calls) else told
    ends = np.append(opens[1:], True)[: len(calls)] | (np.diff(calls.call, append=NONE) > 1)
    ends &= (told > before_run) & ~calls.no_data & (calls.call + 1 < tt.trip_calls[calls.trip])
    rows = np.flatnonzero(ends)
    if len(rows) == 0:
        return calls
    silent = replace(
        _Calls.blank(len(rows)),
        trip=calls.trip[rows], service_day=calls.service_day[rows], shift_s=calls.shift_s[rows],
        call=calls.call[rows] + np.int32(1), no_data=np.ones(len(rows), bool),
    )  # fmt: skip
    together = _Calls.joined(calls, silent)
    return together.take(_by_run_and_follower(together))


def _own_calls(snapshot: Snapshot, predicted: _Calls, told: Int64Array) -> _Calls:
    """All calls of the runs that the operator added, duplicated or replaced and that are not over, as scheduled, but no
    later than what is predicted behind them, and past where the operator told so; of those at other platforms only
    these calls, without times."""
    tt = snapshot.timetable
    own = np.arange(tt.base.trips, tt.trips, dtype=np.int32)
    day, shift = tt.run_days[own - tt.base.trips], tt.run_shifts_s[own - tt.base.trips]
    origin = (tt.date_origin[day] + shift).astype(np.float64)
    last_at = np.full(tt.trips, -np.inf)
    np.maximum.at(last_at, predicted.trip, np.nan_to_num(predicted.departure, nan=-np.inf))
    ahead = np.maximum(origin + tt.trip_end_s[own], last_at[own]) >= snapshot.made_at
    own, day, shift, origin = own[ahead], day[ahead], shift[ahead], origin[ahead]
    row, entry = tt.entries_of(own)
    call = tt.call_at(entry)
    arrival = np.full(len(tt.arrival_s), np.inf)
    timed = np.flatnonzero(~np.isnan(predicted.arrival) & (predicted.trip >= tt.base.trips))
    np.minimum.at(arrival, tt.entry_of(predicted.trip[timed], predicted.call[timed]), predicted.arrival[timed])
    # Backwards over all runs, each a step down, so that a later run's times do not reach the one before.
    step = 1.0e7 * (len(own) - row)
    soonest = np.minimum.accumulate((arrival[entry] - step)[::-1])[::-1] + step
    arrival = np.minimum(origin[row] + tt.arrival_s[entry], soonest)
    moved_only = tt.run_relationships[own][row] == _Trip.SCHEDULED
    calls = replace(
        _Calls.blank(len(row)),
        trip=own[row], service_day=day[row], shift_s=shift[row], call=call, no_data=moved_only,
        arrival=np.where(moved_only, np.nan, arrival),
        departure=np.where(moved_only, np.nan, np.minimum(origin[row] + tt.departure_s[entry], soonest)),
        uncertainty_s=np.zeros(len(row)),
    )  # fmt: skip
    keys = _call_keys(calls)
    left = np.isin(keys, told) & ~np.isin(keys, _call_keys(predicted))
    for times in (calls.arrival, calls.departure):
        times[left & (times >= snapshot.made_at - STILL_DUE_S)] = snapshot.made_at - _LEFT_S
    return calls.take(~moved_only | (_scheduled_stops(tt, calls) != tt.call_stop[entry]))


def _scheduled_stops(tt: Timetable, calls: _Calls) -> Int32Array:
    """The stop (m,) at which the reader's timetable has each call: another one where the platform is another."""
    stop, model = tt.call_stop[tt.entry_of(calls.trip, calls.call)], tt.run_models[calls.trip]
    moved = np.flatnonzero((calls.trip >= tt.base.trips) & (tt.run_relationships[calls.trip] == _Trip.SCHEDULED))
    moved = moved[model[moved] >= 0]
    stop[moved] = tt.call_stop[tt.entry_of(model[moved], calls.call[moved])]
    return stop


def _with_followers(tt: Timetable, calls: _Calls, vehicles: int) -> _Calls:
    """The calls (m,), those of vehicles behind the first one of their run told apart and as far as the trip goes."""
    follower = _followers(calls, vehicles)
    if (follower < 0).all():
        return calls
    calls = replace(calls, follower=follower)
    # A skipped call is none of a run that is told by its calls.
    calls = calls.take((follower < 0) | ~calls.skipped)
    calls = calls.take(_by_run_and_follower(calls))
    starts = first_of_each(calls.service_day, calls.trip, calls.shift_s, calls.follower)
    last = np.flatnonzero(np.append(starts[1:], True) & (calls.follower >= 0))
    owner, call = expand_ranges(calls.call[last] + np.int64(1), tt.trip_calls[calls.trip[last]] - calls.call[last] - 1)
    rest = replace(calls.take(last[owner]), call=call.astype(np.int32), occupancy=np.full(len(call), NONE, np.int8))
    served = ~np.isin(_call_keys(rest), _call_keys(calls.take(calls.skipped)))
    rest = rest.take(served)
    from_last = last[owner][served]
    entry, left_s = tt.entry_of(rest.trip, rest.call), tt.departure_s[tt.entry_of(rest.trip, calls.call[from_last])]
    left = calls.departure[from_last]
    rest = replace(rest, arrival=left + tt.arrival_s[entry] - left_s, departure=left + tt.departure_s[entry] - left_s)
    together = _Calls.joined(calls, rest)
    together = together.take(_by_run_and_follower(together))
    # A run needs two calls to be one.
    group = np.cumsum(first_of_each(together.service_day, together.trip, together.shift_s, together.follower)) - 1
    return together.take((together.follower < 0) | (np.bincount(group)[group] > 1))


def _by_run_and_follower(calls: _Calls) -> Int64Array:
    """The order of calls (m,) by run, vehicle on it and call."""
    return np.lexsort((calls.call, calls.follower, calls.shift_s, calls.trip, calls.service_day))


def _followers(calls: _Calls, vehicles: int) -> Int32Array:
    """`follower` of calls (m,): in order of run and call, of two vehicles on one run the second is told of first. Where
    none is named a time before that of the call before gives them away."""
    journey = np.cumsum(first_of_each(calls.service_day, calls.trip, calls.shift_s)) - 1
    first_vehicle = np.full(len(calls), -1, np.int32)
    driven = np.flatnonzero(calls.vehicle >= 0)
    # Of each run the last call counts.
    first_vehicle[journey[driven]] = calls.vehicle[driven]
    behind = (calls.vehicle >= 0) & (calls.vehicle != first_vehicle[journey])
    result = np.where(behind, calls.vehicle, np.int32(NONE))
    timed = np.flatnonzero(~np.isnan(calls.arrival) & calls.by_operator & (first_vehicle[journey] < 0))
    falls = np.zeros(len(timed), np.int64)
    falls[1:] = (np.diff(calls.arrival[timed]) < -_ANOTHER_VEHICLE_S) & (np.diff(journey[timed]) == 0)
    # How often times still fall behind each call, up to the end of its run.
    up_to = np.cumsum(falls)
    at_end = np.zeros(len(calls), np.int64)
    at_end[journey[timed]] = up_to
    to_come = at_end[journey[timed]] - up_to
    result[timed] = np.where(to_come > 0, vehicles + to_come, result[timed]).astype(np.int32)
    return result.astype(np.int32)


def _call_keys(calls: _Calls) -> Int64Array:
    """One number for each call (m,) of a run."""
    return call_key(calls.run_key, calls.call)


def _vehicle_name(snapshot: Snapshot, follower: int) -> str:
    """What is put behind a run's name for a vehicle that follows on it; "" for the run itself."""
    if follower < 0:
        return ""
    vehicles = snapshot.vehicles
    return f":{vehicles.vehicle_id[follower] if follower < len(vehicles) else follower - len(vehicles) + 1}"


def _ascending(sequence: list[int]) -> list[int]:
    """Positions of the longest ascending part.

    A trip whose calls were put in driving order does not follow its feed's stop_sequence, yet updates must (E002):
    those that would break it are left out.
    """
    if all(a < b for a, b in pairwise(sequence)):
        return list(range(len(sequence)))
    tails: list[int] = []
    before: list[int] = []
    for i, value in enumerate(sequence):
        length = bisect_left(tails, value, key=sequence.__getitem__)
        before.append(tails[length - 1] if length else -1)
        tails[length : length + 1] = [i]
    chosen, at = [], tails[-1]
    while at >= 0:
        chosen.append(at)
        at = before[at]
    return chosen[::-1]


@dataclass(frozen=True)
class _Events:
    """The arrivals or the departures of stop time updates, as Python numbers."""

    is_told: list[bool]
    time: list[int]
    delay_s: list[int]
    has_delay: list[bool]
    scheduled: list[int]
    """0 where the reader's timetable has it."""
    uncertainty_s: list[int]

    def write(self, event: gtfs_realtime_pb2.TripUpdate.StopTimeEvent, row: int, *, added: bool) -> None:
        """Fill `event` from one row, of a run called ADDED without the scheduled time: it has none by the
        specification."""
        event.time, event.uncertainty = self.time[row], self.uncertainty_s[row]
        if self.has_delay[row]:
            event.delay = self.delay_s[row]
        if self.scheduled[row] and not added:
            event.scheduled_time = self.scheduled[row]


@dataclass(frozen=True)
class _UpdateTimes:
    """The stop time updates' fields, as Python numbers."""

    stop_sequence: list[int]
    stop_id: list[str]
    skipped: list[bool]
    no_data: list[bool]
    stop_headsign: list[str]
    """"" where the reader's timetable has it."""
    assigned: list[bool]
    """The stop is another platform than the timetable's."""
    arrivals: _Events
    departures: _Events
    occupancy: list[int]
    """-1 where not told."""

    def write(
        self, update: gtfs_realtime_pb2.TripUpdate.StopTimeUpdate, row: int, *, by_headway: bool, added: bool
    ) -> None:
        """Fill `update` from one row."""
        update.stop_sequence = self.stop_sequence[row]
        update.stop_id = self.stop_id[row]
        if self.assigned[row]:
            update.stop_time_properties.assigned_stop_id = self.stop_id[row]
        if self.stop_headsign[row]:
            update.stop_time_properties.stop_headsign = self.stop_headsign[row]
        if self.skipped[row] or self.no_data[row]:
            update.schedule_relationship = _StopTimeUpdate.SKIPPED if self.skipped[row] else _StopTimeUpdate.NO_DATA
            return
        if self.occupancy[row] >= 0 and self.departures.is_told[row]:
            update.departure_occupancy_status = cast(Any, self.occupancy[row])
        scheduled = _StopTimeUpdate.UNSCHEDULED if by_headway else _StopTimeUpdate.SCHEDULED  # E013, W009
        update.schedule_relationship = scheduled
        if self.arrivals.is_told[row]:
            self.arrivals.write(update.arrival, row, added=added)
        if self.departures.is_told[row]:
            self.departures.write(update.departure, row, added=added)


def _update_times(tt: Timetable, calls: _Calls) -> _UpdateTimes:
    """Whole seconds, each stop later than the one before (E022) and no departure before its arrival (E025)."""
    journey = np.cumsum(first_of_each(calls.service_day, calls.trip, calls.shift_s, calls.follower))
    base = np.floor(np.nanmin(calls.arrival)) if np.isfinite(calls.arrival).any() else 0.0
    times = np.column_stack([calls.arrival, calls.departure]) - base
    # A skipped call, which has no time, only takes its second on the ladder.
    seconds = np.where(np.isnan(times), -1e7, np.round(times)).astype(np.int64).ravel()
    # A journey a step up, each stop a second: a running maximum on that ladder never falls back.
    ladder = np.repeat(journey * 100_000_000 - np.arange(len(journey)), 2)
    arrival, departure = (np.maximum.accumulate(seconds + ladder) - ladder).reshape(-1, 2).T + int(base)
    entry = tt.entry_of(calls.trip, calls.call)
    origin = tt.date_origin[calls.service_day] + calls.shift_s
    first, last = calls.call == 0, calls.call == tt.trip_calls[calls.trip] - 1
    own = np.isin(tt.run_relationships[calls.trip], (_Trip.ADDED, _Trip.NEW, _Trip.REPLACEMENT)) | (calls.follower >= 0)
    has_delay = (~tt.trip_is_frequency[calls.trip] & ~own).tolist()
    uncertainty_s = np.round(np.nan_to_num(calls.uncertainty_s)).astype(np.int64).tolist()

    def events(is_told: BoolArray, time: Int64Array, scheduled_s: Int32Array) -> _Events:
        scheduled = origin + scheduled_s[entry]
        return _Events(
            is_told.tolist(), time.tolist(), (time - scheduled).tolist(), has_delay,
            np.where(own, scheduled, 0).tolist(), uncertainty_s,
        )  # fmt: skip

    return _UpdateTimes(
        stop_sequence=tt.stop_sequence[entry].tolist(),
        stop_id=tt.stop_id[tt.call_stop[entry]].tolist(),
        skipped=calls.skipped.tolist(),
        no_data=calls.no_data.tolist(),
        stop_headsign=np.append(tt.headsign_name, "")[
            np.where(calls.trip >= tt.base.trips, tt.call_headsign[entry], NONE)
        ].tolist(),
        assigned=(_scheduled_stops(tt, calls) != tt.call_stop[entry]).tolist(),
        # Of a run that is told of at a single stop both are.
        arrivals=events(~first | last, arrival, tt.arrival_s),
        departures=events(~last | first, departure, tt.departure_s),
        occupancy=calls.occupancy.tolist(),
    )
