"""Many who ask at once, slowly, or for what is not theirs."""

from __future__ import annotations

import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from benchmarks.faults.prochain import Running, serve
from benchmarks.faults.scenario import scenario
from benchmarks.faults.stage import Stage, expect

AT_ONCE = 10
"""So many may be let in beyond a limit, which they come to in the same moment."""
STREAM = b"GET /v1/stops/B/stream HTTP/1.1\r\nHost: town\r\n\r\n"


def opened(stage: Stage, running: Running, number: int, ask: bytes = STREAM) -> list[socket.socket]:
    """Connections that ask, 500 from each of as many addresses of this machine as it takes."""
    made = []
    for k in range(number):
        source = (f"127.0.1.{1 + k // 500}", 0)
        connection = socket.create_connection(("127.0.0.1", running.port), timeout=20.0, source_address=source)
        stage.held.callback(connection.close)
        connection.sendall(ask)
        made.append(connection)
    return made


def answers(connections: list[socket.socket]) -> Counter[str]:
    """How many were answered by each status."""
    found: Counter[str] = Counter()
    for connection in connections:
        connection.settimeout(20.0)
        with suppress(OSError):
            found[connection.recv(64).split(b" ")[1].decode()] += 1
    return found


def closed_however_they_drip(stage: Stage, begin: bytes) -> None:
    """300 connections that begin so and then send a byte each second are closed, while others get their boards."""
    running = serve(stage)
    connections = opened(stage, running, 300, begin)
    closed = 0
    for _ in range(14):
        for connection in connections:
            with suppress(OSError):
                connection.send(b"X")
        time.sleep(1.0)
    running.board_within(1.0)
    for connection in connections:
        connection.settimeout(0.2)
        try:
            while connection.recv(4096):
                pass
            closed += 1
        except TimeoutError:
            pass
        except OSError:
            closed += 1
    expect(closed, 300, "closed")


@scenario("10,000 streams from 20 addresses", "all are served; boards come within 2 s", quick=False)
def ten_thousand_streams(stage: Stage) -> None:
    running = serve(stage)
    connections = opened(stage, running, 10_000)
    statuses = answers(connections)
    expect(set(statuses), {"200"}, "answers")
    running.board_within(2.0)


@scenario(
    "600 streams from one address", "500 are served, the others refused with 429; boards come at once", quick=False
)
def streams_of_one_client(stage: Stage) -> None:
    running = serve(stage)
    made = []
    for _ in range(600):
        connection = socket.create_connection(("127.0.0.1", running.port))
        stage.held.callback(connection.close)
        connection.sendall(STREAM)
        made.append(connection)
    statuses = answers(made)
    expect(sum(statuses.values()), 600, "answers")
    assert abs(statuses["200"] - 500) <= AT_ONCE, f"{statuses['200']} streams served"
    running.board_within(1.0)


@scenario("300 streams whose readers take nothing", "others get their boards at once, memory stays", quick=False)
def readers_that_take_nothing(stage: Stage) -> None:
    running = serve(stage)
    before = running.memory_mb()
    opened(stage, running, 300)
    time.sleep(10.0)
    running.board_within(1.0)
    grown = running.memory_mb() - before
    assert grown < 150, f"{grown:.0f} MB more"


@scenario(
    "300 connections that send a byte of their headers each second",
    "boards come at once; they are closed after 10 s",
    quick=False,
)
def dripping_requests(stage: Stage) -> None:
    closed_however_they_drip(stage, b"GET /healthz HTTP/1.1\r\n")


@scenario(
    "300 requests that are answered before their bodies are whole, which go on a byte each second",
    "boards come at once; they are closed after 10 s",
    quick=False,
)
def bodies_that_nobody_reads(stage: Stage) -> None:
    closed_however_they_drip(stage, b"GET /healthz HTTP/1.1\r\nHost: town\r\nContent-Length: 100000\r\n\r\n")


@scenario(
    "80 at once ask why buses did not come",
    "boards and health come within a second; the last are told when to come again",
    quick=False,
)
def many_ask_why(stage: Stage) -> None:
    running = serve(stage)
    address = f"/v1/stops/B/explain?time={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with ThreadPoolExecutor(80) as many:
        asked = [many.submit(running.ask, address, None, 60.0) for _ in range(80)]
        time.sleep(0.2)
        running.board_within(1.0)
        expect(running.ask("/healthz", within_s=1.0)[0], 200, "/healthz")
        statuses = Counter(answer.result()[0] for answer in asked)
    assert set(statuses) <= {200, 429, 503}, statuses


@scenario("100 wrong tokens", "ten are told 401, the rest 429; the log names the address", quick=False)
def guesses_at_the_token(stage: Stage) -> None:
    running = serve(stage)
    wrong = {"Authorization": "Bearer wrong"}
    statuses = Counter(running.ask("/v1/disruptions", {}, headers=wrong)[0] for _ in range(100))
    expect((statuses[401], statuses[429]), (10, 90), "answers")
    running.board_within(1.0)


@scenario("a body of 600 MB without a token", "refused before it is read; memory stays", quick=False)
def a_huge_body(stage: Stage) -> None:
    running = serve(stage)
    before = running.memory_mb()
    connection = socket.create_connection(("127.0.0.1", running.port), timeout=20.0)
    stage.held.callback(connection.close)
    connection.sendall(b"POST /v1/disruptions HTTP/1.1\r\nHost: t\r\nContent-Length: 600000000\r\n\r\n")
    with suppress(OSError):
        for _ in range(600):
            connection.sendall(bytes(1 << 20))
    with suppress(OSError):
        status = connection.recv(64).split(b" ")[1]
        assert status in (b"401", b"413"), status
    running.board_within(1.0)
    grown = running.memory_mb() - before
    assert grown < 80, f"{grown:.0f} MB more"


@scenario(
    "2,000 requests a client never takes the answers of, on one connection each in turn",
    "boards come at once",
    quick=False,
)
def answers_that_nobody_takes(stage: Stage) -> None:
    running = serve(stage)
    ask = b"GET /v1/stops/B/departures HTTP/1.1\r\nHost: t\r\n\r\n"
    for _ in range(2000):
        with socket.create_connection(("127.0.0.1", running.port), timeout=5.0) as connection:
            connection.sendall(ask)
    running.board_within(1.0)
