"""Where stops lie along the way that their trip takes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.gtfs.polylines import polylines
from feeds.gtfs.stop_distances import place_stops
from predictor.geometry import METRES_PER_DEGREE, LineGeometry
from predictor.timetable import Timetable
from tests.feeds.small_feed import (
    LAT,
    LON,
    SHAPES,
    STOP_TIMES,
    TABLES,
    calls,
    distances,
    load,
    place,
    read,
    shape,
    stops,
)

SHAPED_TRIP = "route_id,service_id,trip_id,shape_id\nr1,daily,t1,way\n"
DIST_TIMES = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled\n"
DIST_SHAPES = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled\n"


def times(stop_ids: str, *minutes: int) -> str:
    return STOP_TIMES + calls("t1", *(f"08:{m:02}:00" for m in minutes), stops=stop_ids)


def line_length(tt: Timetable) -> float:
    return float(tt.line_distance_m[-1])


def test_without_a_shape_the_line_runs_from_stop_to_stop(tmp_path: Path) -> None:
    tt = read(tmp_path, stops=stops(A=(0, 0), B=(300, 400), C=(300, 1400)))
    assert distances(tt, "t1") == pytest.approx([0, 500, 1500], abs=1)
    assert tt.line_has_shape.tolist() == [False]


def test_stops_are_placed_along_a_shape_that_bends(tmp_path: Path) -> None:
    tt = read(
        tmp_path, stops=stops(A=(0, 20), B=(1000, 480), C=(30, 1000)), trips=SHAPED_TRIP,
        shapes=SHAPES + shape((-100, 0), (1000, 0), (1000, 1000), (0, 1000)),
    )  # fmt: skip
    assert distances(tt, "t1") == pytest.approx([100, 1580, 3070], abs=3)
    assert tt.line_has_shape.tolist() == [True]


def test_shape_points_may_come_in_any_order(tmp_path: Path) -> None:
    points = shape((0, 0), (600, 120), (1200, 0)).splitlines()
    tt = read(tmp_path, trips=SHAPED_TRIP, shapes=SHAPES + "\n".join(reversed(points)) + "\n")
    assert distances(tt, "t1")[-1] == pytest.approx(2 * np.hypot(600, 120), abs=2)


def test_a_loop_ends_where_it_began(tmp_path: Path) -> None:
    square = ((0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0))
    tt = read(
        tmp_path, stops=stops(A=(5, 5), B=(1000, 500), C=(0, 700)), trips=SHAPED_TRIP, shapes=SHAPES + shape(*square),
        stop_times=times("ABCA", 0, 3, 7, 9),
    )  # fmt: skip
    assert distances(tt, "t1") == pytest.approx([5, 1500, 3300, 4000], abs=10)


def test_a_loop_driven_twice_keeps_its_rounds_apart(tmp_path: Path) -> None:
    square = ((0, 0), (1000, 0), (1000, 1000), (0, 1000))
    tt = read(
        tmp_path, stops=stops(A=(0, 0), B=(1000, 500)), trips=SHAPED_TRIP,
        shapes=SHAPES + shape(*square, *square, (0, 0)), stop_times=times("ABABA", 0, 3, 8, 11, 16),
    )  # fmt: skip
    assert distances(tt, "t1") == pytest.approx([0, 1500, 4000, 5500, 8000], abs=10)


def test_out_and_back_on_one_road_goes_out_and_comes_back(tmp_path: Path) -> None:
    tt = read(
        tmp_path, stops=stops(A=(0, 0), B=(500, 5), C=(1000, 0), D=(500, -5)), trips=SHAPED_TRIP,
        shapes=SHAPES + shape((0, 0), (1000, 0), (0, 0)), stop_times=times("ABCDA", 0, 2, 4, 6, 8),
    )  # fmt: skip
    assert distances(tt, "t1") == pytest.approx([0, 500, 1000, 1500, 2000], abs=2)


def test_a_spur_driven_in_and_out_puts_a_stop_before_it_once_and_after_it_once(tmp_path: Path) -> None:
    tt = read(
        tmp_path, stops=stops(A=(0, 0), B=(500, 0), S=(500, 800), C=(1000, 0)), trips=SHAPED_TRIP,
        shapes=SHAPES + shape((0, 0), (500, 0), (500, 800), (500, 0), (1000, 0)),
        stop_times=times("ABSBC", 0, 1, 3, 5, 6),
    )  # fmt: skip
    assert distances(tt, "t1") == pytest.approx([0, 500, 1300, 2100, 2600], abs=2)


def test_a_way_that_turns_back_on_a_straight_road_keeps_its_turns(tmp_path: Path) -> None:
    tt = read(
        tmp_path, stops=stops(A=(0, 0), B=(1200, 0), C=(900, 0), D=(2000, 0)), trips=SHAPED_TRIP,
        shapes=SHAPES + shape((0, 0), (1200, 0), (800, 0), (2000, 0)), stop_times=times("ABCD", 0, 3, 4, 8),
    )  # fmt: skip
    assert distances(tt, "t1")[:2] == pytest.approx([0, 1200], abs=2)
    assert distances(tt, "t1")[3] == pytest.approx(2800, abs=2)
    lines = LineGeometry.of(tt)
    here = lines.project(
        np.zeros(1, np.int32), np.array([LAT]), tt.stop_lon[1:2], low_m=np.zeros(1), high_m=np.array([np.inf]),
        course=np.array([np.nan]), prior_m=np.array([1200.0]), prior_scale=25.0,
    )  # fmt: skip
    assert here.distance_m[0] == pytest.approx(1200, abs=2)


def test_a_stop_at_a_crossing_is_placed_on_the_pass_that_the_times_ask_for(tmp_path: Path) -> None:
    figure = ((0, 500), (1000, 500), (1000, 1000), (500, 1000), (500, 0))
    stop_places = stops(A=(0, 500), X=(500, 500), B=(1000, 800), C=(500, 20))
    early = read(
        tmp_path, stops=stop_places, trips=SHAPED_TRIP, shapes=SHAPES + shape(*figure),
        stop_times=times("AXBC", 0, 1, 3, 6),
    )  # fmt: skip
    assert distances(early, "t1") == pytest.approx([0, 500, 1300, 2980], abs=10)
    late = read(
        tmp_path, stops=stop_places, trips=SHAPED_TRIP, shapes=SHAPES + shape(*figure),
        stop_times=times("ABXC", 0, 3, 5, 6),
    )  # fmt: skip
    assert distances(late, "t1") == pytest.approx([0, 1300, 2500, 2980], abs=10)


@pytest.mark.parametrize("unit", [1.0, 0.001, 3.28084])
def test_the_feeds_own_distances_are_believed_in_whatever_unit(tmp_path: Path, unit: float) -> None:
    """Both stops stand at the same corner of a road driven out and back; only the feed knows on which way."""
    marks = (0, 900, 1200)
    tt = read(
        tmp_path, stops=stops(A=(0, 0), B=(300, 0), C=(0, 0)), trips=SHAPED_TRIP,
        shapes=DIST_SHAPES + "".join(
            f"way,{place(east)},{i},{mark * unit}\n" for i, (east, mark) in enumerate([(0, 0), (600, 600), (0, 1200)])
        ),
        stop_times=DIST_TIMES + "".join(
            f"t1,08:0{2 * i}:00,08:0{2 * i}:00,{stop},{i},{mark * unit}\n"
            for i, (stop, mark) in enumerate(zip("ABC", marks, strict=True))
        ),
    )  # fmt: skip
    assert distances(tt, "t1") == pytest.approx(marks, abs=2)


@pytest.mark.parametrize("given_m", [("0", "100", "1200"), ("0", "1300", "700"), ("0", "", "1200")])
def test_distances_that_contradict_the_stops_are_not_believed(tmp_path: Path, given_m: tuple[str, str, str]) -> None:
    tt = read(
        tmp_path, trips=SHAPED_TRIP,
        shapes=DIST_SHAPES + f"way,{place(0)},1,0\nway,{place(1200)},2,1200\n",
        stop_times=DIST_TIMES + "".join(
            f"t1,08:0{2 * i}:00,08:0{2 * i}:00,{stop},{i},{mark}\n"
            for i, (stop, mark) in enumerate(zip("ABC", given_m, strict=True))
        ),
    )  # fmt: skip
    assert distances(tt, "t1") == pytest.approx([0, 600, 1200], abs=2)


def test_a_shape_of_another_trip_is_told_and_the_line_drawn_from_stop_to_stop(tmp_path: Path) -> None:
    loaded = load(tmp_path, trips=SHAPED_TRIP, shapes=SHAPES + shape((0, 5000), (1200, 5000)))
    assert loaded.timetable.line_has_shape.tolist() == [False]
    assert distances(loaded.timetable, "t1") == pytest.approx([0, 600, 1200], abs=1)
    assert [(p.file, p.entity_id) for p in loaded.problems] == [("stop_times.txt", "way")]


def test_one_stop_far_from_the_shape_is_told_and_placed_nearest(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, stops=stops(A=(0, 0), B=(600, 450), C=(1200, 0)), trips=SHAPED_TRIP,
        shapes=SHAPES + shape((0, 0), (1200, 0)),
    )  # fmt: skip
    assert distances(loaded.timetable, "t1") == pytest.approx([0, 600, 1200], abs=2)
    assert [(p.file, p.row, p.entity_id) for p in loaded.problems] == [("stops.txt", 3, "B")]


@pytest.mark.parametrize(
    ("shapes", "file", "row"),
    [
        (None, "trips.txt", 2),
        (SHAPES + shape((0, 0), (1200, 0), name="other"), "trips.txt", 2),
        (SHAPES + shape((0, 0)), "shapes.txt", 2),
        (SHAPES + shape((0, 0), (0, 0), (0, 0)), "shapes.txt", 2),
    ],
)
def test_a_shape_that_is_missing_or_one_place_only_is_told(
    tmp_path: Path, shapes: str | None, file: str, row: int
) -> None:
    loaded = load(tmp_path, trips=SHAPED_TRIP, shapes=shapes)
    assert loaded.timetable.line_has_shape.tolist() == [False]
    assert (file, row) in [(p.file, p.row) for p in loaded.problems]


def test_a_shape_point_at_no_place_is_left_out_and_told(tmp_path: Path) -> None:
    points = shape((0, 0), (600, 0)) + "way,0,0,5\nway,north,east,6\n" + f"way,{place(1200)},7\n"
    loaded = load(tmp_path, trips=SHAPED_TRIP, shapes=SHAPES + points)
    assert line_length(loaded.timetable) == pytest.approx(1200, abs=1)
    assert {(p.file, p.row) for p in loaded.problems} >= {("shapes.txt", 4)}


# mfdz/GTFS-Issues#276, MobilityData/gtfs-validator#1923
@pytest.mark.parametrize("place", [0, 2, 4])
def test_points_far_from_all_stops_are_left_out_of_a_shape_wherever_in_it(tmp_path: Path, place: int) -> None:
    way = [(0, 0), (300, 0), (900, 0), (1200, 0)]
    astray = [(-4e6, -5e6), (-4e6, -5e6 + 1)]
    points = shape(*way[:place], *astray, *way[place:])
    loaded = load(tmp_path, trips=SHAPED_TRIP, shapes=SHAPES + points)
    assert line_length(loaded.timetable) == pytest.approx(1200, abs=1)
    assert [(p.file, p.row) for p in loaded.problems] == [("shapes.txt", place + 2)]


def test_a_shape_leads_as_far_out_and_back_as_there_are_stops(tmp_path: Path) -> None:
    tt = read(
        tmp_path, trips=SHAPED_TRIP, shapes=SHAPES + shape((0, 0), (30_000, 0), (0, 0)),
        stops=stops(A=(0, 0), B=(30_000, 0), C=(0, 30)),
        stop_times=STOP_TIMES + calls("t1", "08:00:00", "08:30:00", "09:00:00"),
    )  # fmt: skip
    assert line_length(tt) == pytest.approx(60_000, abs=10)


def test_trips_of_one_shape_share_its_line(tmp_path: Path) -> None:
    tt = read(
        tmp_path, trips="route_id,service_id,trip_id,shape_id\nr1,daily,t1,way\nr1,daily,t2,way\n",
        shapes=SHAPES + shape((0, 0), (1200, 0)),
        stop_times=f"{TABLES['stop_times']!s}{calls('t2', '09:00:00', '09:04:00', stops='AC')}",
    )  # fmt: skip
    assert tt.pattern_line.tolist() == [0, 0]
    assert distances(tt, "t2") == pytest.approx([0, 1200], abs=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_stops_beside_any_winding_way_are_placed_in_order_and_near_their_true_place(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    turns = np.cumsum(random.uniform(-1.2, 1.2, 40))
    xy = np.cumsum(np.column_stack([np.cos(turns), np.sin(turns)]) * 150.0, axis=0)
    cos = np.cos(np.radians(LAT))
    line = polylines(
        np.array([0, len(xy)]), LAT + xy[:, 1] / METRES_PER_DEGREE, LON + xy[:, 0] / METRES_PER_DEGREE / cos
    )
    true = np.sort(random.uniform(0.0, float(line.length_m[0]), count))
    lat, lon = line.place_at(np.zeros(count, np.int64), true)
    lat = lat + random.normal(0.0, 4.0, count) / METRES_PER_DEGREE
    gaps = np.array([0.0] + [after - before for before, after in pairwise(true)])
    found = place_stops(
        line, np.zeros(1, np.int64), np.array([0, count]), np.arange(count), lat, lon, gaps * random.uniform(0.9, 1.1)
    )
    assert (np.diff(found) >= 0).all()
    assert np.abs(found - true).max() < 60.0
