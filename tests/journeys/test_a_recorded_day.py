"""A recorded day of a real network, served by `prochain serve --replay` to a rider, an officer and a screen."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.app import create_app
from api.desk.desk import Desk
from api.service.clock import ShiftedClock
from api.service.playback import recorded_service
from api.service.settings import read_settings
from predictor.geometry import ground_distance_m
from tests.command_processes import CommandProcess
from tests.journeys.conftest import PHONE
from tests.journeys.demo_site import served as application_served
from tests.journeys.opening import NewPage, opening
from tests.journeys.waiting import polling, waits_of_the_first_departure

ROOT = Path(__file__).parents[2]
RECORDING = Path("../shared/data/wmata-2026-02-16")
STARTS = "2026-02-16 13:00"
WARM_UP, FOLLOWED_S = "api.service.playback:WARM_UP_S", 1200.0
"""So long the vehicles have been followed when the day begins: what came ten minutes before is asked for."""
TOKEN = "the token of the recorded day"
GONE_AFTER_S = 61
"""A screen without word from the server for so long shows the timetable."""
SERVED = {"on_time", "early", "late"}

pytestmark = [
    pytest.mark.recording,
    pytest.mark.skipif(not (ROOT / RECORDING).is_dir(), reason=f"the recorded feeds are not there ({RECORDING})"),
]


class ReplayServer:
    """`prochain serve --replay` as a process of its own, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: CommandProcess | None = None
        self.base = ""

    def start(self, at: str = STARTS) -> None:
        """On a free port the first time, then on the same."""
        port = self.base.rpartition(":")[2] or "0"
        arguments = ["serve", "--replay", str(RECORDING), "--at", at, "--port", port]
        arguments += ["--data-dir", str(self._folder / "data")]
        environment = {
            "PROCHAIN_DESK_TOKEN": TOKEN,
            "PROCHAIN_CACHE_DIR": str(self._folder / "cache"),
        }
        self._process = CommandProcess(arguments, ROOT, environment, {WARM_UP: FOLLOWED_S})
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if "Ctrl-C ends it" in line:
                break
        address = re.search(r"http://\S+:\d+$", said, re.MULTILINE)
        assert address, said
        self.base = address[0]

    def stop(self) -> None:
        """As Ctrl-C does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(60.0) == 0
        assert self._process.stdout is not None
        self._process.stdout.close()


class RecordedDay:
    """The recorded day in a service of the test's own, whose time passes when the test says so."""

    def __init__(self, folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(WARM_UP.replace(":", "."), FOLLOWED_S)
            self.service = recorded_service(read_settings(cache_dir=folder / "cache"), ROOT / RECORDING, STARTS)

    def move_on(self, seconds: float) -> None:
        """As the live service does, in steps of at most five seconds."""
        now = self.service.clock.now()
        for at in [*np.arange(now, now + seconds, 5.0)[1:].tolist(), now + seconds]:
            self.service.clock = ShiftedClock(at)
            self.service.step(at)


def answer(base: str, path: str, **query: Any) -> httpx.Response:
    """What is answered there."""
    return httpx.get(f"{base}{path}", params=query, timeout=60.0).raise_for_status()


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the timetable is kept once read."""
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def network(browser: Any, cached: Path) -> Iterator[ReplayServer]:
    server = ReplayServer(cached)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_page(browser: Any, network: ReplayServer) -> Iterator[NewPage]:
    """Opens an address on a phone; options as those of `opening`."""
    with opening(browser, base_url=network.base, viewport=PHONE, locale="en-US") as new_page:

        def opened(address: str, **options: Any) -> Any:
            page = new_page(**options)
            page.goto(address)
            return page

        yield opened


def small_stop(base: str, soonest_s: float, latest_s: float) -> str:
    """A stop of one line in one direction to which a vehicle comes in that time, and none before."""
    for stop_id in small_stops(base, soonest_s, latest_s):
        return stop_id
    raise LookupError(f"To no stop of one line and direction a vehicle comes in {soonest_s:g} to {latest_s:g} s.")


def small_stop_served(base: str, asked: str) -> tuple[str, list[dict[str, Any]]]:
    """A small stop with what is told of the vehicles that served it around a time: some lines run once an hour."""
    for stop_id in small_stops(base, 60, 3000):
        told = answer(base, f"/v1/stops/{stop_id}/explain", at=asked).json()["explanations"]
        served = [one for one in told if one["outcome"] in SERVED]
        if served:
            return stop_id, served
    raise LookupError(f"No stop of one line and direction was served around {asked}.")


def small_stops(base: str, soonest_s: float, latest_s: float) -> Iterator[str]:
    """The stops of one line in one direction to which a vehicle comes in that time, and none before, soonest first."""
    updates = FeedMessage.FromString(answer(base, "/gtfs-rt/trip-updates").content)
    now = updates.header.timestamp
    coming = sorted(
        (call.arrival.time - now, call.stop_id)
        for entity in updates.entity
        for call in entity.trip_update.stop_time_update
        if soonest_s <= call.arrival.time - now <= latest_s
    )
    for _, stop_id in coming:
        board = answer(base, f"/v1/stops/{stop_id}/departures").json()
        first = board["departures"][0]
        wait = datetime.fromisoformat(first["time"]) - datetime.fromisoformat(board["generated_at"])
        one_group = len(board["stop"]["routes"]) == len({row["direction"] for row in board["departures"]}) == 1
        if one_group and first["status"] == "live" and wait.total_seconds() >= soonest_s:
            yield stop_id


def part_of(name: str) -> str:
    """What a rider remembers of "Edmunds St NW+42 St NW"."""
    first, _, cross = name.lower().partition("+")
    return f"{first.split()[0]} {cross.split()[0] if cross else ''}".strip()


def test_a_rider_finds_a_small_stop_by_a_part_of_its_name_and_waits_until_the_bus_has_left(
    browser: Any, cached: Path
) -> None:
    day = RecordedDay(cached)
    with (
        application_served(create_app(day.service, Desk(day.service)), lifespan="off") as base,
        opening(browser, base_url=base, viewport=PHONE, locale="en-US") as new_page,
    ):
        page = polling(new_page)
        page.goto("/")
        stop_id = small_stop(base, 190, 300)
        name = answer(base, f"/v1/stops/{stop_id}/departures").json()["stop"]["name"]
        page.locator("#q").fill(part_of(name))
        page.keyboard.press("Enter")
        page.locator(f'main a[href="/stops/{stop_id}"]').click()
        assert page.get_by_role("heading", level=1).inner_text() == name
        # A real bus that makes good time gives a minute back: from two it may be arriving.
        seen = waits_of_the_first_departure(page, day.move_on, last_minute=2)
    assert seen[-1] in ("arriving", "at the stop"), seen


def test_what_an_officer_publishes_is_before_riders_who_have_the_page_open_and_in_gtfs_realtime(
    network: ReplayServer, open_page: NewPage
) -> None:
    stop_id = small_stop(network.base, 60, 3000)
    name = answer(network.base, f"/v1/stops/{stop_id}/departures").json()["stop"]["name"]
    rider = open_page(f"/stops/{stop_id}")
    desk = open_page("/desk", viewport={"width": 1280, "height": 800})
    desk.locator("#token").fill(TOKEN)
    desk.locator("button.main").click()
    desk.get_by_role("link", name="Stop not served").click()
    desk.locator("#stop_query").fill(name)
    desk.locator("#stops .found .chip").first.click()
    desk.locator("#preview").get_by_text(f"Not stopping at {name}").wait_for()
    desk.get_by_role("button", name="Publish").click()
    desk.wait_for_url("**published=*")
    # The page was open before: nobody reloads it.
    rider.locator(".alerts").get_by_text(f"Not stopping at {name}").wait_for()
    message = FeedMessage.FromString(answer(network.base, "/gtfs-rt/alerts").content)
    (ours,) = [entity.alert for entity in message.entity if entity.id.startswith("desk:")]
    assert stop_id in {informed.stop_id for informed in ours.informed_entity}


def test_what_became_of_a_bus_is_told_with_its_time_and_vehicle_as_it_was_recorded(
    network: ReplayServer, open_page: NewPage
) -> None:
    asked = "2026-02-16T12:50"
    stop_id, served = small_stop_served(network.base, asked)
    stop = answer(network.base, f"/v1/stops/{stop_id}/departures").json()["stop"]
    for one in served:
        passed = datetime.fromisoformat(one["passed_at"])
        assert was_near(one["vehicle_id"], stop["lat"], stop["lon"], passed), one
        late_s = (passed - datetime.fromisoformat(one["scheduled_time"])).total_seconds()
        assert late_s == pytest.approx(one["deviation_s"], abs=1.0)

    desk = open_page("/desk/why")
    desk.locator("#token").fill(TOKEN)
    desk.locator("button.main").click()
    desk.locator("input[name=stop]").fill(stop_id)
    desk.locator("input[name=at]").fill(asked)
    desk.locator("form.why button").click()
    for one in served:
        at = datetime.fromisoformat(one["scheduled_time"])
        said = desk.locator(f".case.{one['outcome']}").filter(
            has=desk.locator(f'h3 time:text-is("{at:%-I:%M}\u00a0{at:%p}")')
        )
        assert one["vehicle_id"] in said.first.inner_text()


def was_near(vehicle_id: str, lat: float, lon: float, at: datetime) -> bool:
    """Whether the recording has the vehicle within 250 m of a place in the minute before or after."""
    columns = ["vehicle_id", "latitude", "longitude", "timestamp"]
    reports = pq.read_table(ROOT / RECORDING / "vehicle_positions.parquet", columns=columns).to_pandas()
    then = reports[(reports.vehicle_id == vehicle_id) & (np.abs(reports.timestamp - at.timestamp()) <= 60.0)]
    here = np.full(len(then), lat), np.full(len(then), lon)
    return bool((ground_distance_m(then.latitude.to_numpy(), then.longitude.to_numpy(), *here) <= 250.0).any())


def test_a_screen_shows_the_same_departures_and_survives_the_restart_of_the_server(
    network: ReplayServer, open_page: NewPage
) -> None:
    stop_id = small_stop(network.base, 60, 3000)
    said = {"header": {"en": "Demonstration"}, "stops": [stop_id], "shown_on": "stops"}
    token = {"Authorization": f"Bearer {TOKEN}"}
    httpx.post(f"{network.base}/v1/disruptions", json=said, headers=token, timeout=60.0).raise_for_status()
    rider = open_page(f"/stops/{stop_id}")
    screen = open_page(f"/screen/{stop_id}", clock=True, viewport={"width": 1920, "height": 1080})
    wait_until_same(screen, rider)

    stopped_at = datetime.fromisoformat(answer(network.base, f"/v1/stops/{stop_id}/departures").json()["generated_at"])
    network.stop()
    screen.clock.fast_forward(1000 * GONE_AFTER_S)
    screen.locator(".notice").get_by_text("times are those of the timetable").wait_for()
    assert screen.locator(".live").count() == 0
    network.start(f"{stopped_at + timedelta(minutes=1):%Y-%m-%d %H:%M}")
    screen.locator(".notice").wait_for(state="hidden")
    wait_until_same(screen, rider)
    # Of several messages one is shown at a time.
    assert "Demonstration" in screen.locator(".messages").text_content(), (
        "what was published does not outlive a restart"
    )


def wait_until_same(screen: Any, rider: Any) -> None:
    """Until all departures on the rider's page, three of a line and direction, stand first on the screen, in the same
    state and order; one may be ahead by a minute."""
    departures = """() => [...document.querySelectorAll(".departure:not(.passed)")].map((row) => {
        const wait = row.querySelector(".wait"), [, hour, minute] = wait.textContent.match(/(\\d+):(\\d+)/) ?? [];
        const minutes = hour ? 60 * hour + Number(minute) : parseInt(wait.textContent) || 0;
        return [row.dataset.key, row.classList[1], wait.classList.contains("clock"), minutes];
    })"""
    deadline = time.monotonic() + 60.0
    while True:
        expected, shown = rider.evaluate(departures), screen.evaluate(departures)
        shown = shown[: len(expected)]
        live = any(status == "live" for _, status, _, _ in expected)
        same = [one[:3] for one in shown] == [one[:3] for one in expected]
        if live and same and all(abs(one[3] - other[3]) <= 1 for one, other in zip(shown, expected, strict=True)):
            return
        assert time.monotonic() < deadline, (shown, expected)
        time.sleep(0.2)
