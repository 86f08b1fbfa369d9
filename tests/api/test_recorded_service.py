"""What an operator's servers answer, served live, recorded, and served from the recording: the boards are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.command.replay import replay
from api.service.clock import ShiftedClock
from api.service.incoming_feeds import PolledFeeds, RealtimeFeeds, RecordedFeeds
from api.service.playback import recorded_service
from api.service.service import Service
from api.service.settings import read_settings
from feeds.messages.kinds import ALERTS, TRIP_UPDATES, VEHICLE_POSITIONS
from feeds.recordings.recorder import recorders_of
from feeds.recordings.recording import open_recording
from feeds.simulator import Simulator
from feeds.sources.http_source import HttpSource
from feeds.timetable import load_timetable
from predictor.timetable import Timetable

# The recording is made once for all.
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.xdist_group("recorded service")]

DAY = date(2026, 3, 2)
EVERY_S = 60.0
STEPS = 12
FEEDS = (VEHICLE_POSITIONS, TRIP_UPDATES, ALERTS)


def local(hour: int, minute: int) -> float:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=ZoneInfo(Simulator.timezone)).timestamp()


BEGINS = local(13, 10)
CANCELLED_FROM, CANCELLED = local(13, 18), {"15-LV-0-016", "15-LV-1-018"}
"""From then on the simulated operator says that these trips do not run; they call at stop 1437."""


class Operator:
    """The servers of a simulated operator, at a time of the test's."""

    def __init__(self) -> None:
        self.town = Simulator(window=(12.9, 13.6))
        self.now = BEGINS

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address that the feeds are below."""
        answers = {f"/{feed}": getattr(self.town, feed) for feed in FEEDS}
        operator = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = answers[self.path](operator.now)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()


def stepping(timetable: Timetable, feeds: RealtimeFeeds) -> Service:
    return Service(timetable, feeds, ShiftedClock(BEGINS))


def told(service: Service, now: float) -> dict[str, bytes]:
    """What each face says of some stops, and our own feeds, at a time."""
    service.clock = ShiftedClock(now)
    client = TestClient(create_app(service))
    tt = service.timetable
    served = np.unique(np.append(np.unique(tt.call_stop)[:: max(1, tt.stops // 12)], tt.stop_index["1437"]))
    paths = [f"/v1/stops/{tt.stop_id[stop]}/departures?arrivals=true" for stop in served.tolist()]
    paths += ["/gtfs-rt/trip-updates", "/gtfs-rt/alerts", "/gtfs-rt/vehicle-positions"]
    answers = {path: client.get(path) for path in paths}
    assert all(answer.status_code == 200 for answer in answers.values())
    return {path: answer.content for path, answer in answers.items()}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Timetable, dict[float, dict[str, bytes]]]:
    """The folder of a recording, its timetable, and what the live service said while it was made."""
    folder = tmp_path_factory.mktemp("recording")
    operator = Operator()
    operator.town.write_gtfs(folder / "gtfs.zip", DAY, 1)
    timetable = load_timetable(folder / "gtfs.zip", cache_dir=None).timetable
    said: dict[float, dict[str, bytes]] = {}
    with operator.serving() as address:
        live = PolledFeeds(*(HttpSource(f"{address}/{feed}") for feed in FEEDS), every_s=0.0, in_step=True)
        service = stepping(timetable, live)
        sources = {feed: HttpSource(f"{address}/{feed}") for feed in FEEDS}
        recorders = {feed: recorders_of(feed, folder) for feed in FEEDS}
        for step in range(STEPS):
            operator.now = now = BEGINS + step * EVERY_S
            service.step(now)
            for feed, source in sources.items():
                data = source.fetch(now)
                if data is not None:
                    for recorder in recorders[feed]:
                        recorder.write(data, now)
            if step % 6 == 5:
                said[now] = told(service, now)
        for recorder in chain.from_iterable(recorders.values()):
            recorder.close()
    return folder, timetable, said


def test_a_recording_is_served_with_the_same_boards_as_the_live_service_had(
    recorded: tuple[Path, Timetable, dict[float, dict[str, bytes]]],
) -> None:
    folder, timetable, said = recorded
    service = stepping(timetable, RecordedFeeds(open_recording(folder, timetable), "the recording"))
    for step in range(STEPS):
        now = BEGINS + step * EVERY_S
        service.step(now)
        if now in said:
            assert told(service, now) == said[now]
    last = said[max(said)]
    assert any(b'"cancelled"' in answer for answer in last.values())
    assert b"alert-" in last["/gtfs-rt/alerts"]


def test_whoever_begins_at_a_moment_finds_what_the_operator_had_said_before(
    recorded: tuple[Path, Timetable, dict[float, dict[str, bytes]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, _ = recorded
    monkeypatch.chdir(tmp_path)
    settings = read_settings(cache_dir=tmp_path)
    before = recorded_service(settings, folder, "2026-03-02 13:15")
    after = recorded_service(settings, folder, "2026-03-02 13:20")
    assert not before.alerts
    assert after.alerts
    assert set(after.view.feeds) == set(FEEDS)
    assert all(health.good_at <= after.clock.now() and not health.error for health in after.view.feeds.values())


def test_a_replay_heeds_the_operators_word(
    recorded: tuple[Path, Timetable, dict[float, dict[str, bytes]]], tmp_path: Path
) -> None:
    folder, _, _ = recorded
    written = tmp_path / "predictions.parquet"
    replay(folder, every=EVERY_S, predictions=written, progress=False)
    rows = pq.read_table(written).to_pandas()
    cancelled = rows[rows.status == "cancelled"]
    assert set(cancelled.trip_id) <= CANCELLED
    assert len(cancelled)
    assert cancelled.made_at.min().timestamp() >= CANCELLED_FROM
