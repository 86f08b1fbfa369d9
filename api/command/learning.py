"""Learning from the days of a recording, several at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.progress import Progress

from api.command.spread import spread
from api.service.service import one_matrix_thread
from feeds.errors import FeedError
from feeds.learned_file import ready_made
from feeds.recordings.recorded_span import day_begins, local_time, must_hold
from feeds.recordings.recording import Recording, open_recording
from feeds.timetable import load_timetable
from predictor.arrays import Float32Array
from predictor.driven_order import DrivenOrder, with_driven_order
from predictor.driving_times import DrivingTimes
from predictor.engine import Engine
from predictor.learned import Learned
from predictor.learner import Learner
from predictor.timetable import Timetable

POLL_S = 30.0
ORDER_POLL_S = 15.0
"""Who calls at which stop first is seen by who looks often."""
LEARNED_SAMPLES = 1_200_000
"""Samples kept while learning from days at a time."""

_Span = tuple[float, float]
"""From and until when, POSIX seconds."""


class _Lesson(NamedTuple):
    """What a day has taught."""

    learned: Learned
    features: Float32Array
    targets: Float32Array


def opened(folder: Path) -> tuple[Timetable, Recording]:
    """The timetable and the recording of a folder. Errors: FeedError."""
    one_matrix_thread()
    timetable = load_timetable(folder / "gtfs.zip").timetable
    return timetable, open_recording(folder, timetable)


def learn(
    folder: str | Path,
    start: str | None = None,
    end: str | None = None,
    every: float = POLL_S,
    begin_with: Learned | None = None,
    progress: bool = True,
    *,
    workers: int = 1,
    on: str | None = None,
) -> tuple[Learned, dict[str, int]]:
    """Learn from the days of a recording: first from one, then always from as many at a time as lie behind, each of
    which begins with what all those have taught. So it is the same whoever learns.

    Parameters: `start`, `end`: first and last local date, by default all of it; `workers`, `on`: see `spread`. Returns:
    what was learned, and counts of what it was learned from. Errors: FeedError.
    """
    folder = Path(folder)
    timetable, recording = opened(folder)
    zone = timetable.timezone
    first = start or datetime.fromtimestamp(recording.first_at, ZoneInfo(zone)).date().isoformat()
    last = end or datetime.fromtimestamp(recording.last_at, ZoneInfo(zone)).date().isoformat()
    begin, finish = local_time(first, zone), local_time(last, zone, end=True)
    if finish <= begin:
        raise FeedError(f"The days to learn from would end ({last}) before they start ({first}).")
    must_hold(recording, folder, begin, finish, zone)
    begin, finish = max(begin, recording.first_at), min(finish, recording.last_at)
    known = begin_with or ready_made()
    days = list(_days(begin, finish, zone))
    with Progress(disable=not progress) as bar, spread(min(workers, len(days)), on) as share:
        if not timetable.line_has_shape.all():
            order, seen_every_s = DrivenOrder(timetable), min(every, ORDER_POLL_S)
            frames = recording.frames(begin, finish, seen_every_s)
            seeing = f"Seeing stops called at from {first} to {last}"
            for _, reading in bar.track(frames, total=(finish - begin) / seen_every_s, description=seeing):
                order.take(reading.observations)
            order.study()
            known = replace(known, backward_links=order.backward_links())
        learner = Learner.of(known, LEARNED_SAMPLES)
        driving_times = DrivingTimes(with_driven_order(timetable, known.backward_links), known)
        learning = bar.add_task(f"Learning from {first} to {last}", total=len(days))
        behind = 0
        while ahead := days[behind : 2 * behind or 1]:
            taught: dict[_Span, _Lesson] = {}
            for day, lesson in share(partial(_taught, folder, every, known), ahead):
                taught[day] = lesson
                bar.advance(learning)
            lessons = [taught[day] for day in ahead]
            for lesson in lessons:
                learner.take_samples(lesson.features, lesson.targets)
            driving_times.take_together([lesson.learned for lesson in lessons])
            known = replace(
                lessons[-1].learned, travel_times=driving_times.travel_times.learned(),
                timing_points=driving_times.timing_points.learned(), trip_history=driving_times.trip_history.learned(),
            )  # fmt: skip
            behind += len(ahead)
        learner.go_on_from(known)
        learner.study_all()
    features, _ = learner.samples()
    learned = replace(known, net=learner.net, calibration=learner.calibration, taught=learner.taught)
    return learned, {
        "links driven the other way round": len(learned.backward_links),
        "links known": len(learned.travel_times["link"]),
        "trips known": len(learned.trip_history["trip"]),
        "samples": len(features),
    }


def _days(begin: float, finish: float, timezone: str) -> Iterator[_Span]:
    """The days from `begin` to `finish`, cut in the night; that in which it begins is part of the first."""
    day = datetime.fromtimestamp(begin, ZoneInfo(timezone)).date()
    while begin < finish:
        day += timedelta(days=1)
        end = min(local_time(day_begins(day), timezone), finish)
        yield begin, end
        begin = end


def _taught(folder: Path, every: float, known: Learned, day: _Span) -> _Lesson:
    """What a day teaches who begins it with what is known."""
    timetable, recording = opened(folder)
    learner = Learner.of(known, LEARNED_SAMPLES)
    engine = Engine(timetable, learned=known, learner=learner)
    for now, reading in recording.frames(*day, every, engine.heed):
        engine.step(reading.observations, now, reading.trip_updates)
    return _Lesson(engine.learned(), *(column.copy() for column in learner.samples()))
