"""All calls of all journeys, ordered by stop and time of day: the timetable's own departure boards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from predictor.arrays import Int32Array, Int64Array
from predictor.timetable import Timetable


@dataclass(frozen=True, eq=False)
class ScheduledCalls:
    """Calls in CSR by stop, each stop's calls by departure. Undated: a call happens on each active service day."""

    stop_ptr: Int64Array
    """(S + 1,)"""
    journey: Int32Array
    call: Int32Array
    """Position of the call in its trip, 0 for the first stop."""
    departure_s: Int32Array
    """Seconds after the origin of the service date, the journey's shift included: until when the call is to come."""

    @cached_property
    def latest_s(self) -> int:
        """The latest departure of all."""
        return int(self.departure_s.max(initial=0))

    @classmethod
    def of(cls, timetable: Timetable) -> ScheduledCalls:
        """Order every call of every journey by (stop, departure). Cost: one sort of all calls."""
        trip = timetable.journey_trip
        journey, entry = timetable.entries_of(trip)
        # Nobody leaves where a trip ends, whatever departure the timetable has there.
        leaves_s, last = timetable.departure_s.copy(), timetable.trip_call_ptr[1:] - 1
        leaves_s[last] = timetable.arrival_s[last]
        departure_s = leaves_s[entry] + (timetable.journey_shift_s + timetable.journey_stands_s)[journey]
        stop = timetable.call_stop[entry]
        order = np.lexsort((departure_s, stop))
        return cls(
            stop_ptr=np.searchsorted(stop[order], np.arange(timetable.stops + 1)).astype(np.int64),
            journey=journey[order].astype(np.int32),
            call=timetable.call_at(entry[order]),
            departure_s=departure_s[order].astype(np.int32),
        )
