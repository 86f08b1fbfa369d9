"""The measures of many predictions by group: sums that can be added up over any span, and the figures made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from predictor.accuracy import measures
from predictor.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from predictor.columns import Columns

SUMS = (
    "predictions", "absolute_s", "error_s", "missed", "eta", "mbta", "reliable", "ranges", "inside", "width_s",
    "windows", "spread_s",
)  # fmt: skip
"""What is summed of each group and horizon bucket: how many predictions, their absolute errors and errors; those whose
vehicle was missed; those within the ETA Accuracy Benchmark's tolerance, within MBTA's, between Cal-ITP's curves; how
many had a range, those inside it, its widths; the windows of prediction inconsistency, and their spreads."""
BUCKETS = len(measures.BUCKETS)
FIGURES = ("mae", "bias", "missed", "mbta", "reliable", "coverage", "width_s", "inconsistency_s", "eta")
_PARTS = {
    "mae": ("absolute_s", "predictions"), "bias": ("error_s", "predictions"), "missed": ("missed", "predictions"),
    "mbta": ("mbta", "predictions"), "reliable": ("reliable", "predictions"), "coverage": ("inside", "ranges"),
    "width_s": ("width_s", "ranges"), "inconsistency_s": ("spread_s", "windows"),
}  # fmt: skip
ENOUGH_PREDICTIONS = 200
"""Of fewer, a score is chance."""
ENOUGH_DAYS = 5
WORSE_BY = 0.1
"""Smaller differences are not worth anybody's while,"""
DEVIATIONS = 3.0
"""nor those that are usual between one day and another."""
_NORMAL = 1.4826


@dataclass(frozen=True, eq=False)
class Errors(Columns):
    """Predictions side by side with what happened; all arrays (n,), ordered by `call` and falling `horizon_s`."""

    call: Int64Array
    """Number of what is predicted."""
    horizon_s: Float32Array
    """From the prediction to the passage, at most half an hour."""
    error_s: Float32Array
    """Actual − predicted; without NaN."""
    p10_error_s: Float32Array
    """The same of the quantiles, NaN where there is no range."""
    p90_error_s: Float32Array


def sums_of(errors: Errors, group: Int64Array, groups: int) -> Float64Array:
    """`SUMS` of predictions by group (n,) and horizon bucket, (groups, BUCKETS, len(SUMS)). All of a call's predictions
    are of one group."""
    horizon, error = errors.horizon_s, errors.error_s
    bucket = measures.bucket_of(horizon)
    low, high = errors.p10_error_s, errors.p90_error_s
    ranged = np.isfinite(low) & np.isfinite(high)
    columns: dict[str, Float32Array | BoolArray] = {
        "predictions": np.ones(len(error), bool),
        "absolute_s": np.abs(error),
        "error_s": error,
        "missed": error < -measures.MISSED_S,
        "eta": measures.within(error, bucket, measures.ETA_EARLY_S, measures.ETA_LATE_S),
        "mbta": measures.within(
            error, measures.bucket_of(horizon, measures.MBTA_MIN), measures.MBTA_EARLY_S, measures.MBTA_LATE_S
        ),
        "reliable": measures.reliable(error, horizon),
        "ranges": ranged,
        "inside": ranged & (low >= 0) & (high <= 0),
        "width_s": np.where(ranged, low - high, np.float32(0)),
    }
    size = groups * BUCKETS
    result = np.zeros((size, len(SUMS)))
    known = np.flatnonzero(bucket >= 0)
    key = group[known] * BUCKETS + bucket[known]
    for place, name in enumerate(SUMS[:-2]):
        result[:, place] = np.bincount(key, weights=columns[name][known], minlength=size)
    row, ends, spread = measures.spreads(error[known], horizon[known], errors.call[known])
    # A window is of the bucket in which it ends.
    key = group[known[row]] * BUCKETS + measures.bucket_of(60.0 * (ends + 1.0))
    result[:, -2] = np.bincount(key, minlength=size)
    result[:, -1] = np.bincount(key, weights=spread, minlength=size)
    return result.reshape(groups, BUCKETS, len(SUMS))


def figures_of(sums: Float64Array) -> tuple[Mapping[str, Float64Array], Mapping[str, Float64Array]]:
    """`FIGURES` of each group by bucket (groups, BUCKETS), and over all of its buckets (groups,); NaN where there is
    nothing to judge.

    `eta` is a bucket's share within the ETA Accuracy Benchmark's tolerance (none beyond a quarter of an hour), over all
    buckets the benchmark's score: the plain mean of the four shares, or of those that there are.
    """
    of = {name: sums[..., place] for place, name in enumerate(SUMS)}
    with np.errstate(invalid="ignore", divide="ignore"):
        by_bucket = {name: of[part] / of[whole] for name, (part, whole) in _PARTS.items()}
        overall = {name: of[part].sum(-1) / of[whole].sum(-1) for name, (part, whole) in _PARTS.items()}
        share = of["eta"] / of["predictions"]
        share[..., len(measures.ETA_EARLY_S) :] = np.nan
        has = np.isfinite(share)
        score = np.where(has, share, 0.0).sum(-1) / np.where(has.any(-1), has.sum(-1), np.nan)
    return by_bucket | {"eta": share}, overall | {"eta": score}


def worse_than_usual(
    now: Float64Array, now_predictions: Float64Array, past: Float64Array, past_predictions: Float64Array
) -> tuple[BoolArray, Float64Array]:
    """Whether each line's score (L,) is far below those of the same hours of earlier days (L, D), NaN where there is
    none; and its usual score (L,), NaN where too little is known."""
    known = np.where((past_predictions >= ENOUGH_PREDICTIONS) & np.isfinite(past), past, np.nan)
    usual = np.full(len(now), np.nan)
    away = np.full(len(now), np.nan)
    some = np.flatnonzero(np.isfinite(known).sum(axis=1) >= ENOUGH_DAYS)
    usual[some] = np.nanmedian(known[some], axis=1)
    away[some] = _NORMAL * np.nanmedian(np.abs(known[some] - usual[some, None]), axis=1)
    worse: BoolArray = now < usual - np.fmax(WORSE_BY, DEVIATIONS * away)
    return worse & (now_predictions >= ENOUGH_PREDICTIONS), usual
