"""An hour of a simulated town, and waits on a recorded tram line, explained: against what truly happened there."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from api.command.replay import replay
from benchmarks.explain.day import judged_day
from benchmarks.explain.score import RAN, Score, score
from benchmarks.explain.tram import asked_at_random, true_events
from feeds.history.store import FOLDER, HistoryStore
from feeds.recordings.recorded_span import local_time
from feeds.simulator.incidents import BREAKDOWN, CANCELLED_TRIPS, DETOUR, FEED_GAP, SHORT_TURN
from feeds.timetable import load_timetable

# One run of each town is enough for all.
pytestmark = pytest.mark.xdist_group("explain")
TRAM = Path(__file__).parents[2] / "../shared/data/stib-tram55-2025"


@pytest.fixture(scope="module")
def town() -> Score:
    return score(*judged_day(5, date(2025, 11, 18), 30.0, hours=(11.3, 13.0)))


@pytest.fixture(scope="module")
def partly_mute_town() -> Score:
    return score(*judged_day(5, date(2025, 11, 18), 60.0, hours=(11.3, 13.0), trip_ids=0.8))


@pytest.mark.parametrize("kind", [DETOUR, SHORT_TURN, FEED_GAP, RAN])
def test_what_is_claimed_is_right_where_some_vehicles_name_no_trip(partly_mute_town: Score, kind: str) -> None:
    assert partly_mute_town.right(kind) > 0
    assert partly_mute_town.precision(kind) >= 0.9


@pytest.mark.parametrize("kind", [DETOUR, SHORT_TURN, FEED_GAP, RAN])
def test_what_happened_is_told_rightly(town: Score, kind: str) -> None:
    assert town.true(kind) > 0
    assert town.precision(kind) >= 0.95
    assert town.recall(kind) >= 0.95


def test_a_score_counts_what_was_and_what_was_said() -> None:
    one = Score(Counter({(BREAKDOWN, BREAKDOWN): 3, (BREAKDOWN, SHORT_TURN): 1, (RAN, BREAKDOWN): 2}))
    assert one.precision(BREAKDOWN) == pytest.approx(0.6)
    assert one.recall(BREAKDOWN) == pytest.approx(0.75)
    assert one.mistaken(BREAKDOWN) == [(SHORT_TURN, 1)]
    assert one.precision(CANCELLED_TRIPS) == 1.0


@pytest.mark.skipif(not TRAM.exists(), reason="needs the recorded tram line")
def test_waits_told_of_a_tram_line_are_those_of_the_operators_stop_events(tmp_path: Path) -> None:
    timetable = load_timetable(TRAM / "gtfs.zip").timetable
    replay(TRAM, "2025-03-18 07:25", "2025-03-18 08:45", data_dir=tmp_path, progress=False)
    events = true_events(TRAM, timetable)
    begin, end = (local_time(f"2025-03-18 {clock}", timetable.timezone) for clock in ("07:40", "08:45"))
    events = events[(events["at"] >= begin) & (events["at"] <= end)]
    answers = asked_at_random(HistoryStore(tmp_path / FOLDER), timetable, events, questions=60, seed=1)
    told = answers[answers["recorded"] & answers["told_s"].notna()]
    assert len(told) > 40
    assert ((told["told_s"] - told["true_s"]).abs() <= 60.0).mean() >= 0.9
