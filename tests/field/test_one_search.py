"""One search finds stops and lines, as people write them."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import text
from benchmarks.field.network import Pattern, Route, Trip, network

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
     ("ligne", []), ("ligne 99", [])],
)  # fmt: skip
@pytest.mark.parametrize("fragment", ["", "1"])
def test_a_line_is_found_by_its_name(query: str, lines: list[str], fragment: str) -> None:
    page = City(TOWN).page("/", q=query, fragment=fragment)
    assert [text(node) for node in page.css(".lines .badge")] == lines
