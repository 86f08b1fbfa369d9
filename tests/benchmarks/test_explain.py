"""An hour of a simulated town explained, against what truly happened there."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from benchmarks.explain.day import judged_day
from benchmarks.explain.score import RAN, Score, score
from feeds.simulator.incidents import BREAKDOWN, CANCELLED_TRIPS, DETOUR, FEED_GAP, SHORT_TURN


@pytest.fixture(scope="module")
def town() -> Score:
    return score(*judged_day(5, date(2025, 11, 18), 30.0, hours=(11.3, 13.0)))


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
