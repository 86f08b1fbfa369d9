"""The stop screen: the next departures of one or several stops, to be read from afar."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from api.answers.announcer import noticed
from api.answers.caching import digest_of
from api.reading.board import StopBoards
from api.reading.line_directions import line_directions, soonest_first
from api.reading.lines import Line
from api.words.abbreviations import told_apart
from api.words.alerts import AlertWords, panel_alert_words
from api.words.line_directions import LineDirectionWords, line_direction_words, nothing_leaves
from api.words.lines import apart_words
from api.words.moment import PageMoment

_MESSAGE_ROOM = 130
"""Characters that can be read at a glance: a longer message is shown in parts."""
_LEAST_ROOM = 50
_NAME_ROOM, _NARROW_NAME_ROOM = 27, 22
"""Letters of a stop's name that a line above its rows has room for, where two stops share a screen, and where more."""
_FALLBACK_S = 6 * 3600.0
_FALLBACK_DEPARTURES = 300
"""Of each stop: so much of the timetable a screen carries for when the network is gone."""


@dataclass(frozen=True)
class ScreenMessage:
    """What stands in the message band at one time."""

    lines: tuple[Line, ...]
    header: str
    text: str
    languages: tuple[str, str] = ("", "")
    """Tags of those in which header and text are, "" where that is the reader's or not known."""


@dataclass(frozen=True)
class ScreenStop:
    """One stop's departures."""

    name: str
    platform: str
    rows: list[LineDirectionWords]
    """One for each line and direction, soonest first."""
    say_platforms: bool
    """Whether they leave from more than one."""
    quiet: str
    """Said where there is none."""


@dataclass(frozen=True)
class ScreenPage:
    """What a screen shows."""

    stops: list[ScreenStop]
    messages: list[ScreenMessage]
    lines: list[Line]
    """Those whose colours it needs."""
    event_id: str
    """Changes when it shows something that its own countdown would not have come to."""


def screen_page(
    boards: StopBoards, moment: PageMoment, stops: list[int], limit: int, missing: Sequence[str] = (),
    route: int | None = None,
) -> ScreenPage:  # fmt: skip
    """At most `limit` rows of each stop, of one route where that is given, in the language of `moment`. `missing`: ids
    of further stops that were asked for and that the timetable has no more."""
    room = 0 if len(stops) == 1 else _NAME_ROOM if len(stops) == 2 else _NARROW_NAME_ROOM
    names = [moment.stop_name(stop) for stop in stops]
    short = [moment.abbreviations.shorten(name, room) if room else name for name in names]
    if len(set(short)) < len(set(names)):
        # In two lines those are told apart of which the first words are the same.
        short = [moment.abbreviations.shorten(name, 2 * room) for name in names]
        short = [told_apart(n, names, 2 * room) if short.count(s) > 1 else s for n, s in zip(names, short, strict=True)]
    shown = [_stop(boards, moment, stop, limit, name, route) for stop, name in zip(stops, short, strict=True)]
    messages = [ScreenMessage((), "", moment.texts("error_stop", id=stop_id)) for stop_id in missing]
    messages += [part for alert in panel_alert_words(moment, stops) for part in _parts(alert)]
    lines = {line.route: line for stop in stops for line in moment.lines.at_stop(stop)}
    lines |= {line.route: line for message in messages for line in message.lines}
    says = (
        moment.timetable.feed_version, moment.feed.stopped, messages,
        sorted(moment.disturbed & {row.line.route for stop in shown for row in stop.rows}),
        [(noticed(call), call.clock.day) for stop in shown for row in stop.rows for call in row.departures],
        [stop.quiet for stop in shown],
    )  # fmt: skip
    return ScreenPage(shown, messages, list(lines.values()), digest_of(says))


def screen_timetable(
    boards: StopBoards, moment: PageMoment, stops: list[int], route: int | None = None
) -> dict[str, object]:
    """The scheduled departures of the coming hours, for the screen's script; of one route where that is given.

    `lines`: name and class of each line's badge, and what tells it from others of its name; `destinations`; `stops`:
    for each stop, its departures as POSIX seconds, line, destination (indices), platform, whether it comes, and of a
    line run by headway how often: there is another after it.
    """
    lines: dict[int, int] = {}
    destinations: dict[str, int] = {}
    departures = [
        sorted(
            (
                round(row.published if row.scheduled is None else row.scheduled),
                lines.setdefault(row.route_idx, len(lines)),
                destinations.setdefault(moment.place_of(row.destination), len(destinations)),
                moment.platform(row.platform),
                int(row.comes),
                *([moment.every(row.headway_s)] if row.headway_s and row.source == "timetable" else []),
            )
            for row in boards.board(stop).first(_FALLBACK_DEPARTURES, route, moment.now + _FALLBACK_S)
        )
        for stop in stops
    ]
    badges = [moment.lines.all[route] for route in lines]
    return {
        "lines": [(line.name, line.badge.css_class, apart_words(line.apart, moment.texts)) for line in badges],
        "destinations": list(destinations),
        "stops": departures,
    }


def _stop(boards: StopBoards, moment: PageMoment, stop: int, limit: int, name: str, route: int | None) -> ScreenStop:
    directions = soonest_first(line_directions(moment, boards.board(stop), route))[:limit]
    return ScreenStop(
        name=name,
        platform=moment.platform(str(moment.timetable.stop_platform[stop])),
        rows=[line_direction_words(moment, row, stop, from_afar=True) for row in directions],
        say_platforms=len({call.platform for row in directions for call in row.departures}) > 1,
        quiet="" if directions else nothing_leaves(moment, stop, route),
    )


def _parts(alert: AlertWords) -> list[ScreenMessage]:
    header = f"{alert.about}{alert.header}"
    if not alert.description and len(header) > _MESSAGE_ROOM:
        languages = "", alert.languages[0]
        return [ScreenMessage(alert.lines, "", part, languages) for part in _pieces(header, _MESSAGE_ROOM)]
    room = max(_MESSAGE_ROOM - len(header), _LEAST_ROOM)
    return [ScreenMessage(alert.lines, header, part, alert.languages) for part in _pieces(alert.description, room)]


def _pieces(text: str, room: int) -> list[str]:
    """Pieces of at most `room` characters: whole sentences where they fit."""
    pieces = [""]
    for sentence in re.split(r"(?<=[.!?;])\s+", text):
        *cut, end = textwrap.wrap(sentence, room - 2) or [""]
        for part in [*(f"{part} …" for part in cut), end]:
            together = f"{pieces[-1]} {part}".strip()
            if len(together) <= room:
                pieces[-1] = together
            else:
                pieces.append(part)
    return pieces
