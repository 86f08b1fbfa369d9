"""The next departure from each stop along a line, each visit to a stop by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from api.reading.board import AHEAD_S, WINDOW_S, StopBoard
from api.reading.calls import RunCall
from api.service.view import ServiceView
from predictor.arrays import BoolArray
from predictor.snapshot import LIVE, SCHEDULED


def next_departures(
    view: ServiceView, now: float, route: int, direction: int, stops: Sequence[int]
) -> list[RunCall | None]:
    """For each of the stops along a line (one may stand there twice) the next departure of the line in that direction,
    live or by the timetable; None where there is none in the coming hours.

    A trip that calls at a stop several times is told at the visit that it makes: the first at the first, and so on.
    Cost: one board for each different stop.
    """
    tt = view.timetable
    boards: dict[int, StopBoard] = {}
    coming: dict[int, list[int]] = {}
    for stop in dict.fromkeys(stops):
        # At night nothing comes soon: then the first of the morning is looked for.
        for window_s in (WINDOW_S, AHEAD_S):
            board = boards[stop] = StopBoard(view, stop, now, window_s, route=route)
            comes: BoolArray = np.isin(board.status, (LIVE, SCHEDULED)) & (board.calls.stop == stop)
            comes &= tt.pattern_way[tt.trip_pattern[board.calls.trip]] == direction
            coming[stop] = np.flatnonzero(comes).tolist()
            if coming[stop]:
                break
    visits = {stop: [k for k, other in enumerate(stops) if other == stop] for stop in boards}
    found: list[RunCall | None] = []
    for place, stop in enumerate(stops):
        board = boards[stop]
        rows = (
            row
            for row in coming[stop]
            if len(visits[stop]) == 1
            or _visit(view, visits[stop], int(board.calls.trip[row]), int(board.calls.call[row]), stop) == place
        )
        first = next(rows, None)
        found.append(None if first is None else board.row(first))
    return found


def _visit(view: ServiceView, places: list[int], trip: int, call: int, stop: int) -> int:
    """Which of the places at which a stop stands on the line a trip's call there belongs to."""
    tt = view.timetable
    entries = tt.calls_of(trip)
    calls = np.flatnonzero((tt.call_stop[entries] == stop) & ~tt.call_stays[entries]).tolist()
    if len(calls) == len(places) and call in calls:
        return places[calls.index(call)]
    return min(places, key=lambda place: abs(place - call))


def row_nearest(stops: Sequence[int], stop: int, call: int) -> int | None:
    """Where a stop stands among those shown: of several places (a loop) the one nearest to the position `call`."""
    return min((row for row, shown in enumerate(stops) if shown == stop), key=lambda row: abs(row - call), default=None)
