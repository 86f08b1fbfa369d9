"""stop_times.txt: each trip's calls in order, with times that make sense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from feeds.gtfs.problems import Problems
from feeds.gtfs.references import references
from feeds.gtfs.stops import Stops
from feeds.gtfs.tables import choice, numbers, words
from feeds.gtfs.times import times_of
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    first_of_each,
    group_starts,
)
from predictor.columns import Columns

FILE = "stop_times.txt"

DAY_S, HOUR_S = 86_400.0, 3600.0
# Further apart than any two times of one trip, so that trips laid end to end never mix.
_TRIP_SPACING_S = 1.0e8
_TRIP_SPACING_M = 1.0e7
SCHEDULED_WAIT_S = 60.0
"""A longer stay in the timetable than this is more than boarding takes: the vehicle waits for its time."""
# So many calls in a row at one time are a timepoint's time copied on.
_REPEATS = 3
_IN_TOWN_M_S = 15.0
"""No bus averages more from stop to stop to stop."""


@dataclass(frozen=True, eq=False)
class Calls(Columns):
    """Trip calls (n,), sorted by trip and along it."""

    trip: Int32Array
    stop: Int32Array
    sequence: Int32Array
    arrival_s: Float64Array
    """Seconds after the origin of the service date, NaN where the feed gives none."""
    departure_s: Float64Array
    timepoint: Int8Array
    """As given, -1 where not; 0 where the feed gives no time of its own."""
    copied: BoolArray
    """The feed gives the time of the call before, which was cleared."""
    reckoned: BoolArray
    """The time is none that the feed gives, not even to the minute."""
    pickup_type: Int8Array
    drop_off_type: Int8Array
    continuous_pickup: Int8Array
    """From here to the next call, -1 where the route's counts;"""
    continuous_drop_off: Int8Array
    """likewise."""
    headsign: Int32Array
    """Index into the feed's `stop_headsign`s, -1 where the trip's own counts."""
    shape_dist: Float64Array
    """`shape_dist_traveled` in the feed's own unit, NaN where not given."""
    row: Int64Array
    """Line in stop_times.txt."""

    @property
    def waits(self) -> BoolArray:
        """(n,) whether vehicles wait there for their time: it is a timepoint, or not marked (an exact time, says GTFS)
        with a wait in it, which is meant to be kept."""
        wait = self.departure_s - self.arrival_s >= SCHEDULED_WAIT_S
        result: BoolArray = (self.timepoint == 1) | ((self.timepoint < 0) & wait)
        return result

    def ptr(self, trips: int) -> Int64Array:
        """CSR pointer (trips + 1,)."""
        return group_starts(self.trip.astype(np.int64), trips)


Tell = Callable[[Calls, BoolArray | Int64Array, str], None]
"""What tells a fault of some of the calls, by a mask or their places."""


def stop_headsigns(frame: pd.DataFrame) -> StrArray:
    """The different `stop_headsign`s of stop_times.txt, sorted."""
    if "stop_headsign" not in frame:
        return np.empty(0, np.str_)
    signs = words(frame[["stop_headsign"]].drop_duplicates(), "stop_headsign")
    return np.unique(np.array([sign for sign in signs if sign], np.str_))


