"""One GTFS-Realtime VehiclePositions message to observations: at most one report a vehicle and trip, none from another
time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np

from feeds.gtfs_realtime.headway_runs import named_in_reports
from feeds.messages.message import decode_message, header_timestamp, refuse_differential
from feeds.vehicle_positions.reports import reports_of, resolve, with_refused
from feeds.vehicle_positions.shared_ids import with_own_names
from predictor.named_dates import NamedDates
from predictor.observations import Observations
from predictor.report_clocks import AHEAD_S, FEED_AHEAD_S
from predictor.report_figures import NAMED
from predictor.run_changes import SAME_TIME_S
from predictor.timetable import Timetable

FEED = "vehicle positions"
FUTURE_LIMIT_S = AHEAD_S + FEED_AHEAD_S
"""No clock is believed to be faster."""
DAY_S = 86400.0
"""A report of a vehicle whose clock stands may bear the time at which its driver logged on."""


def decode_vehicle_positions(
    data: bytes, timetable: Timetable, received_at: float, dates: NamedDates | None = None
) -> Observations:
    """Decode a message received at `received_at` (POSIX seconds). `dates`: takes in what it tells of the dates that the
    feed names.

    A single bad report or field never spoils the rest: it is left out and counted in `refused`.
    Errors: FeedError where the whole message cannot be used (see `feeds.messages.message`).
    """
    message = decode_message(data, FEED)
    refuse_differential(message, FEED)
    feed_timestamp = header_timestamp(message, received_at, FEED)
    reports, refused = reports_of(message)
    reports, shared = with_own_names(reports, timetable, feed_timestamp)
    refused["vehicle_id_shared"] = shared
    observations = resolve(reports, timetable, received_at, feed_timestamp, dates)
    observations = with_refused(_one_a_vehicle(_of_this_day(observations, refused), refused), refused)
    trips = (e.vehicle.trip for e in message.entity if e.HasField("vehicle") and e.vehicle.HasField("trip"))
    return replace(observations, headway_as=named_in_reports(trips, timetable))


def _of_this_day(observations: Observations, refused: Counter[str]) -> Observations:
    age = observations.received_at - observations.timestamp
    ahead, stale = age < -FUTURE_LIMIT_S, age > DAY_S
    refused["timestamp_in_future"] = int(ahead.sum())
    refused["timestamp_stale"] = int(stale.sum())
    names = zip(observations.vehicle_id[ahead].tolist(), (-age[ahead]).tolist(), strict=True)
    kept = observations.take(np.flatnonzero(~(ahead | stale)))
    kept = replace(kept, ahead_vehicles=tuple(islice(names, NAMED)))
    return replace(kept, usual_age_s=float(np.median(age))) if len(age) else kept


def _one_a_vehicle(observations: Observations, refused: Counter[str]) -> Observations:
    """Keep each vehicle's newest report, and beside it one of each other trip that it names at that time; of two
    equally new ones of a trip, the last."""
    order = np.lexsort((observations.trip >= 0, observations.timestamp, observations.vehicle_id))
    name, trip = observations.vehicle_id[order], observations.trip[order]
    at, start = observations.timestamp[order], observations.start_time_s[order]
    last = np.ones(len(name), bool)
    last[:-1] = name[1:] != name[:-1]
    newest = np.flatnonzero(last)[np.cumsum(last) - last]
    beside = ~last & (trip >= 0) & (at[newest] - at <= SAME_TIME_S)
    beside &= (trip != trip[newest]) | (start != start[newest])
    rows = np.flatnonzero(beside)
    run = np.stack([newest[rows], trip[rows], start[rows]])
    latest = len(rows) - 1 - np.unique(run[:, ::-1], axis=1, return_index=True)[1]
    kept = np.append(order[last], order[rows[latest]])
    refused["duplicate_vehicle"] = len(name) - len(kept)
    return observations.take(np.sort(kept))
