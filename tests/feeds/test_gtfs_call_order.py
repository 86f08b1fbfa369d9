"""Feeds without shapes whose stops come in an order that nobody can drive, or lie where nobody can be in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feeds.timetable import LoadedTimetable
from predictor.arrays import Float64Array
from predictor.straight_lines import misplaced_stops
from tests.feeds.small_feed import (
    STOP_TIMES,
    called_stops,
    calls,
    distances,
    load,
    read,
    stops,
)

NAMES = "ABCDEFGH"
ROW = stops(**{name: (1000.0 * i, 0.0) for i, name in enumerate(NAMES)})


def trip(order: str, seconds: int = 60) -> str:
    """Calls a minute apart at the stops of a straight road, a kilometre apart."""
    return calls("t1", *(f"08:{i * seconds // 60:02}:{i * seconds % 60:02}" for i in range(len(order))), stops=order)


def loaded_trip(folder: Path, order: str, seconds: int = 60) -> LoadedTimetable:
    return load(folder, stops=ROW, stop_times=STOP_TIMES + trip(order, seconds))


def test_an_order_that_can_be_driven_is_left_alone(tmp_path: Path) -> None:
    tt = read(tmp_path, stops=ROW, stop_times=STOP_TIMES + trip("ABCDEFGH"))
    assert called_stops(tt, "t1") == "ABCDEFGH"


@pytest.mark.parametrize("order", ["ABDCEFGH", "ABFEDCGH", "ABCDEFHG"])
def test_an_order_that_cannot_be_driven_stays_and_is_told(tmp_path: Path, order: str) -> None:
    """No vehicle was seen to drive otherwise yet."""
    loaded = loaded_trip(tmp_path, order, seconds=47)
    tt = loaded.timetable
    assert called_stops(tt, "t1") == order
    assert [(p.file, p.entity_id, "the order given stays" in p.message) for p in loaded.problems] == [
        ("stop_times.txt", "t1", True)
    ]


def test_whole_minutes_are_no_reason_to_doubt_the_order(tmp_path: Path) -> None:
    """Stops turn back at the end, where times round to a minute ask for 20 m/s: transit agencies' own line ends so."""
    rows = STOP_TIMES + trip("ABCDEFGH")
    places = {name: (300.0 * i, 0.0) for i, name in enumerate(NAMES)} | {"G": (3000.0, 0.0), "H": (1800.0, 0.0)}
    assert called_stops(read(tmp_path, stops=stops(**places), stop_times=rows), "t1") == "ABCDEFGH"


def test_a_stop_in_another_town_does_not_bend_the_line(tmp_path: Path) -> None:
    places = {name: (1000.0 * i, 0.0) for i, name in enumerate(NAMES)} | {"D": (3000.0, 40_000.0)}
    loaded = load(tmp_path, stops=stops(**places), stop_times=STOP_TIMES + trip("ABCDEFGH"))
    tt = loaded.timetable
    assert called_stops(tt, "t1") == "ABCDEFGH", "it is still served"
    assert distances(tt, "t1") == pytest.approx([1000.0 * i for i in range(8)], abs=2)
    assert [(p.file, p.row, p.count) for p in loaded.problems] == [("stop_times.txt", 4, 2)], "far more speed"


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
