"""Whatever comes in place of a feed, riders keep the last good state, and are told when it grows old."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from google.transit import gtfs_realtime_pb2

from api.app import create_app
from api.desk.desk import Desk
from api.reading.board import stop_boards
from api.service.clock import ShiftedClock
from api.service.incoming_feeds import PolledFeeds
from api.service.service import Service
from api.service.timetable_watch import TimetableWatch
from feeds.sources.several_sources import SeveralSources
from feeds.sources.source import FileSource
from feeds.timetable import load_timetable
from predictor.timetable import Timetable
from tests.api.town import LAT, at, lon_at, service_at, town
from tests.feeds.small_feed import STOP_TIMES, calls, write_feed

NOW = at(8, 2)
Change = Callable[[gtfs_realtime_pb2.FeedMessage], object]


def message(now: float, *changes: Change) -> bytes:
    """Tram 7001 drives A-0800 on time."""
    said = gtfs_realtime_pb2.FeedMessage()
    said.header.gtfs_realtime_version = "2.0"
    said.header.timestamp = int(now)
    add_tram(said, "7001", "A-0800", (now - at(8)) * 5.0)
    for change in changes:
        change(said)
    return said.SerializeToString()


def add_tram(
    said: gtfs_realtime_pb2.FeedMessage, vehicle: str, trip: str, distance_m: float
) -> gtfs_realtime_pb2.VehiclePosition:
    report = said.entity.add(id=f"e{len(said.entity)}").vehicle
    report.vehicle.id, report.trip.trip_id, report.timestamp = vehicle, trip, said.header.timestamp
    report.position.latitude, report.position.longitude = LAT, lon_at(distance_m)
    return report


class Town:
    """The town served from a file that the test rewrites."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "vehicle_positions.pb"
        self.file.write_bytes(message(NOW - 90))
        feeds = PolledFeeds(FileSource(self.file), every_s=1.0, in_step=True)
        self.service = Service(town(), feeds, ShiftedClock(NOW - 90))

    def hears(self, data: bytes, now: float) -> None:
        self.file.write_bytes(data)
        self.service.step(now)

    def board(self, now: float) -> list[tuple[str, str, str | None]]:
        """Trip, status and vehicle of the departures from “hopital”."""
        view = self.service.view
        rows = stop_boards(view, [view.timetable.stop_index["hopital"]], now)[0].first()
        return [(row.trip_id, row.status, row.vehicle_id) for row in rows]

    def counts(self, name: str) -> int:
        return self.service.snapshot.counts.get(name, 0)

    @property
    def error(self) -> str:
        return self.service.view.feeds["vehicle_positions"].error


@pytest.fixture
def running(tmp_path: Path) -> Town:
    town_ = Town(tmp_path)
    for back in (60, 30, 0):
        town_.hears(message(NOW - back), NOW - back)
    assert town_.service.view.feeds["vehicle_positions"].error == ""
    return town_


def test_a_good_feed_is_live(running: Town) -> None:
    assert running.board(NOW)[0] == ("A-0800", "live", "7001")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the answer is empty (0 bytes)"),
        (message(NOW + 10)[:-9], "it was cut short or is another format"),
        (b"<!DOCTYPE html><html><title>502 Bad Gateway</title></html>", "got HTML or XML"),
        (b'{"error": "over quota"}', "got JSON"),
        (b"\x00" * 400, "no whole GTFS-Realtime message"),
        (message(NOW + 3600), "in the future; just 1 h off"),
        (message(NOW - 3700), "minutes old: a stale feed"),
    ],
    ids=["empty", "cut short", "html", "json", "zeros", "from the future", "an hour back"],
)
def test_a_message_that_cannot_be_used_is_told_and_changes_nothing(running: Town, data: bytes, said: str) -> None:
    before = running.board(NOW + 10)
    running.hears(data, NOW + 10)
    assert said in running.error
    assert running.board(NOW + 10) == before
    assert not running.service.view.feed_stopped(NOW + 10)
    assert running.service.step_failures == 0


