"""What a request may bring: nothing large, nothing slow, and nothing at all from one who may not write."""

from __future__ import annotations

import json
import socket
import tracemalloc
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from api.answers import body_limit
from api.answers.body_limit import MOST_BYTES
from api.desk.desk import Desk
from tests.api.serving import served
from tests.api.town import at, service_at

TOKEN = "a token of the town"
MAY_WRITE = f"Authorization: Bearer {TOKEN}\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    service = service_at(at(8, 1))
    with served(service, desk=Desk(service, token=TOKEN)) as base:
        yield urlsplit(base).port or 0


def answered(port: int, head: str, *pieces: bytes, path: str = "/v1/disruptions") -> tuple[int, str]:
    """Status and kind of problem of a POST; what cannot be sent any more is left."""
    with socket.create_connection(("127.0.0.1", port), timeout=60.0) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: town\r\n{head}\r\n".encode())
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass
        received = b""
        while b"}" not in received and (more := connection.recv(65536)):
            received += more
    body = json.loads(received.partition(b"\r\n\r\n")[2] or b"{}")
    return int(received.split()[1]), body.get("type", "").removeprefix("urn:prochain:")


def chunk(size: int) -> bytes:
    return f"{size:x}\r\n".encode() + bytes(size) + b"\r\n"


def test_without_the_token_the_answer_comes_before_the_body(port: int) -> None:
    assert answered(port, "Content-Length: 400000\r\n") == (401, "no-token")
    assert answered(port, "Transfer-Encoding: chunked\r\n") == (401, "no-token")
    assert answered(port, "Content-Length: 9\r\nContent-Type: text/plain\r\n", path="/desk/disruptions/new")[0] == 303


@pytest.mark.parametrize("length", [str(MOST_BYTES + 1), "600000000", "9" * 15])
@pytest.mark.parametrize("path", ["/v1/disruptions", "/desk/login", "/stops/ff", "/nowhere"])
def test_a_body_announced_too_large_is_refused_before_it_comes(port: int, length: str, path: str) -> None:
    assert answered(port, f"{MAY_WRITE}Content-Length: {length}\r\n", path=path) == (413, "too-large")


def test_a_length_that_is_no_number_of_bytes_is_no_request(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60.0) as connection:
        connection.sendall(f"POST /v1/disruptions HTTP/1.1\r\nContent-Length: {'9' * 20}\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path", ["/v1/disruptions", "/desk/login"])
def test_a_body_that_turns_out_too_large_is_refused_without_being_kept(port: int, path: str) -> None:
    head = f"{MAY_WRITE}Transfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    piece = chunk(1_000_000)
    tracemalloc.start()
    try:
        assert answered(port, head, *[piece] * 60, path=path) == (413, "too-large")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_body_that_does_not_come_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "ARRIVES_WITHIN_S", 0.2)
    assert answered(port, f"{MAY_WRITE}Content-Length: 20\r\n", b"{") == (408, "too-slow")


def test_what_is_small_and_allowed_is_read_as_ever(port: int) -> None:
    said = b'{"header": {"en": "x"}, "shown_on": "network"}'
    head = f"{MAY_WRITE}Content-Type: application/json\r\nContent-Length: {len(said)}\r\n"
    assert answered(port, head, said)[0] == 201
