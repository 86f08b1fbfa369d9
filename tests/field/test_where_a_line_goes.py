"""Where a line goes to is said once, whatever words the feed has for it."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import text
from benchmarks.field.network import Pattern, Trip, network


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
