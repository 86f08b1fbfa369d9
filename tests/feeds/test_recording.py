"""Recordings played back as the feed would have shown them, from Parquet and from messages."""

from __future__ import annotations

import gzip
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from google.transit import gtfs_realtime_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.errors import FeedError
from feeds.recordings.parquet_archive import ParquetArchive
from feeds.recordings.recording import open_recording
from feeds.recordings.reports_parquet import read_reports
from feeds.vehicle_positions.reports import Reports
from predictor.observations import Observations
from tests.feeds.tiny_network import at, tiny_network

TIMETABLE = tiny_network()


def frame(rows: list[tuple[str, float]], **columns: Any) -> pd.DataFrame:
    """Reports of (vehicle, timestamp), each further north than the one before."""
    table = pd.DataFrame(rows, columns=["vehicle_id", "timestamp"])
    table["timestamp"] = table["timestamp"].astype("int64")
    table["latitude"] = 47.39 + 0.001 * np.arange(len(table))
    table["longitude"] = 0.68
    return table.assign(**columns)


def message(now: float, *names: str) -> bytes:
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = int(now)
    for name in names:
        report = feed.entity.add(id=name).vehicle
        report.vehicle.id = name
        report.position.latitude, report.position.longitude = 47.4, 0.69
        report.timestamp = int(now) - 5
    return feed.SerializeToString()


def shown(seen: Observations) -> dict[str, float]:
    return dict(zip(seen.vehicle_id.tolist(), seen.timestamp.tolist(), strict=True))


def test_each_vehicles_latest_report_up_to_now_is_shown(tmp_path: Path) -> None:
    rows = [("b", at(8)), ("a", at(8, 1)), ("a", at(8)), ("a", at(8, 2)), ("b", at(8, 30))]
    frame(rows).to_parquet(tmp_path / "vehicle_positions.parquet")
    recording = open_recording(tmp_path, TIMETABLE)
    assert (recording.first_at, recording.last_at) == (at(8), at(8, 30))
    seen = recording.observations_at(at(8, 1, 59))
    assert shown(seen) == {"a": at(8, 1), "b": at(8)}
    assert (seen.received_at, seen.feed_timestamp) == (at(8, 1, 59), at(8, 1))
    assert shown(recording.observations_at(at(8, 2))) == {"a": at(8, 2), "b": at(8)}


def test_a_vehicle_silent_for_15_minutes_is_dropped_and_a_gap_shows_as_a_silent_feed(tmp_path: Path) -> None:
    frame([("a", at(8)), ("b", at(8, 1)), ("a", at(9))]).to_parquet(tmp_path / "vehicle_positions.parquet")
    recording = open_recording(tmp_path, TIMETABLE)
    assert shown(recording.observations_at(at(8, 15))) == {"a": at(8), "b": at(8, 1)}
    assert shown(recording.observations_at(at(8, 15, 1))) == {"b": at(8, 1)}
    gap = recording.observations_at(at(8, 40))
    assert (len(gap), gap.feed_timestamp) == (0, at(8, 1))
    before, after = recording.observations_at(at(7)), recording.observations_at(at(12))
    assert np.isnan(before.feed_timestamp)
    assert (len(after), after.feed_timestamp) == (0, at(9))


def test_frames_are_polls_from_start_to_before_end(tmp_path: Path) -> None:
    frame([("a", at(8))]).to_parquet(tmp_path / "vehicle_positions.parquet")
    polls = list(open_recording(tmp_path, TIMETABLE).frames(at(8), at(8, 2), 30))
    assert [now - at(8) for now, _ in polls] == [0, 30, 60, 90]
    assert all(reading.observations.received_at == now for now, reading in polls)
    assert all(shown(reading.observations) == {"a": at(8)} for _, reading in polls)


