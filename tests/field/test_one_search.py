"""One search finds stops and lines, as people write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import only, text
from benchmarks.field.network import Pattern, Route, Stop, Trip, network

TOWN = network(
    "A B C",
    (Pattern("main", "A B C"), Pattern("other", "A C", route="r2"), Pattern("third", "C A", route="r3")),
    (Trip("t1", "08:00"), Trip("m1", "08:10", "other"), Trip("n1", "08:20", "third")),
    routes=(Route("r1", "C53", "First"), Route("r2", "2", "Second"), Route("r3", "12", "Third")),
)


@pytest.mark.parametrize(
    ("query", "lines"),
    [("C53", ["C53"]), ("c53", ["C53"]), ("ligne 2", ["2"]), ("Ligne C53", ["C53"]), ("bus 12", ["12"]),
     ("Tram 2", ["2"]), ("line 2", ["2"]), ("Linie 2", ["2"]), ("Straßenbahn 2", ["2"]),
     ("C 53", ["C53"]), ("second", ["2"]), ("53", ["C53"]), ("c53e", ["C53"]), ("b12", ["12"]), ("L2", ["2"]),
     ("M2", []),
     ("ligne", []), ("ligne 99", [])],
)  # fmt: skip
@pytest.mark.parametrize("fragment", ["", "1"])
def test_a_line_is_found_by_its_name(query: str, lines: list[str], fragment: str) -> None:
    page = City(TOWN).page("/", q=query, fragment=fragment)
    assert [text(node) for node in page.css(".lines .badge")] == lines


SIGNS = network(
    [Stop("FR:37/1:a b", 0.0, name="Bø", code="A-12"), Stop("main", 600.0, name="Main Street", code="1005"),
     Stop("hbf", 1200.0, name="Hauptbahnhof"),
     Stop("tpe", 1800.0, name="台北市政府"), Stop("vz", 2400.0, name="Đorđa")],
    "main hbf", [Trip("t1", "08:00")],
)  # fmt: skip


# HSLdevcom/digitransit-ui#49, OneBusAway/onebusaway-iphone#1040: numbers as they stand on signs
@pytest.mark.parametrize(
    ("query", "stop"),
    [("1005", "main"), ("#1005", "main"), ("Stop # 1005", "main"), ("Arrêt n° 1005", "main"), ("１００５", "main"),
     ("Haltestelle 1005", "main"), ("a12", "FR:37/1:a b"), ("A 12", "FR:37/1:a b"), ("fr:37/1:a b", "FR:37/1:a b"),
     ("bo", "FR:37/1:a b"), ("dorda", "vz"), ("bahnhof", "hbf"), ("市政", "tpe"), ("stop 9", None), ("stop", None)],
)  # fmt: skip
def test_a_stop_is_found_by_its_number_and_by_a_part_of_its_name(query: str, stop: str | None) -> None:
    found = [one["stop_id"] for one in City(SIGNS).json("/v1/stops", q=query)["stops"]]
    assert found[:1] == ([stop] if stop else [])


# MobilityData/mobility-database-catalogs#60: Athens, Kyiv, Belgrade, Tbilisi; a visitor has no such keys.
@pytest.mark.parametrize(
    ("name", "query"),
    [("Σύνταγμα", "Syntagma"), ("Σύνταγμα", "syntag"), ("Площадь Ленина", "ploshchad lenina"),
     ("Київ вокзал", "vokzal"), ("Кошутњак", "kosutnjak"), ("თბილისი", "Tbilisi")],
)  # fmt: skip
def test_a_stop_is_found_by_latin_letters_in_the_place_of_its_own(name: str, query: str) -> None:
    town = network([Stop("A", 0.0, name=name), Stop("B", 600.0, name="Centre")], "A B", [Trip("t1", "08:00")])
    city = City(town)
    assert [one["stop_id"] for one in city.json("/v1/stops", q=query)["stops"]] == ["A"]
    assert [one["stop_id"] for one in city.json("/v1/stops", q=name)["stops"]] == ["A"]


def test_stops_of_one_name_in_a_row_are_told_apart() -> None:
    stops = Stop("A", 0), Stop("m1", 200), Stop("m2", 450), Stop("m3", 750), Stop("E", 850)
    town = network(
        [replace(stop, name="Main St") if stop.stop_id[0] == "m" else stop for stop in stops], "A m1 m2 m3 E"
    )
    city, beside = City(town), ["200 m from Stop A", "400 m from Stop E", "100 m from Stop E"]
    for fragment in ("", "1"):
        found = {
            only(node, "a").attributes["href"]: text(node)
            for node in city.page("/", q="main", fragment=fragment).css("ul.stops li")
        }
        assert [told in found[f"/stops/m{i}"] for i, told in enumerate(beside, 1)] == [True] * 3, found
    numbered = replace(town, stops=tuple(replace(stop, code=f"10{i}") for i, stop in enumerate(town.stops)))
    assert "from Stop" not in text(City(numbered).page("/", q="main"))


@pytest.mark.parametrize(("stops", "told"), [(20, "20 stops"), (21, "The first 20 stops")])
def test_a_search_that_finds_more_than_is_listed_says_so(stops: int, told: str) -> None:
    row = [Stop(f"m{i}", 300.0 * i, name=f"Main {i}") for i in range(stops)]
    page = City(network(row, " ".join(stop.stop_id for stop in row))).page("/", q="main")
    assert told in text(only(page, ".count"))
    assert len(page.css("ul.stops li")) == 20
