"""Times of calls from what is told of some: delays made absolute and carried on, in order.

GTFS-Realtime has a delay hold for all stops behind it, and says nothing of the departure where the arrival alone is
told. Who arrives late where a wait is planned is taken to leave in time if it can, or as late as it is told to come
next: who comes for a time that is too late misses the run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from feeds.trip_updates.message_columns import StopTimeUpdates, UpdatedRuns, at, first_known
from feeds.trip_updates.planned_calls import PlannedCalls
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int64Array,
    first_of_each,
    is_one_of,
    or_where_unknown,
    running_maximum,
)
from predictor.stop_alignment import aligned
from predictor.timetable import Timetable
from predictor.trip_updates import STOP_NO_DATA, STOP_SCHEDULED, STOP_SKIPPED

EARLIEST_S = 2400.0
"""No run is so early: it is meant of another run, or a clock or a zone is wrong, and who waits by the timetable is
right."""
_OF_ANOTHER_RUN_S = 600.0
"""What is told so long before the scheduled time of a call behind which it lies, and whose own time is not believed, is
of the same other run, or of the same wrong clock."""
OUT_OF_ORDER_S = 60.0
"""Times that run backwards by less are predicted anew for one stop and not for the next."""
_WAIT_S = 60.0
"""Who is planned to stand so long at a stop waits there for its time."""


def with_starts(
    tt: Timetable, runs: UpdatedRuns, calls: PlannedCalls, updates: StopTimeUpdates, found: Int64Array
) -> PlannedCalls:
    """Calls of runs by headway that do not tell their start: as scheduled then, so that what is told is on time."""
    arrival, departure = calls.arrival.copy(), calls.departure.copy()
    time = first_known(updates.arrival, updates.departure)
    rows = np.flatnonzero((found >= 0) & ~np.isnan(time))
    rows = rows[np.isnan(arrival[found[rows]])]
    for owner in np.unique(updates.owner[rows]).tolist():
        row = rows[updates.owner[rows] == owner][0]
        span = np.flatnonzero(calls.owner == owner)
        entry = tt.trip_call_ptr[runs.trip[owner]] + calls.call[span]
        origin = time[row] - tt.arrival_s[tt.trip_call_ptr[runs.trip[owner]] + calls.call[found[row]]]
        arrival[span], departure[span] = origin + tt.arrival_s[entry], origin + tt.departure_s[entry]
        start = origin - tt.date_origin[runs.service_day[owner]]
        runs.shift_s[owner] = round(start)
    return replace(calls, arrival=arrival, departure=departure)


def expected_times(
    runs: UpdatedRuns,
    calls: PlannedCalls,
    updates: StopTimeUpdates,
    update: Int64Array,
    found: Int64Array,
    relationship: Int8Array,
    received_at: float,
    refused: Counter[str],
) -> tuple[Float64Array, Float64Array, BoolArray, BoolArray]:
    """Arrival and departure of each call (k,): as told, else by the delay that holds there; NaN where none does. Calls
    of which nothing is told are by the timetable, but no later than the next one: where that bounds them is told third.
    Those that are overdue by the timetable while one before them is still to be made come no earlier than that: which
    they are is told last.

    Parameters: `update` (k,): the call's last update, -1 where none; `found` (m,): the call of each update;
    `relationship` (k,).
    """
    owner = calls.owner
    arrival, departure = _told_times(updates, calls, update, found, refused)
    unbelieved = _unbelieved(runs, calls, first_known(arrival, departure))
    refused["time_too_early"] += int((unbelieved & (update >= 0)).sum())
    arrival, departure = np.where(unbelieved, np.nan, arrival), np.where(unbelieved, np.nan, departure)
    arrival, departure = _before_the_next(owner, arrival, departure, refused)
    arrival = _arrival_of_stay(calls, arrival, departure, relationship)
    is_told = ~np.isnan(arrival), ~np.isnan(departure)
    ends = (relationship == STOP_NO_DATA) | unbelieved
    delays = _delays(runs, calls, arrival, departure, ends)
    silent = ~is_one_of(relationship, (STOP_SKIPPED, STOP_NO_DATA)) & ~is_told[0] & ~is_told[1]
    arrival, departure = _carried_on(runs, calls, arrival, departure, delays, silent)
    arrival, departure = _giving_way(owner, arrival, departure, is_told)
    # No stop of which nothing is told is left after the next one.
    next_at = _next_told(owner, np.where(silent, np.nan, np.fmin(arrival, departure)))
    passed_by = (silent | (relationship == STOP_NO_DATA)) & (first_known(departure, calls.departure) > next_at)
    arrival, departure = np.where(passed_by, next_at, arrival), np.where(passed_by, next_at, departure)
    # From its last stop a run takes nobody on: when the vehicle leaves there says nothing of it.
    last = _last_served(owner, relationship)
    departure[last] = arrival[last]
    arrival, departure = _in_order(owner, arrival, departure, refused)
    before = running_maximum(or_where_unknown(departure, 0.0), owner)
    overdue = (relationship != STOP_SKIPPED) & np.isnan(departure) & (calls.departure < np.fmin(before, received_at))
    arrival, departure = np.where(overdue, before, arrival), np.where(overdue, before, departure)
    return arrival, departure, passed_by | overdue, overdue


def _unbelieved(runs: UpdatedRuns, calls: PlannedCalls, told: Float64Array) -> BoolArray:
    """At which calls (k,) the time told is too early to be believed: it says nothing of any other call either."""
    unbelieved = (calls.arrival - told > EARLIEST_S) & ~(runs.own_calls & ~runs.own_times)[calls.owner]
    # Nor does what would be long before a call that is by the timetable for that.
    leaves = running_maximum(np.where(unbelieved, calls.departure, 0.0), calls.owner)
    result: BoolArray = unbelieved | (leaves - told > _OF_ANOTHER_RUN_S)
    return result


def _before_the_next(
    owner: Int64Array, arrival: Float64Array, departure: Float64Array, refused: Counter[str]
) -> tuple[Float64Array, Float64Array]:
    """The times told (k,), without arrivals after the vehicle has left that are long after that, or after it is told to
    come to where it calls next; and without both where the run's other times contradict them."""
    next_at = _next_told(owner, first_known(arrival, departure))
    arrival = np.where((arrival > departure) & (arrival > np.fmin(next_at, departure + EARLIEST_S)), np.nan, arrival)
    wild = _contradicted(owner, np.fmax(arrival, departure))
    refused["time_running_backwards"] += int(wild.sum())
    return np.where(wild, np.nan, arrival), np.where(wild, np.nan, departure)


