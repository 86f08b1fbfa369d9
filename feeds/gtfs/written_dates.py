"""Dates as people write them in calendars: 02/03/2026 is in March or in February, and only all dates of a feed together
tell in which."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from feeds.service_times import DATE, service_date

_REST = r"(?:[T ][\d:.+Z-]*(?:\s*[AaPp]\.?[Mm]\.?)?)?"
_YEAR = r"((?:19|20)\d\d)"
_YEAR_LAST = re.compile(rf"\s*'?(?:(\d\d?)([-/. ])(\d\d?)\2|(\d\d)(\d\d)){_YEAR}{_REST}\s*", re.ASCII)
_ORDINAL = r"(\d\d?)(?:st|nd|rd|th)?"
_NAMED = re.compile(
    rf"\s*(?:{_ORDINAL}[-/. ]*([a-z]{{3,9}})|([a-z]{{3,9}})\.?[-/ ]*{_ORDINAL})[-/., ]*{_YEAR}{_REST}\s*",
    re.ASCII | re.IGNORECASE,
)
"""`20-Nov-2026`, `November 20th, 2026`."""
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAY_NUMBER = re.compile(r"\s*(\d{5})(?:\.0+)?\s*", re.ASCII)
_DAY_0, _FIRST_NUMBER, _LAST_NUMBER = date(1899, 12, 30), 36_526, 73_050
"""As spreadsheets count days, and the numbers of this century."""
_YEAR_OF_TWO = re.compile(r"\s*'?(?:\d\d?([-/. ])\d\d?\1\d\d?|\d{6})\s*", re.ASCII)
_FLOAT = re.compile(r"\s*(\d\.\d{1,7}[eE]\+?0?7)\s*", re.ASCII)

LIKE_DATES = re.compile(
    "|".join(f"(?:{form.pattern})" for form in (DATE, _YEAR_LAST, _DAY_NUMBER)).replace(r"\2", "[-/. ]"), re.ASCII
)
"""What may be a date in a row that is put together again."""


def day_first(texts: Iterable[str]) -> bool | None:
    """Whether the day stands before the month in those dates that end with their year; None where they do not tell, or
    not alike."""
    leads, follows, points = 0, 0, 0
    for found in filter(None, (_YEAR_LAST.fullmatch(text) for text in texts if service_date(text) is None)):
        first, second = int(found[1] or found[4]), int(found[3] or found[5])
        leads += first > 12
        follows += second > 12
        # No country that puts the month first parts dates by points.
        points += found[2] == "."
    if leads and follows:
        return None
    return True if leads or (points and not follows) else False if follows else None


@lru_cache(maxsize=4096)
def written_date(text: str, *, day_first: bool | None = None) -> int | None:
    """A date as the integer YYYYMMDD, None where it is none, or one of two."""
    if found := _FLOAT.fullmatch(text):
        text = f"{float(found[1]):.0f}"
    day = service_date(text)
    if day is not None:
        return day
    if is_day_number(text):
        counted = _DAY_0 + timedelta(days=int(float(text)))
        return counted.year * 10_000 + counted.month * 100 + counted.day
    if found := _NAMED.fullmatch(text):
        name = (found[2] or found[3]).lower()
        months = [number for number, month in enumerate(_MONTHS, 1) if month.startswith(name)]
        return int(found[5]) * 10_000 + months[0] * 100 + int(found[1] or found[4]) if months else None
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return None
    first, second = int(found[1] or found[4]), int(found[3] or found[5])
    if day_first is None and first <= 12 and second <= 12 and first != second:
        return None
    leads = first > 12 if day_first is None else day_first
    day_of_month, month = (first, second) if leads else (second, first)
    return int(found[6]) * 10_000 + month * 100 + day_of_month if 1 <= month <= 12 and 1 <= day_of_month <= 31 else None


def existing_date(text: str) -> int | None:
    """A date that stands alone, as in realtime messages, as the integer YYYYMMDD; None where the calendar has none,
    or it is one of two."""
    day = written_date(text)
    return day if day and day % 100 <= monthrange(max(day // 10_000, 1), day // 100 % 100)[1] else None


def is_day_number(text: str) -> bool:
    """Whether the text is a day as spreadsheets count them."""
    found = _DAY_NUMBER.fullmatch(text)
    return found is not None and _FIRST_NUMBER <= int(found[1]) < _LAST_NUMBER


def has_year_of_two(text: str) -> bool:
    """Whether the text is a date with two digits for the year, of which nobody knows where they stand."""
    return _YEAR_OF_TWO.fullmatch(text) is not None


def is_of_two(text: str) -> bool:
    """Whether the text is a date only if it is known whether days stand before months."""
    return service_date(text) is None and _YEAR_LAST.fullmatch(text) is not None
