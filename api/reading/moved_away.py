"""Departures that the timetable has at a stop and that the operator has taken from there: to another platform, to a
stop on a diversion, or away altogether. They are no departures of that stop, but who waits there has to know."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from api.reading.board import WINDOW_S, stop_boards
from api.reading.calls import RunCall
from api.reading.given_up import GivenUp, given_up_calls
from api.reading.moment import Moment
from predictor.timetable import NO_PICKUP, Timetable


class MovedDeparture(NamedTuple):
    """A departure of the timetable that does not take place at its stop."""

    stop_idx: int
    """Where it was to leave,"""
    scheduled: float
    """and when; POSIX seconds. A run by headway has no other time than that at which it leaves now."""
    run: RunCall
    """The run's call in the place of this one, else the one that follows."""
    leaves: bool
    """It may be boarded there, in the place of this stop."""


def moved_departures(moment: Moment, stop: int) -> list[MovedDeparture]:
    """Departures within the next two hours that are not where the timetable has them: at a stop, or (a station) at any
    of its platforms, where they leave from none of them; in the timetable's order, each until the run is past."""
    return moved_departures_along(moment, [stop])[stop]


def moved_departures_along(moment: Moment, stops: Iterable[int]) -> dict[int, list[MovedDeparture]]:
    """The same of many stops: the boards at which they are told instead are read in one pass."""
    tt, now = moment.timetable, moment.now
    if not _given_up(tt):
        return {stop: [] for stop in stops}
    members = {stop: tt.members(stop).tolist() for stop in stops}
    given_up = {stop: [call for at in places for call in _given_up(tt).get(at, ())] for stop, places in members.items()}
    own = {call: int(tt.stop_at(call.run, call.own_call)) for calls in given_up.values() for call in calls}
    told, read = {(call.run, call.own_call) for call in own}, list(dict.fromkeys(own.values()))
    rows: dict[tuple[int, int], RunCall] = {}
    for board in stop_boards(moment.view, read, now, arrivals=True) if read else ():
        at = list(zip(board.calls.trip.tolist(), board.calls.call.tolist(), strict=True))
        wanted = [i for i, call in enumerate(at) if call in told]
        # Made together, for a few rows cost as much as many.
        rows.update(zip((at[i] for i in wanted), board.rows(wanted), strict=True))
    found: dict[int, list[MovedDeparture]] = {stop: [] for stop in members}
    for stop, calls in given_up.items():
        for call in calls:
            row = rows.get((call.run, call.own_call))
            if row is None or (call.is_replaced and own[call] in members[stop]):
                continue
            entry = tt.entry_of(call.trip, call.call)
            scheduled = float(tt.date_origin[row.service_day] + row.shift_s + tt.departure_s[entry])
            scheduled = row.published if tt.trip_is_frequency[call.trip] else scheduled
            if row.status != "cancelled" and scheduled <= now + WINDOW_S:
                leaves = call.is_replaced and row.comes and row.boards
                found[stop].append(MovedDeparture(int(tt.call_stop[entry]), scheduled, row, leaves))
    return {stop: sorted(moved, key=lambda departure: departure.scheduled) for stop, moved in found.items()}


def moved_from_all(moment: Moment, stops: Iterable[int]) -> list[MovedDeparture]:
    """Those of several stops, each once though a platform is asked for beside its station."""
    by_stop = moved_departures_along(moment, stops).values()
    found = {(moved.stop_idx, moved.run.key): moved for moved in chain.from_iterable(by_stop)}
    return sorted(found.values(), key=lambda moved: moved.scheduled)


@lru_cache(maxsize=2)
def _given_up(tt: Timetable) -> dict[int, list[GivenUp]]:
    """By the stop at which riders wait."""
    found: dict[int, list[GivenUp]] = {}
    for call in chain.from_iterable(given_up_calls(tt).values()):
        entry = tt.entry_of(call.trip, call.call)
        if tt.pickup_type[entry] != NO_PICKUP and call.call < tt.trip_calls[call.trip] - 1:
            found.setdefault(int(tt.call_stop[entry]), []).append(call)
    return found
