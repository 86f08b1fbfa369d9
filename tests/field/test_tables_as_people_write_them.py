"""Timetables out of spreadsheets, databases and editors: what stands in them is read as it was meant, or left out and
told by file and row. Nothing ever slips into another column."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from api.command.check import check_feed
from feeds.errors import FeedError
from feeds.timetable import LoadedTimetable, load_timetable
from predictor.timetable import Timetable
from tests.feeds.small_feed import STOP_TIMES, TABLES, TRIPS, called_stops, calls, clock_times, load, place, stops

CASES = Path(__file__).parents[2].parent / "shared" / "cases"
TIMES = STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00")
HEADER = "stop_id,stop_name,stop_lat,stop_lon\n"
A, B, C = (f"{place(600.0 * i)}" for i in range(3))


def case(name: str) -> LoadedTimetable:
    if not (CASES / name).exists():
        pytest.skip(f"there is no {CASES / name}")
    return load_timetable(CASES / name, cache_dir=None)


def names(tt: Timetable) -> dict[str, str]:
    return dict(zip(tt.stop_id.tolist(), tt.stop_name.tolist(), strict=True))


def is_whole(tt: Timetable) -> bool:
    return called_stops(tt, "t1") == "ABC" and clock_times(tt, "t1") == ["08:00:00", "08:02:00", "08:04:00"]


def told(loaded: LoadedTimetable, file: str, row: int | None, words: str) -> bool:
    return any(p.file == file and p.row == row and words in p.message for p in loaded.problems)


# ipeaGIT/gtfstools#87: tools for spreadsheets and statistics take these for missing.
WORDS = ["NA", "N/A", "n/a", "NaN", "nan", "None", "null", "NULL", "-", "#N/A", "inf", "1e5", "007", "True", "false"]


@pytest.mark.parametrize("word", WORDS)
def test_a_stop_or_line_called_so_keeps_its_name_and_its_departures(tmp_path: Path, word: str) -> None:
    loaded = load(
        tmp_path,
        stops="stop_id,stop_name,stop_lat,stop_lon,stop_code,platform_code\n"
        f"A,{word},{A},{word},P{word}\n{word},Stop B,{B},,\nC,Stop C,{C},,\n",
        routes=f"route_id,route_short_name,route_long_name,route_type\n{word},{word},{word},3\n",
        trips=f"route_id,service_id,trip_id,trip_headsign,block_id\n{word},{word},{word},to {word} East,{word}\n",
        stop_times=STOP_TIMES + calls(word, "08:00:00", "08:02:00", "08:04:00").replace(",B,", f",{word},"),
        calendar=str(TABLES["calendar"]).replace("daily", word),
        agency=f"agency_name,agency_url,agency_timezone\n{word},https://town.example,Europe/Paris\n",
    )
    tt = loaded.timetable
    assert loaded.problems == ()
    assert tt.network_name == word
    assert called_stops(tt, word) == f"A{word}C"
    assert names(tt)["A"] == word
    assert (tt.stop_code[0], tt.stop_platform[0]) == (word, f"P{word}")
    assert (tt.route_id[0], tt.route_short_name[0], tt.route_long_name[0]) == (word, word, word)
    assert (tt.trip_headsign[0], tt.block_id[0], tt.service_id[0]) == (f"to {word} East", word, word)


# google/transitfeed#64
@pytest.mark.parametrize("end", [",", ",,,", ", ", ',""'])
def test_commas_at_line_ends_shift_nothing(tmp_path: Path, end: str) -> None:
    header, rows = TIMES.split("\n", 1)
    for text in (header + "\n" + rows.replace("\n", f"{end}\n"), TIMES.replace("\n", f"{end}\n")):
        assert is_whole(load(tmp_path, stop_times=text).timetable)
    loaded = load(tmp_path, stop_times=header + f"{end}\n" + rows)
    assert is_whole(loaded.timetable)


# itsleeds/UK2GTFS#5
def test_a_name_with_a_comma_is_one_name(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        agency="agency_id,agency_name,agency_url,agency_timezone\nTB,First Town, Valley,https://a.example,Europe/Paris\n",
        stops=f"{HEADER}A,Main St,North, upper,{A}\nB,Stop B,{B}\nC,Stop C,{C}\n",
    )
    tt = loaded.timetable
    assert (tt.network_name, tt.timezone, names(tt)["A"]) == (
        "First Town, Valley",
        "Europe/Paris",
        "Main St,North, upper",
    )
    assert told(loaded, "agency.txt", 2, "comma without quotation marks in agency_name")
    assert told(loaded, "stops.txt", 2, "comma without quotation marks in stop_name")


def test_a_row_that_can_be_read_in_two_ways_is_left_out_and_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=f"stop_id,stop_name,stop_desc,stop_lat,stop_lon\nA,Main,East,Hall,{A}\n"
                                  f"B,Stop B,,{B}\nC,Stop C,,{C}\n")  # fmt: skip
    assert called_stops(loaded.timetable, "t1") == "BC"
    assert told(loaded, "stops.txt", 2, "the row is skipped. Put quotation marks")


def test_a_missing_comma_leaves_the_row_out(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=f"{HEADER}A,Stop A,{A}\nB,Stop B {B}\nC,Stop C,{C}\n")
    assert called_stops(loaded.timetable, "t1") == "AC"
    assert told(loaded, "stops.txt", 3, "fewer fields than the 4 columns")


def test_empty_last_fields_may_be_missing(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=f"{HEADER.strip()},zone_id,stop_url\nA,Stop A,{A}\nB,Stop B,{B},,\nC,Stop C,{C},z1\n")
    assert is_whole(loaded.timetable)
    assert told(loaded, "stops.txt", 2, "the last are empty")


OPEN = [
    (f'A,"Stop A,{A}\nB,Stop B,{B}\nC,"Stop C,{C}\n', 2),
    (f'A,"Stop A,{A}\nB,Stop B",{B}\nC,Stop C,{C}\n', 2),
    (f'A,Stop A,{A}\nB,Stop B",{B}\nC,"Stop C",{C}\n', 3),
    (f'A,Stop A,{A}\nB,Stop B,{B}\nC,"Stop C,{C}', 4),
    (f'A,""Stop A"",{A}\nB,Stop B,{B}\nC,Stop C,{C}\n', 2),
]


@pytest.mark.parametrize(("rows", "row"), OPEN)
def test_a_quotation_mark_that_never_closes_takes_no_stop_away(tmp_path: Path, rows: str, row: int) -> None:
    loaded = load(tmp_path, stops=HEADER + rows)
    assert names(loaded.timetable) == {"A": "Stop A", "B": "Stop B", "C": "Stop C"}
    assert is_whole(loaded.timetable)
    assert told(loaded, "stops.txt", row, "quotation mark")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (' "Hall, north"', "Hall, north"),
        ('"Hall, north" ', "Hall, north"),
        ('\t"Hall, north"', "Hall, north"),
        ('"Hall ""Old"" town"', 'Hall "Old" town'),
        ('Hall "Old" town', 'Hall "Old" town'),
        ('"Hall "Old" town"', 'Hall "Old" town'),
        ('"Hall\nnorth"', "Hall\nnorth"),
        ('"Hall\n\nnorth, east"', "Hall\n\nnorth, east"),
        ("Hall\nnorth", "Hall north"),
        ("5' 10\" Road", "5' 10\" Road"),
        ("  Hall  ", "Hall"),
    ],
)
def test_a_name_is_read_as_it_was_meant_and_no_stop_is_lost(tmp_path: Path, written: str, meant: str) -> None:
    loaded = load(tmp_path, stops=f"{HEADER}A,{written},{A}\nB,Stop B,{B}\nC,Stop C,{C}\nX,Stop X,91,0\n")
    tt = loaded.timetable
    assert names(tt)["A"] == meant
    assert is_whole(tt)
    row = 5 + written.count("\n")
    assert told(loaded, "stops.txt", row, "stop_lat"), "rows below are counted by lines of the file"


def test_a_long_text_in_the_last_column_may_have_line_ends(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        stops=f'{HEADER.strip()},stop_desc\nA,Stop A,{A},"by the\nhall, north"\nB,Stop B,{B},\nC,Stop C,{C},\n',
    )
    assert loaded.problems == ()
    assert is_whole(loaded.timetable)


@pytest.mark.parametrize("pad", [" ", "\t", "\u00a0", "\ufeff", "\u200b"])
def test_blanks_around_ids_far_down_a_file_part_no_trip_from_its_calls(tmp_path: Path, pad: str) -> None:
    trips = TRIPS + "".join(f"r1,daily,t{i}\n" for i in range(1, 900))
    times = STOP_TIMES + "".join(
        calls(f"t{i}{pad if i > 700 else ''}", f"{5 + i // 60}:{i % 60}:00", "", f"{6 + i // 60}:{i % 60}:00").replace(
            ",B,", f",{pad}B{pad}," if i > 700 else ",B,"
        )
        for i in range(1, 900)
    )
    loaded = load(tmp_path, trips=trips, stop_times=times)
    assert loaded.problems == ()
    assert loaded.timetable.trips == 899


ENDS = {"mac": "\r", "windows": "\r\n", "unix": "\n"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ENDS)
def test_every_program_s_text_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    tables = {
        table: (str(text).replace("Stop A", "Hôpital") + "\n \n\n").replace("\n", ENDS[end]).encode(encoding)
        for table, text in TABLES.items()
    }
    loaded = load(tmp_path, **tables)
    assert is_whole(loaded.timetable)
    assert names(loaded.timetable)["A"] == "Hôpital"


def test_one_odd_letter_spoils_no_other_name(tmp_path: Path) -> None:
    rows = f"{HEADER}A,Hôpital,{A}\nB,Été,{B}\nC,Stop C,{C}\n".encode().replace("Été".encode(), "Été".encode("cp1252"))
    loaded = load(tmp_path, stops=rows)
    assert names(loaded.timetable) == {"A": "Hôpital", "B": "Été", "C": "Stop C"}
    assert told(loaded, "stops.txt", 3, "not UTF-8")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_and_decimal_commas_are_read_and_told(tmp_path: Path, separator: str) -> None:
    places = [at.replace(",", separator).replace(".", ",") for at in (A, B, C)]
    text = HEADER.replace(",", separator) + "".join(
        separator.join((name, f"Hall, {name}", at)) + "\n" for name, at in zip("ABC", places, strict=True)
    )
    loaded = load(tmp_path, stops=text)
    assert is_whole(loaded.timetable)
    assert names(loaded.timetable)["A"] == "Hall, A"
    assert abs(loaded.timetable.stop_lat[0] - 47.39) < 1e-5
    assert told(loaded, "stops.txt", None, "columns are parted by")
    assert told(loaded, "stops.txt", 2, "decimal comma")


@pytest.mark.parametrize(
    "header",
    [
        '"stop_id","stop_name","stop_lat","stop_lon"', " Stop_ID ,STOP_NAME , stop_lat,stop_lon ",
        "\ufeff\"stop_id\",stop_name,stop_lat,stop_lon", "stop id,stop name,stop-lat,stop-lon",
        "\n\nstop_id,stop_name,stop_lat,stop_lon",
    ],
)  # fmt: skip
def test_a_header_is_understood_however_it_is_dressed(tmp_path: Path, header: str) -> None:
    loaded = load(tmp_path, stops=str(TABLES["stops"]).replace(HEADER.strip(), header))
    assert is_whole(loaded.timetable)
    assert names(loaded.timetable)["A"] == "Stop A"
    assert loaded.problems == ()


def test_of_a_column_that_comes_twice_the_one_that_holds_something_counts(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, stops=f"stop_id,stop_name,stop_name,stop_lat,stop_lon\nA,,Stop A,{A}\nB,,Stop B,{B}\nC,,Stop C,{C}\n"
    )
    assert names(loaded.timetable)["A"] == "Stop A"
    assert told(loaded, "stops.txt", 1, "stop_name comes twice")


@pytest.mark.parametrize("times", [(" 8:00:00", "8:02:00 ", '"08:04:00"'), ("8:00", "8:02", "08:04")])
def test_times_are_read_with_blanks_and_without_seconds(tmp_path: Path, times: tuple[str, str, str]) -> None:
    assert is_whole(load(tmp_path, stop_times=STOP_TIMES + calls("t1", *times)).timetable)


def test_numbers_with_blanks_and_points_are_numbers(tmp_path: Path) -> None:
    text = TIMES.replace(",1\n", ", 1\n").replace(",2\n", ",2.0\n").replace(",3\n", ",03\n")
    loaded = load(tmp_path, stop_times=text)
    assert loaded.timetable.stop_sequence.tolist() == [1, 2, 3]
    assert loaded.problems == ()


# Zips with more than one feed in them (google/transit#377, r-transit/gtfsio#53).
FEED = {f"{table}.txt": str(text) for table, text in TABLES.items()}
OLD = {"old/calendar_dates.txt": "service_id,date,exception_type\ndaily,20260303,2\n",
       "old/stops.txt": stops(A=(0, 0), B=(9000, 0), C=(99, 0))}  # fmt: skip


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def under(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}{name}": text for name, text in files.items()}


@pytest.mark.parametrize(
    "files",
    [
        {**FEED, **OLD},
        {**under("feed/", FEED), **OLD},
        {**under("feed/", FEED), "stops.txt": OLD["old/stops.txt"], "shapes.txt": "shape_id\n"},
        {**under("feed\\", FEED), **under("", {k.replace("/", "\\"): v for k, v in OLD.items()})},
        {**under("a/b/", FEED), **under("a/__MACOSX/", FEED)},
        {**FEED, **under("zz/", {**FEED, "stops.txt": OLD["old/stops.txt"]})},
    ],
)
def test_of_two_feeds_in_a_zip_one_is_read_and_the_other_told(tmp_path: Path, files: dict[str, str]) -> None:
    loaded = load_timetable(zipped(tmp_path / "gtfs.zip", dict(files)), cache_dir=None)
    tt = loaded.timetable
    assert is_whole(tt)
    assert tt.service_active.all(), "no exception of the old copy holds"
    assert abs(tt.stop_lon[1] - float(B.split(",")[1])) < 1e-6
    left = {p.file for p in loaded.problems if "left alone" in p.message}
    assert all("MACOSX" not in file for file in left)
    assert left or any("__MACOSX" in name for name in files)


def test_copies_of_a_table_beside_it_are_left_alone(tmp_path: Path) -> None:
    wrong = OLD["old/stops.txt"]
    copies = {
        "stops.txt.bak": wrong,
        "stops (1).txt": wrong,
        "STOPS.TXT": wrong,
        "stops.txt~": wrong,
        "._stops.txt": "\0",
    }
    loaded = load_timetable(zipped(tmp_path / "gtfs.zip", {**copies, **FEED}), cache_dir=None)
    assert abs(loaded.timetable.stop_lon[1] - float(B.split(",")[1])) < 1e-6
    assert told(loaded, "STOPS.TXT", None, "stops.txt is read")


def test_of_a_table_twice_in_a_zip_the_last_counts(tmp_path: Path) -> None:
    path = zipped(tmp_path / "gtfs.zip", {**FEED, "stops.txt": OLD["old/stops.txt"]})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("stops.txt", FEED["stops.txt"])
    loaded = load_timetable(path, cache_dir=None)
    assert abs(loaded.timetable.stop_lon[1] - float(B.split(",")[1])) < 1e-6
    assert told(loaded, "stops.txt", None, "stands twice in the zip")


def test_a_zip_in_a_zip_is_read(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, text in FEED.items():
            archive.writestr(name, text)
    loaded = load_timetable(
        zipped(tmp_path / "outer.zip", {"town/gtfs.zip": inner.getvalue(), "read.me": ""}), cache_dir=None
    )
    assert is_whole(loaded.timetable)
    assert told(loaded, "town/gtfs.zip", None, "zip inside the zip")
    with pytest.raises(FeedError, match="no GTFS table"):
        load_timetable(
            zipped(tmp_path / "two.zip", {"a.zip": inner.getvalue(), "b.zip": inner.getvalue()}), cache_dir=None
        )


@pytest.mark.parametrize(
    ("name", "file", "row"),
    [
        ("agency-name-with-comma.zip", "agency.txt", 2), ("two-open-quotes.zip", "stops.txt", 3),
        ("old-copy-in-a-folder.zip", "old/calendar_dates.txt", None),
    ],
)  # fmt: skip
def test_check_tells_the_same(name: str, file: str, row: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    loaded = case(name)
    check_feed(str(CASES / name))
    said = capsys.readouterr().out
    found = next(p for p in loaded.problems if p.file == file)
    assert found.row == row
    assert file in said
    assert " ".join(found.message.split()[:4]) in " ".join(said.split())


@pytest.mark.parametrize(
    ("name", "stop", "called"),
    [
        ("stop-id-NA.zip", "NA", "Stop B"), ("stop-named-None.zip", "B", "None"),
        ("space-before-quote.zip", "A", "Stop A, north"), ("comma-at-line-ends.zip", "E", "Stop E"),
        ("two-open-quotes.zip", "D", "Stop D"), ("padded-ids-after-row-1500.zip", "E", "Stop E"),
    ],
)  # fmt: skip
def test_no_stop_of_the_cases_is_lost(name: str, stop: str, called: str) -> None:
    tt = case(name).timetable
    assert names(tt)[stop] == called
    assert len(tt.stop_id) == 5
    assert (tt.trips, len(tt.arrival_s)) in {(2, 10), (400, 2000)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Gare<br/>du <b>Nord</b>", "Gare du Nord"), ("&lt;i&gt;Gare&lt;/i&gt;", "Gare"),
        ("Zone <5 km>", "Zone <5 km>"),
        ("Mairie &amp; Th&eacute;&acirc;tre", "Mairie & Théâtre"), ("GÃ©nÃ©ral â€“ Ã‰cole", "Général – École"),
        ("Université Ã‰cole", "Université École"), ("AT&T; São João, ça va", "AT&T; São João, ça va"),
        ("A &lt; B", "A < B"), ("Elephant &amp Castle", "Elephant &amp Castle"),
    ],
)  # fmt: skip
def test_a_name_reads_as_people_read_it_and_not_as_a_wrong_encoding_or_a_web_page(
    tmp_path: Path, written: str, meant: str
) -> None:
    loaded = load(tmp_path, stops=f'{HEADER}A,"{written}",{A}\nB,Stop B,{B}\nC,Stop C,{C}\n')
    assert names(loaded.timetable)["A"] == meant
    assert told(loaded, "stops.txt", 2, "read as it was meant") == (written != meant)


@pytest.mark.parametrize(
    "first", ["# exported by X, version 2\n", "sep=,\n", "\n\n", "Feed of Town Buses\n2026-11-26\n\n"]
)
def test_lines_before_the_header_hide_no_table(tmp_path: Path, first: str) -> None:
    loaded = load(tmp_path, stops=first + str(TABLES["stops"]))
    assert is_whole(loaded.timetable)


@pytest.mark.parametrize(
    "line",
    ["(3 rows affected)", "stop_id,stop_name,stop_lat,stop_lon", "-------,---------,--------,--------", "3 rows"],
)
def test_a_line_that_a_database_prints_around_a_table_is_no_stop(tmp_path: Path, line: str) -> None:
    loaded = load(tmp_path, stops=str(TABLES["stops"]) + f"{line}\n")
    assert len(loaded.timetable.stop_id) == 3
    assert told(loaded, "stops.txt", 5, "left out")


# Transitland and MobilityData count both among the errors of feeds that are otherwise sound.
def test_one_time_with_a_wrong_hour_spoils_no_other(tmp_path: Path) -> None:
    loaded = load(tmp_path, stop_times=STOP_TIMES + calls("t1", "08:00:00", "18:02:00", "08:04:00"))
    assert clock_times(loaded.timetable, "t1") == ["08:00:00", "08:02:00", "08:04:00"]
    assert told(loaded, "stop_times.txt", 3, "time runs backwards")


def test_midnight_may_pass_while_a_bus_waits_at_a_stop(tmp_path: Path) -> None:
    rows = "t1,23:58:00,23:58:00,A,1\nt1,23:59:00,00:01:00,B,2\nt1,00:04:00,00:04:00,C,3\n"
    loaded = load(tmp_path, stop_times=STOP_TIMES + rows)
    assert clock_times(loaded.timetable, "t1") == ["23:58:00", "24:01:00", "24:04:00"]


def test_a_headway_may_go_on_after_midnight(tmp_path: Path) -> None:
    loaded = load(tmp_path, frequencies="trip_id,start_time,end_time,headway_secs\nt1,22:00:00,01:00:00,1800\n")
    assert len(loaded.timetable.journey_trip) == 6


def test_tables_may_be_called_csv_and_lie_deep_in_a_folder(tmp_path: Path) -> None:
    home = tmp_path / "export" / "of town"
    home.mkdir(parents=True)
    for name, text in FEED.items():
        (home / name.replace(".txt", ".csv")).write_text(text)
    assert is_whole(load_timetable(tmp_path, cache_dir=None).timetable)
    renamed: dict[str, str | bytes] = {name.replace(".txt", ".csv"): text for name, text in FEED.items()}
    assert is_whole(load_timetable(zipped(tmp_path / "gtfs.zip", renamed), cache_dir=None).timetable)
