"""The timetable of one GTFS feed as flat arrays (struct of arrays, CSR).

Invariants
1. Nothing here changes after construction; live data is an overlay beside it (`Snapshot`), never mixed in.
2. All trips of a pattern call at the same stops in the same order, so call k of trip t is entry
   `trip_call_ptr[t] + k` of the trip-call arrays and entry `pattern_call_ptr[trip_pattern[t]] + k` of the
   pattern-call arrays.
3. Times are seconds after the origin of the service date (noon minus 12 h in the agency's time zone), never
   missing, never decreasing along a trip. POSIX time = `date_origin[day] + journey_shift_s[j] + arrival_s[i]`.
4. Distances are metres along the pattern's line, from 0, never decreasing along a pattern.
5. A *journey* is an undated departure of a trip: one per scheduled trip, one per slot of `frequencies.txt`.
   A dated journey is named by (trip, service day, shift_s).
6. Index arrays hold -1 for "none"; `stop_parent` never points at a stop that itself has a parent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    contains,
    expand_ranges,
    where_true,
)
from predictor.columns import Columns

_LINE_SPACING_M = 1.0e7
DAY_S = 86_400
"""Of all days but the two of the year with 23 and 25 hours."""
PLATFORM, STATION = 0, 1
"""Of `stop_location_type`."""
STOP_NAME, SIGN, LINE_NAME, LINE_SHORT_NAME, PLATFORM_CODE, AGENCY_NAME = NAMED = 0, 1, 2, 3, 4, 5
"""Of `translation_of`: the name of a stop, what a run is bound for, the long and the short name of a line, a platform's
code, who runs lines."""
SPOKEN = "tts"
"""Of `translation_language`: what is not to be read but spoken."""
WHEELCHAIR_UNKNOWN, WHEELCHAIR_YES, WHEELCHAIR_NO = 0, 1, 2
_PAUSE = 1.5
"""A slot that comes more than so many headways after the one before begins anew."""
NO_PICKUP = 1
"""GTFS `pickup_type`: nobody may board."""


@dataclass(frozen=True, eq=False)
class OwnRuns(Columns):
    """The operator's own runs (r,), the trips from `base.trips` on (see `predictor.overlay`)."""

    trip: Int32Array
    service_day: Int32Array
    shift_s: Int32Array
    relationship: Int8Array
    """GTFS-Realtime ScheduleRelationship."""
    model: Int32Array
    """The base trip that the run copies or takes the place of, -1 where none."""


@dataclass(frozen=True, eq=False)
class FormerStops(Columns):
    """Stops (f,) at which the operator's own runs were told to call, and at which they call no more."""

    trip: Int32Array
    call: Int32Array
    """The call that is made elsewhere now."""
    stop: Int32Array


@dataclass(frozen=True, eq=False)
class OwnWays(Columns):
    """Calls (w,) of the operator's own runs from which the way to the next one is not that of the trips in whose place
    they run: how long it takes the timetable does not know."""

    entry: Int64Array
    told_s: Float64Array
    """From arriving to arriving, as the operator expects."""