@dataclass(frozen=True, eq=False)
class _Delays:
    """Seconds at each call (k,), NaN where nothing is told."""

    own: Float64Array
    """By what is told of the call itself;"""
    carried: Float64Array
    """or of the last one before it, where it is left."""
    next: Float64Array
    """By what is told next behind it."""
    waits: BoolArray
    """Who is early there leaves at its time."""


def _delays(
    runs: UpdatedRuns, calls: PlannedCalls, arrival: Float64Array, departure: Float64Array, ends: BoolArray
) -> _Delays:
    """How late each call is by the times told; from those at which it `ends` (k,) no delay is carried on."""
    # Who comes early to where it waits for its time leaves at that time, unless the operator says otherwise.
    waits = calls.departure - calls.arrival >= _WAIT_S
    starts = waits | first_of_each(calls.owner)
    by_arrival_alone = arrival - calls.arrival
    by_arrival_alone = np.where(starts, np.maximum(by_arrival_alone, 0.0), by_arrival_alone)
    # Who comes late there waits for less, down to the delay that is told next: who is there in time boards.
    next_delay = _next_told(calls.owner, first_known(arrival - calls.arrival, departure - calls.departure))
    least = np.maximum(arrival - calls.departure, 0.0)
    for_less = np.clip(or_where_unknown(next_delay, 0.0), least, by_arrival_alone)
    by_arrival_alone = np.where(waits, for_less, by_arrival_alone)
    # Who is told to leave before it comes leaves when it comes: so late it is further on.
    own = np.where(np.isnan(departure), by_arrival_alone, np.fmax(departure, arrival) - calls.departure)
    carried = _carried(calls.owner, own, ends, waits, runs.delay_s)
    # A wait of which nothing is told absorbs what has to be caught up by the next time told.
    absorbs = waits & np.isnan(own) & (carried > np.maximum(next_delay, 0.0))
    if absorbs.any():
        least = np.maximum(carried - (calls.departure - calls.arrival), 0.0)
        own = np.where(absorbs, np.fmax(next_delay, least), own)
        carried = _carried(calls.owner, own, ends, waits, runs.delay_s)
    return _Delays(own, carried, next_delay, waits)


