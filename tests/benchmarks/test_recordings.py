"""The judge against figures that were computed from the recordings by others, on other moments of prediction.

Those figures (README of the recordings) come from an unknown sampling of moments; predictions made at each passage,
as here, and predictions made every half minute lie to either side of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import baselines, scores, truth
from benchmarks.accuracy.baselines import Method, Questions
from benchmarks.accuracy.runs import Runs
from predictor.accuracy import measures
from predictor.arrays import Float64Array

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def runs_of(folder: str, *days: int) -> Runs:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no recording at {DATA / folder}")
    load_timetable = pytest.importorskip("feeds.timetable").load_timetable
    timetable = load_timetable(DATA / folder / "gtfs.zip").timetable
    return Runs.of(truth.of_folder(DATA / folder, timetable, list(days)).passages, timetable)


def asked_at_each_passage(runs: Runs) -> Questions:
    """Every later call of the run, asked about at every passage."""
    cells = np.flatnonzero(~np.isnan(runs.passed))
    longest = int(np.diff(runs.ptr).max())
    begin, cell = np.repeat(cells, longest), (cells[:, None] + np.arange(1, longest + 1)).ravel()
    inside = cell < runs.ptr[runs.run[begin] + 1]
    begin, cell = begin[inside], cell[inside]
    judged = runs.judged[cell] & (runs.passed[cell] > runs.passed[begin])
    made_at = runs.passed[begin[judged]]
    return Questions.of(runs, made_at, cell[judged], at_once=True)


def figures(runs: Runs, asked: Questions, method: Method) -> tuple[float, Float64Array]:
    """ETA score and mean absolute error by bucket."""
    actual = runs.passed[asked.cell]
    error, horizon = actual - method(asked), actual - asked.made_at
    mae = [scores.score(error, horizon, bucket=b).mae for b in range(len(measures.BUCKETS))]
    return scores.score(error, horizon).eta, np.array(mae)


@pytest.mark.recording
def test_pvta_scores_as_computed_from_its_passages() -> None:
    runs = runs_of("pvta-2015", 20151117)
    asked = asked_at_each_passage(runs)
    eta, _ = figures(runs, asked, lambda q: baselines.schedule(runs, q))
    assert eta == pytest.approx(0.547, abs=0.02)
    eta, mae = figures(runs, asked, lambda q: baselines.schedule_and_delay(runs, q))
    # Calls that the feed gives in an order that cannot be driven are judged at their right place here.
    assert eta == pytest.approx(0.754, abs=0.03)
    assert mae == pytest.approx(np.array([35.5, 67.8, 96.8, 126.4, 175.1]), rel=0.17)


@pytest.mark.recording
def test_the_tram_scores_as_computed_from_its_stop_events() -> None:
    runs = runs_of("stib-tram55-2025", 20250318)
    eta, mae = figures(runs, asked_at_each_passage(runs), lambda q: baselines.schedule_and_delay(runs, q))
    assert eta == pytest.approx(0.854, abs=0.025)
    assert mae == pytest.approx(np.array([29.8, 49.0, 68.3, 94.7, 139.7]), rel=0.15)


@pytest.mark.recording
def test_most_of_a_days_stop_reports_are_passages_to_the_second() -> None:
    runs = runs_of("pvta-2015", 20151117)
    assert runs.judged.sum() > 34_000
    assert runs.judged.sum() > 0.97 * np.isfinite(runs.passed).sum()
    lateness = (runs.passed - runs.scheduled)[runs.judged]
    assert abs(np.median(lateness)) < 120
    assert np.quantile(np.abs(lateness), 0.99) < 1200
