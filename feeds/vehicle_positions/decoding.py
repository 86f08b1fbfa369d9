"""One GTFS-Realtime VehiclePositions message to observations: at most one report a vehicle and trip, none from another
time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from feeds.gtfs.written_dates import existing_date
from feeds.gtfs_realtime.headway_runs import named_in_reports
from feeds.ids.call_numbers import Numbering
from feeds.ids.known_ids import indices_of, places_in
from feeds.messages.message import decode_message, header_timestamp, refuse_differential
from feeds.vehicle_positions.cancelled_runs import cancelled_runs
from feeds.vehicle_positions.reports import (
    FASTEST_M_S,
    Reports,
    positions_found,
    reports_of,
    resolve,
    vehicle_names,
    with_refused,
)
from predictor.arrays import NONE, BoolArray, Float64Array, Int64Array, first_of_each, or_where_unknown
from predictor.columns import replace
from predictor.geometry import ground_distance_m
from predictor.named_dates import NamedDates
from predictor.observations import CancelledRuns, Observations
from predictor.operator_vehicles import bare_ids
from predictor.report_clocks import AHEAD_S, FEED_AHEAD_S, FOLLOWED_S, SEVERAL
from predictor.report_figures import NAMED
from predictor.run_changes import SAME_TIME_S
from predictor.timetable import DAY_S, Timetable

FEED = "vehicle positions"
FUTURE_LIMIT_S = AHEAD_S + FEED_AHEAD_S
"""No clock is believed to be faster, but one that has local time as if it were UTC."""
ONE_PLACE_M = 10.0
"""Where two systems tell of one vehicle, they round where it is by no more;"""
_DRIVES_M_S = 15.0
"""and it drives on between their reports."""
ONE_TIME_S = 60.0
"""They tell of it within this time,"""
TOLD_LATE_S = 30.0
"""and within this, though nothing else tells that they are one: a bus behind it on its run is mostly further away."""
_LOGGED_ON_S = DAY_S
"""So long ago at most: a report of a vehicle whose clock stands may bear the time at which its driver logged on."""
_SILENT_SHARE = 0.25
"""Fewer of a fleet fell silent within the same minutes."""
NEAR_M = 200.0
"""Reports of one vehicle at one time may lie so far apart."""


def decode_vehicle_positions(
    data: bytes,
    timetable: Timetable,
    received_at: float,
    dates: NamedDates | None = None,
    numbering: Numbering | None = None,
) -> Observations:
    """Decode a message received at `received_at` (POSIX seconds). `dates`: takes in what it tells of the dates that the
    feed names; `numbering`: how the feed numbers calls, heard of it so far.

    A single bad report or field never spoils the rest: it is left out and counted in `refused`.
    Errors: FeedError where the whole message cannot be used (see `feeds.messages.message`).
    """
    message = decode_message(data, FEED)
    refuse_differential(message, FEED)
    feed_timestamp = header_timestamp(message, received_at, FEED)
    if not message.entity:
        return Observations.empty(received_at, feed_timestamp=feed_timestamp, cancelled=CancelledRuns.empty())
    reports, called_off, refused = reports_of(message)
    reports, zone_s = _by_utc(reports, timetable, received_at, feed_timestamp, refused)
    reports, shared = with_own_names(reports, timetable, feed_timestamp)
    refused["vehicle_id_shared"] = shared
    dates = dates or NamedDates()
    observations = resolve(reports, timetable, received_at, feed_timestamp, dates, numbering)
    observations = _of_this_day(_begun(observations, timetable, refused), refused)
    observations = _one_a_vehicle(observations, refused)
    observations = with_refused(_under_one_id(observations, timetable, refused), refused)
    trips = (e.vehicle.trip for e in message.entity if e.HasField("vehicle") and e.vehicle.HasField("trip"))
    cancelled = cancelled_runs(called_off, timetable, received_at, observations.trip, dates)
    return replace(observations, zone_s=zone_s, headway_as=named_in_reports(trips, timetable), cancelled=cancelled)


def _by_utc(
    reports: Reports, timetable: Timetable, received_at: float, feed_timestamp: float, refused: Counter[str]
) -> tuple[Reports, float]:
    """The reports, and by how many seconds their times have been put right where these were local as if they were UTC:
    in a message whose header is right, several that tell their place are ahead by just that, and more than are of now.
    West of Greenwich such a report is like an old one."""
    at = reports.number["timestamp"]
    zone = datetime.fromtimestamp(received_at, ZoneInfo(timetable.timezone)).utcoffset()
    zone_s = 0.0 if zone is None else zone.total_seconds()
    ahead_s = at - received_at
    of_now = np.abs(ahead_s) <= FUTURE_LIMIT_S
    by_zone = (ahead_s - zone_s <= AHEAD_S) & (ahead_s - zone_s >= -FOLLOWED_S) & ~of_now & positions_found(reports)
    header_is_right = abs(feed_timestamp - received_at) <= FEED_AHEAD_S
    if zone_s <= FUTURE_LIMIT_S or not header_is_right or by_zone.sum() < max(SEVERAL, of_now.sum() + 1):
        return reports, 0.0
    refused["timestamp_of_local_time"] = int(by_zone.sum())
    # Many that seem to be of now are another feed's, whose clock is right; a few fell silent hours ago.
    is_right = of_now & (of_now.sum() >= max(SEVERAL, _SILENT_SHARE * by_zone.sum()))
    return Reports(reports.text, {**reports.number, "timestamp": np.where(is_right, at, at - zone_s)}), zone_s


def _begun(observations: Observations, timetable: Timetable, refused: Counter[str]) -> Observations:
    """Without those of no place but a stop that bear the time to come at which their run begins: so New York's subway
    tells of trains that nobody drives yet."""
    day = places_in(timetable.date_index, observations.service_date.tolist())
    begins = timetable.date_origin[day] + observations.start_time_s
    planned = (day >= 0) & (observations.start_time_s >= 0) & np.isnan(observations.lat)
    planned &= (observations.timestamp > observations.received_at) & (observations.timestamp == begins)
    refused["run_not_begun"] = int(planned.sum())
    return observations.take(np.flatnonzero(~planned)) if planned.any() else observations


def _of_this_day(observations: Observations, refused: Counter[str]) -> Observations:
    age = observations.received_at - observations.timestamp
    ahead, stale = age < -FUTURE_LIMIT_S, age > _LOGGED_ON_S
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
    last = first_of_each(name[::-1])[::-1]
    newest = np.flatnonzero(last)[np.cumsum(last) - last]
    beside = ~last & (trip >= 0) & (at[newest] - at <= SAME_TIME_S)
    beside &= (trip != trip[newest]) | (start != start[newest])
    rows = np.flatnonzero(beside)
    run = np.stack([newest[rows], trip[rows], start[rows]])
    latest = len(rows) - 1 - np.unique(run[:, ::-1], axis=1, return_index=True)[1]
    kept = np.append(order[last], order[rows[latest]])
    refused["duplicate_vehicle"] = len(name) - len(kept)
    return observations.take(np.sort(kept))


def _under_one_id(observations: Observations, timetable: Timetable, refused: Counter[str]) -> Observations:
    """Keep one report of a vehicle that goes by several ids: they are of one run, and of places between which it drives
    from the time of the one to that of the other; or all but one name none. Where one is the other with an agency
    before it, or the other's label, they need but be near."""
    trip, start, name = observations.trip, observations.start_time_s, observations.vehicle_id
    label, lat, lon, gone = observations.vehicle_label, observations.lat, observations.lon, np.zeros(len(trip), bool)

    def neighbours(*keys: NDArray[Any]) -> tuple[Int64Array, Int64Array]:
        """Reports of one time that stand side by side in order of `keys`, the last first."""
        order = np.lexsort(keys)
        one, other = order[:-1], order[1:]
        close = trip[one] >= 0
        close &= np.abs(observations.timestamp[one] - observations.timestamp[other]) <= ONE_TIME_S
        return one[close], other[close]

    one, other = neighbours(name, lat, start, trip)
    same = (trip[one] == trip[other]) & (start[one] == start[other])
    one, other = one[same], other[same]
    apart_m = ground_distance_m(lat[one], lon[one], lat[other], lon[other])
    apart_s = np.abs(observations.timestamp[one] - observations.timestamp[other])
    first, second = bare_ids(name[one]), bare_ids(name[other])
    alike = (first == second) | (bare_ids(label[one]) == second) | (bare_ids(label[other]) == first)
    # Of buses of a trip by headway that name no start, each may be another run.
    one_run = (start[one] >= 0) | ~timetable.trip_repeats[trip[one]]
    one_place = (apart_s <= SAME_TIME_S) | (one_run & (apart_s <= TOLD_LATE_S))
    within_m = np.where(alike, NEAR_M, np.where(one_place, ONE_PLACE_M, -np.inf))
    # It goes by the same id in each message.
    last = np.where(name[one] > name[other], one, other)
    gone[last[apart_m <= within_m + _DRIVES_M_S * apart_s]] = True
    one, other = neighbours(-trip, lon, lat)
    gone[other] |= (trip[other] < 0) & (lat[one] == lat[other]) & (lon[one] == lon[other])
    refused["vehicle_of_several_ids"] = int(gone.sum())
    return observations.take(np.flatnonzero(~gone)) if gone.any() else observations


