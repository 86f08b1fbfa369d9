"""The stop page: coming departures by line and direction, in a rider's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from api.reading.alerts import stop_alerts
from api.reading.board import StopBoard
from api.reading.calls import RunCall
from api.reading.lines import Line
from api.words.departures import DepartureWords, departure_words
from api.words.moment import COMING, AlertWords, PageMoment
from predictor.snapshot import STATUSES

DEPARTURES_A_GROUP = 3
_DESTINATIONS = 2
_SOON_S = 2 * 3600.0
_FAR_S = 36 * 3600.0
"""How far ahead the first departure after a quiet time is looked for; if there is none at all, `_WEEK_S`."""
_WEEK_S = 8 * 86400.0
_OLD_S = 90.0
"""From this age on a report's age is said beside the departure."""
_WORTH_SAYING_S = 120.0
"""From this deviation on the timetable's time is said beside the predicted one."""


@dataclass(frozen=True)
class GroupWords:
    """A line in one direction."""

    line: Line
    direction: int
    """`direction_id`, -1 where the feed gives none."""
    destination: str
    platform: str
    """Where all of its departures leave from the same one."""
    departures: list[DepartureWords]
    quiet: str
    """Said when nothing leaves within the next hours."""
    last: str
    """When the last departure of the service day leaves, "" where that is not known or nothing leaves soon."""


@dataclass(frozen=True)
class StopPage:
    """What the stop page shows."""

    stop_id: str
    name: str
    code: str
    platform: str
    wheelchair: int
    """`wheelchair_boarding`: 0 unknown, 1 yes, 2 no."""
    groups: list[GroupWords]
    quiet: str
    """Said when nothing leaves at all in the coming days."""
    alerts: list[AlertWords]
    lines: list[Line]
    facts: list[str]
    """What tells this stop from another of its name: platform, destinations."""


def stop_page(moment: PageMoment, stop: int) -> StopPage:
    """The board of a stop; of a station, all its platforms'."""
    tt = moment.timetable
    station = stop if tt.stop_parent[stop] < 0 else int(tt.stop_parent[stop])
    board = StopBoard(moment.view, stop, moment.now, _FAR_S)
    groups = [_group(moment, board, rows) for rows in _by_group(moment, board)]
    return StopPage(
        stop_id=str(tt.stop_id[stop]),
        name=str(tt.stop_name[stop]),
        code=str(tt.stop_code[stop]),
        platform=str(tt.stop_platform[stop]),
        wheelchair=int(tt.stop_wheelchair[stop]) or int(tt.stop_wheelchair[station]),
        groups=groups,
        quiet="" if groups else _next_of_all(moment, stop),
        alerts=moment.said_all(stop_alerts(moment, stop)),
        lines=moment.lines.at_stop(stop),
        facts=_facts(moment, str(tt.stop_platform[stop]), groups),
    )


def _facts(moment: PageMoment, platform: str, groups: list[GroupWords]) -> list[str]:
    destinations = list(dict.fromkeys(group.destination for group in groups))[:_DESTINATIONS]
    facts = [moment.towards(place) for place in destinations]
    return [moment.texts("platform", name=platform), *facts] if platform else facts


def _by_group(moment: PageMoment, board: StopBoard) -> list[list[int]]:
    """Rows of the board by line and direction (by headsign, where the feed gives no direction), soonest first."""
    tt, trip = moment.timetable, board.calls.trip
    direction = tt.pattern_direction[tt.trip_pattern[trip]].tolist()
    groups: defaultdict[tuple[int, int, str], list[int]] = defaultdict(list)
    for row, route in enumerate(tt.trip_route[trip].tolist()):
        towards = str(board.destinations[row]) if direction[row] < 0 else ""
        groups[moment.lines.rank[route], direction[row], towards].append(row)
    return [groups[key] for key in sorted(groups)]


def _group(moment: PageMoment, board: StopBoard, rows: list[int]) -> GroupWords:
    soon = [row for row in rows if board.calls.published[row] <= moment.now + _SOON_S]
    shown = [board.row(row) for row in _first_few(board, [r for r in rows if not board.repeats[r]])] if soon else []
    first = shown[0] if shown else board.row(rows[0])
    destinations = board.destinations[soon or rows].tolist()
    # The usual destination names the group; what goes elsewhere says so itself.
    usual = max(dict.fromkeys(destinations), key=destinations.count)
    platforms = {row.platform for row in shown}
    one_platform = len(platforms) == 1
    return GroupWords(
        line=moment.lines.all[first.route_idx],
        direction=first.direction,
        destination=usual,
        platform=platforms.pop() if one_platform else "",
        departures=[
            _departure(moment, row, usual, say_platform=not one_platform, first=place == 0)
            for place, row in enumerate(shown)
        ],
        quiet="" if soon else _quiet(moment, board, rows),
        last=_last(moment, board, rows) if soon else "",
    )


def _coming(board: StopBoard, rows: Iterable[int]) -> list[int]:
    return [row for row in rows if STATUSES[board.status[row]] in COMING]


def _last(moment: PageMoment, board: StopBoard, rows: list[int]) -> str:
    """The last departure of the service day that the first of `rows` belongs to."""
    running = _coming(board, rows)
    if not running:
        return ""
    day = board.calls.service_day
    last = [row for row in running if day[row] == day[running[0]]][-1]
    if board.slot[last]:
        return ""
    said = "last_is_this" if last == running[0] else "last_at"
    return moment.texts(said, time=moment.words.time(float(board.calls.published[last])))


def _first_few(board: StopBoard, rows: list[int]) -> list[int]:
    """The first departures; where none of them comes, the first one that does stands in for the last of them."""
    shown = rows[:DEPARTURES_A_GROUP]
    coming = next(iter(_coming(board, rows)), None)
    if coming is not None and coming not in shown:
        shown = [*shown[:-1], coming]
    return shown


def _departure(moment: PageMoment, row: RunCall, usual: str, *, say_platform: bool, first: bool) -> DepartureWords:
    """`notes`: also why it does not come, another destination than its group's, platform, timetable time, age of the
    position."""
    words, texts, departure = moment.words, moment.texts, departure_words(moment, row)
    live = departure.status == "live"
    notes = [reason] if not departure.comes and (reason := moment.reason_for(row)) else []
    if row.destination != usual:
        notes.append(moment.towards(row.destination))
    if say_platform and row.platform:
        notes.append(texts("platform", name=row.platform))
    notes += departure.notes
    # Once is enough: what the later ones were due at stands on their trips' pages.
    if first and live and row.scheduled is not None and abs(row.published - row.scheduled) >= _WORTH_SAYING_S:
        notes.append(texts("scheduled_at", time=words.time(row.scheduled)))
    if live and row.age_s is not None and row.age_s > _OLD_S:
        notes.append(texts("position_old", age=words.age(row.age_s)))
    return replace(departure, notes=tuple(notes))


def _quiet(moment: PageMoment, board: StopBoard, rows: Iterable[int]) -> str:
    running = _coming(board, rows)
    if not running:
        return moment.texts("none_found")
    words, texts = moment.words, moment.texts
    at = float(board.calls.published[running[0]])
    if words.day(at):
        return f"{texts('none_today')} {texts('first_next', time=words.clock(at))}"
    return texts("next_at", time=words.clock(at))


def _next_of_all(moment: PageMoment, stop: int) -> str:
    week = StopBoard(moment.view, stop, moment.now, _WEEK_S)
    return _quiet(moment, week, range(min(len(week), 1)))
