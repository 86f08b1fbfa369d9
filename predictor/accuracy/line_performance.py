"""How a line ran on a day, from its passages: run times by segment and hour, and how headways were kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.accuracy.completeness import ScheduledCall
from predictor.accuracy.punctuality import OFF_HEADWAY
from predictor.accuracy.scorer import LARGEST_SD_S
from predictor.arrays import Float64Array, Int8Array, Int32Array, Int64Array, places_of
from predictor.columns import Columns
from predictor.journeys import driven_keys
from predictor.passages import Passages
from predictor.timetable import Timetable

HOURS = 24
LONGEST_RUN_S = 3600.0
"""A longer time from stop to stop is no run."""
LONGEST_HEADWAY_S = 7200.0
"""Nor is what lies further apart a headway."""


@dataclass(frozen=True, eq=False)
class SegmentRuns(Columns):
    """Runs from stop to stop in an hour of the service day; all arrays (n,), by link and hour."""

    link: Int32Array
    """Index into the timetable's links."""
    hour: Int32Array
    runs: Int32Array
    run_s: Float64Array
    """Median from leaving one stop to reaching the next."""
    scheduled_s: Float64Array
    """Median of the same by the timetable."""
    speed_m_s: Float64Array
    """By the median."""


@dataclass(frozen=True, eq=False)
class HeadwayKept(Columns):
    """Headways in one direction in an hour of the service day, at all stops but the last; all arrays (n,)."""

    direction: Int8Array
    hour: Int32Array
    headways: Int32Array
    scheduled_s: Float64Array
    """Mean of the scheduled ones."""
    actual_s: Float64Array
    variation: Float64Array
    """TCQSM's headway adherence: standard deviation of (actual - scheduled) over the mean scheduled headway; below 0.2
    a line runs like clockwork, from 0.75 on vehicles bunch."""
    kept: Float64Array
    """Share within half of the scheduled headway."""
    excess_wait_s: Float64Array
    """How much longer riders who come at any time wait than they would by the timetable."""


def segment_runs(passages: Passages, timetable: Timetable) -> SegmentRuns:
    """Passages of one day."""
    tt, p = timetable, _certain(passages)
    order = np.lexsort((p.call, p.vehicle_id, p.run_key))
    p = p.take(order)
    key, entry = p.run_key, tt.entry_of(p.trip, p.call)
    follows = (key[1:] == key[:-1]) & (p.vehicle_id[1:] == p.vehicle_id[:-1]) & (p.call[1:] == p.call[:-1] + 1)
    ran_s = p.arrival[1:] - p.departure[:-1]
    rows = np.flatnonzero(follows & (ran_s > 0) & (ran_s < LONGEST_RUN_S))
    link = tt.pattern_link[tt.call_pattern_call[entry[rows]]].astype(np.int64)
    hour = _hour(tt, p.departure[rows], p.service_day[rows])
    scheduled_s = (tt.arrival_s[entry[rows + 1]] - tt.departure_s[entry[rows]]).astype(np.float64)
    group, of = np.unique(link * HOURS + hour, return_inverse=True)
    run_s, planned_s = _medians(ran_s[rows], of, len(group)), _medians(scheduled_s, of, len(group))
    link_of = (group // HOURS).astype(np.int32)
    return SegmentRuns(
        link_of, (group % HOURS).astype(np.int32), np.bincount(of, minlength=len(group)).astype(np.int32), run_s,
        planned_s, tt.link_distance_m[link_of] / run_s,
    )  # fmt: skip


def headways_kept(passages: Passages, scheduled: ScheduledCall, timetable: Timetable) -> HeadwayKept:
    """Passages and scheduled calls of one line and day; of runs by headway the timetable's headway is the scheduled
    one."""
    tt, p = timetable, _certain(passages)
    p = p.take(np.isfinite(p.departure))
    place = _place(tt, p.trip, p.stop)
    order = np.lexsort((p.departure, place))
    p, place = p.take(order), place[order]
    actual_s = np.diff(p.departure)
    planned = _scheduled_headway(p, scheduled, tt)[1:]
    together = (place[1:] == place[:-1]) & ~p.same_as(p.take(np.arange(len(p)) - 1))[1:]
    rows = np.flatnonzero(together & (actual_s < LONGEST_HEADWAY_S) & (planned > 0) & (planned < LONGEST_HEADWAY_S))
    actual_s, planned = actual_s[rows], planned[rows]
    direction = tt.trip_way[p.trip[rows + 1]].astype(np.int64)
    hour = _hour(tt, p.departure[rows + 1], p.service_day[rows + 1])
    group, of = np.unique((direction + 1) * HOURS + hour, return_inverse=True)
    size = np.bincount(of, minlength=len(group)).astype(np.float64)

    def mean(values: Float64Array) -> Float64Array:
        return np.bincount(of, weights=values, minlength=len(group)) / size

    off = actual_s - planned
    mean_planned, mean_actual = mean(planned), mean(actual_s)
    deviation = np.sqrt(np.maximum(mean(off**2) - mean(off) ** 2, 0.0))
    wait, promised = mean(actual_s**2) / (2.0 * mean_actual), mean(planned**2) / (2.0 * mean_planned)
    return HeadwayKept(
        (group // HOURS - 1).astype(np.int8), (group % HOURS).astype(np.int32), size.astype(np.int32), mean_planned,
        mean_actual, deviation / mean_planned, mean((np.abs(off) <= OFF_HEADWAY * planned).astype(np.float64)),
        wait - promised,
    )  # fmt: skip


def _scheduled_headway(p: Passages, scheduled: ScheduledCall, tt: Timetable) -> Float64Array:
    """How long before each passage (n,) the one before it should have left, NaN where that is not known."""
    trip = tt.call_trip[scheduled.entry]
    place = _place(tt, trip, tt.call_stop[scheduled.entry])
    order = np.lexsort((scheduled.at, place))
    place, at = place[order], scheduled.at[order]
    headway = np.full(len(order), np.nan)
    same = np.flatnonzero(place[1:] == place[:-1]) + 1
    headway[same] = at[same] - at[same - 1]
    have = scheduled.key[order]
    by_call = np.argsort(have)
    place = places_of(driven_keys(p, p.call, tt), have[by_call])
    found = np.append(headway[by_call], np.nan)[place]
    promised = tt.headway_s(p.trip, p.shift_s)
    return np.where(promised > 0, promised, found)


def _place(tt: Timetable, trip: Int32Array, stop: Int32Array) -> Int64Array:
    """One number for each stop in each direction."""
    way = tt.trip_way[trip].astype(np.int64) + 1
    return way * tt.stops + stop


def _certain(p: Passages) -> Passages:
    return p.take(p.arrival_sd_s <= LARGEST_SD_S)


def _hour(tt: Timetable, at: Float64Array, service_day: Int32Array) -> Int32Array:
    return ((at - tt.date_origin[service_day]) // 3600 % HOURS).astype(np.int32)


def _medians(values: Float64Array, group: Int64Array, groups: int) -> Float64Array:
    """Median of the values of each group (none is empty)."""
    order = np.lexsort((values, group))
    size = np.bincount(group, minlength=groups)
    first = np.cumsum(size) - size
    ordered = values[order]
    result: Float64Array = (ordered[first + (size - 1) // 2] + ordered[first + size // 2]) / 2.0
    return result
