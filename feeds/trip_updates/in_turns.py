"""TripUpdates that tell of their runs by turns."""

from __future__ import annotations

from collections.abc import Callable

from google.transit import gtfs_realtime_pb2

from feeds.messages.in_turns import InTurns
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates

_ENOUGH = 3


def updates_in_turns(decode: Callable[[bytes, Timetable, float], TripUpdates]) -> InTurns[TripUpdates]:
    """Reads the messages of one feed by `decode`."""
    return InTurns(decode, _runs, _run_of, _ENOUGH)


def _runs(told: TripUpdates) -> frozenset[tuple[str, int, int]]:
    return frozenset(zip(told.trip_id.tolist(), told.service_day.tolist(), told.shift_s.tolist(), strict=True))


def _run_of(entity: gtfs_realtime_pb2.FeedEntity) -> tuple[str, str, str, str] | None:
    """What an entity calls its run, None where it is of none."""
    if not entity.HasField("trip_update"):
        return None
    trip = entity.trip_update.trip
    return trip.trip_id, trip.route_id, trip.start_date, trip.start_time