def test_days_are_read_when_their_time_comes_and_joined_over_midnight(tmp_path: Path) -> None:
    frame([("a", at(12)), ("a", at(23, 58)), ("b", at(24, 1))]).to_parquet(
        tmp_path / "vehicle_positions_2026-03-16.parquet"
    )
    frame([("c", at(24, 2)), ("a", at(24, 3))]).to_parquet(tmp_path / "vehicle_positions_2026-03-17.parquet")
    recording = open_recording(tmp_path, TIMETABLE)
    assert shown(recording.observations_at(at(24, 3))) == {"a": at(24, 3), "b": at(24, 1), "c": at(24, 2)}
    assert shown(recording.observations_at(at(24, 2))) == {"a": at(23, 58), "b": at(24, 1), "c": at(24, 2)}


def test_only_the_days_asked_for_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(4):
        frame([("a", at(24 * day + 12))]).to_parquet(tmp_path / f"vehicle_positions_{day}.parquet")
    read: list[str] = []

    def read_and_note(path: Path) -> Reports:
        read.append(path.name)
        return read_reports(path)

    monkeypatch.setattr("feeds.recordings.parquet_archive.read_reports", read_and_note)
    recording = open_recording(tmp_path, TIMETABLE)
    for _ in recording.frames(at(24 * 2 + 11), at(24 * 2 + 13), 60):
        pass
    assert read == ["vehicle_positions_2.parquet"]


def test_every_column_is_read_and_the_operators_own_are_not(tmp_path: Path) -> None:
    frame(
        [("1554", at(8))], vehicle_label="Bus", trip_id="A1", start_date="20260316", start_time="25:10:00",
        route_id="A", direction_id=np.int8(1), bearing=np.float32(90), speed=3.5, current_stop_sequence=20.0,
        current_status=1.0, stop_id="s2", occupancy_status=2, op_status="LATE", last_stop_name="s1",
        agency_delay_min=4.0,
    ).to_parquet(tmp_path / "vehicle_positions.parquet")  # fmt: skip
    seen = open_recording(tmp_path, TIMETABLE).observations_at(at(8))
    assert seen.trip.tolist() == [TIMETABLE.trip_index["A1"]]
    assert seen.stop.tolist() == [TIMETABLE.stop_index["s2"]]
    assert seen.route.tolist() == [TIMETABLE.route_index["A"]]
    assert (seen.service_date[0], seen.start_time_s[0], seen.direction[0]) == (20260316, 90600, 1)
    assert (seen.bearing[0], seen.speed[0], seen.stop_sequence[0]) == (90.0, 3.5, 20)
    assert (seen.stop_status[0], seen.occupancy[0], seen.vehicle_label[0]) == (1, 2, "Bus")


def test_columns_of_mixed_types_are_read_for_what_they_mean(tmp_path: Path) -> None:
    rows = [("x", at(8)), ("y", at(8))]
    frame(
        rows, vehicle_id=[1554.0, 1848.0], trip_id=pd.Categorical(["A1", None]), start_date=[20260316, 20260317],
        route_id=["nan", "A"], current_status=["STOPPED_AT", "1"], speed=["3.5", "fast"], bearing=[None, 12],
        timestamp=pd.to_datetime([at(8), at(8)], unit="s"),
    ).to_parquet(tmp_path / "vehicle_positions.parquet")  # fmt: skip
    recording = open_recording(tmp_path, TIMETABLE)
    seen = recording.observations_at(at(8))
    assert shown(seen) == {"1554": at(8), "1848": at(8)}
    assert seen.trip.tolist() == [TIMETABLE.trip_index["A1"], -1]
    assert seen.service_date.tolist() == [20260316, 20260317]
    assert seen.route.tolist() == [-1, TIMETABLE.route_index["A"]]
    assert seen.stop_status.tolist() == [1, 1]
    assert np.isnan(seen.speed).tolist() == [False, True]
    assert np.isnan(seen.bearing).tolist() == [True, False]
    assert recording.refused == {}


def test_bad_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    table = frame([("a", at(8)), ("b", at(8)), ("c", at(8)), ("d", at(8))], trip_id=["A1", "ghost", "A1", "A1"])
    table.loc[2, "latitude"] = np.nan
    table["timestamp"] = table["timestamp"].astype(float)
    table.loc[3, "timestamp"] = np.nan
    table.to_parquet(tmp_path / "vehicle_positions.parquet")
    recording = open_recording(tmp_path, TIMETABLE)
    assert shown(recording.observations_at(at(8))) == {"a": at(8), "b": at(8)}
    assert recording.refused == {"position_missing": 1, "timestamp_missing": 1, "unknown_trip": 1}


