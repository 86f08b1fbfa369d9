"""Keeps the forecast honest: of all arrivals one in ten shall come before its 10 % quantile, half before its median.

A network trained on other days, or on another city, is surer of itself than it should be, or less, or leans to one
side. So each quantile carries a shift that moves a little back whenever an arrival comes before it and a little on
whenever none does, and settles where the promised share comes before (online conformal prediction by quantile
tracking; Gibbs and Candès 2021, Angelopoulos et al. 2023). Shifts are kept by horizon and by whether the vehicle is
on the trip already, in the network's own unit (`features.scale_s`).
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int64Array, clipped
from predictor.quantile_loop import edges_passed, shift_in_order
from predictor.quantile_net import P10, P90, QUANTILES

HORIZONS_S: Float64Array = np.array([90.0, 180.0, 360.0, 600.0, 900.0, 1350.0])
"""Upper edges of the horizons, by expected time to wait; beyond is one more."""
RATE, MIDDLE_RATE = 0.004, 0.001
"""Pace of the ends of the range, and of all that lies between: where the middle is wanders from hour to hour, and who
follows it at the ends' pace is always late."""
_MIDDLE = slice(P10 + 1, P90)
_MOST_A_STEP = 0.05
_FARTHEST = 2.0


class Calibration:
    """How far each quantile is moved; `shift` (2 × horizons, Q), later where positive: first the horizons of vehicles
    on the trip, then those of vehicles that have yet to begin it."""

    def __init__(self, shift: Float64Array | None = None) -> None:
        shape = (2 * (len(HORIZONS_S) + 1), len(QUANTILES))
        usable = shift is not None and shift.shape == shape and shift.dtype.kind == "f" and np.isfinite(shift).all()
        self.shift: Float64Array = shift if shift is not None and usable else np.zeros(shape)

    def copy(self) -> Calibration:
        """One that goes its own way from here."""
        return Calibration(self.shift.copy())

    @staticmethod
    def row_of(ahead_s: Float64Array, begun: BoolArray) -> Int64Array:
        """Row of `shift` (n,) for times to wait, and whether the vehicle is on the trip already."""
        row = np.where(begun, 0, len(HORIZONS_S) + 1)
        edges_passed(ahead_s, HORIZONS_S, row)
        return row

    def calibrated(self, quantile: Float32Array, ahead_s: Float64Array, begun: BoolArray) -> Float32Array:
        """The network's quantiles (n, Q), moved, and still not decreasing along a row."""
        moved = np.empty_like(quantile)
        shift_in_order(quantile, self.shift.astype(np.float32), self.row_of(ahead_s, begun), moved)
        return moved

    def observe(self, quantile: Float32Array, ahead_s: Float64Array, begun: BoolArray, actual: Float32Array) -> None:
        """Learn from what happened (n,) after the network had said `quantile` (n, Q)."""
        row = self.row_of(ahead_s, begun)
        before = actual[:, None] < quantile + self.shift[row]
        push = np.zeros_like(self.shift)
        np.add.at(push, row, QUANTILES.astype(np.float64) - before)
        push *= RATE
        push[:, _MIDDLE] *= MIDDLE_RATE / RATE
        # However many come at once, no quantile leaps.
        self.shift += clipped(push, -_MOST_A_STEP, _MOST_A_STEP)
        np.clip(self.shift, -_FARTHEST, _FARTHEST, out=self.shift)

    def network_learned(self) -> None:
        """Begin anew between the ends: what the middle was moved by, the network has just learned itself."""
        self.shift[:, _MIDDLE] = 0.0