def read_calls(frame: pd.DataFrame, trip_id: StrArray, stops: Stops, headsign: StrArray, problems: Problems) -> Calls:
    """Build the calls of the given trips at the given stops, with these headsigns, from stop_times.txt, in the order of
    the rows and with times as given (`in_order`).

    A call at an entrance or a boarding area is one at the station or platform that it is part of. Rows of unknown trips
    or stops are left out.
    """
    row = frame.index.to_numpy(np.int64)
    trip = references(frame, "trip_id", trip_id, FILE, problems)
    stop = references(frame, "stop_id", np.append(stops.stop_id, stops.place_id), FILE, problems)
    part = stop >= len(stops.stop_id)
    stop[part] = stops.place_stop[stop[part] - len(stops.stop_id)]
    sequence = numbers(frame, "stop_sequence")
    sequence, negative = _from_zero(sequence, trip)
    unnumbered = np.isnan(sequence) & ~np.isin(trip, trip[~np.isnan(sequence)]) & (trip >= 0)
    # In the order of the rows, from 1 in each trip.
    by_trip = np.flatnonzero(unnumbered)[np.argsort(trip[unnumbered], kind="stable")]
    sequence[by_trip] = 1 + np.arange(len(by_trip)) - np.searchsorted(trip[by_trip], trip[by_trip])

    def tell(bad: BoolArray, column: str, message: str) -> None:
        if bad.any():
            problems.rows(FILE, row[bad], words(frame.loc[bad, [column]], column).to_numpy(), message)

    tell(negative, "trip_id", "the stop_sequence of this trip begins below 0; counted from 0.")
    tell(trip < 0, "trip_id", "trips.txt has no such usable trip; the row is skipped.")
    tell(part & (trip >= 0), "stop_id", "no stop, but part of a station or platform; taken as a call at that.")
    on_demand = _on_demand(frame)
    tell(on_demand & (trip >= 0), "trip_id", "on demand in an area or a time window (GTFS-Flex), no call; not shown.")
    tell(
        (stop < 0) & (trip >= 0) & ~on_demand, "stop_id", "stops.txt has no such stop or platform; the row is skipped."
    )
    stop[on_demand] = NONE
    tell(unnumbered, "trip_id", "no row of this trip has a stop_sequence; taken in the order of the rows.")
    placed = (sequence >= 0) & (sequence < 2**31)
    tell(~placed & (trip >= 0) & (stop >= 0), "trip_id", "no valid stop_sequence; the row is skipped.")
    arrival_s, departure_s = (
        times_of(frame, column, FILE, trip >= 0, problems) for column in ("arrival_time", "departure_time")
    )
    timepoint = numbers(frame, "timepoint")
    calls = Calls(
        trip=trip,
        stop=stop,
        sequence=np.where(placed, sequence, -1).astype(np.int32),
        arrival_s=arrival_s,
        departure_s=departure_s,
        timepoint=np.where(np.isnan(timepoint), -1, timepoint == 1).astype(np.int8),
        copied=np.zeros(len(frame), bool),
        reckoned=np.zeros(len(frame), bool),
        pickup_type=choice(frame, "pickup_type", range(0, 4), 0).astype(np.int8),
        drop_off_type=choice(frame, "drop_off_type", range(0, 4), 0).astype(np.int8),
        continuous_pickup=choice(frame, "continuous_pickup", range(0, 4), NONE).astype(np.int8),
        continuous_drop_off=choice(frame, "continuous_drop_off", range(0, 4), NONE).astype(np.int8),
        headsign=_headsigns(frame, headsign),
        shape_dist=numbers(frame, "shape_dist_traveled"),
        row=row,
    )
    return _those(calls, (trip >= 0) & (stop >= 0) & placed)


def in_order(calls: Calls, trip_id: StrArray, problems: Problems) -> Calls:
    """The calls sorted, with sound times: in order along each trip; those inside a trip may be missing.

    Calls that name a place in a trip twice, and those at a trip's ends that have no time, are left out.
    """

    def tell(calls: Calls, which: BoolArray | Int64Array, message: str) -> None:
        problems.rows(FILE, calls.row[which], trip_id[calls.trip[which]], message)

    for mended in (_sorted, _forwards, _once, _with_sound_times, _without_repeated_times):
        calls = mended(calls, tell)
    return _with_whole_waits(calls)


def _those(calls: Calls, keep: BoolArray) -> Calls:
    """The calls to keep, copied only where some are not: a copy of ten million takes half a gigabyte."""
    return calls if keep.all() else calls.take(keep)


def _from_zero(sequence: Float64Array, trip: Int32Array) -> tuple[Float64Array, BoolArray]:
    """The numbers (n,) with those of trips that begin below 0 moved up, and which rows were below. A number far below
    those around it is a mistake."""
    negative: BoolArray = (sequence < 0) & (sequence > -(2.0**31)) & (trip >= 0)
    if not negative.any():
        return sequence, negative
    trips = int(trip.max()) + 1
    lowest = np.zeros(trips)
    np.minimum.at(lowest, trip[negative], sequence[negative])
    lowest[np.bincount(trip[negative], minlength=trips) != -lowest] = 0.0
    negative &= lowest[trip] < 0
    return sequence - np.where(trip >= 0, lowest[trip], 0.0), negative


