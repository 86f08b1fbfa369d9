"""A snapshot as GTFS-Realtime's TripUpdates.

What is said is live or certain: predictions from fresh reports, cancellations and skipped stops. The rest is timetable,
which the reader has.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.gtfs_realtime.descriptors import AddedAs, TripDescriptors, new_feed, write_vehicle
from feeds.gtfs_realtime.headway_runs import HeadwayAs
from feeds.gtfs_realtime.told_calls import ToldCalls, made_otherwise, scheduled_entries, told_calls
from predictor.arrays import BoolArray, Int32Array, Int64Array, is_one_of, or_where_unknown, running_maximum
from predictor.journeys import runs_of
from predictor.snapshot import CANCELLED, Snapshot
from predictor.timetable import Timetable

_Trip = gtfs_realtime_pb2.TripDescriptor
_StopTimeUpdate = gtfs_realtime_pb2.TripUpdate.StopTimeUpdate


def encode_trip_updates(
    snapshot: Snapshot, added_as: AddedAs = "NEW", headway_as: HeadwayAs = "UNSCHEDULED", *, vehicles_live: bool = True
) -> gtfs_realtime_pb2.FeedMessage:
    """Every live prediction, skipped stop, cancelled and deleted trip of the snapshot, and every run that the operator
    adds, duplicates or replaces, cancelled or not, with all its calls: the reader's timetable does not have them. A run
    has one update, whose times run forwards: where a second vehicle drives it behind the first, that is told as one
    more run. Stops that the operator's message brought are passed on.

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
        for journey in runs_of(keys, tt).identities()
    ]
    for journey, relationship in gone:
        entity = message.entity.add(id=journeys.name(*journey))
        journeys.describe(entity.trip_update.trip, *journey)
        entity.trip_update.trip.schedule_relationship = relationship
        entity.trip_update.timestamp = message.header.timestamp
        if relationship == _Trip.CANCELED and str(tt.trip_id[journey[0]]) not in tt.base.trip_index:
            _write_calls_not_made(entity.trip_update, tt, *journey)
        elif relationship == _Trip.CANCELED:
            _write_late_calls(entity.trip_update, snapshot, *journey)
    calls = told_calls(snapshot, vehicles_live)
    first = np.flatnonzero(calls.opens)
    update_times, ride = _update_times(tt, calls), snapshot.told_vehicles.places(calls)
    of_no_journey = {journey for journey, _ in gone}
    for begin, end in pairwise([*first.tolist(), len(calls.trip)]):
        journey = calls.identity(begin)
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
            write_vehicle(update.vehicle, snapshot.vehicles, vehicle)
            update.timestamp = min(update.timestamp, int(snapshot.vehicles.timestamp[vehicle]))  # E012
        elif ride[begin] >= 0 and not behind:
            write_vehicle(update.vehicle, snapshot.told_vehicles, int(ride[begin]))
        for row in _ascending(update_times.stop_sequence[begin:end]):
            update_times.write(update.stop_time_update.add(), begin + row, update.trip.schedule_relationship)
    _write_new_stops(message, tt, tt.call_stop[tt.entry_of(calls.trip, calls.call)])
    return message


def _write_calls_not_made(
    update: gtfs_realtime_pb2.TripUpdate, tt: Timetable, trip: int, day: int, shift_s: int
) -> None:
    """Where and when a run was to call that the reader's timetable does not have."""
    origin = int(tt.date_origin[day]) + shift_s
    for entry in range(int(tt.trip_call_ptr[trip]), int(tt.trip_call_ptr[trip + 1])):
        call = update.stop_time_update.add(
            stop_sequence=int(tt.stop_sequence[entry]), stop_id=str(tt.stop_id[tt.call_stop[entry]]),
            schedule_relationship=_StopTimeUpdate.SKIPPED,
        )  # fmt: skip
        call.arrival.time = origin + int(tt.arrival_s[entry])
        call.departure.time = origin + int(tt.departure_s[entry])


