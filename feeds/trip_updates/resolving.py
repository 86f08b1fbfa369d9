"""What is told of each call of each run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from feeds.ids.call_numbers import Numbering
from feeds.trip_updates.call_finding import find_calls
from feeds.trip_updates.call_times import expected_times, with_starts
from feeds.trip_updates.message_columns import (
    COPY,
    LISTED,
    NO_CALLS,
    TIMETABLE,
    StopTimeUpdates,
    UpdatedRuns,
    at,
)
from feeds.trip_updates.one_vehicle import seconds_put_off
from feeds.trip_updates.places import Shapes, way_of_run
from feeds.trip_updates.planned_calls import PlannedCalls
from feeds.trip_updates.poles import is_across, place_of
from feeds.trip_updates.repeated_runs import next_to_come, updates_told_twice
from feeds.trip_updates.told_before import OwnCalls, ToldBefore
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    group_starts,
    is_one_of,
)
from predictor.columns import Columns, shared
from predictor.timetable import PLATFORM, Timetable
from predictor.trip_updates import (
    STOP_NO_DATA,
    STOP_SCHEDULED,
    STOP_SKIPPED,
    TRIP_CANCELED,
    RunShape,
    TripUpdates,
    UpdatedCalls,
)


def resolved(
    tt: Timetable,
    runs: UpdatedRuns,
    updates: StopTimeUpdates,
    calls: PlannedCalls,
    shapes: Shapes,
    before: ToldBefore,
    received_at: float,
    timestamp: float,
    refused: Counter[str],
) -> TripUpdates:
    """Find each update's call, make its times absolute, and carry delays on to the calls left out."""
    updates = updates.take((runs.calls_from != NO_CALLS)[updates.owner])
    found = _calls_meant(tt, runs, calls, updates, before.numbering, received_at, refused)
    calls = with_starts(tt, runs, calls, updates, found)
    told = _told(runs, calls, updates, found, received_at, refused)
    kept, source = next_to_come(runs, calls, told.departure, received_at)
    if len(kept) < len(runs.trip):
        owner, stays = np.searchsorted(kept, calls.owner), np.isin(calls.owner, kept)
        calls, told = replace(calls.take(source[stays]), owner=owner[stays]), told.take(source[stays])
        runs = runs.take(kept)
    put_off = seconds_put_off(tt, place_of(tt), runs, calls, told.arrival, told.departure)[calls.owner]
    told = replace(told, arrival=told.arrival + put_off, departure=told.departure + put_off)
    served_as = _served_as(tt, runs, calls, updates, told.update)
    run_shapes = _run_shapes(tt, runs, calls.owner, served_as.stop, shapes, refused)
    runs = _with_own_calls(tt, runs, calls, served_as.is_changed, list(run_shapes), before.own_calls, refused)
    run_shapes = {row: shape for row, shape in run_shapes.items() if runs.own_calls[row]}
    return _as_message(tt, runs, calls, told, served_as, run_shapes, timestamp, refused)


BY_TIMETABLE_S = 300.0
"""So uncertain TheTransitClock and Boston say a time to be that they have by the timetable, for want of a vehicle."""


@dataclass(frozen=True, eq=False)
class _Told(Columns):
    """When each call (k,) of `PlannedCalls` is made by the operator's word."""

    update: Int64Array
    """Row of the update that counts, -1 where none tells of the call."""
    stop_relationship: Int8Array
    arrival: Float64Array
    departure: Float64Array
    bounded: BoolArray
    """Only known to be left no later than the next one, or no earlier than the one before;"""
    untold: BoolArray
    """the latter, or of a run that is only known for long, or by the timetable."""
    uncertainty_s: Float64Array
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus on departure, -1 where not told."""


@dataclass(frozen=True, eq=False)
class _ServedAs(Columns):
    """Where and for whom each call (k,) of `PlannedCalls` is made by the operator's word."""

    stop: Int32Array
    pickup_type: Int8Array
    drop_off_type: Int8Array
    stop_headsign: StrArray
    """"" where not told."""
    is_changed: BoolArray
    """Otherwise than scheduled."""


