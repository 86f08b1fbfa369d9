"""Runs whose ids the timetable does not have and of which no start is named, as where it is another one's: of their
line the one that should be where they are told to come, at about that time."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from feeds.ids.known_ids import places_in
from feeds.ids.shortened_ids import MOST
from feeds.trip_updates.message_columns import StopTimeUpdates
from predictor.arrays import NONE, BoolArray, Float64Array, Int32Array, Int64Array, expand_ranges, first_of_each
from predictor.named_runs import FOUND, NO_SUCH_TRIP, FoundRuns, RunNames
from predictor.stop_alignment import patterns_along
from predictor.timetable import DAY_S, Timetable

_EARLY_S, _LATE_S = 300.0, 1200.0
"""No run is so much earlier or later than planned at its next stop and at its last one."""
_AS_LATE = 3.0
"""A run is a minute early as seldom as it is so many late."""
_DAYS_S = 4.0 * DAY_S


def with_nearest_runs(
    timetable: Timetable, names: RunNames, found: FoundRuns, updates: StopTimeUpdates, may_be: BoolArray
) -> tuple[FoundRuns, BoolArray]:
    """The runs found (n,) with those that `may_be` (n,) looked for so, each once; where the timetable has most of the
    ids, with those alone of which no other is told and there is but one. Second, which (n,) are none of the timetable's
    whatever their ids: along a way of their line, where no run of it that is not told of should be."""
    tt, beside = timetable, np.zeros(len(names.trip), bool)
    rows = np.flatnonzero(may_be & (found.trip < 0) & (names.trip < 0) & (names.route >= 0))
    rows = rows[(names.start_time_s[rows] < 0) | (found.verdict[rows] == NO_SUCH_TRIP)]
    if len(rows) == 0:
        return found, beside
    at = np.fmax(updates.arrival, updates.departure)
    timed = np.flatnonzero(np.isfinite(at) & (updates.stop >= 0) & np.isin(updates.owner, rows))
    timed = timed[np.lexsort((at[timed], updates.owner[timed]))]
    is_first = first_of_each(updates.owner[timed])
    is_last = np.append(is_first[1:], True)[: len(timed)]
    several = ~(is_first & is_last)
    first, last = timed[is_first & several], timed[is_last & several]
    begin, end = _calls_near(tt, names, updates, at, first), _calls_near(tt, names, updates, at, last)
    # By row, day and trip.
    _, here, there = np.intersect1d(begin[0], end[0], return_indices=True)
    forwards = begin[1][here] < end[1][there]
    here, there = here[forwards], there[forwards]
    run, row = begin[0][here] % (len(tt.date) * tt.trips), begin[0][here] // (len(tt.date) * tt.trips)
    off = np.sum([np.where(part >= 0.0, part, -_AS_LATE * part) for part in (begin[2][here], end[2][there])], axis=0)
    known = found.trip >= 0
    taken = set((found.service_day[known].astype(np.int64) * tt.trips + found.trip[known]).tolist())
    free = np.array([its_run not in taken for its_run in run.tolist()], bool)
    for of_row in np.setdiff1d(updates.owner[first], row[free]).tolist():
        stops = updates.stop[(updates.owner == of_row) & (updates.stop >= 0)]
        beside[of_row] = len(patterns_along(tt, stops, int(names.route[of_row]))) > 0
    off[names.start_time_s[row] >= 0] = np.inf
    if len(rows) < MOST * len(names.trip):
        off[np.bincount(row[free], minlength=len(names.trip))[row] != 1] = np.inf
    trip, day, verdict = found.trip.copy(), found.service_day.copy(), found.verdict.copy()
    for k in np.argsort(off, kind="stable").tolist():
        its_run, of_row = int(run[k]), int(row[k])
        if its_run not in taken and trip[of_row] < 0 and off[k] < np.inf:
            taken.add(its_run)
            day[of_row], trip[of_row] = divmod(its_run, tt.trips)
            verdict[of_row] = FOUND
    start_known = found.start_known | (verdict == FOUND)
    return replace(found, trip=trip, service_day=day, verdict=verdict, start_known=start_known), beside


def _calls_near(
    tt: Timetable, names: RunNames, updates: StopTimeUpdates, at: Float64Array, told: Int64Array
) -> tuple[Int64Array, Int32Array, Float64Array]:
    """Calls of the named lines at the stops of updates, at about the time that these tell: row, day and trip of each as
    one number, the call, and how late that is."""
    axis, by_place = _by_place(tt)
    row, stop, time = updates.owner[told], updates.stop[told].astype(np.int64), at[told]
    named = places_in(tt.date_index, names.service_date[row].tolist())
    today = tt.day_at(time)
    keys, calls, late = [], [], []
    for back in (0, 1):
        day = np.where(names.service_date[row] > 0, named if back == 0 else NONE, today - back)
        part = np.flatnonzero(day >= 0)
        seconds = time[part] - tt.date_origin[day[part]]
        place = (names.route[row[part]].astype(np.int64) * tt.stops + stop[part]) * _DAYS_S + seconds
        low, high = np.searchsorted(axis, place - _LATE_S), np.searchsorted(axis, place + _EARLY_S, side="right")
        pair, index = expand_ranges(low, high - low)
        entry, which = by_place[index], part[pair]
        trip = np.searchsorted(tt.trip_call_ptr, entry, side="right") - 1
        direction, runs_to = names.direction[row[which]], tt.pattern_direction[tt.trip_pattern[trip]]
        fits = tt.runs_on(trip, day[which]) & ~tt.trip_is_frequency[trip]
        fits &= (direction < 0) | (runs_to < 0) | (direction == runs_to)
        entry, which, trip = entry[fits], which[fits], trip[fits]
        keys.append((row[which].astype(np.int64) * len(tt.date) + day[which]) * tt.trips + trip)
        calls.append(tt.call_at(entry))
        late.append(time[which] - tt.date_origin[day[which]] - tt.departure_s[entry])
    return np.concatenate(keys), np.concatenate(calls), np.concatenate(late)


@lru_cache(maxsize=2)
def _by_place(tt: Timetable) -> tuple[Float64Array, Int64Array]:
    """All calls by line, stop and time: where each stands on that axis, and its entry."""
    route = np.repeat(tt.trip_route, np.diff(tt.trip_call_ptr)).astype(np.int64)
    axis = (route * tt.stops + tt.call_stop) * _DAYS_S + tt.departure_s
    order = np.argsort(axis)
    return axis[order].astype(np.float64), order.astype(np.int64)
