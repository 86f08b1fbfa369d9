"""What the engine remembers of each vehicle between two steps, and all that writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from predictor.arrays import (
    NONE,
    AnyArray,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    expand_ranges,
    is_one_of,
    places_of,
    where_true,
)
from predictor.columns import column_types, replace
from predictor.geometry import ground_distance_m
from predictor.match import FASTEST_M_S, LEAP_M, STOP_ZONE_M, Match
from predictor.observations import Observations
from predictor.passages import CallTimes, Stretches
from predictor.runs import DatedRuns
from predictor.search_loop import rows_named
from predictor.snapshot import DEADHEAD, IN_SERVICE, LAYOVER, OFF_ROUTE, UNMATCHED, ReportedVehicles
from predictor.timetable import Timetable

_ZERO: Mapping[str, Any] = MappingProxyType({"nothing": 0})
_NEVER: Mapping[str, Any] = MappingProxyType({"nothing": -np.inf})
_ALWAYS: Mapping[str, Any] = MappingProxyType({"nothing": np.inf})
_UNMATCHED: Mapping[str, Any] = MappingProxyType({"nothing": UNMATCHED})

_SAME_PLACE_M = 150.0
"""A call that is moved by no more, as to another platform, is the same call to a vehicle under way."""
_BY_TURNS_S = 120.0
"""Who is missing from the messages for longer is not looked for under another id."""
_PACE_MEMORY_S = 1200.0
_LONGEST_REPORT_GAP_S = 600.0
HEARD_LONG_S = 180.0
"""A vehicle may report late for so long, where the network is bad, without its clock being slow."""
_GETS_ON_M = 50.0
"""A vehicle that gets no further along its line than this stands."""
_STANDS_S = 120.0
"""Of a vehicle that has stood for so long it is kept over a restart since when."""
_STANDS_NOW_SD_S = 30.0
"""How sharply the arrival of a vehicle is known that is first seen standing at its stop."""


@dataclass(frozen=True, eq=False)
class Tracks(ReportedVehicles):
    """One row, its *slot*, a vehicle; all arrays (slots,). The run is the one that the vehicle is on.

    Unlike other groups of columns, cells are written in place, by the methods here alone.
    """

    # The reports
    heard_at: Float64Array
    """The first report."""
    named_at: Float64Array = field(metadata=_NEVER)
    """When the vehicle last named a trip itself."""
    report_gap_s: Float64Array
    """Usual time between two reports."""
    clock_fast_s: Float64Array = field(metadata=_ZERO)
    """By how much its clock was found to be fast."""
    stamped_at: Float64Array
    """The time of that report by the vehicle's own clock."""
    least_age_s: Float64Array = field(metadata=_ALWAYS)
    """The least age at which any of its reports came: by so much its clock is slow at most."""
    same_place_since: Float64Array
    """Since when it reports the very same coordinates."""

    # The last real movement
    anchor_lat: Float64Array
    """Where it ended,"""
    anchor_lon: Float64Array
    moved_at: Float64Array = field(metadata=_NEVER)
    """and when;"""
    course: Float64Array
    """its direction in degrees."""
    got_on_m: Float64Array
    """How far along the line of its run it has last got on,"""
    got_on_at: Float64Array = field(metadata=_NEVER)
    """and when: who stands moves too, by its receiver, but gets no further."""

    # The match
    state: Int8Array = field(metadata=_UNMATCHED)
    distance_m: Float64Array
    arrived: Int32Array = field(metadata=_ZERO)
    """Number of the trip's calls that the vehicle has arrived at;"""
    departed: Int32Array = field(metadata=_ZERO)
    """and left: where this is less, it stands at one."""
    since: Float64Array
    """When this run was taken up."""
    arrived_at: Float64Array
    """When it arrived at the last call that it has arrived at (left it, at a trip's first stop)."""
    arrived_sd_s: Float64Array
    on_line_at: Float64Array
    """When it was last seen on the line of its run."""
    away: Int32Array = field(metadata=_ZERO)
    """Reports in a row off that line."""
    leapt: BoolArray
    """The report after the one that is told here was passed over: see `passed_over`."""
    waits_since: Float64Array
    """When it came to wait at the first stop of its run, NaN where it does not wait there."""
    from_m: Float64Array
    """Where on the line it was when it took up this run, or last before it left the first stop."""
    against_m: Float64Array = field(metadata=_ZERO)
    """Metres that it has moved against that line in a row,"""
    along_m: Float64Array = field(metadata=_ZERO)
    """and along it, before it was seen to leave the first stop."""
    at_stop: BoolArray
    """It is at the stop of the call that it has arrived at and not left, not only near."""

    # How it has been driving
    delay_s: Float64Array
    """Schedule deviation at the last call arrived at,"""
    delay_before_s: Float64Array
    """and at some call before."""
    driven_s: Float64Array = field(metadata=_ZERO)
    """Link times of late, measured,"""
    expected_s: Float64Array = field(metadata=_ZERO)
    """and expected, fading: their ratio is the vehicle's own pace."""

    # The run last finished
    finished_trip: Int32Array
    finished_day: Int32Array
    finished_shift_s: Int32Array = field(metadata=_ZERO)

    # The run that it has been given and is not on yet: its next one
    next_trip: Int32Array
    next_day: Int32Array
    next_shift_s: Int32Array = field(metadata=_ZERO)

    # The assignment being tried for a vehicle that names no trip
    guess_trip: Int32Array
    guess_day: Int32Array
    guess_shift_s: Int32Array = field(metadata=_ZERO)
    guess_m: Float64Array
    guesses: Int32Array = field(metadata=_ZERO)

    @property
    def names_its_trip(self) -> BoolArray:
        """Whether each vehicle has named a trip since it took up its run: if not, that was found for it."""
        # On no run yet, `since` is NaN.
        return self.named_at >= np.fmax(self.since, -np.finfo(np.float64).max)

    @property
    def passed(self) -> Int32Array:
        """How many times each vehicle has reached or left a stop of its run."""
        return self.arrived + self.departed

    @property
    def placed_at(self) -> Float64Array:
        """When each vehicle was last seen where it is taken to be: one away from its line stays where it left it."""
        on_line_at = np.fmax(self.on_line_at, self.since)
        return np.where(self.state == OFF_ROUTE, on_line_at, self.timestamp)

    @property
    def finished(self) -> DatedRuns:
        """The run that each vehicle last finished."""
        return DatedRuns(self.finished_trip, self.finished_day, self.finished_shift_s)

    @property
    def upcoming(self) -> DatedRuns:
        """The run that each vehicle has been given as its next one, trip -1 where none."""
        return DatedRuns(self.next_trip, self.next_day, self.next_shift_s)

    @property
    def guessed(self) -> DatedRuns:
        """The run that is being tried for each vehicle, trip -1 where none."""
        return DatedRuns(self.guess_trip, self.guess_day, self.guess_shift_s)

    def with_vehicles_of(self, observations: Observations) -> tuple[Tracks, Int64Array]:
        """The tracks with a slot for each vehicle that reports, and the slot of each report (n,)."""
        slot = _rows_named(self.vehicle_id, observations.vehicle_id)
        unknown = where_true(slot < 0)
        if len(unknown):
            slot[unknown] = self._under_another_id(observations.take(unknown), slot)
            unknown = unknown[slot[unknown] < 0]
        if len(unknown) == 0:
            return self, slot
        new = np.array(list(dict.fromkeys(observations.vehicle_id[unknown].tolist())), np.str_)
        tracks = Tracks.joined(self, replace(Tracks.blank(len(new)), vehicle_id=new))
        slot[unknown] = _rows_named(tracks.vehicle_id, observations.vehicle_id[unknown])
        told = observations.vehicle_label
        label = tracks.label.astype(np.promote_types(tracks.label.dtype, told.dtype))
        label[slot] = told
        return replace(tracks, label=label), slot

    def _under_another_id(self, new: Observations, slot: Int64Array) -> Int64Array:
        """The slots of reports (n,) under ids that nobody has had, -1 where they are of new vehicles.

        Who drives a trip on from where its only vehicle lately was, of which the message (`slot` of its reports) says
        nothing any more, is that vehicle: what writes the feed was started again.
        """
        result = np.full(len(new), NONE, np.int64)
        missing = is_one_of(self.state, (LAYOVER, IN_SERVICE)) & (self.trip >= 0)
        missing &= self.timestamp > new.received_at - _BY_TURNS_S
        missing[slot[slot >= 0]] = False
        before = where_true(missing)
        before = before[np.argsort(self.trip[before], kind="stable")]
        place = places_of(new.trip, self.trip[before])
        row, before = where_true(place >= 0), before[place[place >= 0]]
        if len(row) == 0:
            return result
        # Where there are several vehicles on a trip nobody knows which of them it is.
        trip = np.concatenate([self.trip[places_of(self.trip, np.sort(self.trip[before])) >= 0], new.trip[row]])
        one, count = np.unique(trip, return_counts=True)
        since_s = new.timestamp[row] - self.timestamp[before]
        way_m = ground_distance_m(self.lat[before], self.lon[before], new.lat[row], new.lon[row])
        same = (count[np.searchsorted(one, new.trip[row])] == 2) & (since_s > 0)
        same &= way_m < FASTEST_M_S * since_s + LEAP_M
        result[row[same]] = before[same]
        return result

    def given_up(self, slot: Int64Array, now: float, silence_limit_s: float) -> BoolArray:
        """Which vehicles (slots,) are silent for too long: on a run or seen again, `silence_limit_s`. An id on no run
        that was told once and that the message (`slot` of its reports) tells no more was one for a moment, as where
        a feed gives a bus another with each message."""
        silent_s = now - self.timestamp
        for_a_moment = (self.trip < 0) & (self.heard_at == self.timestamp) & (silent_s > _BY_TURNS_S)
        for_a_moment[slot] = False
        result: BoolArray = (silent_s > silence_limit_s) | (for_a_moment & (len(slot) > 0))
        return result

    def without(self, gone: BoolArray) -> Tracks:
        """The tracks less those vehicles (slots,) for good."""
        return self.take(~gone) if gone.any() else self

    def in_timetable(self, old: Timetable, new: Timetable) -> Tracks:
        """The tracks by the indices of another timetable; a vehicle whose run is gone, or may now stand for other
        calls, is on none."""
        finished, following = self.finished.renamed(old, new), self.upcoming.renamed(old, new)
        guessed = self.guessed.renamed(old, new)
        tracks = replace(
            self.renamed(old, new),
            finished_trip=finished.trip,
            finished_day=finished.service_day,
            next_trip=following.trip,
            next_day=following.service_day,
            guess_trip=guessed.trip,
            guess_day=guessed.service_day,
        )
        tracks.next_trip[tracks.next_day < 0] = NONE
        lost = (tracks.trip < 0) | (tracks.service_day < 0)
        kept = where_true(~lost)
        others = kept[~_same_places(old, self.trip[kept], new, tracks.trip[kept])]
        on_line = _same_line(old, self.trip[others], new, tracks.trip[others]) & np.isfinite(self.distance_m[others])
        tracks.count_anew(new, others[on_line])
        lost[others[~on_line]] = True
        tracks.release(where_true(lost))
        return tracks

    def count_anew(self, timetable: Timetable, slot: Int64Array) -> None:
        """Count the calls that vehicles (n,) have come to and left on a run that has others, from where they are."""
        pattern = timetable.trip_pattern[self.trip[slot]]
        row, call = expand_ranges(timetable.pattern_call_ptr[pattern], timetable.trip_calls[self.trip[slot]])
        ahead_m = timetable.pattern_distance_m[call] - self.distance_m[slot][row]
        came = np.bincount(row[ahead_m <= STOP_ZONE_M], minlength=len(slot))
        left = np.bincount(row[ahead_m <= -STOP_ZONE_M], minlength=len(slot))
        left = np.minimum(left, timetable.trip_calls[self.trip[slot]] - 1)
        self.arrived[slot] = np.where(self.arrived[slot] > 0, came, 0)
        self.departed[slot] = np.where(self.departed[slot] > 0, left, 0)
        self.arrived_at[slot] = self.arrived_sd_s[slot] = np.nan

    def release(self, slot: Int64Array) -> None:
        """Take the run from vehicles (n,)."""
        blank = Tracks.blank(1)
        for name in _OF_A_RUN:
            getattr(self, name)[slot] = getattr(blank, name)[0]

    def set_clock(self, slot: Int64Array, fast_s: Float64Array, stamped_at: Float64Array) -> None:
        """Remember how fast the clocks of vehicles (n,) are, and what they show."""
        self.clock_fast_s[slot], self.stamped_at[slot] = fast_s, stamped_at

    def note_ages(self, slot: Int64Array, age_s: Float64Array) -> None:
        """Remember how old reports (n,) of vehicles were when they came."""
        self.least_age_s[slot] = np.fmin(self.least_age_s[slot], age_s)

    def always_late(self, slot: Int64Array, late_s: float) -> Int64Array:
        """Those of vehicles (n,) that have reported for some minutes and never less than `late_s` late, the latest
        first."""
        heard_for_s = self.timestamp[slot] - self.heard_at[slot]
        late = slot[(heard_for_s >= HEARD_LONG_S) & (self.least_age_s[slot] >= late_s)]
        order: Int64Array = np.argsort(-self.least_age_s[late], kind="stable")
        return late[order]

    def stood(self) -> dict[str, AnyArray]:
        """Where vehicles stand on their runs or before them, and since when, so that it outlives a restart."""
        on_run = is_one_of(self.state, (DEADHEAD, LAYOVER, IN_SERVICE))
        rows = where_true(on_run & (self.timestamp - self.got_on_at > _STANDS_S))
        names = ("vehicle_id", "lat", "lon", "timestamp", "got_on_at")
        return {name: getattr(self, name)[rows] for name in names}

    def stand_since(self, stood: Mapping[str, AnyArray], oldest: float) -> None:
        """Have the vehicles that were not heard yet stand where they `stood`, if they reported so since `oldest`, until
        they move."""
        slot = _rows_named(self.vehicle_id, stood["vehicle_id"])
        known = (slot >= 0) & (stood["timestamp"] > oldest)
        known[known] = np.isnan(self.since[slot[known]])
        slot = slot[known]
        self.anchor_lat[slot], self.anchor_lon[slot] = stood["lat"][known], stood["lon"][known]
        self.moved_at[slot] = stood["got_on_at"][known]

    def hear(self, slot: Int64Array, obs: Observations) -> None:
        """Remember that vehicles (n,) were heard, and which of them name their trip."""
        self.heard_at[slot] = np.fmin(self.heard_at[slot], obs.timestamp)
        self.named_at[slot] = np.where(obs.trip >= 0, obs.timestamp, self.named_at[slot])

    def passed_over(self, slot: Int64Array, match: Match) -> BoolArray:
        """Which matches (n,) are not to be followed: of vehicles on their line, a place to which they cannot have come,
        until another report tells of one."""
        result: BoolArray = match.leapt & ~self.leapt[slot] & (self.state[slot] != OFF_ROUTE)
        self.leapt[slot] = result
        return result

    def give(self, slot: Int64Array, upcoming: DatedRuns) -> None:
        """Note the next run (n,) that vehicles have been given, trip -1 where none."""
        self.next_trip[slot], self.next_day[slot] = upcoming.trip, upcoming.service_day
        self.next_shift_s[slot] = upcoming.shift_s

    def guess(self, slot: Int64Array, runs: DatedRuns, distance_m: Float64Array) -> BoolArray:
        """Note the run that fits each vehicle (n,) best now, trip -1 where none does, and where on it; whether it is
        the same as the time before. `guesses` counts how often in a row it was, `guess_m` keeps where it was at
        first."""
        agrees: BoolArray = (runs.trip >= 0) & self.guessed.take(slot).same_as(runs)
        self.guesses[slot] = np.where(agrees, self.guesses[slot] + 1, np.where(runs.trip >= 0, 1, 0))
        self.guess_m[slot] = np.where(agrees, self.guess_m[slot], distance_m)
        self.guess_trip[slot], self.guess_day[slot] = runs.trip, runs.service_day
        self.guess_shift_s[slot] = runs.shift_s
        return agrees

    def note_pace(self, slot: Int64Array, driven_s: Float64Array, expected_s: Float64Array) -> None:
        """Note link times (n,), measured and expected; a vehicle may have driven several."""
        np.add.at(self.driven_s, slot, np.minimum(driven_s, 3.0 * expected_s + 60.0))
        np.add.at(self.expected_s, slot, expected_s)
        fade = np.exp(-self.expected_s[slot] / _PACE_MEMORY_S * 0.5)
        self.driven_s[slot] *= fade
        self.expected_s[slot] *= fade

    def follow(
        self, timetable: Timetable, slot: Int64Array, obs: Observations, match: Match, driven: Stretches,
        times: CallTimes,
    ) -> DatedRuns:  # fmt: skip
        """Write the match of each report (n,) into its track, with what the stretches driven since tell of it.

        Returns: the runs that have come to their last call with this report.
        """
        # The start of the link that a vehicle is on now: its arrival at the last call, or departure from the first.
        latest = where_true(times.call == driven.arrived_to[times.stretch] - 1)
        stretch = driven.take(times.stretch[latest])
        first = times.call[latest] == 0
        start_at: Float64Array = np.where(first, times.departure[latest], times.arrival[latest])
        entry = timetable.entry_of(stretch.trip, times.call[latest])
        due_s = np.where(first, timetable.departure_s[entry], timetable.arrival_s[entry])
        delay = start_at - stretch.origin(timetable) - due_s

        arrived_at, arrived_sd_s = self._arrivals(slot, obs, match)
        arrived_at[stretch.row], arrived_sd_s[stretch.row] = start_at, times.arrival_sd_s[latest]
        self._note_delay(slot, match, stretch.row, delay)
        self._note_report_gap(slot, obs)
        ends = self._note_end(timetable, slot, match)

        self.on_line_at[slot] = np.where(
            (match.trip >= 0) & (match.state != OFF_ROUTE),
            obs.timestamp,
            np.where(match.continued, self.on_line_at[slot], np.nan),
        )
        self.away[slot] = np.where(match.state == OFF_ROUTE, np.where(match.continued, self.away[slot], 0) + 1, 0)
        self.since[slot] = np.where(match.continued, self.since[slot], obs.timestamp)
        waits = match.state == LAYOVER
        # Who has not moved has not only come there: it is seen to be near, or not, by a few metres.
        came = ~match.continued | (match.moved & (self.state[slot] != LAYOVER)) | np.isnan(self.waits_since[slot])
        self.waits_since[slot] = np.where(waits & came, obs.timestamp, self.waits_since[slot])
        under_way = match.continued & (self.departed[slot] > 0)
        self.from_m[slot] = np.where(under_way, self.from_m[slot], match.distance_m)
        self.arrived_at[slot], self.arrived_sd_s[slot] = arrived_at, arrived_sd_s
        self.moved_at[slot] = np.where(match.moved, obs.timestamp, self.moved_at[slot])
        gets_on = ~match.continued | ~(np.abs(match.distance_m - self.got_on_m[slot]) <= _GETS_ON_M)
        gets_on |= (self.departed[slot] == 0) & (match.departed > 0)
        self.got_on_at[slot] = np.where(gets_on, self.moved_at[slot], self.got_on_at[slot])
        self.got_on_m[slot] = np.where(gets_on, match.distance_m, self.got_on_m[slot])
        self.anchor_lat[slot] = np.where(match.moved, obs.lat, self.anchor_lat[slot])
        self.anchor_lon[slot] = np.where(match.moved, obs.lon, self.anchor_lon[slot])
        same_place = (self.lat[slot] == obs.lat) & (self.lon[slot] == obs.lon)
        self.same_place_since[slot] = np.where(same_place, self.same_place_since[slot], obs.timestamp)
        for name in _AS_REPORTED:
            getattr(self, name)[slot] = getattr(obs, name)
        for name in _AS_MATCHED:
            getattr(self, name)[slot] = getattr(match, name)
        return match.runs.take(ends)

    def _arrivals(self, slot: Int64Array, obs: Observations, match: Match) -> tuple[Float64Array, Float64Array]:
        """When each vehicle (n,) arrived at its last call, and how sharply that is known, where no stretch tells."""
        untold = match.continued & (match.arrived > self.arrived[slot])
        stays = match.continued & ~untold
        arrived_at = np.where(stays, self.arrived_at[slot], np.nan)
        arrived_sd_s = np.where(stays, self.arrived_sd_s[slot], np.nan)
        # Then it is known only if it stands there now.
        came = ~stays & (match.arrived > match.departed) & (match.departed > 0)
        arrived_at[came], arrived_sd_s[came] = obs.timestamp[came], _STANDS_NOW_SD_S
        return arrived_at, arrived_sd_s

    def _note_delay(self, slot: Int64Array, match: Match, row: Int64Array, delay: Float64Array) -> None:
        """Note the schedule deviation, where it is new: of the reports `row` (m,) as far as `delay` (m,) is known."""
        known = np.isfinite(delay)
        row, delay = row[known], delay[known]
        vehicle = slot[row]
        was = np.where(match.continued[row], self.delay_s[vehicle], np.nan)
        goes_on = np.where(match.continued, self.delay_s[slot], np.nan)
        before = np.where(match.continued, self.delay_before_s[slot], np.nan)
        self.delay_s[slot], self.delay_before_s[slot] = goes_on, before
        self.delay_before_s[vehicle] = np.where(np.isfinite(was), was, delay)
        self.delay_s[vehicle] = delay

    def _note_report_gap(self, slot: Int64Array, obs: Observations) -> None:
        gap, usual = obs.timestamp - self.timestamp[slot], self.report_gap_s[slot]
        smoothed = np.where(np.isnan(usual), gap, 0.8 * usual + 0.2 * gap)
        tells = np.isfinite(gap) & (gap < _LONGEST_REPORT_GAP_S)
        self.report_gap_s[slot] = np.where(tells, smoothed, usual)

    def _note_end(self, timetable: Timetable, slot: Int64Array, match: Match) -> BoolArray:
        """Note the runs that are over with this report; whether each (n,) is."""
        calls = np.where(match.trip >= 0, timetable.trip_calls[np.maximum(match.trip, 0)], 0)
        ends: BoolArray = (match.trip >= 0) & (match.arrived >= calls)
        ends &= ~(match.continued & (self.arrived[slot] >= calls))
        self.finished_trip[slot[ends]] = match.trip[ends]
        self.finished_day[slot[ends]] = match.service_day[ends]
        self.finished_shift_s[slot[ends]] = match.shift_s[ends]
        return ends


