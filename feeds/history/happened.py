"""What one step of the engine leaves to remember."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feeds.alerts.alert import Alert
from predictor.accuracy.samples import Told, told_by_operator, told_by_us
from predictor.arrays import Int64Array
from predictor.explain.told_times import ToldTimes
from predictor.passages import Passages
from predictor.snapshot import Snapshot, Vehicles
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
    told_times: ToldTimes
    """What riders are told by the operator's times alone, no vehicle being seen."""
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
            np.union1d(snapshot.cancelled, snapshot.deleted), snapshot.skipped, ToldTimes.of(snapshot), alerts,
            (told_by_us(snapshot) if sampled else None,
             told_by_operator(updates, snapshot) if sampled and updates is not None else None),
        )  # fmt: skip
