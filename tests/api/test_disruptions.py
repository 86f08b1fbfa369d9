"""Disruptions over the JSON API: published by those with the token, seen at once by everyone, kept on disk."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.app import create_app
from api.desk.database import FILE_NAME, DeskDatabase
from api.desk.desk import Desk
from api.desk.disruption import LANGUAGES, Notice, alert_of
from api.desk.phrases import default_phrases, filled
from api.reading.alerts import Audience, audience_of
from api.service.clock import ShiftedClock
from api.service.service import Service
from tests.api.town import STOPS, ZONE, at, service_at, town, town_feed
from tests.feeds.validated import faults

NOW = at(8, 1)
TOKEN = "a token of the town"
MAY_WRITE = {"Authorization": f"Bearer {TOKEN}"}
DETOUR = {"phrase": "detour", "routes": ["bus-2"], "blanks": {"via": "rue Neuve"}}


def iso(when: float) -> str:
    return datetime.fromtimestamp(when, ZONE).isoformat()


@pytest.fixture
def desk() -> Desk:
    return Desk(service_at(NOW), token=TOKEN)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    yield TestClient(create_app(desk.service, desk))


def publish(client: TestClient, **said: Any) -> Any:
    answer = client.post("/v1/disruptions", json=said, headers=MAY_WRITE)
    assert answer.status_code == 201, answer.text
    return answer.json()["disruption"]


def headers_at(client: TestClient, stop_id: str) -> list[str]:
    alerts = client.get(f"/v1/stops/{stop_id}/departures").json()["alerts"]
    return [alert["header"]["en"] for alert in alerts if alert["alert_id"].startswith("desk:")]


def alert_ids(client: TestClient) -> list[str]:
    return [entity.id for entity in FeedMessage.FromString(client.get("/gtfs-rt/alerts").content).entity]


def test_a_picked_phrase_is_worded_in_all_languages(client: TestClient) -> None:
    said = publish(client, **DETOUR, ends_at=iso(at(18, 30)))
    assert said["header"] == {
        "fr": "Ligne 2\N{NO-BREAK SPACE}: déviation par rue Neuve", "en": "Line 2: detour via rue Neuve",
        "de": "Linie 2: Umleitung über rue Neuve",
    }  # fmt: skip
    assert said["description"] == {"fr": "Jusqu’à 18:30.", "en": "Until 18:30.", "de": "Bis 18:30."}
    assert (said["cause"], said["effect"], said["state"]) == ("UNKNOWN_CAUSE", "DETOUR", "in_force")


def test_it_is_on_every_face_before_the_engine_steps_again(client: TestClient, desk: Desk) -> None:
    steps, etag = desk.service.steps, client.get("/gtfs-rt/alerts").headers["ETag"]
    said = publish(client, **DETOUR)
    assert desk.service.steps == steps
    assert said["disruption_id"] in alert_ids(client)
    assert client.get("/gtfs-rt/alerts", headers={"If-None-Match": etag}).status_code == 200
    assert headers_at(client, "st-pierre") == ["Line 2: detour via rue Neuve"]
    page = client.get("/stops/st-pierre", headers={"Accept-Language": "fr"}).text
    assert "Ligne 2\N{NO-BREAK SPACE}: déviation par rue Neuve" in page
    assert "déviation par rue Neuve" in client.get("/lines/bus-2", headers={"Accept-Language": "fr"}).text
    assert client.get("/v1/routes/bus-2").json()["alerts"][0]["header"]["en"] == "Line 2: detour via rue Neuve"


def test_it_stays_when_the_engine_steps_and_beside_the_operators_own(client: TestClient, desk: Desk) -> None:
    said = publish(client, **DETOUR)
    assert isinstance(desk.service, Service)
    desk.service.step(NOW + 5)
    assert alert_ids(client) == [said["disruption_id"], "works"]
    sources = [one["source"] for one in client.get("/v1/disruptions").json()["disruptions"]]
    assert sources == ["desk", "operator"]


def test_what_goes_out_as_gtfs_realtime_is_valid_and_newer_than_before(client: TestClient, desk: Desk) -> None:
    publish(client, **DETOUR, ends_at=iso(at(18)))
    publish(client, phrase="strike")
    publish(client, phrase="stop_not_served", routes=["bus-2"], stops=["gare"], starts_at=iso(at(9)))
    desk.service.clock = ShiftedClock(NOW + 3)
    publish(client, phrase="delay", routes=["tram-A"])
    message = FeedMessage.FromString(client.get("/gtfs-rt/alerts").content)
    assert faults(town_feed().feed, NOW + 3, alerts=message) == []
    # Readers of GTFS-Realtime take a message of the same timestamp for the same.
    assert message.header.timestamp == int(NOW + 3)
    assert len(json.loads(client.get("/gtfs-rt/alerts?format=json").content)["entity"]) == 5


def test_at_a_stop_only_its_readers_see_it_and_a_station_means_its_platforms(client: TestClient) -> None:
    publish(client, phrase="stop_not_served", stops=["gare"])
    for stop in ("gare", "gare:1", "gare:2"):
        assert headers_at(client, stop) == ["Not stopping at Gare de Tours"]
    assert headers_at(client, "hopital") == []


def test_a_planned_one_shows_when_its_time_comes_and_goes_when_it_ends(client: TestClient, desk: Desk) -> None:
    said = publish(client, **DETOUR, starts_at=iso(at(14)), ends_at=iso(at(15)))
    assert said["state"] == "planned"
    assert said["description"]["en"] == "From 14:00 to 15:00."
    for hour, shown in ((13, 0), (14, 1), (15, 0)):
        desk.service.clock = ShiftedClock(at(hour))
        assert len(headers_at(client, "st-pierre")) == shown


def test_changing_one_makes_its_words_anew_but_keeps_the_officers_own(client: TestClient) -> None:
    said = publish(client, **DETOUR, header={"fr": "Le bus 2 fait un détour"})
    changed = client.patch(f"/v1/disruptions/{said['disruption_id']}", json={"blanks": {"via": "rue Vieille"}},
                           headers=MAY_WRITE).json()["disruption"]  # fmt: skip
    assert changed["header"]["en"] == "Line 2: detour via rue Vieille"
    kept = client.patch(f"/v1/disruptions/{said['disruption_id']}", json={"header": {"en": "Bus 2 goes round"}},
                        headers=MAY_WRITE).json()["disruption"]  # fmt: skip
    assert kept["header"] == {
        "en": "Bus 2 goes round", "fr": "Ligne 2\N{NO-BREAK SPACE}: déviation par rue Vieille",
        "de": "Linie 2: Umleitung über rue Vieille",
    }  # fmt: skip
    assert headers_at(client, "st-pierre") == ["Bus 2 goes round"]


def test_an_ended_one_is_gone_from_every_face_but_stays_readable(client: TestClient) -> None:
    said = publish(client, **DETOUR)
    address = f"/v1/disruptions/{said['disruption_id']}"
    assert client.delete(address, headers=MAY_WRITE).json()["disruption"]["state"] == "over"
    assert headers_at(client, "st-pierre") == []
    assert alert_ids(client) == ["works"]
    assert client.get(address).json()["disruption"]["state"] == "over"
    assert len(client.get("/v1/disruptions?over=true").json()["disruptions"]) == 2


@pytest.mark.parametrize("method, path", [("POST", ""), ("PATCH", "/desk:1"), ("DELETE", "/desk:1")])
@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_without_the_token_nothing_is_written(
    client: TestClient, desk: Desk, method: str, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode()}
    answer = client.request(method, f"/v1/disruptions{path}", json=DETOUR, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert desk.disruptions.all() == []


def test_without_a_configured_token_writing_is_off_and_says_how_to_turn_it_on() -> None:
    client = TestClient(create_app(service_at(NOW)))
    answer = client.post("/v1/disruptions", json=DETOUR, headers=MAY_WRITE)
    assert answer.status_code == 403
    assert "desk_token" in answer.json()["detail"]
    assert client.get("/v1/disruptions").status_code == 200


@pytest.mark.parametrize(
    "said, problem",
    [
        ({"phrase": "detour"}, "no-lines"),
        ({"phrase": "stop_not_served"}, "no-stops"),
        ({"routes": ["bus-2"]}, "no-header"),
        ({"phrase": "detuor", "routes": ["bus-2"]}, "unknown-phrase"),
        ({"phrase": "detour", "routes": ["bus-3"]}, "unknown-route"),
        ({"phrase": "stop_not_served", "stops": ["gaer"]}, "unknown-stop"),
        ({**DETOUR, "ends_at": iso(NOW - 60)}, "ends-before-start"),
        ({**DETOUR, "ends_at": "tomorrow"}, "bad-parameter"),
        ({**DETOUR, "header": {"fr": "x" * 121}}, "bad-parameter"),
        ({**DETOUR, "rutes": []}, "bad-parameter"),
    ],
)
def test_what_cannot_be_published_is_refused_with_what_to_do(
    client: TestClient, desk: Desk, said: dict[str, Any], problem: str
) -> None:
    answer = client.post("/v1/disruptions", json=said, headers=MAY_WRITE)
    assert answer.json()["type"] == f"urn:prochain:{problem}"
    assert answer.status_code == (422 if problem == "bad-parameter" else 409)
    assert desk.disruptions.all() == []


@pytest.mark.parametrize("disruption_id", ["desk:99", "works", "x", "9" * 30])
def test_an_unknown_disruption_is_a_plain_404(client: TestClient, disruption_id: str) -> None:
    assert client.get(f"/v1/disruptions/{disruption_id}").status_code == 404
    assert client.delete(f"/v1/disruptions/{disruption_id}", headers=MAY_WRITE).status_code == 404


def test_a_restart_loses_nothing_and_gives_no_number_twice(tmp_path: Path) -> None:
    first = Desk(service_at(NOW), token=TOKEN, folder=tmp_path)
    published = publish(TestClient(create_app(first.service, first)), **DETOUR)
    # No close: the machine was switched off.
    second = Desk(service_at(NOW), token=TOKEN, folder=tmp_path)
    client = TestClient(create_app(second.service, second))
    assert published["disruption_id"] in alert_ids(client)
    assert client.get("/v1/disruptions").json()["disruptions"][0] == published
    assert publish(client, **DETOUR)["disruption_id"] != published["disruption_id"]


def test_what_the_disk_does_not_take_is_not_published(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(DeskDatabase, "save", full)
    answer = client.post("/v1/disruptions", json=DETOUR, headers=MAY_WRITE)
    assert (answer.status_code, answer.json()["type"]) == (507, "urn:prochain:not-saved")
    assert alert_ids(client) == ["works"]
    assert desk.disruptions.all() == []


def test_a_row_that_cannot_be_read_is_left_out_and_the_others_serve(tmp_path: Path) -> None:
    desk = Desk(service_at(NOW), token=TOKEN, folder=tmp_path)
    publish(TestClient(create_app(desk.service, desk)), **DETOUR)
    desk.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("INSERT INTO disruption (document) VALUES ('{half')")
    assert len(Desk(service_at(NOW), folder=tmp_path).disruptions.all()) == 1


def test_publishing_while_the_engine_steps_loses_no_message(desk: Desk) -> None:
    service = desk.service
    assert isinstance(service, Service)
    stopping = Event()

    def step() -> None:
        while not stopping.is_set():
            service.step(service.view.snapshot.made_at + 1)

    stepping = Thread(target=step)
    stepping.start()
    try:
        for number in range(1, 31):
            desk.disruptions.publish(Notice(header={"en": "x"}, shown_on="network", starts_at=NOW), NOW)
            assert len(service.view.own_alerts) == number
            time.sleep(0.002)
            assert len(service.view.own_alerts) == number
    finally:
        stopping.set()
        stepping.join()


def test_a_notice_for_stops_that_a_new_timetable_lacks_does_not_become_one_for_the_line() -> None:
    notice = Notice(header={"en": "x"}, routes=("bus-2",), stops=("gone",), shown_on="stops", starts_at=NOW)
    alert = alert_of(notice, town(), "desk:1")
    assert audience_of(alert, town()) == Audience((), ())


def test_the_audience_is_who_really_sees_it(client: TestClient) -> None:
    tt = town()
    for said in (
        {"shown_on": "lines", "routes": ["bus-2"]}, {"shown_on": "stops", "stops": ["gare"]},
        {"shown_on": "stops", "stops": ["liberte"], "routes": ["bus-2"]}, {"shown_on": "network"},
    ):  # fmt: skip
        published = publish(client, header={"en": "who sees this"}, **said)
        notice = Notice(header={"en": "x"}, starts_at=NOW, **said)
        audience = audience_of(alert_of(notice, tt, "x"), tt)
        seen = {stop for stop in range(tt.stops) if headers_at(client, STOPS[stop])}
        assert {stop for stop in seen if tt.stop_location_type[stop] == 0} == set(audience.stops), said
        pages = {r for r in range(2) if "who sees this" in client.get(f"/lines/{tt.route_id[r]}").text}
        assert pages == set(audience.routes), said
        client.delete(f"/v1/disruptions/{published['disruption_id']}", headers=MAY_WRITE)


@pytest.mark.parametrize(
    "text, values, said",
    [
        ("[{line}: ]detour[ via {via}]", {"line": "line 2"}, "Line 2: detour"),
        ("[{line}: ]detour[ via {via}]", {"via": "rue {line}"}, "Detour via rue {line}"),
        ("[{line.__class__}] {stops}", {"stops": "x"}, "{line.__class__} x"),
        ("{when}", {}, ""),
        ("{stops}", {"stops": "y" * 200}, "Y" + "y" * 118 + "…"),
    ],
)
def test_places_are_filled_and_empty_parts_left_out(text: str, values: dict[str, str], said: str) -> None:
    assert filled(text, values, 120) == said


def test_every_default_phrase_is_whole_in_all_languages() -> None:
    for phrase in default_phrases().values():
        assert phrase.unknown_places() == []
        for texts in (phrase.name, phrase.header, phrase.description):
            assert set(texts) == set(LANGUAGES)
