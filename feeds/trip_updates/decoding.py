"""The operator's GTFS-Realtime TripUpdates, resolved: which run and which call is meant, and the times made absolute.

A delay is added to the timetable's time on the run's service day. As GTFS-Realtime has it, the delay at one stop holds
for the stops after it that the message leaves out, until the next one that it names; NO_DATA, or an update that tells
nothing, ends it: from there on nothing is told. Nothing is told either of stops before the first one named. Here stands
the order of the steps.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import replace

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.messages.message import decode_message, header_timestamp, refuse_differential
from feeds.trip_updates.called_off import times_called_off
from feeds.trip_updates.calls_made import calls_of_runs, with_modified
from feeds.trip_updates.entities import read_entities
from feeds.trip_updates.extra_calls import runs_with_extra_calls
from feeds.trip_updates.listed_runs import NewRoutes
from feeds.trip_updates.modifications import modified_runs, numbered_as_modified
from feeds.trip_updates.old_times import without_old_times
from feeds.trip_updates.places import message_shapes, new_stops
from feeds.trip_updates.repeated_runs import each_run_once
from feeds.trip_updates.resolving import resolved
from feeds.trip_updates.run_finding import names_not_found, runs_named
from feeds.trip_updates.run_kinds import with_cancelled_additions, with_kinds
from feeds.trip_updates.told_before import ToldBefore
from predictor.arrays import NONE
from predictor.new_places import NewPlaces
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates

FEED = "trip updates"


def decode_trip_updates(
    data: bytes, timetable: Timetable, received_at: float, before: ToldBefore | None = None
) -> TripUpdates:
    """Decode a message received at `received_at` (POSIX seconds) against `timetable.base`. `before`: what is remembered
    of its feed.

    Several updates of one run are read as one: of what two of them tell a cancellation, a replacement or a skipped stop
    counts more than times, else the newer, of equally new ones the later in the message; where they name different
    vehicles, at each stop the next one to come. An ADDED trip that the timetable runs on that day is read as SCHEDULED,
    with other stops as REPLACEMENT.
    Errors: FeedError where the whole message cannot be used (see `feeds.messages`); all else is counted in `refused`.
    """
    message = decode_message(data, FEED)
    refuse_differential(message, FEED)
    before = before or ToldBefore()
    decoded = _decoded(message, timetable, received_at, before)
    called_off = times_called_off(message)
    if called_off is None:
        return decoded
    times = _decoded(called_off, timetable, received_at, ToldBefore(numbering=copy(before.numbering)))
    # What is not made is not made elsewhere: of such runs nothing is known.
    trip = np.where(times.own_calls, np.int32(NONE), times.trip)
    times = replace(times, trip=trip, own_calls=np.zeros(len(times), bool))
    return replace(decoded, called_off=times)


def _decoded(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, received_at: float, before: ToldBefore
) -> TripUpdates:
    header_at = header_timestamp(message, received_at, FEED)
    refused: Counter[str] = Counter()
    stops, shapes = new_stops(message, timetable.base, refused), message_shapes(message, refused)
    timetable = NewPlaces(stops).added_to(timetable.base)
    entities, updates = read_entities(message, timetable, received_at, refused)
    newest = entities.measured_at
    runs = runs_named(entities, updates, timetable, received_at, before.dates, refused)
    runs = with_kinds(timetable, runs, updates, refused)
    not_found = names_not_found(runs)
    runs, updates = without_old_times(
        timetable, runs, updates, newest, entities.is_dated, received_at, before.times, refused
    )
    modified = modified_runs(message, timetable, received_at, refused)
    runs = with_cancelled_additions(timetable, runs, updates)
    runs, updates = each_run_once(runs, updates, newest, refused)
    runs = with_modified(runs, timetable, modified)
    with_extra = runs_with_extra_calls(timetable, runs, updates)
    with_extra = before.extra_calls.of_now_and_before(timetable, with_extra, runs, updates)
    updates, modified = numbered_as_modified(timetable, runs, updates, modified), with_extra | modified
    routes = NewRoutes(timetable)
    runs, updates, calls = calls_of_runs(timetable, runs, updates, modified, routes, refused)
    # Of a clock that is fast nothing stays true for longer.
    told_at = float(np.fmin(header_at, received_at))
    decoded = resolved(timetable, runs, updates, calls, shapes, before, received_at, told_at, refused)
    return replace(decoded, new_places=NewPlaces(stops, routes.all), not_found=not_found)
