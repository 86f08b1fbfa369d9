"""The runs that a VehiclePositions message says are cancelled: some feeds tell it in the trips of positions alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.ids.known_ids import id_of
from feeds.ids.run_names import direction_of, run_names
from predictor.arrays import NONE, Int32Array
from predictor.named_dates import NamedDates
from predictor.named_runs import run_finder
from predictor.observations import CancelledRuns
from predictor.timetable import Timetable

_Trip = gtfs_realtime_pb2.TripDescriptor


def cancelled_runs(
    trips: Sequence[gtfs_realtime_pb2.TripDescriptor],
    timetable: Timetable,
    received_at: float,
    driven: Int32Array,
    dates: NamedDates,
) -> CancelledRuns:
    """Those (n,) that are called off, of the base timetable, each once; but for trips `driven` (m,), which other
    reports of the message name. `dates`: which the feed names."""
    if not trips:
        return CancelledRuns.empty()
    tt = timetable.base
    names, _, has_unread_date = run_names(
        [id_of(trip.trip_id) for trip in trips], [id_of(trip.route_id) for trip in trips],
        [id_of(trip.start_date) for trip in trips], [id_of(trip.start_time) for trip in trips],
        np.array([direction_of(trip) for trip in trips], np.int8),
        np.zeros(len(trips), bool), tt, received_at, Counter(),
    )  # fmt: skip
    found = run_finder(tt).find(names, np.full(len(trips), received_at), np.zeros(len(trips), bool))
    found = dates.meant(tt, names, found)
    clear = (found.trip >= 0) & found.start_known & ~has_unread_date & ~np.isin(found.trip, driven)
    _, rows = np.unique(np.where(clear, found.run_key, NONE), return_index=True)
    rows = rows[clear[rows]]
    is_deleted = np.array([trips[row].schedule_relationship == _Trip.DELETED for row in rows.tolist()], bool)
    return CancelledRuns.of_runs(found.runs.take(rows), is_deleted=is_deleted)
