"""What of a timetable the selectors of alerts fit: its patterns, lines, stops and runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from feeds.alerts.alert import Selector, TripSelector
from feeds.gtfs.route_types import is_of_type
from feeds.gtfs.written_dates import existing_date
from feeds.ids.known_ids import known_id, routes_named, stops_meant
from feeds.ids.shortened_ids import runs_meant
from feeds.service_times import start_seconds
from predictor.arrays import NONE, BoolArray, Int64Array, expand_ranges, is_one_of
from predictor.named_runs import FOUND, RunNames, run_finder
from predictor.timetable import Timetable

ANY = -1
"""Any service day, or any direction."""

_MOST_KEPT = 1 << 16
LINGERS_S = 3600.0
"""So long after its scheduled end a run still counts for its line, and after its time there for a stop: it may be
late."""
_NEED_NOT_BE_KNOWN = frozenset({"ADDED", "NEW", "DUPLICATED"})
"""ScheduleRelationships of runs whose ids the timetable need not have."""

Run = tuple[int, int | None]
"""Trip, and shift in seconds (None: any)."""
_DatedRun = tuple[Run, int]
"""With its service day."""
_Named = tuple[tuple[Selector, _DatedRun | None], ...]
"""Selectors in the timetable's own ids, each with the dated run of its trip."""


@dataclass(frozen=True, eq=False)
class Fit:
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
    """and after which it no longer concerns lines and stops, inf where it names no dated run;"""
    leaves: Mapping[int, float]
    """after which it no longer concerns each stop at which the dated runs call that it names."""

    def at_stops(self, stops: Collection[int], now: float) -> bool:
        """Whether it concerns riders at any of these stops."""
        return any(now < self.leaves.get(stop, self.until) for stop in self.stops.intersection(stops))

    def put_off(self, late_s: float) -> Fit:
        """The same of runs so much later that they are waited for longer."""
        more_s = late_s - LINGERS_S
        leaves = {stop: at + more_s for stop, at in self.leaves.items()}
        return replace(self, until=self.until + more_s, leaves=leaves)

    def run(self, pattern: int, trip: int, service_day: int, shift_s: int) -> bool:
        """Whether it fits a dated run, whose pattern this is."""
        if self.everyone:
            return True
        if self.service_day not in (ANY, service_day):
            return False
        if self.runs is None:
            return pattern in self.patterns
        return (trip, None) in self.runs or (trip, shift_s) in self.runs


def _agency_of_name(timetable: Timetable) -> dict[str, str]:
    """Ids of agencies by themselves and by their names, in small letters, where several do not share one."""
    ids = timetable.agency_id.tolist()
    named = [(str(word).casefold(), str(of)) for of, word in zip(ids, timetable.agency_name.tolist(), strict=True)]
    own = [(str(of).casefold(), str(of)) for of in ids]
    shared = {word for words in (named, own) for word, count in Counter(word for word, _ in words).items() if count > 1}
    return {word: of for word, of in (*named, *own) if word and word not in shared}


