"""The runs that a VehiclePositions message says are cancelled: some feeds tell it in the trips of positions alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.ids.known_ids import id_of
from feeds.ids.run_names import direction_of, run_names
from predictor.arrays import NONE, Int32Array
from predictor.geometry import ground_distance_m
from predictor.named_runs import run_finder
from predictor.observations import CancelledRuns
from predictor.timetable import Timetable

_Trip = gtfs_realtime_pb2.TripDescriptor
_AT_STOP_M = 150.0
"""Who is farther from a stop is not at it."""


def cancelled_runs(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, received_at: float, driven: Int32Array
) -> CancelledRuns:
    """Of the base timetable, each once; but for trips `driven` (m,), which other reports of the message name."""
    reports = [entity.vehicle for entity in message.entity if _says_so(entity)]
    if not reports:
        return CancelledRuns.empty()
    tt, trips = timetable.base, [report.trip for report in reports]
    names, _, has_unread_date = run_names(
        [id_of(trip.trip_id) for trip in trips], [id_of(trip.route_id) for trip in trips],
        [id_of(trip.start_date) for trip in trips], [id_of(trip.start_time) for trip in trips],
        np.array([direction_of(trip) for trip in trips], np.int8),
        np.zeros(len(trips), bool), tt, received_at, Counter(),
    )  # fmt: skip
    found = run_finder(tt).find(names, np.full(len(trips), received_at), np.zeros(len(trips), bool))
    clear = (found.trip >= 0) & found.start_known & ~has_unread_date & ~np.isin(found.trip, driven)
    _, rows = np.unique(np.where(clear, found.run_key, NONE), return_index=True)
    rows = rows[clear[rows]]
    near_call = [_near_call(tt, int(found.trip[row]), reports[row]) for row in rows.tolist()]
    is_deleted = np.array([trips[row].schedule_relationship == _Trip.DELETED for row in rows.tolist()], bool)
    return CancelledRuns.of_runs(found.runs.take(rows), near_call=np.array(near_call, np.int32), is_deleted=is_deleted)


def _says_so(entity: gtfs_realtime_pb2.FeedEntity) -> bool:
    if entity.is_deleted or not entity.HasField("vehicle") or not entity.vehicle.HasField("trip"):
        return False
    return entity.vehicle.trip.schedule_relationship in (_Trip.CANCELED, _Trip.DELETED)


def _near_call(tt: Timetable, trip: int, report: gtfs_realtime_pb2.VehiclePosition) -> int:
    """The call of a trip at whose stop the vehicle is, -1 where it is at none."""
    place = (report.position.latitude, report.position.longitude)
    if not report.HasField("position") or not np.isfinite(place).all():
        return NONE
    stop = tt.call_stop[tt.calls_of(trip)]
    lat, lon = (np.full(len(stop), at) for at in place)
    away_m = ground_distance_m(lat, lon, tt.stop_lat[stop], tt.stop_lon[stop])
    near = int(np.argmin(away_m))
    return near if away_m[near] <= _AT_STOP_M else NONE
