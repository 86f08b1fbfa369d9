"""Keeps the published range honest: of all arrivals one in ten shall come before it and one in ten after it.

A network trained on other days, or on another city, is surer of itself than it should be, or less. So each end of the
range carries a margin that moves a little outwards whenever an arrival falls outside and a little inwards whenever none
does, and settles where the promised share falls outside (online conformal prediction by quantile tracking; Gibbs and
Candès 2021, Angelopoulos et al. 2023). Margins are kept by horizon, in the network's own unit (`features.scale_s`).
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float32Array, Float64Array, Int64Array

HORIZONS_S: Float64Array = np.array([90.0, 180.0, 360.0, 600.0, 900.0, 1350.0])
"""Upper edges of the horizons, by expected time to wait; beyond is one more."""
OUTSIDE = 0.1
"""Share of the arrivals before p10, and after p90."""
RATE = 0.004
_FARTHEST = 2.0


class RangeMargins:
    """How far the ends of the range lie outside the network's; `margin` (horizons, 2), below and above."""

    def __init__(self, margin: Float64Array | None = None) -> None:
        shape = (len(HORIZONS_S) + 1, 2)
        self.margin: Float64Array = margin if margin is not None and margin.shape == shape else np.zeros(shape)

    @staticmethod
    def horizon_of(ahead_s: Float64Array) -> Int64Array:
        """Row of `margin` (n,) for times to wait."""
        return np.searchsorted(HORIZONS_S, ahead_s).astype(np.int64)

    def widened(self, p10: Float32Array, p90: Float32Array, ahead_s: Float64Array) -> tuple[Float64Array, Float64Array]:
        """The network's p10 and p90 (n,) with the margins on."""
        margin = self.margin[self.horizon_of(ahead_s)]
        return p10 - margin[:, 0], p90 + margin[:, 1]

    def observe(self, p10: Float32Array, p90: Float32Array, ahead_s: Float64Array, actual: Float32Array) -> None:
        """Learn from what happened (n,) after ranges (n,) were given without margins."""
        row = self.horizon_of(ahead_s)
        low, high = self.widened(p10, p90, ahead_s)
        for side, outside in enumerate((actual < low, actual > high)):
            push = np.bincount(row, outside - OUTSIDE, len(self.margin))
            # However many come at once, no margin leaps.
            self.margin[:, side] += np.clip(RATE * push, -0.05, 0.05)
        np.clip(self.margin, -_FARTHEST, _FARTHEST, out=self.margin)
