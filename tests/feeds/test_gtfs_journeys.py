"""Departures by timetable and by headway, and the blocks that vehicles drive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from predictor.service_days import ServiceDays
from predictor.timetable import Timetable
from tests.feeds.small_feed import STOP_TIMES, TRIPS, WEEK, calls, load, read

FREQUENCIES = "trip_id,start_time,end_time,headway_secs,exact_times\n"
TWO_TRIPS = {
    "trips": TRIPS + "r1,daily,t1\nr1,daily,t2\n",
    "stop_times": STOP_TIMES
    + calls("t1", "08:00:00", "08:02:00", "08:04:00")
    + calls("t2", "00:00:00", "00:02:00", "00:04:00"),
}


def departures(tt: Timetable, trip: str) -> list[str]:
    """Departures of a trip's journeys from its first stop."""
    t = tt.trip_index[trip]
    seconds = (tt.trip_start_s[t] + tt.journey_shift_s[tt.journey_trip == t]).tolist()
    return [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in seconds]


def test_without_frequencies_each_trip_runs_once(tmp_path: Path) -> None:
    tt = read(tmp_path, **TWO_TRIPS)
    assert (departures(tt, "t1"), departures(tt, "t2")) == (["08:00:00"], ["00:00:00"])
    assert not tt.trip_is_frequency.any()


@pytest.mark.parametrize(("exact", "headway"), [("0", 600), ("", 600), ("1", 0)])
def test_a_headway_makes_departures_up_to_but_not_at_its_end(tmp_path: Path, exact: str, headway: int) -> None:
    tt = read(tmp_path, **TWO_TRIPS, frequencies=f"{FREQUENCIES}t2,06:00:00,06:30:00,600,{exact}\n")
    assert departures(tt, "t2") == ["06:00:00", "06:10:00", "06:20:00"]
    assert departures(tt, "t1") == ["08:00:00"], "the other trip runs as scheduled"
    assert tt.journey_headway_s[tt.journey_trip == tt.trip_index["t2"]].tolist() == [headway] * 3
    assert bool(tt.trip_is_frequency[tt.trip_index["t2"]]) == (headway > 0)


def test_a_file_without_exact_times_runs_by_headway(tmp_path: Path) -> None:
    tt = read(tmp_path, frequencies="trip_id,start_time,end_time,headway_secs\nt1,06:00:00,06:30:00,600\n")
    assert tt.journey_headway_s.tolist() == [600] * 3


def test_the_headway_changes_over_the_day_and_passes_midnight(tmp_path: Path) -> None:
    rows = "t1,23:00:00,24:00:00,1800,0\nt1,24:00:00,25:00:00,1200,0\n"
    tt = read(tmp_path, frequencies=FREQUENCIES + rows)
    assert departures(tt, "t1") == ["23:00:00", "23:30:00", "24:00:00", "24:20:00", "24:40:00"]


def test_an_end_that_is_no_whole_number_of_headways_away_still_has_its_last_departure(tmp_path: Path) -> None:
    tt = read(tmp_path, frequencies=f"{FREQUENCIES}t1,06:00:00,06:25:00,600,1\n")
    assert departures(tt, "t1") == ["06:00:00", "06:10:00", "06:20:00"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("t9,06:00:00,07:00:00,600,0", "trips.txt has no such usable trip"),
        ("t1,07:00:00,06:00:00,600,0", "not two times in order"),
        ("t1,06:00:00,,600,0", "not two times in order"),
        ("t1,06:00:00,07:00:00,0,0", "headway_secs is less than 10"),
        ("t1,06:00:00,07:00:00,-600,0", "headway_secs is less than 10"),
        ("t1,06:00:00,07:00:00,ten,0", "“ten” is no whole number"),
    ],
)
def test_a_row_that_makes_no_sense_is_skipped_and_the_trip_runs_as_scheduled(
    tmp_path: Path, row: str, said: str
) -> None:
    loaded = load(tmp_path, frequencies=f"{FREQUENCIES}{row}\n")
    assert departures(loaded.timetable, "t1") == ["08:00:00"]
    assert [(p.file, p.row, said in p.message) for p in loaded.problems] == [("frequencies.txt", 2, True)]


def test_a_departure_that_two_rows_name_counts_once(tmp_path: Path) -> None:
    loaded = load(tmp_path, frequencies=f"{FREQUENCIES}t1,06:00:00,06:20:00,600,1\nt1,06:10:00,06:30:00,600,1\n")
    assert departures(loaded.timetable, "t1") == ["06:00:00", "06:10:00", "06:20:00"]
    assert [p.entity_id for p in loaded.problems] == ["t1"]


def test_a_block_is_driven_in_order_of_departure_by_the_trips_of_the_day(tmp_path: Path) -> None:
    tt = read(
        tmp_path,
        trips="route_id,service_id,trip_id,block_id\n"
        "r1,daily,late,7\nr1,daily,early,7\nr1,monday,midday,7\nr1,daily,alone,\nr1,daily,other,8\n",
        stop_times=STOP_TIMES
        + "".join(
            calls(trip, f"{hour:02}:00:00", f"{hour:02}:02:00", f"{hour:02}:04:00")
            for trip, hour in {"late": 18, "early": 6, "midday": 12, "alone": 7, "other": 19}.items()
        ),
        calendar=WEEK + "daily,1,1,1,1,1,1,1,20260302,20260303\nmonday,1,0,0,0,0,0,0,20260302,20260303\n",
    )
    t = tt.trip_index
    assert tt.block_id[tt.trip_block[[t["late"], t["other"]]]].tolist() == ["7", "8"]
    assert tt.trip_block[t["alone"]] == -1
    monday, tuesday = (ServiceDays(tt).next_trip(day) for day in (0, 1))
    names = np.append(tt.trip_id, "")
    assert [names[monday[t[trip]]] for trip in ("early", "midday", "late", "alone")] == ["midday", "late", "", ""]
    assert [names[tuesday[t[trip]]] for trip in ("early", "midday", "late")] == ["late", "", ""]


def test_trips_fall_into_patterns_by_route_direction_and_stops(tmp_path: Path) -> None:
    tt = read(
        tmp_path,
        routes="route_id,route_short_name,route_type\nr1,1,3\nr2,2,3\n",
        trips="route_id,service_id,trip_id,direction_id,trip_headsign\n"
        "r1,daily,a,0,Centre\nr1,daily,b,0,\nr1,daily,c,1,\nr2,daily,d,0,\nr1,daily,e,0,\n",
        stop_times=STOP_TIMES
        + "".join(calls(trip, "08:00:00", f"08:02:0{k}", "08:04:00") for k, trip in enumerate("abcd"))
        + calls("e", "08:00:00", "08:02:00", stops="AB"),
    )
    pattern = tt.trip_pattern.tolist()
    assert pattern[0] == pattern[1]
    assert len(set(pattern)) == 4
    assert tt.trip_headsign.tolist() == ["Centre", "Stop C", "Stop C", "Stop C", "Stop B"], "else the last stop's name"
    assert len(tt.link_from_stop) == 2, "links are shared by all patterns that drive them"
