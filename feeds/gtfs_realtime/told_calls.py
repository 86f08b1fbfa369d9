"""Which calls our TripUpdates tell of: what is live or certain, each call once, and no run's times run backwards.

A run is told of by the vehicle furthest along it; one that follows on it is told as one more run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from google.transit import gtfs_realtime_pb2
from numpy.typing import NDArray

from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    expand_ranges,
    first_of_each,
    is_one_of,
    or_where_unknown,
    places_of,
)
from predictor.journeys import dated_calls, driven_as, driven_keys, runs_of
from predictor.past_calls import STILL_DUE_S
from predictor.predicted_rows import planned
from predictor.runs import DatedRuns
from predictor.snapshot import FROM_OPERATOR, FROM_VEHICLE, FROM_VEHICLES, LIVE, SCHEDULED, SKIPPED, Snapshot
from predictor.timetable import Timetable

_LEFT_S = 300.0
"""So long ago at least are calls told to be that are left before they were due, nobody knows when."""
_ANOTHER_VEHICLE_S = 60.0
"""Less than this times fall by rounding."""
_SCHEDULED, _DUPLICATED = gtfs_realtime_pb2.TripDescriptor.SCHEDULED, gtfs_realtime_pb2.TripDescriptor.DUPLICATED


@dataclass(frozen=True, eq=False)
class ToldCalls(DatedRuns):
    """Calls to be told of, in order of journey and call; all arrays (m,)."""

    call: Int32Array
    skipped: BoolArray
    no_data: BoolArray
    """Nothing is predicted: only told is where and for whom it calls, if that is otherwise than in the reader's
    timetable, and when it is scheduled if that does not have it."""
    vehicle: Int32Array
    """Index into `Snapshot.vehicles` of the vehicle that drives this trip now, else -1."""
    by_operator: BoolArray
    """The times are the operator's own."""
    follower: Int32Array
    """-1: told of the run itself, of the vehicle furthest along it; else which vehicle behind that one is told of, an
    index into `Snapshot.vehicles` or, where the operator names none, a number above these."""
    arrival: Float64Array
    """NaN where skipped, and where the reader's timetable has it."""
    departure: Float64Array
    uncertainty_s: Float64Array
    """NaN where nothing is predicted."""
    occupancy: Int8Array
    """OccupancyStatus that is expected on departure, -1 where the operator does not say."""

    @property
    def opens(self) -> BoolArray:
        """(m,) whether another run begins, or another vehicle on it."""
        return first_of_each(self.service_day, self.trip, self.shift_s, self.follower)

    def key(self, timetable: Timetable) -> Int64Array:
        """One number for each call of a run."""
        return driven_keys(self, self.call, timetable)

    def and_those(self, others: ToldCalls) -> ToldCalls:
        """These calls and others, in order."""
        return ToldCalls.joined(self, others).in_order()

    def in_order(self) -> ToldCalls:
        """The calls by run, vehicle on it and call."""
        return self.take(np.lexsort((self.call, self.follower, self.shift_s, self.trip, self.service_day)))


def told_calls(snapshot: Snapshot, vehicles_live: bool) -> ToldCalls:
    """Predicted calls of all journeys in order, each once, with the skipped ones among them."""
    tt, predictions = snapshot.timetable, snapshot.predictions
    live = (predictions.status == LIVE) & (vehicles_live | ~is_one_of(predictions.source, FROM_VEHICLES))
    is_plan = (predictions.source == FROM_OPERATOR) & planned(tt, predictions.runs, snapshot.made_at)
    is_plan &= predictions.status == SCHEDULED
    rows = np.flatnonzero((predictions.trip >= 0) & (live | is_plan | (predictions.status == SKIPPED)))
    vehicle = predictions.vehicle[rows]
    drives = (predictions.source[rows] == FROM_VEHICLE) & (vehicle >= 0)
    # E047: a vehicle is named with the one trip that its position is given for.
    drives[drives] = snapshot.vehicles.trip[vehicle[drives]] == predictions.trip[rows][drives]
    skipped = predictions.status[rows] == SKIPPED
    predicted = ToldCalls.of_runs(
        predictions.runs.take(rows), call=predictions.call[rows], skipped=skipped,
        vehicle=np.where(drives, vehicle, NONE), by_operator=predictions.source[rows] == FROM_OPERATOR,
        arrival=np.where(skipped, np.nan, predictions.arrivals(rows)),
        departure=np.where(skipped, np.nan, predictions.departure[rows]),
        uncertainty_s=np.maximum((predictions.p90[rows] - predictions.p10[rows]) / 2.0, 1.0),
        occupancy=predictions.occupancy[rows],
    )  # fmt: skip
    keys, call = dated_calls(snapshot.skipped)
    runs = runs_of(keys, tt)
    # A run by headway is told by its vehicle's predictions; the slot nearest to it is none that anybody drives.
    slots = np.flatnonzero(~tt.trip_is_frequency[runs.trip])
    unserved = ToldCalls.of_runs(runs.take(slots), call=call[slots], skipped=np.ones(len(slots), bool))
    of_operator = _keys_of_operator(snapshot)
    calls = ToldCalls.joined(predicted, unserved, _own_calls(snapshot, predicted, of_operator))
    # Of several predictions of one call the skip counts most, then that of a vehicle on this very trip.
    untold = np.arange(len(calls)) >= len(predicted) + len(unserved)
    run_and_call = (calls.call, calls.shift_s, calls.trip, calls.service_day)
    calls = calls.take(np.lexsort((calls.arrival, untold, calls.vehicle < 0, ~calls.skipped, *run_and_call)))
    calls = calls.take(first_of_each(calls.service_day, calls.trip, calls.shift_s, calls.call))
    calls = _with_followers(tt, _with_silences(tt, calls), len(snapshot.vehicles))
    return _with_calls_left(snapshot, calls, of_operator)


