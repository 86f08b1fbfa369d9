"""What each run of a message is: its relationship, where its calls come from, and the name that it goes by."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.ids.known_ids import places_in
from feeds.trip_updates.message_columns import (
    COPY,
    LISTED,
    NO_CALLS,
    OF_TIMETABLE,
    TIMETABLE,
    StopTimeUpdates,
    UpdatedRuns,
    first_known,
)
from predictor.arrays import NONE, Int32Array, Int64Array, StrArray, group_starts, is_one_of
from predictor.named_runs import SAME_START_S, START_TOLERANCE_S
from predictor.stop_alignment import aligned
from predictor.timetable import DAY_S, Timetable
from predictor.trip_updates import (
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_DUPLICATED,
    TRIP_NEW,
    TRIP_REPLACEMENT,
    TRIP_SCHEDULED,
)

_ANOTHER_S = 600.0
"""Times at one stop that are so far apart are not two opinions of one run."""


def with_kinds(tt: Timetable, runs: UpdatedRuns, updates: StopTimeUpdates, refused: Counter[str]) -> UpdatedRuns:
    """The runs with what each is: its relationship, where its calls come from, and its shift."""
    update_ptr = group_starts(updates.owner, len(runs))
    runs = _told_once(runs, updates, update_ptr)
    runs = replace(runs, start_time_s=_with_own_starts(tt, runs, updates, update_ptr))
    runs = _with_relationships(tt, runs, updates, update_ptr, refused)
    return _with_names(tt, runs, updates, update_ptr)


def _with_relationships(
    tt: Timetable, runs: UpdatedRuns, updates: StopTimeUpdates, update_ptr: Int64Array, refused: Counter[str]
) -> UpdatedRuns:
    """The runs with the relationship that is meant, where their calls come from, and how much later than the trip's own
    times these are."""
    trip, day, start = runs.trip, runs.service_day, runs.start_time_s
    known = np.maximum(trip, 0)
    relationship, calls_from, moved = runs.relationship.copy(), runs.calls_from.copy(), runs.moved_s.copy()
    shift = np.where((trip >= 0) & (start >= 0), start - (tt.trip_start_s[known] if tt.trips else 0), 0)
    relationship[is_one_of(relationship, OF_TIMETABLE) & (trip < 0) & (day >= 0)] = TRIP_NEW
    # A cancelled run that the timetable does not have may say which calls it does not make.
    time = first_known(updates.departure, updates.scheduled_departure, updates.arrival, updates.scheduled_arrival)
    timed = np.bincount(updates.owner[~np.isnan(time)], minlength=len(trip))
    calls_from[is_one_of(relationship, (TRIP_CANCELED, TRIP_DELETED))] = NO_CALLS
    calls_from[(relationship == TRIP_CANCELED) & (trip < 0) & (day >= 0) & (timed > 1)] = LISTED
    calls_from[relationship == TRIP_REPLACEMENT] = LISTED

    copied = (relationship == TRIP_DUPLICATED) & (trip >= 0)
    refused["duplicate_without_start_time"] += int((copied & (start < 0)).sum())
    day = np.where(copied & (start < 0), NONE, day).astype(np.int32)
    calls_from[copied], moved[copied] = COPY, shift[copied]

    adds = is_one_of(relationship, (TRIP_ADDED, TRIP_NEW))
    # Neither a date nor a time says on which day.
    refused["added_trip_without_stops"] += int((adds & (trip < 0) & (day < 0) & (timed == 0)).sum())
    for row in np.flatnonzero(adds).tolist():
        calls_from[row] = LISTED
        if trip[row] < 0 or day[row] < 0:
            continue
        departures = tt.journey_shift_s[tt.journey_trip == trip[row]]
        own = departures[np.abs(departures - shift[row]) <= SAME_START_S]
        along = _calls_along(tt, int(trip[row]), updates, slice(int(update_ptr[row]), int(update_ptr[row + 1])))
        moved[row] = shift[row]
        if tt.trip_is_frequency[trip[row]]:
            relationship[row], calls_from[row] = TRIP_SCHEDULED, TIMETABLE
        elif len(own) and tt.runs_on(trip[row], day[row]):
            refused["added_trip_in_timetable"] += 1
            relationship[row], calls_from[row] = (TRIP_SCHEDULED, TIMETABLE) if along else (TRIP_REPLACEMENT, LISTED)
            moved[row] = own[np.argmin(np.abs(own - shift[row]))]
        elif along and not 2 <= update_ptr[row + 1] - update_ptr[row] < tt.trip_calls[trip[row]]:
            # A trip of the timetable once more, at another time or on another day.
            calls_from[row] = COPY
    return replace(runs, relationship=relationship, calls_from=calls_from, service_day=day, moved_s=moved)


def _with_names(tt: Timetable, runs: UpdatedRuns, updates: StopTimeUpdates, update_ptr: Int64Array) -> UpdatedRuns:
    """The runs with the id that each goes by, and by how much later it starts than the trip of that id: of several that
    share an id each is known by its start."""
    trip, day, start = runs.trip, runs.service_day, runs.start_time_s
    # A run of the timetable has no other name, whatever it was told as.
    by_timetable = [trip_name(tt, t) for t in trip.tolist()]
    of_timetable = (trip >= 0) & is_one_of(runs.relationship, OF_TIMETABLE)
    trip_id = np.where(of_timetable, by_timetable, runs.trip_id) if by_timetable else runs.trip_id
    # Under an id of its own a run is nobody's other run.
    same_id = trip_id == np.array(by_timetable, np.str_)
    own_id = ~same_id & (is_one_of(runs.calls_from, (COPY, LISTED)) | (trip < 0))
    namesake = places_in(tt.trip_index, trip_id.tolist())
    among_others = runs.is_added & (trip < 0) & (namesake >= 0) | np.isin(trip_id, trip_id[own_id & (start >= 0)])
    among_others &= own_id & (start < 0) & (day >= 0)
    unnamed = np.flatnonzero(own_id & runs.is_added & (trip < 0) & (start < 0) & (day >= 0) & ~among_others)
    by_time = _with_first_times(tt, start, day, unnamed, updates, update_ptr)
    rows = np.append(np.flatnonzero(among_others), _of_one_name(trip_id, day, by_time, unnamed, updates, update_ptr))
    start = _with_first_times(tt, start, day, rows, updates, update_ptr)
    # By the id of another trip it is known by how long after that one it starts.
    named_start = np.append(tt.trip_start_s, np.int32(0))[namesake]
    own_shift = np.where(start >= 0, start - named_start, 0)
    shift = np.where(own_id, own_shift, np.where(same_id, runs.moved_s, 0)).astype(np.int32)
    return replace(runs, trip_id=trip_id, start_time_s=start, shift_s=shift)


def _told_once(runs: UpdatedRuns, updates: StopTimeUpdates, update_ptr: Int64Array) -> UpdatedRuns:
    """The runs (n,), those that one vehicle is told to make under several names, at the same stops and times, under the
    first of these."""
    first: dict[tuple[object, ...], int] = {}
    trip_id, start = runs.trip_id.copy(), runs.start_time_s.copy()
    own = runs.is_added & (runs.trip < 0) & (runs.vehicle_id != "") & (np.diff(update_ptr) > 1)
    for row in np.flatnonzero(own).tolist():
        span = slice(int(update_ptr[row]), int(update_ptr[row + 1]))
        calls = (updates.stop[span], updates.arrival[span], updates.departure[span])
        key = (str(runs.vehicle_id[row]), int(runs.service_day[row]), *(column.tobytes() for column in calls))
        same = first.setdefault(key, row)
        trip_id[row], start[row] = trip_id[same], start[same]
    return replace(runs, trip_id=trip_id, start_time_s=start)


def _of_one_name(
    trip_id: StrArray, day: Int32Array, start: Int32Array, rows: Int64Array, updates: StopTimeUpdates,
    update_ptr: Int64Array,
) -> Int64Array:  # fmt: skip
    """Of the runs `rows` those that share their id, day and first stop with another, but not their time there."""
    alike: dict[tuple[str, int, int], list[int]] = {}
    for row in rows[np.diff(update_ptr)[rows] > 0].tolist():
        alike.setdefault((str(trip_id[row]), int(day[row]), int(updates.stop[update_ptr[row]])), []).append(row)
    several = [group for group in alike.values() if np.ptp(start[group]) >= _ANOTHER_S]
    return np.array([row for group in several for row in group], np.int64)


def _with_own_starts(tt: Timetable, runs: UpdatedRuns, updates: StopTimeUpdates, update_ptr: Int64Array) -> Int32Array:
    """The start times (n,) with those of runs that are added without one under the id of a trip that is called off, far
    from its time: they take nobody's place."""
    key = np.where((runs.trip >= 0) & (runs.service_day >= 0), runs.service_day.astype(np.int64) * tt.trips, NONE)
    key += runs.trip
    gone = is_one_of(runs.relationship, (TRIP_CANCELED, TRIP_DELETED)) & (runs.trip >= 0)
    rows = np.flatnonzero(runs.is_added & (runs.trip >= 0) & (runs.start_time_s < 0) & np.isin(key, key[gone]))
    start = _with_first_times(tt, runs.start_time_s, runs.service_day, rows, updates, update_ptr)
    for row in rows.tolist():
        departures = tt.trip_start_s[runs.trip[row]] + tt.journey_shift_s[tt.journey_trip == runs.trip[row]]
        if (np.abs(departures - start[row]) <= START_TOLERANCE_S).any():
            start[row] = NONE
    return start


