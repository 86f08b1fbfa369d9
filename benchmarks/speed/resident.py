"""What `prochain serve` has resident of a city: as its users run it, its feed from an address, riders asking."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import quote

from benchmarks.speed.figure import Figure
from benchmarks.speed.process_memory import peak_memory_mb, resident_memory_mb
from benchmarks.speed.site import ROOT
from benchmarks.speed.towns import POLL_S, STARTS_AT, Towns, message_file, timetable_of

VEHICLES = 500
_SPEED = 10.0
_LISTENED_S = 30.0
MESSAGES = int(6.0 * _LISTENED_S * _SPEED / POLL_S)
# The machine's clock is put to the towns' morning, and runs faster; nothing else is other than for an operator.
_SERVE = """
import sys, time
from functools import partial
from api.service import live
from api.service.clock import LiveClock
starts_at, speed, began = (float(sys.argv.pop(1)) for _ in range(3))
now = lambda: speed * (time.monotonic() - began)
live.LiveClock = partial(LiveClock, wall=lambda: starts_at + now(), uptime=now)
from api.command.cli import app
app()
"""


def resident(towns: Towns, vehicles: int = VEHICLES) -> list[Figure]:
    """After a first start, and after one from the cache: each with five minutes of messages."""
    town = towns.of(vehicles, MESSAGES)
    stops = timetable_of(town).stop_id.tolist()
    figures = []
    with TemporaryDirectory() as folder:
        for start in ("first start", "start from the cache"):
            memory_mb, peak_mb = _served(town, Path(folder), stops)
            work = f"`prochain serve`, {vehicles:,} vehicles, {len(stops):,} stops, after a {start}"
            figures += [Figure(f"{work}: resident", memory_mb, "MB", 400.0), Figure(f"{work}: peak", peak_mb, "MB")]
    return figures


def _served(town: Path, folder: Path, stops: list[str]) -> tuple[float, float]:
    began_at = time.monotonic()
    with _operator(town, began_at) as positions:
        command = [
            sys.executable, "-c", _SERVE, str(STARTS_AT), str(_SPEED), str(began_at), "serve",
            "--gtfs", str(town / "gtfs.zip"), "--vehicle-positions", positions, "--port", "0",
        ]  # fmt: skip
        process = subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
            env={
                **os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "XDG_CACHE_HOME": str(folder / "cache"),
                "XDG_STATE_HOME": str(folder / "state"), "PROCHAIN_POLL_INTERVAL_S": "1",
            },
        )  # fmt: skip
        try:
            base = _address(process)
            began, asked = time.monotonic(), 0
            while time.monotonic() < began + _LISTENED_S:
                stop = quote(stops[asked * 7 % len(stops)], safe="")
                for path in (f"/v1/stops/{stop}/departures", f"/stops/{stop}"):
                    urllib.request.urlopen(base + path, timeout=10.0).read()  # noqa: S310
                asked += 1
                time.sleep(0.1)
            return resident_memory_mb(process.pid), peak_memory_mb(process.pid)
        finally:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[str]) -> str:
    """Errors: RuntimeError where it ends without one."""
    said = ""
    for line in process.stdout or ():
        said += line
        if "Ctrl-C ends it" in line and (found := re.search(r"http://127\.0\.0\.1:\d+", said)):
            Thread(target=process.stdout.read, daemon=True).start()  # type: ignore[union-attr]
            return found[0]
    raise RuntimeError(f"prochain serve ended: {said}")


@contextmanager
def _operator(town: Path, began_at: float) -> Iterator[str]:
    """The address of the towns' vehicle positions."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = min(int((time.monotonic() - began_at) * _SPEED / POLL_S), MESSAGES - 1)
            data = message_file(town, number).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/vehicle_positions.pb"
    finally:
        server.shutdown()
        server.server_close()
