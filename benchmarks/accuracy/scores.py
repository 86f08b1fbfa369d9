"""The figures of the accuracy benchmark's tables, of the measures of `predictor.accuracy.measures`."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from predictor.accuracy.measures import (
    ETA_EARLY_S,
    ETA_LATE_S,
    MBTA_EARLY_S,
    MBTA_LATE_S,
    MBTA_MIN,
    MISSED_S,
    FloatArray,
    IntArray,
    bucket_of,
    reliable,
    within,
)
from predictor.arrays import BoolArray

LEVELS = (0.1, 0.5, 0.9)
"""Levels of the published quantiles."""


@dataclass(frozen=True)
class Score:
    """Figures of one method over one set of predictions; seconds unless said otherwise, NaN where nothing to judge."""

    predictions: int
    mae: float
    median_ae: float
    bias: float
    """Mean error: positive when vehicles come later than said."""
    p90_ae: float
    missed: float
    """Share of predictions whose vehicle passed more than 30 s before the predicted time."""
    eta: float
    """Share within the ETA Accuracy Benchmark's tolerance; over all buckets: the plain mean of the four shares."""
    mbta: float
    """Share within MBTA's tolerance, each prediction by its own bin."""
    reliable: float
    """Share between the two curves of Cal-ITP's reliable prediction accuracy."""


@dataclass(frozen=True)
class RangeScore:
    """How good the range p10 to p90 is over one set of predictions."""

    predictions: int
    coverage: float
    """Share of passages inside the range; 0.8 is right."""
    below: float
    """Share before p10; 0.1 is right."""
    above: float
    """Share after p90."""
    width_s: float
    """Mean of p90 − p10."""
    pinball_s: float
    """Mean pinball loss over the levels 0.1, 0.5 and 0.9."""


def eta_score(error_s: FloatArray, bucket: IntArray) -> float:
    """ETA Accuracy Benchmark: the plain mean of the four buckets' shares; NaN where one of them is empty."""
    inside = within(error_s, bucket, ETA_EARLY_S, ETA_LATE_S)
    return float(np.mean([mean(inside[bucket == b]) for b in range(len(ETA_EARLY_S))]))


def score(error_s: FloatArray, horizon_s: FloatArray, *, bucket: int | None = None) -> Score:
    """All point figures over predictions with `error_s` (NaN: no prediction) made `horizon_s` before the passage.

    With `bucket`, `eta` is that bucket's share (NaN beyond 15 minutes); without, the benchmark's score.
    """
    of = bucket_of(horizon_s)
    chosen = np.isfinite(error_s) & (of >= 0 if bucket is None else of == bucket)
    error, of, horizon = error_s[chosen], of[chosen], horizon_s[chosen]
    if len(error) == 0:
        return Score(0, *[float("nan")] * (len(fields(Score)) - 1))
    size = np.abs(error)
    if bucket is None:
        eta = eta_score(error, of)
    else:
        eta = mean(within(error, of, ETA_EARLY_S, ETA_LATE_S)) if bucket < len(ETA_EARLY_S) else float("nan")
    median, p90 = np.quantile(size, [0.5, 0.9])
    return Score(
        predictions=len(error),
        mae=mean(size),
        median_ae=float(median),
        bias=mean(error),
        p90_ae=float(p90),
        missed=mean(error < -MISSED_S),
        eta=eta,
        mbta=mean(within(error, bucket_of(horizon, MBTA_MIN), MBTA_EARLY_S, MBTA_LATE_S)),
        reliable=mean(reliable(error, horizon)),
    )


def pinball(error_s: FloatArray, level: float) -> FloatArray:
    """Pinball loss (n,) of a quantile forecast at `level` whose error (actual − quantile) is `error_s`."""
    loss: FloatArray = np.maximum(level * error_s, (level - 1.0) * error_s)
    return loss


def range_score(p10_error: FloatArray, p50_error: FloatArray, p90_error: FloatArray) -> RangeScore:
    """Figures of the range from the errors (actual − quantile) of its three quantiles; rows with a NaN are left out."""
    known = np.isfinite(p10_error) & np.isfinite(p50_error) & np.isfinite(p90_error)
    low, mid, high = p10_error[known], p50_error[known], p90_error[known]
    below, above = mean(low < 0), mean(high > 0)
    return RangeScore(
        predictions=len(low),
        coverage=mean((low >= 0) & (high <= 0)),
        below=below,
        above=above,
        width_s=mean(low - high),
        pinball_s=float(np.mean([mean(pinball(e, q)) for e, q in zip((low, mid, high), LEVELS, strict=True)])),
    )


def jumps(error_s: FloatArray, horizon_s: FloatArray, call: IntArray, *, largest_gap_s: float) -> FloatArray:
    """How far the predicted time moved between consecutive messages about the same call, seconds.

    Parameters: (n,) each, ordered by `call` (what is predicted) and within it by falling `horizon_s`. Two messages
    are consecutive when not more than `largest_gap_s` apart. Returns one absolute jump for each such pair.
    """
    same = call[1:] == call[:-1]
    # Both predictions are measured against one actual passage, so the prediction moved as much as the error did.
    moved = np.abs(np.diff(error_s))
    result: FloatArray = moved[same & (-np.diff(horizon_s) <= largest_gap_s) & np.isfinite(moved)]
    return result


def mean(values: FloatArray | BoolArray) -> float:
    """Mean, NaN of nothing."""
    return float(np.mean(values, dtype=np.float64)) if len(values) else float("nan")
