"""Lines without a shape: their stops come in the order that the operator gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feeds.timetable import load_timetable
from predictor.driven_order import with_driven_order
from tests.feeds.small_feed import STOP_TIMES, TRIPS, called_stops, calls, read, stops

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
