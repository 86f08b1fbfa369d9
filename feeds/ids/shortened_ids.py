"""Trips that the realtime feeds call by a part of their id, or by more than that: New York's trains go by what stands
behind the season and the kind of day, others by an id with the date behind it or a number before it, and trains by
their number alone.

A part of an id may be that of several trips: of those that run on the day, just one must have it. Where most ids of a
message are known as they are, those that are not are no trip's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from feeds.ids.known_ids import spelled
from predictor.arrays import NONE, BoolArray, Int32Array
from predictor.timetable import Timetable

MOST = 0.5
"""So large a share of the ids must be unknown as they are, and be found so."""

_SEPARATOR = re.compile(r"[:_|/.\-#@~ ]+")
_DATE = re.compile(r"[:_|/.\-#@~ ]?20\d{6}$")
_DATED = re.compile(
    rf"(?P<behind>.+){_SEPARATOR.pattern}(?P<last>20\d{{6}}|20\d\d-\d\d-\d\d)"
    rf"|(?P<first>20\d{{6}}|20\d\d-\d\d-\d\d){_SEPARATOR.pattern}(?P<before>.+)"
)
_PLAIN_ADDITION = re.compile(
    r"\d+[_:]|[:_|/.\-#@~ ]20(?:\d{6}|\d\d-\d\d-\d\d)|\.0|[@#~]\d+|[_-]?merged[_-]?\d+", re.IGNORECASE
)
"""A number before an id, as OneBusAway writes an agency's and OpenTripPlanner a feed's, and a date, “.0”, which
copy it is (`@1`) or what it was put together from (`_merged_1`) behind it. Words before it may be another agency's."""
_MERGED = re.compile(r"(.+)_merged_\d+")
_FEED_OF = 5
"""Words before each of so many ids, all of which are ours without them, are the feed's name; what stands behind each of
so many, alike but for its numbers, is nothing of ours."""
_LEAST_BEGINNING = 6
"""Fewer letters are the beginning of an id by chance."""


@dataclass(frozen=True)
class _Parts:
    """The trips of one day by the parts of their ids; -1 where several have a part."""

    trip_of: dict[str, int]
    ordered: list[str]

    @classmethod
    def of(cls, names: Sequence[str], trips: Sequence[int]) -> _Parts:
        trip_of: dict[str, int] = {}
        for name, trip in zip(names, trips, strict=True):
            for part in {spelled(part) for part in _parts(name)}:
                trip_of[part] = trip if trip_of.get(part, trip) == trip else NONE
        return cls(trip_of, sorted(trip_of))

    def trip(self, name: str) -> int:
        """The trip whose id has this part, or a part that begins so, -1 where none or several have."""
        part = spelled(name)
        if part in self.trip_of or len(part) < _LEAST_BEGINNING:
            return self.trip_of.get(part, NONE)
        found, at = NONE, bisect_left(self.ordered, part)
        while at < len(self.ordered) and self.ordered[at].startswith(part):
            trip = self.trip_of[self.ordered[at]]
            if trip < 0 or (found >= 0 and trip != found):
                return NONE
            found, at = trip, at + 1
        return found


def trips_meant(
    names: Sequence[str], service_date: Int32Array, route: Int32Array, trip: Int32Array, may_be_new: BoolArray,
    timetable: Timetable, received_at: float,
) -> tuple[Int32Array, Int32Array]:  # fmt: skip
    """The trips (n,) of a message, those found too that are called otherwise than in the timetable; and their service
    dates (n,), those too that stand behind or before an id in place of a start date.

    Parameters: `service_date` YYYYMMDD, 0 where not given; `route` and `trip`, -1 where not known; `may_be_new`: the
    timetable need not have it. Trips are those of `timetable.base`.
    """
    lost = [row for row in np.flatnonzero((trip < 0) & ~may_be_new).tolist() if names[row]]
    merged = _of_merged(timetable.base)
    if merged and (of_merged := [row for row in lost if names[row] in merged]):
        trip = trip.copy()
        for row in of_merged:
            days = _days(int(service_date[row]), timetable.base, received_at)
            trip[row] = _only_one(merged[names[row]], days, int(route[row]), timetable.base)
        lost = [row for row in lost if trip[row] < 0]
    unknown = {names[row] for row in lost}
    if not unknown or len(unknown) < MOST * len({name for name in names if name}):
        return trip, service_date
    found, dates = {}, service_date.copy()
    before = _before_each(unknown, timetable.base)
    behind = {} if before else _behind_each(unknown, timetable.base)
    for row in lost:
        dates[row] = dates[row] or _date_of(names[row], timetable.base, received_at)
        name = names[row].removeprefix(before)
        name = name[: len(name) - behind.get(names[row], 0)]
        meant = _found(name, int(dates[row]), int(route[row]), timetable.base, received_at)
        if meant >= 0:
            found[row] = meant
    if len({names[row] for row in found}) < MOST * len(unknown):
        return trip, service_date
    result, rows = trip.copy(), list(found)
    result[rows] = list(found.values())
    date = service_date.copy()
    date[rows] = dates[rows]
    return result, date


