"""The rows of the boards: our vehicles' predicted calls, the operator's own times, late runs that were cancelled."""

from __future__ import annotations

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    contains,
    is_among,
    is_one_of,
    places_of,
    where_true,
)
from predictor.columns import shared
from predictor.forecast_loop import Forecast
from predictor.journeys import JourneyLookup, call_key, dated_calls, runs_of
from predictor.legs import Legs
from predictor.operator_times import OperatorTimes
from predictor.past_calls import STILL_DUE_S
from predictor.rows_loop import OfLegs, by_call, stops_of
from predictor.runs import DatedRuns, still_made
from predictor.snapshot import (
    CANCELLED,
    FOLLOWED,
    FROM_BLOCK,
    FROM_OPERATOR,
    FROM_VEHICLE,
    HELD_UP,
    LIVE,
    OFF_ROUTE,
    SCHEDULED,
    SKIPPED,
    ByStop,
    PredictedCalls,
    Predictions,
)
from predictor.timetable import Timetable
from predictor.tracks import Tracks

_PLANNED_S = 3 * 3600.0
"""No vehicle is out for a run that begins later."""
_WAIT_S = 60.0
"""Who is told to stand so long at a stop waits there."""


def vehicle_rows(
    timetable: Timetable, legs: Legs, calls: Forecast, tracks: Tracks, doubt: Int8Array, operator: OperatorTimes,
    *, live_since: float, now: float,
) -> PredictedCalls:  # fmt: skip
    """Rows of the vehicles: live where the report is not older than `live_since`, the vehicle on its line, and nothing
    speaks against it (`doubt` (slots,)); of its later trips the doubt is not told until they are late by it.

    Parameters: `calls` of all legs, in their order; `operator`: which calls are skipped, and how full it expects the
    vehicle to be.
    """
    slot = legs.slot
    live = (tracks.timestamp[slot] >= live_since) & (tracks.state[slot] != OFF_ROUTE) & (doubt[slot] == FOLLOWED)
    # A leg may have no call ahead of it any more.
    ahead = where_true(legs.calls)
    later = np.ones(len(legs), bool)
    later[ahead] = np.append(False, slot[ahead[1:]] == slot[ahead[:-1]])[: len(ahead)]
    # Who is held up is so on the run that it is on, also where that one does not take place.
    later |= (doubt[slot] == HELD_UP) & (legs.order > 0)
    later &= legs.starts_at(timetable) >= now
    told = by_call(
        OfLegs(
            vehicle=slot.astype(np.int32),
            trip=legs.trip,
            service_day=legs.service_day,
            shift_s=legs.shift_s,
            call=legs.first_call,
            status=np.where(live, LIVE, SCHEDULED).astype(np.int8),
            source=np.where(legs.order == 0, FROM_VEHICLE, FROM_BLOCK).astype(np.int8),
            doubt=np.where(later, np.int8(FOLLOWED), doubt[slot]),
        ),
        legs.calls,
    )
    if len(operator.skipped):
        told.status[contains(operator.skipped, call_key(legs.journey[legs.of_call], told.call))] = SKIPPED
    # At its first stop a vehicle comes for no rider.
    stands = where_true(calls.at_stop & (told.call > 0))
    came_at = np.full(len(told.call), np.nan)
    came_at[stands] = tracks.arrived_at[told.vehicle[stands]]
    return PredictedCalls(
        **told._asdict(),
        came_at=came_at,
        **shared(calls, PredictedCalls),
        occupancy=_occupancy_told(operator, legs, told.call),
    )


def _occupancy_told(operator: OperatorTimes, legs: Legs, call: Int32Array) -> Int8Array:
    told = operator.calls.take(operator.calls.occupancy >= 0)
    if len(told) == 0:
        return np.full(len(call), NONE, np.int8)
    keys, first = np.unique(told.keys, return_index=True)
    place = places_of(call_key(legs.journey[legs.of_call], call), keys)
    return np.where(place >= 0, told.occupancy[first][place], np.int8(NONE))


def unserved(operator: OperatorTimes, served: Int64Array, now: float) -> Int64Array:
    """Rows of the operator's times for calls to come of journeys that no vehicle of ours serves."""
    calls = operator.calls
    return where_true(~is_among(calls.journey, served) & (calls.departure >= now - STILL_DUE_S))


