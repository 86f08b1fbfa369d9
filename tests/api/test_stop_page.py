"""What the stop page says, at the hand-made town's stops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from feeds.alerts.alert import Alert, Selector, TripSelector
from feeds.reading import Reading
from predictor.arrays import Int64Array
from predictor.snapshot import KnownCalls, Snapshot
from tests.api.town import WORKS, at, service_at, tram_on_time

NOW = at(8, 1)


def said(html: str) -> str:
    """The words of a page, without its marks, style and scripts."""
    body = html[html.index("<main") :]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def page(path: str, alerts: tuple[Alert, ...] = (WORKS,), now: float = NOW, language: str = "en") -> str:
    def read(at_: float) -> Reading:
        return replace(tram_on_time(at_), alerts=alerts)

    response = TestClient(create_app(service_at(now, read))).get(path, headers={"Accept-Language": language})
    assert response.status_code == 200
    html: str = response.text
    return html


@pytest.fixture(scope="module")
def liberte() -> Iterator[str]:
    yield page("/stops/liberte")


def row(html: str, trip: str) -> str:
    """The words of one departure."""
    found = re.search(rf'<li class="departure[^>]*data-key="{trip} .*?</li>', html, re.DOTALL)
    assert found, f"{trip} is not on the board"
    return said("<main>" + found.group())


def test_what_does_not_come_is_struck_through_and_says_why(liberte: str) -> None:
    assert "<s class" in liberte
    assert "not served road works" in row(liberte, "A-0840")
    assert row(liberte, "A-0820").split() == ["08:22", "cancelled"]


def test_the_reason_is_told_in_french(liberte: str) -> None:
    assert "travaux" in row(page("/stops/liberte", language="fr"), "A-0840")


def test_an_alert_that_names_only_a_trip_is_on_the_boards_of_its_stops_and_gives_the_reason() -> None:
    breakdown = replace(
        WORKS,
        cause="TECHNICAL_PROBLEM",
        header={"en": "Tram broken down"},
        selectors=(Selector(trip=TripSelector(trip_id="A-0820")),),
    )
    html = page("/stops/hopital", (breakdown,))
    assert "Tram broken down" in said(html)
    assert "cancelled breakdown" in row(html, "A-0820")
    assert "Tram broken down" not in said(page("/stops/st-pierre", (breakdown,)))


def test_an_alert_without_a_cause_of_ours_gives_no_reason() -> None:
    assert "not served" in row(page("/stops/liberte", (replace(WORKS, cause="OTHER_CAUSE"),)), "A-0840")


def test_the_last_departure_of_the_service_day_is_said_also_after_midnight() -> None:
    assert "Last departure 00:24" in said(page("/stops/hopital"))
    assert "Last departure today" in said(page("/stops/hopital", now=at(24, 1)))


def test_the_page_asks_for_its_board_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    boards = Snapshot.boards

    def counted(snapshot: Snapshot, *where: Any, **options: Any) -> tuple[KnownCalls, Int64Array]:
        asked.append(where)
        return boards(snapshot, *where, **options)

    monkeypatch.setattr(Snapshot, "boards", counted)
    page("/stops/liberte")
    assert len(asked) == 1


def test_search_engines_are_told_of_the_pages_and_of_nothing_else() -> None:
    client = TestClient(create_app(service_at(NOW)))
    robots = client.get("/robots.txt").text.splitlines()
    assert robots[0] == "User-agent: *"
    assert {"Disallow: /v1/", "Disallow: /desk"} <= set(robots)
    (sitemap,) = [line.removeprefix("Sitemap: ") for line in robots if line.startswith("Sitemap: ")]
    places = re.findall("<loc>(.*?)</loc>", client.get(sitemap).text)
    assert f"{client.base_url}/lines/tram-A" in places
    assert f"{client.base_url}/stops/gare" in places
    assert not [place for place in places if place.endswith("gare%3A1")], "its station's page tells of it"
    assert {client.get(place).status_code for place in places} == {200}
