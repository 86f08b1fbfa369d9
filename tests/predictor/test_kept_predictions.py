"""Between their reports vehicles keep the times that were told of them."""

from __future__ import annotations

import numpy as np
import pytest

from predictor import legs
from predictor.engine import Engine
from predictor.kept_predictions import REFRESH_S
from predictor.observations import Observations
from predictor.snapshot import Snapshot
from tests.predictor.small_network import LINK_S, ORIGIN, SPACING_M, cancellations, report, timetable

START = ORIGIN + 8 * 3600


def under_way() -> tuple[Engine, Snapshot, float]:
    """An engine that has seen a vehicle drive from the first stop past the second, and when."""
    engine = Engine(timetable())
    for nth in range(5):
        at = START + nth * LINK_S / 4
        snapshot = engine.step(report(at, 1.4 * nth * SPACING_M / 4), at)
    return engine, snapshot, at


def times(snapshot: Snapshot) -> dict[int, float]:
    """Of the vehicle's first trip, by call."""
    rows = np.flatnonzero((snapshot.predictions.vehicle >= 0) & (snapshot.predictions.trip == 0))
    made = snapshot.predictions
    return dict(zip(made.call[rows].tolist(), made.p50[rows].tolist(), strict=True))


def test_without_news_the_times_stay() -> None:
    engine, before, at = under_way()
    assert times(engine.step(Observations.empty(at + 10.0), at + 10.0)) == times(before)


def test_no_time_of_a_vehicle_that_has_not_come_lies_in_the_past() -> None:
    engine, before, at = under_way()
    late = min(times(before).values()) + 5.0
    while at < late:
        at += 9.0
        after = engine.step(Observations.empty(at), at)
        assert min(times(after).values()) >= at
        made = after.predictions
        assert (made.p10 <= made.p50).all() and (made.p50 <= made.p90).all() and (made.arrival <= made.departure).all()


def test_a_report_brings_new_times() -> None:
    engine, before, at = under_way()
    after = engine.step(report(at + 10.0, 1.8 * SPACING_M), at + 10.0)
    assert min(times(after).values()) < min(times(before).values())


def test_after_a_while_the_times_are_computed_anew() -> None:
    engine, before, at = under_way()
    engine.driving_times.travel_times.link_mean_s[:] = 3.0 * LINK_S
    engine.driving_times.travel_times.link_weight[:] = 100.0
    at += REFRESH_S
    assert max(times(engine.step(Observations.empty(at), at)).values()) > max(times(before).values()) + LINK_S


def test_a_run_that_the_operator_cancels_goes_at_once() -> None:
    engine, before, at = under_way()
    assert times(before)
    assert not times(engine.step(Observations.empty(at + 5.0), at + 5.0, cancellations(at + 5.0, 0)))


def test_a_new_vehicle_and_one_that_leaves_do_not_mix_the_rows_up() -> None:
    engine, before, at = under_way()
    second = engine.step(report(at + 5.0, 0.0, trip=1, vehicle="v2"), at + 5.0)
    assert times(second) == times(before)
    # The first is not heard of any more and dropped; the second stays.
    for nth in range(1, 40):
        now = at + 5.0 + nth * 25.0
        last = engine.step(report(now, 0.0, trip=1, vehicle="v2"), now)
    assert last.vehicles.vehicle_id.tolist() == ["v2"]
    assert set(last.predictions.trip[last.predictions.vehicle >= 0].tolist()) == {1}


def test_vehicles_are_told_of_alike_however_many_are_predicted_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for calls in (legs.PART_CALLS, 1):
        monkeypatch.setattr(legs, "PART_CALLS", calls)
        engine = Engine(timetable(starts_s=(0, 600, 1200)))
        # A message each, so that some have news while the others' times stay; all again where they are learned from.
        for nth in range(12):
            at = START + 1200 + 9.0 * nth
            trip = nth % 3
            reported = report(at, (2 - trip) * 2 * SPACING_M + 20.0 * nth, vehicle=f"v{trip}", trip=trip)
            snapshot = engine.step(reported, at)
        told.append([getattr(snapshot.predictions, name) for name in ("vehicle", "call", "p10", "p50", "p90")])
    assert len(set(told[0][0].tolist())) == 3
    for all_at_once, one_by_one in zip(*told, strict=True):
        assert np.array_equal(all_at_once, one_by_one)
