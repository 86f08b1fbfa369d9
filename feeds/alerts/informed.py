"""Whom an alert concerns: what of a timetable its selectors fit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np

from feeds.alerts.alert import Selector, TripSelector
from feeds.gtfs.written_dates import existing_date
from feeds.ids.known_ids import known_id, routes_named
from feeds.ids.shortened_ids import trips_meant
from feeds.service_times import start_seconds
from predictor.arrays import NONE, BoolArray, Int32Array, Int64Array
from predictor.named_runs import FOUND, RunNames, run_finder
from predictor.timetable import Timetable

ANY = -1
"""Any service day, or any direction."""

_LINGERS_S = 3600.0
"""So long after its scheduled end a run still counts for its line and stops: it may be late."""
_MOST_KEPT = 4096
_NEED_NOT_BE_KNOWN = frozenset({"ADDED", "NEW", "DUPLICATED"})
"""ScheduleRelationships of runs whose ids the timetable need not have."""

Run = tuple[int, int | None]
"""Trip, and shift in seconds (None: any)."""


@dataclass(frozen=True, eq=False)
class _Fit:
    """What one selector fits."""

    selector: Selector
    everyone: bool
    patterns: frozenset[int]
    """Those whose trips it may concern."""
    lines: frozenset[int]
    """Routes that it concerns: as such, at their stops, or by their trips."""
    stops: frozenset[int]
    """Stops at which it concerns riders."""
    runs: frozenset[Run] | None
    """None: all of the patterns."""
    service_day: int
    since: float
    """POSIX seconds, the begin of the service day of the runs that it names, 0 where it names none of a day,"""
    until: float
    """and after which it no longer concerns lines and stops, inf where it names no dated run."""

    def run(self, pattern: int, trip: int, service_day: int, shift_s: int) -> bool:
        if self.everyone:
            return True
        if self.service_day not in (ANY, service_day):
            return False
        if self.runs is None:
            return pattern in self.patterns
        return (trip, None) in self.runs or (trip, shift_s) in self.runs


class Informed:
    """What of one timetable some selectors inform about. A selector that names something which the timetable does not
    have fits nothing: it must not widen to all the rest that it names."""

    def __init__(self, timetable: Timetable, fits: tuple[_Fit, ...], astray: tuple[Selector, ...]) -> None:
        self._timetable, self._fits = timetable, fits
        self.astray = astray
        """The selectors that fit nothing."""

    @classmethod
    def of(cls, selectors: tuple[Selector, ...], timetable: Timetable, at: float) -> Informed:
        """Made once for each timetable and day. `at`: about when it is asked, POSIX seconds: of two runs that a date
        may name, the nearer one is meant, and by a part of an id the trip that runs then."""
        fitting = _fitting(timetable)
        key = selectors, int(np.searchsorted(timetable.date_origin, at, side="right"))
        with fitting.lock:
            made = fitting.made
            if key not in made:
                if len(made) >= _MOST_KEPT:
                    made.clear()
                made[key] = cls(timetable, *fitting.all(selectors, at))
            return made[key]

    @property
    def selectors(self) -> list[Selector]:
        """Those that fit something, in the timetable's own ids."""
        return [fit.selector for fit in self._fits]

    @cached_property
    def everyone(self) -> bool:
        """Whether the whole network is informed as such, not by each of its lines."""
        wide = [fit for fit in self._fits if _of_all_its_lines(fit.selector)]
        routes = set(self._timetable.pattern_route.tolist())
        return any(fit.everyone for fit in wide) or (
            bool(routes) and routes <= {route for fit in wide for route in fit.lines}
        )

    @cached_property
    def routes(self) -> frozenset[int]:
        """Routes that it names, themselves or by their trips."""
        tt = self._timetable
        named = {tt.route_index[fit.selector.route_id] for fit in self._fits if fit.selector.route_id}
        trips = ((fit.lines, fit.selector.trip or TripSelector()) for fit in self._fits)
        by_trip = {route for lines, trip in trips if trip.trip_id or trip.route_id for route in lines}
        return frozenset(named | by_trip)

    @cached_property
    def stops(self) -> frozenset[int]:
        """Stops and stations that it names."""
        return frozenset(self._timetable.stop_named[s.stop_id] for s in self.selectors if s.stop_id)

    @cached_property
    def trips(self) -> frozenset[int]:
        """Trips that it names, not by their lines."""
        return frozenset(trip for fit in self._fits for trip, _ in fit.runs or ())

    @property
    def since(self) -> float:
        """POSIX seconds, the begin of the first day of whose runs it speaks; 0 where it speaks of more."""
        return min((fit.since for fit in self._fits), default=0.0)

    def lines_told_of(self, now: float, *, of_whole_networks: bool, at_stops: bool = False) -> set[int]:
        """Routes that it speaks of as lines or by their trips. `of_whole_networks`: also where it names them all at
        once; `at_stops`: also where it speaks of them at single stops of theirs."""
        told_lines: set[int] = set()
        for fit in self._fits:
            selector = fit.selector
            if not fit.since <= now < fit.until:
                continue
            if selector.stop_id and not (at_stops and (selector.route_id or selector.trip)):
                continue
            if not _of_all_its_lines(fit.selector):
                told_lines |= fit.lines
            elif of_whole_networks:
                told_lines |= set(range(len(self._timetable.route_id))) if fit.everyone else fit.lines
        return told_lines

    def line(self, route: int, now: float) -> bool:
        """Whether it concerns a line: as such, at a stop of it, or one of its trips."""
        everyone, lines, _ = self._reached
        return everyone or route in lines or any(route in fit.lines for fit in self._dated(now))

    def stop(self, stops: Collection[int], now: float) -> bool:
        """Whether it concerns readers at any of these stops: as such, or by what calls there."""
        everyone, _, reached = self._reached
        return everyone or not reached.isdisjoint(stops) or any(
            not fit.stops.isdisjoint(stops) for fit in self._dated(now)
        )  # fmt: skip

    def run(self, trip: int, service_day: int, shift_s: int) -> bool:
        """Whether it concerns a dated run, or a stop at which it calls."""
        pattern = int(self._timetable.trip_pattern[trip])
        return any(fit.run(pattern, trip, service_day, shift_s) for fit in self._fits)

    def fitting(self, trip: int, service_day: int, shift_s: int, stop: int | None = None) -> list[Selector]:
        """Selectors that fit a whole dated run, or (`stop`) a call of it: those that name a stop fit only there."""
        pattern = int(self._timetable.trip_pattern[trip])
        return [
            fit.selector
            for fit in self._fits
            if fit.run(pattern, trip, service_day, shift_s)
            and (not fit.selector.stop_id or (stop is not None and stop in fit.stops))
        ]

    def whole_patterns(self) -> frozenset[int]:
        """Patterns of the lines that it speaks of as such."""
        fits = (f for f in self._fits if not (f.everyone or f.selector.stop_id or f.runs is not None))
        return frozenset(pattern for fit in fits for pattern in fit.patterns)

    def closed_calls(self) -> frozenset[tuple[int, int]]:
        """Pattern and stop of the calls that it names by their stops."""
        tt = self._timetable
        fits = (fit for fit in self._fits if fit.selector.stop_id and fit.runs is None)
        return frozenset(
            (pattern, stop)
            for fit in fits
            for pattern in fit.patterns
            for stop in fit.stops.intersection(
                tt.pattern_stop[tt.pattern_call_ptr[pattern] : tt.pattern_call_ptr[pattern + 1]].tolist()
            )
        )

    def dated_trips(self) -> frozenset[tuple[int, int]]:
        """Trip and service day (`ANY`) of the runs that it names."""
        return frozenset((trip, fit.service_day) for fit in self._fits for trip, _ in fit.runs or ())

    @cached_property
    def _reached(self) -> tuple[bool, frozenset[int], frozenset[int]]:
        """Everyone, lines and stops of the selectors that name no dated run."""
        fits = [fit for fit in self._fits if math.isinf(fit.until)]
        return (
            any(fit.everyone for fit in fits),
            frozenset().union(*(fit.lines for fit in fits)),
            frozenset().union(*(fit.stops for fit in fits)),
        )

    @cached_property
    def _with_date(self) -> tuple[_Fit, ...]:
        return tuple(fit for fit in self._fits if not math.isinf(fit.until))

    def _dated(self, now: float) -> list[_Fit]:
        return [fit for fit in self._with_date if fit.until > now]


