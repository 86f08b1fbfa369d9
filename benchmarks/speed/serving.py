"""Answers a second of processor time, beside a plain FastAPI endpoint on the same server in the same run."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread
from types import SimpleNamespace
from urllib.parse import quote, unquote, urlsplit

import httpx
from fastapi import FastAPI
from google.transit.gtfs_realtime_pb2 import FeedMessage
from starlette.types import Message

from api.answers.doors import Doors
from api.app import create_app
from api.command.connections import allow_many_files
from api.command.listening import Server
from api.command.port import address_of, listen
from api.command.unused_memory import collect_while_serving
from api.service.clock import ShiftedClock
from api.service.demo import demo_service
from api.service.service import Service
from api.service.settings import Settings
from benchmarks.speed.figure import Figure
from benchmarks.speed.process_memory import peak_memory_mb

CONNECTIONS = 64
SECONDS = 3.0
VIEW_EVERY_S, _WARMING_UP, _VIEWS = 10.0, 2, 9
FIRST_ASKED = {
    "departures": "/v1/stops/{}/departures",
    "panel board": "/v1/stops/{}/board",
    "stop page": "/stops/{}",
}
"""What is asked of every stop once since a step, and where."""
_FIRST_WITHIN_MS = {"departures": 0.3, "panel board": 0.3}
"""What a first answer is to take, where that is set."""
_KILOBYTE = {f"field {i:02}": "x" * 16 for i in range(32)}


def warm_answers() -> list[Figure]:
    """Each kind of answer of the demo network at its busiest stop, asked for over and over."""
    with application_server(_plain) as server:
        plain = answers_a_cpu_s(server, "/")
    figures = [Figure("a plain FastAPI endpoint, 1 kB", plain, "answers a CPU second")]
    with application_server(demo) as server:
        stop = quote(called_stops(server.base).most_common(1)[0][0], safe="")
        board = f"/v1/stops/{stop}/departures"
        for work, path, target, unchanged in (
            ("departures", board, 3.0, False),
            ("departures, 304", board, 4.0, True),
            ("panel board", f"/v1/stops/{stop}/board", 3.0, False),
            ("stop page", f"/stops/{stop}", 1.0, False),
            ("TripUpdates", "/gtfs-rt/trip-updates", None, False),
        ):
            headers = {"If-None-Match": httpx.get(server.base + path).headers["ETag"]} if unchanged else {}
            rate = answers_a_cpu_s(server, path, headers)
            figures.append(Figure(f"{work}, warm", rate / plain, "times the plain one", target, "at least"))
    return figures


def first_answers() -> list[Figure]:
    """Every stop of the demo network asked for once since the step, as panels do: at each of several steps."""
    figures = []
    with TemporaryDirectory() as folder:
        app = demo(folder)
        service: Service = app.state.service
        stops, now = [quote(str(stop), safe="") for stop in service.timetable.stop_id], service.clock.now()
        # As the server does before it answers.
        collect_while_serving()
        for work, path in FIRST_ASKED.items():
            cpu_s = []
            for _ in range(_WARMING_UP + _VIEWS):
                now += VIEW_EVERY_S
                service.clock = ShiftedClock(now)
                service.step(now)
                began = time.process_time()
                asyncio.run(ask_each(app, [path.format(stop) for stop in stops]))
                cpu_s.append(time.process_time() - began)
            # Whatever was read ahead for those who then did not ask is in it. The middle one of the steps: some are
            # slowed down by whatever else the machine does.
            ms = 1e3 * median(cpu_s[_WARMING_UP:]) / len(stops)
            figures.append(Figure(f"{work}, first since the step", ms, "ms CPU", _FIRST_WITHIN_MS.get(work)))
    return figures


async def ask_each(app: FastAPI, paths: list[str]) -> None:
    """Ask as the server does once it has read the request: a client of its own would take a third of the time."""

    async def receive() -> Message:
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await never

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"{scope['path']}: {message['status']}")

    for path in paths:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": unquote(path), "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(b"host", b"demo"), (b"accept-encoding", b"gzip")], "client": ("127.0.0.1", 1),
            "server": ("demo", 80), "state": {},
        }  # fmt: skip
        await app(scope, receive, send)


def called_stops(base: str) -> Counter[str]:
    """How many predictions the service's own feed has of each stop."""
    message = FeedMessage.FromString(httpx.get(f"{base}/gtfs-rt/trip-updates").content)
    return Counter(call.stop_id for entity in message.entity for call in entity.trip_update.stop_time_update)


