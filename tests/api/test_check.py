"""`prochain check` says in plain words what a feed holds and what is wrong with it."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from google.transit import gtfs_realtime_pb2
from rich.console import Console

from api.command.check import check_feed
from feeds.errors import FeedError

STOP_TIMES = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
FILES = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nT,Town Buses,http://t.example,Europe/Paris\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nA,Mairie,47.39,0.68\nB,École,47.39,0.69\nC,Lac,47.39,0.70\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_type\nr1,T,1,3\n",
    "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\n",
    "stop_times.txt": STOP_TIMES + "t1,08:00:00,08:00:00,A,1\nt1,08:03:00,08:03:00,B,2\nt1,08:03:00,08:03:00,Z,3\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "all,1,1,1,1,1,1,1,20260101,20260131\n",
}
EIGHT_AND_TWO_MINUTES = 1768201320
"""2026-01-12 08:02 in Paris."""


@pytest.fixture
def gtfs(tmp_path: Path) -> str:
    path = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, text in FILES.items():
            file.writestr(name, text)
    return str(path)


def vehicle_positions(path: Path, trip_id: str = "t1") -> str:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = EIGHT_AND_TWO_MINUTES
    entity = message.entity.add()
    entity.id = entity.vehicle.vehicle.id = "12"
    entity.vehicle.trip.trip_id = trip_id
    entity.vehicle.position.latitude, entity.vehicle.position.longitude = 47.39, 0.685
    entity.vehicle.timestamp = EIGHT_AND_TWO_MINUTES
    path.write_bytes(message.SerializeToString())
    return str(path)


def said(gtfs: str, positions: str | None = None, *, trip_updates: str | None = None, alerts: str | None = None) -> str:
    out = io.StringIO()
    check_feed(gtfs, positions, Console(file=out, width=300), trip_updates=trip_updates, alerts=alerts)
    return out.getvalue()


def test_it_counts_what_was_read(gtfs: str) -> None:
    text = said(gtfs)
    assert "Town Buses" in text
    assert "Europe/Paris" in text
    assert "2 that trips call at, 1 that none calls at" in text
    assert "2026-01-01 to 2026-01-31" in text


def test_a_fault_is_told_with_file_row_and_id(gtfs: str) -> None:
    fault = next(line for line in said(gtfs).splitlines() if line.startswith("stop_times.txt"))
    assert "4" in fault.split()
    assert "Z" in fault


def test_a_timetable_that_is_over_is_said_to_be(gtfs: str) -> None:
    assert "The timetable has ended" in said(gtfs)


def test_vehicles_of_a_kept_message_are_matched_as_of_its_own_time(gtfs: str, tmp_path: Path) -> None:
    text = said(gtfs, vehicle_positions(tmp_path / "positions.pb"))
    assert "1 of 1 reports name a trip of this timetable" in text
    assert "1 run a trip" in text
    assert "too old to be live" in text


def test_an_unknown_trip_is_counted(gtfs: str, tmp_path: Path) -> None:
    text = said(gtfs, vehicle_positions(tmp_path / "positions.pb", trip_id="another"))
    assert "0 of 1 reports name a trip" in text
    assert "1 × unknown trip" in text


def message_of(path: Path, fill: Callable[[gtfs_realtime_pb2.FeedMessage], object]) -> str:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = EIGHT_AND_TWO_MINUTES
    fill(message)
    path.write_bytes(message.SerializeToString())
    return str(path)


def test_a_feed_of_no_use_that_is_ahead_of_the_clock_is_told_in_words(gtfs: str, tmp_path: Path) -> None:
    ahead, out = int(time.time()) + 3 * 3600 + 60, io.StringIO()
    positions = message_of(tmp_path / "positions.pb", lambda message: setattr(message.header, "timestamp", ahead))
    with pytest.raises(FeedError, match="in the future"):
        check_feed(gtfs, positions, Console(file=out, width=300))
    assert "made 3 hours ahead of this machine's clock" in out.getvalue()
    assert "No vehicle can be used" in out.getvalue()


def trip_updates(path: Path, *trip_ids: str) -> str:
    def fill(message: gtfs_realtime_pb2.FeedMessage) -> None:
        for trip_id in trip_ids:
            update = message.entity.add(id=trip_id).trip_update
            update.trip.trip_id = trip_id
            for stop, delay in (("A", 300), ("B", 60), ("Y", 60)):
                update.stop_time_update.add(stop_id=stop).arrival.delay = delay

    return message_of(path, fill)


def test_what_the_operator_says_of_its_trips_is_told(gtfs: str, tmp_path: Path) -> None:
    text = said(gtfs, trip_updates=trip_updates(tmp_path / "updates.pb", "t1"))
    assert "It speaks of 1 runs that can be told" in text
    assert "1 by the timetable" in text
    assert "gives times for 2 calls" in text
    assert all(reason in text for reason in ("1 × unknown stop", "2 × time running backwards"))
    assert "not in the timetable" not in text


def test_trips_that_the_timetable_does_not_have_are_named_as_the_service_names_them(gtfs: str, tmp_path: Path) -> None:
    text = said(gtfs, trip_updates=trip_updates(tmp_path / "updates.pb", "other-1", "other-2", "t1"))
    assert "2 of 3 runs in the operator's TripUpdates are not in the timetable (such as other-1, other-2)" in text


def test_alerts_that_reach_nobody_are_told(gtfs: str, tmp_path: Path) -> None:
    def fill(message: gtfs_realtime_pb2.FeedMessage) -> None:
        for route_id in ("r9", "r8", "r1"):
            message.entity.add(id=route_id).alert.informed_entity.add(route_id=route_id)
        message.entity[2].alert.informed_entity.add(route_id="r1", stop_id="gone")

    text = said(gtfs, alerts=message_of(tmp_path / "alerts.pb", fill))
    assert "3 of 3 alerts are in force" in text
    assert "2 of 3 alerts in force reach nobody" in text
    assert "3 × informed entity that fits nothing\nsuch as r9, r8, r1 + gone" in text


def test_a_bus_on_an_added_trip_is_matched_where_the_trip_updates_are_given_too(gtfs: str, tmp_path: Path) -> None:
    def fill(message: gtfs_realtime_pb2.FeedMessage) -> None:
        update = message.entity.add(id="x").trip_update
        update.trip.trip_id, update.trip.route_id = "x", "r1"
        update.trip.schedule_relationship = gtfs_realtime_pb2.TripDescriptor.ADDED
        for stop, minute in (("A", 0), ("B", 3), ("C", 6)):
            stop_update = update.stop_time_update.add(stop_id=stop)
            stop_update.arrival.time = EIGHT_AND_TWO_MINUTES + 60 * (minute - 2)

    positions = vehicle_positions(tmp_path / "positions.pb", trip_id="x")
    assert "0 of 1 reports name a trip" in said(gtfs, positions)
    text = said(gtfs, positions, trip_updates=message_of(tmp_path / "updates.pb", fill))
    assert "1 of 1 reports name a trip" in text
    assert "1 added" in text


def test_one_feed_that_cannot_be_used_hides_no_other(gtfs: str, tmp_path: Path) -> None:
    page = tmp_path / "updates.pb"
    page.write_text("<!doctype html><html><body>Sign in</body></html>")
    out = io.StringIO()
    with pytest.raises(FeedError, match=r"trip updates: .* HTML"):
        check_feed(
            gtfs, vehicle_positions(tmp_path / "positions.pb"), Console(file=out, width=200), trip_updates=str(page)
        )
    assert "1 run a trip" in out.getvalue()


def test_html_instead_of_a_message_is_a_clear_error(gtfs: str, tmp_path: Path) -> None:
    page = tmp_path / "positions.pb"
    page.write_text("<!doctype html><html><body>Sign in</body></html>")
    with pytest.raises(FeedError, match="HTML"):
        check_feed(gtfs, str(page))
