"""Which timetable runs on which date: weekdays, Saturdays, Sundays and French public holidays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

TIMEZONE = "Europe/Paris"
DAY_TYPES = ("LV", "SA", "DI")
"""Lundi à vendredi, samedi, dimanche et fêtes: also the `service_id`s."""

_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))


@cache
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays of metropolitan France."""
    easter = _easter(year)
    return frozenset(date(year, m, d) for m, d in _FIXED) | {easter + timedelta(days=n) for n in (1, 39, 50)}


def _easter(year: int) -> date:
    # The anonymous Gregorian computus.
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    ell = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)


def weekly_day_type(day: date) -> str:
    """The day type that the day of the week calls for."""
    return DAY_TYPES[max(day.weekday() - 4, 0)]


def day_type(day: date) -> str:
    """The day type that runs: a public holiday runs like a Sunday."""
    return "DI" if day in public_holidays(day.year) else weekly_day_type(day)


def day_origin(day: date) -> float:
    """POSIX seconds of noon minus 12 h: GTFS's origin of the service day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(TIMEZONE))
    return noon.timestamp() - 12 * 3600.0
