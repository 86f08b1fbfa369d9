"""Timetables as countries, offices and databases write them: every stop keeps its name, every trip its calls."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import FeedError
from feeds.timetable import LoadedTimetable, load_timetable
from tests.feeds.small_feed import (
    SHAPES,
    SPACING_M,
    STOP_TIMES,
    STOPS,
    TABLES,
    WEEK,
    called_stops,
    calls,
    clock_times,
    load,
    place,
)

A, B, C = (place(i * SPACING_M) for i in range(3))
TIMES = ["08:00:00", "08:02:00", "08:04:00"]


def is_whole(loaded: LoadedTimetable) -> bool:
    """Whether the trip calls at all its stops at the times at which it does."""
    return (called_stops(loaded.timetable, "t1"), clock_times(loaded.timetable, "t1")) == ("ABC", TIMES)


def told(loaded: LoadedTimetable, words: str) -> bool:
    return any(words in problem.message for problem in loaded.problems)


def in_zone(zone: str) -> str:
    return str(TABLES["agency"]).replace("Europe/Paris", zone)


def named(name: str) -> str:
    return f"{STOPS}A,{name},{A}\nB,Stop B,{B}\nC,Stop C,{C}\n"


@pytest.mark.parametrize(
    ("zone", "page", "name"),
    [
        ("Europe/Warsaw", "cp1250", "Łódź Fabryczna"), ("Europe/Moscow", "cp1251", "Площадь Революции"),
        ("Europe/Kyiv", "cp1251", "Київ"), ("Europe/Athens", "cp1253", "Σύνταγμα"), ("Asia/Tokyo", "cp932", "駅前通り"),
        ("Europe/Istanbul", "cp1254", "Beşiktaş İskelesi"), ("Asia/Shanghai", "gb18030", "火车站"),
        ("Asia/Taipei", "big5", "火車站"), ("Asia/Seoul", "cp949", "서울역"), ("Asia/Jerusalem", "cp1255", "תחנה"),
        ("Europe/Paris", "latin-1", "Gare à côté"), ("Europe/Paris", "mac_roman", "Gare à côté, métro"),
        ("America/Sao_Paulo", "cp850", "Estação da Praça"), ("Europe/Prague", "cp1250", "Náměstí Míru"),
        ("Asia/Tokyo", "utf-8", "駅前通り"), ("Europe/Berlin", "cp1252", "Straße – “Süd”"),
    ],
)  # fmt: skip
def test_a_name_in_the_code_page_of_its_country_is_read(tmp_path: Path, zone: str, page: str, name: str) -> None:
    quoted = f'"{name}"' if "," in name else name
    loaded = load(tmp_path, agency=in_zone(zone), stops=named(quoted).encode(page))
    assert is_whole(loaded)
    assert loaded.timetable.stop_name[loaded.timetable.stop_index["A"]] == name
    assert told(loaded, "is not UTF-8 in these rows") == (page != "utf-8")


# BlinkTagInc/node-gtfs#25 and #111, transitland/transitland-datastore#511, OpenTransport/gtfs-csv2rdf#18
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"CASA CIRC. "LO RUSSO E CUTUGNO""', 'CASA CIRC. "LO RUSSO E CUTUGNO"'), ('Rsa "S.B" "A"', 'Rsa "S.B" "A"'),
        ('"Stop \\"A\\" x"', 'Stop "A" x'), ("O\\'Neil", "O'Neil"), ("Stop\x0bA\x1f", "StopA"),
    ],
)  # fmt: skip
def test_a_name_in_quotes_of_any_program_is_read(tmp_path: Path, written: str, meant: str) -> None:
    loaded = load(tmp_path, stops=named(written))
    assert loaded.timetable.stop_name[loaded.timetable.stop_index["A"]] == meant
    assert is_whole(loaded)


def test_single_quotes_around_all_values_are_no_part_of_them(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=f"{STOPS}'A','Stop A',{A}\n'B','Stop B',{B}\n'C','O''Hare',{C}\n")
    assert is_whole(loaded)
    assert loaded.timetable.stop_name[loaded.timetable.stop_index["A"]] in ("Stop A", "'Stop A'")
    assert is_whole(load(tmp_path, stops=f"{STOPS}A,'t Hof,{A}\nB,Stop B,{B}\nC,'s Graven',{C}\n"))


@pytest.mark.parametrize("place_of", ["{}°", "{} °N", "{}E", " {}\u00a0"])
def test_degrees_are_read_with_their_marks(tmp_path: Path, place_of: str) -> None:
    rows = "".join(
        f"{stop},Stop {stop},{','.join(place_of.format(degrees) for degrees in at.split(','))}\n"
        for stop, at in zip("ABC", (A, B, C), strict=True)
    )
    loaded = load(tmp_path, stops=STOPS + rows)
    assert is_whole(loaded)
    assert abs(loaded.timetable.stop_lat[0] - float(A.split(",")[0])) < 1e-6
    southern = load(tmp_path, stops=f"{STOPS}A,A,47.39S,0.69W\nB,B,47.39S,0.69W\nC,C,-47.39,-0.69\n").timetable
    assert (southern.stop_lat < 0).all() and (southern.stop_lon < 0).all()


def test_line_ends_of_several_kinds_in_one_file_end_lines(tmp_path: Path) -> None:
    tables = {name: str(text) for name, text in TABLES.items()}
    rows = tables["stops"].splitlines()
    loaded = load(tmp_path, stops=f"{rows[0]}\n{rows[1]}\r\n{rows[2]}\r{rows[3]}\n")
    assert is_whole(loaded)
    assert loaded.problems == ()
    assert load(tmp_path, stops=named("Hall\rnorth")).timetable.stop_name[0] == "Hall north"


# mfdz/GTFS-Issues#72
def test_an_entrance_to_nothing_at_which_trips_call_is_a_stop(tmp_path: Path) -> None:
    stops = f"{STATIONS}A,Stop A,{A},2,\nB,Stop B,{B},3,gone\nC,Stop C,{C},0,\n"
    assert is_whole(load(tmp_path, stops=stops))


# public-transport/transitous#1457: a page of the server's own stands before the zip, or behind it.
@pytest.mark.parametrize("before", [b"", b"<html><body>one moment</body></html>\r\n"])
def test_a_zip_inside_of_what_a_server_says_is_read(tmp_path: Path, before: bytes) -> None:
    packed = zipped(tmp_path / "gtfs.zip").read_bytes()
    (tmp_path / "gtfs.zip").write_bytes(before + packed + b"\n<!-- done -->\n")
    assert is_whole(load_timetable(tmp_path / "gtfs.zip", cache_dir=None))


# chairemobilite/transition#1909
def test_line_ends_of_three_characters_end_a_line(tmp_path: Path) -> None:
    assert is_whole(load(tmp_path, **{name: str(text).replace("\n", "\r\r\n") for name, text in TABLES.items()}))


# mfdz/GTFS-Issues#252
def test_tables_are_known_in_the_singular_and_with_their_words_joined_otherwise(tmp_path: Path) -> None:
    names = {
        "calendar": "Calendar-Date.txt",
        "stops": "stop.txt",
        "stop_times": "stop times.txt",
        "routes": "route.txt",
    }
    path = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for table, text in {**TABLES, "calendar": "service_id,date,exception_type\ndaily,20260302,1\n"}.items():
            archive.writestr(names.get(table, f"{table}.txt"), str(text))
    assert is_whole(load_timetable(path, cache_dir=None))


def zipped(path: Path, **named_otherwise: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for table, text in TABLES.items():
            archive.writestr(named_otherwise.get(table, named_otherwise.get("all", "{}.txt").format(table)), str(text))
    return path


@pytest.mark.parametrize("name", ["{}.txt.csv", "{}.txt.txt", "{}.CSV", "./{}.txt", "/feed/{}.txt", "feed\\{}.TXT"])
def test_tables_are_found_under_the_names_that_programs_give_them(tmp_path: Path, name: str) -> None:
    assert is_whole(load_timetable(zipped(tmp_path / "gtfs.zip", all=name), cache_dir=None))


# transitland/transitland#300
def test_a_table_under_another_name_is_told_where_one_is_missing(tmp_path: Path) -> None:
    path = zipped(tmp_path / "gtfs.zip", stop_times="stop_times_ALL.txt")
    with pytest.raises(FeedError, match=r"stop_times.txt missing.*stop_times_ALL.txt"):
        load_timetable(path, cache_dir=None)


def test_a_zip_packed_once_more_is_read_and_other_archives_are_named(tmp_path: Path) -> None:
    packed = zipped(tmp_path / "gtfs.zip").read_bytes()
    path = tmp_path / "gtfs.zip.gz"
    path.write_bytes(gzip.compress(packed))
    assert is_whole(load_timetable(path, cache_dir=None))
    for data, what in ((b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"Rar!\x1a\x07", "RAR"), (b"a" * 257 + b"ustar", "tar")):
        path.write_bytes(data)
        with pytest.raises(FeedError, match=f"{what} archive and no zip"):
            load_timetable(path, cache_dir=None)


def stop_times(numbers: tuple[str, ...] = ("1", "2", "3"), times: tuple[str, ...] = tuple(TIMES)) -> str:
    rows = zip("ABC", times, numbers, strict=True)
    return STOP_TIMES + "".join(f't1,"{time}","{time}",{stop},"{number}"\n' for stop, time, number in rows)


def test_calls_of_numbers_that_are_no_whole_ones_are_in_their_order_and_others_keep_theirs(tmp_path: Path) -> None:
    for numbers in (("1.5", "2.5", "10.5"), ("20260302080000", "20260302080200", "20260302080400")):
        loaded = load(
            tmp_path, trips="route_id,service_id,trip_id\nr1,daily,t1\nr1,daily,t2\n",
            stop_times=stop_times(numbers) + "t2,09:00:00,09:00:00,A,10\nt2,09:02:00,09:02:00,B,20\n",
        )  # fmt: skip
        assert is_whole(loaded)
        assert told(loaded, "what it tells of the order counts")
        tt = loaded.timetable
        first = tt.trip_call_ptr[tt.trip_index["t2"]]
        assert tt.stop_sequence[first : first + 2].tolist() == [10, 20]


# MKuranowski/PKPIntercityGTFS#1
@pytest.mark.parametrize(
    "numbers", [("-1", "0", "1"), ("1,000", "1,001", "1,002"), ("1.0", "10.0", "20.0"), ("1E0", "2E0", "3E0")]
)
def test_calls_are_in_order_however_they_are_numbered(tmp_path: Path, numbers: tuple[str, ...]) -> None:
    assert is_whole(load(tmp_path, stop_times=stop_times(numbers)))


@pytest.mark.parametrize(
    "times",
    [
        ("8h00", "8h02", "8h04"), ("08.00.00", "08.02.00", "08.04.00"), ("8:0:0", "8:2:0", "8:4:0"),
        ("1900-01-01 08:00:00", "1900-01-01T08:02:00", "1899-12-30 08:04:00"), ("08:00:00,0", "8h02m00s", "08:04:00Z"),
    ],
)  # fmt: skip
def test_times_are_read_as_countries_and_databases_write_them(tmp_path: Path, times: tuple[str, ...]) -> None:
    assert is_whole(load(tmp_path, stop_times=stop_times(times=times)))


@pytest.mark.parametrize("time", ["0.3333", "8.5", "28800", "-"])
def test_what_may_be_no_time_is_told(tmp_path: Path, time: str) -> None:
    assert told(load(tmp_path, stop_times=stop_times(times=(TIMES[0], time, TIMES[2]))), "is not a time HH:MM:SS")


@pytest.mark.parametrize(
    ("written", "colors"),
    [
        ("#FFF,000", ("FFFFFF", "000000")), ("0x00ff00,#FF000080", ("00FF00", "FF0000")),
        ("FF,0", ("0000FF", "000000")), ("16711680,1671168", ("FF0000", "198000")),
        ("red,rgb()", ("", "")), ("00aA00,", ("00AA00", "")),
    ],
)  # fmt: skip
def test_a_line_has_the_colours_that_are_meant(tmp_path: Path, written: str, colors: tuple[str, str]) -> None:
    columns = "route_id,route_short_name,route_type,route_color,route_text_color\n"
    loaded = load(tmp_path, routes=f"{columns}r1,1,3,{written}\n")
    assert (loaded.timetable.route_color[0], loaded.timetable.route_text_color[0]) == colors
    assert told(loaded, "six hexadecimal digits") == (written != "00aA00,")


def test_a_zone_that_stops_alone_have_is_the_feeds(tmp_path: Path) -> None:  # motis-project/motis#677
    zoned = f"{STOPS.strip()},stop_timezone\nA,A,{A},Europe/Paris\nB,B,{B},\nC,C,{C},Europe/Paris\n"
    loaded = load(tmp_path, agency=in_zone(""), stops=zoned)
    assert (loaded.timetable.timezone, is_whole(loaded)) == ("Europe/Paris", True)
    assert told(loaded, "no agency_timezone")
    with pytest.raises(FeedError, match="has no agency_timezone"):
        load(tmp_path, agency=in_zone(""))


@pytest.mark.parametrize(
    ("calendar", "days"),
    [
        ("daily,true,TRUE,yes,Y,x,1,1.0,20260302,20260308", 7), ("daily,false,no,N,f,0,True,t,20260302,20260308", 2),
    ],
)  # fmt: skip
def test_days_are_ticked_as_people_tick_them(tmp_path: Path, calendar: str, days: int) -> None:
    loaded = load(tmp_path, calendar=f"{WEEK}{calendar}\n")
    assert (int(loaded.timetable.service_active.sum()), loaded.problems) == (days, ())


def test_a_calendar_without_a_column_for_sundays_has_the_other_days(tmp_path: Path) -> None:
    loaded = load(tmp_path, calendar=WEEK.replace("sunday,", "") + "daily,1,1,1,1,1,1,20260302,20260308\n")
    assert int(loaded.timetable.service_active.sum()) == 6
    assert told(loaded, "no column sunday; nothing runs on that day")
    with pytest.raises(FeedError, match="no column start_date; the file was left out"):
        load(tmp_path, calendar=WEEK.replace("start_date,", "") + "daily,1,1,1,1,1,1,1,20260308\n")


def test_a_headway_until_midnight_lasts_until_then(tmp_path: Path) -> None:
    rows = "trip_id,start_time,end_time,headway_secs\nt1,08:00:00,00:00:00,1800\n"
    assert len(load(tmp_path, frequencies=rows).timetable.journey_trip) == 32


# What other readers fall over, and ours must not.
FLEX = STOP_TIMES.strip() + ",location_id,start_pickup_drop_off_window,end_pickup_drop_off_window\n"
STATIONS = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
ROUTED = "route_id,service_id,trip_id,shape_id\nr1,daily,t1,way\n"


@pytest.mark.parametrize(
    "tables",
    [
        # OneBusAway/onebusaway-application-modules#99, graphhopper/graphhopper#2089, planarnetwork/gb-transit#2
        {"stop_times": STOP_TIMES + "t1,,08:00:00,A,1\nt1,08:02:00,,B,2\nt1,08:04:00,,C,3\n"},
        {"stop_times": STOP_TIMES + calls("t1", "08:00:00", "", "08:04:00")},
        # MobilityData/gtfs-validator#1767
        {"stop_times": FLEX + "t1,08:00:00,08:00:00,A,1,,,\nt1,,,,2,zone,08:00:00,08:04:00\n"
                              "t1,08:02:00,08:02:00,B,3,,,\nt1,08:04:00,08:04:00,C,4,,,\n"},
        # r-transit/tidytransit#192, Bondify/gtfs_functions#40
        {"calendar": str(TABLES["calendar"]) + "daily,1,1,1,1,1,1,1,20260302,20260308\n"},
        {"calendar": None, "calendar_dates": "service_id,date,exception_type\ndaily,20260302,1\ndaily,20260302,2\n"},
        # google/transitfeed#264, etalab/transport-site#2731
        {"stops": STATIONS + f"A,A,{A},0,A\nB,B,{B},0,C\nC,C,{C},0,gone\nS,S,{A},1,R\nR,R,{A},1,S\n"},
        {"stops": STATIONS + f"A,A,{A},1,\nB,B,{B},9,\nC,C,,,0,\n".replace(",,,0", f",{C},0")},
        {"trips": ROUTED, "shapes": SHAPES + f"way,{A},0\n"},
        {"trips": ROUTED, "shapes": SHAPES + "".join(f"way,{at},0\n" for at in (C, B, A))},
        {"trips": ROUTED, "shapes": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled\n"
                                    + f"way,{A},1,5\nway,{B},2,3\nway,{C},3,\n"},
        {"trips": str(TABLES["trips"]) + "r1,nope,t2\nr9,daily,t3\n", "routes": str(TABLES["routes"]) + "r2,2,3\n"},
        {"transfers": "from_trip_id,to_trip_id,transfer_type\nt1,gone,4\n", "translations": "table_name\n",
         "fare_leg_rules": "\0", "pathways": "", "feed_info": "garbage"},
        # OneBusAway/maglev#649, opentripplanner/OpenTripPlanner#2392
        {"trips": str(TABLES["trips"]) + "r1,daily,t2\nr1,daily,t3\n",
         "stop_times": STOP_TIMES + calls("t1", *TIMES) + calls("t3", "", "", "")},
        # matsim-org/pt2matsim#90, etalab/transport-site#2929
        {"stops": named("Spini \"Casa Circondariale'")}, {"stops": named('Le Grand Vau X des \\""Côtes\\""')},
        # conveyal/gtfs-lib#40, ad-freiburg/pfaedle#42, MobilityData/gtfs-validator#2018, google/transit#380
        {"routes": "route_id,agency_id,route_short_name,route_type\nr1,,1,1700\n",
         "agency": "agency_id,agency_name,agency_url,agency_timezone\na,A,x,Europe/Paris\nb,B,x,Europe/Paris\n"},
        {"trips": ROUTED, "shapes": SHAPES + f"way,{A},1\nway,{B},2\nway,{C},3\n",
         "stop_times": STOP_TIMES.replace("\n", ",shape_dist_traveled\n") + "".join(
             f"t1,{TIMES[n]},{TIMES[n]},{stop},{n},{n * 9.5}\n" for n, stop in enumerate("ABC"))},
        # public-transport/transitous#816
        {"frequencies": "trip_id,start_time,end_time,headway_secs\nt1,08:00:00,09:00:00,7\nt2,x,y,z\n"},
        {name: f"{str(text).splitlines()[0]}\n{2 * str(text).partition(chr(10))[2]}" for name, text in TABLES.items()},
    ],
    ids=range(19),
)  # fmt: skip
def test_what_is_wrong_elsewhere_takes_no_call_away(tmp_path: Path, tables: dict[str, Any]) -> None:
    assert is_whole(load(tmp_path, **tables))
