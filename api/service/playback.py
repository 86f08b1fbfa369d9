"""The service of a recorded day: the live service itself, with a recording as its feed and a shifted clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.service.checkpoint import Checkpoint
from api.service.clock import ShiftedClock
from api.service.incoming_feeds import RecordedFeeds
from api.service.live import configured_service
from api.service.service import Service
from api.service.settings import Settings
from api.service.timetable_watch import timetable_from
from feeds.recordings.recorded_span import local_time, must_hold
from feeds.recordings.recording import open_recording

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
    soon = min(recording.first_at + WARM_UP_S, recording.last_at)
    start = soon if at is None else local_time(at, timetable.timezone)
    must_hold(recording, folder, start, start, timetable.timezone)
    return configured_service(
        settings,
        timetable,
        RecordedFeeds(recording, str(folder)),
        ShiftedClock(start, speed),
        settings.data_dir,
        checkpoint=Checkpoint(settings.model) if settings.model else None,
        warm_up_s=WARM_UP_S,
        progress=progress,
    )
