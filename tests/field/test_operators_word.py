"""What the operator says of its trips: other calls and platforms, trips added and withdrawn, and where it is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polyline
import pytest
from google.transit import gtfs_realtime_pb2

from benchmarks.field.city import City
from benchmarks.field.faces import TripUpdateTold, posix, text, texts
from benchmarks.field.messages import StopUpdate, TripUpdate, bus, cancelled, no_data, skipped, update
from benchmarks.field.network import Call, Frequency, Network, Pattern, Route, Stop, Trip, network, row_of_stops
from feeds.errors import FeedError
from feeds.trip_updates.decoding import decode_trip_updates

TODAY: dict[str, Any] = {"start_date": 20261126}


def added(trip: str, *stops: tuple[str, str], relationship: str = "NEW", route: str = "r1", **told: Any) -> TripUpdate:
    """A trip that calls at stops at times."""
    calls = (StopUpdate(stop, arrival=at, departure=at) for stop, at in stops)
    return update(trip, *calls, relationship=relationship, route_id=route, **told)


# Where the operator says nothing


def test_from_no_data_on_the_timetable_is_told() -> None:  # opentripplanner/OpenTripPlanner#5348, #1225
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("B", delay=300), no_data("C"), **TODAY))
    assert city.board("B")[0] == "08:07 t1 live"
    assert [city.board(stop)[0] for stop in "CD"] == ["08:04 t1 scheduled", "08:06 t1 scheduled"]


def test_after_no_data_a_stop_that_is_told_is_live_again() -> None:
    told = update("t1", StopUpdate("B", delay=300), no_data("C"), StopUpdate("D", delay=120), **TODAY)
    city = City(at="07:58").trip_updates(told)
    assert [city.board(stop)[0] for stop in "BCD"] == ["08:07 t1 live", "08:04 t1 scheduled", "08:08 t1 live"]


def test_a_stop_of_which_nothing_is_known_is_not_gone_before_the_bus_is_told_to_have_come_so_far() -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("A", departure="08:10"), no_data("B"), **TODAY))
    assert [city.board(stop)[0] for stop in "AD"] == ["08:10 t1 live", "08:06 t1 scheduled"]
    city.at("08:07")
    assert [city.board(stop)[0] for stop in "ABDE"[:3]] == ["08:10 t1 live", *["08:10 t1 scheduled"] * 2]
    assert [(row.stop, row.status) for row in city.trip("t1")][:2] == [("A", "live"), ("B", "scheduled")]
    assert [stop.relationship for stop in city.our_trip_updates()[0].stops] == ["SCHEDULED", "NO_DATA"]
    # Once it is told to have passed, the timetable is all there is.
    assert city.trip_updates(update("t1", no_data("B"), **TODAY)).board("B") == ["09:02 t2 scheduled"]


@pytest.mark.parametrize("wrong", ["A", "B"])
def test_an_arrival_told_an_hour_after_the_departure_costs_no_other_value(wrong: str) -> None:
    told = (
        StopUpdate(stop, arrival="09:03" if stop == wrong else f"08:0{k}", departure=f"08:0{k}")
        for stop, k in zip("ABCD", (1, 3, 5, 7), strict=True)
    )
    city = City(at="07:58").trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [f"08:0{k} t1 live" for k in (1, 3, 5, 7)]


def test_a_stop_told_hours_after_those_behind_it_is_as_late_as_the_one_before_it() -> None:
    told = (StopUpdate(stop, delay=60 if stop != "B" else 3 * 3600) for stop in "ABCDE")
    city = City(at="07:58").trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [f"08:0{k} t1 live" for k in (1, 3, 5, 7)]


# google/transit#121, google/transit#468
def test_from_a_stop_of_which_neither_a_time_nor_anything_else_is_told_the_timetable_is_told() -> None:
    late = StopUpdate("B", delay=300)
    city = City(at="07:58").trip_updates(update("t1", late, StopUpdate("C"), **TODAY))
    assert [city.board(stop)[0] for stop in "BC"] == ["08:07 t1 live", "08:04 t1 scheduled"]
    # But a delay of the whole run holds, and who tells of another headsign alone does not say that it is in time.
    city.trip_updates(update("t1", StopUpdate("B"), StopUpdate("C"), delay=240, **TODAY))
    assert [city.board(stop)[0] for stop in "BC"] == ["08:06 t1 live", "08:08 t1 live"]
    city.trip_updates(update("t1", late, StopUpdate("C", headsign="Home"), **TODAY))
    assert city.board("C")[0] == "08:09 t1 live"


def test_a_trip_of_which_nothing_is_known_stays_as_it_is_scheduled() -> None:
    city = City(at="07:58").trip_updates(update("t1", no_data("A"), **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [f"08:0{k} t1 scheduled" for k in (0, 2, 4, 6)]


def test_stops_before_the_first_one_told_stay_on_their_boards() -> None:  # opentripplanner/OpenTripPlanner#2295
    city = City(at="07:55").trip_updates(update("t1", StopUpdate("D", delay=180), **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [
        "08:00 t1 scheduled", "08:02 t1 scheduled", "08:04 t1 scheduled", "08:09 t1 live",
    ]  # fmt: skip


def test_a_trip_that_was_early_does_not_come_back_as_scheduled() -> None:
    city = City(at="07:56").trip_updates(update("t1", StopUpdate("A", delay=-180), **TODAY))
    assert city.board("B")[0] == "07:59 t1 live"
    assert city.at("08:01").board("B") == ["09:02 t2 scheduled"]
    city.trip_updates(update("t1", StopUpdate("D", delay=-180), **TODAY))
    assert city.board("B") == ["09:02 t2 scheduled"]
    assert city.at("08:04:30").trip_updates().board("D") == ["09:06 t2 scheduled"]


def test_a_stop_that_an_early_bus_has_left_does_not_come_back_once_it_is_told_no_more() -> None:
    # MobilityData/gtfs-realtime-validator#16
    city = City(at="08:00").trip_updates(update("t1", StopUpdate("A", delay=-120), **TODAY)).at("08:00:30")
    city.trip_updates(update("t1", StopUpdate("C", delay=-120), **TODAY))
    assert [city.board(stop)[0] for stop in "ABC"] == ["09:00 t2 scheduled", "09:02 t2 scheduled", "08:02 t1 live"]


def test_a_late_run_of_which_the_operator_tells_no_more_is_not_gone_at_once_but_no_longer_live() -> None:
    city = City(at="08:05").trip_updates(update("t1", delay=1500, **TODAY))
    assert [city.board(stop)[0] for stop in "AD"] == ["08:25 t1 live", "08:31 t1 live"]
    for time in ("08:05", "08:19"):
        assert [city.at(time).trip_updates().board(stop)[0] for stop in "AD"] == [
            "08:25 t1 scheduled", "08:31 t1 scheduled",
        ]  # fmt: skip
        assert city.our_trip_updates() == []
    assert [city.at("08:21").board(stop) for stop in "AD"] == [["09:00 t2 scheduled"], ["09:06 t2 scheduled"]]


def test_who_only_names_a_late_run_takes_it_no_more_from_its_riders_than_who_leaves_it_out() -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("A", delay=600), **TODAY)).at("08:05")
    assert city.trip_updates(update("t1", vehicle="v1", **TODAY)).board("C")[0] == "08:14 t1 scheduled"


def test_an_early_run_of_which_the_operator_tells_no_more_is_not_waited_for_where_it_has_left() -> None:
    city = City(at="07:55").trip_updates(update("t1", delay=-240, **TODAY)).trip_updates()
    assert [city.board(stop)[0] for stop in "AC"] == ["07:56 t1 scheduled", "08:00 t1 scheduled"]
    assert city.our_trip_updates() == []
    assert [city.at("07:59:30").board(stop)[0] for stop in "AC"] == ["09:00 t2 scheduled", "08:00 t1 scheduled"]
    assert [city.at("08:03:30").board(stop)[0] for stop in "BCD"] == [f"09:0{k} t2 scheduled" for k in (2, 4, 6)]
    assert city.at("08:09").board("D") == ["09:06 t2 scheduled"]


def test_a_run_that_was_little_late_or_is_told_to_be_in_time_again_is_by_the_timetable_once_it_is_told_no_more() -> (
    None
):
    city = City(at="08:03").trip_updates(update("t1", delay=100, **TODAY)).trip_updates()
    assert [city.board(stop)[0] for stop in "CD"] == ["08:04 t1 scheduled", "08:06 t1 scheduled"]
    # Of one that is late at some of its stops all are at the times told, or they would run backwards.
    late = update("t1", StopUpdate("B", delay=240), StopUpdate("D", delay=60), **TODAY)
    city = City(at="08:03").trip_updates(late).trip_updates()
    assert [city.board(stop)[0] for stop in "BD"] == ["08:06 t1 scheduled", "08:07 t1 scheduled"]
    late = update("t1", StopUpdate("B", delay=900), StopUpdate("D", delay=60), **TODAY)
    city = City(at="08:03").trip_updates(late).trip_updates(update("t1", no_data("B"), **TODAY))
    assert city.board("D")[0] == "08:06 t1 scheduled"


def test_a_late_run_that_was_told_at_another_platform_is_back_at_its_own_once_it_is_told_no_more() -> None:
    moved = StopUpdate("S1", sequence=2, delay=1500, assigned_stop="S2")
    city = City(station(), at="08:05").trip_updates(update("t1", moved, **TODAY))
    assert city.board("S2") == ["08:27 t1 live"]
    city.trip_updates(update("t2", delay=0, **TODAY))
    assert [city.board(stop) for stop in ("S1", "S2")] == [["08:27 t1 scheduled", "09:02 t2 live"], []]


@pytest.mark.parametrize("then", [(), (StopUpdate("D", "08:16", "08:16"),)])
def test_a_stop_that_a_late_run_leaves_out_stays_left_out_as_long_as_its_last_times_hold(
    then: tuple[StopUpdate, ...],
) -> None:
    late = StopUpdate("B", "08:12", "08:12"), skipped("C"), StopUpdate("D", "08:16", "08:16")
    city = City(at="08:05").trip_updates(update("t1", *late, **TODAY))
    city.at("08:06").trip_updates(*(update("t1", *then, **TODAY) for _ in then))
    assert [city.board(stop)[0][:8] for stop in "BCD"] == ["08:12 t1", "08:14 t1", "08:16 t1"]
    assert city.board("C")[0] == "08:14 t1 skipped"
    assert [(row.clock, row.status) for row in city.at("08:13").trip_page("t1")][2] == ("08:14", "skipped")
    if then:
        city.trip_updates(update("t1", StopUpdate("C", "08:14", "08:14"), **TODAY))
        assert city.board("C")[0] == "08:14 t1 live"


def test_a_late_run_that_ends_before_its_last_stop_still_does_so_once_it_is_told_no_more() -> None:
    late = StopUpdate("B", "08:12", "08:12"), StopUpdate("C", "08:14", "08:14"), skipped("D"), skipped("E")
    city = City(at="08:05").trip_updates(update("t1", *late, **TODAY)).at("08:06").trip_updates()
    assert [city.board(stop)[0] for stop in "BCD"] == ["08:12 t1 scheduled", "09:04 t2 scheduled", "08:16 t1 skipped"]
    assert city.departures("B")[0].told["headsign"] == "Stop C"


def test_stops_before_the_first_one_told_are_no_later_than_that() -> None:
    # opentripplanner/OpenTripPlanner#4035, #5286
    city = City(at="07:59:30").trip_updates(update("t1", StopUpdate("C", delay=-180), **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [
        "08:00 t1 scheduled", "08:01 t1 live", "08:01 t1 live", "08:03 t1 live",
    ]  # fmt: skip
    passed = (StopUpdate("C", "07:59", "07:59"), StopUpdate("D", "08:01", "08:01"))
    city = City(at="08:00:30").trip_updates(update("t1", *passed, **TODAY))
    assert [city.board(stop)[0][6:8] for stop in "ABCD"] == ["t2", "t2", "t2", "t1"]


# opentripplanner/OpenTripPlanner#7097
@pytest.mark.parametrize("before", [(no_data("A"), no_data("B")), (StopUpdate("A", delay=0), no_data("B"))])
def test_a_stop_of_which_nothing_is_known_is_left_no_later_than_the_next_one(before: tuple[StopUpdate, ...]) -> None:
    city = City(at="07:55").trip_updates(update("t1", *before, StopUpdate("C", "08:01", "08:01"), **TODAY))
    assert [city.board(stop)[0][:5] for stop in "ABCD"] == ["08:00", "08:01", "08:01", "08:03"]


def test_stops_between_two_timing_points_keep_the_delay_of_the_one_behind_that_is_told_no_more() -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("A", delay=300), StopUpdate("D", delay=360), **TODAY))
    rows = ["08:07 t1 live", "08:09 t1 live", "08:12 t1 live"]
    assert [city.board(stop)[0] for stop in "BCD"] == rows
    city.at("08:06").trip_updates(update("t1", StopUpdate("D", delay=360), **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == ["09:00 t2 scheduled", *rows]
    # What comes before it by what is told now, or of which nothing is known, is not held to it.
    city.trip_updates(update("t1", no_data("B"), StopUpdate("D", delay=360), **TODAY))
    assert city.board("C")[0] == "09:04 t2 scheduled"
    early = City(at="07:58").trip_updates(update("t1", StopUpdate("A", delay=300), **TODAY))
    early.at("08:06").trip_updates(update("t1", StopUpdate("D", arrival="08:08", departure="08:08"), **TODAY))
    assert [early.board(stop)[0] for stop in "BCD"] == ["08:07 t1 live", "09:04 t2 scheduled", "08:08 t1 live"]


def test_a_stop_of_an_early_run_that_is_told_no_more_stands_once() -> None:
    # Another run that was told before is remembered beside it.
    for before in ((), (update("t2", StopUpdate("A", delay=900), **TODAY),)):
        city = City(at="07:50").trip_updates(*before)
        for told in (StopUpdate("A", delay=-180), StopUpdate("C", delay=-150)):
            city.trip_updates(update("t1", told, **TODAY))
        rows = [city.board(stop) for stop in "ABC"]
        assert [row[0] for row in rows] == ["07:57 t1 live", "07:59 t1 live", "08:01 t1 live"]
        assert [len(row) for row in rows] == [2, 2, 2]


def test_what_a_program_reckons_by_the_timetable_for_a_run_without_a_vehicle_is_not_live() -> None:
    # TheTransitClock/transitime and mbta/concentrate: the vehicle's name ends in schedBasedVehicle
    nobody = {"vehicle": "block_12_schedBasedVehicle"} | TODAY
    told = (StopUpdate(stop, delay=0) for stop in "ABDE")
    city = City(at="07:56").trip_updates(update("t1", *told, skipped("C"), **nobody), cancelled("t2", **nobody))
    assert [city.board(stop)[0] for stop in "BC"] == ["08:02 t1 scheduled", "08:04 t1 skipped"]
    assert city.board("B")[1] == "09:02 t2 cancelled"
    assert {row.told["vehicle_label"] for row in city.departures("B")} == {None}


def test_a_delay_of_the_whole_trip_holds_for_all_its_stops() -> None:
    city = City(at="07:55").trip_updates(update("t1", delay=240, **TODAY))
    assert [city.board(stop)[0] for stop in "ABD"] == ["08:04 t1 live", "08:06 t1 live", "08:10 t1 live"]


# mfdz/GTFS-Issues#269
@pytest.mark.parametrize(
    ("delay_s", "row"), [(-3600, "08:04 t1 scheduled"), (-3133, "08:04 t1 scheduled"), (-240, "08:00 t1 live")]
)
def test_a_run_that_would_be_an_hour_early_is_told_as_it_is_scheduled(delay_s: int, row: str) -> None:
    assert City(at="07:57").trip_updates(update("t1", StopUpdate("A", delay=delay_s), **TODAY)).board("C")[0] == row


# MrSjodin/HomeAssistant_Trafiklab_Integration#31
def test_a_stop_that_is_later_than_those_told_behind_it_is_as_late_as_it_is_told() -> None:
    told = (skipped("A"), skipped("B"), StopUpdate("C", delay=720), StopUpdate("D", delay=480))
    city = City(at="07:52").trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop)[0] for stop in "CD"] == ["08:16 t1 live", "08:16 t1 live"]


# mfdz/GTFS-Issues#269
def test_what_is_told_long_before_a_run_can_have_set_out_is_not_believed_either() -> None:
    told = (StopUpdate("A", departure_delay=-4165), StopUpdate("B", delay=-2073), StopUpdate("E", arrival_delay=-2073))
    city = City(at="07:20").trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop)[0] for stop in "ABD"] == [
        "08:00 t1 scheduled", "08:02 t1 scheduled", "08:06 t1 scheduled",
    ]  # fmt: skip
    assert texts(city.trip("t1"))[-1] == "08:08 t1 scheduled"
    assert city.readyz()["left_out"] == {"time_too_early": 3}


@pytest.mark.parametrize("too_early", [StopUpdate("C", delay=-5400), StopUpdate("C", "06:34", "06:34")])
def test_a_time_that_is_not_believed_changes_no_other(too_early: StopUpdate) -> None:
    told = (StopUpdate("A", delay=120), too_early, StopUpdate("D", delay=60))
    city = City(at="07:55").trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [
        "08:02 t1 live", "08:04 t1 live", "08:04 t1 scheduled", "08:07 t1 live",
    ]  # fmt: skip
    assert city.readyz()["left_out"] == {"time_too_early": 1}


# google/transit#504
def test_a_run_that_another_one_an_hour_earlier_stands_for_is_told_and_followed_by_the_times_of_that_one() -> None:
    city = City(network("A B C", trips=(Trip("t1", "17:00"), Trip("t2", "19:00"))), at="12:55")
    told = added("t1", ("A", "16:00"), ("B", "16:10"), ("C", "16:20"), relationship="REPLACEMENT", **TODAY)
    city.trip_updates(told)
    assert city.far_departures("A")[0].clock == "16:00" and city.readyz()["left_out"] == {}
    assert "Next departure 16:00" in text(city.page("/stops/A"))
    for minute in range(-5, 13):
        at = city.posix("16:00") + 60.0 * minute
        place = (60.0 * max(minute, 0), 0.0)
        city.vehicle_positions(bus("v1", "t1", place=place, timestamp=at, start_date=20261126), at=at)
        live = [[row for row in city.board(stop) if "t1 live" in row] for stop in "AB"]
        assert list(map(len, live)) == [minute <= 0, minute <= 10]


# MobilityData/transit#6
def test_a_stop_that_is_told_counts_more_than_the_delay_of_the_whole_trip() -> None:
    city = City(at="08:03").trip_updates(update("t1", StopUpdate("C", delay=120), delay=600, **TODAY))
    assert [city.board(stop)[0] for stop in "CD"] == ["08:06 t1 live", "08:08 t1 live"]


# opentripplanner/OpenTripPlanner#2761, google/transit#144
def test_a_delay_that_is_only_carried_on_puts_off_no_time_that_is_told_further_on() -> None:
    told = update("t1", StopUpdate("B", delay=420), StopUpdate("E", arrival="08:10"), **TODAY)
    city = City(at="07:58").trip_updates(told)
    assert [city.board(stop)[0].split()[0] for stop in "BCD"] == ["08:09", "08:10", "08:10"]
    assert texts(city.departures("E", arrivals=True))[0] == "08:10 t1 live"


@pytest.mark.parametrize(("next_arrival", "leaves"), [("08:20", "08:15"), ("08:22", "08:17"), ("08:40", "08:22")])
def test_who_arrives_late_at_a_hub_leaves_in_time_for_the_next_arrival_that_is_told(
    next_arrival: str, leaves: str
) -> None:
    hub = (Call("A", "08:00"), Call("B", "08:05", "08:15"), Call("C", "08:20"), Call("D", "08:25"))
    told = update("t1", StopUpdate("B", arrival="08:12"), StopUpdate("C", arrival=next_arrival), **TODAY)
    city = City(network("A B C D", trips=(Trip("t1", calls=hub),))).trip_updates(told)
    assert [city.board(stop)[0] for stop in "BC"] == [f"{leaves} t1 live", f"{next_arrival} t1 live"]


# opentripplanner/OpenTripPlanner#6392
@pytest.mark.parametrize(("arrival", "leaves", "next_one"), [("08:12", "08:15", "08:20"), ("08:17", "08:17", "08:22")])
def test_who_comes_late_to_a_hub_and_of_which_no_more_is_told_waits_for_less(
    arrival: str, leaves: str, next_one: str
) -> None:
    hub = (Call("A", "08:00"), Call("B", "08:05", "08:15"), Call("C", "08:20"), Call("D", "08:25"))
    city = City(network("A B C D", trips=(Trip("t1", calls=hub),)))
    city.trip_updates(update("t1", StopUpdate("B", arrival=arrival), **TODAY))
    assert [city.board(stop)[0] for stop in "BC"] == [f"{leaves} t1 live", f"{next_one} t1 live"]


# opentripplanner/OpenTripPlanner#6391
@pytest.mark.parametrize(
    ("arrives", "told_at_d", "leaves"),
    [
        ("08:12", {"arrival": "08:25"}, ["08:15", "08:20", "08:25"]),
        ("08:12", {"arrival": "08:27"}, ["08:17", "08:22", "08:27"]),
        ("08:12", {"arrival_delay": 120}, ["08:17", "08:22", "08:27"]),
        ("08:12", {"arrival": "08:25", "departure": "08:30"}, ["08:15", "08:20", "08:30"]),
        ("08:17", {"arrival": "08:25"}, ["08:17", "08:22", "08:25"]),
        ("08:12", {"arrival": "08:40"}, ["08:22", "08:27", "08:40"]),
    ],
)
def test_what_a_wait_absorbs_is_carried_on_to_no_stop_behind_it(
    arrives: str, told_at_d: dict[str, Any], leaves: list[str]
) -> None:
    calls = (
        Call("A", "08:00"),
        Call("B", "08:05", "08:15"),
        Call("C", "08:20"),
        Call("D", "08:25"),
        Call("E", "08:30"),
    )
    told = update("t1", StopUpdate("B", arrival=arrives), StopUpdate("D", **told_at_d), **TODAY)
    city = City(network("A B C D E", trips=(Trip("t1", calls=calls),))).trip_updates(told)
    assert [city.board(stop)[0] for stop in "BCD"] == [f"{at} t1 live" for at in leaves]


@pytest.mark.parametrize(("told_at_d", "leaves"), [("08:25", "08:15"), ("08:27", "08:17"), ("08:40", "08:22")])
def test_a_wait_of_which_nothing_is_told_absorbs_what_is_caught_up_further_on(told_at_d: str, leaves: str) -> None:
    later = (Call(stop, at) for stop, at in (("C", "08:20"), ("D", "08:25"), ("E", "08:30")))
    calls = (Call("A", "08:00"), Call("B", "08:05", "08:15"), *later)
    city = City(network("A B C D E", trips=(Trip("t1", calls=calls),)))
    for told in (
        update("t1", StopUpdate("A", delay=420), StopUpdate("D", arrival=told_at_d), **TODAY),
        update("t1", StopUpdate("D", arrival=told_at_d), delay=420, **TODAY),
    ):
        city.trip_updates(told)
        assert [city.board(stop)[0] for stop in "AB"] == ["08:07 t1 live", f"{leaves} t1 live"]


@pytest.mark.parametrize(("given", "range_s"), [(90, 90), (600, 600), (None, None), (0, None)])
def test_how_sure_a_time_is_is_as_the_operator_says(given: int | None, range_s: int | None) -> None:
    told = StopUpdate("D", arrival="08:16", departure="08:16", uncertainty=given)
    city = City(at="07:58").trip_updates(update("t1", told, **TODAY))
    row = city.departures("D")[0]
    early, at, late = (posix(row.told["range"][name]) or 0.0 for name in ("p10", "p50", "p90"))
    usual = 30 + 0.1 * 18 * 60
    assert (at - early, late - at) == pytest.approx((range_s or 1.1 * usual, range_s or 1.4 * usual), abs=1.0)
    ours = city.our_trip_updates()[0].message.stop_time_update[0]
    assert ours.arrival.uncertainty == pytest.approx(range_s or 1.25 * usual, abs=1.0)


# mbta/gtfs-documentation, TheTransitClock/transitime: 300 is a prediction by the timetable
@pytest.mark.parametrize(
    ("uncertainty", "vehicle", "status"), [(300, "", "scheduled"), (300, "v1", "live"), (299, "", "live")]
)
def test_a_time_that_its_program_has_by_the_timetable_for_want_of_a_vehicle_is_not_live(
    uncertainty: int, vehicle: str, status: str
) -> None:
    told = (StopUpdate(stop, delay=120, uncertainty=uncertainty) for stop in "BCD")
    city = City(at="07:58").trip_updates(update("t1", *told, vehicle=vehicle, **TODAY))
    assert [city.board(stop)[0] for stop in "BD"] == [f"08:04 t1 {status}", f"08:08 t1 {status}"]


def test_times_that_run_backwards_are_put_in_order() -> None:
    told = {"A": "08:01", "B": "08:09", "C": "08:05", "D": "08:11"}
    calls = (StopUpdate(stop, arrival=at, departure=at) for stop, at in told.items())
    city = City(at="07:58").trip_updates(update("t1", *calls, **TODAY))
    assert [city.board(stop)[0] for stop in "ABCD"] == [
        "08:01 t1 live", "08:09 t1 live", "08:09 t1 live", "08:11 t1 live",
    ]  # fmt: skip
    assert city.service.snapshot.counts["refused_time_running_backwards"] > 0


# christofip/CyBuses, valentinlarge/ApkTest: what is left there of another lap is told before what the bus does next.
@pytest.mark.parametrize(
    ("told", "boards"),
    [
        (("08:16", "08:03", "08:05", "08:07"), ("09:00 t2 scheduled", "08:03", "08:05", "08:07")),
        (("08:01:30", "08:16", "08:05", "08:07"), ("08:01", "08:03", "08:05", "08:07")),
    ],
)
def test_one_time_that_all_others_contradict_holds_up_no_other_stop(told: Sequence[str], boards: Sequence[str]) -> None:
    stops = enumerate(zip("ABCD", told, strict=True), 1)
    calls = (StopUpdate(stop, sequence=k, arrival=at, departure=at) for k, (stop, at) in stops)
    city = City(at="08:01").trip_updates(update("t1", *calls, **TODAY))
    found = [city.board(stop)[0].removesuffix(" t1 live") for stop in "ABCD"]
    assert found == list(boards)
    assert city.service.snapshot.counts["refused_time_running_backwards"] == 1


@pytest.mark.parametrize("as_of", ["now", "next call"])
def test_stops_behind_the_bus_that_a_feed_goes_on_telling_as_to_come_are_left(as_of: str) -> None:
    slow = network("A B C D E", (Pattern("main", "A B C D E", hop_s=240),), trips=(Trip("t1", "08:00"),))
    due = {"A": "08:02", "B": "08:06", "C": "08:10", "D": "08:14", "E": "08:18"}
    city = City(slow, at="08:01").trip_updates(update("t1", *(StopUpdate(s, t, t) for s, t in due.items()), **TODAY))
    assert city.board("A") == ["08:02 t1 live"]
    for at, next_stop in (("08:03", "B"), ("08:07", "C"), ("08:09", "C")):
        city.at(at)
        behind = city.now if as_of == "now" else due[next_stop]
        calls = (StopUpdate(s, *(2 * (behind if s < next_stop else t,))) for s, t in due.items())
        city.trip_updates(update("t1", *calls, **TODAY))
    assert [city.board(stop) for stop in "ABCD"] == [[], [], ["08:10 t1 live"], ["08:14 t1 live"]]
    # One that has not set out is due wherever it should have been by now, and in time from there on.
    city = City(slow, at="08:05")
    waiting = (StopUpdate(s, t, t) for s, t in (("A", city.now), ("B", city.now), ("C", "08:08")))
    city.trip_updates(update("t1", *waiting, **TODAY))
    assert [city.board(stop) for stop in "AB"] == [["08:05 t1 live"], ["08:05 t1 live"]]


def test_a_message_that_tells_only_changes_is_refused_in_words() -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = gtfs_realtime_pb2.FeedHeader.DIFFERENTIAL
    with pytest.raises(FeedError, match=r"DIFFERENTIAL.*FULL_DATASET"):
        decode_trip_updates(message.SerializeToString(), Network().timetable, 0.0)


# Which call is meant

RING = network("A B C", patterns=(Pattern("main", "A B C A", headsign="Ring"),), trips=(Trip("t1", "08:00"),))


def test_on_a_ring_a_departure_is_that_of_the_first_call() -> None:
    city = City(RING, at="07:58").trip_updates(update("t1", StopUpdate("A", departure="08:03"), **TODAY))
    assert city.board("A") == ["08:03 t1 live"]
    assert city.board("B") == ["08:05 t1 live"]


def test_on_a_ring_the_call_is_meant_whose_time_fits() -> None:
    told = StopUpdate("A", arrival="08:08", departure="08:08")
    city = City(RING, at="08:03").trip_updates(update("t1", told, **TODAY))
    assert texts(city.departures("A", arrivals=True)) == ["08:08 t1 live"]
    assert city.board("C") == ["08:04 t1 scheduled"]


def test_on_a_ring_the_order_of_the_stops_told_counts() -> None:
    told = [StopUpdate(stop, delay=120) for stop in "ABCA"]
    city = City(RING, at="07:58").trip_updates(update("t1", *told, **TODAY))
    assert texts(city.departures("A", arrivals=True)) == ["08:02 t1 live", "08:08 t1 live"]


def station() -> Network:
    """Stops A, then a station S with platforms S1 and S2, then E."""
    platforms = (Stop(f"S{k}", 600.0, 10.0 * k, parent="S", platform=str(k)) for k in (1, 2))
    stops = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), *platforms, Stop("E", 1200.0))
    return network(stops, "A S1 E")


def test_a_train_stands_at_its_new_platform_and_there_alone() -> None:
    moved = StopUpdate("S1", sequence=2, delay=60, assigned_stop="S2")
    city = City(station(), at="07:58").trip_updates(update("t1", moved, **TODAY))
    assert city.board("S2") == ["08:03 t1 live"]
    assert city.board("S1") == ["09:02 t2 scheduled"]
    assert city.board("S") == ["08:03 t1 live", "09:02 t2 scheduled"]
    city.vehicle_positions(bus("v1", "t1", late_s=60)).at("08:02")
    assert city.board("S2")[0].endswith("t1 live")
    assert city.board("S1") == ["09:02 t2 scheduled"]
    city.trip_updates(update("t1", StopUpdate("S1", sequence=2, delay=60), **TODAY))
    assert city.board("S1")[0].endswith("t1 live")
    assert city.board("S2") == []


def test_who_asks_by_siri_for_the_platform_scheduled_is_told_of_the_new_one() -> None:
    def monitored(*stops: str) -> Any:
        answer = city.json("/siri/2.0/stop-monitoring.json", MonitoringRef=list(stops))
        return answer["Siri"]["ServiceDelivery"]["StopMonitoringDelivery"][0]

    moved = update("t1", StopUpdate("S1", delay=60, assigned_stop="S2"), **TODAY)
    city = City(station(), at="07:58").trip_updates(moved)
    visit = monitored("S1")["MonitoredStopVisit"][0]
    call = visit["MonitoredVehicleJourney"]["MonitoredCall"]
    assert visit["MonitoringRef"] == {"value": "S1"}
    assert call["StopPointRef"] == call["DepartureStopAssignment"]["ExpectedQuayRef"] == {"value": "S2"}
    assigned = city.siri_calls("r1")[1]["ArrivalStopAssignment"]
    assert assigned["AimedQuayRef"] == {"value": "S1"} and assigned["ExpectedQuayRef"] == {"value": "S2"}
    assert [assigned[name] for name in ("AimedQuayName", "ExpectedQuayName")] == [[{"value": "1"}], [{"value": "2"}]]
    assert len(monitored("S1", "S2")["MonitoredStopVisit"]) == len(monitored("S")["MonitoredStopVisit"]) == 2
    city.trip_updates(added("t1", ("A", "08:00"), ("E", "08:05"), relationship="REPLACEMENT", **TODAY))
    (gone,) = monitored("S1")["MonitoredStopVisitCancellation"]
    assert gone["VehicleJourneyRef"]["DatedVehicleJourneyRef"] == "t1"


def test_a_stop_that_is_skipped_is_told_so_though_nobody_may_board_there_either() -> None:
    told = StopUpdate("B", relationship="SKIPPED", pickup="NONE", drop_off="NONE")
    city = City(at="07:58").trip_updates(update("t1", told, **TODAY))
    assert city.board("B") == ["08:02 t1 skipped", "09:02 t2 scheduled"]
    assert city.messages(stop="B")["stop page"] == []


def test_who_reads_siri_sees_that_nobody_boards_a_call_that_is_not_made() -> None:
    # entur/profile-norway: cancelled calls are noBoarding and noAlighting.
    city = City(at="07:58").trip_updates(update("t1", skipped("C"), **TODAY))
    for made, which in ((False, slice(2, 3)), (True, slice(1, 2))):
        (call,) = city.siri_calls("r1")[which]
        assert call.get("Cancellation", False) is not made
        activities = call["ArrivalBoardingActivity"], call["DepartureBoardingActivity"]
        assert activities == (("alighting", "boarding") if made else ("noAlighting", "noBoarding"))
        assert (call["ArrivalStatus"] == call["DepartureStatus"] == "cancelled") is not made


def test_a_run_by_headway_that_has_moved_to_another_platform_is_told_where_riders_wait() -> None:
    often = replace(station(), trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "10:00", 600),))
    moved = StopUpdate("S1", departure="08:13", assigned_stop="S2")
    city = City(often, at="07:58").trip_updates(update("t1", moved, start_time="08:10:00", **TODAY))
    assert city.board("S2") == ["08:13 t1@08:10 live"]
    (told,) = city.json("/v1/stops/S1/departures")["moved_away"]
    assert (told["to"]["stop_id"], told["scheduled_time"][11:16]) == ("S2", "08:13")
    assert "From Platform 2: 08:13" in text(city.page("/stops/S1"))


def test_a_platform_that_is_named_in_place_of_the_scheduled_one_is_the_new_one() -> None:
    city = City(station(), at="07:58").trip_updates(update("t1", StopUpdate("S2", sequence=2, delay=60), **TODAY))
    assert (city.board("S2"), city.board("S1")) == (["08:03 t1 live"], ["09:02 t2 scheduled"])
    city.trip_updates(update("t1", StopUpdate("S2", delay=60), **TODAY))
    assert (city.board("S2"), city.board("S1")) == (["08:03 t1 live"], ["09:02 t2 scheduled"])


# mfdz/GTFS-Issues#282
@pytest.mark.parametrize("order", [1, -1])
def test_a_platform_that_is_skipped_for_another_one_is_no_skipped_stop(order: int) -> None:
    told = (StopUpdate("S1", sequence=2, relationship="SKIPPED"), StopUpdate("S2", sequence=2, delay=60))
    city = City(station(), at="07:58").trip_updates(update("t1", *told[::order], **TODAY))
    assert (city.board("S2"), city.board("S1")) == (["08:03 t1 live"], ["09:02 t2 scheduled"])


def test_a_platform_that_is_skipped_is_skipped_where_riders_wait() -> None:
    told = StopUpdate("S1", relationship="SKIPPED", assigned_stop="S2")
    city = City(station(), at="07:58").trip_updates(update("t1", told, **TODAY))
    assert (city.board("S1")[0], city.board("S2")) == ("08:02 t1 skipped", [])


def test_a_run_that_is_scheduled_at_the_station_alone_stands_at_the_platform_that_is_told() -> None:
    # opentripplanner/OpenTripPlanner#6723
    at_station = replace(station(), patterns=(Pattern("main", "A S E"),))
    city = City(at_station, at="07:58").trip_updates(update("t1", StopUpdate("S2", sequence=2, delay=60), **TODAY))
    assert (city.board("S2"), city.board("S1")) == (["08:03 t1 live"], [])
    assert city.board("S") == ["08:03 t1 live", "09:02 t2 scheduled"]
    assert city.departures("S")[0].told["platform"] == "2"


def test_a_station_that_is_named_means_the_platform_scheduled() -> None:
    city = City(station(), at="07:58").trip_updates(update("t1", StopUpdate("S", delay=60), **TODAY))
    assert city.board("S1") == ["08:03 t1 live", "09:02 t2 scheduled"]


POLES = (
    *row_of_stops("A B C D E"), Stop("C2", 1210.0, 25.0, name="Stop C"), Stop("D2", 1800.0, -30.0, name="Stop D"),
    Stop("F2", 1200.0, 5000.0, name="Stop C"),
)  # fmt: skip
"""Stops in a row, other poles beside C and D, and one of that name in another town."""


# MobilityData/gtfs-realtime-validator#51
@pytest.mark.parametrize("sequence", [None, 3])
def test_another_pole_of_the_name_is_where_the_bus_calls_though_no_station_joins_them(sequence: int | None) -> None:
    city = City(network(POLES, "A B C D E"), at="07:58")
    city.trip_updates(update("t1", StopUpdate("C2", sequence=sequence, delay=300), **TODAY))
    assert [city.board(stop)[0] for stop in ("C2", "C", "D")] == [
        "08:09 t1 live",
        "09:04 t2 scheduled",
        "08:11 t1 live",
    ]
    city.trip_updates(update("t1", skipped("C"), StopUpdate("C2", "08:06", "08:06"), **TODAY))
    assert [city.board(stop)[0] for stop in ("C2", "C", "D")] == [
        "08:06 t1 live",
        "09:04 t2 scheduled",
        "08:08 t1 live",
    ]
    city.trip_updates(update("t1", skipped("C2"), **TODAY))
    assert city.board("C")[0] == "08:04 t1 skipped"
    assert city.trip_updates(update("t1", StopUpdate("F2", delay=300), **TODAY)).board("D")[0] == "08:06 t1 scheduled"


def test_a_pole_across_the_street_that_is_named_for_a_run_of_this_direction_means_this_side() -> None:
    both_ways = network(
        POLES,
        (Pattern("main", "A B C D E"), Pattern("back", "E D2 C2 B A", direction=1, headsign="West")),
        (Trip("t1", "08:00"), Trip("u1", "08:00", "back")),
    )
    told = (StopUpdate(stop, delay=180) for stop in ("A", "B", "C2", "D2", "E"))
    city = City(both_ways, at="07:58").trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop) for stop in ("C", "C2")] == [["08:07 t1 live"], ["08:04 u1 scheduled"]]


# Calls that replace others


def test_a_replaced_trip_calls_only_where_it_now_goes() -> None:  # google/transit#644, #504
    city = City(at="07:58").trip_updates(
        added("t1", ("A", "08:00"), ("B", "08:02"), ("E", "08:06"), relationship="REPLACEMENT", **TODAY)
    )
    assert [city.board(stop) for stop in "ABCD"] == [
        ["08:00 t1 live", "09:00 t2 scheduled"], ["08:02 t1 live", "09:02 t2 scheduled"], ["09:04 t2 scheduled"],
        ["09:06 t2 scheduled"],
    ]  # fmt: skip
    assert [row.told["stop_id"] for row in city.trip("t1")] == ["A", "B", "E"]
    city.vehicle_positions(bus("v1", "t1", between=("A", "B", 0.5), fresh=True)).at("08:01")
    assert city.board("B")[0].endswith("t1 live")
    assert city.vehicles()["v1"]["trip_id"] == "t1"
    city.trip_updates()
    assert city.board("C")[0].endswith("t1 live"), "withdrawn: it calls where it is scheduled to"


def test_a_replaced_trip_that_leaves_at_another_time_keeps_its_name() -> None:
    calls = (StopUpdate(stop, at, at) for stop, at in (("B", "08:20"), ("C", "08:25"), ("E", "08:30")))
    city = City(at="07:58").trip_updates(update("t1", *calls, relationship="REPLACEMENT", **TODAY))
    assert [city.board(stop)[0] for stop in "BC"] == ["08:20 t1 live", "08:25 t1 live"]
    assert [row.stop for row in city.trip_page("t1", start="08:00:00", date="2026-11-26")] == ["B", "C", "E"]


def test_what_takes_the_place_of_a_trip_that_is_not_in_the_timetable_is_one_more() -> None:
    calls = (("A", "08:10"), ("C", "08:15"), ("E", "08:20"))
    city = City(at="07:55").trip_updates(added("gone", *calls, relationship="REPLACEMENT", **TODAY))
    assert city.board("C") == ["08:04 t1 scheduled", "08:15 gone live", "09:04 t2 scheduled"]
    assert city.our_trip_updates()[0].relationship == "NEW"
    found = added("gone", *calls, relationship="REPLACEMENT", start_time="08:00:00", **TODAY)
    assert city.trip_updates(found).board("C") == ["08:15 t1 live", "09:04 t2 scheduled"]
    city.trip_updates(update("gone", relationship="REPLACEMENT", **TODAY))
    assert city.board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]


@pytest.mark.parametrize("gone", ["CANCELED", "DELETED"])
@pytest.mark.parametrize("stops", ["ABE", "ACB"])
def test_a_run_that_is_called_off_and_added_again_under_its_id_runs_as_added(gone: str, stops: str) -> None:
    anew = added("t1", *((stop, f"08:1{k}") for k, stop in enumerate(stops)), **TODAY)
    off = update("t1", relationship=gone, **TODAY)
    for told in ((off, anew), (anew, off)):
        city = City(at="07:58").trip_updates(*told)
        assert city.board("A") == ["08:10 t1 live", "09:00 t2 scheduled"]
    assert "live" not in " ".join(city.trip_updates(off).board("A"))


@pytest.mark.parametrize("relationship", ["NEW", "ADDED"])
def test_a_run_added_hours_later_under_the_id_of_one_that_is_called_off_hides_it_from_nobody(relationship: str) -> None:
    later = update(
        "t1", StopUpdate("A", "09:05", "09:05"), StopUpdate("D", "09:12", "09:12"), relationship=relationship
    )
    for told in ((cancelled("t1"), later), (later, cancelled("t1"))):
        city = City(at="07:58").trip_updates(*told)
        assert city.board("A") == ["08:00 t1 cancelled", "09:00 t2 scheduled", "09:05 t1@09:05 live"]


def test_one_vehicle_that_is_told_to_make_one_added_run_under_two_names_comes_once() -> None:
    def extra(name: str, vehicle: str) -> TripUpdate:
        return replace(added(name, ("A", "08:20"), ("C", "08:24"), ("E", "08:28")), vehicle=vehicle)

    city = City(at="08:10").trip_updates(extra("x", "v1"), extra("y", "v1"))
    assert city.board("C") == ["08:24 x live", "09:04 t2 scheduled"]
    city.vehicle_positions(bus("v1", "y", at="A"))
    assert city.vehicles()["v1"]["trip_id"] == "x" and [row.run for row in city.departures("C")] == ["x", "t2"]
    city.trip_updates(extra("x", "v1"), extra("y", "v2"))
    assert [row.run for row in city.departures("C")] == ["x", "y", "t2"]


def test_a_trip_sent_elsewhere_calls_at_the_new_stop() -> None:
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0))
    city = City(network(far, "A B C D E"), at="07:58").trip_updates(
        added("t1", ("A", "08:00"), ("B", "08:02"), ("X", "08:05"), ("D", "08:08"), relationship="REPLACEMENT", **TODAY)
    )
    assert city.board("X") == ["08:05 t1 live"]
    assert city.board("C") == ["09:04 t2 scheduled"]
    ends = next(row for row in city.departures("X") if row.run == "t1")
    assert ends.told["headsign"] == "Stop D", "it ends there"
    # opentripplanner/OpenTripPlanner#6188
    extra = [call["StopPointRef"]["value"] for call in city.siri_calls("r1") if call.get("ExtraCall")]
    assert extra == ["X"]


# hove-io/navitia#2853, mfdz/GTFS-Issues#318; MobilityData/GTFS_Realtime_Best-Practices#21 calls it UNSCHEDULED
@pytest.mark.parametrize("relationship", ["", "UNSCHEDULED"])
def test_a_stop_that_is_told_of_in_place_of_a_skipped_one_is_served(relationship: str) -> None:
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0))
    city = City(network(far, "A B C D E"), at="07:58")
    instead = StopUpdate("X", "08:05", "08:05", relationship=relationship)
    told = (skipped("C"), instead, StopUpdate("D", "08:08", "08:08"))
    city.trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop)[0] for stop in "BCXD"] == [
        "08:02 t1 scheduled", "08:04 t1 skipped", "08:05 t1 live", "08:08 t1 live",
    ]  # fmt: skip
    assert [row.stop for row in city.trip("t1")] == ["A", "B", "C", "X", "D", "E"]
    assert city.trip_updates().board("X") == []


def test_a_run_that_is_told_to_go_on_beyond_its_last_stop_goes_there() -> None:
    city = City(network("A B C D E F", "A B C D E"), at="07:58")
    told = (StopUpdate(stop, at, at) for stop, at in (("D", "08:06"), ("E", "08:08"), ("F", "08:11")))
    city.trip_updates(update("t1", *told, **TODAY))
    assert city.board("E") == ["08:08 t1 live"]
    assert city.departures("E")[0].told["headsign"] == "Stop F"
    assert texts(city.departures("F", arrivals=True)) == ["08:11 t1 live"]


def test_a_stop_of_another_line_alone_takes_no_run_there() -> None:
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0), Stop("Y", 1900.0, 700.0))
    told = (StopUpdate("B", "08:03", "08:03"), StopUpdate("X", "08:05", "08:05"), StopUpdate("Y", "08:08", "08:08"))
    city = City(network(far, "A B C D E"), at="07:58").trip_updates(update("t1", *told, **TODAY))
    assert [city.board(stop) for stop in "XY"] == [[], []]
    assert city.board("C")[0] == "08:05 t1 live"


def modifications(
    *replaced: tuple[str, int],
    start: str,
    end: str,
    delay: int,
    new_stop: Stop | None = None,
    way: tuple[Stop, ...] = (),
) -> bytes:
    """A diversion of t1; `new_stop` and the corners of `way` come with the message."""
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    entity = message.entity.add(id="works").trip_modifications
    selected = entity.selected_trips.add(trip_ids=["t1"])
    entity.service_dates.append("20261126")
    change = entity.modifications.add(propagated_modification_delay=delay)
    change.start_stop_selector.stop_id, change.end_stop_selector.stop_id = start, end
    for stop, seconds in replaced:
        change.replacement_stops.add(stop_id=stop, travel_time_to_stop=seconds)
    if new_stop is not None:
        added_stop: Any = message.entity.add(id="stop")
        added_stop = added_stop.stop
        added_stop.stop_id, added_stop.stop_lat, added_stop.stop_lon = new_stop.stop_id, new_stop.lat, new_stop.lon
        added_stop.stop_name.translation.add(text=new_stop.name)
    if way:
        shape: Any = message.entity.add(id="shape")
        shape.shape.shape_id = selected.shape_id = "way"
        shape.shape.encoded_polyline = polyline.encode([(corner.lat, corner.lon) for corner in way])
    return message.SerializeToString()


def test_on_a_diversion_the_replacement_stops_are_served() -> None:
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0))
    city = City(network(far, "A B C D E"), at="07:58")
    city.trip_updates(modifications(("X", 180), ("nowhere", 200), start="C", end="C", delay=120))
    assert city.board("X") == ["08:05 t1 scheduled"]
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert city.board("D")[0] == "08:08 t1 scheduled"
    assert city.service.snapshot.counts["refused_unknown_stop"] > 0


AROUND_C = network((*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0)), "A B C D E")


def diversion(start: str = "C", end: str = "C") -> tuple[gtfs_realtime_pb2.FeedMessage, Any]:
    """By X in place of C; the message, and what it says of it."""
    told = gtfs_realtime_pb2.FeedMessage()
    told.ParseFromString(modifications(("X", 180), start=start, end=end, delay=120))
    return told, told.entity[0].trip_modifications


def test_a_diversion_may_name_where_it_begins_and_ends_by_numbers() -> None:  # google/transit#403
    told, works = diversion()
    for selector in (works.modifications[0].start_stop_selector, works.modifications[0].end_stop_selector):
        selector.ClearField("stop_id")
        selector.stop_sequence = 3
    city = City(AROUND_C, at="07:58").trip_updates(told.SerializeToString())
    assert [city.board(stop)[0] for stop in "BCXD"] == [
        "08:02 t1 scheduled", "09:04 t2 scheduled", "08:05 t1 scheduled", "08:08 t1 scheduled",
    ]  # fmt: skip


def test_of_a_trip_that_repeats_the_runs_are_diverted_whose_starts_are_named() -> None:  # google/transit#403
    told, works = diversion()
    works.start_times.append("08:30:00")
    often = replace(AROUND_C, trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 1800, 1),))
    city = City(often, at="07:58").trip_updates(told.SerializeToString())
    assert [city.board(stop) for stop in "CX"] == [["08:04 t1@08:00 scheduled"], ["08:35 t1@08:30 scheduled"]]


def test_where_the_road_alone_is_another_all_behind_it_is_later() -> None:  # google/transit#403
    told, works = diversion()
    works.modifications[0].ClearField("end_stop_selector")
    works.modifications[0].ClearField("replacement_stops")
    city = City(AROUND_C, at="07:58").trip_updates(told.SerializeToString())
    assert [city.board(stop)[0] for stop in "CD"] == ["08:04 t1 scheduled", "08:08 t1 scheduled"]


@pytest.mark.parametrize("start, end", [("D", "B"), ("nowhere", "C"), ("C", "nowhere")])
def test_a_diversion_between_stops_that_are_not_on_the_way_changes_nothing_and_is_counted(start: str, end: str) -> None:
    told, _ = diversion(start, end)
    city = City(AROUND_C, at="07:58").trip_updates(told.SerializeToString())
    assert [city.board(stop)[:1] for stop in "CXD"] == [["08:04 t1 scheduled"], [], ["08:06 t1 scheduled"]]
    assert city.service.snapshot.counts["refused_modification_stop_unknown"] == 1


@pytest.mark.parametrize(
    "way, reason",
    [
        ((Stop("", 1300.0, 700.0),), "shape_unreadable"),
        ((Stop("", 0.0, 9000.0), Stop("", 2000.0, 9000.0)), "shape_leads_elsewhere"),
    ],
)
def test_a_diversion_whose_way_leads_nowhere_is_told_by_its_stops(way: tuple[Stop, ...], reason: str) -> None:
    told = modifications(("X", 180), start="C", end="C", delay=120, way=way)
    city = City(AROUND_C, at="07:58").trip_updates(told)
    assert [row.stop for row in city.trip("t1")] == ["A", "B", "X", "D", "E"]
    assert city.service.snapshot.counts[f"refused_{reason}"] == 1


def test_a_new_stop_without_a_place_is_left_out_and_the_rest_of_its_diversion_holds() -> None:
    told = gtfs_realtime_pb2.FeedMessage()
    told.ParseFromString(modifications(("N", 180), start="C", end="C", delay=120, new_stop=Stop("N", 0.0)))
    new_stop: Any = told.entity[1]
    new_stop.stop.stop_lat = new_stop.stop.stop_lon = 0.0
    city = City(at="07:58").trip_updates(told.SerializeToString())
    assert [row.stop for row in city.trip("t1")] == ["A", "B", "D", "E"]
    assert city.service.snapshot.counts["refused_new_stop_without_place"] == 1


@pytest.mark.parametrize("by_both_ids", [False, True])
def test_a_bus_on_a_diversion_may_name_the_trip_that_is_diverted(by_both_ids: bool) -> None:  # google/transit#403
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0))
    city = City(network(far, "A B C D E"), at="07:58")
    city.trip_updates(modifications(("X", 180), start="C", end="C", delay=120))
    for clock, east in (("08:00", 0.0), ("08:01", 300.0)):
        city.at(clock)
        message = gtfs_realtime_pb2.FeedMessage()
        message.header.gtfs_realtime_version, message.header.timestamp = "2.0", int(city.now)
        report = message.entity.add(id="1").vehicle
        report.vehicle.id, report.timestamp = "v1", int(city.now)
        here = Stop("", east)
        report.position.latitude, report.position.longitude = here.lat, here.lon
        if by_both_ids:
            report.trip.trip_id, report.trip.start_date = "works_t1", "20261126"
        else:
            report.trip.modified_trip.affected_trip_id, report.trip.modified_trip.start_date = "t1", "20261126"
        city.vehicle_positions(message.SerializeToString())
    assert city.vehicles()["v1"]["trip_id"] == "t1"
    assert city.board("X")[0].endswith("t1 live")
    assert city.board("C") == ["09:04 t2 scheduled"]


def test_replacement_stops_without_travel_times_lie_between_the_others() -> None:  # google/transit#369
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0), Stop("Y", 1900.0, 700.0))
    told = gtfs_realtime_pb2.FeedMessage()
    told.ParseFromString(modifications(("X", 0), ("Y", 0), start="C", end="D", delay=60))
    without: Any = told.entity[0].trip_modifications.modifications[0]
    for replacement in without.replacement_stops:
        replacement.ClearField("travel_time_to_stop")
    city = City(network(far, "A B C D E"), at="07:58").trip_updates(told.SerializeToString())
    assert [city.board(stop)[0] for stop in "BXY"] == [f"08:0{k} t1 scheduled" for k in (2, 4, 6)]


def test_two_works_on_one_trip_that_are_told_of_apart_both_divert_it() -> None:  # google/transit#369
    far = (*row_of_stops("A B C D E"), Stop("X", 700.0, 700.0), Stop("Y", 1900.0, 700.0))
    parts = []
    for entity_id, stop, at in (("late", "Y", "D"), ("early", "X", "B")):
        part = gtfs_realtime_pb2.FeedMessage()
        part.ParseFromString(modifications((stop, 100), start=at, end=at, delay=60))
        part.entity[0].id = entity_id
        parts.append(part)
    parts[0].entity.extend(parts[1].entity)
    city = City(network(far, "A B C D E"), at="07:58").trip_updates(parts[0].SerializeToString())
    assert [row.stop for row in city.trip("t1")] == ["A", "X", "C", "Y", "E"]
    assert [city.board(stop)[0] for stop in "BXCY"] == [
        "09:02 t2 scheduled", "08:01 t1 scheduled", "08:05 t1 scheduled", "08:06 t1 scheduled",
    ]  # fmt: skip


@pytest.mark.parametrize("as_modified", [False, True])
def test_on_a_diversion_calls_go_by_the_numbers_of_the_run_that_is_named(as_modified: bool) -> None:
    # google/transit#403: E is the fifth call of the trip and the third of what is left of it.
    told = gtfs_realtime_pb2.FeedMessage()
    told.ParseFromString(modifications(start="C", end="D", delay=0))
    late = told.entity.add(id="late").trip_update
    named: Any = late.trip
    if as_modified:
        named = named.modified_trip
        named.affected_trip_id = "t1"
    else:
        named.trip_id = "t1"
    named.start_date = "20261126"
    late.stop_time_update.add(stop_sequence=3 if as_modified else 5).arrival.delay = 120
    city = City(at="07:58").trip_updates(told.SerializeToString())
    assert city.board("B")[0] == "08:02 t1 scheduled"
    assert texts(city.departures("E", arrivals=True))[0] == "08:10 t1 live"


@pytest.mark.parametrize("beside", [False, True])
def test_a_run_on_its_diversion_may_go_by_an_id_made_of_both(beside: bool) -> None:  # google/transit#403
    far = (*row_of_stops("A B C D E"), Stop("X", 1300.0, 700.0))
    told = gtfs_realtime_pb2.FeedMessage()
    told.ParseFromString(modifications(("X", 180), start="C", end="C", delay=120))
    late = told.entity.add(id="late").trip_update
    named: Any = late.trip
    named.trip_id = "works_t1"
    if beside:
        named.modified_trip.modifications_id, named.modified_trip.affected_trip_id = "works", "t1"
    late.stop_time_update.add(stop_sequence=3).arrival.delay = 60
    city = City(network(far, "A B C D E"), at="07:58").trip_updates(told.SerializeToString())
    assert [city.board(stop)[0] for stop in "BXD"] == ["08:02 t1 scheduled", "08:06 t1 live", "08:09 t1 live"]


NEW_STOP = Stop("X", 1300.0, 700.0, name="Detour Road")


def test_a_stop_that_comes_with_the_message_is_a_stop_everywhere() -> None:  # google/transit#403, #542
    city = City(at="07:58").trip_updates(modifications(("X", 180), start="C", end="C", delay=120, new_stop=NEW_STOP))
    assert city.board("X") == ["08:05 t1 scheduled"]
    assert [row.stop for row in city.trip_page("t1")] == ["A", "B", "X", "D", "E"]
    assert "Detour Road" in city.page("/stops/X").text()
    assert [stop.stop for stop in ours(city, "t1").stops] == ["A", "B", "X", "D", "E"]
    passed_on = next(entity.stop for entity in city.message("trip-updates").entity if entity.HasField("stop"))
    assert (passed_on.stop_id, passed_on.stop_name.translation[0].text) == ("X", "Detour Road")
    again = City(at="07:58").trip_updates(city.message("trip-updates").SerializeToString())
    assert again.board("X") == ["08:05 t1 scheduled"]
    city.trip_updates()
    assert city.board("C")[0] == "08:04 t1 scheduled"
    assert "X" not in city.service.timetable.stop_index


def test_a_bus_on_the_way_of_its_diversion_is_live() -> None:
    """The way goes round by the north, a kilometre from the line."""
    way = (Stop("", 0.0), Stop("", 600.0), Stop("", 600.0, 1000.0), Stop("", 1800.0, 1000.0), Stop("", 1800.0),
           Stop("", 2400.0))  # fmt: skip
    stop = Stop("X", 1200.0, 1005.0, name="Detour Road")
    told = modifications(("X", 240), start="C", end="C", delay=300, new_stop=stop, way=way)
    city = City(at="07:58").trip_updates(told)
    places = [(0.0, 0.0), (300.0, 0.0), (600.0, 0.0), (600.0, 450.0), (600.0, 900.0), (950.0, 1000.0)]
    for minute, place in enumerate(places):
        city.trip_updates(told).vehicle_positions(bus("v1", "t1", place=place, timestamp=city.now), at=f"08:0{minute}")
    vehicle = city.vehicles()["v1"]
    assert (vehicle["trip_id"], vehicle["state"]) == ("t1", "in_service")
    assert city.board("X")[0].endswith("t1 live")
    assert city.board("D")[0].endswith("t1 live")


@pytest.mark.parametrize("by_the_way", [(("X", "08:09"),), ()])
def test_behind_its_diversion_a_bus_comes_as_much_later_as_the_way_round_is_told_to_take(
    by_the_way: tuple[tuple[str, str], ...],
) -> None:  # TheTransitClock/transitime#152
    way = network((*row_of_stops("A B C D E"), Stop("X", 1200.0, 1500.0)), "A B C D E")
    calls = (("A", "08:00"), ("B", "08:02"), *by_the_way, ("D", "08:14"), ("E", "08:16"))
    city = City(way, at="07:58").trip_updates(added("t1", *calls, relationship="REPLACEMENT", **TODAY))
    city.vehicle_positions(bus("v1", "t1", "A"), at="08:00").vehicle_positions(bus("v1", "t1", "B"), at="08:02")
    # The timetable has D at 08:06.
    (row,) = (row for row in city.departures("D") if row.run == "t1")
    assert row.status == "live" and row.told["scheduled_time"].startswith("2026-11-26T08:06")
    assert row.at is not None and row.at == pytest.approx(city.posix("08:14"), abs=120)
    # Nor is the stop after that a moment away.
    city.vehicle_positions(bus("v1", "t1", "D"), at="08:14")
    (arrival,) = (row for row in city.departures("E", arrivals=True) if row.run == "t1")
    assert arrival.at is not None and arrival.at == pytest.approx(city.posix("08:16"), abs=45)
    city.faces_agree("E")


def test_a_trip_that_ends_early_offers_no_departure_where_it_ends() -> None:
    city = City(at="07:58").trip_updates(update("t1", skipped("D"), skipped("E"), **TODAY))
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert city.board("D")[0] == "08:06 t1 skipped"
    assert next(row for row in city.departures("B") if row.run == "t1").told["headsign"] == "Stop C"


# HSLdevcom/transitdata#93
def test_a_bus_that_turns_early_is_not_told_on_its_way_back_for_when_it_would_come_from_the_end() -> None:
    there_and_back = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1)),
        trips=(Trip("t1", "08:00", block="b"), Trip("t2", "08:12", "back", block="b")),
    )
    turns = update("t1", skipped("D"), skipped("E"), **TODAY), update("t2", skipped("E"), skipped("D"), **TODAY)
    city = City(there_and_back).trip_updates(*turns).vehicle_positions(bus("v1", "t1", late_s=240, stuck_at="C"))
    assert city.at("08:12").board("C") == ["08:16 t2 live"]
    # One that comes late to where it turns leaves there late.
    behind = City(there_and_back).trip_updates(*turns).vehicle_positions(bus("v1", "t1", late_s=840)).at("08:15")
    assert [behind.board(stop)[0] for stop in "BC"] == ["08:16 t1 live", "08:19 t2 live"]
    assert behind.at("08:18").board("C")[0].endswith("t2 live")
    city.vehicle_positions(bus("v1", "t2", at="C", fresh=True))
    assert city.at("08:15").board("C") == ["08:16 t2 live"]
    late = update("t2", skipped("E"), skipped("D"), StopUpdate("C", delay=180), **TODAY)
    assert city.trip_updates(turns[0], late).board("C") == ["08:19 t2 live"]
    city.vehicle_positions(bus("v1", "t2", between=("C", "B", 0.2), fresh=True)).at("08:17")
    assert city.board("B")[0].endswith("t2 live")


def test_a_trip_that_calls_nowhere_is_cancelled() -> None:
    city = City(at="07:58").trip_updates(update("t1", *(skipped(stop) for stop in "ABCDE"), **TODAY))
    assert city.board("C")[0] == "08:04 t1 cancelled"
    assert city.trip_state("t1") == "cancelled"


# public-transport/transitous#1842
def test_a_trip_that_goes_no_further_than_one_of_its_stops_is_cancelled() -> None:
    city = City(at="07:58").trip_updates(update("t1", *(skipped(stop) for stop in "BCDE"), **TODAY))
    assert [city.board(stop)[0] for stop in "AC"] == ["08:00 t1 cancelled", "08:04 t1 cancelled"]
    assert city.trip_state("t1") == "cancelled"


def test_a_deleted_trip_is_not_to_be_seen() -> None:
    city = City(at="07:58").trip_updates(update("t1", relationship="DELETED", **TODAY))
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert city.trip_updates().board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]


# Trips that are added


@pytest.mark.parametrize("relationship", ["ADDED", "NEW"])
def test_an_added_trip_is_changed_and_withdrawn_as_the_operator_says(relationship: str) -> None:
    # opentripplanner/OpenTripPlanner#6197, #1849
    city = City(at="07:58").trip_updates(
        added("x", ("A", "08:20"), ("C", "08:25"), ("E", "08:30"), relationship=relationship)
    )
    assert city.board("C") == ["08:04 t1 scheduled", "08:25 x live", "09:04 t2 scheduled"]
    assert city.board("B") == ["08:02 t1 scheduled", "09:02 t2 scheduled"]
    city.trip_updates(added("x", ("A", "08:22"), ("B", "08:24"), ("E", "08:30"), relationship=relationship))
    assert city.board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]
    assert city.board("B") == ["08:02 t1 scheduled", "08:24 x live", "09:02 t2 scheduled"]
    city.trip_updates()
    assert [city.board(stop)[1:] for stop in "AB"] == [["09:00 t2 scheduled"], ["09:02 t2 scheduled"]]
    assert not any("x" in row for row in texts(city.line_page("r1")))


def test_the_bus_of_an_added_trip_is_followed_from_its_first_report() -> None:
    city = City(at="08:18").trip_updates(added("x", ("A", "08:20"), ("C", "08:24"), ("E", "08:28")))
    city.vehicle_positions(bus("v1", "x", at="A", fresh=True)).at("08:19")
    row = next(row for row in city.departures("C") if row.run == "x")
    assert (row.status, row.told["source"]) == ("live", "vehicle")


def test_an_added_trip_and_its_bus_told_in_one_moment_are_live() -> None:
    city = City(at="08:20")
    city._updates = [added("x", ("A", "08:20"), ("C", "08:24"), ("E", "08:28"))]
    city.vehicle_positions(bus("v1", "x", at="A"))
    assert city.vehicles()["v1"]["trip_id"] == "x"


def test_both_trips_are_cancelled_and_an_added_one_takes_their_place() -> None:
    city = City(at="07:58").trip_updates(
        cancelled("t1", **TODAY), cancelled("t2", **TODAY), added("x", ("A", "08:30"), ("C", "08:34"), ("E", "08:38"))
    )
    assert city.board("C") == ["08:04 t1 cancelled", "08:34 x live", "09:04 t2 cancelled"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_run_that_is_cancelled_and_replaced_in_one_breath_is_replaced(order: int) -> None:
    # opentripplanner/OpenTripPlanner#3732
    replaced = added("t1", ("A", "08:00"), ("C", "08:05"), ("E", "08:08"), relationship="REPLACEMENT", **TODAY)
    told = (cancelled("t1", **TODAY), replaced)
    city = City(at="07:58").trip_updates(*told[::order])
    assert [city.board(stop)[0] for stop in "BC"] == ["09:02 t2 scheduled", "08:05 t1 live"]


def test_an_added_trip_that_names_a_station_stands_at_the_platform_of_its_line_and_way() -> None:
    places = (*row_of_stops("A B"), Stop("S", 1200.0, location_type=1), Stop("S1", 1200.0, parent="S"),
              Stop("S2", 1200.0, 12.0, parent="S"), Stop("E", 1800.0))  # fmt: skip
    ways = Pattern("main", "A B S1 E"), Pattern("back", "E S2 B A", direction=1)
    city = City(network(places, ways, (Trip("t1", "08:00"), Trip("b1", "08:01", "back"))), at="07:58")
    out, back = (("A", "08:20"), ("S", "08:24"), ("E", "08:26")), (("E", "08:30"), ("S", "08:32"), ("A", "08:36"))
    city.trip_updates(added("x", *out), added("y", *back))
    assert [city.board(stop)[1:] for stop in ("S1", "S2")] == [["08:24 x live"], ["08:32 y live"]]


# google/transit#504
@pytest.mark.parametrize("relationship", ["NEW", "ADDED"])
def test_an_added_trip_whose_stops_are_all_skipped_is_cancelled(relationship: str) -> None:
    stops = (("A", "08:20"), ("C", "08:25"), ("E", "08:30"))
    city = City(at="07:58").trip_updates(added("x", *stops, relationship=relationship, **TODAY))
    for with_times in (True, False):
        calls = (StopUpdate(stop, at, at) if with_times else StopUpdate(stop) for stop, at in stops)
        skips = (replace(call, relationship="SKIPPED") for call in calls)
        city.trip_updates(update("x", *skips, relationship=relationship, route_id="r1", **TODAY))
        assert city.board("C") == ["08:04 t1 scheduled", "08:25 x cancelled", "09:04 t2 scheduled"]


# google/transit#504, mbta/dotcom#3095
@pytest.mark.parametrize("relationship", ["NEW", "CANCELED"])
def test_a_run_of_which_only_the_calls_that_it_does_not_make_are_told_is_struck_out_there(relationship: str) -> None:
    stops = (("A", "08:20"), ("C", "08:25"), ("E", "08:30"))
    calls = (StopUpdate(stop, at, at, relationship="SKIPPED") for stop, at in stops)
    city = City(at="07:58").trip_updates(update("x", *calls, relationship=relationship, route_id="r1", **TODAY))
    reader = City(at="07:58").trip_updates(city.message("trip-updates").SerializeToString())
    for face in (city, reader):
        assert face.board("C") == ["08:04 t1 scheduled", "08:25 x cancelled", "09:04 t2 scheduled"]
    city.trip_updates(replace(city.updates[0], relationship="DELETED"))
    assert city.board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]


# opentripplanner/OpenTripPlanner#7119
def test_a_call_that_is_not_made_is_told_for_when_it_was_to_be() -> None:
    stops = (("A", "08:20"), ("B", "08:23"), ("C", "08:25"), ("E", "08:30"))
    calls = (StopUpdate(stop, at, at, relationship="SKIPPED" if stop == "B" else "") for stop, at in stops)
    city = City(at="07:58").trip_updates(update("x", *calls, relationship="NEW", route_id="r1", **TODAY))
    reader = City(at="07:58").trip_updates(city.message("trip-updates").SerializeToString())
    assert city.board("B")[1] == reader.board("B")[1] == "08:23 x skipped"
    on_the_ring = StopUpdate("A", arrival="08:06", relationship="SKIPPED")
    city = City(RING, at="07:58").trip_updates(update("t1", on_the_ring, **TODAY))
    assert texts(city.departures("A", arrivals=True)) == ["08:00 t1 scheduled", "08:06 t1 skipped"]


# HSLdevcom/transitdata#82
@pytest.mark.parametrize("name", ["zz", None])
def test_a_trip_without_a_timetable_that_is_told_with_its_calls_stands_on_the_boards(name: str | None) -> None:
    calls = (StopUpdate(stop, at, at) for stop, at in (("A", "08:20"), ("C", "08:24"), ("E", "08:28")))
    told = update(name, *calls, relationship="UNSCHEDULED", route_id="r1", start_time="08:20:00", **TODAY)
    city = City(at="07:58").trip_updates(told)
    assert [row[:5] + row[-5:] for row in city.board("C")] == ["08:04duled", "08:24 live", "09:04duled"]


def test_an_added_trip_keeps_the_stops_that_are_known() -> None:
    city = City(at="07:58").trip_updates(
        added("x", ("A", "08:20"), ("nowhere", "08:22"), ("C", "08:25"), ("E", "08:30"))
    )
    assert [row.told["stop_id"] for row in city.trip("x")] == ["A", "C", "E"]


@pytest.mark.parametrize("route", ["r1", ""])
def test_an_added_trip_that_is_told_of_at_one_stop_stands_on_its_board(route: str) -> None:
    city = City(at="07:55").trip_updates(added("x1", ("C", "08:10"), route=route, **TODAY))
    assert city.board("C") == ["08:04 t1 scheduled", "08:10 x1 live", "09:04 t2 scheduled"]
    assert city.departures("C")[1].told["headsign"] == "East", "as all of its line"
    assert [row.stop for row in city.trip("x1")] == ["C"]
    city.vehicle_positions(bus("v1", "x1", at="B", fresh=True)).at("08:09")
    assert city.board("C")[0] == "08:10 x1 live", "its bus has no way to be followed on"
    assert city.at("08:12").board("C") == ["09:04 t2 scheduled"]


# google/transit#490
@pytest.mark.parametrize("relationship", ["NEW", "REPLACEMENT"])
def test_a_run_of_the_operators_own_may_be_told_by_its_own_times_and_delays(relationship: str) -> None:
    stops = (("A", "08:20"), ("C", "08:24"), ("E", "08:28"))
    calls = (StopUpdate(stop, scheduled=at, delay=180) for stop, at in stops)
    trip = "x" if relationship == "NEW" else "t1"
    city = City(at="07:58").trip_updates(update(trip, *calls, relationship=relationship, route_id="r1"))
    row = next(row for row in city.departures("C") if row.run == trip)
    assert (str(row), row.told["scheduled_time"][11:16]) == (f"08:27 {trip} live", "08:24")


def test_an_added_trip_of_one_stop_stands_there_for_when_it_leaves() -> None:
    # CUTR-at-USF/gtfs-realtime-validator#290
    city = City(at="07:58").trip_updates(
        update("x", StopUpdate("C", "08:18", "08:20"), relationship="ADDED", route_id="T11", **TODAY)
    )
    assert city.board("C")[1] == "08:20 x live"


def test_an_added_trip_that_only_arrives_at_its_one_stop_offers_no_departure() -> None:
    told = StopUpdate("C", arrival="08:10")
    city = City(at="07:55").trip_updates(update("x1", told, relationship="ADDED", route_id="r1", **TODAY))
    assert city.board("C") == ["08:04 t1 scheduled", "09:04 t2 scheduled"]
    assert texts(city.departures("C", arrivals=True))[1] == "08:10 x1 live"


def test_a_bus_stays_on_an_added_trip_that_is_told_of_at_one_stop_only_from_now_on() -> None:
    city = City(at="08:09").trip_updates(added("x1", ("A", "08:10"), ("C", "08:14"), ("E", "08:18"), **TODAY))
    city.vehicle_positions(bus("v1", "x1", between=("A", "C", 0.5), fresh=True)).at("08:12")
    assert city.vehicles()["v1"]["trip_id"] == "x1"
    city.trip_updates(added("x1", ("E", "08:19"), **TODAY)).at("08:13")
    assert city.board("E") == ["08:19 x1 live"]


def _at_two_starts(**told: Any) -> list[TripUpdate]:
    return [
        added("x1", ("A", start), ("C", end), start_time=f"{start}:00", **told)
        for start, end in (("08:10", "08:14"), ("08:30", "08:34"))
    ]


def test_added_trips_of_one_id_are_told_apart_by_their_starts() -> None:
    city = City(at="07:55").trip_updates(*_at_two_starts(**TODAY))
    assert city.board("A")[1:3] == ["08:10 x1@08:10 live", "08:30 x1@08:30 live"]
    city.trip_updates(*_at_two_starts(**TODAY), cancelled("x1", start_time="08:30:00", **TODAY))
    assert city.board("A")[1:3] == ["08:10 x1@08:10 live", "08:30 x1@08:30 cancelled"]
    city.trip_updates(*_at_two_starts(**TODAY)[::-1]).vehicle_positions(
        bus("v1", "x1", at="A", start_time="08:10:00", fresh=True, **TODAY),
        bus("v2", "x1", at="A", start_time="08:30:00", fresh=True, **TODAY), at="08:09:30",
    )  # fmt: skip
    assert [row.run for row in city.departures("A") if row.told["vehicle_id"]] == ["x1@08:10", "x1@08:30"]
    city.trip_updates(_at_two_starts(**TODAY)[1]).at("08:11")
    assert city.board("A")[0] == "08:30 x1 live"
    assert city.vehicles()["v2"]["trip_id"] == "x1"


def test_an_added_trip_that_is_cancelled_together_with_another_of_its_id_is_struck_out_once() -> None:
    city = City(at="07:55").trip_updates(_at_two_starts(**TODAY)[0])
    gone = [cancelled("x1", start_time=start, **TODAY) for start in ("08:30:00", "08:10:00")]
    for told in (gone, gone[::-1]):
        assert city.trip_updates(*told).board("A")[1:] == ["08:10 x1@08:10 cancelled", "09:00 t2 scheduled"]


def test_of_two_added_trips_of_one_id_that_are_cancelled_each_is_struck_out_at_its_own_start() -> None:
    first, second = _at_two_starts(**TODAY)
    city = City(at="07:55").trip_updates(first)
    gone = [cancelled("x1", start_time=start, **TODAY) for start in ("08:30:00", "08:10:00")]
    for told in ((*gone, second), (second, *gone[::-1])):
        board = city.trip_updates(*told).board("A")
        assert board[1:] == ["08:10 x1@08:10 cancelled", "08:30 x1@08:30 cancelled", "09:00 t2 scheduled"]
    city = City(at="07:55").trip_updates(*gone, first)
    assert city.at("07:57").board("A")[1:] == ["08:10 x1@08:10 cancelled", "09:00 t2 scheduled"]


@pytest.mark.parametrize("relationship", ["NEW", "ADDED"])
def test_an_added_trip_that_is_listed_beside_the_cancellation_of_another_start_comes_once(relationship: str) -> None:
    listed = added("x", ("D", "08:12"), ("C", "08:14"), start_time="08:00:00", relationship=relationship, **TODAY)
    city = City(at="07:58")
    for _ in range(2):
        city.trip_updates(cancelled("x", start_time="08:20:00", **TODAY), listed)
        assert city.board("D")[1:] == ["08:12 x@08:00 live", "09:06 t2 scheduled"]


def test_an_added_trip_that_is_cancelled_today_is_struck_out_though_it_runs_tomorrow() -> None:
    today = added("x", ("A", "08:10"), ("C", "08:14"), ("E", "08:18"), **TODAY)
    tomorrow = added("x", ("A", "32:10"), ("C", "32:14"), ("E", "32:18"), start_date=20261127)
    city = City(at="07:58").trip_updates(today, tomorrow).trip_updates(cancelled("x", **TODAY), tomorrow)
    assert city.board("C") == ["08:04 t1 scheduled", "08:14 x cancelled", "09:04 t2 scheduled"]


def test_added_trips_of_one_id_that_name_no_start_are_told_apart_by_their_times() -> None:
    first, second = (
        update("x", StopUpdate("A", a, a), StopUpdate("C", c, c), StopUpdate("E", e, e), relationship="ADDED", **TODAY)
        for a, c, e in (("08:30", "08:34", "08:38"), ("08:50", "08:54", "08:58"))
    )
    for told in ((first, second), (second, first)):
        board = City(at="07:58").trip_updates(*told).board("C")
        assert board[1:3] == ["08:34 x@08:30 live", "08:54 x@08:50 live"]
    # Two opinions of one run are none.
    other = added("x", ("A", "08:31"), ("C", "08:36"), ("E", "08:39"), **TODAY)
    rows = City(at="07:58").trip_updates(first, other).departures("C")
    assert [row.told["trip_id"] for row in rows] == ["t1", "x", "t2"]


@pytest.mark.parametrize("start", ["", "00:30:00"])
@pytest.mark.parametrize("beside", [False, True])
def test_an_added_trip_after_midnight_that_is_cancelled_by_the_calendars_date_is_struck_out(
    start: str, beside: bool
) -> None:
    times = (("A", "24:30"), ("C", "24:34"), ("E", "24:38"))
    night = added("x", *times, **TODAY, **({"start_time": "24:30:00"} if start else {}))
    next_night = added("x", *((stop, f"48:{at[3:]}") for stop, at in times), start_date=20261127, start_time="24:30:00")
    gone = cancelled("x", start_date=20261127, **({"start_time": start} if start else {}))
    city = City(at="23:50").trip_updates(night, *([next_night] if beside and start else []), gone)
    told = {(row.clock, row.told["service_date"][-2:]): row.status for row in city.far_departures("C")}
    assert told["00:34", "26"] == "cancelled"
    assert told.get(("00:34", "27")) == ("scheduled" if beside and start else None)
    city.faces_agree("C")


def test_added_trips_without_an_id_are_told_apart_by_their_starts_in_any_order() -> None:
    names = []
    for order in (1, -1):
        stops = (("08:10", "08:14"), ("08:30", "08:34"))
        told = [added("", ("A", a), ("C", b), start_time=f"{a}:00", direction_id=0, **TODAY) for a, b in stops]
        city = City(at="07:55").trip_updates(*told[::order])
        assert [row.clock for row in city.departures("A")] == ["08:00", "08:10", "08:30", "09:00"]
        names.append([row.run for row in city.departures("A")])
    assert names[0] == names[1]


def test_copies_of_one_id_are_told_apart_by_their_starts() -> None:
    copies = [
        update("t1", relationship="DUPLICATED", new_trip_id="x", new_start_time=start, new_start_date=20261126)
        for start in ("08:20:00", "08:40:00")
    ]
    city = City(at="07:55").trip_updates(*copies)
    assert city.board("C")[1:3] == ["08:24 x@08:20 scheduled", "08:44 x@08:40 scheduled"]
    city.trip_updates(*copies, cancelled("x", start_time="08:40:00", **TODAY))
    assert city.board("C")[1:3] == ["08:24 x@08:20 scheduled", "08:44 x@08:40 cancelled"]


def test_an_added_trip_without_a_route_runs_on_the_line_of_its_stops() -> None:
    city = City(at="07:58").trip_updates(added("x", ("A", "08:20"), ("C", "08:25"), ("E", "08:30"), route=""))
    assert city.board("C")[1] == "08:25 x live"


# CUTR-at-USF/gtfs-realtime-validator#290, opentripplanner/OpenTripPlanner#4667
def test_an_added_trip_of_a_line_that_is_new_stands_under_its_id() -> None:
    city = City(at="07:58").trip_updates(added("x", ("A", "08:20"), ("C", "08:25"), ("E", "08:30"), route="N7"))
    assert city.board("C")[1] == "08:25 x live"
    row = city.departures("C")[1].told
    assert (row["route"]["route_id"], row["headsign"]) == ("N7", "Stop E")
    assert "N7" in city.page("/stops/C").text()
    assert [row.run for row in city.line_page("N7")] == ["Stop A", "Stop C", "Stop E"]
    assert ours(city, "x").message.trip.route_id == "N7"
    city.trip_updates()
    assert "N7" not in city.service.timetable.route_index


@pytest.mark.parametrize(("told", "name"), [({"new_trip_short_name": "IC 7"}, "IC 7"), ({}, "Stop B")])
def test_an_added_trip_of_no_line_stands_under_its_own_name(told: dict[str, Any], name: str) -> None:
    """No line goes from A to D and back to B."""
    city = City(at="07:58")
    city.trip_updates(added("x", ("A", "08:20"), ("D", "08:25"), ("B", "08:30"), route="", **told))
    assert city.board("D") == ["08:06 t1 scheduled", "08:25 x live", "09:06 t2 scheduled"]
    route = city.departures("D")[1].told["route"]
    assert (route["short_name"], route["long_name"]) == ("", name)
    city.vehicle_positions(bus("v1", "x", at="A", fresh=True)).at("08:19")
    assert city.vehicles()["v1"]["trip_id"] == "x"


def test_a_trip_is_driven_once_more() -> None:
    again = update("t1", relationship="DUPLICATED", start_date=20261126, start_time="08:00:00", new_trip_id="t1-b",
                   new_start_date=20261126, new_start_time="08:30:00")  # fmt: skip
    city = City(at="07:58").trip_updates(again)
    assert city.board("C") == ["08:04 t1 scheduled", "08:34 t1-b scheduled", "09:04 t2 scheduled"]
    city.vehicle_positions(bus("v1", "t1-b", at="A", fresh=True)).at("08:29")
    assert city.board("C")[0].endswith("t1-b live")
    assert city.trip_updates().board("C") == ["09:04 t2 scheduled"]


# opentripplanner/OpenTripPlanner#7761
def test_a_bus_on_a_copy_may_name_the_trip_that_is_copied_and_its_own_start() -> None:
    again = update("t1", relationship="DUPLICATED", start_date=20261126, start_time="08:00:00", new_trip_id="t1-b",
                   new_start_date=20261126, new_start_time="08:30:00")  # fmt: skip
    told = bus("v1", "t1", late_s=30, run_start="08:30", start_time="08:30:00", **TODAY)
    city = City(at="08:28").trip_updates(again).vehicle_positions(told).at("08:33")
    assert city.vehicles()["v1"]["trip_id"] == "t1-b"
    assert city.board("D") == ["08:36 t1-b live", "09:06 t2 scheduled"]


def test_a_bus_that_is_said_to_be_on_a_copy_of_a_trip_is_on_the_only_one() -> None:  # OneBusAway/maglev#663
    copy = update("t1", relationship="DUPLICATED", new_trip_id="t1-b", new_start_date=20261126,
                  new_start_time="08:30:00", **TODAY)  # fmt: skip
    told = bus("v1", "t1", late_s=30, run_start="08:30", schedule_relationship="DUPLICATED", **TODAY)
    city = City(at="08:28").trip_updates(copy).vehicle_positions(told).at("08:33")
    assert city.board("D") == ["08:36 t1-b live", "09:06 t2 scheduled"]


def test_a_bus_that_names_the_trip_copied_is_on_the_copy_that_the_operator_gives_to_it() -> None:
    # opentripplanner/OpenTripPlanner#7761: on boards the copied trip came once more, half an hour late.
    copy = update("t1", relationship="DUPLICATED", vehicle="v5", new_trip_id="copy", new_start_date=20261126,
                  new_start_time="08:30:00", **TODAY)  # fmt: skip
    city = City(at="08:25").trip_updates(copy)
    for time, place in (("08:29", 0.0), ("08:30", 0.0), ("08:31", 300.0), ("08:32", 600.0)):
        city.vehicle_positions(bus("v5", "t1", place=(place, 0.0), fresh=True, **TODAY), at=time)
    assert city.vehicles()["v5"]["trip_id"] == "copy"
    assert [row.split()[1:] for row in city.board("D")] == [["copy", "live"], ["t2", "scheduled"]]


@pytest.mark.parametrize(("relationship", "start"), [("DUPLICATED", ""), ("DUPLICATED", "08:06"), ("ADDED", "08:06")])
def test_a_bus_on_a_run_beside_the_timetables_of_which_nobody_tells_is_on_none_of_these(
    relationship: str, start: str
) -> None:
    named = {"schedule_relationship": relationship, **({"start_time": f"{start}:00"} if start else {})}
    city = City(at="08:00").vehicle_positions(bus("v1", "t1", late_s=360, run_start="08:00", **named, **TODAY))
    assert city.board("D")[0] == "08:06 t1 scheduled"
    city.at("08:11")
    assert city.board("D") == ["09:06 t2 scheduled"]
    assert city.vehicles()["v1"]["trip_id"] is None


def test_a_copy_under_the_id_of_another_trip_is_told_by_its_own_start() -> None:
    copy = update("t1", relationship="DUPLICATED", new_trip_id="t2", new_start_date=20261126,
                  new_start_time="08:30:00", **TODAY)  # fmt: skip
    city = City(at="08:10").trip_updates(copy)
    assert city.board("C") == ["08:34 t2@08:30 scheduled", "09:04 t2 scheduled"]
    city.vehicle_positions(bus("v1", "t2", at="A", fresh=True, start_time="08:30:00", **TODAY)).at("08:29")
    assert [row.split()[1:] for row in city.board("C")] == [["t2@08:30", "live"], ["t2", "scheduled"]]


def test_a_trip_added_under_the_id_of_another_at_its_own_time_is_one_more() -> None:
    more = update("t1", relationship="ADDED", start_date=20261126, start_time="08:30:00")
    city = City(at="07:58").trip_updates(more)
    assert city.board("C") == ["08:04 t1 scheduled", "08:34 t1@08:30 scheduled", "09:04 t2 scheduled"]


# google/transit#106, mfdz/GTFS-Issues#269
@pytest.mark.parametrize("start", [{}, {"start_time": "08:10:00"}])
@pytest.mark.parametrize("told", [{"route": "r1"}, {"route": ""}])
def test_a_run_added_under_the_id_of_a_trip_of_another_line_or_way_takes_nothing_of_that_one(
    told: dict[str, str], start: dict[str, str]
) -> None:
    town = network(
        "A B C D E", (Pattern("main", "A B C D E"), Pattern("back", "E D C B A", "r2", 1, "West")),
        (Trip("t1", "08:00"), Trip("w1", "08:30", "back")), routes=(Route("r1", "1"), Route("r2", "2")),
    )  # fmt: skip
    city = City(town, at="08:05").trip_updates(
        added("w1", ("A", "08:10"), ("B", "08:12"), ("C", "08:14"), **told, **start, **TODAY)
    )
    for at, between in (("08:09", ("A", "B", 0.0)), ("08:11", ("A", "B", 0.5))):
        where = bus("v", "w1", between=between, route_id="r1", start_time="08:10:00", **TODAY)
        assert [row[6:] for row in city.board("B")] == ["w1@08:10 live", "w1 scheduled"]
        city.at(at).vehicle_positions(where)
    assert city.board("B")[0] in ("08:11 w1@08:10 live", "08:12 w1@08:10 live"), "by its own times"
    assert city.board("E") == ["08:30 w1 scheduled"]
    lines = [row.told["route"]["short_name"] for row in city.departures("B")]
    assert lines == ["1", "2"]


def test_a_trip_that_is_replaced_by_one_the_other_way_is_on_no_board_at_its_own_times() -> None:
    city = City(at="07:40").trip_updates(
        added("t1", ("E", "07:50"), ("C", "07:54"), ("A", "07:58"), relationship="REPLACEMENT", **TODAY)
    )
    assert [city.board(stop)[0] for stop in "EC"] == ["07:50 t1 live", "07:54 t1 live"]
    assert [city.board(stop)[0] for stop in "BD"] == ["09:02 t2 scheduled", "09:06 t2 scheduled"]


def test_an_added_trip_that_the_timetable_has_is_that_trip() -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("A", delay=120), relationship="ADDED", **TODAY))
    assert city.board("C") == ["08:06 t1 live", "09:04 t2 scheduled"]


def test_the_trips_of_a_headway_are_told_by_their_start() -> None:
    every = Network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 600),))
    late = update("t1", StopUpdate("A", delay=0), start_time="08:13:00", relationship="UNSCHEDULED", **TODAY)
    city = City(every, at="07:58").trip_updates(late)
    assert "08:17" in " ".join(texts(city.departures("C")))


def test_the_newer_word_on_a_trip_counts() -> None:
    older = update("t1", StopUpdate("A", delay=600), timestamp="07:50", **TODAY)
    newer = update("t1", StopUpdate("A", delay=120), timestamp="07:57", **TODAY)
    for told in ((older, newer), (newer, older)):
        assert City(at="07:58").trip_updates(*told).board("C")[0] == "08:06 t1 live"


def test_a_trip_is_no_longer_cancelled_when_the_operator_says_no_more_so() -> None:
    city = City(at="07:58").trip_updates(cancelled("t1", **TODAY))
    assert city.board("C")[0] == "08:04 t1 cancelled"
    assert city.trip_updates(update("t1", StopUpdate("A", delay=60), **TODAY)).board("C")[0] == "08:05 t1 live"


# Passed on in our own feed


def ours(city: City, run: str) -> TripUpdateTold:
    return next(told for told in city.our_trip_updates() if told.message.trip.trip_id == run)


def extra_journeys(city: City) -> list[bool]:
    siri = city.json("/siri/2.0/estimated-timetable.json", LineRef="r1")["Siri"]["ServiceDelivery"]
    (frame,) = siri["EstimatedTimetableDelivery"][0]["EstimatedJourneyVersionFrame"]
    return [journey.get("ExtraJourney", False) for journey in frame["EstimatedVehicleJourney"]]


@pytest.mark.parametrize("added_as", ["NEW", "ADDED"])
def test_an_added_trip_is_passed_on_with_all_its_calls(added_as: str) -> None:
    city = City(at="08:24", added_as=added_as)
    city.trip_updates(added("x", ("A", "08:20"), ("C", "08:25"), ("E", "08:30"), new_trip_headsign="Fair"))
    told = ours(city, "x")
    assert told.relationship == added_as
    assert [stop.stop for stop in told.stops] == ["A", "C", "E"]
    assert [city.posix(at) for at in ("08:20", "08:25", "08:30")] == [
        stop.departure or stop.arrival for stop in told.stops
    ]
    trip, properties = told.message.trip, told.message.trip_properties
    assert (trip.route_id, trip.start_date, trip.start_time) == ("r1", "20261126", "08:20:00")
    assert properties.trip_headsign == "Fair"
    assert extra_journeys(city) == [True, False], "x is not in the timetable, t2 is"
    city.vehicle_positions(bus("v1", "x", between=("A", "C", 0.5)))
    assert [stop.stop for stop in ours(city, "x").stops] == ["A", "C", "E"]
    city.trip_updates()
    assert "x" not in [told.message.trip.trip_id for told in city.our_trip_updates()]


def test_an_added_trip_that_is_cancelled_is_still_told_as_one_that_the_timetable_does_not_have() -> None:
    city = City(at="08:05").trip_updates(added("x", ("A", "08:20"), ("C", "08:25"), ("E", "08:30")))
    city.trip_updates(cancelled("x", **TODAY))
    assert (ours(city, "x").relationship, extra_journeys(city)) == ("CANCELED", [False, True, False])


def test_a_replaced_trip_is_passed_on_as_such() -> None:
    city = City(at="07:58").trip_updates(
        added("t1", ("A", "08:00"), ("B", "08:02"), ("E", "08:06"), relationship="REPLACEMENT", **TODAY)
    )
    told = ours(city, "t1")
    assert (told.relationship, [stop.stop for stop in told.stops]) == ("REPLACEMENT", ["A", "B", "E"])


def test_a_duplicate_is_passed_on_under_the_trip_that_it_copies() -> None:
    again = update("t1", relationship="DUPLICATED", start_date=20261126, start_time="08:00:00", new_trip_id="t1-b",
                   new_start_date=20261126, new_start_time="08:30:00")  # fmt: skip
    told = ours(City(at="07:58").trip_updates(again), "t1")
    assert told.relationship == "DUPLICATED"
    properties = told.message.trip_properties
    assert (properties.trip_id, properties.start_date, properties.start_time) == ("t1-b", "20261126", "08:30:00")
    assert len(told.stops) == 5


@pytest.mark.parametrize(
    "told",
    [
        update("t1", StopUpdate("B", delay=300), no_data("C"), StopUpdate("E", delay=60), **TODAY),
        update("t1", StopUpdate("B", delay=300), skipped("C"), no_data("D"), **TODAY),
    ],
)
def test_who_reads_our_feed_knows_as_little_as_we_do(told: TripUpdate) -> None:
    """Whoever read our feed carried B's delay on to where nothing is known."""
    city = City(at="07:58").trip_updates(told)
    reader = City(at="07:58").trip_updates(city.message("trip-updates").SerializeToString())
    for stop in "ABCDE":
        boards = [texts(of.departures(stop, arrivals=True)) for of in (city, reader)]
        assert boards[0] == boards[1]


