"""Margins bring a range to its promised share, whatever the network believes."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.ranges import RangeMargins


@pytest.mark.parametrize("sure_of_itself", [0.4, 1.0, 2.5])
def test_a_range_comes_to_hold_eight_of_ten(sure_of_itself: float) -> None:
    random = np.random.default_rng(1)
    margins = RangeMargins()
    inside = []
    for _ in range(600):
        actual = random.standard_normal(40).astype(np.float32)
        said = np.full(40, 1.2816 * sure_of_itself, np.float32)
        ahead = np.full(40, 300.0)
        low, high = margins.widened(-said, said, ahead)
        inside.append(float(((actual >= low) & (actual <= high)).mean()))
        margins.observe(-said, said, ahead, actual)
    assert np.mean(inside[-300:]) == pytest.approx(0.8, abs=0.02)


def test_each_horizon_has_its_own_margins() -> None:
    margins = RangeMargins()
    nothing = np.zeros(50, np.float32)
    margins.observe(nothing, nothing, np.full(50, 60.0), np.full(50, 3.0, np.float32))
    low, high = margins.widened(nothing[:2], nothing[:2], np.array([60.0, 1000.0]))
    assert high[0] > 0.0
    assert high[1] == low[1] == 0.0


def test_a_burst_moves_no_margin_far() -> None:
    margins = RangeMargins()
    nothing = np.zeros(100_000, np.float32)
    margins.observe(nothing, nothing, np.full(100_000, 60.0), nothing + 9.0)
    assert np.abs(margins.margin).max() <= 0.05
