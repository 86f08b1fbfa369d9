"""The entities of a message in one pass: what each says of its run, and its stop time updates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.known_ids import id_of, indices_of
from feeds.message import posix_seconds, posix_times
from feeds.trip_updates.distinct_texts_loop import distinct
from feeds.trip_updates.message_columns import DELAY_LIMIT_S, OF_TIMETABLE, TIME_LIMIT_S, StopTimeUpdates
from feeds.trip_updates.stop_times_loop import NUMBERS, TEXTS, read
from predictor.arrays import NONE, Float64Array, Int32Array, Int64Array, StrArray, UInt8Array
from predictor.timetable import Timetable
from predictor.trip_updates import STOP_NO_DATA, STOP_SKIPPED, TRIP_ADDED, TRIP_NEW

_LONGEST_ID = 128
_NO_PROPERTIES = gtfs_realtime_pb2.TripUpdate.TripProperties()


class Entities(NamedTuple):
    """What the entities (n,) of a message say of their runs."""

    words: list[tuple[str, ...]]
    """Trip id, the id that it is served by, start date, start time, route id, shape id, headsign, short name, vehicle
    id."""
    numbers: list[tuple[float, ...]]
    """Relationship, delay of the run as a whole, direction, time at which it was measured."""

    @property
    def measured_at(self) -> Float64Array:
        """(n,) POSIX seconds, 0 where not given."""
        return np.array([row[-1] for row in self.numbers], np.float64)


def read_entities(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, received_at: float, refused: Counter[str]
) -> tuple[Entities, StopTimeUpdates]:
    """One pass over the message; what it holds that is unknown to us is taken from it."""
    words: list[tuple[str, ...]] = []
    numbers: list[tuple[float, ...]] = []
    told: list[bytes] = []
    stop_time_updates = 0
    # As protobuf writes it each field stands once: of what it does not know that cannot be told.
    message.DiscardUnknownFields()
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
        own = _NO_PROPERTIES if relationship in OF_TIMETABLE else properties
        trip_id = trip.trip_id or modified.affected_trip_id
        if not trip_id and relationship in (TRIP_ADDED, TRIP_NEW):
            trip_id = entity.id
        start_time = own.start_time or trip.start_time or modified.start_time
        if not trip_id and not (trip.route_id and start_time):
            refused["trip_id_missing"] += 1
            continue
        words.append(
            (
                trip_id, own.trip_id or trip_id,
                own.start_date or trip.start_date or modified.start_date,
                start_time, trip.route_id, properties.shape_id, properties.trip_headsign, properties.trip_short_name,
                update.vehicle.id or update.vehicle.label,
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
        told.append(update.SerializePartialToString())
        stop_time_updates += len(update.stop_time_update)
    return Entities(words, numbers), _update_columns(told, stop_time_updates, timetable, received_at, refused)


def _update_columns(
    told: list[bytes], updates: int, timetable: Timetable, received_at: float, refused: Counter[str]
) -> StopTimeUpdates:
    """The stop time updates of TripUpdates `told`, of which there are so many in all."""
    joined = b"".join(told)
    data, ends = np.frombuffer(joined, np.uint8), np.cumsum([len(update) for update in told], dtype=np.int64)
    numbers, spans = read(data, ends, updates)
    of = dict(zip(NUMBERS, numbers.T, strict=True))
    stop_ids, assigned_ids, headsigns = (_texts(joined, data, spans[:, nth]) for nth in range(len(TEXTS)))
    stop, assigned = (_stops(*ids, timetable, refused) for ids in (stop_ids, assigned_ids))
    # A station is no place to board at.
    assigned[(assigned >= 0) & (timetable.stop_location_type[np.maximum(assigned, 0)] != 0)] = NONE
    arrival, arrival_delay, scheduled_arrival = (of[name] for name in NUMBERS[3:6])
    departure, departure_delay, scheduled_departure = (of[name] for name in NUMBERS[6:9])
    relationship, uncertainty_s = of["relationship"], of["uncertainty_s"]
    owner, sequence, pickup, drop_off = (
        np.where(np.isnan(of[name]), NONE, of[name]) for name in ("owner", "sequence", "pickup_type", "drop_off_type")
    )
    untimed = np.isin(relationship, (STOP_SKIPPED, STOP_NO_DATA))
    arrival, departure, scheduled_arrival, scheduled_departure = (
        _near(time, received_at, refused) for time in (arrival, departure, scheduled_arrival, scheduled_departure)
    )
    arrival_delay, departure_delay = (
        np.where(untimed, np.nan, delay_in_range(delay, refused)) for delay in (arrival_delay, departure_delay)
    )
    return StopTimeUpdates(
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
        headsign=short_text(headsigns[0])[headsigns[1]],
    )


def _texts(joined: bytes, data: UInt8Array, spans: Int64Array) -> tuple[list[str], Int64Array]:
    """The texts that stand in spans (n, 2), each once, and which of them each span holds (n,)."""
    which, each = distinct(data, np.ascontiguousarray(spans))
    return [id_of(_text(joined[begin:end])) for begin, end in each.tolist()], which


def _stops(names: list[str], which: Int64Array, timetable: Timetable, refused: Counter[str]) -> Int32Array:
    """The stops (n,) that are named, -1 where none or none that is known."""
    index = indices_of(names, timetable.stop_named, timetable)
    unknown = np.array([name != "" for name in names], bool) & (index < 0)
    refused["unknown_stop"] += int(unknown[which].sum())
    return index[which]


def _text(text: bytes) -> str | bytes:
    """As protobuf hands it over: as bytes what is no UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text


def _near(time: Float64Array, received_at: float, refused: Counter[str]) -> Float64Array:
    time = posix_times(time)
    absurd = (time > 0) & (np.abs(time - received_at) > TIME_LIMIT_S)
    refused["time_out_of_range"] += int(absurd.sum())
    return np.where((time > 0) & ~absurd, time, np.nan)


def delay_in_range(delay: Float64Array, refused: Counter[str]) -> Float64Array:
    """Delays (n,), NaN where nobody can mean them."""
    absurd = np.abs(delay) > DELAY_LIMIT_S
    refused["delay_out_of_range"] += int(absurd.sum())
    return np.where(absurd, np.nan, delay)


def short_text(words: Sequence[str]) -> StrArray:
    """Ids and texts (n,), cut where they are longer than any is."""
    return np.array([word[:_LONGEST_ID] for word in words], np.str_)
