"""Which dated run a descriptor means."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.named_runs import AMBIGUOUS, FOUND, NO_SUCH_TRIP, NOT_NAMED, NOT_RUNNING, FoundRuns, RunFinder, RunNames
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


def found(
    tt: Timetable,
    at: float,
    *,
    trip: int = -1,
    route: int = -1,
    direction: int = -1,
    date: int = NO_DATE,
    start_time_s: int = -1,
    seen: bool = True,
    elapsed_s: float = np.nan,
) -> FoundRuns:
    """What one descriptor stands for; `seen`: told by a vehicle under way, else only spoken of."""
    i32 = np.int32
    names = RunNames(
        np.array([trip], i32), np.array([route], i32), np.array([direction], np.int8), np.array([date], i32),
        np.array([start_time_s], i32),
    )  # fmt: skip
    return RunFinder(tt).find(names, np.array([at]), np.array([seen]), np.array([elapsed_s]))


def day_of(
    tt: Timetable, trip: int, at: float, *, date: int = NO_DATE, start_time_s: int = -1, seen: bool = True
) -> int:
    """Date of the service day of one descriptor's run, 0 where it has none."""
    day = found(tt, at, trip=trip, date=date, start_time_s=start_time_s, seen=seen).service_day[0]
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


def test_a_day_on_which_the_service_does_not_run_is_chosen_only_by_a_vehicle_that_is_there_at_its_time() -> None:
    tt = days_from(WEEK, 3, 8 * 3600, active=[True, False, False])
    assert day_of(tt, 0, local(2026, 3, 2, 8, 3)) == 20260302
    assert day_of(tt, 0, local(2026, 3, 2, 19)) == 20260302, "a vehicle may keep its trip's id for hours"
    assert day_of(tt, 0, local(2026, 3, 3, 8, 3)) == 20260303
    assert day_of(tt, 0, local(2026, 3, 3, 19)) == 0


def test_a_given_date_is_believed_where_the_trip_runs_on_it() -> None:
    tt = days_from(WEEK, 7, 8 * 3600)
    assert day_of(tt, 0, local(2026, 3, 4, 10, 30), date=20260304) == 20260304
    assert day_of(tt, 0, local(2026, 3, 4, 23), date=20260305) == 20260305, "logged on the evening before"
    assert day_of(tt, 0, local(2026, 3, 4, 8, 3), date=20200101) == 20260304


def test_a_bus_seen_on_its_way_is_on_the_run_that_is_near_whatever_date_it_names() -> None:
    tt = days_from(WEEK, 7, 8 * 3600, 25 * 3600)
    assert day_of(tt, 1, local(2026, 3, 4, 1, 3), date=20260304) == 20260303, "the calendar date after midnight"
    assert day_of(tt, 0, local(2026, 3, 4, 8, 3), date=20260305) == 20260304, "a feed that counts days in UTC"


def test_what_runs_on_no_day_near_is_on_the_day_named() -> None:
    """An extra run, on a day on which the timetable has none."""
    tt = days_from(WEEK, 7, 8 * 3600, active=[True, True, False, True, True, True, True])
    assert day_of(tt, 0, local(2026, 3, 4, 8, 3), date=20260304) == 20260304


# TheTransitClock/transitime#275, motis-project/motis#1190
@pytest.mark.parametrize("start_time_s", [-1, 4 * 3600 + 600, 28 * 3600 + 600])
@pytest.mark.parametrize("seen", [True, False])
def test_a_sunday_run_past_midnight_is_found_by_mondays_date(seen: bool, start_time_s: int) -> None:
    tt = days_from(WEEK, 7, 28 * 3600 + 600, active=[False] * 6 + [True])
    sunday = days_from(WEEK - timedelta(days=1), 7, 28 * 3600 + 600, active=[True] + [False] * 6)
    at = local(2026, 3, 2, 4, 10)
    assert day_of(sunday, 0, at, date=20260302, start_time_s=start_time_s, seen=seen) == 20260301
    assert day_of(sunday, 0, at, date=20260301, start_time_s=start_time_s, seen=seen) == 20260301
    late = local(2026, 3, 9, 4, 10)
    assert day_of(tt, 0, late, date=20260309, start_time_s=start_time_s, seen=seen) == 20260308, (
        "the last day of the timetable, named by the day after it"
    )


def test_a_run_cancelled_by_the_calendar_date_after_midnight_is_the_one_at_hand() -> None:
    daily = days_from(WEEK, 7, 25 * 3600 + 600)
    night = local(2026, 3, 4, 0, 50)
    assert day_of(daily, 0, night, date=20260304, seen=False) == 20260303
    assert day_of(daily, 0, night, date=20260303, seen=False) == 20260303
    assert day_of(daily, 0, night, date=20260304, start_time_s=3600 + 600, seen=False) == 20260303
    assert day_of(daily, 0, night, date=20260304, start_time_s=25 * 3600 + 600, seen=False) == 20260304
    assert day_of(daily, 0, local(2026, 3, 4, 20), date=20260304, seen=False) == 20260304
    assert day_of(daily, 0, local(2026, 3, 5, 1), date=20260304, start_time_s=4200, seen=False) == 20260304, (
        "the service date with the time of day"
    )


