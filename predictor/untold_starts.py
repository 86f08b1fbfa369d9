"""Runs by headway of which the operator does not say when they started: those that are followed already."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int64Array, expand_ranges
from predictor.journeys import JourneyLookup, dated_journeys
from predictor.overlay import Overlay
from predictor.runs import DatedRuns
from predictor.time_distance import TimeDistance
from predictor.tracks import Tracks
from predictor.trip_updates import TripUpdates


def on_followed_runs(
    updates: TripUpdates, overlay: Overlay, journeys: JourneyLookup, diagram: TimeDistance, tracks: Tracks
) -> TripUpdates:
    """The message with the runs by headway whose start is not told as those of vehicles on their trips, each vehicle's
    once; itself where there are none.

    By its told times such a run is where one is that started at its shift. The vehicle that is nearest to that is
    meant, within a headway, for there the next one is; where the message names it, within the time that a run takes.
    `overlay`, `journeys`, `diagram` and `tracks` are of one timetable.
    """
    untold = updates.start_untold & (updates.service_day >= 0)
    if not untold.any():
        return updates
    tt, trip = overlay.timetable, overlay.trips_of(updates)
    # A trip without any journey (an empty frequencies.txt row) runs never.
    untold &= np.isin(trip, tt.journey_trip)
    run, slot = np.flatnonzero(untold), np.flatnonzero((tracks.trip >= 0) & np.isfinite(tracks.distance_m))
    told_runs = DatedRuns(trip, updates.service_day, updates.shift_s).take(~untold)
    slot = slot[~np.isin(tracks.runs.take(slot).run_key, told_runs.run_key)]
    if len(slot) == 0:
        return updates
    day_and_trip = updates.service_day.astype(np.int64) * tt.trips + trip
    of_slot = tracks.service_day[slot].astype(np.int64) * tt.trips + tracks.trip[slot]
    order = np.argsort(of_slot, kind="stable")
    slot, of_slot = slot[order], of_slot[order]
    first = np.searchsorted(of_slot, day_and_trip[run])
    pair, place = expand_ranges(first, np.searchsorted(of_slot, day_and_trip[run], side="right") - first)
    run, slot = run[pair], slot[place]
    named, vehicle = updates.vehicle_id[run], tracks.vehicle_id[slot]
    is_its_vehicle = (named == vehicle) & (named != "")
    off_s = np.abs(_started_as(diagram, tracks, slot) - updates.shift_s[run])
    _, journey = dated_journeys(journeys.keys(trip[run], updates.service_day[run], updates.shift_s[run]))
    lasts_s = tt.trip_end_s[trip[run]] - tt.trip_start_s[trip[run]]
    near = off_s < np.maximum(tt.journey_headway_s[journey], np.where(is_its_vehicle, lasts_s, 0))
    # What is told of one vehicle that is followed is not told of another.
    near &= is_its_vehicle | ~np.isin(named, tracks.vehicle_id)
    run, slot = _paired(run[near], slot[near], off_s[near], ~is_its_vehicle[near])
    shift_s = updates.shift_s.copy()
    shift_s[run] = tracks.shift_s[slot]
    return replace(updates, shift_s=shift_s)


def _started_as(diagram: TimeDistance, tracks: Tracks, slot: Int64Array) -> Float64Array:
    """The shift (n,) of a run that would be where each vehicle is."""
    tt, trip = diagram.timetable, tracks.trip[slot]
    elapsed = diagram.elapsed_at(trip, tracks.departed[slot], tracks.distance_m[slot])
    result: Float64Array = tracks.timestamp[slot] - tt.date_origin[tracks.service_day[slot]] - tt.trip_start_s[trip]
    return result - elapsed


def _paired(
    run: Int64Array, slot: Int64Array, off_s: Float64Array, is_unnamed: BoolArray
) -> tuple[Int64Array, Int64Array]:
    """Of pairs (n,) those in which each run and each vehicle has the best one that is left to both."""
    order = np.lexsort((slot, run, off_s, is_unnamed))
    run, slot = run[order], slot[order]
    runs, slots = [run[:0]], [slot[:0]]
    while len(run):
        first_of_run, first_of_slot = np.zeros(len(run), bool), np.zeros(len(run), bool)
        first_of_run[np.unique(run, return_index=True)[1]] = True
        first_of_slot[np.unique(slot, return_index=True)[1]] = True
        both = first_of_run & first_of_slot
        runs.append(run[both])
        slots.append(slot[both])
        left = ~np.isin(run, runs[-1]) & ~np.isin(slot, slots[-1])
        run, slot = run[left], slot[left]
    return np.concatenate(runs), np.concatenate(slots)