def interpolated(calls: Calls, trips: int, distance_m: Float64Array) -> Calls:
    """The calls with every missing time filled in, in proportion to the way driven.

    Parameters: `distance_m` (n,) metres along each call's trip, not decreasing. Each trip's first and last call must
    have times. Returns: calls with whole seconds, not decreasing along a trip.
    """
    known = ~np.isnan(calls.departure_s)
    arrival, departure, reckoned = calls.arrival_s.copy(), calls.departure_s.copy(), ~known
    if not known.all():
        # A centimetre a call keeps the axis strictly ascending where stops share a place.
        step = np.arange(len(calls)) - np.repeat(calls.ptr(trips)[:-1], np.diff(calls.ptr(trips)))
        axis = calls.trip * _TRIP_SPACING_M + distance_m + 0.01 * step
        # Arrival and departure of a known call share its place on the axis, but ways start at departures only.
        before = np.maximum.accumulate(np.where(known, np.arange(len(calls)), 0))
        after = np.minimum.accumulate(np.where(known, np.arange(len(calls)), len(calls) - 1)[::-1])[::-1]
        gap = np.flatnonzero(~known)
        start, end = before[gap], after[gap]
        share = (axis[gap] - axis[start]) / (axis[end] - axis[start])
        at = departure[start] + share * (arrival[end] - departure[start])
        arrival[gap] = departure[gap] = _within_their_minute(
            at, departure[start], start, calls.copied[gap], axis[gap] - axis[start]
        )
        in_its_minute = np.rint(departure[gap]) // 60.0 == departure[start] // 60.0
        reckoned[gap] = ~(calls.copied[gap] & in_its_minute)
    return replace(calls, arrival_s=np.rint(arrival), departure_s=np.rint(departure), reckoned=reckoned)


def _within_their_minute(
    at: Float64Array, copied_s: Float64Array, owner: Int64Array, copied: BoolArray, way_m: Float64Array
) -> Float64Array:
    """The times reckoned for calls (n,), those of calls that have the time `copied_s` of the call `owner`, `way_m`
    before them, moved back into its minute: in whole minutes that is what the timetable says. Where the way is too long
    for that the time of a timepoint was copied on, and what is reckoned stays."""
    opens = np.flatnonzero(first_of_each(owner))
    room_s = (60.0 - copied_s % 60.0 - 1.0)[opens]
    group = np.cumsum(first_of_each(owner)) - 1
    last_s, furthest_m = np.zeros(len(opens)), np.zeros(len(opens))
    np.maximum.at(last_s, group[copied], (at - copied_s)[copied])
    np.maximum.at(furthest_m, group[copied], way_m[copied])
    moved = (last_s > room_s) & (furthest_m <= _IN_TOWN_M_S * room_s)
    scale = np.where(moved, room_s / np.maximum(last_s, 1.0), 1.0)[group]
    return np.where(copied, copied_s + (at - copied_s) * scale, at)


def _without_repeated_times(calls: Calls, tell: Tell) -> Calls:
    """The calls with times cleared that only repeat the last timepoint's: no bus is at three stops at once."""
    same = (calls.trip[1:] == calls.trip[:-1]) & (calls.arrival_s[1:] == calls.departure_s[:-1])
    same &= calls.departure_s[1:] == calls.departure_s[:-1]
    run = np.append(0, np.cumsum(~same)) if len(calls) else np.zeros(0, np.int64)
    repeats = np.append(False, same)[: len(calls)] & (np.bincount(run)[run] >= _REPEATS)
    last = np.append(calls.trip[1:] != calls.trip[:-1], True)[: len(calls)]
    repeats &= ~last
    tell(
        calls, repeats,
        f"{_REPEATS} or more calls of this trip have one and the same time; reckoned anew for all but the first.",
    )  # fmt: skip
    return replace(
        calls,
        arrival_s=np.where(repeats, np.nan, calls.arrival_s),
        departure_s=np.where(repeats, np.nan, calls.departure_s),
        timepoint=np.where(repeats, 0, calls.timepoint).astype(np.int8),
        copied=repeats,
    )