def test_a_half_written_file_is_left_out_and_told(tmp_path: Path) -> None:
    whole = tmp_path / "vehicle_positions_1.parquet"
    frame([("a", at(8))]).to_parquet(whole)
    (tmp_path / "vehicle_positions_2.parquet").write_bytes(whole.read_bytes()[:-50])
    recording = open_recording(tmp_path, TIMETABLE)
    assert shown(recording.observations_at(at(8))) == {"a": at(8)}
    (problem,) = recording.problems
    assert problem.file == "vehicle_positions_2.parquet"
    assert "not a whole Parquet file" in problem.message
    whole.unlink()
    with pytest.raises(FeedError, match="not a whole Parquet file"):
        open_recording(tmp_path, TIMETABLE)


def test_a_file_damaged_inside_is_left_out_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "vehicle_positions.parquet"
    frame([(f"v{i}", at(8)) for i in range(1000)]).to_parquet(path, compression=None)
    data = bytearray(path.read_bytes())
    data[4:3000] = b"\xff" * 2996
    path.write_bytes(data)
    recording = open_recording(tmp_path, TIMETABLE)
    assert len(recording.observations_at(at(8))) == 0
    assert len(recording.problems) == 1


def test_a_file_without_positions_is_told_by_column(tmp_path: Path) -> None:
    frame([("a", at(8))]).drop(columns="latitude").to_parquet(tmp_path / "vehicle_positions.parquet")
    with pytest.raises(FeedError, match="no column latitude"):
        open_recording(tmp_path, TIMETABLE)


@pytest.mark.parametrize("form", ["pb", "pb.gz", "zip", "zip itself"])
def test_messages_are_played_back_by_their_names(tmp_path: Path, form: str) -> None:
    polls = {at(8): message(at(8), "a"), at(8, 1): message(at(8, 1), "a", "b")}
    folder = tmp_path
    if form.startswith("zip"):
        path = tmp_path / "vehicle_positions.pb.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for now, data in polls.items():
                archive.writestr(f"{now:.0f}.pb", data)
        folder = path if form == "zip itself" else tmp_path
    for now, data in polls.items() if form.startswith("pb") else ():
        (tmp_path / f"{now:.0f}.{form}").write_bytes(gzip.compress(data) if form == "pb.gz" else data)
    recording = open_recording(folder, TIMETABLE)
    assert (recording.first_at, recording.last_at) == (at(8), at(8, 1))
    seen = recording.observations_at(at(8, 0, 59))
    assert shown(seen) == {"a": at(8) - 5}
    assert (seen.received_at, seen.feed_timestamp) == (at(8, 0, 59), at(8))
    assert shown(recording.observations_at(at(8, 1))) == {"a": at(8, 1) - 5, "b": at(8, 1) - 5}
    assert len(recording.observations_at(at(7))) == 0
    late = recording.observations_at(at(9))
    assert (len(late), late.feed_timestamp) == (0, at(8, 1))


def test_a_message_whose_name_tells_no_time_is_dated_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "poll-1.pb").write_bytes(message(at(8), "a"))
    assert open_recording(tmp_path, TIMETABLE).first_at == at(8)


def test_damaged_messages_are_passed_over_and_told(tmp_path: Path) -> None:
    (tmp_path / f"{at(8):.0f}.pb").write_bytes(message(at(8), "a"))
    (tmp_path / f"{at(8, 1):.0f}.pb").write_bytes(message(at(8, 1), "a")[:-3])
    (tmp_path / "nameless.pb").write_bytes(b"<html>")
    (tmp_path / "vehicle_positions.zip").write_bytes(b"PK half a zip")
    recording = open_recording(tmp_path, TIMETABLE)
    for _ in range(2):
        assert shown(recording.observations_at(at(8, 1))) == {"a": at(8) - 5}
    assert {problem.file for problem in recording.problems} == {
        "nameless.pb", "vehicle_positions.zip", f"{at(8, 1):.0f}.pb",
    }  # fmt: skip
    unread = [problem.message for problem in recording.problems if problem.file.endswith(".pb")]
    assert all(message.startswith("vehicle positions: ") for message in unread), unread


