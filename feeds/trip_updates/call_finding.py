"""Which call of its run each stop time update means.

By `stop_sequence`, and by the stop where that is missing or speaks against it. Numbers alone that the timetable does
not have, and that begin at 0 or end at the number of calls, are places in the run; a feed that has begun at 0 goes on
to count so when it tells of the first call no more. A stop id that is none of the run's
may be another platform of a station that it calls at, another pole of the name, or the station itself. A stop that is
served twice is told apart by the order of the updates, then by what they say: a departure is not of the last call, an
arrival not of the first, and the time is near the timetable's.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from feeds.ids.call_numbers import Numbering
from feeds.trip_updates.message_columns import StopTimeUpdates, at, first_known
from feeds.trip_updates.planned_calls import PlannedCalls
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int32Array,
    Int64Array,
    first_of_each,
    group_starts,
    or_where_unknown,
    places_of,
)

_NOT_FOUND = 1.0e9
_WRONG_EVENT = 1.0e6
_OTHER_PLATFORM = 1.0e5
_FIRST_FIRST = 1.0e-3


def find_calls(
    place_of_stop: Int32Array,
    calls: PlannedCalls,
    updates: StopTimeUpdates,
    numbering: Numbering,
    received_at: float,
    refused: Counter[str],
) -> Int64Array:
    """Row in `calls` of each update (m,), which are in order of runs, -1 where none. `place_of_stop` (S,): as of
    `poles.place_of`."""
    owner, sequence, stop = updates.owner, updates.sequence, updates.stop
    order = np.argsort((calls.owner << 32) + calls.sequence, kind="stable")
    found = places_of((owner << 32) + np.maximum(sequence, 0), ((calls.owner << 32) + calls.sequence)[order])
    found = at(order, found, NONE)
    found[sequence < 0] = NONE
    counted, first = _places(calls, owner, sequence, stop, found, numbering)
    place = (owner[counted] << 32) + sequence[counted] - first
    in_run = np.argsort(by_place := (calls.owner << 32) + calls.call, kind="stable")
    found[counted] = at(in_run, places_of(place, by_place[in_run]), NONE)
    at_stop = at(calls.stop, found, NONE)
    rows = np.flatnonzero((stop >= 0) & (at_stop != stop))
    # The call that the number names may have moved to another platform, if the run does not call there anyway.
    stride = len(place_of_stop)
    its_own = np.isin(owner[rows] * stride + stop[rows], calls.owner * stride + calls.stop)
    moved = ~its_own & (at_stop[rows] >= 0) & (place_of_stop[at_stop[rows]] == place_of_stop[stop[rows]])
    rows = rows[~moved]
    if len(rows) == 0:
        return found
    by_stop, alone = _by_stop(calls, place_of_stop, updates.take(rows), received_at)
    refused["stop_sequence_mismatch"] += int(((by_stop >= 0) & (sequence[rows] >= 0)).sum())
    found[rows] = np.where(by_stop >= 0, by_stop, found[rows])
    return _without_next_runs(found, rows[alone | (sequence[rows] >= 0)], sequence, updates.entity, len(calls))


def _without_next_runs(
    found: Int64Array, doubtful: Int64Array, sequence: Int32Array, entity: Int64Array, calls: int
) -> Int64Array:
    """The calls found (m,) without those of `doubtful` updates, found against their order or number, of which their
    entity tells elsewhere: such go on with the stops of the vehicle's next run."""
    told = entity * calls + found
    certain = np.ones(len(found), bool)
    certain[doubtful] = False
    # One update may tell the arrival and the next one the departure.
    beside = np.zeros(len(found), bool)
    beside[1:] = (told[1:] == told[:-1]) & (sequence[1:] == sequence[:-1])
    beside[:-1] |= beside[1:]
    again = (found >= 0) & ~certain & ~beside & np.isin(told, told[certain & (found >= 0)])
    return np.where(again, NONE, found)


def _places(
    calls: PlannedCalls,
    owner: Int64Array,
    sequence: Int32Array,
    stop: Int32Array,
    found: Int64Array,
    numbering: Numbering,
) -> tuple[Int64Array, Int64Array]:
    """Updates (u,) whose numbers are places in the run, and the number (u,) of its first call: 0 where the timetable
    has no 0, 1 where it has none of a run's numbers and they end at how many calls there are."""
    runs = int(owner.max(initial=-1)) + 1
    by_number = np.ones(runs, bool)
    by_number[owner[(stop >= 0) | (sequence < 0)]] = False
    from_0 = np.zeros(runs, bool)
    from_0[owner[(sequence == 0) & (found < 0)]] = True
    later = np.zeros(runs, bool)
    begins = calls.take(np.flatnonzero(first_of_each(calls.owner) & (calls.owner < runs)))
    later[begins.owner] = begins.sequence > 0
    ended = np.zeros(runs, bool)
    is_last = np.append(first_of_each(calls.owner)[1:], True)[: len(calls)]
    ended[owner[(found >= 0) & at(is_last, found, False)]] = True
    numbering.hear(bool((by_number & from_0).any()), bool((by_number & later & ended).any()))
    from_0 |= numbering.from_0 & later & ~ended
    known, last = np.zeros(runs, bool), np.zeros(runs, np.int64)
    known[owner[found >= 0]] = True
    np.maximum.at(last, owner, sequence)
    from_1 = ~from_0 & ~known & (last == np.bincount(calls.owner, minlength=runs)[:runs])
    rows = np.flatnonzero((by_number & (from_0 | from_1))[owner])
    return rows, from_1[owner[rows]].astype(np.int64)


