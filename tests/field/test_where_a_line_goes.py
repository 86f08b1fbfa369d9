"""Where a line goes to is said once, whatever words the feed has for it."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import text
from benchmarks.field.network import Pattern, Service, Trip, network


@pytest.mark.parametrize(
    ("headsign", "said"),
    [
        # Washington's "NORTH to WOODLEY PARK"
        ("NORTH to WOODLEY PARK", "NORTH to WOODLEY PARK"),
        ("To Centre", "To Centre"),
        ("Vers Centre", "Vers Centre"),
        ("Toulon", "to Toulon"),
        ("Hôtel to", "to Hôtel to"),
        # google/transit#228: the names of directions
        ("Northbound", "Northbound"),
        ("Loop - anticlockwise", "Loop - anticlockwise"),
        ("Direction Centre", "Direction Centre"),
        ("Boundary Road", "to Boundary Road"),
    ],
)
def test_to_is_not_said_twice(headsign: str, said: str) -> None:
    city = City(network("A B C", (Pattern("main", "A B C", headsign=headsign),), (Trip("t1", "08:00"),)))
    assert text(city.page("/stops/A", lang="en").css_first(".towards")) == said
    assert said in text(city.page("/lines/r1", lang="en").css_first(".sign"))
    assert said in text(city.page("/trips/t1", lang="en").css_first("h1"))


def test_a_direction_in_which_a_line_runs_again_tomorrow_is_on_its_page_today() -> None:
    later, gone = Service("later", removed=(20261126,)), Service("gone", end=20261120)
    city = City(
        network(
            patterns=(
                Pattern("main", "A B C"), Pattern("back", "C B A", direction=1), Pattern("old", "C A", direction=1),
            ),
            trips=(
                Trip("t1", "08:10"), Trip("t2", "08:20", "back", service="later"),
                Trip("t3", "08:25", "old", service="gone"),
            ),
            services=(Service(), later, gone),
        ),
        at="08:00",
    )  # fmt: skip
    assert [(row.stop, row.clock, row.status) for row in city.line_page("r1", direction=1)] == [
        ("C", "08:20", "scheduled"), ("B", "08:22", "scheduled"), ("A", "", ""),
    ]  # fmt: skip
    assert [row.stop for row in city.line_page("r1", direction=0)] == ["A", "B", "C"]


def test_two_directions_with_one_sign_are_told_apart_by_a_stop_that_one_of_them_alone_has() -> None:
    ways = (Pattern("main", "E D C A", headsign="Depot"), Pattern("other", "F B C A", direction=1, headsign="Depot"))
    city = City(network("A B C D E F", ways, (Trip("t1", "08:00"), Trip("t2", "08:10", "other"))))
    told = [text(way) for way in city.page("/lines/r1", lang="en").css(".directions a")]
    assert told == ["to Depot via Stop D", "to Depot via Stop B"]


def test_past_midnight_the_last_runs_of_a_direction_that_is_not_served_again_are_on_its_page() -> None:
    ways = Pattern("main", "A B C"), Pattern("back", "C B A", direction=1)
    trips = Trip("t1", "24:10"), Trip("b1", "24:10", "back", service="last")
    town = network("A B C", ways, trips, services=(Service(), Service("last", "", added=(20261126,))))
    city = City(town, at="24:05")
    assert [row.stop for row in city.line_page("r1", direction=1)] == ["C", "B", "A"]
    assert city.board("B") == ["00:12 b1 scheduled", "00:12 t1 scheduled"]
    assert [row.stop for row in city.at("24:20").line_page("r1", direction=1)] == ["A", "B", "C"]
