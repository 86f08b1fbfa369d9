"""Runs that the timetable has twice in one block, under two lines: one vehicle drives both, and what is told of one of
them is true of the other, for riders know either."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.arrays import NONE, Int64Array, contains, is_among, places_of
from predictor.journeys import JourneyLookup, call_key, dated_calls, runs_of
from predictor.operator_times import OperatorCalls, OperatorTimes
from predictor.runs import DatedRuns
from predictor.snapshot import PredictedCalls
from predictor.timetable import Timetable


def _twins_of(timetable: Timetable, runs: DatedRuns) -> tuple[Int64Array, DatedRuns]:
    """Which of the runs (n,) have a twin on their day, and these (m,)."""
    tt, base = timetable, timetable.base
    twin = np.where(runs.trip < base.trips, base.trip_twin[np.minimum(runs.trip, base.trips - 1)], np.int32(NONE))
    rows = np.flatnonzero(twin >= 0)
    rows = rows[tt.runs_on(twin[rows], runs.service_day[rows])]
    return rows, DatedRuns(twin[rows], runs.service_day[rows], runs.shift_s[rows])


def told_of_twins(operator: OperatorTimes, journeys: JourneyLookup) -> OperatorTimes:
    """The operator's word with what it tells of one of two twins said of the other, of which it tells nothing."""
    tt = journeys.timetable
    if not tt.base.has_twins:
        return operator
    rows, twins = _twins_of(tt, runs_of(operator.named, tt))
    key = journeys.keys(twins)
    untold = ~contains(operator.named, key)
    named, twin = operator.named[rows[untold]], np.append(key[untold], 0)

    def with_twins(keys: Int64Array) -> Int64Array:
        place = places_of(keys, named)
        return np.unique(np.append(keys, twin[place[place >= 0]]))

    journey_keys, call = dated_calls(operator.skipped)
    place = places_of(journey_keys, named)
    skipped = np.append(operator.skipped, call_key(twin[place], call)[place >= 0])
    calls = operator.calls
    place = places_of(calls.journey, named)
    copied, of_twin = calls.take(np.flatnonzero(place >= 0)), twin[place[place >= 0]]
    copied = replace(copied, trip=runs_of(of_twin, tt).trip, journey=of_twin)
    return replace(
        operator,
        named=with_twins(operator.named),
        told_of=with_twins(operator.told_of),
        cancelled=with_twins(operator.cancelled),
        deleted=with_twins(operator.deleted),
        silent=with_twins(operator.silent),
        skipped=np.unique(skipped),
        calls=OperatorCalls.joined(calls, copied),
    )


def with_twins(keys: Int64Array, operator: OperatorTimes, journeys: JourneyLookup) -> Int64Array:
    """The journey keys (n,), and those of the twins of these runs, but for such as do not take place."""
    tt = journeys.timetable
    if not tt.base.has_twins:
        return keys
    key = journeys.keys(_twins_of(tt, runs_of(keys, tt))[1])
    return np.append(keys, key[~is_among(key, np.append(operator.cancelled, operator.deleted))])


def with_twin_rows(rows: PredictedCalls, served: Int64Array, journeys: JourneyLookup) -> PredictedCalls:
    """The rows of vehicles, and the same of the twins of their runs that are `served` (journey keys) by these alone."""
    if not journeys.timetable.base.has_twins:
        return rows
    which, twins = _twins_of(journeys.timetable, rows.runs)
    by_these = ~np.isin(twins.run_key, rows.run_key) & is_among(journeys.keys(twins), served)
    return PredictedCalls.joined(rows, replace(rows.take(which[by_these]), trip=twins.trip[by_these]))
