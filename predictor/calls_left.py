"""Runs that list their calls: those that they have left, which the operator lists no more, and all of a run that it
cancels by its name alone. Without them a run would begin anew at each stop, under another start time, and who waits for
one that is cancelled would see nothing, or the stops and times that it no longer had."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from predictor.arrays import NONE, Float64Array, Int32Array, group_starts, is_one_of
from predictor.overlay import Overlay
from predictor.past_calls import STILL_DUE_S
from predictor.stop_alignment import aligned
from predictor.timetable import Timetable
from predictor.trip_updates import TRIP_CANCELED, TRIP_DELETED, TripUpdates, UpdatedCalls

_Rows = dict[tuple[str, int, int], int]
SOON_S = 60.0
"""A call is left out as left up to so long before it is expected to be."""


def with_calls_left(updates: TripUpdates, overlay: Overlay, before: TripUpdates | None = None) -> TripUpdates:
    """The message with the calls before the first one listed that each run had in `overlay`, where by the times told it
    has left them, and with all calls of a run that is cancelled by its name alone; itself where there are none. Called
    again with the overlay made from what it gives, it gives the same. `before`: the message that it gave last, by the
    same timetable."""
    if not overlay.trip_of:
        return updates
    updates = _as_listed(updates, overlay)
    is_gone = is_one_of(updates.relationship, (TRIP_CANCELED, TRIP_DELETED)) & ~updates.own_calls
    rows_before, listed = {} if before is None else _own_rows(before), _own_rows(updates).keys()

    def left(row: int) -> _Left | None:
        if is_gone[row]:
            return _Left.cancelled(updates, row, overlay, listed)
        former = rows_before.get(updates.name_of(row))
        told = None if before is None or former is None else before.calls.departure[before.calls_of(former)]
        return _Left.of(updates, row, overlay, told)

    runs = [
        run
        for row in np.flatnonzero(updates.own_calls | is_gone).tolist()
        if row not in updates.shapes and (run := left(row)) is not None
    ]
    if not runs:
        return updates
    # Of an added run that is alone of its id two cancellations with different starts may both be taken to mean it.
    runs = list({(run.trip,) if is_gone[run.row] else run.row: run for run in runs}.values())
    gone = [run for run in runs if is_gone[run.row]]
    whole = _inserted(updates, runs, overlay.timetable)
    if before is not None:
        taken_out = [run.row for run in gone if overlay.stands_for_another(run.trip)]
        whole = _at_times_told(whole, taken_out, before, rows_before)
    return _with_found(whole, [run.row for run in gone])


def _as_listed(updates: TripUpdates, overlay: Overlay) -> TripUpdates:
    """The message with the added runs that it lists from a later stop on by these calls alone: what is left of their
    lists may be stops of the timetable's trip of that id, but they are not that trip."""
    tt, relationship, headsign = overlay.timetable, updates.relationship.copy(), updates.headsign.astype(object)
    calls, own_calls, kept = updates.calls, updates.own_calls.copy(), np.ones(len(updates.calls), bool)
    last_call = updates.last_call.copy()
    for row, named in updates.added_lists.items():
        trip, span = overlay.trip_of.get(updates.name_of(row)), updates.calls_of(row)
        if trip is None or len(named) == 0:
            continue
        is_named, former = np.isin(calls.call[span], named), tt.call_stop[tt.calls_of(trip)]
        in_timetable = tt.call_stop[tt.calls_of(int(updates.trip[row]))]
        if not np.array_equal(former[-len(named) :], calls.stop[span][is_named]):
            continue
        if np.array_equal(former, in_timetable):
            continue
        kept[span] = is_named
        own_calls[row], relationship[row] = True, tt.run_relationships[trip]
        headsign[row] = headsign[row] or str(tt.trip_headsign[trip])
        last_call[row] = np.searchsorted(named, last_call[row], side="right") - 1
    if np.array_equal(own_calls, updates.own_calls) and kept.all():
        return updates
    calls = calls.take(kept)
    place = np.arange(len(calls)) - group_starts(calls.owner, len(updates))[calls.owner]
    return replace(
        updates,
        calls=replace(calls, call=np.where(own_calls[calls.owner], place, calls.call).astype(np.int32)),
        relationship=relationship,
        headsign=np.array(headsign.tolist(), np.str_),
        own_calls=own_calls,
        last_call=last_call.astype(np.int32),
        added_lists={},
    )


