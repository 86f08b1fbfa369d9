"""A strong method to beat: gradient-boosted trees over what passages alone tell, trained on the train days.

For each call ahead they learn, by quantile regression (LightGBM), how far the passage will lie from the last passage
plus the usual times of the links ahead. They know every passage to the second, but no positions between stops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.accuracy.baselines import LinkMedians, Method, Questions, Traversals, along_links, timetable_run_s
from benchmarks.accuracy.runs import Runs
from predictor.arrays import Float32Array, Float64Array, Int64Array, expand_ranges

HALF_LIFE_S = 1200.0
"""Age at which the residual of the last vehicles counts half."""
PRIOR_WEIGHT = 1.5
FEATURES = 18
FARTHEST_S = 2700.0
"""Questions are asked from so long before the passage on. It is more than is judged: trees that had only ever seen
vehicles that came within half an hour would know, of any other, that it will."""
TRAINED_ROWS = 1_500_000
ASKED_EVERY_S = 60.0
"""The moments asked about for training, as far apart as a judge's messages."""
MEDIAN_TREES, EARLY_TREES = "boosted trees", "boosted trees, 20 % quantile"
_ROWS_AT_A_TIME = 200_000
_PARAMETERS = {
    "objective": "quantile", "num_leaves": 127, "learning_rate": 0.08, "min_data_in_leaf": 300,
    "feature_fraction": 0.8, "verbose": -1, "seed": 1, "deterministic": True,
}  # fmt: skip
_ROUNDS = 300


@dataclass(frozen=True, eq=False)
class Usual:
    """What train days tell of each cell of some runs; all (m,), of the link from the cell to the next."""

    by_link_s: Float64Array
    by_trip_s: Float64Array
    """The same trip's own median; the link's where it was seen too seldom."""
    variance: Float64Array

    @classmethod
    def of(cls, trained: Runs, runs: Runs) -> Usual:
        """Learn from `trained` for the cells of `runs`."""
        by_link = LinkMedians.of(trained).on(runs)
        seen = np.flatnonzero(np.isfinite(trained.ran_s))
        frame = pd.DataFrame({"entry": trained.entry[seen], "link": trained.link[seen], "ran": trained.ran_s[seen]})
        trips = frame.groupby("entry").ran.agg(["median", "size"])
        own = np.full(len(runs.timetable.arrival_s), np.nan)
        often = trips[trips["size"] >= 3]
        own[often.index.to_numpy()] = often["median"].to_numpy()
        own = own[runs.entry]
        spread = np.full(len(runs.timetable.link_from_stop), 900.0)
        variance = frame.groupby("link").ran.var().dropna()
        spread[variance.index.to_numpy()] = variance.to_numpy()
        on_link = runs.link >= 0
        return cls(
            by_link_s=by_link,
            by_trip_s=np.where(on_link, np.where(np.isnan(own), by_link, own), 0.0),
            variance=np.where(on_link, spread[np.maximum(runs.link, 0)], 0.0),
        )


@dataclass(frozen=True, eq=False)
class Residuals:
    """Decaying mean of what the last vehicles over each link needed more than usual, after each traversal."""

    traversals: Traversals
    weight: Float64Array
    total_s: Float64Array

    @classmethod
    def of(cls, runs: Runs, usual: Usual) -> Residuals:
        """Follow every link through the traversals of `runs`."""
        driven = Traversals.of(runs)
        residual = np.clip((runs.ran_s - usual.by_link_s)[driven.cell], -300.0, 600.0)
        frame = pd.DataFrame({"link": driven.link, "known": driven.known})
        start = frame.groupby("link").known.transform("first").to_numpy()
        # Weights grow with time instead of decaying, within a day's reach of a float64.
        grown = np.exp2(np.clip((driven.known - start) / HALF_LIFE_S, 0.0, 900.0))
        sums = frame.assign(weight=grown, total=grown * residual).groupby("link")[["weight", "total"]].cumsum()
        return cls(driven, sums.weight.to_numpy() / grown, sums.total.to_numpy() / grown)

    def at(self, link: Int64Array, moment: Float64Array) -> Float64Array:
        """Shrunk decayed residual (n,) of each link, 0 where nothing is known."""
        at = self.traversals.last(link, moment)
        result = np.zeros(len(link))
        known = np.flatnonzero(at >= 0)
        found = at[known]
        fade = np.exp2(-np.maximum(moment[known] - self.traversals.known[found], 0.0) / HALF_LIFE_S)
        result[known] = self.total_s[found] * fade / (self.weight[found] * fade + PRIOR_WEIGHT)
        return result


