"""What a replay finds goes out as a TIDES package, valid by others' word, and comes in again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.command.replay import replay
from benchmarks.field.city import City
from benchmarks.field.messages import bus, update
from feeds.recordings.recording import open_recording
from feeds.tides.export import COLUMNS, RUN, tides_export
from feeds.tides.vehicle_locations import read_vehicle_locations
from feeds.timetable import load_timetable
from tests.feeds.small_feed import write_feed
from tests.field.any_day import DATE, NETWORK

SCHEMAS = Path("../shared/data/tides-schema")
# The package is written once for all.
pytestmark = pytest.mark.xdist_group("tides")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour: two buses on scheduled trips, one by headway, one on a copy, one to the garage."""
    folder = tmp_path_factory.mktemp("tides")
    city = City(NETWORK, at="07:58")
    with tides_export(folder, "Town Buses") as export:
        city.trip_updates(
            update("t3", relationship="DUPLICATED", start_date=DATE, start_time="08:20:00", new_trip_id="t3-b",
                   new_start_date=DATE, new_start_time="08:04:00"),
        )  # fmt: skip
        city.vehicle_positions(
            bus("v1", "t1", late_s=60), bus("v2", "o1", late_s=0), bus("v3", "h1", late_s=0, run_start="08:00"),
            bus("v4", "t3", late_s=0, run_start="08:04", start_time="08:04:00", start_date=DATE),
            bus("v5", None, place=(300.0, 0.0), fresh=True),
        )  # fmt: skip
        for minute in range(59, 80):
            city.at(f"{7 + minute // 60:02d}:{minute % 60:02d}", every_s=60.0)
            export.take(city.service.snapshot)
    return folder


def table(package: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(package / f"{name}.csv", dtype=str, keep_default_na=False)


def test_what_each_vehicle_did_at_each_stop_is_told_once(package: Path) -> None:
    visits = table(package, "stop_visits")
    assert not visits.duplicated([*RUN, "trip_stop_sequence"]).any()
    first = visits[visits.trip_id_performed == "t1:08:00:00:v1"]
    assert first.stop_id.tolist() == ["A", "B", "C", "D", "E"]
    assert first.trip_stop_sequence.tolist() == ["1", "2", "3", "4", "5"]
    assert first.service_date.unique().tolist() == ["2026-11-26"]
    late = pd.to_datetime(first.actual_arrival_time[1:]) - pd.to_datetime(first.schedule_arrival_time[1:])
    assert np.allclose(late.dt.total_seconds(), 60.0, atol=20.0)
    assert first.actual_arrival_time.iloc[0] == "", "it was there before anybody looked"
    assert visits[visits.vehicle_id == "v3"].schedule_arrival_time.eq("").all(), "no times by headway"


def test_the_trips_performed_say_what_they_are_of(package: Path) -> None:
    trips = table(package, "trips_performed").drop_duplicates("vehicle_id").set_index("vehicle_id")
    assert trips.trip_id_scheduled.to_dict() == {"v1": "t1", "v2": "o1", "v3": "h1", "v4": "t3"}
    assert trips.schedule_relationship.to_dict() == {
        "v1": "Scheduled", "v2": "Scheduled", "v3": "Unscheduled", "v4": "Duplicated",
    }  # fmt: skip
    assert (trips.route_type["v1"], trips.block_id["v1"], trips.direction_id["v2"]) == ("Bus", "b1", "")
    assert trips.actual_trip_start["v1"].startswith("2026-11-26T07:0")
    assert trips.actual_trip_end["v1"].startswith("2026-11-26T07:09")


def test_what_refers_to_another_table_is_found_there(package: Path) -> None:
    tables = {name: table(package, name) for name in COLUMNS}
    runs = set(map(tuple, tables["trips_performed"][RUN].values.tolist()))
    for name in ("stop_visits", "vehicle_locations"):
        named = tables[name][tables[name].trip_id_performed != ""]
        assert set(map(tuple, named[RUN].values.tolist())) <= runs
        assert set(tables[name].vehicle_id) <= set(tables["vehicles"].vehicle_id)
    assert not tables["vehicle_locations"].location_ping_id.duplicated().any()
    assert set(tables["vehicles"].vehicle_id) == {"v1", "v2", "v3", "v4", "v5"}


@pytest.mark.recording
@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="no TIDES schemas in ../shared/data")
def test_it_is_valid_by_the_published_schemas(package: Path) -> None:
    from frictionless import Package, system

    descriptor = json.loads((package / "datapackage.json").read_text())
    profile = json.loads((SCHEMAS / "tides-datapackage-profile.json").read_text())
    assert set(profile["required"]) <= set(descriptor)
    for resource in descriptor["resources"]:
        assert set(profile["properties"]["resources"]["items"]["required"]) <= set(resource)
        # The published one, without asking the network for it.
        schema = json.loads((SCHEMAS / Path(resource["schema"]).name).read_text())
        resource["schema"] = {key: value for key, value in schema.items() if key != "_table_type"}
    del descriptor["profile"]
    with system.use_context(trusted=True):
        report = Package.from_descriptor(descriptor, basepath=str(package)).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "note"])
    assert {task.name: task.stats["rows"] > 0 for task in report.tasks} == dict.fromkeys(COLUMNS, True)


