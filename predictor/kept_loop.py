"""Times of calls that have passed without the vehicle, put off in place, compiled."""

from __future__ import annotations

from predictor.arrays import Float64Array, Int64Array
from predictor.compiled import compiled


@compiled
def not_before(
    start: Int64Array, count: Int64Array, earliest: Float64Array, p10: Float64Array, p50: Float64Array,
    p90: Float64Array, arrival: Float64Array, departure: Float64Array,
) -> None:  # fmt: skip
    """Let no time of vehicles (n,), each with `count` rows from `start` on, lie before its `earliest`."""
    for vehicle in range(len(start)):
        at = earliest[vehicle]
        for row in range(start[vehicle], start[vehicle] + count[vehicle]):
            p10[row], p50[row], p90[row] = max(p10[row], at), max(p50[row], at), max(p90[row], at)
            arrival[row], departure[row] = max(arrival[row], at), max(departure[row], at)
