"""What is said of the calls ahead of vehicles: predicted anew of those of whom there is news, of others as before. A
sample of it is learned from."""

from __future__ import annotations

import numpy as np

from predictor.arrivals import Arrivals
from predictor.driving_times import DrivingTimes
from predictor.endings import Patience, told_until
from predictor.features import Features
from predictor.forecast import forecast, within_horizon
from predictor.forecast_loop import Forecast
from predictor.journeys import driven_keys
from predictor.kept_predictions import KeptPredictions
from predictor.learner import Learner
from predictor.legs import Legs, in_parts
from predictor.operator_holds import OperatorHolds
from predictor.passages import Passages
from predictor.tracks import Tracks


class CallsAhead:
    """Predicts from step to step."""

    def __init__(self, learner: Learner, patience: Patience, live_limit_s: float, miss_weight: float) -> None:
        """Parameters: see `EngineSettings`."""
        self.kept = KeptPredictions()
        self._learner, self._patience = learner, patience
        self._live_limit_s, self._miss_weight = live_limit_s, miss_weight

    def predicted(
        self, driving: DrivingTimes, tracks: Tracks, legs: Legs, holds: OperatorHolds, passages: Passages, now: float
    ) -> Forecast:
        """What is said of the calls of all legs, in their order. `passages`: those found since the step before."""
        kept, learner = self.kept, self._learner
        due, until = kept.due(legs, holds, now), told_until(tracks, self._patience)
        # Who waits for its departure and is not heard of for a while mostly waits on.
        waits_until = np.maximum(until, tracks.timestamp + self._live_limit_s)
        # What is learned from is a sample of all predictions, not of those alone that come with a report; but of times
        # that stay as they are, nothing.
        sampled = learner.sampled(len(tracks), now) & (waits_until >= now)
        due |= sampled
        room = kept.room(legs, due, np.minimum(until, now))
        learner.resolve(passages, driven_keys(passages, passages.call, driving.diagram.timetable))
        if not due.any():
            kept.go_on(room)
            learner.study(now)
            return room.calls
        arrivals = Arrivals(driving.travel_times, driving.timing_points, tracks, holds, now, waits_until)
        told = Features(driving.trip_history, tracks, now)
        anew = legs.take(due[legs.slot] & (legs.calls > 0))
        for part in in_parts(anew, sampled):
            some = anew.take(part)
            chain = arrivals.at_calls_of(some)
            rows = within_horizon(chain, now)
            features = told.of(chain, rows)
            learner.offer(chain, rows, features, sampled, now)
            learner.study(now)
            before = kept.said_before(some, room.to[part], tracks.passed, now)
            forecast(
                chain, rows, features, learner.net, learner.calibration, now, self._miss_weight, before, until,
                room.calls,
            )  # fmt: skip
        kept.put(anew, room, tracks.passed, due, now)
        return room.calls
