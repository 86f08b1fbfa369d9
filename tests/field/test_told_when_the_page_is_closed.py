"""A rider who closed the page is told when the bus is five minutes away: once, at the right minute, by a message that
only this browser can read; then nothing is known of the rider any more."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import http_ece
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from py_vapid import Vapid02

from api.app import create_app
from api.pages.push_sender import PushSender
from api.pages.reminders import EARLY_S, MOST_OF_ONE, Reminder, Reminders
from api.reading.journey import journey_of, run_meant
from api.reading.moment import Moment
from api.service.clock import ShiftedClock
from api.service.service import Service
from api.service.settings import Settings
from benchmarks.field.city import City
from benchmarks.field.faces import only, text
from benchmarks.field.messages import StopUpdate, update
from benchmarks.field.network import Pattern, Stop, Trip, network
from tests.api.town import at, service_at

HOSTS = Settings.model_fields["push_hosts"].default
ENDPOINT = "https://fcm.googleapis.com/fcm/send/a-browser"
NOW = at(7, 57)


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Browser:
    """Has keys of its own, and reads what is sent to it."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self._key, self._secret, self._endpoint = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), endpoint

    def asks(self, **others: Any) -> dict[str, Any]:
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {
            "endpoint": self._endpoint, "expirationTime": None,
            "keys": {"p256dh": encoded(point), "auth": encoded(self._secret)},
            "trip": "A-0800", "date": "2026-03-02", "start": "", "stop": "douets", **others,
        }  # fmt: skip

    def reads(self, request: httpx.Request) -> dict[str, str]:
        said: dict[str, str] = json.loads(
            http_ece.decrypt(request.content, private_key=self._key, auth_secret=self._secret, version="aes128gcm")
        )
        return said


@dataclass
class PushService:
    """A browser's maker's, that keeps what it is sent."""

    answers: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(201)
    asked: list[httpx.Request] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            return self.answers(request)

        return httpx.MockTransport(answer)


@dataclass
class Town:
    """A service over HTTPS, and those who wait."""

    service: Service
    push: PushService
    reminders: Reminders
    client: TestClient

    def at(self, now: float) -> None:
        """Look at a time, until nothing is being sent."""
        self.service.clock = ShiftedClock(now, 0.0)
        self.reminders.look()
        deadline = time.monotonic() + 60.0
        while self.reminders.sending and time.monotonic() < deadline:
            time.sleep(0.005)

    def low(self) -> float:
        """The early end of the range at the rider's stop."""
        moment = Moment(self.service.view, self.service.clock.now())
        tt = moment.timetable
        trip = tt.trip_index["A-0800"]
        call = journey_of(moment, trip, *run_meant(moment, trip, "2026-03-02")).calls[-1]
        return call.published if call.p10 is None else call.p10


def opened(folder: Path | None, push: PushService | None = None, base: str = "https://town.example") -> Town:
    push = push or PushService()
    service = service_at(NOW)
    reminders = Reminders(service, PushSender(folder, HOSTS, push.transport()), folder)
    client = TestClient(create_app(service, reminders=reminders), base_url=base, headers={"Accept-Language": "en"})
    return Town(service, push, reminders, client)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    yield opened(tmp_path)


def test_the_rider_is_told_once_at_the_right_minute_and_then_forgotten(town: Town, tmp_path: Path) -> None:
    browser = Browser()
    for _ in range(2):
        assert town.client.post("/push/reminders", json=browser.asks()).status_code == 204
    near = town.low() - EARLY_S
    assert near > NOW
    for now in (NOW, near - 31.0, near - 1.0):
        town.at(now)
    assert (town.push.asked, town.reminders.count) == ([], 1)
    assert "prochain_push_waiting 1.0" in town.client.get("/metrics").text
    for now in (near, near + 1.0, near + 40.0):
        town.at(now)
    (request,) = town.push.asked
    assert str(request.url) == ENDPOINT
    assert browser.reads(request) == {
        "title": "Line A to Les Douets", "body": "At Les Douets in 5 min.", "tag": "ride:douets",
        "address": "trips/A-0800?date=2026-03-02&stop=douets",
    }  # fmt: skip
    assert b"Douets" not in request.content
    assert 'prochain_push_messages_total{outcome="sent"} 1.0' in town.client.get("/metrics").text
    assert Vapid02.verify(request.headers["Authorization"])
    assert town.reminders.count == 0
    town.reminders.close()
    assert ENDPOINT.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("reminders.sqlite*"))


def test_who_waits_is_told_after_a_restart_too_by_the_same_keys(tmp_path: Path) -> None:
    browser, before = Browser(), opened(tmp_path)
    assert before.client.post("/push/reminders", json=browser.asks()).status_code == 204
    before.reminders.close()
    after = opened(tmp_path)
    assert after.reminders.sender.public_key == before.reminders.sender.public_key
    assert (tmp_path / "vapid.pem").stat().st_mode & 0o077 == 0
    after.at(after.low() - EARLY_S)
    assert [browser.reads(request)["tag"] for request in after.push.asked] == ["ride:douets"]


