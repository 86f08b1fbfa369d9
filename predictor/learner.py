"""Collects predictions with what then happened, and trains the quantile network on them.

The targets are passages that the engine found itself, so any network can learn from its own recordings.
"""

from __future__ import annotations

import numpy as np

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from predictor.arrivals import Chain
from predictor.features import FEATURES, scale_s
from predictor.passages import Passages
from predictor.quantile_net import QuantileNet

HORIZON_S = 2400.0
_SHARP_S = 45.0
"""Passages known worse than this teach nothing."""


class Learner:
    """Keeps a random share of the predicted rows until their calls are passed, then as samples."""

    def __init__(self, share: float = 0.1, seed: int = 1) -> None:
        self._share = share
        self._random = np.random.default_rng(seed)
        self._key = np.empty(0, np.int64)
        self._made = np.empty(0)
        self._expected = np.empty(0)
        self._features = np.empty((0, len(FEATURES)), np.float32)
        self._open: list[tuple[Int64Array, Float64Array, Float64Array, Float32Array]] = []
        self._samples: list[tuple[Float32Array, Float32Array]] = []

    def offer(self, chain: Chain, key: Int64Array, features: Float32Array, now: float) -> None:
        """Take a share of the rows predicted at `now`; `key` (rows,) names vehicle-independent calls of journeys."""
        near = (chain.arrival < now + HORIZON_S) & ~chain.standing
        rows = np.flatnonzero(near & (self._random.random(len(chain)) < self._share))
        self._open.append((key[rows], np.full(len(rows), now), np.maximum(chain.arrival[rows], now), features[rows]))

    def resolve(self, passages: Passages, key: Int64Array) -> None:
        """Turn the rows whose call has been passed (`key` (n,) of the passages) into samples."""
        if self._open:
            parts = [(self._key, self._made, self._expected, self._features), *self._open]
            self._key, self._made, self._expected, self._features = (
                np.concatenate([part[0] for part in parts]),
                np.concatenate([part[1] for part in parts]),
                np.concatenate([part[2] for part in parts]),
                np.concatenate([part[3] for part in parts]),
            )
            self._open = []
        if len(passages) == 0 or len(self._key) == 0:
            return
        at = np.where(passages.call == 0, passages.departure, passages.arrival)
        usable = np.isfinite(at) & (passages.arrival_sd_s < _SHARP_S)
        order = np.argsort(key[usable])
        passed, time = key[usable][order], at[usable][order]
        if len(passed):
            place = np.minimum(np.searchsorted(passed, self._key), len(passed) - 1)
            hit = passed[place] == self._key
            actual = time[place]
            rows = np.flatnonzero(hit & (actual >= self._made))
            seconds = actual[rows] - self._expected[rows]
            unit = scale_s(self._expected[rows] - self._made[rows])
            self._samples.append((self._features[rows], np.clip(seconds / unit, -12.0, 12.0).astype(np.float32)))
        self._keep(~np.isin(self._key, key))

    def forget(self, before: float) -> None:
        """Drop rows made before a time whose passage was never found."""
        self._keep(self._made >= before)

    def _keep(self, rows: BoolArray) -> None:
        if not rows.all():
            self._key, self._made = self._key[rows], self._made[rows]
            self._expected, self._features = self._expected[rows], self._features[rows]

    def samples(self) -> tuple[Float32Array, Float32Array]:
        """Features (n, F) and targets (n,) gathered so far."""
        if not self._samples:
            return np.empty((0, len(FEATURES)), np.float32), np.empty(0, np.float32)
        features = np.concatenate([part[0] for part in self._samples])
        target = np.concatenate([part[1] for part in self._samples])
        self._samples = [(features, target)]
        return features, target

    def fit(self, start: QuantileNet | None = None, epochs: int = 8) -> QuantileNet | None:
        """A network trained on the samples, None where they are too few."""
        features, target = self.samples()
        if len(target) < 5000:
            return start
        return QuantileNet.fit(features, target, epochs=epochs, start=start)
