"""calendar.txt and calendar_dates.txt: on which days each service runs, and when each day begins."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from feeds.errors import FeedError
from feeds.gtfs.columns import WEEKDAYS
from feeds.gtfs.problems import Problems
from feeds.gtfs.references import references
from feeds.gtfs.tables import Tables, numbers, word_array
from feeds.gtfs.written_dates import day_first, has_year_of_two, is_day_number, is_of_two, written_date
from predictor.arrays import BoolArray, Int32Array, Int64Array, StrArray

_FILES = ("calendar.txt", "calendar_dates.txt")

FIRST_DAY, LAST_DAY = np.datetime64("1990-01-01"), np.datetime64("2089-12-31")
"""Calendars “for ever” are cut to these days; a day costs one byte a service."""

_NO_DAY = np.iinfo(np.int64).min
_A_MONDAY = np.datetime64("1970-01-05").astype(int)
_EPOCH = date(1970, 1, 1).toordinal()
_ADDED, _REMOVED = 1, 2


@dataclass(frozen=True, eq=False)
class ServiceCalendar:
    """Letters: V services, D dates. The meaning is that of the calendar fields of `Timetable`."""

    date: Int32Array
    date_origin: Int64Array
    service_active: BoolArray


def read_calendar(
    tables: Tables, service_id: StrArray, zone: ZoneInfo, name: str, problems: Problems
) -> ServiceCalendar:
    """Days of the services (V,) that trips use; the dates span the first to the last day on which any of them runs.

    Errors: FeedError where none of them ever runs.
    """
    written = [
        set(word_array(tables[table], column).tolist())
        for table, columns in (("calendar", ("start_date", "end_date")), ("calendar_dates", ("date",)))
        for column in columns
        if table in tables
    ]
    order = day_first(chain.from_iterable(written))
    weeks = _week_rows(tables.get("calendar"), service_id, order, problems)
    exceptions = _exception_rows(tables.get("calendar_dates"), service_id, order, problems)
    days = np.concatenate([weeks[1], weeks[2], exceptions[1]])
    if len(days) == 0:
        reasons = (
            f" {p.file}{f' row {p.row}' if p.row else ''}: {p.message}" for p in problems.all() if p.file in _FILES
        )
        raise FeedError(
            f"{name}: no service that a trip uses has a day in calendar.txt or calendar_dates.txt.{next(reasons, '')}"
        )
    first = int(days.min())
    active = np.zeros((len(service_id), int(days.max()) - first + 1), bool)
    for service, start, end, week in zip(*weeks, strict=True):
        active[service, start - first : end - first + 1] |= week[(np.arange(start, end + 1) - _A_MONDAY) % 7]
    service, day, kind = exceptions
    for exception_type in (_REMOVED, _ADDED):
        rows = kind == exception_type
        active[service[rows], day[rows] - first] = exception_type == _ADDED

    runs = np.flatnonzero(active.any(axis=0))
    if len(runs) == 0:
        raise FeedError(f"{name}: calendar.txt and calendar_dates.txt leave no day on which a trip runs.")
    idle = ~active.any(axis=1)
    problems.without_row(
        "calendar.txt" if "calendar" in tables else "calendar_dates.txt", service_id[idle],
        "trips name this service, but it runs on no day; they are kept without a day.",
    )  # fmt: skip
    active = active[:, runs[0] : runs[-1] + 1]
    dates = np.arange(first + runs[0], first + runs[-1] + 1).astype("datetime64[D]").tolist()
    origins = [origin_of(datetime(d.year, d.month, d.day), zone) for d in dates]
    numbers_ = [d.year * 10000 + d.month * 100 + d.day for d in dates]
    return ServiceCalendar(np.array(numbers_, np.int32), np.array(origins, np.int64), np.ascontiguousarray(active))


@lru_cache(maxsize=4096)
def origin_of(day: datetime, zone: ZoneInfo) -> int:
    """POSIX seconds of noon minus 12 h: what GTFS times count from, an hour off midnight when clocks change."""
    noon = day.replace(hour=12, tzinfo=zone)
    return int((noon.astimezone(UTC) - timedelta(hours=12)).timestamp())


def _week_rows(
    frame: pd.DataFrame | None, services: StrArray, order: bool | None, problems: Problems
) -> tuple[Int64Array, Int64Array, Int64Array, BoolArray]:
    """Service, first day, last day (n,) and weekdays (n, 7) of each usable row."""
    if frame is None:
        none = np.empty(0, np.int64)
        return none, none, none, np.empty((0, 7), bool)
    service = references(frame, "service_id", services, "calendar.txt", problems).astype(np.int64)
    start = _days(frame, "start_date", "calendar.txt", service >= 0, order, problems)
    end = _days(frame, "end_date", "calendar.txt", service >= 0, order, problems)
    dated = (service >= 0) & (start != _NO_DAY) & (end != _NO_DAY)
    tell = problems.of("calendar.txt", frame, "service_id")
    tell(dated & (end < start), "end_date lies before start_date; the row is skipped.")
    keep = dated & (end >= start)
    week = np.column_stack([numbers(frame, day) == 1 for day in WEEKDAYS])
    return service[keep], start[keep], end[keep], week[keep]


def _exception_rows(
    frame: pd.DataFrame | None, services: StrArray, order: bool | None, problems: Problems
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Service, day and exception_type (n,) of each usable row."""
    if frame is None:
        none = np.empty(0, np.int64)
        return none, none, none
    service = references(frame, "service_id", services, "calendar_dates.txt", problems).astype(np.int64)
    day = _days(frame, "date", "calendar_dates.txt", service >= 0, order, problems)
    kind = numbers(frame, "exception_type")
    odd = (service >= 0) & ~((kind == _ADDED) | (kind == _REMOVED))
    tell = problems.of("calendar_dates.txt", frame, "service_id")
    tell(odd, "exception_type is neither 1 nor 2; the row is skipped.")
    keep = (service >= 0) & (day != _NO_DAY) & ~odd
    return service[keep], day[keep], kind[keep].astype(np.int64)


