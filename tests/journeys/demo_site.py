"""The demo network on a real port, with a feed that can be silenced and a clock that can be moved."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from datetime import time as clock_time
from pathlib import Path
from typing import Literal

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.answers.map_tiles import MapTiles
from api.app import create_app
from api.command.port import address_of, listen
from api.desk.desk import Desk
from api.pages.push_sender import PushSender
from api.pages.reminders import Reminders
from api.reading.board import stop_boards
from api.reading.calls import RunCall
from api.service import demo
from api.service.clock import ShiftedClock
from api.service.playback import WARM_UP_S
from api.service.service import Service
from api.service.settings import read_settings
from feeds.errors import FeedError
from feeds.simulator import Simulator

DAY = date(2026, 3, 3)
"""An ordinary Tuesday."""
MORNING = clock_time(8, 0)
DESK_TOKEN = "the token of the demo town"
PUSH_HOST = "push.example"


class DemoTown(Simulator):
    """The demo town; its vehicle feed fails while `silent`, and says nothing of the lines in `unheard`."""

    silent = False
    unheard: frozenset[str] = frozenset()
    """Route ids."""

    def vehicle_positions(self, now: float) -> bytes:
        """See `Simulator`. Errors: FeedError while `silent`."""
        if self.silent:
            raise FeedError("the simulator's vehicle positions: silenced by the test.")
        said = super().vehicle_positions(now)
        if not self.unheard:
            return said
        message = FeedMessage.FromString(said)
        heard = [entity for entity in message.entity if entity.vehicle.trip.route_id not in self.unheard]
        del message.entity[:]
        message.entity.extend(heard)
        return bytes(message.SerializeToString())


class DemoSite:
    """A running service of the demo town."""

    def __init__(self, town: DemoTown, service: Service, listening: socket.socket) -> None:
        self.town = town
        self.service = service
        self.desk = Desk(service, token=DESK_TOKEN)
        """A service has one: what another publishes takes its place."""
        self.base = address_of(listening)
        self.pushed: list[httpx.Request] = []
        """What its push service was sent."""

    def take_push(self, request: httpx.Request) -> httpx.Response:
        """The push service of the riders' browsers."""
        self.pushed.append(request)
        return httpx.Response(201)

    def departures(self, stop: int, window_s: float = 3600.0) -> list[RunCall]:
        """What the board of a stop holds now."""
        return stop_boards(self.service.view, [stop], self.service.clock.now(), window_s)[0].first()

    def stop_id(self, stop: int) -> str:
        """Id of a stop."""
        return str(self.service.timetable.stop_id[stop])

    def move_clock(self, at: float) -> None:
        """Jump forward to `at`, POSIX seconds, and go on from there."""
        clock = ShiftedClock(at)
        clock.start()
        self.service.clock = clock
        self.wait_for_step()

    def move_on(self, seconds: float) -> None:
        """Jump forward by so much, and go on from there."""
        self.move_clock(self.service.clock.now() + seconds)

    def wait_for_step(self) -> None:
        """Until the engine has stepped again."""
        before = self.service.steps
        for _ in range(6000):
            if self.service.steps > before + 1:
                return
            self.service.stepping.wake()
            time.sleep(0.01)
        raise TimeoutError("The engine made no step within a minute.")

    @contextmanager
    def silence(self) -> Iterator[None]:
        """No vehicle positions come."""
        self.town.silent = True
        try:
            yield
        finally:
            self.town.silent = False
            # What has failed again and again is asked again after ten seconds.
            self.move_on(15.0)

    @contextmanager
    def lines_gone_silent(self, *route_ids: str) -> Iterator[None]:
        """The vehicles of these lines have not been heard of for longer than `live_limit_s`."""
        self.town.unheard = frozenset(route_ids)
        try:
            self.move_clock(self.service.clock.now() + self.service.view.live_limit_s + 30.0)
            yield
        finally:
            self.town.unheard = frozenset()
            self.wait_for_step()


@contextmanager
def demo_site(
    hours: tuple[float, float] = (7.0, 9.5), starts: clock_time = MORNING, followed_s: float = WARM_UP_S
) -> Iterator[DemoSite]:
    """The demo town on `DAY` from `starts` on, served on a free port of this machine; vehicles report in these
    `hours`, and have been followed for so long."""
    town = DemoTown(window=hours)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "WARM_UP_S", followed_s)
        service = demo.demo_service(read_settings(step_interval_s=3.0), today=DAY, starts=starts, simulator=town)
    listening = listen("127.0.0.1", 0)
    with tempfile.TemporaryDirectory() as folder:
        ground = demo.demo_ground(Path(folder), town)
        tiles = MapTiles(ground) if ground else None
        site = DemoSite(town, service, listening)
        sender = PushSender(None, [PUSH_HOST], httpx.MockTransport(site.take_push))
        reminders = Reminders(service, sender, None)
        with served(create_app(service, site.desk, map_tiles=tiles, reminders=reminders), listening):
            yield site


@contextmanager
def served(
    app: FastAPI, listening: socket.socket | None = None, *, lifespan: Literal["on", "off"] = "on"
) -> Iterator[str]:
    """An application on a port of this machine, a free one where none is given; yields its address."""
    listening = listening or listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, lifespan=lifespan)
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("The server did not start.")
        time.sleep(0.02)
    try:
        yield address_of(listening)
    finally:
        server.should_exit = True
        thread.join(60.0)
