"""Boards read ahead: panels come again after as long as the last time, and all that are due within a second are read in
one pass with the first of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from fastapi import Request

from api.reading.board import AHEAD_S, MOST_BOARDS, ROWS, StopBoards
from api.reading.moment import Moment

_AHEAD = 16
"""So many are read with the one that is asked for: of more a board takes hardly less, and who waits for it waits
longer."""
_LONGEST_S = 60
"""Panels ask several times a minute: who comes after longer than so is not expected again."""


class BoardsAhead:
    """All who ask within one second of one view are answered as at the moment of the first. For one thread only."""

    def __init__(self) -> None:
        self._moment: Moment | None = None
        self._returning: defaultdict[tuple[float, int], _Returning] = defaultdict(_Returning)
        self._boards: dict[tuple[float, int], StopBoards] = {}

    def boards(self, moment: Moment, stop: int, window_s: float = AHEAD_S, rows: int = ROWS) -> StopBoards:
        """Boards as far as `window_s`, of which that of a stop has been read, and `rows` of it put together."""
        form, second = (window_s, rows), math.floor(moment.now)
        if self._moment is None or self._moment.view is not moment.view or math.floor(self._moment.now) != second:
            self._moment, self._boards = moment, {}
            for returning in self._returning.values():
                returning.turn(second)
        boards, returning = self._boards.get(form), self._returning[form]
        if boards is None or len(boards) > MOST_BOARDS:
            boards = self._boards[form] = StopBoards(self._moment, window_s=window_s, rows=rows)
        returning.asks(stop, second)
        if stop not in boards:
            # Of another timetable an index may be another stop's: that is then read for nothing.
            due = (other for other in returning.due(second) if other not in boards and other < moment.timetable.stops)
            try:
                boards.read([stop, *islice(due, _AHEAD)])
            except Exception:
                # One board that cannot be read must not take others with it.
                boards.read([stop])
        return boards


def boards_ahead_of(request: Request) -> BoardsAhead:
    """The application's."""
    boards_ahead: BoardsAhead = request.app.state.boards_ahead
    return boards_ahead


class _Returning:
    """Stops that are asked for again and again, by the second in which that is next to happen."""

    def __init__(self) -> None:
        self._asked: dict[int, int] = {}
        """The second in which each was asked for, the last one last."""
        self._due: defaultdict[int, dict[int, None]] = defaultdict(dict)

    def asks(self, stop: int, second: int) -> None:
        for at in (second - 1, second):
            self._due[at].pop(stop, None)
        before = self._asked.pop(stop, second)
        self._asked[stop] = second
        if 0 < second - before <= _LONGEST_S:
            self._due[2 * second - before][stop] = None

    def due(self, second: int) -> Iterator[int]:
        """Those that have not been asked for: who is expected may come a second later."""
        yield from self._due[second - 1]
        yield from self._due[second]

    def turn(self, second: int) -> None:
        """Forget what is over."""
        for at in [at for at in self._due if not second - 1 <= at <= second + _LONGEST_S]:
            del self._due[at]
        for stop in [stop for stop, at in self._asked.items() if not 0 <= second - at <= _LONGEST_S]:
            del self._asked[stop]
