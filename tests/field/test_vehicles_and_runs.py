"""Ids that name more or less than one vehicle, and runs that have more or less than one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2

from benchmarks.field.city import City
from benchmarks.field.faces import text, texts
from benchmarks.field.messages import Bus, StopUpdate, TripUpdate, bus, skipped, update
from benchmarks.field.network import Frequency, Network, Pattern, Route, Stop, Trip, network, row_of_stops

DATE = 20261126
THERE_AND_BACK = network(
    patterns=(Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1, headsign="West")),
    trips=(Trip("t1", "08:00"), Trip("t2", "08:10", "back")),
)
"""A bus that drives t1 to E goes on with t2; the feed has no blocks."""


def live_runs(city: City, stop: str) -> list[str]:
    return [row.run for row in city.departures(stop) if row.status == "live"]


# Vehicles that tell their stop alone


def stop_told(city: City, status: str, stop: str, *, first: int | None = None, by_id: bool = True) -> bytes:
    """A train on t1 that names a stop, by its id, by its number counted from `first`, or both, and no position."""
    report = bus("v1", "t1", stop, current_status=status, start_date=DATE, stop_id=stop)
    message = gtfs_realtime_pb2.FeedMessage.FromString(city.writer.vehicle_positions([report], city.now))
    message.entity[0].vehicle.ClearField("position")
    if first is not None:
        message.entity[0].vehicle.current_stop_sequence = "ABCDE".index(stop) + first
    if not by_id:
        message.entity[0].vehicle.ClearField("stop_id")
    return message.SerializeToString()


# bcpearce/homeassistant-gtfs-realtime#79, google/transit#642
@pytest.mark.parametrize(
    "named", [{}, {"first": 1, "by_id": False}, {"first": 0, "by_id": False}, {"first": 0}, {"first": 3}]
)
@pytest.mark.parametrize("shape", [(), ((0.0, 0.0), (600.0, 0.0), (900.0, 500.0), (1200.0, 0.0), (2400.0, 0.0))])
def test_a_train_without_positions_is_followed_from_stop_to_stop(
    named: dict[str, Any], shape: tuple[tuple[float, float], ...]
) -> None:
    pattern = Pattern("main", "A B C D E", shape="s" if shape else "")
    city = City(network(patterns=(pattern,), shapes={"s": shape} if shape else {}), at="07:58")
    gone = []
    for at, status, stop in (
        ("08:01", "STOPPED_AT", "A"), ("08:02", "IN_TRANSIT_TO", "B"), ("08:03", "STOPPED_AT", "B"),
        ("08:03:30", "IN_TRANSIT_TO", "C"), ("08:05", "IN_TRANSIT_TO", "C"), ("08:06", "INCOMING_AT", "C"),
        ("08:07", "STOPPED_AT", "C"), ("08:08", "IN_TRANSIT_TO", "D"),
    ):  # fmt: skip
        city.at(at).vehicle_positions(stop_told(city, status, stop, **named))
        assert live_runs(city, "D") == ["t1"]
        gone.append(sum("t1" not in live_runs(city, before) for before in "ABC"))
    assert gone == [0, 1, 1, 2, 2, 2, 2, 3]
    assert "08:09" <= city.board("D")[0] < "08:11"


# Two vehicles on one run


# MobilityData/gtfs-realtime-validator#22
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_buses_on_one_run_each_is_told_once_and_steadily(order: int) -> None:
    """The second bus drives five minutes behind, where a replacement was sent out; their reports take turns."""
    buses = [bus("v1", "t1", late_s=30), bus("v2", "t1", late_s=330)][::order]
    city = City(at="07:58").vehicle_positions(*buses).at("08:06:40")
    said: dict[str, set[str]] = {}
    for _ in range(6):
        city.at(city.now + 10, every_s=10.0)
        for stop in ("C", "D", "E"):
            row = city.departures(stop, arrivals=True)[0]
            said.setdefault(stop, set()).add(row.told["vehicle_id"])
            assert len([row for row in city.departures(stop) if row.run == "t1"]) <= 1
    assert said == {"C": {"v2"}, "D": {"v2"}, "E": {"v1"}}
    assert set(city.vehicles()) == {"v1", "v2"}


def test_the_following_bus_answers_where_the_first_has_passed() -> None:
    city = City().vehicle_positions(bus("v1", "t1", late_s=30), bus("v2", "t1", late_s=250)).at("08:05")
    assert city.board("D")[0] == "08:06 t1 live"
    assert [row.told["vehicle_id"] for row in city.departures("C") if row.run == "t1"] == ["v2"]
    assert city.board("C")[0] == "08:07 t1 live"


@pytest.mark.parametrize("late_s", [0, 120])
def test_a_bus_left_logged_in_at_the_first_stop_of_a_run_that_another_drives_leaves_the_boards(late_s: int) -> None:
    drives, parked = bus("v1", "t1", late_s=late_s), bus("v2", "t1", at="A", fresh=True)
    city = City(at="07:55").vehicle_positions(parked, drives).at("08:09")
    assert [city.board(stop)[0] for stop in "AB"] == ["09:00 t2 scheduled", "09:02 t2 scheduled"]
    # Once it sets out it is told again.
    city.vehicle_positions(bus("v2", "t1", between=("A", "B", 0.5))).at("08:11")
    assert city.board("C")[0].endswith("t1 live")


@pytest.mark.parametrize("added_as", ["NEW", "ADDED"])
def test_trip_planners_hear_of_both_buses_on_one_run(added_as: str) -> None:
    """A run has one TripUpdate, and its times run forwards: the bus behind is told as one more run."""
    city = City(added_as=added_as).vehicle_positions(bus("v1", "t1", late_s=30), bus("v2", "t1", late_s=250))
    first, behind = city.at("08:05").our_trip_updates()
    assert (first.run, first.relationship, first.vehicle) == ("t1", "SCHEDULED", "v1")
    assert (behind.run, behind.relationship, behind.vehicle) == ("t1:v2", added_as, "v2")
    assert [[call.stop for call in told.stops] for told in (first, behind)] == [list("DE"), list("BCDE")]
    assert behind.message.trip_properties.trip_headsign == "East"
    city.board("C")


def test_trip_planners_hear_that_neither_of_two_buses_on_one_run_calls_at_a_skipped_stop() -> None:
    city = City(at="07:58").vehicle_positions(bus("v1", "t1", late_s=0), bus("v2", "t1", late_s=180))
    city.trip_updates(update("t1", skipped("C"), StopUpdate("D", delay=0), start_date=DATE)).at("08:03")
    told = {call.run: [(stop.stop, stop.relationship) for stop in call.stops] for call in city.our_trip_updates()}
    assert ("C", "SKIPPED") in told["t1"]
    assert [stop for stop, _ in told["t1:v2"]] == ["A", "B", "D", "E"]
    for at in ("08:04:30", "08:06:30"):
        assert city.at(at).board("C")[0].endswith("t1 skipped")


def test_trip_planners_hear_of_both_buses_on_one_run_by_headway() -> None:
    by_headway = network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "10:00", 600),))
    buses = (bus(f"v{k}", "t1", late_s=180 * k - 120, run_start="08:00", start_time="08:00:00") for k in (1, 2))
    city = City(by_headway, at="08:00").vehicle_positions(*buses).at("08:04")
    assert city.board("B")[0] == "08:06 t1@08:00 live"
    assert city.board("D")[0] == "08:06 t1@08:00 live"


BY_HEADWAY = network(trips=(Trip("t1", "08:00"),), frequencies=(Frequency("t1", "08:00", "10:00", 600),))


def told_at_d(*times: str, vehicle: str = "") -> list[TripUpdate]:
    return [update("t1", StopUpdate("D", arrival=time), vehicle=vehicle, start_date=DATE) for time in times]


@pytest.mark.parametrize("start", [{}, {"start_time": "08:00:00"}])
@pytest.mark.parametrize("time", ["08:08", "08:12:30", "08:16"])
@pytest.mark.parametrize("vehicle", ["", "v1", "car-1"])
def test_a_bus_by_headway_is_one_row_where_its_operators_update_names_no_start(
    start: dict[str, str], time: str, vehicle: str
) -> None:
    city = City(BY_HEADWAY, at="08:03").vehicle_positions(bus("v1", "t1", late_s=60, run_start="08:00", **start))
    city.trip_updates(*told_at_d(time, vehicle=vehicle)).at("08:05")
    assert [row.told["vehicle_id"] for row in city.departures("D") if row.status == "live"] == ["v1"]
    assert city.board("D")[0].startswith("08:06 ")


def test_a_bus_by_headway_that_is_not_seen_stays_beside_the_one_that_is() -> None:
    city = City(BY_HEADWAY, at="08:03").vehicle_positions(bus("v1", "t1", late_s=60, run_start="08:00"))
    city.trip_updates(*told_at_d("08:21", "08:09")).at("08:05")
    assert [row.clock for row in city.departures("D") if row.status == "live"] == ["08:06", "08:21"]


def test_a_bus_that_comes_back_under_another_id_is_one_bus() -> None:
    """Its computer was started anew on the way."""
    old = bus("v1", "t1", late_s=30, silent_from="08:03:30")
    city = City().vehicle_positions(old).at("08:03:30")
    city.at("08:04").vehicle_positions(old, bus("v1-new", "t1", late_s=30)).at("08:05")
    assert [row.told["vehicle_id"] for row in city.departures("D") if row.run == "t1"] == ["v1-new"]
    assert live_runs(city, "C") == []


# One id on two trips


@pytest.mark.parametrize("order", [1, -1])
def test_a_bus_announced_on_its_next_trip_too_stays_on_the_one_that_it_drives(order: int) -> None:
    city = City(THERE_AND_BACK, at="07:58")
    on_both = [bus("v1", "t1", late_s=240), bus("v1", "t2", late_s=240)]
    # Both reports are from where it is on t1.
    city.vehicle_positions(*_both(city, on_both, "08:06", order), at="08:06")
    for at in ("08:06:30", "08:07", "08:07:30", "08:08"):
        city.vehicle_positions(*_both(city, on_both, at, order), at=at)
        assert city.board("D")[0].endswith("t1 live")
        row = next(row for row in city.departures("B") if row.run == "t2")
        assert row.status == "live", at
        assert row.clock > "08:16", at
    assert city.vehicles()["v1"]["trip_id"] == "t1"


def _both(city: City, buses: list[Bus], at: str, order: int) -> list[Bus]:
    """The same bus at the place of its first trip, once for each trip."""
    hop = (city.posix(at) - city.posix("08:04")) / 120
    stops = "ABCDE"
    k = int(hop)
    where = (stops[k], stops[k + 1], hop - k)
    return [bus("v1", one.trip, between=where, timestamp=at) for one in buses][::order]


# MobilityData/gtfs-realtime-validator#254
def test_no_bus_is_lost_where_several_report_by_one_id() -> None:
    city = City(Network(trips=(Trip("t1", "08:00"), Trip("t2", "08:04"), Trip("t3", "08:08"))))
    city.vehicle_positions(*(bus("0", trip, late_s=0) for trip in ("t1", "t2", "t3"))).at("08:09:30")
    assert live_runs(city, "B") == ["t3"]
    assert live_runs(city, "D") == ["t2", "t3"]
    assert city.board("D")[0].endswith("t2 live")
    city.at("08:11")
    assert live_runs(city, "D") == ["t3"] or live_runs(city, "E") == []
    assert set(city.vehicles()) >= {"0 t1", "0 t2", "0 t3"}


def test_buses_of_one_id_are_known_by_their_labels() -> None:
    city = City(Network(trips=(Trip("t1", "08:00"), Trip("t2", "08:04"))))
    city.vehicle_positions(bus("0", "t1", late_s=0, label="12"), bus("0", "t2", late_s=0, label="34")).at("08:06:30")
    assert sorted(told["label"] for told in city.vehicles().values()) == ["12", "34"]
    assert live_runs(city, "D") == ["t2"] or live_runs(city, "D") == ["t1", "t2"]


def test_buses_without_an_id_are_known_by_their_trips() -> None:
    city = City(Network(trips=(Trip("t1", "08:00"), Trip("t2", "08:04"))))
    city.vehicle_positions(bus("", "t1", late_s=0), bus("", "t2", late_s=0)).at("08:05:30")
    assert live_runs(city, "D") == ["t1", "t2"]


@pytest.mark.parametrize("vehicle", ["0", ""])
def test_two_buses_of_one_trip_that_have_no_ids_of_their_own_are_two(vehicle: str) -> None:
    first, second = bus(vehicle, "t1", late_s=0), bus(vehicle, "t1", late_s=250)
    city = City().vehicle_positions(first, second).at("08:05")
    assert live_runs(city, "C") == live_runs(city, "D") == ["t1"]
    assert city.board("C")[0] >= "08:07 t1 live"
    assert city.board("D")[0] <= "08:06 t1 live"


def test_two_trains_of_one_trip_that_tell_neither_id_nor_place_but_their_stops_are_two() -> None:
    city = City(at="08:06")
    for at, stops in (("08:06", "BD"), ("08:07", "BD"), ("08:08", "CE")):
        reports = [bus("", "t1", stop, stop_id=stop, current_status="STOPPED_AT") for stop in stops]
        message = gtfs_realtime_pb2.FeedMessage.FromString(city.writer.vehicle_positions(reports, city.posix(at)))
        for entity in message.entity:
            entity.vehicle.ClearField("position")
            entity.vehicle.ClearField("vehicle")
        city.at(at).vehicle_positions(message.SerializeToString())
        assert live_runs(city, "D") == ["t1"]
        assert city.board("C")[0] == f"{max(at, '08:07')} t1 live"


def test_a_jumping_position_of_a_bus_makes_no_second_one() -> None:
    city = City().vehicle_positions(bus("v1", "t1", late_s=0)).at("08:03")
    city.vehicle_positions(
        bus("v1", "t1", between=("B", "C", 0.5), timestamp="08:03:00"),
        bus("v1", "t1", between=("D", "E", 0.5), timestamp="08:02:50"),
    )
    assert set(city.vehicles()) == {"v1"}


# linkedconnections/gtfs2lc#41
@pytest.mark.parametrize("ends", ["A B C F G", "A B C D E"])
def test_both_halves_of_a_train_are_told_though_one_vehicle_is_named_for_both(ends: str) -> None:
    """It is divided at C, or goes on as two lines at once."""
    stops = (*row_of_stops("A B C D E"), Stop("F", 1800.0, 600.0), Stop("G", 2400.0, 1200.0))
    train = network(
        stops,
        (Pattern("main", "A B C D E"), Pattern("other", ends, route="r2")),
        (Trip("t1", "08:00"), Trip("x1", "08:00", "other")),
        routes=(Route("r1", "1"), Route("r2", "2")),
    )
    city = City(train, at="07:58").vehicle_positions(bus("v1", "t1", late_s=120), bus("v1", "x1", late_s=120))
    for at in ("08:05", "08:07:30"):
        told = {stop: set(live_runs(city.at(at), stop)) for stop in ("D", ends.split()[3])}
        assert set().union(*told.values()) == {"t1", "x1"}
        assert "t1" in told["D"]


# public-transport/hafas-client#320, iRail/iRail#515
def test_both_halves_of_a_train_are_told_though_its_reports_name_them_by_turns() -> None:
    """It is divided at C, and all the way its one id is on the trip of either half."""
    stops = (*row_of_stops("A B C D E"), Stop("F", 1800.0, 600.0), Stop("G", 2400.0, 1200.0))
    train = network(
        stops,
        (Pattern("main", "A B C D E"), Pattern("other", "A B C F G", route="r2")),
        (Trip("t1", "08:00"), Trip("x1", "08:00", "other")),
        routes=(Route("r1", "1"), Route("r2", "2")),
    )
    city = City(train, at="08:00:30")
    for k in range(14):
        at, east_m = city.posix("08:01") + 20 * k, 100.0 * k
        trip, north_m = ("x1", max(east_m - 1200.0, 0.0)) if k % 2 else ("t1", 0.0)
        city.vehicle_positions(bus("v1", trip, place=(east_m, north_m), timestamp=at), at=at)
        if k > 2:
            assert (live_runs(city, "D"), live_runs(city, "F")) == (["t1"], ["x1"]), k
            assert k > 10 or set(live_runs(city, "C")) == {"t1", "x1"}, k
    assert {told["label"] for told in city.vehicles().values()} == {"v1"}
    assert {told.run for told in city.our_trip_updates()} == {"t1", "x1"}


def test_two_buses_far_apart_that_one_id_names_by_turns_are_both_followed() -> None:
    """The feed keeps one report of an id, that of the one or the other."""
    far = (*row_of_stops("A B C D E"), *(Stop(stop, 600.0 * k, 9000.0) for k, stop in enumerate("VWXYZ")))
    lines = (Pattern("main", "A B C D E"), Pattern("other", "V W X Y Z", route="r2"))
    city = City(network(far, lines, (Trip("t1", "08:00"), Trip("x1", "08:00", "other")),
                        routes=(Route("r1", "1"), Route("r2", "2"))), at="07:59:30")  # fmt: skip
    for k in range(8):
        at, by_turns = city.posix("08:00") + 30 * k, k % 2
        city.vehicle_positions(bus("0", ("t1", "x1")[by_turns], place=(150.0 * k, 9000.0 * by_turns)), at=at)
        assert k < 3 or (live_runs(city, "D"), live_runs(city, "Y")) == (["t1"], ["x1"]), k
    assert {told["label"] for told in city.vehicles().values()} == {"0"}


# HSLdevcom/transitdata#215: a late train stood twice on the boards, as itself and as its next run.
def test_a_late_vehicle_that_is_told_on_its_next_run_too_begins_it_when_it_is_through_with_the_first() -> None:
    late = update("t1", *(StopUpdate(stop, delay=600) for stop in "CDE"), vehicle="v1", start_date=DATE)
    following = update("t2", *(StopUpdate(stop, delay=0) for stop in "EDCBA"), vehicle="v1", start_date=DATE)
    for told in ((late, following), (following, late)):
        city = City(THERE_AND_BACK, at="08:09").trip_updates(*told)
        assert [city.board(stop) for stop in "ED"] == [["08:18 t2 live"], ["08:16 t1 live", "08:20 t2 live"]]
        assert city.trip("t2")[-1].clock == "08:26"
        # As long as it is on the first, also once it should have begun the second.
        for at in ("08:11", "08:14", "08:17"):
            following_at = [city.at(at).board(stop)[-1] for stop in "EDC"]
            assert following_at == ["08:18 t2 live", "08:20 t2 live", "08:22 t2 live"]


def test_a_late_vehicle_whose_whole_duty_is_told_begins_each_of_its_runs_when_it_is_through_with_the_one_before() -> (
    None
):
    ways = {"E": "EDCBA", "A": "ABCDE"}
    duty = ("08:10", "E"), ("08:20", "A"), ("08:30", "E"), ("08:40", "A")
    trips = (Trip(f"t{k}", start, "back" if begins == "E" else "main") for k, (start, begins) in enumerate(duty, 2))
    late = update("t1", *(StopUpdate(stop, delay=600) for stop in "CDE"), vehicle="v1", start_date=DATE)
    by_plan = (
        update(f"t{k}", *(StopUpdate(stop, delay=0) for stop in ways[begins]), vehicle="v1", start_date=DATE)
        for k, (_, begins) in enumerate(duty, 2)
    )
    city = City(replace(THERE_AND_BACK, trips=(Trip("t1", "08:00"), *trips)), at="08:07").trip_updates(late, *by_plan)
    for at in ("08:08", "08:12"):
        assert city.at(at).board("E") == ["08:18 t2 live", "08:34 t4 live"]
        assert city.board("A") == ["08:26 t3 live", "08:42 t5 live"]


def test_a_vehicle_that_is_told_on_two_runs_of_one_way_at_once_is_live_on_the_first_alone() -> None:
    stops = [
        StopUpdate(stop, at, at)
        for stop, at in zip("ABCDE", ("08:20", "08:22", "08:24", "08:26", "08:28"), strict=True)
    ]
    city = City(network(trips=(Trip("t1", "08:00"), Trip("t2", "08:20"))), at="08:15")
    city.trip_updates(*(update(trip, *stops, vehicle="v1", start_date=DATE) for trip in ("t1", "t2")))
    assert city.board("C") == ["08:24 t1 live", "08:24 t2 scheduled"]


# A feed that moves on by the clock


def test_a_late_bus_is_told_on_both_trips_where_its_feed_names_the_next_by_the_clock() -> None:
    city = City(THERE_AND_BACK).vehicle_positions(bus("v1", "t1", late_s=360)).at("08:09")
    assert city.board("D")[0].endswith("t1 live")
    # From 08:10 on it names t2, while it is between B and C on t1.
    for k, at in enumerate(("08:10", "08:10:30", "08:11", "08:11:30", "08:12", "08:12:30", "08:13")):
        hop = 2.0 + k * 0.25
        stops = "ABCDE"
        where = (stops[int(hop)], stops[int(hop) + 1], hop - int(hop))
        city.vehicle_positions(bus("v1", "t2", between=where), at=at)
        assert "t1" in live_runs(city, "D") or hop >= 3, (at, texts(city.departures("D")))
        row = next(row for row in city.departures("D") if row.run == "t2")
        assert (row.status, row.clock >= "08:16") == ("live", True), at
    # It has come to the end, and drives back.
    for k, at in enumerate(("08:14", "08:14:30", "08:15", "08:15:30", "08:16", "08:16:30", "08:17", "08:17:30")):
        back = max(0.0, k * 0.25 - 0.5)
        where = ("EDCBA"[int(back)], "EDCBA"[int(back) + 1], back - int(back))
        city.vehicle_positions(bus("v1", "t2", between=where), at=at)
    assert live_runs(city, "D") == []
    assert live_runs(city, "B") == ["t2"]
    assert city.vehicles()["v1"]["trip_id"] == "t2"


def test_a_late_bus_at_a_light_before_its_end_still_comes_where_its_feed_names_the_next_trip() -> None:
    """It passes D at 08:10, stands for a minute 150 m before E, and has come there at 08:13."""
    city = City(THERE_AND_BACK).vehicle_positions(bus("v1", "t1", late_s=240)).at("08:09:45")
    for after_s in range(0, 166, 30):
        east_m = 1800.0 + 5.0 * (min(after_s, 90) + max(after_s - 150, 0))
        at = city.posix("08:10") + after_s
        city.vehicle_positions(bus("v1", "t2", place=(east_m, 0.0), timestamp=at), at=at)
        assert "t1" in [row.run for row in city.departures("E", arrivals=True) if row.status == "live"], after_s
        assert "t2" in live_runs(city, "D"), after_s


# whatcomtrans/publicwtadata#6
def test_a_bus_whose_feed_stays_on_its_first_trip_is_on_the_one_that_it_drives_all_day() -> None:
    """Round after round on a ring, standing four minutes at A."""
    starts = ("08:00", "08:10", "08:20", "08:30")
    trips = (Trip(f"t{k}", start, block="b") for k, start in enumerate(starts, 1))
    city = City(network("A B C", (Pattern("main", "A B C A", headsign="Ring"),), trips), at="07:59:30")
    for step in range(48):
        at, round_s = city.posix("08:00") + 30 * step, 30 * step % 600
        east_m = 5.0 * round_s if round_s < 240 else max(1200.0 - 10.0 * (round_s - 240), 0.0)
        city.vehicle_positions(bus("v1", "t1", place=(east_m, 0.0), timestamp=at), at=at)
        if step in (4, 24, 44):
            assert live_runs(city, "C")[0] == f"t{step // 20 + 1}"
            assert city.vehicles()["v1"]["trip_id"] == f"t{step // 20 + 1}"


def test_a_bus_that_turns_early_is_on_the_trip_that_it_drives_back() -> None:
    city = City(THERE_AND_BACK).vehicle_positions(bus("v1", "t1", late_s=360)).at("08:09")
    for k, at in enumerate(("08:10", "08:10:30", "08:11", "08:11:30")):
        back = 2.0 + k * 0.25
        where = ("EDCBA"[int(back)], "EDCBA"[int(back) + 1], back - int(back))
        city.vehicle_positions(bus("v1", "t2", between=where), at=at)
    assert city.vehicles()["v1"]["trip_id"] == "t2"
    assert live_runs(city, "B") == ["t2"]
    assert live_runs(city, "D") == []


def test_a_bus_that_waits_where_it_turns_early_is_live_until_it_leaves() -> None:
    # mbta/concentrate#56
    closed = (update(trip, skipped("D"), skipped("E"), start_date=20261126) for trip in ("t1", "t2"))
    later = replace(THERE_AND_BACK, trips=(Trip("t1", "08:00"), Trip("t2", "08:16", "back")))
    city = City(later).trip_updates(*closed).vehicle_positions(bus("v1", "t1", late_s=30)).at("08:05")
    city.vehicle_positions(bus("v1", "t2", at="C", fresh=True)).at("08:11")
    for time in ("08:12", "08:14", "08:16", "08:18", "08:20", "08:22"):
        assert city.at(time).board("C")[0] == f"{max(time, '08:20')} t2 live"
        assert live_runs(city, "B") == ["t2"]
    assert live_runs(city.at("08:31"), "C") == []


def test_a_bus_that_goes_on_with_a_shorter_run_is_followed_on_it() -> None:
    """The last of all runs, so that nothing stands behind it: one of the operator's own."""
    back = (StopUpdate(stop, at, at) for stop, at in (("D", "08:12"), ("C", "08:14")))
    own = update("x", *back, relationship="NEW", route_id="r1", direction_id=1, start_date=20261126)
    city = City(THERE_AND_BACK).trip_updates(own).vehicle_positions(bus("v1", "t1", late_s=30)).at("08:08")
    city.vehicle_positions(bus("v1", "x", at="D", fresh=True)).at("08:11")
    assert live_runs(city, "D") == ["x"] and city.vehicles()["v1"]["trip_id"] == "x"


