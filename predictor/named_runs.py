"""Which dated run a trip descriptor means: GTFS-Realtime's (trip_id, route_id, direction_id, start_date, start_time).

One rule for vehicle positions, TripUpdates, cancellations and alerts. What a feed says is a strong hint, not a truth:

- The *trip* is the one named. Where that is seen on a day on which it does not run, it is the only one that makes the
  same calls from the same time on that day, under the name of its line: timetables have a trip once for each of its
  services. Where none is named, the only one of the route that starts at that time: of the direction that is given
  where there is one of it, else of the other.
- The *day* is `start_date`, where the trip runs on it. Feeds that name the calendar date after midnight are known by
  three signs: the trip does not run on that day; its start time is that of a neighbouring day's run past 24:00; or the
  named day's run is many hours away while a neighbouring one that reaches into that date is near.
- The *departure*, for a trip that has several (frequencies.txt), is the one nearest to `start_time`.

Two kinds of rows differ in what their time `at` tells. A run *under way* (a position, or times that it keeps) is near
`at`, whatever date is named. What is merely spoken of (a cancellation, an alert) may lie days ahead, but is not over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    clipped,
    expand_ranges,
    first_of_each,
    where_true,
)
from predictor.columns import Columns, column_types
from predictor.journeys import JourneyLookup
from predictor.meant_days import NEAR_S, against_day
from predictor.runs import DatedRuns
from predictor.timetable import DAY_S, Timetable

FOUND, NOT_NAMED, NO_SUCH_TRIP, AMBIGUOUS, NOT_RUNNING = 0, 1, 2, 3, 4
"""What became of a descriptor: its run was found; it names neither a trip nor a route with a start time; nothing in the
timetable fits it; several runs fit it equally well; the trip runs neither on that day nor at that time."""
VERDICTS = ("run_found", "run_not_named", "run_unknown", "run_ambiguous", "run_on_no_such_day")
"""The names under which verdicts are counted."""

START_TOLERANCE_S = 1800.0
"""A start time further from each of a trip's departures names none of them."""
SAME_START_S = 59.0
"""Start times this near are the same where a route's run is looked for: some feeds cut the seconds."""

_NO_DAY = np.iinfo(np.int64).min
_DAYS_AROUND = (0, -1, 1, -2)
"""Days to try beside the named one, in order of preference; GTFS has trips that start after 48:00."""
_FAR_FROM_A_DAY_S = 40_000.0
"""Who is within so much of the begin and of the end of a run is nearer to it than to the same a day before or after."""
_ROUTE_SPACING_S = 1.0e7
"""Longer than any service day, so that the starts of all routes stand on one axis."""

# What speaks against a candidate, in hours, as differences of start times are weighed with it, and what `against_day`
# says. Not measured: each is so large that candidates come in the order told here.
_NO_NAMED_START = 0.75
"""It starts at another time than the one named: behind all that start within `START_TOLERANCE_S`. Where no day is
named, the hours to a run's time count, too: then also behind those that start as named, up to `NEAR_S` away."""
_OTHER_TIME_OF_DAY = 2.0
"""Its start is read a day off the one named: behind each that starts as named, on a neighbouring day too."""
_OTHER_WAY = 100.0
"""It runs in the other direction than the one named: where none runs in that one."""


@dataclass(frozen=True, eq=False)
class RunNames(Columns):
    """What descriptors say; all arrays (n,), -1 where nothing is said but for `service_date`.

    `trip` or `route`, whichever the run is to be found by: an id that the timetable does not have finds nothing.
    """

    trip: Int32Array
    route: Int32Array
    direction: Int8Array
    service_date: Int32Array
    """YYYYMMDD, a date that exists; 0 where not given."""
    start_time_s: Int32Array
    """Seconds after the origin of the service date."""

    @classmethod
    def of_trips(cls, trip: Int32Array, service_date: Int32Array, start_time_s: Int32Array) -> RunNames:
        """Names by trip alone."""
        nothing = np.full(len(trip), NONE, np.int32)
        return cls(trip, nothing, nothing.astype(np.int8), service_date, start_time_s)


