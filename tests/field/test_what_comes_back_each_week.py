"""Works every weekday morning until a date: in force then and only then, in every face, over the nights when clocks
change; and told as days and times of day, whoever lists them one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.app import create_app
from api.desk.desk import Desk
from api.desk.repeats import Repeats, periods_of
from api.reading.recurrence import recurrence_of
from api.service.clock import ShiftedClock
from feeds.alerts.alert import Alert, Selector
from tests.api.test_desk import hidden, send
from tests.api.town import ZONE, at, service_at, tram_on_time

TOKEN = "a token of the town"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]
MORNINGS = {"days": WEEKDAYS, "start": "07:00", "end": "09:00"}
NOW = at(8, 1)


def local(day: str, clock: str) -> float:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).timestamp()


def told(days: list[str], start: str, end: str, begins: float, ends: float) -> list[str]:
    repeats = Repeats.model_validate({"days": days, "start": start, "end": end})
    periods = periods_of(repeats, begins, ends, ZONE.key)
    return [
        f"{datetime.fromtimestamp(a, ZONE):%d %H:%M}-{datetime.fromtimestamp(b, ZONE):%H:%M} {(b - a) / 3600:g} h"
        for a, b in periods
    ]


@pytest.mark.parametrize(
    "days, start, end, begins, ends, periods",
    [
        (["friday", "monday"], "07:00", "09:00", "2026-03-27", "2026-03-31",
         ["27 07:00-09:00 2 h", "30 07:00-09:00 2 h"]),
        (["saturday"], "22:00", "05:00", "2026-03-28", "2026-03-30", ["28 22:00-05:00 6 h"]),
        (["saturday"], "22:00", "05:00", "2026-10-24", "2026-10-26", ["24 22:00-05:00 8 h"]),
        (["sunday"], "02:30", "04:00", "2026-03-29", "2026-03-30", ["29 03:30-04:00 0.5 h"]),
        (["sunday"], "01:00", "02:30", "2026-10-25", "2026-10-26", ["25 01:00-02:30 2.5 h"]),
        (["saturday", "sunday"], "00:00", "00:00", "2026-10-24", "2026-10-26",
         ["24 00:00-00:00 24 h", "25 00:00-00:00 25 h"]),
        (["friday"], "23:00", "01:00", "2026-02-28", "2026-03-03", ["28 00:00-01:00 1 h"]),
    ],
)  # fmt: skip
def test_clocks_that_change_leave_the_times_of_day_as_they_are(
    days: list[str], start: str, end: str, begins: str, ends: str, periods: list[str]
) -> None:
    assert told(days, start, end, local(begins, "00:00"), local(ends, "00:00")) == periods


MAKE: list[Callable[[list[tuple[float, float]]], list[tuple[float, float]]]] = [
    lambda periods: periods,
    lambda periods: periods[::-1],
    lambda periods: [(periods[0][0] + 600, periods[0][1]), *periods[1:]],
]
BREAK: list[Callable[[list[tuple[float, float]]], list[tuple[float, float]]]] = [
    lambda periods: [*periods[:2], *periods[3:]],
    lambda periods: [*periods[:2], (periods[2][0] + 60, periods[2][1]), *periods[3:]],
    lambda periods: [*periods[:-1], (periods[-1][0], float("inf"))],
    lambda periods: periods[:1],
    lambda periods: [*periods, periods[2]],
]


@pytest.mark.parametrize("change, recurs", [*((make, True) for make in MAKE), *((cut, False) for cut in BREAK)])
def test_what_is_listed_one_by_one_recurs_where_no_day_is_left_out(
    change: Callable[[list[tuple[float, float]]], list[tuple[float, float]]], recurs: bool
) -> None:
    repeats = Repeats.model_validate(MORNINGS)
    listed = list(periods_of(repeats, local("2026-03-20", "00:00"), local("2026-04-03", "00:00"), ZONE.key))
    found = recurrence_of(tuple(change(listed)), ZONE)
    assert (found is not None) is recurs
    if found:
        assert found.days == (0, 1, 2, 3, 4)


@pytest.fixture
def desk() -> Desk:
    return Desk(service_at(NOW), token=TOKEN)


def published(client: TestClient, **given: object) -> dict[str, object]:
    said = {"phrase": "works", "routes": ["bus-2"], "ends_at": "2026-03-13T23:00:00+01:00", "repeats": MORNINGS}
    answer = client.post("/v1/disruptions", json={**said, **given}, headers=HEADERS)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()["disruption"]
    return found


def test_it_is_in_force_on_these_mornings_alone_in_every_face(desk: Desk) -> None:
    client = TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})
    assert published(client)["state"] == "in_force"
    message = FeedMessage.FromString(client.get("/gtfs-rt/alerts").content)
    (ours,) = [entity.alert for entity in message.entity if entity.id == "desk:1"]
    clocks = [(period.start, period.end) for period in ours.active_period]
    assert len(clocks) == 10
    assert clocks[1] == (local("2026-03-03", "07:00"), local("2026-03-03", "09:00"))
    faces = ("/lines/bus-2", "/stops/st-pierre", "/screen/st-pierre", "/v1/stops/st-pierre/board")
    shown = [("Line 2: road works" in client.get(face).text) for face in faces]
    assert shown == [True] * len(faces)
    desk.service.clock = ShiftedClock(at(9, 1), 0.0)
    client = TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})
    assert [("Line 2: road works" in client.get(face).text) for face in faces] == [False] * len(faces)
    assert client.get("/v1/disruptions/desk:1").json()["disruption"]["state"] == "planned"
    assert "Mon–Fri 07:00–09:00 until 13 March" in client.get("/alerts").text
    assert "Lun–ven" not in client.get("/alerts?lang=fr").text
    assert "Lun.–ven. 07:00–09:00 jusqu’au 13 mars" in client.get("/alerts?lang=fr").text
    assert "Mo–Fr 07:00–09:00 bis 13. März" in client.get("/alerts?lang=de").text
    assert "Mon–Fri 07:00–09:00 until 13 March" in client.get("/alerts.rss?lang=en").text


def test_what_the_operator_lists_is_told_as_days_too(desk: Desk) -> None:
    repeats = Repeats.model_validate(MORNINGS)
    periods = periods_of(repeats, local("2026-03-03", "00:00"), local("2026-03-14", "00:00"), ZONE.key)
    whom = (Selector(route_id="bus-2"),)
    works = Alert("o", "CONSTRUCTION", "DETOUR", {"en": "Works"}, selectors=whom, active=periods)
    service = service_at(NOW, lambda now: replace(tram_on_time(now), alerts=(works,)))
    client = TestClient(create_app(service), headers={"Accept-Language": "en"})
    assert "Mon–Fri 07:00–09:00 until 13 March" in client.get("/alerts").text
    (said,) = client.get("/v1/disruptions").json()["disruptions"]
    assert said["repeats"] == MORNINGS
    assert said["ends_at"] == "2026-03-13T09:00:00+01:00"


@pytest.mark.parametrize(
    "given, kind",
    [
        ({"ends_at": None}, "repeats-without-end"),
        ({"ends_at": "2028-03-13T23:00:00+01:00"}, "repeats-without-end"),
        ({"repeats": {**MORNINGS, "days": ["sunday"]}, "ends_at": "2026-03-06T00:00:00+01:00"}, "repeats-never"),
    ],
)
def test_what_would_come_back_for_good_or_never_is_refused(desk: Desk, given: dict[str, object], kind: str) -> None:
    client = TestClient(create_app(desk.service, desk))
    said = {"phrase": "works", "routes": ["bus-2"], "ends_at": "2026-03-13T23:00:00+01:00", "repeats": MORNINGS}
    answer = client.post("/v1/disruptions", json={**said, **given}, headers=HEADERS)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(kind)


@pytest.fixture
def officer(desk: Desk) -> TestClient:
    client = TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})
    client.post("/desk/login", data={"token": TOKEN})
    return client


def test_an_officer_writes_it_and_finds_it_again_as_written(officer: TestClient, desk: Desk) -> None:
    written: dict[str, Any] = {
        "phrase": "works", "line": "bus-2", "end": "at", "end_at": "2026-03-13T23:00", "repeat": "days",
        "repeat_day": ["monday", "wednesday"], "repeat_start": "07:00", "repeat_end": "09:00",
    }  # fmt: skip
    assert send(officer, **written).status_code == 303
    (kept,) = desk.disruptions.all()
    assert kept.description["en"] == "Mon, Wed 07:00–09:00 until 11 March."
    page = officer.get("/desk/disruptions/1").text
    assert [hidden(page, name) for name in ("repeat_start", "repeat_end")] == ["07:00", "09:00"]
    assert page.count('name="repeat_day"') == 7
    assert page.count("checked><span>Mon</span>") + page.count("checked><span>Tue</span>") == 1
    assert "at least one day" in send(officer, **{**written, "repeat_day": []}).text


def test_ended_between_two_mornings_it_is_over_for_good(desk: Desk) -> None:
    client = TestClient(create_app(desk.service, desk))
    published(client)
    desk.service.clock = ShiftedClock(at(12), 0.0)
    assert client.delete("/v1/disruptions/desk:1", headers=HEADERS).json()["disruption"]["state"] == "over"
    desk.service.clock = ShiftedClock(at(8) + 86_400, 0.0)
    assert "desk:1" not in client.get("/v1/disruptions").text


def test_a_phrase_ends_by_itself_unless_said_otherwise(officer: TestClient, desk: Desk) -> None:
    page = officer.get("/desk/disruptions/new?phrase=delay").text
    assert '<option value="60" selected>' in page
    for given, hours in (({}, 1), ({"ends_at": None}, None)):
        said = {"phrase": "delay", "routes": ["bus-2"], **given}
        number = officer.post("/v1/disruptions", json=said, headers=HEADERS).json()["disruption"]["disruption_id"]
        kept = desk.disruptions.get(int(number[5:]))
        assert kept
        assert kept.ends_at == (None if hours is None else kept.starts_at + 3600 * hours)
    send(officer, "/desk/phrases/delay", "save", name_fr="Retard", name_en="Delay", header_fr="r", header_en="d",
         ends="open")  # fmt: skip
    assert '<option value="open" selected>' in officer.get("/desk/disruptions/new?phrase=delay").text


def test_before_it_ends_an_officer_is_reminded_and_puts_it_off(officer: TestClient, desk: Desk) -> None:
    send(officer, phrase="delay", line="bus-2", end="120")
    assert "Ends soon" not in officer.get("/desk").text
    desk.service.clock = ShiftedClock(NOW + 5400 + 60, 0.0)
    assert "Ends at 10:01, in 29\N{NO-BREAK SPACE}min." in officer.get("/desk").text
    send(officer, "/desk/disruptions/1/put-off", by="60")
    (kept,) = desk.disruptions.all()
    assert kept.ends_at == at(11, 1)
    assert "Until 11:01" in kept.description["en"]
    assert "Ends soon" not in officer.get("/desk").text
    desk.service.clock = ShiftedClock(at(10, 20), 0.0)
    assert "Ends soon" in officer.get("/desk").text
