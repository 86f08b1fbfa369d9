"""Riders who can stay aboard behind a run's last stop are told so, and as what the vehicle goes on."""

from __future__ import annotations

from benchmarks.field.city import City
from benchmarks.field.faces import text
from benchmarks.field.messages import StopUpdate, bus, cancelled, skipped, update
from benchmarks.field.network import Pattern, Route, Trip, network

WAYS = Pattern("main", "A B C", headsign="Market"), Pattern("on", "C D E", "r12", headsign="Harbour")
TRIPS = (
    Trip("t1", "08:00"), Trip("t2", "09:00"), Trip("u1", "08:05", "on"), Trip("u2", "09:05", "on"),
    Trip("gone", "07:00", "on"),
)  # fmt: skip
TRANSFERS = (
    "from_stop_id,to_stop_id,transfer_type,from_trip_id,to_trip_id\n"
    "C,C,4,t1,u1\nC,C,5,t2,u2\nC,C,4,t2,gone\nC,C,4,t2,no such trip\nA,B,2,,\n"
)


# opentripplanner/OpenTripPlanner#3911, google/transit#303: transfer_type 4 is an in-seat transfer, 5 none.
def test_a_bus_that_goes_on_as_another_line_says_so_at_each_stop_and_on_its_page() -> None:
    lines = network("A B C D E", WAYS, TRIPS, routes=(Route("r1", "1"), Route("r12", "12")),
                    tables={"transfers": TRANSFERS})  # fmt: skip
    city = City(lines, at="07:55")
    city.faces_agree("B")
    goes_on = "continues as 12 to Harbour"
    assert [row.told["notes"] for row in city.panel("B")[:2]] == [[goes_on], []]
    assert goes_on in text(city.page("/stops/B").css_first("li.departure"))
    assert text(city.page("/screen/B").css_first("li.row")).count(goes_on) == 1
    assert [goes_on in text(row.told) for row in city.trip_page("t1")] == [False, False, True]
    assert city.trip_answer("t1")["continues_as"]["trip_id"] == "u1"
    assert city.trip_answer("t1")["continues_as"]["route"]["short_name"] == "12"
    assert city.trip_answer("t2")["continues_as"] is None and "continues" not in text(city.page("/trips/t2"))
    city.trip_updates(cancelled("u1", start_date=20261126))
    assert city.trip_answer("t1")["continues_as"] is None
    assert city.panel("B")[0].told["notes"] == []


def test_a_bus_is_live_on_the_line_as_which_it_goes_on() -> None:
    lines = network("A B C D E", WAYS, TRIPS, routes=(Route("r1", "1"), Route("r12", "12")),
                    tables={"transfers": TRANSFERS})  # fmt: skip
    city = City(lines, at="07:59").vehicle_positions(bus("v", "t1", late_s=240)).at("08:06")
    assert city.board("D")[0] == "08:10 u1 live"
    assert [row.split()[1:] for row in city.board("D")[1:]] == [["u2", "scheduled"]]


def test_a_bus_that_goes_on_with_the_next_service_day_says_so() -> None:
    trips = Trip("t1", "23:40"), Trip("t2", "08:00"), Trip("u1", "00:10", "on")
    lines = network("A B C D E", WAYS, trips, routes=(Route("r1", "1"), Route("r12", "12")),
                    tables={"transfers": TRANSFERS + "C,C,4,t2,u1\n"})  # fmt: skip
    city = City(lines, at="07:55")
    goes_on = city.trip_answer("t1", date="2026-11-26")["continues_as"]
    assert (goes_on["trip_id"], goes_on["service_date"]) == ("u1", "2026-11-27")
    # Nobody stays aboard from the morning until midnight.
    assert city.trip_answer("t2", date="2026-11-26")["continues_as"] is None
    city.at("23:30")
    assert city.panel("B")[0].told["notes"] == ["continues as 12 to Harbour"]
    city.trip_updates(cancelled("u1", start_date=20261127))
    assert city.panel("B")[0].told["notes"] == []


def test_a_bus_is_live_on_the_line_as_which_it_goes_on_with_the_next_service_day() -> None:
    trips = Trip("t1", "24:01"), Trip("u1", "00:10", "on")
    lines = network("A B C D E", WAYS, trips, routes=(Route("r1", "1"), Route("r12", "12")),
                    tables={"transfers": TRANSFERS})  # fmt: skip
    city = City(lines, at="24:00").vehicle_positions(bus("v", "t1", late_s=540)).at("24:11")
    assert city.board("D")[0].split()[1:] == ["u1/2026-11-27", "live"]
    city = City(lines, at="24:02").trip_updates(update("t1", StopUpdate("A", delay=540), start_date=20261126))
    assert city.board("D")[0] == "00:16 u1/2026-11-27 live"


def test_a_bus_that_does_not_come_to_its_last_stop_goes_on_from_there_only_where_that_is_closed_to_both() -> None:
    lines = network("A B C D E", WAYS, TRIPS, routes=(Route("r1", "1"), Route("r12", "12")),
                    tables={"transfers": TRANSFERS})  # fmt: skip
    turns_back = update("t1", skipped("C"), start_date=20261126)
    city = City(lines, at="07:55").trip_updates(turns_back)
    assert city.trip_answer("t1")["continues_as"] is None and "continues" not in text(city.page("/trips/t1"))
    assert city.panel("A")[0].told["notes"] == []
    city.trip_updates(turns_back, update("u1", skipped("C"), start_date=20261126))
    assert city.panel("A")[0].told["notes"] == ["continues as 12 to Harbour"]
    assert city.trip_answer("t1")["continues_as"]["trip_id"] == "u1"
