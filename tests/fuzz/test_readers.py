"""Whatever lies in a file or comes over the net is read, or refused in words: nothing else comes of it."""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given

from api.app import create_app
from api.desk.database import FILE_NAME
from api.desk.desk import Desk
from api.service.checkpoint import Checkpoint
from api.service.clock import ShiftedClock
from api.service.service import Service
from api.service.settings import ConfigurationError, Settings, read_settings
from feeds.alerts.decoding import decode_alerts
from feeds.errors import FeedError
from feeds.gtfs_realtime.alerts import encode_alerts
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from feeds.learned_file import read_learned, write_learned
from feeds.recordings.messages_parquet import MessagesParquet
from feeds.recordings.recorded_messages import RecordedMessages
from feeds.recordings.reports_parquet import read_reports, time_span
from feeds.timetable import load_timetable
from feeds.timetable_cache import read_cached, read_fetched, write_cached
from feeds.trip_updates.decoding import decode_trip_updates
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from feeds.vehicle_positions.reports import NUMBER_COLUMNS, TEXT_COLUMNS
from predictor.arrays import AnyArray, StopIdx
from predictor.engine import Engine
from tests.api.town import HandFeeds, service_at, town, tram_on_time
from tests.api.town import at as town_at
from tests.feeds.small_feed import TABLES
from tests.feeds.tiny_network import at, tiny_network
from tests.fuzz.effort import tries
from tests.fuzz.material import damaged, message, seeds, table

TOKEN = "a token of the town"
TIMETABLE = tiny_network()
NOW = at(8, 5)


def decode_all(data: bytes) -> None:
    """Every decoder of messages takes it, or refuses it in words."""
    for decode in (
        lambda: decode_vehicle_positions(data, TIMETABLE, NOW),
        lambda: decode_trip_updates(data, TIMETABLE, NOW),
        lambda: encode_alerts(decode_alerts(data), TIMETABLE, NOW).SerializeToString(),
    ):
        try:
            decode()
        except FeedError as error:
            assert str(error)


@given(random=seeds)
@tries(60)
def test_messages_of_any_shape_are_decoded(random: Random) -> None:
    decode_all(message(random, TIMETABLE, NOW).SerializePartialToString())


@given(random=seeds)
@tries(60)
def test_damaged_messages_are_decoded_or_refused(random: Random) -> None:
    data = message(random, TIMETABLE, NOW).SerializePartialToString()
    decode_all(damaged(random, gzip.compress(data) if random.random() < 0.2 else data))


_MORE_TABLES = {
    "frequencies": "trip_id,start_time,end_time,headway_secs,exact_times\nt1,08:00:00,09:00:00,600,0\n",
    "calendar_dates": "service_id,date,exception_type\ndaily,20260309,1\n",
    "shapes": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nw,47.39,0.69,1\nw,47.39,0.70,2\n",
    "translations": "table_name,field_name,language,translation,record_id\nstops,stop_name,en,Stop,A\n",
    "feed_info": "feed_publisher_name,feed_publisher_url,feed_lang\nTown,https://town.example,fr\n",
    "transfers": "from_stop_id,to_stop_id,transfer_type,from_trip_id,to_trip_id\nA,A,4,t1,t1\n",
}


