"""A rider tells lines apart: by a colour where the feed gives none, by a lane of its own where they share a street."""

from __future__ import annotations

import numpy as np
import pytest

from api.reading.badges import CONTRAST, badges, contrast
from api.reading.lines import lines_of
from api.reading.street_lanes import StreetLanes, side_by_side
from benchmarks.field.city import City
from benchmarks.field.faces import only, page_of, text
from benchmarks.field.messages import alert
from benchmarks.field.network import Agency, Pattern, Route, Service, Trip, network

IDS = [str(number) for number in range(1, 71)]


@pytest.mark.parametrize("color", ["", "FFFFFF", "000000", "none"])
def test_lines_without_a_colour_get_colours_of_ours_spread_evenly(color: str) -> None:
    made = badges(IDS, [color] * 70, [""] * 70)
    often = np.unique([badge.background for badge in made], return_counts=True)[1]
    assert len(often) > 20
    assert often.max() - often.min() <= 1
    assert all(contrast(badge.background, badge.text) >= CONTRAST for badge in made)
    assert "FFFFFF" not in {badge.background for badge in made}


def test_a_line_keeps_its_colour_from_one_timetable_to_the_next() -> None:
    before, after = badges(IDS[:12], [""] * 12, [""] * 12), badges([*IDS[:12], "99"], [""] * 13, [""] * 13)
    backwards = badges(IDS[11::-1], [""] * 12, [""] * 12)[::-1]
    assert before == backwards, "the order of rows is not a line's"
    assert sum(one == other for one, other in zip(before, after, strict=False)) >= 10


def test_what_the_feed_says_of_colours_stands() -> None:
    told = badges(["A", "B", "C"], ["d4002a", "d4002a", ""], ["FFFFFF", "D4002B", ""])
    assert [badge.background for badge in told[:2]] == ["D4002A", "D4002A"]
    assert told[1].text == "FFFFFF", "text that cannot be read is not kept"
    assert told[2].background != "D4002A"
    assert badges(["A"], ["FFFFFF"], [""])[0].background == "FFFFFF", "of one line white is a colour like any other"


def street(*places: tuple[float, float], metre: float = 1e-5) -> np.ndarray:
    """Metres east and north of a place on the equator, about."""
    return np.array(places) * metre * 0.9


def lanes(*ways: tuple[int, np.ndarray]) -> StreetLanes:
    routes = np.array([route for route, _ in ways], np.int64)
    return side_by_side([way for _, way in ways], routes, np.arange(routes.max() + 1))


def sides(drawn: StreetLanes, route: int, north: float) -> set[float]:
    """On which side of the middle a route lies, seen going east, where its places are about so far north."""
    return {
        lane * np.sign(places[-1, 0] - places[0, 0])
        for which, lane, places in zip(drawn.route.tolist(), drawn.lane.tolist(), drawn.places, strict=True)
        if which == route and abs(places[:, 1].mean() - north) < 1e-4 and abs(np.ptp(places[:, 0])) > 1e-4
    }


EAST = street((0, 0), (500, 0), (1000, 0))
WEST = EAST[::-1] + np.array([0.0, 6e-5])


@pytest.mark.parametrize("other", [EAST, EAST[::-1], WEST, EAST[::2]])
def test_two_lines_on_one_street_lie_side_by_side_whichever_way_they_are_drawn(other: np.ndarray) -> None:
    drawn = lanes((0, EAST), (1, other))
    assert sides(drawn, 0, 0.0) == {-0.5}
    assert sides(drawn, 1, 0.0) == {0.5}


def test_a_line_that_comes_back_on_the_same_street_is_drawn_once() -> None:
    there_and_back = street((0, 0), (1000, 0), (0, 0))
    for ways in ([EAST, WEST], [there_and_back], [EAST, EAST + np.array([0.0, 3e-5])]):
        drawn = lanes(*((0, way) for way in ways))
        assert set(drawn.lane.tolist()) == {0.0}
        assert sum(np.ptp(places[:, 0]) for places in drawn.places) == pytest.approx(np.ptp(EAST[:, 0]), rel=0.05)


def test_lines_that_only_cross_stay_in_the_middle_of_their_streets() -> None:
    drawn = lanes((0, EAST), (1, street((500, -500), (500, 500))))
    assert set(drawn.lane.tolist()) == {0.0}


def test_lines_lie_side_by_side_as_far_as_they_share_a_street() -> None:
    drawn = lanes((0, EAST), (1, street((0, 0), (500, 0), (500, 800))), (2, street((0, 400), (1000, 400))))
    assert sides(drawn, 0, 0.0) == {-0.5, 0.0}
    assert sides(drawn, 2, 400 * 0.9e-5) == {0.0}


def test_many_lines_on_one_street_are_no_wider_than_six() -> None:
    drawn = lanes(*((route, EAST) for route in range(15)))
    assert np.ptp(drawn.lane) == pytest.approx(5.0, abs=0.05)
    assert len(np.unique(drawn.lane)) == 15


