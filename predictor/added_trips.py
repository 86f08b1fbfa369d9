"""A timetable with the trips that the operator has added or duplicated today.

New trips are appended, so that every index of the timetable given stays true in the one returned.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import NONE, Float64Array, Int32Array, Int64Array
from predictor.geometry import ground_distance_m
from predictor.links import with_links
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_ADDED, TRIP_DUPLICATED, TripUpdates


def unknown_additions(timetable: Timetable, updates: TripUpdates) -> Int64Array:
    """Rows of `updates` that add or duplicate a trip which the timetable does not have yet and can take.

    An added trip needs a known route, two known stops and a time at each; a duplicated one its original and its date.
    """
    rows = np.flatnonzero((updates.relationship == TRIP_ADDED) | (updates.relationship == TRIP_DUPLICATED))
    return np.array([r for r in rows.tolist() if _can_take(timetable, updates, r)], np.int64)


def _can_take(timetable: Timetable, updates: TripUpdates, row: int) -> bool:
    if str(updates.trip_id[row]) in timetable.trip_index:
        return False
    if updates.relationship[row] == TRIP_DUPLICATED:
        return bool(updates.trip[row] >= 0 and updates.service_date[row] > 0 and updates.start_time_s[row] >= 0)
    span = slice(updates.update_ptr[row], updates.update_ptr[row + 1])
    stops, times = updates.stop[span], np.fmax(updates.arrival[span], updates.departure[span])
    return bool(updates.route[row] >= 0 and len(stops) >= 2 and (stops >= 0).all() and np.isfinite(times).all())


def with_added_trips(timetable: Timetable, updates: TripUpdates, rows: Int64Array) -> Timetable:
    """The timetable with the trips of `rows` (see `unknown_additions`) appended, one at a time: they are few."""
    for row in rows.tolist():
        if updates.relationship[row] == TRIP_DUPLICATED:
            timetable = _with_duplicate(timetable, updates, row)
        else:
            timetable = _with_added(timetable, updates, row)
    return timetable


def _with_duplicate(tt: Timetable, updates: TripUpdates, row: int) -> Timetable:
    original = int(updates.trip[row])
    shift = int(updates.start_time_s[row]) - int(tt.trip_start_s[original])
    span = slice(int(tt.trip_call_ptr[original]), int(tt.trip_call_ptr[original + 1]))
    return _append_trip(
        tt, str(updates.trip_id[row]), int(tt.trip_pattern[original]), int(updates.service_date[row]),
        str(tt.trip_headsign[original]), tt.arrival_s[span] + np.int32(shift), tt.departure_s[span] + np.int32(shift),
        tt.stop_sequence[span],
    )  # fmt: skip


def _with_added(tt: Timetable, updates: TripUpdates, row: int) -> Timetable:
    span = slice(int(updates.update_ptr[row]), int(updates.update_ptr[row + 1]))
    arrival, departure = updates.arrival[span], updates.departure[span]
    arrival, departure = (
        np.where(np.isnan(arrival), departure, arrival),
        np.where(np.isnan(departure), arrival, departure),
    )
    arrival = np.maximum.accumulate(arrival)
    departure = np.maximum(departure, arrival)
    date = int(updates.service_date[row])
    if date not in tt.date_index:
        date = int(tt.date[max(int(np.searchsorted(tt.date_origin, arrival[0], side="right")) - 1, 0)])
    origin = tt.date_origin[tt.date_index[date]]
    stops = updates.stop[span]
    sequence = updates.stop_sequence[span]
    if (np.diff(sequence) <= 0).any() or sequence[0] < 0:
        sequence = np.arange(1, len(stops) + 1, dtype=np.int32)
    tt = _append_pattern(tt, int(updates.route[row]), stops)
    headsign = str(updates.headsign[row]) or str(tt.stop_name[stops[-1]])
    return _append_trip(
        tt, str(updates.trip_id[row]), len(tt.pattern_route) - 1, date, headsign,
        (arrival - origin).astype(np.int32), (departure - origin).astype(np.int32), sequence,
    )  # fmt: skip


def _append_pattern(tt: Timetable, route: int, stops: Int32Array) -> Timetable:
    """Append a pattern that runs straight from stop to stop."""
    lat, lon = tt.stop_lat[stops], tt.stop_lon[stops]
    gaps = ground_distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    distance: Float64Array = np.concatenate([[0.0], np.cumsum(gaps)])
    tt, link = with_links(tt, stops[:-1], stops[1:], gaps)
    return replace(
        tt,
        pattern_route=np.append(tt.pattern_route, np.int32(route)),
        pattern_direction=np.append(tt.pattern_direction, np.int8(NONE)),
        pattern_line=np.append(tt.pattern_line, np.int32(len(tt.line_ptr) - 1)),
        pattern_call_ptr=np.append(tt.pattern_call_ptr, tt.pattern_call_ptr[-1] + len(stops)),
        pattern_stop=np.append(tt.pattern_stop, stops),
        pattern_distance_m=np.append(tt.pattern_distance_m, distance),
        pattern_link=np.append(tt.pattern_link, np.append(link, np.int32(NONE))),
        line_ptr=np.append(tt.line_ptr, tt.line_ptr[-1] + len(stops)),
        line_lat=np.append(tt.line_lat, lat),
        line_lon=np.append(tt.line_lon, lon),
        line_distance_m=np.append(tt.line_distance_m, distance),
        line_has_shape=np.append(tt.line_has_shape, False),
    )


def _append_trip(
    tt: Timetable, trip_id: str, pattern: int, date: int, headsign: str,
    arrival_s: Int32Array, departure_s: Int32Array, sequence: Int32Array,
) -> Timetable:  # fmt: skip
    calls = len(arrival_s)
    runs = (tt.date == date)[None, :]
    first = np.zeros(calls, bool)
    first[0] = True
    return replace(
        tt,
        trip_id=np.append(tt.trip_id, trip_id),
        trip_pattern=np.append(tt.trip_pattern, np.int32(pattern)),
        trip_service=np.append(tt.trip_service, np.int32(len(tt.service_id))),
        trip_headsign=np.append(tt.trip_headsign, headsign),
        trip_short_name=np.append(tt.trip_short_name, ""),
        trip_block=np.append(tt.trip_block, np.int32(NONE)),
        trip_wheelchair=np.append(tt.trip_wheelchair, np.int8(0)),
        trip_call_ptr=np.append(tt.trip_call_ptr, tt.trip_call_ptr[-1] + calls),
        arrival_s=np.append(tt.arrival_s, arrival_s),
        departure_s=np.append(tt.departure_s, departure_s),
        stop_sequence=np.append(tt.stop_sequence, sequence.astype(np.int32)),
        timepoint=np.append(tt.timepoint, first),
        pickup_type=np.append(tt.pickup_type, np.zeros(calls, np.int8)),
        drop_off_type=np.append(tt.drop_off_type, np.zeros(calls, np.int8)),
        journey_trip=np.append(tt.journey_trip, np.int32(tt.trips)),
        journey_shift_s=np.append(tt.journey_shift_s, np.int32(0)),
        journey_headway_s=np.append(tt.journey_headway_s, np.int32(0)),
        service_id=np.append(tt.service_id, f"added:{trip_id}"),
        service_active=np.concatenate([tt.service_active, runs]),
    )