def test_a_run_of_the_small_hours_is_found_by_the_operating_day_before() -> None:
    tt = days_from(WEEK, 7, 600, active=[False, False, True, False, False, False, False])
    at = local(2026, 3, 4, 0, 5)
    assert day_of(tt, 0, at, date=20260303, start_time_s=24 * 3600 + 600, seen=False) == 20260304
    assert day_of(tt, 0, at, date=20260303, seen=False) == 20260304
    assert day_of(tt, 0, at, date=20260303) == 20260304


def test_a_cancellation_of_tomorrow_leaves_the_run_of_today_alone() -> None:
    tt = days_from(WEEK, 7, 8 * 3600, 23 * 3600 + 1700)
    assert day_of(tt, 0, local(2026, 3, 4, 7, 50), date=20260305, seen=False) == 20260305
    assert day_of(tt, 0, local(2026, 3, 4, 8, 3), date=20260307, seen=False) == 20260307
    assert day_of(tt, 1, local(2026, 3, 4, 23), date=20260305, seen=False) == 20260305


def test_a_cancellation_on_a_day_on_which_the_trip_does_not_run_is_told() -> None:
    tt = days_from(WEEK, 7, 8 * 3600, active=[True] * 5 + [False] * 2)
    friday_evening = local(2026, 3, 6, 20)
    assert found(tt, friday_evening, trip=0, date=20260307, seen=False).verdict[0] == NOT_RUNNING
    assert found(tt, friday_evening, trip=0, date=20270101, seen=False).verdict[0] == NOT_RUNNING


def test_each_of_two_nights_named_in_one_message_is_its_own() -> None:
    tt = days_from(WEEK, 7, 25 * 3600 + 600)
    names = RunNames.of_trips(
        np.array([0, 0], np.int32), np.array([20260304, 20260303], np.int32), np.array([-1, -1], np.int32)
    )
    at = np.full(2, local(2026, 3, 4, 0, 50))
    runs = RunFinder(tt).find(names, at, np.zeros(2, bool))
    assert tt.date[runs.service_day].tolist() == [20260304, 20260303]


HALF_HOURS = [5 * 3600 + i * 1800 for i in range(41)]
"""Runs of one trip from 5:00 to 25:00."""


def exact(first: datetime = WEEK, days: int = 7) -> Timetable:
    """Trip 0 by frequencies.txt with exact_times=1, its own times at 05:00."""
    tt = days_from(first, days, 5 * 3600)
    n = len(HALF_HOURS)
    return replace(
        tt, journey_trip=np.zeros(n, np.int32), journey_shift_s=np.array(HALF_HOURS, np.int32) - 5 * 3600,
        journey_headway_s=np.zeros(n, np.int32),
    )  # fmt: skip


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("off_s", [0, 20, -59, 600])
@pytest.mark.parametrize("date", [NO_DATE, 20260304])
def test_each_run_of_a_trip_is_known_by_its_start_time(date: int, off_s: int, seen: bool) -> None:
    tt = exact()
    at = local(2026, 3, 4, 8, 35)
    for start in (8 * 3600, 8 * 3600 + 1800, 9 * 3600):
        run = found(tt, at, trip=0, date=date, start_time_s=start + off_s, seen=seen)
        assert (tt.date[run.service_day[0]], run.shift_s[0]) == (20260304, start - 5 * 3600)
        assert run.start_known[0]


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(
    ("date", "start_time_s"), [(20260303, 25 * 3600), (20260304, 3600), (20260303, 3600), (NO_DATE, 3600)]
)
def test_the_last_run_of_the_day_is_found_by_any_name_that_feeds_give_it(
    date: int, start_time_s: int, seen: bool
) -> None:
    tt = exact()
    run = found(tt, local(2026, 3, 4, 1, 4), trip=0, date=date, start_time_s=start_time_s, seen=seen)
    assert (tt.date[run.service_day[0]], run.shift_s[0]) == (20260303, 20 * 3600)


def test_where_no_start_time_is_named_the_run_is_the_one_that_should_be_there() -> None:
    tt = exact()
    run = found(tt, local(2026, 3, 4, 8, 35), trip=0, date=20260304, elapsed_s=240)
    assert (run.shift_s[0], run.start_known[0]) == (3 * 3600 + 1800, False)
    run = found(tt, local(2026, 3, 4, 8, 35), trip=0, date=20260304, elapsed_s=2400)
    assert run.shift_s[0] == 3 * 3600


def test_a_start_time_at_which_nothing_starts_cancels_nothing() -> None:
    run = found(exact(), local(2026, 3, 4, 3), trip=0, date=20260304, start_time_s=3 * 3600, seen=False)
    assert run.verdict[0] == NOT_RUNNING


