"""Distance along a line for a position, inside a window, by course, and by what is expected."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.geometry import METRES_PER_DEGREE, LineGeometry, Projection, course_deg, ground_distance_m
from tests.predictor.small_network import LAT, lon_at
from tests.predictor.winding_road import Road

OUT_AND_BACK = Road.through((0, 0), (1000, 0), (0, 0), stops_m=[0, 1000, 2000])


def project(
    road: Road,
    lat: float,
    lon: float,
    *,
    low: float = 0.0,
    high: float = np.inf,
    course: float = np.nan,
    prior: float = np.nan,
) -> Projection:
    return LineGeometry.of(road.timetable()).project(
        np.zeros(1, np.int32), *np.array([[lat], [lon]]), low_m=np.array([low], float), high_m=np.array([high], float),
        course=np.array([course], float), prior_m=np.array([prior], float), prior_scale=25.0,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)), min_size=2, max_size=8, unique=True),
    st.floats(0.0, 1.0),
)
def test_a_place_on_the_line_lies_no_metre_off_it_and_where_it_is_looked_for(
    corners: list[tuple[float, float]], share: float
) -> None:
    road = Road.through(*corners, stops_m=[0.0, 1.0, 2.0])
    true_m = share * road.length_m
    lat, lon = road.place(true_m)
    anywhere = project(road, float(lat), float(lon))
    assert anywhere.offset_m[0] < 1.0
    window = project(road, float(lat), float(lon), low=max(true_m - 5.0, 0.0), high=true_m + 5.0)
    assert window.offset_m[0] < 1.0
    assert window.distance_m[0] == pytest.approx(true_m, abs=6.0)


def test_the_offset_is_the_distance_from_the_line() -> None:
    found = project(OUT_AND_BACK, LAT + 40.0 / METRES_PER_DEGREE, lon_at(300))
    assert found.offset_m[0] == pytest.approx(40.0, abs=0.1)
    beyond = project(OUT_AND_BACK, LAT, lon_at(1100))
    assert (beyond.distance_m[0], beyond.offset_m[0]) == (pytest.approx(1000, abs=1), pytest.approx(100, abs=1))


def test_window_course_and_prior_each_choose_between_places_on_one_another() -> None:
    here = (LAT, lon_at(300))
    assert project(OUT_AND_BACK, *here, high=900).distance_m[0] == pytest.approx(300, abs=1)
    assert project(OUT_AND_BACK, *here, low=1100).distance_m[0] == pytest.approx(1700, abs=1)
    assert project(OUT_AND_BACK, *here, course=90).distance_m[0] == pytest.approx(300, abs=1)
    assert project(OUT_AND_BACK, *here, course=270).distance_m[0] == pytest.approx(1700, abs=1)
    assert project(OUT_AND_BACK, *here, prior=500).distance_m[0] == pytest.approx(300, abs=1)
    assert project(OUT_AND_BACK, *here, prior=1500).distance_m[0] == pytest.approx(1700, abs=1)


def test_a_window_beyond_the_line_is_its_end() -> None:
    found = project(OUT_AND_BACK, LAT, lon_at(0), low=5000, high=6000)
    assert found.distance_m[0] == pytest.approx(2000, abs=0.1)


def test_many_positions_are_answered_like_each_alone() -> None:
    road = Road.through((0, 0), (500, 800), (1500, 200), (100, 100), stops_m=[0, 500, 900])
    random = np.random.default_rng(2)
    lat, lon = LAT + random.uniform(-0.02, 0.02, 50), lon_at(0) + random.uniform(-0.02, 0.02, 50)
    n = len(lat)
    nothing, low = np.full(n, np.nan), random.uniform(0, 800, n)
    together = LineGeometry.of(road.timetable()).project(
        np.zeros(n, np.int32), lat, lon, low_m=low, high_m=low + 700, course=nothing, prior_m=nothing, prior_scale=25.0
    )
    for i in range(n):
        alone = project(road, lat[i], lon[i], low=low[i], high=low[i] + 700)
        assert together.distance_m[i] == alone.distance_m[0]
        assert low[i] <= together.distance_m[i] <= low[i] + 700


@pytest.mark.parametrize(("north", "east", "course"), [(1, 0, 0), (0, 1, 90), (-1, 0, 180), (0, -1, 270), (1, 1, 45)])
def test_courses_run_clockwise_from_north(north: float, east: float, course: float) -> None:
    lat = LAT + north / METRES_PER_DEGREE
    found = course_deg(np.array([LAT]), np.array([lon_at(0)]), np.array([lat]), np.array([lon_at(east)]))
    assert found[0] == pytest.approx(course, abs=0.01)


def test_distance_on_the_ground() -> None:
    """A degree of latitude is 111.2 km; Tours to Paris Montparnasse is some 201 km as the crow flies."""
    one = ground_distance_m(np.array([47.0]), np.array([0.0]), np.array([48.0]), np.array([0.0]))
    assert one[0] == pytest.approx(111_195, abs=1)
    paris = ground_distance_m(np.array([47.3899]), np.array([0.6935]), np.array([48.8412]), np.array([2.3203]))
    assert paris[0] == pytest.approx(201_000, rel=0.01)
