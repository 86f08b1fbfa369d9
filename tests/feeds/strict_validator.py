"""The rules of MobilityData's GTFS-Realtime validator that apply to what we write, each by its id."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
from google.transit import gtfs_realtime_pb2

from predictor.timetable import Timetable

_Trip = gtfs_realtime_pb2.TripDescriptor
_Stop = gtfs_realtime_pb2.TripUpdate.StopTimeUpdate
_COVERAGE_M = 1609.0
_SHAPE_M = 200.0


def violations(
    timetable: Timetable,
    now: float,
    *,
    trip_updates: gtfs_realtime_pb2.FeedMessage | None = None,
    vehicle_positions: gtfs_realtime_pb2.FeedMessage | None = None,
    alerts: gtfs_realtime_pb2.FeedMessage | None = None,
) -> list[str]:
    """What the validator would say, each line beginning with the rule's id; empty where all is well."""
    found: list[str] = []
    for message in (trip_updates, vehicle_positions, alerts):
        if message is not None:
            # What is sent is bytes: a message that cannot be written is none.
            found += _header(gtfs_realtime_pb2.FeedMessage.FromString(message.SerializeToString()), now)
    if trip_updates is not None:
        for entity in trip_updates.entity:
            found += [f"{line} in {entity.id}" for line in _trip_update(entity.trip_update, timetable)]
    if vehicle_positions is not None:
        found += _vehicles(vehicle_positions, timetable)
    if alerts is not None:
        for entity in alerts.entity:
            found += [f"{line} in {entity.id}" for line in _alert(entity.alert, timetable)]
    if trip_updates is not None and vehicle_positions is not None:
        found += _pairing(trip_updates, vehicle_positions)
    return found


def _posix(value: int) -> bool:
    return 10**9 <= value < 10**10


def _header(message: gtfs_realtime_pb2.FeedMessage, now: float) -> Iterator[str]:
    header = message.header
    if header.gtfs_realtime_version not in ("1.0", "2.0"):
        yield "E038 invalid version"
    if not header.timestamp:
        yield "E048 header timestamp not populated"
    elif not _posix(header.timestamp):
        yield "E001 header timestamp not POSIX"
    if not header.HasField("incrementality"):
        yield "E049 incrementality not populated"
    if header.timestamp > now + 60:
        yield "E050 timestamp in the future"
    if now - header.timestamp > 65:
        yield "W008 header older than 65 s"
    for name, count in Counter(entity.id for entity in message.entity).items():
        if count > 1 or not name:
            yield f"GTFS-RT reference: entity id {name!r} is not unique"
    for entity in message.entity:
        if entity.is_deleted:
            yield f"E039 is_deleted in a full dataset, {entity.id}"
        for at in (entity.trip_update.timestamp, entity.vehicle.timestamp):
            if at and not _posix(at):
                yield f"E001 {at} in {entity.id}"
            if at > header.timestamp:
                yield f"E012 {entity.id} is newer than the header"


def _descriptor(trip: gtfs_realtime_pb2.TripDescriptor, tt: Timetable) -> Iterator[str]:
    if not trip.trip_id:
        yield "W006 no trip_id"
        return
    if not trip.HasField("schedule_relationship"):
        yield "W009 trip schedule_relationship not populated"
    if trip.route_id and trip.route_id not in tt.route_index:
        yield f"E004 unknown route {trip.route_id}"
    if trip.start_date and not re.fullmatch(r"\d{8}", trip.start_date):
        yield f"E021 start_date {trip.start_date}"
    if trip.start_time and not re.fullmatch(r"\d{2,3}:[0-5]\d:[0-5]\d", trip.start_time):
        yield f"E020 start_time {trip.start_time}"
    known = tt.trip_index.get(trip.trip_id)
    if known is None:
        if trip.schedule_relationship not in (_Trip.ADDED, _Trip.NEW):
            yield f"E003 unknown trip {trip.trip_id}"
        return
    if trip.schedule_relationship in (_Trip.ADDED, _Trip.NEW):
        yield "E016 an added trip is in the timetable"
    pattern = tt.trip_pattern[known]
    if trip.route_id and tt.route_id[tt.pattern_route[pattern]] != trip.route_id:
        yield "E035 trip is not of this route"
    if trip.HasField("direction_id") and trip.direction_id != tt.pattern_direction[pattern]:
        yield "E024 direction"
    start = _seconds(trip.start_time) if trip.start_time else None
    journeys = np.flatnonzero(tt.journey_trip == known)
    if tt.trip_is_frequency[known]:
        if not (trip.start_time and trip.start_date):
            yield "E006 a run by headway without start_time or start_date"
        if trip.schedule_relationship not in (_Trip.UNSCHEDULED, _Trip.CANCELED):
            yield "E013 a run by headway is not UNSCHEDULED"
    elif len(journeys) > 1 and start is not None:
        if start - tt.trip_start_s[known] not in tt.journey_shift_s[journeys]:
            yield "E019 start_time is no slot"
    elif start is not None and start != tt.arrival_s[tt.trip_call_ptr[known]]:
        yield "E023 start_time is not the timetable's"


