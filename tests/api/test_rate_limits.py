"""Nobody asks without end for what costs, nor guesses tokens without end; others are not held back by it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from fastapi.testclient import TestClient

from api.answers import announcer, rate_limits
from api.app import create_app
from api.desk.desk import Desk
from tests.api.town import at, service_at

TOKEN = "a token of the town"
WRONG, RIGHT = {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}"}
SAID = {"header": {"en": "x"}, "shown_on": "network"}


def town(*, trusted_proxies: Sequence[str] = (), peer: str = "192.0.2.1") -> TestClient:
    service = service_at(at(8, 1))
    app = create_app(service, Desk(service, token=TOKEN), trusted_proxies=trusted_proxies)
    return TestClient(app, client=(peer, 50000))


def other(client: TestClient, peer: str) -> TestClient:
    return TestClient(client.app, client=(peer, 50000))


def guesses(client: TestClient, count: int = 15, headers: dict[str, str] | None = None) -> list[int]:
    return [client.post("/v1/disruptions", headers={**WRONG, **(headers or {})}).status_code for _ in range(count)]


def test_a_guesser_is_stopped_told_when_to_come_again_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    client = town()
    with caplog.at_level(logging.WARNING):
        assert guesses(client) == [401] * 10 + [429] * 5
    refused = client.post("/v1/disruptions", headers=RIGHT, json=SAID)
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:prochain:too-often")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert caplog.text.count("wrong token from 192.0.2.1") == 10
    assert "Bearer" not in caplog.text


def test_guesses_at_the_desk_and_over_the_api_are_counted_together() -> None:
    client = town()
    guesses(client, 5)
    said = [client.post("/desk/login", data={"token": f"wrong {i}"}).status_code for i in range(8)]
    assert said == [403] * 5 + [429] * 3
    assert client.post("/desk/login", data={"token": TOKEN}).status_code == 429


def test_a_guesser_keeps_no_officer_out() -> None:
    client = town()
    guesses(client)
    assert other(client, "192.0.2.2").post("/v1/disruptions", headers=RIGHT, json=SAID).status_code == 201


def test_one_household_has_one_count_however_many_addresses_it_has() -> None:
    client = town(peer="2001:db8:0:1::1")
    guesses(client)
    assert guesses(other(client, "2001:db8:0:1:ffff::2"), 1) == [429]
    assert guesses(other(client, "2001:db8:0:2::1"), 1) == [401]


def test_whom_nobody_named_a_proxy_is_not_believed_to_be_one(caplog: pytest.LogCaptureFixture) -> None:
    client = town()
    said = [guesses(client, 1, {"X-Forwarded-For": f"198.51.100.{i}"})[0] for i in range(12)]
    assert said[-2:] == [429, 429]
    assert caplog.text.count("trusted_proxies") == 1


def test_behind_a_named_proxy_each_client_has_its_own_count() -> None:
    client = town(trusted_proxies=["192.0.2.0/24"])
    for i in range(12):
        assert guesses(client, 1, {"X-Forwarded-For": f"198.51.100.{i}"}) == [401]
    # What a client itself writes there stands before what the proxy saw.
    said = [guesses(client, 1, {"X-Forwarded-For": f"203.0.113.{i}, 198.51.100.99"})[0] for i in range(12)]
    assert said == [401] * 10 + [429] * 2


@pytest.mark.parametrize(
    "limit, address",
    [
        ("SEARCHES", "/v1/stops?q=gare"),
        ("SEARCHES", "/?q=gare"),
        ("SEARCHES", "/?q=gare&fragment=1"),
        ("SEARCHES", "/?near=47.39,0.69"),
        ("EXPLANATIONS", "/v1/stops/ff/explain"),
    ],
)
def test_what_costs_is_given_so_often_and_no_more(limit: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getattr(rate_limits, limit)[0], "amount", 4)
    client = town()
    answers = [client.get(address) for _ in range(6)]
    assert [answer.status_code == 429 for answer in answers] == [False] * 4 + [True] * 2
    assert answers[-1].headers["Retry-After"]
    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 200


def test_no_client_takes_all_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "_MOST_OF_A_CLIENT", 0)
    client = town()
    address = next(stop["stop_id"] for stop in client.get("/v1/stops").json()["stops"])
    for path in (f"/v1/stops/{address}/stream", f"/stops/{address}/stream", f"/screen/{address}?only=stream"):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:prochain:too-many-streams")
        assert int(refused.headers["Retry-After"]) > 0
