"""As which run a vehicle goes on, its riders aboard, when it has come to its last stop."""

from __future__ import annotations

import numpy as np

from api.reading.moment import Moment
from api.service.view import ServiceView
from predictor.arrays import NONE
from predictor.snapshot import CANCELLED


def continues_as(moment: Moment, trip: int, service_day: int, shift_s: int = 0) -> int:
    """The trip as which a run goes on, -1 where everybody gets off, or where that is cancelled."""
    tt = moment.timetable
    if not len(tt.continuation_trip) or shift_s or trip >= tt.base.trips:
        return NONE
    to = tt.continuation_to[slice(*np.searchsorted(tt.continuation_trip, (trip, trip + 1)))]
    runs = tt.runs_on(to, service_day) & (tt.trip_start_s[to] >= tt.trip_end_s[trip])
    found = next(iter(to[runs].tolist()), NONE)
    return NONE if found >= 0 and _is_cancelled(moment.view, found, service_day) else found


def _is_cancelled(view: ServiceView, trip: int, service_day: int) -> bool:
    """Looked up once a view: each row of each board asks."""

    def looked_up() -> bool:
        return bool((view.snapshot.journey(trip, service_day, 0).status == CANCELLED).all())

    return view.once(f"whether {trip} is cancelled on {service_day}", looked_up)
