"""Ids, times and dates that went through spreadsheets, databases and other programs: no trip is lost for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds.errors import FeedError
from feeds.timetable import LoadedTimetable
from tests.feeds.small_feed import (
    STOP_TIMES,
    TABLES,
    TRIPS,
    WEEK,
    called_stops,
    calls,
    clock_times,
    load,
    place,
    read,
    stops,
)

TIMES = STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00")
CALENDAR, ROUTES = str(TABLES["calendar"]), str(TABLES["routes"])
NUMBERED = STOP_TIMES + "t1,08:00:00,08:00:00,{},1\nt1,08:02:00,08:02:00,{},2\nt1,08:04:00,08:04:00,{},3\n"
TYPED = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"


def is_told(loaded: LoadedTimetable, words: str) -> bool:
    return any(words in problem.message for problem in loaded.problems)


# healthysustainablecities/global-indicators#88 and #119, eclipse-sumo/sumo#7193
@pytest.mark.parametrize(
    ("known", "named"),
    [
        (("0001", "0002", "0003"), ("1", "2", "3")), (("1", "2", "3"), ("1.0", "2.0", "3.0")),
        (("1", "2", "3"), ("001", "02", "3")), (("a1", "b1", "c1"), ("A1", "B1", "c1")),
        (("caf\u00e9", "b", "c"), ("cafe\u0301", "b", "c")),
    ],
)  # fmt: skip
def test_stops_are_found_whose_ids_a_spreadsheet_took_for_numbers(
    tmp_path: Path, known: tuple[str, ...], named: tuple[str, ...]
) -> None:
    loaded = load(tmp_path, stops=stops(**{k: (600.0 * i, 0) for i, k in enumerate(known)}),
                  stop_times=NUMBERED.format(*named))  # fmt: skip
    assert called_stops(loaded.timetable, "t1") == "".join(known)
    assert is_told(loaded, "are to be written alike")


def test_lines_services_stations_and_trips_are_found_likewise(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, routes=ROUTES.replace("r1", "7"), trips=TRIPS + "7.0,0010,t1\n",
        calendar=CALENDAR.replace("daily", "10"), stop_times=NUMBERED.format("1", "2", "3").replace("t1", "T1"),
        stops=TYPED + f"100,Hub,{place(0)},1,\n1,A,{place(0)},0,100.0\n2,B,{place(600)},0,\n3,C,{place(1200)},0,\n",
    )  # fmt: skip
    tt = loaded.timetable
    assert called_stops(tt, "t1") == "123"
    assert tt.service_active.all()
    assert tt.stop_parent.tolist() == [-1, 0, -1, -1]


def test_an_id_that_several_could_mean_means_none(tmp_path: Path) -> None:
    at = {"01": (0.0, 0.0), "001": (600.0, 0.0), "2": (1200.0, 0.0), "3": (1800.0, 0.0)}
    loaded = load(tmp_path, stops=stops(**at), stop_times=NUMBERED.format("1", "2", "3"))
    assert called_stops(loaded.timetable, "t1") == "23"
    assert is_told(loaded, "no such stop")


def test_ids_that_differ_in_capitals_alone_are_different_stops(tmp_path: Path) -> None:
    tt = read(tmp_path, stops=stops(a=(0, 0), A=(600, 0), B=(1200, 0)), stop_times=NUMBERED.format("a", "A", "B"))
    assert called_stops(tt, "t1") == "aAB"


# google/transitfeed#109, remix/partridge#80, MobilityData/gtfs-validator#428, itinero/GTFS#46
@pytest.mark.parametrize(
    "times",
    [
        ("08:00:00.000", "08:02:00.0", "08:04:00.000"), ("8:00:00 AM", "8:02 am", "8:04:00 A.M."),
        ("0 days 08:00:00", "0 days 08:02:00", "0 days 08:04:00"), ("07:59:60", "08:01:60", "08:04:00"),
        ("08: 0:00", " 8:02:00", "08 :04:00"), ("０８:００:００", "08：02：00", "8:04"),
        ("T08:00:00", "08:02:00+01:00", "2026-03-02T08:04:00-0500"),
    ],
)  # fmt: skip
def test_times_are_read_as_programs_write_them(tmp_path: Path, times: tuple[str, ...]) -> None:
    tt = read(tmp_path, stop_times=STOP_TIMES + calls("t1", *times))
    assert clock_times(tt, "t1") == ["08:00:00", "08:02:00", "08:04:00"]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-02", "2026-03-08"), ("2026/03/02", "2026/03/08"), ("20260302.0", "20260308.0"),
        ("2026-03-02T00:00:00", "2026-03-08 00:00:00"), ("2026-3-2", "2026/3/8"), ("２０２６０３０２", "20260308"),
    ],
)  # fmt: skip
def test_dates_are_read_as_programs_write_them(tmp_path: Path, first: str, last: str) -> None:
    row = f"daily,True,True,TRUE,true,1.0,1,FALSE,{first},{last}\n"
    tt = read(tmp_path, calendar=WEEK + row, calendar_dates=f"service_id,date,exception_type\ndaily,{last},1.0\n")
    assert tt.date.tolist() == list(range(20260302, 20260309))
    assert tt.service_active.all()


def test_a_period_that_ends_on_the_31st_of_a_short_month_ends_with_it(tmp_path: Path) -> None:
    tt = read(tmp_path, calendar=CALENDAR.replace("20260308", "20260431"))
    assert (tt.date[0], tt.date[-1]) == (20260302, 20260430)


def test_a_feed_without_a_day_says_which_row_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"calendar\.txt row 2: end_date lies before start_date"):
        load(tmp_path, calendar=CALENDAR.replace("20260302,20260308", "20260308,20260302"))


@pytest.mark.parametrize("zone", ["europe/paris", "Europe/paris", "EUROPE/PARIS"])
def test_a_time_zone_is_known_in_any_letters(tmp_path: Path, zone: str) -> None:
    assert read(tmp_path, agency=str(TABLES["agency"]).replace("Europe/Paris", zone)).timezone == "Europe/Paris"


def test_a_time_zone_is_known_with_a_blank(tmp_path: Path) -> None:
    agency = str(TABLES["agency"]).replace("Europe/Paris", "America/New York")
    assert load(tmp_path, agency=agency).timetable.timezone == "America/New_York"


# conveyal/r5#800
def test_calls_that_share_a_number_are_all_kept_where_they_go_on_from_stop_to_stop(tmp_path: Path) -> None:
    loaded = load(tmp_path, stop_times=TIMES.replace(",2\n", ",1\n"))
    assert called_stops(loaded.timetable, "t1") == "ABC"
    assert loaded.timetable.stop_sequence.tolist() == [1, 2, 3]
    assert is_told(loaded, "counted on")


def test_rows_that_stand_twice_in_a_file_count_once(tmp_path: Path) -> None:
    loaded = load(tmp_path, stop_times=TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00"))
    assert called_stops(loaded.timetable, "t1") == "ABC"
    assert clock_times(loaded.timetable, "t1")[-1] == "08:04:00"


@pytest.mark.parametrize(("kind", "parent", "called"), [(2, "P", "P"), (3, "P", "P"), (4, "Q", "Q")])
def test_a_call_at_an_entrance_is_one_at_its_station(tmp_path: Path, kind: int, parent: str, called: str) -> None:
    at = place(0)
    loaded = load(
        tmp_path,
        stops=TYPED + f"P,Hub,{at},1,\nQ,Hub 1,{at},0,P\nA,Hub,{at},{kind},{parent}\n"
        f"B,B,{place(600)},0,\nC,C,{place(1200)},0,\n",
    )
    assert called_stops(loaded.timetable, "t1") == f"{called}BC"
    assert is_told(loaded, "part of a station")


# opentripplanner/OpenTripPlanner#7970, MobilityData/gtfs-validator#1767
@pytest.mark.parametrize("row", ["t1,,,B,,2,08:00:00,17:00:00", "t1,,,,zone,2,08:00:00,17:00:00"])
def test_where_a_bus_comes_on_demand_no_time_is_made_up(tmp_path: Path, row: str) -> None:
    header = STOP_TIMES.replace("stop_id,", "stop_id,location_id,").replace(
        "sequence", "sequence,start_pickup_drop_off_window,end_pickup_drop_off_window"
    )
    rows = f"{header}t1,08:00:00,08:00:00,A,,1,,\n{row}\nt1,08:30:00,08:30:00,C,,3,,\n"
    loaded = load(tmp_path, stop_times=rows)
    assert called_stops(loaded.timetable, "t1") == "AC"
    assert is_told(loaded, "on demand")


# opentripplanner/OpenTripPlanner#3582
def test_two_rows_of_one_service_both_count(tmp_path: Path) -> None:
    tt = read(
        tmp_path, calendar=f"{WEEK}daily,1,0,0,0,0,0,0,20260302,20260308\ndaily,0,1,0,0,0,0,0,20260302,20260308\n"
    )
    assert tt.date.tolist() == [20260302, 20260303]


# carrismetropolitana/gtfs#665
def test_a_line_of_an_agency_that_is_not_there_keeps_its_trips(tmp_path: Path) -> None:
    tt = read(
        tmp_path, agency="agency_id,agency_name,agency_url,agency_timezone\nA2,Bus,https://b.example,Europe/Lisbon\n",
        routes="agency_id,route_id,route_short_name,route_type\n41,r1,1,3\n",
    )  # fmt: skip
    assert called_stops(tt, "t1") == "ABC"


def test_without_calendar_rows_the_dates_alone_count(
    tmp_path: Path,
) -> None:  # vasile/GTFS-viz#8, psrc/combine_gtfs_feeds#23
    for calendar in (None, WEEK, CALENDAR.replace("1,1,1,1,1,1,1", "0,0,0,0,0,0,0")):
        tt = read(tmp_path, calendar=calendar, calendar_dates="service_id,date,exception_type\ndaily,20260304,1\n")
        assert tt.date.tolist() == [20260304]


def test_a_trip_without_numbers_calls_in_the_order_of_its_rows(tmp_path: Path) -> None:
    two = STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00") + calls("t2", "09:00:00", "09:02:00", "09:04:00")
    rows = "".join(line[: line.rindex(",") + 1] + "\n" for line in two.splitlines()[1:])
    loaded = load(tmp_path, trips=TRIPS + "r1,daily,t1\nr1,daily,t2\n", stop_times=STOP_TIMES + rows)
    assert [called_stops(loaded.timetable, trip) for trip in ("t1", "t2")] == ["ABC", "ABC"]
    assert is_told(loaded, "in the order of the rows")
