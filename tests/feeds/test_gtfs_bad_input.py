"""What comes in place of a GTFS feed, and feeds with faults: a clear word, and whatever can be used is used."""

from __future__ import annotations

import gzip
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.errors import FeedError
from feeds.gtfs import archive
from feeds.timetable import load_timetable
from predictor.timetable import Timetable
from tests.feeds.small_feed import STOP_TIMES, TABLES, TRIPS, called_stops, calls, load, place, write_feed

GOOD_TIMES = STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00")


def refused(source: Path | str) -> str:
    with pytest.raises(FeedError) as error:
        load_timetable(source, cache_dir=None)
    return str(error.value)


def is_the_small_feed(tt: Timetable) -> bool:
    return (tt.trip_id.tolist(), called_stops(tt, "t1"), tt.departure_s.tolist()) == (
        ["t1"], "ABC", [28_800, 28_920, 29_040],
    )  # fmt: skip


@pytest.mark.parametrize("table", ["agency", "stops", "routes", "trips", "stop_times"])
def test_a_missing_required_file_is_named(tmp_path: Path, table: str) -> None:
    said = refused(write_feed(tmp_path / "gtfs.zip", **{table: None}))
    assert f"gtfs.zip: {table}.txt missing; only " in said
    assert said.endswith("Ask for the whole feed.")


def test_without_any_calendar_both_files_are_named(tmp_path: Path) -> None:
    assert "calendar.txt or calendar_dates.txt missing" in refused(write_feed(tmp_path / "gtfs.zip", calendar=None))


@pytest.mark.parametrize(
    ("table", "header", "column"),
    [
        ("stop_times", "trip_id,arrival_time,departure_time,stop_sequence", "stop_id"),
        ("trips", "route_id,trip_id", "service_id"),
        ("agency", "agency_name,agency_url", "agency_timezone"),
    ],
)
def test_a_missing_required_column_is_named_with_the_header_found(
    tmp_path: Path, table: str, header: str, column: str
) -> None:
    said = refused(write_feed(tmp_path / "gtfs.zip", **{table: f"{header}\n{',x' * header.count(',')}x\n"}))
    assert f"{table}.txt has no column {column}; its header is “{header}”" in said


@pytest.mark.parametrize("text", ["", "\n\n", STOP_TIMES])
def test_an_empty_stop_times_is_refused(tmp_path: Path, text: str) -> None:
    assert "stop_times.txt has no" in refused(write_feed(tmp_path / "gtfs.zip", stop_times=text))


