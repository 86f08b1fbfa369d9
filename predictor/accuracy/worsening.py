"""When predictions for a line have become worse than they used to be."""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float64Array

ENOUGH_PREDICTIONS = 200
"""Of fewer, a score is chance."""
ENOUGH_DAYS = 5
WORSE_BY = 0.1
"""Smaller differences are not worth anybody's while,"""
DEVIATIONS = 3.0
"""nor those that are usual between one day and another."""
_NORMAL = 1.4826


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
