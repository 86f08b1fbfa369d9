"""When a disruption is in force that comes back on some days of the week: periods, across daylight saving too."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from feeds.alerts.alert import Period

LONGEST_DAYS = 400
"""From the beginning to the end; each period is listed in GTFS-Realtime."""

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
TimeOfDay = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["07:00"])]


def _in_order(days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    return tuple(day for day in WEEKDAYS if day in days)


class Repeats(BaseModel):
    """Days of the week, and from when to when on each, by the clocks of the network's time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[tuple[Weekday, ...], AfterValidator(_in_order)] = Field(
        min_length=1, max_length=7, examples=[["monday", "friday"]]
    )
    start: TimeOfDay
    end: TimeOfDay = Field(description="Up to the start itself it is of the next day", examples=["09:00"])

    def __hash__(self) -> int:
        return hash((self.days, self.start, self.end))


@lru_cache(maxsize=1024)
def periods_of(repeats: Repeats, starts_at: float, ends_at: float, zone: str) -> tuple[Period, ...]:
    """All periods between two times, POSIX seconds, in their order; `zone` as IANA names it."""
    local = ZoneInfo(zone)
    opens, closes = time.fromisoformat(repeats.start), time.fromisoformat(repeats.end)
    nights = 0 if closes > opens else 1
    # A period that began the evening before may still go on.
    first = datetime.fromtimestamp(starts_at, local).date() - timedelta(days=1)
    span = min((datetime.fromtimestamp(ends_at, local).date() - first).days, LONGEST_DAYS + 2)
    days = (first + timedelta(days=offset) for offset in range(span + 1))
    whole = (
        (_at(day, opens, local), _at(day + timedelta(days=nights), closes, local, last=True))
        for day in days
        if WEEKDAYS[day.weekday()] in repeats.days
    )
    found = ((max(start, starts_at), min(end, ends_at)) for start, end in whole)
    return tuple((start, end) for start, end in found if start < end)


def _at(day: date, clock: time, zone: ZoneInfo, *, last: bool = False) -> float:
    """POSIX seconds of a time of day; where clocks show it twice, the first or the `last`."""
    return datetime.combine(day, clock.replace(fold=int(last)), zone).timestamp()
