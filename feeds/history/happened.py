"""What one step of the engine leaves to remember."""

from __future__ import annotations

from dataclasses import dataclass

from feeds.alerts import Alert
from predictor.arrays import Int64Array
from predictor.passages import Passages
from predictor.snapshot import Snapshot, Vehicles
from predictor.timetable import Timetable


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
    alerts: tuple[Alert, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, alerts: tuple[Alert, ...] = ()) -> Happened:
        """What to remember of a step."""
        return cls(
            snapshot.made_at, snapshot.feed_alive_at, snapshot.timetable, snapshot.vehicles, snapshot.passages,
            snapshot.cancelled, snapshot.skipped, alerts,
        )  # fmt: skip