def test_a_bus_given_another_trip_at_its_terminus_is_on_it_at_once() -> None:
    city = City(THERE_AND_BACK).vehicle_positions(bus("v1", "t1", late_s=60)).at("08:09")
    city.vehicle_positions(bus("v1", "t2", at="E", fresh=True)).at("08:09:30")
    assert city.vehicles()["v1"]["trip_id"] == "t2"
    assert live_runs(city, "D") == ["t2"]


def test_a_late_bus_that_is_put_on_the_trip_behind_it_is_live_on_that_one_alone() -> None:
    """So a control room puts a late line right: each bus takes the place of the one behind it, where it is."""
    city = City(Network(trips=tuple(Trip(f"t{k}", f"08:{10 * k:02}") for k in range(4))), at="07:59")
    late = [bus(f"v{k}", f"t{k}", late_s=600) for k in range(3)]
    assert city.vehicle_positions(*late).at("08:14").board("D")[0].endswith("t0 live")
    put_back = (bus(f"v{k}", f"t{k + 1}", late_s=0) for k in range(3))
    city.vehicle_positions(*put_back).at("08:15")
    assert [(row.run, row.told["vehicle_id"]) for row in city.departures("D")][:2] == [("t1", "v0"), ("t2", "v1")]
    assert city.board("D")[0] in ("08:15 t1 live", "08:16 t1 live")