def _days(
    frame: pd.DataFrame, column: str, file: str, used: BoolArray, order: bool | None, problems: Problems
) -> Int64Array:
    """Days since 1970-01-01 (n,), cut to FIRST_DAY … LAST_DAY; the least integer where there is no valid date."""
    dates, tell = word_array(frame, column), problems.of(file, frame, "service_id")
    code, unique = pd.factorize(dates)
    day = np.array([_day(str(text), column == "end_date", order) for text in unique], np.int64)[code]
    of_two, short, counted = (
        np.array([is_so(str(text)) for text in unique], bool)[code]
        for is_so in (is_of_two, has_year_of_two, is_day_number)
    )
    bad = used & (day == _NO_DAY)
    for odd, message in (
        (bad & ~of_two & ~short, "{column} “{word}” is no date YYYYMMDD; the row is skipped."),
        (
            bad & short,
            "{column} “{word}” has two digits for the year, which may be of any part; the row is skipped. Write "
            "YYYYMMDD.",
        ),
        (
            used & counted,
            "{column} is written as {word}, the number of a day as spreadsheets count them; read as such. Write "
            "YYYYMMDD.",
        ),
        (
            bad & of_two,
            "{column} “{word}” may be of two months, and no date tells whether days or months stand first; the row is "
            "skipped. Write YYYYMMDD.",
        ),
        (
            used & of_two & ~bad,
            f"{{column}} is written as {{word}}; read with the {'day' if order else 'month'} first, as all of the "
            "dates tell.",
        ),
    ):
        if odd.any():
            word = str(dates[int(np.argmax(odd))])[:40]
            tell(odd, message.format(column=column, word=word))
    low, high = int(FIRST_DAY.astype(int)), int(LAST_DAY.astype(int))
    outside = used & (day != _NO_DAY) & ((day < low) | (day > high))
    tell(outside, f"{column} lies outside {FIRST_DAY} to {LAST_DAY}; cut to that.")
    return np.where(day == _NO_DAY, day, np.clip(day, low, high))


def _day(text: str, is_end: bool, order: bool | None) -> int:
    """Days since 1970-01-01, `_NO_DAY` where the text is no date. A period ends with the month whose 31st it names."""
    day_code = written_date(text, day_first=order)
    if not day_code or day_code < 10_000:
        return _NO_DAY
    year, month, day = day_code // 10_000, day_code // 100 % 100, day_code % 100
    last = monthrange(year, month)[1]
    return date(year, month, min(day, last)).toordinal() - _EPOCH if day <= last or is_end else _NO_DAY
