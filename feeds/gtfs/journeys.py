"""Undated departures: one for each scheduled trip, one for each slot of frequencies.txt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.gtfs.problems import Problems
from feeds.gtfs.references import references
from feeds.gtfs.tables import numbers
from feeds.gtfs.times import times_of
from predictor.arrays import BoolArray, Float64Array, Int32Array, Int64Array, StrArray, expand_ranges
from predictor.timetable import DAY_S

FILE = "frequencies.txt"

SHORTEST_HEADWAY_S = 10.0
MINUTE_S = 60.0


@dataclass(frozen=True, eq=False)
class Journeys:
    """All arrays (J,), sorted by trip and departure; the meaning is that of the `journey_` fields of `Timetable`."""

    trip: Int32Array
    shift_s: Int32Array
    headway_s: Int32Array


def read_journeys(
    frame: pd.DataFrame | None, trip_id: StrArray, trip_start_s: Float64Array, problems: Problems
) -> Journeys:
    """Departures of the given trips (T,), of which `trip_start_s` is the first departure by stop_times.txt.

    A trip with a usable row in frequencies.txt runs in its slots only.
    """
    scheduled = np.arange(len(trip_id), dtype=np.int32)
    if frame is None or frame.empty:
        return Journeys(scheduled, np.zeros(len(trip_id), np.int32), np.zeros(len(trip_id), np.int32))
    trip = references(frame, "trip_id", trip_id, FILE, problems)
    start, end = (times_of(frame, column, FILE, trip >= 0, problems) for column in ("start_time", "end_time"))
    headway = numbers(frame, "headway_secs")
    tell = problems.of(FILE, frame, "trip_id")
    known = trip >= 0
    if (typical := headway[known & (headway > 0)]).size and np.median(typical) < MINUTE_S:
        tell(known & (headway > 0), "headway_secs of less than a minute are most; read as minutes.")
        headway = headway * MINUTE_S
    tell(~known, "trips.txt has no such usable trip; the row is skipped.")
    # Headways that go on after midnight.
    end = np.where((end < start) & ((start >= DAY_S / 2) | (end == 0.0)) & (end < DAY_S / 2), end + DAY_S, end)
    ordered = end > start
    tell(known & ~ordered, "start_time and end_time are not two times in order; the row is skipped.")
    spaced = headway >= SHORTEST_HEADWAY_S
    tell(known & ordered & ~spaced, f"headway_secs is less than {SHORTEST_HEADWAY_S:.0f}; the row is skipped.")
    keep = np.flatnonzero(known & ordered & spaced)

    slots = np.ceil((end[keep] - start[keep]) / headway[keep]).astype(np.int64)
    row = np.repeat(keep, slots)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(slots) - slots, slots)
    at = start[row] + nth * headway[row]
    finer = _in_finer_rows(trip[keep], start[keep], end[keep], headway[keep], at, slots)
    problems.without_row(
        FILE, trip_id[trip[row[finer]]], "a departure while another row has shorter headways; it does not count."
    )
    row, at = row[~finer], at[~finer]
    exact = numbers(frame, "exact_times")[row] == 1
    owner = trip[row].astype(np.int32)
    shift = (at - trip_start_s[owner]).astype(np.int32)
    scheduled = scheduled[~np.isin(scheduled, owner)]
    every = np.where(exact, 0, headway[row]).astype(np.int32)

    journey_trip = np.concatenate([owner, scheduled])
    journey_shift = np.concatenate([shift, np.zeros(len(scheduled), np.int32)])
    journey_headway = np.concatenate([every, np.zeros(len(scheduled), np.int32)])
    order = np.lexsort((journey_shift, journey_trip))
    twice = np.zeros(len(order), bool)
    twice[1:] = (np.diff(journey_trip[order]) == 0) & (np.diff(journey_shift[order]) == 0)
    repeated = trip_id[journey_trip[order[twice]]]
    problems.without_row(FILE, repeated, "a departure that two rows name; it counts once.")
    order = order[~twice]
    return Journeys(journey_trip[order], journey_shift[order], journey_headway[order])


def _in_finer_rows(
    trip: Int32Array, start: Float64Array, end: Float64Array, headway: Float64Array, at: Float64Array, slots: Int64Array
) -> BoolArray:
    """Which departures `at` (d,), `slots` of each row (r,), lie within a row of their trip whose headway is shorter: no
    two rows may hold at one time."""
    ptr = np.append(0, np.cumsum(slots))
    order = np.lexsort((start, trip))
    low, high = (np.searchsorted(trip[order], trip, side=side) for side in ("left", "right"))
    row, place = expand_ranges(low, high - low)
    other = order[place]
    covers = (headway[other] < headway[row]) & (start[other] < end[row]) & (start[row] < end[other])
    result = np.zeros(len(at), bool)
    for k, by in zip(row[covers].tolist(), other[covers].tolist(), strict=True):
        own = slice(int(ptr[k]), int(ptr[k + 1]))
        result[own] |= (at[own] >= start[by]) & (at[own] < end[by])
    return result
