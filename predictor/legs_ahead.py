"""Which runs are predicted from which vehicle: those that vehicles are on and go on with, less those that do not take
place, whose vehicle is given up, or that are left to the operator."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int8Array, Int64Array, contains, is_among, places_of, where_true
from predictor.columns import replace
from predictor.endings import Patience, doubts
from predictor.geometry import to_first_stop_m, to_stop_m
from predictor.journeys import JourneyLookup, call_key
from predictor.legs import Legs, current_legs, with_next_runs
from predictor.matching import TERMINUS_M
from predictor.operator_holds import OperatorHolds
from predictor.operator_times import OperatorTimes, ShortenedRuns
from predictor.predicted_rows import still_told
from predictor.service_days import ServiceDays
from predictor.snapshot import DEADHEAD, GIVEN_UP, HELD_UP, OFF_ROUTE
from predictor.timetable import Timetable
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
    legs = _with_turns(tt, legs, tracks, begins, operator.shortened)
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


def _with_turns(tt: Timetable, legs: Legs, tracks: Tracks, begins: OperatorHolds, shortened: ShortenedRuns) -> Legs:
    """The legs, a vehicle's in order, of runs whose first stops are not served from where they begin now, for vehicles
    that are nearer to that already, or end their run before it there (`shortened`). Not those, nor any behind them,
    that a vehicle will take up elsewhere on its way, having turned before the end: nobody knows how it comes there, so
    the timetable or the operator tells of them. `begins`: see `begun_later`."""
    if len(begins) == 0:
        return legs
    place = places_of(legs.run_key, begins.run_key)
    rows = where_true((place >= 0) & (legs.order == 0) & (tracks.state[legs.slot] == DEADHEAD))
    trip, slot, call = legs.trip[rows], legs.slot[rows], begins.call[place[rows]]
    lat, lon = tracks.lat[slot], tracks.lon[slot]
    nearer = to_stop_m(tt, trip, call, lat, lon) < to_first_stop_m(tt, trip, lat, lon)
    first_call, turns_at = legs.first_call.copy(), legs.turns_at.copy()
    # Who has left that stop behind, or has driven its run to the end, is past it wherever it stands.
    first_call[rows[nearer]] = np.maximum(first_call[rows[nearer]], call[nearer])
    short = places_of(legs.run_key, shortened.run_key)
    rows = 1 + where_true((place[1:] >= 0) & (legs.order[1:] > 0) & (short[:-1] >= 0))
    ends_at, begins_at = shortened.ends_at[short[rows - 1]], begins.call[place[rows]]
    end = tt.call_stop[tt.entry_of(legs.trip[rows - 1], ends_at)]
    here = to_stop_m(tt, legs.trip[rows], begins_at, tt.stop_lat[end], tt.stop_lon[end]) < TERMINUS_M
    first_call[rows[here]], turns_at[rows[here] - 1] = begins_at[here], ends_at[here]
    first = np.full(len(tracks), np.iinfo(np.int64).max)
    np.minimum.at(first, legs.slot[rows[~here]], legs.order[rows[~here]])
    return replace(legs, first_call=first_call, turns_at=turns_at).take(legs.order < first[legs.slot])


def _under_way(current: Legs, journeys: JourneyLookup, tracks: Tracks, called_off: Int64Array) -> Legs:
    """The `current` legs without those `called_off` (journey keys) that have not begun: who waits for a run that does
    not take place waits for the next one."""
    if len(called_off) == 0:
        return current
    awaits = tracks.departed[current.slot] == 0
    awaits[awaits] = is_among(journeys.keys(current.take(awaits)), called_off)
    return current.take(~awaits)
