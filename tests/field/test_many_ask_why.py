"""Many ask at once why a bus did not come: who waits at a stop must not notice.

The kind: work that one visitor asks for takes what all others need (a lock, a pool of threads).
"""

from __future__ import annotations

import asyncio
import math
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import httpx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from google.protobuf.json_format import MessageToJson

from api.answers import body_limit
from api.answers.fair_turns import AT_ONCE, FairTurns
from api.answers.heavy_reads import ROOM
from api.app import create_app
from api.service.clock import ShiftedClock
from api.v1 import gtfs_realtime
from feeds.errors import FeedError
from feeds.history.happened import Happened
from feeds.history.store import HistoryStore
from feeds.storage import daily_parquet
from feeds.storage.daily_parquet import DailyParquet
from feeds.storage.whole_file import DAMAGED
from tests.api.serving import served
from tests.api.town import at, service_at

SCHEMA = pa.schema([("vehicle_id", pa.string()), ("at", pa.float64())])
DAY = "2026-03-02"
WHY = "/explain?at=08:05"
MANY = 50
"""Of one address no more than sixty a minute are answered at all."""


def rows(number: int) -> pa.Table:
    return pa.table({"vehicle_id": [f"bus{number % 7}"], "at": [float(number)]}, schema=SCHEMA)


def ordered(folder: Path) -> DailyParquet:
    return DailyParquet(folder, "seen", SCHEMA, flush_every_s=math.inf, ordered_by="vehicle_id")


def seen(table: DailyParquet) -> list[float]:
    return sorted(table.read(DAY, DAY)["at"].to_pylist())


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Event:
    """The disk does not answer until this is set."""
    answers = Event()
    evidence = HistoryStore.evidence

    def slow(self: HistoryStore, *args: object) -> object:
        answers.wait(120.0)
        return evidence(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(HistoryStore, "evidence", slow)
    return answers


def test_boards_and_health_answer_while_many_wait_for_the_disk_and_the_last_are_asked_to_come_again(
    stuck: Event,
) -> None:
    service = service_at(at(8, 5))
    service.clock = ShiftedClock(at(8, 5))
    stop = str(service.timetable.stop_id[int(service.timetable.call_stop[1])])
    with served(service) as address, ThreadPoolExecutor(MANY) as visitors, httpx.Client(base_url=address) as rider:
        asking = [visitors.submit(httpx.get, f"{address}/v1/stops/{stop}{WHY}", timeout=180.0) for _ in range(MANY)]
        sent_away = _first(asking, MANY - ROOM)
        assert {answer.status_code for answer in sent_away} == {503}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in sent_away)
        assert sent_away[0].headers["Content-Type"] == "application/problem+json"
        for path in (f"/v1/stops/{stop}/departures", "/healthz", f"/stops/{stop}"):
            assert rider.get(path, timeout=60.0).status_code == 200
        stuck.set()
        assert sorted(one.result().status_code for one in asking) == [200] * ROOM + [503] * (MANY - ROOM)
        assert rider.get(f"/v1/stops/{stop}{WHY}", timeout=180.0).status_code == 200


def test_boards_answer_while_the_feed_of_a_large_city_is_written_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, json_of = Event(), MessageToJson

    def slow(*args: Any, **kwargs: Any) -> str:
        may_end.wait(120.0)
        return json_of(*args, **kwargs)

    monkeypatch.setattr(gtfs_realtime, "MessageToJson", slow)
    service = service_at(at(8, 5))
    service.clock = ShiftedClock(at(8, 5))
    stop = str(service.timetable.stop_id[int(service.timetable.call_stop[1])])
    board = f"/v1/stops/{stop}/departures"
    with served(service, trusted_proxies=["127.0.0.1"]) as address, ThreadPoolExecutor(ROOM + 2) as visitors:
        url, names = f"{address}/gtfs-rt/trip-updates?format=json", (f"192.0.2.{n}" for n in range(ROOM + 2))
        headers = [{"X-Forwarded-For": name, "Accept-Language": name} for name in names]
        asking = [visitors.submit(httpx.get, url, headers=of_one, timeout=180.0) for of_one in headers]
        assert {answer.status_code for answer in _first(asking, 2)} == {503}
        for path in (board, "/gtfs-rt/trip-updates", "/v1/vehicles", f"/stops/{stop}", "/readyz"):
            assert httpx.get(f"{address}{path}", timeout=60.0).status_code == 200
        may_end.set()
        assert sorted(one.result().status_code for one in asking) == [200] * ROOM + [503] * 2


def _first(asking: list[Future[httpx.Response]], number: int) -> list[httpx.Response]:
    done = as_completed(asking, timeout=60.0)
    return [next(done).result() for _ in range(number)]


