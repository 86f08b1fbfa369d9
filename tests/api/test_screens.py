from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.service.clock import ShiftedClock
from api.service.service import Service
from benchmarks.field.faces import page_of, text
from feeds.reading import Reading
from tests.api.serving import served
from tests.api.test_board_stream import client as http
from tests.api.town import STOPS, WORKS, at, disruption, service_at, town, tram_on_time

NOW = at(8, 1)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    yield TestClient(create_app(service_at(NOW)))


def get(client: TestClient, path: str, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.text
    return str(response.text)


def rows(page: str) -> list[str]:
    """Line and destination of each row, with the status of each of its departures."""
    return [
        " ".join([text(row.css_first(".badge")), text(row.css_first(".name")), *statuses])
        for row in page_of(page).css("li.row")
        if (statuses := [str(call.attributes["class"]).split()[1] for call in row.css(".departure")])
    ]


def carried(page: str) -> Any:
    return json.loads(re.search(r'id="timetable">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]


def event_id(service: Service, address: str) -> str:
    with http.stream("GET", f"{address}/screen/liberte?only=stream") as stream:
        return next(line for line in stream.iter_lines() if line.startswith("id: "))


def test_a_screen_shows_the_departures_of_its_stop(client: TestClient) -> None:
    page = get(client, "/screen/liberte")
    assert "<h1>Place de la Liberté</h1>" in page
    assert rows(page) == ["A Les Douets live cancelled skipped"]
    assert ">08:01</time>" in page


def test_a_screen_shows_a_row_for_each_line_and_direction_and_at_most_as_many_as_asked_for(client: TestClient) -> None:
    shown = rows(get(client, "/screen/gare"))
    assert len(shown) == len({row.split()[0] for row in shown}) > 1
    assert rows(get(client, "/screen/gare?limit=1")) == shown[:1]


@pytest.mark.parametrize(
    "address",
    [
        "/screen/liberte,hopital",
        "/screen/liberte,%20hopital,liberte",
        "/screen/liberte?stop=hopital",
        "/screen?stop=liberte&stop=hopital",
    ],
)
def test_several_stops_share_a_screen(client: TestClient, address: str) -> None:
    page = get(client, address)
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["Place de la Liberté", "Hôpital Trousseau"]
    assert "<h1>Town</h1>" in page


def test_an_id_with_a_comma_is_one_stop() -> None:
    timetable = town()
    timetable.stop_id[STOPS.index("hopital")] = "a,b"
    client = TestClient(create_app(service_at(NOW, timetable=timetable)))
    assert "<h1>Hôpital Trousseau</h1>" in get(client, "/screen/a,b")


@pytest.mark.parametrize("address", ["/screen", "/screen/", "/screen/nix", "/screen/nein,nix", "/screen/a,b,c,d,e,f,g"])
def test_a_screen_that_cannot_be_shown_says_why_and_asks_again_by_itself(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert 'http-equiv="refresh"' in answer.text
    assert "not in the current timetable" in answer.text or "one to 6 stops" in answer.text


def test_a_screen_speaks_the_language_asked_for_and_sets_no_cookie(client: TestClient) -> None:
    answer = client.get("/screen/liberte?lang=fr")
    assert "proche" in answer.text and "supprimé" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "due" in get(client, "/screen/liberte", **{"Accept-Language": "en"})


def test_platforms_are_said_only_where_there_are_several(client: TestClient) -> None:
    assert 'class="platform">Platform 2' in get(client, "/screen/gare")
    assert 'class="platform"' not in get(client, "/screen/gare:2")


def test_without_a_script_a_screen_refreshes_itself(client: TestClient) -> None:
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in get(client, "/screen/liberte")
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in get(
        client, "/screen/liberte?variant=eink"
    )


def test_without_a_script_the_messages_take_turns_and_the_picture_moves() -> None:
    texts = ("Erster", "Zweiter", "Dritter")
    alerts = tuple(replace(WORKS, alert_id=text, header={"": text}, description={}) for text in texts)
    service = service_at(NOW, lambda now: Reading(tram_on_time(now).observations, None, alerts))
    client = TestClient(create_app(service))
    shown, moved = [], set()
    for i in range(6):
        service.clock = ShiftedClock(NOW + 30 * i)
        page = get(client, "/screen/liberte")
        (message,) = re.findall(r'<div class="message">.*?</strong>', page, re.DOTALL)
        shown.append(next(text for text in texts if text in message))
        moved.update(re.findall(r"drift-\d", page.split("<body", 1)[1].split(">", 1)[0]))
    assert shown[:3] == shown[3:]
    assert set(shown) == set(texts)
    assert len(moved) == 3


def test_a_long_message_is_shown_in_parts_of_whole_sentences() -> None:
    words = (
        "Le pont est fermé jusqu’à vendredi soir. Les bus passent par la rive gauche ; comptez dix minutes de plus. "
    )
    alert = replace(WORKS, header={"": "Pont fermé"}, description={"": words * 3})
    service = service_at(NOW, lambda now: Reading(tram_on_time(now).observations, None, (alert,)))
    page = get(TestClient(create_app(service)), "/screen/liberte")
    parts = [part.strip() for part in re.findall(r"</strong> (.*?)</p>", page)]
    assert " ".join(parts) == (words * 3).strip()
    assert all(len(part) <= 120 and part[-1] in ".;" for part in parts)


def test_a_message_for_two_stops_of_a_screen_is_said_once(client: TestClient) -> None:
    assert get(client, "/screen/liberte,liberte,gare").count("Road works") == 1


def test_a_screen_carries_the_timetable_of_the_coming_hours(client: TestClient) -> None:
    timetable = carried(get(client, "/screen/liberte,gare:2"))
    liberte, platform = timetable["stops"]
    assert [call[0] for call in liberte] == [at(8, 2), at(8, 22), at(8, 42)]
    assert [call[4] for call in liberte] == [1, 0, 0], "what does not run is known"
    assert [(call[0], call[3]) for call in platform] == [(at(8, 5), "2"), (at(8, 35), "2")]
    assert [timetable["lines"][call[1]][0] for call in platform] == ["2", "2"]
    assert [timetable["destinations"][call[2]] for call in liberte] == ["Les Douets"] * 3


def test_names_cannot_break_out_of_the_page() -> None:
    timetable = town()
    timetable.trip_headsign[:] = "</script>"
    page = get(TestClient(create_app(service_at(NOW, timetable=timetable))), "/screen/liberte")
    assert page.count("</script>") == page.count("<script")
    assert carried(page)["destinations"] == ["</script>"]


def test_a_screen_may_stand_in_the_frame_of_a_player_but_run_no_foreign_script(client: TestClient) -> None:
    policy = client.get("/screen/liberte").headers["Content-Security-Policy"]
    assert "frame-ancestors" not in policy
    assert "script-src 'self';" in policy


def test_once_the_feed_has_stopped_a_screen_says_so_and_shows_clock_times() -> None:
    service = service_at(NOW)
    service.clock = ShiftedClock(NOW + 61)
    page = get(TestClient(create_app(service)), "/screen/hopital")
    assert rows(page)[0].startswith("A Les Douets scheduled")
    assert "Live tracking interrupted" in page
    assert 'class="wait minutes"' not in page


def test_the_part_that_changes_can_be_had_alone(client: TestClient) -> None:
    part = get(client, "/screen/liberte?only=board")
    assert part.lstrip().startswith('<div id="board"')
    assert rows(part) == rows(get(client, "/screen/liberte"))


@pytest.mark.parametrize("query", ["variant=neon", "limit=0", "limit=1000", "only=all"])
def test_a_parameter_that_cannot_be_used_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/screen/liberte?{query}").status_code == 422


def test_a_stream_of_a_screen_speaks_when_more_changes_than_the_minute() -> None:
    says = tram_on_time(NOW)
    quiet = Reading(says.observations, disruption(NOW), (WORKS,))
    service = service_at(NOW, lambda _: quiet)
    with served(service) as address:
        first = event_id(service, address)
        service.clock = ShiftedClock(NOW + 40)
        assert event_id(service, address) == first, "the screen counts down by itself"
        quiet = Reading(says.observations, disruption(NOW), ())
        service.step(NOW + 41)
        assert event_id(service, address) != first
