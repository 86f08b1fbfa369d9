"""10,000 screens on the event streams of one server: its memory, and how long after a change each has it.

Boards change with each step of the engine, and between two steps by the minutes that pass."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

import numpy as np
from fastapi import FastAPI

from api.answers import announcer
from api.answers.problems import Problem
from api.command.connections import allow_many_files
from api.reading.moment import Moment
from api.service.service import Service
from benchmarks.speed.figure import Figure
from benchmarks.speed.serving import ServedApplication, application_server, called_stops, demo

SCREENS = 10_000
_OF_AN_ADDRESS = 400
_OPENED_TOGETHER = 100
_LISTENED_S = 30.0


def listened(screens: int = SCREENS) -> list[Figure]:
    """Screens of all stops of the demo network, from many addresses of this machine."""
    allow_many_files()
    with TemporaryDirectory() as folder:
        changes = Path(folder) / "changes"
        with application_server(partial(_noting_changes, str(changes))) as server:
            stops = sorted(called_stops(server.base))
            received, cpu_s = asyncio.run(_listen(server, stops, screens))
            memory_mb = server.peak_memory_mb()
        change_at = [float(line) for line in changes.read_text().split()]
    late = np.array([at - change_at[bisect_right(change_at, at) - 1] for at in received if at > change_at[0]])
    work = f"{screens:,} screens of one server"
    return [
        Figure(f"{work}: its peak memory", memory_mb, "MB", 1000.0),
        Figure(f"{work}: changes received", len(late), "events"),
        Figure(f"{work}: the server's processor time for each", 1e3 * cpu_s / max(len(late), 1), "ms CPU"),
        Figure(f"{work}: a change with a screen, half of them", float(np.median(late)), "s"),
        Figure(f"{work}: with the last one", float(late.max()), "s", 1.0),
    ]


def _noting_changes(file: str, folder: str) -> FastAPI:
    app = demo(folder)
    service: Service = app.state.service
    when_stepped: Callable[[float], None] = service.on_step
    make = announcer.made_of
    read: list[Moment] = []

    def note() -> None:
        with Path(file).open("a") as changes:
            changes.write(f"{time.time()}\n")

    def on_step(seconds: float) -> None:
        note()
        when_stepped(seconds)

    def made_of(
        moment: Moment, channels: Sequence[announcer.Channel]
    ) -> list[announcer.StreamedEvent | Problem | None]:
        if read and moment is not read[-1] and moment.view is read[-1].view:
            note()
        read[:] = [moment]
        return make(moment, channels)

    service.on_step = on_step
    announcer.made_of = made_of
    return app


class _Screen(asyncio.Protocol):
    """Listens to a board, and notes when it changes."""

    def __init__(self, request: bytes, opened: asyncio.Future[None], received: list[float]) -> None:
        self._request, self._opened, self._received = request, opened, received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if b"event: board" not in data:
            if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200"):
                self._opened.set_exception(RuntimeError(data.decode("latin-1")))
        elif not self._opened.done():
            self._opened.set_result(None)
        else:
            self._received.append(time.time())

    def connection_lost(self, _: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(RuntimeError("closed"))


async def _listen(server: ServedApplication, stops: list[str], screens: int) -> tuple[list[float], float]:
    """When each change was received once all screens were open, and the server's processor time meanwhile."""
    loop, address = asyncio.get_running_loop(), urlsplit(server.base)
    received: list[float] = []
    for first in range(0, screens, _OPENED_TOGETHER):
        opened = []
        for screen in range(first, min(first + _OPENED_TOGETHER, screens)):
            path = f"/v1/stops/{quote(stops[screen % len(stops)], safe='')}/stream"
            request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
            opened.append(loop.create_future())
            await loop.create_connection(
                partial(_Screen, request, opened[-1], received), address.hostname or "", address.port or 0,
                local_addr=(f"127.0.1.{1 + screen // _OF_AN_ADDRESS}", 0),
            )  # fmt: skip
        await asyncio.gather(*opened)
    received.clear()
    before = server.cpu_s()
    await asyncio.sleep(_LISTENED_S)
    return list(received), server.cpu_s() - before
