"""The departure board of a stop as rows that faces can show: JSON answers, pages, screens."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import numpy as np

from api.reading.calls import PASSED_AFTER_S, CallsAt, RunCall
from api.reading.moment import Moment
from api.service.view import ServiceView
from predictor.arrays import NONE, BoolArray, RouteIdx, StopIdx
from predictor.snapshot import FROM_TIMETABLE, LIVE, SCHEDULED
from predictor.timetable import NO_PICKUP

WINDOW_S = 7200.0

MOST_DEPARTURES = 30
"""The longest board that a panel or screen may ask for."""
AHEAD_S = 36 * 3600.0
"""At night a board shows the first departures of the morning."""
WEEK_S = 8 * 86400.0
"""How far ahead the first departure is looked for where a board is empty."""


class StopBoard(CallsAt):
    """Coming calls at a stop (at a station: at all its platforms), soonest first, read once."""

    def __init__(
        self,
        view: ServiceView,
        stop: int,
        now: float,
        window_s: float = WINDOW_S,
        route: int | None = None,
        arrivals: bool = False,
    ) -> None:
        """Parameters as of `departure_rows`."""
        only = None if route is None else RouteIdx(route)
        calls = view.snapshot.board(StopIdx(stop), since=now - PASSED_AFTER_S, until=now + window_s, route=only)
        tt = view.timetable
        if not arrivals:
            boards = ~calls.last_call & (tt.pickup_type[tt.entry_of(calls.trip, calls.call)] != NO_PICKUP)
            calls = calls if boards.all() else calls.take(np.flatnonzero(boards))
        super().__init__(view, now, calls)

    @cached_property
    def repeats(self) -> BoolArray:
        """(n,) slots of a line run by headway that say nothing beside the first, beside the first of a day, or before a
        vehicle that is on its way: it comes every so many minutes."""
        repeats, tt = self.slot.copy(), self._view.timetable
        if not repeats.any():
            return repeats
        trip = self.calls.trip
        ways = np.column_stack([tt.trip_route[trip], tt.pattern_way[tt.trip_pattern[trip]]])
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
        return np.flatnonzero(~self.repeats).tolist()


def departure_rows(
    view: ServiceView,
    stop_idx: int,
    now: float,
    limit: int | None = None,
    window_s: float = WINDOW_S,
    route: int | None = None,
    arrivals: bool = False,
) -> list[RunCall]:
    """Coming departures at a stop (at a station: from all its platforms), soonest first.

    Parameters: `now` POSIX seconds; `window_s`: how far to look ahead; `route`: index of the only route to show;
    `arrivals`: also those that nobody can board (the trip ends here, or `pickup_type` is 1).
    """
    board = StopBoard(view, stop_idx, now, window_s, route, arrivals)
    return board.rows(board.shown[:limit])


class StopBoards:
    """The boards of stops at one moment, each read once however many panels, screens and listeners show it."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self._boards: dict[int, StopBoard] = {}
        self._rows: defaultdict[int, list[RunCall]] = defaultdict(list)

    def board(self, stop: int) -> StopBoard:
        """The board of a stop, as far as `AHEAD_S`."""
        if stop not in self._boards:
            self._boards[stop] = StopBoard(self.moment.view, stop, self.moment.now, AHEAD_S)
        return self._boards[stop]

    def rows(self, stop: int, limit: int) -> list[RunCall]:
        """The first `limit` departures of a stop (a station: of its platforms), soonest first."""
        board, rows = self.board(stop), self._rows[stop]
        rows += board.rows(board.shown[len(rows) : limit])
        return rows[:limit]
