"""Columns of times after the origin of a service day.

What has no colon in it, as spreadsheets and databases write times, is read by what all of a column has in common: 0800
is eight o'clock among times of four digits, and may be thirteen minutes past midnight among seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from feeds.gtfs.problems import Problems
from feeds.service_times import seconds_of_day
from predictor.arrays import BoolArray, Float64Array
from predictor.timetable import DAY_S

_DIGITS = re.compile(r"(\d{1,6})(?:\.0+)?", re.ASCII)
_SHARE = re.compile(r"[01]?\.\d+(?:[eE]-\d+)?|[01]", re.ASCII)
_LATEST_S = 2 * DAY_S
_NIGHT_S = 5400
"""No timetable lies in the first hour and a half after midnight alone."""
_MANY = 30
"""So many different numbers end by chance below 60 in none of their pairs of digits."""


def times_of(frame: pd.DataFrame, column: str, file: str, used: BoolArray, problems: Problems) -> Float64Array:
    """Seconds (n,) of times (`feeds.service_times.TIME`), hours may pass 24; NaN where missing or malformed, which is
    told of rows that are `used` (n,)."""
    if column not in frame:
        return np.full(len(frame), np.nan)
    code, unique = pd.factorize(frame[column])
    texts = [str(text) for text in unique]
    seconds: Sequence[float | None] = [seconds_of_day(text) for text in texts]
    form = ""
    if texts and seconds.count(None) == len(texts):
        form, seconds = _without_colons(texts)
    times = np.array([*seconds, None], np.float64)[code]
    if form:
        problems.file(file, f"{column} is written as {form}, as in “{texts[0]}”; read as such. Write HH:MM:SS.")
    bad = np.isnan(times) & used & (code >= 0)
    if bad.any():
        word = texts[code[int(np.argmax(bad))]][:40]
        tell = problems.of(file, frame, "trip_id")
        tell(bad, f"{column} “{word}” is not a time HH:MM:SS; taken as missing.")
    return times


def _without_colons(texts: Sequence[str]) -> tuple[str, list[float | None]]:
    """What such times are in words, and their seconds; "" and nothing where they may be several things, or are none."""
    nothing: list[float | None] = [None] * len(texts)
    if all(_SHARE.fullmatch(text) for text in texts) and any("." in text for text in texts):
        return "a share of the day", [float(round(float(text) * DAY_S)) for text in texts]
    found = [_DIGITS.fullmatch(text) for text in texts]
    digits = [match[1] for match in found if match]
    if len(digits) < len(texts):
        return "", nothing
    clock = all(int(text) // 100 % 100 < 60 and int(text) % 100 < 60 for text in digits)
    longest = max(map(len, digits))
    padded = any(text.startswith("0") and len(text) > 1 for text in digits)
    most = max(map(int, digits))
    ways: Mapping[str, Callable[[str], float]] = {
        "HHMMSS": lambda text: float(int(text) // 10_000 * 3600 + int(text) // 100 % 100 * 60 + int(text) % 100),
        "HHMM": lambda text: float(int(text) // 100 * 3600 + int(text) % 100 * 60),
        "seconds after midnight": float,
    }
    fits = []
    if clock and longest >= 5:
        fits.append("HHMMSS")
    if longest in (3, 4) and all(int(text) % 100 < 60 for text in digits):
        fits.append("HHMM")
    if not padded and _NIGHT_S < most < _LATEST_S and not (fits and len(texts) >= _MANY):
        fits.append("seconds after midnight")
    return (fits[0], [ways[fits[0]](text) for text in digits]) if len(fits) == 1 else ("", nothing)