def _with_calls_left(snapshot: Snapshot, calls: ToldCalls, of_operator: Int64Array) -> ToldCalls:
    """The calls (m,), and those before them that early runs have left: until they are due, readers who do not find them
    here take them for calls to come. `of_operator`: as of `_keys_of_operator`."""
    tt = snapshot.timetable
    timed = calls.take(np.flatnonzero(~np.isnan(calls.arrival) & (calls.follower < 0)))
    first = timed.take(np.flatnonzero(timed.opens & (timed.call > 0) & ~tt.trip_is_frequency[timed.trip]))
    if len(first) == 0:
        return calls
    late_s = first.arrival - first.origin(tt) - tt.arrival_s[tt.entry_of(first.trip, first.call)]
    owner, call = expand_ranges(np.zeros(len(first), np.int64), first.call.astype(np.int64))
    left = replace(first.take(owner), call=call.astype(np.int32), occupancy=np.full(len(call), NONE, np.int8))
    due = left.leaves_at(tt, left.call)
    known, passed_at = _passed_at(snapshot, left)
    at = np.where(known, passed_at, np.minimum(due + late_s[owner], snapshot.made_at - _LEFT_S))
    left = replace(left, arrival=at, departure=at).take(
        (due > snapshot.made_at) & ~np.isin(left.key(tt), calls.key(tt))
    )
    if len(left) == 0:
        return calls
    # Of calls before those of which the operator tells nobody knows, but where it has told of them.
    return calls.and_those(left.take((left.vehicle >= 0) | np.isin(left.key(tt), of_operator)))


def _passed_at(snapshot: Snapshot, calls: ToldCalls) -> tuple[BoolArray, Float64Array]:
    """Of which calls (m,) it is known that they were passed, and when (m,), POSIX seconds: so long ago at least that
    readers do not take them for still due."""
    tt, passed = snapshot.timetable, snapshot.passed_calls
    keys = driven_keys(passed.runs, passed.call, tt)
    # Backwards: of what is told of a call twice, the later row counts.
    order = len(keys) - 1 - np.argsort(keys[::-1], kind="stable")
    place = places_of(calls.key(tt), keys[order])
    at = np.minimum(np.append(passed.passed_at[order], np.nan)[place], snapshot.made_at - STILL_DUE_S - 1.0)
    return place >= 0, at


def _keys_of_operator(snapshot: Snapshot) -> Int64Array:
    """`ToldCalls.key` of the calls that the operator tells of or that are past by its word."""
    return driven_as(snapshot.told_calls, snapshot.timetable)


def _with_silences(tt: Timetable, calls: ToldCalls) -> ToldCalls:
    """The calls (m,), and where the operator's word on a run ends the call from which on nothing is known: readers
    carry the delay of the one before on."""
    opens = first_of_each(calls.service_day, calls.trip, calls.shift_s)
    told_so_far = np.cumsum(calls.by_operator & ~calls.skipped)
    before_run = np.append(0, told_so_far)[np.flatnonzero(opens)][np.cumsum(opens) - 1] if len(calls) else told_so_far
    ends = np.append(opens[1:], True)[: len(calls)] | (np.diff(calls.call, append=NONE) > 1)
    ends &= (told_so_far > before_run) & ~calls.no_data & (calls.call + 1 < tt.trip_calls[calls.trip])
    rows = np.flatnonzero(ends)
    if len(rows) == 0:
        return calls
    no_data = np.ones(len(rows), bool)
    return calls.and_those(
        ToldCalls.of_runs(calls.runs.take(rows), call=calls.call[rows] + np.int32(1), no_data=no_data)
    )


