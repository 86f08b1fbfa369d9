"""What each measure means, by hand-computed examples."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.accuracy import measures


def test_a_bucket_holds_its_upper_edge_and_nothing_beyond_half_an_hour() -> None:
    horizon = np.array([0.0, 0.5, 180.0, 180.5, 600.0, 900.0, 1800.0, 1800.5])
    assert measures.bucket_of(horizon).tolist() == [-1, 0, 0, 1, 2, 3, 4, -1]
    assert measures.BUCKETS == ("0–3", "3–6", "6–10", "10–15", "15–30")


@pytest.mark.parametrize(
    ("horizon_min", "early_s", "late_s"),
    [(2.0, 30.0, 90.0), (5.0, 60.0, 150.0), (8.0, 60.0, 210.0), (12.0, 90.0, 270.0)],
)
def test_the_eta_benchmark_allows_what_its_table_says(horizon_min: float, early_s: float, late_s: float) -> None:
    error = np.array([-early_s - 1, -early_s, late_s, late_s + 1])
    bucket = measures.bucket_of(np.full(4, horizon_min * 60))
    inside = measures.within(error, bucket, measures.ETA_EARLY_S, measures.ETA_LATE_S)
    assert inside.tolist() == [False, True, True, False]


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
