"""Service dates and times after their origin as GTFS writes them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import numpy as np

from predictor.arrays import Int32Array
from predictor.timetable import DAY_S, Timetable

DAY_BEGINS_S = 3 * 3600
"""Seconds after midnight at which a day of recordings and figures begins, and the one before ends: when fewest vehicles
are out."""
TIME = re.compile(
    r"\s*(?:(\d{1,3}) days? |(?:\d{4}-\d\d-\d\d)?[T ])?"
    r"'?(\d{1,3})\s*([:;hH.])\s*([0-5]?\d)(?:\s*[:;.mM]\s*([0-5]?\d|60)s?(?:[.,]\d*)?)?(?:[Zm]|[+-]\d\d:?\d\d)?\s*"
    r"(?:([AaPp])\.?(?:\s*[Mm]\.?)?|[Uu]hr)?\s*",
    re.ASCII,
)
"""`H:MM:SS` or `H:MM`, and what databases and spreadsheets make of them: `1 days 01:00:00`, `8:00:00.0`, `8:00 AM`,
`1900-01-01 08:00:00`, `08:00:00+01:00`; and what people write: `8h00`, `08.00.00`, `8:00 Uhr`."""
_CLOCK = re.compile(r"\s*(?:\d{8})?T?(\d\d)([0-5]\d)([0-5]\d)?Z?\s*", re.ASCII)
"""`HHMMSS` or `HHMM`, a date before it or none."""
_LONG = re.compile(r"\s*P(?=.*\d)(?:(\d)D)?T?(?:(\d{1,2})H)?(?:(\d{1,4})M)?(?:(\d{1,6})(?:\.\d*)?S)?\s*", re.ASCII)
"""So long after the origin, as ISO 8601 writes it: `PT8H30M`."""
DATE = re.compile(
    r"\s*'?(\d{4})(?:([-/. \u5e74])(\d\d?)[-/. \u6708](\d\d?)\u65e5?|(\d\d)(\d\d))"
    r"(?:\.0+|[T ][\d:.+Z-]*(?:\s*[AaPp]\.?[Mm]\.?)?)?\s*",
    re.ASCII,
)
"""`YYYYMMDD`, and what programs make of it: `2026-03-02`, `2026/3/2`, `20260302.0`, `2026年3月2日`."""


@lru_cache(maxsize=4096)
def service_date(text: str) -> int | None:
    """A `DATE` as the integer YYYYMMDD; None where the text is none."""
    found = DATE.fullmatch(_narrow(text))
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[3] or found[5]), int(found[4] or found[6])
    return year * 10_000 + month * 100 + day if 1 <= month <= 12 and 1 <= day <= 31 else None


@lru_cache(maxsize=16384)
def seconds_of_day(text: str) -> int | None:
    """Seconds after the origin of the service date of a `TIME`, hours may pass 24; None where malformed."""
    found = TIME.fullmatch(_narrow(text))
    if found is None:
        return None
    days, hours, mark, minutes, seconds, half = found.groups()
    # With a point and no seconds it is a number: of hours, or of what part of a day.
    if mark == "." and seconds is None:
        return None
    hour = int(hours) if half is None else int(hours) % 12 + 12 * (half in "Pp")
    return (int(days or 0) * 24 + hour) * 3600 + int(minutes) * 60 + int(seconds or 0)


def _narrow(text: str) -> str:
    """Digits and marks as ASCII has them: keyboards of East Asia also write wide ones, others their own."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in unicodedata.normalize("NFKC", text))


def start_seconds(text: str) -> int | None:
    """Seconds of the time at which a run starts, as `seconds_of_day` reads them, or of a `_CLOCK` or `_LONG`; None also
    where that lies in another week: no run starts three days after its service date."""
    seconds = seconds_of_day(text)
    if seconds is None and (found := _CLOCK.fullmatch(text) or _LONG.fullmatch(text)):
        numbers = [int(number or 0) for number in found.groups()]
        seconds = sum(number * unit for number, unit in zip(numbers[::-1], (1, 60, 3600, DAY_S), strict=False))
    return None if seconds is None or seconds >= 3 * DAY_S else seconds


def start_time(timetable: Timetable, trip: int, shift_s: int) -> str:
    """HH:MM:SS after the origin of its service date, may pass 24:00:00: the start by which a run is named."""
    return _clock(max(int(timetable.named_start_s[trip]) + shift_s, 0))


def start_times(timetable: Timetable, trip: Int32Array, shift_s: Int32Array) -> list[str]:
    """The `start_time` of each of runs (n,)."""
    return list(map(_clock, np.maximum(timetable.named_start_s[trip] + shift_s, 0).tolist()))


@lru_cache(maxsize=16384)
def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
