"""Which time is published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.forecast import FAR_MISS_WEIGHT, MISS_WEIGHT, published_share


def test_a_bus_about_to_come_is_published_at_the_quantile_where_missing_and_waiting_weigh_the_same() -> None:
    assert published_share(np.array([0.0]), 8.0)[0] == pytest.approx(1 / 9)
    assert published_share(np.array([0.0]), 1.0)[0] == pytest.approx(1 / 2), "the median, where both weigh the same"


def test_a_bus_far_off_is_published_nearer_to_the_median_since_its_rider_looks_again() -> None:
    share = published_share(np.array([0.0, 300.0, 1200.0, 1e5]), MISS_WEIGHT)
    assert (np.diff(share) > 0).all()
    assert share[-1] == pytest.approx(1 / (1 + FAR_MISS_WEIGHT))


@given(st.floats(1.0, 19.0), st.floats(1.0, 19.0), st.floats(0.0, 7200.0))
def test_the_more_a_miss_weighs_the_earlier_is_what_is_published(one: float, other: float, ahead_s: float) -> None:
    low, high = (published_share(np.array([ahead_s]), weight)[0] for weight in sorted((one, other)))
    assert 0.05 <= high <= low <= 0.5
