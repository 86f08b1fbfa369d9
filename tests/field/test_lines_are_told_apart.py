"""A rider tells lines apart: by a colour where the feed gives none, by a lane of its own where they share a street."""

from __future__ import annotations

import numpy as np
import pytest

from api.reading.badges import CONTRAST, badges, contrast
from api.reading.street_lanes import StreetLanes, side_by_side

IDS = [str(number) for number in range(1, 71)]


@pytest.mark.parametrize("color", ["", "FFFFFF", "000000", "none"])
def test_lines_without_a_colour_get_colours_of_ours_spread_evenly(color: str) -> None:
    made = badges(IDS, [color] * 70, [""] * 70)
    often = np.unique([badge.background for badge in made], return_counts=True)[1]
    assert len(often) > 20
    assert often.max() - often.min() <= 1
    assert all(contrast(badge.background, badge.text) >= CONTRAST for badge in made)
    assert "FFFFFF" not in {badge.background for badge in made}


def test_a_line_keeps_its_colour_from_one_timetable_to_the_next() -> None:
    before, after = badges(IDS[:12], [""] * 12, [""] * 12), badges([*IDS[:12], "99"], [""] * 13, [""] * 13)
    backwards = badges(IDS[11::-1], [""] * 12, [""] * 12)[::-1]
    assert before == backwards, "the order of rows is not a line's"
    assert sum(one == other for one, other in zip(before, after, strict=False)) >= 10


def test_what_the_feed_says_of_colours_stands() -> None:
    told = badges(["A", "B", "C"], ["d4002a", "d4002a", ""], ["FFFFFF", "D4002B", ""])
    assert [badge.background for badge in told[:2]] == ["D4002A", "D4002A"]
    assert told[1].text == "FFFFFF", "text that cannot be read is not kept"
    assert told[2].background != "D4002A"
    assert badges(["A"], ["FFFFFF"], [""])[0].background == "FFFFFF", "of one line white is a colour like any other"


def street(*places: tuple[float, float], metre: float = 1e-5) -> np.ndarray:
    """Metres east and north of a place on the equator, about."""
    return np.array(places) * metre * 0.9


def lanes(*ways: tuple[int, np.ndarray]) -> StreetLanes:
    routes = np.array([route for route, _ in ways], np.int64)
    return side_by_side([way for _, way in ways], routes, np.arange(routes.max() + 1))


def sides(drawn: StreetLanes, route: int, north: float) -> set[float]:
    """On which side of the middle a route lies, seen going east, where its places are about so far north."""
    return {
        lane * np.sign(places[-1, 0] - places[0, 0])
        for which, lane, places in zip(drawn.route.tolist(), drawn.lane.tolist(), drawn.places, strict=True)
        if which == route and abs(places[:, 1].mean() - north) < 1e-4 and abs(np.ptp(places[:, 0])) > 1e-4
    }


EAST = street((0, 0), (500, 0), (1000, 0))
WEST = EAST[::-1] + np.array([0.0, 6e-5])


@pytest.mark.parametrize("other", [EAST, EAST[::-1], WEST, EAST[::2]])
def test_two_lines_on_one_street_lie_side_by_side_whichever_way_they_are_drawn(other: np.ndarray) -> None:
    drawn = lanes((0, EAST), (1, other))
    assert sides(drawn, 0, 0.0) == {-0.5}
    assert sides(drawn, 1, 0.0) == {0.5}


def test_a_line_that_comes_back_on_the_same_street_is_drawn_once() -> None:
    there_and_back = street((0, 0), (1000, 0), (0, 0))
    for ways in ([EAST, WEST], [there_and_back], [EAST, EAST + np.array([0.0, 3e-5])]):
        drawn = lanes(*((0, way) for way in ways))
        assert set(drawn.lane.tolist()) == {0.0}
        assert sum(np.ptp(places[:, 0]) for places in drawn.places) == pytest.approx(np.ptp(EAST[:, 0]), rel=0.05)


def test_lines_that_only_cross_stay_in_the_middle_of_their_streets() -> None:
    drawn = lanes((0, EAST), (1, street((500, -500), (500, 500))))
    assert set(drawn.lane.tolist()) == {0.0}


def test_lines_lie_side_by_side_as_far_as_they_share_a_street() -> None:
    drawn = lanes((0, EAST), (1, street((0, 0), (500, 0), (500, 800))), (2, street((0, 400), (1000, 400))))
    assert sides(drawn, 0, 0.0) == {-0.5, 0.0}
    assert sides(drawn, 2, 400 * 0.9e-5) == {0.0}


def test_many_lines_on_one_street_are_no_wider_than_six() -> None:
    drawn = lanes(*((route, EAST) for route in range(15)))
    assert np.ptp(drawn.lane) == pytest.approx(5.0, abs=0.05)
    assert len(np.unique(drawn.lane)) == 15


def test_ways_of_one_place_or_none_are_not_drawn() -> None:
    assert not lanes((0, street((0, 0)))).places
    assert len(lanes((0, street((0, 0), (0, 0))), (1, EAST)).places) == 1