def features(runs: Runs, usual: Usual, residuals: Residuals, asked: Questions) -> Float32Array:
    """(n, FEATURES) what the trees are told of each question."""
    parts = [
        _features(runs, usual, residuals, asked.take(slice(at, at + _ROWS_AT_A_TIME)))
        for at in range(0, len(asked), _ROWS_AT_A_TIME)
    ]
    return np.concatenate(parts) if parts else np.empty((0, FEATURES), np.float32)


def _features(runs: Runs, usual: Usual, residuals: Residuals, asked: Questions) -> Float32Array:
    cell, run = asked.cell, runs.run[asked.cell]
    start = runs.ptr[run]
    known = asked.last >= 0
    last = np.where(known, asked.last, start)
    ahead = np.maximum(cell - last, 0)
    owner, there = expand_ranges(last, ahead)
    recent = np.bincount(owner, residuals.at(runs.link[there].astype(np.int64), asked.made_at[owner]), len(cell))
    by_link, by_trip, variance, planned = (
        _between(values, last, cell) for values in (usual.by_link_s, usual.by_trip_s, usual.variance,
                                                    timetable_run_s(runs))
    )  # fmt: skip
    deviation = runs.passed - runs.scheduled
    delay = np.where(known, deviation[last], np.nan)
    before = deviation[np.maximum(last - 2, start)]
    since = np.where(known, asked.made_at - runs.passed[last], np.nan)
    first = runs.first_passed[run]
    driven = np.where(known, runs.passed[last] - runs.passed[first], np.nan)
    expected = _between(usual.by_link_s, first, last)
    hour = runs.hour_of(asked.made_at, run) + (asked.made_at % 3600.0) / 3600.0
    return np.column_stack(
        (
            by_link, by_trip, planned, delay, delay - before, since, since - usual.by_link_s[last], ahead, recent,
            variance, hour, (driven + 120.0) / (expected + 120.0), runs.ptr[run + 1] - cell, by_trip - by_link,
            runs.scheduled[cell] - asked.made_at, residuals.at(runs.link[last].astype(np.int64), asked.made_at),
            cell - start, along_links(runs, asked, usual.by_link_s) - asked.made_at,
        )
    ).astype(np.float32)  # fmt: skip


def _between(values: Float64Array, first: Int64Array, last: Int64Array) -> Float64Array:
    total = np.cumsum(values) - values
    return total[last] - total[np.minimum(first, last)]


def training_questions(runs: Runs) -> Questions:
    """Judged calls of vehicles under way, asked about at a moment of each minute before, up to `FARTHEST_S`."""
    cells = np.flatnonzero(runs.judged)
    minutes = np.arange(FARTHEST_S / ASKED_EVERY_S)
    random = np.random.default_rng(1)
    # About three in four such moments lie before the trip's first passage.
    share = min(1.0, 4.0 * TRAINED_ROWS / max(len(cells) * len(minutes), 1))
    keep = random.random(len(cells) * len(minutes)) < share
    cell, minute = np.repeat(cells, len(minutes))[keep], np.tile(minutes, len(cells))[keep]
    asked = Questions.of(runs, runs.passed[cell] - ASKED_EVERY_S * (minute + random.random(len(cell))), cell)
    return asked.take(np.flatnonzero(asked.last >= 0))


def methods(trained: Runs, runs: Runs) -> dict[str, Method]:
    """Train on all questions that could have been asked of vehicles under way on the train days; answer for `runs`.

    No answer (NaN) for vehicles not yet under way. Cost: minutes.
    """
    asked = training_questions(trained)
    usual = Usual.of(trained, trained)
    inputs = features(trained, usual, Residuals.of(trained, usual), asked)
    target = trained.passed[asked.cell] - along_links(trained, asked, usual.by_link_s)
    known = Usual.of(trained, runs)
    news = Residuals.of(runs, known)

    def method(level: float) -> Method:
        import lightgbm

        trees = lightgbm.train(_PARAMETERS | {"alpha": level}, lightgbm.Dataset(inputs, target), _ROUNDS)

        def answer(asked: Questions) -> Float64Array:
            times = np.full(len(asked), np.nan)
            rows = np.flatnonzero(asked.last >= 0)
            some = asked.take(rows)
            missed = np.asarray(trees.predict(features(runs, known, news, some)))
            times[rows] = np.maximum(along_links(runs, some, known.by_link_s) + missed, some.made_at)
            return times

        return answer

    return {MEDIAN_TREES: method(0.5), EARLY_TREES: method(0.2)}