@pytest.mark.parametrize(
    "told",
    [
        # google/transit#265
        update("t1", StopUpdate("C", delay=60, pickup="NONE"), StopUpdate("D", delay=60, drop_off="NONE"), **TODAY),
        update("t1", StopUpdate("C", relationship="NO_DATA", pickup="COORDINATE_WITH_DRIVER"), **TODAY),
        update("t2", StopUpdate("C", relationship="NO_DATA", headsign="Fair"), **TODAY),
        update("x", StopUpdate("A", "08:20", "08:20"), StopUpdate("C", "08:24", "08:24", pickup="NONE"),
               StopUpdate("E", "08:28", "08:28"), relationship="NEW", route_id="r1", **TODAY),
        # google/transit#221
        update("t1", StopUpdate("B", delay=120), StopUpdate("D", delay=60, assigned_stop="D2"), new_trip_id="x",
               new_start_date=20261126, new_start_time="08:30:00", relationship="DUPLICATED", **TODAY),
        update("t1", new_trip_id="x", new_start_date=20261126, new_start_time="08:30:00", relationship="DUPLICATED"),
    ],
)  # fmt: skip
def test_who_reads_our_feed_knows_as_well_as_we_do_who_may_board_where(told: TripUpdate) -> None:
    city = City(network(POLES, "A B C D E"), at="07:58").trip_updates(told)
    reader = City(city.network, at="07:58").trip_updates(city.message("trip-updates").SerializeToString())
    for stop in ("A", "B", "C", "D", "D2", "E"):
        rows = [
            [(str(row), *(row.told[name] for name in ("headsign", "pickup_type", "drop_off_type"))) for row in board]
            for board in (of.departures(stop, arrivals=True) for of in (city, reader))
        ]
        assert rows[0] == rows[1]


