"""What the pages say of lines and stops that does not change while one timetable is in force."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import numpy as np

from api.reading.badges import Badge, badges
from api.reading.boarding import ACCESS
from api.reading.translated_names import names_in
from api.service.stop_search import normalised
from feeds.gtfs.route_types import basic_type
from feeds.service_times import DAY_BEGINS_S
from predictor.arrays import NONE, Int32Array, Int64Array
from predictor.geometry import between_stops_m
from predictor.timetable import AGENCY_NAME, LINE_NAME, LINE_SHORT_NAME, STOP_NAME, Timetable

_MODES = {
    0: "tram", 1: "metro", 2: "rail", 3: "bus", 4: "ferry", 5: "cable", 6: "cable", 7: "cable", 11: "bus", 12: "metro",
}  # fmt: skip
KINDS = (
    "(?:lignes?|lines?|linien?|routes?|services?|(?:mini|trolley)?bus|tram|tramway|stra(?:ss|ß)enbahn|metro|u-bahn"
    "|train|zug)"
)
"""What people write before a line's name, as `normalised`: a pattern."""
_AFTER_NAME = r"(?:\s*:\s*|\s+[-–—·>|]\s*|[-–—]\s+|\s+(?=\())"
"""What sets a line's name off from a destination, beside a mere space."""
_NUMBER = r"(?:(?:no|nr|rte?)\b\.?|n°|#)"
_TO = "(?:to|towards?|vers|direction|nach|richtung|hacia|verso)"
"""What stands between a line's name and where it goes."""
_KIND = re.compile(rf"^{KINDS}\s+")
_SAYS_KIND = re.compile(rf"^{KINDS}\b|\b(?:line|linie)$", re.IGNORECASE)
_INSTEAD_WITHIN_M = 1000.0
"""Farther away stops of one name are in several places."""
_NUMBERED = re.compile(r"(?P<before>[^\W\d]*)(?P<number>\d+)(?P<behind>[^\W\d]*)")
_BETWEEN = re.compile(r"\s[-–—/|·<>↔⇄]+\s")
_BEGUN_FROM_LETTERS = 3
_LETTERS = {"metro": "mu", "tram": "t", "bus": "b", "rail": "rst", "ferry": "f"}
"""What stands before a line's number for its kind."""
_MODE_ORDER = ("metro", "tram", "rail", "bus", "ferry", "cable", "other")


@dataclass(frozen=True)
class Line:
    """One route as riders know it."""

    route: int
    route_id: str
    name: str
    """What stands on the badge: the short name, the long name where there is none."""
    long_name: str
    """Empty where it says no more than `name`; with the agency where another one has a line of that name, and with its
    ends where another of the agency's has the same names."""
    mode: str
    """One of `tram`, `metro`, `rail`, `bus`, `ferry`, `cable`, `other`."""
    badge: Badge
    apart: tuple[str, str] = ("", "")
    """Its mode and who runs it where that tells it from a line of its name that it meets, else "": a colour alone tells
    not everybody."""

    @property
    def says_kind(self) -> bool:
        """Whether its name says that it is a line, or of what kind: "Ligne 7", "Red Line"."""
        return _SAYS_KIND.search(self.name) is not None


