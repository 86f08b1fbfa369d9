"""The rows of `predictor.features`, one predicted call each, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from predictor.arrivals_loop import Chain
from predictor.compiled import compiled


class Timetabled(NamedTuple):
    """Of the timetable: by trip (T,), trip call (E,), pattern call (C,) and service day (D,)."""

    trip_calls: Int32Array
    trip_start_s: Int32Array
    by_headway: BoolArray
    arrival_s: Int32Array
    pattern_call: Int32Array
    """(E,)"""
    distance_m: Float64Array
    """(C,)"""
    origin: Float64Array
    """(D,) relative to `now`"""
    usual_weight: Float32Array
    """(E,) how often the deviation that is usual there has been seen,"""
    usual_s: Float32Array
    """and that."""


class Followed(NamedTuple):
    """What is known of each vehicle (slots,)."""

    age_s: Float64Array
    report_gap_s: Float64Array
    delay_s: Float64Array
    """NaN where not known"""
    delay_change_s: Float64Array
    """NaN where not known"""
    arrived: Int32Array
    begun: BoolArray
    distance_m: Float64Array
    since_arrival_s: Float64Array
    pace: Float64Array
    astray: BoolArray


@compiled
def fill(
    features: Float32Array, rows: Int64Array, ahead: Chain, followed: Followed, timetabled: Timetabled, now: float,
    own_run: int,
) -> None:  # fmt: skip
    """Fill (n, F) for some rows (n,) of the chain, its columns in the order of `features.FEATURES`. `own_run`: the
    source of those that are of the run that the vehicle is on."""
    turned = -timetabled.origin / 3600.0 * (np.pi / 12.0)
    turned_sin, turned_cos = np.sin(turned), np.cos(turned)
    for n in range(len(rows)):
        row = rows[n]
        slot, entry, head, trip = ahead.slot[row], ahead.entry[row], ahead.head[row], ahead.trip[row]
        call, calls, arrival = ahead.call[row], timetabled.trip_calls[trip], ahead.arrival[row] - now
        day = ahead.service_day[row]
        axis = timetabled.origin[day] + ahead.shift_s[row]
        wait = max(arrival, 0.0)
        next_trip = ahead.leg[row] != ahead.leg[head]
        started = followed.begun[slot] and not next_trip and ahead.source[row] == own_run
        distance = timetabled.distance_m[timetabled.pattern_call[entry]]

        scheduled, delay = axis + timetabled.arrival_s[entry], followed.delay_s[slot]
        if timetabled.by_headway[trip]:
            scheduled, delay = arrival, np.nan
        change = np.nan if np.isnan(delay) else followed.delay_change_s[slot]

        weight = timetabled.usual_weight[entry]
        usual = scheduled + timetabled.usual_s[entry] - arrival if weight > 0 else 0.0
        from_here = 0.0
        if started and weight > 0 and not np.isnan(delay):
            here = entry - call + max(followed.arrived[slot] - 1, 0)
            if timetabled.usual_weight[here] > 0:
                from_here = usual - timetabled.usual_s[here] + delay

        features[n, 0] = wait / 600.0
        features[n, 1] = np.log1p(wait / 30.0)
        features[n, 2] = _within((scheduled - arrival) / 100.0, -20.0, 20.0)
        features[n, 3] = 0.0 if np.isnan(delay) else delay / 100.0
        features[n, 4] = not np.isnan(delay)
        features[n, 5] = 0.0 if np.isnan(change) else _within(change / 60.0, -5.0, 5.0)
        features[n, 6] = followed.age_s[slot] / 60.0
        features[n, 7] = followed.report_gap_s[slot] / 60.0
        features[n, 8] = np.sqrt(row - head)
        features[n, 9] = (distance - followed.distance_m[slot] if started else distance) / 2000.0
        features[n, 10] = ahead.timetabled_s[row] / 300.0
        features[n, 11] = (ahead.historic_s[row] - ahead.timetabled_s[row]) / 60.0
        features[n, 12] = ahead.recent_s[row] / 60.0
        features[n, 13] = ahead.sd_s[row] / 60.0
        features[n, 14] = ahead.standing[row]
        features[n, 15] = not started
        features[n, 16] = next_trip
        features[n, 17] = _within(followed.since_arrival_s[slot] / 60.0, 0.0, 15.0) if started else 0.0
        # How far the next call's expected time lies back: the vehicle is slower than was thought.
        features[n, 18] = _within((now - ahead.arrival[head]) / 60.0, -5.0, 15.0) if started else 0.0
        features[n, 19] = followed.pace[slot]
        features[n, 20] = _within(ahead.held_s[row] / 60.0, 0.0, 20.0)
        features[n, 21] = 0.0 if started else _within((axis + timetabled.trip_start_s[trip]) / 100.0, -10.0, 20.0)
        features[n, 22] = _within(ahead.layover_s[row] / 100.0, -10.0, 10.0) if next_trip else 0.0
        features[n, 23] = _within(usual / 60.0, -10.0, 10.0)
        features[n, 24] = _within(from_here / 60.0, -10.0, 10.0)
        features[n, 25] = min(weight, 5.0)
        features[n, 26] = ahead.known[row] / max(row - head, 1)
        features[n, 27], features[n, 28] = turned_sin[day], turned_cos[day]
        features[n, 29] = call / calls
        features[n, 30] = np.sqrt(calls - call)
        features[n, 31] = 0.0 if started else _within((ahead.arrival[head] - now) / 300.0, 0.0, 5.0)
        features[n, 32] = followed.astray[slot]


@compiled
def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
