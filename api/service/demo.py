"""The service of the demo network: the simulator's town on a weekday morning."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from api.service.clock import ShiftedClock
from api.service.incoming_feeds import PolledFeeds
from api.service.live import configured_service
from api.service.playback import WARM_UP_S
from api.service.service import Service
from api.service.settings import Settings
from api.service.timetable_watch import timetable_from
from feeds.simulator import Simulator

_STARTS = time(8, 0)
_POLL_S = 10.0
_WEEKS = 4


@dataclass
class SimulatedSource:
    """One of the simulator's feeds."""

    name: str
    answer: Callable[[float], bytes]

    def fetch(self, now: float) -> bytes | None:
        """What the operator's server would answer at `now`."""
        return self.answer(now)


def demo_ground(folder: Path, town: Simulator) -> Path | None:
    """The streets beneath the demo town's map, made in `folder`; None without the extra `map`."""
    path = folder / "ground.pmtiles"
    try:
        town.write_ground_tiles(path)
    except ImportError:
        return None
    return path


def demo_service(
    settings: Settings,
    speed: float = 1.0,
    progress: Callable[[float], None] = lambda _: None,
    *,
    today: date | None = None,
    starts: time = _STARTS,
    simulator: Simulator | None = None,
) -> Service:
    """A service of the demo network from that time on, today or on the next weekday."""
    town = simulator or Simulator()
    zone = ZoneInfo(town.timezone)
    day = today or datetime.now(zone).date()
    while day.weekday() >= 5:
        day += timedelta(days=1)
    monday = day - timedelta(days=day.weekday())
    with tempfile.TemporaryDirectory() as folder:
        gtfs = Path(folder) / "gtfs.zip"
        # Whole weeks, so that the same timetable is found in the cache tomorrow.
        town.write_gtfs(gtfs, monday - timedelta(weeks=1), 7 * _WEEKS)
        timetable = timetable_from(str(gtfs), settings.cache_dir).timetable
    feeds = PolledFeeds(
        SimulatedSource("the simulator's vehicle positions", town.vehicle_positions),
        SimulatedSource("the simulator's trip updates", town.trip_updates),
        SimulatedSource("the simulator's alerts", town.alerts),
        every_s=_POLL_S,
        in_step=True,
    )
    return configured_service(
        settings,
        timetable,
        feeds,
        ShiftedClock(datetime.combine(day, starts, zone).timestamp(), speed),
        settings.data_dir,
        warm_up_s=WARM_UP_S,
        progress=progress,
    )
