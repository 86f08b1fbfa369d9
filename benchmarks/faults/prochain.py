"""`prochain` as its users run it: a process of its own on a small town whose service runs today."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.faults.stage import Stage
from benchmarks.field.city import City
from benchmarks.field.messages import bus
from benchmarks.field.network import Network, Service, Trip, hms, network

TOKEN = "a token of the faults"
ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 15.0


def town_of_today() -> Network:
    """A trip every ten minutes, day and night."""
    begin, end = date.today() - timedelta(days=2), date.today() + timedelta(days=60)
    trips = tuple(Trip(f"t{k}", hms(600 * k)) for k in range(144))
    return network(trips=trips, services=(Service(start=int(f"{begin:%Y%m%d}"), end=int(f"{end:%Y%m%d}")),), zone="UTC")


@dataclass
class Running:
    """A process and what it said at its start."""

    process: subprocess.Popen[str]
    said: str

    @property
    def address(self) -> str:
        """Where it answers."""
        found = re.search(r"http://127\.0\.0\.1:\d+", self.said)
        assert found, f"no address: {self.said[-300:]}"
        return found[0]

    @property
    def port(self) -> int:
        """Of its address."""
        return int(self.address.rsplit(":", 1)[1])

    def ask(
        self, path: str, body: object = None, within_s: float = 10.0, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer; POST where there is a body."""
        request = urllib.request.Request(  # noqa: S310
            self.address + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=within_s) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, None

    def board_within(self, seconds: float) -> None:
        """Fail where a board does not come in time, or is empty."""
        began = time.monotonic()
        status, board = self.ask("/v1/stops/B/departures", within_s=seconds + 5.0)
        took_s = time.monotonic() - began
        assert status == 200, f"a board answers {status}"
        assert board["departures"], "the board is empty"
        assert took_s <= seconds, f"a board took {took_s:.1f} s"

    def memory_mb(self, kind: str = "VmRSS") -> float:
        """Resident memory, or another kind, as the kernel names it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{kind}:")[1].split()[0]) / 1024

    def faults(self) -> list[str]:
        """Codes of what is wrong, by /readyz."""
        return list((self.ask("/readyz")[1] or {}).get("faults", ()))

    def tells_within(self, fault: str, seconds: float) -> None:
        """Fail where a fault is not told in time."""
        give_up_at = time.monotonic() + seconds
        while fault not in self.faults():
            assert time.monotonic() < give_up_at, f"/readyz tells {self.faults()}, not {fault}"
            time.sleep(1.0)

    def ends_by(self, number: int) -> int:
        """Its exit code after a signal. Fails where it goes on."""
        self.process.send_signal(number)
        try:
            return self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"goes on {ENDS_WITHIN_S:.0f} s after signal {number}") from error


def files_of(stage: Stage) -> tuple[Path, Path]:
    """The town's GTFS and a message of its vehicles."""
    gtfs, positions = stage.folder / "gtfs.zip", stage.folder / "positions.pb"
    town = town_of_today()
    gtfs.write_bytes(town.feed)
    city = City(town, at="00:00", date=int(f"{date.today():%Y%m%d}"))
    positions.write_bytes(city.writer.vehicle_positions([bus("v1", "t1", "B")], time.time()))
    return gtfs, positions


def serve(stage: Stage, *more: str, limit: Callable[[], None] = lambda: None) -> Running:
    """`prochain serve` on the town of today, its data in the scenario's folder."""
    gtfs, positions = files_of(stage)
    return started(
        stage, "serve", "--gtfs", str(gtfs), "--vehicle-positions", str(positions), "--port", "0", "--data-dir",
        str(stage.folder / "data"), *more, until="Ctrl-C ends it", limit=limit,
    )  # fmt: skip


def started(stage: Stage, *arguments: str, until: str, limit: Callable[[], None] = lambda: None) -> Running:
    """A command of prochain once it has said `until`, or ended; at once where that is "". Killed with the scenario.
    `limit` is called in the new process."""
    home = {name: str(stage.folder / name.lower()) for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.command.cli import app; app()", *arguments], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd=stage.folder, preexec_fn=limit,
        env={**os.environ, **home, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PROCHAIN_DESK_TOKEN": TOKEN},
    )  # fmt: skip
    stage.held.callback(_killed, process)
    output, give_up_at = "", time.monotonic() + STARTS_WITHIN_S
    assert process.stdout
    for line in process.stdout if until else ():
        output += line
        if until in line or time.monotonic() > give_up_at:
            break
    return Running(process, output)


def few_files(number: int) -> Callable[[], None]:
    """No more open files than that."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


def small_files(number: int) -> Callable[[], None]:
    """No file longer than so many bytes, as on a disk that is full."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))

    return limit


def little_memory(megabytes: int) -> Callable[[], None]:
    """No more address space than that."""
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def small_disk(stage: Stage, megabytes: int) -> Path | None:
    """A disk of its own of that size, None where this user may mount none. It goes with the scenario."""
    disk = stage.folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        return None
    stage.held.callback(subprocess.run, ["umount", "--lazy", str(disk)], check=False)
    return disk


def _killed(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()
