"""From a chain of expected arrivals to a distribution, and from that to the minute on the board.

With a trained network the distribution is its quantiles around the expected arrival; without one it is the chain's own
spread. The published time is a decision: a rider who comes too late misses the bus, one who comes too early only waits,
so it lies before the median, at the quantile where the two weigh the same (the newsvendor's critical ratio).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float32Array, Float64Array
from predictor.arrivals import Chain
from predictor.features import scale_s
from predictor.quantile_net import MEDIAN, P10, P90, QUANTILES, QuantileNet
from predictor.ranges import RangeMargins

MISS_WEIGHT = 3.0
"""A minute of a missed bus weighs this much more than a minute of waiting: the time published is the
1 / (1 + MISS_WEIGHT) quantile."""
HORIZON_S = 2400.0
"""Beyond this, the network was never trained."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """Arrival quantiles and the published time of each row of a chain; all arrays (rows,), POSIX seconds."""

    p10: Float64Array
    p50: Float64Array
    p90: Float64Array
    published: Float64Array


def forecast(
    chain: Chain,
    features: Float32Array,
    net: QuantileNet | None,
    ranges: RangeMargins,
    now: float,
    miss_weight: float = MISS_WEIGHT,
) -> Forecast:
    """The forecast of each row. `features`: (rows, F) for the network, not looked at where there is none."""
    share = 1.0 / (1.0 + miss_weight)
    expected = np.maximum(chain.arrival, now)
    spread = chain.sd_s
    p10, p50, p90 = expected - 1.1 * spread, expected.copy(), expected + 1.4 * spread
    published = expected - 0.35 * spread
    if net is not None:
        rows = np.flatnonzero((expected < now + HORIZON_S) & ~chain.standing)
        quantile = net.predict(features[rows])
        ahead = expected[rows] - now
        unit = scale_s(ahead)
        low, high = ranges.widened(quantile[:, P10], quantile[:, P90], ahead)
        p10[rows] = expected[rows] + low * unit
        p50[rows] = expected[rows] + quantile[:, MEDIAN] * unit
        p90[rows] = expected[rows] + high * unit
        published[rows] = expected[rows] + _at(quantile, share) * unit
    p50 = _in_order(np.maximum(p50, now), chain, now)
    p10 = np.minimum(_in_order(np.maximum(p10, now), chain, now), p50)
    p90 = np.maximum(_in_order(p90, chain, now), p50)
    published = np.minimum(_in_order(np.maximum(published, now), chain, now), p90)
    return Forecast(p10, p50, p90, published)


def _at(quantile: Float32Array, share: float) -> Float32Array:
    """Interpolate the quantiles (n, Q) at one probability (n,)."""
    upper = int(np.clip(np.searchsorted(QUANTILES, share), 1, len(QUANTILES) - 1))
    low, high = QUANTILES[upper - 1], QUANTILES[upper]
    weight = np.float32(np.clip((share - low) / (high - low), 0.0, 1.0))
    result: Float32Array = quantile[:, upper - 1] * (1 - weight) + quantile[:, upper] * weight
    return result


def _in_order(time: Float64Array, chain: Chain, now: float) -> Float64Array:
    """No call of a vehicle before the one before it: a running maximum along each chain."""
    vehicle = np.cumsum(np.arange(len(time)) == chain.head) - 1
    lifted = np.maximum.accumulate(time - now + vehicle * 1.0e6)
    result: Float64Array = lifted - vehicle * 1.0e6 + now
    return result
