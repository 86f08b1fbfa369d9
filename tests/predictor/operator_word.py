"""The operator's word as the core gets it, in a few lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from predictor.timetable import Timetable
from predictor.trip_updates import STOP_SCHEDULED, STOP_SKIPPED, TRIP_SCHEDULED, TripUpdates, UpdatedCalls


@dataclass(frozen=True)
class ToldCall:
    """What is told of a call; POSIX seconds."""

    call: int
    arrival: float = nan
    relationship: int = STOP_SCHEDULED
    stop: int = -1
    """Of a run with calls of its own."""


@dataclass(frozen=True)
class ToldRun:
    """What is told of a run."""

    trip: int
    relationship: int = TRIP_SCHEDULED
    calls: tuple[ToldCall, ...] = ()
    trip_id: str = ""
    """Of a run with calls of its own; these are `calls`, scheduled as they are told."""
    route: int = 0


def trip_updates(timetable: Timetable, at: float, day: int, *runs: ToldRun) -> TripUpdates:
    """A message about runs of one service day."""
    n, i8, i32 = len(runs), np.int8, np.int32
    calls = [call for run in runs for call in run.calls]
    own = np.array([run.trip_id != "" for run in runs], bool)
    last_call = [
        max(k for k in range(len(run.calls) if run.trip_id else int(timetable.trip_calls[run.trip]))
            if k not in [call.call for call in run.calls if call.relationship == STOP_SKIPPED])
        for run in runs
    ]  # fmt: skip
    times = np.array([call.arrival for call in calls], np.float64)
    stops = [
        call.stop if run.trip_id else int(timetable.call_stop[timetable.trip_call_ptr[run.trip] + call.call])
        for run in runs
        for call in run.calls
    ]
    return TripUpdates(
        timestamp=at, trip_id=np.array([run.trip_id or timetable.trip_id[run.trip] for run in runs], np.str_),
        trip=np.array([run.trip for run in runs], i32), service_day=np.full(n, day, i32), shift_s=np.zeros(n, i32),
        start_untold=np.zeros(n, bool),
        route=np.array([run.route for run in runs], i32), direction=np.zeros(n, i8), headsign=np.full(n, ""),
        short_name=np.full(n, ""), relationship=np.array([run.relationship for run in runs], i8),
        vehicle_id=np.full(n, ""), vehicle_label=np.full(n, ""), vehicle_wheelchair=np.zeros(n, i8),
        last_call=np.array(last_call, i32), own_calls=own, own_times=np.zeros(n, bool),
        calls=UpdatedCalls.blank(
            len(calls), owner=np.repeat(np.arange(n), [len(run.calls) for run in runs]),
            call=np.array([call.call for call in calls], i32), stop=np.array(stops, i32),
            stop_sequence=np.array([call.call + 1 for call in calls], i32), scheduled_arrival=times,
            scheduled_departure=times, arrival=times, departure=times,
            stop_relationship=np.array([call.relationship for call in calls], i8),
            pickup_type=np.zeros(len(calls), i8), drop_off_type=np.zeros(len(calls), i8),
        ),
    )  # fmt: skip
