"""Runs by headway of which the operator does not say when they started: those that are followed already, or that it
told of before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, StrArray, expand_ranges
from predictor.journeys import JourneyLookup, dated_journeys
from predictor.overlay import Overlay
from predictor.runs import DatedRuns
from predictor.time_distance import TimeDistance
from predictor.timetable import Timetable
from predictor.tracks import Tracks
from predictor.trip_updates import TripUpdates


@dataclass(frozen=True, eq=False)
class _Known(DatedRuns):
    """Runs that one without a start may be, by the shift under which they are known."""

    vehicle_id: StrArray
    shift_by_times_s: Float64Array
    """The shift of a run that would be where this one is, or was told to be."""


class UntoldStarts:
    """Which runs are meant, the same from message to message: their times move, the name of a run does not."""

    def __init__(self) -> None:
        self._told = _Known.empty()
        """The runs of the last message."""

    def forget(self, trips_from: int = 0) -> None:
        """Trips from this one on have other indices from now on."""
        self._told = self._told.take(self._told.trip < trips_from)

    def settled(
        self, updates: TripUpdates, overlay: Overlay, journeys: JourneyLookup, diagram: TimeDistance, tracks: Tracks
    ) -> TripUpdates:
        """The message with the runs by headway whose start is not told as those of vehicles on their trips, each
        vehicle's once, else as those told before; itself where there are none.

        By its told times such a run is where one is that started at its shift. The known run that is nearest to that is
        meant, within a headway, for there the next one is; where the message names its vehicle, within the time that a
        run takes. `overlay`, `journeys`, `diagram` and `tracks` are of one timetable.
        """
        untold = updates.start_untold & (updates.service_day >= 0)
        if not untold.any():
            self.forget()
            return updates
        every = overlay.runs_told(updates)
        run = np.flatnonzero(untold)
        runs = _Known.of_runs(
            every.take(run),
            vehicle_id=updates.vehicle_id[run],
            shift_by_times_s=updates.shift_s[run].astype(np.float64),
        )
        told_keys = every.take(~untold).run_key
        followed = _followed(diagram, tracks)
        followed = followed.take(~np.isin(followed.run_key, told_keys))
        shift_s, is_followed = _as_known(journeys, runs, followed, tracks.vehicle_id)
        told = self._told.take(~np.isin(self._told.run_key, np.concatenate([followed.run_key, told_keys])))
        rest = np.flatnonzero(~is_followed)
        shift_s[rest], _ = _as_known(journeys, runs.take(rest), told, self._told.vehicle_id)
        self._told = replace(runs, shift_s=shift_s)
        result = updates.shift_s.copy()
        result[run] = shift_s
        return replace(updates, shift_s=result)


def _followed(diagram: TimeDistance, tracks: Tracks) -> _Known:
    """The runs of the vehicles that are followed."""
    tt, slot = diagram.timetable, np.flatnonzero((tracks.trip >= 0) & np.isfinite(tracks.distance_m))
    trip, day = tracks.trip[slot], tracks.service_day[slot]
    elapsed = diagram.elapsed_at(trip, tracks.departed[slot], tracks.distance_m[slot])
    started_as: Float64Array = tracks.timestamp[slot] - tt.date_origin[day] - tt.trip_start_s[trip] - elapsed
    return _Known(trip, day, tracks.shift_s[slot], tracks.vehicle_id[slot], started_as)


def _as_known(journeys: JourneyLookup, runs: _Known, known: _Known, vehicles: StrArray) -> tuple[Int32Array, BoolArray]:
    """The shift of each run (n,), that of the known run (k,) that it is where it is one, and whether it is one.

    What is told of one of `vehicles` is not told of another.
    """
    tt = journeys.timetable
    known = known.take(np.argsort(_day_and_trip(tt, known), kind="stable"))
    wanted, of_known = _day_and_trip(tt, runs), _day_and_trip(tt, known)
    first = np.searchsorted(of_known, wanted)
    run, other = expand_ranges(first, np.searchsorted(of_known, wanted, side="right") - first)
    other = other.astype(np.int64)
    named, vehicle = runs.vehicle_id[run], known.vehicle_id[other]
    is_its_vehicle = (named == vehicle) & (named != "")
    off_s = np.abs(known.shift_by_times_s[other] - runs.shift_by_times_s[run])
    pairs = runs.take(run)
    _, journey = dated_journeys(journeys.keys(pairs))
    lasts_s = tt.trip_lasts_s[pairs.trip]
    near = off_s < np.maximum(tt.journey_headway_s[journey], np.where(is_its_vehicle, lasts_s, 0))
    near &= is_its_vehicle | (named == "") | ~np.isin(named, vehicles)
    run, other = _paired(run[near], other[near], off_s[near], ~is_its_vehicle[near])
    shift_s, is_known = runs.shift_s.copy(), np.zeros(len(runs), bool)
    shift_s[run], is_known[run] = known.shift_s[other], True
    return shift_s, is_known


def _day_and_trip(tt: Timetable, runs: DatedRuns) -> Int64Array:
    return runs.service_day.astype(np.int64) * tt.trips + runs.trip


def _paired(
    run: Int64Array, other: Int64Array, off_s: Float64Array, is_unnamed: BoolArray
) -> tuple[Int64Array, Int64Array]:
    """Of pairs (n,) those in which each run and each known one has the best one that is left to both."""
    order = np.lexsort((other, run, off_s, is_unnamed))
    run, other = run[order], other[order]
    runs, others = [run[:0]], [other[:0]]
    while len(run):
        first_of_run, first_of_other = np.zeros(len(run), bool), np.zeros(len(run), bool)
        first_of_run[np.unique(run, return_index=True)[1]] = True
        first_of_other[np.unique(other, return_index=True)[1]] = True
        is_best_of_both = first_of_run & first_of_other
        runs.append(run[is_best_of_both])
        others.append(other[is_best_of_both])
        left = ~np.isin(run, runs[-1]) & ~np.isin(other, others[-1])
        run, other = run[left], other[left]
    return np.concatenate(runs), np.concatenate(others)