def test_our_feed_calls_no_time_certain_of_which_nothing_is_predicted() -> None:  # google/transit#504
    far = network((*row_of_stops("A B C D E"), NEW_STOP), "A B C D E")
    told = ours(City(far, at="07:58").trip_updates(modifications(("X", 180), start="C", end="C", delay=120)), "t1")
    assert [stop.stop for stop in told.stops] == ["A", "B", "X", "D", "E"]
    assert not any(stop.departure.HasField("uncertainty") for stop in told.message.stop_time_update)


def test_our_feed_tells_of_no_stop_as_left_that_an_added_runs_bus_is_overdue_for() -> None:
    extra = added("x", ("A", "08:10"), ("C", "08:14"), ("E", "08:18"), **TODAY)
    standing = (bus("v1", "x", "A", fresh=True), bus("other", place=(0, 900), fresh=True))
    city = City(at="08:08").trip_updates(extra).vehicle_positions(*standing).at("08:16")
    assert city.board("C")[0] == "08:19 x scheduled"
    told = ours(city, "x").stops
    assert [(stop.stop, stop.departure, stop.relationship) for stop in told] == [(s, None, "NO_DATA") for s in "ACE"]
    # As long as boards have it, readers have it, past its scheduled end too.
    city.at("08:22")
    assert city.board("C")[0] == "08:25 x scheduled" and ours(city, "x").stops == told


