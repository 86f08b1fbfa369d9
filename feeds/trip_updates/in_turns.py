"""TripUpdates that tell of their runs by turns: of the others they say nothing, or nothing but their names."""

from __future__ import annotations

from collections.abc import Callable

from google.transit import gtfs_realtime_pb2

from feeds.messages.in_turns import InTurns
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_SCHEDULED, TripUpdates

_ENOUGH = 3


def updates_in_turns(decode: Callable[[bytes, Timetable, float], TripUpdates]) -> InTurns[TripUpdates]:
    """Reads the messages of one feed by `decode`."""
    return InTurns(decode, _runs, _run_of, _ENOUGH)


def _runs(told: TripUpdates) -> frozenset[tuple[str, int, int]]:
    is_told = told.relationship != TRIP_SCHEDULED
    is_told[told.calls.owner] = True
    columns = (column[is_told].tolist() for column in (told.trip_id, told.service_day, told.shift_s))
    return frozenset(zip(*columns, strict=True))


def _run_of(entity: gtfs_realtime_pb2.FeedEntity) -> tuple[str, str, str, str] | None:
    """What an entity calls its run, None where it tells nothing of any."""
    update, trip = entity.trip_update, entity.trip_update.trip
    if not (update.stop_time_update or update.HasField("delay") or trip.schedule_relationship != TRIP_SCHEDULED):
        return None
    return trip.trip_id, trip.route_id, trip.start_date, trip.start_time