def test_a_feed_that_falls_back_to_the_trip_before_takes_no_bus_from_its_riders() -> None:
    city = City(THERE_AND_BACK).vehicle_positions(bus("v1", "t1", late_s=60)).at("08:10")
    for k, at in enumerate(("08:11", "08:11:30", "08:12", "08:12:30", "08:13", "08:13:30", "08:14")):
        back = k * 0.25
        where = ("EDCBA"[int(back)], "EDCBA"[int(back) + 1], back - int(back))
        city.vehicle_positions(bus("v1", "t1" if k % 2 else "t2", between=where), at=at)
        if k:
            assert live_runs(city, "B") == ["t2"], at


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("other", ["t2", "t3"])
def test_a_bus_that_waits_at_its_first_stop_and_is_named_by_turns_with_its_next_run_stays_on_the_first(
    every: int, other: str
) -> None:
    """As positions of a program that knows of blocks alone are."""
    back = Pattern("back", "E D C B A", direction=1)
    trips = (Trip("t1", "08:00", block="b"), Trip("t2", "08:12", "back", block="b"), Trip("t3", "08:30", block="b"))
    city = City(network("A B C D E", (Pattern("main", "A B C D E"), back), trips), at="07:50")
    for k in range(28):
        at, driven = city.posix("07:52") + 30 * k, max(k - 17, 0) * 0.25
        place = {"between": ("ABCD"[int(driven)], "BCDE"[int(driven)], driven % 1)} if driven else {"at": "A"}
        city.vehicle_positions(bus("v1", ("t1", other)[k // every % 2], **place, start_date=20261126), at=at)
        if k > 2 * every and driven < 2:
            assert live_runs(city, "C")[0] == "t1", k


@pytest.mark.parametrize("status", ["STOPPED_AT", "IN_TRANSIT_TO"])
@pytest.mark.parametrize("sequence", [1, 2, 5])
def test_a_bus_is_where_its_position_is_though_it_names_another_stop(status: str, sequence: int) -> None:
    stuck: dict[str, Any] = {"current_stop_sequence": sequence, "current_status": status}
    city = City(at="08:04").vehicle_positions(bus("v1", "t1", late_s=60, **stuck)).at("08:05:30")
    assert city.vehicles()["v1"]["state"] == "in_service"
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert city.board("D")[0] in ("08:06 t1 live", "08:07 t1 live")


# opentripplanner/OpenTripPlanner#5078, #5090
def test_a_bus_whose_feed_counts_its_stops_from_nought_is_where_its_position_is() -> None:
    city = City(at="08:00")
    for k in range(12):
        stop: dict[str, Any] = {"current_stop_sequence": -(-k // 4), "current_status": 2 if k % 4 else 1}
        city.vehicle_positions(bus("v1", "t1", place=(150 * k, 0), **stop), at=city.posix("08:00:30") + 30 * k)
    assert 20 <= city.vehicles()["v1"]["delay_s"] <= 30
    assert city.board("D")[0] == "08:06 t1 live"


@pytest.mark.parametrize(
    ("place", "told", "there"),
    [
        ((0, 40), {}, True),
        ((-20, 0), {}, True),
        ((0, 250), {}, False),
        ((-700, 0), {}, False),
        ((0, 70), {"current_status": "STOPPED_AT", "current_stop_sequence": 1}, True),
        ((-300, 0), {"current_status": "STOPPED_AT", "current_stop_sequence": 1}, False),
        ((-50, 0), {"current_status": "INCOMING_AT", "current_stop_sequence": 1}, False),
    ],
)
def test_a_bus_is_at_its_first_stop_only_when_it_is_there(
    place: tuple[float, float], told: dict[str, Any], there: bool
) -> None:
    city = City(at="07:50").vehicle_positions(bus("v1", "t1", place=place, fresh=True, **told)).at("07:52")
    row = city.departures("A")[0]
    assert (str(row), row.told["at_stop"]) == ("08:00 t1 live", there)
    assert city.vehicles()["v1"]["at_stop"] == there
    assert city.trip("t1")[0].told["at_stop"] == there
    assert (city.our_vehicle_positions()["v1"].current_status == 1) == there


@pytest.mark.parametrize(
    "way", [((45, 0), (3, 0)), ((0, 40), (-60, 90), (-70, 20), (0, 0)), ((80, 0), (150, 0), (60, 0), (0, 0))]
)
def test_a_bus_that_is_back_at_its_first_stop_has_not_left(way: tuple[tuple[float, float], ...]) -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("08:00:30")
    for k, place in enumerate(way):
        city.vehicle_positions(bus("v1", "t1", place=place, fresh=True), at=city.posix("08:01") + 30 * k)
    assert live_runs(city, "A") == ["t1"]
    assert live_runs(city.vehicle_positions(bus("v1", "t1", late_s=240)).at("08:06"), "A") == []


@pytest.mark.parametrize("place", [(150, 0), (100, 60)])
def test_a_bus_that_waits_beyond_its_first_stop_has_not_left(place: tuple[int, int]) -> None:
    # SoundTransit/soundtransit-rds#37, hasadna/open-bus-map-search#1778
    city = City(at="07:50").vehicle_positions(bus("v1", "t1", place=place, fresh=True))
    for at in ("07:58", "08:02"):
        assert [live_runs(city.at(at), stop) for stop in "AB"] == [["t1"], ["t1"]]
    city.vehicle_positions(bus("v1", "t1", place=(330, 0), fresh=True)).at("08:03")
    assert [live_runs(city, stop) for stop in "AB"] == [[], ["t1"]]


RING = network(
    (Stop("A", 0.0), Stop("B", 600.0), Stop("C", 600.0, 600.0), Stop("D", 0.0, 600.0)),
    (Pattern("main", "A B C D A", headsign="Ring"),),
    tuple(Trip(f"t{k}", f"08:{10 * k:02}", block="b") for k in range(4)),
)


def on_the_ring(minutes: float) -> tuple[float, float]:
    """Where a bus is so long after it first left A, two minutes a hop; it waits there before."""
    corners = [(0.0, 0.0), (600.0, 0.0), (600.0, 600.0), (0.0, 600.0)] * 2
    k, share = divmod(max(minutes, 0.0) / 2, 1)
    (x, y), (to_x, to_y) = corners[int(k)], corners[int(k) + 1]
    return x + share * (to_x - x), y + share * (to_y - y)


def test_a_bus_that_leaves_the_hub_of_its_ring_late_has_not_been_round() -> None:
    """Where it begins it ends as well, and a round takes eight minutes."""
    city, first = City(RING, at="07:57"), []
    for minute in range(20):
        trip = "t0" if minute < 15 else "t1"
        city.vehicle_positions(bus("v1", trip, place=on_the_ring(minute - 7)), at=f"08:{minute:02}")
        first.append(city.departures("A")[0].run + city.departures("D")[0].run)
    assert set(first[:7]) == {"t0t0"}
    assert set(first[8:13]) == {"t1t0"}
    assert set(first[16:]) == {"t2t1"}


def test_a_bus_that_waits_at_the_hub_of_a_figure_eight_has_not_driven_its_first_loop() -> None:
    """Its line comes by there again before it is half driven, six minutes after it begins."""
    stops = (Stop("A", 0.0), Stop("B", 600.0), Stop("C", 0.0, 600.0), *(Stop(f"D{k}", -600.0 * k) for k in range(1, 5)))
    city = City(network(stops, (Pattern("main", "A B C A D1 D2 D3 D4"),), (Trip("t1", "08:00"),)), at="07:57")
    for minute in range(9):
        city.vehicle_positions(bus("v1", "t1", place=(0, 0)), at=f"08:{minute:02}")
        assert [len(city.departures(stop)) for stop in ("A", "B", "C", "D1")] == [2, 1, 1, 1]
    city.vehicle_positions(bus("v1", "t1", place=(400, 0)), at="08:10")
    city.vehicle_positions(bus("v1", "t1", place=(300, 300)), at="08:11")
    assert [live_runs(city, stop) for stop in "ABC"] == [["t1"], [], ["t1"]]


def test_a_bus_at_a_stop_in_a_yard_to_which_its_shape_does_not_lead_is_live() -> None:
    stops = (Stop(stop, 600.0 * k, 180.0 * (stop == "C")) for k, stop in enumerate("ABCDE"))
    way = ((0.0, 0.0), (1200.0, 0.0), (2400.0, 0.0))
    city = City(network(stops, (Pattern("main", "A B C D E", shape="s"),), shapes={"s": way}), at="07:59:30")
    for k, place in enumerate([(0, 0), (300, 0), (600, 0), (1000, 0), (1140, 120), (1200, 180), (1200, 180)]):
        city.vehicle_positions(bus("v1", "t1", place=place), at=city.posix("08:00") + 40 * k)
        assert live_runs(city, "C") == live_runs(city, "D") == ["t1"], k
    city.vehicle_positions(bus("v1", "t1", place=(1400, 0)), at="08:05")
    assert (live_runs(city, "C"), live_runs(city, "D")) == ([], ["t1"])


def test_a_bus_that_leaves_long_before_its_time_is_told_so_at_the_next_stop() -> None:
    # SoundTransit/soundtransit-rds#32, grote/Transportr#60
    city = City(at="07:49").vehicle_positions(bus("v1", "t1", late_s=-480)).at("07:51:30")
    assert [city.board(stop)[0] for stop in "AB"] == ["08:00 t1 live", "08:01 t1 live"]
    city.at("07:53:30")
    assert [row[:5] for row in (city.board("A")[0], city.board("B")[0], city.board("D")[0])] == [
        "09:00", "07:54", "07:58",
    ]  # fmt: skip
    # Who took the trip of another bus leaves earlier still.
    city = City(at="07:32").vehicle_positions(bus("v1", "t1", late_s=-1500)).at("07:38")
    assert [city.board(stop)[0][:5] for stop in "ABD"] == ["09:00", "09:02", "07:40"]
    # One that is first seen on its way is told so too: of the timetable, or a run that the operator adds.
    new = update(
        "n1", *(StopUpdate(stop, f"08:{2 * k:02}") for k, stop in enumerate("ABCDE")), relationship="NEW",
        route_id="r1", start_date=DATE, start_time="08:00:00",
    )  # fmt: skip
    for trip in ("t1", "n1"):
        city = City(at="07:54").trip_updates(*([new] if trip == "n1" else []))
        for k in range(5):
            city.vehicle_positions(bus("v1", trip, place=(750 + 150 * k, 0)), at=city.posix("07:55") + 30 * k)
        assert [live_runs(city, stop) for stop in "BCD"] == [[], [], [trip]]
        assert city.departures("D")[0].clock <= "07:59"
    # Had it only come by on its way to the first stop, it waits there.
    for k in range(3):
        city.vehicle_positions(bus("v1", "n1", place=(800 - 400 * k, 50)), at=city.now + 30)
    city.vehicle_positions(bus("v1", "n1", "A", fresh=True)).at("07:59:30")
    assert [live_runs(city, stop) for stop in "ABC"] == [["n1"]] * 3
    # Around a ring it may be on the round before.
    city = City(network("A B C", (Pattern("main", "A B C A", headsign="Ring", hop_s=300),)), at="07:50")
    for k in range(5):
        city.vehicle_positions(bus("v1", "t1", place=(500 + 160 * k, 0)), at=city.posix("07:52") + 30 * k)
    assert [live_runs(city, stop) for stop in "ABC"] == [["t1"]] * 3
    # A few hundred metres around the terminus are no departure.
    city = City(at="07:49").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("07:50")
    city.vehicle_positions(bus("v1", "t1", between=("A", "B", 0.6), fresh=True)).at("07:53")
    assert [city.board(stop)[0] for stop in "AB"] == ["08:00 t1 live", "08:01 t1 live"]


@pytest.mark.parametrize(("level", "words"), [("CONGESTION", "in heavy traffic"), ("RUNNING_SMOOTHLY", "")])
def test_a_bus_in_heavy_traffic_is_told_to_be_in_it(level: str, words: str) -> None:
    city = City(at="07:59").vehicle_positions(bus("v1", "t1", late_s=60, congestion_level=level)).at("08:03")
    assert city.vehicles()["v1"]["congestion"] == level
    told = city.our_vehicle_positions()["v1"]
    assert told.congestion_level == {"RUNNING_SMOOTHLY": 1, "CONGESTION": 3}[level]
    for page in ("/trips/t1", "/lines/r1"):
        shown = city.page(page).text()
        assert ("traffic" in shown) == bool(words)
        assert words in shown


# Ids of vehicles that change


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("ids", [("4012", "1_4012"), ("v1", "v1-new")])
def test_a_bus_that_goes_by_two_ids_by_turns_is_one_bus(ids: tuple[str, str], every: int) -> None:
    city = City(at="07:59:30")
    for k in range(15):
        at = city.posix("08:00") + 30 * k
        city.vehicle_positions(bus(ids[k // every % 2], "t1", place=(150.0 * k, 0.0), timestamp=at), at=at)
        assert list(city.vehicles()) == [ids[0]]
        assert [(told.run, told.vehicle) for told in city.our_trip_updates()] == [("t1", ids[0])]


@pytest.mark.parametrize("apart_m", [0.0, 4.0])
@pytest.mark.parametrize("order", [1, -1])
def test_a_bus_of_two_ids_in_each_message_is_shown_once(order: int, apart_m: float) -> None:
    """Its radio has one, the company another."""
    city = City(at="07:59:30")
    for k in range(9):
        places = {"avl-7": (150.0 * k, 0.0), "4012": (150.0 * k + apart_m, 0.0)}
        # Once one of them is missing.
        twins = [bus(name, "t1", place=place) for name, place in places.items() if (name, k) != ("4012", 6)][::order]
        city.vehicle_positions(*twins, at=city.posix("08:00") + 30 * k)
        assert list(city.vehicles()) == list(city.our_vehicle_positions()) == ["4012"]
        assert len(city.page("/lines/r1").css(".vehicle")) == 1
    assert city.board("D")[0].endswith("t1 live")


@pytest.mark.parametrize(("east", "north"), [(1.0, 0.0), (0.0, 1.0)])
def test_a_bus_of_two_receivers_that_report_at_times_of_their_own_is_shown_once(east: float, north: float) -> None:
    """The one tells of where it was twenty seconds ago; whichever lies further north, it goes by one id."""
    stops = (Stop(stop, 600.0 * k * east, 600.0 * k * north) for k, stop in enumerate("ABCD"))
    city = City(network(stops, trips=(Trip("t1", "08:00"),)), at="07:59:30")
    for k in range(7):
        at, way_m = city.posix("08:00") + 30 * k, 150.0 * k
        late_m = max(way_m - 250.0, 0.0)
        ahead = bus("avl-7", "t1", place=(way_m * east, way_m * north), timestamp=at)
        late = bus("4012", "t1", place=(late_m * east, late_m * north), timestamp=at - 20)
        city.vehicle_positions(ahead, late, at=at)
        assert list(city.vehicles()) == ["4012"]
        assert [(told.run, told.vehicle) for told in city.our_trip_updates()] == [("t1", "4012")]
    assert city.board("C")[0].endswith("t1 live")


@pytest.mark.parametrize(("ids", "label"), [(("1_4012", "4012"), ""), (("avl-7", "4012"), "4012")])
def test_a_bus_of_two_ids_that_say_so_is_shown_once_though_its_reports_differ(ids: tuple[str, str], label: str) -> None:
    """Those of the one are older, and of where it was then."""
    city = City(at="07:59:30")
    for k in range(9):
        at = city.posix("08:00") + 30 * k
        older = bus(ids[0], "t1", place=(150.0 * k - 60.0, 0.0), timestamp=at - 8, label=label)
        city.vehicle_positions(older, bus(ids[1], "t1", place=(150.0 * k, 0.0), timestamp=at), at=at)
        assert len(city.vehicles()) == 1
    assert city.board("D")[0].endswith("t1 live")


def test_a_bus_whose_other_id_names_no_trip_is_on_no_second_run() -> None:
    city = City(network(trips=tuple(Trip(f"t{k}", f"08:0{2 * k}") for k in range(4))), at="08:02")
    for k in range(12):
        place = (150.0 * k, 0.0)
        city.vehicle_positions(bus("avl-7", "t1", place=place), bus("4012", place=place), at=city.now + 30)
    assert live_runs(city, "E") == [] or live_runs(city, "D") == ["t1"]
    assert list(city.vehicles()) == ["avl-7"]


# CUTR-at-USF/gtfs-realtime-validator#241
@pytest.mark.parametrize(("named", "reports"), [("1_4012", "4012"), ("4012", "ag:4012")])
def test_a_bus_is_on_the_run_that_is_given_to_it_with_its_agency_before_its_id(named: str, reports: str) -> None:
    told = update("t1", StopUpdate("C", delay=0), vehicle=named, start_date=DATE)
    city = City(at="08:03").trip_updates(told).vehicle_positions(bus(reports, place=(600.0, 0.0)))
    assert city.vehicles()[reports]["trip_id"] == "t1"
    # Two of that number: nobody knows which of them it is.
    both = City(at="08:03").trip_updates(told)
    both.vehicle_positions(bus(reports, place=(600.0, 0.0)), bus("5_4012", place=(1200.0, 0.0)))
    assert {vehicle["trip_id"] for vehicle in both.vehicles().values()} == {None}


def test_a_vehicle_of_which_neither_number_nor_label_is_told_is_not_called_by_its_trip() -> None:
    city = City(at="08:01")
    message = gtfs_realtime_pb2.FeedMessage.FromString(
        city.writer.vehicle_positions([bus("", "t1", between=("A", "B", 0.5))], city.now)
    )
    message.entity[0].vehicle.ClearField("vehicle")
    city.vehicle_positions(message.SerializeToString())
    assert city.board("C")[0].endswith("t1 live")
    for address in ("/trips/t1", "/lines/r1"):
        words = text(city.page(address))
        assert "Vehicle on its way to Stop B" in words and "Vehicle t1" not in words
    (seen,) = city.vehicles().values()
    assert seen["label"] is None
    assert city.departures("C")[0].told["vehicle_label"] is None
    (ours,) = city.our_vehicle_positions().values()
    assert not ours.vehicle.HasField("label")
    assert not city.our_trip_updates()[0].message.vehicle.HasField("label")


def test_of_a_vehicles_label_everybody_gets_what_can_be_read() -> None:
    label = "Bus\x07 12\n\u202eTram\x1b"
    city = City().vehicle_positions(bus("v1", "t1", late_s=60, label=label))
    (told,) = city.vehicles().values()
    (ours,) = city.our_vehicle_positions().values()
    assert told["label"] == ours.vehicle.label == "Bus 12 Tram"
    city.vehicle_positions().trip_updates(
        update("t2", StopUpdate("C", delay=60), start_date=20261126, vehicle="v2", label=label)
    )
    assert next(row.told["vehicle_label"] for row in city.departures("C") if row.run == "t2") == "Bus 12 Tram"


def test_a_bus_whose_id_is_another_in_each_message_does_not_stand_on_the_map_a_dozen_times() -> None:
    city = City(at="07:55")
    for k in range(8):
        # Another is told once and then again and again with the same old report, and one is silent for a while.
        others = bus("old", at="C", timestamp="07:55"), *([bus("seldom", at="D")] if k in (0, 1) else [])
        city.vehicle_positions(
            bus(f"id{k}", between=("A", "B", k / 10)), *others, at=f"07:{56 + k}" if k < 4 else f"08:0{k - 4}"
        )
    assert set(city.vehicles()) == {"id5", "id6", "id7", "old", "seldom"}
