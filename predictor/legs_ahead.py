"""Which runs are predicted from which vehicle: those that vehicles are on and go on with, less those that do not take
place, whose vehicle is given up, or that are left to the operator."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int8Array, Int64Array, contains, is_among, where_true
from predictor.columns import replace
from predictor.endings import Patience, doubts
from predictor.journeys import JourneyLookup, call_key
from predictor.legs import Legs, current_legs, with_next_runs, with_turns
from predictor.operator_holds import OperatorHolds
from predictor.operator_times import OperatorTimes
from predictor.predicted_rows import still_told
from predictor.service_days import ServiceDays
from predictor.snapshot import GIVEN_UP, HELD_UP, OFF_ROUTE
from predictor.tracks import Tracks


def legs_ahead(
    days: ServiceDays, journeys: JourneyLookup, tracks: Tracks, operator: OperatorTimes, begins: OperatorHolds,
    holds: OperatorHolds, stands_since: float, patience: Patience, now: float,
) -> tuple[Legs, Int8Array]:  # fmt: skip
    """The runs to predict, a vehicle's in order, and what speaks against each vehicle (slots,): see `endings.doubts`.

    `operator`: its word on which runs take place; `begins`: see `begun_later`; `holds`: until when it has vehicles
    wait; `stands_since`: see `doubts`.
    """
    tt = days.timetable
    if len(tracks) == 0:
        return Legs.empty(), np.empty(0, np.int8)
    predictable = (tracks.trip >= 0) & ~((tracks.state == OFF_ROUTE) & ~np.isfinite(tracks.distance_m))
    current = current_legs(tt, tracks, where_true(predictable), operator.shortened)
    called_off = np.concatenate([operator.cancelled, operator.deleted])
    under_way = _under_way(current, journeys, tracks, called_off)
    doubt = doubts(tt, tracks, under_way, holds, patience, stands_since)
    legs = with_next_runs(days, tracks, current.take(doubt[current.slot] != GIVEN_UP), now)
    legs = with_turns(tt, legs, tracks, begins, begins.call, operator.shortened)
    legs = replace(legs, journey=journeys.keys(legs))
    takes_place = ~is_among(legs.journey, called_off)
    # Who is through with its run is judged by its next one.
    through = np.ones(len(tracks), bool)
    through[under_way.slot[under_way.first_call < tt.trip_calls[under_way.trip]]] = False
    later = legs.take(through[legs.slot] & takes_place)
    if len(later):
        doubt = np.maximum(doubt, doubts(tt, tracks, later, holds, patience, stands_since))
    return legs.take(takes_place & (doubt[legs.slot] != GIVEN_UP)), doubt


def without_told(
    legs: Legs, doubt: Int8Array, tracks: Tracks, fresh: OperatorTimes, live_limit_s: float, now: float
) -> Legs:
    """The legs without those that are left to the operator, who tells of them newly enough (`fresh`): of a silent
    vehicle's run calls to come, or that one held up is to come to its next stop yet. `doubt` (slots,)."""
    silent = tracks.timestamp[legs.slot] < now - live_limit_s
    to_come = np.sort(fresh.calls.keys[fresh.calls.arrival >= now])
    held_up = (doubt[legs.slot] == HELD_UP) & (legs.order == 0)
    told = silent & is_among(legs.journey, still_told(fresh, now))
    told |= held_up & contains(to_come, call_key(legs.journey, tracks.arrived[legs.slot]))
    return legs.take(~told)


def _under_way(current: Legs, journeys: JourneyLookup, tracks: Tracks, called_off: Int64Array) -> Legs:
    """The `current` legs without those `called_off` (journey keys) that have not begun: who waits for a run that does
    not take place waits for the next one."""
    if len(called_off) == 0:
        return current
    awaits = tracks.departed[current.slot] == 0
    awaits[awaits] = is_among(journeys.keys(current.take(awaits)), called_off)
    return current.take(~awaits)