def _carried_on(
    runs: UpdatedRuns, calls: PlannedCalls, arrival: Float64Array, departure: Float64Array, delays: _Delays,
    silent: BoolArray,
) -> tuple[Float64Array, Float64Array]:  # fmt: skip
    """The times told (k,), with those by the delay that holds where the message is `silent`, and with the other of two
    events of which one is told."""
    before = _before(calls.owner, delays.carried, runs.delay_s)
    arrival = np.where(silent, calls.arrival + np.where(delays.waits, before, delays.carried), arrival)
    departure = np.where(silent, calls.departure + delays.carried, departure)
    # Of two events of which one is told the other is as late: the arrival as the departure before, if any; and who is
    # told to be less late further on has waited for less than it was planned to.
    before = np.where(np.isnan(delays.own), delays.carried, before)
    # Who leaves early where it waits has waited for less.
    own = np.where(delays.waits, np.maximum(delays.own, 0.0), delays.own)
    by_arrival = first_known(calls.arrival + before, calls.arrival + own, departure)
    by_departure = first_known(calls.departure + np.fmin(delays.own, delays.next), arrival)
    return (
        np.where(np.isnan(arrival), np.minimum(by_arrival, departure), arrival),
        np.where(np.isnan(departure), np.maximum(by_departure, arrival), departure),
    )


def _giving_way(
    owner: Int64Array, arrival: Float64Array, departure: Float64Array, is_told: tuple[BoolArray, BoolArray]
) -> tuple[Float64Array, Float64Array]:
    """The times (k,), what is only carried on no later than what is told further on."""
    times, told = np.column_stack([arrival, departure]).ravel(), np.column_stack(is_told).ravel()
    at_most = _next_told(np.repeat(owner, 2), np.where(told, times, np.nan))
    late = ~told & (times > at_most)
    times[late] = at_most[late]
    return times[0::2], np.where(is_told[1], times[1::2], np.fmax(times[0::2], times[1::2]))


def _last_served(owner: Int64Array, relationship: Int8Array) -> Int64Array:
    """Where each run (k,) makes its last call; one that is told of at a single stop goes on."""
    served = np.flatnonzero(relationship != STOP_SKIPPED)
    last: Int64Array = served[np.append(first_of_each(owner[served])[1:], True)[: len(served)]]
    return last[~first_of_each(owner)[last]]


def _told_times(
    updates: StopTimeUpdates, calls: PlannedCalls, update: Int64Array, found: Int64Array, refused: Counter[str]
) -> tuple[Float64Array, Float64Array]:
    """Arrival and departure of each call (k,) as its update tells them, NaN where it does not.

    Parameters: `update` (k,): the call's last update; `found` (m,): the call of each update. An entity may tell the
    arrival in one update and the departure in another.
    """
    without = 0
    times = []
    silent = is_one_of(at(updates.relationship, update, STOP_SCHEDULED), (STOP_SKIPPED, STOP_NO_DATA))
    of_last_entity = (found >= 0) & (updates.entity == at(updates.entity, at(update, found, NONE), NONE))
    for time, delay, scheduled in (
        (updates.arrival, updates.arrival_delay_s, calls.arrival),
        (updates.departure, updates.departure_delay_s, calls.departure),
    ):
        by_timetable = at(scheduled, found)
        without += int((np.isnan(time) & ~np.isnan(delay) & np.isnan(by_timetable) & (found >= 0)).sum())
        time = np.where(np.isnan(time), by_timetable + delay, time)
        rows = np.flatnonzero(of_last_entity & ~np.isnan(time))
        call_time = np.full(len(calls), np.nan)
        call_time[found[rows]] = time[rows]
        times.append(np.where(silent, np.nan, call_time))
    refused["delay_without_schedule"] += without
    return times[0], times[1]


