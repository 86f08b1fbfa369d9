from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.service.clock import ShiftedClock
from api.service.service import Service
from feeds.alerts.alert import Selector
from feeds.reading import Reading
from tests.api.town import WORKS, at, service_at, tram_on_time

NOW = at(8, 1)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    yield TestClient(create_app(service_at(NOW)))


def get(client: TestClient, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200, response.text
    return response.json()


def text(client: TestClient, query: str = "", stop: str = "liberte") -> list[str]:
    response = client.get(f"/v1/stops/{stop}/board?format=text{query}")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text.endswith("\n")
    shown: str = response.text[:-1]
    return shown.split("\n")


def at_time(service: Service, now: float) -> None:
    service.clock = ShiftedClock(now)
    service.step(now)


def test_a_panel_reads_what_to_show_in_fields_that_are_always_there(client: TestClient) -> None:
    board = get(client, "/v1/stops/liberte/board")
    assert (board["stop_id"], board["stop_name"]) == ("liberte", "Place de la Liberté")
    tram, cancelled, skipped, _ = board["departures"]
    assert tram == {
        "line": "A", "color": "E2001A", "text_color": "FFFFFF", "destination": "Les Douets", "platform": "",
        "status": "live", "minutes": 0, "doubt": "", "notes": [], "occupancy": "", "wheelchair": "yes", "bikes": "",
        "time": "08:01", "shown": "arriving",
    }  # fmt: skip
    assert (cancelled["status"], cancelled["minutes"], cancelled["shown"]) == ("cancelled", None, "cancelled")
    assert (skipped["status"], skipped["minutes"], skipped["shown"]) == ("skipped", None, "not served")
    assert len({frozenset(departure) for departure in board["departures"]}) == 1
    assert board["messages"] == ["Road works. A-0840 ne dessert pas Liberté."]


def test_a_panel_speaks_the_language_that_it_asks_for(client: TestClient) -> None:
    board = get(client, "/v1/stops/liberte/board?lang=fr")
    assert [departure["shown"] for departure in board["departures"]][:3] == ["à l’approche", "supprimé", "non desservi"]
    assert board["messages"] == ["Travaux. A-0840 ne dessert pas Liberté."]


def test_a_panel_gets_at_most_as_many_departures_as_it_asks_for(client: TestClient) -> None:
    assert len(get(client, "/v1/stops/gare/board?limit=2")["departures"]) == 2
    assert [d["platform"] for d in get(client, "/v1/stops/gare/board?limit=2")["departures"]] == ["2", "1"]


def test_a_departure_beyond_the_hour_and_one_after_midnight_are_clock_times(client: TestClient) -> None:
    night = get(client, "/v1/stops/liberte/board")["departures"][-1]
    assert (night["time"], night["minutes"], night["shown"]) == ("00:22", None, "tomorrow 00:22")


def test_a_polling_panel_is_sent_the_board_again_only_when_something_shown_changes() -> None:
    service = service_at(at(8, 3, 5))
    client = TestClient(create_app(service))
    path = "/v1/stops/gare:2/board?limit=1"
    answers, etag, shown = [], "", ""
    for now in range(int(at(8, 3, 5)), int(at(8, 5, 5)), 15):
        at_time(service, float(now))
        answer = client.get(path, headers={"If-None-Match": etag} if etag else {})
        answers.append(answer.status_code)
        if answer.status_code == 200:
            assert answer.json()["departures"][0]["shown"] != shown, "sent again though it shows the same"
            etag, shown = answer.headers["ETag"], answer.json()["departures"][0]["shown"]
    assert answers == [200] + [304] * 3 + [200] + [304] * 3


def test_a_panel_that_shows_another_stop_language_or_number_has_another_etag(client: TestClient) -> None:
    queries = [
        "liberte/board",
        "liberte/board?lang=fr",
        "liberte/board?limit=1",
        "liberte/board?format=text",
        "gare/board",
    ]
    assert len({client.get(f"/v1/stops/{query}").headers["ETag"] for query in queries}) == len(queries)


def test_once_the_feed_has_stopped_a_panel_shows_clock_times_only() -> None:
    service = service_at(NOW)
    client = TestClient(create_app(service))
    service.clock = ShiftedClock(NOW + 61)
    board = get(client, "/v1/stops/hopital/board")
    assert board["feed_stopped"] is True
    assert {departure["status"] for departure in board["departures"]} <= {"scheduled", "cancelled"}
    assert board["departures"][0]["minutes"] is None
    assert board["departures"][0]["shown"] == board["departures"][0]["time"]


def test_text_is_exactly_as_many_lines_of_exactly_the_width(client: TestClient) -> None:
    assert text(client, "&width=24&lines=4") == [
        "A Les Douets         due",
        "A Les Douets   cancelled",
        "A Les Douets  not served",
        "Road works. A-0840 ne…  ",
    ]
    for width in (8, 9, 16, 40, 200):
        for lines in (1, 2, 5, 12):
            shown = text(client, f"&width={width}&lines={lines}")
            assert len(shown) == lines
            assert {len(line) for line in shown} == {width}


def test_text_tells_live_and_scheduled_apart_without_colour(client: TestClient) -> None:
    live = text(client, stop="hopital")[0]
    assert live.endswith(" 2 min") or live.endswith(" 3 min")
    assert text(client, stop="st-pierre")[0] == "2 Liberté          08:07"


def test_a_message_takes_the_lines_that_departures_leave_free() -> None:
    long = "Travaux rue Nationale jusqu’au 30 juin, arrêt reporté place Jean Jaurès."
    alert = replace(WORKS, header={"fr": long}, description={}, selectors=(Selector(route_id="bus-2"),))
    quiet = service_at(NOW, lambda now: Reading(tram_on_time(now).observations, None, (alert,)))
    shown = text(TestClient(create_app(quiet)), "&lines=9&width=24&lang=fr")
    assert shown[0].startswith("A Les Douets")
    assert " ".join(line.strip() for line in shown[4:]).strip() == f"2: {long}"
    assert text(TestClient(create_app(quiet)), "&lines=2&width=24")[1].startswith("A Les Douets"), (
        "too few lines for it"
    )


def test_wide_characters_take_two_columns() -> None:
    service = service_at(NOW)
    service.timetable.trip_headsign[:] = "駅前広場"
    assert text(TestClient(create_app(service)), "&lines=1&width=16", "st-pierre") == ["2 駅前広場 08:07"]


@pytest.mark.parametrize(
    ("query", "says"),
    [("limit=0", "limit"), ("limit=1000", "limit"), ("format=xml", "format"), ("width=7", "width"),
     ("width=100000", "width"), ("lines=0", "lines"), ("lang=xx", "lang")],
)  # fmt: skip
def test_a_parameter_that_cannot_be_used_is_named(client: TestClient, query: str, says: str) -> None:
    problem = client.get(f"/v1/stops/liberte/board?{query}")
    assert problem.status_code == 422
    assert says in problem.json()["detail"]


def test_an_unknown_stop_is_a_problem_that_says_which_may_be_meant(client: TestClient) -> None:
    problem = client.get("/v1/stops/libertes/board")
    assert problem.status_code == 404
    assert "liberte" in problem.json()["detail"]
