"""What the operator's recorded TripUpdates said of a call at a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from google.transit import gtfs_realtime_pb2

from benchmarks.accuracy import baselines
from benchmarks.accuracy.baselines import Questions
from benchmarks.accuracy.judging import judge
from benchmarks.accuracy.operator_feed import OperatorFeed
from benchmarks.accuracy.runs import Runs
from benchmarks.accuracy.tables import TOLD_BY_OPERATOR, Tables
from feeds.messages.kinds import TRIP_UPDATES
from feeds.recordings.recorder import MessageRecorder
from feeds.recordings.recording import open_recording
from tests.benchmarks.judged_networks import Stop, Trip, timetable_of

STOPS = [Stop(f"s{i}", f"Stop {i}", lat=42.0 + i / 100) for i in range(4)]
IDS = tuple(stop.stop_id for stop in STOPS)
TIMETABLE = timetable_of(
    STOPS,
    [Trip("a", "1", IDS, (36000, 36100, 36200, 36300)), Trip("b", "1", IDS, (37800, 37900, 38000, 38100))],
    [20151109],
)
ORIGIN = float(TIMETABLE.date_origin[0])
DROVE = (36010.0, 36150.0, 36240.0, 36330.0)


def runs() -> Runs:
    """Bus x drives trip a."""
    return Runs.of(
        pd.DataFrame(
            {
                "vehicle_id": "x", "trip": np.zeros(4, np.int32), "service_day": np.zeros(4, np.int32),
                "start_s": np.nan, "call": np.arange(4, dtype=np.int32), "time": [ORIGIN + at for at in DROVE],
                "known": [ORIGIN + at for at in DROVE], "judged": True,
            }
        ),
        TIMETABLE,
    )  # fmt: skip


def message(at: float, sequence: int, delay_s: int, trip: str = "a") -> bytes:
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = int(ORIGIN + at)
    update = feed.entity.add(id="1").trip_update
    update.trip.trip_id, update.trip.start_date, update.vehicle.id = trip, "20151109", "x"
    update.stop_time_update.add(stop_sequence=sequence).arrival.delay = delay_s
    return feed.SerializeToString()


@pytest.fixture
def feed(tmp_path: Path) -> OperatorFeed:
    recorder = MessageRecorder(tmp_path, TRIP_UPDATES)
    for at, data in (
        (36020, message(36020, 2, 30)),
        (36120, message(36120, 3, 60)),
        (36200, message(36200, 1, 5, "b")),
    ):
        recorder.write(data, ORIGIN + at)
    recorder.close()
    return OperatorFeed(runs(), open_recording(tmp_path, TIMETABLE).trip_updates_at)


def said(feed: OperatorFeed, call: int, at: float) -> tuple[float, bool]:
    asked = Questions.of(runs(), np.array([ORIGIN + at]), np.array([call]))
    return float(feed(asked)[0] - ORIGIN), bool(feed.tells(asked)[0])


def test_it_is_the_newest_word_received_by_then_and_carried_on_to_the_calls_behind(feed: OperatorFeed) -> None:
    assert said(feed, 1, 36050) == (36130, True)
    assert said(feed, 3, 36050) == (36330, True)
    assert said(feed, 2, 36150) == (36260, True)
    assert said(feed, 3, 36119.9) == (36330, True)
    assert said(feed, 3, 36120) == (36360, True)


def test_where_nothing_is_told_it_is_the_timetable_and_never_a_time_that_is_over(feed: OperatorFeed) -> None:
    assert said(feed, 1, 36010) == (36100, False)
    assert said(feed, 0, 36050) == (36050, False), "nothing is told of calls before the first one named"
    assert said(feed, 3, 36210) == (36300, False), "the operator speaks of another trip now"
    assert said(feed, 1, 36140) == (36140, False)
    assert said(feed, 3, 36200 + 1801) == (38001, False), "an old word is dropped as the service drops it"


def test_many_questions_are_answered_as_each_is(feed: OperatorFeed) -> None:
    rng = np.random.default_rng(5)
    made_at, cell = ORIGIN + rng.uniform(36000, 36330, 200), rng.integers(0, 4, 200)
    together = feed(Questions.of(runs(), made_at, cell))
    each = [said(feed, call, at - ORIGIN)[0] for call, at in zip(cell.tolist(), made_at.tolist(), strict=True)]
    np.testing.assert_allclose(together - ORIGIN, each, atol=1e-3)


def test_the_judge_compares_both_where_both_speak(feed: OperatorFeed, tmp_path: Path) -> None:
    rows = [(at, call) for at in range(36000, 36300, 30) for call in range(4) if at < DROVE[call]]
    published = [ORIGIN + DROVE[call] - 20 for _, call in rows]
    pd.DataFrame(
        {
            "made_at": [ORIGIN + at for at, _ in rows], "trip_id": "a", "start_date": "20151109",
            "stop_sequence": np.array([call + 1 for _, call in rows], np.int32), "vehicle_id": "x",
            "published": published, "p10": published, "p50": published, "p90": published, "status": "live",
        }
    ).to_parquet(tmp_path / "predictions.parquet")  # fmt: skip
    judged_runs = runs()
    judged = judge(
        [tmp_path / "predictions.parquet"], judged_runs, baselines.methods(judged_runs, None, None, feed), feed
    )
    table = Tables.of(judged, judged_runs).methods
    both = table[(table.predictions_of == TOLD_BY_OPERATOR) & (table.bucket == "all")].set_index("method")
    told = [(call, at) for at, call in rows if said(feed, call, at)[1]]
    assert both.predictions.unique().tolist() == [len(told)]
    assert both.mae["ours, published"] == pytest.approx(20.0)
    errors = [abs(DROVE[call] - said(feed, call, at)[0]) for call, at in told]
    assert both.mae["operator"] == pytest.approx(np.mean(errors))
