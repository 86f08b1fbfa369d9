"""Which call an update means where feeds number calls otherwise than the timetable; and times that say little."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import texts
from benchmarks.field.messages import StopUpdate, TripUpdate, cancelled, skipped, update
from benchmarks.field.network import Call, Network, Pattern, Stop, Trip, network, row_of_stops
from tests.field.test_operators_word import added

TODAY: dict[str, Any] = {"start_date": 20261126}


def told(*updates: TripUpdate, at: str = "07:58") -> list[str]:
    """The first row of each stop but the last."""
    city = City(at=at).trip_updates(*updates)
    return [city.board(stop)[0] for stop in "ABCD"]


# Numbers


@pytest.mark.parametrize("named", ["stop", None])
@pytest.mark.parametrize("numbers", [(0, 1, 2, 3, 4), (1, 2, 3, 4, 5)])
def test_calls_may_be_counted_from_0(numbers: tuple[int, ...], named: str | None) -> None:
    # opentripplanner/OpenTripPlanner#5078, OneBusAway/onebusaway-application-modules#50
    calls = [
        StopUpdate(named and stop, sequence=number, delay=60 * place)
        for place, (stop, number) in enumerate(zip("ABCDE", numbers, strict=True))
    ]
    assert told(update("t1", *calls, **TODAY)) == [
        "08:00 t1 live", "08:03 t1 live", "08:06 t1 live", "08:09 t1 live",
    ]  # fmt: skip


@pytest.mark.parametrize("first", [0, 1])
def test_calls_are_counted_as_before_when_the_first_one_is_told_no_more(first: int) -> None:
    # opentripplanner/OpenTripPlanner#5078
    calls = [StopUpdate(None, sequence=first + k, delay=60 * k) for k in range(5)]
    city = City(at="07:58").trip_updates(update("t1", *calls, **TODAY)).at("08:00:30")
    city.trip_updates(update("t1", *calls[1:], **TODAY))
    assert [city.board(stop)[0] for stop in "BCD"] == ["08:03 t1 live", "08:06 t1 live", "08:09 t1 live"]


@pytest.mark.parametrize("first", [0, 1])
def test_calls_may_be_counted_where_the_timetable_numbers_them_in_tens(first: int) -> None:
    # OneBusAway/onebusaway-application-modules#50
    calls = tuple(Call(stop, f"08:0{2 * k}", sequence=10 * (k + 1)) for k, stop in enumerate("ABCDE"))
    city = City(network(trips=(Trip("t1", calls=calls),)))
    city.trip_updates(update("t1", *(StopUpdate(None, sequence=k + first, delay=60 * k) for k in range(5)), **TODAY))
    assert [city.board(stop)[0] for stop in "ABC"] == ["08:00 t1 live", "08:03 t1 live", "08:06 t1 live"]


def test_numbers_that_are_all_0_say_nothing() -> None:  # vingerha/gtfs2#90
    first = StopUpdate("A", sequence=0, arrival=0.0, arrival_delay=0, departure_delay=300)
    calls = (StopUpdate(stop, sequence=0, delay=300) for stop in "BCDE")
    assert told(update("t1", first, *calls, **TODAY)) == [f"08:{m} t1 live" for m in ("05", "07", "09", "11")]


def test_a_number_and_a_stop_that_contradict_each_other_mean_the_stop() -> None:
    # CUTR-at-USF/gtfs-realtime-validator#297
    for number in (2, 99):
        assert told(update("t1", StopUpdate("C", sequence=number, delay=120), **TODAY))[1:3] == [
            "08:02 t1 scheduled", "08:06 t1 live",
        ]  # fmt: skip


def test_a_stop_that_is_unknown_takes_nothing_from_the_others() -> None:  # opentripplanner/OpenTripPlanner#4702
    calls = (StopUpdate("A", delay=60), StopUpdate("nowhere", delay=900), StopUpdate("C", delay=120))
    assert told(update("t1", *calls, **TODAY))[:3] == ["08:01 t1 live", "08:03 t1 live", "08:06 t1 live"]


def test_an_entrance_means_its_station() -> None:
    stops = (Stop("A", 0.0), Stop("S", 600.0, location_type=1), Stop("S1", 600.0, 10.0, parent="S"),
             Stop("door", 600.0, 40.0, parent="S", location_type=2), Stop("E", 1200.0))  # fmt: skip
    city = City(network(stops, "A S1 E")).trip_updates(update("t1", StopUpdate("door", delay=60), **TODAY))
    assert city.board("S1")[0] == "08:03 t1 live"


def test_calls_out_of_order_are_put_in_order() -> None:  # TheTransitClock/transitime#63
    calls = (StopUpdate("D", delay=240), StopUpdate("B", delay=60))
    assert told(update("t1", *calls, **TODAY)) == [
        "08:00 t1 scheduled", "08:03 t1 live", "08:05 t1 live", "08:10 t1 live",
    ]  # fmt: skip


# Times


@pytest.mark.parametrize("relationship", ["ADDED", "NEW", "REPLACEMENT"])
def test_stops_of_a_run_of_its_own_that_come_in_no_order_are_called_at_by_their_times(relationship: str) -> None:
    times = {"A": "08:30", "B": "08:33", "C": "08:36", "D": "08:40"}
    run = "t2" if relationship == "REPLACEMENT" else "x"
    for order in ("DCBA", "CABD"):
        city = City(at="08:20").trip_updates(
            added(run, *((stop, times[stop]) for stop in order), relationship=relationship, **TODAY)
        )
        assert [row.stop for row in city.trip(run)] == ["A", "B", "C", "D"]
        assert city.board("B")[0] == f"08:33 {run} live"
    # One time alone may be wrong.
    wrong = {**times, "B": "07:33"}
    city = City(at="08:20").trip_updates(added("x", *wrong.items(), **TODAY))
    assert [row.stop for row in city.trip("x")] == ["A", "B", "C", "D"]


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        (StopUpdate("B", departure="08:05"), ["08:05 t1 live", "08:07 t1 live"]),
        (StopUpdate("B", arrival_delay=180), ["08:05 t1 live", "08:07 t1 live"]),
        (StopUpdate("B", arrival=0.0, departure=0.0), ["08:02 t1 scheduled", "08:04 t1 scheduled"]),
        (StopUpdate("B", arrival=0.0, departure=0.0, delay=180), ["08:05 t1 live", "08:07 t1 live"]),
        (StopUpdate("B", arrival="08:07", departure="08:07", delay=0), ["08:07 t1 live", "08:09 t1 live"]),
        (StopUpdate("B", delay=-60), ["08:01 t1 live", "08:03 t1 live"]),
    ],
)
def test_a_call_of_which_little_is_told_is_told_with_that(call: StopUpdate, rows: list[str]) -> None:
    # mark1foley/ha-gtfs-rt-v2#11, zacs/ha-gtfs-rt#36
    assert told(update("t1", call, **TODAY))[1:3] == rows


# opentripplanner/OpenTripPlanner#2780, #3909
@pytest.mark.parametrize(
    "call", [StopUpdate("B", arrival_delay=120, departure_delay=0), StopUpdate("B", arrival="08:04", departure="08:02")]
)
def test_who_is_told_to_leave_before_it_comes_is_as_late_further_on(call: StopUpdate) -> None:
    assert told(update("t1", call, **TODAY))[1:] == ["08:04 t1 live", "08:06 t1 live", "08:08 t1 live"]


def test_a_time_that_was_left_behind_the_day_before_costs_the_others_nothing() -> None:
    # OneBusAway/onebusaway-android#1716
    city = City(at="07:58")
    calls = (StopUpdate("A", departure=city.posix("08:00") - 86_400), StopUpdate("C", "08:06", "08:06"))
    city.trip_updates(update("t1", *calls, **TODAY))
    assert [city.board(stop)[0] for stop in "ACD"] == ["08:00 t1 scheduled", "08:06 t1 live", "08:08 t1 live"]


def test_a_bus_that_leaves_its_first_stop_early_is_told_so() -> None:  # opentripplanner/OpenTripPlanner#5347
    calls = (StopUpdate("A", departure="07:59"), StopUpdate("E", arrival="08:07"))
    assert told(update("t1", *calls, **TODAY)) == [
        "07:59 t1 live", "08:01 t1 live", "08:03 t1 live", "08:05 t1 live",
    ]  # fmt: skip


def test_a_skipped_stop_costs_an_early_bus_nothing() -> None:  # opentripplanner/OpenTripPlanner#5286
    calls = (StopUpdate("A", delay=-60), skipped("B"), StopUpdate("C", delay=-120))
    assert told(update("t1", *calls, **TODAY)) == [
        "07:59 t1 live", "08:02 t1 skipped", "08:02 t1 live", "08:04 t1 live",
    ]  # fmt: skip


@pytest.mark.parametrize("numbered", [False, True])
def test_stops_of_the_blocks_next_run_that_are_told_under_the_first_are_none_of_its_own(numbered: bool) -> None:
    """Some tell of a vehicle's whole block under the trip that it is on."""
    both = (Pattern("main", "A B C D E"), Pattern("back", "E D C B X", direction=1, headsign="West"))
    trips = (Trip("t1", "08:00", block="b"), Trip("r1", "08:12", "back", block="b"))
    city = City(network((*row_of_stops("A B C D E"), Stop("X", 900.0, 900.0)), both, trips), at="07:58")
    minutes = zip("ABCDEDCBX", (1, 3, 5, 7, 9, 15, 17, 19, 21), strict=True)
    stops = [StopUpdate(stop, f"08:{at:02d}", f"08:{at:02d}", sequence=k if numbered else None)
             for k, (stop, at) in enumerate(minutes, 1)]  # fmt: skip
    city.trip_updates(update("t1", *stops, **TODAY))
    assert [str(row) for row in city.trip("t1")] == [f"08:0{k} t1 live" for k in (1, 3, 5, 7, 9)]
    assert city.board("D") == ["08:07 t1 live", "08:14 r1 scheduled"]


