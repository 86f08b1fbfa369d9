"""GTFS-Realtime TripModifications: diversions, as the calls that the trips make instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.gtfs.written_dates import existing_date
from feeds.ids.known_ids import id_of, indices_of
from feeds.messages.message import text_of
from feeds.service_times import start_seconds
from feeds.trip_updates.message_columns import StopTimeUpdates, UpdatedRuns
from feeds.trip_updates.planned_calls import PlannedCalls, listed_calls, timetabled_calls
from predictor.arrays import NONE
from predictor.timetable import DAY_S, Timetable

_DAYS_AHEAD_S = 36 * 3600.0
_DAYS_BACK_S = 36 * 3600.0
"""Runs of days that began within these limits are put on their diversions; the rest in time."""

Run = tuple[int, int, int]
"""Trip, service day, shift in seconds."""


class ModifiedRun(NamedTuple):
    """A run on a diversion."""

    calls: PlannedCalls
    shape_id: str
    """Of the way that it takes, "" where none is given."""


def modified_runs(
    message: gtfs_realtime_pb2.FeedMessage, timetable: Timetable, received_at: float, refused: Counter[str]
) -> dict[Run, ModifiedRun]:
    """Each run that the message modifies. What cannot be applied is counted in `refused`."""
    result: dict[Run, ModifiedRun] = {}
    told: dict[Run, list[Any]] = {}
    shapes: dict[Run, str] = {}
    for entity in message.entity:
        if entity.HasField("trip_modifications") and not entity.is_deleted:
            for run, shape_id in _selected(entity.trip_modifications, timetable, received_at, refused):
                told.setdefault(run, []).append(entity.trip_modifications.modifications)
                shapes[run] = shape_id
    for (trip, day, shift), parts in told.items():
        calls = timetabled_calls(
            timetable, np.zeros(1, np.int64), np.array([trip], np.int32), np.array([day], np.int32),
            np.array([shift], np.int32),
        )  # fmt: skip
        # Works at two places may be told of apart.
        parts.sort(key=lambda part: _place_of(part[0].start_stop_selector, calls, timetable, 0) if part else NONE)
        modified = _applied(chain.from_iterable(parts), calls, timetable, refused)
        if modified is not None:
            result[trip, day, shift] = ModifiedRun(modified, shapes[trip, day, shift])
    return result


def names_as_modified(message: gtfs_realtime_pb2.FeedMessage) -> dict[str, str]:
    """The trips of the timetable by what some feeds call them on a diversion: `modifications_id` _ `trip_id`."""
    return {
        f"{id_of(entity.id)}_{trip}": trip
        for entity in message.entity
        if entity.HasField("trip_modifications")
        for selected in entity.trip_modifications.selected_trips
        for trip in map(id_of, selected.trip_ids)
    }


def _selected(
    modifications: Any, tt: Timetable, received_at: float, refused: Counter[str]
) -> Iterator[tuple[Run, str]]:
    near = (tt.date_origin > received_at - DAY_S - _DAYS_BACK_S) & (tt.date_origin < received_at + _DAYS_AHEAD_S)
    dates = [existing_date(text_of(date)) for date in modifications.service_dates]
    refused["modification_date_unknown"] += sum(date not in tt.date_index for date in dates)
    days = [day for day in np.flatnonzero(near).tolist() if not dates or int(tt.date[day]) in dates]
    starts = [s for s in (start_seconds(text_of(time)) for time in modifications.start_times) if s is not None]
    for selected in modifications.selected_trips:
        for trip in indices_of([id_of(trip_id) for trip_id in selected.trip_ids], tt.trip_index, tt).tolist():
            if trip < 0:
                refused["unknown_trip"] += 1
                continue
            # What goes by headway has no run of its own that could be put on its diversion.
            refused["modification_of_headway"] += bool(tt.trip_is_frequency[trip])
            runs_on = tt.service_active[tt.trip_service[trip]]
            shifts = tt.journey_shift_s[(tt.journey_trip == trip) & (tt.journey_headway_s == 0)].tolist()
            if starts:
                shifts = [shift for shift in shifts if int(tt.trip_start_s[trip]) + shift in starts]
            shape_id = id_of(selected.shape_id)
            yield from (((trip, day, shift), shape_id) for day in days if runs_on[day] for shift in shifts)


def _applied(
    modifications: Iterable[Any], calls: PlannedCalls, tt: Timetable, refused: Counter[str]
) -> PlannedCalls | None:
    """The calls of one run with all modifications, None where none could be applied."""
    stop, base = calls.stop.tolist(), calls.base_call.tolist()
    arrival, departure = calls.arrival.tolist(), calls.departure.tolist()
    kept: list[tuple[int, float, float, int]] = []
    later, after, applied = 0.0, 0, 0
    for modification in modifications:
        start = _place_of(modification.start_stop_selector, calls, tt, after)
        has_end = modification.HasField("end_stop_selector")
        end = _place_of(modification.end_stop_selector, calls, tt, start) if has_end and start >= 0 else start - 1
        if start < 0 or (has_end and end < start):
            refused["modification_stop_unknown"] += 1
            continue
        kept += [(stop[k], arrival[k] + later, departure[k] + later, base[k]) for k in range(after, start)]
        # Travel times count from the stop before the diversion, at the trip's beginning from its first stop.
        reference = arrival[max(start - 1, 0)] + later
        for replacement in modification.replacement_stops:
            index = _stop(replacement.stop_id, tt)
            if index < 0:
                refused["unknown_stop"] += 1
                continue
            # Where none is told it is between those of the calls beside it.
            told = start == 0 or replacement.HasField("travel_time_to_stop")
            when = reference + replacement.travel_time_to_stop if told else np.nan
            kept.append((index, when, when, NONE))
        after = end + 1
        if not has_end and not modification.replacement_stops:
            # The road alone is another: the delay begins behind the stop named.
            kept.append((stop[start], arrival[start] + later, departure[start] + later, base[start]))
            after = start + 1
        later += modification.propagated_modification_delay
        applied += 1
    kept += [(stop[k], arrival[k] + later, departure[k] + later, base[k]) for k in range(after, len(stop))]
    if not applied:
        return None
    if len(kept) < 2:
        refused["modification_leaves_no_trip"] += 1
        return None
    stops, arrives, departs, base_call = zip(*kept, strict=True)
    of_base, place, timed = np.array(base_call), np.arange(len(kept)), ~np.isnan(arrives)
    arrives, departs = (np.interp(place, place[timed], np.array(times)[timed]) for times in (arrives, departs))
    kinds = [np.where(of_base >= 0, kind[np.maximum(of_base, 0)], 0).astype(np.int8)
             for kind in (calls.pickup_type, calls.drop_off_type)]  # fmt: skip
    return listed_calls(
        0, np.arange(1, len(kept) + 1, dtype=np.int32), np.array(stops, np.int32), arrives, departs, base_call,
        kinds[0], kinds[1], ~timed,
    )  # fmt: skip


def numbered_as_modified(
    tt: Timetable, runs: UpdatedRuns, updates: StopTimeUpdates, modified: Mapping[Run, ModifiedRun]
) -> StopTimeUpdates:
    """The updates with the numbers that calls have on their diversion, also of runs of which they are told by those of
    the timetable."""
    if not modified:
        return updates
    sequence = updates.sequence.copy()
    for row, run in enumerate(runs.identities()):
        if run not in modified or runs.as_modified[row]:
            continue
        calls = modified[run].calls
        planned = np.where(calls.base_call >= 0, tt.stop_sequence[tt.trip_call_ptr[run[0]] + calls.base_call], NONE)
        own = np.flatnonzero((updates.owner == row) & (sequence >= 0))
        is_call = sequence[own][:, None] == planned
        sequence[own] = np.where(is_call.any(axis=1), calls.sequence[is_call.argmax(axis=1)], NONE)
    return replace(updates, sequence=sequence)


def _place_of(selector: Any, calls: PlannedCalls, tt: Timetable, after: int) -> int:
    """Position of the call that a selector means, from position `after` on, -1 where there is none."""
    fits = calls.call >= after
    if selector.HasField("stop_sequence"):
        numbered = np.flatnonzero(fits & (calls.sequence == selector.stop_sequence))
        if len(numbered):
            return int(numbered[0])
    stop = _stop(selector.stop_id, tt)
    at_stop = np.flatnonzero(fits & ((calls.stop == stop) | (tt.stop_parent[calls.stop] == stop)) & (stop >= 0))
    return int(at_stop[0]) if len(at_stop) else NONE


def _stop(stop_id: str | bytes, tt: Timetable) -> int:
    return int(indices_of([id_of(stop_id)], tt.stop_index, tt)[0])
