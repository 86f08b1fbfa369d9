"""From expected arrivals and the network's quantiles to what is said of each call, row after row, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from predictor.arrivals_loop import Chain
from predictor.columns import Columns
from predictor.compiled import compiled


class Bounds(NamedTuple):
    """What limits the times of each row of a chain (rows,); POSIX seconds."""

    earliest: Float64Array
    """No time of the row's vehicle lies before this, here or further on."""
    arrival: Float64Array
    """The expected one, not before `earliest`,"""
    share: Float64Array
    """and the probability with which the vehicle may come before the published time."""


class Quantiles(NamedTuple):
    """What the network says of some rows (n,), ascending."""

    row: Int64Array
    value: Float32Array
    """(n, Q) in units of `unit_s` after the expected arrival, not decreasing along a row,"""
    unit_s: Float64Array
    probability: Float32Array
    """(Q,) the probability of each."""
    p10: int
    """Columns of three of them."""
    p50: int
    p90: int


class SaidBefore(NamedTuple):
    """What was last said of the calls of each leg (l,) that is predicted anew."""

    begin: Int64Array
    """First row of the leg in the chain."""
    at: Int64Array
    """Where in `p50` its first call stands,"""
    first: Int64Array
    """and those between which its calls were told of: from this one"""
    end: Int64Array
    """to before this one."""
    fade: Float64Array
    """What weight is left to what was said, 0 to 1."""
    p50: Float64Array
    """As `Forecast.steadied`."""
    to: Int64Array
    """Where what is said now of its first call is to stand."""


@dataclass(frozen=True, eq=False)
class Forecast(Columns):
    """What is said of each predicted call; all arrays (rows,), POSIX seconds."""

    steadied: Float64Array
    """The median on its way from what was said before, before it was put in order and off."""
    p10: Float64Array
    """Quantiles of the arrival (at a trip's first call: of the departure)."""
    p50: Float64Array
    p90: Float64Array
    arrival: Float64Array
    """The times to publish: decisions taken from the distribution."""
    departure: Float64Array
    hold: Float64Array
    at_stop: BoolArray


@compiled
def _leave(forecast: Forecast, row: int, arrival: float, leaves: float, starts: bool) -> None:
    """Say when the vehicle comes and leaves, not before it arrives; at a trip's first call both are the departure."""
    forecast.departure[row] = max(leaves, arrival)
    forecast.arrival[row] = forecast.departure[row] if starts else arrival


@compiled
def _interpolated(value: Float32Array, probability: Float32Array, share: float) -> float:
    """Between the quantiles (Q,), at a probability within theirs or at the nearest of theirs."""
    upper = 1
    while upper < len(probability) - 1 and probability[upper] < share:
        upper += 1
    low, high = np.float64(probability[upper - 1]), np.float64(probability[upper])
    weight = min(max((share - low) / (high - low), 0.0), 1.0)
    return float(value[upper - 1] * (1.0 - weight) + value[upper] * weight)


@compiled
def decide(chain: Chain, bounds: Bounds, quantiles: Quantiles, before: SaidBefore, forecast: Forecast) -> None:
    """Fill in what is said of each row of the chain."""
    nth, leg, at, to = 0, -1, 0, 0
    most50 = most10 = most90 = most = leaves = came_before = -np.inf
    for row in range(len(chain.call)):
        earliest, came, sd_s = bounds.earliest[row], bounds.arrival[row], chain.sd_s[row]
        starts = chain.call[row] == 0
        p10, p50, p90 = came - 1.1 * sd_s, came, came + 1.4 * sd_s
        # A trip's first stop is left on time or late: nothing is gained by being there early.
        early = 0.0 if starts else min(max((0.5 - bounds.share[row]) / 0.4, 0.0), 1.0)
        published = came + (p10 - came) * early
        if nth < len(quantiles.row) and quantiles.row[nth] == row:
            value, unit_s = quantiles.value[nth], quantiles.unit_s[nth]
            p10 = came + value[quantiles.p10] * unit_s
            p50 = came + value[quantiles.p50] * unit_s
            p90 = came + value[quantiles.p90] * unit_s
            published = came + _interpolated(value, quantiles.probability, bounds.share[row]) * unit_s
            nth += 1

        # The range moves as a whole: each end on its own would lag behind as it narrows.
        if leg + 1 < len(before.begin) and before.begin[leg + 1] == row:
            leg, at, to = leg + 1, before.at[leg + 1], before.to[leg + 1]
        if before.first[leg] <= at < before.end[leg]:
            lag = before.fade[leg] * (before.p50[at] - p50)
            p10, p50, p90, published = p10 + lag, p50 + lag, p90 + lag, published + lag
        forecast.steadied[to] = p50

        # No time of a vehicle before the one before it.
        opens = chain.head[row] == row or chain.turned[row]
        if opens:
            most50 = most10 = most90 = most = -np.inf
        most50 = max(most50, p50, earliest)
        most10 = max(most10, p10, earliest)
        most90 = max(most90, p90)
        p50, p10, p90 = most50, min(most10, most50), max(most90, most50)
        # Boards never ask for riders before the time at which a run is to begin.
        if starts:
            published, p90 = max(published, chain.hold[row]), max(p90, chain.hold[row])
        most = max(most, published, earliest)
        arrival = min(most, p90)

        if not opens:
            # Nobody leaves a stop later than it is said to reach the next.
            _leave(forecast, to - 1, came_before, min(leaves, arrival), chain.call[row - 1] == 0)
        leaves = max(arrival if starts else arrival + chain.dwell_s[row], chain.hold[row])
        if chain.standing[row] and not starts:
            leaves = max(chain.departure[row], earliest)
        forecast.p10[to], forecast.p50[to], forecast.p90[to], came_before = p10, p50, p90, arrival
        forecast.hold[to], forecast.at_stop[to] = chain.hold[row], chain.standing[row]
        _leave(forecast, to, arrival, leaves, starts)
        at, to = at + 1, to + 1


@compiled
def say_again(
    before: Forecast, now: Forecast, start: Int64Array, to: Int64Array, count: Int64Array, earliest: Float64Array
) -> None:
    """Say the same of vehicles (n,) again: each one's `count` rows from `start` on become those from `to` on, and none
    of its times lies before its `earliest`."""
    for vehicle in range(len(start)):
        at = earliest[vehicle]
        for nth in range(count[vehicle]):
            old, new = start[vehicle] + nth, to[vehicle] + nth
            now.steadied[new], now.hold[new] = before.steadied[old], before.hold[old]
            now.at_stop[new] = before.at_stop[old]
            now.p10[new], now.p50[new] = max(before.p10[old], at), max(before.p50[old], at)
            now.p90[new], now.arrival[new] = max(before.p90[old], at), max(before.arrival[old], at)
            now.departure[new] = max(before.departure[old], at)
