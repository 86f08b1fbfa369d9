"""From a chain of expected arrivals to a distribution, and from that to the minute on the board.

With a trained network the distribution is its quantiles around the expected arrival; without one it is the chain's own
spread. The published time is a decision: a rider who comes too late misses the bus, one who comes too early only waits,
so it lies before the median, at the quantile where the two weigh the same (the newsvendor's critical ratio). A rider
whose bus is far off will look again before walking to the stop; one whose bus is about to come will not. So a miss
weighs the more the sooner the bus is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from predictor.arrivals import Chain
from predictor.calibration import Calibration
from predictor.features import has_begun, scale_s
from predictor.quantile_net import MEDIAN, P10, P90, QUANTILES, QuantileNet
from predictor.steadiness import Steadiness

MISS_WEIGHT = 4.5
"""How much worse a minute of a missed bus is than a minute of waiting, for a bus about to come: with weight w the time
published is the 1 / (1 + w) quantile."""
FAR_MISS_WEIGHT = 2.5
"""The same for a bus that is far off;"""
LOOKS_AGAIN_S = 900.0
"""what the weight lies above it falls to a third within this time."""
HORIZON_S = 2400.0
"""Beyond this, the network was never trained."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is said of each row of a chain; all arrays (rows,), POSIX seconds."""

    p10: Float64Array
    """Quantiles of the arrival (at a trip's first call: of the departure)."""
    p50: Float64Array
    p90: Float64Array
    arrival: Float64Array
    """The times to publish: decisions taken from the distribution."""
    departure: Float64Array


def within_horizon(chain: Chain, now: float) -> Int64Array:
    """The rows of a chain that the network is asked about."""
    return np.flatnonzero((chain.arrival < now + HORIZON_S) & ~chain.standing)


def forecast(
    chain: Chain,
    rows: Int64Array,
    features: Float32Array,
    net: QuantileNet | None,
    calibration: Calibration,
    now: float,
    miss_weight: float,
    steadiness: Steadiness,
    key: Int64Array,
    passed: Int32Array,
    told_until: Float64Array,
) -> Forecast:
    """The forecast of each row.

    Parameters: `rows`: those `within_horizon`; `features`: (n, F) of them for the network, not looked at where there is
    none; `key`, `passed`: (rows,) name
    the calls and how far their vehicles have come, for `steadiness`; `told_until`: (rows,) until when a time that has
    passed is put off to now.
    """
    earliest = np.minimum(told_until, now)
    expected = np.maximum(chain.arrival, earliest)
    share = published_share(expected - now, miss_weight)
    spread = chain.sd_s
    p10, p50, p90 = expected - 1.1 * spread, expected.copy(), expected + 1.4 * spread
    # A trip's first stop is left on time or late: nothing is gained by being there early.
    early = np.where(chain.call == 0, 0.0, np.clip((0.5 - share) / 0.4, 0.0, 1.0))
    published = expected + (p10 - expected) * early
    if net is not None:
        near = expected[rows]
        ahead = np.maximum(near - now, 0.0)
        unit = scale_s(ahead)
        quantile = calibration.calibrated(net.predict(features), ahead, has_begun(features))
        p10[rows] = near + quantile[:, P10] * unit
        p50[rows] = near + quantile[:, MEDIAN] * unit
        p90[rows] = near + quantile[:, P90] * unit
        published[rows] = near + _at(quantile, share[rows]) * unit
    # The range moves as a whole: each end on its own would lag behind as it narrows.
    lag = steadiness.steadied(key, p50, passed, now) - p50
    p10, p50, p90, published = p10 + lag, p50 + lag, p90 + lag, published + lag
    vehicle = np.cumsum(np.arange(len(expected)) == chain.head) - 1
    p50 = _in_order(np.maximum(p50, earliest), vehicle, now)
    p10 = np.minimum(_in_order(np.maximum(p10, earliest), vehicle, now), p50)
    p90 = np.maximum(_in_order(p90, vehicle, now), p50)
    # Boards never ask for riders before the time at which a run is to begin.
    published = np.where(chain.call == 0, np.maximum(published, chain.hold), published)
    p90 = np.where(chain.call == 0, np.maximum(p90, chain.hold), p90)
    arrival = np.minimum(_in_order(np.maximum(published, earliest), vehicle, now), p90)
    departure = np.maximum(arrival + np.where(chain.call == 0, 0.0, chain.dwell_s), chain.hold)
    departure = np.where(chain.standing & (chain.call > 0), np.maximum(chain.departure, earliest), departure)
    # Nobody leaves a stop later than it is said to reach the next.
    follows = np.flatnonzero(vehicle[1:] == vehicle[:-1])
    departure[follows] = np.minimum(departure[follows], arrival[follows + 1])
    departure = np.maximum(departure, arrival)
    return Forecast(p10, p50, p90, np.where(chain.call == 0, departure, arrival), departure)


def published_share(ahead_s: Float64Array, miss_weight: float = MISS_WEIGHT) -> Float64Array:
    """Probability (n,) with which the bus may come before the published time, for waits of `ahead_s` (n,)."""
    far = min(FAR_MISS_WEIGHT, miss_weight)
    share: Float64Array = 1.0 / (1.0 + far + (miss_weight - far) * np.exp(-np.maximum(ahead_s, 0.0) / LOOKS_AGAIN_S))
    return share


def _at(quantile: Float32Array, share: Float64Array) -> Float64Array:
    """Interpolate the quantiles (n, Q) at one probability a row (n,)."""
    upper = np.clip(np.searchsorted(QUANTILES, share), 1, len(QUANTILES) - 1)
    low, high = QUANTILES[upper - 1], QUANTILES[upper]
    weight = np.clip((share - low) / (high - low), 0.0, 1.0)
    row = np.arange(len(quantile))
    result: Float64Array = quantile[row, upper - 1] * (1.0 - weight) + quantile[row, upper] * weight
    return result


def _in_order(time: Float64Array, vehicle: Int64Array, now: float) -> Float64Array:
    """No time of a vehicle before the one before it: a running maximum over those of each (`vehicle`, ascending)."""
    lifted = np.maximum.accumulate(time - now + vehicle * 1.0e6)
    result: Float64Array = lifted - vehicle * 1.0e6 + now
    return result