def test_a_200_mb_answer_is_told_and_changes_nothing(running: Town) -> None:
    os.truncate(running.file, 200_000_000)
    running.service.step(NOW + 10)
    assert "200 MB; at most 50 MB are taken" in running.error
    assert running.board(NOW + 10)[0] == ("A-0800", "live", "7001")


def test_a_feed_that_stays_broken_is_said_to_have_stopped_and_nothing_stays_live(running: Town) -> None:
    for later in range(10, 400, 10):
        running.hears(b"<html>Bad Gateway</html>", NOW + later)
    assert running.service.view.feed_stopped(NOW + 61)
    assert {status for _, status, _ in running.board(NOW + 390)} == {"scheduled"}


def test_a_missing_file_is_told_and_a_good_message_makes_all_well_again(running: Town) -> None:
    running.file.unlink()
    running.service.step(NOW + 10)
    assert "cannot be read (No such file or directory); check the path" in running.error
    running.hears(message(NOW + 20), NOW + 20)
    assert running.error == ""
    assert running.board(NOW + 20)[0] == ("A-0800", "live", "7001")
    assert running.service.view.feeds["vehicle_positions"].errors == 1


@pytest.mark.parametrize(
    ("counted", "change"),
    [
        ("position_at_zero", lambda said: set_place(add_tram(said, "7002", "A-0820", 0), 0.0, 0.0)),
        ("position_out_of_range", lambda said: set_place(add_tram(said, "7002", "A-0820", 0), 91.0, 0.7)),
        ("unknown_trip", lambda said: add_tram(said, "7002", "nobody-knows", 300)),
        ("unknown_route", lambda said: setattr(add_tram(said, "7002", "", 300).trip, "route_id", "nobody-knows")),
        ("duplicate_vehicle", lambda said: setattr(add_tram(said, "7001", "A-0820", 900), "timestamp", int(NOW) - 600)),
        (
            "timestamp_in_future",
            lambda said: setattr(add_tram(said, "7002", "A-0820", 0), "timestamp", int(NOW) + 3600),
        ),
        ("timestamp_stale", lambda said: setattr(add_tram(said, "7002", "", 0), "timestamp", int(NOW) - 7200)),
    ],
)
def test_one_bad_report_is_counted_and_the_others_are_used(running: Town, counted: str, change: Change) -> None:
    running.hears(message(NOW + 10, change), NOW + 10)
    assert running.counts(f"refused_{counted}") == 1
    assert running.error == ""
    assert running.board(NOW + 10)[0] == ("A-0800", "live", "7001")


def set_place(report: gtfs_realtime_pb2.VehiclePosition, lat: float, lon: float) -> None:
    report.position.latitude, report.position.longitude = lat, lon


