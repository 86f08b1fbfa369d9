"""Processes that are killed, started twice, or have no room left."""

from __future__ import annotations

import shutil
import signal
import socket
import sqlite3
import time
import urllib.request
from contextlib import closing, suppress

import pyarrow.parquet as pq
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.desk.database import FILE_NAME
from benchmarks.faults import feed_server
from benchmarks.faults.prochain import (
    Running,
    few_files,
    files_of,
    little_memory,
    serve,
    small_disk,
    small_files,
    started,
)
from benchmarks.faults.scenario import scenario
from benchmarks.faults.stage import Stage, expect
from feeds.errors import FeedError
from feeds.learned_file import read_learned

DISRUPTION = {"header": {"en": "Works"}, "stops": ["B"], "shown_on": "stops"}


@scenario(
    "kill -9 of serve while disruptions are published, three times",
    "every one that was acknowledged is there after each start",
    quick=False,
)
def kill_9_while_publishing(stage: Stage) -> None:
    acknowledged: set[str] = set()
    for turn in range(3):
        running = serve(stage)
        for _ in range(5 + 3 * turn):
            status, published = running.ask("/v1/disruptions", DISRUPTION)
            expect(status, 201, "publishing")
            acknowledged.add(
                str(published["disruption_id"]) if "disruption_id" in published else str(next(iter(published.values())))
            )
        running.process.kill()
        running.process.wait()
    running = serve(stage)
    kept = str(running.ask("/v1/disruptions")[1])
    lost = [name for name in acknowledged if name not in kept]
    expect(lost, [], f"lost of {len(acknowledged)}")


@scenario(
    "kill -9 of serve at its start, four times, ever later", "it starts afterwards as if nothing had been", quick=False
)
def kill_9_at_the_start(stage: Stage) -> None:
    gtfs, positions = files_of(stage)
    for seconds in (0.3, 1.0, 1.8, 2.6):
        running = started(stage, "serve", "--gtfs", str(gtfs), "--vehicle-positions", str(positions), "--port", "0",
                          "--data-dir", str(stage.folder / "data"), until="", )  # fmt: skip
        time.sleep(seconds)
        running.process.kill()
        running.process.wait()
    serve(stage).board_within(5.0)


@scenario("kill -9 of record, three times", "what was put down can be read, and recording goes on", quick=False)
def kill_9_of_record(stage: Stage) -> None:
    _, positions = files_of(stage)
    options = ("record", "--vehicle-positions", str(positions), "--to", str(stage.folder / "archive"), "--every", "1")
    for _ in range(3):
        running = started(stage, *options, until="Ctrl-C ends it")
        time.sleep(1.5)
        running.process.kill()
        running.process.wait()
    running = started(stage, *options, until="Ctrl-C ends it")
    time.sleep(2.0)
    expect(running.ends_by(signal.SIGINT), 0, "exit code")
    (file,) = (stage.folder / "archive").glob("vehicle_positions_*.parquet")
    expect(pq.read_table(file).to_pydict()["vehicle_id"], ["v1"], "reports")


@scenario("kill -9 of learn at five moments", "its file is whole or not there", quick=False)
def kill_9_of_learn(stage: Stage) -> None:
    gtfs, positions = files_of(stage)
    folder = stage.folder / "recording"
    folder.mkdir()
    (folder / "gtfs.zip").write_bytes(gtfs.read_bytes())
    for k in range(30):
        (folder / f"vehicle_positions_{int(time.time()) - 600 + 20 * k}.pb").write_bytes(positions.read_bytes())
    model = stage.folder / "learned.npz"
    for seconds in (0.8, 1.6, 2.2, 2.8, 3.4):
        running = started(stage, "learn", str(folder), "--model", str(model), until="")
        time.sleep(seconds)
        running.process.kill()
        running.process.wait()
        if model.exists():
            try:
                read_learned(model)
            except FeedError as error:
                raise AssertionError(f"after {seconds} s: {error}") from error


@scenario("a second serve on the same data folder", "a plain message and an end; the first goes on", quick=False)
def two_services_on_a_folder(stage: Stage) -> None:
    first = serve(stage)
    second = serve(stage)
    expect(second.process.wait(20), 1, "exit code of the second")
    assert "another prochain" in second.said, second.said[-300:]
    assert "Traceback" not in second.said, second.said[-300:]
    first.board_within(2.0)


