"""The departure board of a stop as rows that faces can show: JSON answers, pages, screens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice, pairwise
from typing import TypeVar

import numpy as np

from api.reading.calls import PASSED_AFTER_S, CallsAt, RunCall
from api.reading.destinations import destinations
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.service.view import ServiceView
from predictor.arrays import NONE, BoolArray, Int8Array, Int64Array, RouteIdx, StrArray
from predictor.snapshot import FROM_TIMETABLE, LIVE, SCHEDULED, KnownCalls
from predictor.timetable import DAY_S, NO_PICKUP, Timetable

T = TypeVar("T")

WINDOW_S = 7200.0

MOST_DEPARTURES = 30
"""The longest board that a panel or screen may ask for."""
AHEAD_S = 36 * 3600.0
"""At night a board shows the first departures of the morning."""
WEEK_S = 8.0 * DAY_S
"""How far ahead the first departure is looked for where a board is empty."""
ROWS = 6
"""Of most panels and screens."""
MOST_BOARDS = 1000
"""So many are kept of one moment."""


class StopBoard:
    """Coming calls (n,) at a stop (at a station: at all its platforms), soonest first."""

    def __init__(self, view: ServiceView, every: CallsAt, part: slice) -> None:
        """Parameters: `part`: which of the calls of `every` board that was read with this one are its own."""
        self._timetable, self.every, self.part = view.timetable, every, part
        self.status: Int8Array = every.status[part]
        """See `CallsAt`, as for all below."""
        self.slot: BoolArray = every.slot[part]

    def __len__(self) -> int:
        return len(self.status)

    @cached_property
    def calls(self) -> KnownCalls:
        """The calls themselves."""
        return self.every.calls.take(self.part)

    @property
    def comes(self) -> BoolArray:
        """(n,)"""
        return self.every.comes[self.part]

    @property
    def destinations(self) -> StrArray:
        """(n,)"""
        return self.every.destinations[self.part]

    @property
    def boards(self) -> BoolArray:
        """(n,) where riders may get on."""
        return _boards(self._timetable, self.calls)

    @property
    def alights(self) -> BoolArray:
        """(n,) where riders may get off."""
        return _alights(self._timetable, self.calls)

    def row(self, i: int) -> RunCall:
        """All that is said of one call."""
        return self.rows([i])[0]

    def rows(self, wanted: Sequence[int]) -> list[RunCall]:
        """All that is said of some calls, by their places."""
        return self.every.rows([self.part.start + i for i in wanted])

    @cached_property
    def repeats(self) -> BoolArray:
        """(n,) slots of a line run by headway that say nothing beside the first, beside the first of a day, or before a
        vehicle that is on its way: it comes every so many minutes."""
        repeats, tt = self.slot.copy(), self._timetable
        if not repeats.any():
            return repeats
        trip = self.calls.trip
        ways = np.column_stack([tt.trip_route[trip], tt.trip_way[trip]])
        _, way = np.unique(ways, axis=0, return_inverse=True)
        last_live, live = np.full(way.max() + 1, NONE), np.flatnonzero(self.status == LIVE)
        np.maximum.at(last_live, way[live], live)
        promised = (self.calls.source == FROM_TIMETABLE) & (self.status == SCHEDULED)
        promised &= ~self.slot | (np.arange(len(self)) > last_live[way])
        by_headway = np.flatnonzero(tt.trip_is_frequency[trip] & promised)
        calls = self.calls.take(by_headway)
        kinds = np.column_stack([tt.trip_pattern[calls.trip], calls.call])
        _, first = np.unique(kinds, axis=0, return_index=True)
        repeats[by_headway[first]] = False
        return repeats

    @cached_property
    def shown(self) -> list[int]:
        """All rows but those."""
        return np.flatnonzero(~self.repeats).tolist() if self.every.has_slots else list(range(len(self)))

    def first(self, limit: int | None = None, route: int | None = None, until: float | None = None) -> list[RunCall]:
        """All that is said of those shown, of one route and until a time (POSIX seconds) where these are given, as
        `with_one_that_comes` has them."""
        shown = self.shown
        if until is not None:
            soon = self.calls.published <= until
            shown = [row for row in shown if soon[row]]
        if route is not None:
            routes = self._timetable.trip_route[self.calls.trip]
            shown = [row for row in shown if routes[row] == route]
        return self.rows(with_one_that_comes(shown, limit, self.comes.__getitem__))


def with_one_that_comes(rows: Sequence[T], limit: int | None, comes: Callable[[T], bool]) -> list[T]:
    """The first `limit` of a board's rows; where none of them comes, with the first one that does in place of the
    last."""
    shown = list(rows[:limit])
    if shown and not any(map(comes, shown)):
        shown[-1:] = [*islice(filter(comes, rows[limit:]), 1)] or shown[-1:]
    return shown


def stop_boards(
    view: ServiceView,
    stops: Sequence[int],
    now: float,
    window_s: float = WINDOW_S,
    route: int | None = None,
    arrivals: bool = False,
    rows: int = 0,
) -> list[StopBoard]:
    """The boards of stops, read in one pass: for many it takes little longer than for one.

    Parameters: `now` POSIX seconds; `window_s`: how far to look ahead; `route`: index of the only route to show;
    `arrivals`: also where riders may only get off (the trip ends here, or `pickup_type` is 1); `rows`: so many of each
    are put together at once.
    """
    only = None if route is None else RouteIdx(route)
    calls, pointer = view.snapshot.boards(
        np.array(stops, np.int32), since=now - PASSED_AFTER_S, until=now + window_s, route=only
    )
    tt = view.timetable
    told = _boards(tt, calls)
    if arrivals and not told.all():
        told |= _alights(tt, calls)
    shown, pointer = np.flatnonzero(told), np.append(0, np.cumsum(told))[pointer]
    every = CallsAt(view, now, calls.take(_in_order(view, calls, shown, pointer)))
    found = [StopBoard(view, every, slice(*ends)) for ends in pairwise(pointer.tolist())]
    if rows:
        every.rows(
            [first + i for first, board in zip(pointer.tolist(), found, strict=False) for i in board.shown[:rows]]
        )
    return found


def _in_order(view: ServiceView, calls: KnownCalls, shown: Int64Array, pointer: Int64Array) -> Int64Array:
    """The calls `shown` (n,) on boards (CSR), those of one second in the order of their lines and destinations: none
    changes place with another for how it came to be known."""
    second = np.floor(calls.published[shown])
    alike = np.flatnonzero(second[1:] == second[:-1])
    if not len(alike):
        return shown
    tied = np.union1d(alike, alike + 1)
    second, board, those = second[tied], np.searchsorted(pointer, tied, side="right"), shown[tied]
    line = lines_of(view.timetable).rank[view.timetable.trip_route[calls.trip[those]]]
    order, key = np.lexsort((line, second, board)), np.column_stack([board, second, line])
    of_one_line = np.flatnonzero((np.diff(key[order], axis=0) == 0).all(axis=1))
    if len(of_one_line):
        rows = np.union1d(of_one_line, of_one_line + 1)
        among = order[rows]
        few = calls.take(those[among])
        _, bound_for = np.unique(destinations(view.snapshot, few.runs, few.call), return_inverse=True)
        order[rows] = among[np.lexsort((few.run_key, bound_for, *key[among].T[::-1]))]
    placed = shown.copy()
    placed[tied] = those[order]
    return placed


def _boards(tt: Timetable, calls: KnownCalls) -> BoolArray:
    boards: BoolArray = tt.pickup_type[tt.entry_of(calls.trip, calls.call)] != NO_PICKUP
    return boards & ~calls.last_call


def _alights(tt: Timetable, calls: KnownCalls) -> BoolArray:
    alights: BoolArray = tt.alighting[tt.entry_of(calls.trip, calls.call)] != NO_PICKUP
    return alights & ~calls.first_call


class StopBoards:
    """The boards of stops at one moment, each read once however many panels, screens, pages and listeners show it."""

    def __init__(
        self, moment: Moment, together: Sequence[int] = (), window_s: float = AHEAD_S, rows: int = ROWS
    ) -> None:
        """Parameters: `together`: stops whose boards are read with the first that is asked for; `window_s`: how far to
        look ahead; `rows`: so many of each are put together at once where several are read."""
        self.moment = moment
        self._together = tuple(dict.fromkeys(together))
        self._window_s, self._rows = window_s, rows
        self._boards = moment.once(("boards", window_s), dict[int, StopBoard])
        if len(self._boards) > MOST_BOARDS:
            self._boards = moment.read["boards", window_s] = {}

    def __contains__(self, stop: int) -> bool:
        return stop in self._boards

    def __len__(self) -> int:
        return len(self._boards)

    def board(self, stop: int) -> StopBoard:
        """The board of a stop."""
        if stop not in self._boards:
            self.read(self._together if stop in self._together else (stop,))
        return self._boards[stop]

    def read(self, stops: Sequence[int]) -> None:
        """Read the boards of stops in one pass."""
        rows = self._rows if stops[1:] else 0
        boards = stop_boards(self.moment.view, stops, self.moment.now, self._window_s, rows=rows)
        self._boards.update(zip(stops, boards, strict=True))

    def rows(self, stop: int, limit: int, route: int | None = None) -> list[RunCall]:
        """The first `limit` departures of a stop (a station: of its platforms), of one route where that is given,
        soonest first; where none of them comes, with the first one that does in place of the last."""
        return self.board(stop).first(limit, route)
