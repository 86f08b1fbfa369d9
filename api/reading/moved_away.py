"""Departures that the timetable has at a stop and that the operator has taken from there: to another platform, to a
stop on a diversion, or away altogether. They are no departures of that stop, but who waits there has to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from api.reading.board import WINDOW_S, stop_boards
from api.reading.calls import RunCall
from api.reading.moment import Moment
from predictor.arrays import NONE, Int32Array
from predictor.geometry import ground_distance_m
from predictor.stop_alignment import aligned
from predictor.timetable import NO_PICKUP, Timetable
from predictor.trip_updates import TRIP_REPLACEMENT, TRIP_SCHEDULED


class MovedDeparture(NamedTuple):
    """A departure of the timetable that does not take place at its stop."""

    stop_idx: int
    """Where it was to leave,"""
    scheduled: float
    """and when; POSIX seconds."""
    run: RunCall
    """The run's call in the place of this one, else the one that follows."""
    leaves: bool
    """It may be boarded there, in the place of this stop."""


class _GivenUp(NamedTuple):
    """A call of the timetable that the operator's own run in its trip's place does not make."""

    run: int
    """The trip that the run is in the overlay."""
    trip: int
    call: int
    """Of the timetable's trip."""
    own_call: int
    """The run's own call in place of it, else the one that follows."""
    is_replaced: bool


def moved_departures(moment: Moment, stop: int) -> list[MovedDeparture]:
    """Departures within the next two hours that are not where the timetable has them: at a stop, or (a station) at any
    of its platforms, where they leave from none of them; in the timetable's order, each until the run is past."""
    tt, now, members = moment.timetable, moment.now, moment.timetable.members(stop).tolist()
    given_up = [call for member in members for call in _given_up(tt).get(member, ())]
    if not given_up:
        return []
    own = {call: int(tt.stop_at(call.run, call.own_call)) for call in given_up}
    found: list[MovedDeparture] = []
    stops = list(dict.fromkeys(own.values()))
    for at, board in zip(stops, stop_boards(moment.view, stops, now, arrivals=True), strict=True):
        calls = zip(board.calls.trip.tolist(), board.calls.call.tolist(), strict=True)
        place = {call: i for i, call in enumerate(calls)}
        for call in given_up:
            i = place.get((call.run, call.own_call)) if own[call] == at else None
            if i is None or (call.is_replaced and at in members):
                continue
            row, entry = board.row(i), tt.entry_of(call.trip, call.call)
            scheduled = float(tt.date_origin[row.service_day] + row.shift_s + tt.departure_s[entry])
            if row.status != "cancelled" and scheduled <= now + WINDOW_S:
                leaves = call.is_replaced and row.comes and row.boards
                found.append(MovedDeparture(int(tt.call_stop[entry]), scheduled, row, leaves))
    return sorted(found, key=lambda moved: moved.scheduled)


def moved_from_all(moment: Moment, stops: Iterable[int]) -> list[MovedDeparture]:
    """Those of several stops, each once though a platform is asked for beside its station."""
    found = {(moved.stop_idx, moved.run.key): moved for stop in stops for moved in moved_departures(moment, stop)}
    return sorted(found.values(), key=lambda moved: moved.scheduled)


@lru_cache(maxsize=2)
def _given_up(tt: Timetable) -> dict[int, list[_GivenUp]]:
    """By the stop at which riders wait."""
    found: dict[int, list[_GivenUp]] = {}
    of_patterns: dict[tuple[int, int], list[tuple[int, int, bool]]] = {}
    for run in range(tt.base.trips, tt.trips):
        model = int(tt.run_models[run])
        in_its_place = model >= 0 and tt.trip_id[run] == tt.trip_id[model] and not tt.trip_is_frequency[model]
        if not in_its_place or tt.run_relationships[run] not in (TRIP_SCHEDULED, TRIP_REPLACEMENT):
            continue
        patterns = int(tt.trip_pattern[run]), int(tt.trip_pattern[model])
        if patterns not in of_patterns:
            of_patterns[patterns] = list(_given_up_by(tt, run, model))
        for call, own_call, is_replaced in of_patterns[patterns]:
            entry = tt.entry_of(model, call)
            if tt.pickup_type[entry] != NO_PICKUP:
                given_up = _GivenUp(run, model, call, own_call, is_replaced)
                found.setdefault(int(tt.call_stop[entry]), []).append(given_up)
    return found


def _given_up_by(tt: Timetable, run: int, model: int) -> Iterator[tuple[int, int, bool]]:
    """`call`, `own_call` and `is_replaced` of each call that a run gives up."""
    own, planned = (tt.call_stop[tt.calls_of(trip)] for trip in (run, model))
    if np.array_equal(own, planned):
        return
    same = np.array(aligned(tuple(own.tolist()), tuple(planned.tolist())))
    for call in np.flatnonzero(~np.isin(planned[:-1], own)).tolist():
        # Between the calls before and behind it that both make.
        before = int(np.flatnonzero((same >= 0) & (same < call)).max(initial=NONE))
        behind = int(np.flatnonzero(same > call).min(initial=len(own)))
        between = np.arange(before + 1, behind)
        if len(between):
            yield call, int(between[_nearest(tt, own[between], int(planned[call]))]), True
        else:
            yield call, min(behind, len(own) - 1), False


def _nearest(tt: Timetable, stops: Int32Array, to: int) -> int:
    here = np.full(len(stops), to)
    away_m = ground_distance_m(tt.stop_lat[stops], tt.stop_lon[stops], tt.stop_lat[here], tt.stop_lon[here])
    return int(np.argmin(away_m))
