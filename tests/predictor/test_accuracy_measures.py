"""What each figure means, by hand-computed examples and by laws that must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from predictor.accuracy import measures

ERRORS = arrays(np.float64, 40, elements=st.floats(-900, 900, width=32))
HORIZONS = np.repeat([60.0, 240.0, 480.0, 720.0, 1200.0], 8)


def test_a_bucket_holds_its_upper_edge_and_nothing_beyond_half_an_hour() -> None:
    horizon = np.array([0.0, 0.5, 180.0, 180.5, 600.0, 900.0, 1800.0, 1800.5])
    assert measures.bucket_of(horizon).tolist() == [-1, 0, 0, 1, 2, 3, 4, -1]
    assert measures.BUCKETS == ("0–3", "3–6", "6–10", "10–15", "15–30")


def test_point_figures_by_hand() -> None:
    figures = measures.score(np.array([-100.0, -20.0, 0.0, 40.0, 180.0]), np.full(5, 100.0), bucket=0)
    assert figures.predictions == 5
    assert figures.mae == pytest.approx(68.0)
    assert figures.median_ae == pytest.approx(40.0)
    assert figures.bias == pytest.approx(20.0)
    assert figures.p90_ae == pytest.approx(148.0)
    assert figures.missed == pytest.approx(0.2)
    assert figures.eta == pytest.approx(0.6)
    assert figures.mbta == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("horizon_min", "early_s", "late_s"),
    [(2.0, 30.0, 90.0), (5.0, 60.0, 150.0), (8.0, 60.0, 210.0), (12.0, 90.0, 270.0)],
)
def test_the_eta_benchmark_allows_what_its_table_says(horizon_min: float, early_s: float, late_s: float) -> None:
    error = np.array([-early_s - 1, -early_s, late_s, late_s + 1])
    bucket = measures.bucket_of(np.full(4, horizon_min * 60))
    inside = measures.within(error, bucket, measures.ETA_EARLY_S, measures.ETA_LATE_S)
    assert inside.tolist() == [False, True, True, False]


def test_the_eta_benchmark_is_the_plain_mean_of_four_shares_however_many_predictions_each_has() -> None:
    horizon = np.array([60.0] * 8 + [240.0, 480.0, 720.0, 1500.0])
    error = np.array([1000.0] * 8 + [0.0, 0.0, 0.0, 1000.0])
    assert measures.score(error, horizon).eta == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("horizon_min", "early_s", "late_s"),
    [(2.0, 60.0, 60.0), (5.0, 90.0, 120.0), (11.0, 150.0, 210.0), (25.0, 240.0, 360.0)],
)
def test_mbtas_bins(horizon_min: float, early_s: float, late_s: float) -> None:
    horizon = np.full(4, horizon_min * 60)
    figures = measures.score(np.array([-early_s - 1, -early_s, late_s, late_s + 1]), horizon)
    assert figures.mbta == pytest.approx(0.5)


def test_nothing_to_judge_is_not_a_number_rather_than_a_score() -> None:
    nothing = measures.score(np.array([np.nan]), np.array([100.0]))
    assert nothing.predictions == 0
    assert math.isnan(nothing.mae)
    assert math.isnan(nothing.eta)
    assert math.isnan(measures.range_score(np.empty(0), np.empty(0), np.empty(0)).coverage)


def test_range_figures_by_hand() -> None:
    # Ranges 100..200 with the median at 150; passages at 90, 100, 160, 200 and 260.
    actual = np.array([90.0, 100.0, 160.0, 200.0, 260.0])
    figures = measures.range_score(actual - 100, actual - 150, actual - 200)
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
    assert measures.jumps(error, horizon, call, largest_gap_s=45.0).tolist() == [15.0, 20.0, 30.0]


@given(ERRORS, st.floats(-300, 300))
def test_shifting_every_prediction_shifts_the_bias_alone(errors: np.ndarray, shift: float) -> None:
    before, after = measures.score(errors, HORIZONS), measures.score(errors - shift, HORIZONS)
    assert after.bias == pytest.approx(before.bias - shift, abs=1e-6)
    assert abs(after.mae - before.mae) <= abs(shift) + 1e-6


@given(ERRORS)
def test_figures_agree_with_each_other(errors: np.ndarray) -> None:
    figures = measures.score(errors, HORIZONS)
    assert abs(figures.bias) <= figures.mae + 1e-9
    assert figures.median_ae <= figures.p90_ae
    assert 0.0 <= figures.eta <= 1.0
    assert 0.0 <= figures.missed <= 1.0


@given(ERRORS)
def test_a_perfect_prediction_scores_fully_and_halving_the_errors_never_hurts(errors: np.ndarray) -> None:
    perfect = measures.score(np.zeros(40), HORIZONS)
    assert (perfect.mae, perfect.eta, perfect.mbta, perfect.missed) == (0.0, 1.0, 1.0, 0.0)
    assert measures.score(errors / 2, HORIZONS).eta >= measures.score(errors, HORIZONS).eta


@given(ERRORS, st.floats(0.01, 0.99))
def test_pinball_loss_at_the_middle_is_half_the_absolute_error_and_is_never_negative(
    errors: np.ndarray, level: float
) -> None:
    assert np.allclose(measures.pinball(errors, 0.5), np.abs(errors) / 2)
    assert (measures.pinball(errors, level) >= 0).all()


@given(ERRORS, st.floats(0, 300), st.floats(0, 300))
def test_a_wider_range_holds_no_fewer_passages(errors: np.ndarray, narrow: float, more: float) -> None:
    held = [measures.range_score(errors + width, errors, errors - width).coverage for width in (narrow, narrow + more)]
    assert held[0] <= held[1]
    below_inside_above = measures.range_score(errors + narrow, errors, errors - narrow)
    total = below_inside_above.below + below_inside_above.coverage + below_inside_above.above
    assert total == pytest.approx(1.0)


def test_reliable_accuracy_has_the_bounds_that_cal_itp_gives() -> None:
    """At 0, 10 and 30 minutes to go by the prediction: from 0.26, 2.42, 3.44 minutes early to 0.41, 2.44, 3.45 late."""
    for left_min, early_min, late_min in ((0, 0.26, 0.41), (10, 2.42, 2.44), (30, 3.44, 3.45)):
        error = 60.0 * np.array([-early_min - 0.01, -early_min + 0.01, late_min - 0.01, late_min + 0.01])
        inside = measures.reliable(error, 60.0 * left_min + error)
        assert inside.tolist() == [False, True, True, False]


def test_inconsistency_is_how_far_apart_times_lie_that_are_said_within_two_minutes() -> None:
    error = np.array([10.0, 40.0, 0.0, 0.0, 5.0])
    horizon = np.array([150.0, 130.0, 70.0, 30.0, 1810.0])
    call = np.array([0, 0, 0, 0, 1])
    row, ends, spread = measures.spreads(error, horizon, call)
    # Minutes 2 and 3 (nothing in 3); 1 and 2; 0 and 1; of the other call minute 29 with 30.
    found = sorted(zip(call[row].tolist(), ends.tolist(), spread.tolist(), strict=True))
    assert found == [(0, 0, 0.0), (0, 1, 40.0), (0, 2, 30.0), (1, 29, 0.0)]
    assert [len(column) for column in measures.spreads(error[:0], horizon[:0], call[:0])] == [0, 0, 0]
