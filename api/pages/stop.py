"""The stop page: coming departures by line and direction, in a rider's words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from api.reading.alerts import stop_alerts
from api.reading.board import StopBoards
from api.reading.line_directions import line_directions, soonest_first
from api.reading.lines import Line
from api.words.alerts import AlertWords, first_alert_words, moved_words
from api.words.line_directions import LineDirectionWords, line_direction_words, nothing_leaves
from api.words.moment import PageMoment
from api.words.times import TimeWords
from feeds.alerts.alert import Alert

ORDERS = ("soonest", "line")
"""In which rows may stand, the first where nobody chose."""
_DESTINATIONS = 2
_MOST_CARDS = 6
"""With more lines and directions than so, each gets a row only."""


@dataclass(frozen=True)
class StopPage:
    """What the stop page shows."""

    stop_id: str
    name: str
    code: str
    platform: str
    wheelchair: int
    """`wheelchair_boarding`: 0 unknown, 1 yes, 2 no."""
    groups: list[LineDirectionWords]
    busy: bool
    """Whether there are so many that each gets a row only, to be ordered and chosen from."""
    order: str
    """One of `ORDERS`."""
    only: str
    """The route_id of the only line shown, "" for all."""
    quiet: str
    """Said when nothing leaves at all in the coming days."""
    alerts: list[AlertWords]
    """Which departures are not where the timetable has them, and the messages in force."""
    lines: list[Line]
    clock: TimeWords
    """Says times as clocks there show them."""
    facts: list[str]
    """What tells this stop from another of its name: platform, destinations."""


def stop_page(boards: StopBoards, moment: PageMoment, stop: int, order: str = "", only: str = "") -> StopPage:
    """The board of a stop; of a station, all its platforms'.

    Parameters: `order`: one of `ORDERS`, others mean the first; `only`: a route_id, others than the stop's mean all.
    """
    tt = moment.timetable
    station = int(tt.station[stop])
    rows = line_directions(moment, boards.board(stop))
    busy, lines = len(rows) > _MOST_CARDS, moment.lines.at_stop(stop)
    order = order if order in ORDERS else ORDERS[0]
    only = only if busy and only in {line.route_id for line in lines} else ""
    if busy and order == ORDERS[0]:
        rows = soonest_first(rows)
    wanted = moment.lines.as_one([tt.route_index[only]]) if only else frozenset()
    groups = [line_direction_words(moment, row, stop) for row in rows if not only or row.line.route in wanted]
    return StopPage(
        stop_id=str(tt.stop_id[stop]),
        name=moment.stop_name(stop),
        code=str(tt.stop_code[stop]) if tt.stop_code[stop] != tt.stop_name[stop] else "",
        platform=moment.platform(str(tt.stop_platform[stop])),
        wheelchair=int(tt.stop_wheelchair[stop]) or int(tt.stop_wheelchair[station]),
        groups=groups,
        busy=busy,
        order=order,
        only=only,
        quiet="" if rows else nothing_leaves(moment, stop),
        alerts=stop_messages(moment, stop, stop_alerts(moment, stop)),
        lines=lines,
        clock=moment.words_at(stop),
        facts=_facts(moment, moment.platform(str(tt.stop_platform[stop])), groups),
    )


def stop_messages(moment: PageMoment, stop: int, alerts: list[Alert]) -> list[AlertWords]:
    """Which departures are not where the timetable has them, and some alerts, for who waits at a stop."""
    return [*moved_words(moment, stop), *at_its_platforms(moment, stop, first_alert_words(moment, alerts, [stop]))]


def at_its_platforms(moment: PageMoment, stop: int, alerts: list[AlertWords]) -> list[AlertWords]:
    """Messages on a stop's page, each with the platforms there that it is about, where it is not about all of it."""
    tt = moment.timetable
    own, *platforms = (str(tt.stop_id[member]) for member in tt.members(stop).tolist())
    placed = []
    for alert in alerts:
        named = tuple(place for place in alert.stops if place[0] in platforms)
        part = own not in dict(alert.stops) and len(named) < len(platforms)
        placed.append(replace(alert, stops=named if part else ()))
    return placed


def _facts(moment: PageMoment, platform: str, groups: list[LineDirectionWords]) -> list[str]:
    destinations = list(dict.fromkeys(group.destination for group in groups))[:_DESTINATIONS]
    facts = [moment.towards(place) for place in destinations]
    return [moment.texts("platform", name=platform), *facts] if platform else facts
