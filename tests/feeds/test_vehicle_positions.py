"""Decoding of VehiclePositions: every field, and every fault counted and survived."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError
from feeds.service_times import seconds_of_day, service_date
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.observations import STOPPED_AT, Observations
from tests.feeds.tiny_network import at, tiny_network

TIMETABLE = tiny_network()
NOW = at(8, 5)
Fault = Callable[[gtfs_realtime_pb2.FeedEntity], object]


def good_entity(message: gtfs_realtime_pb2.FeedMessage, name: str = "v1") -> gtfs_realtime_pb2.FeedEntity:
    entity = message.entity.add(id=f"entity-{name}")
    report = entity.vehicle
    report.vehicle.id, report.vehicle.label = name, f"Bus {name}"
    report.trip.trip_id, report.trip.route_id, report.trip.direction_id = "A1", "A", 0
    report.trip.start_date, report.trip.start_time = "20260316", "25:10:00"
    report.position.latitude, report.position.longitude = 47.4, 0.69
    report.position.bearing, report.position.speed = 45.0, 8.5
    report.current_stop_sequence, report.stop_id = 20, "s2"
    report.current_status = gtfs_realtime_pb2.VehiclePosition.STOPPED_AT
    report.occupancy_status = gtfs_realtime_pb2.VehiclePosition.FEW_SEATS_AVAILABLE
    report.timestamp = int(NOW) - 10
    return entity


def new_message() -> gtfs_realtime_pb2.FeedMessage:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = int(NOW) - 2
    return message


def decode(message: gtfs_realtime_pb2.FeedMessage) -> Observations:
    return decode_vehicle_positions(message.SerializePartialToString(), TIMETABLE, NOW)


def test_every_field_is_read() -> None:
    message = new_message()
    good_entity(message)
    seen = decode(message)
    assert seen.received_at == NOW
    assert seen.feed_timestamp == NOW - 2
    assert seen.vehicle_id.tolist() == ["v1"]
    assert seen.vehicle_label.tolist() == ["Bus v1"]
    assert TIMETABLE.trip_id[seen.trip[0]] == "A1"
    assert seen.service_date.tolist() == [20260316]
    assert seen.start_time_s.tolist() == [25 * 3600 + 600]
    assert TIMETABLE.route_id[seen.route[0]] == "A"
    assert seen.direction.tolist() == [0]
    np.testing.assert_allclose([seen.lat[0], seen.lon[0]], [47.4, 0.69], atol=1e-5)
    assert (seen.bearing[0], seen.speed[0]) == (45.0, 8.5)
    assert seen.stop_sequence.tolist() == [20]
    assert TIMETABLE.stop_id[seen.stop[0]] == "s2"
    assert seen.stop_status.tolist() == [STOPPED_AT]
    assert seen.occupancy.tolist() == [2]
    assert seen.timestamp.tolist() == [NOW - 10]
    assert seen.refused == {}


def test_array_types_are_those_of_the_contract() -> None:
    message = new_message()
    good_entity(message)
    seen, empty = decode(message), Observations.empty(NOW)
    for name in Observations.__dataclass_fields__:
        value = getattr(empty, name)
        if isinstance(value, np.ndarray):
            assert getattr(seen, name).dtype.kind == value.dtype.kind, name
            assert getattr(seen, name).dtype == value.dtype or value.dtype.kind == "U", name


def test_a_bare_report_has_none_everywhere_and_is_dated_by_the_header() -> None:
    message = new_message()
    report = message.entity.add(id="only").vehicle
    report.position.latitude, report.position.longitude = 47.4, 0.69
    seen = decode(message)
    assert seen.vehicle_id.tolist() == ["only"]
    for column in (seen.trip, seen.start_time_s, seen.route, seen.direction, seen.stop, seen.stop_sequence):
        assert column.tolist() == [-1]
    assert seen.stop_status.tolist() == seen.occupancy.tolist() == [-1]
    assert seen.service_date.tolist() == [0]
    assert np.isnan(seen.bearing[0])
    assert np.isnan(seen.speed[0])
    assert seen.timestamp.tolist() == [NOW - 2]
    assert seen.refused == {"timestamp_missing": 1, "vehicle_id_missing": 1}


def test_without_any_timestamp_the_time_of_receipt_counts() -> None:
    message = new_message()
    message.header.ClearField("timestamp")
    good_entity(message).vehicle.ClearField("timestamp")
    seen = decode(message)
    assert np.isnan(seen.feed_timestamp)
    assert seen.timestamp.tolist() == [NOW]


def _set(path: str, value: object) -> Fault:
    def fault(entity: gtfs_realtime_pb2.FeedEntity) -> None:
        *parents, last = path.split(".")
        target: object = entity.vehicle
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, last, value)

    return fault


_STOP = ("stop_id", "current_stop_sequence")


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("position_missing", lambda e: [e.vehicle.ClearField(name) for name in ("position", *_STOP)]),
        ("position_missing", lambda e: e.vehicle.position.ClearField("longitude")),
        ("position_missing", _set("position.latitude", float("nan"))),
        ("position_out_of_range", _set("position.latitude", 90.5)),
        ("position_out_of_range", _set("position.longitude", float("inf"))),
        (
            "position_at_zero",
            lambda e: (
                _set("position.latitude", 0)(e),
                _set("position.longitude", 0)(e),
                [e.vehicle.ClearField(name) for name in _STOP],
            ),
        ),
        ("timestamp_in_future", _set("timestamp", int(NOW) + 361)),
        ("timestamp_stale", _set("timestamp", int(NOW) - 86_401)),
        ("deleted_entity", lambda e: setattr(e, "is_deleted", True)),
    ],
)
def test_a_useless_report_is_refused_and_the_others_kept(reason: str, fault: Fault) -> None:
    message = new_message()
    fault(good_entity(message, "bad"))
    good_entity(message, "good")
    seen = decode(message)
    assert seen.vehicle_id.tolist() == ["good"]
    assert seen.refused == {reason: 1}


@pytest.mark.parametrize(
    ("reason", "fault", "field", "left"),
    [
        ("unknown_trip", lambda e: (_set("trip.trip_id", "nowhere")(e), _set("trip.start_time", "")(e)), "trip", -1),
        ("unknown_route", _set("trip.route_id", "nowhere"), "route", -1),
        ("unknown_stop", _set("stop_id", "nowhere"), "stop", -1),
        ("direction_out_of_range", _set("trip.direction_id", 7), "direction", -1),
        ("bearing_out_of_range", _set("position.bearing", 361.0), "bearing", np.nan),
        ("bearing_out_of_range", _set("position.bearing", -1.0), "bearing", np.nan),
        ("speed_out_of_range", _set("position.speed", 61.0), "speed", np.nan),
        ("speed_out_of_range", _set("position.speed", -0.5), "speed", np.nan),
        ("start_date_malformed", _set("trip.start_date", "04/03/2026"), "service_date", 0),
        ("start_time_malformed", _set("trip.start_time", "8x05"), "start_time_s", -1),
        ("stop_sequence_out_of_range", _set("current_stop_sequence", 2**32 - 1), "stop_sequence", -1),
    ],
)
def test_an_absurd_field_is_left_out_and_the_report_kept(reason: str, fault: Fault, field: str, left: float) -> None:
    message = new_message()
    fault(good_entity(message))
    seen = decode(message)
    np.testing.assert_equal(float(getattr(seen, field)[0]), float(left))
    assert seen.refused == {reason: 1}


def test_of_duplicate_vehicles_the_newest_is_kept() -> None:
    message = new_message()
    for age in (30, 5, 60):
        entity = good_entity(message)
        entity.vehicle.timestamp = int(NOW) - age
    good_entity(message, "v0").vehicle.position.latitude += 0.001
    seen = decode(message)
    assert dict(zip(seen.vehicle_id.tolist(), seen.timestamp.tolist(), strict=True)) == {"v0": NOW - 10, "v1": NOW - 5}
    assert seen.refused == {"duplicate_vehicle": 2}


def test_of_equally_new_duplicates_the_one_with_a_trip_is_kept() -> None:
    message = new_message()
    good_entity(message)
    good_entity(message).vehicle.ClearField("trip")
    assert decode(message).trip.tolist() == [TIMETABLE.trip_index["A1"]]


def test_a_vehicle_without_id_goes_by_label_then_trip_then_entity() -> None:
    message = new_message()
    good_entity(message, "a").vehicle.vehicle.ClearField("id")
    good_entity(message, "b").vehicle.ClearField("vehicle")
    third = good_entity(message, "c").vehicle
    third.ClearField("vehicle")
    third.ClearField("trip")
    for place, entity in enumerate(message.entity):
        entity.vehicle.position.latitude += 0.001 * place
    seen = decode(message)
    assert seen.vehicle_id.tolist() == ["Bus a", "A1 25:10:00", "entity-c"]
    assert seen.refused == {"vehicle_id_missing": 3}


def test_bearing_360_is_north() -> None:
    message = new_message()
    good_entity(message).vehicle.position.bearing = 360.0
    assert decode(message).bearing.tolist() == [0.0]


def test_an_absurdly_long_id_is_cut() -> None:
    message = new_message()
    good_entity(message, "x" * 100_000)
    seen = decode(message)
    assert seen.vehicle_id.dtype.itemsize <= 4 * 128
    assert seen.refused == {"text_too_long": 2}


def test_a_message_of_other_entities_or_none_gives_no_observation() -> None:
    message = new_message()
    message.entity.add(id="t").trip_update.trip.trip_id = "A1"
    assert len(decode(message)) == 0
    assert len(decode(new_message())) == 0


def test_a_whole_feed_from_tomorrow_or_an_hour_back_is_refused() -> None:
    for shift in (86400, -3700):
        message = new_message()
        message.header.timestamp = int(NOW) + shift
        with pytest.raises(FeedError, match="header timestamp"):
            decode(message)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("25:10:00", 90600), ("8:05", 29100), (" 08:05:09", 29109), ("08:61:00", None), ("-1:00:00", None), ("", None)],
)
def test_start_time_is_parsed(text: str, seconds: int | None) -> None:
    assert seconds_of_day(text) == seconds


@pytest.mark.parametrize(
    ("text", "date"), [("20260316", 20260316), ("2026-03-16", 20260316), ("20261316", None), ("2026", None)]
)
def test_start_date_is_parsed(text: str, date: int | None) -> None:
    assert service_date(text) == date


def test_ids_in_latin_1_are_read_as_such() -> None:
    message = new_message()
    good_entity(message, "X~")
    data = message.SerializeToString().replace(b"X~", b"\xc9\xe9")
    assert decode_vehicle_positions(data, TIMETABLE, NOW).vehicle_id.tolist() == ["Éé"]
