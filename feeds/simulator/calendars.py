"""Which timetable runs on which date: weekdays, Saturdays, Sundays and French public holidays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from dateutil.easter import easter

from feeds.gtfs.service_calendar import origin_of

TIMEZONE = "Europe/Paris"
DAY_TYPES = ("LV", "SA", "DI")
"""Lundi à vendredi, samedi, dimanche et fêtes: also the `service_id`s."""

_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))


@cache
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays of metropolitan France."""
    return frozenset(date(year, m, d) for m, d in _FIXED) | {easter(year) + timedelta(days=n) for n in (1, 39, 50)}


def weekly_day_type(day: date) -> str:
    """The day type that the day of the week calls for."""
    return DAY_TYPES[max(day.weekday() - 4, 0)]


def day_type(day: date) -> str:
    """The day type that runs: a public holiday runs like a Sunday."""
    return "DI" if day in public_holidays(day.year) else weekly_day_type(day)


def day_origin(day: date) -> float:
    """POSIX seconds of the service day's origin."""
    return float(origin_of(datetime(day.year, day.month, day.day), ZoneInfo(TIMEZONE)))
