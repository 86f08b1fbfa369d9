"""Times of which nothing was measured for long."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from feeds.reading import TRIP_UPDATES_KEPT_S
from feeds.trip_updates.message_columns import LISTED, StopTimeUpdates, UpdatedRuns, first_known
from predictor.arrays import NONE, BoolArray, Float64Array, or_where_unknown
from predictor.timetable import DAY_S, Timetable

_SOON_S = 1800.0
"""So long before runs begin it is kept what is told of them."""
_HALF_A_DAY_S = DAY_S / 2
"""What is measured longer before a run is nearer to that of another day."""
_Call = tuple[int, int]
"""Sequence and stop, -1 where not given."""


class LastTimes:
    """What the messages of a feed tell of runs of which, as they say, nothing was measured for long: where the times
    of a run change all the same, or that of their measuring, which a slow clock tells, they are of now."""

    def __init__(self) -> None:
        self._told: dict[tuple[int, int, int], tuple[float, dict[_Call, tuple[float, ...]], float]] = {}
        """By run: when it was measured, the times of its calls, and when one of them changed last."""

    def are_of_now(
        self, runs: UpdatedRuns, updates: StopTimeUpdates, measured_at: Float64Array, received_at: float
    ) -> BoolArray:
        """Whether the times of runs (n,) have changed lately, or that of their measuring has."""
        calls: list[dict[_Call, tuple[float, ...]]] = [{} for _ in measured_at]
        told = (updates.arrival, updates.arrival_delay_s, updates.departure, updates.departure_delay_s)
        times = or_where_unknown(np.column_stack(told), 0.0)
        for owner, sequence, stop, told in zip(
            updates.owner.tolist(), updates.sequence.tolist(), updates.stop.tolist(), times.tolist(), strict=True
        ):
            calls[owner][sequence, stop] = tuple(told)
        before, self._told = self._told, {}
        changed: list[float] = []
        for key, at, told_calls in zip(runs.identities(), measured_at.tolist(), calls, strict=True):
            at_before, calls_before, changed_at = before.get(key, (at, told_calls, -math.inf))
            # What a run has passed falls away by itself.
            moves = at > at_before or any(calls_before.get(call, told) != told for call, told in told_calls.items())
            changed.append(received_at if moves else changed_at)
            self._told[key] = at, told_calls, changed[-1]
        of_now: BoolArray = received_at - np.array(changed, np.float64) <= TRIP_UPDATES_KEPT_S
        return of_now


def without_old_times(
    timetable: Timetable,
    runs: UpdatedRuns,
    updates: StopTimeUpdates,
    newest: Float64Array,
    is_dated: BoolArray,
    received_at: float,
    last_times: LastTimes,
    refused: Counter[str],
) -> tuple[UpdatedRuns, StopTimeUpdates]:
    """Runs and updates without the times of runs under way of which nothing was measured for long, nor the delays that
    were those of the day before; what is cancelled or skipped stays so, and the times of runs that list their calls are
    taken as a plan. So is what was told as long ago of runs that are yet to begin: it is known, but not live.

    Parameters: `newest` (n,): when each run was measured, POSIX seconds; `is_dated` (n,): whether its date is named.
    """
    found = (runs.trip >= 0) & (runs.service_day >= 0)
    first = np.where(found, timetable.trip_call_ptr[np.maximum(runs.trip, 0)], 0)
    origin = timetable.date_origin[np.maximum(runs.service_day, 0)] + runs.moved_s
    told = first_known(updates.arrival, updates.departure)
    first_told = np.full(len(runs), np.nan)
    np.fmin.at(first_told, updates.owner, told)
    says_when, is_listed = np.isfinite(first_told), runs.calls_from == LISTED
    begins = np.where(is_listed, first_told, origin + timetable.departure_s[first])
    of_another_day = ~(is_dated | says_when) & (begins - newest > _HALF_A_DAY_S)
    begins = np.where(of_another_day, -np.inf, begins)
    age_s = np.where((found | is_listed) & (newest > 0), received_at - newest, 0.0)
    rows = np.flatnonzero((age_s > TRIP_UPDATES_KEPT_S / 2) & (begins < received_at + _SOON_S))
    aged = age_s > TRIP_UPDATES_KEPT_S
    place = np.full(len(aged), NONE, np.int64)
    place[rows] = np.arange(len(rows))
    if len(rows):
        of_now = last_times.are_of_now(runs.take(rows), updates.of_runs(place), newest[rows], received_at)
        aged[rows[of_now]] = False
    old = aged & (begins < received_at)
    runs = replace(runs, long_known=aged & ~old)
    if not old.any():
        return runs, updates
    refused["update_stale"] += int(old.sum())
    of_old = old[updates.owner]
    times = {
        name: np.where(of_old, np.nan, getattr(updates, name))
        for name in ("arrival", "arrival_delay_s", "departure", "departure_delay_s")
    } | {
        name: np.where(of_old & is_listed[updates.owner], first_known(stated, told), getattr(updates, name))
        for name, stated in (
            ("scheduled_arrival", updates.stated_arrival), ("scheduled_departure", updates.stated_departure),
        )
    }  # fmt: skip
    return replace(runs, delay_s=np.where(old, np.nan, runs.delay_s)), replace(updates, **times)