def _with_whole_waits(calls: Calls) -> Calls:
    """The calls with a wait that is written as several calls in a row at one stop made that of the last of them: a
    vehicle that is there does not arrive again."""
    stays = (calls.trip[1:] == calls.trip[:-1]) & (calls.stop[1:] == calls.stop[:-1])
    stays &= ~np.isnan(calls.departure_s[1:]) & ~np.isnan(calls.departure_s[:-1])
    arrival = calls.arrival_s.copy()
    arrival[1:][stays] = calls.departure_s[:-1][stays]
    return replace(calls, arrival_s=arrival)


def _on_demand(frame: pd.DataFrame) -> BoolArray:
    """(n,) whether a row tells of an area, or of a window of time in which people are picked up anywhere in it."""

    untimed = ~(_says(frame, "arrival_time") | _says(frame, "departure_time"))
    window = _says(frame, "start_pickup_drop_off_window") & untimed
    return _says(frame, "location_id") | _says(frame, "location_group_id") | window


def _says(frame: pd.DataFrame, column: str) -> BoolArray:
    """(n,) whether anything stands there."""
    return frame[column].notna().to_numpy(bool) if column in frame else np.zeros(len(frame), bool)


def _headsigns(frame: pd.DataFrame, known: StrArray) -> Int32Array:
    """(n,) place of each row's `stop_headsign` among the known, -1 where it has none."""
    if "stop_headsign" not in frame:
        return np.full(len(frame), NONE, np.int32)
    code, unique = pd.factorize(frame["stop_headsign"])
    names = pd.Series(unique, dtype="string").str.strip().to_numpy(object)
    among = pd.Index(known.astype(object)).get_indexer(pd.Index(names))
    return np.append(among, NONE).astype(np.int32)[code]


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
        calls = _those(calls, ~twice)
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
    number = calls.sequence + (calls.trip.astype(np.int64) << 32) - np.arange(len(calls))
    ascending = np.maximum.accumulate(number) + np.arange(len(calls)) - (calls.trip.astype(np.int64) << 32)
    mine = counted_on[calls.trip]
    return replace(calls, sequence=np.where(mine, ascending, calls.sequence).astype(np.int32)), mine


def _with_sound_times(calls: Calls, tell: Tell) -> Calls:
    arrival = np.where(np.isnan(calls.arrival_s), calls.departure_s, calls.arrival_s)
    departure = np.where(np.isnan(calls.departure_s), calls.arrival_s, calls.departure_s)
    known = np.flatnonzero(~np.isnan(departure))
    calls = replace(calls, arrival_s=arrival, departure_s=departure)

    inside = _between_timed(calls, known)
    tell(calls, ~inside, "no time, and none before or after it in this trip to reckon it from; the row is skipped.")
    calls = _those(calls, inside)
    known = np.flatnonzero(~np.isnan(calls.departure_s))
    trip = calls.trip[known]
    times = np.column_stack([calls.arrival_s[known], calls.departure_s[known]])

    _tell_twelve_hours(calls.take(known), times, tell)
    wrapped = _days_past_midnight(np.repeat(trip, 2), times.ravel()).reshape(-1, 2)
    times += DAY_S * wrapped
    late = wrapped[:, 1] > np.append(0, wrapped[:-1, 1])
    late[1:] &= trip[1:] == trip[:-1]
    tell(calls, known[late], "times start again at midnight inside a trip; they were counted on (24:00:00, …).")

    reversed_ = times[:, 1] < times[:, 0]
    tell(calls, known[reversed_], "departure lies before arrival; taken as leaving on arrival.")
    times[reversed_, 1] = times[reversed_, 0]

    times, wrong = _not_backwards(trip, times)
    tell(calls, known[wrong], "time runs backwards along the trip; reckoned anew from the calls before and after it.")
    arrival, departure = calls.arrival_s.copy(), calls.departure_s.copy()
    arrival[known], departure[known] = times.T
    return replace(
        calls,
        arrival_s=arrival,
        departure_s=departure,
        timepoint=np.where(np.isnan(departure), 0, calls.timepoint).astype(np.int8),
    )


