"""Trips for vehicles that name none: only for those that drive along one, forward, and at about its time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictor.engine import Engine
from predictor.snapshot import UNMATCHED, Snapshot
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates
from tests.predictor.small_network import ORIGIN, cancellations, report, timetable

EIGHT = 8 * 3600
START = ORIGIN + EIGHT
SPEED_M_S = 5.5


def drive(
    engine: Engine, *, late_s: float = 0.0, backwards: bool = False, until: int = 300, vehicle: str = "v1",
    route: int = -1, direction: int = -1, lat: float | None = None, start: float = START,
    updates: TripUpdates | None = None,
) -> Snapshot:  # fmt: skip
    """A vehicle that names no trip drives the line at its timetabled speed."""
    for after in range(0, until, 20):
        place = after * SPEED_M_S
        now = start + late_s + after
        said = replace(
            report(now, 2500 - place if backwards else place, trip=-1, vehicle=vehicle, date=0),
            route=np.array([route], np.int32), direction=np.array([direction], np.int8),
        )  # fmt: skip
        snapshot = engine.step(said if lat is None else replace(said, lat=np.array([lat])), now, updates)
    return snapshot


def trip_of(snapshot: Snapshot, vehicle: str = "v1") -> str:
    trip = int(snapshot.vehicles.trip[snapshot.vehicles.vehicle_id.tolist().index(vehicle)])
    return str(snapshot.timetable.trip_id[trip]) if trip >= 0 else ""


def every_ten_minutes() -> Timetable:
    return timetable(starts_s=tuple(EIGHT + 600 * i for i in range(4)))


@pytest.mark.parametrize(("late_s", "trip"), [(0, "t0"), (200, "t0"), (600, "t1"), (520, "t1"), (1500, "t2")])
def test_the_trip_is_the_one_that_the_timetable_puts_nearest(late_s: float, trip: str) -> None:
    assert trip_of(drive(Engine(every_ten_minutes()), late_s=late_s)) == trip


def test_a_vehicle_is_rather_late_than_early() -> None:
    assert trip_of(drive(Engine(every_ten_minutes()), late_s=370)) == "t0"


@pytest.mark.parametrize("late_s", [-1000.0, 1800 + 1300.0 + 450])
def test_a_vehicle_at_no_trips_time_gets_none(late_s: float) -> None:
    snapshot = drive(Engine(every_ten_minutes()), late_s=late_s)
    assert trip_of(snapshot) == ""
    assert snapshot.vehicles.state[0] == UNMATCHED


def test_a_vehicle_far_from_every_line_gets_none() -> None:
    assert trip_of(drive(Engine(every_ten_minutes()), lat=47.40)) == ""


def test_the_direction_of_driving_tells_the_way_out_from_the_way_back() -> None:
    tt = timetable(starts_s=(EIGHT, EIGHT), back=True)
    assert trip_of(drive(Engine(tt))) == "t0"
    assert trip_of(drive(Engine(tt), backwards=True)) == "t1"


def test_the_way_back_alone_is_not_taken_for_driving_it_in_reverse() -> None:
    assert trip_of(drive(Engine(timetable(starts_s=(EIGHT,))), backwards=True)) == ""


def test_a_trip_is_given_to_one_vehicle_only() -> None:
    engine = Engine(every_ten_minutes())
    drive(engine, vehicle="first", until=120)
    assert trip_of(drive(engine, vehicle="first"), "first") == "t0"
    second = drive(engine, vehicle="second", late_s=300.0)
    assert trip_of(second, "first") == "t0"
    assert trip_of(second, "second") != "t0"


def test_the_route_or_direction_that_a_report_names_is_believed() -> None:
    tt = timetable(starts_s=(EIGHT, EIGHT), back=True)
    two_routes = replace(
        tt, pattern_route=np.array([0, 1], np.int32), route_id=np.array(["r", "q"]),
        pattern_stop=np.tile(tt.pattern_stop[:6], 2), pattern_line=np.zeros(2, np.int32),
    )  # fmt: skip
    assert trip_of(drive(Engine(two_routes), route=1)) == "t1"
    assert trip_of(drive(Engine(two_routes), route=0)) == "t0"
    assert trip_of(drive(Engine(tt), direction=1)) == "", "it says that it drives the other way"


def test_an_assigned_vehicle_goes_on_with_its_trip_and_its_block() -> None:
    tt = timetable(starts_s=(EIGHT, EIGHT + 540), back=True, block=True)
    engine = Engine(tt)
    assert trip_of(drive(engine, until=480)) == "t0"
    assert trip_of(drive(engine, until=120, backwards=True, start=START + 540)) == "t1"


def test_a_trip_that_began_before_the_vehicle_was_first_heard_of_is_not_its_own() -> None:
    engine = Engine(every_ten_minutes())
    drive(engine, vehicle="other", lat=47.40, until=240)
    assert trip_of(drive(engine, late_s=240)) == "", "it comes from the garage, along the line"
    heard = Engine(every_ten_minutes())
    drive(heard, lat=47.40, until=240)
    assert trip_of(drive(heard, late_s=240)) == "t0", "it was there before"


def test_who_is_heard_of_first_after_a_break_of_the_feed_may_have_been_driving_before() -> None:
    assert trip_of(drive(Engine(every_ten_minutes()), late_s=240)) == "t0", "the engine has just begun"
    engine = Engine(every_ten_minutes())
    drive(engine, vehicle="other", lat=47.40, until=240, start=START - 600)
    assert trip_of(drive(engine, late_s=240)) == "t0"


def test_no_vehicle_is_given_a_trip_that_the_operator_took_out() -> None:
    assert trip_of(drive(Engine(every_ten_minutes()), late_s=370, updates=cancellations(START, 0))) == "t1"


def test_an_assigned_vehicle_waits_out_a_round_that_the_operator_took_out() -> None:
    tt = timetable(starts_s=tuple(EIGHT + 540 * i for i in range(4)), back=True, block=True)
    engine, round_out = Engine(tt), cancellations(START, 1, 2)
    assert trip_of(drive(engine, until=480, updates=round_out)) == "t0"
    for after in range(480, 1620, 60):
        waiting = engine.step(report(START + after, 2500.0, trip=-1), START + after, round_out)
    assert trip_of(waiting) == "t3"
    assert trip_of(drive(engine, until=120, backwards=True, start=START + 1620, updates=round_out)) == "t3"


def test_an_assigned_vehicle_that_waits_for_a_trip_drops_it_when_the_operator_takes_it_out() -> None:
    tt = timetable(starts_s=tuple(EIGHT + 540 * i for i in range(4)), back=True, block=True)
    engine = Engine(tt)
    drive(engine, until=480)
    waiting = engine.step(report(START + 500, 2500.0, trip=-1), START + 500)
    assert trip_of(waiting) == "t1"
    dropped = engine.step(report(START + 520, 2500.0, trip=-1), START + 520, cancellations(START + 510, 1, 2))
    assert trip_of(dropped) == "t3"
