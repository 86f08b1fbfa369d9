"""The times that a message gives of runs that it cancels: when a late one would have come, for which riders wait."""

from __future__ import annotations

from google.transit import gtfs_realtime_pb2

from predictor.trip_updates import STOP_SKIPPED, TRIP_CANCELED


def times_called_off(message: gtfs_realtime_pb2.FeedMessage) -> gtfs_realtime_pb2.FeedMessage | None:
    """What the message tells of cancelled runs with times, as if they were made; None where there is none."""
    result = gtfs_realtime_pb2.FeedMessage(header=message.header)
    for entity in message.entity:
        if entity.is_deleted or not entity.HasField("trip_update"):
            continue
        given = entity.trip_update
        if given.trip.schedule_relationship != TRIP_CANCELED or not given.stop_time_update:
            continue
        update = result.entity.add(id=entity.id).trip_update
        update.CopyFrom(given)
        update.trip.ClearField("schedule_relationship")
        for stop in update.stop_time_update:
            if stop.schedule_relationship == STOP_SKIPPED:
                stop.ClearField("schedule_relationship")
    return result if result.entity else None