def _write_late_calls(
    update: gtfs_realtime_pb2.TripUpdate, snapshot: Snapshot, trip: int, day: int, shift_s: int
) -> None:
    """When a late run of the timetable would have called: riders wait for it."""
    tt, told = snapshot.timetable, snapshot.predictions
    rows = np.flatnonzero((told.status == CANCELLED) & (told.trip == trip))
    rows = rows[(told.service_day[rows] == day) & (told.shift_s[rows] == shift_s)]
    rows = rows[np.argsort(told.call[rows])]
    entries = tt.entry_of(told.trip[rows], told.call[rows])
    for row in _ascending(tt.stop_sequence[entries].tolist()):
        entry = int(entries[row])
        call = update.stop_time_update.add(
            stop_sequence=int(tt.stop_sequence[entry]), stop_id=str(tt.stop_id[tt.call_stop[entry]])
        )
        call.arrival.time, call.departure.time = int(told.arrival[rows[row]]), int(told.departure[rows[row]])


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
    """0 where nobody knows: told, this would be a time that is certain."""

    def write(
        self, event: gtfs_realtime_pb2.TripUpdate.StopTimeEvent, row: int, *, is_predicted: bool, added: bool
    ) -> None:
        """Fill `event` from one row, of a run called ADDED without the scheduled time: it has none by the
        specification."""
        if is_predicted or added:
            event.time = self.time[row]
            if self.uncertainty_s[row]:
                event.uncertainty = self.uncertainty_s[row]
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
    properties: list[dict[str, str | int]]
    """StopTimeProperties of calls that are made otherwise than in the reader's timetable, by the field's name."""
    arrivals: _Events
    departures: _Events
    occupancy: list[int]
    """-1 where not told."""

    def write(self, update: gtfs_realtime_pb2.TripUpdate.StopTimeUpdate, row: int, run: int) -> None:
        """Fill `update` from one row, of a run of this ScheduleRelationship."""
        update.stop_sequence = self.stop_sequence[row]
        update.stop_id = self.stop_id[row]
        for name, value in self.properties[row].items():
            setattr(update.stop_time_properties, name, value)
        # Readers of ADDED, which know no scheduled times, would not know when it calls.
        added, predicted = run == _Trip.ADDED, not (self.no_data[row] or self.skipped[row])
        if self.skipped[row] or not (predicted or added):
            update.schedule_relationship = _StopTimeUpdate.SKIPPED if self.skipped[row] else _StopTimeUpdate.NO_DATA
        elif run == _Trip.UNSCHEDULED:
            update.schedule_relationship = _StopTimeUpdate.UNSCHEDULED  # E013, W009
        else:
            update.schedule_relationship = _StopTimeUpdate.SCHEDULED
        if self.skipped[row] and added:
            return
        if self.occupancy[row] >= 0 and self.departures.is_told[row]:
            update.departure_occupancy_status = cast(Any, self.occupancy[row])
        for events, event in ((self.arrivals, "arrival"), (self.departures, "departure")):
            if events.is_told[row] and (predicted or events.scheduled[row]):
                events.write(getattr(update, event), row, is_predicted=predicted, added=added)


def _update_times(tt: Timetable, calls: ToldCalls) -> _UpdateTimes:
    """Whole seconds, each stop later than the one before (E022) and no departure before its arrival (E025)."""
    journey = np.cumsum(calls.opens)
    base = np.floor(np.nanmin(calls.arrival)) if np.isfinite(calls.arrival).any() else 0.0
    times = np.column_stack([calls.arrival, calls.departure]) - base
    # A skipped call, which has no time, only takes its second.
    seconds = np.where(np.isnan(times), -1e7, np.round(times)).astype(np.int64).ravel()
    at_least = np.repeat(np.arange(len(journey)), 2)
    ascending = running_maximum(seconds - at_least, np.repeat(journey, 2)) + at_least
    arrival, departure = ascending.reshape(-1, 2).T + int(base)
    entry = tt.entry_of(calls.trip, calls.call)
    origin = calls.origin(tt)
    first, last = calls.call == 0, calls.call == tt.trip_calls[calls.trip] - 1
    own = is_one_of(tt.run_relationships[calls.trip], (_Trip.ADDED, _Trip.NEW, _Trip.REPLACEMENT))
    own |= calls.follower >= 0
    has_delay = (~tt.trip_is_frequency[calls.trip] & ~own).tolist()
    uncertainty_s = np.round(or_where_unknown(calls.uncertainty_s, 0.0)).astype(np.int64).tolist()

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
        properties=_properties(tt, calls),
        # Both are of a run that is told of at a single stop, and by the specification of one that brings its calls.
        arrivals=events(~first | last | own, arrival, tt.arrival_s),
        departures=events(~last | first | own, departure, tt.departure_s),
        occupancy=calls.occupancy.tolist(),
    )


def _properties(tt: Timetable, calls: ToldCalls) -> list[dict[str, str | int]]:
    result: list[dict[str, str | int]] = [{} for _ in range(len(calls))]
    for name, (rows, values) in made_otherwise(tt, calls, scheduled_entries(tt, calls)).items():
        for row, value in zip(rows.tolist(), values.tolist(), strict=True):
            result[row][name] = value
    return result
