"""The command line: help for each command, plain words for mistakes, and the commands at work."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from threading import Event, Thread

import pyarrow.parquet as pq
import pytest
import typer
from google.transit import gtfs_realtime_pb2
from typer.testing import CliRunner, Result

from api.command.cli import app
from api.command.plainly import said_plainly
from api.service.settings import Settings
from feeds.learned_file import read_learned
from feeds.recordings.recorder import Recorded
from feeds.recordings.replay_tables import PASSAGES, PREDICTIONS
from predictor.timetable import DAY_S
from tests.command_processes import CommandProcess
from tests.feeds.small_feed import LAT, SPACING_M, place, posix, write_feed

COMMANDS = ("demo", "serve", "replay", "learn", "check", "record", "config")
EIGHT = posix(2026, 3, 2, 8)
pytestmark = pytest.mark.xdist_group("command processes")


@pytest.fixture(autouse=True)
def fresh_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A working directory, a cache and a state of their own, and no settings; signals end the tests as before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROCHAIN_{name.upper()}", raising=False)
    heeded = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in heeded.items():
        signal.signal(number, handler)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="prochain", env={"COLUMNS": "300", "TERM": "dumb"})


def refused(*arguments: str) -> str:
    """What is said of a command that ends with an error the user can mend."""
    result = run(*arguments)
    assert result.exit_code in (1, 2), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.output


def message(at: float, days: int = 0, late_s: float = 0.0) -> bytes:
    """Bus 12 drives the small feed's trip, on time if not `late_s`, so many days after Monday."""
    said = gtfs_realtime_pb2.FeedMessage()
    said.header.gtfs_realtime_version = "2.0"
    said.header.timestamp = int(at) + days * DAY_S
    report = said.entity.add(id="12").vehicle
    report.vehicle.id, report.trip.trip_id, report.timestamp = "12", "t1", said.header.timestamp
    east = min(max((at - late_s - EIGHT) * SPACING_M / 120.0, 0.0), 2 * SPACING_M)
    report.position.latitude, report.position.longitude = LAT, float(place(east).split(",")[1])
    return said.SerializeToString()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Seven minutes around eight, a message every 20 s."""
    folder = tmp_path / "recording"
    folder.mkdir()
    write_feed(folder / "gtfs.zip")
    for after in range(-120, 300, 20):
        (folder / f"vehicle_positions_{int(EIGHT) + after}.pb").write_bytes(message(EIGHT + after))
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: prochain {command}" in result.output
    assert re.search(rf"Examples?:?\s+(.*\n)*.*prochain {command}", result.output)


def test_the_version_is_told() -> None:
    assert run("--version").output == f"prochain {version('prochain')}\n"


def test_what_is_set_is_told_with_where_it_comes_from_and_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prochain.toml").write_text(
        'port = 8001\ngtfs = "https://me:hidden@example.org/gtfs.zip?key=hidden"\n'
        'desk_token = "hidden and longer"\n[headers]\n"X-Api-Key" = "hidden"\n'
    )
    monkeypatch.setenv("PROCHAIN_HOST", "0.0.0.0")
    told = run("config")
    assert told.exit_code == 0, told.output
    assert "hidden" not in told.output
    rows = {name: (value, origin) for name, value, origin in (re.split("  +", row) for row in told.output.splitlines())}
    assert set(rows) == set(Settings.model_fields)
    assert rows["port"] == ("8001", "prochain.toml")
    assert rows["host"] == ("0.0.0.0", "PROCHAIN_HOST")
    assert rows["gtfs"] == ("https://example.org/gtfs.zip", "prochain.toml")
    assert rows["poll_interval_s"] == ("10.0", "default")
    assert rows["headers"] == ('{"X-Api-Key": "…"}', "prochain.toml")
    assert rows["desk_token"] == ("(a secret)", "prochain.toml")
    assert rows["data_dir"][0].startswith(str(tmp_path / "state"))


def test_all_commands_are_named_where_none_is_given() -> None:
    output = run().output
    assert all(re.search(rf"^\W*{command} ", output, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ride"], "No such command 'ride'"),
        (["serve"], "No GTFS feed is given: use --gtfs PATH_OR_URL"),
        (["serve", "--gtfs", "gtfs.zip"], "No realtime feed is given: use --vehicle-positions PATH_OR_URL"),
        (["serve", "--gtfs", "no.zip", "--vehicle-positions", "v.pb"], "no.zip: there is no such file or folder"),
        (["serve", "--config", "no.toml"], "no.toml: there is no such configuration file"),
        (["serve", "--at", "2026-03-02 08:00"], "--at and --speed go with --replay FOLDER"),
        (["serve", "--speed", "2"], "--at and --speed go with --replay FOLDER"),
        (["serve", "--header", "no colon"], '--header is written as "Name: value"'),
        (["serve", "--replay", "nowhere"], "gtfs.zip: there is no such file or folder"),
        (["demo", "--port", "99999"], "port = 99999: Input should be less than or equal to 65535"),
        (["demo", "--speed", "0"], "Invalid value for '--speed'"),
        (["replay"], "Missing argument"),
        (["replay", "nowhere"], "gtfs.zip: there is no such file or folder"),
        (["replay", "nowhere", "--every", "0"], "Invalid value for '--every'"),
        (["replay", "nowhere", "--model", "no.npz"], "no.npz: there is no such file; make one with prochain learn"),
        (["learn", "nowhere"], "gtfs.zip: there is no such file or folder"),
        (["check"], "Missing option '--gtfs'"),
        (["check", "--gtfs", "no.zip"], "no.zip: there is no such file or folder"),
        (["restore", "no.tar"], "no.tar: there is no such file; give what prochain backup wrote"),
        (["record", "--to", "folder"], "No feed is given: use --vehicle-positions, --trip-updates or --alerts"),
        (["record", "--vehicle-positions", "v.pb", "--to", "x", "--header", "key"], '--header is written as "Name:'),
    ],
)
def test_a_mistake_is_told_plainly(arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCHAIN_PORT", "0")  # the usual one may be taken on this machine
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", "yesterday"], "“yesterday” is not a date or time: write 2015-11-17 or “2015-11-17 08:00”"),
        (["--from", "2026-03-02 08:00", "--to", "2026-03-01"], "The replay would end (2026-03-01) before it starts"),
        (
            ["--from", "2025-01-01", "--to", "2025-01-01"],
            "the recording runs from 2026-03-02 07:58 to 2026-03-02 08:04",
        ),
        (["--from", "2026-03-09"], "nothing is recorded from 2026-03-09 00:00 on"),
        (["--to", "2025-01-01"], "The replay would end (2025-01-01) before it starts (with the recording)"),
        (["--learn-from", "March"], "“March” is not a range of dates: write 2015-11-03..2015-11-17"),
        (["--learn-from", "2026-03-02"], "--learn-from 2026-03-02 must end before the replay starts"),
        (["--learn-from", "2025-01-01"], "the recording runs from 2026-03-02 07:58"),
        (["--predictions", "recording/gtfs.zip/x.parquet"], "recording/gtfs.zip: "),
    ],
)
def test_what_a_replay_cannot_do_is_told_plainly(recording: Path, options: list[str], said: str) -> None:
    assert said in refused("replay", str(recording), *options)


def test_what_a_recording_does_not_hold_cannot_be_served_or_learned_from(recording: Path) -> None:
    assert "nothing is recorded from 2026-03-05 08:00 on" in refused(
        "serve", "--port", "0", "--replay", str(recording), "--at", "2026-03-05 08:00"
    )
    assert "nothing is recorded from 2025-01-01" in refused(
        "learn", str(recording), "--from", "2025-01-01", "--to", "2025-01-02"
    )
    assert "would end (2025-01-01) before they start" in refused(
        "learn", str(recording), "--from", "2025-01-02", "--to", "2025-01-01"
    )
    assert "recording/gtfs.zip" in refused("learn", str(recording), "--model", f"{recording}/gtfs.zip/x.npz")


def test_a_taken_port_is_told_with_another_to_try() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("demo", "--port", str(port))
    assert f"Port {port} of 127.0.0.1 is in use" in said
    assert f"--port {port + 1}" in said


def test_replay_writes_predictions_and_passages_with_the_columns_promised(recording: Path, tmp_path: Path) -> None:
    result = run(
        "replay", str(recording), "--every", "20", "--predictions", "out/predictions.parquet", "--passages",
        "passages.parquet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "written: out/predictions.parquet" in result.output
    assert re.search(r"\d+ steps in \d", result.output)
    predictions, passages = (pq.read_table(tmp_path / name) for name in ("out/predictions.parquet", "passages.parquet"))
    assert (predictions.schema.names, passages.schema.names) == (PREDICTIONS.names, PASSAGES.names)
    seen = passages.to_pydict()
    assert (seen["stop_id"], seen["route_id"]) == (["A", "B", "C"], ["r1"] * 3)
    assert seen["arrival"][0] is None, "what is not known is null"
    assert seen["arrival"][1].timestamp() == pytest.approx(EIGHT + 120, abs=15)
    assert seen["scheduled_arrival"][1].timestamp() == EIGHT + 120
    told = predictions.to_pandas()
    assert set(told.source[told.status == "live"]) == {"vehicle"}
    assert told.p10[told.source == "timetable"].isna().all()
    assert not list(tmp_path.glob("**/*.unfinished"))


def test_learn_writes_a_file_that_replay_begins_with(recording: Path) -> None:
    learned = run("learn", str(recording), "--every", "20", "--model", "models/learned.npz")
    assert learned.exit_code == 0, learned.output
    assert re.search(r"links known +2\b", learned.output)
    assert run("replay", str(recording), "--model", "models/learned.npz").exit_code == 0


def test_days_teach_the_same_whoever_learns_from_them(recording: Path) -> None:
    from distributed import LocalCluster

    for day in (1, 2, 3):
        for after in range(-120, 300, 60):
            (recording / f"vehicle_positions_{int(EIGHT) + day * DAY_S + after}.pb").write_bytes(
                message(EIGHT + after, days=day, late_s=30 * day)
            )
    few = ("learn", str(recording), "--every", "300", "--model")
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
        on = cluster.scheduler_address.replace("tcp://", "dask://")
        assert run(*few, "there.npz", "--on", on).exit_code == 0
    assert run(*few, "here.npz").exit_code == 0
    here, there = read_learned(Path("here.npz")), read_learned(Path("there.npz"))
    assert here.trip_history["weight"].max() == 3.0, "of days that were learned from side by side each counts"
    for tables in ("travel_times", "timing_points", "trip_history"):
        one, other = getattr(here, tables), getattr(there, tables)
        assert one.keys() == other.keys()
        assert all((one[name] == other[name]).all() for name in one)


def test_check_tells_what_was_read_and_what_matches(recording: Path) -> None:
    result = run(
        "check", "--gtfs", str(recording / "gtfs.zip"), "--vehicle-positions",
        str(recording / f"vehicle_positions_{int(EIGHT) + 60}.pb"),
    )  # fmt: skip
    assert result.exit_code == 0
    assert "Town Buses" in result.output


@contextmanager
def started(
    *arguments: str, copied: bool = True, ignores_sigint: bool = False
) -> Iterator[Popen[str] | CommandProcess]:
    """The command as a process of its own; ended by SIGINT, as with Ctrl-C, when the block ends."""
    process = (
        CommandProcess(arguments, Path.cwd(), ignores_sigint=ignores_sigint) if copied else as_a_shell_does(arguments)
    )
    try:
        yield process
        process.send_signal(signal.SIGINT)
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
        assert process.stdout
        process.stdout.close()


def as_a_shell_does(arguments: Sequence[str]) -> Popen[str]:
    """The command, started anew."""
    return Popen(
        [sys.executable, "-c", "from api.command.cli import app; app()", *arguments], stdout=PIPE, stderr=STDOUT,
        text=True, cwd=Path.cwd(),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def lines_until(process: Popen[str] | CommandProcess, wanted: str) -> str:
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if wanted in line:
            return said
    raise AssertionError(f"ended before saying {wanted!r}: {said}")


def test_serve_prints_its_address_answers_and_ends_cleanly(recording: Path) -> None:
    now = recording / "now.pb"
    now.write_bytes(message(time.time()))
    arguments = ("serve", "--gtfs", str(recording / "gtfs.zip"), "--vehicle-positions", str(now), "--port", "0")
    with started(*arguments, copied=False) as process:
        said = lines_until(process, "Ctrl-C ends it")
        address = re.search(r"http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
        assert address
        with urllib.request.urlopen(f"{address[0]}/v1/stops/B") as answer:
            assert b"Stop B" in answer.read()
    assert process.returncode == 0


@contextmanager
def dripping() -> Iterator[tuple[str, Event, Event]]:
    """Address whose answer never comes whole, whether it was asked, and whether its `/vehicles`, which are given at
    once, were asked for again."""
    asked, again, times = Event(), Event(), list[float]()

    class Drips(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/vehicles"):
                times.append(time.time())
                self.send_response(200)
                self.end_headers()
                self.wfile.write(message(times[0]))
                if len(times) > 1:
                    again.set()
                return
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            asked.set()
            with suppress(OSError):
                for _ in range(600):
                    self.wfile.write(b"\n")
                    time.sleep(0.1)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Drips) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/feed", asked, again
        server.shutdown()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_record_saves_what_it_has_when_any_signal_ends_it_while_a_feed_drips_and_has_its_folder_for_itself(
    number: int,
) -> None:
    with dripping() as (address, asked, again):
        options = (
            "record", "--vehicle-positions", f"{address}/vehicles", "--trip-updates", address, "--to", "archive",
            "--every", "1",
        )  # fmt: skip
        with started(*options) as process:
            lines_until(process, "Ctrl-C ends it")
            assert asked.wait(60)
            assert "another prochain is writing there" in refused(*options)
            assert again.wait(60)
            process.send_signal(number)
            assert process.wait(60) == 0
    (file,) = Path("archive").glob("vehicle_positions_*.parquet")
    assert pq.read_table(file).to_pydict()["vehicle_id"] == ["12"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_what_it_waits_for_and_ends_by_any_signal(recording: Path, number: int) -> None:
    with dripping() as (address, asked, _), started(
        "serve", "--gtfs", f"{address}?key=secret", "--vehicle-positions", "now.pb", "--port", "0"
    ) as process:  # fmt: skip
        said = lines_until(process, f"Reading the timetable of {address} …")
        assert asked.wait(60)
        process.send_signal(number)
        said += lines_until(process, f"ended by {signal.Signals(number).name}")
        assert process.wait(60) == 128 + number
    assert "Traceback" not in said
    assert "secret" not in said


@pytest.mark.parametrize("command", ["learn", "replay"])
def test_long_work_ends_by_a_signal_also_where_the_shell_ignores_it(recording: Path, command: str) -> None:
    for after in range(0, 50_000, 60):
        (recording / f"vehicle_positions_{int(EIGHT) + 1000 + after}.pb").write_bytes(message(EIGHT + after))
    with started(command, str(recording), "--every", "1", ignores_sigint=True) as process:
        # It begins to heed both signals when it begins to work, which on a busy machine takes its time.
        heeded = 1 << (signal.SIGTERM - 1)
        while not int(re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())[0], 16) & heeded:
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = lines_until(process, "ended by SIGINT")
        assert process.wait(60) == 130
    assert "Traceback" not in said


def test_a_signal_that_a_library_swallows_ends_the_work_all_the_same() -> None:
    called_back = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(typer.Exit) as ended, said_plainly():
        called_back()
        time.sleep(60.0)
    assert ended.value.exit_code == 128 + signal.SIGTERM


def test_a_signal_that_a_compiled_loop_raises_as_another_error_ends_the_work_all_the_same() -> None:
    with pytest.raises(typer.Exit) as ended, said_plainly():
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as signalled:
            raise SystemError("returned a result with an exception set") from signalled
    assert ended.value.exit_code == 128 + signal.SIGTERM
    with pytest.raises(SystemError), said_plainly():
        raise SystemError


def test_a_recorded_morning_is_served_at_its_own_time_by_one_alone_and_touches_nothing_of_the_live_service(
    recording: Path, tmp_path: Path
) -> None:
    told: list[str] = []

    class Subscriber(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.path)
            self.send_response(204)
            self.end_headers()

    options = ("serve", "--replay", str(recording), "--at", "2026-03-02 08:01", "--port", "0", "--data-dir", "tried")
    with HTTPServer(("127.0.0.1", 0), Subscriber) as subscriber:
        Thread(target=subscriber.serve_forever, daemon=True).start()
        Path("prochain.toml").write_text(
            'data_dir = "kept"\nmodel = "kept/learned.npz"\ndesk_token = "a token for the test"\n'
            f'desk_webhooks = ["http://127.0.0.1:{subscriber.server_port}/hook"]\n'
        )
        with started(*options) as process:
            said = lines_until(process, "Ctrl-C ends it")
            assert "it is 2026-03-02 08:01 there" in said
            address = re.search(r"http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
            assert address
            with urllib.request.urlopen(f"{address[0]}/v1/stops/C/departures?arrivals=true") as answer:
                assert b'"status":"live"' in answer.read()
            request = urllib.request.Request(
                f"{address[0]}/v1/disruptions", b'{"header": {"en": "Works"}, "stops": ["B"], "shown_on": "stops"}',
                {"Authorization": "Bearer a token for the test", "Content-Type": "application/json"},
            )  # fmt: skip
            with urllib.request.urlopen(request) as answer:
                assert answer.status == 201
            assert "tried: another prochain is writing there" in refused(*options)
        subscriber.shutdown()
    assert process.returncode == 0
    assert told == []
    assert not (tmp_path / "kept").exists()
    assert (tmp_path / "tried" / "desk.sqlite").exists()
    with started(*options) as after:
        lines_until(after, "Ctrl-C ends it")
    assert after.returncode == 0


def test_recording_logs_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr("api.command.log_lines.log_to_stderr", logged.append)
    monkeypatch.setattr("feeds.recordings.recorder.record", lambda *_: Recorded(0, 0, {}))
    Path("desk.toml").write_text('log_format = "json"\n')
    asked = ("record", "--vehicle-positions", "v.pb", "--to", "x")
    run(*asked)
    run(*asked, "--config", "desk.toml")
    monkeypatch.setenv("PROCHAIN_LOG_FORMAT", "json")
    run(*asked)
    assert logged == ["text", "json", "json"]
