"""What a reader holds never changes under it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np

from predictor.arrays import AnyArray, StopIdx
from predictor.columns import column_types
from predictor.engine import Engine
from predictor.snapshot import KnownCalls, Snapshot
from predictor.timetable import Timetable
from tests.predictor.small_network import ORIGIN, cancellations, report, timetable

START = ORIGIN + 8 * 3600


def arrays_of(value: object, path: str = "") -> dict[str, AnyArray]:
    """Copies of all arrays inside, by the way to them."""
    if isinstance(value, np.ndarray):
        return {path: value.copy()}
    if isinstance(value, Timetable) or not is_dataclass(value):
        return {}
    found: dict[str, AnyArray] = {}
    for field in fields(value):
        found |= arrays_of(getattr(value, field.name), f"{path}.{field.name}")
    return found


def drive(engine: Engine, first_s: int, last_s: int, speed_m_s: float) -> Snapshot:
    for after in range(first_s, last_s, 15):
        snapshot = engine.step(report(START + after, 100 + (after - 60) * speed_m_s), START + after)
    return snapshot


def test_a_snapshot_stays_as_it_was_while_the_engine_goes_on() -> None:
    engine = Engine(timetable())
    snapshot = drive(engine, 60, 200, 5.5)
    before = arrays_of(snapshot)
    assert ".vehicles.distance_m" in before
    assert ".predictions.p50" in before
    counts = dict(snapshot.counts)
    drive(engine, 200, 420, 5.5)
    engine.step(report(START + 430, 100, vehicle="v2", trip=1), START + 430)
    engine.swap_timetable(timetable(starts_s=(9 * 3600,)))
    engine.step(report(START + 440, 100, vehicle="v3"), START + 440)
    after = arrays_of(snapshot)
    assert after.keys() == before.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)
    assert snapshot.counts == counts


def test_the_same_reports_always_give_the_same_snapshot() -> None:
    one, other = (arrays_of(drive(Engine(timetable()), 60, 300, 5.5)) for _ in range(2))
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(other[name], array, err_msg=name)


def test_a_stops_board_and_a_runs_journey_say_the_same_of_every_call() -> None:
    tt = timetable(starts_s=(8 * 3600, 8 * 3600 + 600, 9 * 3600), back=True, block=True)
    engine = Engine(tt)
    drive(engine, 60, 300, 5.5)
    snapshot = engine.step(report(START + 300, 1400), START + 300, cancellations(START + 290, tt.trips - 1))
    rows = 0
    for stop in range(tt.stops):
        board = snapshot.board(StopIdx(stop), since=START, until=START + 7200)
        for i in range(len(board)):
            journey = snapshot.journey(int(board.trip[i]), int(board.service_day[i]), int(board.shift_s[i]))
            here, there = board.take(slice(i, i + 1)), journey.take(journey.call == board.call[i])
            for name in column_types(KnownCalls):
                np.testing.assert_array_equal(getattr(here, name), getattr(there, name), err_msg=name)
            rows += 1
    assert rows > tt.stops


def test_boards_of_many_stops_are_those_of_each_alone() -> None:
    tt = timetable(starts_s=(8 * 3600, 8 * 3600 + 600, 9 * 3600), back=True, block=True)
    snapshot = drive(Engine(tt), 60, 300, 5.5)
    stops = np.append(np.arange(tt.stops), 1).astype(np.int32)[::-1]
    together, pointer = snapshot.boards(stops, since=START, until=START + 7200)
    assert pointer[-1] == len(together) > tt.stops
    for i, stop in enumerate(stops.tolist()):
        alone = snapshot.board(StopIdx(stop), since=START, until=START + 7200)
        for name in column_types(KnownCalls):
            part = getattr(together, name)[pointer[i] : pointer[i + 1]]
            np.testing.assert_array_equal(part, getattr(alone, name), err_msg=name)
