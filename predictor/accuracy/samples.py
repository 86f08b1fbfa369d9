"""What riders could read at a moment, kept until it is known what happened.

Calls are named by those of the base timetable (`driven_call_key`), which outlive the operator's word of the moment: a
run that the operator changed goes by the trip that it is named by, each call by its stop_sequence. Runs that are in no
timetable are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import NONE, BoolArray, Float32Array, Int32Array, Int64Array, first_of_each, sorted_once
from predictor.columns import Columns
from predictor.journeys import dated_calls, dated_journeys, driven_as, driven_call_key, driven_entry, driven_keys
from predictor.runs import DatedRuns
from predictor.snapshot import LIVE, SKIPPED, Snapshot
from predictor.timetable import Timetable
from predictor.trip_updates import STOP_SKIPPED, TRIP_CANCELED, TRIP_DELETED, TripUpdates

EVERY_S = 60.0
"""Predictions are sampled so often."""
AHEAD_S = 2700.0
"""So far ahead, that none which came true within half an hour is lost."""
MOST_ROWS = 50_000
"""Of more predictions at a moment, those of every second run are kept, of every fourth, and so on."""
TOLD_WITHIN_S = 900.0
"""ETA Completeness Benchmark: a call is told of by a prediction of no more than so many seconds."""


@dataclass(frozen=True, eq=False)
class Samples(Columns):
    """Predictions of one source at one moment; all arrays (n,), sorted by `key`."""

    key: Int64Array
    """`driven_call_key` of the call."""
    published_s: Float32Array
    """Arrival, at a run's first call departure, in seconds after `made_at`."""
    p10_s: Float32Array
    """Quantiles, likewise; NaN where there are none."""
    p90_s: Float32Array
    made_at: float
    """POSIX seconds."""


@dataclass(frozen=True, eq=False)
class Told:
    """What one source told at one moment."""

    samples: Samples
    calls: Int64Array
    """Sorted `driven_call_key` of the calls that were told of as complete information: predicted to come within a
    quarter of an hour by a vehicle, or skipped."""
    cancelled: Int64Array
    """Sorted keys of dated journeys of the base timetable that are told not to run."""


def told_by_us(snapshot: Snapshot) -> Told:
    """What our boards say: the live predictions among it."""
    tt, now, made = snapshot.timetable, snapshot.made_at, snapshot.predictions
    live = (made.status == LIVE) & (made.arrival >= now) & (made.arrival <= now + AHEAD_S)
    skipped = np.flatnonzero(made.status == SKIPPED)
    rows = np.flatnonzero(live)
    row = np.append(rows, skipped)
    entry, shift_s = base_calls(tt, made.runs.take(row), made.call[row])
    key = driven_call_key(made.service_day[row], entry, shift_s)
    known, own = entry >= 0, np.arange(len(entry)) < len(rows)
    kept = known & own
    soon = own & (made.arrival[row] <= now + TOLD_WITHIN_S)
    rows = row[kept]
    left_out = snapshot.skipped[_are_of_base(tt.base, dated_calls(snapshot.skipped)[0])]
    published_s, p10_s, p90_s = ((times[rows] - now).astype(np.float32) for times in (made.arrival, made.p10, made.p90))
    return Told(
        _thinned(Samples(key[kept], published_s, p10_s, p90_s, now), tt.base),
        sorted_once(np.concatenate([key[known & (soon | ~own)], driven_as(left_out, tt.base)])),
        _cancelled(snapshot),
    )


def told_by_operator(updates: TripUpdates, snapshot: Snapshot) -> Told:
    """What the operator's own message says at the snapshot's time. A run has a vehicle where the message names one, or
    one is seen on it."""
    tt, now = snapshot.timetable.base, snapshot.made_at
    of_base = (updates.trip >= 0) & (updates.trip < tt.trips)
    runs = (updates.relationship != TRIP_CANCELED) & (updates.relationship != TRIP_DELETED)
    calls = updates.calls.take((of_base & runs)[updates.calls.owner] & (updates.calls.base_call >= 0))
    owner, call = calls.owner, calls.base_call
    run = DatedRuns(updates.trip, updates.service_day, updates.shift_s)
    key = driven_keys(run.take(owner), call, tt)
    at_first = call == 0
    time = np.where(at_first, calls.departure, calls.arrival)
    time = np.where(np.isnan(time), np.where(at_first, calls.arrival, calls.departure), time)
    ahead = (time >= now) & (time <= now + AHEAD_S)
    unknown = np.full(int(ahead.sum()), np.nan, np.float32)
    samples = Samples(key[ahead], (time[ahead] - now).astype(np.float32), unknown, unknown, now)
    seen = snapshot.vehicles.run_key[snapshot.vehicles.trip >= 0]
    has_vehicle = (updates.vehicle_id != "") | np.isin(run.run_key, seen)
    is_told = ahead & (time <= now + TOLD_WITHIN_S) & has_vehicle[owner]
    is_told |= calls.stop_relationship == STOP_SKIPPED
    return Told(_thinned(samples, tt), sorted_once(key[is_told]), _cancelled(snapshot))


def base_calls(timetable: Timetable, runs: DatedRuns, call: Int32Array) -> tuple[Int64Array, Int32Array]:
    """The base timetable's trip call of calls (n,) of runs, -1 where it has none; and the runs' shifts there."""
    base = timetable.base
    shift_s, entry = runs.shift_s.copy(), timetable.entry_of(runs.trip, call)
    own = np.flatnonzero(runs.trip >= base.trips)
    if len(own) == 0:
        return entry, shift_s
    run = runs.trip[own] - base.trips
    named, sequence = timetable.run_named[run], timetable.stop_sequence[entry[own]]
    shift_s[own] = timetable.own_runs.shift_s[run]
    entry[own] = NONE
    of_base = np.flatnonzero(named < base.trips)
    place, among = base.entries_of(named[of_base])
    same = base.stop_sequence[among] == sequence[of_base][place]
    entry[own[of_base[place[same]]]] = among[same]
    return entry, shift_s


def _thinned(samples: Samples, base: Timetable) -> Samples:
    """Sorted, each call once, and no more than `MOST_ROWS` or so: of whole trips all calls, or none."""
    samples = samples.take(np.argsort(samples.key, kind="stable"))
    first = first_of_each(samples.key)
    every = 1 << max(int(np.ceil(np.log2(max(len(samples), 1) / MOST_ROWS))), 0)
    if every > 1:
        first &= base.call_trip[driven_entry(samples.key)] % every == 0
    return samples if first.all() else samples.take(first)


def _cancelled(snapshot: Snapshot) -> Int64Array:
    keys = np.union1d(snapshot.cancelled, snapshot.deleted)
    return keys[_are_of_base(snapshot.timetable.base, keys)]


def _are_of_base(base: Timetable, journey_keys: Int64Array) -> BoolArray:
    return dated_journeys(journey_keys)[1] < len(base.journey_trip)