def with_own_names(reports: Reports, timetable: Timetable, feed_timestamp: float) -> tuple[Reports, int]:
    """The reports of one message with an id of its own for each vehicle, and how many needed one.

    Reports of one id with different labels, at places between which no vehicle can have driven, or on runs of which
    none is driven after the other, are of several. These are told apart, from one message to the next, by their label
    where that differs, else by their trip, else by their entity. Of one trip a second report is a second vehicle's only
    if it is of the same time.
    """
    text, number = reports.text, reports.number
    names = vehicle_names(reports)
    code, count = np.unique(np.array(names, np.str_), return_inverse=True, return_counts=True)[1:]
    lat, lon = _where(reports, timetable)
    rows = np.flatnonzero((count[code] > 1) & ~np.isnan(lat))
    if len(rows) == 0:
        return reports, 0
    at = np.where(np.isnan(number["timestamp"]), feed_timestamp, number["timestamp"])[rows]
    # Each report against the newest of its id, which is written last.
    order = np.argsort(at, kind="stable")
    newest = np.zeros(len(count), np.int64)
    newest[code[rows[order]]] = order
    other = newest[code[rows]]
    lat, lon = lat[rows], lon[rows]
    gap_s = or_where_unknown(np.abs(at - at[other]), 0.0)
    apart = ground_distance_m(lat, lon, lat[other], lon[other]) > FASTEST_M_S * gap_s + NEAR_M
    run = np.array([_run(reports, row) for row in rows.tolist()], np.str_)
    label = np.array(text["vehicle_label"], np.str_)[rows]
    several = apart & ((run != run[other]) | (run == "") | (gap_s == 0.0))
    several |= (label != label[other]) & (label != "") & (label[other] != "")
    several |= (gap_s <= SAME_TIME_S) & (run != run[other]) & _at_once(reports, rows, rows[other], timetable, at)
    shared = rows[np.isin(code[rows], code[rows[several]])].tolist()
    if len(shared) == 0:
        return reports, 0
    labels = Counter(name for name, _ in {(names[row], text["vehicle_label"][row]) for row in shared})
    own = {
        row: (labels[names[row]] > 1 and text["vehicle_label"][row]) or _run(reports, row) or text["id"][row]
        for row in shared
    }
    named = Counter((names[row], own[row]) for row in shared)
    vehicle_id, vehicle_label = list(text["vehicle_id"]), list(text["vehicle_label"])
    for row in shared:
        # Riders read what is written on it.
        vehicle_label[row] = vehicle_label[row] or vehicle_id[row]
        alike = named[names[row], own[row]] > 1
        vehicle_id[row] = " ".join(filter(None, (names[row], own[row], text["id"][row] if alike else "")))
    text = {**text, "vehicle_id": vehicle_id, "vehicle_label": vehicle_label}
    return Reports(text, reports.number), len(shared)


