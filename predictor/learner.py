"""Learns how far predictions miss: keeps them until their calls are passed, and trains the network on what came out.

The targets are passages that the engine found itself, so any network of lines learns from its own past, live as in a
replay: `study` is called at every step and trains when enough is new.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import BoolArray, Float32Array, Float64Array, Int64Array, clipped, is_among, places_of, where_true
from predictor.arrivals_loop import Chain
from predictor.calibration import Calibration
from predictor.columns import Columns
from predictor.features import FEATURES, has_begun, scale_s
from predictor.journeys import driven_call_key
from predictor.learned import Learned
from predictor.passages import Passages
from predictor.quantile_net import QuantileNet

_SHARP_S = 45.0
"""Passages known worse than this teach nothing."""
_ROWS_A_STEP = 200
_SAMPLED_VEHICLES = 250
"""Of so many at a time: of a larger fleet, to predict all for the sake of a sample would cost more than the rest."""
_OFFER_EVERY_S = 25.0
_FORGOTTEN_AFTER_S = 3.0 * 3600.0
_FARTHEST = 12.0
_PARTS = 2**16 - 1
"""So many remainders tell keys apart; no divisor of what keys are made of."""

FIRST_LESSON = 4000
"""Samples that a first network is trained on."""
LESSON_SHARE = 0.25
"""A lesson begins when this share of all samples is new,"""
LESSON_EVERY_S = 3600.0
"""or this long after the one before, while the network has not learned much of its own city yet."""
THOROUGH = 200_000
"""Samples of its own city after which a network is moved by a lesson only as much as the lesson is long."""
REHEARSED = 30_000
"""Old samples studied again in every lesson, so that an hour of jams does not make a network forget the rest."""

THOROUGH_HIDDEN = 128
"""Hidden units of a network that is trained on days at a time."""


@dataclass(frozen=True, eq=False)
class _Open(Columns):
    """Predictions whose calls are not yet passed."""

    key: Int64Array
    """`driven_call_key`"""
    made: Float64Array
    expected: Float64Array
    row: Int64Array
    """Of the learner's features: to move these at each step would cost more than all else here."""