def test_other_feeds_and_the_timetable_in_the_folder_are_not_taken_for_positions(tmp_path: Path) -> None:
    for feed in ("vehicle_positions", "trip_updates"):
        (tmp_path / feed).mkdir()
        (tmp_path / feed / f"{at(8):.0f}.pb").write_bytes(message(at(8), feed))
    with zipfile.ZipFile(tmp_path / "gtfs.zip", "w") as archive:
        archive.writestr("stops.txt", "stop_id\n")
    assert shown(open_recording(tmp_path, TIMETABLE).observations_at(at(8))) == {"vehicle_positions": at(8) - 5}


def test_parquet_is_preferred_to_messages(tmp_path: Path) -> None:
    frame([("a", at(8))]).to_parquet(tmp_path / "vehicle_positions.parquet")
    (tmp_path / f"{at(8):.0f}.pb").write_bytes(message(at(8), "a"))
    assert isinstance(open_recording(tmp_path, TIMETABLE).archive, ParquetArchive)


def test_a_folder_without_a_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="no recording in it"):
        open_recording(tmp_path, TIMETABLE)
    with pytest.raises(FeedError, match="no such folder"):
        open_recording(tmp_path / "nowhere", TIMETABLE)
    frame([]).to_parquet(tmp_path / "vehicle_positions.parquet")
    with pytest.raises(FeedError, match="no reports in it"):
        open_recording(tmp_path, TIMETABLE)


def test_polls_must_lie_apart(tmp_path: Path) -> None:
    frame([("a", at(8))]).to_parquet(tmp_path / "vehicle_positions.parquet")
    with pytest.raises(ValueError, match="every"):
        next(open_recording(tmp_path, TIMETABLE).frames(at(8), at(9), 0))


@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4000)), min_size=1, max_size=40),
    days=st.integers(1, 3),
    polls=st.lists(st.integers(-100, 5000), min_size=1, max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_any_poll_shows_what_the_rule_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]], days: int, polls: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("recording")
    table = frame([(name, at(8) + second) for name, second in rows])
    for day, part in enumerate(np.array_split(np.arange(len(table)), days)):
        if len(part):
            table.iloc[part].to_parquet(folder / f"vehicle_positions_{day}.parquet")
    recording = open_recording(folder, TIMETABLE)
    for poll in polls:
        now = at(8) + poll
        heard = table[table.timestamp <= now]
        newest = heard.groupby("vehicle_id").timestamp.max()
        expected = newest[newest >= now - 900].to_dict()
        seen = recording.observations_at(now)
        assert shown(seen) == expected
        np.testing.assert_equal(seen.feed_timestamp, heard.timestamp.max() if len(heard) else np.nan)


def test_a_bus_on_a_trip_that_the_operator_added_is_known_where_that_is(tmp_path: Path) -> None:
    """Reports that were kept without their messages; the operator's word of the moment has a trip more."""
    rows = [("a", at(8)), ("b", at(8)), ("c", at(8))]
    frame(rows, trip_id=["A1", "extra", "nowhere"]).to_parquet(tmp_path / "vehicle_positions_2026-03-16.parquet")
    recording = open_recording(tmp_path, TIMETABLE)
    assert (recording.observations_at(at(8, 1)).trip >= 0).tolist() == [True, False, False]
    more = replace(TIMETABLE, trip_id=np.append(TIMETABLE.trip_id[:-1], "extra"))
    seen = recording.observations_at(at(8, 1), more)
    assert seen.trip.tolist() == [TIMETABLE.trip_index["A1"], more.trip_index["extra"], -1]
    assert recording.refused["unknown_trip"] == 2