def test_a_skipped_stop_with_times_is_skipped() -> None:
    call = StopUpdate("C", arrival="08:20", departure="08:20", relationship="SKIPPED")
    assert told(update("t1", StopUpdate("B", delay=120), call, **TODAY))[1:] == [
        "08:04 t1 live", "08:06 t1 skipped", "08:08 t1 live",
    ]  # fmt: skip


def test_an_update_that_tells_nothing_changes_nothing() -> None:  # opentripplanner/OpenTripPlanner#2560
    assert told(update("t1", vehicle="v1", **TODAY)) == [f"08:0{2 * k} t1 scheduled" for k in range(4)]


# Runs


@pytest.mark.parametrize(
    ("relationship", "row"), [("CANCELED", "08:25 x cancelled"), ("DELETED", "09:04 t2 scheduled")]
)
def test_an_added_trip_that_the_same_message_cancels_does_not_run(relationship: str, row: str) -> None:
    extra = added("x", ("A", "08:20"), ("C", "08:25"), ("E", "08:30"))
    gone = update("x", relationship=relationship, **TODAY)
    for message in ((extra, gone), (gone, extra)):
        assert City(at="07:58").trip_updates(*message).board("C")[1] == row


def test_a_whole_line_is_not_cancelled_by_a_run_without_a_name() -> None:
    city = City(at="07:58").trip_updates(cancelled(None, route_id="r1", **TODAY))
    assert city.board("C")[0] == "08:04 t1 scheduled"


