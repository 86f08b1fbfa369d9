"""Whom an alert concerns."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np

from feeds.alerts.alert import Selector, TripSelector
from feeds.alerts.selector_fits import ANY, LINGERS_S, Fit, SelectorFits, fits_of
from feeds.ids.known_ids import stops_meant
from predictor.timetable import Timetable

_MOST_KEPT = 4096


class Informed:
    """What of one timetable some selectors inform about. A selector that names something which the timetable does not
    have fits nothing: it must not widen to all the rest that it names."""

    def __init__(self, timetable: Timetable, fits: tuple[Fit, ...], astray: tuple[Selector, ...]) -> None:
        self._timetable, self._fits = timetable, fits
        self.astray = astray
        """The selectors that fit nothing."""

    @classmethod
    def of(cls, selectors: tuple[Selector, ...], timetable: Timetable, at: float) -> Informed:
        """Made once for each timetable and day. `at`: about when it is asked, POSIX seconds: of two runs that a date
        may name, the nearer one is meant, and by a part of an id the trip that runs then."""
        made = _made_for(timetable)
        key = selectors, int(timetable.day_at(at))
        with made.lock:
            if key not in made.informed:
                if len(made.informed) >= _MOST_KEPT:
                    made.informed.clear()
                made.informed[key] = cls(timetable, *made.fits.all(selectors, at))
            return made.informed[key]

    @property
    def selectors(self) -> list[Selector]:
        """Those that fit something, in the timetable's own ids."""
        return [fit.selector for fit in self._fits]

    @cached_property
    def everyone(self) -> bool:
        """Whether the whole network is informed as such, not by each of its lines."""
        wide = [fit for fit in self._fits if _of_all_its_lines(fit.selector)]
        lines = {route for fit in wide for route in fit.lines}
        return any(fit.everyone for fit in wide) or (
            bool(lines) and lines.issuperset(self._timetable.pattern_route.tolist())
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
        return frozenset(stop for s in self.selectors if s.stop_id for stop in stops_meant(s.stop_id, self._timetable))

    @cached_property
    def trips(self) -> frozenset[int]:
        """Trips that it names, not by their lines."""
        return frozenset(trip for fit in self._fits for trip, _ in fit.runs or ())

    @cached_property
    def runs(self) -> frozenset[tuple[int, int | None, int]]:
        """Trip, shift in seconds (None: any) and service day (`ANY`) of the runs that it names by trips or starts,
        where it speaks of nothing else."""
        named = all((trip := fit.selector.trip) and (trip.trip_id or trip.start_time) for fit in self._fits)
        return frozenset((*run, fit.service_day) for fit in self._fits if named for run in fit.runs or ())

    @cached_property
    def ways(self) -> frozenset[tuple[int, int]]:
        """Routes and their directions, where it speaks of nothing but lines in one of their two directions."""
        tt, named = self._timetable, self.whole_patterns()
        as_lines = all(len(fit.lines) == 1 and not fit.selector.stop_id and fit.runs is None for fit in self._fits)
        ways = {(int(tt.pattern_route[pattern]), int(tt.pattern_direction[pattern])) for pattern in named if as_lines}
        one_way = {(route, way) for route, way in ways if way >= 0 and (route, 1 - way) not in ways}
        both = one_way and all(
            np.any(tt.pattern_direction[tt.pattern_route == route] == 1 - way) for route, way in ways
        )
        return frozenset(one_way) if both else frozenset()

    @cached_property
    def wide(self) -> list[Selector]:
        """Those that name agencies or kinds of lines as such; none of what is told to everyone."""
        return [] if self.everyone else [selector for selector in self.selectors if _of_all_its_lines(selector)]

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
            fit.at_stops(stops, now) for fit in self._dated(now)
        )  # fmt: skip

    @cached_property
    def may_reach(self) -> frozenset[int] | None:
        """Stops at which it concerns readers at some time, None for all."""
        everyone = any(fit.everyone for fit in self._fits)
        return None if everyone else frozenset().union(*(fit.stops for fit in self._fits))

    @cached_property
    def may_fit(self) -> frozenset[int] | None:
        """Patterns of the runs that it fits, None for all."""
        everyone = any(fit.everyone for fit in self._fits)
        of_runs = frozenset(int(self._timetable.trip_pattern[trip]) for fit in self._fits for trip, _ in fit.runs or ())
        return None if everyone else of_runs.union(*(fit.patterns for fit in self._fits))

    def run(self, trip: int, service_day: int, shift_s: int) -> bool:
        """Whether it concerns a dated run, or a stop at which it calls."""
        pattern = int(self._timetable.trip_pattern[trip])
        return any(fit.run(pattern, trip, service_day, shift_s) for fit in self._fits)

    def on_day(self, service_day: int) -> Informed:
        """The same without those who are informed of runs of other days alone."""
        return Informed(
            self._timetable, tuple(fit for fit in self._fits if fit.service_day in (ANY, service_day)), self.astray
        )

    def while_out(self, late_s: Callable[[], Mapping[tuple[int, int], float]]) -> Informed:
        """The same, with runs that are late as long as they are still out.

        Parameters: `late_s`: how late runs are, by trip and service day, asked for where it may matter.
        """
        late = {
            fit: most_s
            for fit in self._dated_fits
            if (most_s := max(late_s().get((trip, fit.service_day), 0.0) for trip, _ in fit.runs or ())) > LINGERS_S
        }
        if not late:
            return self
        fits = tuple(fit.put_off(late[fit]) if fit in late else fit for fit in self._fits)
        return Informed(self._timetable, fits, self.astray)

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
    def _dated_fits(self) -> tuple[Fit, ...]:
        return tuple(fit for fit in self._fits if not math.isinf(fit.until))

    def _dated(self, now: float) -> list[Fit]:
        return [fit for fit in self._dated_fits if fit.until > now]


def _of_all_its_lines(selector: Selector) -> bool:
    return not (selector.route_id or selector.stop_id or selector.trip or selector.direction_id >= 0)


@dataclass(frozen=True, eq=False)
class _Made:
    """What was made for one timetable."""

    fits: SelectorFits
    informed: dict[tuple[tuple[Selector, ...], int], Informed] = field(default_factory=dict)
    """By selectors and day."""
    lock: Lock = field(default_factory=Lock)


@lru_cache(maxsize=4)
def _made_for(timetable: Timetable) -> _Made:
    return _Made(fits_of(timetable))
