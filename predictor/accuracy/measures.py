"""What a prediction is judged by, live and on recordings: each measure is defined here alone.

| measure | its source |
| --- | --- |
| ETA Accuracy Benchmark | github.com/TransitApp/ETA-Accuracy-Benchmark (2024) |
| MBTA's bins | MBTA, "Arrival Prediction Accuracy" (mbta.com, performance metrics) |
| reliable prediction accuracy, prediction inconsistency | Cal-ITP, github.com/cal-itp/data-analyses, rt_predictions |
| ETA Completeness Benchmark (`completeness.py`) | github.com/SwiftlyInc/ETA-Completeness-Benchmark (2026) |

The error of a prediction is *actual − predicted* in seconds: positive when the vehicle came later than said (the rider
waited), negative when it came earlier (the rider may have missed it).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from predictor.arrays import BoolArray

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]

HORIZONS_MIN = (0, 3, 6, 10, 15, 30)
"""Edges of the horizon buckets, minutes from the prediction to the actual passage."""
BUCKETS = tuple(f"{low}–{high}" for low, high in pairwise(HORIZONS_MIN))

ETA_EARLY_S = (30.0, 60.0, 60.0, 90.0)
ETA_LATE_S = (90.0, 150.0, 210.0, 270.0)
"""ETA Accuracy Benchmark: how far before and after the predicted time the vehicle may come, for the first four
buckets."""

MBTA_MIN = (0, 3, 6, 12, 30)
MBTA_EARLY_S = (60.0, 90.0, 150.0, 240.0)
MBTA_LATE_S = (60.0, 120.0, 210.0, 360.0)

RELIABLE_EARLY_MIN, RELIABLE_LATE_MIN = 1.3, 1.5
"""Cal-ITP: with t minutes to go by the prediction, -60 ln(t + 1.3) < error < 60 ln(t + 1.5)."""
WINDOWS = 30
"""Cal-ITP: prediction inconsistency looks at so many windows of two minutes, one begins each minute."""

MISSED_S = 30.0
"""A bus that comes more than this before the published time is missed."""


def bucket_of(horizon_s: FloatArray, edges_min: Sequence[float] = HORIZONS_MIN) -> npt.NDArray[np.int8]:
    """Bucket (n,) of each horizon; a bucket holds its upper edge, and -1 stands for none."""
    bucket = np.searchsorted(np.array(edges_min) * 60.0, horizon_s, side="left") - 1
    bucket[bucket >= len(edges_min) - 1] = -1
    return bucket.astype(np.int8)


def within(error_s: FloatArray, bucket: IntArray, early_s: Sequence[float], late_s: Sequence[float]) -> BoolArray:
    """Whether each error lies in its bucket's tolerance, edges included; False for buckets without one."""
    known = (bucket >= 0) & (bucket < len(early_s))
    of = np.where(known, bucket, 0)
    inside = (error_s >= -np.array(early_s)[of]) & (error_s <= np.array(late_s)[of])
    return known & inside


def reliable(error_s: FloatArray, horizon_s: FloatArray) -> BoolArray:
    """Whether each prediction (n,) lies between Cal-ITP's curves, by the time that it said was left."""
    left_min = np.maximum(horizon_s - error_s, 0.0) / 60.0
    early, late = np.log(left_min + RELIABLE_EARLY_MIN), np.log(left_min + RELIABLE_LATE_MIN)
    return (error_s > -60.0 * early) & (error_s < 60.0 * late)


def spreads(error_s: FloatArray, horizon_s: FloatArray, call: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Cal-ITP's prediction inconsistency: how far apart the times are that were said of a call within two minutes.

    Parameters: (n,) each without NaN, ordered by `call` (what is predicted) and within it by falling `horizon_s`.
    Returns: for each window (w,) in which something was said: a row of its call, the minute before the passage with
    which it ends, and the spread in seconds.
    """
    if len(error_s) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    minute = (horizon_s // 60.0).astype(np.int64)
    begins = np.flatnonzero((np.diff(call, prepend=call[0] - 1) != 0) | (np.diff(minute, prepend=minute[0]) != 0))
    least, most = np.minimum.reduceat(error_s, begins), np.maximum.reduceat(error_s, begins)
    of, minute = call[begins], minute[begins]
    goes_on = (of[1:] == of[:-1]) & (minute[1:] == minute[:-1] - 1)
    earlier = np.append(False, goes_on)
    # A window ends with each minute that has something in it, and with the one after it where that has not.
    second = np.flatnonzero(earlier)
    spread = most - least
    spread[second] = np.maximum(most[second], most[second - 1]) - np.minimum(least[second], least[second - 1])
    alone = np.flatnonzero(~np.append(goes_on, False) & (minute > 0))
    row, ends = np.append(begins, begins[alone]), np.append(minute, minute[alone] - 1)
    spread = np.append(spread, (most - least)[alone])
    counted = ends < WINDOWS
    return row[counted], ends[counted], spread[counted]
