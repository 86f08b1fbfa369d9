"""Trips that the realtime feeds call by a part of their id, or by more than that: New York's trains go by what stands
behind the season and the kind of day, others by an id with the date behind it or a number before it, and trains by
their number alone.

A part of an id may be that of several trips: of those that run on the day, of the line and from the time that are
named, just one must have it. Where most ids of a message are known as they are, those that are not are no trip's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from feeds.ids.known_ids import spelled
from feeds.ids.words_around import SEPARATOR, without_words_around
from predictor.arrays import NONE, BoolArray
from predictor.named_runs import SAME_START_S, RunNames
from predictor.timetable import Timetable

MOST = 0.5
"""So large a share of the ids must be unknown as they are, and be found so."""

_DATE = re.compile(r"[:_|/.\-#@~ ]?20\d{6}$")
_DATED = re.compile(
    rf"(?P<behind>.+){SEPARATOR.pattern}(?P<last>20\d{{6}}|20\d\d-\d\d-\d\d)"
    rf"|(?P<first>20\d{{6}}|20\d\d-\d\d-\d\d){SEPARATOR.pattern}(?P<before>.+)"
)
_PLAIN_ADDITION = re.compile(
    r"\d+[_:]|20(?:\d{6}|\d\d-\d\d-\d\d)[:_|/.\-#@~ ]|[:_|/.\-#@~ ]20(?:\d{6}|\d\d-\d\d-\d\d)"
    r"|\.0|[@#~]\d+|[_-]?merged[_-]?\d+",
    re.IGNORECASE,
)
"""A number before an id, as OneBusAway writes an agency's and OpenTripPlanner a feed's, a date on either side, and
“.0”, which copy it is (`@1`) or what it was put together from (`_merged_1`) behind it. Words before it may be another
agency's."""
_MERGED = re.compile(r"(.+)_merged_\d+")
_LEAST_BEGINNING = 6
"""Fewer letters are the beginning of an id by chance."""
_MOST_ALIKE = 100
_OF_NEW_YORK = re.compile(r"(?:\w+_)?(-?\d{5,6})_\w{1,3}\.{1,2}([NS]?)\w*", re.ASCII)
"""Its trains go by when they begin, in hundredths of a minute, the line, and whether they go north or south."""
_NEW_YORKS_DIRECTIONS = {"N": 0, "S": 1}


@dataclass(frozen=True)
class _Parts:
    """The trips of one day by the parts of their ids."""

    trips_of: dict[str, list[int]]
    ordered: list[str]

    @classmethod
    def of(cls, names: Sequence[str], trips: Sequence[int]) -> _Parts:
        trips_of: dict[str, list[int]] = {}
        for name, trip in zip(names, trips, strict=True):
            for part in {spelled(part) for part in _parts(name)}:
                trips_of.setdefault(part, []).append(trip)
        return cls(trips_of, sorted(trips_of))

    def trips(self, name: str) -> Iterable[int]:
        """The trips whose ids have this part, or, where none has, a part that begins so."""
        part = spelled(name)
        if part in self.trips_of or len(part) < _LEAST_BEGINNING:
            return self.trips_of.get(part, ())
        begin = bisect_left(self.ordered, part)
        longer = [other for other in self.ordered[begin : begin + _MOST_ALIKE] if other.startswith(part)]
        return {trip for other in longer for trip in self.trips_of[other]} if len(longer) < _MOST_ALIKE else ()


def runs_meant(
    trip_id: Sequence[str], said: RunNames, may_be_new: BoolArray, timetable: Timetable, received_at: float
) -> RunNames:
    """The runs (n,) of a message with the trips too that are called otherwise than in the timetable, and the service
    dates that stand behind or before an id in place of a start date; starts that stand in the ids of trips that the
    timetable does not have at all.

    `said`: routes too of runs whose trip is known. `may_be_new`: the timetable need not have it. Trips are those of
    `timetable.base`.
    """
    tt, trip = timetable.base, said.trip.copy()
    lost = [row for row in np.flatnonzero((trip < 0) & ~may_be_new).tolist() if trip_id[row]]
    merged = _of_merged(tt) if lost else {}
    for row in lost:
        if trip_id[row] in merged:
            days = _days(int(said.service_date[row]), tt, received_at)
            fitting = (_fitting(merged[trip_id[row]], day, said, row, tt) for day in days)
            of_day = next(filter(None, fitting), [])
            trip[row] = of_day[0] if len(of_day) == 1 else NONE
    lost = [row for row in lost if trip[row] < 0]
    unknown = {trip_id[row] for row in lost}
    if not unknown or len(unknown) < MOST * len({name for name in trip_id if name}):
        return replace(said, trip=trip)
    found, dates = {}, said.service_date.copy()
    bare = without_words_around(unknown, tt.trip_index)
    for row in lost:
        dates[row] = dates[row] or _date_of(trip_id[row], tt, received_at)
        meant = _found(bare.get(trip_id[row], trip_id[row]), int(dates[row]), said, row, tt, received_at)
        if meant >= 0:
            found[row] = meant
    date = said.service_date.copy()
    if len({trip_id[row] for row in found}) >= MOST * len(unknown):
        rows = list(found)
        trip[rows], date[rows] = list(found.values()), dates[rows]
    start, direction = said.start_time_s.copy(), said.direction.copy()
    for row in lost:
        if trip[row] < 0 and start[row] < 0 and (match := _OF_NEW_YORK.fullmatch(trip_id[row])):
            start[row] = round(0.6 * int(match[1]))
            direction[row] = _NEW_YORKS_DIRECTIONS.get(match[2], direction[row])
    return replace(said, trip=trip, service_date=date, start_time_s=start, direction=direction)