def test_our_feed_says_of_a_run_by_headway_too_from_where_on_nothing_is_known() -> None:
    every = Network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "09:00", 600),))
    told = (StopUpdate("B", "08:06", "08:06"), no_data("C"))
    city = City(every).trip_updates(update("t1", *told, relationship="UNSCHEDULED", start_time="08:04:00", **TODAY))
    assert [(stop.stop, stop.relationship) for stop in ours(city, "t1").stops] == [
        ("B", "UNSCHEDULED"), ("C", "NO_DATA"),
    ]  # fmt: skip


def test_our_feed_goes_on_telling_of_a_stop_that_a_run_has_left_before_its_time() -> None:
    # google/transit#16, MobilityData/gtfs-realtime-validator#16
    early = City(at="07:55").vehicle_positions(bus("v1", "t1", late_s=-150)).at("08:01:45")
    told = City(at="07:56").trip_updates(update("t1", StopUpdate("A", delay=-180), **TODAY)).at("07:58:30")
    told.trip_updates(update("t1", StopUpdate("C", delay=-180), **TODAY))
    replaced = City(at="07:58").trip_updates(
        added("t1", ("A", "07:58"), ("B", "07:59"), ("E", "08:01"), relationship="REPLACEMENT", **TODAY)
    )
    # What is skipped stands in our feed long before that, and after.
    around = City(at="07:58").vehicle_positions(bus("v1", "t1", late_s=-60))
    around.trip_updates(update("t1", skipped("B"), skipped("D"), **TODAY)).at("08:03:30")
    for city, left in ((early, "BC"), (told, "A"), (replaced.at("08:03"), "ABCDE"), (around, "C")):
        reader = City(at="07:55").at(city.now).trip_updates(city.message("trip-updates").SerializeToString())
        assert not any("t1" in " ".join(reader.board(stop)) for stop in left)


