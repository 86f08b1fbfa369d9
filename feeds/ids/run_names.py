"""Runs as messages call them, in the timetable's terms: for vehicle positions and the operator's updates alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from google.transit import gtfs_realtime_pb2

from feeds.gtfs.written_dates import existing_date
from feeds.ids.known_ids import LONGEST, indices_of, known_indices, places_in, routes_named
from feeds.ids.shortened_ids import runs_meant
from feeds.service_times import start_seconds
from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array
from predictor.named_runs import START_TOLERANCE_S, RunNames, run_finder
from predictor.timetable import DAY_S, Timetable

_FEW = 3
_DATE_REACHES_S = 1.5 * DAY_S
"""Whatever clock names it, a date is no further from its run."""
_LATE_S = 3600
"""No run by headway takes longer than planned by more."""


def direction_of(trip: gtfs_realtime_pb2.TripDescriptor) -> int:
    """GTFS `direction_id`, -1 where none is named."""
    return trip.direction_id if trip.HasField("direction_id") and trip.direction_id <= 1 else NONE


def run_names(
    trip_id: Sequence[str],
    route_id: Sequence[str],
    start_date: Sequence[str],
    start_time: Sequence[str],
    direction: Int8Array,
    may_be_new: BoolArray,
    timetable: Timetable,
    received_at: float,
    refused: Counter[str],
) -> tuple[RunNames, Int32Array, BoolArray]:
    """What runs (n,) are called, their routes, -1 where not known, and whether they name a date that cannot be read;
    what cannot be read is counted in `refused`.

    `may_be_new` (n,): the timetable need not have it. Such a run's id is one of its own, however like it another is.
    """
    trip = indices_of(trip_id, timetable.trip_index, timetable)
    if may_be_new.any():
        as_written = np.array([name in timetable.trip_index for name in trip_id], bool)
        trip[may_be_new & ~as_written] = NONE
    route = known_indices(route_id, routes_named(timetable), timetable, "unknown_route", refused)
    date, is_unread = _parsed(start_date, existing_date, 0, "start_date_malformed", refused)
    # Zeros stand for no date.
    is_unread &= np.array([text.strip("0") != "" for text in start_date], bool)
    start_time_s, _ = _parsed(start_time, start_seconds, NONE, "start_time_malformed", refused)
    names = runs_meant(
        trip_id, RunNames(trip, route, direction, date, start_time_s), may_be_new, timetable, received_at
    )
    refused["trip_id_written_otherwise"] += int((names.trip != trip).sum())
    # Ids change from one timetable to the next; lines and times hardly do.
    names = replace(names, route=np.where((names.trip < 0) & ~may_be_new, route, NONE).astype(np.int32))
    return names, route, is_unread


def dated_near(
    names: RunNames, at: Float64Array, timed: BoolArray, timetable: Timetable, refused: Counter[str]
) -> RunNames:
    """The names (n,) without dates so far from `at` (n,), POSIX seconds, NaN for who is only spoken of, that no run of
    them can be under way then: some feeds never change the date. Of those not `timed` (n,) the run may be yet to
    come."""
    tt = timetable
    day = places_in(tt.date_index, names.service_date.tolist())
    rows = np.flatnonzero((day >= 0) & np.isfinite(at))
    trip, since_s = names.trip[rows], at[rows] - tt.date_origin[day[rows]]
    ends = np.full(len(rows), 2 * DAY_S)
    plain = np.flatnonzero((trip >= 0) & ~(tt.trip_repeats | tt.trip_is_frequency)[trip])
    ends[plain] = tt.trip_end_s[trip[plain]]
    far = rows[(since_s > ends + _DATE_REACHES_S) | (timed[rows] & (since_s < -_DATE_REACHES_S))]
    refused["start_date_far_off"] += len(far)
    service_date = names.service_date.copy()
    service_date[far] = 0
    return replace(names, service_date=service_date)


def without_shared_starts(
    names: RunNames, who: Sequence[str], at: Float64Array, timetable: Timetable, refused: Counter[str]
) -> RunNames:
    """The names (n,) without the start times of runs by headway that are no more than when frequencies.txt, the trip's
    own times or the day begin: several of `who` name the same one though the next has left by then, or whoever left
    then is there long since. `at` (n,): POSIX seconds at which each is under way, NaN for who is only spoken of."""
    tt, start = timetable, names.start_time_s
    rows = np.flatnonzero((names.trip >= 0) & (start >= 0) & np.isfinite(at))
    rows = rows[tt.trip_is_frequency[names.trip[rows]]]
    trip = names.trip[rows]
    shift = start[rows] - tt.trip_start_s[trip]
    begins = tt.opens_a_headway(trip, shift) | (shift == 0) | (start[rows] == 0)
    rows, trip = rows[begins], trip[begins]
    if len(rows) == 0:
        return names
    today = np.maximum(tt.day_at(at[rows]), 0)
    driven_s = at[rows] - tt.date_origin[today] - start[rows]
    runs = list(zip(trip.tolist(), names.service_date[rows].tolist(), start[rows].tolist(), strict=True))
    times_named = Counter(run for run, _ in set(zip(runs, (who[row] for row in rows.tolist()), strict=True)))
    shared = np.array([times_named[run] > 1 for run in runs])
    shared &= driven_s > tt.trip_headway_s[trip]
    no_start = rows[shared | (driven_s > tt.trip_lasts_s[trip] + _LATE_S)]
    refused["start_time_shared"] += len(no_start)
    start = start.copy()
    start[no_start] = NONE
    return replace(names, start_time_s=start)


def without_other_starts(
    names: RunNames, route: Int32Array, at: Float64Array, timetable: Timetable, refused: Counter[str]
) -> RunNames:
    """The names (n,) without the trips that begin long after the start that is named with them, and after `at`, where
    they are under way, where a run of their line begins then: that one is meant. `at` (n,): POSIX seconds, not finite
    of who is only spoken of."""
    tt = timetable
    rows = np.flatnonzero((names.trip >= 0) & (names.start_time_s >= 0) & np.isfinite(at))
    rows = rows[~tt.trip_is_frequency[names.trip[rows]] & ~tt.trip_repeats[names.trip[rows]]]
    if len(rows) == 0:
        return names
    start = tt.trip_start_s[names.trip[rows]]
    # A clock's time of a run past midnight is a day off.
    after_s = (start - names.start_time_s[rows] + DAY_S // 2) % DAY_S - DAY_S // 2
    rows, start = rows[after_s > START_TOLERANCE_S], start[after_s > START_TOLERANCE_S]
    day = places_in(tt.date_index, names.service_date[rows].tolist())
    today = tt.day_at(at[rows])
    early_s = tt.date_origin[np.maximum(np.where(day >= 0, day, today), 0)] + start - at[rows]
    rows = rows[(early_s > START_TOLERANCE_S) & (early_s < DAY_S / 2)]
    line = np.where(route[rows] >= 0, route[rows], tt.trip_route[names.trip[rows]])
    others = replace(names.take(rows), trip=np.full(len(rows), NONE, np.int32), route=line)
    found = run_finder(tt).find(others, at[rows], np.ones(len(rows), bool)).trip >= 0
    refused["start_time_against_trip"] += int(found.sum())
    trip, routes = names.trip.copy(), names.route.copy()
    trip[rows[found]], routes[rows[found]] = NONE, line[found]
    return replace(names, trip=trip, route=routes)


def a_few(names: Sequence[str]) -> tuple[str, ...]:
    """Examples of names that the timetable does not have."""
    return tuple(name[:LONGEST] for name in islice(dict.fromkeys(names), _FEW))


def _parsed(
    texts: Sequence[str], parse: Callable[[str], int | None], absent: int, reason: str, refused: Counter[str]
) -> tuple[Int32Array, BoolArray]:
    """The values (n,) of texts, `absent` where these cannot be read, and whether they cannot."""
    read = {text: parse(text) for text in set(texts)}
    values = [read[text] for text in texts]
    refused[reason] += values.count(None) - texts.count("")
    return (
        np.array([absent if value is None else value for value in values], np.int32),
        np.array([value is None for value in values], bool),
    )
