"""The calls that a run makes by the timetable, or by the operator's word where that puts others in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    expand_ranges,
    first_of_each,
)
from predictor.columns import Columns
from predictor.timetable import Timetable


@dataclass(frozen=True, eq=False)
class PlannedCalls(Columns):
    """Calls (k,), in order of run and call."""

    owner: Int64Array
    """Row of the run in the message."""
    call: Int64Array
    """Position in the run."""
    sequence: Int32Array
    stop: Int32Array
    arrival: Float64Array
    """Scheduled, POSIX seconds; NaN where the feed does not say which run it is."""
    departure: Float64Array
    base_call: Int32Array
    """Call of the run's trip at the same place, -1 where there is none."""
    pickup_type: Int8Array
    drop_off_type: Int8Array
    unplanned: BoolArray
    """Nobody states when it was to be: what is scheduled is what is first told."""

    @cached_property
    def stays(self) -> BoolArray:
        """(k,) whether the run is at the stop already by the call before."""
        stays: BoolArray = ~first_of_each(self.owner) & (np.diff(self.stop, prepend=NONE) == 0)
        return stays

    def of_owner(self, owner: int) -> PlannedCalls:
        """The calls as those of another run of the message."""
        return replace(self, owner=np.full(len(self), owner, np.int64))

    def in_order(self) -> PlannedCalls:
        """In order of run and call."""
        return self.take(np.lexsort((self.call, self.owner)))


def timetabled_calls(
    timetable: Timetable, owner: Int64Array, trip: Int32Array, service_day: Int32Array, shift_s: Int32Array
) -> PlannedCalls:
    """All calls of runs of the timetable (n,), `owner` ascending; without times for a day that is -1."""
    tt = timetable
    origin: Float64Array = np.where(service_day >= 0, tt.date_origin[np.maximum(service_day, 0)], np.nan) + shift_s
    first = tt.trip_call_ptr[trip]
    row, entry = expand_ranges(first, tt.trip_calls[trip])
    call = entry - first[row]
    return PlannedCalls(
        owner=owner[row],
        call=call,
        sequence=tt.stop_sequence[entry],
        stop=tt.call_stop[entry],
        arrival=origin[row] + tt.arrival_s[entry],
        departure=origin[row] + tt.departure_s[entry],
        base_call=call.astype(np.int32),
        pickup_type=tt.pickup_type[entry],
        drop_off_type=tt.drop_off_type[entry],
        unplanned=np.zeros(len(entry), bool),
    )


def listed_calls(
    owner: int,
    sequence: Int32Array,
    stop: Int32Array,
    arrival: Float64Array,
    departure: Float64Array,
    base_call: Sequence[int],
    pickup_type: Int8Array,
    drop_off_type: Int8Array,
    unplanned: BoolArray,
) -> PlannedCalls:
    """The calls (c,) of one run as its operator lists them; numbered anew where its numbers do not ascend."""
    n = len(stop)
    if n and (sequence[0] < 0 or (np.diff(sequence) <= 0).any()):
        sequence = np.arange(1, n + 1, dtype=np.int32)
    scheduled = np.maximum.accumulate(np.column_stack([arrival, np.maximum(departure, arrival)]).ravel()).reshape(-1, 2)
    return PlannedCalls(
        owner=np.full(n, owner, np.int64),
        call=np.arange(n),
        sequence=sequence,
        stop=stop,
        arrival=scheduled[:, 0],
        departure=scheduled[:, 1],
        base_call=np.array(base_call, np.int32) if n else np.empty(0, np.int32),
        pickup_type=np.where(pickup_type >= 0, pickup_type, 0).astype(np.int8),
        drop_off_type=np.where(drop_off_type >= 0, drop_off_type, 0).astype(np.int8),
        unplanned=unplanned,
    )


def filled(times: Float64Array, position: Float64Array) -> Float64Array:
    """Times (c,) with those between two known ones set evenly between them; NaN before the first and after the last."""
    known = np.flatnonzero(~np.isnan(times))
    if len(known) == 0:
        return times
    return np.interp(position, position[known], times[known], left=np.nan, right=np.nan)
