"""What is said moves towards what is computed, and settles there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.steadiness import SETTLES_S, Steadiness

KEYS = np.array([7, 3, 5])
PASSED = np.array([4, 4, 9], np.int32)


def after_saying(*times: float) -> Steadiness:
    """One that has said these times of KEYS at 0."""
    steadiness = Steadiness()
    steadiness.steadied(KEYS, np.array(times), PASSED, 0.0)
    return steadiness


def test_a_call_that_nothing_was_said_of_is_told_as_computed() -> None:
    times = np.array([100.0, 200.0, 300.0])
    assert Steadiness().steadied(KEYS, times, PASSED, 0.0).tolist() == times.tolist()


def test_news_are_told_by_two_thirds_after_the_time_constant_whatever_the_step() -> None:
    for steps in (1, 5, 25):
        steadiness = after_saying(100.0, 200.0, 300.0)
        for n in range(1, steps + 1):
            said = steadiness.steadied(KEYS, np.array([160.0, 200.0, 300.0]), PASSED, SETTLES_S * n / steps)
        assert said == pytest.approx([160.0 - 60.0 / np.e, 200.0, 300.0])


def test_what_a_stop_reached_or_left_tells_is_said_at_once() -> None:
    steadiness = after_saying(100.0, 200.0, 300.0)
    further = PASSED + np.array([1, 0, 0], np.int32)
    said = steadiness.steadied(KEYS, np.array([160.0, 260.0, 300.0]), further, 1e-9)
    assert said == pytest.approx([160.0, 200.0, 300.0])


def test_calls_come_and_go_in_any_order() -> None:
    steadiness = after_saying(100.0, 200.0, 300.0)
    said = steadiness.steadied(np.array([5, 9, 7]), np.array([310.0, 50.0, 90.0]), np.array([9, 0, 4], np.int32), 1e-9)
    assert said == pytest.approx([300.0, 50.0, 100.0])
    nobody = np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32)
    assert steadiness.steadied(*nobody, 2.0).shape == (0,)


def test_after_a_silence_the_past_counts_for_nothing() -> None:
    steadiness = after_saying(100.0, 200.0, 300.0)
    assert steadiness.steadied(KEYS, np.array([400.0, 500.0, 600.0]), PASSED, 600.0) == pytest.approx(
        [400.0, 500.0, 600.0]
    )


@given(st.lists(st.tuples(st.floats(-300.0, 300.0), st.integers(0, 2)), min_size=2, max_size=20))
def test_what_is_said_never_leaves_the_range_of_what_was_computed(moves: list[tuple[float, int]]) -> None:
    steadiness, seen = Steadiness(), []
    for n, (move, passed) in enumerate(moves):
        seen.append(1000.0 + move)
        said = steadiness.steadied(np.array([1]), np.array([seen[-1]]), np.array([passed], np.int32), 10.0 * n)[0]
        assert min(seen) - 1e-6 <= said <= max(seen) + 1e-6
