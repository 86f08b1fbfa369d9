"""The operator's alerts."""

from __future__ import annotations

import math

import pytest
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError
from feeds.operator_alerts import decode_alerts
from tests.feeds.tiny_network import at, tiny_network

TIMETABLE = tiny_network()


def new_message() -> gtfs_realtime_pb2.FeedMessage:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    return message


def test_every_field_is_read() -> None:
    message = new_message()
    alert = message.entity.add(id="42").alert
    alert.cause, alert.effect = gtfs_realtime_pb2.Alert.ACCIDENT, gtfs_realtime_pb2.Alert.DETOUR
    alert.header_text.translation.add(text="Accident", language="fr")
    alert.header_text.translation.add(text="Crash", language="en")
    alert.description_text.translation.add(text="Rue fermée")
    alert.url.translation.add(text="https://example.org", language="fr")
    alert.active_period.add(start=int(at(8)), end=int(at(9)))
    alert.active_period.add(start=int(at(20)))
    alert.informed_entity.add(route_id="A")
    alert.informed_entity.add(stop_id="s2", route_id="B")
    alert.informed_entity.add().trip.trip_id = "A1"
    (seen,) = decode_alerts(message.SerializeToString(), TIMETABLE)
    assert (seen.alert_id, seen.cause, seen.effect) == ("42", "ACCIDENT", "DETOUR")
    assert seen.header == {"fr": "Accident", "en": "Crash"}
    assert seen.description == {"": "Rue fermée"}
    assert seen.url == {"fr": "https://example.org"}
    assert seen.active == ((at(8), at(9)), (at(20), math.inf))
    assert seen.routes == {TIMETABLE.route_index["A"], TIMETABLE.route_index["B"]}
    assert seen.stops == {TIMETABLE.stop_index["s2"]}
    assert seen.trips == {TIMETABLE.trip_index["A1"]}
    assert not seen.whole_network
    assert seen.active_at(at(8, 30))
    assert not seen.active_at(at(10))


def test_a_route_type_means_its_routes_and_an_agency_everyone() -> None:
    message = new_message()
    message.entity.add(id="trams").alert.informed_entity.add(route_type=0)
    message.entity.add(id="all").alert.informed_entity.add(agency_id="tiny")
    message.entity.add(id="bare").alert.header_text.translation.add(text="x")
    trams, everyone, bare = decode_alerts(message.SerializeToString(), TIMETABLE)
    assert trams.routes == {TIMETABLE.route_index["F"]}
    assert not trams.whole_network
    assert everyone.whole_network
    assert bare.whole_network
    assert (bare.cause, bare.effect, bare.active) == ("UNKNOWN_CAUSE", "UNKNOWN_EFFECT", ())


def test_unknown_ids_are_left_out_and_do_not_widen_the_alert() -> None:
    message = new_message()
    alert = message.entity.add(id="1").alert
    alert.informed_entity.add(route_id="nowhere")
    alert.informed_entity.add(stop_id="nowhere")
    (seen,) = decode_alerts(message.SerializeToString(), TIMETABLE)
    assert not (seen.routes or seen.stops or seen.trips or seen.whole_network)


def test_deleted_and_other_entities_are_passed_over_and_the_last_of_one_id_counts() -> None:
    message = new_message()
    message.entity.add(id="1").alert.header_text.translation.add(text="old")
    message.entity.add(id="1").alert.header_text.translation.add(text="new")
    message.entity.add(id="2", is_deleted=True).alert.header_text.translation.add(text="gone")
    message.entity.add(id="3").trip_update.trip.trip_id = "A1"
    (seen,) = decode_alerts(message.SerializeToString(), TIMETABLE)
    assert seen.header == {"": "new"}


def test_what_is_no_feed_is_refused() -> None:
    with pytest.raises(FeedError, match="alerts: the answer is empty"):
        decode_alerts(b"", TIMETABLE)


def test_text_in_latin_1_is_read_as_such() -> None:
    message = new_message()
    message.entity.add(id="1").alert.header_text.translation.add(text="X~rable")
    (seen,) = decode_alerts(message.SerializeToString().replace(b"X~", b"\xc9\xe9"), TIMETABLE)
    assert seen.header == {"": "Éérable"}