@dataclass(frozen=True, eq=False)
class _Left:
    """One run of a message (`row`), its trip in the overlay, and how many calls it has left."""

    row: int
    trip: int
    calls: int
    late_s: float
    """How late it was by the time of the first call that is told; NaN where it is cancelled."""

    @classmethod
    def of(cls, updates: TripUpdates, row: int, overlay: Overlay, told_before: Float64Array | None) -> _Left | None:
        """None where the run has left no call that the message leaves out. `told_before` (c,): when it was to leave its
        calls by the message before, POSIX seconds."""
        tt, trip, told = overlay.timetable, overlay.trip_of.get(updates.name_of(row)), updates.calls_of(row)
        calls, listed = updates.calls, told.stop - told.start
        if trip is None or not 0 < listed < int(tt.trip_calls[trip]):
            return None
        left, span = int(tt.trip_calls[trip]) - listed, tt.calls_of(trip)
        if not np.array_equal(tt.call_stop[span][left:], calls.stop[told]):
            return None
        origin = float(tt.date_origin[updates.service_day[row]] + updates.shift_s[row])
        late_s = np.fmin(calls.arrival, calls.departure)[told] - (origin + tt.arrival_s[span][left:])
        known = late_s[np.isfinite(late_s)]
        late = float(known[0]) if len(known) else 0.0
        left_at = origin + float(tt.departure_s[span][left - 1]) + late
        # What is told of those ahead since it left changes nothing of when it did.
        if told_before is not None and len(told_before) == left + listed:
            left_at = np.fmin(left_at, told_before[left - 1])
        return cls(row, trip, left, late) if left_at <= updates.timestamp + SOON_S else None

    @classmethod
    def cancelled(
        cls, updates: TripUpdates, row: int, overlay: Overlay, listed: Collection[tuple[str, int, int]]
    ) -> _Left | None:
        """None where no run of the overlay is meant: one that the timetable does not have goes by its id and day, and
        by its start among several, or where it has the id of a trip. `listed`: names of those that the message lists
        itself."""
        trip_id, day, shift_s = updates.name_of(row)
        others = [name for name in overlay.trip_of if name[:2] == (trip_id, day) and name not in listed]
        alike = {name[2]: overlay.trip_of[name] for name in others}
        only_one = len(alike) == 1 and updates.trip[row] < 0
        named_by = updates.gone_shifts.get(row)
        trip = alike.get(shift_s, next(iter(alike.values())) if only_one else None)
        trip = trip if named_by is None else alike.get(named_by, trip)
        return None if trip is None else cls(row, trip, int(overlay.timetable.trip_calls[trip]), np.nan)


def _inserted(updates: TripUpdates, runs: list[_Left], tt: Timetable) -> TripUpdates:
    """The message with the calls that the runs have left before those that it lists, told as past; of those of a
    cancelled run nothing is told."""
    row = np.array([run.row for run in runs])
    left = np.zeros(len(updates), np.int32)
    left[row] = [run.calls for run in runs]
    own_calls, shift_s = updates.own_calls.copy(), updates.shift_s.copy()
    own_calls[row] = True
    shift_s[row] = tt.own_runs.shift_s[np.array([run.trip for run in runs]) - tt.base.trips]
    updates = replace(
        updates,
        own_calls=own_calls,
        shift_s=shift_s,
        last_call=np.where(updates.last_call >= 0, updates.last_call + left, updates.last_call).astype(np.int32),
    )
    listed = replace(updates.calls, call=updates.calls.call + left[updates.calls.owner])
    calls = UpdatedCalls.joined(listed, _told_as_past(updates, runs, tt))
    return _as_they_were(replace(updates, calls=calls.take(np.lexsort((calls.call, calls.owner)))), runs, tt)


