"""What is told of legs, laid out by call, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import Int8Array, Int32Array, Int64Array
from predictor.compiled import compiled


class OfLegs(NamedTuple):
    """Columns of `PredictedCalls`: of legs (l,), or laid out by call (m,)."""

    vehicle: Int32Array
    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    call: Int32Array
    """The first one of a leg."""
    status: Int8Array
    source: Int8Array
    doubt: Int8Array


@compiled
def by_call(legs: OfLegs, calls: Int64Array) -> OfLegs:
    """Lay out legs that have so many `calls` (l,) each.

    Cost: one pass.
    """
    rows = calls.sum()
    out = OfLegs(
        np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.int32), np.empty(rows, np.int32),
        np.empty(rows, np.int32), np.empty(rows, np.int8), np.empty(rows, np.int8), np.empty(rows, np.int8),
    )  # fmt: skip
    end = 0
    for leg in range(len(calls)):
        begin, end = end, end + calls[leg]
        out.vehicle[begin:end], out.trip[begin:end] = legs.vehicle[leg], legs.trip[leg]
        out.service_day[begin:end], out.shift_s[begin:end] = legs.service_day[leg], legs.shift_s[leg]
        out.status[begin:end], out.source[begin:end] = legs.status[leg], legs.source[leg]
        out.doubt[begin:end] = legs.doubt[leg]
        for row in range(begin, end):
            out.call[row] = legs.call[leg] + row - begin
    return out
