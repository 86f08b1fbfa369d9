"""As which run a vehicle goes on, its riders aboard, when it has come to its last stop."""

from __future__ import annotations

import numpy as np

from api.reading.moment import Moment
from api.service.view import ServiceView
from predictor.arrays import NONE
from predictor.snapshot import CANCELLED

_OVERNIGHT_S = 3600.0
"""Riders stay aboard a vehicle that goes on with the next service day no longer than this."""


def continues_as(moment: Moment, trip: int, service_day: int, shift_s: int = 0) -> tuple[int, int]:
    """The trip and the service day (index) as which a run goes on, -1 where everybody gets off, or where that is
    cancelled."""
    tt, nothing = moment.timetable, (NONE, NONE)
    if not len(tt.continuation_trip) or shift_s or trip >= tt.base.trips:
        return nothing
    to = tt.continuation_to[slice(*np.searchsorted(tt.continuation_trip, (trip, trip + 1)))]
    ends = tt.date_origin[service_day] + tt.trip_end_s[trip]
    for day, within_s in ((service_day, np.inf), (service_day + 1, _OVERNIGHT_S)):
        if day < len(tt.date_origin):
            waits_s = tt.date_origin[day] + tt.trip_start_s[to] - ends
            runs = to[tt.runs_on(to, day) & (waits_s >= 0) & (waits_s <= within_s)].tolist()
            if runs:
                return nothing if _is_cancelled(moment.view, runs[0], day) else (runs[0], day)
    return nothing


def _is_cancelled(view: ServiceView, trip: int, service_day: int) -> bool:
    """Looked up once a view: each row of each board asks."""

    def looked_up() -> bool:
        return bool((view.snapshot.journey(trip, service_day, 0).status == CANCELLED).all())

    return view.once(f"whether {trip} is cancelled on {service_day}", looked_up)
