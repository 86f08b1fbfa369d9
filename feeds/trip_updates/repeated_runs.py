"""Each run once, where several entities tell of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.trip_updates.message_columns import LISTED, NO_CALLS, TIMETABLE, StopTimeUpdates, UpdatedRuns
from feeds.trip_updates.planned_calls import PlannedCalls
from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, group_starts, is_one_of
from predictor.past_calls import STILL_DUE_S
from predictor.trip_updates import TRIP_CANCELED, TRIP_DELETED, TRIP_SCHEDULED


def each_run_once(
    runs: UpdatedRuns, updates: StopTimeUpdates, newest: Float64Array, refused: Counter[str]
) -> tuple[UpdatedRuns, StopTimeUpdates]:
    """Each run that was found once, with all that the message tells of it; once for each vehicle that it tells to drive
    it. Of one that lists its calls one list counts."""
    n = len(runs.trip)
    has_calls = np.bincount(updates.owner, minlength=n) > 0
    # That a run is cancelled or replaced holds as long as the message says it, however new the times of another entity
    # are: a program that has not heard of it reckons those. Who tells of the vehicle alone changes nothing of what
    # others tell of the run.
    by_timetable = (runs.relationship == TRIP_SCHEDULED) & ~runs.is_added
    rank = by_timetable.astype(np.int8) + (by_timetable & ~has_calls & np.isnan(runs.delay_s))
    found = (runs.service_day >= 0) & ((runs.trip >= 0) | (runs.calls_from == LISTED))
    # An added run may be cancelled by its name alone, in a message without it.
    is_gone = is_one_of(runs.relationship, (TRIP_CANCELED, TRIP_DELETED))
    by_name = is_gone & (runs.trip < 0) & (runs.trip_id != "") & (runs.service_day >= 0)
    names = list(zip(runs.trip_id.tolist(), runs.service_day.tolist(), runs.start_time_s.tolist(), strict=True))
    starts: dict[tuple[str, int], set[int]] = {}
    for row in np.flatnonzero(runs.calls_from != NO_CALLS).tolist():
        starts.setdefault(names[row][:2], set()).add(names[row][2])
    for row in np.flatnonzero(by_name).tolist():
        told = starts.get(names[row][:2])
        found[row] |= not told or (names[row][2] >= 0 and told.isdisjoint((names[row][2], NONE)))
    run = np.full(n, NONE, np.int64)
    mended = ("delay_s", "vehicle_id", "vehicle_label", "vehicle_wheelchair", "headsign", "short_name")
    runs = replace(runs, **{name: getattr(runs, name).copy() for name in mended})
    for rows in _rows_by_run(runs):
        if len(rows) == 1:
            run[rows[0]] = rows[0] if found[rows[0]] else NONE
            continue
        refused["duplicate_trip"] += len(rows) - 1
        # Who cancels a run and tells in the same breath what replaces it tells of one that runs.
        rows_found = sorted(
            (row for row in rows if found[row]), key=lambda row: (rank[row], -newest[row], is_gone[row], -row)
        )
        for alike in _by_vehicle(rows_found, runs, has_calls):
            first = alike[0]
            tell = [row for row in alike if has_calls[row]]
            run[tell[:1] if runs.calls_from[first] == LISTED else tell] = first
            run[first] = first
            delays = runs.delay_s[alike]
            runs.delay_s[first] = next(iter(delays[~np.isnan(delays)]), np.nan)
            wheelchair = runs.vehicle_wheelchair[alike]
            runs.vehicle_wheelchair[first] = next(iter(wheelchair[wheelchair > 0]), 0)
            for texts in (runs.vehicle_id, runs.vehicle_label, runs.headsign, runs.short_name):
                texts[first] = next(filter(None, texts[alike].tolist()), "")
    chosen = np.unique(run[run >= 0])
    place = np.append(np.full(n, NONE, np.int64), NONE)
    place[chosen] = np.arange(len(chosen))
    updates = updates.take(np.argsort(newest[updates.entity], kind="stable"))
    return runs.take(chosen), updates.of_runs(place[run])


def _by_vehicle(rows: list[int], runs: UpdatedRuns, has_calls: BoolArray) -> list[list[int]]:
    """The rows of one run, the one that counts most first, that are to be read as one: those that speak of its calls in
    the same way, and of one vehicle. Who names none speaks of the first one's."""
    rows = [row for row in rows if runs.calls_from[row] == runs.calls_from[rows[0]]]
    vehicles = list(dict.fromkeys(str(runs.vehicle_id[row]) for row in rows if has_calls[row] and runs.vehicle_id[row]))
    if len(vehicles) < 2 or runs.calls_from[rows[0]] != TIMETABLE:
        return [rows] if rows else []
    other = [[row for row in rows if runs.vehicle_id[row] == vehicle] for vehicle in vehicles[1:]]
    return [[row for row in rows if runs.vehicle_id[row] not in vehicles[1:]], *other]


def next_to_come(
    runs: UpdatedRuns, calls: PlannedCalls, departure: Float64Array, received_at: float
) -> tuple[Int64Array, Int64Array]:
    """Each run once (rows of `runs`), and for each call (k,) of these the row of `calls` that is told of it: of a run
    that several vehicles are told to drive, at each stop that of the next one to come."""
    of_one_run = _rows_by_run(runs)
    ptr = group_starts(calls.owner, len(runs.trip))
    source, kept = np.arange(len(calls)), np.array([rows[0] for rows in _rows_by_run(runs)], np.int64)
    for first, *others in of_one_run:
        if not others or ptr[first] == ptr[first + 1]:
            continue
        each = np.stack([np.arange(ptr[row], ptr[row + 1]) for row in (first, *others)])
        leaves = np.where(np.isnan(departure[each]), np.inf, departure[each])
        over = leaves < received_at - STILL_DUE_S
        best = np.where(over.all(axis=0), np.argmax(leaves, axis=0), np.argmin(np.where(over, np.inf, leaves), axis=0))
        source[each[0]] = each[best, np.arange(each.shape[1])]
    return kept, source


def updates_told_twice(entity: Int64Array, call: Int64Array) -> int:
    """How many updates (n,) are of a call that their entity tells of in another one too; entities that repeat each
    other count once."""
    calls = int(call.max(initial=NONE)) + 1
    of_entity, times = np.unique(entity * calls + call, return_counts=True)
    most = np.zeros(calls, np.int64)
    np.maximum.at(most, of_entity % max(calls, 1), times - 1)
    return int(most.sum())


def _rows_by_run(runs: UpdatedRuns) -> list[list[int]]:
    """The rows of each run, in order of the first of them."""
    of_one_run: dict[tuple[str, int, int], list[int]] = {}
    keys = zip(runs.trip_id.tolist(), runs.service_day.tolist(), runs.shift_s.tolist(), strict=True)
    for row, key in enumerate(keys):
        of_one_run.setdefault(key, []).append(row)
    return list(of_one_run.values())