@pytest.mark.parametrize("by_operator", [True, False])
def test_our_feed_tells_when_a_run_left_a_stop_before_its_time_as_its_page_does(by_operator: bool) -> None:
    # mbta/dotcom#3293
    city = City(at="07:45")
    if by_operator:
        times = [
            StopUpdate(stop, at, at) for stop, at in (("A", "07:50"), ("B", "07:52"), ("C", "07:54"), ("D", "07:58"))
        ]
        city.trip_updates(update("t1", *times, **TODAY)).at("07:55:30")
    else:
        city.vehicle_positions(bus("v1", "t1", late_s=-600)).at("07:55:30")
    page = [row.at for row in city.trip_page("t1") if row.status == "passed"]
    told = [stop.departure for stop in ours(city, "t1").stops][: len(page)]
    assert len(page) == 3 and told[:2] == pytest.approx(page[:2], abs=1.0)
    # Of one left just now readers are told so that they do not take it for still due.
    assert told[2] is not None and told[2] < city.now - 60


# jxeeno/anytrip-public#19
@pytest.mark.parametrize("relationship", ["ADDED", "REPLACEMENT"])
def test_our_feed_tells_when_a_late_run_of_the_operators_own_calls_left_a_stop_as_its_page_does(
    relationship: str,
) -> None:
    run = "t1" if relationship == "REPLACEMENT" else "x"
    times = [StopUpdate(stop, at, at) for stop, at in (("A", "08:20"), ("B", "08:22"), ("C", "08:24"), ("E", "08:28"))]
    city = City(at="08:15").trip_updates(update(run, *times, relationship=relationship, route_id="r1", **TODAY))
    for at, stop in (("08:19", "A"), ("08:22", "A"), ("08:25", "B"), ("08:26", "B"), ("08:28", "C")):
        city.vehicle_positions(bus("v1", run, stop), at=at)
    page = [row.at for row in city.trip_page(run) if row.status == "passed"]
    assert len(page) == 2 and (page[0] or 0.0) > city.posix("08:21")
    assert [stop.departure for stop in ours(city, run).stops][:2] == pytest.approx(page, abs=1.0)


