"""stop_times.txt: each trip's calls in order, with times that make sense."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from feeds.gtfs.headsigns import destination
from feeds.gtfs.problems import Problems
from feeds.gtfs.references import references
from feeds.gtfs.stops import Stops
from feeds.gtfs.tables import choice, numbers, words
from feeds.gtfs.times import times_of
from predictor.arrays import NONE, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array, StrArray, group_starts
from predictor.columns import Columns

FILE = "stop_times.txt"

HOUR_S = 3600.0
SCHEDULED_WAIT_S = 60.0
"""A longer stay in the timetable than this is more than boarding takes: the vehicle waits for its time."""


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

    def kept(self, keep: BoolArray) -> Calls:
        """The calls to keep (n,), copied only where some are not: a copy of ten million takes half a gigabyte."""
        return self if keep.all() else self.take(keep)

    def ptr(self, trips: int) -> Int64Array:
        """CSR pointer (trips + 1,)."""
        return group_starts(self.trip.astype(np.int64), trips)


def stop_headsigns(frame: pd.DataFrame) -> StrArray:
    """The different `stop_headsign`s of stop_times.txt that name a place, sorted."""
    if "stop_headsign" not in frame:
        return np.empty(0, np.str_)
    signs = words(frame[["stop_headsign"]].drop_duplicates(), "stop_headsign")
    return np.unique(np.array([sign for sign in signs if destination(sign)], np.str_))


def read_calls(frame: pd.DataFrame, trip_id: StrArray, stops: Stops, headsign: StrArray, problems: Problems) -> Calls:
    """Build the calls of the given trips at the given stops, with these headsigns, from stop_times.txt, in the order of
    the rows and with times as given (`in_order`).

    A call at an entrance or a boarding area is one at the station or platform that it is part of. Rows of unknown trips
    or stops are left out.
    """
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

    of_trip, of_stop = (problems.of(FILE, frame, key) for key in ("trip_id", "stop_id"))
    of_trip(negative, "the stop_sequence of this trip begins below 0; counted from 0.")
    of_trip(trip < 0, "trips.txt has no such usable trip; the row is skipped.")
    of_stop(part & (trip >= 0), "no stop, but part of a station or platform; taken as a call at that.")
    on_demand = _on_demand(frame)
    of_trip(on_demand & (trip >= 0), "on demand in an area or a time window (GTFS-Flex), no call; not shown.")
    of_stop((stop < 0) & (trip >= 0) & ~on_demand, "stops.txt has no such stop or platform; the row is skipped.")
    stop[on_demand] = NONE
    of_trip(unnumbered, "no row of this trip has a stop_sequence; taken in the order of the rows.")
    placed = (sequence >= 0) & (sequence < 2**31)
    of_trip(~placed & (trip >= 0) & (stop >= 0), "no valid stop_sequence; the row is skipped.")
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
        row=frame.index.to_numpy(np.int64),
    )
    return calls.kept((trip >= 0) & (stop >= 0) & placed)


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
