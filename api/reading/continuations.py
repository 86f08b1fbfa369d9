"""As which run a vehicle goes on, its riders aboard, when it has come to its last stop."""

from __future__ import annotations

import numpy as np

from api.reading.moment import Moment
from api.service.view import ServiceView
from predictor.arrays import NONE, Int8Array
from predictor.runs import DatedRuns
from predictor.service_days import continued_overnight
from predictor.snapshot import CANCELLED, SKIPPED


def continues_as(moment: Moment, trip: int, service_day: int, shift_s: int = 0) -> tuple[int, int]:
    """The trip and the service day (index) as which a run goes on, -1 where everybody gets off, or where that is
    cancelled, or begins at a stop to which the run does not come today."""
    tt, nothing = moment.timetable, (NONE, NONE)
    if not len(tt.continuation_trip) or shift_s or trip >= tt.base.trips:
        return nothing
    to = tt.continuation_to[slice(*np.searchsorted(tt.continuation_trip, (trip, trip + 1)))]
    to = to[tt.runs_on(to, service_day) & (tt.trip_start_s[to] >= tt.trip_end_s[trip])]
    run = (int(to[0]), service_day) if len(to) else (int(continued_overnight(tt, service_day)[trip]), service_day + 1)
    if run[0] < 0:
        return nothing
    of_next = _statuses(moment.view, *run)
    ends_before = moment.view.snapshot.last_calls(DatedRuns.one(trip, service_day, 0))[0] < tt.trip_calls[trip] - 1
    # A stop that is closed to both is driven past.
    gets_there = not ends_before or of_next[0] == SKIPPED
    return run if gets_there and (of_next != CANCELLED).any() else nothing


def _statuses(view: ServiceView, trip: int, service_day: int) -> Int8Array:
    """Of a run's calls. Looked up once a view: each row of each board asks."""
    return view.once(f"how {trip} calls on {service_day}", lambda: view.snapshot.journey(trip, service_day, 0).status)
