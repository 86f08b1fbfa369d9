"""The entities of a message in one pass: what each says of its run, and its stop time updates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.gtfs.headsigns import destination
from feeds.ids.known_ids import id_of, ids_of, known_indices, short_text
from feeds.ids.run_names import direction_of
from feeds.messages.message import all_posix_seconds, measured_at
from feeds.messages.unset_parts import NO_EVENT, NO_MODIFIED_TRIP, NO_STOP_PROPERTIES, NO_TRIP_PROPERTIES, NO_VEHICLE
from feeds.trip_updates.message_columns import (
    DELAY_LIMIT_S,
    OF_TIMETABLE,
    TIME_LIMIT_S,
    StopTimeUpdates,
    first_known,
)
from feeds.trip_updates.modifications import names_as_modified
from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, is_one_of
from predictor.timetable import PLATFORM, Timetable
from predictor.trip_updates import (
    STOP_NO_DATA,
    STOP_SCHEDULED,
    STOP_SKIPPED,
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_NEW,
    TRIP_UNSCHEDULED,
)

_NAN = float("nan")
_LEFT_BEHIND_S = 20 * 3600.0
"""A time so much longer ago than another of its run is one of the day before."""
_NO_REAL_VEHICLE = "schedBasedVehicle"
"""How TransitClock's name for the vehicle ends where it has none."""


class Entities(NamedTuple):
    """What the entities (n,) of a message say of their runs."""

    words: list[tuple[str, ...]]
    """Trip id, the id that it is served by, start date, start time, route id, shape id, headsign, short name, vehicle
    id, vehicle label."""
    numbers: list[tuple[float, ...]]
    """Relationship, delay of the run as a whole, direction, GTFS `wheelchair_accessible` of the vehicle, whether it is
    named as modified, time at which it was measured."""

    @property
    def measured_at(self) -> Float64Array:
        """(n,) POSIX seconds, 0 where not given."""
        return np.array([row[-1] for row in self.numbers], np.float64)

    @property
    def is_dated(self) -> BoolArray:
        """(n,) whether a start date is given."""
        return np.array([words[2] != "" for words in self.words], bool)


def read_entities(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, received_at: float, refused: Counter[str]
) -> tuple[Entities, StopTimeUpdates]:
    """One pass over the message."""
    words: list[tuple[str, ...]] = []
    numbers: list[tuple[float, ...]] = []
    rows: list[tuple[float, ...]] = []
    stops: list[tuple[str, str, str]] = []
    as_modified = names_as_modified(message)
    for entity in message.entity:
        if entity.is_deleted:
            refused["deleted_entity"] += 1
            continue
        if not entity.HasField("trip_update"):
            continue
        update = _as_known(entity.trip_update)
        run_words = _run_words(update, entity.id, as_modified)
        if run_words is None:
            refused["trip_id_missing"] += 1
            continue
        owner = len(words)
        words.append(run_words)
        numbers.append(_run_numbers(update, as_modified))
        for stop in update.stop_time_update:
            kinds = stop.stop_time_properties if stop.HasField("stop_time_properties") else NO_STOP_PROPERTIES
            stops.append((stop.stop_id, kinds.assigned_stop_id, kinds.stop_headsign))
            rows.append((owner, *_call_numbers(stop, kinds)))
    return Entities(words, numbers), _update_columns(rows, stops, timetable, received_at, refused)


def _as_known(update: gtfs_realtime_pb2.TripUpdate) -> gtfs_realtime_pb2.TripUpdate:
    """Itself; of a run without a vehicle whose times a program has only reckoned by the timetable, what it says
    besides: that it is cancelled, or skips stops."""
    if not update.HasField("vehicle") or not update.vehicle.id.endswith(_NO_REAL_VEHICLE):
        return update
    skipped = [stop for stop in update.stop_time_update if stop.schedule_relationship == STOP_SKIPPED]
    return gtfs_realtime_pb2.TripUpdate(trip=update.trip, timestamp=update.timestamp, stop_time_update=skipped)


