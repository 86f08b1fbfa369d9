"""Which service day a report belongs to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.service_days import ServiceDays
from predictor.timetable import Timetable
from tests.predictor.small_network import timetable

PARIS = ZoneInfo("Europe/Paris")
NO_DATE = 0


def days_from(first: datetime, days: int, *starts_s: int, active: list[bool] | None = None) -> Timetable:
    """Trips of 450 s on consecutive days."""
    dates = [first + timedelta(days=i) for i in range(days)]
    noon = [d.replace(hour=12, tzinfo=PARIS).timestamp() for d in dates]
    return replace(
        timetable(starts_s),
        date=np.array([d.year * 10000 + d.month * 100 + d.day for d in dates], np.int32),
        date_origin=np.array(noon, np.int64) - 43_200,
        service_active=np.array([active or [True] * days]),
    )


def day_of(tt: Timetable, trip: int, at: float, *, date: int = NO_DATE, start_time_s: int = -1) -> int:
    """Date of the service day of one report, 0 where it has none."""
    i32 = np.int32
    day = ServiceDays(tt).of_reports(
        np.array([trip], i32), np.array([date], i32), np.array([start_time_s], i32), np.array([at])
    )[0]
    return int(tt.date[day]) if day >= 0 else 0


def local(year: int, month: int, day: int, hour: int, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=PARIS).timestamp()


WEEK = datetime(2026, 3, 2)


def test_a_report_belongs_to_the_day_on_which_its_trip_runs_then() -> None:
    tt = days_from(WEEK, 7, 8 * 3600)
    assert day_of(tt, 0, local(2026, 3, 4, 8, 3)) == 20260304


def test_after_midnight_a_late_trip_belongs_to_the_day_before() -> None:
    tt = days_from(WEEK, 7, 25 * 3600, 30 * 60)
    assert day_of(tt, 0, local(2026, 3, 4, 1, 2)) == 20260303
    assert day_of(tt, 1, local(2026, 3, 4, 0, 35)) == 20260304


def test_a_day_on_which_the_service_does_not_run_is_not_chosen() -> None:
    tt = days_from(WEEK, 3, 8 * 3600, active=[True, False, False])
    assert day_of(tt, 0, local(2026, 3, 2, 8, 3)) == 20260302
    assert day_of(tt, 0, local(2026, 3, 2, 19)) == 20260302, "a vehicle may keep its trip's id for hours"
    assert day_of(tt, 0, local(2026, 3, 3, 8, 3)) == 0


def test_a_given_date_is_believed_where_the_timetable_has_it() -> None:
    tt = days_from(WEEK, 7, 8 * 3600)
    assert day_of(tt, 0, local(2026, 3, 4, 8, 3), date=20260305) == 20260305
    assert day_of(tt, 0, local(2026, 3, 4, 8, 3), date=20200101) == 20260304


def test_the_start_time_tells_the_day_of_a_trip_by_headway() -> None:
    tt = days_from(WEEK, 7, 5 * 3600)
    assert day_of(tt, 0, local(2026, 3, 4, 0, 40), start_time_s=24 * 3600 + 1800) == 20260303
    assert day_of(tt, 0, local(2026, 3, 4, 0, 40), start_time_s=1800) == 20260304


@pytest.mark.parametrize(("clock_change", "hours"), [(datetime(2026, 3, 29), 23), (datetime(2026, 10, 25), 25)])
def test_days_of_23_and_25_hours_need_no_special_case(clock_change: datetime, hours: int) -> None:
    tt = days_from(clock_change - timedelta(days=1), 3, 8 * 3600, 25 * 3600, 1800)
    midnight = [d.replace(tzinfo=PARIS).timestamp() for d in (clock_change, clock_change + timedelta(days=1))]
    assert midnight[1] - midnight[0] == hours * 3600
    y, m, d = clock_change.year, clock_change.month, clock_change.day
    assert day_of(tt, 0, local(y, m, d, 8, 2)) == int(tt.date[1])
    assert day_of(tt, 1, local(y, m, d, 12) + 13 * 3600 + 60) == int(tt.date[1]), "25:01 is 13 hours after noon"
    assert day_of(tt, 2, float(tt.date_origin[1]) + 1900) == int(tt.date[1])


@settings(max_examples=80, deadline=None)
@given(
    st.dates(datetime(2026, 1, 3).date(), datetime(2026, 12, 29).date()),
    st.integers(0, 30 * 3600),
    st.floats(-300, 900),
)
def test_a_report_made_during_a_trip_finds_the_day_that_the_trip_began_on(
    day: object, start_s: int, into_s: float
) -> None:
    first = datetime.fromisoformat(str(day)) - timedelta(days=1)
    tt = days_from(first, 3, start_s)
    at = float(tt.date_origin[1]) + start_s + into_s
    assert day_of(tt, 0, at) == int(tt.date[1])


def test_days_around_now_hold_every_trip_on_the_road() -> None:
    tt = days_from(WEEK, 7, 8 * 3600)
    around = ServiceDays(tt).around(local(2026, 3, 4, 0, 10))
    assert tt.date[around].tolist() == [20260302, 20260303, 20260304]
    evening = ServiceDays(tt).around(local(2026, 3, 4, 22, 0))
    assert tt.date[evening].tolist() == [20260303, 20260304, 20260305]


def test_outside_the_calendar_there_is_no_day() -> None:
    tt = days_from(WEEK, 2, 8 * 3600)
    assert ServiceDays(tt).around(local(2027, 1, 1, 8)) == []
    assert day_of(tt, 0, local(2027, 1, 1, 8)) == 0