def _calls_meant(
    tt: Timetable,
    runs: UpdatedRuns,
    calls: PlannedCalls,
    updates: StopTimeUpdates,
    numbering: Numbering,
    received_at: float,
    refused: Counter[str],
) -> Int64Array:
    """Row in `calls` of each update (m,), -1 where none."""
    # A run that lists its calls does so under the stops at which it really calls.
    listed = (runs.calls_from == LISTED)[updates.owner]
    stop = np.where(listed & (updates.assigned >= 0), updates.assigned, updates.stop)
    found = find_calls(place_of(tt), calls, replace(updates, stop=stop), numbering, received_at, refused)
    lost = np.flatnonzero((found < 0) & ~listed)
    named = np.stack([updates.owner[lost], updates.sequence[lost], updates.stop[lost]])
    refused["stop_not_in_trip"] += np.unique(named, axis=1).shape[1]
    return found


def _told(
    runs: UpdatedRuns,
    calls: PlannedCalls,
    updates: StopTimeUpdates,
    found: Int64Array,
    received_at: float,
    refused: Counter[str],
) -> _Told:
    """What is told of each call; `found` (m,): the call of each update. Of several of one call the last counts."""
    update = np.full(len(calls), NONE, np.int64)
    found_rows = np.flatnonzero(found >= 0)
    # Who tells of one call that it is skipped and that it is made at another platform means the platform.
    run_call = updates.entity[found_rows] * len(calls) + found[found_rows]
    is_skipped = updates.relationship[found_rows] == STOP_SKIPPED
    found_rows = found_rows[~(is_skipped & np.isin(run_call, run_call[~is_skipped]))]
    # What one entity skips nobody serves, whenever others tell it to be.
    found_rows = found_rows[np.argsort(updates.relationship[found_rows] == STOP_SKIPPED, kind="stable")]
    update[found[found_rows]] = found_rows
    # A stop that is skipped is so for the whole of a wait written as several calls.
    by_stop = (at(updates.relationship, update, NONE) == STOP_SKIPPED) & (at(updates.sequence, update, 0) < 0)
    whole = np.flatnonzero(calls.stays & (update < 0) & np.append(False, by_stop[:-1])[: len(calls)])
    update[whole] = update[whole - 1]
    if (found >= 0).sum() > (update >= 0).sum():
        refused["duplicate_stop_time_update"] += updates_told_twice(updates.entity[found >= 0], found[found >= 0])
    relationship: Int8Array = at(updates.relationship, update, STOP_SCHEDULED)
    # By the reference delays end at an update without a time, but for that of the run as a whole.
    by_run = ~np.isnan(runs.delay_s) | (runs.calls_from == LISTED)
    says_nothing = at(_says_nothing(updates), update, False) & ~calls.stays
    relationship[says_nothing & ~by_run[calls.owner]] = STOP_NO_DATA
    arrival, departure, bounded, untold = expected_times(
        runs, calls, updates, update, found, relationship, received_at, refused
    )
    untold |= runs.long_known[calls.owner]
    uncertainty_s, occupancy = at(updates.uncertainty_s, update), at(updates.occupancy, update, NONE)
    told = (update >= 0) & (relationship == STOP_SCHEDULED)
    by_timetable, otherwise = (
        np.bincount(calls.owner[told & rows], minlength=len(runs)) > 0
        for rows in (uncertainty_s == BY_TIMETABLE_S, uncertainty_s != BY_TIMETABLE_S)
    )
    untold |= (by_timetable & ~otherwise & (runs.vehicle_id == ""))[calls.owner]
    return _Told(update, relationship, arrival, departure, bounded, untold, uncertainty_s, occupancy)


def _says_nothing(updates: StopTimeUpdates) -> BoolArray:
    """Which updates (m,) tell neither when nor how the call is made."""
    nothing: BoolArray = (updates.relationship == STOP_SCHEDULED) & (updates.headsign == "")
    for time in (updates.arrival, updates.arrival_delay_s, updates.departure, updates.departure_delay_s):
        nothing &= np.isnan(time)
    for kind in (updates.assigned, updates.pickup_type, updates.drop_off_type, updates.occupancy):
        nothing &= kind < 0
    return nothing


def _served_as(
    tt: Timetable, runs: UpdatedRuns, calls: PlannedCalls, updates: StopTimeUpdates, update: Int64Array
) -> _ServedAs:
    """How each call is made; `update` (k,): as of `_Told`."""
    stop, changed = _stops_now(tt, runs, calls, updates, update)
    pickup, drop_off = (
        np.where(at(by_operator, update, NONE) >= 0, at(by_operator, update, NONE), by_timetable).astype(np.int8)
        for by_operator, by_timetable in (
            (updates.pickup_type, calls.pickup_type), (updates.drop_off_type, calls.drop_off_type),
        )
    )  # fmt: skip
    changed |= (pickup != calls.pickup_type) | (drop_off != calls.drop_off_type)
    headsign: StrArray = np.append(updates.headsign, "")[update]
    changed |= (headsign != "") & (headsign != _scheduled_headsigns(tt, runs, calls))
    return _ServedAs(stop, pickup, drop_off, headsign, changed)


