"""What leaves a stop by line and direction: the compact rows that pages, screens and the map show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from api.reading.board import StopBoard
from api.reading.calls import RunCall
from api.reading.destinations import most_common
from api.reading.lines import Line
from api.reading.moment import Moment
from predictor.arrays import first_of_each

DEPARTURES_A_ROW = 3
_SOON_S = 2 * 3600.0


@dataclass(frozen=True)
class LineDirection:
    """A line in one direction at a stop."""

    line: Line
    direction: int
    """`direction_id`, -1 where the feed gives none."""
    destination: str
    """Where most of its departures go: what goes elsewhere says so itself."""
    platform: str
    """Where all of `departures` leave from the same one."""
    departures: list[RunCall]
    """The first few; where none of them comes, the first one that does stands in for the last of them."""
    soon: bool
    """Whether anything leaves within the next hours."""
    first: RunCall | None
    """The first that comes, None where none was found,"""
    last: float | None
    """and when the last one of the service day of what stands first leaves, POSIX seconds; None where none of it comes,
    or that has no time."""
    last_is_first: bool


def line_directions(moment: Moment, board: StopBoard) -> list[LineDirection]:
    """A board by line and direction (by headsign, where the feed gives no direction), in the order of the lines."""
    if not len(board):
        return []
    tt, trip = moment.timetable, board.calls.trip
    rank, direction = moment.lines.rank[tt.trip_route[trip]], tt.pattern_way[tt.trip_pattern[trip]]
    # To put numbers in order takes a fraction of what texts would.
    towards, undirected = np.zeros(len(trip), np.int64), np.flatnonzero(direction < 0)
    if len(undirected):
        towards[undirected] = np.unique(board.destinations[undirected], return_inverse=True)[1]
    order = np.lexsort((towards, direction, rank))
    opens = np.flatnonzero(first_of_each(rank[order], direction[order], towards[order]))
    groups: list[list[int]] = [rows.tolist() for rows in np.split(order, opens[1:])]
    # Made together, for a few rows cost as much as many.
    board.rows([row for rows in groups for row in rows[: DEPARTURES_A_ROW + 1]])
    return [_line_direction(moment, board, rows) for rows in groups]


def soonest_first(rows: list[LineDirection]) -> list[LineDirection]:
    """The same in the order in which their next departures leave; what does not come counts as leaving."""
    return sorted(rows, key=lambda row: row.departures[0].published)


def _line_direction(moment: Moment, board: StopBoard, rows: list[int]) -> LineDirection:
    published, places = board.calls.published, np.array(rows)
    soon = places[published[places] <= moment.now + _SOON_S].tolist()
    coming = places[board.comes[places]].tolist()
    told = places[~board.repeats[places]].tolist() or rows[:1]
    shown, first = told[:DEPARTURES_A_ROW], next((row for row in told if board.comes[row]), None)
    if first is not None and first not in shown:
        shown = [*shown[:-1], first]
    departures = _each_headway_once(board.rows(shown))
    platforms = {row.platform for row in departures}
    last = _last(board, rows[0], coming)
    return LineDirection(
        line=moment.lines.all[departures[0].route_idx],
        direction=departures[0].direction,
        destination=most_common(board.destinations[soon or rows]),
        platform=platforms.pop() if len(platforms) == 1 else "",
        departures=departures,
        soon=bool(soon),
        first=None if first is None else board.row(first),
        last=None if last is None else float(published[last]),
        last_is_first=last == first,
    )


def _each_headway_once(rows: list[RunCall]) -> list[RunCall]:
    """Without what says again how often a line comes: trips of several patterns that are bound for one place."""
    said: set[tuple[str, int | None]] = set()
    kept = []
    for row in rows:
        says = row.destination, row.headway_s
        if row.clock is not None or says not in said:
            kept.append(row)
        if row.clock is None:
            said.add(says)
    return kept


def _last(board: StopBoard, next_row: int, coming: list[int]) -> int | None:
    day = board.calls.service_day
    last = next((row for row in reversed(coming) if day[row] == day[next_row]), None)
    return None if last is None or board.slot[last] else last