class Learner:
    """Samples, and the network and its calibration trained on them. `net` is None until there is one."""

    def __init__(
        self,
        net: QuantileNet | None = None,
        calibration: Calibration | None = None,
        taught: int = 0,
        capacity: int = 300_000,
        seed: int = 1,
        *,
        lessons: bool = True,
    ) -> None:
        """`taught`: samples of its own city that `net` has learned; `capacity`: samples kept; `lessons`: whether
        `study` trains."""
        self.net = net
        self.taught = taught
        self.calibration = calibration.copy() if calibration else Calibration()
        self._random = np.random.default_rng(seed)
        self._open = _Open.empty()
        self._features = np.empty((0, len(FEATURES)), np.float32)
        self._free = np.empty(0, np.int64)
        self._offered_at = -np.inf
        # Samples: the first `_old` rows have been studied, those up to `_count` are new. Room for all of them at once:
        # the system gives memory to rows when they are written.
        self._sample = np.empty((capacity, len(FEATURES)), np.float32)
        self._target = np.empty(capacity, np.float32)
        self.capacity = capacity
        self._old = self._count = 0
        self._lessons = lessons
        self.given = 0
        """So many lessons were."""
        self._studied_at = -np.inf

    @classmethod
    def of(cls, learned: Learned, capacity: int = 300_000) -> Learner:
        """One that goes on from what was learned earlier."""
        return cls(learned.net, learned.calibration, learned.taught, capacity)

    def go_on_from(self, learned: Learned) -> None:
        """Take over a network and its calibration, beside one's own samples."""
        self.net, self.taught = learned.net, learned.taught
        self.calibration = learned.calibration.copy() if learned.calibration else Calibration()

    def sampled(self, vehicles: int, now: float) -> BoolArray:
        """(vehicles,) those whose predictions `offer` is to be given now, whether they have reported or not: none most
        of the time."""
        if now - self._offered_at < _OFFER_EVERY_S:
            return np.zeros(vehicles, bool)
        if vehicles <= _SAMPLED_VEHICLES:
            return np.ones(vehicles, bool)
        return self._random.random(vehicles) * vehicles < _SAMPLED_VEHICLES

    def offer(self, chain: Chain, rows: Int64Array, features: Float32Array, sampled: BoolArray, now: float) -> None:
        """Take some of the `rows` (n,) of a chain predicted at `now` that are of vehicles `sampled` (slots,), with
        their features (n, F)."""
        if not sampled.any():
            return
        self._offered_at = now
        among = where_true(sampled[chain.slot[rows]])
        if len(among) > _ROWS_A_STEP:
            among = np.sort(self._random.choice(among, _ROWS_A_STEP, replace=False))
        taken = chain.take(rows[among])
        self._keep(self._open.made >= now - _FORGOTTEN_AFTER_S)
        key = driven_call_key(taken.service_day, taken.entry, taken.shift_s)
        offered = _Open(key, np.full(len(among), now), np.maximum(taken.arrival, now), self._room(len(among)))
        self._features[offered.row] = features[among]
        self._open = _Open.joined(self._open, offered)

    def resolve(self, passages: Passages, key: Int64Array) -> None:
        """Turn the rows whose call has been passed (`key` (n,) of the passages) into samples."""
        opened = self._open
        if len(key) == 0 or len(opened) == 0:
            return
        # Of thousands that are open few are passed at a time: most are told from these by a part of their key.
        alike = np.zeros(_PARTS, bool)
        alike[key % _PARTS] = True
        rows = where_true(alike[opened.key % _PARTS])
        at = np.where(passages.call == 0, passages.departure, passages.arrival)
        usable = np.isfinite(at) & (passages.arrival_sd_s < _SHARP_S)
        order = np.argsort(key[usable])
        passed, time = key[usable][order], at[usable][order]
        if len(passed):
            place = places_of(opened.key[rows], passed)
            told = (place >= 0) & (time[place] >= opened.made[rows])
            known = opened.take(rows[told])
            ahead = known.expected - known.made
            missed = (time[place[told]] - known.expected) / scale_s(ahead)
            self._take(self._features[known.row], ahead, clipped(missed, -_FARTHEST, _FARTHEST).astype(np.float32))
        keep = np.ones(len(opened), bool)
        keep[rows[is_among(opened.key[rows], key)]] = False
        self._keep(keep)

    def study(self, now: float) -> None:
        """Train on what is new, with as much of the old, when there is enough of it."""
        new = self._count - self._old
        thorough = self.taught >= THOROUGH
        if self.net is None:
            due = self._count >= FIRST_LESSON
        elif thorough:
            due = new >= LESSON_SHARE * min(self.taught, 2 * self.capacity)
        else:
            due = new >= FIRST_LESSON // 4 and (
                new >= LESSON_SHARE * self._count or now - self._studied_at >= LESSON_EVERY_S
            )
        if not (due and self._lessons):
            return
        again = self._random.choice(self._old, min(self._old, max(new, REHEARSED)), replace=False)
        rows = np.concatenate([again, np.arange(self._old, self._count)])
        first = self.net is None
        share = len(rows) / max(self.taught, len(rows)) if thorough else 1.0
        self.net = QuantileNet.fit(
            self._sample[rows], self._target[rows], epochs=20 if first else 2, batch=512,
            rate=3e-3 if first else 1e-3 * share, start=self.net,
        )  # fmt: skip
        self.calibration.network_learned()
        self._studied_at, self._old = now, self._count
        self.taught += new
        self.given += 1

    def study_all(self) -> None:
        """Train a network from the beginning on all samples, where they suffice: after days of replay."""
        if self._count >= FIRST_LESSON:
            samples, targets = self.samples()
            self.net = QuantileNet.fit(samples, targets, hidden=THOROUGH_HIDDEN)
            self.calibration.network_learned()
            self._old = self.taught = self._count

    @property
    def open_keys(self) -> Int64Array:
        """The keys of the predictions whose calls are not yet passed."""
        return self._open.key

    def drop_open(self, gone: BoolArray) -> None:
        """Forget those of `open_keys` (n,) that speak of other calls now."""
        self._keep(~gone)

    def samples(self) -> tuple[Float32Array, Float32Array]:
        """Features (n, F) and targets (n,) kept at present, in the unit of `scale_s`."""
        return self._sample[: self._count], self._target[: self._count]

    def _take(self, features: Float32Array, ahead_s: Float64Array, missed: Float32Array) -> None:
        if len(missed) == 0:
            return
        if self.net is not None:
            self.calibration.observe(self.net.predict(features), ahead_s, has_begun(features), missed)
        self.take_samples(features, missed)

    def take_samples(self, features: Float32Array, missed: Float32Array) -> None:
        """Keep features (n, F) and targets (n,), as `samples` gives them, beside what is kept."""
        if self._count + len(missed) > self.capacity:
            # Make room: of the samples already studied a random half goes.
            kept = np.sort(self._random.choice(self._count, min(self._count, self.capacity // 2), replace=False))
            self._sample[: len(kept)], self._target[: len(kept)] = self._sample[kept], self._target[kept]
            self._count = len(kept)
            self._old = int(np.searchsorted(kept, self._old))
        room = self.capacity - self._count
        features, missed = features[:room], missed[:room]
        end = self._count + len(missed)
        self._sample[self._count : end], self._target[self._count : end] = features, missed
        self._count = end

    def _room(self, rows: int) -> Int64Array:
        """Free rows of `_features`, no longer free."""
        if (more := rows - len(self._free)) > 0:
            kept = len(self._features)
            grown = np.empty((kept + max(more, kept // 2), self._features.shape[1]), np.float32)
            grown[:kept] = self._features
            self._features, self._free = grown, np.concatenate([np.arange(kept, len(grown)), self._free])
        self._free, taken = np.split(self._free, [len(self._free) - rows])
        return taken

    def _keep(self, rows: BoolArray) -> None:
        if not rows.all():
            self._free = np.concatenate([self._free, self._open.row[~rows]])
            self._open = self._open.take(rows)
