"""The calls of each trip in order, whatever order their rows and numbers are in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.gtfs.calls import FILE, Calls
from feeds.gtfs.problems import Problems
from feeds.gtfs.sound_times import Tell, with_sound_times, with_whole_waits, without_repeated_times
from predictor.arrays import BoolArray, Int64Array, StrArray, running_maximum


def in_order(calls: Calls, trip_id: StrArray, problems: Problems) -> Calls:
    """The calls sorted, with sound times: in order along each trip; those inside a trip may be missing.

    Calls that name a place in a trip twice, and those at a trip's ends that have no time, are left out.
    """

    def tell(calls: Calls, which: BoolArray | Int64Array, message: str) -> None:
        problems.rows(FILE, calls.row[which], trip_id[calls.trip[which]], message)

    for mended in (_sorted, _forwards, _once, with_sound_times, without_repeated_times):
        calls = mended(calls, tell)
    return with_whole_waits(calls)


def _sorted(calls: Calls, tell: Tell) -> Calls:
    key = calls.trip.astype(np.int64) * 2**31 + calls.sequence
    if len(key) and not (np.diff(key) > 0).all():
        order = np.argsort(key, kind="stable")
        calls, key = calls.take(order), key[order]
        twice = np.zeros(len(key), bool)
        twice[1:] = key[1:] == key[:-1]
        calls, counted_on = _counted_on(calls, twice)
        tell(
            calls, twice & counted_on,
            "the stop_sequence of the row before; counted on, since the times of this trip run forwards.",
        )  # fmt: skip
        twice &= ~counted_on
        tell(calls, twice, "this trip has an earlier row with the same stop_sequence; this row is skipped.")
        calls = calls.kept(~twice)
    return calls


def _forwards(calls: Calls, tell: Tell) -> Calls:
    """The calls with trips turned round of which each call of three or more is earlier than the one before."""
    at = np.where(np.isnan(calls.departure_s), calls.arrival_s, calls.departure_s)
    same = calls.trip[1:] == calls.trip[:-1]
    trips = int(calls.trip.max(initial=-1)) + 1
    with np.errstate(invalid="ignore"):
        falls = same & (at[1:] < at[:-1])
    turned = (np.bincount(calls.trip, minlength=trips) >= 3) & (np.bincount(calls.trip[1:], same & ~falls, trips) == 0)
    rows = np.flatnonzero(turned[calls.trip])
    if len(rows) == 0:
        return calls
    first = np.append(True, ~same)[rows]
    tell(calls, rows[first], "stop_sequence counts down along this trip while its times run forwards; turned round.")
    order = np.arange(len(calls))
    # Within each trip the last comes first, and keeps the numbers in order.
    order[rows] = rows[np.lexsort((-rows, calls.trip[rows]))]
    return replace(calls.take(order), sequence=calls.sequence)


def _once(calls: Calls, tell: Tell) -> Calls:
    """The calls without those that name the stop of the one before or behind it, and no time."""
    if len(calls) == 0:
        return calls
    timed = ~(np.isnan(calls.arrival_s) & np.isnan(calls.departure_s))
    again = (calls.trip[1:] == calls.trip[:-1]) & (calls.stop[1:] == calls.stop[:-1])
    needless = np.zeros(len(calls), bool)
    needless[1:] |= again & ~timed[1:]
    needless[:-1] |= again & ~timed[:-1] & timed[1:]
    tell(calls, needless, "the stop of the row beside it once more, without a time; the two are one call.")
    return calls.take(~needless) if needless.any() else calls


def _counted_on(calls: Calls, twice: BoolArray) -> tuple[Calls, BoolArray]:
    """The calls with numbers of their own in trips that name a place `twice` (n,) although the rows of the file, in
    this order, go on from stop to stop and never back in time; and which calls are of such trips."""
    step_back = np.zeros(len(calls), bool)
    with np.errstate(invalid="ignore"):
        step_back[1:] = calls.departure_s[:-1] > calls.arrival_s[1:]
    step_back[1:] |= calls.row[1:] < calls.row[:-1]
    step_back[1:] |= twice[1:] & (calls.stop[1:] == calls.stop[:-1])
    step_back[1:] &= calls.trip[1:] == calls.trip[:-1]
    trips = int(calls.trip.max()) + 1
    counted_on = (np.bincount(calls.trip, twice, trips) > 0) & (np.bincount(calls.trip, step_back, trips) == 0)
    place = np.arange(len(calls))
    ascending = running_maximum(calls.sequence - place, calls.trip) + place
    of_these = counted_on[calls.trip]
    return replace(calls, sequence=np.where(of_these, ascending, calls.sequence).astype(np.int32)), of_these
