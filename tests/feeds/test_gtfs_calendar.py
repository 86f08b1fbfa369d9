"""On which days trips run, and at which moment of the world."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds.errors import FeedError
from predictor.service_days import ServiceDays
from predictor.timetable import Timetable
from tests.feeds.small_feed import STOP_TIMES, TRIPS, WEEK, calls, load, posix, read

EXCEPTIONS = "service_id,date,exception_type\n"
CLOCKS_FORWARD, CLOCKS_BACK = 20260329, 20261025


def days(timetable: Timetable, service: str = "daily") -> list[int]:
    """Dates on which a service runs."""
    v = timetable.service_id.tolist().index(service)
    running: list[int] = timetable.date[timetable.service_active[v]].tolist()
    return running


def moment(timetable: Timetable, date: int, call: int) -> float:
    """POSIX seconds of a departure of the only trip."""
    return float(timetable.date_origin[timetable.date_index[date]] + timetable.departure_s[call])


def test_a_week_runs_on_its_weekdays_from_the_first_to_the_last_date(tmp_path: Path) -> None:
    tt = read(tmp_path, calendar=WEEK + "daily,1,1,0,0,0,0,1,20260303,20260309\n")
    assert days(tt) == [20260303, 20260308, 20260309]
    assert tt.date.tolist() == list(range(20260303, 20260310)), "consecutive, idle days too"


def test_exceptions_add_and_remove_days(tmp_path: Path) -> None:
    tt = read(
        tmp_path,
        calendar=WEEK + "daily,1,1,1,1,1,0,0,20260302,20260308\n",
        calendar_dates=EXCEPTIONS + "daily,20260304,2\ndaily,20260307,1\ndaily,20260310,1\n",
    )
    assert days(tt) == [20260302, 20260303, 20260305, 20260306, 20260307, 20260310]


def test_a_feed_may_have_calendar_dates_alone(tmp_path: Path) -> None:
    tt = read(tmp_path, calendar=None, calendar_dates=EXCEPTIONS + "daily,20260228,1\ndaily,20260301,1\n")
    assert days(tt) == [20260228, 20260301]


def test_a_day_both_added_and_removed_is_added_whatever_the_order_of_rows(tmp_path: Path) -> None:
    for rows in ("daily,20260304,1\ndaily,20260304,2\n", "daily,20260304,2\ndaily,20260304,1\n"):
        assert 20260304 in days(read(tmp_path, calendar_dates=EXCEPTIONS + rows))


def test_services_that_no_trip_uses_are_not_loaded(tmp_path: Path) -> None:
    tt = read(tmp_path, calendar=WEEK + "daily,1,1,1,1,1,1,1,20260302,20260303\nold,1,1,1,1,1,1,1,20200101,20301231\n")
    assert tt.service_id.tolist() == ["daily"]
    assert tt.date.tolist() == [20260302, 20260303]


def test_a_service_without_any_day_is_kept_and_told(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, trips=TRIPS + "r1,daily,t1\nr1,never,t2\n",
        stop_times=STOP_TIMES + calls("t1", "08:00:00", "08:02:00", "08:04:00")
        + calls("t2", "09:00:00", "09:02:00", "09:04:00"),
    )  # fmt: skip
    assert days(loaded.timetable, "never") == []
    assert [(p.entity_id, "runs on no day" in p.message) for p in loaded.problems] == [("never", True)]


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        (WEEK + "other,1,1,1,1,1,1,1,20260302,20260308\n", "no service that a trip uses has a day"),
        (WEEK + "daily,0,0,0,0,0,0,0,20260302,20260308\n", "leave no day on which a trip runs"),
    ],
)
def test_a_feed_in_which_nothing_ever_runs_is_refused(tmp_path: Path, calendar: str, said: str) -> None:
    with pytest.raises(FeedError, match=said):
        load(tmp_path, calendar=calendar)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("daily,1,1,1,1,1,1,1,20260230,20260308", "start_date “20260230” is no date"),
        ("daily,1,1,1,1,1,1,1,20260308,20260302", "end_date lies before start_date"),
    ],
)
def test_a_broken_row_is_skipped_and_told(tmp_path: Path, row: str, said: str) -> None:
    loaded = load(tmp_path, calendar=f"{WEEK}daily,1,1,1,1,1,1,1,20260309,20260309\n{row}\n")
    assert days(loaded.timetable) == [20260309]
    assert [(p.file, p.row, p.entity_id, said in p.message) for p in loaded.problems] == [
        ("calendar.txt", 3, "daily", True)
    ]


def test_an_exception_of_no_known_type_or_date_is_skipped_and_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, calendar_dates=EXCEPTIONS + "daily,20260304,3\ndaily,tomorrow,1\n")
    assert days(loaded.timetable) == list(range(20260302, 20260309))
    assert [(p.file, p.row) for p in loaded.problems] == [("calendar_dates.txt", 3), ("calendar_dates.txt", 2)]


def test_a_calendar_for_ever_is_cut(tmp_path: Path) -> None:
    loaded = load(tmp_path, calendar=WEEK + "daily,1,1,1,1,1,1,1,00010101,99991231\n")
    assert (loaded.timetable.date[0], loaded.timetable.date[-1]) == (19900101, 20891231)
    assert len(loaded.problems) == 2


def test_times_past_midnight_belong_to_the_service_day_before(tmp_path: Path) -> None:
    tt = read(tmp_path, stop_times=STOP_TIMES + calls("t1", "23:50:00", "24:10:00", "25:30:00"))
    assert moment(tt, 20260302, 0) == posix(2026, 3, 2, 23, 50)
    assert moment(tt, 20260302, 1) == posix(2026, 3, 3, 0, 10)
    assert moment(tt, 20260302, 2) == posix(2026, 3, 3, 1, 30)
    around = ServiceDays(tt).around(posix(2026, 3, 3, 0, 30))
    assert tt.date_index[20260302] in around, "yesterday's trips are still on the road"


@pytest.mark.parametrize(
    ("date", "clock", "local"),
    [
        # Clocks go from 2:00 to 3:00 on 29 March: noon less 12 h is 23:00 of the day before.
        (CLOCKS_FORWARD, "01:30:00", posix(2026, 3, 29, 0, 30)),
        (CLOCKS_FORWARD, "08:00:00", posix(2026, 3, 29, 8, 0)),
        (CLOCKS_FORWARD, "25:00:00", posix(2026, 3, 30, 1, 0)),
        # And back from 3:00 to 2:00 on 25 October: noon less 12 h is 1:00.
        (CLOCKS_BACK, "00:30:00", posix(2026, 10, 25, 0, 30) + 3600),
        (CLOCKS_BACK, "08:00:00", posix(2026, 10, 25, 8, 0)),
        (CLOCKS_BACK, "25:00:00", posix(2026, 10, 26, 1, 0)),
    ],
)
def test_on_the_days_when_clocks_change_times_count_from_noon_less_12_hours(
    tmp_path: Path, date: int, clock: str, local: float
) -> None:
    tt = read(
        tmp_path,
        calendar=f"{WEEK}daily,1,1,1,1,1,1,1,{date},{date}\n",
        stop_times=STOP_TIMES + calls("t1", clock, "26:00:00", stops="AB"),
    )
    assert moment(tt, date, 0) == local


def test_a_zone_without_daylight_saving_and_one_beyond_the_date_line(tmp_path: Path) -> None:
    for zone in ("Asia/Kolkata", "Pacific/Kiritimati"):
        tt = load(tmp_path, agency=f"agency_name,agency_url,agency_timezone\nT,https://t.example,{zone}\n").timetable
        assert moment(tt, 20260302, 0) == posix(2026, 3, 2, 8, zone=zone)


def test_a_zone_that_is_none_is_refused_with_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(
        FeedError, match=r"agency\.txt row 2: there is no time zone “Europe/Pariss”; did you mean Europe/P"
    ):
        load(tmp_path, agency="agency_name,agency_url,agency_timezone\nT,https://t.example,Europe/Pariss\n")


def test_a_missing_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="has no agency_timezone; give one, such as Europe/Paris"):
        load(tmp_path, agency="agency_name,agency_url,agency_timezone\nT,https://t.example,\n")


def test_the_first_agencys_zone_holds_for_all_and_others_are_told(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        agency="agency_id,agency_name,agency_url,agency_timezone\n1,T,https://t.example,Europe/Paris\n"
        "2,U,https://u.example,Europe/London\n",
    )
    assert loaded.timetable.timezone == "Europe/Paris"
    told = [(p.file, p.row, p.entity_id) for p in loaded.problems]
    # Nor does its line say whose it is.
    assert told == [("agency.txt", 3, "Europe/London"), ("routes.txt", 2, "r1")]
