"""The vehicles of a snapshot as GTFS-Realtime's VehiclePositions."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, cast

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.gtfs_realtime.descriptors import TripDescriptors, new_feed, write_vehicle
from feeds.gtfs_realtime.headway_runs import HeadwayAs
from predictor.arrays import BoolArray, Float64Array, Int32Array, is_one_of
from predictor.geometry import LineGeometry
from predictor.snapshot import GIVEN_UP, IN_SERVICE, LAYOVER, Snapshot
from predictor.timetable import Timetable

# W004 takes anything faster for a mistake.
_FASTEST_M_S = 26.0
# E028 allows a mile around the network.
_COVERAGE_DEGREES = 1500.0 / 111_195.0
# E029 allows 200 m beside the shape.
_SHAPE_M = 190.0


def encode_vehicle_positions(
    snapshot: Snapshot, headway_as: HeadwayAs = "UNSCHEDULED"
) -> gtfs_realtime_pb2.FeedMessage:
    """Every vehicle of the snapshot inside the network's area; its trip only while it drives or awaits it and is not
    given up. `headway_as`: as of `encode_trip_updates`."""
    tt, vehicles = snapshot.timetable, snapshot.vehicles
    message = new_feed(tt, snapshot.made_at)
    journeys = TripDescriptors(tt, headway_as=headway_as)
    on_trip = (vehicles.trip >= 0) & is_one_of(vehicles.state, (IN_SERVICE, LAYOVER)) & (vehicles.doubt != GIVEN_UP)
    on_trip[on_trip] = _near_line(tt, vehicles.trip[on_trip], vehicles.lat[on_trip], vehicles.lon[on_trip])
    trip = np.maximum(vehicles.trip, 0)
    calling = on_trip & (vehicles.next_call < tt.trip_calls[trip]) if tt.trips else on_trip
    entry = np.where(calling, tt.entry_of(trip, vehicles.next_call), 0)
    fast = vehicles.speed > _FASTEST_M_S
    for i in np.flatnonzero(_inside_network(tt, vehicles.lat, vehicles.lon)).tolist():
        report = message.entity.add(id=str(vehicles.vehicle_id[i])).vehicle
        write_vehicle(report.vehicle, vehicles, i)
        report.position.latitude, report.position.longitude = float(vehicles.lat[i]), float(vehicles.lon[i])
        if math.isfinite(vehicles.bearing[i]):
            report.position.bearing = float(vehicles.bearing[i]) % 360.0  # E027
        if math.isfinite(vehicles.speed[i]) and not fast[i]:
            report.position.speed = float(vehicles.speed[i])
        report.timestamp = min(int(vehicles.timestamp[i]), message.header.timestamp)  # E012
        if vehicles.occupancy[i] >= 0:
            report.occupancy_status = cast(Any, int(vehicles.occupancy[i]))
        if vehicles.occupancy_percentage[i] >= 0:
            report.occupancy_percentage = int(vehicles.occupancy_percentage[i])
        if vehicles.congestion[i] > 0:
            report.congestion_level = cast(Any, int(vehicles.congestion[i]))
        if on_trip[i]:
            journeys.describe(report.trip, *vehicles.identity(i))
            if vehicles.cancelled[i]:
                report.trip.schedule_relationship = gtfs_realtime_pb2.TripDescriptor.CANCELED
        if calling[i]:
            report.current_stop_sequence = int(tt.stop_sequence[entry[i]])
            report.stop_id = str(tt.stop_id[tt.call_stop[entry[i]]])
            report.current_status = report.STOPPED_AT if vehicles.at_stop[i] else report.IN_TRANSIT_TO
    return message


def _near_line(tt: Timetable, trip: Int32Array, lat: Float64Array, lon: Float64Array) -> BoolArray:
    """Whether positions lie near the shape of their trip (E029); so they do where it has none."""
    line = tt.pattern_line[tt.trip_pattern[trip]]
    projection = _lines(tt).project(line, lat, lon, course=np.full(len(trip), np.nan))
    return ~tt.line_has_shape[line] | (projection.offset_m <= _SHAPE_M)


@lru_cache(maxsize=1)
def _lines(timetable: Timetable) -> LineGeometry:
    return LineGeometry.of(timetable)


def _inside_network(tt: Timetable, lat: Float64Array, lon: Float64Array) -> BoolArray:
    """Whether positions lie in the box around all stops and lines (E028)."""
    inside = np.ones(len(lat), bool)
    for values, points, scale in (
        (lat, np.concatenate([tt.stop_lat, tt.line_lat]), 1.0),
        (lon, np.concatenate([tt.stop_lon, tt.line_lon]), np.cos(np.radians(tt.stop_lat[:1].mean()))),
    ):
        low, high = np.nanmin(points), np.nanmax(points)
        margin = _COVERAGE_DEGREES / max(float(scale), 0.1)
        inside &= (values >= low - margin) & (values <= high + margin)
    return inside
