"""The service of a recorded day: the live service itself, with a recording as its feed and a shifted clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from api.checkpoint import Checkpoint
from api.clock import ShiftedClock
from api.incoming_feeds import RecordedFeeds
from api.live import engine_settings
from api.replay import local_time
from api.service import Service
from api.settings import Settings
from api.timetable_watch import timetable_from
from feeds.errors import FeedError
from feeds.recording import open_recording

WARM_UP_S = 2700.0
"""Enough to follow every vehicle and to know how the roads are."""


def recorded_service(
    settings: Settings,
    folder: Path,
    at: str | None,
    speed: float = 1.0,
    progress: Callable[[float], None] = lambda _: None,
) -> Service:
    """A service of the recording in `folder` (with its `gtfs.zip`), from `at` on.

    Parameters: `at`: local date and time of the agency, by default soon after the recording begins; `speed`: how many
    times faster than real time; `progress`: told the share of the warm-up done. Errors: FeedError.
    """
    gtfs = settings.gtfs or str(folder / "gtfs.zip")
    timetable = timetable_from(gtfs, settings.cache_dir).timetable
    recording = open_recording(folder, timetable)
    start = recording.first_at + WARM_UP_S if at is None else local_time(at, timetable.timezone)
    if not recording.first_at <= start <= recording.last_at:
        first, last = (
            datetime.fromtimestamp(moment, ZoneInfo(timetable.timezone)).strftime("%Y-%m-%d %H:%M")
            for moment in (recording.first_at, recording.last_at)
        )
        raise FeedError(f"{folder}: nothing is recorded at {at}; the recording runs from {first} to {last} local time.")
    return Service(
        timetable,
        RecordedFeeds(recording, str(folder)),
        ShiftedClock(start, speed),
        engine_settings=engine_settings(settings),
        step_interval_s=settings.step_interval_s,
        feed_stopped_after_s=settings.feed_stopped_after_s,
        checkpoint=Checkpoint(settings.model) if settings.model else None,
        warm_up_s=WARM_UP_S,
        progress=progress,
    )