def _trip_update(update: gtfs_realtime_pb2.TripUpdate, tt: Timetable) -> Iterator[str]:
    yield from _descriptor(update.trip, tt)
    if not update.timestamp:
        yield "W001 no timestamp"
    cancelled = update.trip.schedule_relationship in (_Trip.CANCELED, _Trip.DELETED)
    if cancelled and update.stop_time_update:
        yield "a cancelled trip with stop_time_updates"
    if not cancelled and not update.stop_time_update:
        yield "E041 no stop_time_update"
    known = tt.trip_index.get(update.trip.trip_id)
    stop_of: dict[int, str] = {}
    if known is not None:
        span = slice(tt.trip_call_ptr[known], tt.trip_call_ptr[known + 1])
        stop_of = dict(zip(tt.stop_sequence[span].tolist(), tt.stop_id[tt.call_stop[span]].tolist(), strict=True))
    last_sequence, last_stop, last_time = -1, "", 0
    for stop in update.stop_time_update:
        if not stop.HasField("stop_sequence") and not stop.stop_id:
            yield "E040 neither stop_sequence nor stop_id"
        if not stop.HasField("stop_sequence") and len(set(stop_of.values())) < len(stop_of):
            yield "E009 a stop served twice without stop_sequence"
        if stop.stop_sequence == last_sequence:
            yield "E036 stop_sequence repeated"
        if stop.stop_sequence < last_sequence:
            yield "E002 stop_sequence not sorted"
        # A loop whose stops between are not told of is none of this, as the rule's text says.
        between = any(last_sequence < sequence < stop.stop_sequence for sequence in stop_of)
        if stop.stop_id == last_stop and not between:
            yield "E037 stop_id repeated"
        last_sequence, last_stop = stop.stop_sequence, stop.stop_id
        if stop.stop_id not in tt.stop_index:
            yield f"E011 unknown stop {stop.stop_id}"
        elif tt.stop_location_type[tt.stop_index[stop.stop_id]] != 0:
            yield "E015 stop is a station"
        if stop_of and stop.stop_sequence not in stop_of:
            yield f"E051 stop_sequence {stop.stop_sequence} is not in the trip"
        elif stop_of and stop_of[stop.stop_sequence] != stop.stop_id:
            yield "E045 stop_sequence and stop_id do not match"
        if not stop.HasField("schedule_relationship"):
            yield "W009 stop schedule_relationship not populated"
        events = [event for name, event in (("arrival", stop.arrival), ("departure", stop.departure))
                  if stop.HasField(name)]  # fmt: skip
        if stop.schedule_relationship in (_Stop.SKIPPED, _Stop.NO_DATA):
            if events:
                yield "E042 times where none are served"
            continue
        if not events:
            yield "E043 neither arrival nor departure"
        if known is not None and tt.trip_is_frequency[known]:
            if stop.schedule_relationship != _Stop.UNSCHEDULED:
                yield "E013 a stop of a run by headway is not UNSCHEDULED"
            if any(event.HasField("delay") for event in events):
                yield "GTFS-RT reference: a delay against no schedule"
        for event in events:
            if not event.HasField("time") and not event.HasField("delay"):
                yield "E044 neither time nor delay"
            if not _posix(event.time):
                yield f"E001 {event.time}"
        times = [event.time for event in events]
        if times != sorted(times):
            yield "E025 departure before arrival"
        if times and times[0] <= last_time:
            yield "E022 times do not increase"
        last_time = max([last_time, *times])