def test_a_source_that_fails_in_an_unforeseen_way_is_told_and_changes_nothing(
    running: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(self: FileSource, now: float) -> bytes:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(FileSource, "fetch", explode)
    running.service.step(NOW + 10)
    assert "unexpected RuntimeError: unforeseen; see the log" in running.error
    assert running.board(NOW + 10)[0] == ("A-0800", "live", "7001")


def test_a_step_that_fails_leaves_the_last_view_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_at(NOW)
    view = service.view
    with monkeypatch.context() as broken:
        broken.setattr(service._engine, "step", lambda *_: 1 / 0)
        for later in (10, 20):
            service.step(NOW + later)
        assert service.view is view
        assert service.step_failures == 2
    service.step(NOW + 30)
    assert service.view is not view
    assert service.snapshot.made_at == NOW + 30


def test_an_engine_that_fails_again_and_again_is_begun_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_at(NOW)
    broken = service._engine
    monkeypatch.setattr(broken, "step", lambda *_: 1 / 0)
    for later in (10, 20, 30):
        service.step(NOW + later)
    assert service._engine is not broken
    service.step(NOW + 40)
    assert (service.snapshot.made_at, service.step_failures) == (NOW + 40, 3)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"<html>Maintenance</html>"), "this is a web page"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "downloaded only in part"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.unlink(), "there is no such file"),
        (lambda path: write_feed(path, stops=None), "stops.txt missing"),
        (lambda path: write_feed(path, stop_times=STOP_TIMES), "stop_times.txt has no usable row"),
    ],
)
def test_a_new_gtfs_feed_of_no_use_is_refused_and_the_old_timetable_stays(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    path = write_feed(tmp_path / "gtfs.zip")
    watch = TimetableWatch(str(path), cache_dir=tmp_path / "cache")
    current = timetable_of(path, tmp_path)
    spoil(path)
    assert watch.newer(current, NOW) is None
    assert said in watch.health().error
    write_feed(path)
    assert watch.newer(current, NOW + 1800) is None, "the same content is nothing new"
    assert (watch.health().error, watch.health().errors) == ("", 1)


def test_a_new_gtfs_feed_is_taken_up_without_losing_the_vehicles(tmp_path: Path) -> None:
    service = service_at(NOW)
    path = write_feed(tmp_path / "gtfs.zip")
    watch = TimetableWatch(str(path), cache_dir=tmp_path / "cache")
    first = timetable_of(path, tmp_path)
    assert watch.newer(first, NOW) is None
    write_feed(path, stop_times=STOP_TIMES + calls("t1", "09:00:00", "09:02:00", "09:04:00"))
    second = watch.newer(first, NOW)
    assert second is not None
    assert second.departure_s[0] == 9 * 3600
    service.offer_timetable(replace(town(), feed_version="tomorrow"))
    service.step(NOW + 10)
    assert service.timetable.feed_version == "tomorrow"
    assert service.snapshot.vehicles.vehicle_id.tolist() == ["7001"]


def test_a_timetable_that_the_engine_cannot_take_leaves_the_old_one() -> None:
    service = service_at(NOW)
    service.offer_timetable(replace(town(), feed_version="broken", pattern_stop=np.empty(0, np.int32)))
    service.step(NOW + 10)
    assert service.timetable.feed_version == "town"
    service.step(NOW + 20)
    assert (service.snapshot.made_at, service.step_failures) == (NOW + 20, 0)


def timetable_of(path: Path, folder: Path) -> Timetable:
    return load_timetable(path, cache_dir=folder / "cache").timetable


def test_of_several_addresses_each_tells_how_it_is_and_riders_keep_the_trams_of_the_other(tmp_path: Path) -> None:
    (tmp_path / "tram.pb").write_bytes(message(NOW))
    both = SeveralSources("vehicle_positions", [[FileSource(tmp_path / "tram.pb")], [FileSource(tmp_path / "bus.pb")]])
    service = Service(town(), PolledFeeds(both, every_s=1.0, in_step=True), ShiftedClock(NOW))
    service.step(NOW)
    health = TestClient(create_app(service)).get("/readyz").json()
    assert [name for name, feed in health["feeds"].items() if feed["error"]] == ["vehicle_positions 2"]
    assert health["faults"] == ["feed_error"]
    assert service.view.snapshot.vehicles.vehicle_id.tolist() == ["7001"]
    desk = Desk(service, token="a token of the town")
    officer = TestClient(create_app(service, desk))
    officer.post("/desk/login", data={"token": "a token of the town"})
    assert "Positions des véhicules 2" in officer.get("/desk?lang=fr").text


def test_what_a_feed_brings_is_shown_at_once_and_not_only_at_the_next_turn(tmp_path: Path) -> None:
    file, clock = tmp_path / "vehicle_positions.pb", ShiftedClock(NOW)
    file.write_bytes(message(NOW))
    feeds = PolledFeeds(FileSource(file), every_s=0.02, clock=clock)
    service = Service(town(), feeds, clock, step_interval_s=600.0)
    service.start()
    try:
        for fleet in (["7001"], ["7001", "7002"]):
            more: list[Change] = [lambda said: add_tram(said, "7002", "A-0820", 0.0)] if len(fleet) > 1 else []
            (tmp_path / "new.pb").write_bytes(message(NOW + len(fleet), *more))
            (tmp_path / "new.pb").replace(file)
            give_up_at = time.monotonic() + 60.0
            while service.snapshot.vehicles.vehicle_id.tolist() != fleet:
                assert time.monotonic() < give_up_at, service.snapshot.vehicles.vehicle_id
                time.sleep(0.01)
    finally:
        service.stop()
