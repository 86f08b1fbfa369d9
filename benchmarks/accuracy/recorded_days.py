"""Replay recorded days and judge every prediction."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from api.command.learning import learn
from api.command.replay import replay
from api.command.replay_days import day_file
from api.command.spread import spread
from benchmarks.accuracy import baselines, judging, truth
from benchmarks.accuracy.operator_feed import OperatorFeed
from benchmarks.accuracy.result import Result
from benchmarks.accuracy.runs import Runs
from benchmarks.accuracy.tables import Tables
from feeds.errors import FeedError
from feeds.recordings.recorded_span import day_begins, local_time
from feeds.recordings.recording import open_recording
from feeds.timetable import load_timetable
from predictor.driven_order import with_driven_order
from predictor.learned import Learned
from predictor.timetable import Timetable

WRITTEN_HORIZON_S = 2700.0
"""Predictions up to here are taken from the replay, so that none that came true within half an hour is lost."""


def judge(
    folder: str | Path,
    judged: str,
    train: str | None = None,
    *,
    every: float = 30.0,
    predictions: Sequence[str | Path] = (),
    passages: Sequence[str | Path] = (),
    trees: bool = False,
    keep: str | Path | None = None,
    workers: int | None = None,
    on: str | None = None,
) -> Result:
    """Compare every prediction for recorded days with what then happened.

    Parameters: `folder`: gtfs.zip and a recording; `judged`, `train`: days to judge, and earlier ones to learn from
    first, “A..B” or one day; `every`: seconds between two polls; `predictions`, `passages`: files of `replay` to judge
    instead of replaying, and our own passages where the recording knows no others; `trees`: judge boosted trees too
    (minutes); `keep`: folder for what is replayed; `workers`, `on`: processes or a Dask scheduler that share the judged
    days (see `spread`), each of which then begins with what the earlier ones taught and no more. Errors: FeedError.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _judged(
            Path(folder), judged, train, every, [Path(path) for path in predictions], [Path(path) for path in passages],
            Path(keep or scratch), trees, workers, on,
        )  # fmt: skip


def _judged(
    folder: Path, judged: str, train: str | None, every: float, predictions: list[Path], passages: list[Path],
    into: Path, trees: bool, workers: int | None, on: str | None,
) -> Result:  # fmt: skip
    timetable = load_timetable(folder / "gtfs.zip").timetable
    judge_days = recorded_days(folder, judged, timetable)
    train_days = recorded_days(folder, train, timetable) if train else []
    if train_days and train_days[-1] >= judge_days[0]:
        raise FeedError(f"--train {train} must end before --judge {judged} begins: later days may not teach earlier.")
    own = not truth.known_to(folder)
    if not predictions:
        learned = None
        if train_days:
            learned, _ = learn(folder, f"{train_days[0]}", f"{train_days[-1]}", every, workers=workers or 1, on=on)
            # The methods beside ours know as well in which order stops are called at.
            timetable = with_driven_order(timetable, learned.backward_links)
        apart = workers is not None or on is not None
        parts = [[day] for day in judge_days] if apart else stretches(judge_days)
        work = partial(_replay, folder, every, into, learned)
        with spread(min(workers or 1, len(parts)), on) as share:
            written = sorted(files for _, files in share(work, parts))
        predictions += [file for file, _ in written]
        passages += [file for _, file in written]
        if own:
            passages += [_replay(folder, every, into, None, s, predict=False)[1] for s in stretches(train_days)]
    truths = truth.of_folder(folder, timetable, _numbers(judge_days), own=passages)
    runs = Runs.of(truths.passages, timetable)
    trained = None
    if train_days:
        trained = Runs.of(truth.of_folder(folder, timetable, _numbers(train_days), own=passages).passages, timetable)
    recording = open_recording(folder, timetable)
    feed = OperatorFeed(runs, recording.trip_updates_at) if recording.trip_updates else None
    methods = baselines.methods(runs, trained, truth.operator_delays(folder, _numbers(judge_days)), feed)
    if trees:
        if trained is None:
            raise FeedError("--trees needs days to train them on: give --train.")
        from benchmarks.accuracy import boosted_trees

        methods |= boosted_trees.methods(trained, runs)
    outcome = judging.judge(predictions, runs, methods, feed)
    if not outcome.live.any():
        counts_text = "; ".join(f"{name}: {number:,}" for name, number in outcome.counts.items())
        raise FeedError(f"No live prediction could be judged; are they of {_told(judge_days)}? {counts_text}.")
    return Result(
        network=f"{timetable.network_name} ({folder.name})", judged_days=_told(judge_days),
        train_days=_told(train_days), truth=truths.source, truth_counts=truths.counts, judged=outcome, runs=runs,
        tables=Tables.of(outcome, runs),
    )  # fmt: skip