def test_a_reader_does_not_wait_while_the_history_is_put_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_at(at(8, 5))
    store = HistoryStore(tmp_path)
    store.take(Happened.of(service.snapshot, ()))
    writes, may_end = Event(), Event()
    flush = DailyParquet.flush

    def slow(self: DailyParquet) -> None:
        writes.set()
        may_end.wait(120.0)
        flush(self)

    monkeypatch.setattr(DailyParquet, "flush", slow)
    with ThreadPoolExecutor(2) as threads:
        flushing = threads.submit(store.flush)
        assert writes.wait(60.0)
        reading = threads.submit(store.evidence, service.timetable, {(0, 1, 0)}, at(8, 0), at(8, 10))
        reading.result(timeout=60.0)
        assert not flushing.done()
        may_end.set()
        flushing.result(timeout=60.0)


def test_a_day_of_parts_stays_few_files_with_every_row_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily_parquet, "_MERGED_AT", 8)
    monkeypatch.setattr(daily_parquet, "_MERGED_AGAIN_AT", 4)
    write, written = DailyParquet._write, list[int]()

    def counted(self: DailyParquet, writer: pq.ParquetWriter, table: pa.Table) -> None:
        written.append(table.num_rows)
        write(self, writer, table)

    monkeypatch.setattr(DailyParquet, "_write", counted)
    table = ordered(tmp_path)
    for number in range(90):
        table.append(rows(number), DAY, float(number))
        table.flush()
    assert len(list(tmp_path.rglob("*.parquet"))) < 8 + 4 + 3
    assert len(table.rows.files) < 4 + 3
    assert sum(written) <= 2 * 90, "each row is written again twice: with few others, and with many"
    assert seen(table) == seen(ordered(tmp_path)) == [float(number) for number in range(90)]
    table.close()
    assert [path.name for path in tmp_path.rglob("*.parquet")] == [f"seen_{DAY}.parquet"]
    assert seen(ordered(tmp_path)) == [float(number) for number in range(90)]


def test_a_day_is_merged_a_piece_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily_parquet, "_ORDERED_AT_ONCE", 1_000)
    table, number = ordered(tmp_path), np.arange(1_000)
    names = pa.array([f"bus{k * 7 % 97}".ljust(2_000) for k in number])
    table.begin(DAY)
    for part in range(40):
        table.add(pa.table({"vehicle_id": names, "at": number + 1_000.0 * part}, schema=SCHEMA), part)
        table.flush()
    day_bytes = table.read(DAY, DAY).nbytes
    pool, usual = pa.proxy_memory_pool(pa.default_memory_pool()), pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        table.begin("2026-03-03")
        assert pool.max_memory() < 0.5 * day_bytes, "more is held than some parts of the day"
        assert pool.bytes_allocated() == 0
    finally:
        pa.set_memory_pool(usual)
    assert [path.name for path in tmp_path.iterdir()] == [f"seen_{DAY}.parquet"]
    assert seen(table) == list(range(40_000))


