"""TripUpdates that tell of their runs by turns."""

from __future__ import annotations

from collections.abc import Callable

from google.transit import gtfs_realtime_pb2

from feeds.messages.in_turns import InTurns
from feeds.trip_updates.decoding import FEED
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates

_ENOUGH = 3


def updates_in_turns(
    decode: Callable[[gtfs_realtime_pb2.FeedMessage, Timetable, float], TripUpdates],
) -> InTurns[TripUpdates]:
    """Reads the messages of one feed by `decode`."""
    return InTurns(FEED, decode, _run_of, _ENOUGH)


def _run_of(entity: gtfs_realtime_pb2.FeedEntity) -> tuple[str, str, str, str] | None:
    """What an entity calls its run, None where it is of none."""
    if not entity.HasField("trip_update"):
        return None
    trip = entity.trip_update.trip
    return trip.trip_id, trip.route_id, trip.start_date, trip.start_time
