"""The only door to the core: `Engine.step(observations, now)`."""

from __future__ import annotations

from predictor.observations import Observations
from predictor.snapshot import Snapshot
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates


class Engine:
    """Follows all vehicles of a network. No I/O, no clock: `now` is given, and never runs backwards."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable

    def step(self, observations: Observations, now: float, trip_updates: TripUpdates | None = None) -> Snapshot:
        """Take in what had been received by `now` and answer with a whole new snapshot."""
        raise NotImplementedError

    def swap_timetable(self, timetable: Timetable) -> None:
        """Go on with a new feed, keeping every vehicle whose trip is in both."""
        raise NotImplementedError
