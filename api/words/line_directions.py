"""A line in one direction at a stop, in a rider's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from api.reading.board import WEEK_S, stop_boards
from api.reading.calls import RunCall
from api.reading.day_timetable import last_day, next_day, next_day_of_line
from api.reading.line_directions import LineDirection
from api.reading.lines import Line
from api.words.departures import DepartureWords
from api.words.moment import PageMoment
from api.words.times import TimeWords
from predictor.timetable import DAY_S

_FROM_AFAR, _ON_A_PHONE = 30, 60
"""Letters of a destination that can be read at a glance, and that there is room for."""
_OLD_S = 90.0
"""From this age on a report's age is said beside the departure."""


@dataclass(frozen=True)
class LineDirectionWords:
    """See `LineDirection`."""

    line: Line
    direction: int
    destination: str
    platform: str
    departures: list[DepartureWords]
    quiet: str
    """Said when nothing leaves within the next hours."""
    last: str
    """When the last departure of the service day leaves, "" where that is not known or nothing leaves soon."""


def line_direction_words(
    moment: PageMoment, row: LineDirection, at: int, *, from_afar: bool = False
) -> LineDirectionWords:
    """A row of the board of a stop, `at`, in the language of `moment`. `from_afar`: in few words, without what explains
    a time."""
    departures = [_departure(moment, call, row, at, from_afar=from_afar) for call in row.departures]
    return LineDirectionWords(
        line=moment.lines.all[row.line.route],
        direction=row.direction,
        destination=moment.abbreviations.shorten(
            moment.place_of(row.destination), _FROM_AFAR if from_afar else _ON_A_PHONE
        ),
        platform=moment.platform(row.platform),
        departures=departures,
        quiet="" if row.soon else quiet_words(moment, row.first),
        last=_last(moment, row) if row.soon else "",
    )


def quiet_words(moment: PageMoment, first: RunCall | None) -> str:
    """When the first departure after a quiet time leaves."""
    if first is None:
        return moment.texts("none_found")
    words, texts, at = moment.words_at(first.stop_idx), moment.texts, first.published
    if words.day(at):
        return f"{texts('none_today')} {texts('first_next', time=words.clock(at))}"
    return texts("next_at", time=words.clock(at))


def nothing_leaves(moment: PageMoment, stop: int, route: int | None = None) -> str:
    """What an empty board of a stop, or of one route there, says: when the first departure of the coming days leaves,
    on which later day one does, that the timetable ends or has ended, or that no line stops here."""
    (week,) = stop_boards(moment.view, [stop], moment.now, WEEK_S, route, arrivals=True)
    coming = np.flatnonzero(week.comes & week.boards)
    if not len(coming) and week.alights.any():
        return moment.texts("only_arrivals")
    if not len(coming):
        if not moment.lines.routes_at(stop):
            return _not_served(moment, stop)
        later = next_day(moment, stop) if route is None else next_day_of_line(moment, route)
        if said := _other_day(moment, moment.words_at(stop), later):
            return said
    return quiet_words(moment, week.row(int(coming[0])) if len(coming) else None)


def line_rests(moment: PageMoment, route: int) -> str:
    """What the page of a line says of which nothing leaves within a week: on which day something does, or nothing."""
    return _other_day(moment, moment.words, next_day_of_line(moment, route)) or moment.texts("none_found")


def _other_day(moment: PageMoment, words: TimeWords, later: float | None) -> str:
    """The later day on which something leaves, or that the timetable ends by then or has ended; "" where it goes on."""
    if later is not None:
        return moment.texts("next_on", date=words.date(later))
    last = last_day(moment)
    if last is None or last >= moment.now + WEEK_S:
        return ""
    # From midnight on: it is told by its noon.
    sentence = "timetable_ended" if last < moment.now - DAY_S / 2 else "timetable_ends"
    return moment.texts(sentence, date=words.date(last))


def _not_served(moment: PageMoment, stop: int) -> str:
    said, (instead, away_m) = moment.texts("not_served"), moment.lines.served_instead(stop)
    if instead < 0:
        return said
    return f"{said} {moment.texts('served_instead', place=moment.stop_name(instead), distance=moment.distance(away_m))}"


def _last(moment: PageMoment, row: LineDirection) -> str:
    """The last departure of the service day that the first one belongs to."""
    if row.last is None or row.first is None:
        return ""
    sentence = "last_is_this" if row.last_is_first else "last_at"
    return moment.texts(sentence, time=moment.words_at(row.first.stop_idx).time(row.last))


def _departure(moment: PageMoment, call: RunCall, row: LineDirection, at: int, *, from_afar: bool) -> DepartureWords:
    """`notes`: also why it does not come, another destination than its row's, platform; timetable time and age of the
    position, but from afar."""
    words, texts, departure = moment.words_at(call.stop_idx), moment.texts, DepartureWords(moment, call, at=at)
    live = departure.status == "live" and not from_afar
    notes = [departure.reason] if departure.reason else []
    if call.destination.casefold() != row.destination.casefold():
        departure.elsewhere = moment.towards(call.destination)
        notes.append(departure.elsewhere)
    first = call is row.departures[0]
    # Of later ones a screen has room for the platform alone, not for which it was to be.
    says_change = bool(call.planned_platform) and (first or not from_afar)
    if not row.platform and call.platform and not says_change:
        notes.append(texts("platform", name=moment.platform(call.platform)))
    # Once is enough: how often they come, what tells their line from others, and what the later ones were due at, which
    # stands on their trips' pages.
    once = {moment.every(other.headway_s) for other in row.departures if other.clock is None} | {departure.reason}
    if not first:
        once |= {moment.every(call.headway_s), moment.line_told(call), moment.part_of(at, row.departures[0])}
        # Of later ones a screen has no room for it.
        once |= {moment.goes_on(call)} if from_afar else set()
    if not says_change:
        once.add(moment.platform_change(call))
    notes += [note for note in departure.notes if note not in once]
    if first and live and (by_timetable := moment.timetable_time(call)):
        notes.append(texts("scheduled_at", time=by_timetable))
    if live and call.age_s is not None and call.age_s > _OLD_S:
        notes.append(texts("position_old", age=words.age(call.age_s)))
    departure.notes = tuple(notes)
    return departure
