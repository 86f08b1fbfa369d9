"""What leaves a stop by line and direction: the compact rows that pages, screens and the map show."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from api.reading.board import StopBoard
from api.reading.calls import RunCall
from api.reading.destinations import most_common
from api.reading.lines import Line
from api.reading.moment import Moment

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


def line_directions(moment: Moment, board: StopBoard, route: int | None = None) -> list[LineDirection]:
    """A board by line and direction (by headsign, where the feed gives no direction), in the order of the lines; of one
    route where that is given."""
    tt, trip = moment.timetable, board.calls.trip
    of = tt.trip_route[trip]
    rank, direction = moment.lines.line_rank[of], tt.trip_way[trip]
    # Lists: to look into arrays call by call takes many times as long.
    columns = board.destinations, board.calls.published, board.calls.service_day, board.comes, board.slot, board.repeats
    told = _Told(*(column.tolist() for column in columns))
    groups: defaultdict[tuple[int, int, str], list[int]] = defaultdict(list)
    for row, (line, way, its_route) in enumerate(zip(rank.tolist(), direction.tolist(), of.tolist(), strict=True)):
        if route in (None, its_route):
            groups[line, way, told.destination[row].casefold() if way < 0 else ""].append(row)
    in_order = [groups[way] for way in sorted(groups)]
    # Made together, for a few rows cost as much as many.
    board.rows([row for rows in in_order for row in rows[: DEPARTURES_A_ROW + 1]])
    return [_line_direction(moment, board, told, rows) for rows in in_order]


def soonest_first(rows: list[LineDirection]) -> list[LineDirection]:
    """The same in the order in which their next departures leave; what does not come counts as leaving."""
    return sorted(rows, key=lambda row: row.departures[0].published)


class _Told(NamedTuple):
    """What is told of the calls (n,) of a board."""

    destination: list[str]
    published: list[float]
    service_day: list[int]
    comes: list[bool]
    slot: list[bool]
    repeats: list[bool]


def _line_direction(moment: Moment, board: StopBoard, told: _Told, rows: list[int]) -> LineDirection:
    soon = rows[: bisect_right(rows, moment.now + _SOON_S, key=told.published.__getitem__)]
    new = (row for row in rows if not told.repeats[row])
    shown = [*islice(new, DEPARTURES_A_ROW)] or rows[:1]
    first = next((row for row in chain(shown, new) if told.comes[row]), None)
    if first is not None and first not in shown:
        shown = [*shown[:-1], first]
    departures = _each_headway_once(board.rows(shown))
    platforms = {row.platform for row in departures}
    last = _last(told, rows)
    return LineDirection(
        line=moment.lines.all[departures[0].route_idx],
        direction=departures[0].direction,
        destination=most_common([told.destination[row] for row in soon or rows]),
        platform=platforms.pop() if len(platforms) == 1 else "",
        departures=departures,
        soon=bool(soon),
        first=None if first is None else board.row(first),
        last=None if last is None else told.published[last],
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


def _last(told: _Told, rows: list[int]) -> int | None:
    day, comes = told.service_day, told.comes
    last = next((row for row in reversed(rows) if day[row] == day[rows[0]] and comes[row]), None)
    return None if last is None or told.slot[last] else last