def test_what_was_exported_is_replayed(package: Path, tmp_path: Path) -> None:
    (tmp_path / "gtfs.zip").write_bytes(NETWORK.feed)
    (tmp_path / "vehicle_locations.csv").write_bytes((package / "vehicle_locations.csv").read_bytes())
    replay(tmp_path, tides=tmp_path / "again", progress=False)
    visits = table(tmp_path / "again", "stop_visits")
    assert visits[visits.trip_id_performed == "t1:08:00:00:v1"].stop_id.tolist() == ["A", "B", "C", "D", "E"]


def test_locations_as_others_write_them_are_read(tmp_path: Path) -> None:
    write_feed(tmp_path / "gtfs.zip")
    (tmp_path / "vehicle_locations_2026-03.csv").write_text(
        '\ufeff"location_ping_id","event_timestamp","vehicle_id","latitude","longitude","trip_id_performed","trip_type"\n'
        '"1","2026-03-02T08:00:00+01:00","12","47.39","0.69","t1","In service"\n'
        '"2","2026-03-02 08:01:00","12","47.39","0.70","t1","NA"\n'
        '"3","2026-03-02T07:02:00.500Z","13","47.39","NaN","t1","Deadhead"\n'
        '"4","soon","12","47.39","0.70","",""\n'
    )
    reports = read_vehicle_locations(tmp_path / "vehicle_locations_2026-03.csv", "Europe/Paris")
    seven = pd.Timestamp("2026-03-02T07:00:00Z").timestamp()
    assert (reports.number["timestamp"] - seven)[:3].tolist() == [0.0, 60.0, 120.5]
    assert np.isnan(reports.number["timestamp"][3])
    assert list(reports.text["trip_id"]) == ["t1", "t1", "", ""]
    recording = open_recording(tmp_path, load_timetable(tmp_path / "gtfs.zip", cache_dir=None).timetable)
    assert recording.observations_at(seven + 60.0).vehicle_id.tolist() == ["12"]


def test_the_runs_of_a_trip_by_headway_are_told_apart_by_their_starts(package: Path) -> None:
    """And no vehicle is said to have told what was found out of it."""
    read = read_vehicle_locations(package / "vehicle_locations.csv", "Europe/Paris")
    runs = set(zip(read.text["vehicle_id"], read.text["trip_id"], read.text["start_time"], strict=True))
    assert {("v1", "t1", "08:00:00"), ("v3", "h1", "07:58:00"), ("v5", "", "")} <= runs
    assert np.isnan(read.number["current_status"]).all()


def test_a_vehicle_on_its_way_to_a_trip_that_it_names_still_names_it(tmp_path: Path) -> None:
    city = City(NETWORK, at="07:40")
    with tides_export(tmp_path, "Town Buses") as export:
        city.vehicle_positions(bus("v1", "t1", place=(3000.0, 3000.0), fresh=True)).at("07:41")
        export.take(city.service.snapshot)
    (location,) = table(tmp_path, "vehicle_locations").to_dict("records")
    assert (location["trip_id_scheduled"], location["trip_id_performed"], location["stop_id"]) == ("t1", "", "")
    read = read_vehicle_locations(tmp_path / "vehicle_locations.csv", "Europe/Paris")
    assert (list(read.text["trip_id"]), list(read.text["start_date"])) == (["t1"], ["2026-11-26"])


def test_a_table_as_parquet_says_what_it_says_as_csv(package: Path, tmp_path: Path) -> None:
    table(package, "vehicle_locations").to_parquet(tmp_path / "vehicle_locations.parquet")
    read = read_vehicle_locations(tmp_path / "vehicle_locations.parquet", "Europe/Paris")
    same = read_vehicle_locations(package / "vehicle_locations.csv", "Europe/Paris")
    assert read.text["vehicle_id"] and read.text == same.text
    for name in ("timestamp", "latitude", "longitude"):
        np.testing.assert_array_equal(read.number[name], same.number[name])


# Spreadsheets run a cell that begins so.
@pytest.mark.parametrize(
    "vehicle", ['=HYPERLINK("https://evil.example")', "@SUM(1+1)", "+cmd|' /C calc'!A0", "-1+1", "-5", "'=1"]
)
def test_an_id_is_no_formula_where_a_table_is_opened_and_the_same_id_where_it_is_read(
    tmp_path: Path, vehicle: str
) -> None:
    city = City(NETWORK, at="07:59")
    with tides_export(tmp_path, "Town Buses") as export:
        city.vehicle_positions(bus(vehicle, "t1", at="A", fresh=True)).at("08:01")
        export.take(city.service.snapshot)
    written = table(tmp_path, "vehicle_locations").vehicle_id.tolist()
    assert written and not written[0].startswith(("=", "@", "+", "-1+"))
    assert set(read_vehicle_locations(tmp_path / "vehicle_locations.csv", "UTC").text["vehicle_id"]) == {vehicle}