@pytest.mark.parametrize("crash", ["before", "after", "halfway"])
def test_a_crash_while_parts_are_merged_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    class PowerCutError(BaseException):
        pass

    removed = 0
    unlink = Path.unlink

    def cut(self: Path, missing_ok: bool = False) -> None:
        nonlocal removed
        if self.name.startswith("part-"):
            removed += 1
            if crash == "after" or (crash == "halfway" and removed > 30):
                raise PowerCutError
        unlink(self, missing_ok)

    def no_merge(*_: object) -> None:
        raise PowerCutError

    table = ordered(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", cut)
        if crash == "before":
            patch.setattr(DailyParquet, "_merge_few", no_merge)
        with pytest.raises(PowerCutError):
            for number in range(100):
                table.append(rows(number), DAY, float(number))
                table.flush()
    written = [float(value) for value in range(number + 1)]
    again = ordered(tmp_path)
    assert seen(again) == written
    again.append(rows(1000), DAY, 1000.0)
    again.close()
    assert seen(ordered(tmp_path)) == [*written, 1000.0]
    assert [path.name for path in tmp_path.rglob("*.parquet")] == [f"seen_{DAY}.parquet"]


def test_a_reader_who_saw_the_files_before_they_were_merged_reads_every_row_once(tmp_path: Path) -> None:
    table = ordered(tmp_path)
    for number in range(64):
        table.append(rows(number), DAY, float(number))
        table.flush()
    before = table.rows
    table.close()
    with pytest.raises(FileNotFoundError):
        before.read(DAY, DAY, missing_ok=False)
    assert table.rows.read(DAY, DAY, pc.field("vehicle_id") == "bus3", ["at"], missing_ok=False).num_rows == 9


def test_a_damaged_part_is_set_aside_by_name_and_the_others_are_read_and_merged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = ordered(tmp_path)
    for number in range(3):
        table.append(rows(number), DAY, float(number))
        table.flush()
    parts = sorted(tmp_path.rglob("part-*.parquet"))
    parts[0].write_bytes(b"damaged")
    inside = bytearray(parts[1].read_bytes())
    inside[4:60] = bytes(56)
    parts[1].write_bytes(inside)
    again = ordered(tmp_path)
    assert seen(again) == [2.0]
    again.append(rows(3), DAY, 3.0)
    again.close()
    assert seen(again) == [2.0, 3.0]
    assert sorted(path.name for path in tmp_path.rglob(f"*{DAMAGED}")) == [one.name + DAMAGED for one in parts[:2]]
    assert sum(again.set_aside.values()) == 2
    assert "set aside" in caplog.text


def test_a_day_that_is_damaged_is_set_aside_and_the_day_goes_on(tmp_path: Path) -> None:
    table = ordered(tmp_path)
    table.append(rows(1), DAY, 1.0)
    table.close()
    (tmp_path / f"seen_{DAY}.parquet").write_bytes(b"PAR1 damaged")
    again = ordered(tmp_path)
    again.append(rows(2), DAY, 2.0)
    again.close()
    assert seen(ordered(tmp_path)) == [2.0]
    assert pq.read_table(tmp_path / f"seen_{DAY}.parquet").num_rows == 1
    assert (tmp_path / f"seen_{DAY}.parquet{DAMAGED}").exists()


def test_without_file_handles_nothing_is_taken_for_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = ordered(tmp_path)
    table.append(rows(1), DAY, 1.0)
    table.close()

    def no_handles(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.dataset.dataset", no_handles)
        assert seen(table) == []
    assert seen(table) == [1.0]
    assert not list(tmp_path.rglob(f"*{DAMAGED}"))


def test_what_a_full_disk_cost_is_counted_and_memory_stays_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("feeds.storage.daily_parquet._WAITING_BYTES", 10 * rows(0).nbytes)
    table = ordered(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("feeds.storage.daily_parquet.whole_file", full_disk)
        for number in range(30):
            table.append(rows(number), DAY, float(number))
            with pytest.raises(FeedError):
                table.flush()
    assert table.lost_rows >= 19
    table.close()
    assert seen(table) == [float(number) for number in range(table.lost_rows, 30)]


def test_who_asks_for_many_answers_at_once_waits_for_himself_alone() -> None:
    app, inside, most = FastAPI(), 0, 0

    @app.get("/lines")
    def lines() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.02)
        inside -= 1

    @app.get("/board")
    async def board() -> None:
        return None

    app.add_middleware(FairTurns, routes=app.router.routes)

    async def ask() -> list[str]:
        order = list[str]()

        async def one(host: str, path: str) -> None:
            transport = httpx.ASGITransport(app, client=(host, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://town") as client:
                assert (await client.get(path)).status_code == 200
            order.append(f"{host} {path}")

        async with asyncio.TaskGroup() as all_at_once:
            for _ in range(40):
                all_at_once.create_task(one("10.0.0.1", "/lines"))
            await asyncio.sleep(0.01)
            all_at_once.create_task(one("10.0.0.1", "/board"))
            all_at_once.create_task(one("10.0.0.2", "/lines"))
        return order

    order = asyncio.run(ask())
    assert most <= AT_ONCE + 1
    assert max(order.index("10.0.0.1 /board"), order.index("10.0.0.2 /lines")) < 30


def test_who_watches_over_the_service_and_who_waits_at_a_stop_are_answered_while_no_thread_is_free() -> None:
    app = create_app(service_at(at(8, 1)))

    async def ask() -> list[int]:
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        async with (
            threads, asyncio.timeout(10.0),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://town") as client,
        ):  # fmt: skip
            paths = ("/healthz", "/readyz", "/v1/stops/liberte/departures", "/v1/stops/liberte/board", "/stops/liberte")
            return [(await client.get(path)).status_code for path in paths]

    assert asyncio.run(ask()) == [200] * 5


def test_streams_that_many_screens_behind_one_address_open_at_once_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "ARRIVES_WITHIN_S", 0.3)
    with served(service_at(at(8, 1))) as base, ExitStack() as opened:
        where = urlsplit(base)
        screens = [opened.enter_context(socket.create_connection((where.hostname, where.port))) for _ in range(MANY)]
        for screen in screens:
            screen.sendall(b"GET /v1/stops/liberte/stream?limit=5 HTTP/1.1\r\nHost: town\r\n\r\n")
        time.sleep(1.0)
        for screen in screens:
            screen.settimeout(5.0)
            assert screen.recv(1 << 20).startswith(b"HTTP/1.1 200")
            screen.settimeout(0.01)
            with suppress(TimeoutError):
                while more := screen.recv(1 << 20):
                    assert not more.endswith(b"0\r\n\r\n"), "it has ended"
                pytest.fail("it is closed")
