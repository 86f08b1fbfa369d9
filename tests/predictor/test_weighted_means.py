"""Who has heard what others have heard knows what one who heard all of it would."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from predictor.arrays import Float64Array
from predictor.weighted_means import together

Mean = tuple[Float64Array, Float64Array]
HEARD = st.lists(st.tuples(st.floats(0.1, 3.0), st.floats(-60.0, 600.0)), max_size=6)


def hearing(known: Mean, heard: list[tuple[float, float]], most: float) -> Mean:
    weight, mean = (float(column[0]) for column in known)
    for more, value in heard:
        mean = (weight * mean + more * value) / (weight + more)
        weight = min(weight + more, most)
    return np.array([weight]), np.array([mean])


@given(HEARD, st.lists(HEARD, min_size=1, max_size=5))
def test_all_news_counts_once_and_so_does_what_was_known(
    before: list[tuple[float, float]], days: list[list[tuple[float, float]]]
) -> None:
    known = hearing((np.zeros(1), np.zeros(1)), before, np.inf)
    weight, mean = together(known, [hearing(known, day, np.inf) for day in days], np.inf)
    one_weight, one_mean = hearing(known, [news for day in days for news in day], np.inf)
    np.testing.assert_allclose(weight, one_weight, atol=1e-6)
    np.testing.assert_allclose(mean, one_mean, atol=1e-6)


@given(HEARD, st.lists(HEARD, min_size=1, max_size=5), st.floats(3.0, 12.0))
def test_however_much_was_heard_the_mean_lies_among_what_was(
    before: list[tuple[float, float]], days: list[list[tuple[float, float]]], most: float
) -> None:
    known = hearing((np.zeros(1), np.zeros(1)), before, most)
    weight, mean = together(known, [hearing(known, day, most) for day in days], most)
    values = [value for day in [before, *days] for _, value in day]
    assert 0.0 <= weight[0] <= most
    if values:
        assert min(values) - 1e-6 <= mean[0] <= max(values) + 1e-6