def test_our_feed_tells_of_no_stop_as_to_come_that_the_bus_of_a_copy_or_of_a_moved_run_has_left() -> None:
    # google/transit#16, opentripplanner/OpenTripPlanner#7761
    copy = update("t1", relationship="DUPLICATED", new_trip_id="x", new_start_date=20261126, new_start_time="08:32:00")
    copied = City(network(POLES, "A B C D E"), at="08:28").trip_updates(copy)
    copied.vehicle_positions(bus("v1", "t1", late_s=-120, run_start="08:32", start_time="08:32:00", **TODAY))
    moved = City(station(), at="07:57").trip_updates(
        update("t1", StopUpdate("S1", relationship="NO_DATA", assigned_stop="S2"), **TODAY)
    )
    moved.vehicle_positions(bus("v1", "t1", late_s=-120))
    for city, run, left in ((copied.at("08:31:30"), "x", "A"), (moved.at("08:00:45"), "t1", ("A", "S1", "S2"))):
        reader = City(city.network).at(city.now, every_s=1e5)
        reader.trip_updates(city.message("trip-updates").SerializeToString())
        for stop in left:
            assert not any(run in row for row in (*city.board(stop), *reader.board(stop)))


def test_another_platform_is_passed_on() -> None:
    moved = StopUpdate("S1", sequence=2, assigned_stop="S2")
    told = ours(City(station(), at="07:58").trip_updates(update("t1", moved, **TODAY)), "t1")
    assert told.relationship == "SCHEDULED"
    assert [stop.stop_time_properties.assigned_stop_id for stop in told.message.stop_time_update] == ["S2"]