def _of_all_its_lines(selector: Selector) -> bool:
    return not (selector.route_id or selector.stop_id or selector.trip or selector.direction_id >= 0)


def _agency_of_name(timetable: Timetable) -> dict[str, str]:
    """Ids of agencies by themselves and by their names, in small letters, where several do not share one."""
    ids = timetable.agency_id.tolist()
    named = [(str(word).casefold(), str(of)) for of, word in zip(ids, timetable.agency_name.tolist(), strict=True)]
    own = [(str(of).casefold(), str(of)) for of in ids]
    shared = {word for words in (named, own) for word, count in Counter(word for word, _ in words).items() if count > 1}
    return {word: of for word, of in (*named, *own) if word and word not in shared}


class _Fitting:
    """Fits selectors to one timetable."""

    def __init__(self, timetable: Timetable) -> None:
        tt = self._timetable = timetable
        self.lock = Lock()
        self.made: dict[tuple[tuple[Selector, ...], int], Informed] = {}
        order = np.argsort(tt.pattern_stop, kind="stable")
        self._by_stop: Int64Array = tt.pattern_of_call[order]
        self._stop_ptr = np.searchsorted(tt.pattern_stop[order], np.arange(tt.stops + 1))
        # Where the only agency goes by its name, the timetable gives it no id: whatever realtime feeds call it is it.
        self._only_agency = len(tt.agency_id) == 1 and tt.agency_id[0] == tt.agency_name[0]
        self._agency_of_name = _agency_of_name(tt)
        self._departures = np.bincount(tt.by_name.journey_trip, minlength=tt.trips)
        self._own_runs: dict[int, list[int]] = {}
        """The operator's own runs, by the trip that they are named by."""
        for own_run, named in enumerate(tt.run_named.tolist()):
            self._own_runs.setdefault(named, []).append(own_run)

    def all(self, selectors: Iterable[Selector], at: float) -> tuple[tuple[_Fit, ...], tuple[Selector, ...]]:
        """What the selectors fit, and those that fit nothing."""
        each = list(dict.fromkeys(self._with_trips_meant([self._in_own_ids(selector) for selector in selectors], at)))
        dated = self._dated_runs([selector.trip for selector in each if selector.trip], at)
        fits = {selector: self._fit(selector, dated) for selector in each}
        return tuple(filter(None, fits.values())), tuple(selector for selector, fit in fits.items() if fit is None)

    def _in_own_ids(self, selector: Selector) -> Selector:
        tt, trip = self._timetable, selector.trip

        def route_of(name: str) -> str:
            routes = routes_named(tt)
            name = known_id(name, routes, tt)
            return str(tt.route_id[routes[name]]) if name in routes else name

        if trip is not None:
            trip = replace(trip, trip_id=known_id(trip.trip_id, tt.trip_index, tt), route_id=route_of(trip.route_id))
        return self._without_needless_directions(
            replace(
                selector,
                agency_id=selector.agency_id
                if selector.agency_id in tt.agency_id
                else self._agency_of_name.get(selector.agency_id.casefold(), selector.agency_id),
                route_id=route_of(selector.route_id),
                stop_id=known_id(selector.stop_id, tt.stop_named, tt),
                trip=trip,
            )
        )

    def _without_needless_directions(self, selector: Selector) -> Selector:
        """Many programs write 0 where they know no direction: against that of a trip that is named it says nothing."""
        tt, trip = self._timetable, selector.trip
        if trip is None or trip.trip_id not in tt.trip_index:
            return selector
        own = int(tt.pattern_direction[tt.trip_pattern[tt.trip_index[trip.trip_id]]])
        kept = [given if given == own else -1 for given in (selector.direction_id, trip.direction_id)]
        return replace(selector, direction_id=kept[0], trip=replace(trip, direction_id=kept[1]))

    def _with_trips_meant(self, selectors: list[Selector], at: float) -> list[Selector]:
        """Those that call trips by a part of their ids, or by more, with the timetable's ids."""
        tt = self._timetable
        trips = [selector.trip or TripSelector() for selector in selectors]
        names = [trip.trip_id for trip in trips]
        known = np.array([tt.trip_index.get(name, NONE) for name in names], np.int32)
        told = np.array([existing_date(trip.start_date) or 0 for trip in trips], np.int32)
        meant, dates = trips_meant(
            names,
            told,
            np.array([tt.route_index.get(trip.route_id, NONE) for trip in trips], np.int32),
            known,
            np.array([trip.relationship in _NEED_NOT_BE_KNOWN for trip in trips], bool),
            tt,
            at,
        )
        return [
            selector
            if here == there
            else replace(
                selector,
                trip=replace(
                    trip, trip_id=str(tt.trip_id[here]), start_date=trip.start_date or (str(date) if date else "")
                ),
            )
            for selector, trip, here, there, date in zip(
                selectors, trips, meant.tolist(), known.tolist(), dates.tolist(), strict=True
            )
        ]

    def _fit(self, selector: Selector, dated: dict[TripSelector, tuple[Run, int]]) -> _Fit | None:
        tt = self._timetable
        if selector == Selector():
            return _Fit(selector, True, frozenset(), frozenset(), frozenset(), None, ANY, 0.0, math.inf)
        routes = self._routes(selector)
        if not routes.any():
            return None
        stops = self._stops(selector.stop_id)
        if stops is not None and len(stops) == 0:
            return None
        runs, day = (None, ANY) if selector.trip is None else self._runs(selector.trip, dated, routes)
        if runs is not None:
            runs = self._with_own_runs(runs, day)
            if not runs:
                return None
        patterns, calling = self._patterns(selector, routes, stops, runs)
        named = self._named_line(selector, stops, routes, runs)
        if runs is not None:
            # A run that keeps away from the stop now is still the one that is spoken of.
            runs = self._with_own_runs(frozenset(run for run in runs if tt.trip_pattern[run[0]] in patterns), day)
            if not runs:
                return None
        lines = set(tt.pattern_route[patterns].tolist())
        reached = set(calling.tolist())
        if named is not None:
            lines.add(named)
        if stops is not None and (named is not None or selector == Selector(stop_id=selector.stop_id)):
            reached |= stops
        if not lines and not reached:
            return None
        return _Fit(
            selector, False, frozenset(patterns.tolist()), frozenset(lines), frozenset(reached), runs, day,
            0.0 if day == ANY else float(tt.date_origin[day]), self._until(runs, day),
        )  # fmt: skip

    def _routes(self, selector: Selector) -> BoolArray:
        """(R,) routes of which agency, route and route type fit."""
        tt = self._timetable
        fits = np.ones(len(tt.route_id), bool)
        trip = selector.trip or TripSelector()
        for route_id in (selector.route_id, trip.route_id):
            if route_id:
                fits &= np.arange(len(fits)) == tt.route_index.get(route_id, NONE)
        if selector.agency_id and not self._only_agency:
            fits &= tt.route_agency_id == selector.agency_id
        if selector.route_type >= 0:
            fits &= _of_type(tt.route_type, selector.route_type)
        return fits

    def _stops(self, stop_id: str) -> set[int] | None:
        """The stop, of a station its platforms too, of a place within one the whole of it; None where none is named."""
        tt = self._timetable
        if not stop_id:
            return None
        stop = tt.stop_named.get(stop_id, NONE)
        if stop < 0:
            return set()
        pointer, member = tt.station_members
        return {stop, *member[pointer[stop] : pointer[stop + 1]].tolist()}

    def _patterns(
        self, selector: Selector, routes: BoolArray, stops: set[int] | None, runs: frozenset[Run] | None
    ) -> tuple[Int64Array, Int32Array]:
        """Patterns of which all fits, and the stops at which those call that are meant."""
        tt = self._timetable
        if runs is not None:
            patterns = np.unique(tt.trip_pattern[[trip for trip, _ in runs]]).astype(np.int64)
        elif selector.route_id or stops is None:
            patterns = np.flatnonzero(routes[tt.pattern_route]).astype(np.int64)
        else:
            patterns = self._patterns_at(stops)
        patterns = patterns[routes[tt.pattern_route[patterns]]]
        trip = selector.trip or TripSelector()
        for direction in (selector.direction_id, trip.direction_id):
            if direction >= 0:
                # A feed without directions contradicts none.
                runs_to = tt.pattern_direction[patterns]
                patterns = patterns[(runs_to == direction) | (runs_to == NONE)]
        if len(patterns) == 0:
            return patterns, np.empty(0, np.int32)
        low, high = tt.pattern_call_ptr[patterns], tt.pattern_call_ptr[patterns + 1]
        of_call = np.repeat(patterns, high - low)
        calls = np.concatenate([np.arange(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)])
        calling = tt.pattern_stop[calls]
        if stops is not None:
            here = np.isin(calling, list(stops))
            of_call, calling = of_call[here], calling[here]
        return np.unique(of_call), np.unique(calling)

    def _patterns_at(self, stops: set[int]) -> Int64Array:
        """Patterns that call at any of these stops."""
        ptr = self._stop_ptr
        found = [self._by_stop[ptr[stop] : ptr[stop + 1]] for stop in stops]
        return np.unique(np.concatenate(found)).astype(np.int64)

    def _named_line(
        self, selector: Selector, stops: set[int] | None, routes: BoolArray, runs: frozenset[Run] | None
    ) -> int | None:
        """A line that is concerned though nothing of the timetable drives there: one that has no trips, or that a
        diversion in the timetable itself keeps away from the stop."""
        tt = self._timetable
        if not selector.route_id or runs is not None:
            return None
        patterns = np.arange(len(tt.pattern_route)) if stops is None else self._patterns_at(stops)
        return None if routes[tt.pattern_route[patterns]].any() else int(np.flatnonzero(routes)[0])

    def _runs(
        self, trip: TripSelector, dated: dict[TripSelector, tuple[Run, int]], routes: BoolArray
    ) -> tuple[frozenset[Run] | None, int]:
        """The runs that a descriptor means and their service day, of lines that fit (R,); None where it names a line
        alone."""
        trip_idx, _, date, start_s = self._named(trip)
        if not (trip.trip_id or date or start_s >= 0):
            return None, ANY
        if trip in dated:
            run, day = dated[trip]
            return frozenset({run}), day
        if trip.trip_id:
            return (frozenset() if trip_idx < 0 or date else frozenset({self._run(trip_idx, start_s)})), ANY
        return self._of_routes(routes, date, start_s)

    def _with_own_runs(self, runs: frozenset[Run], day: int) -> frozenset[Run]:
        """Runs of a service day, and those of the operator's own that stand in their place or share their id."""
        tt = self._timetable
        return runs.union(
            (tt.base.trips + own_run, None)
            for trip, shift_s in runs
            for own_run in self._own_runs.get(trip, ())
            if day in (ANY, tt.run_days[own_run]) and shift_s in (None, tt.run_shifts_s[own_run])
        )

    def _named(self, trip: TripSelector) -> tuple[int, int, int, int]:
        """Trip and route, -1 where not known; date, 0 where none is given, and start time in seconds, -1 where none."""
        tt, start_s = self._timetable, start_seconds(trip.start_time)
        return (
            tt.trip_index.get(trip.trip_id, NONE), tt.route_index.get(trip.route_id, NONE),
            existing_date(trip.start_date) or 0, NONE if start_s is None else start_s,
        )  # fmt: skip

    def _dated_runs(self, trips: Iterable[TripSelector], at: float) -> dict[TripSelector, tuple[Run, int]]:
        """The run and its service day for each descriptor that names a date and for which one is found."""
        named = {trip: parts for trip in trips if (parts := self._named(trip))[2]}
        if not named:
            return {}
        trip_idx, route, date, start_s = np.array(list(named.values()), np.int32).T
        by_route = trip_idx < 0
        direction = np.array([min(trip.direction_id, 127) for trip in named], np.int8)
        names = RunNames(trip_idx, np.where(by_route, route, NONE).astype(np.int32), direction, date, start_s)
        n = len(named)
        found = run_finder(self._timetable).find(names, np.full(n, at), np.zeros(n, bool))
        return {
            trip: (self._run(int(found.trip[i]), int(start_s[i]), int(found.shift_s[i])), int(found.service_day[i]))
            for i, trip in enumerate(named)
            if found.verdict[i] == FOUND
        }

    def _run(self, trip: int, start_s: int, shift_s: int | None = None) -> Run:
        """A trip's run: of several departures that of a start time, any where none is given."""
        tt = self._timetable
        several = bool(tt.trip_is_frequency[trip]) or self._departures[trip] > 1
        if not several or start_s < 0:
            return trip, None
        return trip, start_s - int(tt.trip_start_s[trip]) if shift_s is None else shift_s

    def _of_routes(self, routes: BoolArray, date: int, start_s: int) -> tuple[frozenset[Run], int]:
        """All runs of the routes (R,) that fit a date and a start time as far as they are given."""
        tt = self._timetable
        fits = routes[tt.trip_route[tt.journey_trip]]
        if start_s >= 0:
            fits &= tt.trip_start_s[tt.journey_trip] + tt.journey_shift_s == start_s
        day = tt.date_index.get(date, NONE) if date else ANY
        if date:
            fits &= tt.service_active[tt.trip_service[tt.journey_trip], day] if day >= 0 else False
        journeys = np.flatnonzero(fits)
        return frozenset(
            zip(tt.journey_trip[journeys].tolist(), tt.journey_shift_s[journeys].tolist(), strict=True)
        ), day  # fmt: skip

    def _until(self, runs: frozenset[Run] | None, day: int) -> float:
        tt = self._timetable
        if runs is None or day == ANY:
            return math.inf
        ends = [
            int(tt.trip_end_s[trip])
            + (int(tt.journey_shift_s[tt.journey_trip == trip].max(initial=0)) if shift is None else shift)
            for trip, shift in runs
        ]
        return float(tt.date_origin[day]) + max(ends) + _LINGERS_S