def _run_words(
    update: gtfs_realtime_pb2.TripUpdate, entity_id: str, as_modified: Mapping[str, str]
) -> tuple[str, ...] | None:
    """`Entities.words` of one; None where it names no run. `as_modified`: see `names_as_modified`."""
    trip, relationship = update.trip, update.trip.schedule_relationship
    modified = trip.modified_trip if trip.HasField("modified_trip") else NO_MODIFIED_TRIP
    properties = update.trip_properties if update.HasField("trip_properties") else NO_TRIP_PROPERTIES
    vehicle = update.vehicle if update.HasField("vehicle") else NO_VEHICLE
    label = vehicle.label or vehicle.license_plate
    # Of a run of the timetable these are to be ignored, as the reference says.
    own = NO_TRIP_PROPERTIES if relationship in OF_TIMETABLE else properties
    # Beside a modification any other id is one of its own, for readers who know of none.
    trip_id = modified.affected_trip_id or as_modified.get(id_of(trip.trip_id), trip.trip_id)
    if relationship in (TRIP_CANCELED, TRIP_DELETED):
        # Of a copy that is told of as it was when it was added.
        trip_id = own.trip_id or trip_id
    start_time = own.start_time or trip.start_time or modified.start_time
    if not trip_id and relationship in (TRIP_ADDED, TRIP_NEW, TRIP_UNSCHEDULED):
        # The ids of entities often count them, and change from message to message.
        by_line = trip.route_id and start_time
        own_id = "" if relationship == TRIP_UNSCHEDULED else entity_id
        trip_id = f"{trip.route_id} {trip.direction_id} {start_time}" if by_line else own_id
    if not trip_id and not (trip.route_id and start_time):
        return None
    return (
        trip_id, own.trip_id or trip_id,
        own.start_date or trip.start_date or modified.start_date,
        start_time, trip.route_id, properties.shape_id, properties.trip_headsign, properties.trip_short_name,
        vehicle.id or label, label or vehicle.id,
    )  # fmt: skip


def _run_numbers(update: gtfs_realtime_pb2.TripUpdate, as_modified: Mapping[str, str]) -> tuple[float, ...]:
    """`Entities.numbers` of one."""
    trip = update.trip
    gone = trip.schedule_relationship in (TRIP_ADDED, TRIP_NEW) and _calls_nowhere(update)
    return (
        TRIP_CANCELED if gone else trip.schedule_relationship,
        float(update.delay) if update.HasField("delay") else np.nan,
        direction_of(trip),
        # GTFS-Realtime counts from "no value" and "unknown".
        max(update.vehicle.wheelchair_accessible - 1, 0) if update.HasField("vehicle") else 0,
        trip.HasField("modified_trip") or id_of(trip.trip_id) in as_modified,
        measured_at(update.timestamp),
    )


def _calls_nowhere(update: gtfs_realtime_pb2.TripUpdate) -> bool:
    """Whether all the stops that it lists are skipped: so a run that the timetable does not have is cancelled."""
    stops = update.stop_time_update
    return len(stops) > 0 and all(stop.schedule_relationship == STOP_SKIPPED for stop in stops)


def _call_numbers(
    stop: gtfs_realtime_pb2.TripUpdate.StopTimeUpdate,
    kinds: gtfs_realtime_pb2.TripUpdate.StopTimeUpdate.StopTimeProperties,
) -> tuple[float, ...]:
    arrival = stop.arrival if stop.HasField("arrival") else NO_EVENT
    departure = stop.departure if stop.HasField("departure") else NO_EVENT
    return (
        stop.stop_sequence if stop.HasField("stop_sequence") else NONE,
        stop.schedule_relationship,
        arrival.time,
        arrival.delay if arrival.HasField("delay") else _NAN,
        arrival.scheduled_time,
        departure.time,
        departure.delay if departure.HasField("delay") else _NAN,
        departure.scheduled_time,
        arrival.uncertainty,
        departure.uncertainty,
        kinds.pickup_type if kinds.HasField("pickup_type") else NONE,
        kinds.drop_off_type if kinds.HasField("drop_off_type") else NONE,
        stop.departure_occupancy_status if stop.HasField("departure_occupancy_status") else NONE,
    )


