"""How long after a feed's newest bytes came a reader is given what changed by them: a service that polls and steps as
it does for an operator, and a reader who asks for one board again and again."""

from __future__ import annotations

import http.client
import json
import time
from bisect import bisect_right
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

import numpy as np
from fastapi import FastAPI

from api.app import create_app
from api.service.clock import ShiftedClock
from api.service.incoming_feeds import PolledFeeds
from api.service.service import Service
from benchmarks.speed.figure import Figure
from benchmarks.speed.serving import application_server, called_stops
from benchmarks.speed.towns import POLL_S, STARTS_AT, Towns, message_file, timetable_of

VEHICLES = 5_000
_SPEED = 5.0
"""Of the clock: polls, steps and messages come so much more often than they do for an operator."""
_WARM_UP_S = 150.0
_ASKED_FOR_S, _ASKED_EVERY_S = 60.0, 0.005
MESSAGES = int((_WARM_UP_S + (_ASKED_FOR_S + 30.0) * _SPEED) / POLL_S)
_STEP_S = 1.5 * POLL_S
"""So long that what changes does so by a message, and by nothing else."""


def changes(towns: Towns, vehicles: int = VEHICLES) -> list[Figure]:
    """p99 and median, in milliseconds."""
    town = towns.of(vehicles, MESSAGES)
    with TemporaryDirectory() as folder:
        received = Path(folder) / "received"
        with application_server(partial(_served, str(town), str(received))) as server:
            time.sleep(_WARM_UP_S / _SPEED)
            stop = called_stops(server.base).most_common(1)[0][0]
            changed_at = _changes(server.base, f"/v1/stops/{quote(stop, safe='')}/departures")
        received_at = [float(line) for line in received.read_text().split()]
    first: dict[int, float] = {}
    for at in changed_at:
        message = bisect_right(received_at, at) - 1
        if message >= 0:
            first.setdefault(message, at - received_at[message])
    late_ms = 1e3 * np.array([first[message] for message in sorted(first)][1:])
    work = f"newest feed bytes to the first changed board, {vehicles:,} vehicles"
    return [
        Figure(f"{work}: p99 of {len(late_ms)}", float(np.quantile(late_ms, 0.99)), "ms", 400.0),
        Figure(f"{work}: median", float(np.median(late_ms)), "ms"),
    ]


class _Messages:
    """The town's messages; when each was given is written to a file."""

    name = "simulated vehicle positions"

    def __init__(self, folder: Path, received: Path) -> None:
        self._folder, self._received, self._given = folder, received, -1

    def fetch(self, now: float) -> bytes | None:
        number = min(int((now - STARTS_AT) / POLL_S), MESSAGES - 1)
        if number == self._given:
            return None
        self._given = number
        data = message_file(self._folder, number).read_bytes()
        with self._received.open("a") as file:
            file.write(f"{time.time()}\n")
        return data


def _served(town: str, received: str, _: str) -> FastAPI:
    messages = _Messages(Path(town), Path(received))
    clock = ShiftedClock(STARTS_AT, _SPEED)
    feeds = PolledFeeds(messages, every_s=POLL_S / _SPEED, clock=clock)
    return create_app(Service(timetable_of(Path(town)), feeds, clock, step_interval_s=_STEP_S))


def _changes(base: str, board: str) -> list[float]:
    """When an answer's times were others than those of the answer before."""
    address = urlsplit(base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    found, before = list[float](), list[tuple[str, str]]()
    until = time.time() + _ASKED_FOR_S
    while time.time() < until:
        connection.request("GET", board)
        departures = json.loads(connection.getresponse().read())["departures"]
        told = [(row["trip_id"], row["time"]) for row in departures]
        if told != before:
            found.append(time.time())
        before = told
        time.sleep(_ASKED_EVERY_S)
    return found[1:]
