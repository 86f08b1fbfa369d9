"""GTFS-Realtime messages of an operator, a line for each entity.

Times are "HH:MM" or "HH:MM:SS" of the service day (they may pass 24 h), or POSIX seconds. What is given as a keyword
goes into the field of that name; enumerations by their name in GTFS-Realtime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from google.transit import gtfs_realtime_pb2

from benchmarks.field.network import Network, Stop, departure_of, seconds
from predictor.arrays import Int64Array

Time = str | float
Clock = Callable[[Time], float]
"""POSIX seconds of a time."""

_TRIP_FIELDS = ("start_date", "start_time", "route_id", "direction_id", "schedule_relationship")


@dataclass(frozen=True)
class Bus:
    """A report of a vehicle: where it stands, or a drive along its trip's timetable."""

    vehicle: str
    trip: str | None = None
    at: str = ""
    """It stands at this stop."""
    between: tuple[str, str, float] | None = None
    """Two stops, and the share of the way from one to the other."""
    place: tuple[float, float] | None = None
    """(east, north) metres seen from the network's first stop."""
    late_s: float | None = None
    """It drives its trip by the timetable, so many seconds late, a report a step."""
    run_start: str = ""
    """Of a drive: when this run starts, where not at the time of its trip."""
    stuck_at: str = ""
    """A drive goes as far as this stop and stands there from then on, reporting."""
    silent_from: Time | None = None
    """Its last report is of this time."""
    timestamp: Time | None = None
    """By default that of the moment at which it is told; a drive's moves on."""
    age_s: float = 0.0
    """So old was its report when it was told."""
    fresh: bool = False
    """It goes on reporting from where it is."""
    carriages: tuple[str, ...] = ()
    """OccupancyStatus of each of its carriages."""
    fields: Mapping[str, Any] = field(default_factory=dict)


def bus(vehicle: str, trip: str | None = None, at: str = "", **fields: Any) -> Bus:
    """Parameters: those of `Bus`; fields of TripDescriptor (`start_date=20261126`, …), of VehicleDescriptor (`label`,
    `wheelchair_accessible`), of VehiclePosition (`stop_id`, `current_stop_sequence`, `current_status`,
    `occupancy_status`) and of Position (`bearing`, `speed`)."""
    own = {name: fields.pop(name) for name in list(fields) if name in Bus.__dataclass_fields__}
    return Bus(vehicle, trip, at, fields=fields, **own)


@dataclass(frozen=True)
class StopUpdate:
    """A StopTimeUpdate; `arrival` and `departure` are times, `delay`s seconds."""

    stop: str | None
    arrival: Time | None = None
    departure: Time | None = None
    delay: int | None = None
    """Of both events."""
    arrival_delay: int | None = None
    departure_delay: int | None = None
    sequence: int | None = None
    relationship: str = ""
    assigned_stop: str = ""
    headsign: str = ""
    uncertainty: int | None = None
    occupancy: str = ""
    """OccupancyStatus on departure."""
    scheduled: Time | None = None
    """When both events were to be, of a run that the timetable does not have."""
    pickup: str = ""
    """Whether riders may board, as DropOffPickupType."""
    drop_off: str = ""


def skipped(stop: str | None = None, sequence: int | None = None) -> StopUpdate:
    """The trip does not call there."""
    return StopUpdate(stop, sequence=sequence, relationship="SKIPPED")


def no_data(stop: str | None = None, sequence: int | None = None) -> StopUpdate:
    """From there on nothing is known."""
    return StopUpdate(stop, sequence=sequence, relationship="NO_DATA")


@dataclass(frozen=True)
class TripUpdate:
    """What the operator says of one run."""

    trip: str | None
    stops: tuple[StopUpdate, ...] = ()
    relationship: str = ""
    delay: int | None = None
    vehicle: str = ""
    timestamp: Time | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def update(trip: str | None, *stops: StopUpdate, relationship: str = "", **fields: Any) -> TripUpdate:
    """Parameters: `relationship` of the trip, such as CANCELED; `delay`, `vehicle`, `timestamp`; fields of
    TripDescriptor (`start_date`, `start_time`, `route_id`, `direction_id`); of VehicleDescriptor (`label`,
    `wheelchair_accessible`); of TripProperties with `new_` before
    them (`new_trip_id`, `new_start_date`, `new_start_time`, `new_trip_headsign`, `new_trip_short_name`)."""
    own = {name: fields.pop(name) for name in list(fields) if name in ("delay", "vehicle", "timestamp")}
    return TripUpdate(trip, stops, relationship, fields=fields, **own)


def cancelled(trip: str | None, *stops: StopUpdate, **fields: Any) -> TripUpdate:
    """The run does not take place."""
    return update(trip, *stops, relationship="CANCELED", **fields)