def _with_own_calls(
    tt: Timetable,
    runs: UpdatedRuns,
    calls: PlannedCalls,
    is_changed: BoolArray,
    with_shape: list[int],
    before: OwnCalls,
    refused: Counter[str],
) -> UpdatedRuns:
    """The runs (n,), those with calls of their own too of which calls are changed (`is_changed` (k,)), that are named
    otherwise or have a way of their own (rows `with_shape`)."""
    n = len(runs.trip)
    has_changed = np.bincount(calls.owner[is_changed], minlength=n) > 0
    own_calls = runs.own_calls | has_changed | ((runs.calls_from != NO_CALLS) & _named_otherwise(tt, runs))
    own_calls[with_shape] = True
    own_calls |= before.of_now_and_before(runs, own_calls) & (runs.calls_from == TIMETABLE)
    # Of a run by headway that tells neither its start nor a time nobody knows which one it is.
    unplaced = np.bincount(calls.owner[np.isnan(calls.arrival)], minlength=n) > 0
    refused["start_time_missing"] += int((own_calls & unplaced).sum())
    return replace(runs, own_calls=own_calls & ~unplaced)


def _as_message(
    tt: Timetable,
    runs: UpdatedRuns,
    calls: PlannedCalls,
    told: _Told,
    served_as: _ServedAs,
    run_shapes: dict[int, RunShape],
    timestamp: float,
    refused: Counter[str],
) -> TripUpdates:
    """Runs with the calls of which something is told, and with all of those that have calls of their own. A run none of
    whose calls is served is cancelled, and one of the timetable that goes no further than a single one: nobody can ride
    on it."""
    n, own_calls = len(runs), runs.own_calls
    served = np.where(told.stop_relationship == STOP_SKIPPED, NONE, calls.call)
    last_call = np.full(n, NONE, np.int32)
    np.maximum.at(last_call, calls.owner, served.astype(np.int32))
    all_calls = np.bincount(calls.owner, minlength=n)
    alone = (np.bincount(calls.owner[served >= 0], minlength=n) == 1) & (last_call < all_calls - 1)
    alone &= is_one_of(runs.calls_from, (TIMETABLE, COPY))
    nothing_served = alone | ((runs.calls_from != NO_CALLS) & (last_call < 0))
    relationship = np.where(nothing_served, TRIP_CANCELED, runs.relationship).astype(np.int8)
    runs = replace(runs, headsign=_headsigns(tt, runs, calls), relationship=relationship)
    keep = np.flatnonzero(own_calls[calls.owner] | (told.update >= 0) | ~np.isnan(told.arrival))
    keep = keep[~(nothing_served & ~own_calls)[calls.owner[keep]]]
    calls, told, served_as = calls.take(keep), told.take(keep), served_as.take(keep)
    return TripUpdates(
        timestamp=timestamp,
        **shared(runs, TripUpdates),
        start_untold=(runs.trip >= 0) & tt.trip_is_frequency[runs.trip] & (runs.start_time_s < 0) & ~own_calls,
        last_call=last_call,
        calls=UpdatedCalls(
            **shared(told, UpdatedCalls),
            **shared(served_as, UpdatedCalls),
            owner=calls.owner,
            call=calls.call.astype(np.int32),
            stop_sequence=calls.sequence,
            scheduled_arrival=calls.arrival,
            scheduled_departure=calls.departure,
            base_call=calls.base_call,
            unplanned=calls.unplanned,
        ),
        shapes=run_shapes,
        added_lists={
            row: calls.call[(calls.owner == row) & (told.update >= 0)].astype(np.int32)
            for row in np.flatnonzero(runs.is_added & is_one_of(runs.calls_from, (TIMETABLE, COPY))).tolist()
        },
        gone_shifts={
            row: int(runs.start_time_s[row] - tt.trip_start_s[runs.trip[row]])
            for row in np.flatnonzero(
                (runs.calls_from == NO_CALLS) & (runs.trip >= 0) & (runs.start_time_s >= 0)
            ).tolist()
        },
        refused={reason: count for reason, count in sorted(refused.items()) if count},
    )


