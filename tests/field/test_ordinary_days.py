"""Situations in which nothing is odd: what a rider must see on an ordinary day."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import texts
from benchmarks.field.messages import StopUpdate, alert, bus, cancelled, skipped, update
from benchmarks.field.network import Call, Frequency, Network, Pattern, Service, Stop, Trip, network, row_of_stops


def test_without_a_vehicle_the_timetable_is_told() -> None:
    city = City(at="07:59")
    assert city.board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]
    assert city.board("E") == []
    assert texts(city.departures("E", arrivals=True)) == ["08:08 t1 scheduled", "09:08 t2 scheduled"]


@pytest.mark.parametrize(("late_s", "clock"), [(30, "08:04"), (330, "08:09")])
def test_a_bus_on_its_way_is_live_at_the_stops_ahead(late_s: int, clock: str) -> None:
    city = City().vehicle_positions(bus("v1", "t1", late_s=late_s))
    city.at(city.posix("08:03") + late_s)
    assert city.board("C")[0] == f"{clock} t1 live"
    assert city.trip_state("t1") == "followed"
    assert [row.status for row in city.trip("t1")] == ["passed", "passed", "live", "live", "live"]


def test_a_bus_that_has_passed_leaves_the_board() -> None:
    city = City().vehicle_positions(bus("v1", "t1", late_s=0)).at("08:06")
    assert city.board("B") == ["09:02 t2 scheduled"]


def test_a_silent_bus_is_live_no_longer_than_the_limit() -> None:
    city = City().vehicle_positions(
        bus("v1", "t1", late_s=600, silent_from="08:11"), bus("other", place=(0, 900), fresh=True)
    )
    assert city.at("08:15").board("D")[0].endswith("t1 live")
    city.at("08:17")
    assert "live" not in " ".join(city.board("D") + texts(city.line_page("r1")))


def test_a_cancelled_trip_is_struck_out_everywhere() -> None:
    city = City(at="08:30").trip_updates(cancelled("t2", start_date=20261126))
    assert city.board("C") == ["09:04 t2 cancelled"]
    assert city.trip_state("t2") == "cancelled"


def test_a_skipped_stop_is_struck_out_there_alone() -> None:
    city = City(at="07:58").trip_updates(update("t1", skipped("C"), start_date=20261126))
    assert city.board("C")[0] == "08:04 t1 skipped"
    assert city.board("D")[0] == "08:06 t1 scheduled"


def test_the_operators_own_time_stands_where_no_vehicle_reports() -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("B", delay=300), start_date=20261126))
    assert city.board("C")[0] == "08:09 t1 live"


def test_a_trip_of_yesterday_is_told_after_midnight() -> None:
    night = Network(trips=(Trip("t1", "24:10"),))
    city = City(night, at="24:00").vehicle_positions(bus("v1", "t1", late_s=120)).at("24:13")
    assert city.board("C") == ["00:15 t1 live"]


def test_each_run_of_a_trip_by_exact_times_is_its_own_row() -> None:
    often = Network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 1800, exact_times=1),))
    assert City(often).board("C") == ["08:04 t1@08:00 scheduled", "08:34 t1@08:30 scheduled"]


def test_a_station_shows_its_platforms() -> None:
    stops = (*row_of_stops("A B"), Stop("S", 1200.0, location_type=1), Stop("S1", 1200.0, parent="S", platform="1"))
    stops = (*stops, Stop("E", 1800.0))
    city = City(network(stops, "A B S1 E"))
    assert city.board("S") == city.board("S1") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]


def test_a_block_carries_the_delay_over_to_its_next_trip() -> None:
    both_ways = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1, headsign="West")),
        trips=(Trip("t1", "08:00", block="b"), Trip("t2", "08:09", "back", block="b")),
    )
    city = City(both_ways).vehicle_positions(bus("v1", "t1", late_s=600)).at("08:16")
    row = next(row for row in city.departures("D") if row.run == "t2")
    assert (row.status, row.told["source"]) == ("live", "block")
    assert row.clock >= "08:18"


def test_nothing_is_told_on_a_day_without_service() -> None:
    city = City(Network(services=(Service(removed=(20261126,)),)))
    assert city.board("C") == []
    assert [row.run for row in city.far_departures("C")] == ["t1/2026-11-27", "t2/2026-11-27"]


def test_calls_tell_their_own_times() -> None:
    waits = Network(trips=(Trip("t1", calls=(Call("A", "08:00"), Call("B", "08:02", "08:10"), Call("C", "08:12"))),))
    city = City(waits)
    call = city.trip("t1")[1].told
    assert (call["scheduled_arrival"][11:16], call["scheduled_departure"][11:16]) == ("08:02", "08:10")


def test_a_message_about_a_line_is_read_by_all_who_ride_it() -> None:
    city = City().alerts(alert("Road works", {"route_id": "r1"}))
    for asked in ({"stop": "C"}, {"route": "r1"}, {"trip": "t1"}):
        for face, said in city.messages(**asked).items():
            assert [head.removeprefix("1: ").removeprefix("1 ") for head in said] == ["Road works"], face
    assert [entity.alert.header_text.translation[0].text for entity in city.our_alerts()] == ["Road works"]


def test_the_health_check_and_the_desk_see_the_bus() -> None:
    city = City().vehicle_positions(bus("v1", "t1", late_s=0)).at("08:03")
    assert city.readyz()["status"] == "ok"
    assert "in service1" in city.desk()["vehicles"]
    assert city.vehicles()["v1"]["trip_id"] == city.our_vehicle_positions()["v1"].trip.trip_id == "t1"
