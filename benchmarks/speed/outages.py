"""An engine, two processes that answer readers, and the Redis between them, each killed and started again in turn under
wrk and a thousand screens: what was answered wrongly, and which screens were lost."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any
from urllib.parse import quote, urlsplit

from benchmarks.speed.figure import Figure
from benchmarks.speed.site import WORKERS, Site

SCREENS = 1000
_OF_AN_ADDRESS = 250
_STOPS = 10
_CONNECTIONS = 8
_DEAD_S = 10.0
_WELL_WITHIN_S = 60.0
_COMES_BACK_S = 1.0
_SILENT_S = 25.0
"""A stream says something every ten seconds."""


def figures(screens: int = SCREENS) -> list[Figure]:
    """Errors: RuntimeError where wrk or redis-server is not installed."""
    for program in ("wrk", "redis-server"):
        if shutil.which(program) is None:
            raise RuntimeError(f"{program} is not installed; it comes with most systems' packages.")
    with TemporaryDirectory() as folder, ExitStack() as held:
        site = Site(Path(folder), held)
        site.start("redis")
        with ThreadPoolExecutor() as pool:
            list(pool.map(site.start, ("engine", *WORKERS)))
        stops = [stop["stop_id"] for stop in site.get("engine", f"/v1/stops?limit={_STOPS}")["stops"]]
        return _outages(site, stops, screens)


def _outages(site: Site, stops: Sequence[str], screens: int) -> list[Figure]:
    wall = _Screens(site, stops, screens)
    wall.start()
    _until(lambda: wall.heard_within(_SILENT_S) == screens, "not all screens could be opened")
    riders = [_wrk(site, name, stops[0]) for name in WORKERS]
    found, began = list[Figure](), time.monotonic()
    for name in ("engine", "worker 1", "redis"):
        site.kill(name)
        time.sleep(_DEAD_S)
        again_at = time.monotonic()
        site.start(name)
        _until(lambda: not any(site.faults(worker) for worker in WORKERS), f"{name} was killed, and faults stay")
        found.append(
            Figure(f"{name} killed for {_DEAD_S:.0f} s: all well, from its start", time.monotonic() - again_at, "s")
        )
    time.sleep(_SILENT_S)
    others = _until(lambda: not wall.showing_otherwise("engine"), "screens show otherwise", give_up=False)
    work = f"{screens:,} screens, each process killed in turn"
    found += [
        Figure(f"{work}: lost", screens - wall.heard_within(_SILENT_S), "screens", 0.0),
        Figure(f"{work}: that show other than the engine says", 0 if others else wall.showing_otherwise("engine"),
               "screens", 0.0),
        Figure(f"{work}: refused", wall.refused, "times", 0.0),
        Figure(f"{work}: longest without a word", wall.longest_silence_s, "s", _SILENT_S),
    ]  # fmt: skip
    wall.stopping.set()
    for name, rider in zip(WORKERS, riders, strict=True):
        answered, wrong, broken = _ended(rider)
        found += [
            Figure(f"{name} under wrk for {time.monotonic() - began:.0f} s", answered, "boards"),
            Figure(f"{name}: answers other than 200", wrong, "boards", 0.0),
            # What is under way with a process that is killed breaks; it is not this one that is to lose any.
            Figure(f"{name}: connections refused or broken", broken, "times", None if name == "worker 1" else 0.0),
        ]
    return found


def _until(true: Callable[[], bool], what: str, *, give_up: bool = True) -> bool:
    until = time.monotonic() + _WELL_WITHIN_S
    while time.monotonic() < until:
        try:
            if true():
                return True
        except OSError:
            pass
        time.sleep(0.1)
    if give_up:
        raise RuntimeError(what)
    return False


def _wrk(site: Site, name: str, stop: str) -> subprocess.Popen[str]:
    board = f"{site.at[name]}/v1/stops/{quote(stop, safe='')}/departures"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", "-d3600s", "--timeout", "10s", board]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603


def _ended(rider: subprocess.Popen[str]) -> tuple[int, int, int]:
    """How many boards were answered, how many of them other than with 200, and how many connections broke."""
    rider.send_signal(signal.SIGINT)
    said, _ = rider.communicate(timeout=30.0)
    answered = re.search(r"(\d+) requests in", said)
    if answered is None:
        raise RuntimeError(said)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return int(answered[1]), int(wrong[1]) if wrong else 0, sum(map(int, broken.groups())) if broken else 0


@dataclass
class _Screen:
    stop: str
    heard_at: float = 0.0
    longest_silence_s: float = 0.0
    event_id: str = ""
    board: dict[str, Any] = field(default_factory=dict)

    def hear(self) -> None:
        now = time.monotonic()
        if self.heard_at:
            self.longest_silence_s = max(self.longest_silence_s, now - self.heard_at)
        self.heard_at = now


class _Screens(Thread):
    """Screens that come back by themselves, as browsers do, to the other process where one does not answer."""

    def __init__(self, site: Site, stops: Sequence[str], screens: int) -> None:
        super().__init__(daemon=True)
        self._site = site
        self._screens = [_Screen(stops[i % len(stops)]) for i in range(screens)]
        self.refused = 0
        self.stopping = Event()

    def heard_within(self, seconds: float) -> int:
        """How many screens heard something in so many seconds."""
        now = time.monotonic()
        return sum(now - screen.heard_at < seconds for screen in self._screens)

    def showing_otherwise(self, name: str) -> int:
        """How many screens show other than a process says."""
        says = {
            stop: _shown(self._site.get(name, f"/v1/stops/{quote(stop, safe='')}/board"))
            for stop in {screen.stop for screen in self._screens}
        }
        return sum(_shown(screen.board) != says[screen.stop] for screen in self._screens)

    @property
    def longest_silence_s(self) -> float:
        """Of all screens."""
        return max(screen.longest_silence_s for screen in self._screens)

    def run(self) -> None:
        """Listen until it is `stopping`."""
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        listening = [asyncio.create_task(self._keep_open(i, screen)) for i, screen in enumerate(self._screens)]
        while not self.stopping.is_set():
            await asyncio.sleep(0.1)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)

    async def _keep_open(self, number: int, screen: _Screen) -> None:
        turn = number
        await asyncio.sleep(0.003 * number)
        while True:
            address = urlsplit(self._site.at[WORKERS[turn % len(WORKERS)]])
            try:
                await self._hear(screen, address.hostname or "", address.port or 0, number)
            except (OSError, asyncio.IncompleteReadError):
                turn += 1
            await asyncio.sleep(_COMES_BACK_S)

    async def _hear(self, screen: _Screen, host: str, port: int, number: int) -> None:
        reader, writer = await asyncio.open_connection(
            host, port, limit=1 << 20, local_addr=(f"127.0.2.{1 + number // _OF_AN_ADDRESS}", 0)
        )
        try:
            path = f"/v1/stops/{quote(screen.stop, safe='')}/stream"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nLast-Event-ID: {screen.event_id}\r\n\r\n".encode())
            if not (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200"):
                self.refused += 1
                raise ConnectionError
            event = ""
            while line := (await reader.readuntil(b"\n")).decode().rstrip():
                pass
            while line := (await reader.readuntil(b"\n")).decode():
                name, _, value = line.rstrip().partition(": ")
                if name == "event":
                    event = value
                    screen.hear()
                elif name == "id":
                    screen.event_id = value
                elif name == "data" and event == "board":
                    screen.board = json.loads(value)
        finally:
            writer.close()


def _shown(board: dict[str, Any]) -> dict[str, Any]:
    """All of a board but when it was made."""
    return {key: value for key, value in board.items() if key not in ("generated_at", "feed_age_s")}