class Lines:
    """The lines of one timetable, and which of them serve a stop."""

    def __init__(self, timetable: Timetable, language: str = "") -> None:
        """Parameters: `language`: two letters, in which the lines are called where the timetable has that."""
        self._timetable = timetable
        names = names_in(timetable.base, language)
        colors = (
            [str(color).lstrip("#") for color in column]
            for column in (timetable.route_color, timetable.route_text_color)
        )
        self._agency: list[str] = [names[AGENCY_NAME].get(name, name) for name in _agency_names(timetable)]
        self.badges: list[Badge] = badges(timetable.route_id.tolist(), *colors)
        """Of all lines, for pages that may suggest any."""
        lines = [_line(timetable, route, badge, names) for route, badge in enumerate(self.badges)]
        agencies: defaultdict[str, set[str]] = defaultdict(set)
        modes: defaultdict[str, set[str]] = defaultdict(set)
        for line in lines:
            agencies[line.name].add(self._agency[line.route])
            modes[line.name].add(line.mode)
        self._alike = {line.route for line in lines if len(agencies[line.name]) > 1 or len(modes[line.name]) > 1}
        """Routes whose names lines of other agencies or modes have too."""
        called = [(line.name, line.long_name, self._agency[line.route]) for line in lines]
        ways = _ways(timetable, called, names[STOP_NAME]) if len(set(called)) < len(called) else {}
        shared = Counter(called)

        def told_apart(line: Line) -> Line:
            agency = self._agency[line.route] if len(agencies[line.name]) > 1 else ""
            way = ways.get(line.route, "") if shared[called[line.route]] > 1 else ""
            long_name = " · ".join(filter(None, (line.long_name, way, agency)))
            return replace(line, long_name=long_name, apart=apart.get(line.route, ("", "")))

        apart = self._apart(lines)
        self.all: tuple[Line, ...] = tuple(map(told_apart, lines))
        alike = defaultdict[tuple[str, str, str, str], list[int]](list)
        for line in self.all:
            alike[line.name, line.long_name, line.mode, self._agency[line.route]].append(line.route)
        self._one: list[list[int]] = [routes for routes in alike.values() if len(routes) > 1]
        """Routes that riders cannot tell apart: feeds have another one for each period of a line."""
        self._not_in_force = lru_cache(maxsize=2)(self._runs_later)
        given = timetable.route_sort_order
        wanted = np.where(given < 0, np.inf, given).tolist()
        order = sorted(
            self.all, key=lambda line: (_MODE_ORDER.index(line.mode), wanted[line.route], _natural(line.name))
        )
        self.ordered: tuple[Line, ...] = tuple(order)
        """By mode, then as the operator sorts them, else by name as people do: 2 before 10."""
        self.rank: Int64Array = np.argsort([line.route for line in order])
        """(routes,) the place of each in that order."""
        self.line_rank: Int64Array = self.rank.copy()
        """(routes,) the same, the first of those that riders cannot tell apart."""
        for routes in self._one:
            self.line_rank[routes] = self.rank[routes].min()
        self.zone = ZoneInfo(timetable.timezone)
        patterns = len(timetable.pattern_route)
        self.pattern_trips: Int64Array = np.bincount(timetable.trip_pattern, minlength=patterns)
        """(P,) number of trips of each pattern."""
        self.pattern_example: Int32Array = np.full(patterns, NONE, np.int32)
        """(P,) one trip of each pattern, -1 where none."""
        self.pattern_example[timetable.trip_pattern[::-1]] = np.arange(timetable.trips, dtype=np.int32)[::-1]

    @cached_property
    def called(self) -> list[set[str]]:
        """(R,) the names by which each line is found, in any language, as `normalised` and without spaces."""
        tt, names = self._timetable, defaultdict[str, set[str]](set)
        of_lines = (tt.translation_of == LINE_NAME) | (tt.translation_of == LINE_SHORT_NAME)
        for text, other in zip(
            tt.translation_text[of_lines].tolist(), tt.translation_translated[of_lines].tolist(), strict=True
        ):
            names[text].add(other)
        own = zip(tt.route_id.tolist(), tt.route_short_name.tolist(), tt.route_long_name.tolist(), strict=True)
        told = [(*given, *names[given[1]], *names[given[2]]) for given in own]
        return [
            {normalised(name).replace(" ", "") for name in (line.name, line.long_name, *told[line.route])} - {""}
            for line in self.all
        ]

    def in_force(self, now: float) -> list[Line]:
        """Lines in the order of `ordered`, of those that riders cannot tell apart the ones that run next."""
        later = self._not_in_force(self._day(now))
        return [line for line in self.ordered if line.route not in later]

    def runs_as(self, route: int, now: float) -> int:
        """The route under which a line goes on that runs no more, itself where it runs or none goes on."""
        own, other, begins = self._begins_as(route, self._day(now))
        return other if own == len(self._timetable.date_origin) and begins < own else route

    def runs_on(self, route: int, day: int) -> int:
        """The route under which a line runs on a service day, itself where none does."""
        own, other, begins = self._begins_as(route, day)
        return other if begins == day < own else route

    def _begins_as(self, route: int, day: int) -> tuple[int, int, int]:
        """When a route runs next from `day` on, which of those that riders cannot tell from it runs first, and when."""
        alike = next((routes for routes in self._one if route in routes), [route])
        begins = self._next_day(day)[alike]
        return int(begins[alike.index(route)]), alike[int(begins.argmin())], int(begins.min())

    def by_mode(self, now: float) -> list[tuple[str, list[Line]]]:
        """Lines that have trips, under their modes, see `in_force`."""
        running = set(np.unique(self._timetable.trip_route).tolist())
        lines = [line for line in self.in_force(now) if line.route in running]
        grouped = [(mode, [line for line in lines if line.mode == mode]) for mode in _MODE_ORDER]
        return [(mode, members) for mode, members in grouped if members]

    def as_one(self, routes: Iterable[int]) -> frozenset[int]:
        """These routes, and those that riders cannot tell from one of them."""
        ranks = self.line_rank[list(routes)]
        return frozenset(np.flatnonzero(np.isin(self.line_rank, ranks)).tolist())

    def named_once(self, routes: Iterable[int]) -> tuple[Line, ...]:
        """Lines in the order of `ordered`, of those of one mode that an agency runs under one name the first."""
        first: dict[tuple[str, str, str], Line] = {}
        for route in sorted(routes, key=self.rank.__getitem__):
            line = self.all[route]
            first.setdefault((line.name, line.mode, self._agency[route]), line)
        return tuple(first.values())

    def at_stop(self, stop: int) -> list[Line]:
        """Lines that serve a stop (a station: any of its platforms), in the order of `ordered`."""
        return [self.all[r] for r in sorted(self.routes_at(stop), key=self.rank.__getitem__)]

    def routes_at(self, stop: int) -> list[int]:
        """Indices of the routes that serve a stop (a station: any of its platforms), in the timetable's order."""
        pointer, route = self._stop_routes
        found: list[int] = route[pointer[stop] : pointer[stop + 1]].tolist()
        return found

    def served_instead(self, stop: int) -> tuple[int, float]:
        """Of a stop that no line serves: the nearest one of its station or its name that lines serve, and how many
        metres away it is; -1 and infinity where none is near."""
        tt, pointer = self._timetable, self._stop_routes[0]
        alike = (tt.station == tt.station[stop]) | (tt.stop_name == tt.stop_name[stop])
        found = np.flatnonzero(alike & (np.diff(pointer) > 0))
        away_m = between_stops_m(tt, stop, found)
        near = np.flatnonzero(away_m <= _INSTEAD_WITHIN_M)
        nearest = near[np.argsort(away_m[near], kind="stable")][:1]
        return (int(found[nearest[0]]), float(away_m[nearest[0]])) if len(nearest) else (NONE, np.inf)

    def told_by(self, route: int, stop: int) -> tuple[str, str]:
        """What tells a line from others of its name that call at the stop (or its station): its mode, and who runs it;
        "" for what they have in common."""
        if route not in self._alike:
            return "", ""
        line, station = self.all[route], int(self._timetable.station[stop])
        others = self._alike.intersection(self.routes_at(station))
        alike = [self.all[other] for other in others if self.all[other].name == line.name]
        return _told_from(self._kind(line), {self._kind(other) for other in (line, *alike)})

    def _kind(self, line: Line) -> tuple[str, str]:
        return line.mode, self._agency[line.route]

    def _apart(self, lines: Sequence[Line]) -> dict[int, tuple[str, str]]:
        """See `Line.apart`, by route. Lines of a name meet that an agency runs, or that share a stop."""
        pointer, route = self._stop_routes
        stop = np.repeat(np.arange(self._timetable.stops), np.diff(pointer))
        among = np.zeros(len(lines), bool)
        among[list(self._alike)] = True
        alike = among[route]
        places: dict[tuple[str, object], set[int]] = defaultdict(set)
        for at, of in zip(self._timetable.station[stop[alike]].tolist(), route[alike].tolist(), strict=True):
            places[lines[of].name, at].add(of)
        for of in self._alike:
            places[lines[of].name, self._agency[of]].add(of)
        told: dict[int, tuple[str, str]] = {}
        for met in places.values():
            kinds = {self._kind(lines[of]) for of in met}
            told_of = {kind: _told_from(kind, kinds) for kind in kinds}
            for of in met:
                mode, agency = told_of[self._kind(lines[of])]
                before = told.get(of, ("", ""))
                told[of] = before[0] or mode, before[1] or agency
        return told

    def may_come_back(self, trip: int) -> bool:
        """Whether a trip may call at a stop more than once; of the operator's own it is not looked up."""
        pattern: int = self._timetable.trip_pattern.item(trip)
        return pattern in self._come_back or pattern >= len(self._timetable.base.pattern_route)

    @cached_property
    def _come_back(self) -> frozenset[int]:
        return _patterns_that_come_back(self._timetable.base)

    def way_on(self, trip: int, call: int) -> int:
        """The stop behind a call, where its sign does not tell which way the trip goes from there: it can be boarded at
        the same stop more than once, or goes to one end with others of its line that leave the other way; else -1."""
        tt = self._timetable
        pattern: int = tt.trip_pattern.item(trip)
        if pattern in self._told_by_their_ends:
            return NONE
        ways = self._ways_to_one_end.get(pattern)
        stops = np.array(stops_along(tt, pattern))
        # A stay is one visit, and where a trip ends nobody boards.
        visits = (stops[:-1] == stops[call]) & (stops[1:] != stops[call])
        behind = int(stops[call:][np.argmax(stops[call:] != stops[call])])
        if visits.sum() > 1:
            return behind
        here, next_one, end = (int(tt.station[stop]) for stop in (stops[call], behind, stops[-1]))
        several = ways is not None and len(ways.get(here, ())) > 1 and next_one not in (here, end)
        return behind if several and tt.call_headsign[tt.trip_call_ptr[trip] + call] < 0 else NONE

    @cached_property
    def _told_by_their_ends(self) -> frozenset[int]:
        """Patterns of which the sign says enough everywhere; of the operator's own it is not known."""
        every = range(len(self._timetable.base.pattern_route))
        return frozenset(every) - self._come_back - self._ways_to_one_end.keys()

    @cached_property
    def _ways_to_one_end(self) -> dict[int, dict[int, set[int]]]:
        """Of patterns on which a line goes to one end with one sign in both directions, as rings do: from which
        stations it goes on to which."""
        tt = self._timetable.base
        end = tt.station[tt.pattern_stop[tt.pattern_call_ptr[1:] - 1]]
        to = list(zip(tt.pattern_route.tolist(), end.tolist(), strict=True))
        both = _in_both_directions(to, tt.pattern_direction.tolist())
        trips = np.flatnonzero(np.array([line in both for line in to], bool)[tt.trip_pattern])
        pattern = tt.trip_pattern[trips]
        signs = [(to[of], sign) for of, sign in zip(pattern.tolist(), tt.trip_headsign[trips].tolist(), strict=True)]
        both = _in_both_directions(signs, tt.pattern_direction[pattern].tolist())
        ways: defaultdict[Hashable, defaultdict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        found: dict[int, dict[int, set[int]]] = {}
        for of, sign in {(of, sign) for of, sign in zip(pattern.tolist(), signs, strict=True) if sign in both}:
            for here, behind in pairwise(tt.station[stops_along(tt, of)].tolist()):
                ways[sign][here].add(behind)
            found[of] = ways[sign]
        return found

    def booked_at(self, route: int) -> str:
        """The number, or the address, at which a ride with a line is booked: its own, else that of who runs it; ""
        where the timetable has none."""
        tt = self._timetable
        if own := str(tt.route_booked_at[route]):
            return own
        phones = dict(zip(tt.agency_id.tolist(), tt.agency_phone.tolist(), strict=True))
        return str(phones.get(str(tt.route_agency_id[route]), ""))

    @cached_property
    def bikes_vary(self) -> frozenset[int]:
        """Routes of whose trips some take bicycles and others do not, or do not say so."""
        tt, kinds = self._timetable, len(ACCESS)
        route_of_kind = np.unique(tt.trip_route.astype(np.int64) * kinds + tt.trip_bikes) // kinds
        return frozenset(route_of_kind[1:][route_of_kind[1:] == route_of_kind[:-1]].tolist())

    def _day(self, now: float) -> int:
        """The service day of now: that of the evening until three at night."""
        return max(int(self._timetable.day_at(now - DAY_BEGINS_S)), 0)

    def _next_day(self, day: int) -> Int64Array:
        """(R,) the first service day from `day` on with trips of each route, the number of days where there is none."""
        tt = self._timetable
        first = np.full(len(tt.route_id), len(tt.date_origin), np.int64)
        np.minimum.at(first, tt.trip_route, tt.next_days(day))
        return first

    def _runs_later(self, day: int) -> frozenset[int]:
        """Routes that run later, from `day` on, than another that riders cannot tell from them."""
        if not self._one:
            return frozenset()
        first = self._next_day(day)
        return frozenset(r for routes in self._one for r in routes if first[r] > first[routes].min())

    @cached_property
    def _stop_routes(self) -> tuple[Int64Array, Int32Array]:
        """CSR by stop of the routes that call there, a station with those of its platforms."""
        tt = self._timetable
        routes = max(len(tt.route_id), 1)
        route = np.repeat(tt.pattern_route, np.diff(tt.pattern_call_ptr)).astype(np.int64)
        stop, parent = tt.pattern_stop.astype(np.int64), tt.stop_parent[tt.pattern_stop].astype(np.int64)
        pairs = np.unique(np.concatenate([stop * routes + route, (parent * routes + route)[parent >= 0]]))
        return np.searchsorted(pairs // routes, np.arange(tt.stops + 1)), (pairs % routes).astype(np.int32)


def lines_named(lines: Lines, query: str, now: float) -> list[Line]:
    """Lines that somebody may mean by "C53", "C 53", "ligne 2", "bus 14" or "Airport Express", by their names or the
    id; where none is called so, those whose names begin so, that only lack letters of it, as of the metro's "M1" 1, or
    have more, as "T2e"; see `Lines.in_force`."""
    wanted = normalised(query)
    without_kind = normalised(_KIND.sub("", wanted))
    meant = {name.replace(" ", "") for name in (wanted, without_kind)} - {""}

    called, found = lines.called, lines.in_force(now)
    exact = [line for line in found if meant & called[line.route]]
    return exact or [
        line for line in found
        if any(_much_like(line, each) for each in meant)
        or (len(wanted) >= _BEGUN_FROM_LETTERS and any(name.startswith(wanted) for name in _plain_names(line)))
    ]  # fmt: skip


def _plain_names(line: Line) -> list[str]:
    """The names of a line whose beginning tells it: not those of the places between which it runs."""
    return [normalised(name) for name in (line.name, line.long_name) if not _BETWEEN.search(name)]


def _much_like(line: Line, query: str) -> bool:
    """Whether a query has a line's number, with the letter of its kind before it or without, and letters behind it that
    one of the two lacks."""
    wanted, own = (_NUMBERED.fullmatch(name) for name in (query, normalised(line.name).replace(" ", "")))
    if wanted is None or own is None or wanted["number"] != own["number"]:
        return False
    kinds = {"l", *_LETTERS.get(line.mode, "")}
    before = not wanted["before"] or wanted["before"] == own["before"] or (
        not own["before"] and wanted["before"] in kinds)  # fmt: skip
    return before and ("" in (wanted["behind"], own["behind"]) or wanted["behind"] == own["behind"])


def patterns_of(timetable: Timetable, trips: Int32Array | Int64Array) -> list[int]:
    """The patterns of some trips: that of most of them first, the longer of equals."""
    pattern, count = np.unique(timetable.trip_pattern[trips], return_counts=True)
    calls = np.diff(timetable.pattern_call_ptr)[pattern]
    ordered: list[int] = pattern[np.lexsort((-calls, -count))].tolist()
    return ordered


def patterns_by_direction(timetable: Timetable, route: int) -> dict[int, list[int]]:
    """The patterns of a route's trips by direction, each in the order of `patterns_of`."""
    found: dict[int, list[int]] = {}
    for pattern in patterns_of(timetable, np.flatnonzero(timetable.trip_route == route)):
        found.setdefault(int(timetable.pattern_way[pattern]), []).append(pattern)
    return dict(sorted(found.items()))


def stops_along(timetable: Timetable, pattern: int) -> list[int]:
    """Indices of the stops of a pattern, in order."""
    calls = slice(timetable.pattern_call_ptr[pattern], timetable.pattern_call_ptr[pattern + 1])
    stops: list[int] = timetable.pattern_stop[calls].tolist()
    return stops


@lru_cache(maxsize=8)
def _lines_in(timetable: Timetable, language: str) -> Lines:
    return Lines(timetable, language)


def lines_of(timetable: Timetable, language: str = "") -> Lines:
    """The lines of a timetable, as they are called in a language where it has that; made once for each."""
    names = names_in(timetable.base, language)
    translated = names[LINE_NAME] or names[LINE_SHORT_NAME] or names[AGENCY_NAME]
    return _lines_in(timetable, language if translated else "")


def _line(timetable: Timetable, route: int, badge: Badge, names: Mapping[int, Mapping[str, str]]) -> Line:
    short, long = str(timetable.route_short_name[route]), str(timetable.route_long_name[route])
    short, long = names[LINE_SHORT_NAME].get(short, short), names[LINE_NAME].get(long, long)
    short, long = " ".join(short.split()), " ".join(long.split())
    name = short or long or str(timetable.route_id[route])
    kind = int(timetable.route_type[route])
    return Line(
        route=route,
        route_id=str(timetable.route_id[route]),
        name=name,
        long_name="" if normalised(_KIND.sub("", normalised(long))) == normalised(name) else without_name(long, name),
        mode=mode_of(kind),
        badge=badge,
    )


def mode_of(route_type: int) -> str:
    """`Line.mode` of a GTFS route type."""
    return _MODES.get(basic_type(route_type), "other")


def _told_from(own: tuple[str, str], kinds: set[tuple[str, str]]) -> tuple[str, str]:
    """The least of its mode and who runs it, `own`, that tells a line from those of its name, of all these `kinds`; ""
    for what does not."""
    mode, agency = own
    others = kinds - {own}
    told, its_own = "" if mode == "other" else mode, agency not in {of for _, of in others}
    if not others:
        return "", ""
    if told and mode not in {of for of, _ in others}:
        return told, ""
    return "" if its_own else told, agency if its_own or {of for _, of in others} != {agency} else ""


@lru_cache(maxsize=16384)
def without_name(text: str, name: str, *, spaced: bool = False, hyphened: bool = False) -> str:
    """What a sign or a long name says beside a line's name. Of line 12 "12 - Centre", "Line 12: Centre", "No. 12 to
    Centre" and "Centre (12)" are all "Centre", and so are "12 Centre" (`spaced`) and "12-Centre" (`hyphened`) where
    they can be no names themselves, as "8 Mile" of line 8 is and "A Coruña" of line A; of line 007 "7 Centre" is it
    too."""
    space = rf"(?:{_AFTER_NAME}|\s+)"
    named = "0*" + re.escape(name.lstrip("0") or name)
    alone = space if spaced and any(letter.isdecimal() for letter in name) else _AFTER_NAME
    if hyphened:
        alone = rf"(?:{alone}|-(?!\d))"
    found = re.match(
        rf"\s*(?:(?:{KINDS}\s+|{_NUMBER}\s*){named}{space}|{named}{alone})(?:{_TO}\s+)?(?=.*[^\W\d])",
        text,
        re.IGNORECASE,
    )
    rest = text[found.end() :].strip() if found else text
    behind = rf"\s*\((?:{KINDS}\s+)?{named}\)|\s+[-–—|/·]\s+{KINDS}\s+{named}"
    rest = re.sub(rf"(?<=[^\W\d])(?:{behind})\s*$", "", rest, flags=re.IGNORECASE)
    in_brackets = re.fullmatch(r"\(([^()]+)\)", rest)
    return in_brackets[1] if in_brackets else rest


def _in_both_directions(bound: Sequence[Hashable], direction: Sequence[int]) -> set[Hashable]:
    """What of `bound` (n,) stands there with several directions (n,)."""
    seen = Counter(to for to, _ in set(zip(bound, direction, strict=True)))
    return {to for to, times in seen.items() if times > 1}


@lru_cache(maxsize=2)
def _patterns_that_come_back(timetable: Timetable) -> frozenset[int]:
    """Those that call at a stop more than once."""
    tt = timetable
    visits, count = np.unique(tt.pattern_of_call.astype(np.int64) * tt.stops + tt.pattern_stop, return_counts=True)
    return frozenset((visits[count > 1] // tt.stops).tolist())


def _main_patterns(timetable: Timetable) -> dict[int, int]:
    """The pattern that most trips of each route run."""
    trips = np.bincount(timetable.trip_pattern, minlength=len(timetable.pattern_route))
    order = np.lexsort((-trips, timetable.pattern_route))
    routes, first = np.unique(timetable.pattern_route[order], return_index=True)
    return dict(zip(routes.tolist(), order[first].tolist(), strict=True))


def _ways(timetable: Timetable, called: Sequence[Hashable], names: Mapping[str, str]) -> dict[int, str]:
    """The first and the last stop of the main way of each route; of those whose names and ends are the same on one day,
    with a stop between them at which only one calls."""
    tt, stops = timetable, {of: stops_along(timetable, way) for of, way in _main_patterns(timetable).items()}
    alike = defaultdict[Hashable, list[int]](list)
    for route, along in stops.items():
        alike[called[route], str(tt.stop_name[along[0]]), str(tt.stop_name[along[-1]])].append(route)
    between = {
        route: stop for routes in alike.values() if len(routes) > 1 for route, stop in _own_stops(tt, routes, stops)
    }
    told = {of: [along[0], *([between[of]] if of in between else []), along[-1]] for of, along in stops.items()}
    return {
        route: " – ".join(names.get(name, name) for name in tt.stop_name[at].tolist()) for route, at in told.items()
    }


def _own_stops(tt: Timetable, routes: list[int], stops: Mapping[int, list[int]]) -> Iterator[tuple[int, int]]:
    """Of routes that have such a one: a stop that those of the others that run on a day with it leave out."""
    stations = {route: tt.station[stops[route]].tolist() for route in routes}
    days = {
        route: tt.service_active[np.unique(tt.trip_service[tt.trip_route == route])].any(axis=0) for route in routes
    }
    for route in routes:
        others = [other for other in routes if other != route and (days[route] & days[other]).any()]
        passed = {station for other in others for station in stations[other]}
        own = (stop for stop, at in zip(stops[route], stations[route], strict=True) if others and at not in passed)
        yield from ((route, stop) for stop in islice(own, 1))


def _agency_names(timetable: Timetable) -> list[str]:
    """(R,) who runs each route, by name, "" where not known."""
    names = dict(zip(timetable.agency_id.tolist(), timetable.agency_name.tolist(), strict=True))
    return [names.get(agency_id, "") for agency_id in timetable.route_agency_id.tolist()]


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Sort key in which numbers count as numbers and come before letters."""
    parts = re.findall(r"\d+|\D+", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part.casefold()) for part in parts]
