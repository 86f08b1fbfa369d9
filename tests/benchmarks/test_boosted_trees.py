"""What the boosted trees are told, and when they answer."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy import boosted_trees
from benchmarks.accuracy.baselines import Method, Questions
from benchmarks.accuracy.boosted_trees import Residuals, Usual
from benchmarks.accuracy.runs import Runs
from predictor.timetable import Timetable
from tests.benchmarks.judged_networks import Stop, Trip, timetable_of
from tests.benchmarks.test_baselines import ask, runs_of, whole

DAYS = [20151109, 20151110, 20151111, 20151112]
TIMES = (36000, 36100, 36200, 36300)


@pytest.fixture
def timetable() -> Timetable:
    ids = tuple(f"s{i}" for i in range(4))
    stops = [Stop(stop, stop, lat=42.0 + i / 100) for i, stop in enumerate(ids)]
    trips = [Trip("a", "1", ids, TIMES), Trip("b", "1", ids, tuple(t + 600 for t in TIMES))]
    return timetable_of(stops, trips, DAYS)


def test_a_slow_vehicle_ahead_is_told_once_it_was_known_and_fades_with_age(timetable: Timetable) -> None:
    usual = runs_of(timetable, *(row for day in range(3) for row in whole(day, "v", "a", *TIMES)))
    today = runs_of(timetable, *whole(3, "v", "a", 36000, 36100, 36260, 36360), told_after_s=20.0)
    news = Residuals.of(today, Usual.of(usual, today))
    origin = float(timetable.date_origin[3])
    link = np.repeat(today.link[1].astype(np.int64), 3)
    before, at_once, later = news.at(link, origin + np.array([36279.0, 36280.0, 36280.0 + 1200.0])).tolist()
    # One traversal 60 s slow, against a prior of one and a half; after its half-life it counts half.
    assert before == 0.0
    assert at_once == pytest.approx(60.0 / 2.5)
    assert later == pytest.approx(30.0 / 2.0)


def test_a_question_is_told_by_links_by_trip_and_by_what_the_vehicle_did(timetable: Timetable) -> None:
    usual = runs_of(timetable, *(row for day in range(3) for row in whole(day, "v", "a", 36000, 36110, 36210, 36320)))
    today = runs_of(timetable, *whole(3, "v", "a", 36030, 36150, 36300, 36400))
    known = Usual.of(usual, today)
    told = boosted_trees.features(today, known, Residuals.of(today, known), ask(today, 3, 36170, day=3))[0]
    assert told.shape == (boosted_trees.FEATURES,)
    by_link, by_trip, planned, delay, delay_change, since, overdue, calls = told[:8].tolist()
    assert (by_link, by_trip, planned) == (210.0, 210.0, 200.0)
    assert (delay, delay_change) == (50.0, 20.0)
    assert (since, overdue, calls) == (20.0, 20.0 - 100.0, 2.0)


def test_passages_yet_to_come_change_no_answer(timetable: Timetable) -> None:
    trained = runs_of(timetable, *(row for day in range(3) for row in whole(day, "v", "a", *TIMES)))
    answers = []
    for end in (36300.0, 36900.0):
        today = runs_of(timetable, *whole(3, "v", "a", 36000, 36100, 36200, end))
        early, late = (method(ask(today, 3, 36150, day=3)) for method in _methods(trained, today))
        answers.append((float(early[0]), float(late[0])))
    assert answers[0] == answers[1]


def test_only_vehicles_under_way_are_answered_for_and_never_with_the_past(timetable: Timetable) -> None:
    trained = runs_of(timetable, *(row for day in range(3) for row in whole(day, "v", "a", *TIMES)))
    today = runs_of(timetable, *whole(3, "v", "a", 36000, 36100, 36200, 36900))
    median, _ = _methods(trained, today)
    assert np.isnan(median(ask(today, 2, 35990, day=3))).all()
    asked = ask(today, 3, 36800, day=3)
    assert median(asked)[0] >= asked.made_at[0]


def _methods(trained: Runs, today: Runs) -> list[Method]:
    found = boosted_trees.methods(trained, today)
    assert list(found) == [boosted_trees.MEDIAN_TREES, boosted_trees.EARLY_TREES]
    return list(found.values())


def test_training_questions_lie_before_their_passage_and_after_the_first(timetable: Timetable) -> None:
    trained = runs_of(timetable, *(row for day in range(3) for row in whole(day, "v", "a", *TIMES)))
    asked = boosted_trees.training_questions(trained)
    assert isinstance(asked, Questions)
    assert len(asked) > 0
    ahead = trained.passed[asked.cell] - asked.made_at
    assert (ahead > 0).all()
    assert (ahead <= boosted_trees.FARTHEST_S).all()
    assert (trained.passed[asked.last] <= asked.made_at).all()


def test_the_pace_is_told_though_nothing_tells_when_the_first_stop_was_left(timetable: Timetable) -> None:
    usual = runs_of(timetable, *(row for day in range(3) for row in whole(day, "v", "a", *TIMES)))
    today = runs_of(timetable, *whole(3, "v", "a", 36000, 36150, 36300)[1:])
    known = Usual.of(usual, today)
    told = boosted_trees.features(today, known, Residuals.of(today, known), ask(today, 3, 36310, day=3))[0]
    assert told[11] == pytest.approx((150.0 + 120.0) / (100.0 + 120.0))