def test_a_deleted_trip_is_passed_on_as_such() -> None:
    city = City(at="07:58").trip_updates(update("t1", relationship="DELETED", **TODAY))
    assert ours(city, "t1").relationship == "DELETED"


# OneBusAway/maglev#1456, TheTransitClock/transitime#233
def test_where_a_bus_falls_silent_the_operators_own_time_goes_on() -> None:
    city = City(at="08:00").vehicle_positions(bus("v1", "t1", late_s=0, silent_from="08:01"))
    city.trip_updates(update("t1", StopUpdate("D", delay=300), **TODAY)).at("08:08")
    assert city.board("D")[0] == "08:11 t1 live"
    city.vehicle_positions().at("08:09")
    assert city.board("D")[0] == "08:11 t1 live"


def test_where_a_silent_bus_was_due_the_operators_own_time_to_come_is_told_at_once() -> None:
    late = update("t1", StopUpdate("B", arrival="08:20", departure="08:20"), **TODAY)
    city = City(at="08:00").vehicle_positions(bus("v1", "t1", late_s=0, silent_from="08:01")).trip_updates(late)
    told = [city.at(f"08:{minute:02d}").board("B")[0] for minute in range(2, 10)]
    assert all(row.endswith("t1 live") for row in told)
    assert told[-1] == "08:20 t1 live"


# Vehicles whose run the operator has changed


def test_a_bus_on_a_cancelled_run_is_told_as_on_one() -> None:
    city = City(at="07:59").vehicle_positions(bus("v1", "t1", late_s=0)).trip_updates(cancelled("t1", **TODAY))
    city.at("08:03")
    relationship = city.our_vehicle_positions()["v1"].trip.schedule_relationship
    assert relationship == gtfs_realtime_pb2.TripDescriptor.CANCELED
    assert city.vehicles()["v1"]["cancelled"]
    assert "v1" not in "".join(node.text() for node in city.page("/lines/r1").css("ol.thread"))
    city.trip_updates(update("t2", delay=0, **TODAY)).at("08:03:30")
    assert city.our_vehicle_positions()["v1"].trip.schedule_relationship == 0
    assert not city.vehicles()["v1"]["cancelled"]


def test_of_a_bus_on_a_run_that_riders_shall_not_see_no_run_is_told() -> None:
    told = update("t1", relationship="DELETED", **TODAY)
    city = City(at="07:59").vehicle_positions(bus("v1", "t1", late_s=0)).trip_updates(told).at("08:03")
    assert not city.our_vehicle_positions()["v1"].HasField("trip")
    assert city.vehicles()["v1"]["trip_id"] is None


def test_the_next_trip_of_a_bus_on_a_run_that_riders_shall_not_see_is_told() -> None:
    both_ways = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1)),
        trips=(Trip("t1", "08:00", block="b"), Trip("u1", "08:15", "back", block="b")),
    )
    city = City(both_ways, at="07:59").vehicle_positions(bus("v1", "t1", late_s=600))
    city.trip_updates(update("t1", relationship="DELETED", **TODAY)).at("08:12")
    assert city.board("D")[0].endswith("u1 live")


def test_a_bus_is_on_its_way_to_the_next_stop_that_it_serves() -> None:
    told = update("t1", skipped("C"), StopUpdate("D", delay=0), **TODAY)
    city = City(at="07:59").vehicle_positions(bus("v1", "t1", late_s=0)).trip_updates(told)
    for at in ("08:03", "08:04"):
        assert city.at(at).our_vehicle_positions()["v1"].stop_id == "D"
        assert (city.vehicles()["v1"]["next_stop_id"], city.vehicles()["v1"]["at_stop"]) == ("D", False)
    city.trip_updates(update("t1", skipped("D"), skipped("E"), **TODAY)).at("08:05")
    assert city.vehicles()["v1"]["next_stop_id"] is None


def test_an_added_trip_whose_id_is_like_another_is_a_trip_of_its_own() -> None:
    city = City(at="07:55").trip_updates(
        update("T1", StopUpdate("B", departure="08:10"), StopUpdate("A", arrival="08:14"), relationship="ADDED")
    )
    assert city.board("B") == ["08:02 t1 scheduled", "08:10 T1 live", "09:02 t2 scheduled"]


@pytest.mark.parametrize("added_as", ["ADDED", "NEW"])
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_added_runs_of_one_id_each_goes_by_its_start_where_one_names_none(added_as: str, order: int) -> None:
    runs = [
        update("x1", StopUpdate("A", departure=f"08:{minute:02}"), StopUpdate("C", arrival=f"08:{minute + 4:02}"),
               relationship=added_as, route_id="r1", start_date=20261126, **start)
        for minute, start in ((5, {"start_time": "08:05:00"}), (20, {}))
    ]  # fmt: skip
    city = City(at="07:58").trip_updates(*runs[::order])
    assert city.board("A")[1:3] == ["08:05 x1@08:05 live", "08:20 x1@08:20 live"]


# The block's next trip


# iRail/iRail#515, bliksemlabs/rrrr#4
def test_the_other_part_of_a_divided_train_is_not_told_as_its_next_trip() -> None:
    """Both parts are one block, and leave together; t3 joins them again."""
    parts = (Pattern("main", "A B C D"), Pattern("part", "A B C F"))
    trips = (Trip("t1", "08:00", block="b"), Trip("t2", "08:00", "part", block="b"), Trip("t3", "08:07", block="b"))
    city = City(network("A B C D E F", parts, trips), at="07:55").trip_updates(
        update("t1", StopUpdate("A", delay=240), **TODAY)
    )
    assert city.board("C") == ["08:04 t2 scheduled", "08:08 t1 live", "08:14 t3 live"]
    city.trip_updates().vehicle_positions(bus("v1", "t1", late_s=240)).at("08:03:30")
    assert city.board("C")[0] == "08:04 t2 scheduled"


def test_a_delay_goes_on_to_the_blocks_next_trip_as_far_as_the_layover_does_not_absorb_it() -> None:
    # google/transit#110, #206, OneBusAway/onebusaway-android#606
    both = (Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1, headsign="West"))
    trips = (Trip("t1", "08:00", block="b"), Trip("t2", "08:12", "back", block="b"), Trip("t3", "08:24", block="b"))
    city = City(network("A B C D E", both, trips), at="07:58")

    def rows(*told: TripUpdate) -> list[str]:
        city.trip_updates(*told)
        return [city.board("E")[0], city.board("A")[-1]]

    on_time = ["08:12 t2 scheduled", "08:24 t3 scheduled"]
    assert rows(update("t1", StopUpdate("A", delay=600), **TODAY)) == ["08:18 t2 live", "08:26 t3 live"]
    assert rows(update("t1", StopUpdate("A", delay=240), **TODAY)) == on_time
    assert rows(update("t1", StopUpdate("A", delay=600), skipped("E"), **TODAY)) == on_time
    assert rows(update("t1", StopUpdate("A", delay=600), no_data("D"), **TODAY)) == on_time
    assert rows(cancelled("t1", **TODAY)) == on_time
    own = (update("t1", StopUpdate("A", delay=600), **TODAY), update("t2", StopUpdate("E", delay=60), **TODAY))
    assert rows(*own) == ["08:13 t2 live", "08:24 t3 scheduled"]
    assert rows(own[0], cancelled("t2", **TODAY)) == ["08:12 t2 cancelled", "08:24 t3 scheduled"]
    # Who says where the next trip does not stop has not said when it runs.
    assert rows(own[0], update("t2", skipped("C"), **TODAY)) == ["08:18 t2 live", "08:26 t3 live"]
    assert "08:22 t2 skipped" in city.board("C")
    # Who gives the next trip another vehicle, or says that nothing is known of it, has told of it.
    for next_trip in (update("t2", vehicle="v2", **TODAY), update("t2", no_data("E"), **TODAY)):
        assert rows(own[0], next_trip) == on_time


