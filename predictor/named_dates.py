"""By which clock a feed names the dates of its runs: by service days, as it should, by UTC's or the calendar's.

Where these differ, as for an evening in America, a morning in Asia or a run past 24:00, a date may mean either of two
runs of a trip. Most messages do not tell which: a cancellation may well be tomorrow's. So what each tells of its feed's
custom is kept:

- A run that is seen, or of which times are told, is where it is. One that bears the network's date and not UTC's shows
  the one custom, one that bears UTC's date alone the other.
- UTC's custom is shown by a date on which the trip does not run as well, and by a start time that is UTC's.
- A run that begins past 24:00 and is seen, or of which times are told, bears the date of its service day or that of the
  calendar.
- Delays are told of what is out: where nothing else is known, of a run that is out by UTC's date.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, Int64Array, places_of
from predictor.meant_days import EARLY_S, NEAR_S
from predictor.named_runs import FOUND, NOT_RUNNING, FoundRuns, RunNames
from predictor.timetable import DAY_S, Timetable

_SOON_S = 1800.0
"""A run that begins within this time counts as one that is out."""


class NamedDates:
    """What the messages of one feed have told of its dates."""

    def __init__(self, beside: NamedDates | None = None) -> None:
        """`beside`: of the operator's other feed, which counts where this one tells nothing."""
        self._by_utc: bool | None = None
        self._by_calendar: bool | None = None
        self._last_read_by_utc = False
        self._beside = beside

    @property
    def by_utc(self) -> bool | None:
        """None where nothing is known."""
        return self._beside.by_utc if self._by_utc is None and self._beside else self._by_utc

    @property
    def by_calendar(self) -> bool | None:
        """Whether runs past 24:00 bear the date of the calendar, None where nothing is known."""
        return self._beside.by_calendar if self._by_calendar is None and self._beside else self._by_calendar

    @property
    def reads_by_utc(self) -> bool:
        """Whether dates are UTC's, as far as is known; where nothing is, whether they were in the last message."""
        return self._last_read_by_utc if self.by_utc is None else self.by_utc

    @property
    def custom(self) -> tuple[bool, bool | None]:
        """What `meant` goes by."""
        return self.reads_by_utc, self.by_calendar

    def meant(self, timetable: Timetable, names: RunNames, found: FoundRuns) -> FoundRuns:
        """The runs (n,) that are `found` by their `names` and only spoken of, on the days that are meant by custom."""
        reads_by_utc, by_calendar = self.custom
        if not reads_by_utc and by_calendar is None:
            return found
        dates = _Dates.of(timetable, names, found)
        day = dates.day_by_utc() if reads_by_utc else dates.day_past_midnight(by_calendar=bool(by_calendar))
        return dates.on(day, found, np.zeros(len(found.trip), bool))

    def hear(
        self,
        timetable: Timetable,
        names: RunNames,
        found: FoundRuns,
        under_way: BoolArray,
        timed: BoolArray,
        now: float,
    ) -> None:
        """Take in how the runs (n,) of a message are named that are `found`: those `under_way`, and those of which a
        time is told or that are seen (`timed`)."""
        self._hear(_Dates.of(timetable, names, found), under_way, timed, now)

    def _hear(self, dates: _Dates, under_way: BoolArray, timed: BoolArray, now: float) -> None:
        if (dates.network & under_way & (np.abs(dates.begins - now) < NEAR_S)).any():
            self._by_utc = False
        elif (dates.utc_start | (dates.utc_alone(now) & (timed | ~dates.runs_as_named))).any():
            self._by_utc = True
        past_midnight = (dates.trip >= 0) & (dates.start_s >= DAY_S)
        # A delay may be told of a coming night, but not of the last one.
        is_out = timed | (under_way & (np.abs(dates.begins - now) < NEAR_S))
        of_service = (past_midnight & is_out & (dates.named == dates.service_day)).any()
        of_calendar = (past_midnight & timed & (dates.named == dates.service_day + dates.start_s // DAY_S)).any()
        if of_service or of_calendar:
            # Where several operators' runs stand in one feed, each with a custom of its own, nothing is known.
            self._by_calendar = None if of_service and of_calendar else bool(of_calendar)

    def settled(
        self,
        timetable: Timetable,
        names: RunNames,
        found: FoundRuns,
        under_way: BoolArray,
        timed: BoolArray,
        late_s: Float64Array,
        now: float,
    ) -> FoundRuns:
        """The runs (n,) of a message, those of which no time is told on the day that is meant by its custom. `late_s`
        (n,): delays that are told."""
        dates = _Dates.of(timetable, names, found)
        self._hear(dates, under_way, timed, now)
        by_utc = self.by_utc
        if by_utc is None:
            by_utc = bool((dates.utc_alone(now) & under_way & (dates.begins < now + _SOON_S)).any())
        self._last_read_by_utc = by_utc
        if not by_utc and self.by_calendar is not None:
            found = dates.on(dates.day_past_midnight(by_calendar=self.by_calendar), found, timed)
            dates = _Dates.of(timetable, names, found)
        return dates.on(dates.day_by_utc() if by_utc else dates.day_not_past(late_s, now), found, timed)


@dataclass(frozen=True, eq=False)
class _Dates:
    """Runs (n,) that are found, and their dates; of those that are not, the only run of their trip."""

    timetable: Timetable
    trip: Int32Array
    """-1 where it is not known."""
    service_day: Int32Array
    named: Int32Array
    """Service day that is named, -1 where none is, or none of the timetable's."""
    start_s: Int64Array
    """Seconds after the origin of the service day."""
    begins: Int64Array
    """POSIX seconds."""
    of_utc: BoolArray
    """It begins on the named date as UTC has it,"""
    network: BoolArray
    """or does not, and is of that service day."""
    utc_start: BoolArray
    """The start time that is named is UTC's."""

    @classmethod
    def of(cls, timetable: Timetable, names: RunNames, found: FoundRuns) -> _Dates:
        tt = timetable.by_name
        once = (names.trip >= 0) & (found.verdict == NOT_RUNNING)
        once[once] = ~tt.trip_repeats[names.trip[once]] & ~tt.trip_is_frequency[names.trip[once]]
        named = places_of(names.service_date, tt.date).astype(np.int32)
        trip = np.where(found.trip >= 0, found.trip, np.where(once & (named >= 0), names.trip, NONE)).astype(np.int32)
        day = np.where(found.trip >= 0, found.service_day, named).astype(np.int32)
        known = (trip >= 0) & (named >= 0)
        rows = np.flatnonzero(known)
        start_s, begins = np.zeros((2, len(trip)), np.int64)
        start_s[rows] = tt.trip_start_s[trip[rows]] + found.shift_s[rows]
        begins[rows] = tt.date_origin[day[rows]] + start_s[rows]
        result = cls(tt, trip, day, named, start_s, begins, *np.zeros((3, len(trip)), bool))
        result.of_utc[rows] = begins[rows] // DAY_S == result.utc_date()[rows]
        result.network[:] = known & (found.trip >= 0) & ~result.of_utc & (day == named)
        away_s = names.start_time_s - start_s
        result.utc_start[:] = known & (names.trip >= 0) & (names.start_time_s >= 0) & (away_s % DAY_S != 0)
        result.utc_start[:] &= names.start_time_s % DAY_S == begins % DAY_S
        return result

    def on(self, day: Int32Array, found: FoundRuns, stays: BoolArray) -> FoundRuns:
        """The runs (n,) on another service day where one is given, but for those that stay."""
        moved = ~stays & (day >= 0) & (day != found.service_day)
        return replace(
            found,
            trip=np.where(moved, self.trip, found.trip),
            service_day=np.where(moved, day, found.service_day),
            other_day=np.where(moved, day != self.named, found.other_day),
            verdict=np.where(moved, np.int8(FOUND), found.verdict),
        )

    def utc_date(self) -> Int64Array:
        """(n,) the date that is named, in days since 1970. Noon of a service day lies on that day in UTC as well, but
        for the zones furthest east and west."""
        date: Int64Array = (self.timetable.date_origin[self.named] + DAY_S // 2) // DAY_S
        return date

    def runs_on(self, day: Int32Array) -> BoolArray:
        """Whether each trip (n,) runs on a service day (n,)."""
        tt = self.timetable
        runs: BoolArray = (self.trip >= 0) & (day >= 0) & (day < len(tt.date))
        runs[runs] = tt.runs_on(self.trip[runs], day[runs])
        return runs

    @property
    def runs_as_named(self) -> BoolArray:
        """(n,) whether the trip runs on the date that is named."""
        return self.runs_on(self.named)

    def utc_alone(self, now: float) -> BoolArray:
        """Runs (n,) that nothing but UTC explains the date of: neither the date after midnight nor that of operations
        at night."""
        is_early = self.named > self.service_day
        no_midnight = is_early & (now < self.timetable.date_origin[self.named]) & (self.start_s < DAY_S)
        no_night = ~is_early & (self.start_s >= EARLY_S)
        alone: BoolArray = self.of_utc & (self.named != self.service_day) & (no_midnight | no_night)
        return alone

    def day_by_utc(self) -> Int32Array:
        """(n,) the day whose run begins on the date that is named as UTC has it, -1 where there is none."""
        tt, result = self.timetable, np.full(len(self.trip), NONE, np.int32)
        for back in (1, -1, 0):
            day = self.named + np.int32(back)
            rows = np.flatnonzero(self.runs_on(day) & (self.named >= 0))
            begins = tt.date_origin[day[rows]] + self.start_s[rows]
            rows = rows[begins // DAY_S == self.utc_date()[rows]]
            result[rows] = day[rows]
        return result

    def day_past_midnight(self, *, by_calendar: bool) -> Int32Array:
        """(n,) the day of the run past 24:00 that is meant by the date that is named: the calendar's on which it
        begins, or that of its service day; -1 where there is none."""
        day = (self.named - by_calendar * (self.start_s // DAY_S)).astype(np.int32)
        return np.where(self.runs_on(day) & (self.named >= 0) & (self.start_s >= DAY_S), day, np.int32(NONE))

    def day_not_past(self, late_s: Float64Array, now: float) -> Int32Array:
        """(n,) the day that is named, where its run is to come and the one that was found is over before that day; else
        -1. Many tell of delays of tomorrow's runs beside today's; but who is still out `late_s` (n,) after midnight is
        told of by the date that it is then."""
        tt = self.timetable
        keeps = self.runs_as_named & (self.named > self.service_day) & (self.service_day >= 0)
        rows = np.flatnonzero(keeps)
        trip = self.trip[rows]
        over_s = self.start_s[rows] + tt.trip_lasts_s[trip]
        origin, midnight = tt.date_origin[self.service_day[rows]], tt.date_origin[self.named[rows]]
        still_out = (midnight <= now) & (now <= origin + over_s + late_s[rows])
        keeps[rows] = (origin + over_s < midnight) & ~still_out
        return np.where(keeps, self.named, np.int32(NONE))
