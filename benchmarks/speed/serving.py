"""Answers a second of processor time, beside a plain FastAPI endpoint on the same server in the same run."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from types import SimpleNamespace
from urllib.parse import quote, unquote, urlsplit

import httpx
from fastapi import FastAPI
from google.transit.gtfs_realtime_pb2 import FeedMessage
from starlette.types import Message

from api.app import create_app
from api.command.listening import Server, address_of, listen
from api.service.demo import demo_service
from api.service.service import Service
from api.service.settings import Settings
from benchmarks.speed.figure import Figure

CONNECTIONS = 64
SECONDS = 3.0
_KILOBYTE = {f"field {i:02}": "x" * 16 for i in range(32)}


def warm_answers() -> list[Figure]:
    """Each kind of answer of the demo network at its busiest stop, asked for over and over."""
    with _server(_plain) as (base, cpu_s):
        plain = _answers_a_cpu_s(base, "/", cpu_s)
    figures = [Figure("a plain FastAPI endpoint, 1 kB", plain, "answers a CPU second")]
    with _server(_demo) as (base, cpu_s):
        stop = quote(_busiest_stop(base), safe="")
        board = f"/v1/stops/{stop}/departures"
        for work, path, target, unchanged in (
            ("departures", board, 3.0, False),
            ("departures, 304", board, 4.0, True),
            ("panel board", f"/v1/stops/{stop}/board", 3.0, False),
            ("stop page", f"/stops/{stop}", 1.0, False),
            ("TripUpdates", "/gtfs-rt/trip-updates", None, False),
        ):
            headers = {"If-None-Match": httpx.get(base + path).headers["ETag"]} if unchanged else {}
            rate = _answers_a_cpu_s(base, path, cpu_s, headers)
            figures.append(Figure(f"{work}, warm", rate / plain, "times the plain one", target, "at least"))
    return figures


def first_answers() -> list[Figure]:
    """Every stop of the demo network asked for once since the step."""
    figures = []
    with TemporaryDirectory() as folder:
        app = _demo(folder)
        service: Service = app.state.service
        stops = [quote(str(stop), safe="") for stop in service.timetable.stop_id]
        for work, path in (
            ("departures", "/v1/stops/{}/departures"),
            ("panel board", "/v1/stops/{}/board"),
            ("stop page", "/stops/{}"),
        ):
            for _ in range(2):
                # The same moment as a view that nobody has asked yet; the first pass only warms up.
                service.show_own_alerts()
                began = time.process_time()
                asyncio.run(_ask_each(app, [path.format(stop) for stop in stops]))
                ms = 1e3 * (time.process_time() - began) / len(stops)
            figures.append(Figure(f"{work}, first since the step", ms, "ms CPU", 0.3))
    return figures


async def _ask_each(app: FastAPI, paths: list[str]) -> None:
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


def _busiest_stop(base: str) -> str:
    message = FeedMessage.FromString(httpx.get(f"{base}/gtfs-rt/trip-updates").content)
    calls = Counter(call.stop_id for entity in message.entity for call in entity.trip_update.stop_time_update)
    return calls.most_common(1)[0][0]


def _answers_a_cpu_s(base: str, path: str, cpu_s: Callable[[], float], headers: dict[str, str] | None = None) -> float:
    asyncio.run(_ask(base, path, headers or {}, 0.5))
    before = cpu_s()
    answers = asyncio.run(_ask(base, path, headers or {}, SECONDS))
    return answers / (cpu_s() - before)


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


@contextmanager
def _server(make: Callable[[str], FastAPI]) -> Iterator[tuple[str, Callable[[], float]]]:
    """The address of an application in a process of its own, and what tells the processor time that it has used."""
    ours, theirs = multiprocessing.Pipe()
    with TemporaryDirectory() as folder:
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(make, folder, theirs), daemon=True)
        process.start()
        try:
            base: str = ours.recv()

            def cpu_s() -> float:
                ours.send(None)
                return float(ours.recv())

            yield base, cpu_s
        finally:
            process.terminate()
            process.join(10.0)


def _serve(make: Callable[[str], FastAPI], folder: str, asked: Connection) -> None:
    listening = listen("127.0.0.1", 0)

    def tell() -> None:
        while True:
            asked.recv()
            asked.send(time.process_time())

    Thread(target=tell, daemon=True).start()
    Server(make(folder), lambda: asked.send(address_of(listening))).run(sockets=[listening])


def _plain(_: str) -> FastAPI:
    app = FastAPI()
    app.state.announcer = SimpleNamespace(close=lambda: None)

    @app.get("/")
    def kilobyte() -> dict[str, str]:
        return _KILOBYTE

    return app


def _demo(folder: str) -> FastAPI:
    settings = Settings.model_validate({"data_dir": Path(folder) / "data", "cache_dir": Path(folder) / "cache"})
    return create_app(demo_service(settings))