def _tell_twelve_hours(calls: Calls, times: Float64Array, tell: Tell) -> None:
    """Where the times (n, 2) of calls seem to be of a clock that begins again at one: whether before or after noon
    nobody knows."""
    after_noon, after_one = times[:-1, 1] >= DAY_S / 2, (times[1:, 0] >= HOUR_S) & (times[1:, 0] < 4 * HOUR_S)
    falls = np.flatnonzero((calls.trip[1:] == calls.trip[:-1]) & after_noon & after_one)
    if len(falls) and (times < DAY_S / 2 + HOUR_S).all():
        tell(
            calls, falls + 1,
            "times fall from past 12:00 to past 1:00, and none of the file is later than 12:59: a clock of twelve "
            "hours, it seems, without AM and PM. Afternoons are read as nights; write 13:00 for 1 PM.",
        )  # fmt: skip


def _between_timed(calls: Calls, known: Int64Array) -> BoolArray:
    """(n,) whether a call lies between the first and the last timed call of its trip."""
    trips = int(calls.trip.max(initial=-1)) + 1
    first, last = np.full(trips, len(calls)), np.full(trips, -1)
    np.minimum.at(first, calls.trip[known], known)
    np.maximum.at(last, calls.trip[known], known)
    here = np.arange(len(calls))
    return (here >= first[calls.trip]) & (here <= last[calls.trip])


def _days_past_midnight(trip: Int32Array, times: Float64Array) -> Int64Array:
    """(n,) days to add to each time of trips whose times fall from late evening to early morning."""
    back = np.flatnonzero(times[1:] - times[:-1] < -DAY_S / 2)
    leaves, arrives = times[back], times[back + 1]
    falls = (leaves % DAY_S > 0.75 * DAY_S) & (arrives % DAY_S < 0.3 * DAY_S)
    falls &= (trip[back + 1] == trip[back]) & (leaves < DAY_S)
    if not falls.any():
        return np.zeros(len(trip), np.int64)
    total = np.zeros(len(trip), np.int64)
    total[back[falls] + 1] = 1
    total = np.cumsum(total)
    starts = np.flatnonzero(first_of_each(trip))
    return total - np.repeat(total[starts], np.diff(np.append(starts, len(trip))))


def _not_backwards(trip: Int32Array, times: Float64Array) -> tuple[Float64Array, BoolArray]:
    """Times (n, 2) that run forwards along each trip, NaN for calls that do not fit, and which were touched (n,).

    Of the two ways to mend a trip, keeping what came first or what comes last, the one that touches fewer calls; of
    two alike the one in which the trip takes less time.
    """
    touched = np.zeros(len(trip), bool)
    same = trip[1:] == trip[:-1]
    backwards = same & (times[1:, 0] < times[:-1, 1])
    if not backwards.any():
        return times, touched
    rows = np.flatnonzero(np.isin(trip, trip[1:][backwards]))
    some, mine = trip[rows].astype(np.int64), times[rows]
    flat = (mine + (some * _TRIP_SPACING_S)[:, None]).ravel()
    mended: npt.NDArray[np.float64] = (
        np.stack([np.maximum.accumulate(flat), np.minimum.accumulate(flat[::-1])[::-1]]).reshape(2, -1, 2)
        - (some * _TRIP_SPACING_S)[:, None]
    )
    changed = (mended != mine).any(axis=2)
    starts = np.flatnonzero(first_of_each(some))
    ends_at = np.append(starts[1:], len(some)) - 1
    takes_s = mended[:, ends_at, 1] - mended[:, starts, 0]
    cost = np.add.reduceat(changed, starts, axis=1, dtype=np.float64) + takes_s / (1.0 + takes_s.max())
    way = np.repeat(cost.argmin(axis=0), np.diff(np.append(starts, len(some))))
    here = np.arange(len(some))
    mended, changed = mended[way, here], changed[way, here]
    ends = np.ones(len(some), bool)
    ends[1:-1] = (some[1:-1] != some[:-2]) | (some[1:-1] != some[2:])
    mended[changed & ~ends] = np.nan
    times = times.copy()
    times[rows] = mended
    touched[rows] = changed
    return times, touched
