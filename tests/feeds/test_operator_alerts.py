"""The operator's alerts."""

from __future__ import annotations

import json
import math

import pytest
from google.transit import gtfs_realtime_pb2

from feeds.alerts.alert import Selector, TripSelector
from feeds.alerts.decoding import decode_alerts
from feeds.errors import FeedError
from tests.feeds.tiny_network import at


def new_message() -> gtfs_realtime_pb2.FeedMessage:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    return message


def test_every_field_is_read() -> None:
    message = new_message()
    alert = message.entity.add(id="42").alert
    alert.cause, alert.effect = gtfs_realtime_pb2.Alert.ACCIDENT, gtfs_realtime_pb2.Alert.DETOUR
    alert.severity_level = gtfs_realtime_pb2.Alert.SEVERE
    alert.header_text.translation.add(text="Accident", language="fr")
    alert.header_text.translation.add(text="Crash", language="en")
    alert.description_text.translation.add(text="Rue fermée")
    alert.url.translation.add(text="https://example.org", language="fr")
    alert.active_period.add(start=int(at(20)))
    alert.active_period.add(start=int(at(8)), end=int(at(9)))
    alert.informed_entity.add(route_id="A", direction_id=0)
    alert.informed_entity.add(stop_id="s2", route_id="B", agency_id="tiny", route_type=3)
    trip = alert.informed_entity.add().trip
    trip.trip_id, trip.start_date, trip.start_time = "F1", "20260316", "06:10:00"
    (seen,) = decode_alerts(message.SerializeToString())
    assert (seen.alert_id, seen.cause, seen.effect, seen.severity) == ("42", "ACCIDENT", "DETOUR", "SEVERE")
    assert seen.header == {"fr": "Accident", "en": "Crash"}
    assert seen.description == {"": "Rue fermée"}
    assert seen.url == {"fr": "https://example.org"}
    assert seen.active == ((at(8), at(9)), (at(20), math.inf))
    assert seen.selectors == (
        Selector(route_id="A", direction_id=0),
        Selector(agency_id="tiny", route_id="B", route_type=3, stop_id="s2"),
        Selector(trip=TripSelector("F1", start_date="20260316", start_time="06:10:00")),
    )
    assert [seen.state(now) for now in (at(7), at(8, 30), at(10), at(21))] == [
        "planned", "in_force", "planned", "in_force",
    ]  # fmt: skip


def test_what_is_shown_and_when_it_is_in_force_are_told_apart() -> None:
    message = new_message()
    alert = message.entity.add(id="1").alert
    alert.communication_period.add(start=int(at(8)), end=int(at(12)))
    alert.impact_period.add(start=int(at(9)), end=int(at(11)))
    (seen,) = decode_alerts(message.SerializeToString())
    hours = (7, 8.5, 10, 11.5, 13)
    assert [seen.shown_at(at(0) + 3600 * hour) for hour in hours] == [False, True, True, False, False]
    assert [seen.state(at(0) + 3600 * hour) for hour in hours] == ["planned", "planned", "in_force", "over", "over"]
    assert seen.period(at(8)) == (at(9), at(11))


@pytest.mark.parametrize(
    "end", [0, 253402300799, 253402300799000, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, 2**64 - 62135596800]
)
def test_no_end_in_any_form_is_no_end(end: int) -> None:
    message = new_message()
    message.entity.add(id="1").alert.active_period.add(start=int(at(8)), end=end)
    assert decode_alerts(message.SerializeToString())[0].active == ((at(8), math.inf),)


@pytest.mark.parametrize("start", [0, 2**64 - 1, 2**64 - 62135596800])
def test_no_beginning_in_any_form_is_none(start: int) -> None:
    message = new_message()
    message.entity.add(id="1").alert.active_period.add(start=start, end=int(at(8)) * 1000)
    assert decode_alerts(message.SerializeToString())[0].active == ((0.0, at(8)),)


def test_a_period_that_ends_before_it_begins_is_left_out_and_told() -> None:
    message = new_message()
    message.entity.add(id="1").alert.active_period.add(start=int(at(9)), end=int(at(8)))
    (seen,) = decode_alerts(message.SerializeToString())
    assert (seen.active, seen.unusable_periods, seen.state(at(12))) == ((), 1, "in_force")


def test_deleted_and_other_entities_are_passed_over_and_the_same_twice_counts_once() -> None:
    message = new_message()
    for text in ("old", "new", "new"):
        message.entity.add(id="1").alert.header_text.translation.add(text=text)
    message.entity.add(id="2", is_deleted=True).alert.header_text.translation.add(text="gone")
    message.entity.add(id="3").trip_update.trip.trip_id = "A1"
    seen = decode_alerts(message.SerializeToString())
    assert [one.header[""] for one in seen] == ["old", "new"]
    assert len({one.alert_id for one in seen}) == 2


def test_alerts_that_share_an_entity_id_keep_their_own_ids_from_message_to_message() -> None:
    def told(*said: tuple[str, int]) -> dict[str, str]:
        message = new_message()
        for text, end in said:
            alert = message.entity.add(id="0").alert
            alert.header_text.translation.add(text=text)
            alert.active_period.add(end=end)
        return {one.header[""]: one.alert_id for one in decode_alerts(message.SerializeToString())}

    before = told(("a", 100), ("b", 100), ("c", 100))
    assert told(("c", 100), ("a", 200)) == {name: before[name] for name in "ca"}
    assert len(set(before.values())) == 3


def test_a_message_that_does_not_say_whom_it_is_for_is_for_everyone() -> None:
    message = new_message()
    message.entity.add(id="bare").alert.header_text.translation.add(text="x")
    message.entity.add(id="empty").alert.informed_entity.add(route_id="", stop_id="")
    assert [one.selectors for one in decode_alerts(message.SerializeToString())] == [(Selector(),), (Selector(),)]


def test_what_is_no_feed_is_refused() -> None:
    with pytest.raises(FeedError, match="alerts: the answer is empty"):
        decode_alerts(b"")


def test_text_in_latin_1_is_read_as_such() -> None:
    message = new_message()
    message.entity.add(id="1").alert.header_text.translation.add(text="X~rable")
    (seen,) = decode_alerts(message.SerializeToString().replace(b"X~", b"\xc9\xe9"))
    assert seen.header == {"": "Éérable"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"en": "Works", "fr": "Travaux"}, {"en": "Works", "fr": "Travaux"}),
        ({"text": "Works", "language": "en"}, {"en": "Works"}), ("Works", {"": "Works"}),
        ({"translation": {"text": "Works", "language": "en"}}, {"en": "Works"}),
    ],
)  # fmt: skip
def test_texts_in_json_are_read_as_people_write_them(written: object, read: dict[str, str]) -> None:
    alert = {"header_text": written, "informed_entity": [{"route_id": "r1"}]}
    message = {"header": {"gtfs_realtime_version": "2.0"}, "entity": [{"id": "1", "alert": alert}]}
    assert [told.header for told in decode_alerts(json.dumps(message).encode())] == [read]
