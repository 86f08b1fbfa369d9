"""What is said of vehicles without news, taken over from the step before, compiled."""

from __future__ import annotations

from predictor.arrays import Float64Array, Int64Array
from predictor.compiled import compiled
from predictor.forecast_loop import Forecast


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
