"""Times that stand beside each other on a page add up: passed before now, late by what the clocks shown differ."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from google.transit import gtfs_realtime_pb2

from api.app import create_app
from api.desk.desk import Desk
from benchmarks.field.city import City
from benchmarks.field.faces import page_of, text
from benchmarks.field.messages import StopUpdate, bus, skipped, update
from benchmarks.field.network import Call, Trip, network, row_of_stops
from tests.api.town import at, service_at

STOPS = row_of_stops("A B C D E F", spacing_m=600.0)
LONG = network(STOPS, trips=(Trip("t1", calls=tuple(Call(s, f"08:{4 * k:02}") for k, s in enumerate("ABCDEF"))),))


def trip_page(city: City) -> list[str]:
    """Each call as its trip's page tells it: "08:01 passed"."""
    return [f"{row.clock} {row.status}" for row in city.trip_page("t1")]


def test_a_stop_behind_shows_when_the_bus_was_there_and_never_a_time_to_come() -> None:
    city = City(LONG, at="07:54", every_s=60.0).vehicle_positions(bus("v1", "t1", late_s=-180)).at("08:07:30")
    assert trip_page(city)[:3] == ["07:57 passed", "08:01 passed", "08:05 passed"]
    assert "timetable 08:04" in text(city.page("/trips/t1"))
    told = [call.told for call in city.trip("t1")]
    assert [(call["passed"], (call["passed_at"] or "")[11:15]) for call in told[:4]] == [
        (True, "07:5"), (True, "08:0"), (True, "08:0"), (False, ""),
    ]  # fmt: skip
    # At its end the bus is minutes before its time: so are the stops behind it.
    city.at("08:19")
    assert trip_page(city)[0] == "07:57 passed"
    assert all(row.at is None or row.at <= city.now for row in city.trip_page("t1"))


def test_a_stop_behind_shows_the_time_that_the_operator_told_last() -> None:
    city = City(LONG, at="07:58").trip_updates(update("t1", StopUpdate("B", delay=-120), StopUpdate("C", delay=-60)))
    city.at("08:04").trip_updates(update("t1", StopUpdate("C", delay=-60))).at("08:05")
    assert trip_page(city)[1] == "08:02 passed"
    assert city.trip("t1")[1].told["passed_at"][11:19] == "08:02:00"


def test_no_stop_is_to_come_before_one_that_has_been_passed() -> None:
    # The operator speaks of the later stops alone; a bus is taken off on its way.
    city = City(LONG, at="07:58").trip_updates(update("t1", StopUpdate("B", delay=60), StopUpdate("E", delay=60)))
    assert [call[6:] for call in trip_page(city.at("08:07"))] == ["passed", "passed", "live", "live", "live", "live"]
    city = City(LONG, at="07:58").vehicle_positions(bus("v1", "t1", late_s=0), bus("o", place=(0, 900), fresh=True))
    city.at("08:10").vehicle_positions(bus("o", place=(0, 900), fresh=True)).at("08:26")
    assert trip_page(city)[:3] == ["08:00 passed", "08:04 passed", "08:08 passed"]


def test_a_stop_that_was_left_out_is_not_told_as_passed() -> None:
    city = City(LONG, at="07:58").trip_updates(update("t1", skipped("B")))
    city.vehicle_positions(bus("v1", "t1", late_s=0)).at("08:09")
    page = trip_page(city)
    assert page[:3] == ["08:00 passed", "08:04 skipped", "08:08 passed"]
    assert city.trip("t1")[1].told["passed_at"] is None


