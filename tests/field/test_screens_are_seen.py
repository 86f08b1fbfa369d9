"""An officer who is told "the screen in the north hall shows nothing" finds at the desk when it asked last, what it
shows, and why it shows nothing."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.answers.screens_seen import FILE_NAME, FORGOTTEN_S, MOST_SCREENS, ScreenKey, ScreenSeen, ScreensSeen
from api.app import create_app
from api.desk.desk import Desk
from api.service.clock import ShiftedClock
from api.service.exchange import FolderExchange
from feeds.reading import Reading
from feeds.storage.whole_file import DAMAGED
from tests.api.town import at, service_at, tram_on_time

NOW = at(8, 1)
TOKEN = "a token of the town"


@pytest.fixture
def client() -> TestClient:
    def read(now: float) -> Reading:
        return replace(tram_on_time(now), trip_updates=None)

    desk = Desk(service_at(NOW, read), token=TOKEN)
    client = TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})
    client.post("/desk/login", data={"token": TOKEN})
    return client


def rows(client: TestClient) -> list[str]:
    page = client.get("/desk/screens").text
    found = re.findall(r'<li class="(good|bad)">(.*?)</li>', page, re.DOTALL)
    return [f"{state} {' '.join(html.unescape(re.sub('<[^>]*>', ' ', row)).split())}" for state, row in found]


@pytest.mark.parametrize(
    "address, row",
    [
        ("/screen/liberte?name=North+hall",
         "good North hall screen Place de la Liberté: 4 departures, 1 of them live, the next at 08:01. "
         "/screen/liberte?name=North+hall asked 0 s ago since 08:01"),
        ("/screen/liberte?only=board&lang=fr",
         "good Place de la Liberté screen Place de la Liberté: 4 departures, 1 of them live, the next at 08:01. "
         "/screen/liberte asked 0 s ago since 08:01"),
        ("/v1/stops/liberte/board?name=Totem",
         "good Totem panel Place de la Liberté: 4 departures, 1 of them live, the next at 08:01. "
         "/v1/stops/liberte/board?name=Totem asked 0 s ago since 08:01"),
        ("/screen/1142",
         "bad 1142 screen The timetable has no stop “1142”: check its address, or whether the stop was given another "
         "id. "
         "/screen/1142 asked 0 s ago since 08:01"),
        ("/screen/douets",
         "bad Les Douets screen Les Douets: nothing leaves in the hours that it shows. "
         "Passengers only get off here: nothing can be boarded in the coming days. "
         "/screen/douets asked 0 s ago since 08:01"),
    ],
)  # fmt: skip
def test_a_screen_is_told_with_what_it_shows_or_why_it_shows_nothing(
    client: TestClient, address: str, row: str
) -> None:
    client.get(address)
    assert rows(client) == [row]


def test_one_that_has_fallen_silent_comes_first(client: TestClient) -> None:
    client.get("/screen/liberte?name=B")
    service = client.app.state.service  # type: ignore[attr-defined]
    service.clock = ShiftedClock(NOW + 660, 0.0)
    client.get("/screen/liberte?name=A")
    (first, second) = rows(client)
    assert first.startswith("bad B screen It has not asked for 11 min: it is switched off, or its network is.")
    assert second.startswith("good A screen")


def test_an_open_stream_is_heard_of_until_it_closes() -> None:
    seen, clock, key = ScreensSeen(), ShiftedClock(NOW, 0.0), ScreenKey("screen", ("a",))
    with seen.listening(key, clock), seen.listening(key, clock):
        assert [(one.streams, one.silent(NOW + 9999)) for one in seen.all(NOW + FORGOTTEN_S + 9)] == [(2, False)]
    assert [(one.streams, one.silent(NOW + 9999)) for one in seen.all(NOW)] == [(0, True)]


def test_what_is_kept_is_bounded_and_forgotten() -> None:
    seen = ScreensSeen()
    for number in range(MOST_SCREENS + 10):
        seen.asked(ScreenKey("panel", (f"{number}",) * 9, "x"), NOW)
    kept = seen.all(NOW)
    assert len(kept) == MOST_SCREENS
    assert kept[0].key.stops == ("10",) * 6
    assert seen.all(NOW + FORGOTTEN_S + 1) == []


def test_one_that_fell_silent_before_a_restart_is_listed_after_it_too(tmp_path: Path) -> None:
    before = ScreensSeen(tmp_path)
    before.saving.start()
    before.asked(key := ScreenKey("screen", ("a",), "North hall"), NOW, streams=1)
    before.saving.stop(5.0)
    assert ScreensSeen(tmp_path).all(NOW + 660) == [ScreenSeen(key, NOW, NOW)]
    (tmp_path / FILE_NAME).write_text("[{")
    assert ScreensSeen(tmp_path).all(NOW) == [] and list(tmp_path.glob(f"*{DAMAGED}"))


def test_nothing_is_kept_of_who_asks(client: TestClient) -> None:
    client.get("/screen/liberte", headers={"X-Forwarded-For": "203.0.113.7", "User-Agent": "Kiosk 9"})
    page = client.get("/desk/screens").text
    assert "203.0.113.7" not in page
    assert "Kiosk" not in page


def test_screens_that_ask_another_process_are_listed_too_and_not_forgotten_when_it_ends(tmp_path: Path) -> None:
    exchange, kept = FolderExchange(tmp_path), tmp_path / "kept"
    kept.mkdir()
    engine = ScreensSeen(kept, others=exchange.told)
    one, two = (ScreensSeen(tell=partial(exchange.tell, f"screens-{name}")) for name in ("one", "two"))
    hall, gate = ScreenKey("screen", ("liberte",), "Hall"), ScreenKey("panel", ("liberte",), "Gate")
    engine.asked(hall, NOW - 50.0)
    one.asked(hall, NOW - 99.0, 1)
    two.asked(hall, NOW, 1)
    two.asked(gate, NOW - 5.0)
    for reader in (one, two):
        reader.saving.start()
        reader.saving.stop(5.0)
    assert engine.all(NOW) == [ScreenSeen(gate, NOW - 5.0, NOW - 5.0), ScreenSeen(hall, NOW - 99.0, NOW, 2)]
    exchange.tell("screens-other", b"of another version")
    engine.saving.start()
    engine.saving.stop(5.0)
    for told in tmp_path.glob("told-*"):
        told.unlink()
    for again in (engine, ScreensSeen(kept)):
        assert again.all(NOW) == [ScreenSeen(gate, NOW - 5.0, NOW - 5.0), ScreenSeen(hall, NOW - 99.0, NOW)]