def _run_shapes(
    tt: Timetable, runs: UpdatedRuns, owner: Int64Array, stop: Int32Array, shapes: Shapes, refused: Counter[str]
) -> dict[int, RunShape]:
    """The way of each run that has one of its own, by row; `owner`, `stop`: of each call (k,)."""
    found: dict[int, RunShape] = {}
    drawn: dict[tuple[str, bytes], RunShape | None] = {}
    ptr = group_starts(owner, len(runs.trip))
    for row in np.flatnonzero((runs.shape_id != "") & (np.diff(ptr) > 1)).tolist():
        stops = stop[ptr[row] : ptr[row + 1]]
        key = str(runs.shape_id[row]), stops.tobytes()
        if key not in drawn:
            drawn[key] = way_of_run(shapes, key[0], stops, tt, refused)
        if (shape := drawn[key]) is not None:
            found[row] = shape
    return found


def _stops_now(
    tt: Timetable, runs: UpdatedRuns, calls: PlannedCalls, updates: StopTimeUpdates, update: Int64Array
) -> tuple[Int32Array, BoolArray]:
    """The stop of each call (k,) as the message has it, and whether that is another one than scheduled."""
    # What is skipped is skipped where riders wait for it.
    update = np.where(at(updates.relationship, update, STOP_SCHEDULED) == STOP_SKIPPED, NONE, update)
    assigned, named = at(updates.assigned, update, NONE), at(updates.stop, update, NONE)
    platform = (named >= 0) & (tt.stop_location_type[np.maximum(named, 0)] == PLATFORM)
    # Many timetables name the station alone until its platform is known.
    beside = platform & (place_of(tt)[calls.stop] == place_of(tt)[np.maximum(named, 0)])
    rows = np.flatnonzero(beside & (named != calls.stop))
    owner = calls.owner[rows]
    beside[rows] = ~is_across(tt, runs.route[owner], runs.direction[owner], named[rows])
    stop = np.where(assigned >= 0, assigned, np.where(beside, named, calls.stop))
    stop = np.where((runs.calls_from == LISTED)[calls.owner] & (assigned < 0), calls.stop, stop).astype(np.int32)
    return stop, stop != calls.stop


def _named_otherwise(tt: Timetable, runs: UpdatedRuns) -> BoolArray:
    """Which runs (n,) of the timetable have another headsign or number by the operator's word."""
    result = np.zeros(len(runs), bool)
    for told, scheduled in ((runs.headsign, tt.trip_headsign), (runs.short_name, tt.trip_short_name)):
        rows = np.flatnonzero((runs.trip >= 0) & (told != ""))
        both = zip(told[rows].tolist(), scheduled[runs.trip[rows]].tolist(), strict=True)
        result[rows] |= np.array([name.casefold() != planned.casefold() for name, planned in both], bool)
    return result


def _scheduled_headsigns(tt: Timetable, runs: UpdatedRuns, calls: PlannedCalls) -> StrArray:
    """What the timetable has each call (k,) bound for, "" where it does not have the call."""
    trip = runs.trip[calls.owner]
    entry = np.where((trip >= 0) & (calls.base_call >= 0), tt.entry_of(trip, calls.base_call), NONE)
    sign = at(tt.call_headsign, entry, NONE)
    of_trip = np.append(tt.trip_headsign, "")[np.where(entry >= 0, trip, NONE)]
    return np.where(sign >= 0, np.append(tt.headsign_name, "")[sign], of_trip)


def _headsigns(tt: Timetable, runs: UpdatedRuns, calls: PlannedCalls) -> StrArray:
    """What each run is bound for: as told; the trip's own where it ends as that does; else the stop where it ends."""
    signs = runs.headsign.astype(object)
    ptr = group_starts(calls.owner, len(signs))
    for row in np.flatnonzero((runs.headsign == "") & runs.own_calls).tolist():
        trip, end = int(runs.trip[row]), int(ptr[row + 1]) - 1
        ends_alike = trip >= 0 and calls.base_call[end] == tt.trip_calls[trip] - 1
        signs[row] = str(tt.trip_headsign[trip]) if ends_alike else ""
        if end == ptr[row]:
            signs[row] = _headsign_of_line(tt, int(runs.route[row]), int(runs.direction[row]))
        signs[row] = signs[row] or str(tt.stop_name[calls.stop[end]])
    return np.array(signs.tolist(), np.str_)


def _headsign_of_line(tt: Timetable, route: int, direction: int) -> str:
    """What all trips of a line in one direction are bound for, "" where they differ."""
    signs = np.unique(tt.trip_headsign[(tt.trip_route == route) & (tt.pattern_direction[tt.trip_pattern] == direction)])
    return str(signs[0]) if len(signs) == 1 else ""