def still_told(operator: OperatorTimes, now: float) -> Int64Array:
    """Keys of the journeys of which the operator tells calls to come."""
    return operator.calls.journey[operator.calls.departure >= now]


def planned(timetable: Timetable, runs: DatedRuns, now: float) -> BoolArray:
    """Whether no vehicle of each run (n,) can be out yet: what the operator tells of it is a plan."""
    result: BoolArray = runs.starts_at(timetable) > now + _PLANNED_S
    return result


def operator_rows(
    timetable: Timetable, operator: OperatorTimes, rows: Int64Array, now: float, skipped: Int64Array, *, live: bool
) -> PredictedCalls:
    """Rows of the operator's times, with the range that it gives, else one as wide as such times usually miss by."""
    if len(rows) == 0:
        return PredictedCalls.empty()
    calls = operator.calls.take(rows)
    arrival, given_s = np.maximum(calls.arrival, now), calls.uncertainty_s
    spread = 30.0 + 0.1 * (arrival - now)
    early_s, late_s = (np.where(np.isnan(given_s), usual_s, given_s) for usual_s in (1.1 * spread, 1.4 * spread))
    not_live = calls.untold | (calls.doubt != FOLLOWED) | planned(timetable, calls, now) | (not live)
    status = np.where(not_live, SCHEDULED, LIVE).astype(np.int8)
    status[contains(skipped, calls.keys)] = SKIPPED
    departure = np.maximum(calls.departure, arrival)
    waits = (calls.arrival <= now) & (departure - calls.arrival >= _WAIT_S) & (departure > now) & (status == LIVE)
    return PredictedCalls.of_runs(
        calls,
        call=calls.call,
        p10=np.maximum(arrival - early_s, now),
        p50=arrival,
        p90=arrival + late_s,
        arrival=arrival,
        departure=departure,
        hold=np.full(len(rows), -np.inf),
        at_stop=waits,
        came_at=np.where(waits & (calls.call > 0), calls.arrival, np.nan),
        status=status,
        source=np.full(len(rows), FROM_OPERATOR, np.int8),
        doubt=calls.doubt,
        occupancy=calls.occupancy,
    )


def cancelled_rows(
    journeys: JourneyLookup, before: PredictedCalls, operator: OperatorTimes, now: float
) -> PredictedCalls:
    """Rows of late runs that are cancelled by now, at the times that the operator tells even so, else at those told of
    them `before`: who still waits for one has to find it."""
    tt, cancelled, called_off = journeys.timetable, operator.cancelled, operator.called_off
    if len(cancelled) == 0:
        return PredictedCalls.empty()
    is_gone = np.zeros(tt.trips, bool)
    is_gone[runs_of(cancelled, tt).trip] = True
    before = before.take(is_gone[before.trip])
    anew = _not_made(called_off.runs, called_off.call, called_off.arrival, called_off.departure, CANCELLED)
    told_again = is_among(call_key(journeys.keys(before), before.call), called_off.keys)
    told = PredictedCalls.joined(anew, before.take(~told_again))
    told = told.take(~tt.trip_is_frequency[told.trip])
    late = told.departure > told.leaves_at(tt, told.call) + STILL_DUE_S
    told = told.take(late & is_among(journeys.keys(told), cancelled))
    # All of them until the last one is past: half a run at other times is none that was ever told.
    told = told.take(is_among(told.run_key, told.run_key[told.departure >= now - STILL_DUE_S]))
    return _not_made(told.runs, told.call, told.arrival, told.departure, CANCELLED)


def in_timetable(told: PredictedCalls, old: Timetable, new: Timetable, first_changed: int) -> PredictedCalls:
    """What was `told` by the indices of another timetable; trips below `first_changed` have the same there."""
    stays = told.trip < first_changed
    others = told.take(~stays)
    return PredictedCalls.joined(told.take(stays), still_made(others, others.call, old, new))