@dataclass(frozen=True, eq=False)
class Timetable:
    """One GTFS feed.

    Letters: S stops, R routes, P patterns, L lines, K links, T trips, J journeys, V services, D dates.
    """

    feed_version: str
    """SHA-256 of the feed's content, hexadecimal."""
    timezone: str
    """IANA name of the agency's time zone."""
    told_version: str
    """`feed_version` of feed_info.txt: what the operator calls this feed, "" where it does not say."""
    told_end: str
    """`feed_end_date` of it, YYYYMMDD: the last day for which the operator answers for this feed, "" likewise."""

    # Agencies (A,); texts as given, "" where none
    agency_id: StrArray
    """Of a feed's only agency, where it has no `agency_id`, its name."""
    agency_name: StrArray
    agency_url: StrArray
    agency_lang: StrArray
    agency_phone: StrArray
    agency_email: StrArray
    agency_fare_url: StrArray
    agency_timezone: StrArray
    """Its own, "" where it has none that is known; GTFS wants one for all, and `timezone` is that."""
    agency_row: Int32Array
    """Where it stands in agency.txt."""

    # Stops (S,)
    stop_id: StrArray
    stop_code: StrArray
    stop_name: StrArray
    stop_platform: StrArray
    stop_lat: Float64Array
    stop_lon: Float64Array
    stop_parent: Int32Array
    """Parent station, -1 where none."""
    stop_wheelchair: Int8Array
    """`wheelchair_boarding`: `WHEELCHAIR_UNKNOWN`, …"""
    stop_location_type: Int8Array
    """`PLATFORM` (also a stop without one) or `STATION`."""
    stop_timezone: StrArray
    """IANA name of the time zone that clocks there show, "" where it is the agency's."""

    # Entrances, nodes and boarding areas: nothing calls there, but messages and riders name them
    place_id: StrArray
    place_name: StrArray
    place_stop: Int32Array
    """The station or stop that each is part of."""

    # Routes (R,)
    route_id: StrArray
    route_short_name: StrArray
    route_long_name: StrArray
    route_agency_id: StrArray
    route_type: Int32Array
    route_color: StrArray
    """RRGGBB, empty where none."""
    route_text_color: StrArray
    route_sort_order: Int32Array
    """`route_sort_order`: the smaller come first; -1 where not given."""
    route_booked_at: StrArray
    """Number or address where rides on request are booked, "" where the agency's `agency_phone` is called."""
    route_booked_until: StrArray
    """Until when: minutes before, or days before and a time ("1 17:00"); "" where that is not told."""

    # Patterns (P,), their calls in CSR
    pattern_route: Int32Array
    pattern_direction: Int8Array
    """`direction_id`, -1 where none."""
    pattern_line: Int32Array
    pattern_call_ptr: Int64Array
    """(P + 1,)"""
    pattern_stop: Int32Array
    pattern_distance_m: Float64Array
    pattern_link: Int32Array
    """Link from this call to the next, -1 at a pattern's last call."""
    pattern_continuous_pickup: Int8Array
    """As `pickup_type`, of the way from this call to the next, for all trips of the pattern;"""
    pattern_continuous_drop_off: Int8Array
    """likewise."""

    # Lines: the geometry that patterns run on (L,), vertices in CSR
    line_ptr: Int64Array
    """(L + 1,)"""
    line_lat: Float64Array
    line_lon: Float64Array
    line_distance_m: Float64Array
    line_has_shape: BoolArray
    """False where the line was drawn straight from stop to stop."""

    # Links: ordered pairs of neighbouring stops, shared by all patterns that drive them (K,)
    link_from_stop: Int32Array
    link_to_stop: Int32Array
    link_distance_m: Float64Array

    # Trips (T,), their calls in CSR
    trip_id: StrArray
    trip_pattern: Int32Array
    trip_service: Int32Array
    trip_headsign: StrArray
    trip_short_name: StrArray
    trip_block: Int32Array
    """Index into `block_id`, -1 where none."""
    trip_wheelchair: Int8Array
    trip_bikes: Int8Array
    """`bikes_allowed`: 0 nothing, 1 yes, 2 no."""
    trip_call_ptr: Int64Array
    """(T + 1,)"""
    arrival_s: Int32Array
    departure_s: Int32Array
    stop_sequence: Int32Array
    timepoint: BoolArray
    """True where the vehicle waits for its scheduled departure."""
    reckoned: BoolArray
    """True where the feed gives no time: it is reckoned from those before and after it."""
    pickup_type: Int8Array
    drop_off_type: Int8Array
    call_headsign: Int32Array
    """`stop_headsign`: index into `headsign_name`, -1 where the trip's headsign counts."""

    headsign_name: StrArray

    block_id: StrArray

    # Translations (n,) of names that stand above
    translation_language: StrArray
    """Two letters, or `SPOKEN`."""
    translation_of: Int8Array
    """What is named so: one of `NAMED`, or -1 where the feed does not tell."""
    translation_stop: Int32Array
    """The stop that alone is named so, -1 where all of the text are."""
    translation_text: StrArray
    translation_translated: StrArray

    # Attributions (n,): whom to name for the data
    attribution_name: StrArray
    attribution_url: StrArray
    """"" where none."""

    # In-seat transfers (n,), by trip
    continuation_trip: Int32Array
    continuation_to: Int32Array
    """The trip that its riders can stay aboard for."""

    # Journeys (J,): undated departures
    journey_trip: Int32Array
    journey_shift_s: Int32Array
    journey_headway_s: Int32Array
    """0 for a scheduled departure (or exact_times=1), the headway for a slot of exact_times=0."""

    # Calendar
    service_id: StrArray
    date: Int32Array
    """(D,) YYYYMMDD, consecutive days."""
    date_origin: Int64Array
    """(D,) POSIX seconds of noon minus 12 h."""
    service_active: BoolArray
    """(V, D)"""

    @property
    def base(self) -> Timetable:
        """The feed's own timetable, without what the operator's word of the day changes (see `predictor.overlay`)."""
        return self

    def standing_for(self, trip: Int32Array, service_day: Int32Array, shift_s: Int32Array) -> Int32Array:
        """The trip (n,) that runs in the place of each run named by the first trip of its id.

        It is the same one, but where the operator changed the run.
        """
        del service_day, shift_s
        return trip

    own_runs = OwnRuns.empty()
    former_stops = FormerStops.empty()
    own_ways = OwnWays.empty()

    @property
    def left_out(self) -> Int64Array:
        """Sorted keys (`call_key`) of the base's calls at whose stops (stations) those of `own_runs` that
        replace them do not call."""
        return np.empty(0, np.int64)

    @cached_property
    def run_relationships(self) -> Int8Array:
        """(T,) GTFS-Realtime ScheduleRelationship of each trip: SCHEDULED but for runs of the operator's own."""
        return np.append(np.zeros(self.base.trips, np.int8), self.own_runs.relationship)

    @cached_property
    def run_models(self) -> Int32Array:
        """(T,) the trip that each run of the operator's own copies or takes the place of, -1 where none."""
        return np.append(np.full(self.base.trips, NONE, np.int32), self.own_runs.model)

    @cached_property
    def run_named(self) -> Int32Array:
        """(r,) the first trip of the id of each of `own_runs`, by which feeds name it."""
        return np.array([self.trip_index[name] for name in self.trip_id[self.base.trips :].tolist()], np.int32)

    @property
    def by_name(self) -> Timetable:
        """The timetable as feeds name its runs: what runs in a run's place goes by the name of that run."""
        return self

    @property
    def named_start_s(self) -> Int32Array:
        """(T,) seconds after the origin to which a run's shift is added to give the start time that it is named by.

        It is the trip's own first departure, but where the operator replaced the run: its name stays.
        """
        return self.trip_start_s

    @property
    def network_name(self) -> str:
        """What the network is called: as its first agency that has a name, "" where none has."""
        return next((name for name in self.agency_name.tolist() if name), "")

    @property
    def stops(self) -> int:
        """Number of stops and stations."""
        return len(self.stop_id)

    @property
    def trips(self) -> int:
        """Number of trips."""
        return len(self.trip_id)

    @cached_property
    def stop_index(self) -> dict[str, int]:
        """stop_id -> index."""
        return {name: i for i, name in enumerate(self.stop_id.tolist())}

    @cached_property
    def stop_named(self) -> dict[str, int]:
        """stop_id of a stop, a station or any place within one -> index of the stop or station."""
        places = dict(zip(self.place_id.tolist(), self.place_stop.tolist(), strict=True))
        return places | self.stop_index if places else self.stop_index

    @cached_property
    def route_index(self) -> dict[str, int]:
        """route_id -> index."""
        return {name: i for i, name in enumerate(self.route_id.tolist())}

    @cached_property
    def trip_index(self) -> dict[str, int]:
        """trip_id -> index; of a trip that never runs, for it is another one of its block once more, that one's."""
        index = {name: i for i, name in enumerate(self.trip_id.tolist())}
        never = (np.count_nonzero(self.service_active, axis=1) == 0)[self.trip_service] & (self.trip_block >= 0)
        if never.any():
            way = np.column_stack([self.trip_block, self.trip_pattern, self.trip_start_s])
            _, first, of_way = np.unique(way, axis=0, return_index=True, return_inverse=True)
            trips = where_true(never)
            index |= dict(zip(self.trip_id[trips].tolist(), first[of_way[trips]].tolist(), strict=True))
        return index

    @cached_property
    def date_index(self) -> dict[int, int]:
        """YYYYMMDD -> index of the service day."""
        return {day: i for i, day in enumerate(self.date.tolist())}

    def runs_on(self, trip: Any, service_day: Any) -> BoolArray:
        """Whether each trip (n,) runs on a service day, (n,) or one."""
        runs: BoolArray = self.service_active[self.trip_service[trip], service_day]
        return runs

    def next_days(self, day: int) -> Int64Array:
        """(T,) the first service day from `day` on on which each trip runs, the number of days where there is none."""
        coming = np.append(self.service_active[:, day:], np.ones((len(self.service_active), 1), bool), axis=1)
        first: Int64Array = coming.argmax(axis=1) + day
        return first[self.trip_service]

    def day_at(self, at: Any) -> Any:
        """Index of the service day that has begun last by each time (n,), or by one, POSIX seconds; -1 before all."""
        return np.searchsorted(self.date_origin, at, side="right") - 1

    @cached_property
    def trip_calls(self) -> Int32Array:
        """(T,) number of calls of each trip."""
        return np.diff(self.trip_call_ptr).astype(np.int32)

    @overload
    def entry_of(self, trip: int, call: int) -> int: ...
    @overload
    def entry_of(self, trip: Int32Array, call: Int32Array | Int64Array | int) -> Int64Array: ...
    def entry_of(self, trip: Any, call: Any) -> Any:
        """Entry in the trip-call arrays of call `call` of each trip, (n,) or one."""
        return self.trip_call_ptr[trip] + call

    @overload
    def stop_at(self, trip: int, call: int) -> int: ...
    @overload
    def stop_at(self, trip: Int32Array, call: Int32Array | Int64Array | int) -> Int32Array: ...
    def stop_at(self, trip: Any, call: Any) -> Any:
        """Stop of call `call` of each trip, (n,) or one."""
        return self.call_stop[self.entry_of(trip, call)]

    def planned_entries(self, trip: Int32Array, call: Int32Array) -> Int64Array:
        """The entry (n,) of each call as it was planned: its own, but for runs of the operator's own; -1 of those that
        do not go call for call as one of the timetable."""
        return self.entry_of(trip, call)

    def call_at(self, entry: Int64Array) -> Int32Array:
        """Position in its trip (n,) of each entry of the trip-call arrays."""
        return (entry - self.trip_call_ptr[self.call_trip[entry]]).astype(np.int32)

    def station_id_at(self, trip: Int32Array, call: Int32Array) -> StrArray:
        """The id of the station, of a stop that has none the stop's own, at calls (n,) of trips (n,)."""
        return self.station_id_of(self.entry_of(trip, call))

    def station_id_of(self, entry: Int64Array) -> StrArray:
        """The same of entries (n,) of the trip-call arrays."""
        return self.stop_id[self.station[self.call_stop[entry]]]

    def calls_of(self, trip: int) -> slice:
        """Where the calls of one trip stand in the trip-call arrays."""
        return slice(int(self.trip_call_ptr[trip]), int(self.trip_call_ptr[trip + 1]))

    def entries_of(self, trip: Int32Array | Int64Array) -> tuple[Int64Array, Int64Array]:
        """All calls of trips (n,): which trip each is of, and its entry in the trip-call arrays; both (m,)."""
        return expand_ranges(self.trip_call_ptr[trip], self.trip_calls[trip])

    def members(self, stop: int) -> Int32Array:
        """The stop itself, and a station's platforms as well."""
        pointer, member = self.station_members
        return member[pointer[stop] : pointer[stop + 1]]

    @cached_property
    def trip_route(self) -> Int32Array:
        """(T,) route of each trip."""
        return self.pattern_route[self.trip_pattern]

    @cached_property
    def trip_start_s(self) -> Int32Array:
        """(T,) departure from the first stop, seconds after the origin of the service date."""
        return self.departure_s[self.trip_call_ptr[:-1]]

    @cached_property
    def trip_end_s(self) -> Int32Array:
        """(T,) arrival at the last stop, seconds after the origin of the service date."""
        return self.arrival_s[self.trip_call_ptr[1:] - 1]

    @cached_property
    def trip_lasts_s(self) -> Int32Array:
        """(T,) seconds from its first departure to its last arrival."""
        return self.trip_end_s - self.trip_start_s

    @cached_property
    def pattern_start(self) -> tuple[Float64Array, Float64Array]:
        """Latitude and longitude (P,) of each pattern's first call on its line."""
        return self._on_line(self.pattern_call_ptr[:-1])

    @cached_property
    def pattern_end(self) -> tuple[Float64Array, Float64Array]:
        """Latitude and longitude (P,) of each pattern's last call on its line."""
        return self._on_line(self.pattern_call_ptr[1:] - 1)

    @cached_property
    def pattern_way(self) -> Int8Array:
        """(P,) the direction that each pattern leads in, 0 or 1, to riders: where the feed gives none, that of their
        route's pattern with most trips for those that lead the same way as it, else the other."""
        trips = np.bincount(self.trip_pattern, minlength=len(self.pattern_route))
        order = np.lexsort((-trips, self.pattern_route))
        opens = np.searchsorted(self.pattern_route[order], np.arange(self.pattern_route.max(initial=-1) + 1))
        usual = order[np.minimum(opens, len(order) - 1)][self.pattern_route] if len(order) else order
        (from_lat, from_lon), (to_lat, to_lon) = self.pattern_start, self.pattern_end
        north, east = to_lat - from_lat, (to_lon - from_lon) * np.cos(np.radians(from_lat))
        back = north * north[usual] + east * east[usual] < 0.0
        main = np.maximum(self.pattern_direction[usual], 0)
        inferred = np.where(back, 1 - main, main)
        return np.where(self.pattern_direction < 0, inferred, self.pattern_direction).astype(np.int8)

    @cached_property
    def trip_way(self) -> Int8Array:
        """(T,) `pattern_way` of each trip."""
        return self.pattern_way[self.trip_pattern]

    def _on_line(self, pattern_call: Int64Array) -> tuple[Float64Array, Float64Array]:
        """Where on their lines calls (P,), one a pattern, lie."""
        axis = self.line_of_vertex * _LINE_SPACING_M + self.line_distance_m
        at = self.pattern_line * _LINE_SPACING_M + self.pattern_distance_m[pattern_call]
        return np.interp(at, axis, self.line_lat), np.interp(at, axis, self.line_lon)

    @cached_property
    def trip_is_frequency(self) -> BoolArray:
        """(T,) whether the trip runs by headway (exact_times=0): its vehicles name their own start time."""
        return self.trip_headway_s > 0

    @cached_property
    def trip_headway_s(self) -> Int32Array:
        """(T,) the longest headway of each trip, 0 where it does not run by headway."""
        longest = np.zeros(self.trips, np.int32)
        np.maximum.at(longest, self.journey_trip, self.journey_headway_s)
        return longest

    def headway_s(self, trip: Int32Array, shift_s: Int32Array) -> Int32Array:
        """Seconds (n,) between the vehicles of trips run by headway, for their runs that are `shift_s` later than their
        times; 0 of other trips."""
        result, rows = np.zeros(len(trip), np.int32), where_true(self.trip_is_frequency[trip])
        if len(rows):
            _, number, headway_s = self._slots_in_order
            first = number.searchsorted(run_number(trip[rows], -(2**31)))
            place = number.searchsorted(run_number(trip[rows], shift_s[rows]), side="right") - 1
            result[rows] = headway_s[np.maximum(place, first)]
        return result

    def opens_a_headway(self, trip: Int32Array, shift_s: Int32Array) -> BoolArray:
        """Whether runs (n,) of trips run by headway are the first of theirs, or the first after a pause: these alone
        have a time, for that is when frequencies.txt begins."""
        return contains(self._opening_runs, run_number(trip, shift_s))

    @cached_property
    def journey_stands_s(self) -> Int32Array:
        """(J,) how long after its time the last slot of a headway, or the last before a pause, stands for what comes
        until the headway ends, seconds; 0 of all others, behind which the next one stands for that."""
        slot, _, headway_s = self._slots_in_order
        # One stands before each that opens a headway, and at the end.
        closes = np.roll(self._opens, -1)
        result = np.zeros(len(self.journey_trip), np.int32)
        result[slot[closes]] = headway_s[closes]
        return result

    @cached_property
    def _opening_runs(self) -> Int64Array:
        """Sorted numbers of the runs by headway that no other comes before."""
        return self._slots_in_order[1][self._opens]

    @cached_property
    def _opens(self) -> BoolArray:
        """(n,) whether each slot of `_slots_in_order` is the first of its trip, or the first after a pause."""
        _, number, headway_s = self._slots_in_order
        opens = np.ones(len(number), bool)
        opens[1:] = np.diff(number) > _PAUSE * headway_s[:-1]
        return opens

    @cached_property
    def _slots_in_order(self) -> tuple[Int64Array, Int64Array, Int32Array]:
        """(n,) the journeys that are slots of a headway, by trip and time, with their run numbers and headways,
        seconds."""
        slot = where_true(self.journey_headway_s > 0)
        number = run_number(self.journey_trip[slot], self.journey_shift_s[slot])
        order = np.argsort(number)
        return slot[order], number[order], self.journey_headway_s[slot[order]]

    def has_run(self, trip: Int32Array, shift_s: Int32Array) -> BoolArray:
        """Whether the timetable has each run (n,): of a trip run by headway at any time, of others those alone that it
        names."""
        result: BoolArray = self.trip_is_frequency[trip] | contains(self._run_numbers, run_number(trip, shift_s))
        return result

    @cached_property
    def _run_numbers(self) -> Int64Array:
        """Sorted, those of all its runs."""
        return np.sort(self.journey_number)

    @property
    def journey_number(self) -> Int64Array:
        """(J,) `run_number` of each journey."""
        return run_number(self.journey_trip, self.journey_shift_s)

    @cached_property
    def trip_has_a_way(self) -> BoolArray:
        """(T,) whether the trip calls twice or more: on one that the operator tells of at a single stop no vehicle can
        be followed."""
        return self.trip_calls > 1

    @cached_property
    def trip_repeats(self) -> BoolArray:
        """(T,) whether frequencies.txt has the trip run other than by its own times: its runs name their start time."""
        repeats = np.zeros(self.trips, bool)
        repeats[self.journey_trip[(self.journey_headway_s > 0) | (self.journey_shift_s != 0)]] = True
        return repeats

    @cached_property
    def trip_overlaps(self) -> BoolArray:
        """(T,) whether several runs of the trip may be under way at once: it repeats, or takes a day and longer."""
        overlaps: BoolArray = self.trip_repeats | (self.trip_lasts_s >= DAY_S)
        return overlaps

    @cached_property
    def trip_twin(self) -> Int32Array:
        """(T,) the trip of another line that is the same run: of one block, with the same calls at the same times; -1
        where there is none."""
        trip = where_true((self.trip_block >= 0) & ~self.trip_repeats)
        ends = np.column_stack([self.trip_block, self.trip_start_s, self.trip_end_s, self.trip_calls])[trip]
        order = np.lexsort(ends.T)
        alike = (ends[order[:-1]] == ends[order[1:]]).all(axis=1)
        one, other = trip[order[:-1][alike]], trip[order[1:][alike]]
        same = self.same_calls(one, other) & (self.trip_route[one] != self.trip_route[other])
        twin = np.full(self.trips, NONE, np.int32)
        twin[one[same]], twin[other[same]] = other[same], one[same]
        return twin

    def same_calls(self, trip: Int64Array, other: Int64Array, later_s: Int32Array | int = 0) -> BoolArray:
        """Whether trips (n,) call where others (n,) of as many calls do, each `later_s` (n,) seconds later."""
        (pair, entry), (_, as_entry) = self.entries_of(trip), self.entries_of(other)
        later_s, differs = np.broadcast_to(later_s, len(trip))[pair], self.call_stop[entry] != self.call_stop[as_entry]
        for times in (self.arrival_s, self.departure_s):
            differs |= times[entry] - later_s != times[as_entry]
        same: BoolArray = np.bincount(pair, differs, len(trip)) == 0
        return same

    @cached_property
    def has_twins(self) -> bool:
        """Whether any trip has a twin."""
        return bool((self.trip_twin >= 0).any())

    @cached_property
    def call_trip(self) -> Int32Array:
        """(trip calls,) trip of each trip call."""
        return np.repeat(np.arange(self.trips, dtype=np.int32), self.trip_calls)

    @cached_property
    def call_stays(self) -> BoolArray:
        """(trip calls,) whether the trip's next call is at the same stop: to riders both are one."""
        stays = np.zeros(len(self.call_stop), bool)
        stays[:-1] = (self.call_stop[1:] == self.call_stop[:-1]) & (self.call_trip[1:] == self.call_trip[:-1])
        return stays

    @cached_property
    def alighting(self) -> Int8Array:
        """(trip calls,) `drop_off_type`: at the second of two calls in a row at one stop that of the first, where
        riders may get off there at all."""
        first = where_true(self.call_stays)
        first = first[self.drop_off_type[first] != NO_PICKUP]
        kinds = self.drop_off_type.copy()
        kinds[first + 1] = kinds[first]
        return kinds

    @cached_property
    def stay_end(self) -> Int32Array:
        """(trip calls,) the trip call at which a vehicle leaves that stands at each: the last of those in a row."""
        calls = np.arange(len(self.call_stop), dtype=np.int32)
        leaves = np.where(self.call_stays, np.int32(len(calls)), calls)
        return np.minimum.accumulate(leaves[::-1])[::-1]

    @cached_property
    def call_pattern_call(self) -> Int32Array:
        """(trip calls,) pattern call of each trip call."""
        from_first = (self.pattern_call_ptr[self.trip_pattern] - self.trip_call_ptr[:-1]).astype(np.int32)
        calls = np.arange(len(self.arrival_s), dtype=np.int32)
        return calls + np.repeat(from_first, self.trip_calls)

    @cached_property
    def pattern_of_call(self) -> Int64Array:
        """(pattern calls,) pattern of each pattern call."""
        return np.repeat(np.arange(len(self.pattern_route)), np.diff(self.pattern_call_ptr))

    @cached_property
    def line_of_vertex(self) -> Int64Array:
        """(vertices,) line of each vertex."""
        return np.repeat(np.arange(len(self.line_ptr) - 1), np.diff(self.line_ptr))

    @cached_property
    def call_stop(self) -> Int32Array:
        """(trip calls,) stop of each trip call."""
        return self.pattern_stop[self.call_pattern_call]

    @cached_property
    def station(self) -> Int32Array:
        """(S,) the station of each stop; the stop itself, where it belongs to none."""
        return np.where(self.stop_parent >= 0, self.stop_parent, np.arange(self.stops)).astype(np.int32)

    @cached_property
    def station_members(self) -> tuple[Int64Array, Int32Array]:
        """CSR (S + 1,), (S + platforms,): each stop itself, and each station's platforms as well."""
        own = np.arange(self.stops, dtype=np.int32)
        child = where_true(self.stop_parent >= 0).astype(np.int32)
        owner = np.concatenate([own, self.stop_parent[child]])
        member = np.concatenate([own, child])
        order = np.argsort(owner, kind="stable")
        return np.searchsorted(owner[order], np.arange(self.stops + 1)).astype(np.int64), member[order]


def run_number(trip: Int32Array, shift_s: Int32Array | int) -> Int64Array:
    """A number for each run (n,) of a trip, in order of trips and starts, those of two trips far apart."""
    return trip.astype(np.int64) * 2**32 + shift_s
