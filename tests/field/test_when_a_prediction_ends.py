"""Vehicles that get no further: what a rider must see, and for how long."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from api.service.checkpoint import Checkpoint
from benchmarks.field.city import City
from benchmarks.field.faces import texts
from benchmarks.field.messages import StopUpdate, bus, cancelled, update
from benchmarks.field.network import Call, Network, Pattern, Trip, network

OTHER = bus("other", place=(0, 900), fresh=True)
"""A vehicle of no line: the feed is alive."""


def statuses(city: City, stop: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in city.board(stop)]


def test_a_bus_that_never_leaves_is_overdue_and_then_no_bus_at_all() -> None:
    # A terminus where a bus waited, logged in, for 70 minutes: "due" and live all the while.
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True))
    assert city.at("07:59").board("A")[0] == "08:00 t1 live"
    city.at("08:07")
    assert statuses(city, "A")[0] == "t1 scheduled"
    assert statuses(city, "C")[0] == "t1 scheduled"
    assert city.departures("A")[0].told["doubt"] == "overdue"
    city.at("08:18")
    assert texts(city.departures("A")) == ["09:00 t2 scheduled"]
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert city.vehicles()["v1"]["doubt"] == "given_up"


def scattered(metres: float) -> tuple[float, float]:
    """Where a receiver under a roof may be taken to be, so far from where it is at most; none comes twice in a row."""
    angle = next(_ANGLES)
    return metres * math.cos(angle), metres * math.sin(angle)


_ANGLES = itertools.cycle(2.4 * k for k in range(97))


@pytest.mark.parametrize("metres", [15.0])
def test_a_bus_that_never_leaves_is_none_though_its_receiver_wanders(metres: float) -> None:
    city, seen = City(at="07:55"), []
    for step in range(26):
        at = city.posix("07:55") + 60 * step
        city.vehicle_positions(bus("v1", "t1", place=scattered(metres), timestamp=at), at=at)
        if step in (4, 12, 25):
            seen.append((statuses(city, "A")[0], city.vehicles()["v1"]["doubt"]))
    assert seen == [("t1 live", "followed"), ("t1 scheduled", "overdue"), ("t2 scheduled", "given_up")]


@pytest.mark.parametrize("metres", [25.0, 45.0])
def test_a_bus_broken_down_is_given_up_though_its_receiver_wanders(metres: float) -> None:
    city, doubts = City(at="07:58"), []
    for step in range(31):
        at = city.posix("08:00") + 60 * step
        east_m, north_m = scattered(metres)
        place = (300.0 * step, 0.0) if step < 5 else (1400.0 + east_m, north_m)
        city.vehicle_positions(bus("v1", "t1", place=place, timestamp=at), OTHER, at=at)
        if step in (7, 19, 30):
            doubts.append(city.vehicles()["v1"]["doubt"])
    assert doubts == ["followed", "held_up", "given_up"]


def test_a_bus_that_falls_silent_before_it_leaves_is_not_due_again_each_minute() -> None:
    city = City(at="07:50").vehicle_positions(bus("v1", "t1", "A", fresh=True, silent_from="07:56"), OTHER)
    assert city.at("08:00").board("A")[0] == "08:00 t1 live"
    time = city.at("08:02:30").board("C")[0][:5]
    for at in ("08:03", "08:06"):
        city.at(at)
        assert statuses(city, "A") == ["t2 scheduled"]
        assert all(row[:5] == time for row in city.board("C") if "t1" in row)


def test_a_run_without_a_vehicle_is_told_at_the_desk() -> None:
    long_way = Pattern("main", "A B C D E", hop_s=900)
    city = City(Network(patterns=(long_way,), trips=(Trip("t1", "08:00"),)), at="07:55")
    city.vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("08:18")
    assert any("08:00" in entry for entry in city.desk()["uncovered"])
    assert statuses(city, "E") == [] and statuses(city, "D") == ["t1 scheduled"]


def test_a_bus_that_leaves_late_is_live_again_at_once() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("08:20")
    city.vehicle_positions(bus("v1", "t1", between=("A", "B", 0.6), fresh=True)).at("08:20:30")
    assert statuses(city, "B")[0] == "t1 live"


def test_a_bus_broken_down_on_the_way_is_held_up_and_then_given_up() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, stuck_at="C"), OTHER)
    assert statuses(city.at("08:06"), "D")[0] == "t1 live"
    city.at("08:16")
    assert statuses(city, "D")[0] == "t1 scheduled"
    assert city.departures("D")[0].told["doubt"] == "held_up"
    assert city.our_vehicle_positions()["v1"].trip.trip_id == "t1"
    city.at("08:27")
    assert city.board("D") == ["09:06 t2 scheduled"]
    # Who reads our feed is not to wait for it either.
    assert city.our_vehicle_positions()["v1"].trip.trip_id == ""


@pytest.mark.parametrize("stands", [True, False])
def test_a_bus_broken_down_on_the_way_is_held_up_after_a_restart_too(stands: bool, tmp_path: Path) -> None:
    path, broken_down = tmp_path / "learned.npz", bus("v1", "t1", late_s=0, stuck_at="C")
    city = City(at="07:55", checkpoint=Checkpoint(path)).vehicle_positions(broken_down, OTHER).at("08:12")
    city.service.start()
    city.service.stop()
    city = City(at="08:13", checkpoint=Checkpoint(path))
    city.vehicle_positions(broken_down if stands else bus("v1", "t1", late_s=600), OTHER).at("08:15:50")
    row = city.departures("D")[0]
    assert (row.status, row.told["doubt"]) == (("scheduled", "held_up") if stands else ("live", "followed"))
    city.faces_agree("D")


@pytest.mark.parametrize("stands", [True, False])
def test_a_bus_that_is_overdue_at_its_first_stop_is_so_after_a_restart_too(stands: bool, tmp_path: Path) -> None:
    path, waits = tmp_path / "learned.npz", bus("v1", "t1", "A", fresh=True)
    city = City(at="07:55", checkpoint=Checkpoint(path)).vehicle_positions(waits, OTHER).at("08:07")
    assert city.departures("B")[0].told["doubt"] == "overdue"
    city.service.start()
    city.service.stop()
    city = City(at="08:08", checkpoint=Checkpoint(path))
    city.vehicle_positions(waits if stands else bus("v1", "t1", between=("A", "B", 0.5)), OTHER).at("08:08:30")
    row = city.departures("B")[0]
    assert (row.status, row.told["doubt"]) == (("scheduled", "overdue") if stands else ("live", "followed"))
    city.faces_agree("B")


# whatcomtrans/publicwtadata#6
@pytest.mark.parametrize(
    ("stop", "sequence", "due", "doubt", "doubted_s", "gone_s"),
    [("A", 1, "08:00", "overdue", 300, 900), ("D", 4, "08:06", "held_up", 600, 1200)],
)
@pytest.mark.parametrize(("seen", "ahead_s"), [(False, 30), (True, 30), (False, 330)])
def test_a_bus_that_its_operator_tells_to_come_in_as_many_minutes_as_ever_for_an_hour_is_none(
    stop: str, sequence: int, due: str, doubt: str, doubted_s: int, gone_s: int, seen: bool, ahead_s: int
) -> None:
    city, told = City(at=due), []
    at = city.now
    for since_s in (240, doubted_s + 120, gone_s + 120):
        # It goes on so between two looks.
        while city.now < at + since_s:
            city.clock.at += 60
            at_stop = city.now + ahead_s
            city.trip_updates(update("t1", StopUpdate(stop, at_stop, at_stop, sequence=sequence)))
            city.vehicle_positions(*([bus("v1", "t1", stop)] if seen else []), OTHER)
        told.append((statuses(city, stop)[0], city.departures(stop)[0].told["doubt"]))
    waits = ("t1 live", "followed")
    assert told == [waits, ("t1 scheduled", doubt), ("t2 scheduled", "followed")]
    # Once it goes on it is live at once.
    city.trip_updates(update("t1", StopUpdate("E", city.now + 300, city.now + 300, sequence=5)))
    assert city.departures("E", arrivals=True)[0].status == "live"


def test_a_bus_that_is_always_due_is_so_whatever_else_the_operator_adds_and_after_a_restart(
    tmp_path: Path,
) -> None:
    path = tmp_path / "learned.npz"
    city = City(at="08:06", checkpoint=Checkpoint(path))
    for minute in range(13):
        city.clock.at += 60
        due = update("t1", StopUpdate("D", city.now + 60, city.now + 60))
        added = update(
            f"x{minute // 4}", StopUpdate("A", "09:40"), StopUpdate("C", "09:45"), relationship="NEW", route_id="r1"
        )
        if minute == 9:
            city.service.start()
            city.service.stop()
            city = City(at="08:16", checkpoint=Checkpoint(path))
        city.trip_updates(due, added)
    assert city.departures("D")[0].told["doubt"] == "held_up"


# CUTR-at-USF/gtfs-realtime-validator#16
@pytest.mark.parametrize(("stop", "until", "following"), [("A", "08:10", "B"), ("C", "08:15", "E")])
def test_who_was_to_wait_by_its_operators_word_is_late_only_from_then_on_though_it_is_told_no_more(
    stop: str, until: str, following: str
) -> None:
    calls = [Call(at, f"08:0{2 * k}") for k, at in enumerate("ABCDE")]
    calls[2] = Call("C", "08:03", "08:04")
    city = City(network(trips=(Trip("t1", calls=tuple(calls)),)), at="07:59")
    city.vehicle_positions(bus("v1", "t1", late_s=0, stuck_at=stop))
    held, to_come = StopUpdate(stop, departure=until), StopUpdate(following, "08:20", "08:20")
    city.trip_updates(update("t1", held, to_come)).at(f"{until}:05", every_s=30)
    city.trip_updates(update("t1", to_come)).at(f"{until}:20", every_s=30)
    assert city.board("D")[0].endswith("t1 live") and city.trip_state("t1") == "followed"
    assert city.at("08:28", every_s=30).trip_state("t1") != "followed"


def test_a_train_that_its_operator_puts_off_in_steps_or_that_stands_far_away_is_told_for() -> None:
    far = City(Network(trips=(Trip("t1", "08:00"),)), at="08:05")
    for minute in range(0, 40, 2):
        # Ten minutes more at a time, with which it comes nearer; half an hour away, it is put off all the time.
        far.clock.at += 120
        at = far.posix("08:18") + 600 * (minute // 10)
        far.trip_updates(update("t1", StopUpdate("D", at, at)))
        assert statuses(far, "D") == ["t1 live"], minute
    for minute in range(0, 30, 2):
        far.clock.at += 120
        far.trip_updates(update("t1", StopUpdate("D", far.now + 1800, far.now + 1800)))
        assert len(far.departures("D")) == 1, minute
    assert far.departures("D")[0].told["doubt"] == "held_up"


def test_a_run_of_which_all_that_was_told_is_past_does_not_come_back_with_a_bus_that_stands_aside() -> None:
    calls = (StopUpdate("A", "08:00", "08:00"), StopUpdate("B", "08:02", "08:02"), StopUpdate("C", "08:04", "08:04"))
    named: dict[str, Any] = {"start_date": 20261126, "start_time": "08:00:00"}
    city = City(at="07:50").trip_updates(update("x1", *calls, relationship="NEW", route_id="r1", **named))
    city.vehicle_positions(bus("v1", "x1", place=(0, -900), fresh=True, **named), OTHER).at("08:05")
    for _ in range(15):
        city.at(city.now + 60)
        assert [row.run for stop in "AB" for row in city.departures(stop)] == ["t2", "t2"]


# google/transit#250
def test_a_train_that_stands_on_the_way_is_told_for_when_its_operator_says_that_it_comes() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, stuck_at="C"), OTHER)
    city.trip_updates(update("t1", StopUpdate("C", "08:04", "08:04"), StopUpdate("D", "08:20", "08:20")))
    assert city.at("08:16").board("D")[0] == "08:20 t1 live"
    # Who tells that it has been there already does not know where it is.
    city.trip_updates(update("t1", delay=30)).at("08:16:30")
    assert city.departures("D")[0].told["doubt"] == "held_up"


def test_a_bus_sent_in_the_place_of_one_broken_down_is_followed_past_it() -> None:
    broken, sent = bus("v1", "t1", late_s=0, stuck_at="C"), bus("v2", "t1", late_s=1500)
    city = (
        City(at="07:55")
        .vehicle_positions(broken, OTHER)
        .at("08:26", every_s=120.0)
        .vehicle_positions(broken, sent, OTHER)
    )
    assert statuses(city.at("08:28"), "D")[0] == "t1 live"


def test_a_bus_parked_at_the_depot_still_logged_in_is_no_bus() -> None:
    city = City(at="07:40").vehicle_positions(bus("v1", "t1", place=(1500, 2500), fresh=True))
    city.at("08:20", every_s=120.0)
    assert city.board("C") == ["09:04 t2 scheduled"]
    assert city.at("09:30", every_s=240.0).board("C") == []


def test_a_silent_bus_keeps_its_last_time_and_goes() -> None:
    city = City(at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, silent_from="08:03"), OTHER)
    city.at("08:04")
    time = city.board("D")[0]
    city.at("08:05:30")
    assert city.board("D")[0] == time
    city.at("08:08")
    assert city.board("D") == ["09:06 t2 scheduled"]
    assert city.board("E") == []


def test_a_run_that_is_over_early_has_no_live_call() -> None:
    city = City(at="08:00", every_s=60.0).vehicle_positions(bus("v1", "t1", late_s=-120, silent_from="08:04"))
    for at in ("08:05", "08:07", "08:08"):
        live = [row.stop for row in city.at(at).trip_page("t1") if row.status == "live"]
        assert (city.trip_state("t1") == "over") == (not live), at
    assert not live


def test_a_bus_that_waits_for_its_time_on_the_way_is_not_held_up() -> None:
    hub = (Call("A", "08:00"), Call("B", "08:04", "08:24"), Call("C", "08:26"), Call("D", "08:28"))
    city = (
        City(network("A B C D", trips=(Trip("t1", calls=hub),)), at="07:55")
        .vehicle_positions(bus("v1", "t1", late_s=0))
        .at("08:20")
    )
    assert city.departures("C")[0].status == "live"
    assert city.vehicles()["v1"]["delay_s"] == 0


FAR = network("A B C D E F G H", trips=(Trip("t1", "08:00"), Trip("t2", "09:00")))


def drive_back(city: City, since: float, until: float) -> None:
    """The bus of t1 drives back along its line, from so many hops to so many."""
    hops = since
    while hops > until:
        hops -= 0.25
        city.clock.at += 30
        k = min(int(hops), 6)
        city.vehicle_positions(bus("v1", "t1", between=("ABCDEFGH"[k], "ABCDEFGH"[k + 1], hops - k)), OTHER)


def test_a_bus_that_turns_back_is_live_at_no_stop_that_it_leaves() -> None:
    city = City(FAR, at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, stuck_at="F"), OTHER).at("08:09")
    assert statuses(city, "G")[0] == "t1 live"
    drive_back(city, 4.9, 2.4)
    assert [call.status for call in city.trip("t1")] == ["passed"] * 5 + ["scheduled"] * 3
    assert statuses(city, "C") == ["t2 scheduled"], "it has been there"
    assert [statuses(city, stop) for stop in "GH"] == [["t2 scheduled"], []], "what was told of it has passed"
    assert city.vehicles()["v1"]["state"] == "off_route"


def test_a_bus_that_drives_its_line_the_other_way_from_the_start_takes_no_run_from_the_board() -> None:
    city = City(FAR, at="07:59:30").vehicle_positions(OTHER)
    drive_back(city, 5.2, 2.4)
    assert [statuses(city, stop) for stop in "DEFG"] == [["t1 scheduled", "t2 scheduled"]] * 4


def test_a_bus_that_turned_back_is_live_again_when_it_goes_on() -> None:
    city = City(FAR, at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, stuck_at="F"), OTHER).at("08:09")
    drive_back(city, 4.9, 3.5)
    for hops in (0.6, 0.8, 0.95):
        city.clock.at += 30
        city.vehicle_positions(bus("v1", "t1", between=("D", "E", hops)), OTHER)
    assert statuses(city, "E")[0] == "t1 live" and statuses(city, "G")[0] == "t1 live"


def test_a_position_that_was_too_far_ahead_is_put_right_at_once() -> None:
    city = City(FAR, at="07:55").vehicle_positions(bus("v1", "t1", late_s=0), OTHER).at("08:05")
    city.vehicle_positions(bus("v1", "t1", between=("D", "E", 0.6)), OTHER, at="08:05:30")
    city.vehicle_positions(bus("v1", "t1", late_s=0), OTHER, at="08:06")
    city.at("08:07")
    assert statuses(city, "E")[0] == "t1 live"


@pytest.mark.parametrize("place", [(1500.0, 1500.0), (90_000.0, -40_000.0), (4000.0, 0.0)])
@pytest.mark.parametrize("stuck_at", ["", "A"])
def test_one_wild_position_takes_no_bus_off_its_run(place: tuple[float, float], stuck_at: str) -> None:
    drive, wild = bus("v1", "t1", late_s=0, stuck_at=stuck_at), bus("v1", "t1", place=place, fresh=True)
    city = City(FAR, at="07:58").vehicle_positions(drive, OTHER).at("07:58:30" if stuck_at else "08:04:30")
    row, seen = city.board("F")[0], city.vehicles()["v1"]["state"]
    city.vehicle_positions(wild, OTHER, at=city.now + 30)
    assert city.board("F")[0] == row and city.vehicles()["v1"]["state"] == seen
    city.vehicle_positions(drive, OTHER).at(city.now + 30)
    assert city.board("F")[0] == row
    # Another report confirms that it is elsewhere.
    city.vehicle_positions(wild, OTHER).at(city.now + 60, every_s=30.0)
    assert city.board("F")[0] != row


def test_what_was_told_of_a_bus_away_from_its_line_stays_and_passes() -> None:  # OneBusAway/onebusaway#25
    city = City(FAR, at="07:55").vehicle_positions(bus("v1", "t1", late_s=0), OTHER).at("08:05")
    city.vehicle_positions(bus("v1", "t1", place=(1500, 2000), fresh=True), OTHER).at("08:07")
    assert city.board("E")[0] in ("08:07 t1 scheduled", "08:08 t1 scheduled")
    city.at("08:12")
    assert [statuses(city, stop) for stop in "EF"] == [["t2 scheduled"]] * 2


def test_a_bus_that_another_one_has_replaced_is_not_waited_for() -> None:
    city = City(FAR, at="07:55").vehicle_positions(bus("v1", "t1", late_s=0), OTHER).at("08:04")
    city.vehicle_positions(bus("v1", None, "C", fresh=True), bus("v2", "t1", late_s=120), OTHER).at("08:07")
    assert statuses(city, "C") == ["t2 scheduled"], "the one at C serves nobody any more"
    assert statuses(city, "D")[0] == "t1 live"
    assert city.departures("D")[0].told["vehicle_id"] == "v2"


def test_no_run_is_over_before_it_has_begun() -> None:
    # On a line driven one way only the bus names its next trip while it is at the end of the one before.
    city = City(at="07:50").vehicle_positions(bus("v1", "t1", "E", fresh=True)).at("07:59")
    assert statuses(city, "A")[0] == "t1 live" and city.board("A")[0] > "08:01"
    late = City(at="07:58").vehicle_positions(bus("v1", "t1", "E", fresh=True)).at("07:59:30")
    assert statuses(late, "A")[0] == "t1 live"


def test_a_bus_that_comes_late_from_its_depot_stays_on_the_board_until_it_is_there() -> None:
    # mbta/skate#364, OneBusAway/onebusaway#23
    city = City(at="07:54")
    for minute in range(9):
        at = city.posix("07:55") + 60 * minute
        city.vehicle_positions(bus("v1", "t1", place=(0, 2400 - 300 * minute), fresh=True), at=at)
        assert city.board("A")[0].split()[1] == "t1"
    assert statuses(city, "A")[0] == "t1 live"
    # Who stands elsewhere does not come.
    city = City(at="07:54").vehicle_positions(bus("v1", "t1", place=(0, 1500), fresh=True))
    assert city.at("08:02").board("A") == ["09:00 t2 scheduled"]


def test_a_bus_that_comes_late_from_its_depot_has_only_begun_to_wait() -> None:
    city = (
        City(at="07:50", every_s=60.0).vehicle_positions(bus("v1", "t1", place=(-1500, 2000), fresh=True)).at("08:07")
    )
    assert "t1 live" not in statuses(city, "A")
    city.vehicle_positions(bus("v1", "t1", place=(-600, 900), fresh=True)).at("08:07:30")
    city.vehicle_positions(bus("v1", "t1", "A", fresh=True)).at("08:09")
    assert statuses(city, "A")[0] == "t1 live" and statuses(city, "C")[0] == "t1 live"
    assert city.at("08:14").departures("A")[0].told["doubt"] == "overdue"


def test_a_bus_that_has_signed_off_its_trip_and_drives_on_along_the_line_is_not_waited_for_to_its_end() -> None:
    """Many a feed leaves a trip out for some minutes; hardly any goes on with it after a quarter of an hour."""
    slow = (Pattern("main", "A B C D E F G H", hop_s=400),)
    city = City(network("A B C D E F G H", slow, (Trip("t1", "08:00"),)), at="07:58")
    city.vehicle_positions(bus("v1", "t1", late_s=0), OTHER).at("08:05")
    for minute in range(6, 24):
        place = (450 + 90.0 * (minute - 5), 0.0)
        city.vehicle_positions(bus("v1", place=place), OTHER, at=f"08:{minute:02}")
        assert city.departures("G")[0].status == ("live" if minute <= 20 else "scheduled"), minute
    city.faces_agree("G")


def test_a_bus_left_on_its_line_hours_ago_and_still_logged_in_is_no_bus() -> None:
    city = City(FAR, at="12:00").vehicle_positions(bus("v1", "t1", "D", fresh=True)).at("12:01")
    assert city.board("E") == [] and city.vehicles()["v1"]["doubt"] == "given_up"
    # Who moves on is hours late.
    city.vehicle_positions(bus("v1", "t1", between=("D", "E", 0.3), fresh=True)).at("12:02")
    assert statuses(city, "E") == ["t1 live"]


# OneBusAway/onebusaway-iphone#661, OneBusAway/onebusaway-android#681
@pytest.mark.parametrize(
    ("since", "at", "trip", "begins"), [("20:20", "20:21", "t1", "08:00"), ("05:00", "05:01", "t2", "09:00")]
)
def test_who_is_parked_at_the_first_stop_tells_nothing_of_a_run_hours_ahead(
    since: str, at: str, trip: str, begins: str
) -> None:
    city = City(at=since).vehicle_positions(bus("v1", trip, "A", fresh=True), OTHER).at(at)
    city.faces_agree("A")
    row = next(row for row in city.far_departures("A") if row.clock == begins)
    assert row.status == "scheduled" and row.told["vehicle_id"] is None
    assert all(row.status == "scheduled" for row in city.line_page("r1", direction=0) if row.at)


def test_a_bus_that_was_given_up_is_not_awaited_again_when_it_is_towed_off() -> None:
    city = City(FAR, at="07:55").vehicle_positions(bus("v1", "t1", late_s=0, stuck_at="D"), OTHER).at("08:28")
    assert [statuses(city, stop)[0] for stop in "EG"] == ["t2 scheduled"] * 2
    for minute in range(6):
        city.vehicle_positions(bus("v1", "t1", place=(1800 - 300 * minute, 0)), OTHER, at=f"08:{29 + minute}")
        assert [statuses(city, stop)[0] for stop in "EG"] == ["t2 scheduled"] * 2


# kbrianps/busones#4, hasadna/open-bus-map-search#1659
@pytest.mark.parametrize("driven", [False, True])
def test_who_is_parked_beside_the_line_since_before_its_run_began_is_due_at_no_stop(driven: bool) -> None:
    parked = bus("v1", "t1", place=(2400, 40), fresh=True)
    city = City(FAR, at="07:30").vehicle_positions(
        parked, *([bus("v2", "t1", late_s=60)] if driven else []), OTHER
    ).at("08:05")  # fmt: skip
    for _ in range(5):
        city.at(city.now + 60)
        assert [city.departures(stop)[0].told["vehicle_id"] for stop in "FG"] == ["v2" if driven else None] * 2
        assert statuses(city, "G")[0] == ("t1 live" if driven else "t1 scheduled")


def test_of_two_on_one_run_the_one_that_stays_behind_is_due_nowhere_once_it_is_held_up() -> None:
    # hasadna/open-bus-map-search#1659
    left, goes_on = bus("v1", "t1", late_s=0, stuck_at="E"), bus("v2", "t1", late_s=0)
    city = City(FAR, at="07:55").vehicle_positions(left, goes_on, OTHER).at("08:16")
    assert statuses(city, "G")[0] == "t1 live", "it may go on"
    assert [statuses(city.at("08:20"), stop) for stop in "EG"] == [["t2 scheduled"]] * 2


def test_who_comes_late_along_its_own_line_to_the_first_stop_stays_on_the_board() -> None:
    # hasadna/open-bus-map-search#1005
    city = City(FAR, at="07:54")
    for minute in range(17):
        at = city.posix("07:55") + 60 * minute
        city.vehicle_positions(bus("v1", "t1", place=(4200 - 270 * minute, 0)), OTHER, at=at)
        rows = [city.departures(stop)[0] for stop in "AF"]
        # Whether it is to drive this run is to be seen.
        expected = "live" if minute < 6 or minute == 16 else "scheduled"
        assert [(row.run, row.status) for row in rows] == [("t1", expected)] * 2
        assert all(
            abs((row.at or 0.0) - city.posix(due)) < 300 for row, due in zip(rows, ("08:10", "08:20"), strict=True)
        )
    assert statuses(city, "A")[0] == "t1 live" and statuses(city, "F")[0] == "t1 live"


def test_who_waits_a_little_beyond_the_first_stop_has_left_when_it_moves() -> None:
    # hasadna/open-bus-map-search#1778
    city = City(FAR, at="07:45").vehicle_positions(bus("v1", "t1", place=(350, 0), fresh=True), OTHER)
    for minute in range(15):
        city.at(f"07:{45 + minute}")
        assert [row.split(maxsplit=1)[1] for row in (city.board("A")[0], city.board("B")[0])] == ["t1 live"] * 2
        assert city.board("A")[0][:5] == "08:00" and city.board("B")[0] >= "08:01"
    city.vehicle_positions(bus("v1", "t1", place=(560, 0)), OTHER, at="08:00")
    assert statuses(city, "A")[0] == "t2 scheduled" and statuses(city, "C")[0] == "t1 live"
    # Aside of its line it is not about to leave.
    aside = City(FAR, at="07:45").vehicle_positions(bus("v1", "t1", place=(0, -900), fresh=True), OTHER).at("07:59")
    assert statuses(aside, "A")[0] == "t1 scheduled"


# mbta/concentrate#359, mbta/skate#1369
@pytest.mark.parametrize("called_off", [("i1",), ("o1", "i1")])
def test_who_waits_while_a_run_of_its_block_is_called_off_is_not_late_for_the_next_one(
    called_off: tuple[str, ...],
) -> None:
    ways = Pattern("o", "A B C D"), Pattern("i", "D C B A", direction=1)
    trips = (
        Trip("o1", "08:00", "o", block="k"),
        Trip("i1", "08:10", "i", block="k"),
        Trip("o2", "08:30", "o", block="k"),
    )
    city = City(network("A B C D", ways, trips), at="07:58").trip_updates(*map(cancelled, called_off))
    city.vehicle_positions(
        bus("v1", "o1", late_s=0) if len(called_off) == 1 else bus("v1", "o1", "A", fresh=True), OTHER
    )
    for minute in range(7, 35):
        row = next(row for row in city.at(f"08:{minute:02}").departures("A") if row.run == "o2")
        assert (row.status, row.told["doubt"], row.told["vehicle_id"]) == ("live", "followed", "v1"), minute
        assert row.minutes is not None and (row.at or 0.0) >= city.posix("08:30")
    city.faces_agree("A")
    assert next(row for row in city.at("08:37").departures("A") if row.run == "o2").told["doubt"] == "overdue"
    # Who stands on a run that is called off on the way is not held up on the next one yet.
    city = City(network("A B C D", ways, trips), at="07:58")
    city.vehicle_positions(bus("v1", "o1", late_s=0, stuck_at="C"), OTHER).at("08:05").trip_updates(cancelled("o1"))
    row = next(row for row in city.at("08:16").departures("A") if row.run == "o2")
    assert (row.status, row.told["doubt"]) == ("scheduled", "followed") and row.minutes is not None


def test_a_departure_whose_bus_is_held_up_elsewhere_is_told_as_such_once_it_is_due() -> None:
    # OneBusAway/onebusaway-application-modules#6
    ways = Pattern("o", "A B C D"), Pattern("i", "D C B A", direction=1)
    trips = Trip("o1", "08:00", "o", block="k"), Trip("i1", "08:20", "i", block="k")
    city = City(network("A B C D", ways, trips), at="07:58")
    city.vehicle_positions(bus("v1", "o1", late_s=0, stuck_at="C"), OTHER).at("08:16")
    row = city.departures("D")[0]
    assert (row.run, row.status, row.told["doubt"]) == ("i1", "scheduled", "followed") and row.minutes == 4
    row = city.at("08:22").departures("D")[0]
    assert (row.run, row.status, row.told["doubt"], row.minutes) == ("i1", "scheduled", "held_up", None)
    city.faces_agree("D")


def test_who_waits_a_little_beyond_the_first_stop_and_is_late_has_not_left() -> None:
    city = City(FAR, at="07:50").vehicle_positions(bus("v1", "t1", place=(350, 0), fresh=True), OTHER)
    assert [statuses(city.at(at), "A")[0] for at in ("07:58", "08:04")] == ["t1 live"] * 2
    assert city.at("08:07").departures("A")[0].told["doubt"] == "overdue"
    city.vehicle_positions(bus("v1", "t1", place=(560, 0)), OTHER, at="08:08")
    assert statuses(city, "A")[0] == "t2 scheduled" and statuses(city, "C")[0] == "t1 live"
