"""Drafts dismissed at the desk: gone for all officers, back when it gets worse, is another situation, or gets late."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.database import FILE_NAME, DeskDatabase
from api.desk.desk import Desk
from api.desk.dismissals import Dismissal, Dismissals
from api.desk.disruption import Notice
from api.desk.drafts import Draft, drafts
from api.service.clock import ShiftedClock
from feeds.reading import Reading
from tests.api.test_desk import TOKEN, hidden
from tests.api.town import at, service_at, tram_at

NOW = at(8, 5, 30)
"""A-0800 began 5 min 30 s ago, and nobody drives it; a bus is heard."""
BUS = 4
SITUATION = "uncovered:tram-A"


def desk_at(now: float = NOW, folder: Path | None = None) -> Desk:
    service = service_at(now, lambda now: Reading(tram_at(0.0, now, trip=BUS)))
    service.clock = ShiftedClock(now)
    return Desk(service, token=TOKEN, folder=folder)


def officer_at(desk: Desk) -> TestClient:
    client = TestClient(create_app(desk.service, desk), headers={"Accept-Language": "en"})
    client.post("/desk/login", data={"token": TOKEN})
    return client


def press(client: TestClient, what: str, situation: str = SITUATION) -> str:
    said = {"csrf": hidden(client.get("/desk").text, "csrf"), "draft": situation}
    answer = client.post(f"/desk/drafts/{what}", data=said)
    assert answer.status_code == 200
    return str(answer.text)


def offered(desk: Desk) -> list[str]:
    return [draft.situation for draft in desk.drafts().offered]


def dismissed(desk: Desk) -> list[str]:
    return [draft.situation for draft, _ in desk.drafts().dismissed]


def test_a_dismissed_draft_is_gone_for_every_officer_and_can_be_brought_back() -> None:
    desk = desk_at()
    one, other = officer_at(desk), officer_at(desk)
    assert "1 trip without a vehicle (departure 08:00)" in one.get("/desk").text
    page = press(one, "dismiss")
    assert "Nothing to suggest." in page
    assert "Dismissed (1)" in page
    assert "Until 10:05 at the latest" in page
    assert offered(desk) == []
    assert "Nothing to suggest." in press(other, "dismiss")
    assert "Dismissed" not in press(other, "bring-back")
    assert offered(desk) == [SITUATION]


def test_a_draft_that_is_gone_meanwhile_is_dismissed_without_a_trace() -> None:
    desk = desk_at()
    press(officer_at(desk), "dismiss", "gap:bus-2")
    assert (offered(desk), dismissed(desk)) == ([SITUATION], [])


def test_a_restart_forgets_no_dismissal_where_there_is_a_folder(tmp_path: Path) -> None:
    desk_at(folder=tmp_path).dismiss(SITUATION)
    # No close: the machine was switched off.
    again = desk_at(folder=tmp_path)
    assert (offered(again), dismissed(again)) == ([], [SITUATION])
    again.bring_back(SITUATION)
    assert offered(desk_at(folder=tmp_path)) == [SITUATION]


def test_what_the_disk_does_not_take_is_not_dismissed_and_the_officer_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    desk = desk_at()
    client = officer_at(desk)
    csrf = hidden(client.get("/desk").text, "csrf")
    monkeypatch.setattr(DeskDatabase, "keep", full)
    answer = client.post("/desk/drafts/dismiss", data={"csrf": csrf, "draft": SITUATION})
    assert answer.status_code == 507
    assert "disk is full" in answer.text
    assert offered(desk) == [SITUATION]


def draft(kind: str = "gap", route: int = 0, route_id: str = "tram-A", size: float = 30.0) -> Draft:
    return Draft(kind, route, route_id, "delay", {}, size)


def test_another_kind_of_trouble_on_the_line_is_still_offered() -> None:
    suggested = [draft("uncovered"), draft("gap"), draft("gap", 1, "bus-2")]
    found = drafts(suggested, [], {SITUATION: Dismissal(situation=SITUATION, size=1, at=NOW)})
    assert [one.situation for one in found.offered] == ["gap:tram-A", "gap:bus-2"]
    assert [one.situation for one, _ in found.dismissed] == [SITUATION]


def test_of_a_line_that_riders_are_told_of_nothing_is_listed_as_dismissed() -> None:
    desk = desk_at()
    desk.dismiss(SITUATION)
    desk.disruptions.publish(Notice(header={"en": "x"}, routes=("tram-A",), starts_at=NOW), NOW)
    assert (offered(desk), dismissed(desk)) == ([], [])


@pytest.fixture
def dismissals() -> Dismissals:
    """A wait of 30 minutes was dismissed."""
    made = Dismissals(DeskDatabase(None))
    made.add(Dismissal(situation="gap:tram-A", size=30.0, at=NOW))
    return made


def holds(dismissals: Dismissals, size: float | None, after_s: float) -> bool:
    sizes = {} if size is None else {"gap:tram-A": size}
    return "gap:tram-A" in dismissals.holding(sizes, NOW + after_s)


def test_a_draft_comes_back_when_it_is_half_as_bad_again_and_then_stays(dismissals: Dismissals) -> None:
    assert holds(dismissals, 44.9, 60)
    assert not holds(dismissals, 45.0, 120)
    assert not holds(dismissals, 30.0, 180)


def test_one_trip_more_brings_a_single_one_back() -> None:
    one = Dismissal(situation=SITUATION, size=1.0, at=NOW)
    assert one.holds(1.0, NOW + 60)
    assert not one.holds(2.0, NOW + 60)


def test_a_draft_comes_back_after_two_hours_however_well_it_goes(dismissals: Dismissals) -> None:
    assert holds(dismissals, 20.0, 7199)
    assert not holds(dismissals, 20.0, 7200)


def test_a_situation_that_was_away_for_ten_minutes_is_another_one(dismissals: Dismissals) -> None:
    assert not holds(dismissals, None, 60)
    assert not holds(dismissals, None, 400)
    # A gap comes and goes at the edge of what is great: back within ten minutes it is the same.
    assert holds(dismissals, 30.0, 600)
    assert not holds(dismissals, None, 700)
    assert not holds(dismissals, 30.0, 1300)


def test_that_nobody_looked_for_a_while_ends_nothing(dismissals: Dismissals) -> None:
    assert holds(dismissals, 30.0, 0)
    assert holds(dismissals, 30.0, 3600)


def test_a_dismissal_from_the_future_is_none(dismissals: Dismissals) -> None:
    assert not holds(dismissals, 30.0, -7200)


def test_what_ends_a_dismissal_ends_it_on_the_disk_too(tmp_path: Path) -> None:
    database = DeskDatabase(tmp_path)
    made = Dismissals(database)
    for situation in ("gap:tram-A", "gap:bus-2"):
        made.add(Dismissal(situation=situation, size=30.0, at=NOW))
    made.holding({"gap:tram-A": 60.0}, NOW + 60)
    made.holding({}, NOW + 7200)
    database.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        assert connection.execute("SELECT COUNT(*) FROM dismissal").fetchone() == (0,)
