"""Ids with letters that mean something in addresses, pages or protobuf: every face finds its stop, line and trip."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City
from benchmarks.field.messages import bus
from benchmarks.field.network import Call, Network, Pattern, Route, Stop, Trip


@pytest.mark.parametrize("address", ["/lines", "/lines/", "/stops", "/trips/"])
def test_an_address_without_an_id_leads_to_where_stops_and_lines_are_found(address: str) -> None:
    answer = City().get(address)
    assert str(answer.url).endswith("/#lines" if "lines" in address else "/")
    assert answer.text.count('id="lines"') == 1


@pytest.mark.parametrize(
    "odd", ["a/b", "a%2Fb", "a?b#c", "a&b=c+d", "'a\"b", "<b>", "é ß", "🚌", "0012", "1.0", "nan", "{id}", "x" * 120]
)
def test_any_id_can_be_followed_on_every_face(odd: str) -> None:
    line = Network(
        stops=(Stop("A", 0), Stop(f"{odd}S", 600), Stop("C", 1200)), routes=(Route(f"{odd}R", "1"),),
        patterns=(Pattern("main", "A B C", route=f"{odd}R"),),
        trips=(Trip(f"{odd}T", calls=(Call("A", "08:00"), Call(f"{odd}S", "08:02"), Call("C", "08:04"))),),
    )  # fmt: skip
    city = City(line, at="08:00").vehicle_positions(bus(odd, f"{odd}T", late_s=0)).at("08:01")
    assert city.board(f"{odd}S")[0].endswith("live")
    assert city.trip_state(f"{odd}T") == "followed"
    assert [row.stop for row in city.line_page(f"{odd}R")] == ["A", f"{odd}S", "C"]
    assert list(city.vehicles()) == [odd]
