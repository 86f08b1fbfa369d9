"""Vehicles whose reports name no trip, or one that the operator copies, on the run that its TripUpdates give or leave
to them."""

from __future__ import annotations

import numpy as np

from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, Int64Array, StrArray, is_one_of, places_of
from predictor.columns import replace
from predictor.named_runs import RunNames, run_finder
from predictor.observations import Observations
from predictor.overlay import Overlay
from predictor.runs import DatedRuns
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_CANCELED, TRIP_DELETED, TRIP_DUPLICATED, TripUpdates

NOT_FURTHER_S = 3600.0
"""A run that begins later than this, or ended longer ago, is not the one that a vehicle is on."""


def on_operators_runs(
    observations: Observations, updates: TripUpdates, overlay: Overlay, now: float
) -> tuple[Observations, int]:
    """The reports with the trip that the operator's message gives to their vehicle, where they name none, and how many
    got one.

    A vehicle is known by its id, else by its label, else by its id without the agency before it. Of several runs that
    are given to it the one that is under way counts, else the one nearest in time. Of the runs of the line and start
    that it names it is on the one that is left where the others are cancelled. Who names the trip that a run given to
    it copies is on that run. `observations` and `overlay` are of one
    timetable.
    """
    tt, told = overlay.timetable, overlay.runs_told(updates)
    trip = told.trip
    gone = is_one_of(updates.relationship, (TRIP_CANCELED, TRIP_DELETED))
    observations = _on_runs_left(observations, told.take(gone & (trip >= 0)), tt)
    runs = np.flatnonzero((updates.vehicle_id != "") & (trip >= 0) & (updates.service_day >= 0) & ~gone)
    nameless = np.flatnonzero((observations.trip < 0) | _name_a_copied_trip(observations, overlay, trip[runs]))
    if len(runs) == 0 or len(nameless) == 0:
        return observations, 0
    begins, ends = _span(updates, told, tt, runs)
    away_s = np.maximum(np.maximum(begins - now, now - ends), 0.0)
    near = away_s <= NOT_FURTHER_S
    runs, begins, away_s = runs[near], begins[near], away_s[near]
    order = np.lexsort((begins, away_s, updates.vehicle_id[runs]))
    vehicles, first = np.unique(updates.vehicle_id[runs[order]], return_index=True)
    of_vehicle = np.append(runs[order][first], NONE)
    place = places_of(observations.vehicle_id[nameless], vehicles)
    place = np.where(place < 0, places_of(observations.vehicle_label[nameless], vehicles), place)
    place = _by_bare_ids(place, observations.vehicle_id, nameless, vehicles)
    run = of_vehicle[place]
    route = observations.route[nameless]
    on_its_line = (route < 0) | (route == tt.trip_route[np.maximum(trip[run], 0)])
    named = observations.trip[nameless]
    meant = (run >= 0) & on_its_line & ((named < 0) | (named == tt.run_models[np.maximum(trip[run], 0)]))
    rows, run = nameless[meant], run[meant]
    # As feeds name them: of a run that takes another's place by that one's trip.
    named = np.array([tt.trip_index[name] for name in tt.trip_id[trip[run]].tolist()], np.int32)
    repeats = tt.trip_repeats[named]
    at, date, start = observations.trip.copy(), observations.service_date.copy(), observations.start_time_s.copy()
    at[rows], date[rows] = named, tt.date[updates.service_day[run]]
    start[rows] = np.where(repeats, tt.trip_start_s[named] + updates.shift_s[run], NONE)
    return replace(observations, trip=at, service_date=date, start_time_s=start), len(rows)


def _name_a_copied_trip(observations: Observations, overlay: Overlay, runs: Int32Array) -> BoolArray:
    """Which reports (n,) name, without a start, a trip of which one of the `runs` is a copy."""
    tt = overlay.timetable
    copied = tt.run_models[runs[tt.run_relationships[runs] == TRIP_DUPLICATED]]
    return np.isin(observations.trip, copied[copied >= 0]) & (observations.start_time_s < 0)


def _by_bare_ids(place: Int64Array, reports: StrArray, rows: Int64Array, vehicles: StrArray) -> Int64Array:
    """The `place` (n,) among `vehicles` of the reports `rows` (n,) of all, those without one too that are the only
    vehicle so called but for an agency before the id of one of the two."""
    unknown, free = np.flatnonzero(place < 0), np.ones(len(vehicles), bool)
    free[place[place >= 0]] = False
    if len(unknown) == 0 or not free.any():
        return place
    bare, first, count = np.unique(bare_ids(vehicles), return_index=True, return_counts=True)
    report = reports[rows[unknown]]
    mine = bare_ids(report)
    other = places_of(mine, bare)
    meant = (other >= 0) & (count[other] == 1) & free[first[other]]
    # Of two agencies they are two.
    meant &= (mine == report) | (mine == vehicles[first[other]])
    if not meant.any():
        return place
    names, times = np.unique(bare_ids(reports), return_counts=True)
    meant &= times[places_of(mine, names)] == 1
    result = place.copy()
    result[unknown[meant]] = first[other[meant]]
    return result


def bare_ids(ids: StrArray) -> StrArray:
    """The ids (n,) without what stands before `_` or `:`."""
    for mark in ("_", ":") if len(ids) else ():
        _, _, ids = np.strings.rpartition(ids, mark)
    return ids


def _on_runs_left(observations: Observations, gone: DatedRuns, timetable: Timetable) -> Observations:
    """The reports that name their run by line and start alone with the trip of the only such run that is not among
    those that are gone."""
    rows = np.flatnonzero((observations.trip < 0) & (observations.route >= 0) & (observations.start_time_s >= 0))
    if len(rows) == 0 or len(gone) == 0:
        return observations
    named = observations.take(rows)
    names = RunNames(named.trip, named.route, named.direction, named.service_date, named.start_time_s)
    runs = run_finder(timetable).find(names, named.timestamp, np.ones(len(rows), bool), others=gone.run_key)
    at = observations.trip.copy()
    at[rows] = runs.trip
    return replace(observations, trip=at)


def _span(updates: TripUpdates, told: DatedRuns, tt: Timetable, runs: Int64Array) -> tuple[Float64Array, Float64Array]:
    """When each of the runs (r,) begins and ends: as told where its first and last calls are, else as scheduled."""
    meant = told.take(runs)
    begins = meant.starts_at(tt).astype(np.float64)
    ends = meant.finishes_at(tt).astype(np.float64)
    calls, has_calls = updates.calls, updates.update_ptr[runs + 1] > updates.update_ptr[runs]
    first, last = updates.update_ptr[runs[has_calls]], updates.update_ptr[runs[has_calls] + 1] - 1
    from_first = np.isfinite(calls.departure[first]) & (calls.call[first] == 0)
    begins[has_calls] = np.where(from_first, calls.departure[first], begins[has_calls])
    ends[has_calls] = np.where(np.isfinite(calls.arrival[last]), calls.arrival[last], ends[has_calls])
    return begins, ends
