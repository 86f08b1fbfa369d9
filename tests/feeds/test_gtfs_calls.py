"""Times of stop_times.txt: what is missing is reckoned, what cannot be is mended and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.gtfs.call_order import in_order
from feeds.gtfs.calls import read_calls
from feeds.gtfs.problems import Problems
from feeds.gtfs.sound_times import interpolated
from feeds.gtfs.stops import read_stops
from feeds.service_times import seconds_of_day
from feeds.timetable import LoadedTimetable
from predictor.timetable import Timetable
from tests.feeds.small_feed import STOP_TIMES, TRIPS, called_stops, calls, clock_times, load, read, stops

LINE = stops(A=(0, 0), B=(300, 0), C=(900, 0), D=(1200, 0), E=(1500, 0))


def told(loaded: LoadedTimetable) -> list[tuple[int | None, str, int]]:
    """Row, the first words, and the count of each problem."""
    return [(p.row, " ".join(p.message.split()[:3]), p.count) for p in loaded.problems]


def sequences(tt: Timetable) -> list[int]:
    result: list[int] = tt.stop_sequence.tolist()
    return result


def test_missing_times_are_reckoned_by_the_way_between_the_stops(tmp_path: Path) -> None:
    rows = calls("t1", "08:00:00", "", "08:03:00", "", "08:06:00", stops="ABCDE")
    tt = read(tmp_path, stops=LINE, stop_times=STOP_TIMES + rows)
    # B lies a third of the way from A to C, D half the way from C to E.
    assert clock_times(tt, "t1") == ["08:00:00", "08:01:00", "08:03:00", "08:04:30", "08:06:00"]
    assert clock_times(tt, "t1", arrivals=True) == clock_times(tt, "t1")


def test_a_reckoned_way_begins_at_the_departure_not_at_the_arrival(tmp_path: Path) -> None:
    rows = "t1,08:00:00,08:10:00,A,1\nt1,,,B,2\nt1,08:13:00,08:20:00,C,3\n"
    tt = read(tmp_path, stops=LINE, stop_times=STOP_TIMES + rows)
    assert clock_times(tt, "t1") == ["08:10:00", "08:11:00", "08:20:00"]
    assert clock_times(tt, "t1", arrivals=True) == ["08:00:00", "08:11:00", "08:13:00"]


def test_one_of_arrival_and_departure_serves_for_both(tmp_path: Path) -> None:
    rows = "t1,,08:00:00,A,1\nt1,08:02:00,,B,2\nt1,08:04:00,,C,3\n"
    tt = read(tmp_path, stop_times=STOP_TIMES + rows)
    assert clock_times(tt, "t1") == clock_times(tt, "t1", arrivals=True) == ["08:00:00", "08:02:00", "08:04:00"]


def test_calls_without_a_time_at_the_ends_of_a_trip_are_left_out_and_told(tmp_path: Path) -> None:
    rows = calls("t1", "", "08:00:00", "", "08:06:00", "", stops="ABCDE")
    loaded = load(tmp_path, stops=LINE, stop_times=STOP_TIMES + rows)
    assert called_stops(loaded.timetable, "t1") == "BCD"
    assert told(loaded) == [(2, "no time, and", 2)]


def test_times_copied_from_one_timepoint_to_the_next_stops_are_spread(tmp_path: Path) -> None:
    rows = calls("t1", "08:00:00", "08:00:00", "08:00:00", "08:00:00", "08:05:00", stops="ABCDE")
    loaded = load(tmp_path, stops=LINE, stop_times=STOP_TIMES + rows)
    assert clock_times(loaded.timetable, "t1") == ["08:00:00", "08:01:00", "08:03:00", "08:04:00", "08:05:00"]
    assert told(loaded) == [(3, "3 or more", 3)]


def test_two_calls_in_one_minute_are_believed(tmp_path: Path) -> None:
    rows = calls("t1", "08:00:00", "08:00:00", "08:02:00", "08:02:00", "08:03:00", stops="ABCDE")
    tt = read(tmp_path, stops=LINE, stop_times=STOP_TIMES + rows)
    assert clock_times(tt, "t1") == ["08:00:00", "08:00:00", "08:02:00", "08:02:00", "08:03:00"]


def test_repeated_times_at_the_end_keep_the_last_as_the_end(tmp_path: Path) -> None:
    rows = calls("t1", "08:00:00", "08:04:00", "08:04:00", "08:04:00", stops="ABCD")
    loaded = load(tmp_path, stops=LINE, stop_times=STOP_TIMES + rows)
    assert clock_times(loaded.timetable, "t1") == ["08:00:00", "08:04:00", "08:04:00", "08:04:00"]
    assert called_stops(loaded.timetable, "t1") == "ABCD"


def test_the_same_time_on_two_trips_is_no_repetition(tmp_path: Path) -> None:
    tt = read(
        tmp_path, trips=TRIPS + "r1,daily,t1\nr1,daily,t2\n",
        stop_times=STOP_TIMES + calls("t1", "07:58:00", "08:00:00", stops="AB")
        + calls("t2", "08:00:00", "08:02:00", stops="AB"),
    )  # fmt: skip
    assert clock_times(tt, "t1") + clock_times(tt, "t2") == ["07:58:00", "08:00:00", "08:00:00", "08:02:00"]


def test_times_that_start_again_at_midnight_are_counted_on(tmp_path: Path) -> None:
    loaded = load(tmp_path, stop_times=STOP_TIMES + calls("t1", "23:50:00", "00:10:00", "00:20:00"))
    assert clock_times(loaded.timetable, "t1") == ["23:50:00", "24:10:00", "24:20:00"]
    assert told(loaded) == [(3, "times start again", 1)]
    # Written on for a while from 24:00, or from there on again.
    for times in (("23:58:00", "24:00:00", "00:02:00"), ("23:58:00", "00:00:00", "24:02:00")):
        loaded = load(tmp_path, stop_times=STOP_TIMES + calls("t1", *times))
        assert clock_times(loaded.timetable, "t1") == ["23:58:00", "24:00:00", "24:02:00"]


def test_one_time_that_runs_backwards_is_reckoned_anew(tmp_path: Path) -> None:
    rows = calls("t1", "08:00:00", "08:30:00", "08:03:00", "08:04:00", "08:05:00", stops="ABCDE")
    loaded = load(tmp_path, stops=LINE, stop_times=STOP_TIMES + rows)
    assert clock_times(loaded.timetable, "t1") == ["08:00:00", "08:01:00", "08:03:00", "08:04:00", "08:05:00"]
    assert told(loaded) == [(3, "time runs backwards", 1)]


def test_a_departure_before_its_arrival_is_taken_as_leaving_at_once(tmp_path: Path) -> None:
    rows = "t1,08:00:00,08:00:00,A,1\nt1,08:03:00,08:02:00,B,2\nt1,08:06:00,08:06:00,C,3\n"
    loaded = load(tmp_path, stop_times=STOP_TIMES + rows)
    assert clock_times(loaded.timetable, "t1") == ["08:00:00", "08:03:00", "08:06:00"]
    assert told(loaded) == [(3, "departure lies before", 1)]


def test_a_time_that_is_none_is_taken_as_missing(tmp_path: Path) -> None:
    rows = "t1,08:00:00,08:00:00,A,1\nt1,8x02,08:61:00,B,2\nt1,08:04:00,08:04:00,C,3\n"
    loaded = load(tmp_path, stop_times=STOP_TIMES + rows)
    assert clock_times(loaded.timetable, "t1") == ["08:00:00", "08:02:00", "08:04:00"]
    assert told(loaded) == [(3, "arrival_time “8x02” is", 1), (3, "departure_time “08:61:00” is", 1)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("08:00:00", 28_800), ("8:00:00", 28_800), (" 08:00:30 ", 28_830), ("25:10", 90_600), ("00:00:00", 0),
        ("100:00:00", 360_000), ("08:60:00", None), ("-1:00:00", None), ("eight", None), ("", None),
        ("08:00:00.5", 28_800), ("8:00:60", 28_860), ("1 days 01:00:00", 90_000), ("12:05 AM", 300),
        ("8:00:00 p.m.", 72_000), ("08: 0:00", 28_800), ("8h00", 28_800),
    ],
)  # fmt: skip
def test_times_are_hours_minutes_and_seconds(text: str, seconds: int | None) -> None:
    assert seconds_of_day(text) == seconds


def test_rows_may_come_in_any_order_and_numbers_may_have_gaps(tmp_path: Path) -> None:
    rows = "t1,08:04:00,08:04:00,C,70\nt1,08:00:00,08:00:00,A,0\nt1,08:02:00,08:02:00,B,7\n"
    tt = read(tmp_path, stop_times=STOP_TIMES + rows)
    assert (called_stops(tt, "t1"), sequences(tt)) == ("ABC", [0, 7, 70])


def test_a_place_in_a_trip_that_two_rows_name_keeps_the_first(tmp_path: Path) -> None:
    rows = calls("t1", "08:00:00", "08:02:00", "08:04:00") + "t1,08:03:00,08:03:00,A,2\n"
    loaded = load(tmp_path, stop_times=STOP_TIMES + rows)
    assert called_stops(loaded.timetable, "t1") == "ABC"
    assert told(loaded) == [(5, "this trip has", 1)]


def test_rows_of_unknown_trips_and_stops_are_skipped_and_told(tmp_path: Path) -> None:
    rows = calls("t1", "08:00:00", "08:02:00", "08:04:00") + "t9,08:00:00,08:00:00,A,1\nt1,08:06:00,08:06:00,Z,4\n"
    loaded = load(tmp_path, stop_times=STOP_TIMES + rows)
    assert called_stops(loaded.timetable, "t1") == "ABC"
    assert [(p.row, p.entity_id) for p in loaded.problems] == [(5, "t9"), (6, "Z")]


def test_timepoints_and_boarding_rules_are_read(tmp_path: Path) -> None:
    tt = read(
        tmp_path,
        stop_times="trip_id,arrival_time,departure_time,stop_id,stop_sequence,timepoint,pickup_type,drop_off_type\n"
        "t1,08:00:00,08:00:00,A,1,0,0,1\nt1,08:02:00,08:02:00,B,2,1,2,3\nt1,08:04:00,08:04:00,C,3,,1,9\n",
    )
    assert tt.timepoint.tolist() == [True, True, False], "nobody leaves the first stop before the time"
    assert tt.pickup_type.tolist() == [0, 2, 1]
    assert tt.drop_off_type.tolist() == [1, 3, 0], "a rule that is none is the usual one"


TIMES = st.lists(
    st.tuples(st.none() | st.integers(0, 100_000), st.none() | st.integers(0, 100_000)), min_size=1, max_size=9
)


@settings(max_examples=60, deadline=None)
@given(st.lists(TIMES, min_size=1, max_size=4))
def test_whatever_the_times_say_they_end_up_complete_and_forward(
    trips: list[list[tuple[int | None, int | None]]],
) -> None:
    def said(seconds: int | None) -> str:
        return "" if seconds is None else f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    rows = [
        (f"t{i}", said(arrival), said(departure), f"s{k}", k)
        for i, trip in enumerate(trips)
        for k, (arrival, departure) in enumerate(trip)
    ]
    frame = pd.DataFrame(rows, columns=["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"])
    known = np.array([f"t{i}" for i in range(len(trips))])
    at = read_stops(pd.DataFrame({"stop_id": [f"s{k}" for k in range(9)]}), "UTC", Problems())
    rows_read = read_calls(frame.astype({"trip_id": "string"}), known, at, np.empty(0, np.str_), Problems())
    found = in_order(rows_read, known, Problems())
    filled = interpolated(found, len(trips), np.cumsum(np.full(len(found), 300.0)))
    for trip in range(len(trips)):
        own = filled.trip == trip
        along = np.column_stack([filled.arrival_s[own], filled.departure_s[own]]).ravel()
        assert np.isfinite(along).all()
        assert (np.diff(along) >= 0).all()
        timed = [k for k, times in enumerate(trips[trip]) if times != (None, None)]
        kept = filled.sequence[own].tolist()
        assert kept == (list(range(timed[0], timed[-1] + 1)) if timed else [])
