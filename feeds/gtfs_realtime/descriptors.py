"""What all feeds that we write begin with, and which run they speak of.

They are written to pass MobilityData's GTFS-Realtime validator: its rule ids stand at the lines that are there for it.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from google.transit import gtfs_realtime_pb2

from feeds.gtfs_realtime.headway_runs import HeadwayAs
from feeds.service_times import start_time
from predictor.operator_times import ToldVehicles
from predictor.snapshot import ReportedVehicles, Snapshot
from predictor.timetable import Timetable

AddedAs = Literal["NEW", "ADDED"]
"""What added runs are called."""

_Trip = gtfs_realtime_pb2.TripDescriptor


def new_feed(tt: Timetable, at: float) -> gtfs_realtime_pb2.FeedMessage:
    """A message of what is known of a timetable at `at` (POSIX seconds), without entities."""
    message = new_message(at)
    if tt.told_version:
        message.header.feed_version = tt.told_version
    return message


def new_message(at: float) -> gtfs_realtime_pb2.FeedMessage:
    """A message of `at` (POSIX seconds) without entities."""
    message = gtfs_realtime_pb2.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"  # E038
    message.header.incrementality = gtfs_realtime_pb2.FeedHeader.FULL_DATASET  # E049
    message.header.timestamp = int(at)  # E048
    return message


def write_vehicle(
    descriptor: gtfs_realtime_pb2.VehicleDescriptor, vehicles: ReportedVehicles | ToldVehicles, row: int
) -> None:
    """One of these vehicles."""
    descriptor.id = str(vehicles.vehicle_id[row])
    if vehicles.label[row]:
        descriptor.label = str(vehicles.label[row])
    if vehicles.wheelchair[row] > 0:
        # GTFS-Realtime counts from "no value" and "unknown".
        descriptor.wheelchair_accessible = cast(Any, int(vehicles.wheelchair[row]) + 1)


class TripDescriptors:
    """Writes which run of which trip is meant."""

    def __init__(self, timetable: Timetable, added_as: AddedAs = "NEW", headway_as: HeadwayAs = "UNSCHEDULED") -> None:
        self._timetable = timetable
        self._added = _Trip.NEW if added_as == "NEW" else _Trip.ADDED
        by_headway = timetable.trip_is_frequency
        self.unscheduled = by_headway & (headway_as == "UNSCHEDULED")
        repeats = timetable.journey_shift_s != 0
        self._has_start_time = by_headway.copy()
        self._has_start_time[timetable.journey_trip[repeats]] = True

    def name(self, trip: int, service_day: int, shift_s: int) -> str:
        """An entity id of its own for each run."""
        tt = self._timetable
        return f"{tt.trip_id[trip]}:{tt.date[service_day]}:{start_time(tt, trip, shift_s)}"

    def describe(self, descriptor: gtfs_realtime_pb2.TripDescriptor, trip: int, service_day: int, shift_s: int) -> None:
        """Fill `descriptor`; the relationship is SCHEDULED, UNSCHEDULED by headway, else that of the operator's run."""
        tt = self._timetable
        pattern = int(tt.trip_pattern[trip])
        descriptor.trip_id = str(tt.trip_id[trip])
        descriptor.route_id = str(tt.route_id[tt.pattern_route[pattern]])
        if tt.pattern_direction[pattern] >= 0:
            descriptor.direction_id = int(tt.pattern_direction[pattern])
        descriptor.start_date = str(tt.date[service_day])
        relationship = tt.run_relationships[trip]
        if self._has_start_time[trip] or shift_s or relationship in (_Trip.ADDED, _Trip.NEW, _Trip.DUPLICATED):
            descriptor.start_time = start_time(tt, trip, shift_s)  # E006, E019; left out elsewhere for E023
        if relationship in (_Trip.ADDED, _Trip.NEW):
            # Under the id of a trip of the timetable it is that trip once more, which NEW cannot be.
            relationship = _Trip.ADDED if descriptor.trip_id in tt.base.trip_index else self._added
        elif relationship not in (_Trip.REPLACEMENT, _Trip.DUPLICATED):
            relationship = _Trip.UNSCHEDULED if self.unscheduled[trip] else _Trip.SCHEDULED
        descriptor.schedule_relationship = cast(Any, int(relationship))  # E003, E013, W009

    def describe_follower(
        self, descriptor: gtfs_realtime_pb2.TripDescriptor, name: str, trip: int, service_day: int, shift_s: int
    ) -> None:
        """Make `descriptor` one of another run like this, of a vehicle that follows on it."""
        del service_day
        descriptor.trip_id += name
        descriptor.start_time = start_time(self._timetable, trip, shift_s)
        descriptor.schedule_relationship = cast(Any, int(self._added))

    def describe_copy(
        self, update: gtfs_realtime_pb2.TripUpdate, snapshot: Snapshot, trip: int, service_day: int, shift_s: int
    ) -> None:
        """Fill the properties of a run that the reader's timetable does not have; a duplicate is named by the trip that
        it copies, and its own id, day and time stand there."""
        tt, properties = self._timetable, update.trip_properties
        model = int(tt.run_models[trip])
        is_of_timetable = update.trip.schedule_relationship in (_Trip.SCHEDULED, _Trip.UNSCHEDULED)
        names = (tt.trip_headsign, tt.trip_short_name)
        if is_of_timetable and (model < 0 or all(name[trip] == name[model] for name in names)):
            return
        properties.trip_headsign = snapshot.headsign(trip, service_day, shift_s)
        if tt.trip_short_name[trip]:
            properties.trip_short_name = str(tt.trip_short_name[trip])
        if update.trip.schedule_relationship == _Trip.DUPLICATED:
            properties.trip_id, properties.start_date = update.trip.trip_id, update.trip.start_date
            properties.start_time = update.trip.start_time
            update.trip.trip_id = str(tt.trip_id[model])
            update.trip.start_time = start_time(tt, model, 0)
