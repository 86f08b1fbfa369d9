"""From a chain of expected arrivals to a distribution, and from that to the minute on the board.

With a trained network the distribution is its quantiles around the expected arrival; without one it is the chain's own
spread. The published time is a decision: a rider who comes too late misses the bus, one who comes too early only waits,
so it lies before the median, at the quantile where the two weigh the same (the newsvendor's critical ratio). A rider
whose bus is far off will look again before walking to the stop; one whose bus is about to come will not. So a miss
weighs the more the sooner the bus is.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import Float32Array, Float64Array, Int64Array, running_maximum, where_true
from predictor.arrivals_loop import Chain
from predictor.calibration import Calibration
from predictor.features import has_begun, scale_s
from predictor.forecast_loop import Bounds, Forecast, Quantiles, SaidBefore, decide
from predictor.quantile_net import MEDIAN, P10, P90, QUANTILES, QuantileNet

MISS_WEIGHT = 4.5
"""How much worse a minute of a missed bus is than a minute of waiting, for a bus about to come: with weight w the time
published is the 1 / (1 + w) quantile."""
FAR_MISS_WEIGHT = 2.5
"""The same for a bus that is far off;"""
LOOKS_AGAIN_S = 900.0
"""what the weight lies above it falls to a third within this time."""
QUICKEST = 0.7
"""Hardly anybody drives in a smaller share of the time that is expected."""
_LONG_AGO_S = 1e6
HORIZON_S = 2400.0
"""Beyond this, the network was never trained."""


def within_horizon(chain: Chain, now: float) -> Int64Array:
    """The rows of a chain that the network is asked about."""
    return where_true((chain.arrival < now + HORIZON_S) & ~chain.standing)


def forecast(
    chain: Chain,
    rows: Int64Array,
    features: Float32Array,
    net: QuantileNet | None,
    calibration: Calibration,
    now: float,
    miss_weight: float,
    before: SaidBefore,
    told_until: Float64Array,
    into: Forecast,
) -> None:
    """The forecast of each row of a chain, on its way from what was said `before`, written `into` the rows that this
    tells.

    Parameters: `rows`: those `within_horizon`; `features`: (n, F) of them for the network, not looked at where there is
    none; `told_until`: (slots,) until when a time of the vehicle that has passed is put off to now.
    """
    earliest = np.minimum(told_until, now)[chain.slot]
    put_off = where_true(np.isfinite(chain.put_off))
    if len(put_off):
        # Nobody is at the stops behind before he may leave this one and has driven there.
        left = np.full(len(earliest), now - _LONG_AGO_S)
        left[put_off] = chain.put_off[put_off] - QUICKEST * (chain.departure[put_off] - now)
        left = running_maximum(left, chain.head)[:-1] + QUICKEST * (chain.arrival[1:] - now)
        earliest[1:] = np.where(chain.head[1:] == chain.head[:-1], np.maximum(earliest[1:], left), earliest[1:])
    came = np.maximum(chain.arrival, earliest)
    asked = rows if net is not None else rows[:0]
    ahead = np.maximum(came[asked] - now, 0.0)
    value = np.empty((0, len(QUANTILES)), np.float32)
    if net is not None:
        value = calibration.calibrated(net.predict(features), ahead, has_begun(features))
    bounds = Bounds(earliest, came, published_share(came - now, miss_weight))
    quantiles = Quantiles(asked, value, scale_s(ahead), QUANTILES, P10, MEDIAN, P90)
    decide(chain.in_loops, bounds, quantiles, before, into.in_loops)


def published_share(ahead_s: Float64Array, miss_weight: float = MISS_WEIGHT) -> Float64Array:
    """Probability (n,) with which the bus may come before the published time, for waits of `ahead_s` (n,)."""
    far = min(FAR_MISS_WEIGHT, miss_weight)
    return 1.0 / (1.0 + far + (miss_weight - far) * np.exp(-np.maximum(ahead_s, 0.0) / LOOKS_AGAIN_S))
