"""How long a reader waits for a board while the engine steps through 10,000 vehicles, beside the same at rest."""

from __future__ import annotations

import csv
import http.client
import io
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
from fastapi import FastAPI

from api.app import create_app
from api.service.clock import ShiftedClock
from api.service.incoming_feeds import PolledFeeds
from api.service.service import Service
from benchmarks.speed.figure import Figure
from benchmarks.speed.serving import application_server
from benchmarks.speed.towns import POLL_S, STARTS_AT, Towns, message_file, timetable_of

VEHICLES = 10_000
_WARM_UP_S = 300.0
_SPEED = 20.0
"""The clock's, so that each step has a new message however soon it follows the one before."""
_ROUNDS, _ROUND_S = 3, 5.0
MESSAGES = int((_WARM_UP_S + 3 * _ROUNDS * _ROUND_S * _SPEED) / POLL_S)
_ASKED_EVERY_S = 0.01


def waits(towns: Towns, vehicles: int = VEHICLES) -> list[Figure]:
    """p99 of boards that nobody asked for since the step, and of one that is asked for again and again."""
    town = towns.of(vehicles, MESSAGES)
    rest(town)
    with application_server(partial(_town, str(town))) as server:
        return told_waits(server.base, town, vehicles)


def told_waits(base: str, town: Path, vehicles: int, where: str = "") -> list[Figure]:
    """The same of a server. Parameters: `town`: the folder that its engine reads; `where`: what is said of it."""
    figures, (first_ms, again_ms) = list[Figure](), _measured(base, town)
    for work, by_phase in ((f"a board{where}, first since the step", first_ms), (f"a board{where} again", again_ms)):
        rest, stepping = (float(np.quantile(by_phase[phase], 0.99)) for phase in (False, True))
        figures += [
            Figure(f"p99 of {work}, the engine at rest", rest, "ms"),
            Figure(f"p99 of {work}, while it steps through {vehicles:,} vehicles", stepping / rest, "times that", 3.0),
        ]
    return figures


def rest(folder: Path) -> None:
    """Let the engine of a town's service rest until `step`."""
    (folder / "rest").touch()


def step(folder: Path) -> None:
    """Let it go on."""
    (folder / "rest").unlink(missing_ok=True)


class _Messages:
    """The town's messages; while there is a file `rest` beside them, whoever asks waits."""

    name = "simulated vehicle positions"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.waits = False

    def fetch(self, now: float) -> bytes:
        while self.waits and (self._folder / "rest").exists():
            time.sleep(0.02)
        return message_file(self._folder, min(int((now - STARTS_AT) / POLL_S), MESSAGES - 1)).read_bytes()


def _town(town: str, _: str) -> FastAPI:
    return create_app(town_service(town))


def town_service(town: str) -> Service:
    """A service of the town in a folder."""
    messages = _Messages(Path(town))
    service = Service(
        timetable_of(Path(town)),
        PolledFeeds(messages, every_s=0.0, in_step=True),
        ShiftedClock(STARTS_AT + _WARM_UP_S, _SPEED),
        step_interval_s=0.25,
        warm_up_s=_WARM_UP_S,
    )
    messages.waits = True
    return service


def _measured(base: str, town: Path) -> tuple[dict[bool, list[float]], dict[bool, list[float]]]:
    """Milliseconds of each answer, at rest (False) and while the engine steps: of one stop after the other, of one."""
    with zipfile.ZipFile(town / "gtfs.zip") as archive, archive.open("stops.txt") as file:
        rows = csv.DictReader(io.TextIOWrapper(file, "utf-8-sig"))
        boards = [f"/v1/stops/{quote(row['stop_id'], safe='')}/departures" for row in rows]
    ask = _asking(base)
    for board in boards[:200]:
        ask(board)
    first_ms: dict[bool, list[float]] = {False: [], True: []}
    again_ms: dict[bool, list[float]] = {False: [], True: []}
    order = np.random.default_rng(1).permutation(len(boards)).tolist()
    for _ in range(_ROUNDS):
        for stepping in (False, True):
            (step if stepping else rest)(town)
            # What is under way comes to its end.
            time.sleep(2.0)
            until = time.perf_counter() + _ROUND_S
            while time.perf_counter() < until:
                first_ms[stepping].append(ask(boards[order.pop()]))
                again_ms[stepping].append(ask(boards[0]))
                time.sleep(_ASKED_EVERY_S)
    return first_ms, again_ms


def _asking(base: str) -> Callable[[str], float]:
    address = urlsplit(base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)

    def ask(path: str) -> float:
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return 1e3 * (time.perf_counter() - began)

    return ask