def answers_a_cpu_s(server: ServedApplication, path: str, headers: dict[str, str] | None = None) -> float:
    """How often a path is answered in a second of the server's processor time."""
    asyncio.run(_ask(server.base, path, headers or {}, 0.5))
    before = server.cpu_s()
    answers = asyncio.run(_ask(server.base, path, headers or {}, SECONDS))
    return answers / (server.cpu_s() - before)


class _Client(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[int]) -> None:
        self._request, self._until, self._done = request, until, done
        self._received, self._length, self._answers = b"", -1, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._length < 0 and (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            if not head.startswith((b"http/1.1 200", b"http/1.1 304")):
                self._done.set_exception(RuntimeError(head.decode("latin-1")))
                return
            body = 0 if head.startswith(b"http/1.1 304") else int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            self._length = end + 4 + body
        if 0 <= self._length <= len(self._received):
            self._answers += 1
            self._received, self._length = b"", -1
            if time.perf_counter() < self._until:
                self._ask()
            else:
                self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(self._answers)

    def _ask(self) -> None:
        self._transport.write(self._request)


async def _ask(base: str, path: str, headers: dict[str, str], seconds: float) -> int:
    """How many answers came."""
    loop, address = asyncio.get_running_loop(), urlsplit(base)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {address.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    until = time.perf_counter() + seconds
    ends: list[asyncio.Future[int]] = [loop.create_future() for _ in range(CONNECTIONS)]
    for end in ends:
        await loop.create_connection(partial(_Client, request, until, end), address.hostname or "", address.port or 0)
    return sum(await asyncio.gather(*ends))


@dataclass(frozen=True)
class ServedApplication:
    """An application on a server in a process of its own."""

    base: str
    """Its address."""
    process: int
    _asked: Connection

    def cpu_s(self) -> float:
        """Processor time that it has used."""
        self._asked.send(None)
        return float(self._asked.recv())

    def peak_memory_mb(self) -> float:
        """The most that it has had resident."""
        return peak_memory_mb(self.process)


@contextmanager
def application_server(make: Callable[[str], FastAPI]) -> Iterator[ServedApplication]:
    """Serve what `make` makes, given a folder to write to."""
    ours, theirs = multiprocessing.Pipe()
    with TemporaryDirectory() as folder:
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(make, folder, theirs), daemon=True)
        process.start()
        theirs.close()
        try:
            yield ServedApplication(ours.recv(), process.pid or 0, ours)
        finally:
            process.terminate()
            process.join(10.0)


def _serve(make: Callable[[str], FastAPI], folder: str, asked: Connection) -> None:
    listening = listen("127.0.0.1", 0)
    app = make(folder)
    app.state.doors.limit_to_files(allow_many_files())

    def tell() -> None:
        while True:
            asked.recv()
            asked.send(time.process_time())

    Thread(target=tell, daemon=True).start()
    Server(app, lambda: asked.send(address_of(listening))).run(sockets=[listening])


def _plain(_: str) -> FastAPI:
    app = FastAPI()
    app.state.announcer = SimpleNamespace(close=lambda: None)
    app.state.doors = Doors()

    @app.get("/")
    def kilobyte() -> dict[str, str]:
        return _KILOBYTE

    return app


def demo(folder: str) -> FastAPI:
    """The demo network, its files in `folder`."""
    settings = Settings.model_validate({"data_dir": Path(folder) / "data", "cache_dir": Path(folder) / "cache"})
    return create_app(demo_service(settings))