def test_ways_of_one_place_or_none_are_not_drawn() -> None:
    assert not lanes((0, street((0, 0)))).places
    assert len(lanes((0, street((0, 0), (0, 0))), (1, EAST)).places) == 1


def tram_and_bus(*more: str) -> City:
    """A tram and a bus of one name in one town, and as many other lines that call at A."""
    routes = [Route("t", "1", "Centre", type=0), Route("b", "1", "Port"), *(Route(name, name) for name in more)]
    ways = Pattern("t", "A B C", "t"), Pattern("b", "A B D", "b"), *(Pattern(name, "A D", name) for name in more)
    trips = [Trip(f"{way.name}{hour}", f"{hour:02}:00", way.name) for way in ways for hour in (8, 9)]
    return City(network("A B C D", ways, trips, routes=tuple(routes)), at="07:55")


def test_a_tram_and_a_bus_of_one_name_are_told_apart_in_words_wherever_lines_stand() -> None:  # WCAG 2.2, 1.4.1
    city = tram_and_bus(*"23456789")
    city.alerts(alert("Works", {"route_id": "t"}, {"route_id": "b"}), alert("Elsewhere", {"route_id": "b"}))
    city.faces_agree("A")
    stop = city.page("/stops/A")
    assert [text(chip) for chip in stop.css(".chips a")][:3] == [
        "Line 1 Tram (disrupted)",
        "Line 1 Bus (disrupted)",
        "Line 2",
    ]
    heads = [text(head) for head in stop.css(".alert-head")]
    assert heads == ["1 Tram 1 Bus Works", "1 Bus Elsewhere"]
    assert [text(head) for head in city.page("/alerts").css(".alert-head")] == heads
    assert [text(line) for line in city.page("/alerts").css(".chips a")][:2] == ["Line 1 Tram", "Line 1 Bus"]
    assert [text(head) for head in city.page("/screen/A").css(".message strong")] == heads
    assert city.json("/v1/stops/A/board")["messages"] == ["1 (Tram) 1 (Bus): Works", "1 (Bus): Elsewhere"]
    found = city.page("/", q="1")
    assert [text(line) for line in found.css(".lines a")] == [
        "Line 1 (disrupted)Tram · Centre",
        "Line 1 (disrupted)Bus · Port",
    ]
    listed = [text(name) for name in city.page("/", q="Stop").css(".badges .badge")]
    assert listed[:2] == ["1 Tram", "1 Bus"]
    assert [text(row)[:10] for row in city.page("/stops/A/sign").css(".ways li")][:2] == ["Line 1 Tra", "Line 1 Bus"]
    assert "Line 1 Tram" in text(city.page("/stops/A/timetable").css_first("h2"))
    for route, mode in (("t", "Tram"), ("b", "Bus")):
        assert text(city.page(f"/lines/{route}").css_first("title")).startswith(f"Line 1 ({mode})")
        assert mode in text(city.page(f"/lines/{route}").css_first(".sign"))
        assert text(city.page(f"/trips/{route}8").css_first("h1")).startswith(f"Line 1 {mode}")
    on_the_map = {
        line.attributes["data-line"]: line.attributes.get("data-apart") for line in city.page("/map").css("[data-line]")
    }
    assert (on_the_map["t"], on_the_map["b"], on_the_map["2"]) == ("Tram", "Bus", None)
    chips = page_of(city.officer.get("/desk/disruptions/new").text).css(".chip.line")
    assert [text(chip) for chip in chips][:2] == ["1 Tram", "1 Bus"]
    for page in ("/desk/why", "/desk/accuracy"):
        options = page_of(city.officer.get(page).text).css("select[name=line] option")
        assert [text(option) for option in options][1:3] == ["1 – Tram · Centre", "1 – Bus · Port"], page


def test_lines_that_never_meet_need_no_word() -> None:
    ways, trips = (
        (Pattern("t", "A B", "t"), Pattern("b", "C D", "b")),
        (Trip("t1", "08:00", "t"), Trip("b1", "08:00", "b")),
    )
    town = network(
        "A B C D", ways, trips,
        routes=(Route("t", "1", type=0), Route("b", "1", agency="H")), agencies=(Agency(), Agency("H", "Hill Buses")),
    )  # fmt: skip
    assert [line.apart for line in lines_of(town.timetable).all] == [("", ""), ("", "")]


