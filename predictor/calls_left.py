"""Runs that list their calls: those that they have left, which the operator lists no more, and all of a run that it
cancels by its name alone. Without them a run would begin anew at each stop, under another start time, and who waits for
one that is cancelled would see nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from predictor.arrays import NONE, Int32Array, group_starts
from predictor.overlay import Overlay
from predictor.past_calls import STILL_DUE_S
from predictor.stop_alignment import aligned
from predictor.timetable import Timetable
from predictor.trip_updates import STOP_SCHEDULED, TRIP_CANCELED, TRIP_DELETED, TripUpdates

SOON_S = 60.0
"""A call is left out as left up to so long before it is expected to be."""


def with_calls_left(updates: TripUpdates, overlay: Overlay) -> TripUpdates:
    """The message with the calls before the first one listed that each run had in `overlay`, where by the times told it
    has left them, and with all calls of a run that is cancelled by its name alone; itself where there are none. Called
    again with the overlay made from what it gives, it gives the same."""
    if not overlay.trip_of:
        return updates
    is_gone = (updates.trip < 0) & np.isin(updates.relationship, (TRIP_CANCELED, TRIP_DELETED)) & ~updates.own_calls
    runs = [
        run
        for row in np.flatnonzero(updates.own_calls | is_gone).tolist()
        if row not in updates.shapes
        and (run := (_Left.cancelled if is_gone[row] else _Left.of)(updates, row, overlay)) is not None
    ]
    if not runs:
        return updates
    return _with_found(_inserted(updates, runs, overlay.timetable), [run.row for run in runs if is_gone[run.row]])


@dataclass(frozen=True, eq=False)
class _Left:
    """One run of a message (`row`), its trip in the overlay, and how many calls it has left."""

    row: int
    trip: int
    calls: int
    late_s: float
    """How late it was by the time of the first call that is told; NaN where it is cancelled."""

    @classmethod
    def of(cls, updates: TripUpdates, row: int, overlay: Overlay) -> _Left | None:
        """None where the run has left no call that the message leaves out."""
        tt, trip = overlay.timetable, overlay.trip_of.get(overlay.name_of(updates, row))
        first, end = int(updates.update_ptr[row]), int(updates.update_ptr[row + 1])
        listed = end - first
        if trip is None or not 0 < listed < int(tt.trip_calls[trip]):
            return None
        left, span = int(tt.trip_calls[trip]) - listed, tt.calls_of(trip)
        if not np.array_equal(tt.call_stop[span][left:], updates.stop[first:end]):
            return None
        origin = float(tt.date_origin[updates.service_day[row]] + updates.shift_s[row])
        late_s = np.fmin(updates.arrival, updates.departure)[first:end] - (origin + tt.arrival_s[span][left:])
        known = late_s[np.isfinite(late_s)]
        late = float(known[0]) if len(known) else 0.0
        left_at = origin + float(tt.departure_s[span][left - 1]) + late
        return cls(row, trip, left, late) if left_at <= updates.timestamp + SOON_S else None

    @classmethod
    def cancelled(cls, updates: TripUpdates, row: int, overlay: Overlay) -> _Left | None:
        """None where no run of the overlay is meant: it goes by its id and day, and by its start among several."""
        trip_id, day, shift_s = overlay.name_of(updates, row)
        alike = {start: trip for (name, on, start), trip in overlay.trip_of.items() if (name, on) == (trip_id, day)}
        trip = alike.get(shift_s, next(iter(alike.values())) if len(alike) == 1 else None)
        return None if trip is None else cls(row, trip, int(overlay.timetable.trip_calls[trip]), np.nan)


def _inserted(updates: TripUpdates, runs: list[_Left], tt: Timetable) -> TripUpdates:
    """The message with the calls that the runs have left before those that it lists, told as past; of those of a
    cancelled run nothing is told."""
    row = np.array([run.row for run in runs])
    left = np.zeros(len(updates), np.int32)
    left[row] = [run.calls for run in runs]
    owner = np.repeat(np.arange(len(updates)), np.diff(updates.update_ptr))
    own_calls, shift_s = updates.own_calls.copy(), updates.shift_s.copy()
    own_calls[row] = True
    shift_s[row] = tt.run_shifts_s[np.array([run.trip for run in runs]) - tt.base.trips]
    updates = replace(
        updates,
        own_calls=own_calls,
        shift_s=shift_s,
        call=(updates.call + left[owner]).astype(np.int32),
        last_call=np.where(updates.last_call >= 0, updates.last_call + left, updates.last_call).astype(np.int32),
    )
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(updates, name), more]) for name, more in _told_as_past(updates, runs, tt).items()
    }
    owner = np.concatenate([owner, np.repeat(row, left[row])])
    order = np.lexsort((columns["call"], owner))
    columns = {name: column[order] for name, column in columns.items()}
    return _as_they_were(replace(updates, update_ptr=group_starts(owner[order], len(updates)), **columns), runs, tt)


def _told_as_past(updates: TripUpdates, runs: list[_Left], tt: Timetable) -> dict[str, Any]:
    """The calls that the runs have left, as columns of `TripUpdates`."""
    calls = [run.calls for run in runs]
    entry = np.concatenate([np.arange(run.calls) + tt.trip_call_ptr[run.trip] for run in runs])
    row = np.repeat([run.row for run in runs], calls)
    origin = (tt.date_origin[updates.service_day[row]] + updates.shift_s[row]).astype(np.float64)
    late_s, past = np.repeat([run.late_s for run in runs], calls), updates.timestamp - STILL_DUE_S - 1.0
    columns: dict[str, Any] = {
        "call": tt.call_at(entry),
        "stop": tt.call_stop[entry],
        "stop_sequence": tt.stop_sequence[entry],
        "scheduled_arrival": origin + tt.arrival_s[entry],
        "scheduled_departure": origin + tt.departure_s[entry],
        "arrival": np.minimum(origin + tt.arrival_s[entry] + late_s, past),
        "departure": np.minimum(origin + tt.departure_s[entry] + late_s, past),
        "stop_relationship": np.full(len(entry), STOP_SCHEDULED, np.int8),
        "base_call": np.full(len(entry), NONE, np.int32),
        "pickup_type": tt.pickup_type[entry],
        "drop_off_type": tt.drop_off_type[entry],
        "stop_headsign": np.append(tt.headsign_name, "")[tt.call_headsign[entry]],
        "occupancy": np.full(len(entry), NONE, np.int8),
        "uncertainty_s": np.full(len(entry), np.nan),
    }
    if len(updates.uncertainty_s) == 0:
        del columns["uncertainty_s"]
    return columns


def _as_they_were(updates: TripUpdates, runs: list[_Left], tt: Timetable) -> TripUpdates:
    """The message with the runs' call numbers, and with their line and destination where too few calls are listed to
    tell them, as the overlay has them."""
    base_call, stop_sequence = updates.base_call.copy(), updates.stop_sequence.copy()
    route, direction = updates.route.copy(), updates.direction.copy()
    headsign = updates.headsign.astype(object)
    for run in runs:
        span = slice(int(updates.update_ptr[run.row]), int(updates.update_ptr[run.row + 1]))
        pattern = int(tt.trip_pattern[run.trip])
        base_call[span] = _base_calls(tt, int(updates.trip[run.row]), updates.stop[span])
        # The numbers that it had: of what is listed anew each time they begin anew.
        stop_sequence[span] = tt.stop_sequence[tt.calls_of(run.trip)]
        # Of fewer stops the line may not be known any more.
        if tt.pattern_route[pattern] < len(tt.base.route_id):
            route[run.row], direction[run.row] = tt.pattern_route[pattern], tt.pattern_direction[pattern]
        if span.stop - span.start <= run.calls + 1:
            headsign[run.row] = str(tt.trip_headsign[run.trip])
    return replace(
        updates,
        base_call=base_call,
        stop_sequence=stop_sequence,
        route=route,
        direction=direction,
        headsign=np.array(headsign.tolist(), np.str_),
    )


def _with_found(updates: TripUpdates, rows: list[int]) -> TripUpdates:
    """The message without the runs (rows) among those that are not found."""
    names, refused = set(updates.trip_id[rows].tolist()), dict(updates.refused)
    left = max(refused.pop("unknown_trip", 0) - len(rows), 0)
    return replace(
        updates,
        not_found=tuple(name for name in updates.not_found if name not in names),
        refused=refused | ({"unknown_trip": left} if left else {}),
    )


def _base_calls(tt: Timetable, trip: int, stop: Int32Array) -> Int32Array:
    """Where the calls (c,) stand in the timetable's trip, -1 where it is none or does not make them."""
    if trip < 0:
        return np.full(len(stop), NONE, np.int32)
    return np.array(aligned(tuple(stop.tolist()), tuple(tt.call_stop[tt.calls_of(trip)].tolist())), np.int32)
