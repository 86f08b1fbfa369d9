"""What each figure of the accuracy tables means, by hand-computed examples and by laws that must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.accuracy import scores

ERRORS = arrays(np.float64, 40, elements=st.floats(-900, 900, width=32))
HORIZONS = np.repeat([60.0, 240.0, 480.0, 720.0, 1200.0], 8)


def test_point_figures_by_hand() -> None:
    figures = scores.score(np.array([-100.0, -20.0, 0.0, 40.0, 180.0]), np.full(5, 100.0), bucket=0)
    assert figures.predictions == 5
    assert figures.mae == pytest.approx(68.0)
    assert figures.median_ae == pytest.approx(40.0)
    assert figures.bias == pytest.approx(20.0)
    assert figures.p90_ae == pytest.approx(148.0)
    assert figures.missed == pytest.approx(0.2)
    assert figures.eta == pytest.approx(0.6)
    assert figures.mbta == pytest.approx(0.6)


def test_the_eta_benchmark_is_the_plain_mean_of_four_shares_however_many_predictions_each_has() -> None:
    horizon = np.array([60.0] * 8 + [240.0, 480.0, 720.0, 1500.0])
    error = np.array([1000.0] * 8 + [0.0, 0.0, 0.0, 1000.0])
    assert scores.score(error, horizon).eta == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("horizon_min", "early_s", "late_s"),
    [(2.0, 60.0, 60.0), (5.0, 90.0, 120.0), (11.0, 150.0, 210.0), (25.0, 240.0, 360.0)],
)
def test_mbtas_bins(horizon_min: float, early_s: float, late_s: float) -> None:
    horizon = np.full(4, horizon_min * 60)
    figures = scores.score(np.array([-early_s - 1, -early_s, late_s, late_s + 1]), horizon)
    assert figures.mbta == pytest.approx(0.5)


def test_nothing_to_judge_is_not_a_number_rather_than_a_score() -> None:
    nothing = scores.score(np.array([np.nan]), np.array([100.0]))
    assert nothing.predictions == 0
    assert math.isnan(nothing.mae)
    assert math.isnan(nothing.eta)
    assert math.isnan(scores.range_score(np.empty(0), np.empty(0), np.empty(0)).coverage)


def test_range_figures_by_hand() -> None:
    # Ranges 100..200 with the median at 150; passages at 90, 100, 160, 200 and 260.
    actual = np.array([90.0, 100.0, 160.0, 200.0, 260.0])
    figures = scores.range_score(actual - 100, actual - 150, actual - 200)
    assert (figures.coverage, figures.below, figures.above) == (0.6, 0.2, 0.2)
    assert figures.width_s == pytest.approx(100.0)
    low = (0.9 * 10 + 0.1 * (0 + 60 + 100 + 160)) / 5
    middle = 0.5 * (60 + 50 + 10 + 50 + 110) / 5
    high = (0.1 * (110 + 100 + 40 + 0) + 0.9 * 60) / 5
    assert figures.pinball_s == pytest.approx((low + middle + high) / 3)


def test_jumps_are_between_consecutive_messages_about_one_call() -> None:
    # Call 7 is predicted at 600, 570, 540 and, after a gap, 300 s before; call 8 twice.
    horizon = np.array([600.0, 570.0, 540.0, 300.0, 90.0, 60.0])
    error = np.array([10.0, 25.0, 5.0, 80.0, 0.0, -30.0])
    call = np.array([7, 7, 7, 7, 8, 8])
    assert scores.jumps(error, horizon, call, largest_gap_s=45.0).tolist() == [15.0, 20.0, 30.0]


@given(ERRORS, st.floats(-300, 300))
def test_shifting_every_prediction_shifts_the_bias_alone(errors: np.ndarray, shift: float) -> None:
    before, after = scores.score(errors, HORIZONS), scores.score(errors - shift, HORIZONS)
    assert after.bias == pytest.approx(before.bias - shift, abs=1e-6)
    assert abs(after.mae - before.mae) <= abs(shift) + 1e-6


@given(ERRORS)
def test_figures_agree_with_each_other(errors: np.ndarray) -> None:
    figures = scores.score(errors, HORIZONS)
    assert abs(figures.bias) <= figures.mae + 1e-9
    assert figures.median_ae <= figures.p90_ae
    assert 0.0 <= figures.eta <= 1.0
    assert 0.0 <= figures.missed <= 1.0


@given(ERRORS)
def test_a_perfect_prediction_scores_fully_and_halving_the_errors_never_hurts(errors: np.ndarray) -> None:
    perfect = scores.score(np.zeros(40), HORIZONS)
    assert (perfect.mae, perfect.eta, perfect.mbta, perfect.missed) == (0.0, 1.0, 1.0, 0.0)
    assert scores.score(errors / 2, HORIZONS).eta >= scores.score(errors, HORIZONS).eta


@given(ERRORS, st.floats(0.01, 0.99))
def test_pinball_loss_at_the_middle_is_half_the_absolute_error_and_is_never_negative(
    errors: np.ndarray, level: float
) -> None:
    assert np.allclose(scores.pinball(errors, 0.5), np.abs(errors) / 2)
    assert (scores.pinball(errors, level) >= 0).all()


@given(ERRORS, st.floats(0, 300), st.floats(0, 300))
def test_a_wider_range_holds_no_fewer_passages(errors: np.ndarray, narrow: float, more: float) -> None:
    held = [scores.range_score(errors + width, errors, errors - width).coverage for width in (narrow, narrow + more)]
    assert held[0] <= held[1]
    below_inside_above = scores.range_score(errors + narrow, errors, errors - narrow)
    total = below_inside_above.below + below_inside_above.coverage + below_inside_above.above
    assert total == pytest.approx(1.0)
