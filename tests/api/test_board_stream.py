from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from api.answers import announcer
from api.answers.caching import as_json, digest_of
from api.panels import addresses
from api.reading import board
from api.reading.board import StopBoard, stop_boards
from api.service.clock import ShiftedClock
from api.service.service import Service
from tests.api.serving import served
from tests.api.town import at, service_at, town

NOW = at(8, 1)
A_MINUTE_IN_TWO_SECONDS = 30.0


@pytest.fixture
def service() -> Service:
    return service_at(NOW)


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with served(service) as address:
        yield address


# One for all: each new client takes long to set up.
client = httpx.Client(limits=httpx.Limits(max_connections=None), timeout=60.0)


class Listener:
    """One open stream."""

    def __init__(
        self, stack: ExitStack, address: str, stop: str = "hopital", query: str = "", path: str = "", **headers: str
    ) -> None:
        path = path or f"/v1/stops/{stop}/stream{query}"
        self.response = stack.enter_context(client.stream("GET", address + path, headers=headers))
        self._lines = self.response.iter_lines()

    def next(self) -> dict[str, str]:
        """The next event: `event`, `data`, and `id` where it has one."""
        event: dict[str, str] = {}
        for line in self._lines:
            if not line and event:
                return event
            name, _, value = line.partition(": ")
            event[name] = value
        raise EOFError

    def next_board(self) -> Any:
        while True:
            event = self.next()
            if event["event"] == "board":
                return json.loads(event["data"])


@pytest.fixture
def open_stream(address: str) -> Iterator[Callable[..., Listener]]:
    with ExitStack() as stack:
        yield lambda *args, **headers: Listener(stack, address, *args, **headers)


def it_is(service: Service, now: float) -> None:
    """From now on, and the service steps at once."""
    service.clock = ShiftedClock(now)
    service.stepping.wake()


def listeners(service_address: str) -> float:
    text = client.get(f"{service_address}/metrics").text
    return float(next(line for line in text.splitlines() if line.startswith("prochain_listeners ")).split()[1])


