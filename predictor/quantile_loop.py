"""The pass of `predictor.quantile_net` through its layers, compiled.

Some rows at a time go through all layers, so that what is between these stays in the processor's nearest cache. A row's
quantiles are the same alone and among others.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float32Array, Float64Array, Int64Array
from predictor.compiled import compiled
from predictor.layer_products import LANES, ROWS, VECTORS, sum_few, sum_many


@compiled
def _layer(
    inputs: Float32Array, weight: Float32Array, bias: Float32Array, floor: np.float32, into: Float32Array
) -> None:
    column, width = 0, len(bias)
    while column + VECTORS * LANES <= width:
        sum_many(inputs, weight, bias, floor, into, column)
        column += VECTORS * LANES
    while column < width:
        sum_few(inputs, weight, bias, floor, into, column)
        column += LANES


@compiled
def quantiles(
    features: Float32Array,
    mean: Float32Array,
    scale: Float32Array,
    limit: np.float32,
    weights: tuple[Float32Array, Float32Array, Float32Array],
    biases: tuple[Float32Array, Float32Array, Float32Array],
    into: Float32Array,
) -> None:
    """Write what the network says of rows (n, F), ascending, `into` (n, Q).

    Parameters: `limit`: see `standardize`; `weights`, `biases`: of the three layers, each with a multiple of `LANES`
    outputs, of which the last one's first Q count.
    """
    rows, low = len(features), np.float32(-np.inf)
    weight1, weight2, weight3 = weights
    bias1, bias2, bias3 = biases
    standardized = np.zeros((ROWS, features.shape[1]), np.float32)
    first, second, third = (
        np.empty((ROWS, len(bias1)), np.float32), np.empty((ROWS, len(bias2)), np.float32),
        np.empty((ROWS, len(bias3)), np.float32),
    )  # fmt: skip
    for begin in range(0, rows, ROWS):
        count = min(ROWS, rows - begin)
        standardize(features[begin : begin + count], mean, scale, limit, standardized)
        _layer(standardized, weight1, bias1, np.float32(0.0), first)
        _layer(first, weight2, bias2, np.float32(0.0), second)
        _layer(second, weight3, bias3, low, third)
        for row in range(count):
            for at in range(into.shape[1]):
                into[begin + row, at] = third[row, at]
            _put_in_order(into, begin + row)


@compiled
def standardize(
    features: Float32Array, mean: Float32Array, scale: Float32Array, limit: np.float32, into: Float32Array
) -> None:
    """Write rows (n, F) less the mean, in units of the scale (F,) and no further from nought than `limit`."""
    for n in range(len(features)):
        for at in range(len(mean)):
            into[n, at] = min(max((features[n, at] - mean[at]) / scale[at], -limit), limit)


@compiled
def move(
    parameter: Float32Array, gradient: Float32Array, first: Float32Array, second: Float32Array, pace: np.float32,
    unbiased: np.float32,
) -> None:  # fmt: skip
    """Move a parameter (n,) by Adam, and the moments of its gradient. `pace`, `unbiased`: what the corrections of the
    two moments make of the pace, and that of the second."""
    for n in range(len(parameter)):
        first[n] += np.float32(0.1) * (gradient[n] - first[n])
        second[n] += np.float32(0.001) * (gradient[n] * gradient[n] - second[n])
        parameter[n] -= pace * first[n] / (np.sqrt(second[n] / unbiased) + np.float32(1e-8))


@compiled
def shift_in_order(quantile: Float32Array, shift: Float32Array, row: Int64Array, into: Float32Array) -> None:
    """Write rows (n, Q), the one of `shift` (k, Q) that `row` (n,) names added to each, in ascending order."""
    for n in range(len(quantile)):
        for at in range(quantile.shape[1]):
            into[n, at] = quantile[n, at] + shift[row[n], at]
        _put_in_order(into, n)


@compiled
def edges_passed(values: Float64Array, edges: Float64Array, row: Int64Array) -> None:
    """Add to each `row` (n,) how many of the edges its value lies above."""
    for n in range(len(values)):
        passed = 0
        for edge in edges:
            passed += values[n] > edge
        row[n] += passed


@compiled
def _put_in_order(values: Float32Array, row: int) -> None:
    """Put one of the rows (n, Q) in ascending order."""
    crosses = False
    for at in range(1, values.shape[1]):
        crosses |= values[row, at] < values[row, at - 1]
    # Few rows do, and those by little.
    if crosses:
        for at in range(1, values.shape[1]):
            value, free = values[row, at], at
            while free > 0 and values[row, free - 1] > value:
                values[row, free] = values[row, free - 1]
                free -= 1
            values[row, free] = value