def test_stop_times_of_other_trips_only_are_refused_with_what_is_wrong(tmp_path: Path) -> None:
    said = refused(write_feed(tmp_path / "gtfs.zip", stop_times=STOP_TIMES + "t9,08:00:00,08:00:00,A,1\n"))
    assert "no trip with two calls is left" in said
    assert "stop_times.txt row 2: trips.txt has no such usable trip" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"<!DOCTYPE html><html><body>Please log in</body></html>", "this is a web page (HTML or XML)"),
        (b'{"error": "no key"}', "this is JSON and not a GTFS zip"),
        (b"stop_id,stop_name\n", "not a zip file"),
        (gzip.compress(b"stop_id,stop_name\n", mtime=0), "not a zip file"),
    ],
)
def test_what_is_no_zip_is_said_to_be_what_it_is(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "gtfs.zip"
    path.write_bytes(data)
    assert said in refused(path)


def test_half_a_zip_is_said_to_be_one(tmp_path: Path) -> None:
    path = write_feed(tmp_path / "gtfs.zip")
    path.write_bytes(path.read_bytes()[:-200])
    assert "downloaded only in part; fetch it again" in refused(path)


def test_a_zip_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in TABLES.items():
            packed.writestr(f"{name}.txt", str(text))
    data = bytearray(path.read_bytes())
    at = data.index(b"stops.txt") + len("stops.txt")
    data[at : at + 60] = bytes(60)
    path.write_bytes(data)
    assert "stops.txt cannot be unpacked" in refused(path)


def test_a_zip_without_any_table_tells_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("feeds/town.zip", b"")
    assert "no GTFS table (stops.txt, trips.txt, …) in it, but feeds/town.zip; the feed seems to be inside" in refused(
        path
    )
    # bcpearce/homeassistant-gtfs-realtime#47: a zip of the bus feed's and the rail feed's, packed on a Mac.
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("feeds/rail.zip", b"")
        packed.writestr("_MACOSX/._rail.zip", b"")
    assert "there are 2 zips in it (feeds/town.zip, feeds/rail.zip): unpack it and give one of them" in refused(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("line_1.xml", b"<PublicationDelivery/>")
    assert "XML, such as NeTEx or TransXChange, is another format" in refused(path)


def test_a_missing_path_is_told(tmp_path: Path) -> None:
    assert "there is no such file or folder" in refused(tmp_path / "nowhere.zip")


def test_a_feed_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TABLE_BYTES", 100)
    assert "are taken" in refused(write_feed(tmp_path / "gtfs.zip"))


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("end", [True, False])
def test_bom_crlf_and_a_missing_last_newline_change_nothing(
    tmp_path: Path, bom: bytes, newline: bytes, end: bool
) -> None:
    tables = {
        name: bom + (str(text) if end else str(text).rstrip("\n")).encode().replace(b"\n", newline)
        for name, text in TABLES.items()
    }
    loaded = load(tmp_path, **tables)
    assert loaded.problems == ()
    assert is_the_small_feed(loaded.timetable)


def test_spaces_quotes_capitals_and_blank_lines_change_nothing(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        trips=' "Route_ID" , service_id,trip_id \n\n r1 ,daily, t1 \n',
        stop_times=GOOD_TIMES.replace("t1,", '"t1", ').replace("\nt1", "\n\nt1"),
    )
    assert is_the_small_feed(loaded.timetable)
    assert loaded.problems == ()


def test_semicolons_are_read_and_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, stop_times=GOOD_TIMES.replace(",", ";"))
    assert is_the_small_feed(loaded.timetable)
    assert [(p.file, "semicolons" in p.message) for p in loaded.problems] == [("stop_times.txt", True)]


@pytest.mark.parametrize(
    ("row", "at", "said"),
    [
        ("t1,08:01:00,08:01:00,B,2,extra,fields", 3, "more fields"),
        ("t1,08:01:00", 3, "fewer fields than the 5 columns of the header, and what is there does not fit"),
        (",,,,", 3, "trips.txt has no such usable trip"),
        ("t1,08:01:00,08:01:00,A,two", 3, "“two” is no whole number; the row is skipped"),
        ("t1,08:01:00,08:01:00,A,1.5", 3, "“1.5” is no whole number; the row is skipped"),
        ("t1,08:01:00,08:01:00,A,-3", 3, "no valid stop_sequence"),
        ("t1,08:01:00,08:01:00,A,99999999999999999999", 3, "is no whole number"),
        ('"t1,08:06:00,08:06:00,A,9', 3, "a quotation mark is never closed"),
    ],
)
def test_a_broken_row_is_skipped_and_told_with_its_line(tmp_path: Path, row: str, at: int, said: str) -> None:
    lines = GOOD_TIMES.splitlines()
    loaded = load(tmp_path, stop_times="\n".join([*lines[:2], row, *lines[2:]]) + "\n")
    tt = loaded.timetable
    assert called_stops(tt, "t1").startswith("ABC")
    assert [p.message for p in loaded.problems if p.file == "stop_times.txt" and p.row == at and said in p.message]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_other_encodings_are_read_and_told(tmp_path: Path, encoding: str) -> None:
    loaded = load(tmp_path, stops=str(TABLES["stops"]).replace("Stop A", "Hôpital – Été").encode(encoding))
    assert loaded.timetable.stop_name[0] == "Hôpital – Été"
    assert ["UTF" in p.message for p in loaded.problems] == [True]


def test_nul_characters_are_taken_out_of_names(tmp_path: Path) -> None:
    loaded = load(tmp_path, stops=str(TABLES["stops"]).replace("Stop A", "Stop\0 A"))
    assert loaded.timetable.stop_name[0] == "Stop A"


@pytest.mark.parametrize(
    ("table", "row", "entity"),
    [
        ("stops", f"A,Another,{place(9000)}\n", "A"),
        ("routes", "r1,99,3\n", "r1"),
        ("trips", "r1,daily,t1\n", "t1"),
    ],
)
def test_of_duplicate_ids_the_first_row_counts(tmp_path: Path, table: str, row: str, entity: str) -> None:
    loaded = load(tmp_path, **{table: f"{TABLES[table]!s}{row}"})
    tt = loaded.timetable
    assert is_the_small_feed(tt)
    assert (tt.stop_name[0], tt.route_short_name.tolist()) == ("Stop A", ["1"])
    line = str(TABLES[table]).count("\n") + 1
    assert [(p.file, p.row, p.entity_id) for p in loaded.problems] == [(f"{table}.txt", line, entity)]


def test_a_row_without_an_id_and_one_of_an_unknown_route_are_skipped_and_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, trips=TRIPS + "r1,daily,t1\nr1,daily,\nr9,daily,t2\n")
    assert is_the_small_feed(loaded.timetable)
    assert [(p.row, p.entity_id) for p in loaded.problems] == [(3, ""), (4, "t2")]


