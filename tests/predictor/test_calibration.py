"""Shifts bring every quantile to its promised share, whatever the network believes."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.arrays import Float32Array
from predictor.calibration import Calibration
from predictor.quantile_net import MEDIAN, P10, P90, QUANTILES

NORMAL: Float32Array = np.array(
    [-1.645, -1.282, -0.842, -0.524, -0.253, 0.0, 0.253, 0.524, 0.842, 1.282, 1.645], np.float32
)
"""Quantiles of the standard normal distribution at `QUANTILES`."""


@pytest.mark.parametrize(("sure_of_itself", "leans"), [(0.4, 0.0), (1.0, 0.0), (1.5, 0.0), (1.0, 0.7), (0.5, -0.5)])
def test_every_quantile_comes_to_hold_what_it_promises(sure_of_itself: float, leans: float) -> None:
    random = np.random.default_rng(1)
    calibration = Calibration()
    said = np.tile(NORMAL * np.float32(sure_of_itself) + np.float32(leans), (40, 1))
    ahead, begun = np.full(40, 300.0), np.ones(40, bool)
    before = []
    for _ in range(4000):
        actual = random.standard_normal(40).astype(np.float32)
        before.append((actual[:, None] < calibration.calibrated(said, ahead, begun)).mean(axis=0))
        calibration.observe(said, ahead, begun, actual)
    held = np.mean(before[-400:], axis=0)
    assert held == pytest.approx(QUANTILES, abs=0.025)
    assert held[P90] - held[P10] == pytest.approx(0.8, abs=0.02)


def test_horizons_and_vehicles_yet_to_begin_have_shifts_of_their_own() -> None:
    calibration = Calibration()
    said = np.zeros((50, len(QUANTILES)), np.float32)
    calibration.observe(said, np.full(50, 60.0), np.ones(50, bool), np.full(50, 3.0, np.float32))
    near, far, waiting = calibration.calibrated(said[:3], np.array([60.0, 1000.0, 60.0]), np.array([True, True, False]))
    assert (near[MEDIAN:] > 0.0).all()
    assert not far.any()
    assert not waiting.any()


def test_a_burst_moves_no_quantile_far() -> None:
    calibration = Calibration()
    said = np.zeros((100_000, len(QUANTILES)), np.float32)
    calibration.observe(said, np.full(100_000, 60.0), np.ones(100_000, bool), np.full(100_000, 9.0, np.float32))
    assert np.abs(calibration.shift).max() <= 0.05


def test_shifted_quantiles_never_cross() -> None:
    calibration = Calibration(np.random.default_rng(2).normal(0.0, 1.0, Calibration().shift.shape))
    said = np.sort(np.random.default_rng(3).standard_normal((200, len(QUANTILES))).astype(np.float32), axis=1)
    moved = calibration.calibrated(said, np.linspace(0.0, 2000.0, 200), np.arange(200) % 2 == 0)
    assert (np.diff(moved, axis=1) >= 0).all()


def test_a_network_that_has_learned_keeps_only_the_shifts_of_the_ends() -> None:
    calibration = Calibration(np.ones_like(Calibration().shift))
    calibration.network_learned()
    assert (calibration.shift[:, [0, P10, P90, -1]] == 1.0).all()
    assert not calibration.shift[:, P10 + 1 : P90].any()
