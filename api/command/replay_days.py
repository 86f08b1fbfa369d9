"""Replaying the days of a recording each on its own, so that many processes can share them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from api.command.learning import POLL_S, learn
from api.command.replay import HORIZON_S, replay
from api.command.spread import spread
from feeds.errors import FeedError
from feeds.recordings.recorded_span import date_range, day_begins
from feeds.recordings.recording import Recording, open_recording
from feeds.service_times import DAY_BEGINS_S
from feeds.timetable import load_timetable
from predictor.learned import Learned


def replay_days(
    folder: Path,
    into: Path,
    start: str | None = None,
    end: str | None = None,
    *,
    every: float = POLL_S,
    horizon_s: float = HORIZON_S,
    learn_from: str | None = None,
    begin_with: Learned | None = None,
    workers: int = 1,
    on: str | None = None,
) -> dict[str, int]:
    """Write predictions and passages of each day to `into`/predictions/day=2026-03-02 and …/passages/….

    Every day begins with the same knowledge and no vehicle, whoever replays it: the files are the same with one
    process and with many. Parameters: `start`, `end`: first and last local date, by default all that is recorded;
    the others: see `replay` and `spread`. Returns: the days' totals, summed. Errors: FeedError, OSError.
    """
    timetable = load_timetable(folder / "gtfs.zip").timetable
    days = days_of(open_recording(folder, timetable), start, end, timetable.timezone)
    if learn_from:
        first, last = date_range(learn_from)
        if date.fromisoformat(last) >= days[0]:
            raise FeedError(f"--learn-from {learn_from} must end before the first day that is replayed.")
        begin_with, _ = learn(folder, first, last, every, begin_with, progress=False, workers=workers, on=on)
    work = partial(replay_day, folder, into, every=every, horizon_s=horizon_s, begin_with=begin_with)
    totals: Counter[str] = Counter()
    with spread(min(workers, len(days)), on) as share:
        for _, counts in share(work, days):
            totals.update(counts)
    return dict(totals)


def replay_day(
    folder: Path, into: Path, day: date, *, every: float, horizon_s: float, begin_with: Learned | None
) -> dict[str, int]:
    """Replay one day, from when it begins to when the next one does. Returns the engine's totals."""
    predictions, passages = day_file(into, "predictions", day), day_file(into, "passages", day)
    for file in (predictions, passages):
        file.parent.mkdir(parents=True, exist_ok=True)
    return replay(
        folder, day_begins(day), day_begins(day + timedelta(days=1)), every=every,
        predictions=predictions, passages=passages, horizon_s=horizon_s, begin_with=begin_with, progress=False,
    )  # fmt: skip


def day_file(into: Path, table: str, day: date) -> Path:
    """Where a day's rows of a table stand, in the form that DuckDB, Arrow and Spark read as one table by day."""
    return into / table / f"day={day}" / f"{table}.parquet"


def days_of(recording: Recording, start: str | None, end: str | None, timezone: str) -> Sequence[date]:
    """The local dates of a recording from `start` to `end`, ISO dates. Errors: FeedError where none."""
    recorded_first, recorded_last = (
        datetime.fromtimestamp(moment - DAY_BEGINS_S, ZoneInfo(timezone)).date()
        for moment in (recording.first_at, recording.last_at)
    )
    try:
        first = max(date.fromisoformat(start), recorded_first) if start else recorded_first
        last = min(date.fromisoformat(end), recorded_last) if end else recorded_last
    except ValueError as error:
        raise FeedError(f"{error}: days that are replayed on their own are dates, such as 2015-11-17.") from error
    if last < first:
        raise FeedError(f"Nothing is recorded on these days; the recording has {recorded_first} to {recorded_last}.")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
