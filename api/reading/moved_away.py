"""Departures that the timetable has at a stop and that the operator has taken from there: to another platform, to a
stop on a diversion, or away altogether, where the run calls there no more, ends there now, or takes nobody on. They are
no departures of that stop, but who waits there has to know."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

import numpy as np

from api.reading.board import WINDOW_S, stop_boards
from api.reading.calls import RunCall
from api.reading.destinations import destination_of
from api.reading.given_up import GivenUp, given_up_calls
from api.reading.moment import Moment
from predictor.arrays import BoolArray, Int32Array
from predictor.runs import DatedRuns
from predictor.snapshot import Snapshot
from predictor.timetable import NO_PICKUP, Timetable


class MovedDeparture(NamedTuple):
    """A departure of the timetable that does not take place at its stop."""

    stop_idx: int
    """Where it was to leave,"""
    scheduled: float
    """when; POSIX seconds. A run by headway has no other time than that at which it leaves now,"""
    destination: str
    """and where to: where it goes now, where it leaves from elsewhere."""
    run: RunCall
    """The run's call in the place of this one, else the one that follows."""
    leaves: bool
    """It may be boarded there, in the place of this stop."""
    ends_here: bool
    """The run calls here, and goes no further;"""
    lets_nobody_on: bool
    """it goes on, but without anybody from here."""


class _Taken(NamedTuple):
    run: int
    """Key of the dated run,"""
    own_call: int
    """and its call in the place of this one, else the one that follows, the last where none does,"""
    own_stop: int
    """where it is."""
    trip: int
    """By the timetable,"""
    call: int
    shift_s: int
    is_replaced: bool
    is_closed: bool
    """The run calls there, but takes nobody on."""


def moved_departures(moment: Moment, stop: int) -> list[MovedDeparture]:
    """Departures within the next two hours that are not where the timetable has them: at a stop, or (a station) at any
    of its platforms, where they leave from none of them; in the timetable's order, each until the run is past."""
    return moved_departures_along(moment, [stop])[stop]


def moved_departures_along(moment: Moment, stops: Iterable[int]) -> dict[int, list[MovedDeparture]]:
    """The same of many stops: the boards at which they are told instead are read in one pass."""
    tt, now, snapshot = moment.timetable, moment.now, moment.view.snapshot
    taken_at = moment.view.once("departures taken from stops", lambda: _taken(snapshot))
    if not taken_at:
        return {stop: [] for stop in stops}
    members = {stop: tt.members(stop).tolist() for stop in stops}
    taken = {stop: [(at, call) for at in places for call in taken_at.get(at, ())] for stop, places in members.items()}
    told = {(call.run, call.own_call) for _, call in chain.from_iterable(taken.values())}
    read = list(dict.fromkeys(call.own_stop for _, call in chain.from_iterable(taken.values())))
    rows: dict[tuple[int, int], RunCall] = {}
    for board in stop_boards(moment.view, read, now, arrivals=True) if read else ():
        at = list(zip(board.calls.run_key.tolist(), board.calls.call.tolist(), strict=True))
        wanted = [i for i, call in enumerate(at) if call in told]
        # Made together, for a few rows cost as much as many.
        rows.update(zip((at[i] for i in wanted), board.rows(wanted), strict=True))
    found: dict[int, list[MovedDeparture]] = {stop: [] for stop in members}
    for stop, calls in taken.items():
        for at_stop, call in calls:
            row = rows.get((call.run, call.own_call))
            if row is None or (call.is_replaced and row.boards and row.stop_idx in members[stop]):
                continue
            entry = tt.entry_of(call.trip, call.call)
            scheduled = float(tt.date_origin[row.service_day] + call.shift_s + tt.departure_s[entry])
            scheduled = row.published if tt.trip_is_frequency[call.trip] else scheduled
            if scheduled > now + WINDOW_S:
                continue
            leaves = call.is_replaced and row.comes and row.boards
            bound_for = row.destination if leaves else destination_of(tt, call.trip)
            ends_here = not call.is_closed and not row.boards and row.stop_idx in members[stop]
            found[stop].append(MovedDeparture(at_stop, scheduled, bound_for, row, leaves, ends_here, call.is_closed))
    return {stop: sorted(moved, key=lambda departure: departure.scheduled) for stop, moved in found.items()}