def _date_of(name: str, timetable: Timetable, received_at: float) -> int:
    """The date YYYYMMDD that stands beside an id of ours, 0 where none does or one that is over: of a version."""
    found = _DATED.fullmatch(name)
    if found is None or (found["behind"] or found["before"]) not in timetable.trip_index:
        return 0
    date = int((found["last"] or found["first"]).replace("-", ""))
    days = _days(0, timetable, received_at)
    return date if days and date >= timetable.date[min(days)] else 0


def _found(name: str, date: int, route: int, timetable: Timetable, received_at: float) -> int:
    """The trip of that line, of any where that is -1, whose id has the name as a part or is one; -1 where none is."""
    for day in _days(date, timetable, received_at):
        parts = _parts_of_day(timetable, day)
        in_longer = (parts.trip(part) for part in dict.fromkeys((name, _DATE.sub("", name))))
        in_name = (
            timetable.trip_index.get(part, NONE)
            for part, addition in _shorter(name)
            if _PLAIN_ADDITION.fullmatch(addition)
        )
        by_number = (_numbers_of_day(timetable, day).get(spelled(name), NONE),)
        for trip in (*in_longer, *in_name, *by_number):
            runs = trip >= 0 and timetable.service_active[timetable.trip_service[trip], day]
            if runs and route in (NONE, timetable.trip_route[trip]):
                return trip
    return NONE


@lru_cache(maxsize=4)
def _of_merged(timetable: Timetable) -> dict[str, list[int]]:
    """The trips by their ids without what tools that merge timetables put behind them."""
    found: dict[str, list[int]] = {}
    for trip, name in enumerate(timetable.trip_id.tolist()):
        if match := _MERGED.fullmatch(name):
            found.setdefault(match[1], []).append(trip)
    return found


def _only_one(trips: Sequence[int], days: Sequence[int], route: int, timetable: Timetable) -> int:
    """The only one of the trips that runs on the first of the days on which any does, -1 where there is none."""
    for day in days:
        running = [
            trip
            for trip in trips
            if timetable.service_active[timetable.trip_service[trip], day]
            and route in (NONE, timetable.trip_route[trip])
        ]
        if running:
            return running[0] if len(running) == 1 else NONE
    return NONE


def _before_each(unknown: Set[str], timetable: Timetable) -> str:
    """The words that stand before each of the ids, "" where some are no trip's without them."""
    if len(unknown) < _FEED_OF:
        return ""
    some, ours = next(iter(unknown)), timetable.trip_index
    beginnings = (some[: separator.end()] for separator in _SEPARATOR.finditer(some))
    return next((b for b in beginnings if all(n.startswith(b) and n.removeprefix(b) in ours for n in unknown)), "")


def _behind_each(unknown: Set[str], timetable: Timetable) -> dict[str, int]:
    """How many letters behind each of the ids are none of ours, nothing where they are not alike but for their numbers
    or some ids are no trip's, or another's too, without them."""
    if len(unknown) < _FEED_OF:
        return {}
    some, ours = next(iter(unknown)), timetable.trip_index
    for separator in _SEPARATOR.finditer(some):
        form = re.compile(r"(.+?)" + re.sub(r"\d+", r"\\d+", re.escape(some[separator.start() :])))
        found = {name: form.fullmatch(name) for name in unknown}
        bare = [match[1] for match in found.values() if match and match[1] in ours]
        if len(set(bare)) == len(unknown):
            return {name: len(name) - len(match[1]) for name, match in found.items() if match}
    return {}


def _days(date: int, timetable: Timetable, received_at: float) -> list[int]:
    """The service days that may be meant."""
    if date:
        return [timetable.date_index[date]] if date in timetable.date_index else []
    today = int(np.searchsorted(timetable.date_origin, received_at, side="right")) - 1
    return [day for day in (today, today - 1) if 0 <= day < len(timetable.date)]


@lru_cache(maxsize=4)
def _parts_of_day(timetable: Timetable, day: int) -> _Parts:
    trips = np.flatnonzero(timetable.service_active[timetable.trip_service, day])
    return _Parts.of(timetable.trip_id[trips].tolist(), trips.tolist())


@lru_cache(maxsize=4)
def _numbers_of_day(timetable: Timetable, day: int) -> dict[str, int]:
    """The trips of one day by what riders call them (`trip_short_name`); -1 where several are called so."""
    found: dict[str, int] = {}
    for trip in np.flatnonzero(timetable.service_active[timetable.trip_service, day]).tolist():
        if number := spelled(str(timetable.trip_short_name[trip])):
            found[number] = NONE if number in found else trip
    return found


def _parts(name: str) -> Iterator[str]:
    """An id, what stands before and behind each of its separators, and the same without the date at its end."""
    for whole in dict.fromkeys((name, _DATE.sub("", name))):
        yield whole
        for part, _ in _shorter(whole):
            yield part


def _shorter(name: str) -> Iterator[tuple[str, str]]:
    """What stands before and behind each separator, and what else the id has."""
    for separator in _SEPARATOR.finditer(name):
        if separator.start():
            yield name[: separator.start()], name[separator.start() :]
        if separator.end() < len(name):
            yield name[separator.end() :], name[: separator.end()]