# CUTR-at-USF/gtfs-realtime-validator#26: feeds mean several things by SKIPPED.
@pytest.mark.parametrize("seen", [True, False])
def test_a_stop_that_was_served_is_not_told_as_left_out_where_the_feed_calls_all_behind_the_bus_skipped(
    seen: bool,
) -> None:
    city = City(LONG, at="07:58").trip_updates(update("t1", *(StopUpdate(stop, delay=0) for stop in "ABCDEF")))
    if seen:
        city.vehicle_positions(bus("v1", "t1", late_s=0))
    for behind, now in enumerate(("08:00:30", "08:04:30", "08:08:30"), 1):
        gone, ahead = "ABCDEF"[:behind], "ABCDEF"[behind:]
        told = (*map(skipped, gone), *(StopUpdate(stop, delay=0) for stop in ahead))
        city.at(now).trip_updates(update("t1", *told))
        assert [row.status for row in city.trip("t1")] == ["passed"] * behind + ["live"] * (6 - behind)
        assert [row.status for row in city.trip_page("t1")] == ["passed"] * behind + ["live"] * (6 - behind)
    assert city.trip("t1")[1].told["passed_at"][11:16] == "08:04"


@pytest.mark.parametrize("late_s", [62, 85, 95, 118, 130, -75, -110])
def test_on_time_is_said_of_clocks_that_agree_and_of_no_others(late_s: int) -> None:
    city = City(LONG, at="07:58").vehicle_positions(bus("v1", "t1", late_s=late_s)).at("08:10")
    ahead = next(row for row in city.trip_page("t1") if row.status == "live")
    for face in ("/trips/t1", "/lines/r1"):
        said = text(city.page(face).css_first(".punctuality"))
        assert (said == "on time") is ("timetable" not in text(ahead.told)), (face, said, text(ahead.told))
    stop = text(city.page(f"/stops/{ahead.stop}"))
    assert ("timetable 08" in stop) is ("timetable" in text(ahead.told))


def test_three_stops_at_one_minute_of_the_timetable_keep_that_minute() -> None:
    # Whole minutes, stops close together, and a long way behind them.
    at = {"A": "08:00", "B": "08:00", "C": "08:00", "D": "08:05", "E": "08:08", "F": "08:12"}
    stops = (*row_of_stops("A B C", spacing_m=250.0), *(STOPS[3], STOPS[4], STOPS[5]))
    city = City(network(stops, trips=(Trip("t1", calls=tuple(Call(s, t) for s, t in at.items())),)), at="07:55")
    assert trip_page(city) == [f"{time} scheduled" for time in at.values()]
    assert [call.told["scheduled_arrival"][11:16] for call in city.trip("t1")] == list(at.values())
    assert city.departures("C")[0].told["scheduled_time"][11:16] == "08:00"


def test_the_picture_of_an_alert_goes_on_in_our_feed() -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version, message.header.timestamp = "2.0", int(City(LONG).now)
    told = message.entity.add(id="a").alert
    told.header_text.translation.add(text="Moved stop")
    told.informed_entity.add(route_id="r1")
    told.image.localized_image.add(url="https://example.org/plan.png", media_type="image/png", language="en")
    told.image_alternative_text.translation.add(text="Plan of the way to the stop", language="en")
    (ours,) = City(LONG).alerts(message.SerializeToString()).our_alerts()
    assert ours.alert.image == told.image and ours.alert.image_alternative_text == told.image_alternative_text


def test_a_message_that_says_its_times_in_its_own_words_does_not_get_them_once_more() -> None:
    desk = Desk(service_at(at(8, 1)), token="t")
    client = TestClient(create_app(desk.service, desk), headers={"Authorization": "Bearer t"})
    for starts_at, ends_at in (
        (None, at(18, 30)),
        (at(14), at(15)),
        (at(14, 10), at(43)),
        (at(38), at(39)),
        (None, at(28)),
    ):
        said = {
            "phrase": "stop_not_served",
            "routes": ["bus-2"],
            "stops": ["gare"],
            "starts_at": starts_at,
            "ends_at": ends_at,
        }
        assert client.post("/v1/disruptions", json=said).status_code == 201
    for language in ("de", "en", "fr", "en-US"):
        page = page_of(client.get(f"/alerts?lang={language[:2]}", headers={"Accept-Language": language}).text)
        ours = [node for node in page.css(".alert") if "2" in text(node.css_first(".alert-head"))]
        assert len(ours) == 5
        assert [text(node.css_first("p.soft")) for node in ours] == [""] * 5