def _vehicles(message: gtfs_realtime_pb2.FeedMessage, tt: Timetable) -> Iterator[str]:
    for name, count in Counter(entity.vehicle.vehicle.id for entity in message.entity).items():
        if not name:
            yield "W002 vehicle_id not populated"
        if count > 1:
            yield f"E052 vehicle {name} is not unique"
    lats, lons = np.append(tt.stop_lat, tt.line_lat), np.append(tt.stop_lon, tt.line_lon)
    for entity in message.entity:
        report, who = entity.vehicle, f"in {entity.id}"
        position = report.position
        if report.HasField("trip"):
            yield from (f"{line} {who}" for line in _descriptor(report.trip, tt))
        if not report.timestamp:
            yield f"W001 no timestamp {who}"
        if not (abs(position.latitude) <= 90 and abs(position.longitude) <= 180):
            yield f"E026 invalid position {who}"
        if position.HasField("bearing") and not 0 <= position.bearing <= 360:
            yield f"E027 invalid bearing {who}"
        if position.HasField("speed") and not 0 <= position.speed <= 26:
            yield f"W004 unrealistic speed {who}"
        if report.stop_id and report.stop_id not in tt.stop_index:
            yield f"E011 unknown stop {who}"
        here = np.array([position.latitude]), np.array([position.longitude])
        box = [
            np.clip(value, np.nanmin(every), np.nanmax(every)) for value, every in zip(here, (lats, lons), strict=True)
        ]
        if _metres(*here, *box)[0] > _COVERAGE_M:
            yield f"E028 outside the network {who}"
        known = tt.trip_index.get(report.trip.trip_id)
        if known is not None:
            line = tt.pattern_line[tt.trip_pattern[known]]
            span = slice(tt.line_ptr[line], tt.line_ptr[line + 1])
            if tt.line_has_shape[line] and _off_line(tt.line_lat[span], tt.line_lon[span], *here) > _SHAPE_M:
                yield f"E029 far from its shape {who}"


def _alert(alert: gtfs_realtime_pb2.Alert, tt: Timetable) -> Iterator[str]:
    if not alert.informed_entity:
        yield "E032 no informed_entity"
    for selector in alert.informed_entity:
        if not selector.ListFields():
            yield "E033 a selector without specifiers"
        if selector.route_id and selector.route_id not in tt.route_index:
            yield "E004 unknown route"
        if selector.stop_id and selector.stop_id not in tt.stop_index:
            yield "E011 unknown stop"
        if selector.trip.trip_id and selector.trip.trip_id not in tt.trip_index:
            yield "E003 unknown trip"
        if selector.agency_id and selector.agency_id not in tt.route_agency_id:
            yield "E034 unknown agency"
        if selector.HasField("trip") and not selector.trip.HasField("schedule_relationship"):
            yield "W009 schedule_relationship not populated"
    for period in alert.active_period:
        if any(value and not _posix(value) for value in (period.start, period.end)):
            yield "E001 active_period"


def _pairing(trips: gtfs_realtime_pb2.FeedMessage, vehicles: gtfs_realtime_pb2.FeedMessage) -> Iterator[str]:
    trip_of = {e.vehicle.vehicle.id: _run(e.vehicle.trip) for e in vehicles.entity if e.vehicle.HasField("trip")}
    positions = {e.vehicle.vehicle.id for e in vehicles.entity}
    for entity in trips.entity:
        update = entity.trip_update
        if not update.vehicle.id:
            continue
        if update.vehicle.id not in positions:
            yield f"W003 vehicle {update.vehicle.id} has no position"
        if trip_of.get(update.vehicle.id, _run(update.trip)) != _run(update.trip):
            yield f"E047 vehicle {update.vehicle.id} is paired with two trips"


def _run(trip: gtfs_realtime_pb2.TripDescriptor) -> tuple[str, str, str]:
    return trip.trip_id, trip.start_date, trip.start_time


def _seconds(text: str) -> int:
    hours, minutes, seconds = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def _metres(lat1: np.ndarray, lon1: np.ndarray, lat2: np.ndarray, lon2: np.ndarray) -> np.ndarray:
    result: np.ndarray = 111_195 * np.hypot(lat2 - lat1, (lon2 - lon1) * np.cos(np.radians(lat1)))
    return result


def _off_line(lat: np.ndarray, lon: np.ndarray, at_lat: np.ndarray, at_lon: np.ndarray) -> float:
    """Metres from a position to the nearest segment."""
    scale = np.cos(np.radians(at_lat))
    x, y = (lon - at_lon) * scale * 111_195, (lat - at_lat) * 111_195
    dx, dy = np.diff(x), np.diff(y)
    square = np.maximum(dx * dx + dy * dy, 1e-9)
    along = np.clip(-(x[:-1] * dx + y[:-1] * dy) / square, 0.0, 1.0)
    return float(np.hypot(x[:-1] + along * dx, y[:-1] + along * dy).min())
