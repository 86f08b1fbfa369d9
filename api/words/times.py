"""Times in a rider's words: minutes to wait, clock times, "tomorrow", a range when it is wide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from math import floor, isfinite
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time

from api.service.view import IsoTimes, iso_times
from api.words.texts import Texts, clock_of, locale_of

CLOCK_FROM_MIN = 60
"""From this wait on a clock time says more than minutes."""
WIDE_MIN, WIDE_SHARE = 3, 0.4
"""A range at least this many minutes wide, and this share of the longest wait, is said beside the number."""
_NIGHT_ENDS_H = 4
_ZONES_CHANGE_S = 900
"""Clocks change at quarters of an hour alone."""
_YEAR_UNSAID = timedelta(days=300)
"""A date nearer than this is not taken for that of another year."""


def clock_minutes(earlier: float, later: float) -> int:
    """Minutes between two times as clocks show them, without their seconds: 1 from 08:26:05 to 08:27:55."""
    return floor(later / 60) - floor(earlier / 60)


def minutes_late(scheduled: float, at: float) -> int:
    """By how much a time is later than the timetable's, as clocks show the two, negative when earlier. One minute is 0:
    rounding alone may make it."""
    minutes = clock_minutes(scheduled, at)
    return minutes if abs(minutes) > 1 else 0


def headway(headway_s: float) -> tuple[int, str]:
    """A headway as a number, one at least, and its unit: `hours` where it is whole ones, else `minutes`."""
    minutes = max(round(headway_s / 60), 1)
    return (minutes, "minutes") if minutes % 60 else (minutes // 60, "hours")


ABOUT = "~"
"""Before a clock time of the timetable that is reckoned, where there is no room for more."""


class Wait(NamedTuple):
    """How long until a departure, as shown."""

    kind: str
    """`approach` (live and under a minute), `minutes` or `clock`."""
    value: str
    """The number, the clock time, or the words for `approach`."""
    unit: str = ""
    """`min` after a number, "AM" or "PM" after a clock time of twelve hours, the zone after one that comes twice."""
    day: str = ""
    """Before a clock time that is not today's."""

    @property
    def text(self) -> str:
        """Value and unit in one."""
        return f"{self.value}\u00a0{self.unit}" if self.unit else self.value


