"""Slips of single files and rows that others met: what can mean one thing alone is read so, and told by row."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest
from inflate64 import Deflater

from benchmarks.field.city import City
from benchmarks.field.messages import bus
from benchmarks.field.network import Frequency, Network, Pattern, Trip
from feeds.errors import FeedError
from feeds.timetable import LoadedTimetable, load_timetable
from tests.feeds.small_feed import (
    SHAPES,
    SPACING_M,
    STOP_TIMES,
    STOPS,
    TABLES,
    TRIPS,
    WEEK,
    called_stops,
    calls,
    clock_times,
    load,
    place,
    stops,
    write_feed,
)

A, B, C = (place(i * SPACING_M) for i in range(3))
BEND = place(300.0, 50.0)
TIMES = ("08:00:00", "08:02:00", "08:04:00")
SHAPED = "route_id,service_id,trip_id,shape_id\nr1,daily,t1,way\n"


def is_whole(loaded: LoadedTimetable) -> bool:
    return (called_stops(loaded.timetable, "t1"), clock_times(loaded.timetable, "t1")) == ("ABC", list(TIMES))


def told(loaded: LoadedTimetable, file: str, row: int | None, words: str) -> bool:
    return any((p.file, p.row) == (file, row) and words in p.message for p in loaded.problems)


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ("shape_id,shape_pt_lat,shape_pt_lon\n" + "".join(f"way,{p}\n" for p in (A, BEND, B, C)), "order of the rows"),
        (SHAPES + "".join(f"way,{at},\n" for at in (A, BEND, B, C)), "order of the rows"),
        # OneBusAway/onebusaway-gtfs-modules#32, carrismetropolitana/gtfs#604: one shape for both directions.
        (SHAPES + "".join(f"way,{at},{i}\n" for i, at in enumerate((C, B, BEND, A))), "from its end to its beginning"),
    ],
)  # fmt: skip
def test_a_bus_follows_its_street_without_numbers_of_its_points_and_against_them(
    tmp_path: Path, shapes: str, words: str
) -> None:
    loaded = load(tmp_path, trips=SHAPED, shapes=shapes)
    assert is_whole(loaded)
    assert any(words in problem.message for problem in loaded.problems)
    tt = loaded.timetable
    assert tt.line_has_shape.tolist() == [True]
    assert tt.pattern_distance_m == pytest.approx([0.0, 608.0, 1208.0], abs=1.0)
    assert (np.diff(tt.line_distance_m) > 0).all()


def test_both_directions_of_one_shape_are_driven_each_their_way(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, trips=SHAPED + "r1,daily,t2,way\n",
        shapes=SHAPES + "".join(f"way,{at},{i}\n" for i, at in enumerate((A, BEND, B, C))),
        stop_times=STOP_TIMES + calls("t1", *TIMES) + calls("t2", *TIMES, stops="CBA"),
    )  # fmt: skip
    tt = loaded.timetable
    assert (called_stops(tt, "t2"), tt.line_has_shape.tolist()) == ("CBA", [True, True])
    assert tt.pattern_distance_m == pytest.approx([0.0, 608.0, 1208.0, 0.0, 600.0, 1208.0], abs=1.0)


# mfdz/GTFS-Issues#35, conveyal/gtfs-data-manager#99, OpenMobilityData/OpenMobilityData-Public#47
@pytest.mark.parametrize("at", [",".join(reversed(B.split(","))), f"-{B}", "57.39,0.69", "10.87,10.37"])
@pytest.mark.parametrize("time", ["08:02:00", ""])
def test_a_stop_on_the_other_side_of_the_earth_is_put_where_its_line_is(tmp_path: Path, at: str, time: str) -> None:
    loaded = load(tmp_path, stops=f"{STOPS}A,A,{A}\nB,B,{at}\nC,C,{C}\n",
                  stop_times=STOP_TIMES + calls("t1", TIMES[0], time, TIMES[2]))  # fmt: skip
    assert is_whole(loaded)
    assert told(loaded, "stops.txt", 3, "than anybody gets")
    assert loaded.timetable.stop_lon[1] == pytest.approx(float(B.split(",")[1]), abs=0.001)


def test_far_apart_and_driven_in_that_time_or_over_the_date_line_is_no_mistake(tmp_path: Path) -> None:
    far = calls("t1", "08:00:00", "14:00:00", "20:00:00")
    loaded = load(tmp_path, stops=stops(A=(0, 0), B=(400_000, 0), C=(900_000, 0)), stop_times=STOP_TIMES + far)
    fiji = load(tmp_path, stops=f"{STOPS}A,A,-17,179.99\nB,B,-17,-179.99\nC,C,-17,-179.98\n",
                agency=str(TABLES["agency"]).replace("Europe/Paris", "Pacific/Fiji"))  # fmt: skip
    assert not any("than anybody gets" in p.message for p in (*loaded.problems, *fiji.problems))
    assert fiji.timetable.stop_lon[0] == 179.99


@pytest.mark.parametrize(
    "times",
    [
        ("12:50 AM", "1:00 PM", "1:02 PM"), ("00:58:00", "13:00:00", "13:02:00"), ("08:00:00", "08:02:00", "20:04:00"),
    ],
)  # fmt: skip
def test_half_a_day_too_many_is_told(tmp_path: Path, times: tuple[str, ...]) -> None:
    loaded = load(tmp_path, stop_times=STOP_TIMES + calls("t1", *times))
    assert told(loaded, "stop_times.txt", 3 if times[1] < "08:03" else 2, "AM and PM are exchanged")


def test_a_clock_of_twelve_hours_is_told(tmp_path: Path) -> None:
    rows = STOP_TIMES + calls("t1", "12:56:00", "12:58:00", "1:00:00")
    assert told(load(tmp_path, stop_times=rows), "stop_times.txt", 4, "write 13:00 for 1 PM")
    owl = rows + calls("t2", "23:56:00", "23:58:00", "1:00:00")
    loaded = load(tmp_path, stop_times=owl, trips=TRIPS + "r1,daily,t1\nr1,daily,t2\n")
    assert not any("write 13:00" in problem.message for problem in loaded.problems)


def test_days_as_spreadsheets_count_them_are_read_and_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, calendar=f"{WEEK}daily,1,1,1,1,1,1,1,46083,46089.0\n")
    assert loaded.timetable.date.tolist() == list(range(20260302, 20260309))
    assert told(loaded, "calendar.txt", 2, "as spreadsheets count them")


@pytest.mark.parametrize("date", ["02/03/26", "26-03-02", "2.3.26", "260302"])
def test_a_year_of_two_digits_is_told_and_not_guessed(tmp_path: Path, date: str) -> None:
    with pytest.raises(FeedError, match=rf"calendar.txt row 2: start_date “{date}” has two digits for the year"):
        load(tmp_path, calendar=f"{WEEK}daily,1,1,1,1,1,1,1,{date},20261212\n")


@pytest.mark.parametrize("header", [False, True])
def test_rows_that_a_spreadsheet_took_for_one_value_are_rows(tmp_path: Path, header: bool) -> None:
    names, *rows = str(TABLES["stops"]).replace("Stop A", '""Hall"", A').splitlines()
    rows[0] = rows[0].replace('""Hall"", A', '""Hall, A""')
    text = "\n".join([f'"{names}"' if header else names, *(f'"{row}"' for row in rows), ""])
    loaded = load(tmp_path, stops=text)
    assert is_whole(loaded)
    assert loaded.timetable.stop_name.tolist() == ["Hall, A", "Stop B", "Stop C"]
    assert told(loaded, "stops.txt", 2, "in quotation marks as a whole")


def test_what_a_database_writes_for_nothing_is_on_no_sign(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, trips="route_id,service_id,trip_id,trip_headsign,block_id\nr1,daily,t1,\\N,\\N\n",
        stops=str(TABLES["stops"]).replace("Stop A", "C:\\North"),
        stop_times=STOP_TIMES + calls("t1", *TIMES).replace("t1,08:00:00", "t1,\\N"),
    )  # fmt: skip
    tt = loaded.timetable
    assert is_whole(loaded)
    assert (tt.trip_headsign[0], len(tt.block_id), tt.stop_name[0]) == ("Stop C", 0, "C:\\North")
    assert told(loaded, "trips.txt", 2, "stands for nothing") and not told(loaded, "stops.txt", 2, "")


@pytest.mark.parametrize("written", ["\u200fB 1\u200e", "B\u00a01", "B  1", "B\u2060 1", "b 1"])
def test_an_id_is_known_whatever_blanks_and_marks_nobody_sees(tmp_path: Path, written: str) -> None:
    loaded = load(tmp_path, stops=str(TABLES["stops"]).replace("B,", "B 1,"),
                  stop_times=STOP_TIMES + calls("t1", *TIMES).replace(",B,", f",{written},"))  # fmt: skip
    assert called_stops(loaded.timetable, "t1") == "AB 1C"


def test_times_in_the_digits_of_other_scripts_are_times(tmp_path: Path) -> None:
    times = (time.translate({48 + n: 0x660 + n for n in range(10)}) for time in TIMES)
    assert is_whole(load(tmp_path, stop_times=STOP_TIMES + calls("t1", *times)))


# MobilityData/mobility-feed-api#970, mfdz/GTFS-Issues#58
def test_a_zip_packed_as_windows_packs_gigabytes_is_read(tmp_path: Path) -> None:
    path, packed = tmp_path / "gtfs.zip", tmp_path / "deflate64.zip"
    write_feed(path)
    with ZipFile(path) as archive, ZipFile(packed, "w", ZIP_STORED) as again:
        tables = {name: archive.read(name) for name in archive.namelist()}
        for name, text in tables.items():
            deflater = Deflater()
            again.writestr(name, deflater.deflate(text) + deflater.flush())
        infos = again.infolist()
    data = bytearray(packed.read_bytes())
    at = 0
    for info in infos:
        text = tables[info.filename]
        at = data.find(b"PK\1\2", at + 1)
        for place_, method in ((info.header_offset, 8), (at, 10)):
            struct.pack_into("<H", data, place_ + method, 9)
            struct.pack_into("<I", data, place_ + method + 6, zlib.crc32(text))
            struct.pack_into("<I", data, place_ + method + 14, len(text))
    packed.write_bytes(data)
    assert is_whole(load_timetable(packed, cache_dir=None))
    data[infos[4].header_offset + 60] ^= 0xFF
    packed.write_bytes(data)
    with pytest.raises(FeedError, match="cannot be unpacked"):
        load_timetable(packed, cache_dir=None)


# google/transitfeed#379
def test_a_name_in_a_zip_that_is_in_another_encoding_than_it_tells_is_not_called_a_broken_download(
    tmp_path: Path,
) -> None:
    path = tmp_path / "gtfs.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("Donn\u00e9es/stops.txt", "")
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\x82\x82"))
    with pytest.raises(FeedError, match="not in the encoding that it tells"):
        load_timetable(path, cache_dir=None)


# seanrees/gtfs-upcoming#7, mfdz/GTFS-Issues#46, LBNL-UCB-STI/beam#3460
@pytest.mark.parametrize(
    ("service", "times", "told_of"),
    [
        ("daily", TIMES, True),
        ("same", TIMES, True),
        ("later", TIMES, False),
        ("daily", ("08:00", "08:03", "08:04"), False),
        # Under the service day before.
        ("daily", ("32:00:00", "32:02:00", "32:04:00"), True),
        ("daily", ("32:00:00", "32:03:00", "32:04:00"), False),
    ],
)
def test_a_trip_that_stands_in_the_timetable_twice_is_told(
    tmp_path: Path, service: str, times: tuple[str, ...], told_of: bool
) -> None:
    others = "same,0,0,0,0,0,0,1,20260302,20260308\nlater,1,1,1,1,1,1,1,20260309,20260315\n"
    loaded = load(
        tmp_path, trips=TRIPS + f"r1,daily,t1\nr1,{service},t2\n", calendar=str(TABLES["calendar"]) + others,
        stop_times=STOP_TIMES + calls("t1", *TIMES) + calls("t2", *times),
    )  # fmt: skip
    assert told(loaded, "trips.txt", 3, "boards show both") == told_of


# MobilityData/gtfs-validator#2171
@pytest.mark.parametrize("zone", ["Europe/Paris", "Europe/Brussels", "America/New_York", "UTC"])
def test_a_time_zone_far_from_all_stops_is_told(tmp_path: Path, zone: str) -> None:
    loaded = load(tmp_path, agency=str(TABLES["agency"]).replace("Europe/Paris", zone))
    assert told(loaded, "agency.txt", 2, f"no clock shows the time of {zone}") == (not zone.startswith("Europe"))


def test_decimal_commas_between_commas_put_no_stop_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="Row 2 has more fields than the 4 columns"):
        load(tmp_path, stops=STOPS + "A,A,47,3900,0,6900\nB,B,47,3900,0,6980\nC,C,47,3900,0,7060\n")


def test_two_rows_on_one_line_are_no_name_and_put_no_stop_elsewhere(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=f"{STOPS}A,A,{A}B,B,{B}\nC,C,{C}\nD,D,{place(1800.0)}\n",
                  stop_times=STOP_TIMES + calls("t1", *TIMES, "08:06:00", stops="ABCD"))  # fmt: skip
    assert called_stops(loaded.timetable, "t1") == "CD"
    assert told(loaded, "stops.txt", 2, "the row is skipped")


def test_stops_without_a_place_say_nothing_of_the_time_zone(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=str(TABLES["stops"]) + "".join(f"X{n},X,0,0\n" for n in range(9)))
    assert not any("no clock" in problem.message for problem in loaded.problems)


# A shape drawn along the next street, or in another datum: OpenMobilityData's validators tell stops over 100 m off.
@pytest.mark.parametrize("beside_m", [0.0, 90.0, 160.0, 190.0, 260.0])
def test_a_bus_at_its_stops_is_live_though_its_shape_is_drawn_beside_them(beside_m: float) -> None:
    pattern = Pattern("main", "A B C D E", shape="way")
    city = City(Network(patterns=(pattern,), shapes={"way": ((0.0, beside_m), (4 * SPACING_M, beside_m))}), at="07:58")
    city.vehicle_positions(bus("v1", "t1", late_s=120)).at("08:05")
    assert city.board("D")[0].endswith("t1 live")


# google/transit, frequencies.txt: headways of a trip may not overlap.
@pytest.mark.parametrize("exact", [0, 1])
def test_of_two_headways_that_hold_at_one_time_the_shorter_counts(exact: int) -> None:
    often = Network(
        trips=(Trip("t1", "08:00"),),
        frequencies=(Frequency("t1", "07:00", "10:00", 1260, exact), Frequency("t1", "08:00", "09:00", 600, exact)),
    )
    assert told(often.loaded, "frequencies.txt", None, "shorter headways")
    city = City(often, at="07:20")
    # Without the 08:03, 08:24 and 08:45 of the other row.
    starts = ["07:21", "07:42", "08:00", "08:10", "08:20", "08:30", "08:40", "08:50", "09:06", "09:27", "09:48"]
    shift = city.service.view.snapshot.timetable.journey_shift_s
    assert [f"{8 + at // 3600:02d}:{at // 60 % 60:02d}" for at in shift.tolist()] == ["07:00", *starts]