@pytest.mark.parametrize(("start", "date"), [("00:10:00", 20261127), ("24:10:00", 20261126)])
def test_a_run_after_midnight_is_found_by_its_line_and_either_start(start: str, date: int) -> None:
    night = Network(trips=(Trip("t1", "24:10"),))
    named: dict[str, Any] = {"route_id": "r1", "start_time": start, "start_date": date}
    city = City(night, at="23:58").trip_updates(update("old", StopUpdate("B", delay=120), **named))
    assert city.board("B")[0] == "00:14 t1 live"
    assert City(night, at="23:58").trip_updates(cancelled(None, **named)).board("B")[0] == "00:12 t1 cancelled"
    for at in ("23:58", "24:05"):
        undated = cancelled(None, route_id="r1", start_time=start)
        assert City(night, at=at).trip_updates(undated).board("B")[0] == "00:12 t1 cancelled"


@pytest.mark.parametrize("date", [20261025, 20270328])
def test_in_the_nights_of_23_and_25_hours_a_delay_is_a_delay(date: int) -> None:
    early = Network(trips=(Trip("t1", "03:30"),))
    city = City(early, at="03:20", date=date).trip_updates(update("t1", StopUpdate("B", delay=120), start_date=date))
    assert city.board("C")[0] == "03:36 t1 live"


def test_a_ring_that_is_told_from_its_end_without_numbers_is_told_stop_by_stop() -> None:
    corners = (Stop("A", 0.0), Stop("B", 600.0), Stop("C", 600.0, 600.0), Stop("D", 0.0, 600.0))
    ring = network(corners, "A B C D A", trips=[Trip("t1", "08:00")])
    times = ("08:01", "08:04", "08:07", "08:10", "08:13")
    timed = [StopUpdate(stop, at, at) for stop, at in zip("ABCDA", times, strict=True)]
    late = [StopUpdate(stop, delay=60 * k) for k, stop in enumerate("ABCDA", 1)]
    for calls in (timed, timed[::-1], late, late[::-1]):
        city = City(ring, at="07:58").trip_updates(update("t1", *calls, **TODAY))
        assert texts(city.trip("t1")) == [f"{at} t1 live" for at in times]
        assert [city.board(stop) for stop in "AD"] == [["08:01 t1 live"], ["08:10 t1 live"]]
    # What is left of it.
    city.trip_updates(update("t1", *timed[:2:-1], **TODAY))
    assert texts(city.trip("t1"))[3:] == ["08:10 t1 live", "08:13 t1 live"]