def test_who_thinks_better_of_it_is_not_told(town: Town) -> None:
    asks = Browser().asks()
    town.client.post("/push/reminders", json=asks)
    assert town.client.request("DELETE", "/push/reminders", json=asks).status_code == 204
    town.at(town.low() - EARLY_S)
    assert town.push.asked == []


def test_of_a_cancelled_departure_the_rider_is_told_at_once(town: Town) -> None:
    browser = Browser()
    assert town.client.post("/push/reminders", json=browser.asks(trip="A-0820", stop="hopital")).status_code == 204
    town.at(NOW)
    assert [browser.reads(request)["body"] for request in town.push.asked] == [
        "It does not come to Hôpital Trousseau: cancelled."
    ]


@pytest.mark.parametrize("status, times", [(201, 1), (410, 1), (500, 3), (302, 3), (0, 3)])
def test_a_push_service_that_refuses_or_fails_is_asked_a_few_times_at_most(
    tmp_path: Path, status: int, times: int
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if not status:
            raise httpx.ReadTimeout("slow")
        return httpx.Response(status, headers={"Location": "http://169.254.169.254/latest"})

    town = opened(tmp_path, PushService(answer))
    town.client.post("/push/reminders", json=Browser().asks())
    near = town.low() - EARLY_S
    for seconds in range(0, 60, 11):
        town.at(near + seconds)
    assert [str(request.url) for request in town.push.asked] == [ENDPOINT] * times
    assert town.reminders.count == 0


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x", "https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest",
        "https://evil.example/fcm.googleapis.com", "https://fcm.googleapis.com.evil.example/x",
        "https://fcm.googleapis.com:8443/x", "https://fcm.googleapis.com@evil.example/x",
        "https://evilfcm.googleapis.com/", "",
        "https://user:word@fcm.googleapis.com/x", "file:///etc/passwd", "https://push.services.mozilla.com.x/y",
        "https://fcm.googleapis.com\\@evil.example/x", "https://fcm.googleapis.com/\n", "https://fcm.googleapis.com:x/",
    ],
)  # fmt: skip
def test_nobody_has_us_ask_another_address_than_a_known_push_service(town: Town, endpoint: str) -> None:
    assert town.client.post("/push/reminders", json=Browser(endpoint).asks()).status_code in (409, 422)
    assert town.reminders.count == 0


@pytest.mark.parametrize(
    "endpoint",
    ["https://updates.push.services.mozilla.com/wpush/v2/x", "https://web.push.apple.com/QX", "https://wns2-par02p.notify.windows.com/w/?token=x"],
)  # fmt: skip
def test_the_push_services_of_the_browsers_are_known(town: Town, endpoint: str) -> None:
    assert town.client.post("/push/reminders", json=Browser(endpoint).asks()).status_code == 204