class SelectorFits:
    """Fits selectors to one timetable. What the operator's own runs change nothing of is taken from the fits of their
    base: messages lay other runs over it all the time."""

    def __init__(self, timetable: Timetable) -> None:
        tt = self._timetable = timetable
        order = np.argsort(tt.pattern_stop, kind="stable")
        self._by_stop: Int64Array = order
        """Pattern calls by their stops."""
        self._stop_ptr = np.searchsorted(tt.pattern_stop[order], np.arange(tt.stops + 1))
        # Where the only agency goes by its name, the timetable gives it no id: whatever realtime feeds call it is it.
        self._only_agency = len(tt.agency_id) == 1 and tt.agency_id[0] == tt.agency_name[0]
        self._agency_of_name = _agency_of_name(tt)
        both = (
            np.bincount(tt.pattern_route[tt.pattern_direction == way], minlength=len(tt.route_id)) for way in (0, 1)
        )
        self._of_one_direction: BoolArray = np.minimum(*both) == 0
        self._departures = np.bincount(tt.by_name.journey_trip, minlength=tt.trips)
        # Feeds name each call of a line in each of hundreds of alerts.
        self._kept_fit = lru_cache(maxsize=_MOST_KEPT)(self._fit)
        self._named_on: dict[tuple[tuple[Selector, ...], int], _Named] = {}
        """By selectors and day."""
        self._own_name_of = lru_cache(maxsize=_MOST_KEPT)(self._in_own_ids)
        self._own_runs: dict[int, list[int]] = {}
        """The operator's own runs, by the trip that they are named by."""
        for own_run, named in enumerate(tt.run_named.tolist()):
            self._own_runs.setdefault(named, []).append(own_run)
        base = tt.base
        same_places = base.stops == tt.stops and len(base.route_id) == len(tt.route_id)
        self._base = fits_of(base) if base is not tt and same_places else None
        self._stops_meant: Callable[[str], set[int] | None] = (
            self._base._stops_meant if self._base else lru_cache(maxsize=_MOST_KEPT)(self._stops)
        )
        own = len(base.pattern_route)
        self._own_routes = frozenset(tt.route_id[tt.pattern_route[own:]].tolist())
        """Lines and stops of the patterns that the operator's own runs alone drive."""
        self._own_stops = frozenset(tt.pattern_stop[tt.pattern_call_ptr[own] :].tolist())

    def all(self, selectors: tuple[Selector, ...], at: float) -> tuple[tuple[Fit, ...], tuple[Selector, ...]]:
        """What the selectors fit, and those that fit nothing."""
        base = self._base
        trips_stay = base is not None and all(self._stays(s.trip) for s in selectors if s.trip)
        named = base.named(selectors, at) if base and trips_stay else self._named(selectors, at)
        fits = {s: (base if base and self._adds_nothing(s) else self)._kept_fit(s, dated) for s, dated in named}
        return tuple(filter(None, fits.values())), tuple(selector for selector, fit in fits.items() if fit is None)

    def named(self, selectors: tuple[Selector, ...], at: float) -> _Named:
        """Found once a day."""
        key = selectors, int(self._timetable.day_at(at))
        named = self._named_on.get(key)
        if named is None:
            if len(self._named_on) >= _MOST_KEPT:
                self._named_on.clear()
            named = self._named_on[key] = self._named(selectors, at)
        return named

    def _named(self, selectors: tuple[Selector, ...], at: float) -> _Named:
        each = list(dict.fromkeys(self._with_trips_meant([self._own_name_of(selector) for selector in selectors], at)))
        dated = self._dated_runs([selector.trip for selector in each if selector.trip], at)
        return tuple((selector, dated.get(selector.trip) if selector.trip else None) for selector in each)

    def _stays(self, trip: TripSelector) -> bool:
        """Whether a descriptor names a run of the base that no run of the operator's own goes by the name of."""
        known = self._timetable.base.trip_index.get(trip.trip_id)
        return known is not None and known not in self._own_runs

    def _adds_nothing(self, selector: Selector) -> bool:
        """Whether the operator's own runs add nothing to what a selector fits in their base."""
        if selector.trip is not None:
            return self._stays(selector.trip)
        if selector.route_id:
            return selector.route_id not in self._own_routes
        # A line that had one direction may have two with them.
        elsewhere = selector.stop_id and self._own_stops.isdisjoint(self._stops_meant(selector.stop_id) or ())
        return bool(elsewhere) and selector.direction_id < 0

    def _in_own_ids(self, selector: Selector) -> Selector:
        tt, trip = self._timetable, selector.trip

        def route_of(name: str) -> str:
            routes = routes_named(tt)
            name = known_id(name, routes, tt)
            return str(tt.route_id[routes[name]]) if name in routes else name

        if trip is not None:
            trip = replace(trip, trip_id=known_id(trip.trip_id, tt.trip_index, tt), route_id=route_of(trip.route_id))
        return self._without_what_its_trip_tells(
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

    def _without_what_its_trip_tells(self, selector: Selector) -> Selector:
        """Many programs write 0 where they know no direction, and lines of an earlier timetable: against those of a
        trip that is named they say nothing."""
        tt, trip = self._timetable, selector.trip
        if trip is None or trip.trip_id not in tt.trip_index:
            return selector
        named = tt.trip_index[trip.trip_id]
        patterns = tt.trip_pattern[[named, *(tt.base.trips + own_run for own_run in self._own_runs.get(named, ()))]]
        ways, lines = tt.pattern_direction[patterns], tt.route_id[tt.pattern_route[patterns]].tolist()
        kept = [direction if direction in ways else -1 for direction in (selector.direction_id, trip.direction_id)]
        route_id = trip.route_id if trip.route_id in ("", *lines) else lines[0]
        return replace(
            selector, direction_id=kept[0], trip=replace(trip, direction_id=kept[1], route_id=route_id)
        )  # fmt: skip

    def _with_trips_meant(self, selectors: list[Selector], at: float) -> list[Selector]:
        """Those that call trips by a part of their ids, or by more, with the timetable's ids."""
        tt = self._timetable
        named = [selector for selector in selectors if selector.trip]
        if not named:
            return selectors
        trips = [selector.trip or TripSelector() for selector in named]
        names = [trip.trip_id for trip in trips]
        said = self._said(trips)
        may_be_new = np.array([trip.relationship in _NEED_NOT_BE_KNOWN for trip in trips], bool)
        meant = runs_meant(names, said, may_be_new, tt, at)
        own = {
            selector: replace(
                selector,
                trip=replace(
                    trip, trip_id=str(tt.trip_id[trip_meant]), start_date=trip.start_date or (str(date) if date else "")
                ),
            )
            for selector, trip, trip_meant, trip_known, date in zip(
                named, trips, meant.trip.tolist(), said.trip.tolist(), meant.service_date.tolist(), strict=True
            )
            if trip_meant != trip_known
        }
        return [own.get(selector, selector) for selector in selectors]

    def _fit(self, selector: Selector, dated: _DatedRun | None) -> Fit | None:
        tt = self._timetable
        if selector == Selector():
            return Fit(selector, True, frozenset(), frozenset(), frozenset(), None, ANY, 0.0, math.inf, {})
        routes = self._routes(selector)
        if not routes.any():
            return None
        stops = self._stops_meant(selector.stop_id)
        if stops is not None and len(stops) == 0:
            return None
        runs, day = (None, ANY) if selector.trip is None else self._runs(selector.trip, dated, routes)
        if runs is not None:
            runs = self._with_own_runs(runs, day)
            if not runs:
                return None
        patterns, calling = self._patterns(selector, routes, stops, runs)
        # A line is concerned though nothing of the timetable drives there: it has no trips, or a diversion in the
        # timetable itself keeps it away from the stop.
        named = selector.route_id != "" and runs is None and len(patterns) == 0
        if runs is not None:
            # A run that keeps away from the stop now is still the one that is spoken of.
            runs = self._with_own_runs(frozenset(run for run in runs if tt.trip_pattern[run[0]] in patterns), day)
            if not runs:
                return None
        lines = set(tt.pattern_route[list(patterns)].tolist())
        reached = calling
        if named:
            lines.add(int(np.flatnonzero(routes)[0]))
        if stops is not None and (named or selector == Selector(stop_id=selector.stop_id)):
            reached = reached | stops
        if not lines and not reached:
            return None
        return Fit(
            selector, False, frozenset(patterns), frozenset(lines), frozenset(reached), runs, day,
            0.0 if day == ANY else float(tt.date_origin[day]), *self._until(runs, day),
        )  # fmt: skip

    def _routes(self, selector: Selector) -> BoolArray:
        """(R,) routes of which agency, route and route type fit."""
        tt = self._timetable
        fits = np.ones(len(tt.route_id), bool)
        trip = selector.trip or TripSelector()
        for route_id in (selector.route_id, trip.route_id):
            if route_id:
                named = tt.route_index.get(route_id)
                alone = named is not None and bool(fits[named])
                fits[:] = False
                if alone:
                    fits[named] = True
        if selector.agency_id and not self._only_agency:
            fits &= tt.route_agency_id == selector.agency_id
        if selector.route_type >= 0:
            fits &= is_of_type(tt.route_type, selector.route_type)
        return fits

    def _stops(self, stop_id: str) -> set[int] | None:
        """The stop, of a station its platforms too, of a place within one the whole of it; None where none is named."""
        if not stop_id:
            return None
        tt = self._timetable
        return {member for stop in stops_meant(stop_id, tt) for member in tt.members(stop).tolist()}

    def _patterns(
        self, selector: Selector, routes: BoolArray, stops: set[int] | None, runs: frozenset[Run] | None
    ) -> tuple[set[int], set[int]]:
        """Patterns of which all fits, and the stops at which those call that are meant."""
        tt = self._timetable
        of_runs = None if runs is None else np.unique(tt.trip_pattern[[trip for trip, _ in runs]]).astype(np.int64)
        if stops is None:
            patterns = np.flatnonzero(routes[tt.pattern_route]) if of_runs is None else of_runs
            first = tt.pattern_call_ptr[patterns]
            owner, calls = expand_ranges(first, tt.pattern_call_ptr[patterns + 1] - first)
            of_call, calling = patterns[owner], tt.pattern_stop[calls]
        else:
            ptr = self._stop_ptr
            calls = np.concatenate([self._by_stop[ptr[stop] : ptr[stop + 1]] for stop in stops])
            of_call, calling = tt.pattern_of_call[calls].astype(np.int64), tt.pattern_stop[calls]
        route = tt.pattern_route[of_call]
        fits = routes[route]
        if stops is not None and of_runs is not None:
            fits &= is_one_of(of_call, of_runs.tolist())
        trip = selector.trip or TripSelector()
        for direction in (selector.direction_id, trip.direction_id):
            if direction >= 0:
                # A feed without directions contradicts none, nor does a line of which all have one.
                runs_to = tt.pattern_direction[of_call]
                fits &= (runs_to == direction) | (runs_to == NONE) | self._of_one_direction[route]
        return set(of_call[fits].tolist()), set(calling[fits].tolist())

    def _runs(
        self, trip: TripSelector, dated: _DatedRun | None, routes: BoolArray
    ) -> tuple[frozenset[Run] | None, int]:
        """The runs that a descriptor means and their service day, of lines that fit (R,); None where it names a line
        alone."""
        said = self._said([trip])
        trip_idx, date, start_s = int(said.trip[0]), int(said.service_date[0]), int(said.start_time_s[0])
        if not (trip.trip_id or date or start_s >= 0):
            return None, ANY
        if dated is not None:
            run, day = dated
            return frozenset({run}), day
        if trip.trip_id:
            return (frozenset() if trip_idx < 0 or date else frozenset({self._run(trip_idx, start_s)})), ANY
        return self._of_routes(routes, date, start_s)

    def _with_own_runs(self, runs: frozenset[Run], day: int) -> frozenset[Run]:
        """Runs of a service day, and those of the operator's own that stand in their place or share their id."""
        tt = self._timetable
        found: set[Run] = set()
        for trip, shift_s in runs:
            own: list[Run] = [
                (tt.base.trips + own_run, None)
                for own_run in self._own_runs.get(trip, ())
                if day in (ANY, tt.own_runs.service_day[own_run]) and shift_s in (None, tt.own_runs.shift_s[own_run])
            ]
            # At a start that only one of the operator's own has its trip does not run.
            planned = not own or shift_s is None or trip >= tt.base.trips
            planned = planned or bool(tt.base.has_run(np.array([trip], np.int32), np.array([shift_s], np.int32))[0])
            found.update(own, [(trip, shift_s)] * planned)
        return frozenset(found)

    def _said(self, trips: Sequence[TripSelector]) -> RunNames:
        """What the descriptors (n,) name; routes too of runs whose trip is known."""
        tt = self._timetable
        starts = (start_seconds(trip.start_time) for trip in trips)
        return RunNames(
            trip=np.array([tt.trip_index.get(trip.trip_id, NONE) for trip in trips], np.int32),
            route=np.array([tt.route_index.get(trip.route_id, NONE) for trip in trips], np.int32),
            direction=np.array([min(trip.direction_id, 127) for trip in trips], np.int8),
            service_date=np.array([existing_date(trip.start_date) or 0 for trip in trips], np.int32),
            start_time_s=np.array([NONE if start is None else start for start in starts], np.int32),
        )

    def _dated_runs(self, trips: Iterable[TripSelector], at: float) -> dict[TripSelector, _DatedRun]:
        """The run and its service day for each descriptor that names a date and for which one is found."""
        named = [trip for trip in dict.fromkeys(trips) if existing_date(trip.start_date)]
        if not named:
            return {}
        names = self._said(named)
        names = replace(names, route=np.where(names.trip < 0, names.route, NONE).astype(np.int32))
        start_s, n = names.start_time_s, len(named)
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
            fits &= tt.runs_on(tt.journey_trip, day) if day >= 0 else False
        journeys = np.flatnonzero(fits)
        return frozenset(
            zip(tt.journey_trip[journeys].tolist(), tt.journey_shift_s[journeys].tolist(), strict=True)
        ), day  # fmt: skip

    def _until(self, runs: frozenset[Run] | None, day: int) -> tuple[float, dict[int, float]]:
        """`Fit.until` and `Fit.leaves`."""
        tt, leaves = self._timetable, dict[int, float]()
        if runs is None or day == ANY:
            return math.inf, leaves
        for trip, shift in runs:
            last_s = int(tt.journey_shift_s[tt.journey_trip == trip].max(initial=0)) if shift is None else shift
            calls, waited_until = tt.calls_of(trip), float(tt.date_origin[day]) + last_s + LINGERS_S
            for stop, at in zip(tt.call_stop[calls].tolist(), tt.departure_s[calls].tolist(), strict=True):
                leaves[stop] = max(leaves.get(stop, 0.0), waited_until + at)
        return max(leaves.values()), leaves


@lru_cache(maxsize=4)
def fits_of(timetable: Timetable) -> SelectorFits:
    """Made once for a timetable."""
    return SelectorFits(timetable)
