"""Feeds without shapes whose stops come in an order that nobody can drive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.gtfs.call_order import driving_order, misplaced_stops, too_fast_hops, unlikely_m_s
from feeds.timetable import LoadedTimetable
from predictor.arrays import Float64Array
from tests.feeds.small_feed import (
    SHAPES,
    STOP_TIMES,
    TRIPS,
    called_stops,
    calls,
    clock_times,
    distances,
    load,
    read,
    shape,
    stops,
)

NAMES = "ABCDEFGH"
ROW = stops(**{name: (1000.0 * i, 0.0) for i, name in enumerate(NAMES)})


def trip(order: str, seconds: int = 60) -> str:
    """Calls a minute apart at the stops of a straight road, a kilometre apart."""
    return calls("t1", *(f"08:{i * seconds // 60:02}:{i * seconds % 60:02}" for i in range(len(order))), stops=order)


def loaded_trip(folder: Path, order: str) -> LoadedTimetable:
    return load(folder, stops=ROW, stop_times=STOP_TIMES + trip(order))


def test_an_order_that_can_be_driven_is_left_alone(tmp_path: Path) -> None:
    tt = read(tmp_path, stops=ROW, stop_times=STOP_TIMES + trip("ABCDEFGH"))
    assert called_stops(tt, "t1") == "ABCDEFGH"


def test_two_stops_in_the_wrong_order_change_places_and_the_times_stay(tmp_path: Path) -> None:
    loaded = loaded_trip(tmp_path, "ABDCEFGH")
    tt = loaded.timetable
    assert called_stops(tt, "t1") == "ABCDEFGH"
    assert clock_times(tt, "t1") == [f"08:{i:02}:00" for i in range(8)]
    assert tt.stop_sequence.tolist() == [1, 2, 4, 3, 5, 6, 7, 8], "each call keeps the number that the feed gave it"
    assert [(p.file, p.entity_id, p.count) for p in loaded.problems] == [("stop_times.txt", "t1", 2)]
    assert "put in the order in which they can be driven" in loaded.problems[0].message


def test_a_run_of_stops_turned_round_is_turned_back(tmp_path: Path) -> None:
    assert called_stops(loaded_trip(tmp_path, "ABFEDCGH").timetable, "t1") == "ABCDEFGH"


def test_every_trip_with_the_same_stops_is_put_right(tmp_path: Path) -> None:
    later = trip("ABDCEFGH").replace("t1,", "t2,").replace("08:", "09:")
    loaded = load(
        tmp_path, stops=ROW, trips=TRIPS + "r1,daily,t1\nr1,daily,t2\n",
        stop_times=STOP_TIMES + trip("ABDCEFGH") + later,
    )  # fmt: skip
    assert {called_stops(loaded.timetable, t) for t in ("t1", "t2")} == {"ABCDEFGH"}
    assert len(loaded.timetable.pattern_route) == 1


def test_in_town_a_hop_at_the_speed_of_a_motorway_gives_a_wrong_order_away() -> None:
    """Stops 300 m apart, 60 s apart; the third and fourth were given each other's place, half a minute apart."""
    x = np.array([0, 300, 900, 600, 1200, 1500, 1800], float)
    seconds = np.array([0, 60, 90, 120, 150, 210, 270], float)
    assert not too_fast_hops(x, np.zeros(7), seconds).any()
    assert driving_order(x, np.zeros(7), seconds).tolist() == [0, 1, 3, 2, 4, 5, 6]


def test_a_fast_trip_that_turns_aside_for_a_stop_is_left_alone() -> None:
    """An express at 20 m/s that leaves the motorway for a town and comes back to it."""
    x = np.array([0, 4000, 8000, 8000, 12000, 16000, 20000], float)
    y = np.array([0, 0, 0, 1500, 0, 0, 0], float)
    seconds = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)) / 20.0))
    assert unlikely_m_s(x, y, seconds) > 25.0
    assert driving_order(x, y, seconds).tolist() == list(range(7))


def test_with_a_shape_the_feeds_order_stands(tmp_path: Path) -> None:
    """The road goes out to D, back to C and out again."""
    tt = read(
        tmp_path, stops=ROW, trips="route_id,service_id,trip_id,shape_id\nr1,daily,t1,way\n",
        shapes=SHAPES + shape((0, 0), (3000, 0), (2000, 0), (7000, 0)),
        stop_times=STOP_TIMES + trip("ABDCEFGH"),
    )  # fmt: skip
    assert called_stops(tt, "t1") == "ABDCEFGH"


def test_a_zigzag_slow_enough_to_be_driven_is_believed(tmp_path: Path) -> None:
    tt = read(tmp_path, stops=ROW, stop_times=STOP_TIMES + trip("ABDCEFGH", seconds=180))
    assert called_stops(tt, "t1") == "ABDCEFGH"


def test_a_stop_in_another_town_does_not_bend_the_line(tmp_path: Path) -> None:
    places = {name: (1000.0 * i, 0.0) for i, name in enumerate(NAMES)} | {"D": (3000.0, 40_000.0)}
    loaded = load(tmp_path, stops=stops(**places), stop_times=STOP_TIMES + trip("ABCDEFGH"))
    tt = loaded.timetable
    assert called_stops(tt, "t1") == "ABCDEFGH", "it is still served"
    assert distances(tt, "t1") == pytest.approx([1000.0 * i for i in range(8)], abs=2)
    assert loaded.problems == ()


def road(order: list[int]) -> Float64Array:
    return np.array(order, float) * 1000.0


def test_misplaced_stops_are_the_ones_off_the_way() -> None:
    x = road([0, 1, 50, 3, 4, 5])
    seconds = np.linspace(0.0, 300.0, 6)
    assert misplaced_stops(x, np.zeros(6), seconds).tolist() == [False, False, True, False, False, False]
    assert not misplaced_stops(x, np.zeros(6), seconds * 60).any(), "an hour is enough for the way there and back"


def test_a_terminus_that_cannot_be_driven_from_is_misplaced() -> None:
    seconds = np.linspace(0.0, 240.0, 5)
    assert misplaced_stops(road([50, 1, 2, 3, 4]), np.zeros(5), seconds).tolist() == [True] + [False] * 4
    assert misplaced_stops(road([0, 1, 2, 3, 50]), np.zeros(5), seconds).tolist() == [False] * 4 + [True]


def test_three_calls_at_least_are_believed() -> None:
    assert misplaced_stops(road([50, 1, 99, 3]), np.zeros(4), np.linspace(0.0, 180.0, 4)).sum() == 1


@settings(max_examples=80, deadline=None)
@given(st.permutations(list(range(1, 9))), st.integers(20, 200))
def test_whatever_the_order_the_result_is_a_permutation_no_longer_than_before(middle: list[int], gap_s: int) -> None:
    x = road([0, *middle])
    y, seconds = np.zeros(len(x)), np.cumsum(np.full(len(x), float(gap_s)))
    order = driving_order(x, y, seconds)
    assert sorted(order.tolist()) == list(range(len(x)))
    assert order[0] == 0, "where a trip begins is believed"
    before, after = np.abs(np.diff(x)).sum(), np.abs(np.diff(x[order])).sum()
    assert after <= before
    if not too_fast_hops(x, y, seconds, unlikely_m_s(x, y, seconds)).any():
        assert (order == np.arange(len(x))).all()