@dataclass(frozen=True)
class AlertMessage:
    """A message to riders."""

    header: str | Mapping[str, str]
    informed: tuple[Mapping[str, Any], ...] = ()
    description: str | Mapping[str, str] = ""
    url: str = ""
    cause: str = "UNKNOWN_CAUSE"
    effect: str = "UNKNOWN_EFFECT"
    severity: str = ""
    active: tuple[tuple[Time | None, Time | None], ...] = ()
    communication: tuple[tuple[Time | None, Time | None], ...] = ()
    entity_id: str | None = None


def alert(header: str | Mapping[str, str], *informed: Mapping[str, Any], **fields: Any) -> AlertMessage:
    """Parameters: `header` text, or texts by language; `informed` selectors, each a dict of fields of EntitySelector
    (`agency_id`, `route_id`, `route_type`, `direction_id`, `stop_id`) and, for its trip, `trip_id` and fields of
    TripDescriptor with `trip_` before them (`trip_route_id`); the rest those of `AlertMessage`."""
    return AlertMessage(header, informed, **fields)


@dataclass(frozen=True)
class Writer:
    """Writes messages about one network."""

    network: Network
    clock: Clock
    _timed_calls: dict[str, tuple[list[Stop], Int64Array, Int64Array]] = field(default_factory=dict, init=False)

    def vehicle_positions(self, buses: Iterable[Bus], now: float, told_at: float | None = None) -> bytes:
        """A message of `now` with what was told at `told_at` (POSIX seconds)."""
        message = _message(now)
        for place, report in enumerate(buses):
            measured_at = self._measured_at(report, now, now if told_at is None else told_at)
            stop = self._place(report, measured_at)
            vehicle = message.entity.add(id=str(place)).vehicle
            vehicle.timestamp = int(measured_at)
            vehicle.vehicle.id = report.vehicle
            vehicle.position.latitude, vehicle.position.longitude = stop.lat, stop.lon
            if report.trip is not None:
                vehicle.trip.trip_id = report.trip
            for number, status in enumerate(report.carriages, 1):
                _set(vehicle.multi_carriage_details.add(carriage_sequence=number), "occupancy_status", status)
            for name, value in report.fields.items():
                part = next(
                    part
                    for part in (vehicle, vehicle.trip, vehicle.vehicle, vehicle.position)
                    if name in part.DESCRIPTOR.fields_by_name
                )
                _set(part, name, value)
        return message.SerializeToString()

    def trip_updates(self, updates: Iterable[TripUpdate], now: float) -> bytes:
        """A message of `now`, POSIX seconds."""
        message = _message(now)
        for place, update in enumerate(updates):
            written = message.entity.add(id=str(place)).trip_update
            written.timestamp = int(now if update.timestamp is None else self.clock(update.timestamp))
            if update.trip is not None:
                written.trip.trip_id = update.trip
            if update.relationship:
                _set(written.trip, "schedule_relationship", update.relationship)
            if update.delay is not None:
                written.delay = update.delay
            if update.vehicle:
                written.vehicle.id = update.vehicle
            for name, value in update.fields.items():
                new = name.startswith("new_")
                of_vehicle = name in ("label", "wheelchair_accessible")
                part = written.trip_properties if new else written.vehicle if of_vehicle else written.trip
                _set(part, name.removeprefix("new_"), value)
            for stop in update.stops:
                self._write(written.stop_time_update.add(), stop)
        return message.SerializeToString()

    def alerts(self, alerts: Iterable[AlertMessage], now: float) -> bytes:
        """A message of `now`, POSIX seconds."""
        message = _message(now)
        for place, alert in enumerate(alerts):
            entity = message.entity.add(id=str(place) if alert.entity_id is None else alert.entity_id)
            written = entity.alert
            _set(written, "cause", alert.cause)
            _set(written, "effect", alert.effect)
            if alert.severity:
                _set(written, "severity_level", alert.severity)
            for texts, text_field in (
                (alert.header, written.header_text), (alert.description, written.description_text),
                (alert.url, written.url),
            ):  # fmt: skip
                for language, text in ({"": texts} if isinstance(texts, str) else texts).items():
                    if text:
                        translation = text_field.translation.add(text=text)
                        if language:
                            translation.language = language
            for spans, periods in (
                (alert.active, written.active_period),
                (alert.communication, _communication(written)),
            ):
                for start, end in spans:
                    period = periods.add()
                    # What is an integer already may be larger than a float can tell.
                    if start is not None:
                        period.start = start if isinstance(start, int) else int(self.clock(start))
                    if end is not None:
                        period.end = end if isinstance(end, int) else int(self.clock(end))
            for selector in alert.informed:
                named = written.informed_entity.add()
                for name, value in selector.items():
                    of_trip = name.startswith("trip_") or name in ("start_date", "start_time", "schedule_relationship")
                    trip_field = name if name == "trip_id" else name.removeprefix("trip_")
                    _set(named.trip if of_trip else named, trip_field if of_trip else name, value)
        return message.SerializeToString()

    def _write(self, written: Any, update: StopUpdate) -> None:
        if update.stop is not None:
            written.stop_id = update.stop
        if update.sequence is not None:
            written.stop_sequence = update.sequence
        if update.relationship:
            _set(written, "schedule_relationship", update.relationship)
        if update.occupancy:
            _set(written, "departure_occupancy_status", update.occupancy)
        if update.assigned_stop:
            written.stop_time_properties.assigned_stop_id = update.assigned_stop
        if update.headsign:
            written.stop_time_properties.stop_headsign = update.headsign
        for name, kind in (("pickup_type", update.pickup), ("drop_off_type", update.drop_off)):
            if kind:
                _set(written.stop_time_properties, name, kind)
        for event, at, own_delay in (
            ("arrival", update.arrival, update.arrival_delay),
            ("departure", update.departure, update.departure_delay),
        ):
            delay = update.delay if own_delay is None else own_delay
            if at is not None:
                getattr(written, event).time = int(self.clock(at))
            if delay is not None:
                getattr(written, event).delay = delay
            if update.scheduled is not None:
                getattr(written, event).scheduled_time = int(self.clock(update.scheduled))
            if update.uncertainty is not None and (at is not None or delay is not None):
                getattr(written, event).uncertainty = update.uncertainty

    def _measured_at(self, report: Bus, now: float, told_at: float) -> float:
        moves = report.late_s is not None or report.fresh
        at = (now if moves else told_at) - report.age_s if report.timestamp is None else self.clock(report.timestamp)
        return at if report.silent_from is None else min(at, self.clock(report.silent_from))

    def _place(self, report: Bus, at: float) -> Stop:
        places = self.network.places
        if report.late_s is not None:
            return self._driven(report, at)
        if report.at:
            return places[report.at]
        if report.between is not None:
            before, after, share = report.between
            return _on_the_way(places[before], places[after], share)
        assert report.place is not None, f"bus {report.vehicle} is nowhere"
        return Stop("", *report.place)

    def _timed(self, trip: str) -> tuple[list[Stop], Int64Array, Int64Array]:
        """The stops of a trip's calls that have a time, and when it arrives and leaves, seconds of the service day."""
        if trip not in self._timed_calls:
            calls = [call for call in self.network.calls(trip) if call.arrival]
            self._timed_calls[trip] = (
                [self.network.places[call.stop] for call in calls],
                np.array([seconds(call.arrival) for call in calls]),
                np.array([seconds(departure_of(call)) for call in calls]),
            )
        return self._timed_calls[trip]

    def _driven(self, report: Bus, at: float) -> Stop:
        assert report.trip is not None and report.late_s is not None
        stops, arrival_s, departure_s = self._timed(report.trip)
        shift = seconds(report.run_start) - int(arrival_s[0]) if report.run_start else 0
        origin = self.clock("00:00") + shift + report.late_s
        if report.stuck_at:
            stops = stops[: [stop.stop_id for stop in stops].index(report.stuck_at) + 1]
        arrival, departure = arrival_s[: len(stops)] + origin, departure_s[: len(stops)] + origin
        place = int(np.searchsorted(arrival, at, side="right")) - 1
        if place < 0:
            return stops[0]
        if place == len(stops) - 1 or at <= departure[place]:
            return stops[place]
        share = (at - departure[place]) / (arrival[place + 1] - departure[place])
        return _on_the_way(stops[place], stops[place + 1], float(share))


def _on_the_way(before: Stop, after: Stop, share: float) -> Stop:
    return Stop(
        "",
        before.east_m + share * (after.east_m - before.east_m),
        before.north_m + share * (after.north_m - before.north_m),
    )


def _message(now: float) -> gtfs_realtime_pb2.FeedMessage:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = gtfs_realtime_pb2.FeedHeader.FULL_DATASET
    message.header.timestamp = int(now)
    return message


def _communication(written: Any) -> Any:
    # Younger than the type stubs.
    return written.communication_period


def _set(part: Any, name: str, value: Any) -> None:
    """A field by its name; enumerations by name, dates as numbers."""
    described = part.DESCRIPTOR.fields_by_name[name]
    if described.enum_type is not None and isinstance(value, str):
        value = described.enum_type.values_by_name[value].number
    elif described.type == described.TYPE_STRING:
        value = str(value)
    setattr(part, name, value)