def _arrival_of_stay(
    calls: PlannedCalls, arrival: Float64Array, departure: Float64Array, relationship: Int8Array
) -> Float64Array:
    """The arrivals (k,), that at the first of several calls in a row at one stop also at those of them that have none:
    who comes late there waits for less, and leaves no earlier."""
    first = np.maximum.accumulate(np.where(calls.stays, 0, np.arange(len(calls))))
    alone = calls.stays & np.isnan(arrival) & np.isnan(departure[first]) & (relationship == STOP_SCHEDULED)
    return np.where(alone, arrival[first], arrival)


def _carried(
    owner: Int64Array, delay: Float64Array, ends: BoolArray, waits: BoolArray, run_delay: Float64Array
) -> Float64Array:
    """Delay at which each call (k,) is left: its own or that of the last call before it that has one, else the run's.
    Earliness is carried on as far as the run `waits` for its time."""
    speaks = np.flatnonzero(~np.isnan(delay) | ends)
    last = np.searchsorted(speaks, np.arange(len(owner)), side="right") - 1
    last = at(speaks, last, NONE)
    of_this_run = at(owner, last, NONE) == owner
    last = np.where(of_this_run, last, np.searchsorted(owner, owner) - 1)
    carried = np.where(of_this_run, at(delay, last), run_delay[owner])
    # How many waits lie behind each call, after nothing, and after each.
    waited = np.append(0, np.cumsum(waits))
    return np.where(waited[1:] > waited[last + 1], np.maximum(carried, 0.0), carried)


def _next_told(owner: Int64Array, values: Float64Array) -> Float64Array:
    """What is told next behind each place (k,) of a run, NaN where nothing is."""
    speaks = np.flatnonzero(~np.isnan(values))
    following = at(np.append(speaks, NONE), np.searchsorted(speaks, np.arange(len(owner)), side="right"), NONE)
    return np.where(at(owner, following, NONE) == owner, at(values, following), np.nan)


def _before(owner: Int64Array, delay: Float64Array, run_delay: Float64Array) -> Float64Array:
    """The delay at the call before each call (k,), at the first one the run's."""
    before = np.empty(len(delay))
    before[1:], before[:1] = delay[:-1], np.nan
    return np.where(first_of_each(owner), run_delay[owner], before)


def _contradicted(owner: Int64Array, times: Float64Array) -> BoolArray:
    """Which times (k,) are not believed: the fewest without which those of the run go forwards, where these are fewer
    than would have to wait for them, or wild. A time left of another lap would hold up all that is told behind it."""
    told = np.flatnonzero(~np.isnan(times))
    waits_s = running_maximum(times[told], owner[told]) - times[told]
    result = np.zeros(len(times), bool)
    for run in np.unique(owner[told[waits_s > OUT_OF_ORDER_S]]).tolist():
        rows = np.flatnonzero(owner[told] == run)
        seconds = times[told[rows]].astype(np.int64)
        astray = np.array(aligned(tuple(seconds.tolist()), tuple(np.sort(seconds).tolist()))) < 0
        if astray.sum() < (waits_s[rows] > 0.0).sum() or waits_s[rows].max() > EARLIEST_S:
            result[told[rows[astray]]] = True
    return result


def _in_order(
    owner: Int64Array, arrival: Float64Array, departure: Float64Array, refused: Counter[str]
) -> tuple[Float64Array, Float64Array]:
    """The times (k,) with none before the one before it in the run."""
    times = np.column_stack([arrival, departure]).ravel()
    known = np.flatnonzero(~np.isnan(times))
    ordered = running_maximum(times[known], np.repeat(owner, 2)[known])
    refused["time_running_backwards"] += int((ordered > times[known]).sum())
    times[known] = ordered
    return times[0::2].copy(), times[1::2].copy()