def _own_calls(snapshot: Snapshot, predicted: ToldCalls, of_operator: Int64Array) -> ToldCalls:
    """All calls of the runs that the operator added, duplicated or replaced and that are not over, as scheduled, but no
    later than what is predicted behind them, and past where the operator told so; without times where these are as
    scheduled and the reader has the timetable, as of a duplicate; of runs of the timetable only the calls that are made
    otherwise, without times."""
    tt = snapshot.timetable
    own = np.arange(tt.base.trips, tt.trips, dtype=np.int32)
    day, shift = tt.own_runs.service_day[own - tt.base.trips], tt.own_runs.shift_s[own - tt.base.trips]
    origin = (tt.date_origin[day] + shift).astype(np.float64)
    last_at, told = np.full(tt.trips, -np.inf), snapshot.predictions
    on_run = told.trip >= 0
    np.maximum.at(last_at, told.trip[on_run], or_where_unknown(told.departure[on_run], -np.inf))
    ahead = np.maximum(origin + tt.trip_end_s[own], last_at[own]) >= snapshot.made_at
    own, day, shift, origin = own[ahead], day[ahead], shift[ahead], origin[ahead]
    row, entry = tt.entries_of(own)
    call = tt.call_at(entry)
    arrival = np.full(len(tt.arrival_s), np.inf)
    timed = np.flatnonzero(~np.isnan(predicted.arrival) & (predicted.trip >= tt.base.trips))
    np.minimum.at(arrival, tt.entry_of(predicted.trip[timed], predicted.call[timed]), predicted.arrival[timed])
    # Backwards over all runs, each a step down, so that a later run's times do not reach the one before.
    step = 1.0e7 * (len(own) - row)
    soonest = np.minimum.accumulate((arrival[entry] - step)[::-1])[::-1] + step
    arrival = np.minimum(origin[row] + tt.arrival_s[entry], soonest)
    departure = np.minimum(origin[row] + tt.departure_s[entry], soonest)
    calls = ToldCalls.of_runs(DatedRuns(own, day, shift).take(row), call=call, arrival=arrival, departure=departure)
    driven = np.flatnonzero(predicted.vehicle >= 0)
    next_call = np.full(tt.trips, np.iinfo(np.int32).max)
    np.minimum.at(next_call, predicted.trip[driven], predicted.call[driven])
    passed = np.isin(own, predicted.trip[driven])[row] & (call < next_call[own][row])
    key = calls.key(tt)
    # Of a vehicle that is overdue or held up nothing is predicted, but it has not left.
    to_come = driven_keys(snapshot.predictions.runs, snapshot.predictions.call, tt)
    left = passed | (np.isin(key, of_operator) & ~np.isin(key, to_come))
    known, passed_at = _passed_at(snapshot, calls)
    for times in (calls.arrival, calls.departure):
        times[left & ~known & (times >= snapshot.made_at - STILL_DUE_S)] = snapshot.made_at - _LEFT_S
        np.copyto(times, passed_at, where=left & known)
    of_timetable = tt.run_relationships[calls.trip] == _SCHEDULED
    as_scheduled = ~left & (departure == origin[row] + tt.departure_s[entry])
    scheduled = scheduled_entries(tt, calls)
    untimed = of_timetable | ((scheduled >= 0) & as_scheduled)
    calls.arrival[untimed] = calls.departure[untimed] = np.nan
    otherwise = np.zeros(len(calls), bool)
    for rows, _ in made_otherwise(tt, calls, scheduled).values():
        otherwise[rows] = True
    return replace(calls, no_data=of_timetable | as_scheduled).take(~of_timetable | (otherwise & ~passed))


def scheduled_entries(tt: Timetable, calls: ToldCalls) -> Int64Array:
    """Entry (m,) that each call has in the reader's timetable, -1 where it has none: of runs that are added or
    replaced, and of vehicles that follow on a run."""
    known = is_one_of(tt.run_relationships[calls.trip], (_SCHEDULED, _DUPLICATED)) & (calls.follower < 0)
    return np.where(known, tt.planned_entries(calls.trip, calls.call), NONE)


