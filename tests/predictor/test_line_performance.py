"""Run times and headways of a line, by hand-computed examples."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.accuracy.completeness import scheduled_between
from predictor.accuracy.line_performance import headways_kept, segment_runs
from predictor.passages import Passages
from predictor.timetable import Timetable
from tests.api.town import DATE, TOWN, at, headway_town


def passages(tt: Timetable, *rows: tuple[int, int, int, float, float, float]) -> Passages:
    """(trip, shift, call, arrival, departure, standard deviation) of vehicles of their own."""
    trip, shift_s, call = (np.array([row[i] for row in rows], np.int32) for i in range(3))
    arrival, departure, sd = (np.array([row[i] for row in rows], np.float64) for i in range(3, 6))
    return Passages(
        trip=trip, service_day=np.full(len(rows), tt.date_index[DATE], np.int32), shift_s=shift_s,
        vehicle_id=np.array([f"v{t}.{s}" for t, s in zip(trip, shift_s, strict=True)]), call=call,
        stop=tt.stop_at(trip, call), arrival=arrival, departure=departure, arrival_sd_s=sd,
        named=np.ones(len(rows), bool),
    )  # fmt: skip


def test_run_times_are_from_leaving_a_stop_to_reaching_the_next() -> None:
    rows = [
        (trip, 0, call, start + 200 * call, start + 200 * call + 20, 5.0)
        for trip, start in ((0, at(8)), (1, at(8, 20)), (2, at(8, 41)))
        for call in range(4)
    ]
    # Not certain enough: neither the run to it nor the one from it is told.
    rows[5] = (*rows[5][:5], 90.0)
    runs = segment_runs(passages(TOWN, *rows), TOWN)
    assert runs.runs.tolist() == [2, 2, 3]
    assert runs.hour.tolist() == [8, 8, 8]
    assert runs.run_s == pytest.approx(180.0)
    assert runs.scheduled_s == pytest.approx(120.0)
    assert runs.speed_m_s == pytest.approx(600.0 / 180.0, rel=0.02)


def test_headways_are_held_against_the_timetables() -> None:
    """Trams due every twenty minutes leave the first stop after 10 and 30 minutes."""
    tt, origin = TOWN, float(TOWN.date_origin[TOWN.date_index[DATE]])
    rows = [(trip, 0, 0, np.nan, leaves, 5.0) for trip, leaves in ((0, at(8)), (1, at(8, 10)), (2, at(8, 40)))]
    kept = headways_kept(passages(tt, *rows), scheduled_between(tt, origin, origin + 86_400.0), tt)
    assert (kept.headways.tolist(), kept.direction.tolist(), kept.hour.tolist()) == ([2], [0], [8])
    assert (kept.scheduled_s[0], kept.actual_s[0]) == (1200.0, 1200.0)
    assert kept.variation[0] == pytest.approx(600.0 / 1200.0)
    assert kept.kept[0] == 1.0
    # Mean square over twice the mean: (600² + 1800²) / (2 · 2400) less 600.
    assert kept.excess_wait_s[0] == pytest.approx(150.0)


def test_a_line_run_by_headway_is_held_against_its_headway() -> None:
    tt = headway_town()
    rows = [(0, shift, 1, leaves, leaves, 5.0) for shift, leaves in ((0, at(8)), (600, at(8, 10)), (700, at(8, 12)))]
    kept = headways_kept(passages(tt, *rows), scheduled_between(tt, at(7), at(10)), tt)
    assert kept.scheduled_s.tolist() == [600.0]
    assert kept.kept.tolist() == [0.5]