@scenario("a second record on the same folder", "a plain message and an end", quick=False)
def two_recorders_on_a_folder(stage: Stage) -> None:
    _, positions = files_of(stage)
    options = ("record", "--vehicle-positions", str(positions), "--to", str(stage.folder / "archive"))
    started(stage, *options, until="Ctrl-C ends it")
    time.sleep(1.0)
    second = started(stage, *options, until="another prochain")
    assert "another prochain" in second.said, second.said[-300:]
    expect(second.process.wait(20), 1, "exit code of the second")


@scenario("SIGTERM and SIGINT while streams are open", "an end with 0 within seconds", quick=False)
def signals_while_streams_are_open(stage: Stage) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        running = serve(stage)
        streams = [_stream(running.port) for _ in range(20)]
        time.sleep(1.0)
        code = running.ends_by(number)
        assert code in (0, -number), f"exit code {code}"
        for stream in streams:
            stream.close()


@scenario("SIGTERM while the GTFS address drips, at the start", "an end within seconds", quick=False)
def a_signal_while_the_start_waits(stage: Stage) -> None:
    server = stage.server()
    server.answer = feed_server.drips
    _, positions = files_of(stage)
    options = ("--gtfs", server.url("gtfs.zip"), "--vehicle-positions", str(positions), "--port", "0")
    running = started(stage, "serve", *options, until="")
    time.sleep(3.0)
    running.ends_by(signal.SIGTERM)


@scenario(
    "64 file handles, and 100 connections that hold them",
    "survived: boards answer once there are some again",
    quick=False,
)
def no_file_handles(stage: Stage) -> None:
    running = serve(stage, limit=few_files(64))
    held = []
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", running.port), timeout=2.0)
        held.append(connection)
    time.sleep(8.0)
    for connection in held:
        connection.close()
    time.sleep(3.0)
    running.board_within(3.0)
    expect(running.ask("/healthz")[0], 200, "/healthz")


@scenario(
    "no file may grow beyond 64 KB, as on a full disk, while an officer publishes",
    "boards go on; what cannot be kept is not acknowledged",
    quick=False,
)
def a_disk_that_is_full(stage: Stage) -> None:
    running = serve(stage, limit=small_files(1 << 16))
    refused = [status for _ in range(60) if (status := running.ask("/v1/disruptions", DISRUPTION)[0]) != 201]
    assert refused, "the disk was never full"
    assert set(refused) <= {507, 429}, f"answers {sorted(set(refused))}"
    running.board_within(2.0)


@scenario(
    "kill -9 in the middle of telling a webhook, six times, ever later",
    "every disruption that was acknowledged is told; one told twice has the same Idempotency-Key",
    quick=False,
)
def kill_9_while_telling_a_webhook(stage: Stage) -> None:
    server = stage.server()
    (stage.folder / "prochain.toml").write_text(f'desk_webhooks = ["{server.url("hook")}"]\n')
    server.answer = feed_server.slow(0.4)
    acknowledged: set[str] = set()
    for turn in range(6):
        running = serve(stage)
        for _ in range(2):
            status, published = running.ask("/v1/disruptions", DISRUPTION)
            expect(status, 201, "publishing")
            acknowledged.add(published["disruption"]["disruption_id"])
        time.sleep(0.15 * turn)
        running.process.kill()
        running.process.wait()
    server.answer = feed_server.whole
    serve(stage)
    give_up_at = time.monotonic() + 20.0
    while acknowledged - (told_of := {key.rsplit(":", 2)[0] for key in _keys(server)}):
        assert time.monotonic() < give_up_at, f"never told: {sorted(acknowledged - told_of)}"
        time.sleep(0.2)
    keys = set(_keys(server))
    expect(len(keys), len(acknowledged), "Idempotency-Keys")


def _keys(server: feed_server.FeedServer) -> list[str]:
    return [request["Idempotency-Key"] for request in server.requests if "Idempotency-Key" in request]