def moved_from_all(moment: Moment, stops: Iterable[int]) -> list[MovedDeparture]:
    """Those of several stops, each once though a platform is asked for beside its station."""
    by_stop = moved_departures_along(moment, stops).values()
    found = {(moved.stop_idx, moved.run.key): moved for moved in chain.from_iterable(by_stop)}
    return sorted(found.values(), key=lambda moved: moved.scheduled)


def _taken(snapshot: Snapshot) -> dict[int, list[_Taken]]:
    """By the stop at which riders wait: calls that runs of the operator's own do not make, or at which they take nobody
    on, and those at which runs end early."""
    tt, short, former = snapshot.timetable, snapshot.shortened, snapshot.timetable.former_stops
    gone = np.array(list(chain.from_iterable(given_up_calls(tt).values())), np.int32).reshape(-1, len(GivenUp._fields))
    run, trip, call, own_call, is_replaced, _ = gone.T
    taken = [
        *_each(tt, _own_runs(tt, run), own_call, trip, call, is_replaced=is_replaced > 0),
        *_closed(tt),
        *_each(tt, short.runs, short.ends_at, short.trip, short.ends_at),
    ]
    places = [(int(tt.stop_at(each.trip, each.call)), each) for each in taken]
    # Those of the operator's own runs are taken, too, from the stops at which they were told to be made before.
    told_before = _each(tt, _own_runs(tt, former.trip), former.call, former.trip, former.call, is_replaced=True)
    places += zip(former.stop.tolist(), told_before, strict=True)
    found: dict[int, list[_Taken]] = {}
    for stop, each in places:
        entry = tt.entry_of(each.trip, each.call)
        if tt.pickup_type[entry] != NO_PICKUP and each.call < tt.trip_calls[each.trip] - 1:
            found.setdefault(stop, []).append(each)
    return found


def _own_runs(tt: Timetable, trip: Int32Array) -> DatedRuns:
    """Runs of the operator's own by the trips (n,) that they are in the overlay."""
    own = trip - tt.base.trips
    return DatedRuns(trip, tt.own_runs.service_day[own], tt.own_runs.shift_s[own])


def _each(
    tt: Timetable, runs: DatedRuns, own_call: Int32Array, trip: Int32Array, call: Int32Array,
    *, is_replaced: BoolArray | bool = False, is_closed: bool = False,
) -> list[_Taken]:  # fmt: skip
    """One for each of the runs (n,)."""
    columns = np.broadcast_arrays(
        runs.run_key, own_call, tt.stop_at(runs.trip, own_call), trip, call, runs.shift_s, is_replaced, is_closed
    )
    return [_Taken(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _closed(tt: Timetable) -> list[_Taken]:
    """Calls of runs in the place of the timetable's at which they take nobody on, who might board by the timetable."""
    own = np.arange(tt.base.trips, tt.trips, dtype=np.int32)
    of, entry = tt.entries_of(own)
    call, model = tt.call_at(entry), tt.run_models[own[of]]
    planned = tt.planned_entries(own[of], call)
    closed = (planned >= 0) & (tt.pickup_type[entry] == NO_PICKUP) & (tt.pickup_type[planned] != NO_PICKUP)
    closed &= (tt.call_stop[entry] == tt.call_stop[planned]) & (tt.trip_id[own[of]] == tt.trip_id[model])
    of, call, model, entry = of[closed], call[closed], model[closed], entry[closed]
    # Of a call at which nobody gets off either no board tells: then the next one is asked.
    told = call + ((call == 0) | (tt.alighting[entry] == NO_PICKUP))
    return _each(tt, _own_runs(tt, own[of]), told, model, call, is_closed=True)
