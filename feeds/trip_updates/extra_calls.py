"""Calls that a message tells of and the timetable's run does not have: trains stop elsewhere on a diversion, or go on
beyond their last stop, and few operators list such a run as a REPLACEMENT."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from feeds.trip_updates.message_columns import TIMETABLE, StopTimeUpdates, UpdatedRuns, first_known
from feeds.trip_updates.modifications import ModifiedRun, Run
from feeds.trip_updates.planned_calls import PlannedCalls, listed_calls, timetabled_calls
from feeds.trip_updates.poles import place_of
from predictor.arrays import NONE, BoolArray, Int32Array, Int64Array, contains
from predictor.stop_alignment import aligned
from predictor.timetable import PLATFORM, Timetable
from predictor.trip_updates import STOP_SCHEDULED, STOP_SKIPPED

_LEAST_OF_ITS_OWN = 2
"""Fewer of its own stops beside the others do not say that this run is meant."""


class ExtraCalls:
    """The runs of a feed of which such calls are told."""

    def __init__(self) -> None:
        self._timetable: Timetable | None = None
        self._runs: dict[Run, ModifiedRun] = {}

    def of_now_and_before(
        self, tt: Timetable, told: dict[Run, ModifiedRun], runs: UpdatedRuns, updates: StopTimeUpdates
    ) -> dict[Run, ModifiedRun]:
        """The runs of which a message tells so, those too of which it skips such a call that was told before: who waits
        for it is told."""
        before = self._runs if self._timetable is tt else {}
        skipped = np.flatnonzero(updates.relationship == STOP_SKIPPED) if before else np.empty(0, np.int64)
        for owner in np.unique(updates.owner[skipped]).tolist():
            run, own = runs.identity(owner), updates.stop[skipped[updates.owner[skipped] == owner]]
            if run in before and run not in told:
                calls = before[run].calls
                told |= {run: before[run]} if np.isin(own, calls.stop[calls.base_call < 0]).any() else {}
        self._timetable, self._runs = tt, told
        return told


def runs_with_extra_calls(tt: Timetable, runs: UpdatedRuns, updates: StopTimeUpdates) -> dict[Run, ModifiedRun]:
    """Each run of which a time is told at a stop where it is not to call, with that call where the message has it."""
    if len(updates) == 0:
        return {}
    told = ~(np.isnan(updates.arrival) & np.isnan(updates.departure)) & (updates.relationship == STOP_SCHEDULED)
    untold_start = tt.trip_is_frequency[runs.trip] & (runs.start_time_s < 0)
    of_timetable = (runs.trip >= 0) & (runs.service_day >= 0) & (runs.calls_from == TIMETABLE) & ~untold_start
    rows = np.flatnonzero(told & (updates.stop >= 0) & of_timetable[updates.owner])
    rows = rows[tt.stop_location_type[updates.stop[rows]] == PLATFORM]
    place = tt.trip_pattern[runs.trip[updates.owner[rows]]].astype(np.int64) * tt.stops + updates.stop[rows]
    result: dict[Run, ModifiedRun] = {}
    for owner in np.unique(updates.owner[rows[~contains(_places_served(tt), place)]]).tolist():
        run = runs.identity(owner)
        calls = timetabled_calls(
            tt, np.zeros(1, np.int64), runs.trip[[owner]], runs.service_day[[owner]], runs.moved_s[[owner]]
        )
        own = np.flatnonzero(updates.owner == owner)
        with_more = _with_extra(tt, calls, updates.take(own), told[own], _stops_of_block(tt, run[0]))
        if with_more is not None:
            result[run] = ModifiedRun(with_more, "")
    return result


@lru_cache(maxsize=4)
def _places_served(tt: Timetable) -> Int64Array:
    """Pattern and stop of all calls as one number each, sorted."""
    return np.unique(tt.pattern_of_call.astype(np.int64) * tt.stops + tt.pattern_stop)


def _stops_of_block(tt: Timetable, trip: int) -> Int32Array:
    """The stops at which other trips of a trip's block call."""
    block = int(tt.trip_block[trip])
    others = np.flatnonzero((tt.trip_block == block) & (block >= 0) & (np.arange(tt.trips) != trip))
    return tt.call_stop[tt.entries_of(others)[1]]


def _with_extra(
    tt: Timetable, calls: PlannedCalls, updates: StopTimeUpdates, told: BoolArray, of_block: Int32Array
) -> PlannedCalls | None:
    """The calls of one run with the others that its updates (u,) tell of; None where there are none. `of_block`: stops
    to which its vehicle goes on as another run."""
    base = np.array(aligned(tuple(updates.stop.tolist()), tuple(calls.stop.tolist())), np.int64)
    at = np.unique(np.append(np.flatnonzero(base >= 0), np.flatnonzero(np.isin(updates.stop, calls.stop))))
    extra = np.setdiff1d(np.flatnonzero(told & (updates.stop >= 0)), at)
    # Not the other poles and platforms of places at which the run calls.
    extra = extra[~np.isin(place_of(tt)[updates.stop[extra]], place_of(tt)[calls.stop])]
    # Another stop under the number of a call of which nothing else is told stands for that call.
    numbered = np.isin(updates.sequence[extra], np.setdiff1d(calls.sequence, calls.sequence[base[base >= 0]]))
    extra = extra[~numbered]
    known = np.flatnonzero(base >= 0)
    if base.max(initial=NONE) == len(calls) - 1:
        extra = extra[(extra < known[-1]) | ~np.isin(updates.stop[extra], of_block)]
    if len(extra) == 0 or (base >= 0).sum() < max(_LEAST_OF_ITS_OWN, len(extra)):
        return None
    before = np.searchsorted(known, extra) - 1
    after_call = np.where(before >= 0, base[known[np.maximum(before, 0)]], base[known[0]] - 1)
    arrival = first_known(updates.arrival, updates.departure)[extra]
    departure = first_known(updates.departure, updates.arrival)[extra]
    # As scheduled: between the calls beside it.
    low = np.append(calls.departure, -np.inf)[after_call]
    high = np.append(calls.arrival, np.inf)[after_call + 1]
    order = np.argsort(np.append(calls.call, after_call + 0.5), kind="stable")
    kept = np.append(np.arange(len(calls)), np.full(len(extra), NONE))[order]
    nothing = np.full(len(extra), NONE, np.int8)
    return listed_calls(
        0,
        np.arange(1, len(order) + 1, dtype=np.int32),
        np.append(calls.stop, updates.stop[extra])[order],
        np.append(calls.arrival, np.clip(arrival, low, high))[order],
        np.append(calls.departure, np.clip(departure, low, high))[order],
        kept.tolist(),
        np.append(calls.pickup_type, nothing)[order],
        np.append(calls.drop_off_type, nothing)[order],
        kept < 0,
    )