@scenario(
    "the disk is full to the last byte, and has room again (a tmpfs of 4 MB; where none may be mounted, no file grows)",
    "boards go on; what cannot be kept is not acknowledged (507) and told; all is well again without a restart",
    quick=False,
)
def a_disk_full_to_the_last_byte(stage: Stage) -> None:
    disk = small_disk(stage, 4)
    if disk is None:
        running = serve(stage, limit=small_files(1 << 16))
        assert [status for _ in range(60) if (status := running.ask("/v1/disruptions", DISRUPTION)[0]) == 507]
        return
    on_it = ("--data-dir", str(disk / "data"), "--model", str(disk / "learned.npz"))
    running = serve(stage, *on_it)
    kept = _published(running)
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", 0) as file:
        for size in (1 << 16, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    statuses = {running.ask("/v1/disruptions", DISRUPTION)[0] for _ in range(5)}
    expect(statuses, {507}, "publishing on a full disk")
    running.board_within(2.0)
    running.tells_within("learned_not_saved", 90.0)
    filler.unlink()
    kept |= _published(running)
    give_up_at = time.monotonic() + 90.0
    while {"learned_not_saved", "history_not_saved"} & set(running.faults()):
        assert time.monotonic() < give_up_at, f"still told: {running.faults()}"
        time.sleep(1.0)
    running.process.kill()
    running.process.wait()
    listed = str(serve(stage, *on_it).ask("/v1/disruptions")[1])
    expect([name for name in kept if f"'{name}'" not in listed], [], "lost")


def _published(running: Running) -> set[str]:
    status, published = running.ask("/v1/disruptions", DISRUPTION)
    expect(status, 201, "publishing")
    return {published["disruption"]["disruption_id"]}


@scenario(
    "too little memory (RLIMIT_AS) for a feed of 40 MB that comes in the place of the small one",
    "the feed is told as bad, boards go on, and the next good message is taken",
    quick=False,
)
def little_memory_for_a_large_feed(stage: Stage) -> None:
    server = stage.server()
    _, positions = files_of(stage)
    server.said["vehicle_positions"] = positions.read_bytes()
    on_server = ("--vehicle-positions", server.url("vehicle_positions"))
    usual = serve(stage, *on_server)
    size_mb = usual.memory_mb("VmPeak")
    usual.ends_by(signal.SIGTERM)
    running = serve(stage, *on_server, limit=little_memory(round(size_mb) + 60))
    running.board_within(5.0)
    # Some 150,000 vehicles, each with a text of its own.
    server.said["vehicle_positions"] = positions.read_bytes() + b"".join(_entity(k) for k in range(150_000))
    running.tells_within("feed_error", 60.0)
    running.board_within(5.0)
    server.said["vehicle_positions"] = positions.read_bytes()
    give_up_at = time.monotonic() + 60.0
    while "feed_error" in running.faults():
        assert time.monotonic() < give_up_at, f"still told: {running.faults()}"
        time.sleep(1.0)
    running.board_within(5.0)


def _entity(number: int) -> bytes:
    """A vehicle with a long id, as a part of a feed message."""
    message = FeedMessage()
    entity = message.entity.add(id=f"e{number}")
    entity.vehicle.vehicle.id = f"{number:0250d}"
    entity.vehicle.position.latitude, entity.vehicle.position.longitude = 46.2, 6.1
    return bytes(message.SerializePartialToString())


@scenario(
    "the data folder is taken away while the service runs, and put back",
    "boards go on; nothing is acknowledged that is not kept",
    quick=False,
)
def a_data_folder_taken_away(stage: Stage) -> None:
    running = serve(stage)
    kept = _published(running)
    data, away = stage.folder / "data", stage.folder / "away"
    data.rename(away)
    for _ in range(3):
        expect(running.ask("/v1/disruptions", DISRUPTION)[0], 507, "publishing without the folder")
    running.board_within(2.0)
    if data.exists():
        shutil.rmtree(data)
    away.rename(data)
    kept |= _published(running)
    running.process.kill()
    running.process.wait()
    listed = str(serve(stage).ask("/v1/disruptions")[1])
    expect([name for name in kept if f"'{name}'" not in listed], [], "lost")


@scenario(
    "another program holds the desk's database locked, and lets it go",
    "boards and the desk's lists go on, publishing is refused within seconds, and works again",
    quick=False,
)
def a_locked_database(stage: Stage) -> None:
    running = serve(stage)
    with closing(sqlite3.connect(stage.folder / "data" / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        expect(running.ask("/v1/disruptions", DISRUPTION, 20.0)[0], 507, "publishing")
        assert time.monotonic() - began < 10.0, "publishing waited"
        running.board_within(1.0)
        expect(running.ask("/v1/disruptions")[0], 200, "the list")
        expect(running.ask("/readyz")[0], 200, "/readyz")
        with urllib.request.urlopen(f"{running.address}/metrics", timeout=10.0) as metrics:  # noqa: S310
            expect(metrics.status, 200, "/metrics")
        other.execute("ROLLBACK")
    _published(running)


def _stream(port: int) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", port))
    stream.sendall(b"GET /v1/stops/B/stream HTTP/1.1\r\nHost: town\r\n\r\n")
    return stream