def _where(reports: Reports, timetable: Timetable) -> tuple[Float64Array, Float64Array]:
    """Where each report (n,) has its vehicle, degrees: by its position, else by the stop that it names, else NaN."""
    found = positions_found(reports)
    stop = np.where(found, NONE, indices_of(reports.text["stop_id"], timetable.stop_index, timetable))
    of_stops = (np.append(places, np.nan)[stop] for places in (timetable.stop_lat, timetable.stop_lon))
    lat, lon = (
        np.where(found, reports.number[name], at_stop)
        for name, at_stop in zip(("latitude", "longitude"), of_stops, strict=True)
    )
    return lat, lon


def _at_once(
    reports: Reports, rows: Int64Array, others: Int64Array, timetable: Timetable, at: Float64Array
) -> BoolArray:
    """Whether reports `rows` (m,) and `others` (m,) name trips that both run on the day of `at` (m,), POSIX seconds,
    and are under way together for half of the shorter one at least."""
    tt, text = timetable, reports.text
    trip, other = (
        indices_of([text["trip_id"][row] for row in group.tolist()], tt.trip_index, tt) for group in (rows, others)
    )
    date, other_date = ([text["start_date"][row] for row in group.tolist()] for group in (rows, others))
    known = np.flatnonzero((trip >= 0) & (other >= 0) & (trip != other) & (np.array(date) == np.array(other_date)))
    known = known[~(tt.trip_repeats[trip[known]] | tt.trip_repeats[other[known]])]
    trip, other = trip[known], other[known]
    day = np.maximum(tt.day_at(at[known]), 0)
    named = np.array([tt.date_index.get(existing_date(date[row]) or 0, NONE) for row in known.tolist()], np.int64)
    day = np.where(named >= 0, named, day)
    together = tt.runs_on(trip, day) & tt.runs_on(other, day)
    begins = np.maximum(tt.trip_start_s[trip], tt.trip_start_s[other])
    ends = np.minimum(tt.trip_end_s[trip], tt.trip_end_s[other])
    shorter = np.minimum(*(tt.trip_lasts_s[one] for one in (trip, other)))
    result = np.zeros(len(rows), bool)
    result[known] = together & (ends - begins > 0.5 * shorter)
    return result


def _run(reports: Reports, row: int) -> str:
    """What a report calls its run, "" where it names no trip."""
    trip = reports.text["trip_id"][row]
    return f"{trip} {reports.text['start_time'][row]}".strip() if trip else ""