def _replay(
    folder: Path, every: float, into: Path, learned: Learned | None, days: Sequence[date], *, predict: bool = True
) -> tuple[Path, Path]:
    """Replay what was recorded of consecutive days; the files of predictions and of passages."""
    predictions, passages = (day_file(into, name, days[0]) for name in ("predictions", "passages"))
    for file in (predictions, passages):
        file.parent.mkdir(parents=True, exist_ok=True)
    timetable = load_timetable(folder / "gtfs.zip").timetable
    recording, zone = open_recording(folder, timetable), timetable.timezone
    begin = local_time(day_begins(days[0]), zone)
    # At the polls of a whole day: begun at the first report, all would ask at another age of the reports.
    begin += max(0, math.ceil((recording.first_at - begin) / every)) * every
    end = min(local_time(day_begins(days[-1] + timedelta(days=1)), zone), recording.last_at + every)
    first, last = (datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat() for moment in (begin, end))
    replay(
        folder, first, last, every=every, predictions=predictions if predict else None, passages=passages,
        horizon_s=WRITTEN_HORIZON_S, begin_with=learned,
    )  # fmt: skip
    return predictions, passages


def recorded_days(folder: Path, days: str, timetable: Timetable) -> list[date]:
    """The days among “A..B” (or the one day) that a folder has a recording of. Raises FeedError where none."""
    first, _, last = days.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        raise FeedError(f"“{days}” names no days: write 2015-11-18..2015-11-25 or 2015-11-18.") from error
    found: set[date] = set()
    files, timezone = sorted(folder.glob("vehicle_positions*.parquet")), timetable.timezone
    if not files:
        # Messages, or a TIDES package: what lies between has to be looked for in all of it.
        recording = open_recording(folder, timetable)
        at = pd.Series(np.append(np.arange(recording.first_at, recording.last_at, 3600.0), recording.last_at))
        found.update(truth.day_of(at, timezone).unique())
    for file in files:
        try:
            found.add(date.fromisoformat(file.stem.removeprefix("vehicle_positions_")))
        except ValueError:
            at = pq.read_table(file, columns=["timestamp"]).column(0).unique().to_pandas()
            found.update(truth.day_of(at, timezone).unique())
    among = sorted(day for day in found if begin <= day <= end)
    if not among:
        raise FeedError(f"{folder} has no recording of {days}; it has {_told(sorted(found))}.")
    return among


def stretches(days: Sequence[date]) -> list[list[date]]:
    """Runs of consecutive days: each is replayed in one go."""
    begins = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(days)) if b - a > timedelta(days=1)), len(days)]
    return [list(days[a:b]) for a, b in pairwise(begins) if b > a]


def _numbers(days: Sequence[date]) -> list[int]:
    return [day.year * 10000 + day.month * 100 + day.day for day in days]


def _told(days: Sequence[date]) -> str:
    """Days in words, consecutive ones drawn together."""
    return ", ".join(f"{s[0]}" if len(s) == 1 else f"{s[0]}..{s[-1]}" for s in stretches(days)) or "none"