def _told_as_past(updates: TripUpdates, runs: list[_Left], tt: Timetable) -> UpdatedCalls:
    """The calls that the runs have left."""
    calls = [run.calls for run in runs]
    entry = np.concatenate([np.arange(run.calls) + tt.trip_call_ptr[run.trip] for run in runs])
    row = np.repeat([run.row for run in runs], calls)
    origin = (tt.date_origin[updates.service_day[row]] + updates.shift_s[row]).astype(np.float64)
    late_s, past = np.repeat([run.late_s for run in runs], calls), updates.timestamp - STILL_DUE_S - 1.0
    return UpdatedCalls.blank(
        len(entry),
        owner=row,
        call=tt.call_at(entry),
        stop=tt.call_stop[entry],
        stop_sequence=tt.stop_sequence[entry],
        scheduled_arrival=origin + tt.arrival_s[entry],
        scheduled_departure=origin + tt.departure_s[entry],
        arrival=np.minimum(origin + tt.arrival_s[entry] + late_s, past),
        departure=np.minimum(origin + tt.departure_s[entry] + late_s, past),
        pickup_type=tt.pickup_type[entry],
        drop_off_type=tt.drop_off_type[entry],
        unplanned=tt.reckoned[entry],
        stop_headsign=np.append(tt.headsign_name, "")[tt.call_headsign[entry]],
    )


def _as_they_were(updates: TripUpdates, runs: list[_Left], tt: Timetable) -> TripUpdates:
    """The message with the runs' scheduled times and call numbers, and with their line and destination where too few
    calls are listed to tell them, as the overlay has them. The calls, which are nobody else's, are written in place."""
    calls, route, direction = updates.calls, updates.route.copy(), updates.direction.copy()
    headsign = updates.headsign.astype(object)
    for run in runs:
        span = updates.calls_of(run.row)
        pattern = int(tt.trip_pattern[run.trip])
        calls.base_call[span] = _base_calls(tt, int(updates.trip[run.row]), calls.stop[span])
        # The numbers and times that it had: of what is listed anew each time they begin anew, and of fewer stops others
        # are taken for those of the timetable.
        former = tt.calls_of(run.trip)
        calls.stop_sequence[span] = tt.stop_sequence[former]
        origin = float(tt.date_origin[updates.service_day[run.row]] + updates.shift_s[run.row])
        calls.scheduled_arrival[span] = origin + tt.arrival_s[former]
        calls.scheduled_departure[span] = origin + tt.departure_s[former]
        # Of fewer stops the line may not be known any more.
        if tt.pattern_route[pattern] < len(tt.base.route_id):
            route[run.row], direction[run.row] = tt.pattern_route[pattern], tt.pattern_direction[pattern]
        if span.stop - span.start <= run.calls + 1:
            headsign[run.row] = str(tt.trip_headsign[run.trip])
    return replace(updates, route=route, direction=direction, headsign=np.array(headsign.tolist(), np.str_))


def _at_times_told(updates: TripUpdates, rows: list[int], before: TripUpdates, rows_before: _Rows) -> TripUpdates:
    """The message with the cancelled runs (rows), which took the place of the timetable's, struck out at the times that
    were told of them, for which riders wait. `rows_before`: see `_own_rows`."""
    times = {name: getattr(updates.calls, name).copy() for name in ("scheduled_arrival", "scheduled_departure")}
    for row in rows:
        former, span = rows_before.get(updates.name_of(row)), updates.calls_of(row)
        if former is None or not np.array_equal(before.calls.stop[before.calls_of(former)], updates.calls.stop[span]):
            continue
        for name, time in times.items():
            at = getattr(before.calls, name.removeprefix("scheduled_"))[before.calls_of(former)]
            # Of what is past by then the times are of no use.
            is_to_come = at > before.timestamp - STILL_DUE_S
            time[span] = np.where(is_to_come, at, time[span])
    return replace(updates, calls=replace(updates.calls, **times))


def _own_rows(updates: TripUpdates) -> _Rows:
    """The rows of runs that list their calls, by their names."""
    return {updates.name_of(row): row for row in np.flatnonzero(updates.own_calls).tolist()}


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
