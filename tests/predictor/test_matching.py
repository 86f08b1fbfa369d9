"""Where on its trip a vehicle is, however the road winds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from predictor.engine import Engine
from predictor.geometry import ground_distance_m
from predictor.snapshot import DEADHEAD, IN_SERVICE, LAYOVER, OFF_ROUTE
from tests.predictor.small_network import report, timetable
from tests.predictor.winding_road import SPEED_M_S, START, Road, driven

SQUARE = ((0, 0), (700, 0), (700, 700), (0, 700))
ROADS = {
    "a loop that ends where it began": Road.through(*SQUARE, (0, 0), stops_m=[0, 500, 1200, 2000, 2800]),
    "a loop driven twice": Road.through(*SQUARE, *SQUARE, (0, 0), stops_m=[0, 900, 1900, 2800, 3700, 4700, 5600]),
    "out and back on one road": Road.through((0, 0), (2000, 0), (0, 0), stops_m=[0, 700, 1400, 2000, 2600, 3300, 4000]),
    "a spur driven in and out": Road.through(
        (0, 0), (800, 0), (800, 900), (800, 0), (1600, 0), stops_m=[0, 790, 1700, 2610, 3400]
    ),
    "a figure of eight": Road.through(
        (0, 0), (1000, 1000), (1000, 0), (0, 1000), stops_m=[0, 700, 1400, 1900, 2400, 3100, 3800]
    ),
    "out and back on the two sides of a street": Road.through(
        (0, 0), (2000, 0), (2000, 15), (0, 15), stops_m=[0, 1000, 2000, 3000, 4015]
    ),
}


@pytest.mark.parametrize("every_s", [15.0, 40.0])
@pytest.mark.parametrize("name", ROADS)
def test_progress_tells_places_apart_that_lie_on_one_another(name: str, every_s: float) -> None:
    """One report just behind a turn looks like one just before it: the vehicle may be thought there until the next."""
    lagged = False
    for true_m, snapshot in driven(ROADS[name], every_s=every_s, noise_m=6.0):
        seen = snapshot.vehicles
        assert seen.state[0] in (LAYOVER, IN_SERVICE, DEADHEAD)
        assert seen.distance_m[0] < true_m + 45, "never further than it is: that could not be taken back"
        behind = seen.distance_m[0] < true_m - 45
        assert not (behind and lagged), true_m
        lagged = behind


@pytest.mark.parametrize("name", ROADS)
def test_every_stop_of_such_a_road_is_passed_once_in_order_and_on_time(name: str) -> None:
    road = ROADS[name]
    calls, times = [], []
    for _, snapshot in driven(road, noise_m=4.0):
        found = snapshot.passages
        calls += found.call.tolist()
        times += np.where(found.call == 0, found.departure, found.arrival).tolist()
    assert calls == list(range(len(road.stops_m)))
    assert np.array(times) - START == pytest.approx(road.stops_m / SPEED_M_S, abs=15)


def test_a_vehicle_first_heard_of_in_mid_trip_is_put_where_the_timetable_expects_it() -> None:
    road = ROADS["out and back on one road"]
    lat, lon = road.place(700.0)
    for after, expected in ((700.0 / SPEED_M_S, 700.0), (3300.0 / SPEED_M_S, 3300.0)):
        engine = Engine(road.timetable())
        said = replace(report(START + after, 0.0), lat=np.atleast_1d(lat), lon=np.atleast_1d(lon))
        assert engine.step(said, START + after).vehicles.distance_m[0] == pytest.approx(expected, abs=5)


def test_the_bearing_tells_out_from_back_at_the_first_report() -> None:
    road = ROADS["out and back on one road"]
    lat, lon = road.place(1200.0)
    # The timetable has it at the turn, as far from the one place as from the other.
    at = START + 2000.0 / SPEED_M_S
    for bearing, expected in ((90.0, 1200.0), (270.0, 2800.0)):
        said = replace(report(at, 0.0, bearing=bearing), lat=np.atleast_1d(lat), lon=np.atleast_1d(lon))
        assert Engine(road.timetable()).step(said, at).vehicles.distance_m[0] == pytest.approx(expected, abs=5)


def test_the_feeds_stop_sequence_tells_the_rounds_of_a_loop_apart() -> None:
    road = ROADS["a loop driven twice"]
    lat, lon = road.place(400.0)
    at = START + 2800.0 / SPEED_M_S / 2
    for sequence, expected in ((2, 400.0), (5, 3200.0)):
        said = replace(
            report(at, 0.0), lat=np.atleast_1d(lat), lon=np.atleast_1d(lon),
            stop_sequence=np.array([sequence], np.int32),
        )  # fmt: skip
        assert Engine(road.timetable()).step(said, at).vehicles.distance_m[0] == pytest.approx(expected, abs=5)


def test_noise_while_standing_never_drives_a_vehicle_backwards() -> None:
    engine = Engine(timetable())
    random = np.random.default_rng(4)
    places = [500.0, *(1200.0 + random.normal(0, 12, 20)), 1700.0]
    seen = []
    for i, place in enumerate(places):
        snapshot = engine.step(report(START + 90 + 30 * i, float(place)), START + 90 + 30 * i)
        seen.append(float(snapshot.vehicles.distance_m[0]))
    assert seen == sorted(seen)
    assert snapshot.counts["jumps"] == 0


def test_a_place_far_ahead_on_the_line_is_a_jump_and_teaches_nothing() -> None:
    engine = Engine(timetable(stops=30))
    engine.step(report(START, 0), START)
    engine.step(report(START + 60, 400), START + 60)
    snapshot = engine.step(report(START + 70, 12_000), START + 70)
    assert snapshot.vehicles.distance_m[0] == pytest.approx(400, abs=5), "one report may be wrong"
    snapshot = engine.step(report(START + 80, 12_000), START + 80)
    assert snapshot.counts["jumps"] == 1
    assert snapshot.vehicles.distance_m[0] == pytest.approx(12_000, abs=5)
    assert len(snapshot.passages) == 0
    assert not engine.driving_times.travel_times.link_weight.any()


def test_a_wild_report_off_the_line_freezes_progress_until_the_vehicle_is_back() -> None:
    engine = Engine(timetable())
    engine.step(report(START + 60, 400), START + 60)
    for after in (80, 85):
        wild = engine.step(report(START + after, 560, lat=47.41), START + after)
    assert wild.vehicles.state[0] == OFF_ROUTE
    assert wild.vehicles.distance_m[0] == pytest.approx(400, abs=5)
    back = engine.step(report(START + 100, 700), START + 100)
    assert back.vehicles.state[0] == IN_SERVICE
    assert back.vehicles.distance_m[0] == pytest.approx(700, abs=5)
    assert back.counts["jumps"] == 0


def winding(turns: list[float]) -> Road:
    headings = np.cumsum(turns)
    corners = np.vstack([[0.0, 0.0], np.cumsum(np.column_stack([np.cos(headings), np.sin(headings)]) * 300.0, axis=0)])
    length = 300.0 * len(turns)
    return Road(corners, np.linspace(0.0, length, max(3, len(turns) // 2)))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-1.5, 1.5), min_size=6, max_size=14), st.sampled_from([10.0, 25.0, 45.0]), st.integers(0, 99))
@example([1.5] * 20, 25.0, 0)
def test_on_any_winding_road_the_vehicle_is_found_near_where_it_is(
    turns: list[float], every_s: float, seed: int
) -> None:
    """Roads may cross themselves and run round in circles; all turns are driven on."""
    road = winding(turns)
    for true_m, snapshot in driven(road, every_s=every_s, noise_m=5.0, seed=seed):
        assert abs(snapshot.vehicles.distance_m[0] - true_m) < 75.0


CORNER = Road.through((0, 0), (600, 300), (500, 300), (500, 0), (1400, 0), stops_m=[0, 1070, 1970])
"""The road runs beside the straight way to the second stop, turns back, and comes down to it."""


def drawn_straight(road: Road) -> Engine:
    """The same road in a feed without shapes: lines run straight from stop to stop."""
    feed = road.timetable()
    lat, lon = road.place(road.stops_m)
    straight = np.append(0.0, np.cumsum(ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])))
    return Engine(
        replace(
            feed,
            line_ptr=np.array([0, len(lat)]),
            line_lat=lat,
            line_lon=lon,
            line_distance_m=straight,
            pattern_distance_m=straight,
            link_distance_m=np.diff(straight),
            line_has_shape=np.array([False]),
        )
    )


@pytest.mark.parametrize("has_shape", [False, True])
def test_beside_a_line_that_was_drawn_straight_no_stop_is_taken_for_passed(*, has_shape: bool) -> None:
    """Abreast of the stop, 300 m off the straight line, the vehicle has yet to come down to it."""
    engine = drawn_straight(CORNER) if not has_shape else Engine(CORNER.timetable())
    abreast_m = float(CORNER.along_m[1])
    for at_m in (0.0, 200.0, 400.0, abreast_m):
        lat, lon = CORNER.place(at_m)
        now = START + at_m / SPEED_M_S
        snapshot = engine.step(replace(report(now, 0.0), lat=np.atleast_1d(lat), lon=np.atleast_1d(lon)), now)
    assert snapshot.vehicles.state[0] == IN_SERVICE
    assert snapshot.vehicles.next_call[0] == 1


def test_a_stop_beside_a_line_that_was_drawn_straight_is_passed_once_come_near() -> None:
    engine, calls, times = drawn_straight(CORNER), [], []
    for at_m in np.arange(0.0, CORNER.length_m, 90.0):
        lat, lon = CORNER.place(at_m)
        now = START + float(at_m) / SPEED_M_S
        said = replace(report(now, 0.0), lat=np.atleast_1d(lat), lon=np.atleast_1d(lon))
        found = engine.step(said, now).passages
        calls += found.call.tolist()
        times += np.where(found.call == 0, found.departure, found.arrival).tolist()
    assert calls[:2] == [0, 1]
    assert times[1] - START == pytest.approx(1070 / SPEED_M_S, abs=15)