@dataclass(frozen=True, eq=False)
class FoundRuns(DatedRuns):
    """The dated runs that names stand for; trip and service day -1 where not found; all arrays (n,)."""

    start_known: BoolArray
    """False where the trip has several departures and the one given here is only the nearest: no start time is named,
    or one at which nothing starts."""
    other_day: BoolArray
    """Found on another day than the one named."""
    verdict: Int8Array

    def count(self, counts: Counter[str], among: BoolArray) -> None:
        """Add how many `among` (n,) them were named and not found, by reason, and how many were found on another day
        than the one named."""
        for verdict in (NO_SUCH_TRIP, AMBIGUOUS, NOT_RUNNING):
            counts[VERDICTS[verdict]] += int((among & (self.verdict == verdict)).sum())
        counts["run_on_another_day_than_named"] += int((among & self.other_day).sum())


@dataclass(frozen=True, eq=False)
class _Candidates(Columns):
    """Runs that names may mean; all arrays of one shape."""

    journey: Int64Array
    day: Int32Array
    shift_s: Int32Array
    other_day: BoolArray
    by_start: BoolArray
    """Chosen by the start time that is named."""
    hours_off: Float64Array
    """How far from what is named, infinite where it cannot be meant."""


class RunFinder:
    """Finds the runs of a timetable by name; who runs in the place of a run goes by its name (`Timetable.by_name`)."""

    def __init__(self, timetable: Timetable) -> None:
        tt = self._timetable = timetable.by_name
        self._journeys = JourneyLookup(tt)
        self._start_s = tt.trip_start_s[tt.journey_trip].astype(np.int64) + tt.journey_shift_s
        route = tt.trip_route[tt.journey_trip]
        by_route = np.lexsort((self._start_s, route))
        self._by_route: Int64Array = by_route.astype(np.int64)
        self._route_axis = route[by_route] * _ROUTE_SPACING_S + self._start_s[by_route]
        self._longest_headway_s = float(tt.journey_headway_s.max(initial=0))

    def find(
        self,
        names: RunNames,
        at: Float64Array,
        under_way: BoolArray,
        elapsed_s: Float64Array | None = None,
        others: Int64Array | None = None,
    ) -> FoundRuns:
        """The run that each name stands for.

        Parameters, all (n,): `at`: POSIX seconds at which the run is seen or spoken of; `under_way`: it is seen (see
        the module's docstring); `elapsed_s`: seconds after its start at which it stands at `at` by its place, NaN where
        unknown: tells which of a trip's departures is meant where the start time does not; `others`: `run_key` of runs
        that no line and start stand for, since they are gone or named otherwise.
        """
        n = len(names.trip)
        found = FoundRuns.blank(
            n, trip=names.trip.astype(np.int32, copy=True), start_known=np.ones(n, bool),
            verdict=np.full(n, NO_SUCH_TRIP, np.int8),
        )  # fmt: skip
        if n and len(self._timetable.date) and len(self._timetable.journey_trip):
            named_day = self._named_day(names.service_date, under_way)
            elapsed_s = np.full(n, np.nan) if elapsed_s is None else elapsed_s
            self._find_by_trip(found, names, at, under_way, elapsed_s, named_day)
            self._find_by_route(found, names, at, under_way, named_day, others)
            self._each_its_own(found, named_day, under_way)
        is_named = (names.trip >= 0) | ((names.route >= 0) & (names.start_time_s >= 0))
        found.verdict[~is_named] = NOT_NAMED
        lost = found.verdict != FOUND
        found.trip[lost], found.service_day[lost], found.shift_s[lost] = NONE, NONE, 0
        found.other_day[lost] = False
        return found

    def _find_by_trip(
        self, found: FoundRuns, names: RunNames, at: Float64Array,
        under_way: BoolArray, elapsed_s: Float64Array, named_day: Int64Array,
    ) -> None:  # fmt: skip
        """Note in `found` (n,) the runs of names by trip."""
        by_trip = where_true(names.trip >= 0)
        likely = self._likely_day(named_day[by_trip], at[by_trip])
        is_plain = self._is_plain(names.trip[by_trip], named_day[by_trip], likely, at[by_trip], under_way[by_trip])
        plain, rows = by_trip[is_plain], by_trip[~is_plain]
        found.service_day[plain], found.verdict[plain] = likely[is_plain], FOUND
        if len(rows) == 0:
            return
        c = self._of_trips(names, at, under_way, elapsed_s, named_day, rows)
        best = np.argmin(c.hours_off, axis=0), np.arange(len(rows))
        fits = np.isfinite(c.hours_off[best])
        found.verdict[rows] = np.where(fits, FOUND, NOT_RUNNING)
        rows, best = rows[fits], (best[0][fits], best[1][fits])
        found.service_day[rows], found.shift_s[rows] = c.day[best], c.shift_s[best]
        found.start_known[rows], found.other_day[rows] = c.by_start[best], c.other_day[best]
        self._put_on_the_services_of_the_day(found, rows[under_way[rows]])

    def _find_by_route(
        self, found: FoundRuns, names: RunNames, at: Float64Array,
        under_way: BoolArray, named_day: Int64Array, others: Int64Array | None,
    ) -> None:  # fmt: skip
        """Note in `found` (n,) the runs of names by route and start time, of which `others` are none."""
        rows = where_true((names.trip < 0) & (names.route >= 0) & (names.start_time_s >= 0))
        if len(rows) == 0:
            return
        c, owner = self._of_routes(names, at, under_way, named_day, rows)
        runs = DatedRuns(self._timetable.journey_trip[c.journey], c.day, c.shift_s)
        if others is not None:
            c.hours_off[np.isin(runs.run_key, others)] = np.inf
        rows, best, unique = self._best(c, runs, owner)
        found.verdict[rows] = np.where(unique, FOUND, AMBIGUOUS)
        rows, best = rows[unique], best[unique]
        found.trip[rows], found.service_day[rows], found.shift_s[rows] = runs.trip[best], c.day[best], c.shift_s[best]
        found.other_day[rows] = c.other_day[best]

    def _likely_day(self, named_day: Int64Array, at: Float64Array) -> Int64Array:
        """The service day (n,) that is looked at first: the one named, else that of `at`."""
        return np.where(named_day > _NO_DAY, named_day, self._timetable.day_at(at))

    def _is_plain(
        self, trip: Int32Array, named_day: Int64Array, likely: Int64Array, at: Float64Array, under_way: BoolArray
    ) -> BoolArray:
        """Which names (n,) leave nothing to weigh, as nearly all do: a trip with one departure that is under way on the
        day that is looked at first, `likely`, and against which nothing speaks; where no day is named, no more than
        that it is early or late, by far less than it would be on any other day."""
        tt = self._timetable
        day = clipped(likely, 0, len(tt.date) - 1).astype(np.int32)
        plain: BoolArray = under_way & (likely == day)
        plain &= (self._journeys.count[trip] == 1) & ~tt.trip_overlaps[trip]
        dated = likely == named_day
        against = against_day(tt, trip, day, np.zeros(len(trip), np.int32), 0, at, under_way, dated)
        late = ~dated & (against < NEAR_S / 3600.0) & (tt.trip_lasts_s[trip] + 3600.0 * against < _FAR_FROM_A_DAY_S)
        plain &= (against == 0.0) | late
        return plain

    def _named_day(self, service_date: Int32Array, under_way: BoolArray) -> Int64Array:
        """Index (n,) of each date among the timetable's, also past its ends; the smallest integer where none is named.

        A bus that is there now does not drive on a date that the timetable does not have.
        """
        tt = self._timetable
        if not service_date.any():
            return np.full(len(service_date), _NO_DAY)
        date = service_date.astype(np.int64)
        year, month, day = date // 10_000, date // 100 % 100, date % 100
        given = date > 0
        months = np.where(given, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
        number = months.astype("datetime64[D]").astype(np.int64) + day - 1
        first = np.datetime64(f"{tt.date[0] // 10_000:04d}-{tt.date[0] // 100 % 100:02d}-{tt.date[0] % 100:02d}", "D")
        index = number - first.astype(np.int64)
        beside = (index >= -1) & (index <= len(tt.date) + 1)
        return np.where(given & (beside | ~under_way), index, _NO_DAY)

    def _of_trips(
        self,
        names: RunNames,
        at: Float64Array,
        under_way: BoolArray,
        elapsed_s: Float64Array,
        named_day: Int64Array,
        rows: Int64Array,
    ) -> _Candidates:
        """Candidates (k, rows) for names by trip: on each day around, the departure nearest to what is named."""
        tt = self._timetable
        trip, at, under_way, named = names.trip[rows], at[rows], under_way[rows], named_day[rows]
        start, placed = names.start_time_s[rows], np.isfinite(elapsed_s[rows])
        elapsed_s = np.where(placed, elapsed_s[rows], 0.0)
        by_headway = tt.trip_is_frequency[trip]
        several = (self._journeys.count[trip] > 1) | by_headway
        none = self._journeys.count[trip] == 0
        has_start, dated = start >= 0, named > _NO_DAY
        base = self._likely_day(named, at)
        parts: list[_Candidates] = []
        for back in _DAYS_AROUND:
            day = clipped(base + back, 0, len(tt.date) - 1).astype(np.int32)
            inside = day == base + back
            other = dated & (back != 0)
            text = start.astype(np.int64) - np.where(dated, back * DAY_S, 0)
            wanted: list[tuple[Int64Array, float, bool]] = [(text, 0.0, True)]
            if several.any():
                wanted += [(text + turn, _OTHER_TIME_OF_DAY, True) for turn in (DAY_S, -DAY_S)]
                if (dated & self._clock_changes(base, day)).any():
                    wanted.append((self._by_clock(start, base, day), 0.0, True))
                wanted.append(((at - elapsed_s - tt.date_origin[day]).astype(np.int64), 0.0, False))
            for seconds, penalty, by_start in wanted:
                journey = self._journeys.nearest(trip, seconds - tt.trip_start_s[trip])
                off = np.abs(self._start_s[journey] - seconds) / 3600.0
                limit = START_TOLERANCE_S / 3600.0
                if by_start:
                    of_the_only_run = np.where(has_start & ~under_way, np.minimum(off, _NO_NAMED_START), 0.0)
                    of_several_runs = np.where(has_start & (by_headway | (off <= limit)), off, np.inf)
                    off = np.where(several, of_several_runs, of_the_only_run)
                    off[~several & (penalty > 0)] = np.inf
                else:
                    allowed = several & (~has_start | (under_way & ~by_headway))
                    other_start = _NO_NAMED_START + np.where(dated, 0.0, NEAR_S / 3600.0)
                    off = np.where(allowed, off + np.where(has_start, other_start, 0.0), np.inf)
                shift = tt.journey_shift_s[journey]
                own = by_headway & has_start & by_start
                shift = np.where(own, (seconds - tt.trip_start_s[trip]).astype(np.int32), np.where(none, 0, shift))
                same = has_start & (np.abs(self._start_s[journey] - text) <= SAME_START_S)
                off = off + penalty + against_day(tt, trip, day, shift, back, at, under_way, dated, same)
                # Of two runs of a trip of more than a day the place tells which is meant.
                late_s = at - elapsed_s - self._start_s[journey] - tt.date_origin[day]
                off += np.where(placed & ~several & ~dated, np.abs(late_s) / 3600.0, 0.0)
                off[~inside] = np.inf
                known = np.full(len(rows), by_start) | ~several
                parts.append(_Candidates(journey, day, shift, other, known, off))
        stacked = {name: np.stack([getattr(part, name) for part in parts]) for name in column_types(_Candidates)}
        return _Candidates(**stacked)

    def _of_routes(
        self, names: RunNames, at: Float64Array, under_way: BoolArray, named_day: Int64Array, rows: Int64Array
    ) -> tuple[_Candidates, Int64Array]:
        """Candidates (k,) for names by route and start time, and the row that each belongs to."""
        tt = self._timetable
        dated = named_day > _NO_DAY
        base = self._likely_day(named_day, at)
        reach = SAME_START_S + 0.5 * self._longest_headway_s
        parts: list[_Candidates] = []
        owners: list[Int64Array] = []
        for back in _DAYS_AROUND:
            mine = rows[(base[rows] + back >= 0) & (base[rows] + back < len(tt.date))]
            day = (base[mine] + back).astype(np.int32)
            text = names.start_time_s[mine].astype(np.int64) - np.where(dated[mine], back * DAY_S, 0)
            by_clock = self._by_clock(names.start_time_s[mine], base[mine], day)
            # Without a date a start may be that of a clock: of a run past midnight its own lies behind 24:00.
            clock = np.where(dated[mine], by_clock, text + DAY_S)
            changed, with_date = where_true(clock != text), where_true(dated[mine])
            # Some name the calendar date with a time past 24:00 (a day too late), or the service date with a clock's.
            turn = {0: DAY_S, -1: -DAY_S}.get(back, 0)
            readings = [(np.arange(len(mine)), text, 0.0), (changed, clock[changed], 0.0)]
            readings += [(with_date, text[with_date] + turn, _OTHER_TIME_OF_DAY)] if turn else []
            for which, seconds, against in readings:
                place = names.route[mine[which]] * _ROUTE_SPACING_S + seconds
                low = np.searchsorted(self._route_axis, place - reach, side="left")
                high = np.searchsorted(self._route_axis, place + reach, side="right")
                pair, index = expand_ranges(low, high - low)
                journey, row = self._by_route[index], mine[which[pair]]
                wanted, on_day = seconds[pair], day[which[pair]]
                trip = tt.journey_trip[journey]
                off = np.abs(self._start_s[journey] - wanted)
                runs_to = tt.pattern_direction[tt.trip_pattern[trip]]
                headway = tt.journey_headway_s[journey]
                fits = off <= SAME_START_S + 0.5 * headway
                other_way = (names.direction[row] >= 0) & (runs_to >= 0) & (runs_to != names.direction[row])
                fits &= ~(other_way & dated[row] & (back != 0))
                fits &= tt.runs_on(trip, on_day)
                journey, row, wanted, on_day, trip = journey[fits], row[fits], wanted[fits], on_day[fits], trip[fits]
                other_way = other_way[fits]
                shift = tt.journey_shift_s[journey]
                shift = np.where(headway[fits] > 0, (wanted - tt.trip_start_s[trip]).astype(np.int32), shift)
                hours = np.where(headway[fits] > 0, 0.0, off[fits] / 3600.0) + np.where(other_way, _OTHER_WAY, 0.0)
                hours += against + against_day(
                    tt, trip, on_day, shift, back, at[row], under_way[row], dated[row],
                    np.full(len(row), against == 0.0),
                )  # fmt: skip
                other = dated[row] & (back != 0)
                parts.append(_Candidates(journey, on_day, shift, other, np.ones(len(row), bool), hours))
                owners.append(row)
        return _Candidates.joined(*parts), np.concatenate(owners)

    @staticmethod
    def _best(c: _Candidates, runs: DatedRuns, owner: Int64Array) -> tuple[Int64Array, Int64Array, BoolArray]:
        """Rows that have a candidate, the best of each, and whether no other of the candidates' runs, whatever its day,
        is as good (each (r,))."""
        order = np.lexsort((c.hours_off, owner))
        order = order[np.isfinite(c.hours_off[order])]
        first = first_of_each(owner[order])
        best = order[first]
        rank = np.cumsum(first) - 1
        rival = (runs.trip[order] != runs.trip[best[rank]]) | (runs.shift_s[order] != runs.shift_s[best[rank]])
        rival &= c.hours_off[order] - c.hours_off[best[rank]] < 1e-9
        unique = np.bincount(rank, rival, len(best)) == 0
        return owner[best], best, unique

    def _each_its_own(self, found: FoundRuns, named_day: Int64Array, under_way: BoolArray) -> None:
        """A message that names a run by its own date as well means its neighbour by the neighbour's: put right here."""
        day, other_day = found.service_day, found.other_day
        moved = where_true(other_day & ~under_way & (day >= 0))
        if len(moved) == 0:
            return
        tt = self._timetable
        key = found.run_key
        truly = key[(day >= 0) & ~other_day & (named_day == day)]
        moved = moved[np.isin(key[moved], truly)]
        back = named_day[moved]
        runs = (back >= 0) & (back < len(tt.date))
        back = clipped(back, 0, len(tt.date) - 1).astype(np.int32)
        runs &= tt.runs_on(found.trip[moved], back)
        day[moved[runs]], other_day[moved[runs]] = back[runs], False

    def _put_on_the_services_of_the_day(self, found: FoundRuns, rows: Int64Array) -> None:
        """Give the trip that makes the same calls from the same time to those of `rows` whose own does not run on their
        day, where just one such trip does: of their pattern, or where none of that does, of their line."""
        tt, trip, day = self._timetable, found.trip, found.service_day
        rows = rows[~tt.runs_on(trip[rows], day[rows]) & ~tt.trip_repeats[trip[rows]]]
        if len(rows) == 0:
            return
        order, axis = self._by_way
        low, high = (np.searchsorted(axis, self._way(trip[rows]), side=side) for side in ("left", "right"))
        pair, place = expand_ranges(low, high - low)
        twin = order[place]
        runs = tt.runs_on(twin, day[rows[pair]]) & ~tt.trip_repeats[twin]
        pair, twin = pair[runs], twin[runs]
        own = tt.trip_pattern[twin] == tt.trip_pattern[trip[rows[pair]]]
        first = own | (np.bincount(pair, own, len(rows))[pair] == 0)
        pair, twin = pair[first], twin[first]
        alone = np.bincount(pair, minlength=len(rows))[pair] == 1
        trip[rows[pair[alone]]] = twin[alone]

    @cached_property
    def _by_way(self) -> tuple[Int64Array, Int64Array]:
        """All trips in order of their `_way`, and that."""
        way = self._way(np.arange(self._timetable.trips))
        order = np.argsort(way, kind="stable")
        return order, way[order]

    def _way(self, trip: Int32Array | Int64Array) -> Int64Array:
        """A number for the calls and the start of each trip (n,)."""
        return self._calls_of_pattern[self._timetable.trip_pattern[trip]] * 2**22 + self._timetable.trip_start_s[trip]

    @cached_property
    def _calls_of_pattern(self) -> Int64Array:
        """(P,) a number for the line's name and the stops of each pattern: many lines are another route, or have
        another shape, on another service."""
        tt = self._timetable
        name = np.where(tt.route_short_name == "", tt.route_id, tt.route_short_name)[tt.pattern_route]
        stops = np.split(tt.pattern_stop, tt.pattern_call_ptr[1:-1])
        numbers: dict[tuple[str, bytes], int] = {}
        keys = ((line, calls.tobytes()) for line, calls in zip(name.tolist(), stops, strict=False))
        return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)

    def _clock_changes(self, named_day: Int64Array, day: Int32Array) -> BoolArray:
        """Whether the clock changes between the two days (n,)."""
        origin = self._timetable.date_origin
        inside = clipped(named_day, 0, len(origin) - 1)
        changes: BoolArray = (origin[inside] - origin[day]) % DAY_S != 0
        return changes

    def _by_clock(self, start_s: Int32Array, named_day: Int64Array, day: Int32Array) -> Int64Array:
        """The named start on another day's axis by the hours that pass between, 23 or 25 where the clock changes."""
        origin = self._timetable.date_origin
        inside: Int64Array = clipped(named_day, 0, len(origin) - 1)
        gap = (origin[inside] - origin[day]) + (named_day - inside) * DAY_S
        return start_s.astype(np.int64) + gap


@lru_cache(maxsize=2)
def run_finder(timetable: Timetable) -> RunFinder:
    """The finder for a timetable, made once."""
    return RunFinder(timetable)
