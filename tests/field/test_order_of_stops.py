"""Lines without a shape: their stops come in the order that the operator gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feeds.timetable import load_timetable
from predictor.driven_order import LEAST_RUNS, DrivenOrder, with_driven_order
from predictor.timetable import Timetable
from tests.feeds.small_feed import STOP_TIMES, TRIPS, called_stops, calls, distances, load, posix, read, stops
from tests.predictor.small_network import report

RURAL = Path(__file__).parents[2].parent / "shared" / "cases" / "rural-no-shapes.zip"


def test_a_bus_that_turns_back_at_the_end_keeps_its_terminus() -> None:
    if not RURAL.exists():
        pytest.skip(f"there is no {RURAL}")
    tt = load_timetable(RURAL, cache_dir=None).timetable
    assert called_stops(tt, "t1") == "".join(f"S{i}" for i in range(1, 13))


@pytest.mark.parametrize("minutes", [[0, 2, 4, 6, 7, 8, 10], [0, 1, 2, 3, 4, 5, 6], [0, 3, 5, 6, 6, 7, 7]])
def test_a_line_in_whole_minutes_keeps_its_order(tmp_path: Path, minutes: list[int]) -> None:
    """The village lies off the main road: the bus goes in and comes out again, as the last hops of many lines do."""
    places = dict(
        zip("ABCDEFG", [(0, 0), (700, 0), (1400, 0), (2100, 0), (2800, 0), (2500, 0), (2900, 300)], strict=True)
    )
    times = [f"07:{minute:02}:00" for minute in minutes]
    tt = read(
        tmp_path, stops=stops(**places), trips=TRIPS + "r1,daily,t1\n",
        stop_times=STOP_TIMES + calls("t1", *times, stops="ABCDEFG"),
    )  # fmt: skip
    assert called_stops(tt, "t1") == "ABCDEFG"
    seen_otherwise = np.array(["E\nF", "F\nG", "E\nG", "D\nF"])
    assert called_stops(with_driven_order(tt, seen_otherwise), "t1") == "ABCDEFG", "the times can be driven"


HOP_M, HOP_S = 1000.0, 47
ROAD = "ABCDEFGH"
ROW = stops(**{name: (HOP_M * i, 0.0) for i, name in enumerate(ROAD)})


def rows(trip: str, order: str) -> str:
    """Calls that nobody can drive but along the road."""
    return calls(trip, *(f"08:{HOP_S * i // 60:02}:{HOP_S * i % 60:02}" for i in range(len(order))), stops=order)


def along_the_road(timetable: Timetable, trip: str, past_stops_m: float = 0.0) -> DrivenOrder:
    """Vehicles on a trip that report once a hop, so far beyond each stop."""
    order = DrivenOrder(timetable)
    for run in range(LEAST_RUNS):
        for hop in range(len(ROAD)):
            at = posix(2026, 3, 2, 8) + HOP_S * hop
            place_m = HOP_M * hop + past_stops_m
            order.take(report(at, place_m, trip=timetable.trip_index[trip], vehicle=f"v{run}"))
    order.study()
    return order


def test_a_stop_put_right_lies_on_the_line_where_it_is(tmp_path: Path) -> None:
    """In the order given nobody could be at G in time, so that it was taken for one in the wrong place."""
    tt = load(tmp_path, stops=ROW, stop_times=STOP_TIMES + rows("t1", "ABGCDEFH")).timetable
    assert distances(tt, "t1") == pytest.approx([0, 1000, 1500, 2000, 3000, 4000, 5000, 7000], abs=2)
    right = with_driven_order(tt, along_the_road(tt, "t1").backward_links())
    assert called_stops(right, "t1") == ROAD
    assert distances(right, "t1") == pytest.approx([HOP_M * i for i in range(8)], abs=2)


def test_a_vehicle_passes_stops_between_its_reports(tmp_path: Path) -> None:
    tt = load(tmp_path, stops=ROW, stop_times=STOP_TIMES + rows("t1", "ABDCEFGH")).timetable
    order = along_the_road(tt, "t1", past_stops_m=0.4 * HOP_M)
    assert called_stops(with_driven_order(tt, order.backward_links()), "t1") == ROAD


def test_those_whose_trips_have_the_stops_in_another_order_tell_of_them_too(tmp_path: Path) -> None:
    tt = load(
        tmp_path, stops=ROW, trips=TRIPS + "r1,daily,t1\nr1,daily,t2\n",
        stop_times=STOP_TIMES + rows("t1", "ABDCEFGH") + rows("t2", ROAD),
    ).timetable  # fmt: skip
    right = with_driven_order(tt, along_the_road(tt, "t2").backward_links())
    assert [called_stops(right, trip) for trip in ("t1", "t2")] == [ROAD, ROAD]


def test_the_way_back_does_not_turn_the_way_out_round(tmp_path: Path) -> None:
    """Both call at the same stops: each is seen in its own order."""
    back = ROAD[::-1]
    tt = load(
        tmp_path, stops=ROW, trips=TRIPS + "r1,daily,t1\nr1,daily,t2\n",
        stop_times=STOP_TIMES + rows("t1", "ABCDEGFH") + rows("t2", back),
    ).timetable  # fmt: skip
    order = along_the_road(tt, "t1")
    for hop in range(len(back)):
        at = posix(2026, 3, 2, 9) + HOP_S * hop
        for vehicle in range(3 * LEAST_RUNS):
            order.take(report(at, HOP_M * (7 - hop), trip=tt.trip_index["t2"], vehicle=f"w{vehicle}"))
    order.study()
    right = with_driven_order(tt, order.backward_links())
    assert [called_stops(right, trip) for trip in ("t1", "t2")] == [ROAD, back]
