"""What comes back each week: periods that an alert lists one by one, told as days and times of day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from feeds.alerts.alert import FAR_OFF, Period


@dataclass(frozen=True)
class Recurrence:
    """Every so many days of the week from one time of day to another."""

    days: tuple[int, ...]
    """0 is Monday."""
    period: Period
    """One whole period of it, POSIX seconds."""
    all_day: bool
    first: float
    """When the first period begins,"""
    last: float
    """when the last one begins,"""
    ends: float
    """and when it ends."""


@lru_cache(maxsize=1024)
def recurrence_of(periods: tuple[Period, ...], zone: ZoneInfo) -> Recurrence | None:
    """How the periods recur, None where they do not: a day of the week is left out once, or the times differ. The first
    may have begun late and the last end early, for what recurs begins and ends within a day."""
    ordered = sorted(periods)
    if len(ordered) < 2 or ordered[0][0] <= 0 or ordered[-1][1] >= FAR_OFF:
        return None
    begins = [datetime.fromtimestamp(start, zone) for start, _ in ordered]
    opens = begins[-1].time()
    ends = datetime.fromtimestamp(ordered[0][1], zone)
    nights = (ends.date() - begins[0].date()).days
    for number, (start, end) in enumerate(ordered):
        day = begins[number].date()
        # Where clocks go on or back within a period, the same time of day is another number of seconds away.
        opened = datetime.combine(day, opens, zone).timestamp()
        closes = datetime.combine(day + timedelta(days=nights), ends.time(), zone)
        closed = {closes.timestamp(), closes.replace(fold=1).timestamp()}
        if not (start == opened or (number == 0 and start > opened)):
            return None
        if not (end in closed or (number == len(ordered) - 1 and end < max(closed))):
            return None
    dates = {begin.date() for begin in begins}
    days = tuple(sorted({date.weekday() for date in dates}))
    span = (begins[-1].date() - begins[0].date()).days
    wanted = {begins[0].date() + timedelta(days=offset) for offset in range(span + 1)}
    if len(dates) < len(ordered) or dates != {date for date in wanted if date.weekday() in days}:
        return None
    whole = datetime.combine(begins[0].date(), opens, zone).timestamp(), ordered[0][1]
    all_day = nights == 1 and opens == ends.time() and (opens.hour, opens.minute) == (0, 0)
    return Recurrence(days, whole, all_day, ordered[0][0], ordered[-1][0], ordered[-1][1])