def test_a_trip_without_two_calls_is_skipped_and_told(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, trips=TRIPS + "r1,daily,t1\nr1,daily,t2\nr1,daily,t3\n",
        stop_times=GOOD_TIMES + "t2,08:00:00,08:00:00,A,1\n",
    )  # fmt: skip
    assert is_the_small_feed(loaded.timetable)
    assert [(p.file, p.row, p.entity_id, p.count) for p in loaded.problems] == [("trips.txt", 3, "t2", 2)]


def test_a_broken_optional_file_is_left_out_and_told(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, frequencies="trip,start\nt1,08:00:00\n", shapes="shape_id\nway\n", calendar_dates="date\n1\n"
    )
    assert is_the_small_feed(loaded.timetable)
    assert sorted((p.file, "was left out" in p.message) for p in loaded.problems) == [
        ("calendar_dates.txt", True), ("frequencies.txt", True), ("shapes.txt", True),
    ]  # fmt: skip


def test_one_fault_in_many_rows_is_told_once_with_their_number(tmp_path: Path) -> None:
    loaded = load(tmp_path, stop_times=GOOD_TIMES + "t9,08:00:00,08:00:00,A,1\n" * 500)
    assert [(p.row, p.entity_id, p.count) for p in loaded.problems] == [(5, "t9", 500)]


def test_a_feed_may_be_a_folder_or_lie_inside_one_of_the_zip(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / f"{name}.txt").write_text(str(text))
    assert is_the_small_feed(load_timetable(folder, cache_dir=None).timetable)
    nested = tmp_path / "nested.zip"
    with zipfile.ZipFile(nested, "w") as packed:
        for name, text in TABLES.items():
            packed.writestr(f"export/GTFS/{name}.TXT", str(text))
            packed.writestr(f"__MACOSX/{name}.txt", b"\x00\x05\x16")
    assert is_the_small_feed(load_timetable(nested, cache_dir=None).timetable)


@contextmanager
def served(status: int, body: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/gtfs.zip?key=secret"
    finally:
        server.shutdown()
        server.server_close()


def test_a_feed_is_fetched_from_an_address(tmp_path: Path) -> None:
    with served(200, write_feed(tmp_path / "gtfs.zip").read_bytes()) as address:
        assert is_the_small_feed(load_timetable(address, cache_dir=None).timetable)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"", "the server answered 404 Not Found; check the address"),
        (200, b"<html>Sign in</html>", "this is a web page"),
        (200, b"", "the file is empty"),
    ],
)
def test_an_address_that_serves_no_feed_is_told_without_its_key(status: int, body: bytes, said: str) -> None:
    with served(status, body) as address:
        message = refused(address)
    assert said in message
    assert "secret" not in message


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in TABLES.items():
            packed.writestr(f"{name}.txt", str(text))
    return data.getvalue()


ZIPPED = zipped()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, len(ZIPPED)), st.lists(st.tuples(st.integers(0, len(ZIPPED) - 1), st.integers(0, 255)), max_size=6)
)
def test_no_damage_to_a_zip_raises_anything_but_a_feed_error(
    tmp_path: Path, length: int, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(ZIPPED)
    for at, value in changes:
        data[at] = value
    path = tmp_path / "damaged.zip"
    path.write_bytes(data[:length] if not changes else data)
    try:
        load_timetable(path, cache_dir=None)
    except FeedError as error:
        assert str(error).startswith(str(path))


CELL = st.sampled_from(
    ["", "A", "t1", "r1", "daily", "1", "-1", "nan", "1e400", "08:00:00", "99:99:99", "20260302", "é", '"', "x" * 3000]
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(list(TABLES)),
    st.lists(st.lists(CELL, max_size=12).map(",".join), min_size=1, max_size=4),
)
def test_no_rows_raise_anything_but_a_feed_error(tmp_path: Path, table: str, rows: list[str]) -> None:
    try:
        tt = load(tmp_path, **{table: f"{TABLES[table]!s}{chr(10).join(rows)}\n"}).timetable
    except FeedError as error:
        assert str(tmp_path) in str(error)
    else:
        assert "t1" in tt.trip_index
