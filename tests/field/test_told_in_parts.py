"""A run that the operator tells of in several entities of one message, or one call in several updates."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from benchmarks.field.city import City
from benchmarks.field.messages import StopUpdate, cancelled, skipped, update
from tests.field.test_operators_word import added

TODAY: dict[str, Any] = {"start_date": 20261126}
FIRST_HALF = update("t1", StopUpdate("A", delay=60), StopUpdate("B", delay=60), **TODAY)
SECOND_HALF = update("t1", StopUpdate("C", delay=300), StopUpdate("D", delay=300), **TODAY)
VEHICLE_ALONE = update("t1", vehicle="v1", **TODAY)


def first_rows(city: City, stops: str = "ABCD") -> list[str]:
    return [city.board(stop)[0] for stop in stops]


# OneBusAway/onebusaway-application-modules#128, google/transit#81
@pytest.mark.parametrize("told", list(permutations((FIRST_HALF, SECOND_HALF, VEHICLE_ALONE))))
def test_two_halves_of_a_run_are_one_run(told: tuple[Any, ...]) -> None:
    city = City(at="07:58").trip_updates(*told)
    assert first_rows(city) == ["08:01 t1 live", "08:03 t1 live", "08:09 t1 live", "08:11 t1 live"]
    assert city.our_trip_updates()[0].run == "t1"


def test_of_what_both_tell_the_newer_counts_and_the_rest_stays() -> None:
    older = update("t1", StopUpdate("B", delay=600), skipped("D"), timestamp="07:50", **TODAY)
    newer = update("t1", StopUpdate("B", delay=120), timestamp="07:57", **TODAY)
    for told in ((older, newer), (newer, older)):
        assert first_rows(City(at="07:58").trip_updates(*told), "BD") == ["08:04 t1 live", "08:08 t1 skipped"]


def test_a_delay_and_a_platform_told_apart_are_both_heard() -> None:
    told = (update("t1", delay=240, **TODAY), update("t1", skipped("C"), **TODAY))
    assert first_rows(City(at="07:58").trip_updates(*told)) == [
        "08:04 t1 live", "08:06 t1 live", "08:08 t1 skipped", "08:10 t1 live",
    ]  # fmt: skip


def test_who_names_a_vehicle_alone_does_not_take_back_a_cancellation() -> None:
    for told in permutations((cancelled("t1", **TODAY), VEHICLE_ALONE)):
        assert City(at="07:58").trip_updates(*told).board("C")[0] == "08:04 t1 cancelled"


# HSLdevcom/transitdata#92
@pytest.mark.parametrize(
    ("called_off", "rows"),
    [
        (cancelled("t1", timestamp="07:30", **TODAY), ["08:02 t1 cancelled", "08:04 t1 cancelled"]),
        (update("t1", skipped("C"), timestamp="07:30", **TODAY), ["08:03 t1 live", "08:04 t1 skipped"]),
        (
            added("t1", ("A", "08:00"), ("B", "08:04"), ("E", "08:08"), relationship="REPLACEMENT", timestamp="07:30",
                  **TODAY),
            ["08:04 t1 live", "09:04 t2 scheduled"],
        ),
    ],
)  # fmt: skip
def test_what_is_called_off_stays_so_however_new_the_times_are_that_a_program_reckons_of_it(
    called_off: Any, rows: list[str]
) -> None:
    times = update("t1", *(StopUpdate(stop, delay=60) for stop in "ABCDE"), timestamp="07:57", **TODAY)
    for told in permutations((called_off, times)):
        assert first_rows(City(at="07:58").trip_updates(*told), "BC") == rows


def test_an_added_trip_told_twice_has_the_stops_of_the_newer_list() -> None:
    older = added("x", ("A", "08:20"), ("C", "08:25"), ("E", "08:30"), timestamp="07:50")
    newer = added("x", ("A", "08:20"), ("B", "08:22"), ("E", "08:30"), timestamp="07:57")
    for told in ((older, newer), (newer, older)):
        city = City(at="07:58").trip_updates(*told)
        assert [row.told["stop_id"] for row in city.trip("x")] == ["A", "B", "E"]


def test_arrival_and_departure_told_apart_are_those_of_one_call() -> None:
    told = update("t1", StopUpdate("C", arrival="08:06"), StopUpdate("C", departure="08:08"), **TODAY)
    city = City(at="07:58").trip_updates(told)
    assert city.board("C")[0] == "08:08 t1 live"
    call = next(row.told for row in city.trip("t1") if row.told["stop_id"] == "C")
    assert call["arrival"]["predicted"][11:16] == "08:06"


# CUTR-at-USF/gtfs-realtime-validator#38
def test_of_two_vehicles_told_on_one_run_the_next_to_come_is_told_at_each_stop() -> None:
    """The second bus is sent out nine minutes behind; at 08:05 the first one is past C."""
    first = update("t1", *(StopUpdate(stop, delay=30) for stop in "ABCDE"), vehicle="v1", **TODAY)
    second = update("t1", *(StopUpdate(stop, delay=540) for stop in "ABCDE"), vehicle="v2", **TODAY)
    for told in permutations((first, second)):
        city = City(at="08:06").trip_updates(*told)
        assert first_rows(city, "BCD") == ["08:11 t1 live", "08:13 t1 live", "08:06 t1 live"]
        assert sum("t1" in row for row in city.board("C")) == 1


def test_the_second_of_two_vehicles_is_told_though_it_comes_when_the_first_is_further_on() -> None:
    first = update("t1", *(StopUpdate(stop, delay=240) for stop in "CDE"), vehicle="v1", **TODAY)
    second = update("t1", *(StopUpdate(stop, delay=480) for stop in "BCDE"), vehicle="v2", **TODAY)
    for told in permutations((first, second)):
        assert first_rows(City(at="08:06").trip_updates(*told), "BCD") == [
            "08:10 t1 live", "08:08 t1 live", "08:10 t1 live",
        ]  # fmt: skip
