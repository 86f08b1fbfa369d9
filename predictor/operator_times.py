"""What the operator's own TripUpdates say of today's journeys: cancellations, skipped calls, and its times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor.arrays import Float64Array, Int8Array, Int32Array, Int64Array, expand_ranges
from predictor.columns import no_rows
from predictor.journeys import JourneyLookup, call_key
from predictor.named_runs import RunFinder, RunNames
from predictor.timetable import Timetable
from predictor.trip_updates import (
    STOP_NO_DATA,
    STOP_SKIPPED,
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_DUPLICATED,
    TripUpdates,
)


@dataclass(frozen=True, eq=False)
class OperatorTimes:
    """Keys are sorted; the times are one row a call from the first one that the operator speaks of, arrays (m,)."""

    cancelled: Int64Array
    """Journey keys."""
    deleted: Int64Array
    """Journey keys of trips that riders shall not see at all."""
    skipped: Int64Array
    """Call keys."""
    journey: Int64Array
    """Journey key of each row."""
    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    call: Int32Array
    arrival: Float64Array
    departure: Float64Array

    @classmethod
    def none(cls) -> OperatorTimes:
        """Nothing said."""
        columns: dict[str, Any] = no_rows(cls)
        return cls(**columns)


def operator_times(
    timetable: Timetable, finder: RunFinder, journeys: JourneyLookup, updates: TripUpdates, now: float
) -> OperatorTimes:
    """Resolve one TripUpdates message against the timetable. A delay holds for the following calls until the next one.

    Updates whose trip, day or stop cannot be resolved are left out.
    """
    tt = timetable
    trip = updates.trip.copy()
    new = np.flatnonzero((updates.relationship == TRIP_ADDED) | (updates.relationship == TRIP_DUPLICATED))
    trip[new] = [tt.trip_index.get(name, -1) for name in updates.trip_id[new].tolist()]
    known = np.flatnonzero(trip >= 0)
    names = RunNames.of_trips(trip[known], updates.service_date[known], updates.start_time_s[known])
    # A run whose times are told is near them; a cancellation may be of tomorrow.
    told_at = updates.first_time()[known]
    runs = finder.find(names, np.where(np.isnan(told_at), now, told_at), ~np.isnan(told_at))
    is_found = runs.trip >= 0
    known, day, shift = known[is_found], runs.service_day[is_found], runs.shift_s[is_found]
    trip, relationship = trip[known], updates.relationship[known]
    has_journey = np.isin(trip, tt.journey_trip)
    known, day, trip = known[has_journey], day[has_journey], trip[has_journey]
    relationship, shift = relationship[has_journey], shift[has_journey]
    key = journeys.keys(trip, day.astype(np.int32), shift)

    first = updates.update_ptr[known]
    owner, update = expand_ranges(first, updates.update_ptr[known + 1] - first)
    entry, found = _entry_of(tt, trip[owner], updates.stop_sequence[update], updates.stop[update])
    owner, update, entry = owner[found], update[found], entry[found]
    call = entry - tt.trip_call_ptr[trip[owner]]
    state: Int8Array = updates.stop_relationship[update]
    runs = (relationship != TRIP_CANCELED) & (relationship != TRIP_DELETED)
    skipped = call_key(key[owner], call)[(state == STOP_SKIPPED) & runs[owner]]

    # Spread each trip's calls out, mark the told ones, and carry the last told delay forward.
    timed = (state != STOP_SKIPPED) & (state != STOP_NO_DATA) & runs[owner]
    arrival = np.where(np.isnan(updates.arrival[update]), updates.departure[update], updates.arrival[update])
    leaving = np.where(np.isnan(updates.departure[update]), arrival, updates.departure[update])
    timed &= np.isfinite(arrival)
    told = np.flatnonzero(timed)
    speaks = np.zeros(len(trip), bool)
    speaks[owner[told]] = True
    talking = np.flatnonzero(speaks)
    place = np.cumsum(speaks) - 1
    who, full = expand_ranges(tt.trip_call_ptr[trip[talking]], tt.trip_calls[trip[talking]])
    start = np.cumsum(tt.trip_calls[trip[talking]]) - tt.trip_calls[trip[talking]]
    row = start[place[owner[told]]] + call[told]
    origin = (tt.date_origin[day[talking]] + shift[talking]).astype(np.float64)[who]
    delay_in, delay_out = np.full(len(full), np.nan), np.full(len(full), np.nan)
    delay_in[row] = arrival[told] - origin[row] - tt.arrival_s[full[row]]
    delay_out[row] = leaving[told] - origin[row] - tt.departure_s[full[row]]
    marks = np.full(len(full), -1, np.int64)
    marks[row] = row
    carried = np.maximum.accumulate(np.maximum(marks, start[who] - 1)) if len(full) else marks
    valid = carried >= start[who]
    at = np.flatnonzero(valid)
    source = carried[at]
    delay_in[at] = np.where(source == at, delay_in[at], delay_out[source])
    delay_out[at] = delay_out[source]
    times_in = origin[at] + tt.arrival_s[full[at]] + delay_in[at]
    times_out = np.maximum(origin[at] + tt.departure_s[full[at]] + delay_out[at], times_in)
    who = talking[who[at]]
    return OperatorTimes(
        cancelled=np.unique(key[relationship == TRIP_CANCELED]),
        deleted=np.unique(key[relationship == TRIP_DELETED]),
        skipped=np.unique(skipped),
        journey=key[who],
        trip=trip[who],
        service_day=day[who].astype(np.int32),
        shift_s=shift[who],
        call=(full[at] - tt.trip_call_ptr[trip[who]]).astype(np.int32),
        arrival=times_in,
        departure=times_out,
    )


def _entry_of(
    tt: Timetable, trip: Int32Array, sequence: Int32Array, stop: Int32Array
) -> tuple[Int64Array, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Trip call (n,) of each stop time update by its stop_sequence, else by its stop's first call in the trip."""
    entry = np.zeros(len(trip), np.int64)
    found = np.zeros(len(trip), bool)
    if len(trip) == 0:
        return entry, found
    owner, index = expand_ranges(tt.trip_call_ptr[trip], tt.trip_calls[trip])
    hit = np.where(sequence[owner] >= 0, tt.stop_sequence[index] == sequence[owner], tt.call_stop[index] == stop[owner])
    owner, index = owner[hit][::-1], index[hit][::-1]
    entry[owner], found[owner] = index, True
    return entry, found