def _with_first_times(
    tt: Timetable,
    start: Int32Array,
    day: Int32Array,
    rows: Int64Array,
    updates: StopTimeUpdates,
    update_ptr: Int64Array,
) -> Int32Array:
    """The start times (n,), those of `rows` by the first time told of each, as scheduled where that is known."""
    start = start.copy()
    time = first_known(updates.stated_departure, updates.departure, updates.stated_arrival, updates.arrival)
    for row in rows.tolist():
        told_times = time[update_ptr[row] : update_ptr[row + 1]]
        told_times = told_times[~np.isnan(told_times)]
        if len(told_times):
            start[row] = max(int(told_times[0] - tt.date_origin[day[row]]), 0)
    return start


def with_cancelled_additions(tt: Timetable, runs: UpdatedRuns, updates: StopTimeUpdates) -> UpdatedRuns:
    """Added runs that the same message cancels are that: the timetable does not have them, so they go by their id, and
    by date and start where both are told. Under the id of a trip the start tells that it is not that one. Where none is
    of that date and start, a run past 24:00 goes by those of the calendar too."""
    relationship, trip, day = runs.relationship.copy(), runs.trip.copy(), runs.service_day.copy()
    gone = np.flatnonzero(is_one_of(relationship, (TRIP_CANCELED, TRIP_DELETED)))
    own = is_one_of(runs.calls_from, (COPY, LISTED))
    gone = gone[np.isin(runs.trip_id[gone], runs.trip_id[own])]
    if len(gone) == 0:
        return runs
    listed = np.flatnonzero(own & (runs.start_time_s < 0) & (day >= 0))
    begins = _with_first_times(
        tt, runs.start_time_s, runs.service_day, listed, updates, group_starts(updates.owner, len(runs))
    )
    calendar_day, clock = runs.service_day + begins // int(DAY_S), begins % int(DAY_S)
    for row in gone.tolist():
        alike = own & (runs.trip_id == runs.trip_id[row])
        meant = alike.copy()
        if runs.trip[row] >= 0:
            meant &= (runs.service_day == runs.service_day[row]) & (runs.start_time_s == runs.start_time_s[row])
            meant &= (runs.start_time_s >= 0) & (runs.shift_s != runs.moved_s[row])
            if meant.any():
                trip[row] = day[row] = NONE
        for names in (runs.service_day, runs.start_time_s):
            meant &= (names == names[row]) | (names[row] < 0) | (names < 0)
        if runs.trip[row] < 0 and not meant.any():
            meant = alike & (begins >= DAY_S) & (calendar_day == runs.service_day[row])
            meant &= (clock == runs.start_time_s[row]) | (runs.start_time_s[row] < 0)
            day[row] = NONE if meant.any() else day[row]
        relationship[meant] = runs.relationship[row]
    return replace(runs, relationship=relationship, trip=trip, service_day=day)


def _calls_along(tt: Timetable, trip: int, updates: StopTimeUpdates, span: slice) -> bool:
    """Whether all stops that are named are the trip's, in its order."""
    named = updates.stop[span][updates.stop[span] >= 0]
    own = tt.call_stop[tt.trip_call_ptr[trip] : tt.trip_call_ptr[trip + 1]]
    return NONE not in aligned(tuple(named.tolist()), tuple(own.tolist()))


def trip_name(tt: Timetable, trip: int) -> str:
    """The id of a trip, "" for -1."""
    return str(tt.trip_id[trip]) if trip >= 0 else ""
