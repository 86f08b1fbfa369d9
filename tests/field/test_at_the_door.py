"""Who asks decides neither where a page leads nor how many others find room, and runs no script of his own.

The kind: what comes with a request is believed, or without bound.
"""

from __future__ import annotations

import re
import socket
import urllib.request
from base64 import b64encode
from contextlib import ExitStack
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from api.answers import doors
from api.answers.doors import Doors
from api.answers.root_path import own_path
from api.app import create_app
from api.command.port import listen
from api.desk.desk import Desk
from tests.api.serving import served
from tests.api.town import at, service_at

EVIL = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript"}


@pytest.fixture(scope="module")
def client() -> TestClient:
    service = service_at(at(8, 1))
    return TestClient(create_app(service, Desk(service, token="a token of the desk")), follow_redirects=False)


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/desk/", "/desk"),
        ("/v1/stops/", "/v1/stops"),
        ("/docs/?x=1", "/docs?x=1"),
        ("/desk", "/desk/login?next=%2Fdesk"),
        ("/desk/disruptions/", "/desk/disruptions"),
    ],
)
def test_a_redirect_leads_to_no_host_that_the_request_names(client: TestClient, address: str, leads_to: str) -> None:
    for headers in ({}, EVIL):
        answer = client.get(address, headers=headers)
        if answer.status_code in (303, 307):
            assert answer.headers["Location"] == leads_to
        assert "evil.example" not in f"{answer.headers}{answer.text}"
    assert client.get("/desk/", headers=EVIL).status_code == 307


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("http://evil.example/desk", "/desk"),
        ("//evil.example/desk", "/desk"),
        ("http://evil.example", "/"),
        ("/\\evil.example", "/evil.example"),
        ("http://[evil", "/"),
        ("/desk?next=http://evil.example", "/desk?next=http://evil.example"),
        ("?lang=fr#board", "?lang=fr#board"),
    ],
)
def test_a_location_is_a_path_of_ours(location: str, path: str) -> None:
    assert own_path(location) == path


@pytest.mark.parametrize("address", ["/alerts.rss", "/manifest.webmanifest", "/stops/liberte", "/screen/liberte"])
def test_a_cache_on_the_way_gives_what_is_said_in_one_language_to_no_reader_of_another(
    client: TestClient, address: str
) -> None:
    answer = client.get(address, headers={"Accept-Language": "fr"})
    assert "Accept-Language" in answer.headers["Vary"]
    assert answer.text != client.get(address, headers={"Accept-Language": "en"}).text


def test_a_created_disruption_says_where_it_is_without_a_host(client: TestClient) -> None:
    answer = client.post(
        "/v1/disruptions", json={"header": {"en": "x"}, "shown_on": "network"},
        headers={**EVIL, "Authorization": "Bearer a token of the desk"},
    )  # fmt: skip
    assert answer.status_code == 201
    assert "evil.example" not in str(answer.headers)


def test_the_api_page_lets_no_script_run_but_its_own(client: TestClient) -> None:
    answer = client.get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    (inline,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = b64encode(sha256(inline.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    for file in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert client.get(file).status_code == 200


def test_one_address_does_not_take_the_room_of_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_OF_AN_ADDRESS", 5)
    with served(service_at(at(8, 1))) as base, ExitStack() as opened:
        port = urlsplit(base).port
        held = [opened.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(5)]
        late = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        late.settimeout(5.0)
        late.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = late.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"Retry-After" in answer
        for connection in held:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            connection.close()
        with urllib.request.urlopen(f"{base}/metrics", timeout=60) as metrics:
            text = metrics.read().decode()
    assert "prochain_connections_refused 1.0" in text
    assert re.search(r"^prochain_connections [1-6]\.0$", text, re.MULTILINE)


def test_whoever_left_without_an_answer_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_OF_AN_ADDRESS", 300)
    listening = listen("127.0.0.1", 0)
    listening.listen(600)
    for _ in range(600):
        with socket.create_connection(listening.getsockname()) as gone:
            gone.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    with (
        served(service_at(at(8, 1)), listening) as base,
        urllib.request.urlopen(f"{base}/metrics", timeout=60) as metrics,
    ):
        assert "prochain_connections_refused 0.0" in metrics.read().decode()


def test_a_household_counts_as_one_and_a_proxy_that_is_believed_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_OF_AN_ADDRESS", 2)
    counted = Doors(["10.0.0.0/8"])
    assert [counted.enter(f"2001:db8::{i}") for i in range(3)] == [True, True, False]
    assert [counted.enter(host) for host in ("10.0.0.1", "10.0.0.1", "10.0.0.1", "::ffff:10.0.0.1")] == [True] * 4
    assert [counted.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    counted.leave("192.0.2.1")
    assert counted.enter("192.0.2.1")
    counted.limit_to_files(counted.open + 128)
    assert not counted.enter("192.0.2.9"), "room is left for files"
