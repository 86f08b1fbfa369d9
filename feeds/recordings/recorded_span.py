"""Which stretch of a recording is meant: dates and local times as people write them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds.errors import FeedError
from feeds.recordings.recording import Recording
from feeds.service_times import DAY_BEGINS_S


def local_time(text: str, timezone: str, *, end: bool = False) -> float:
    """POSIX seconds of an ISO date or time in the agency's zone; a bare date as `end` means the midnight after it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FeedError(f"“{text}” is not a date or time: write 2015-11-17 or “2015-11-17 08:00”.") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone))
    if end and len(text) <= len("2015-11-17"):
        moment += timedelta(days=1)
    return moment.timestamp()


def day_begins(day: date) -> str:
    """When a recorded day begins, and the one before ends, as a local time."""
    return f"{datetime.combine(day, time()) + timedelta(seconds=DAY_BEGINS_S)}"


def date_range(text: str) -> tuple[str, str]:
    """First and last day of “2015-11-03..2015-11-17” or of a single date."""
    first, _, last = text.partition("..")
    for part in (first, last or first):
        try:
            date.fromisoformat(part)
        except ValueError as error:
            raise FeedError(f"“{text}” is not a range of dates: write 2015-11-03..2015-11-17.") from error
    return first, last or first


def must_hold(recording: Recording, folder: Path, start: float, end: float, timezone: str) -> None:
    """Errors: FeedError where nothing was recorded from `start` to `end`, telling what was."""
    if start <= recording.last_at and end >= recording.first_at:
        return
    asked, first, last = (
        datetime.fromtimestamp(moment, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")
        for moment in (start, recording.first_at, recording.last_at)
    )
    raise FeedError(
        f"{folder}: nothing is recorded from {asked} on; the recording runs from {first} to {last} local time."
    )