def _rows_named(names: StrArray, wanted: StrArray) -> Int64Array:
    """Where each name wanted (n,) stands among `names` (m,), -1 where it does not."""
    points, wanted_points = (
        np.ascontiguousarray(group).view(np.uint32).reshape(len(group), group.itemsize // 4)
        for group in (names, wanted)
    )
    return rows_named(points, wanted_points, rooms=1 << (2 * len(names)).bit_length())


def _same_line(old: Timetable, was: Int32Array, new: Timetable, trip: Int32Array) -> BoolArray:
    """Whether trips (n,) run along the line of the trips that they were, which is one of the feed's own."""
    line = new.pattern_line[new.trip_pattern[trip]]
    same: BoolArray = (line == old.pattern_line[old.trip_pattern[was]]) & (line < len(new.base.line_ptr) - 1)
    return same if old.base is new.base else np.zeros(len(trip), bool)


def _same_places(old: Timetable, was: Int32Array, new: Timetable, trip: Int32Array) -> BoolArray:
    """Whether trips (n,) call where the trips that they were did, or nearly: at another platform of the station."""
    same: BoolArray = old.trip_calls[was] == new.trip_calls[trip]
    changed = (was != trip) | (trip >= new.base.trips) | (old.base is not new.base)
    rows = where_true(same & changed)
    calls = old.trip_calls[was[rows]]
    row, call = expand_ranges(old.trip_call_ptr[was[rows]], calls)
    _, other = expand_ranges(new.trip_call_ptr[trip[rows]], calls)
    old_stop, new_stop = old.call_stop[call], new.call_stop[other]
    apart = ground_distance_m(
        old.stop_lat[old_stop], old.stop_lon[old_stop], new.stop_lat[new_stop], new.stop_lon[new_stop]
    )
    same[rows[np.unique(row[apart > _SAME_PLACE_M])]] = False
    return same


_OF_A_RUN = (
    *column_types(DatedRuns), "distance_m", "arrived", "departed", "arrived_at", "arrived_sd_s", "since", "on_line_at",
    "away", "waits_since", "from_m", "against_m", "along_m", "at_stop", "state", "delay_s", "delay_before_s",
)  # fmt: skip
"""Columns that speak of the run that the vehicle is on."""
_AS_REPORTED = (
    "lat", "lon", "bearing", "speed", "timestamp", "occupancy", "occupancy_percentage", "wheelchair", "congestion",
)  # fmt: skip
_AS_MATCHED = (
    *column_types(DatedRuns), "state", "distance_m", "arrived", "departed", "course", "against_m", "along_m",
    "at_stop",
)  # fmt: skip
