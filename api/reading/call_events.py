"""The two events of a call: the arrival and the departure, each scheduled and predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from predictor.snapshot import CANCELLED, FROM_TIMETABLE, SKIPPED, RunCalls


@dataclass(frozen=True)
class Event:
    """One of them. Times are POSIX seconds."""

    scheduled: float | None
    """None for a run by headway."""
    predicted: float | None
    """None where passed, cancelled or skipped, or where only the timetable is known."""

    @property
    def delay_s(self) -> float | None:
        """Seconds late against the timetable, negative when early; None where not known."""
        return None if self.predicted is None or self.scheduled is None else self.predicted - self.scheduled


def events_of(calls: RunCalls, row: int) -> tuple[Event | None, Event | None]:
    """Arrival and departure of one call: a run does not arrive at its first stop, nor depart from its last."""
    untold = calls.source[row] == FROM_TIMETABLE or calls.status[row] in (CANCELLED, SKIPPED) or bool(calls.passed[row])
    arrival, departure = (
        Event(known(float(scheduled)), None if untold else float(predicted))
        for scheduled, predicted in (
            (calls.scheduled_arrival[row], calls.arrival[row]),
            (calls.scheduled_departure[row], calls.departure[row]),
        )
    )
    return None if calls.first_call[row] else arrival, None if calls.last_call[row] else departure


def known(value: float) -> float | None:
    """None for NaN."""
    return None if math.isnan(value) else float(value)