def listeners_left(service_address: str) -> float:
    """How many have not been noticed to be gone some seconds later."""
    deadline = time.monotonic() + 60.0
    while (left := listeners(service_address)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_who_asks_for_the_headers_of_a_stream_does_not_listen(address: str) -> None:
    head = client.head(f"{address}/v1/stops/hopital/stream")
    assert (head.status_code, head.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert listeners_left(address) == 0


def test_a_listener_is_given_the_board_at_once(address: str, open_stream: Callable[..., Listener]) -> None:
    listener = open_stream("hopital", "?limit=2&lang=fr")
    assert listener.response.headers["Content-Type"].startswith("text/event-stream")
    assert listener.response.headers["Cache-Control"] == "no-store"
    given = listener.next_board()
    polled = client.get(f"{address}/v1/stops/hopital/board?limit=2&lang=fr").json()
    assert given["departures"] == polled["departures"]


def test_who_listens_to_a_line_is_told_what_comes_at_each_of_its_stops(
    address: str, open_stream: Callable[..., Listener]
) -> None:
    path = "/v1/routes/tram-A/"
    event = open_stream(path=path + "stream").next()
    assert event["event"] == "departures"
    told = json.loads(event["data"])
    assert told["directions"] == client.get(f"{address}{path}departures").json()["directions"]
    (direction,) = told["directions"]
    assert (told["route"]["route_id"], direction["headsign"]) == ("tram-A", "Les Douets")
    coming = {stop["name"]: stop["departure"] for stop in direction["stops"]}
    assert list(coming) == ["Gare de Tours", "Place de la Liberté", "Hôpital Trousseau", "Les Douets"]
    # The tram has left the station, where the next one is cancelled; nobody boards where a line ends.
    assert [row and (row["trip_id"], row["status"]) for row in coming.values()] == [
        ("A-0840", "scheduled"), ("A-0800", "live"), ("A-0800", "live"), None,
    ]  # fmt: skip
    board = client.get(f"{address}/v1/stops/hopital/departures?limit=1").json()["departures"]
    assert coming["Hôpital Trousseau"] | {"data_age_s": 0} == board[0] | {"data_age_s": 0}
    assert client.get(f"{address}{path}departures?direction=1").json()["directions"] == []
    assert client.get(f"{address}/v1/routes/nowhere/stream").status_code == 404


def test_listeners_are_told_when_a_minute_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    # The new view wakes whoever tells them, and few boards are made at a time.
    for name, value in {"_LOOK_S": 60.0, "_MADE_FOR_S": 0.0, "_READ_TOGETHER": 2}.items():
        monkeypatch.setattr(announcer, name, value)
    service = service_at(at(8, 1, 1))
    with served(service) as address, ExitStack() as stack:
        crowd = [Listener(stack, address, "gare:2", f"?limit={limit}") for limit in range(1, 6)]
        for minutes in (3, 2, 1):
            it_is(service, at(8, 4 - minutes, 1))
            assert {listener.next_board()["departures"][0]["shown"] for listener in crowd} == {f"{minutes} min"}


def test_between_changes_a_heartbeat_says_how_the_feed_is(
    monkeypatch: pytest.MonkeyPatch, open_stream: Callable[..., Listener]
) -> None:
    monkeypatch.setattr(announcer, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(announcer, "_LOOK_S", 0.05)
    listener = open_stream("st-pierre", "?limit=1")
    assert listener.next()["event"] == "board"
    beat = listener.next()
    assert beat["event"] == "heartbeat"
    assert "id" not in beat, "a heartbeat must not change what is resumed from"
    assert json.loads(beat["data"])["feed_stopped"] is False


def test_who_comes_back_with_the_newest_id_is_not_sent_the_board_again(open_stream: Callable[..., Listener]) -> None:
    newest = open_stream("st-pierre", "?limit=1").next()["id"]
    assert open_stream("st-pierre", "?limit=1", **{"Last-Event-ID": newest}).next()["event"] == "heartbeat"
    assert open_stream("st-pierre", "?limit=1", **{"Last-Event-ID": "older"}).next()["event"] == "board"


def test_an_id_is_still_known_after_the_server_has_started_anew() -> None:
    first = service_at(NOW)
    with served(first) as address, ExitStack() as stack:
        newest = Listener(stack, address, "st-pierre", "?limit=1").next()["id"]
    with served(service_at(NOW)) as address, ExitStack() as stack:
        again = Listener(stack, address, "st-pierre", "?limit=1", **{"Last-Event-ID": newest})
        assert again.next()["event"] == "heartbeat"


def test_listeners_of_a_stop_share_one_board_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    read_at = []

    def counted(view: Any, stops: Sequence[int], now: float, *options: Any, **named: Any) -> list[StopBoard]:
        assert len(stops) == 1
        read_at.append((id(view), now))
        return stop_boards(view, stops, now, *options, **named)

    monkeypatch.setattr(board, "stop_boards", counted)
    service = service_at(at(8, 1, 1))
    with served(service) as address, ExitStack() as stack:
        crowd = [Listener(stack, address, "gare:2", f"?limit={1 + i % 3}") for i in range(12)]
        for minute in (1, 2):
            it_is(service, at(8, minute, 1))
            assert len({listener.next_board()["departures"][0]["shown"] for listener in crowd}) == 1
    # Each listener's first board may have been read for it alone; after that all share one.
    assert read_at
    assert len(read_at) - len(crowd) <= len({view for view, _ in read_at})


def test_what_says_nothing_new_is_not_written_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, written = Mock(wraps=digest_of), Mock(wraps=as_json)
    monkeypatch.setattr(addresses, "digest_of", looked)
    monkeypatch.setattr(addresses, "as_json", written)
    monkeypatch.setattr(announcer, "_REMAKE_S", 0.0)
    monkeypatch.setattr(announcer, "_LOOK_S", 0.01)
    with served(service_at(NOW)) as address, ExitStack() as stack:
        listener = Listener(stack, address, "st-pierre", "?limit=1")
        listener.next()
        deadline = time.monotonic() + 60.0
        while looked.call_count < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert looked.call_count >= 5
    assert written.call_count == 1


def test_listeners_hold_no_threads(address: str) -> None:
    with ExitStack() as stack:
        crowd = [Listener(stack, address) for _ in range(60)]  # more than the server has worker threads
        assert all(listener.next()["event"] == "board" for listener in crowd)
        assert client.get(f"{address}/v1/stops/hopital/board", timeout=60.0).status_code == 200
        assert listeners(address) == 60
    assert listeners_left(address) == 0


def test_streams_end_whole_when_the_server_stops(service: Service) -> None:
    with ExitStack() as stack:
        with served(service) as address:
            crowd = [Listener(stack, address) for _ in range(3)]
            for listener in crowd:
                listener.next()
        for listener in crowd:
            with pytest.raises(EOFError):  # the end of the answer, not a broken connection
                listener.next()


def test_a_stream_ends_when_its_stop_is_no_longer_in_the_timetable() -> None:
    service = service_at(NOW, speed=A_MINUTE_IN_TWO_SECONDS)
    newer = town()
    newer.stop_id[newer.stop_id == "hopital"] = "clinic"
    object.__setattr__(newer, "feed_version", "newer")
    with served(service) as address, ExitStack() as stack:
        listener = Listener(stack, address)
        listener.next()
        service.offer_timetable(newer)
        with pytest.raises(EOFError):
            while True:
                listener.next()
        assert client.get(f"{address}/v1/stops/hopital/stream").status_code == 404


def test_beyond_the_limit_a_listener_is_asked_to_poll(
    monkeypatch: pytest.MonkeyPatch, address: str, open_stream: Callable[..., Listener]
) -> None:
    monkeypatch.setattr(announcer, "_MOST_LISTENERS", 1)
    listener = open_stream("hopital")
    listener.next()
    refused = client.get(f"{address}/v1/stops/hopital/stream")
    assert refused.status_code == 503
    assert "poll" in refused.json()["detail"]


def test_a_board_that_fails_leaves_its_listeners_the_last_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(announcer, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(announcer, "_LOOK_S", 0.1)
    service = service_at(NOW)
    with served(service) as address, ExitStack() as stack:
        listener = Listener(stack, address)
        assert listener.next()["event"] == "board"
        with monkeypatch.context() as broken:
            broken.setattr(board, "stop_boards", lambda *_, **__: 1 / 0)
            it_is(service, at(8, 2))
            while "cannot be announced" not in caplog.text:
                listener.next()
        it_is(service, at(8, 3))
        assert listener.next_board()["departures"]