def _update_columns(
    rows: list[tuple[float, ...]],
    stops: list[tuple[str, str, str]],
    timetable: Timetable,
    received_at: float,
    refused: Counter[str],
) -> StopTimeUpdates:
    owner, sequence, relationship, *times, unsure_s, unsure_of_leaving_s, pickup, drop_off, occupancy = (
        np.array(rows, np.float64).reshape(-1, 14).T
    )
    uncertainty_s = np.maximum(unsure_s, unsure_of_leaving_s)
    stop_id, assigned_id, headsign = (
        ids_of(column) for column in (zip(*stops, strict=True) if stops else ((), (), ()))
    )
    stop, assigned = (
        known_indices(words, timetable.stop_named, timetable, "unknown_stop", refused)
        for words in (stop_id, assigned_id)
    )
    # A station is no place to board at.
    assigned[(assigned >= 0) & (timetable.stop_location_type[np.maximum(assigned, 0)] != PLATFORM)] = NONE
    arrival, arrival_delay, scheduled_arrival, departure, departure_delay, scheduled_departure = times
    untimed = is_one_of(relationship, (STOP_SKIPPED, STOP_NO_DATA))
    arrival, departure, scheduled_arrival, scheduled_departure = (
        _near(all_posix_seconds(time), received_at, refused)
        for time in (arrival, departure, scheduled_arrival, scheduled_departure)
    )
    arrival_delay, departure_delay = (
        np.where(untimed, np.nan, delay_in_range(delay, refused)) for delay in (arrival_delay, departure_delay)
    )
    arrival = first_known(arrival, scheduled_arrival + arrival_delay)
    departure = first_known(departure, scheduled_departure + departure_delay)
    arrival, departure = _of_one_run(arrival, departure, owner.astype(np.int64), received_at, refused)
    # The time of a call that is not made, or of which nothing is known, is when it was to be.
    scheduled_arrival = first_known(scheduled_arrival, np.where(untimed, arrival, np.nan))
    scheduled_departure = first_known(scheduled_departure, np.where(untimed, departure, np.nan))
    return StopTimeUpdates(
        owner=owner.astype(np.int64),
        entity=owner.astype(np.int64),
        sequence=np.where(sequence < 2**31, sequence, NONE).astype(np.int32),
        stop=stop,
        assigned=assigned,
        # UNSCHEDULED says of a call that it is made, as SCHEDULED does.
        relationship=np.where(untimed, relationship, STOP_SCHEDULED).astype(np.int8),
        arrival=np.where(untimed, np.nan, arrival),
        arrival_delay_s=arrival_delay,
        scheduled_arrival=scheduled_arrival,
        departure=np.where(untimed, np.nan, departure),
        departure_delay_s=departure_delay,
        scheduled_departure=scheduled_departure,
        uncertainty_s=np.where((uncertainty_s > 0) & (uncertainty_s < DELAY_LIMIT_S), uncertainty_s, np.nan),
        # A call that is not made lets nobody on or off whatever is told.
        pickup_type=np.where(relationship == STOP_SKIPPED, NONE, pickup).astype(np.int8),
        drop_off_type=np.where(relationship == STOP_SKIPPED, NONE, drop_off).astype(np.int8),
        headsign=short_text([destination(sign) for sign in headsign], refused),
        occupancy=occupancy.astype(np.int8),
    )


def _near(time: Float64Array, received_at: float, refused: Counter[str]) -> Float64Array:
    absurd = (time > 0) & (np.abs(time - received_at) > TIME_LIMIT_S)
    refused["time_out_of_range"] += int(absurd.sum())
    return np.where((time > 0) & ~absurd, time, np.nan)


def _of_one_run(
    arrival: Float64Array, departure: Float64Array, owner: Int64Array, received_at: float, refused: Counter[str]
) -> tuple[Float64Array, Float64Array]:
    """The times (m,) without those of the day before: where a run tells of times near now as well, they were left
    behind."""
    runs = int(owner.max(initial=-1)) + 1
    nearest = np.full(runs, np.inf)
    for time in (arrival, departure):
        np.fmin.at(nearest, owner, np.abs(time - received_at))
    left = []
    for time in (arrival, departure):
        with np.errstate(invalid="ignore"):
            old = received_at - time > nearest[owner] + _LEFT_BEHIND_S
        refused["time_out_of_range"] += int(old.sum())
        left.append(np.where(old, np.nan, time))
    return left[0], left[1]


def delay_in_range(delay: Float64Array, refused: Counter[str]) -> Float64Array:
    """Delays (n,), NaN where nobody can mean them."""
    absurd = np.abs(delay) > DELAY_LIMIT_S
    refused["delay_out_of_range"] += int(absurd.sum())
    return np.where(absurd, np.nan, delay)
