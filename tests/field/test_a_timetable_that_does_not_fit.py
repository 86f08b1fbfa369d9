"""A new timetable that takes live times away waits for the officer's word; one that fits is taken at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.desk.desk import Desk
from api.service.timetable_watch import TimetableWatch
from benchmarks.field.city import TOKEN, City
from benchmarks.field.messages import bus
from benchmarks.field.network import Network, Service, Stop, Trip, network, row_of_stops

OTHER_CITY = network([Stop(f"X{i}", 90_000.0 + 500 * i, 40_000.0) for i in range(5)], trips=Network.trips)
ROW = row_of_stops("A B C D E")
SWAPPED = network([replace(stop, east_m=stop.north_m + 9000, north_m=stop.east_m) for stop in ROW])
RENAMED = network(trips=[Trip("n1", "08:00"), Trip("n2", "09:00")])
EXPIRED = network(services=(Service(start=20240101, end=20241231),))
NOT_BEGUN = network(services=(Service(start=20261201, end=20271231),))
LONGER = network("A B C D E F", trips=[*Network.trips, Trip("t3", "10:00")])
MOVED_STOP = network([replace(stop, east_m=stop.east_m + 40) for stop in ROW])
STOPS_RENAMED = network("A1 B1 C1 D1 E1")


class Served:
    """A city on whose timetable's file a watch has an eye."""

    def __init__(self, folder: Path, take_any_timetable: bool = False) -> None:
        self.path = folder / "gtfs.zip"
        self.path.write_bytes(Network().feed)
        watch = TimetableWatch(str(self.path), cache_dir=folder / "cache")
        self.city = City(at="07:58", timetable_source=watch, take_any_timetable=take_any_timetable)
        self.city.vehicle_positions(bus("v1", "t1", late_s=30)).at("08:01")

    def publishes(self, new: Network) -> None:
        self.path.write_bytes(new.feed)
        self.looks()

    def looks(self) -> None:
        self.city.service._look_for_timetable()
        self.city.at(self.city.now + 20)

    @property
    def version(self) -> str:
        return self.city.service.timetable.feed_version


@pytest.mark.parametrize(
    ("new", "loss"),
    [
        (OTHER_CITY, "5 of 5 stops are not in it"),
        (SWAPPED, "5 have moved by more than 500 m"),
        (RENAMED, "the trips of 1 of the 1 vehicles that run now are not in it"),
        (EXPIRED, "no trip today, where 2 run (it runs from 20240101 to 20241231)"),
        (NOT_BEGUN, "no trip today, where 2 run (it runs from 20261201"),
    ],
)
def test_a_timetable_that_takes_live_times_away_waits_and_is_told(tmp_path: Path, new: Network, loss: str) -> None:
    served = Served(tmp_path)
    served.publishes(new)
    city = served.city
    assert city.board("C")[0] == "08:04 t1 live"
    health = city.readyz()
    assert (health["status"], loss in health["detail"]) == ("degraded", True), health["detail"]
    assert any("waits for your word" in row for row in city.desk()["feeds"])
    served.looks()
    assert city.service.step_failures == 0
    assert city.board("C")[0] == "08:04 t1 live", "it goes on waiting"


@pytest.mark.parametrize("new", [LONGER, MOVED_STOP, STOPS_RENAMED])
def test_a_timetable_that_fits_is_taken_at_once(tmp_path: Path, new: Network) -> None:
    served = Served(tmp_path)
    before = served.version
    served.publishes(new)
    assert served.version != before
    assert served.city.readyz()["detail"] == "Everything runs."


def test_the_officer_s_word_takes_it(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.publishes(RENAMED)
    desk = Desk(served.city.service, token=TOKEN)
    client = TestClient(create_app(served.city.service, desk))
    assert client.post("/v1/timetable").status_code == 401
    state = client.get("/v1/timetable").json()
    assert state["version"] == served.version
    assert len(state["losses"]) == 1
    with_token = {"Authorization": f"Bearer {TOKEN}"}
    assert client.post("/v1/timetable", headers=with_token).status_code == 200
    assert [deed.what for _, deed in desk.deeds(1)] == ["timetable_taken"]
    served.city.at("08:02")
    assert served.version == state["waiting_version"]
    assert client.post("/v1/timetable", headers=with_token).status_code == 404
    assert client.get("/v1/timetable").json()["waiting_version"] is None
    assert "waits for your word" not in served.city.readyz()["detail"]


def test_the_button_at_the_desk_takes_it(tmp_path: Path) -> None:
    served = Served(tmp_path)
    service = served.city.service
    client = TestClient(create_app(service, Desk(service, token=TOKEN)), follow_redirects=False)
    client.post("/desk/login", data={"token": TOKEN})
    button = "/desk/timetable/take"
    assert button not in client.get("/desk").text
    served.publishes(EXPIRED)
    page = client.get("/desk").text
    assert button in page
    assert client.post(button, data={}).status_code == 403
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    assert client.post(button, data={"csrf": csrf}).status_code == 303
    assert service.waiting_timetable is None


def test_a_setting_takes_whatever_comes(tmp_path: Path) -> None:
    served = Served(tmp_path, take_any_timetable=True)
    before = served.version
    served.publishes(RENAMED)
    assert served.version != before


def test_one_that_waits_is_forgotten_where_the_old_one_comes_back(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.publishes(OTHER_CITY)
    assert served.city.service.waiting_timetable is not None
    served.publishes(Network())
    assert served.city.service.waiting_timetable is None
    assert served.city.readyz()["detail"] == "Everything runs."


def test_one_that_begins_later_is_taken_on_its_first_day(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.publishes(replace(NOT_BEGUN, services=(Service(start=20261127, end=20271231),)))
    waiting = served.city.service.waiting_timetable
    assert waiting is not None
    served.city.vehicle_positions()
    served.city.at("25:00", every_s=600.0)
    served.looks()
    assert served.version == waiting.timetable.feed_version


def test_once_the_feed_names_its_trips_a_timetable_is_taken(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.publishes(RENAMED)
    assert served.city.service.waiting_timetable is not None
    served.city.vehicle_positions(bus("v1", "n1", at="B"), bus("v2", "n2", at="A")).at("08:03")
    served.looks()
    assert served.city.service.waiting_timetable is None
