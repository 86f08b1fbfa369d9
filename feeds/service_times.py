"""Service dates and times after their origin as GTFS writes them."""

from __future__ import annotations

from functools import lru_cache

from predictor.timetable import Timetable


@lru_cache(maxsize=4096)
def service_date(text: str) -> int | None:
    """YYYYMMDD as an integer; None where the text is no such date."""
    digits = text.strip().replace("-", "")
    if len(digits) != 8 or not digits.isascii() or not digits.isdigit():
        return None
    month, day = int(digits[4:6]), int(digits[6:])
    return int(digits) if 1 <= month <= 12 and 1 <= day <= 31 else None


@lru_cache(maxsize=16384)
def seconds_of_day(text: str) -> int | None:
    """Seconds after the origin of the service date of `H:MM:SS` or `H:MM`, hours may pass 24; None where malformed."""
    parts = text.strip().split(":")
    if len(parts) not in (2, 3) or not all(p.isascii() and p.isdigit() and len(p) <= 3 for p in parts):
        return None
    hours, minutes, seconds = int(parts[0]), int(parts[1]), int(parts[2]) if len(parts) == 3 else 0
    return hours * 3600 + minutes * 60 + seconds if minutes < 60 and seconds < 60 else None


def start_time(timetable: Timetable, trip: int, shift_s: int) -> str:
    """HH:MM:SS after the origin of its service date, may pass 24:00:00: the start by which a run is named."""
    seconds = max(int(timetable.named_start_s[trip]) + shift_s, 0)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
