"""What one step of the engine leaves to remember."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feeds.alerts.alert import Alert
from predictor.accuracy.samples import Told, told_by_operator, told_by_us
from predictor.arrays import Int64Array, first_of_each
from predictor.passages import Passages
from predictor.runs import DatedRuns
from predictor.snapshot import LIVE, Snapshot, Vehicles
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates


@dataclass(frozen=True, eq=False)
class Happened:
    """A snapshot without its predictions, which are many and soon forgotten."""

    at: float
    """The step's time, POSIX seconds."""
    feed_alive_at: float
    timetable: Timetable
    vehicles: Vehicles
    passages: Passages
    cancelled: Int64Array
    """Sorted journey keys."""
    skipped: Int64Array
    """Sorted call keys."""
    operators: DatedRuns
    """Runs of the timetable that riders are told of by the operator's times, without a vehicle."""
    alerts: tuple[Alert, ...]
    told: tuple[Told | None, Told | None] = (None, None)
    """What we and what the operator's TripUpdates said, where the step is one of those that are sampled."""

    @classmethod
    def of(
        cls, snapshot: Snapshot, alerts: tuple[Alert, ...] = (), updates: TripUpdates | None = None, *,
        sampled: bool = False,
    ) -> Happened:  # fmt: skip
        """What to remember of a step. Parameters: `updates`, what the operator says then; `sampled`: keep what was
        told, to be judged by what happens."""
        return cls(
            snapshot.made_at, snapshot.feed_alive_at, snapshot.timetable, snapshot.vehicles, snapshot.passages,
            np.union1d(snapshot.cancelled, snapshot.deleted), snapshot.skipped, _by_the_operator(snapshot), alerts,
            (told_by_us(snapshot) if sampled else None,
             told_by_operator(updates, snapshot) if sampled and updates is not None else None),
        )  # fmt: skip


def _by_the_operator(snapshot: Snapshot) -> DatedRuns:
    tt, made = snapshot.timetable, snapshot.predictions
    runs = made.runs.take(np.flatnonzero((made.vehicle < 0) & (made.status == LIVE)))
    runs = runs.take(np.flatnonzero(first_of_each(runs.run_key)))
    # Runs in the place of others go by their names.
    own = runs.trip >= tt.base.trips
    named = np.append(np.arange(tt.base.trips, dtype=np.int32), tt.run_named)[runs.trip] if own.any() else runs.trip
    return DatedRuns(named, runs.service_day, runs.shift_s)
