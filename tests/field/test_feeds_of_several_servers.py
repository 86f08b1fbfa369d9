"""Messages whose clocks do not agree with each other: what is newest counts, and no board jumps to and fro."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import feed_message
from benchmarks.field.messages import StopUpdate, alert, bus, cancelled, update

TODAY: dict[str, Any] = {"start_date": 20261126}
Told = Callable[[City, float, bool], City]


def updates(city: City, at: float, late: bool) -> City:
    told = update("t1", StopUpdate("B", delay=240 if late else 120), **TODAY)
    return city.trip_updates(city.writer.trip_updates([told], at))


def positions(city: City, at: float, late: bool) -> City:
    told = bus("v1", "t1", late_s=240 if late else 120, **TODAY)
    return city.vehicle_positions(city.writer.vehicle_positions([told], at, at))


# CUTR-at-USF/gtfs-realtime-validator#86, stadtnavi/digitransit-ui#968
@pytest.mark.parametrize("tell", [updates, positions])
def test_a_server_that_lags_behind_another_makes_no_time_jump(tell: Told) -> None:
    city, shown = City(at="08:03"), set()
    for poll in range(10):
        lags = poll % 2 == 1
        tell(city.at(city.posix("08:03") + 10 * poll), city.now - (60 if lags else 0), lags)
        shown.add(city.board("D")[0])
    assert shown <= {"08:08 t1 live", "08:07 t1 live"}


def test_what_only_the_newer_server_knows_does_not_come_and_go() -> None:
    city = City(at="07:58")
    for poll in range(4):
        city.at(city.posix("07:58") + 10 * poll)
        lags = poll % 2 == 1
        at = city.now - (60 if lags else 0)
        city.trip_updates(city.writer.trip_updates([] if lags else [cancelled("t1", **TODAY)], at))
        city.alerts(city.writer.alerts([] if lags else [alert("Crowded", {"route_id": "r1"})], at))
        assert city.board("C")[0] == "08:04 t1 cancelled"
        assert all("Crowded" in told for told in city.messages(route="r1").values())


def test_a_clock_that_was_set_back_is_believed_after_two_minutes() -> None:
    city = City(at="07:50")
    updates(city, city.now, False)
    assert city.board("C")[0] == "08:06 t1 live"
    for poll in range(15):
        city.at(city.posix("07:50") + 10 * poll)
        updates(city, city.now - 200, True)
    assert city.board("C")[0] == "08:08 t1 live"


# google/transit#55, CUTR-at-USF/gtfs-realtime-validator#102
@pytest.mark.parametrize("off_s", [-7200, 3600])
def test_a_header_that_its_own_reports_belie_hides_no_bus_and_no_time(off_s: int) -> None:
    city = City(at="08:03")
    city.vehicle_positions(redated(city, city.writer.vehicle_positions([bus("v1", "t1", at="B")], city.now), off_s))
    assert city.board("C")[0].endswith("t1 live")
    told = [update("t1", StopUpdate("C", delay=120), **TODAY)]
    city = City(at="07:58")
    city.trip_updates(redated(city, city.writer.trip_updates(told, city.now), off_s))
    assert city.board("C")[0] == "08:06 t1 live"


def test_a_header_whose_time_stands_hides_no_bus_that_moves_and_no_time_that_changes() -> None:
    # google/transit#55
    city = City(at="08:00")
    for poll in range(8):
        city.at(city.now + 20)
        moved = feed_message(city.writer.vehicle_positions([bus("v1", "t1", late_s=0)], city.now))
        timed = [update("t2", StopUpdate("D", arrival=city.posix("09:08") + poll), **TODAY)]
        told = feed_message(city.writer.trip_updates(timed, city.now))
        moved.header.timestamp = told.header.timestamp = int(city.posix("05:00"))
        moved.entity[0].vehicle.ClearField("timestamp")
        told.entity[0].trip_update.ClearField("timestamp")
        city.vehicle_positions(moved.SerializeToString()).trip_updates(told.SerializeToString())
    assert city.board("D") == ["08:05 t1 live", "09:08 t2 live"]
    assert "feed_error" not in city.readyz()["faults"]
    for _ in range(18):
        city.at(city.now + 20).vehicle_positions(moved.SerializeToString()).trip_updates(told.SerializeToString())
    assert "feed_error" in city.readyz()["faults"], "what says the same for minutes is as old as it says"


def test_a_message_that_is_old_altogether_is_refused() -> None:
    city = City(at="08:03")
    city.vehicle_positions(city.writer.vehicle_positions([bus("v1", "t1", at="B")], city.now - 7200, city.now - 7200))
    assert city.board("C")[0] == "08:04 t1 scheduled"
    assert "feed_error" in city.readyz()["faults"]


# MobilityData/gtfs-realtime-validator#161, google/transit#263
def test_times_of_a_bus_that_was_last_measured_long_ago_are_not_live() -> None:
    city = City(at="08:03").trip_updates(update("t1", StopUpdate("B", delay=300), timestamp="07:20", **TODAY))
    assert city.board("C")[0] == "08:04 t1 scheduled"
    assert city.readyz()["left_out"] == {"update_stale": 1}


# OneBusAway/onebusaway-application-modules#155, MobilityData/gtfs-realtime-validator#161
@pytest.mark.parametrize("at", ["06:30", "07:50"])
def test_a_delay_that_was_measured_long_ago_of_a_run_that_is_yet_to_begin_is_a_plan(at: str) -> None:
    times = (StopUpdate(stop, at, at) for stop, at in (("A", "08:05"), ("C", "08:09"), ("E", "08:13")))
    for told in ((StopUpdate("A", delay=300),), tuple(times)):
        city = City(at=at).trip_updates(update("t1", *told, timestamp="05:00", **TODAY))
        for _ in range(3):
            assert city.at(city.now + 60).board("C")[0] == "08:09 t1 scheduled"
        # Who says so again by now knows it by now.
        assert city.trip_updates(update("t1", *told, **TODAY)).board("C")[0] == "08:09 t1 live"


def test_times_that_move_are_live_though_the_time_of_their_measuring_stands() -> None:
    # CUTR-at-USF/gtfs-realtime-validator#347
    city = City(at="08:03")
    for late_s in (100, 120, 140):
        told = (StopUpdate("C", delay=late_s), StopUpdate("D", delay=late_s))
        city.trip_updates(update("t1", *told[late_s > 120 :], timestamp="07:20", **TODAY)).at(city.now + 20)
    assert city.board("D")[0] == "08:08 t1 live"
    # That what is passed falls away tells nothing.
    city = City(at="08:03")
    for calls in (told, told[1:]):
        city.trip_updates(update("t1", *calls, timestamp="07:20", **TODAY)).at(city.now + 20)
    assert city.board("D")[0] == "08:06 t1 scheduled"


def test_an_added_run_that_was_last_measured_long_ago_is_a_plan() -> None:
    calls = (StopUpdate(stop, at, at) for stop, at in (("A", "08:00"), ("C", "08:10"), ("E", "08:20")))
    told = update("x", *calls, relationship="NEW", route_id="r1", timestamp="05:00")
    city = City(at="08:03").trip_updates(told)
    assert city.board("C")[:2] == ["08:04 t1 scheduled", "08:10 x scheduled"]
    assert [call.status for call in city.trip("x")] == ["scheduled"] * 3


def test_times_that_are_measured_by_a_clock_hours_slow_are_live() -> None:
    city = City(at="08:00")
    for _ in range(6):
        told = update("t1", StopUpdate("C", delay=300), timestamp=city.now - 7200, **TODAY)
        city.trip_updates(told).at(city.now + 30)
    assert city.board("C")[0] == "08:09 t1 live"


@pytest.mark.parametrize("nonsense", [1.0, 86_400.0])
def test_a_time_of_measuring_that_nobody_can_mean_is_none(nonsense: float) -> None:
    city = City(at="08:03").trip_updates(update("t1", StopUpdate("C", delay=240), timestamp=nonsense, **TODAY))
    assert city.board("C")[0] == "08:08 t1 live"


def test_a_cancellation_is_never_too_old() -> None:
    city = City(at="08:03").trip_updates(cancelled("t1", timestamp="06:00", **TODAY))
    assert city.board("C")[0] == "08:04 t1 cancelled"


@pytest.mark.parametrize(
    ("relationship", "row"), [("CANCELED", "08:04 t1 cancelled"), ("DELETED", "09:04 t2 scheduled")]
)
def test_a_bus_that_names_a_run_as_cancelled_is_not_live_on_it(relationship: str, row: str) -> None:
    city = City(at="08:00").vehicle_positions(bus("v1", "t1", late_s=0, schedule_relationship=relationship))
    assert city.at("08:03").board("C")[0] == row


def redated(city: City, message: bytes, off_s: int) -> bytes:
    told = feed_message(message)
    told.header.timestamp = int(city.now) + off_s
    return told.SerializeToString()
