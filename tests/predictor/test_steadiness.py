"""What is said moves towards what is computed, and settles there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.steadiness import SETTLES_S, Steadiness

KEYS = np.array([7, 3, 5])


def test_a_call_that_nothing_was_said_of_is_told_as_computed() -> None:
    times = np.array([[100.0, 200.0, 300.0]])
    assert Steadiness().steadied(KEYS, times, 0.0).tolist() == times.tolist()


def test_news_are_told_by_two_thirds_after_the_time_constant_whatever_the_step() -> None:
    for steps in (1, 5, 25):
        steadiness = Steadiness()
        steadiness.steadied(KEYS, np.array([[100.0, 200.0, 300.0]]), 0.0)
        for n in range(1, steps + 1):
            said = steadiness.steadied(KEYS, np.array([[160.0, 200.0, 300.0]]), SETTLES_S * n / steps)
        assert said[0] == pytest.approx([160.0 - 60.0 / np.e, 200.0, 300.0])


def test_calls_come_and_go_in_any_order() -> None:
    steadiness = Steadiness()
    steadiness.steadied(KEYS, np.array([[100.0, 200.0, 300.0]]), 0.0)
    said = steadiness.steadied(np.array([5, 9, 7]), np.array([[310.0, 50.0, 90.0]]), 1e-9)
    assert said[0] == pytest.approx([300.0, 50.0, 100.0])
    assert steadiness.steadied(np.empty(0, np.int64), np.empty((1, 0)), 2.0).shape == (1, 0)


def test_after_a_silence_the_past_counts_for_nothing() -> None:
    steadiness = Steadiness()
    steadiness.steadied(KEYS, np.array([[100.0, 200.0, 300.0]]), 0.0)
    assert steadiness.steadied(KEYS, np.array([[400.0, 500.0, 600.0]]), 600.0)[0] == pytest.approx(
        [400.0, 500.0, 600.0]
    )


@given(st.lists(st.floats(-300.0, 300.0), min_size=2, max_size=20))
def test_what_is_said_never_leaves_the_range_of_what_was_computed(moves: list[float]) -> None:
    steadiness, seen = Steadiness(), []
    for n, move in enumerate(moves):
        seen.append(1000.0 + move)
        said = steadiness.steadied(np.array([1]), np.array([[seen[-1]]]), 10.0 * n)[0, 0]
        assert min(seen) - 1e-6 <= said <= max(seen) + 1e-6