def _date_of(name: str, timetable: Timetable, received_at: float) -> int:
    """The date YYYYMMDD that stands beside an id of ours, 0 where none does or one that is over: of a version."""
    found = _DATED.fullmatch(name)
    if found is None or (found["behind"] or found["before"]) not in timetable.trip_index:
        return 0
    date = int((found["last"] or found["first"]).replace("-", ""))
    days = _days(0, timetable, received_at)
    return date if days and date >= timetable.date[min(days)] else 0


def _found(name: str, date: int, said: RunNames, row: int, timetable: Timetable, received_at: float) -> int:
    """The trip of the line and start that are said in a row, of any where none are, whose id has the name as a part or
    is one; -1 where none is."""
    for day in _days(date, timetable, received_at):
        parts = _parts_of_day(timetable, day)
        in_longer = (parts.trips(part) for part in dict.fromkeys((name, _DATE.sub("", name))))
        in_name = (
            [timetable.trip_index[part]]
            for part, addition in _shorter(name)
            if _PLAIN_ADDITION.fullmatch(addition) and part in timetable.trip_index
        )
        by_number = (_numbers_of_day(timetable, day).get(spelled(name), ()),)
        for trips in (*in_longer, *in_name, *by_number):
            fitting = _fitting(trips, day, said, row, timetable)
            if len(fitting) == 1:
                return fitting[0]
    return NONE


def _fitting(trips: Iterable[int], day: int, said: RunNames, row: int, timetable: Timetable) -> list[int]:
    """Those of the trips that run on the day and are of the line that is said in a row; of several those of the
    direction and from the time that are."""
    tt, route, direction, start_s = (
        timetable, int(said.route[row]), int(said.direction[row]), int(said.start_time_s[row]),
    )  # fmt: skip
    fitting = [trip for trip in trips if tt.runs_on(trip, day) and route in (NONE, tt.trip_route[trip])]
    if len(fitting) > 1 and direction >= 0:
        fitting = [trip for trip in fitting if tt.pattern_direction[tt.trip_pattern[trip]] in (NONE, direction)]
    if len(fitting) > 1 and start_s >= 0:
        fitting = [trip for trip in fitting if abs(tt.trip_start_s[trip] - start_s) <= SAME_START_S]
    return fitting


@lru_cache(maxsize=4)
def _of_merged(timetable: Timetable) -> dict[str, list[int]]:
    """The trips by their ids without what tools that merge timetables put behind them."""
    found: dict[str, list[int]] = {}
    for trip, name in enumerate(timetable.trip_id.tolist()):
        if match := _MERGED.fullmatch(name):
            found.setdefault(match[1], []).append(trip)
    return found


def _days(date: int, timetable: Timetable, received_at: float) -> list[int]:
    """The service days that may be meant."""
    if date:
        return [timetable.date_index[date]] if date in timetable.date_index else []
    today = int(timetable.day_at(received_at))
    return [day for day in (today, today - 1) if 0 <= day < len(timetable.date)]


@lru_cache(maxsize=4)
def _parts_of_day(timetable: Timetable, day: int) -> _Parts:
    trips = np.flatnonzero(timetable.service_active[timetable.trip_service, day])
    return _Parts.of(timetable.trip_id[trips].tolist(), trips.tolist())


@lru_cache(maxsize=4)
def _numbers_of_day(timetable: Timetable, day: int) -> dict[str, list[int]]:
    """The trips of one day by what riders call them (`trip_short_name`)."""
    found: dict[str, list[int]] = {}
    for trip in np.flatnonzero(timetable.service_active[timetable.trip_service, day]).tolist():
        if number := spelled(str(timetable.trip_short_name[trip])):
            found.setdefault(number, []).append(trip)
    return found


def _parts(name: str) -> Iterator[str]:
    """An id, what stands before and behind each of its separators, and the same without the date at its end."""
    for whole in dict.fromkeys((name, _DATE.sub("", name))):
        yield whole
        for part, _ in _shorter(whole):
            yield part


def _shorter(name: str) -> Iterator[tuple[str, str]]:
    """What stands before and behind each separator, and what else the id has."""
    for separator in SEPARATOR.finditer(name):
        if separator.start():
            yield name[: separator.start()], name[separator.start() :]
        if separator.end() < len(name):
            yield name[separator.end() :], name[: separator.end()]