# Vehicles that only the operator tells of


# google/transit#260, opentripplanner/OpenTripPlanner#3881
def test_what_the_operator_tells_of_a_vehicle_that_does_not_report_is_shown() -> None:
    stops = (StopUpdate("B", delay=60, occupancy="FULL"), StopUpdate("C", delay=60, occupancy="MANY_SEATS_AVAILABLE"))
    told = update("t1", *stops, vehicle="v1", label="17", wheelchair_accessible="WHEELCHAIR_ACCESSIBLE", **TODAY)
    city = City(at="07:58").trip_updates(told)
    for stop, status, words in (("B", "FULL", "full"), ("C", "MANY_SEATS_AVAILABLE", "many seats free")):
        (row, *_) = city.json(f"/v1/stops/{stop}/departures")["departures"]
        assert (row["vehicle_id"], row["vehicle_label"], row["occupancy"]["status"]) == ("v1", "17", status)
        assert words in city.panel(stop)[0].told["occupancy"].lower()
    answer = city.trip_answer("t1")
    assert (answer["vehicle_id"], answer["vehicle_label"]) == ("v1", "17")
    assert [call["occupancy"] and call["occupancy"]["status"] for call in answer["calls"]] == [
        None, "FULL", "MANY_SEATS_AVAILABLE", None, None,
    ]  # fmt: skip
    descriptor = city.our_trip_updates()[0].message.vehicle
    assert (descriptor.id, descriptor.label, descriptor.wheelchair_accessible) == ("v1", "17", 2)
    passed_on = city.our_trip_updates()[0].message.stop_time_update
    expected = {stop.stop_id: stop.departure_occupancy_status for stop in passed_on}
    assert (expected["B"], expected["C"], expected["D"]) == (5, 1, 0)
    assert "17" in "".join(node.text() for node in city.page("/trips/t1").css("p.vehicle"))
    # What the vehicle itself says counts, and of another one nothing is true that is told of this one.
    city.vehicle_positions(bus("v2", "t1", late_s=60, occupancy_status="EMPTY")).at("08:02")
    (row, *_) = city.json("/v1/stops/C/departures")["departures"]
    assert (row["vehicle_label"], row["occupancy"]["status"]) == ("v2", "EMPTY")
    assert city.vehicles()["v2"]["wheelchair"] == "unknown"
    city = City(at="07:59").trip_updates(told).vehicle_positions(bus("v1", "t1", late_s=60)).at("08:01")
    (row, *_) = city.json("/v1/stops/C/departures")["departures"]
    assert row["occupancy"]["status"] == "MANY_SEATS_AVAILABLE"
    assert city.vehicles()["v1"]["wheelchair"] == "yes"
    city = City(at="07:58").trip_updates(replace(told, relationship="CANCELED", stops=()))
    assert city.json("/v1/stops/B/departures")["departures"][0]["vehicle_id"] is None


# A stop that nobody serves is never passed.


def test_a_stop_that_is_skipped_is_told_as_such_behind_the_bus_too() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", "B", fresh=True)).trip_updates(update("t1", skipped("A")))
    assert city.board("A") == ["08:00 t1 skipped", "09:00 t2 scheduled"]
    assert [row.status for row in city.trip("t1")][:2] == ["skipped", "live"]
    assert [row.status for row in city.trip_page("t1")][:2] == ["skipped", "live"]
    assert city.at("08:01").board("A") == ["09:00 t2 scheduled"]
    ahead = (
        City(at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True)).trip_updates(update("t1", skipped("C")))
    )
    assert [row[6:] for row in ahead.board("C") if "t1" in row] == ["t1 skipped"], "once"


# A late run that is cancelled: who waits for it looks at the time that was told.


@pytest.mark.parametrize("by_vehicle", [False, True])
def test_a_late_run_that_is_cancelled_is_told_so_until_the_time_that_was_told_of_it(by_vehicle: bool) -> None:
    city = City(at="07:58")
    if by_vehicle:
        city.vehicle_positions(bus("v1", "t1", late_s=600)).at("08:13")
    else:
        city.trip_updates(update("t1", delay=1200, **TODAY)).at("08:10")
    before = city.board("D")[0]
    assert before.endswith("t1 live")
    city.trip_updates(cancelled("t1", **TODAY))
    struck_out = before.replace("live", "cancelled")
    for _ in range(2):
        assert city.board("D")[0] == struck_out
        city.at(city.now + 60.0)
    city.trip_updates(update("t2", delay=0, **TODAY))
    assert "cancelled" not in " ".join(city.board("D"))


def test_a_cancelled_late_run_has_the_times_told_of_it_at_each_of_its_stops_until_it_would_be_through() -> None:
    city = City(at="07:58").trip_updates(update("t1", delay=900, **TODAY))
    city.trip_updates(cancelled("t1", **TODAY)).at("08:20")
    assert [str(row) for row in city.trip_page("t1")] == [f"08:{15 + 2 * k} t1 cancelled" for k in range(5)]
    assert city.board("B") == ["09:02 t2 scheduled"]


def test_a_late_run_that_was_cancelled_leaves_the_board_at_the_time_that_was_told_of_it() -> None:
    city = City(at="07:58").trip_updates(update("t1", delay=600, **TODAY)).at("08:05")
    city.trip_updates(cancelled("t1", **TODAY), added("x", ("A", "08:30"), ("C", "08:34"), ("E", "08:38")))
    assert city.board("C") == ["08:14 t1 cancelled", "08:34 x live", "09:04 t2 scheduled"]
    assert city.at("08:16").board("C") == ["08:34 x live", "09:04 t2 scheduled"]


def test_a_stop_that_a_late_run_skips_is_told_so_until_the_run_would_come() -> None:
    told = update("t1", StopUpdate("B", delay=600), skipped("C"), skipped("D"), StopUpdate("E", delay=540), **TODAY)
    city = City(at="08:01").trip_updates(told).at("08:06:30")
    assert [city.board(stop)[0] for stop in "BCD"] == ["08:12 t1 live", "08:14 t1 skipped", "08:16 t1 skipped"]
    assert [row.status for row in city.trip("t1")][1:4] == ["live", "skipped", "skipped"]
    passed_b = update("t1", skipped("C"), StopUpdate("D", delay=600), **TODAY)
    assert city.at("08:13").trip_updates(passed_b).board("C")[0] == "08:14 t1 skipped"
    assert city.at("08:16").board("C") == ["09:04 t2 scheduled"]


def test_a_skipped_stop_stands_in_order_with_its_late_run_and_for_readers_of_our_feed_at_the_same_time() -> None:
    city = City(at="07:58").trip_updates(update("t1", StopUpdate("B", delay=360), skipped("C"), **TODAY))
    reader = City(at="07:58").trip_updates(city.message("trip-updates").SerializeToString())
    for rider in (city, reader):
        assert [rider.board(stop)[0] for stop in "BCD"] == ["08:08 t1 live", "08:10 t1 skipped", "08:12 t1 live"]


# mbta/dotcom#3230
def test_behind_where_a_late_bus_turns_stops_are_told_as_skipped_until_it_would_have_come() -> None:
    city = City(at="08:05").trip_updates(update("t1", skipped("D"), skipped("E"), **TODAY))
    city.vehicle_positions(bus("v1", "t1", late_s=420, stuck_at="C")).at("08:11:30", every_s=30)
    assert city.trip_state("t1") == "over"
    assert city.board("D")[0] in ("08:12 t1 skipped", "08:13 t1 skipped")
    assert city.at("08:16").board("D") == ["09:06 t2 scheduled"]


def test_where_a_late_run_ends_before_its_last_stops_they_stand_as_late_as_it_is() -> None:
    # Of the last run of a message too.
    late = (StopUpdate("A", delay=600), StopUpdate("B", delay=600), skipped("D"), skipped("E"))
    city = City(at="08:05", sources={"vehicle_positions": None}).trip_updates(update("t1", *late, **TODAY))
    assert [row.clock for row in city.trip("t1")] == ["08:10", "08:12", "08:14", "08:16", "08:18"]
    assert city.board("D")[0] == "08:16 t1 skipped"


def test_a_stop_that_a_run_by_headway_skips_is_told_so_to_readers_of_our_feed_too() -> None:
    often = network(trips=[Trip("t1", "08:00")], frequencies=(Frequency("t1", "08:00", "10:00", 600),))
    calls = (StopUpdate("B", delay=60), skipped("C"), StopUpdate("D", delay=60))
    run = update("t1", *calls, start_time="08:00:00", relationship="UNSCHEDULED", **TODAY)
    city = City(often, at="08:01").trip_updates(run)
    told = [(stop.stop, stop.relationship) for stop in city.our_trip_updates()[0].stops]
    assert told == [("B", "UNSCHEDULED"), ("C", "SKIPPED"), ("D", "UNSCHEDULED"), ("E", "UNSCHEDULED")]
    reader = City(often, at="08:01").trip_updates(city.message("trip-updates").SerializeToString())
    for rider in (city, reader):
        assert rider.board("C") == ["08:05 t1@08:00 skipped", "t1@08:10 scheduled"]
        assert rider.board("D")[0] == "08:07 t1@08:00 live"


def test_a_late_run_of_other_calls_that_is_cancelled_is_told_so_where_it_was_told() -> None:
    city = City(station(), at="07:58")
    city.trip_updates(update("t1", StopUpdate("S1", sequence=2, delay=600, assigned_stop="S2"), **TODAY)).at("08:05")
    assert city.trip_updates(cancelled("t1", **TODAY)).board("S") == ["08:12 t1 cancelled", "09:02 t2 scheduled"]
    city = City(at="07:58").trip_updates(added("x", ("A", "08:10"), ("C", "08:14"), ("E", "08:18"), **TODAY))
    city.trip_updates(added("x", ("A", "08:20"), ("C", "08:24"), ("E", "08:28"), **TODAY)).at("08:12")
    assert city.trip_updates(cancelled("x", **TODAY)).board("C") == ["08:24 x cancelled", "09:04 t2 scheduled"]


# google/transit#504
@pytest.mark.parametrize(("run", "relationship"), [("x", "NEW"), ("t1", "REPLACEMENT")])
def test_what_is_only_scheduled_of_a_run_of_the_operators_own_is_told_as_scheduled(run: str, relationship: str) -> None:
    planned = (("A", "08:03"), ("B", "08:05"), ("C", "08:07"), ("D", "08:09"))
    stops = [StopUpdate(stop, scheduled=at) for stop, at in planned]
    city = City().trip_updates(update(run, *stops, relationship=relationship, route_id="r1", **TODAY))
    assert all(f"{at} {run} scheduled" in city.board(stop) for stop, at in planned[:3])
    (told,) = city.our_trip_updates()
    for call, (_, at) in zip(told.message.stop_time_update, planned, strict=True):
        assert call.schedule_relationship == call.NO_DATA
        for event in (call.arrival, call.departure):
            assert [field.name for field, _ in event.ListFields()] == ["scheduled_time"]
            assert event.scheduled_time == city.posix(at)
    # One that is late at its second stop is from there on.
    stops[1] = StopUpdate("B", scheduled="08:05", delay=120)
    city.trip_updates(update(run, *stops, relationship=relationship, route_id="r1", **TODAY))
    reader = City().trip_updates(city.message("trip-updates").SerializeToString())
    for stop, row in (("A", f"08:03 {run} scheduled"), ("B", f"08:07 {run} live"), ("C", f"08:09 {run} live")):
        assert row in city.board(stop) and row in reader.board(stop)


# Cancelled by a vehicle's report alone


def test_a_trip_that_only_a_vehicles_report_calls_cancelled_is_told_as_such_until_it_no_longer_does() -> None:
    # CUTR-at-USF/gtfs-realtime-validator#328
    gone = bus("v1", "t1", "A", schedule_relationship="CANCELED", fresh=True)
    city = City(at="07:58").vehicle_positions(gone)
    assert [city.board(stop)[0] for stop in "AC"] == ["08:00 t1 cancelled", "08:04 t1 cancelled"]
    assert [told.relationship for told in city.our_trip_updates()] == ["CANCELED"]
    assert city.trip_state("t1") == "cancelled"
    # Its TripUpdates know better.
    city.trip_updates(update("t1", StopUpdate("C", delay=60), **TODAY))
    assert city.board("C")[0] == "08:05 t1 live"
    city.trip_updates(cancelled("t2", **TODAY))
    assert city.board("C") == ["08:04 t1 cancelled", "09:04 t2 cancelled"]
    city.vehicle_positions(bus("v1", "t1", "A", fresh=True)).trip_updates()
    assert city.board("C")[0].endswith("t1 live")


def test_a_trip_that_a_vehicles_report_alone_takes_out_is_shown_no_more() -> None:
    city = City(at="07:58").vehicle_positions(bus("v1", "t1", "A", schedule_relationship="DELETED", fresh=True))
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert [told.relationship for told in city.our_trip_updates()] == ["DELETED"]
    city.vehicle_positions(bus("v1", "t1", "A", fresh=True))
    assert city.board("C")[0].endswith("t1 live")


def test_a_cancelled_run_is_so_by_every_word_while_its_bus_drives_on() -> None:
    for by_report in (True, False):
        fields = {"schedule_relationship": "CANCELED"} if by_report else {}
        city = City(at="08:00").vehicle_positions(bus("v1", "t1", late_s=0, **fields))
        if not by_report:
            city.trip_updates(cancelled("t1", **TODAY))
        assert [city.at(at).board("D")[0] for at in ("08:00", "08:02:30", "08:05")] == ["08:06 t1 cancelled"] * 3
        assert city.trip_state("t1") == "cancelled"
    # But where another bus drives the run, it is driven.
    city = City(at="07:58")
    city.vehicle_positions(bus("v1", "t1", "A", schedule_relationship="CANCELED"), bus("v2", "t1", "A"))
    assert city.board("D")[0].endswith("t1 live")


def test_a_run_that_is_cancelled_late_is_told_at_the_times_that_stand_in_its_cancellation() -> None:
    late = cancelled("t1", StopUpdate("A", delay=1500), StopUpdate("C", delay=1500), **TODAY)
    city = City(at="08:20").trip_updates(late)
    assert [city.board(stop)[0] for stop in "BC"] == ["08:27 t1 cancelled", "08:29 t1 cancelled"]
    # Who reads our feed finds it where we show it.
    (ours_of_it,) = city.our_trip_updates()
    assert (ours_of_it.relationship, ours_of_it.stops[2].departure) == ("CANCELED", city.posix("08:29"))
    assert City(at="08:20").trip_updates(city.get("/gtfs-rt/trip-updates").content).board("C")[0] == city.board("C")[0]
    assert city.at("08:31").board("C") == ["09:04 t2 scheduled"]
    # A platform of its own says nothing of a train that does not come.
    moved = StopUpdate("S1", delay=600, assigned_stop="S2")
    city = City(station(), at="08:05").trip_updates(cancelled("t1", moved, **TODAY))
    assert city.board("S1") == ["09:02 t2 scheduled"] and city.board("S") == city.board("S1")
    # In time it stands where it is scheduled, and a time that is nobody's tells nothing.
    city = City(at="07:58").trip_updates(cancelled("t1", skipped("A"), StopUpdate("C", departure="08:04"), **TODAY))
    assert city.board("C") == ["08:04 t1 cancelled", "09:04 t2 scheduled"]
