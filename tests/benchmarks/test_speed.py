"""What the table of speed makes of what was measured."""

from __future__ import annotations

import pytest

from benchmarks.speed.figure import Figure
from benchmarks.speed.figures import growth
from benchmarks.speed.steps import StepTimes


def times(vehicles: int, step_ms: float, memory_mb: float) -> StepTimes:
    return StepTimes("simulator", vehicles, 0, 0, 0, 1.0, step_ms, step_ms, memory_mb)


def test_what_grows_faster_than_the_fleet_misses_its_target() -> None:
    time, memory = growth(times(1000, 20.0, 80.0), times(100_000, 2000.0, 80_000.0))
    assert [time.value, memory.value] == pytest.approx([1.0, 1.5])
    assert (time.ok, memory.ok) == (True, False)


def test_a_row_without_a_target_is_neither_met_nor_missed() -> None:
    assert Figure("work", 1.0, "ms").as_json()["ok"] is None
    assert Figure("work", 3.0, "times", 3.0, "at least").ok
    assert not Figure("work", 2.9, "times", 3.0, "at least").ok