@pytest.mark.parametrize(
    "others",
    [
        {"trip": "gone"}, {"stop": "gone"}, {"stop": "st-pierre"}, {"date": "2026-03-09"}, {"date": "x"},
        {"trip": "A-2420"}, {"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, {"keys": {"p256dh": "é", "auth": ""}},
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(town: Town, others: dict[str, Any]) -> None:
    assert town.client.post("/push/reminders", json=Browser().asks(**others)).status_code == 409


def test_one_browser_waits_for_few_buses_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = opened(None)
    monkeypatch.setattr("api.pages.reminders.MOST", MOST_OF_ONE)
    runs = [(trip, stop) for trip in ("A-0800", "A-0840") for stop in ("gare:1", "liberte", "hopital", "douets")]
    runs += [("2-0835", stop) for stop in ("gare:2", "st-pierre", "liberte")]
    answers = [town.client.post("/push/reminders", json=Browser().asks(trip=trip, stop=stop)) for trip, stop in runs]
    assert [answer.status_code for answer in answers] == [204] * MOST_OF_ONE + [503]


@pytest.mark.parametrize(
    "base, offered", [("https://town.example", True), ("http://localhost", True), ("http://town.example", False)]
)
def test_push_is_offered_over_https_and_on_this_machine_alone(base: str, offered: bool) -> None:
    town = opened(None, base=base)
    assert ("data-push" in town.client.get("/trips/A-0800?stop=douets").text) is offered
    assert town.client.post("/push/reminders", json=Browser().asks()).status_code == (204 if offered else 404)


@pytest.mark.parametrize(
    "base, site",
    [("https://town.example:8443", "https://town.example"), ("http://localhost:8000", "https://localhost"),
     ("http://127.0.0.1:8000", "https://127.0.0.1"), ("http://[::1]:8000", "https://localhost")],
)  # fmt: skip
def test_wherever_it_is_served_the_push_service_is_told_who_asks(base: str, site: str) -> None:
    town, browser = opened(None, base=base), Browser()
    assert town.client.post("/push/reminders", json=browser.asks()).status_code == 204
    town.at(town.low() - EARLY_S)
    (request,) = town.push.asked
    claims = request.headers["Authorization"].split(".")[1]
    assert json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"] == site


def test_switched_off_nothing_is_offered() -> None:
    client = TestClient(create_app(service_at(NOW)), base_url="https://town.example")
    assert "data-push" not in client.get("/trips/A-0800?stop=douets").text
    assert client.post("/push/reminders", json=Browser().asks()).status_code == 404


def test_a_damaged_key_or_list_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "vapid.pem").write_text("no key")
    with sqlite3.connect(tmp_path / "reminders.sqlite") as kept:
        kept.execute("CREATE TABLE reminder (key TEXT PRIMARY KEY, document TEXT NOT NULL)")
        kept.execute("INSERT INTO reminder VALUES ('x', 'no reminder')")
    town = opened(tmp_path)
    assert town.client.post("/push/reminders", json=Browser().asks()).status_code == 204


def test_who_waits_where_the_operator_changes_the_run_is_told_of_the_change() -> None:
    platforms = (Stop("S", 600.0, location_type=1), Stop("S1", 600.0, parent="S", platform="1"),
                 Stop("S2", 600.0, 20.0, parent="S", platform="2"))  # fmt: skip
    stops = (Stop("A", 0.0), *platforms, Stop("C", 1200.0), Stop("X", 1200.0, 90.0, name="Road"), Stop("E", 1800.0))
    city = City(network(stops, "A S1 C E"), at="07:50")
    rider, push = Browser(), PushService()
    reminders = Reminders(city.service, PushSender(None, HOSTS, push.transport()), None)

    def told() -> list[tuple[str, str]]:
        """What was told since the last time, with the stop that the rider asked for: sent at once, in any order."""
        reminders.look()
        deadline = time.monotonic() + 60.0
        while reminders.sending and time.monotonic() < deadline:
            time.sleep(0.005)
        messages = [rider.reads(request) for request in push.asked]
        push.asked.clear()
        return sorted((message["tag"].removeprefix("ride:"), message["body"]) for message in messages)

    def waits(stop: str) -> None:
        asked = rider.asks(trip="t1", date="2026-11-26", stop=stop)
        named = {"trip_id": asked["trip"], "stop_id": stop, "date": asked["date"], "start": ""}
        reader = {"language": "en", "site": "https://town.example", "endpoint": asked["endpoint"]}
        reminders.add(Reminder(**named, **reader, **asked["keys"]))

    waits("S1")
    waits("S")
    assert told() == []
    city.trip_updates(update("t1", StopUpdate("S1", delay=0, assigned_stop="S2")))
    assert told() == [], "it is far away"
    yours = only(city.page("/trips/t1", stop="S1"), "li.yours")
    assert "Platform 2 your stop" in text(yours) and yours.attributes["data-stop"] == "S1"
    city.at("07:57:30")
    assert told() == [(stop, "At Stop S, Platform 2 in 4 min.") for stop in ("S", "S1")]
    waits("C")
    detour = (
        StopUpdate(stop, at, at) for stop, at in (("A", "08:00"), ("S1", "08:02"), ("X", "08:05"), ("E", "08:06"))
    )
    city.trip_updates(update("t1", *detour, relationship="REPLACEMENT"))
    assert told() == []
    assert text(only(city.page("/trips/t1", stop="C"), "li.yours .stop-name")).startswith("Road")
    city.at("08:00:30")
    assert told() == [("C", "At Road in 4 min.")]
    city.trip_updates()
    waits("C")
    past = (StopUpdate(stop, at, at) for stop, at in (("A", "08:00"), ("S1", "08:02"), ("E", "08:06")))
    city.trip_updates(update("t1", *past, relationship="REPLACEMENT"))
    assert told() == [("C", "It does not come to Stop C: cancelled.")]
    assert reminders.count == 0
    reminders.close()


def test_who_waits_for_the_second_visit_of_a_loop_is_not_told_of_the_first() -> None:
    loop = network("A B C D", (Pattern("main", "A B C D A B"),), (Trip("t1", "08:00"),))
    city, rider, push = City(loop, at="07:58"), Browser(), PushService()
    reminders = Reminders(city.service, PushSender(None, HOSTS, push.transport()), None)
    for visit in ("", "6"):
        asked = rider.asks(trip="t1", date="2026-11-26", stop="B")
        named = {"trip_id": "t1", "stop_id": "B", "visit": visit, "date": asked["date"], "start": ""}
        reader = {"language": "en", "site": "https://town.example", "endpoint": asked["endpoint"]}
        reminders.add(Reminder(**named, **reader, **asked["keys"]))

    def told() -> list[str]:
        reminders.look()
        deadline = time.monotonic() + 60.0
        while reminders.sending and time.monotonic() < deadline:
            time.sleep(0.005)
        found = [rider.reads(request)["address"] for request in push.asked]
        push.asked.clear()
        return found

    assert told() == ["trips/t1?date=2026-11-26&stop=B"]
    city.at("08:04")
    assert told() == []
    city.at("08:06")
    assert told() == ["trips/t1?date=2026-11-26&stop=B&visit=6"]
