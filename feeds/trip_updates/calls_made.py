"""Which calls each run of a message makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from feeds.trip_updates.listed_runs import NewRoutes, line_of, listed_run
from feeds.trip_updates.message_columns import COPY, LISTED, TIMETABLE, StopTimeUpdates, UpdatedRuns
from feeds.trip_updates.modifications import ModifiedRun, Run
from feeds.trip_updates.planned_calls import PlannedCalls, timetabled_calls
from predictor.arrays import NONE, group_starts, is_one_of
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_REPLACEMENT, TRIP_SCHEDULED


def calls_of_runs(
    tt: Timetable,
    runs: UpdatedRuns,
    updates: StopTimeUpdates,
    modified: Mapping[Run, ModifiedRun],
    new_routes: NewRoutes,
    refused: Counter[str],
) -> tuple[UpdatedRuns, StopTimeUpdates, PlannedCalls]:
    """The runs that can be, whether their calls and times are their own, and all their calls as scheduled."""
    n = len(runs.trip)
    relationship, calls_from, route = runs.relationship.copy(), runs.calls_from.copy(), runs.route.copy()
    direction, parts = runs.direction.copy(), [PlannedCalls.empty()]
    shape_id = runs.shape_id.tolist()
    own_times, gone = np.ones(n, bool), np.zeros(n, bool)
    update_ptr = group_starts(updates.owner, n)
    for row in np.flatnonzero(calls_from == LISTED).tolist():
        span = slice(int(update_ptr[row]), int(update_ptr[row + 1]))
        listed, own_times[row] = listed_run(
            tt, row, int(runs.trip[row]), int(runs.route[row]), int(runs.service_day[row]), int(runs.moved_s[row]),
            updates.take(np.arange(span.start, span.stop)), refused,
        )  # fmt: skip
        if len(listed) == 0:
            if relationship[row] == TRIP_REPLACEMENT:
                refused["replacement_without_stops"] += 1
                relationship[row], calls_from[row] = TRIP_SCHEDULED, TIMETABLE
            else:
                refused["added_trip_without_stops"] += 1
                gone[row] = True
            continue
        route[row], direction[row] = _line(tt, runs, row, listed, new_routes)
        parts.append(listed)
    own_calls = is_one_of(calls_from, (COPY, LISTED)) & ~gone
    for row, run in enumerate(runs.identities()):
        if calls_from[row] == TIMETABLE and run in modified:
            parts.append(modified[run].calls.of_owner(row))
            shape_id[row] = modified[run].shape_id or shape_id[row]
            own_calls[row], relationship[row] = True, TRIP_REPLACEMENT
            calls_from[row] = LISTED
    rows = np.flatnonzero(is_one_of(calls_from, (TIMETABLE, COPY)))
    # Without its start time nobody knows when a run by headway is where.
    untold = tt.trip_is_frequency[runs.trip[rows]] & (runs.start_time_s[rows] < 0)
    day = np.where(untold, NONE, runs.service_day[rows]).astype(np.int32)
    parts.append(timetabled_calls(tt, rows, runs.trip[rows], day, runs.moved_s[rows]))
    calls = PlannedCalls.joined(*parts).in_order()
    runs = replace(
        runs, relationship=relationship, calls_from=calls_from, route=route, direction=direction,
        shape_id=np.array(shape_id, np.str_), own_calls=own_calls, own_times=own_times,
    )  # fmt: skip
    if gone.any():
        place = np.cumsum(~gone) - 1
        calls = replace(calls, owner=place[calls.owner])
        return runs.take(~gone), updates.of_runs(np.where(gone, NONE, place)), calls
    return runs, updates, calls


def _line(tt: Timetable, runs: UpdatedRuns, row: int, listed: PlannedCalls, new_routes: NewRoutes) -> tuple[int, int]:
    """Route and direction of a run whose calls the message lists: one that neither it nor the timetable has is new."""
    route, direction = int(runs.route[row]), int(runs.direction[row])
    if route < 0 and runs.route_id[row]:
        route = new_routes.index_of(str(runs.route_id[row]), "", listed.stop)
    elif runs.trip[row] < 0:
        route, direction = line_of(tt, listed.stop, route, direction)
    if route < 0:
        name = str(runs.short_name[row] or runs.headsign[row] or tt.stop_name[listed.stop[-1]])
        route = new_routes.index_of(str(runs.trip_id[row]), name, listed.stop)
    return route, direction


def with_modified(runs: UpdatedRuns, tt: Timetable, modified: Mapping[Run, ModifiedRun]) -> UpdatedRuns:
    """The runs, and those on a diversion of which no TripUpdate speaks."""
    updated = set(runs.identities())
    silent = [run for run in modified if run not in updated]
    if not silent:
        return runs
    trip, day, shift = np.array(silent, np.int32).T
    more = UpdatedRuns.blank(
        len(trip),
        trip_id=tt.trip_id[trip], trip=trip, service_day=day, shift_s=shift, moved_s=shift, route=tt.trip_route[trip],
        direction=tt.pattern_direction[tt.trip_pattern[trip]],
        relationship=np.full(len(trip), TRIP_SCHEDULED, np.int8),
    )  # fmt: skip
    return UpdatedRuns.joined(runs, more)