def skipped_rows(timetable: Timetable, operator: OperatorTimes, served: Int64Array, now: float) -> PredictedCalls:
    """Rows of skipped calls of late runs, and of runs by headway, that no vehicle of ours serves (`served`: journey
    keys), as late as the call before them is told to be, else the one behind: there they stand in order with the rest
    of their run, and who waits on has to find them."""
    tt, calls = timetable, operator.calls
    journey_keys, call = dated_calls(operator.skipped)
    open_ = ~is_among(journey_keys, served) & ~is_among(operator.skipped, calls.keys)
    open_ &= is_among(journey_keys, calls.journey)
    journey_keys, call = journey_keys[open_], call[open_]
    if len(call) == 0:
        return PredictedCalls.empty()
    calls = calls.take(np.argsort(calls.keys, kind="stable"))
    entry = tt.entry_of(calls.trip, calls.call)
    arrives_late_s = calls.arrival - calls.origin(tt) - tt.arrival_s[entry]
    leaves_late_s = calls.departure - calls.origin(tt) - tt.departure_s[entry]
    place = np.searchsorted(calls.keys, call_key(journey_keys, call))
    before, behind = np.maximum(place - 1, 0), np.minimum(place, len(calls) - 1)
    is_before = (place > 0) & (calls.journey[before] == journey_keys)
    is_behind = (place < len(calls)) & (calls.journey[behind] == journey_keys)
    late_s = np.where(is_before, leaves_late_s[before], arrives_late_s[behind])
    runs = calls.runs.take(np.where(is_before, before, behind))
    entry, at_most = tt.entry_of(runs.trip, call), np.where(is_behind, calls.arrival[behind], np.inf)
    arrival, departure = (
        np.minimum(runs.origin(tt) + by_timetable[entry] + late_s, at_most)
        for by_timetable in (tt.arrival_s, tt.departure_s)
    )
    late = ((late_s > STILL_DUE_S) | tt.trip_is_frequency[runs.trip]) & (departure >= now - STILL_DUE_S)
    return _not_made(runs.take(late), call[late], arrival[late], departure[late], SKIPPED)


def still_skipped(
    journeys: JourneyLookup, before: PredictedCalls, operator: OperatorTimes, now_told: Int64Array, now: float
) -> PredictedCalls:
    """Rows of skipped calls of late runs that are through, at the times told of them `before`: where a vehicle turns
    who waits further on has to find them until it would have come. `now_told`: journey keys of runs told of."""
    before = before.take(where_true((before.status == SKIPPED) & (before.departure >= now - STILL_DUE_S)))
    keys = journeys.keys(before)
    kept = ~is_among(keys, now_told) & is_among(call_key(keys, before.call), operator.skipped)
    kept &= before.departure > before.leaves_at(journeys.timetable, before.call) + STILL_DUE_S
    before = before.take(kept)
    return _not_made(before.runs, before.call, before.arrival, before.departure, SKIPPED)


def _not_made(
    runs: DatedRuns, call: Int32Array, arrival: Float64Array, departure: Float64Array, status: int
) -> PredictedCalls:
    """Rows of calls (n,) that are not made, at the times at which they would be."""
    n = len(call)
    return PredictedCalls.of_runs(
        runs, call=call, p50=arrival, arrival=arrival, departure=departure, hold=np.full(n, -np.inf),
        status=np.full(n, status, np.int8), source=np.full(n, FROM_OPERATOR, np.int8),
        doubt=np.full(n, FOLLOWED, np.int8),
    )  # fmt: skip


def not_made(predictions: Predictions, journeys: JourneyLookup) -> Int64Array:
    """`call_key`s of calls of late runs that are not made: the timetable's times of them say nothing."""
    rows = where_true(predictions.source == FROM_OPERATOR)
    rows = rows[is_one_of(predictions.status[rows], (CANCELLED, SKIPPED))]
    return call_key(journeys.keys(predictions.runs.take(rows)), predictions.call[rows])


def predictions_of(timetable: Timetable, rows: PredictedCalls) -> Predictions:
    """All rows, and where those of each stop are."""
    stop = stops_of(rows.trip, rows.call, timetable.trip_call_ptr, timetable.call_stop)
    return Predictions(stop=stop, by_stop=ByStop.of(stop, timetable.stops), **shared(rows, Predictions))
