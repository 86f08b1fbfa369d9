"""What stands between the matrix products of `predictor.quantile_net`, one pass each, compiled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float32Array, Int64Array
from predictor.compiled import compiled


@compiled
def standardize(
    features: Float32Array, mean: Float32Array, scale: Float32Array, limit: np.float32, into: Float32Array
) -> None:
    """Write rows (n, F) less the mean, in units of the scale (F,) and no further from nought than `limit`."""
    for n in range(len(features)):
        for at in range(len(mean)):
            into[n, at] = min(max((features[n, at] - mean[at]) / scale[at], -limit), limit)


@compiled
def rectify(hidden: Float32Array, bias: Float32Array) -> None:
    """Add the bias (H,) to rows (n, H) and put nought in the place of what lies below it."""
    for n in range(len(hidden)):
        for at in range(len(bias)):
            hidden[n, at] = max(hidden[n, at] + bias[at], np.float32(0.0))


@compiled
def shift_in_order(quantiles: Float32Array, shift: Float32Array, row: Int64Array) -> None:
    """Add to each of rows (n, Q) the one of `shift` (k, Q) that `row` (n,) names, and put each in ascending order."""
    columns = quantiles.shape[1]
    for n in range(len(quantiles)):
        crosses = False
        for at in range(columns):
            quantiles[n, at] += shift[row[n], at]
        for at in range(1, columns):
            crosses |= quantiles[n, at] < quantiles[n, at - 1]
        # Few rows cross, and those by little.
        if crosses:
            for at in range(1, columns):
                value, free = quantiles[n, at], at
                while free > 0 and quantiles[n, free - 1] > value:
                    quantiles[n, free] = quantiles[n, free - 1]
                    free -= 1
                quantiles[n, free] = value
