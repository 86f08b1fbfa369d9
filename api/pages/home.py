"""The answer on the home page: what leaves soon from favourite stops, from the nearest ones, or from the busiest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from api.answers.lookups import place_in
from api.pages.stop import stop_messages
from api.reading.alerts import alerts_of_stop
from api.reading.board import StopBoards
from api.reading.line_directions import LineDirection, line_directions, soonest_first
from api.reading.lines import Line
from api.reading.walking import leave_in_s, walk_min
from api.service.stop_search import StopHit
from api.words.alerts import AlertWords
from api.words.line_directions import LineDirectionWords, line_direction_words, nothing_leaves, quiet_words
from api.words.moment import PageMoment

MOST_FAVOURITES = 12
_NEAREST, _BUSIEST = 4, 3
_WITHIN_M = 1_500.0
"""Stops farther away are not near."""
_NEAR_ENOUGH, _LOOKED_AT = 80, 6
"""So many stops are near, and so many of a favourite line are looked at for where it leaves next."""
_ROWS_A_STOP = 6
_LEAVE_NOW_S = 90.0
_LEAVE_SOON_S = 15 * 60.0


@dataclass(frozen=True)
class StopRows:
    """A stop with what leaves there soon, one row for each line and direction, soonest first."""

    stop_id: str
    name: str
    platform: str
    facts: list[str]
    """How far it is, and how long to walk."""
    rows: list[LineDirectionWords]
    leave: list[str]
    """Of each row, when to leave for it; "" where one's place is not known, or there is time."""
    more: int
    """Rows that are not shown."""
    quiet: str
    """Said when nothing leaves soon."""
    alerts: list[AlertWords]
    """Which departures are not where the timetable has them, and what is told of the stop itself: a line's badge is
    marked."""


@dataclass(frozen=True)
class HomeBoard:
    """What of the home page is live."""

    favourites: list[StopRows]
    favourite_lines: list[Line]
    line_stops: list[StopRows]
    """Where these leave nearest to one's place, each direction once; none that `near` shows."""
    near: list[StopRows] | None
    """None where one's place is not known."""
    busiest: list[StopRows]
    """Where there is nothing else to show."""
    ask: str
    """The address of the same later."""


def home_board(
    moment: PageMoment, stop_ids: Sequence[str] = (), route_ids: Sequence[str] = (), near: str = ""
) -> HomeBoard:
    """Parameters: favourite stops and lines, those not known left out; `near`: "latitude,longitude" or ""."""
    tt, place = moment.timetable, place_in(near)
    known = [tt.stop_named[stop_id] for stop_id in dict.fromkeys(stop_ids) if stop_id in tt.stop_named]
    routes = [tt.route_index[route_id] for route_id in dict.fromkeys(route_ids) if route_id in tt.route_index]
    search = moment.view.stop_search
    around = [] if place is None else [
        hit for hit in search.near(*place, _NEAR_ENOUGH)
        if (hit.distance_m or 0.0) <= _WITHIN_M and moment.lines.routes_at(hit.stop_idx)
    ]  # fmt: skip
    favourites, nearest = [StopHit(stop) for stop in known[:MOST_FAVOURITES]], around[:_NEAREST]
    busiest = [] if favourites or nearest else search.busiest(_BUSIEST)
    boards = StopBoards(moment, [hit.stop_idx for hit in (*favourites, *nearest, *busiest)])
    routes = routes[:MOST_FAVOURITES]
    query = [("stop", stop_id) for stop_id in stop_ids] + [("line", route_id) for route_id in route_ids]
    query += [("near", near)] if place else []
    return HomeBoard(
        favourites=[_stop(moment, boards, hit) for hit in favourites],
        favourite_lines=[moment.lines.all[route] for route in routes],
        line_stops=_line_stops(moment, boards, around, routes),
        near=None if place is None else [_stop(moment, boards, hit) for hit in nearest],
        busiest=[_stop(moment, boards, hit) for hit in busiest],
        ask="/?" + urlencode([*query, ("fragment", "board"), ("lang", moment.texts.language)]),
    )


def _line_stops(moment: PageMoment, boards: StopBoards, hits: list[StopHit], routes: list[int]) -> list[StopRows]:
    rows_by_stop: dict[int, list[LineDirection]] = {}
    for route in routes:
        seen: set[int] = set()
        for hit in [hit for hit in hits if route in moment.lines.routes_at(hit.stop_idx)][:_LOOKED_AT]:
            directions = line_directions(moment, boards.board(hit.stop_idx))
            new = [row for row in directions if row.soon and row.line.route == route and row.direction not in seen]
            seen |= {row.direction for row in new}
            if hit not in hits[:_NEAREST]:
                rows_by_stop.setdefault(hit.stop_idx, []).extend(new)
    return [_rows_of(moment, hit, rows) for hit in hits if (rows := rows_by_stop.get(hit.stop_idx))]


def _stop(moment: PageMoment, boards: StopBoards, hit: StopHit) -> StopRows:
    return _rows_of(moment, hit, line_directions(moment, boards.board(hit.stop_idx)))


def _rows_of(moment: PageMoment, hit: StopHit, directions: list[LineDirection]) -> StopRows:
    tt, texts, stop = moment.timetable, moment.texts, hit.stop_idx
    rows = soonest_first([row for row in directions if row.soon])
    walking_min = None if hit.distance_m is None else walk_min(hit.distance_m)
    facts = []
    if hit.distance_m is not None and walking_min is not None:
        facts = [moment.distance(hit.distance_m), texts("walk", count=walking_min)]
    words = [line_direction_words(moment, row, stop) for row in rows[:_ROWS_A_STOP]]
    first = min((row.first for row in directions if row.first), default=None, key=lambda call: call.published)
    return StopRows(
        stop_id=str(tt.stop_id[stop]),
        name=moment.stop_name(stop),
        platform=moment.platform(str(tt.stop_platform[stop])),
        facts=facts,
        rows=words,
        leave=[_leave(moment, row, row_words, walking_min) for row, row_words in zip(rows, words, strict=False)],
        more=max(len(rows) - _ROWS_A_STOP, 0),
        quiet="" if rows else quiet_words(moment, first) if first else nothing_leaves(moment, stop),
        alerts=stop_messages(moment, stop, alerts_of_stop(moment, stop)),
    )


def _leave(moment: PageMoment, row: LineDirection, words: LineDirectionWords, walking_min: int | None) -> str:
    leave = None if walking_min is None else leave_in_s(row, moment.now, walking_min)
    if leave is None or leave[1] > _LEAVE_SOON_S:
        return ""
    place, left_s = leave
    texts = moment.texts
    said = texts("leave_now") if left_s < _LEAVE_NOW_S else texts("leave_in", count=int(left_s // 60))
    # Whoever cannot reach the first has to know which one is meant.
    return said if place == 0 else texts("leave_for", leave=said, time=words.departures[place].clock.text)
