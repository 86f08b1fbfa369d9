"""Column names, rows and archives as other programs write them: what can mean one thing alone is read so, and told."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from google.transit import gtfs_realtime_pb2

from feeds.errors import FeedError
from feeds.timetable import LoadedTimetable, load_timetable
from tests.feeds.small_feed import (
    STOP_TIMES,
    TABLES,
    WEEK,
    called_stops,
    clock_times,
    load,
    write_feed,
)  # fmt: skip


def is_whole(loaded: LoadedTimetable) -> bool:
    tt = loaded.timetable
    return called_stops(tt, "t1") == "ABC" and clock_times(tt, "t1") == ["08:00:00", "08:02:00", "08:04:00"]


def told(loaded: LoadedTimetable, words: str) -> bool:
    return any(words in problem.message for problem in loaded.problems)


@pytest.mark.parametrize(
    "header",
    [
        "stopId,stopName,stopLat,stopLon", "stopid,stopname,stoplat,stoplon",
        "stop_id,stop_name,stop_latitude,stop_longitude",
        "stop_id:string,stop_name:string,stop_lat:float,stop_lon:float",
        "stops.stop_id,stops.stop_name,stops.stop_lat,stops.stop_lon",
        "\u00ef\u00bb\u00bfstop_id,stop_name,stop_lat,stop_lng",
    ],
)  # fmt: skip
def test_columns_are_known_by_other_spellings_of_their_names(tmp_path: Path, header: str) -> None:
    loaded = load(tmp_path, stops=str(TABLES["stops"]).replace("stop_id,stop_name,stop_lat,stop_lon", header))
    assert is_whole(loaded)
    assert loaded.timetable.stop_name[0] == "Stop A"
    assert told(loaded, "must be stop_lon; read as such")


def test_a_column_of_another_language_is_not_taken_for_the_name(tmp_path: Path) -> None:
    stops = (
        str(TABLES["stops"])
        .replace("stop_id,stop_name,", "stop_id,stop_name:de,stop_name,")
        .replace(",Stop", ",Halt,Stop")
    )
    assert load(tmp_path, stops=stops).timetable.stop_name[0] == "Stop A"


def test_days_may_be_shortened(tmp_path: Path) -> None:
    week = WEEK.replace("monday", "Mon").replace("sunday", "SUN")
    loaded = load(tmp_path, calendar=f"{week}daily,1,1,1,1,1,1,1,20260302,20260308\n")
    assert int(loaded.timetable.service_active.sum()) == 7


A, B, C = "t1,08:00:00,08:00:00,A,", "t1,08:02:00,08:02:00,B,", "t1,08:04:00,08:04:00,C,"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # opentripplanner/OpenTripPlanner#2220
        ((f"{A}1", f"{B}2", "t1,,,C,3", f"{C}4"), "the two are one call"),
        ((f"{A}1", "t1,,,A,2", f"{B}3", f"{C}4"), "the two are one call"),
        ((f"{A}3", f"{B}2", f"{C}1"), "counts down along this trip"),
    ],
)  # fmt: skip
def test_a_trip_calls_once_at_each_stop_in_the_order_of_its_times(
    tmp_path: Path, rows: tuple[str, ...], words: str
) -> None:
    loaded = load(tmp_path, stop_times=STOP_TIMES + "\n".join(rows) + "\n")
    assert is_whole(loaded)
    assert told(loaded, words)


def test_without_a_column_of_numbers_calls_are_in_the_order_of_the_rows(tmp_path: Path) -> None:
    loaded = load(tmp_path, stop_times=STOP_TIMES.replace(",stop_sequence", "") + f"{A[:-1]}\n{B[:-1]}\n{C[:-1]}\n")
    assert is_whole(loaded)
    assert told(loaded, "in the order of the rows")


def test_a_zip_packed_in_another_way_is_not_called_damaged(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "gtfs.zip")
    data = bytearray(path.read_bytes())
    for magic, place in ((b"PK\1\2", 10), (b"PK\3\4", 8)):
        at = data.find(magic)
        while at >= 0:
            data[at + place] = 98
            at = data.find(magic, at + 1)
    path.write_bytes(data)
    with pytest.raises(FeedError, match=r"packed in a way that is not read here.*unpack it"):
        load_timetable(path, cache_dir=None)


# vingerha/gtfs2#82
def test_a_message_given_as_a_timetable_is_named(tmp_path: Path) -> None:
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version, message.header.timestamp = "2.0", 1
    path = tmp_path / "gtfs-ace"
    path.write_bytes(message.SerializeToString())
    with pytest.raises(FeedError, match="GTFS-Realtime message and not a GTFS zip"):
        load_timetable(path, cache_dir=None)


def test_a_path_at_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_feed(tmp_path / "town.zip")
    assert zipfile.is_zipfile(tmp_path / "town.zip")
    assert is_whole(load_timetable("~/town.zip", cache_dir=None))
