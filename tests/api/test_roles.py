"""An engine and two processes that answer readers, each of its own, over a real Redis: whichever is killed and started
again, boards go on, whole and right, and all of them are soon those of the engine."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from benchmarks.speed.site import TOKEN, Site
from tests.command_processes import CommandProcess

_WITHIN_S = 120.0
_SPEED = "4"
_WARM_UP_S = 60.0
pytestmark = pytest.mark.xdist_group("command processes")


class Riders(Thread):
    """They ask every process that should answer for boards, over and over, and keep what was wrong with an answer."""

    def __init__(self, site: Site, stops: list[str]) -> None:
        super().__init__(daemon=True)
        self.asked, self.wrong = 0, list[str]()
        self.dead: str | None = None
        self.stopping = Event()
        self._site, self._stops = site, stops

    def run(self) -> None:
        while not self.stopping.is_set():
            for name in ("worker 1", "worker 2"):
                for stop in self._stops:
                    self._ask(name, stop)
            self.stopping.wait(0.5)

    def _ask(self, name: str, stop: str) -> None:
        try:
            board = self._site.get(name, f"/v1/stops/{stop}/departures")
        except (OSError, ValueError) as error:
            if name != self.dead:
                self.wrong.append(f"{name}: {error!r}")
            return
        self.asked += 1
        times = [row["time"] for row in board["departures"] if row["time"]]
        if board["stop"]["stop_id"] != stop or times != sorted(times) or not times:
            self.wrong.append(f"{name}: {board}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server is installed")
    with ExitStack() as held:
        site = Site(tmp_path_factory.mktemp("site"), held, _SPEED, _WARM_UP_S, CommandProcess)
        site.start("redis")
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(site.start, ("engine", "worker 1", "worker 2")))
        yield site


def until(true: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + _WITHIN_S
    while not true():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.05)


def board_of(site: Site, name: str, stop: str) -> Any:
    """What the process says of a stop's departures, without when it was asked."""
    board = site.get(name, f"/v1/stops/{stop}/departures")
    return {key: value for key, value in board.items() if key not in ("generated_at", "feed_age_s")}


def catches_up(site: Site, stops: list[str]) -> None:
    """Both workers say what the engine says, once the same view is everywhere."""
    for name in ("worker 1", "worker 2"):
        for stop in stops:
            until(partial(_agree, site, name, stop), f"{name} is behind at {stop}")
        until(partial(_is_well, site, name), f"{name} has faults")


def _agree(site: Site, name: str, stop: str) -> bool:
    return bool(board_of(site, name, stop) == board_of(site, "engine", stop))


def _is_well(site: Site, name: str) -> bool:
    return site.faults(name) == []


def test_whichever_process_is_killed_boards_go_on_and_all_catch_up(site: Site) -> None:
    stops = [stop["stop_id"] for stop in site.get("engine", "/v1/stops?limit=5")["stops"]]
    catches_up(site, stops)
    riders = Riders(site, stops)
    riders.start()

    site.kill("engine")
    assert all(board_of(site, "worker 2", stop)["departures"] for stop in stops)
    again = Thread(target=site.start, args=("engine",))
    again.start()

    # With nobody to publish it finds the last view.
    riders.dead = "worker 1"
    site.kill("worker 1")
    site.start("worker 1")
    riders.dead = None
    again.join()
    catches_up(site, stops)

    site.kill("redis")
    until(lambda: "exchange_gone" in site.faults("worker 1"), "it is not told that Redis is gone")
    until(lambda: "not_published" in site.faults("engine"), "the engine does not tell that it cannot publish")
    site.start("redis")
    catches_up(site, stops)

    until(lambda: riders.asked > 50, "hardly anybody was answered")
    riders.stopping.set()
    riders.join(60.0)
    assert riders.wrong == []
    assert riders.asked > 50
    officer_writes_through_a_worker(site)


def officer_writes_through_a_worker(site: Site) -> None:
    asked = urllib.request.Request(
        f"{site.at['worker 1']}/v1/disruptions", json.dumps({"header": {"en": "Detour"}, "routes": ["A"]}).encode(),
        {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(asked, timeout=60.0) as answer:
        assert answer.status == 201
    for name in ("worker 1", "worker 2", "engine"):
        until(partial(_is_told, site, name), f"{name} does not show what an officer wrote")


def _is_told(site: Site, name: str) -> bool:
    return any(message["header"].get("en") == "Detour" for message in site.get(name, "/v1/routes/A")["alerts"])
