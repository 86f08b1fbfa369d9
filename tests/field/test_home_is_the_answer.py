"""The home page says what comes, before anything is searched for."""

from __future__ import annotations

import re

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import only, text
from benchmarks.field.network import Pattern, Route, Trip, network

LINES = tuple("123456")
TOWN = network(
    "A B C",
    (Pattern("main", "A B C"), *(Pattern(f"p{n}", "B A", route=f"x{n}", headsign=f"Away {n}") for n in LINES)),
    (Trip("t1", "08:00"), *(Trip(f"b{n}", f"08:{10 + 5 * int(n)}", f"p{n}") for n in LINES)),
    routes=(Route("r1", "C53", "First"), *(Route(f"x{n}", n, "") for n in LINES)),
)


@pytest.fixture(scope="module")
def city() -> City:
    return City(TOWN)


def towards(page: object) -> list[str]:
    return [re.sub(r"^to ", "", text(node)) for node in page.css(".row .towards")]  # type: ignore[attr-defined]


def test_who_has_chosen_nothing_sees_what_leaves_the_busiest_stops(city: City) -> None:
    page = city.page("/", lang="en")
    assert text(page.css_first("#board h2")) == "Busy stops"
    assert page.css(".row .departure .wait")


def test_favourites_are_asked_for_in_their_order_and_what_is_gone_is_left_out(city: City) -> None:
    page = city.page("/", stop=["C", "gone", "B"], line=["r1", "gone"], fragment="board", lang="en")
    assert [text(node) for node in page.css(".stop-title")] == ["Stop C", "Stop B"]
    assert [text(node) for node in page.css(".lines .badge")] == ["C53"]


def test_favourite_lines_come_with_their_minutes_where_they_leave_nearest() -> None:
    stops = "A B C D E F G"
    ways = Pattern("main", stops), Pattern("far", "F A", "r2", 0, "Far"), Pattern("back", "A F", "r2", 1, "Back")
    trips = Trip("t1", "08:00"), Trip("f1", "08:05", "far"), Trip("k1", "08:05", "back")
    town = City(network(stops, ways, trips, routes=(Route("r1", "C53"), Route("r2", "7"))), at="07:58")
    tt = town.service.timetable
    page = town.page("/", near=f"{tt.stop_lat[3]:.5f},{tt.stop_lon[3]:.5f}", line=["r2", "r1"], fragment="board")
    shown = only(page, ".lines + .stop-rows")
    assert [text(node) for node in shown.css(".row .towards")] == ["to Far"]
    assert [text(node)[:6] for node in shown.css(".stop-title")] == ["Stop F"]
    assert not town.page("/", line=["r2"], fragment="board").css(".lines + .stop-rows"), "without a place nobody knows"


def test_who_has_to_leave_now_is_told(city: City) -> None:
    stop = int(city.service.timetable.stop_index["B"])
    lat, lon = city.service.timetable.stop_lat[stop], city.service.timetable.stop_lon[stop]
    far = city.page("/", near=f"{lat + 0.003:.5f},{lon:.5f}", lang="en")
    assert "walk" in text(far.css_first(".walk"))
    assert [word for word in map(text, far.css(".leave")) if re.fullmatch(r"leave (now|in \d+ min)", word)]
    assert not city.page("/", lang="en").css(".leave"), "without a place nobody knows"


def test_the_walk_and_when_to_leave_add_up_to_the_minutes_told_and_the_departure_is_named() -> None:
    town = City(network("A B C", trips=(Trip("t1", "08:00"), Trip("t2", "08:20"))), at="07:58")
    tt = town.service.timetable
    far = town.page("/", near=f"{tt.stop_lat[1] + 0.004:.5f},{tt.stop_lon[1]:.5f}", lang="en")
    (told,) = (group for group in far.css(".group") if text(group.css_first(".stop-title"))[:6] == "Stop B")
    walk = re.search(r"(\d+) min walk", text(told))
    leave = re.fullmatch(r"leave in (\d+) min for the (\d\d:\d\d)", text(only(told, ".leave")))
    assert walk and leave
    (meant,) = (call for call in told.css(".departure") if leave[2] in text(call))
    assert int(walk[1]) + int(leave[1]) == int(text(meant.css_first(".wait b")))


def test_a_busy_stop_is_told_soonest_first_or_by_line_as_the_rider_chooses(city: City) -> None:
    assert towards(city.page("/stops/B", lang="en"))[1:] == [f"Away {n}" for n in LINES]
    assert len(towards(city.page("/stops/B", order="line", lang="en"))) == 7
    (only,) = towards(city.page("/stops/B", line="x3", lang="en"))
    assert only == "Away 3"
    assert len(towards(city.page("/stops/B", line="gone", order="neon", lang="en"))) == 7


@pytest.mark.parametrize("near", ["1", "x,y", "nan,0", "91,0", "1,2,3"])
def test_a_place_that_is_none_is_told(city: City, near: str) -> None:
    assert "cannot be read" in text(city.page("/", near=near, lang="en"))
