"""The learner turns predictions into samples when their calls are passed, never before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictor.arrivals_loop import Chain
from predictor.features import FEATURES, scale_s
from predictor.forecast import within_horizon
from predictor.journeys import driven_call_key, driven_entry
from predictor.learner import FIRST_LESSON, Learner
from predictor.passages import Passages

NOW = 1_700_000_000.0


def chain(arrival: np.ndarray) -> Chain:
    n = len(arrival)
    i32, i64, f64 = np.zeros(n, np.int32), np.zeros(n, np.int64), np.zeros(n)
    return Chain(
        leg=i64, slot=i64, trip=i32, service_day=i32, shift_s=i32, call=i32, entry=np.arange(n),
        source=np.ones(n, np.int8), standing=np.zeros(n, bool), arrival=arrival, departure=arrival, dwell_s=f64,
        hold=f64, sd_s=f64, head=i64, timetabled_s=f64, historic_s=f64, recent_s=f64, held_s=f64, known=f64,
        layover_s=f64, put_off=np.full(n, -np.inf), turned=np.zeros(n, bool),
    )  # fmt: skip


def passages(arrival: np.ndarray, sd_s: float = 5.0) -> Passages:
    n = len(arrival)
    i32 = np.zeros(n, np.int32)
    call = np.ones(n, np.int32)
    return Passages(
        vehicle_id=np.full(n, "v"), trip=i32, service_day=i32, shift_s=i32, call=call, stop=i32, arrival=arrival,
        departure=arrival, arrival_sd_s=np.full(n, sd_s), named=np.ones(n, bool),
    )  # fmt: skip


def offered(learner: Learner, arrival: np.ndarray, now: float = NOW) -> np.ndarray:
    made, rows = chain(arrival), np.arange(len(arrival))
    sampled = learner.sampled(1, now)
    learner.offer(made, rows, np.ones((len(arrival), len(FEATURES)), np.float32), sampled, now)
    return driven_call_key(made.service_day, made.entry, made.shift_s)


def test_a_prediction_becomes_a_sample_when_its_call_is_passed() -> None:
    learner = Learner()
    key = offered(learner, np.array([NOW + 100.0, NOW + 200.0]))
    assert len(learner.samples()[1]) == 0
    learner.resolve(passages(np.array([NOW + 130.0])), key[:1])
    _, target = learner.samples()
    assert target == pytest.approx(30.0 / scale_s(np.array([100.0])))
    learner.resolve(passages(np.array([NOW + 130.0])), key[:1])
    assert len(learner.samples()[1]) == 1, "once"


def test_a_passage_from_before_the_prediction_teaches_nothing() -> None:
    learner = Learner()
    key = offered(learner, np.array([NOW + 100.0]))
    learner.resolve(passages(np.array([NOW - 10.0])), key)
    assert len(learner.samples()[1]) == 0


def test_a_passage_not_known_well_teaches_nothing() -> None:
    learner = Learner()
    key = offered(learner, np.array([NOW + 100.0]))
    learner.resolve(passages(np.array([NOW + 110.0]), sd_s=90.0), key)
    assert len(learner.samples()[1]) == 0


def test_a_prediction_whose_passage_is_never_seen_is_forgotten() -> None:
    learner = Learner()
    key = offered(learner, np.array([NOW + 100.0]))
    offered(learner, np.array([NOW + 20_000.0]), NOW + 19_000.0)
    learner.resolve(passages(np.array([NOW + 19_500.0])), key)
    _, target = learner.samples()
    assert len(target) == 1
    assert abs(float(target[0])) < 12.0, "the old prediction's error would be at the limit"


def test_lessons_begin_when_there_is_enough_and_bring_the_bias_down() -> None:
    learner = Learner()
    late = 60.0
    now = NOW
    while learner.net is None:
        key = offered(learner, now + np.linspace(100.0, 200.0, 200), now)
        learner.resolve(passages(now + np.linspace(100.0, 200.0, 200) + late), key)
        assert len(learner.samples()[1]) <= FIRST_LESSON + 200
        learner.study(now)
        now += 30.0
    quantile = learner.net.predict(np.ones((1, len(FEATURES)), np.float32))[0]
    assert quantile[5] * scale_s(np.array([150.0])) == pytest.approx(late, rel=0.2)


def test_memory_stays_within_its_capacity() -> None:
    learner = Learner(capacity=1000)
    now = NOW
    for _ in range(30):
        key = offered(learner, now + np.full(150, 100.0), now)
        learner.resolve(passages(now + np.full(150, 120.0)), key)
        now += 30.0
    assert len(learner.samples()[1]) <= 1000


def test_nothing_is_learned_from_where_a_vehicle_stands_already() -> None:
    made = chain(np.array([NOW + 10.0, NOW + 20.0]))
    standing = replace(made, standing=np.array([True, False]))
    assert within_horizon(standing, NOW).tolist() == [1]


def test_of_a_large_fleet_some_vehicles_are_sampled_now_and_then_whether_they_have_reported_or_not() -> None:
    learner = Learner()
    sampled = learner.sampled(10_000, NOW)
    assert 150 < sampled.sum() < 400
    n = 10_000
    made = replace(chain(np.full(n, NOW + 100.0)), slot=np.arange(n))
    learner.offer(made, np.arange(n), np.ones((n, len(FEATURES)), np.float32), sampled, NOW)
    assert len(learner.open_keys) == min(200, int(sampled.sum()))
    assert np.isin(driven_entry(learner.open_keys), np.flatnonzero(sampled)).all()
    assert not learner.sampled(10_000, NOW + 10.0).any(), "not at every step"
