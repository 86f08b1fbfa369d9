"""What the realtime feeds say at one moment, be they polled or played from a recording."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass

from feeds.alerts.alert import Alert
from predictor.observations import Observations
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_CANCELED, TripUpdates

TRIP_UPDATES_KEPT_S = 1800.0
"""The operator's last word on its trips is dropped when nothing followed for this long."""
ALERTS_KEPT_S = 3600.0
"""Messages to riders from a feed that fails are dropped after so long; riders are told before how old they are."""
GAP_S = 90.0
"""A message without anything is believed once for so long nothing but such has come."""
_ALL_AT_ONCE = 3
"""So many runs are hardly taken back in one moment: some servers write an empty message when they start again."""

Heed = Callable[[TripUpdates | None], Timetable]
"""Takes the operator's word; gives the timetable against which the other feeds are to be read (`Engine.heed`)."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What had been received of each feed."""

    observations: Observations
    trip_updates: TripUpdates | None = None
    alerts: tuple[Alert, ...] = ()


def is_gap(told: Sized | None, tells: Sized, since_s: float) -> bool:
    """Whether what was told stands though nothing is told any more: many runs, or what does riders no harm if it stands
    a moment too long, as messages to them and cancellations do. `since_s`: seconds since anything was told."""
    if told is None or len(told) == 0 or len(tells) > 0 or since_s >= GAP_S:
        return False
    if isinstance(told, TripUpdates) and len(told) < _ALL_AT_ONCE:
        return bool((told.relationship == TRIP_CANCELED).all())
    return True
