"""`prochain check` says in plain words what a feed holds and what is wrong with it."""

from __future__ import annotations

import io
import zipfile
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


def said(gtfs: str, positions: str | None = None) -> str:
    out = io.StringIO()
    check_feed(gtfs, positions, Console(file=out, width=200))
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


def test_html_instead_of_a_message_is_a_clear_error(gtfs: str, tmp_path: Path) -> None:
    page = tmp_path / "positions.pb"
    page.write_text("<!doctype html><html><body>Sign in</body></html>")
    with pytest.raises(FeedError, match="HTML"):
        check_feed(gtfs, str(page))
