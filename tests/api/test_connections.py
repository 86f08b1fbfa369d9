"""Connections that say nothing are closed, files suffice for all streams, and the log does not repeat itself."""

from __future__ import annotations

import logging
import resource
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from api.command import connections
from api.command.connections import allow_many_files
from api.command.log_lines import Folded
from api.command.port import listen
from tests.api.serving import served
from tests.api.town import at, service_at

_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: town\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        _HEALTH,
        # Answered already, and never whole.
        _HEALTH + b"Content-Length: 100000\r\n\r\n",
        _HEALTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer: ",
    ],
)
def test_a_connection_that_asks_nothing_whole_is_closed_however_it_drips(
    head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADERS_WITHIN_S", 0.2)
    with served(service_at(at(8, 1))) as base, socket.create_connection(("127.0.0.1", urlsplit(base).port)) as slow:
        slow.settimeout(0.05)
        slow.sendall(head)
        began, closed = time.monotonic(), False
        while not closed and time.monotonic() - began < 60.0:
            try:
                if head:
                    slow.sendall(b"X")
                closed = slow.recv(1) == b""
            except TimeoutError:
                pass
            except OSError:
                closed = True
        assert closed


def test_a_request_that_came_in_time_is_answered_and_the_next_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_WITHIN_S", 0.5)
    with served(service_at(at(8, 1))) as base, socket.create_connection(("127.0.0.1", urlsplit(base).port)) as kept:
        for _ in range(2):
            kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: town\r\n\r\n")
            received = b""
            while not received.endswith(b"}"):
                received += kept.recv(65536)
            assert received.startswith(b"HTTP/1.1 200")
            time.sleep(0.8)


def test_an_answer_comes_in_one_piece() -> None:
    with served(service_at(at(8, 1))) as base:
        for asked, ends in ((b"GET", b"}"), (b"HEAD", b"\r\n\r\n")):
            with socket.create_connection(("127.0.0.1", urlsplit(base).port)) as asking:
                asking.sendall(_HEALTH.replace(b"GET", asked) + b"\r\n")
                assert asking.recv(65536).endswith(ends)


def test_a_request_to_two_hosts_is_refused() -> None:
    with served(service_at(at(8, 1))) as base:
        for hosts, status in ((b"", b"200"), (b"Host: village\r\n", b"400"), (b"host: town\r\n", b"400")):
            with socket.create_connection(("127.0.0.1", urlsplit(base).port)) as asking:
                asking.sendall(_HEALTH + hosts + b"\r\n")
                assert asking.recv(65536).startswith(b"HTTP/1.1 " + status)


def test_what_nobody_takes_is_not_kept_without_end() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


def test_the_process_may_open_as_many_files_as_the_system_lets_it() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        assert allow_many_files() == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_repeated_line_is_said_once_a_minute_with_how_often() -> None:
    now = 0.0
    folded = Folded(lambda: now)

    def said(text: str, level: int = logging.WARNING) -> str | None:
        record = logging.LogRecord("prochain", level, "file", 1, "Feed %s fails.", (text,), None)
        return record.getMessage() if folded.filter(record) else None

    assert [said("a"), said("a"), said("b"), said("a")] == ["Feed a fails.", None, "Feed b fails.", None]
    assert said("a", logging.ERROR) == "Feed a fails."
    now = 61.0
    assert said("a") == "Feed a fails. (and 2 more times before)"
    assert said("a") is None
    for number in range(5000):
        assert said(str(number))


def test_headers_without_end_are_refused_and_others_answered() -> None:
    with served(service_at(at(8, 1))) as base, socket.create_connection(("127.0.0.1", urlsplit(base).port)) as endless:
        endless.settimeout(5.0)
        endless.sendall(b"GET /healthz HTTP/1.1\r\nHost: town\r\n")
        with pytest.raises(ConnectionError):
            for number in range(20_000):
                endless.sendall(b"X-%d: %s\r\n" % (number, b"x" * 100))
        assert httpx.get(f"{base}/healthz").status_code == 200
