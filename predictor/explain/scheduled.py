"""What the timetable promises in a stretch of time: calls at their times, or a headway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.arrays import Int32Array, Int64Array, expand_ranges
from predictor.explain.evidence import Journey
from predictor.timetable import DAY_S, Timetable

_LATEST_S = 3.0 * DAY_S


@dataclass(frozen=True)
class PromisedHeadway:
    """The headway at a stop at a time, of all trips together."""

    headway_s: float
    journey: Journey
    """The departure whose turn it is, of the trip that runs most often."""
    call: int


def promised_calls(
    timetable: Timetable, entries: Int64Array, since: float, until: float
) -> list[tuple[float, int, int, int, int]]:
    """Scheduled time (departure, at a trip's last call arrival), trip, service day, shift and call of those trip calls
    `entries` (n,) that lie between two times, POSIX seconds, in order. Journeys run by headway have no such times."""
    tt = timetable
    journey, trip, call, seconds = _calls_of_journeys(tt, entries, np.flatnonzero(tt.journey_headway_s == 0))
    shift = tt.journey_shift_s[journey]
    rows: list[tuple[float, int, int, int, int]] = []
    for day in _days(tt, since, until):
        at = (tt.date_origin[day] + seconds).astype(np.float64)
        hit = np.flatnonzero((at >= since) & (at <= until) & tt.runs_on(trip, day))
        columns = (at[hit], trip[hit], np.full(len(hit), day), shift[hit], call[hit])
        rows += zip(*(column.tolist() for column in columns), strict=True)
    return sorted(rows)


def promised_headway(timetable: Timetable, entries: Int64Array, at: float) -> PromisedHeadway | None:
    """The headway promised at a time, POSIX seconds, by all trips run by headway among the trip calls `entries` (n,):
    their frequencies added up. None where none runs then."""
    tt = timetable
    journey, trip, call, seconds = _calls_of_journeys(tt, entries, np.flatnonzero(tt.journey_headway_s > 0))
    headway = tt.journey_headway_s[journey]
    # Of each trip and call the slot that began last: where one period follows another, two may overlap.
    turns: dict[tuple[int, int], tuple[float, Journey, int]] = {}
    for day in _days(tt, at, at):
        since = tt.date_origin[day] + seconds
        runs = tt.runs_on(trip, day) & (since <= at) & (at < since + headway)
        for slot in np.flatnonzero(runs)[np.argsort(since[runs], kind="stable")].tolist():
            dated = (int(trip[slot]), day, int(tt.journey_shift_s[journey[slot]]))
            turns[int(trip[slot]), int(call[slot])] = float(headway[slot]), dated, int(call[slot])
    if not turns:
        return None
    _, dated, turn = min(turns.values())
    return PromisedHeadway(1.0 / sum(1.0 / seconds for seconds, _, _ in turns.values()), dated, turn)


def _calls_of_journeys(
    tt: Timetable, entries: Int64Array, journeys: Int64Array
) -> tuple[Int64Array, Int32Array, Int32Array, Int32Array]:
    """Journey, trip, call and seconds after the day's origin (m,), of each of `journeys` at each of its `entries`."""
    journeys = journeys[np.argsort(tt.journey_trip[journeys], kind="stable")]
    pointer = np.searchsorted(tt.journey_trip[journeys], np.arange(tt.trips + 1)).astype(np.int64)
    trip = tt.call_trip[entries]
    owner, place = expand_ranges(pointer[trip], pointer[trip + 1] - pointer[trip])
    entry, trip, journey = entries[owner], trip[owner], journeys[place]
    call = tt.call_at(entry)
    ends = call == tt.trip_calls[trip] - 1
    seconds = tt.journey_shift_s[journey] + np.where(ends, tt.arrival_s[entry], tt.departure_s[entry])
    return journey, trip, call, seconds


def _days(tt: Timetable, since: float, until: float) -> list[int]:
    """Service days that can reach into the time between."""
    return np.flatnonzero((tt.date_origin > since - _LATEST_S) & (tt.date_origin <= until)).tolist()
