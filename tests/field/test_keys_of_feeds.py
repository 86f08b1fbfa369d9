"""A key goes to the host that it is for, and to no other: neither by a redirect nor with another feed's poll.

The kind: secrets of one server told to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from api.service.live import live_service
from api.service.settings import ConfigurationError, Settings, read_settings
from benchmarks.field.network import Network
from feeds.sources.feed_headers import headers_by_feed


class Host:
    """Answers with a timetable, or with an empty body; remembers the key that came with each request."""

    def __init__(self) -> None:
        self.keys: dict[str, str | None] = {}
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.keys[self.path] = self.headers["X-Api-Key"]
                body = Network().feed if self.path == "/gtfs" else b""
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@contextmanager
def hosts(number: int) -> Iterator[list[Host]]:
    made = [Host() for _ in range(number)]
    try:
        yield made
    finally:
        for host in made:
            host.server.shutdown()
            host.server.server_close()


def polled(tmp_path: Path, **settings: Any) -> None:
    """Ask each feed of a service once."""
    kept: dict[str, Any] = {
        "cache_dir": tmp_path / "cache", "data_dir": tmp_path / "data", "model": tmp_path / "model.npz",
    }  # fmt: skip
    given = Settings(**kept, **settings)
    service = live_service(given)
    for feed in service._feeds._feeds.values():  # type: ignore[attr-defined]
        feed.poll(0.0)
    service.stop()


def test_a_key_for_all_feeds_goes_to_the_host_of_the_first_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with hosts(2) as (own, other):
        feeds = {
            "gtfs": f"{other.url}/gtfs", "vehicle_positions": f"{own.url}/vp", "trip_updates": f"{own.url}/tu",
            "alerts": f"{other.url}/alerts",
        }  # fmt: skip
        polled(tmp_path, **feeds, headers={"X-Api-Key": "secret"})
    assert own.keys == {"/vp": "secret", "/tu": "secret"}
    assert other.keys == {"/gtfs": None, "/alerts": None}
    assert "not sent to alerts" in caplog.text
    assert "secret" not in caplog.text


def test_each_feed_has_its_own_key_the_timetable_too(tmp_path: Path) -> None:
    with hosts(2) as (own, other):
        feeds = {"gtfs": f"{other.url}/gtfs", "vehicle_positions": f"{own.url}/vp", "alerts": f"{other.url}/alerts"}
        keys = {"gtfs": {"X-Api-Key": "timetable"}, "alerts": {"X-Api-Key": "news"}}
        polled(tmp_path, **feeds, headers={"X-Api-Key": "secret"}, feed_headers=keys)
    assert own.keys == {"/vp": "secret"}
    assert other.keys == {"/gtfs": "timetable", "/alerts": "news"}


@pytest.mark.parametrize(
    ("home", "other", "goes"),
    [
        ("https://a.org/vp", "https://a.org/alerts?x=1", True),
        ("http://a.org/vp", "https://a.org/alerts", True),
        ("https://a.org/vp", "http://a.org/alerts", False),
        ("https://a.org/vp", "https://a.org:8443/alerts", False),
        ("https://a.org/vp", "https://b.a.org/alerts", False),
        ("https://a.org/vp", "https://a.org.evil.org/alerts", False),
        ("https://a.org/vp", "https://a.org@evil.org/alerts", False),
        ("https://a.org/vp", "https://[evil/alerts", False),
        ("https://A.org/vp", "https://a.ORG/alerts", True),
    ],
)
def test_a_host_is_the_same_by_name_port_and_secrecy(home: str, other: str, goes: bool) -> None:
    found, without = headers_by_feed({"vehicle_positions": home, "alerts": other}, {"apikey": "k", "Accept": "*/*"}, {})
    assert found["vehicle_positions"] == {"apikey": "k", "Accept": "*/*"}
    assert found["alerts"] == ({"apikey": "k", "Accept": "*/*"} if goes else {"Accept": "*/*"})
    assert without == ([] if goes else ["alerts"])


def test_a_feed_with_a_key_of_its_own_is_not_the_first_that_the_others_key_is_for() -> None:
    found, _ = headers_by_feed(
        {"vehicle_positions": "https://a.org", "trip_updates": "https://b.org"},
        {"apikey": "for b"}, {"vehicle_positions": {"apikey": "for a"}},
    )  # fmt: skip
    assert found == {"vehicle_positions": {"apikey": "for a"}, "trip_updates": {"apikey": "for b"}}


def test_a_mistake_in_the_settings_is_told_without_the_key(tmp_path: Path) -> None:
    file = tmp_path / "prochain.toml"
    file.write_text('[feed_headers.alert]\n"X-Api-Key" = "secret"\n')
    with pytest.raises(ConfigurationError, match="feed_headers") as raised:
        read_settings(file)
    assert "secret" not in str(raised.value)