def made_otherwise(
    tt: Timetable, calls: ToldCalls, scheduled: Int64Array
) -> dict[str, tuple[Int64Array, NDArray[Any]]]:
    """Where, for whom and under which headsign calls (m,) are made otherwise than in the reader's timetable, by fields
    of StopTimeProperties: rows (r,) and what is told of them. A call that this timetable does not have is told at its
    own stop, and is for all and under the headsign of its run unless told otherwise. `scheduled` (m,): as of
    `scheduled_entries`."""
    entry = tt.entry_of(calls.trip, calls.call)
    rows = np.flatnonzero(entry != scheduled)
    unknown = scheduled[rows] < 0
    now, planned = _made(tt, entry[rows]), _made(tt, scheduled[rows])
    for name, usual in (("assigned_stop_id", now["assigned_stop_id"][unknown]), ("pickup_type", 0),
                        ("drop_off_type", 0), ("stop_headsign", "")):  # fmt: skip
        planned[name][unknown] = usual
    bound_for, was_bound_for = now["stop_headsign"], planned["stop_headsign"]
    of_run = tt.trip_headsign[calls.trip[rows]]
    now["stop_headsign"] = np.where((bound_for == "") & (was_bound_for != ""), of_run, bound_for)
    other = {name: np.flatnonzero(now[name] != planned[name]) for name in now}
    return {name: (rows[differs], now[name][differs]) for name, differs in other.items()}


def _made(tt: Timetable, entry: Int64Array) -> dict[str, NDArray[Any]]:
    return {
        "assigned_stop_id": tt.stop_id[tt.call_stop[entry]],
        "pickup_type": tt.pickup_type[entry],
        "drop_off_type": tt.drop_off_type[entry],
        "stop_headsign": np.append(tt.headsign_name, "")[tt.call_headsign[entry]],
    }


def _with_followers(tt: Timetable, calls: ToldCalls, vehicles: int) -> ToldCalls:
    """The calls (m,), those of vehicles behind the first one of their run told apart and as far as the trip goes."""
    # That a call is not made is told of the run itself: another vehicle's run is told by its calls.
    vehicle = np.where(calls.skipped, np.int32(NONE), calls.vehicle)
    follower = _followers(replace(calls, vehicle=vehicle), vehicles)
    if (follower < 0).all():
        return calls
    calls = replace(calls, vehicle=vehicle, follower=follower).in_order()
    last = np.flatnonzero(np.append(calls.opens[1:], True) & (calls.follower >= 0))
    owner, call = expand_ranges(calls.call[last] + np.int64(1), tt.trip_calls[calls.trip[last]] - calls.call[last] - 1)
    rest = replace(calls.take(last[owner]), call=call.astype(np.int32), occupancy=np.full(len(call), NONE, np.int8))
    served = ~np.isin(rest.key(tt), calls.take(calls.skipped).key(tt))
    rest = rest.take(served)
    from_last = last[owner][served]
    entry, left_s = tt.entry_of(rest.trip, rest.call), tt.departure_s[tt.entry_of(rest.trip, calls.call[from_last])]
    left = calls.departure[from_last]
    rest = replace(rest, arrival=left + tt.arrival_s[entry] - left_s, departure=left + tt.departure_s[entry] - left_s)
    calls = calls.and_those(rest)
    # A run needs two calls to be one.
    group = np.cumsum(calls.opens) - 1
    return calls.take((calls.follower < 0) | (np.bincount(group)[group] > 1))


def _followers(calls: ToldCalls, vehicles: int) -> Int32Array:
    """`follower` of calls (m,): in order of run and call, of two vehicles on one run the second is told of first. Where
    none is named a time before that of the call before gives them away."""
    journey = np.cumsum(first_of_each(calls.service_day, calls.trip, calls.shift_s)) - 1
    first_vehicle = np.full(len(calls), -1, np.int32)
    driven = np.flatnonzero(calls.vehicle >= 0)
    # Of each run the last call counts.
    first_vehicle[journey[driven]] = calls.vehicle[driven]
    behind = (calls.vehicle >= 0) & (calls.vehicle != first_vehicle[journey])
    result = np.where(behind, calls.vehicle, np.int32(NONE))
    timed = np.flatnonzero(~np.isnan(calls.arrival) & calls.by_operator & (first_vehicle[journey] < 0))
    falls = np.zeros(len(timed), np.int64)
    falls[1:] = (np.diff(calls.arrival[timed]) < -_ANOTHER_VEHICLE_S) & (np.diff(journey[timed]) == 0)
    # How often times still fall behind each call, up to the end of its run.
    up_to = np.cumsum(falls)
    at_end = np.zeros(len(calls), np.int64)
    at_end[journey[timed]] = up_to
    to_come = at_end[journey[timed]] - up_to
    result[timed] = np.where(to_come > 0, vehicles + to_come, result[timed]).astype(np.int32)
    return result.astype(np.int32)