def test_of_three_lines_of_one_name_each_is_told_by_the_least_that_tells_it() -> None:
    ways = Pattern("a", "A B", "a"), Pattern("b", "A C", "b"), Pattern("c", "A D", "c")
    trips = Trip("t1", "08:00", "a"), Trip("t2", "08:05", "b"), Trip("t3", "08:06", "c")
    routes = Route("a", "1"), Route("b", "1", agency="H"), Route("c", "1", type=2, agency="H")
    city = City(
        network("A B C D", ways, trips, routes=routes, agencies=(Agency(), Agency("H", "Hill Buses"))), at="07:55"
    )
    city.alerts(*(alert(route, {"route_id": route}) for route in "abc"))
    assert [row.told["notes"] for row in city.panel("A")[:3]] == [["Town Buses"], ["Bus · Hill Buses"], ["Train"]]
    narrow = [line.split(" 08:")[0].strip() for line in city.panel_text("A", width=24, lines=4)[:3]]
    assert narrow == ["1 East, Town Buses", "1 East, Hill Buses", "1 East, Train"]
    titles = "1 (Town Buses) · a", "1 (Bus · Hill Buses) · b", "1 (Train) · c"
    assert all(f"<title>{title}</title>" in city.get("/alerts.rss").text for title in titles)


# mfdz/GTFS-Issues, bustimes/bustimes.org: feeds have another route for each period of a line's timetable.
def test_a_line_that_is_another_route_for_each_period_is_listed_once_and_its_old_page_leads_on() -> None:
    town = network(
        patterns=(Pattern("main", "A B C D E"), Pattern("new", "A B C D E", route="r2"),
                  Pattern("x", "C D", route="r3")),
        routes=(Route("r1", "1", "First"), Route("r2", "1", "First"), Route("r3", "3", "Seldom")),
        trips=(Trip("t1", "08:00", service="old"), Trip("n1", "08:00", "new", service="new"),
               Trip("x1", "08:00", "x", service="fair")),
        services=(Service("old", end=20261129), Service("new", start=20261130),
                  Service("fair", start=20261220, end=20261220)),
    )  # fmt: skip

    def listed(city: City) -> list[str]:
        nodes = city.page("/").css('a[href^="/lines/"]')
        return [address for node in nodes if "?" not in (address := str(node.attributes["href"]))]

    before, after = City(town), City(town, date=20261201)
    assert [listed(city) for city in (before, after)] == [["/lines/r1", "/lines/r3"], ["/lines/r2", "/lines/r3"]]
    # Both pages are there; the one that is over leads to the other.
    assert [row.at is not None for row in before.line_page("r2")][:1] == [True]
    assert [row.clock for row in after.line_page("r1")][:2] == ["08:00", "08:02"]
    # So does the timetable of a day on which the other runs, either way, also at a stop.
    for route, stands in (("r1", "r2"), ("r2", "r1")):
        found = after.get(f"/lines/{route}/timetable", date="2026-12-01" if stands == "r2" else "2026-11-28")
        assert str(found.url).split("/lines/")[1].startswith(f"{stands}/timetable?date="), found.url
        assert "08:00" in found.text
    assert "02" in text(only(after.page("/stops/B/timetable", line="r1", date="2026-12-01"), "main"))
    # Of a line that does not run this week its page says when it does.
    assert "Next departure on 20 December" in text(after.page("/lines/r3"))
    over = City(town, date=20261222)
    assert "No departure scheduled in the coming days" in text(over.page("/lines/r3"))


def test_of_two_routes_of_one_name_between_the_same_ends_each_says_which_way_it_takes() -> None:
    town = network(
        "A B C D", (Pattern("p", "A B D"), Pattern("q", "A C D", route="r2")),
        (Trip("t1", "08:00", "p"), Trip("t2", "08:30", "q")),
        routes=(Route("r1", "1", "Loop"), Route("r2", "1", "Loop")),
    )  # fmt: skip
    names = [text(node) for node in City(town).page("/", q="1").css('.lines a[href^="/lines/"]')]
    assert names == ["Line 1Loop · Stop A – Stop B – Stop D", "Line 1Loop · Stop A – Stop C – Stop D"]


def test_a_line_that_is_two_routes_of_one_way_is_one_row_of_its_stops() -> None:
    patterns = Pattern("p", "A B D"), Pattern("q", "A B D", route="r2")
    trips = Trip("t1", "08:00", "p"), Trip("t2", "08:30", "q")
    city = City(network("A B D", patterns, trips, routes=(Route("r1", "1", "Loop"), Route("r2", "1", "Loop"))))
    for page, row, times in (
        ("/stops/A", "li.group", ["08:00", "08:30"]),
        ("/stops/A/timetable", ".day-row", ["00", "30"]),
    ):
        rows = city.page(page).css(row)
        assert [[time in text(found) for time in times] for found in rows] == [[True] * len(times)], page
    # By either of its routes, and disturbed where one of them is.
    assert [text(city.page("/stops/A/timetable", line=route).css_first(".day-row"))[-5:] for route in ("r1", "r2")] == [
        "00 30"
    ] * 2
    city.alerts(alert("Works", {"route_id": "r2"}, effect="DETOUR"))
    assert city.page("/stops/A").css_first("li.group .marked") is not None
