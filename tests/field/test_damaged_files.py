"""Whatever lies damaged in a data folder, the service starts, boards are there, and what was found is told.

The kind: a file that a power cut, a full disk or a bad copy left half or changed.
"""

from __future__ import annotations

import io
import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Timer

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.app import create_app
from api.desk.database import _MIGRATIONS, _SUBJECT, FILE_NAME
from api.desk.desk import Desk
from api.desk.disruption import Notice
from api.service.checkpoint import Checkpoint
from feeds.bounded_unpacking import unpacked
from feeds.errors import FeedError
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from feeds.learned_file import read_learned, ready_made, write_learned
from feeds.recordings.recording import open_recording
from feeds.recordings.reports_parquet import read_reports
from feeds.storage.sqlite_file import NewerSchemaError, open_sqlite
from feeds.storage.whole_file import DAMAGED
from feeds.tides.vehicle_locations import read_vehicle_locations
from feeds.timetable_cache import read_cached, write_cached
from tests.api.town import at, service_at, town

TOKEN = "a token of the desk's"
NOW = at(8, 5)
SCHEMA = ("CREATE TABLE IF NOT EXISTS word (number INTEGER PRIMARY KEY, text TEXT)",)


def damages(data: bytes) -> list[bytes]:
    """Cut, emptied, overwritten and flipped in many places."""
    random = np.random.default_rng(7)
    found = [b"", b"\0" * len(data), b"no such file" * 50, data[: len(data) // 2], data[:-1]]
    for _ in range(25):
        changed = np.frombuffer(data, np.uint8).copy()
        begin = int(random.integers(len(data)))
        changed[begin : begin + int(random.integers(1, 200))] = random.integers(256)
        found.append(changed.tobytes())
    return found


def test_a_damaged_file_of_what_was_learned_costs_what_was_learned_and_no_start(tmp_path: Path) -> None:
    path = tmp_path / "learned.npz"
    write_learned(path, ready_made())
    for data in damages(path.read_bytes()):
        path.write_bytes(data)
        try:
            read_learned(path)
        except FeedError as error:
            assert path.name in str(error)
            checkpoint = Checkpoint(path)
            assert checkpoint.read().net is not None
            assert DAMAGED in checkpoint.fault
            assert not path.exists()


def test_a_damaged_timetable_in_the_cache_is_set_aside_and_made_anew(tmp_path: Path) -> None:
    network = town()
    write_cached(tmp_path, network, ())
    (path,) = tmp_path.glob("timetable-*.npz")
    refused = 0
    for data in damages(path.read_bytes()):
        path.write_bytes(data)
        if read_cached(tmp_path, network.feed_version) is None:
            refused += 1
            assert not path.exists()
    assert refused > 5
    assert len(list(tmp_path.glob(f"*{DAMAGED}"))) == refused
    assert write_cached(tmp_path, network, ())
    assert read_cached(tmp_path, network.feed_version) is not None


def test_boards_stand_whatever_is_in_the_desks_file_and_what_can_be_read_of_it_is_kept(tmp_path: Path) -> None:
    first = Desk(service_at(NOW), token=TOKEN, folder=tmp_path / "good")
    number = first._database.next_number()
    first.close()
    good = (tmp_path / "good" / FILE_NAME).read_bytes()
    service = service_at(NOW)
    for case, data in enumerate(damages(good)):
        folder = tmp_path / str(case)
        folder.mkdir()
        (folder / FILE_NAME).write_bytes(data)
        desk = Desk(service, token=TOKEN, folder=folder)
        client = TestClient(create_app(service, desk))
        stop = str(service.timetable.stop_id[0])
        assert client.get(f"/v1/stops/{stop}/departures").status_code == 200
        assert client.get(f"/stops/{stop}").status_code == 200
        assert desk._database.next_number() >= number
        assert bool(desk.service.desk_fault()) == bool(list(folder.glob(f"*{DAMAGED}")))
        desk.close()
    assert list(tmp_path.rglob(f"*{DAMAGED}"))


def test_one_damaged_row_of_the_journal_shuts_no_desk_also_of_an_earlier_version(tmp_path: Path) -> None:
    earlier, _ = open_sqlite(tmp_path / FILE_NAME, _MIGRATIONS[:2])
    earlier.execute("INSERT INTO deed (at, document) VALUES (?, ?)", (NOW, "[" * 999))
    earlier.close()
    desk = Desk(service_at(NOW), token=TOKEN, folder=tmp_path)
    assert not desk.service.desk_fault()
    published = desk.disruptions.publish(Notice(header={"en": "Works"}, shown_on="network", starts_at=NOW), NOW)
    assert [deed.subject for _, deed in desk._database.deeds(5, subject=published.alert_id)] == [published.alert_id]
    plan = desk._database._rows(f"EXPLAIN QUERY PLAN SELECT 1 FROM deed WHERE {_SUBJECT} = ''")
    assert "deed_subject" in str(plan)
    desk.close()


def test_rows_on_whole_pages_of_a_damaged_database_are_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "words.sqlite"
    connection, fault = open_sqlite(path, SCHEMA)
    assert not fault
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO word VALUES (?, ?)", [(number, "x" * 400) for number in range(500)])
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[len(data) - 4096 * 5 : len(data) - 4096 * 4] = bytes(4096)
    path.write_bytes(data)
    connection, fault = open_sqlite(path, SCHEMA)
    (kept,) = connection.execute("SELECT count(*) FROM word").fetchone()
    assert 300 < kept < 500
    assert f"words.sqlite{DAMAGED}" in fault


def test_a_file_from_before_schemas_were_numbered_is_led_to_todays_and_one_of_a_later_version_left_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "words.sqlite"
    with sqlite3.connect(path) as before:
        before.execute(SCHEMA[0])
        before.execute("INSERT INTO word VALUES (1, 'kept')")
    before.close()
    later = (*SCHEMA, "ALTER TABLE word ADD COLUMN language TEXT DEFAULT 'fr'")
    connection, _ = open_sqlite(path, later)
    assert connection.execute("SELECT * FROM word").fetchall() == [(1, "kept", "fr")]
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()
    content = path.read_bytes()
    with pytest.raises(NewerSchemaError):
        open_sqlite(path, SCHEMA)
    assert path.read_bytes() == content


def test_a_desk_that_cannot_write_its_file_refuses_to_publish_and_says_so(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    desk = Desk(service_at(NOW), token=TOKEN, folder=tmp_path)
    assert FILE_NAME in desk.service.desk_fault()
    assert "data_dir" in desk.service.desk_fault()
    with pytest.raises(sqlite3.Error):
        desk._database.next_number()
    stop = str(desk.service.timetable.stop_id[0])
    client = TestClient(create_app(desk.service, desk))
    assert client.get(f"/v1/stops/{stop}/departures").status_code == 200
    assert FILE_NAME in client.get("/readyz").json()["detail"]


def test_a_damaged_register_of_the_history_is_set_aside_and_the_history_goes_on(tmp_path: Path) -> None:
    service = service_at(NOW)
    store = HistoryStore(tmp_path)
    store.take(Happened.of(service.snapshot, ()))
    store.close()
    data = (tmp_path / "register.sqlite").read_bytes()
    for number, damaged in enumerate(damages(data)[:10]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "register.sqlite").write_bytes(damaged)
        again = HistoryStore(folder)
        again.take(Happened.of(service.snapshot, ()))
        again.close()
        assert bool(again.fault) == bool(list(folder.glob(f"register*{DAMAGED}")))


@pytest.mark.parametrize("until", [None, 1e300, float("nan")])
def test_a_file_of_open_traces_that_is_not_ours_is_set_aside_and_the_history_goes_on(
    tmp_path: Path, until: float | None
) -> None:
    service = service_at(at(8, 1))
    first = HistoryStore(tmp_path)
    first.take(Happened.of(service.snapshot, ()))
    first.close()
    path = tmp_path / "open_traces.parquet"
    pq.write_table(pa.table({"another": [1]} if until is None else {"until": [until]}), path)
    again = HistoryStore(tmp_path)
    assert path.with_name(path.name + DAMAGED).exists()
    assert DAMAGED in again.fault
    again.take(Happened.of(service.snapshot, ()))
    again.close()


@pytest.mark.parametrize("name", ["learned.npz", "vehicle_positions.parquet", "vehicle_locations.csv"])
def test_a_pipe_in_the_place_of_a_file_is_refused_in_words_and_not_waited_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    reads: dict[str, Callable[[Path], object]] = {
        "learned.npz": read_learned,
        "vehicle_positions.parquet": read_reports,
        "vehicle_locations.csv": lambda path: read_vehicle_locations(path, "UTC"),
    }
    # Who waits for this pipe gets a damaged file after a while, which is told in other words.
    late = Timer(20.0, lambda: os.close(os.open(path, os.O_WRONLY)))
    late.start()
    with pytest.raises(FeedError, match="not a file"):
        reads[name](path)
    late.cancel()


def test_a_pipe_in_the_place_of_what_was_learned_is_left_alone_and_the_service_starts(tmp_path: Path) -> None:
    path = tmp_path / "learned.npz"
    os.mkfifo(path)
    checkpoint = Checkpoint(path)
    assert checkpoint.read().net is not None
    assert "not a file" in checkpoint.fault
    assert path.is_fifo()
    os.mkfifo(tmp_path / "open_traces.parquet")
    store = HistoryStore(tmp_path)
    assert "not a file" in store.fault
    store.close()


def nameless(zipped: bytes) -> bytes:
    """The zip with a file of one letter whose name is gone from the directory."""
    entry = zipped.index(b"PK\x01\x02")
    return zipped[: entry + 28] + b"\0\0\1\0" + zipped[entry + 32 :]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_with_messages_is_told_wherever_it_is_read(tmp_path: Path, packing: int) -> None:
    message = FeedMessage()
    message.header.gtfs_realtime_version, message.header.timestamp = "2.0", int(NOW)
    for number in range(30):
        message.entity.add(id=str(number)).vehicle.vehicle.id = f"bus {number}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        archive.writestr("m", message.SerializeToString())
    for data in [*damages(buffer.getvalue()), nameless(buffer.getvalue())]:
        with suppress(FeedError):
            assert unpacked(data, 1_000_000, "the feed") is not None
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        archive.writestr(f"{NOW:.0f}.pb", message.SerializeToString())
    recorded = tmp_path / "vehicle_positions.pb.zip"
    for data in damages(buffer.getvalue()):
        recorded.write_bytes(data)
        with suppress(FeedError):
            open_recording(tmp_path, town()).observations_at(NOW)
