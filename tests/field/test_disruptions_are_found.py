"""A rider finds what disturbs their line wherever they look: a page of all messages, a feed, a mark on the badge."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import alert_heads, text
from benchmarks.field.messages import alert
from benchmarks.field.network import Pattern, Route, Trip, network, row_of_stops

# Line r1 runs A to E and back, r2 from C to F.
TOWN = network(
    row_of_stops("A B C D E F"),
    (
        Pattern("main", "A B C D E"), Pattern("back", "E D C B A", direction=1, headsign="West"),
        Pattern("tram", "C D F", route="r2"),
    ),
    (Trip("t1", "08:00"), Trip("w1", "08:30", "back"), Trip("m1", "08:10", "tram")),
    routes=(Route("r1", "1", "First"), Route("r2", "2", "Second", type=900)),
)  # fmt: skip


def sections(city: City, **asked: str) -> dict[str, list[str]]:
    """Headers on the page of messages, by section."""
    page = city.page("/alerts", **asked)
    return {
        name: [text(head) for head in page.css(f'section[aria-labelledby="{name}"] .alert-head strong')]
        for name in ("alerts_now", "alerts_planned")
    }


def items(city: City, **asked: str) -> list[ElementTree.Element]:
    """Items of the feed of messages."""
    return list(ElementTree.fromstring(city.get("/alerts.rss", **asked).text).iter("item"))


def marked(city: City, address: str) -> set[str]:
    """Lines whose badge is marked on a page."""
    return {text(node.css_first(".badge")) for node in city.page(address).css(".marked")}


def test_what_is_in_force_and_what_is_planned_stand_apart() -> None:
    told = (
        alert("Works", {"route_id": "r1"}, active=[("07:00", "09:00")]),
        alert("Market", {"route_id": "r2"}, active=[("10:00", "12:00")]),
        alert("Gone by", {"route_id": "r2"}, active=[("05:00", "06:00")]),
        alert("Nobody's", {"route_id": "gone"}),
    )
    city = City(TOWN, at="07:55").alerts(*told)
    assert sections(city) == {"alerts_now": ["Works"], "alerts_planned": ["Market"]}
    titles = [(item.findtext("title"), item.findtext("category")) for item in items(city, lang="fr")]
    assert titles == [("1 · Works", "En ce moment"), ("2 · Market", "À venir")]
    # On a line's page a message that its feed shows only from ten on is not yet told.
    assert alert_heads(city.page("/lines/r2")) == []


def test_what_an_operator_keeps_back_is_kept_back() -> None:
    early = alert("Secret", {"route_id": "r1"}, communication=[("09:00", "12:00")], active=[("10:00", "12:00")])
    assert sections(City(TOWN).alerts(early)) == {"alerts_now": [], "alerts_planned": []}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"line": "r1"}, ["At C", "Line 1", "Trip"]),
        ({"line": "r2"}, ["At C", "Line 2"]),
        ({"stop": "F"}, ["Line 2"]),
        ({"stop": "C"}, ["At C", "Line 1", "Line 2", "Trip"]),
        ({}, ["At C", "Line 1", "Line 2", "Trip"]),
    ],
)
def test_messages_can_be_asked_for_by_line_and_by_stop(asked: dict[str, str], told: list[str]) -> None:
    city = City(TOWN).alerts(
        alert("Line 1", {"route_id": "r1"}), alert("Line 2", {"route_id": "r2"}), alert("At C", {"stop_id": "C"}),
        alert("Trip", {"trip_id": "t1"}),
    )  # fmt: skip
    assert sorted(sections(city, **asked)["alerts_now"]) == told
    assert sorted(str(item.findtext("title")).rpartition(" · ")[2] for item in items(city, **asked)) == told


def test_a_line_or_stop_that_is_not_known_is_told_and_all_is_shown() -> None:
    city = City(TOWN).alerts(alert("Works", {"route_id": "r1"}))
    answer = city.officer.get("/alerts?line=gone")
    assert answer.status_code == 404
    assert "“gone” is not in the current timetable" in answer.text
    assert "Works" in answer.text


def test_an_item_of_the_feed_stays_the_same_until_it_says_something_else() -> None:
    # An item that is new each night is told to subscribers again each morning.
    until_tomorrow = alert("Works", {"route_id": "r1"}, active=[("07:00", "33:00")])
    city = City(TOWN, at="23:58").alerts(until_tomorrow)
    before = [item.findtext("guid") for item in items(city)]
    city.at("24:03")
    assert [item.findtext("guid") for item in items(city)] == before
    changed = alert("Works, longer", {"route_id": "r1"}, active=[("07:00", "33:00")])
    assert [item.findtext("guid") for item in items(city.alerts(changed))] != before


def test_no_text_breaks_the_feed() -> None:
    city = City(TOWN).alerts(alert("A & B <closed>\x0b \x00 ]]> é 🚧", {"route_id": "r1"}))
    (item,) = items(city)
    assert "A & B <closed>" in str(item.findtext("title"))


@pytest.mark.parametrize(
    ("informed", "told", "lines"),
    [
        ({"route_id": "r1"}, {}, {"1"}),
        ({"trip_id": "m1"}, {}, {"2"}),
        ({"route_id": "r1", "stop_id": "C"}, {}, {"1"}),
        ({"stop_id": "C"}, {}, set()),
        ({}, {"effect": "NO_SERVICE"}, {"1", "2"}),
        ({}, {"effect": "OTHER_EFFECT"}, set()),
        ({"route_id": "r1"}, {"effect": "ADDITIONAL_SERVICE"}, set()),
        ({"route_id": "r1", "stop_id": "C"}, {"effect": "ACCESSIBILITY_ISSUE"}, set()),  # google/transit#164
        ({"route_id": "r1"}, {"effect": "STOP_MOVED"}, {"1"}),
        ({"route_id": "r1"}, {"active": [("10:00", "12:00")]}, set()),
    ],
)
def test_a_disturbed_line_is_marked_wherever_it_is_named(
    informed: dict[str, Any], told: dict[str, Any], lines: set[str]
) -> None:
    city = City(TOWN).alerts(alert("Works", informed, **told))
    assert marked(city, "/") == marked(city, "/stops/C") == marked(city, "/?q=c") == lines
    assert set(city.json("/map/disturbed")) == {f"r{name}" for name in lines}


def test_the_home_page_says_how_many_messages_there_are() -> None:
    city = City(TOWN)
    assert city.page("/").css_first(".more") is None
    city.alerts(alert("a", {"route_id": "r1"}), alert("b", {"route_id": "r2"}, active=[("10:00", "12:00")]))
    assert text(city.page("/", lang="en").css_first(".more")) == "1 alert now · 1 planned"


def test_many_messages_leave_the_departures_where_riders_look_for_them() -> None:
    works = [alert(f"Works in street {number}", {"route_id": "r1"}) for number in range(5)]
    city = City(network("A B"), at="07:55").alerts(*works).at("07:56")
    for face in ("/stops/A", "/lines/r1"):
        page = city.page(face)
        assert len(page.css(".alerts > .alert")) == 2, face
        assert len(page.css(".alerts > details:not([open]) > .alert")) == 3, face


def test_of_very_many_messages_each_face_shows_some_and_says_how_many_more_there_are() -> None:
    many = [alert(f"Works in street {number}", {"route_type": 3}) for number in range(250)]
    city = City(network("A B"), at="08:00").alerts(*many).at("08:01")
    for path in ("/", "/stops/A", "/lines/r1", "/trips/t1"):
        heads = [text(head) for head in city.page(path, lang="en").css(".alert-head")]
        assert len(heads) == 21 and heads[-1] == "230 more alerts", path
        assert city.page(path).css(".alert a[href='/alerts']"), path
    assert city.get("/v1/stops/A/board").json()["messages"][20:] == ["230 more alerts"]
    assert len(city.page("/screen/A").css(".message")) == 21
    assert len(ElementTree.fromstring(city.get("/alerts.rss").text).findall(".//item")) == 100
    seen = []
    for number, leads_to in enumerate((["2"], ["1", "3"], ["2"]), 1):
        page = city.page("/alerts", page=str(number))
        seen += [text(head) for head in page.css(".alert-head")]
        links = [str(link.attributes["href"]) for link in page.css(".more a")]
        assert [link.partition("?page=")[2] for link in links if "?page=" in link] == leads_to
    assert sorted(seen) == sorted(f"Works in street {number}" for number in range(250))
    assert len(city.page("/alerts", line="r1", page="99999").css(".alert-head")) == 50
    assert len(city.page("/alerts", page="-x").css(".alert-head")) == 100


def test_a_program_reads_very_many_messages_page_by_page() -> None:
    many = [alert(f"Works in street {number}", {"route_type": 3}) for number in range(450)]
    city = City(network("A B"), at="08:00").alerts(*many).at("08:01")
    seen = []
    for page, leads_to in ((1, "?page=2"), (2, "?page=3"), (3, "")):
        answer = city.get("/v1/disruptions", page=page)
        assert answer.json()["total"] == 450
        assert answer.links.get("next", {}).get("url", "") == leads_to
        seen += [next(iter(message["header"].values())) for message in answer.json()["disruptions"]]
    assert seen == [f"Works in street {number}" for number in range(450)]
    assert len(city.get("/v1/disruptions", limit="1000").json()["disruptions"]) == 450
    assert city.get("/v1/disruptions", page="9").json()["disruptions"] == []


def test_of_very_many_lines_and_stops_some_are_offered() -> None:
    routes = tuple(Route(f"r{number}", str(number)) for number in range(300))
    patterns = tuple(Pattern(f"p{number}", "A B", route=f"r{number}") for number in range(300))
    trips = tuple(Trip(f"t{number}", "08:10", f"p{number}") for number in range(300))
    town = network("A B", patterns, trips, routes=routes)
    city = City(town, at="08:00").alerts(alert("Strike", *({"route_id": f"r{number}"} for number in range(300))))
    page = city.page("/alerts")
    assert len(page.css(".chips a")) == 60
    assert len(page.css(".alert-head .badge")) == 20
    assert "+280 Strike" in text(page.css_first(".alert-head"))
    assert "+280 · Strike" in city.get("/alerts.rss").text