_BASIC_OF = {
    1: 2, 2: 3, 4: 1, 5: 1, 6: 1, 7: 3, 8: 11, 9: 0, 10: 4, 12: 4, 13: 6, 14: 7,
}  # fmt: skip
"""Hundreds of the extended route types, and the basic type that says the same."""
_MONORAIL, _MONORAIL_EXTENDED = 12, 405


def basic_type(route_type: int) -> int:
    """The basic type of GTFS that says the same as an extended one, itself where there is none."""
    return _MONORAIL if route_type == _MONORAIL_EXTENDED else _BASIC_OF.get(route_type // 100, route_type)


def _of_type(types: Int32Array, wanted: int) -> BoolArray:
    """(R,) routes of a type: itself, the extended kinds of a basic one, those of a whole hundred (700: all buses)."""
    hundred = types // 100
    fits: BoolArray = types == wanted
    if wanted < 100:
        fits |= np.isin(hundred, [h for h, basic in _BASIC_OF.items() if basic == wanted])
        fits |= (types == _MONORAIL_EXTENDED) & (wanted == _MONORAIL)
    elif wanted % 100 == 0:
        fits |= (hundred == wanted // 100) | (types == _BASIC_OF.get(wanted // 100, NONE))
    else:
        fits |= (types == _MONORAIL) & (wanted == _MONORAIL_EXTENDED)
    return fits


@lru_cache(maxsize=4)
def _fitting(timetable: Timetable) -> _Fitting:
    return _Fitting(timetable)