def _by_stop(
    calls: PlannedCalls, place_of_stop: Int32Array, updates: StopTimeUpdates, received_at: float
) -> tuple[Int64Array, BoolArray]:
    """Row in `calls` of updates (u,) that name their stop alone, or against their number, and which were placed out of
    their order."""
    owner, stride = updates.owner, len(place_of_stop)
    exact = (calls.owner * stride + calls.stop).astype(np.int64)
    by_exact = np.argsort(exact, kind="stable")
    exact = exact[by_exact]
    wanted = owner * stride + updates.stop
    first, beyond = np.searchsorted(exact, wanted), np.searchsorted(exact, wanted, side="right")
    found = np.full(len(owner), NONE, np.int64)
    once = beyond - first == 1
    found[once] = by_exact[first[once]]
    alone = np.zeros(len(owner), bool)
    told = updates.entity * (len(calls) + 1) + found
    by_call = np.argsort(told, kind="stable")
    again = (np.diff(told[by_call]) == 0) & (np.diff(by_call) > 1)
    once[by_call[1:][again]] = False
    # Runs with any update that this does not settle are looked at one by one: they are few.
    run_ptr = group_starts(calls.owner, int(calls.owner.max(initial=-1)) + 1)
    for run in np.intersect1d(owner[~once], calls.owner).tolist():
        span = slice(int(run_ptr[run]), int(run_ptr[run + 1]))
        own = np.flatnonzero(owner == run)
        of_run = updates.take(own)
        cost = _misfit(calls.take(span), place_of_stop, of_run, received_at)
        place, alone[own] = _either_way(cost, np.fmin(of_run.arrival, of_run.departure))
        found[own] = np.where(place >= 0, place + span.start, NONE)
    return found, alone


def _misfit(
    calls: PlannedCalls, place_of_stop: Int32Array, updates: StopTimeUpdates, received_at: float
) -> Float64Array:
    """How ill each update (u,) of a run fits each of its calls (c,): (u, c), `_NOT_FOUND` where not at all."""
    cost = np.full((len(updates), len(calls)), _NOT_FOUND)
    cost[place_of_stop[calls.stop] == place_of_stop[updates.stop][:, None]] = _OTHER_PLATFORM
    cost[calls.stop == updates.stop[:, None]] = 0.0
    arrives = ~np.isnan(updates.arrival) | ~np.isnan(updates.arrival_delay_s)
    departs = ~np.isnan(updates.departure) | ~np.isnan(updates.departure_delay_s)
    cost[departs & ~arrives, -1] += _WRONG_EVENT
    cost[arrives & ~departs, 0] += _WRONG_EVENT
    # As scheduled where that is told, else as expected.
    arrives_at = first_known(updates.stated_arrival, updates.arrival)[:, None]
    departs_at = first_known(updates.stated_departure, updates.departure)[:, None]
    away = np.abs(np.where(np.isnan(departs_at), arrives_at - calls.arrival, departs_at - calls.departure))
    # Where only a delay is told the timetable's departure is hardly before this.
    not_before = received_at - first_known(updates.departure_delay_s, updates.arrival_delay_s)[:, None]
    away = np.where(np.isnan(away), np.maximum(not_before - calls.departure, 0.0), away)
    cost += np.minimum(or_where_unknown(away, 0.0), _OTHER_PLATFORM / 2) + _FIRST_FIRST * np.arange(len(calls))
    result: Float64Array = np.minimum(cost, _NOT_FOUND)
    return result


def _either_way(cost: Float64Array, time: Float64Array) -> tuple[Int64Array, BoolArray]:
    """As `_in_order`, from the end where the updates (u,) of a run are told backwards: by their times (NaN where not
    told), or without any, where they all fit in that order alone."""
    place, alone = _in_order(cost)
    time = time[~np.isnan(time)]
    backwards = len(time) > 1 and bool((np.diff(time) < 0).all())
    if backwards or (len(time) == 0 and alone.any()):
        turned, left = _in_order(cost[::-1])
        if backwards or not left.any():
            return turned[::-1], left[::-1]
    return place, alone


def _in_order(cost: Float64Array) -> tuple[Int64Array, BoolArray]:
    """The calls that updates, in this order, fit best: (u,), -1 where none. Dynamic programming over (u, c).

    Where not all can be placed in this order, the others are placed by themselves: which those are is given, too.
    """
    updates, calls = cost.shape
    # best[k]: the cheapest way to have placed the updates so far at calls before k.
    best = np.zeros(calls + 1)
    placed = np.empty_like(cost)
    chosen = np.zeros((updates, calls + 1), bool)
    for u in range(updates):
        placed[u] = np.where(cost[u] < _NOT_FOUND, best[:-1] + cost[u], np.inf)
        reach = np.minimum.accumulate(placed[u])
        left_out = best + _NOT_FOUND
        chosen[u, 1:] = reach <= left_out[1:]
        best = np.append(left_out[0], np.minimum(reach, left_out[1:]))
    result = np.full(updates, NONE, np.int64)
    k = calls
    for u in range(updates - 1, -1, -1):
        if chosen[u, k]:
            k = int(np.argmin(placed[u, :k]))
            result[u] = k
    alone = (result < 0) & (cost.min(axis=1) < _NOT_FOUND)
    result[alone] = np.argmin(cost[alone], axis=1)
    return result, alone