# nigiri#251, etalab/transpo-rt#59, HSLdevcom/OpenTripPlanner#18
def test_a_run_is_found_by_route_direction_and_start() -> None:
    tt = days_from(WEEK, 7, 8 * 3600, 9 * 3600, 25 * 3600)
    at = local(2026, 3, 4, 0, 50)
    for date, start, trip, day in (
        (20260304, 8 * 3600, 0, 20260304),
        (20260304, 9 * 3600 + 30, 1, 20260304),
        (20260303, 25 * 3600, 2, 20260303),
        (20260304, 3600, 2, 20260303),
        (NO_DATE, 8 * 3600, 0, 20260304),
    ):
        run = found(tt, at, route=0, direction=0, date=date, start_time_s=start, seen=False)
        assert (run.verdict[0], run.trip[0], tt.date[run.service_day[0]]) == (FOUND, trip, day)
    assert found(tt, at, route=0, date=20260304, start_time_s=8 * 3600, seen=False).trip[0] == 0


def test_what_cannot_be_found_by_route_is_told_by_reason() -> None:
    tt = days_from(WEEK, 7, 8 * 3600, 8 * 3600, 9 * 3600)
    at = local(2026, 3, 4, 7)
    assert found(tt, at, route=0, date=20260304, start_time_s=8 * 3600, seen=False).verdict[0] == AMBIGUOUS
    assert found(tt, at, route=0, date=20260304, start_time_s=8 * 3600 + 300, seen=False).verdict[0] == NO_SUCH_TRIP
    assert found(tt, at, route=0, direction=1, start_time_s=8 * 3600, seen=False).verdict[0] == AMBIGUOUS
    assert found(tt, at, route=0, date=20260304, seen=False).verdict[0] == NOT_NAMED


@pytest.mark.parametrize("clock_change", [datetime(2026, 3, 29), datetime(2026, 10, 25)])
@pytest.mark.parametrize("seen", [True, False])
def test_runs_of_the_night_in_which_the_clock_changes_are_found_by_either_date(
    clock_change: datetime, seen: bool
) -> None:
    tt = exact(clock_change - timedelta(days=2), 5)
    eve, night = int(tt.date[1]), int(tt.date[2])
    at = float(tt.date_origin[1]) + 25 * 3600 + 120
    for date, start in ((eve, 25 * 3600), (night, 3600)):
        run = found(tt, at, trip=0, date=date, start_time_s=start, seen=seen)
        assert (tt.date[run.service_day[0]], run.shift_s[0]) == (eve, 20 * 3600)


def test_the_start_time_tells_the_day_of_a_trip_by_headway() -> None:
    tt = exact()
    tt = replace(tt, journey_headway_s=np.full(len(tt.journey_trip), 1800, np.int32))
    assert day_of(tt, 0, local(2026, 3, 4, 0, 40), start_time_s=24 * 3600 + 1800) == 20260303
    assert day_of(tt, 0, local(2026, 3, 4, 0, 40), start_time_s=1800) == 20260303


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


def test_a_cancellation_the_evening_before_is_of_the_night_that_it_names() -> None:
    tt = days_from(WEEK, 7, 25 * 3600 + 600)
    assert day_of(tt, 0, local(2026, 3, 4, 23, 30), date=20260305, seen=False) == 20260305


def test_a_feed_that_counts_days_in_utc_is_known_where_the_trip_runs_on_one_of_them_alone() -> None:
    tt = days_from(WEEK, 7, 600, active=[False, False, True, False, False, False, False])
    west = replace(tt, date_origin=tt.date_origin + 6 * 3600)
    evening = replace(west, departure_s=west.departure_s + 19 * 3600, arrival_s=west.arrival_s + 19 * 3600)
    at = float(evening.date_origin[2]) + 19 * 3600
    assert day_of(evening, 0, at, date=20260305, seen=False) == 20260304
    assert day_of(tt, 0, local(2026, 3, 4, 0, 20), date=20260305, seen=False) == 0, "no day without it is meant"


@settings(max_examples=60, deadline=None)
@given(st.integers(-1, 8), st.integers(-20 * 3600, 20 * 3600), st.sampled_from([8 * 3600, 25 * 3600]), st.data())
def test_the_short_way_to_plain_runs_leads_where_the_long_one_does(
    date: int, into_s: int, start_s: int, data: st.DataObject
) -> None:
    active = data.draw(st.lists(st.booleans(), min_size=7, max_size=7))
    tt = days_from(WEEK, 7, start_s, active=active)
    named = int((WEEK + timedelta(days=date)).strftime("%Y%m%d"))
    at = float(tt.date_origin[3]) + start_s + into_s
    finder = RunFinder(tt)
    names = RunNames.of_trips(np.zeros(1, np.int32), np.array([named], np.int32), np.full(1, -1, np.int32))
    short = finder.find(names, np.array([at]), np.ones(1, bool))
    finder._is_plain = lambda trip, *_: np.zeros(len(trip), bool)  # type: ignore[method-assign]
    long = finder.find(names, np.array([at]), np.ones(1, bool))
    assert (short.trip[0], short.service_day[0], short.other_day[0]) == (
        long.trip[0], long.service_day[0], long.other_day[0],
    )  # fmt: skip