@given(random=seeds)
@tries(25)
def test_tables_of_any_kind_are_read_or_refused(random: Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    tables = {**TABLES, **{name: text for name, text in _MORE_TABLES.items() if random.random() < 0.5}}
    for name in random.sample(list(tables), random.randint(1, 3)):
        tables[name] = table(random, str(tables[name]))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name, text in tables.items():
            packed.writestr(
                f"{name}.txt", str(text).encode(random.choice(("utf-8", "utf-8", "latin-1", "utf-16")), "replace")
            )
    path = tmp_path_factory.mktemp("gtfs") / "gtfs.zip"
    path.write_bytes(damaged(random, data.getvalue()) if random.random() < 0.2 else data.getvalue())
    try:
        timetable = load_timetable(path, cache_dir=None).timetable
    except FeedError as error:
        assert str(path.parent) in str(error)
    else:
        Engine(timetable)


_FRACTIONS = (0.5, 47.39, float("nan"), float("inf"), -1e300, 1.0, None)
_WHOLE = (0, 1, 47, 100, None)
_WORDS = ("1", "v1", "", "nan", "STOPPED_AT", "é", "08:00:00", None)
_COLUMNS: tuple[tuple[pa.DataType, tuple[object, ...]], ...] = (
    (pa.string(), _WORDS), (pa.large_string(), _WORDS), (pa.binary(), (b"\xff", b"v1", None)),
    (pa.dictionary(pa.int32(), pa.string()), _WORDS), (pa.float64(), _FRACTIONS), (pa.float32(), _FRACTIONS[:4]),
    (pa.int64(), _WHOLE), (pa.int8(), _WHOLE), (pa.uint64(), (2**64 - 1, 1, None)), (pa.bool_(), (True, False, None)),
    (pa.timestamp("ns"), _WHOLE), (pa.timestamp("s", "UTC"), (1773644700, 2**40, None)), (pa.date32(), _WHOLE),
    (pa.time32("s"), _WHOLE), (pa.duration("s"), _WHOLE), (pa.list_(pa.int64()), ([1], [], None)), (pa.null(), (None,)),
    (pa.decimal128(9, 2), (Decimal("1.5"), None)), (pa.struct([("a", pa.int8())]), ({"a": 1}, None)),
)  # fmt: skip


def _column(random: Random, rows: int) -> pa.Array:
    kind, values = random.choice(_COLUMNS)
    return pa.array(random.choices(values, k=rows), kind)


@given(random=seeds)
@tries(40)
def test_reports_in_columns_of_any_type_are_read_or_refused(
    random: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = random.randint(0, 4)
    columns = {
        name: _column(random, rows)
        if random.random() < 0.4
        else pa.array([float(NOW)] * rows if name == "timestamp" else ["1"] * rows)
        for name in (*TEXT_COLUMNS, *NUMBER_COLUMNS)
        if name in ("latitude", "longitude", "timestamp") or random.random() < 0.7
    }
    folder = tmp_path_factory.mktemp("archive")
    path = folder / "vehicle_positions_2026-03-16.parquet"
    pq.write_table(pa.table(columns), path)
    if random.random() < 0.5:
        path.write_bytes(damaged(random, path.read_bytes()))
    for read in (read_reports, time_span):
        try:
            read(path)
        except FeedError as error:
            assert str(path) in str(error)


@given(random=seeds)
@tries(20)
def test_messages_in_an_archive_are_played_back_or_left_out(
    random: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = random.randint(0, 3)
    content = message(random, TIMETABLE, NOW).SerializePartialToString()
    kept = random.choices((content, damaged(random, content), None), k=rows)
    known = {
        "received_at": pa.array([NOW] * rows), "header_timestamp": pa.array([int(NOW)] * rows, pa.uint64()),
        "digest": pa.array([b"d" * 16] * rows, pa.binary(16)),
        "message": pa.array(kept, pa.binary()),
    }  # fmt: skip
    columns = {name: column if random.random() < 0.8 else _column(random, rows) for name, column in known.items()}
    path = tmp_path_factory.mktemp("archive") / "trip_updates_2026-03-16.parquet"
    pq.write_table(pa.table(columns), path)
    if random.random() < 0.4:
        path.write_bytes(damaged(random, path.read_bytes()))
    played = RecordedMessages(MessagesParquet([path], "trip updates"), decode_trip_updates)
    played.latest(NOW + 60, TIMETABLE)
    played.health_at(NOW + 60, TIMETABLE)


@given(random=seeds)
@tries(5)
def test_a_history_with_damaged_parts_goes_on_and_answers(
    random: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("history")
    service = service_at(town_at(8, 1))
    for _ in range(2):
        store = HistoryStore(folder)
        store.take(Happened.of(service.snapshot, ()))
        store.close()
        for path in folder.rglob("*"):
            if path.is_file() and random.random() < 0.4:
                path.write_bytes(damaged(random, path.read_bytes()))
    store = HistoryStore(folder)
    store.evidence(service.timetable, [(0, 1, 0)], town_at(7), town_at(9))
    store.alerts(town_at(7), town_at(9))
    store.close()


def _npz(arrays: dict[str, AnyArray]) -> bytes:
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **arrays)
    return data.getvalue()


def _odd_array(random: Random, array: AnyArray) -> AnyArray:
    """An array of another type, shape or content."""
    return random.choice(
        (
            lambda: array[: len(array) // 2] if array.ndim else array,
            lambda: np.array([array, array]),
            lambda: array.astype(np.str_),
            lambda: np.zeros(array.shape, np.int8),
            lambda: np.full(array.shape, np.nan),
            lambda: np.full(array.shape, -1.0),
            lambda: np.full(array.shape, 2**62),
            lambda: np.empty(0),
            lambda: np.asarray("x"),
        )
    )()  # fmt: skip


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("learned") / "learned.npz"
    write_learned(path, service_at(town_at(8, 1))._engine.learned())
    return path.read_bytes()


@given(random=seeds)
@tries(15)
def test_whatever_is_in_a_file_of_what_was_learned_an_engine_begins(
    random: Random, learned: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("learned") / "learned.npz"
    if random.random() < 0.5:
        path.write_bytes(damaged(random, learned))
    else:
        with np.load(io.BytesIO(learned)) as stored:
            arrays = dict(stored)
        for name in random.sample(sorted(arrays), random.randint(1, 3)):
            arrays[name] = _odd_array(random, arrays[name])
        path.write_bytes(_npz(arrays))
    try:
        read_learned(path)
    except FeedError as error:
        assert str(path) in str(error)
    service = Service(
        town(), HandFeeds(tram_on_time), ShiftedClock(town_at(8, 1)), warm_up_s=60.0, checkpoint=Checkpoint(path)
    )
    assert service.step_failures == 0
    for stop in range(service.timetable.stops):
        board = service.snapshot.board(StopIdx(stop), since=town_at(8), until=town_at(9))
        assert np.isfinite(board.published).all()


@given(random=seeds)
@tries(15)
def test_a_timetable_in_the_cache_is_whole_or_made_anew(
    random: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    write_cached(folder, TIMETABLE, ())
    (path,) = folder.glob("timetable-*.npz")
    path.write_bytes(damaged(random, path.read_bytes()))
    found = read_cached(folder, TIMETABLE.feed_version)
    if found is not None:
        Engine(found[0])
    (folder / "fetched-x.json").write_bytes(damaged(random, b'{"digest": "x", "validators": {"ETag": "y"}}'))
    read_fetched(folder, "https://example.org/gtfs.zip")


@given(random=seeds)
@tries(3)
def test_the_desk_opens_whatever_is_in_its_file(random: Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("desk")
    desk = Desk(service_at(town_at(8, 1)), token=TOKEN, folder=folder)
    with TestClient(create_app(desk.service, desk)) as client:
        published = client.post(
            "/v1/disruptions",
            json={"phrase": "detour", "routes": ["bus-2"]},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert published.status_code == 201
    path = folder / FILE_NAME
    if random.random() < 0.5:
        path.write_bytes(damaged(random, path.read_bytes()))
    else:
        _change_rows(random, path)
    desk = Desk(service_at(town_at(8, 1)), token=TOKEN, folder=folder)
    client = TestClient(create_app(desk.service, desk), follow_redirects=True)
    client.post("/desk/login", data={"token": TOKEN})
    for path_asked in ("/v1/disruptions?over=true", "/v1/stops/liberte/board", "/gtfs-rt/alerts", "/desk", "/",
                       "/desk/disruptions", "/desk/phrases", "/desk/journal", "/readyz"):  # fmt: skip
        assert client.get(path_asked).status_code in (200, 404), path_asked
    desk.close()


def _change_rows(random: Random, path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in tables:
            columns = [column for _, column, *_ in file.execute(f"PRAGMA table_info({name})")]
            for column in random.sample(columns, random.randint(0, len(columns))):
                old = file.execute(f"SELECT {column} FROM {name}").fetchone()
                text = str(old[0]).encode() if old else b"{}"
                value = random.choice(
                    (None, "", "{}", "[]", -1, 2**62, 1e300, damaged(random, text).decode("latin-1"), b"\xff")
                )
                with suppress(sqlite3.Error):
                    file.execute(f"UPDATE {name} SET {column} = ?", (value,))


@given(random=seeds)
@tries(60)
def test_settings_are_used_or_refused_in_words(random: Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = [
        f"{random.choice([*Settings.model_fields])} = {random.choice(_SETTINGS)}" for _ in range(random.randint(0, 3))
    ]
    text = "\n".join([*lines, random.choice(("", "[headers]", '[feed_headers.gtfs]\na = "b"', "[nothing]"))])
    path = tmp_path_factory.mktemp("settings") / "prochain.toml"
    path.write_bytes(damaged(random, text.encode()) if random.random() < 0.3 else text.encode())
    name, value = f"PROCHAIN_{random.choice([*Settings.model_fields]).upper()}", random.choice(_SETTINGS)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(name, value.replace("\0", ""))
        try:
            read_settings(path)
        except ConfigurationError as error:
            assert str(error)


_SETTINGS = (
    "1", "0", "-1", "1e400", "nan", "true", '"text"', '""', "[]", "{}", '["http://["]', '{ a = "b" }', "[[1]]",
    '["1.2.3.4/33"]', '"\\u0000"', '"sixteen characters"', "2026-03-02", "08:00:00", '"sha256:ff"', "[", '"0.0.0.0/0"',
    "9" * 400,
)  # fmt: skip
