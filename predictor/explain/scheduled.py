"""Which calls of the timetable lie in a stretch of time."""

from __future__ import annotations

import numpy as np

from predictor.arrays import Int64Array, expand_ranges
from predictor.timetable import Timetable

_LATEST_S = 3 * 86_400.0


def scheduled_between(
    timetable: Timetable, entries: Int64Array, since: float, until: float
) -> list[tuple[float, int, int, int, int]]:
    """Scheduled time (arrival, at a trip's first call departure), trip, service day, shift and call of those trip calls
    `entries` (n,) that lie between two times, POSIX seconds, in order. Journeys run by headway have no such times."""
    tt = timetable
    exact = np.flatnonzero(tt.journey_headway_s == 0)
    exact = exact[np.argsort(tt.journey_trip[exact], kind="stable")]
    pointer = np.searchsorted(tt.journey_trip[exact], np.arange(tt.trips + 1)).astype(np.int64)
    trip = tt.call_trip[entries]
    owner, place = expand_ranges(pointer[trip], pointer[trip + 1] - pointer[trip])
    shift = tt.journey_shift_s[exact[place]]
    entry, trip = entries[owner], trip[owner]
    call = entry - tt.trip_call_ptr[trip]
    seconds = shift + np.where(call == 0, tt.departure_s[entry], tt.arrival_s[entry])
    rows: list[tuple[float, int, int, int, int]] = []
    for day in np.flatnonzero((tt.date_origin > since - _LATEST_S) & (tt.date_origin <= until)).tolist():
        at = (tt.date_origin[day] + seconds).astype(np.float64)
        hit = np.flatnonzero((at >= since) & (at <= until) & tt.service_active[tt.trip_service[trip], day])
        columns = (at[hit], trip[hit], np.full(len(hit), day), shift[hit], call[hit])
        rows += zip(*(column.tolist() for column in columns), strict=True)
    return sorted(rows)