@dataclass(frozen=True)
class TimeWords:
    """Says times in one language, seen from one moment in one time zone."""

    texts: Texts
    zone: ZoneInfo
    now: float
    """POSIX seconds."""
    country: str = ""
    """Whose form of the language it is, "" for none in particular."""

    def wait(self, at: float, live: bool, *, here: bool = False) -> Wait:
        """How long until `at`. Only what is live counts down: a scheduled time under a minute away is a clock time,
        for nothing is known to approach. `here`: the vehicle stands at the stop."""
        minutes = self.minutes(at)
        if minutes >= CLOCK_FROM_MIN or (minutes < 1 and not live):
            return self.at_clock(at)
        if minutes < 1:
            return Wait("approach", self.texts("here" if here else "approaching"))
        return Wait("minutes", str(minutes), unit=self.texts("min"))

    def at_clock(self, at: float) -> Wait:
        """A departure as its clock time."""
        time, which = self._clock_time(at), _which_of_two(self.zone, floor(at / _ZONES_CHANGE_S))
        value, _, half = time.partition("\u00a0") if self.hour_cycle == "h12" else (time, "", "")
        return Wait("clock", value, "\u00a0".join(filter(None, (half, which))), self.day(at))

    def minutes(self, at: float) -> int:
        """Whole minutes until `at`, never negative: better a minute too early at the stop than one too late."""
        return max(floor((at - self.now) / 60), 0)

    def time(self, at: float) -> str:
        """Time of day: "08:42", "8:42 AM"; "02:15 CEST" where clocks come to it once more, or have."""
        which = _which_of_two(self.zone, floor(at / _ZONES_CHANGE_S))
        return f"{self._clock_time(at)}\u00a0{which}" if which else self._clock_time(at)

    def _clock_time(self, at: float) -> str:
        pattern = clock_of(self.texts.language, self.country)
        if pattern == "HH:mm":
            return self.hours_minutes(at)
        return re.sub(r"\s", "\u00a0", format_time(self._local(at), pattern, locale=self._locale))

    def hours_minutes(self, at: float) -> str:
        """HH:MM, for machines."""
        return self.iso(at)[11:16]

    def day(self, at: float) -> str:
        """The day of `at` where a clock time needs it: "", "tomorrow", "Monday", "12 March"."""
        if self.iso(at)[:10] == self._today:
            return ""
        moment, today = self._local(at), self._local(self.now)
        days = (moment.date() - today.date()).days
        # At 23:30 "00:20" needs no "tomorrow": the rider's night goes on until early morning.
        same_night = moment.hour < _NIGHT_ENDS_H and abs(moment - today) < timedelta(hours=6)
        if same_night:
            return ""
        if days == 1:
            return self.texts("tomorrow")
        return format_date(moment, "EEEE", self._locale) if 0 < days < 7 else self.date(at)

    def short_day(self, at: float) -> str:
        """The same in few letters: "Fri", "12/03"."""
        near = 0 < (self._local(at).date() - self._local(self.now).date()).days < 7
        return _date_words("E" if near else "Md", self._local(at).date(), self._locale)

    def clock(self, at: float) -> str:
        """Clock time with the day it needs: "08:42", "tomorrow 05:42"."""
        return f"{self.day(at)} {self.time(at)}".strip()

    def dated(self, at: float) -> str:
        """Clock time with its date: "12 March 08:42"."""
        return f"{self.date(at)} {self.time(at)}"

    def date(self, at: float) -> str:
        """Day and month: "12 March"; with the year, "12 March 2028", where another would be meant."""
        moment = self._local(at)
        near = abs(moment - self._local(self.now)) < _YEAR_UNSAID
        return _date_words("MMMMd" if near else "yMMMMd", moment.date(), self._locale)

    def weekday_date(self, at: float, *, short: bool = False) -> str:
        """Weekday with day and month: "Thursday 12 March", "Donnerstag, 12. März"; "Thu 12"."""
        if short:
            return _date_words("Ed", self._local(at).date(), self._locale)
        local, locale = self._local(at), self._locale
        between = ", " if "," in _date_words("MMMMEEEEd", local.date(), locale) else " "
        return f"{format_date(local, 'EEEE', locale)}{between}{self.date(at)}"

    def hour(self, at: float) -> str:
        """The hour that a time is in: "08", "8 AM"."""
        if self.hour_cycle == "h23":
            return f"{self._local(at):%H}"
        return re.sub(r"\s", "\u00a0", format_time(self._local(at), "h a", locale=self._locale))

    def minute(self, at: float) -> str:
        """The minute within it: "05"."""
        return f"{self._local(at):%M}"

    def iso(self, at: float) -> str:
        """For a `datetime` attribute."""
        return self._iso_times[floor(at)]

    def range(self, p10: float, p90: float) -> str:
        """The range in minutes ("4 to 7 min") where it is wide and within the hour, otherwise ""."""
        if not (isfinite(p10) and isfinite(p90)):
            return ""
        low, high = self.minutes(p10), self.minutes(p90)
        if high - low < max(WIDE_MIN, WIDE_SHARE * high) or high >= CLOCK_FROM_MIN:
            return ""
        return self.texts("range", low=low, high=high)

    def age(self, seconds: float) -> str:
        """How old something is: "12 s", "3 min", "2 h"."""
        if seconds < 90:
            return self.texts("seconds", count=max(int(seconds), 0))
        if seconds < 90 * 60:
            return self.texts("minutes", count=round(seconds / 60))
        return self.texts("hours", count=round(seconds / 3600))

    @property
    def hour_cycle(self) -> str:
        """How browsers call the clock: `h12` or `h23`."""
        return "h12" if "a" in clock_of(self.texts.language, self.country) else "h23"

    @cached_property
    def _iso_times(self) -> IsoTimes:
        return iso_times(self.zone)

    @cached_property
    def _today(self) -> str:
        return self.iso(self.now)[:10]

    @property
    def _locale(self) -> Locale:
        return locale_of(self.texts.language, self.country)

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.zone)


@lru_cache(maxsize=4096)
def _which_of_two(zone: ZoneInfo, quarter: int) -> str:
    """The name of the zone's time in a quarter of an hour through which its clocks go twice, in the night that is an
    hour longer; else ""."""
    local = datetime.fromtimestamp(quarter * _ZONES_CHANGE_S, zone)
    twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return local.tzname() or "" if twice else ""


@lru_cache(maxsize=4096)
def _date_words(skeleton: str, day: date, locale: Locale) -> str:
    """A day by a skeleton of CLDR, whose pattern takes Babel a millisecond to find."""
    return format_skeleton(skeleton, datetime(day.year, day.month, day.day), locale=locale)
