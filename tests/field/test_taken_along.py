"""A stop's board on other sites, its sign, and what a trip's page needs to tell its rider when to get off."""

from __future__ import annotations

import pytest

from benchmarks.field.city import City
from benchmarks.field.faces import text


@pytest.fixture(scope="module")
def city() -> City:
    return City()


def test_only_an_embedded_board_may_be_held_in_a_frame(city: City) -> None:
    policies = {
        address: city.get(address).headers["content-security-policy"]
        for address in ("/embed/A", "/stops/A", "/", "/stops/A/sign", "/stops/A/timetable")
    }
    assert "frame-ancestors *" in policies.pop("/embed/A")
    assert all("frame-ancestors 'none'" in policy for policy in policies.values())


def test_an_embedded_board_shows_the_rows_and_asks_for_itself_again(city: City) -> None:
    page = city.page("/embed/A", lang="en")
    assert page.css(".row .departure .wait")
    ask = page.css_first("#board").attributes["data-ask"]  # type: ignore[union-attr]
    assert city.page(str(ask).split("?")[0], fragment="1").css(".row")


def test_a_stops_page_gives_the_line_to_copy(city: City) -> None:
    code = city.page("/stops/A", lang="en").css_first("#embed-code")
    assert code is not None
    assert '/embed/A" title="Stop A"' in str(code.attributes["value"])


def test_a_sign_names_the_stop_and_carries_its_code(city: City) -> None:
    page = city.page("/stops/A/sign", lang="en")
    assert text(page.css_first("h1")) == "Stop A"
    assert page.css("svg.qr path")
    assert text(page.css_first(".address")).endswith("/stops/A")


def test_calls_ahead_on_a_trips_page_have_their_times(city: City) -> None:
    calls = city.page("/trips/t1", stop="C", lang="en").css("li.at[data-at]")
    assert [call.attributes["data-stop"] for call in calls] == ["A", "B", "C", "D", "E"]
