"""Which dated run each entity means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat

import numpy as np

from feeds.gtfs.headsigns import destination
from feeds.ids.known_ids import ids_of, places_in, short_text
from feeds.ids.run_names import a_few, dated_near, run_names, without_other_starts, without_shared_starts
from feeds.trip_updates.call_times import EARLIEST_S
from feeds.trip_updates.entities import Entities, delay_in_range
from feeds.trip_updates.message_columns import (
    NEW_IF_UNKNOWN,
    OF_TIMETABLE,
    StopTimeUpdates,
    UpdatedRuns,
)
from feeds.trip_updates.nearest_runs import with_nearest_runs
from feeds.trip_updates.run_kinds import trip_name
from predictor.arrays import (
    NONE,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    first_of_each,
    is_one_of,
    or_where_unknown,
)
from predictor.meant_days import NEIGHBOUR_NEAR_S
from predictor.named_dates import NamedDates
from predictor.named_runs import (
    AMBIGUOUS,
    NO_SUCH_TRIP,
    SAME_START_S,
    VERDICTS,
    FoundRuns,
    RunNames,
    run_finder,
)
from predictor.runs import DatedRuns
from predictor.stop_alignment import patterns_along
from predictor.timetable import Timetable
from predictor.trip_updates import (
    NOT_IN_TIMETABLE,
    TRIP_ADDED,
    TRIP_CANCELED,
    TRIP_DELETED,
    TRIP_NEW,
    TRIP_SCHEDULED,
    TRIP_UNSCHEDULED,
)

_ENOUGH_STOPS = 3
"""So many in the other order are no slip."""


def runs_named(
    entities: Entities,
    updates: StopTimeUpdates,
    timetable: Timetable,
    received_at: float,
    dates: NamedDates,
    refused: Counter[str],
) -> UpdatedRuns:
    """The runs (n,) of the entities of a message; trip and service day -1 where none of the timetable's is meant."""
    tt = timetable
    columns = zip(*entities.words, strict=True) if entities.words else repeat((), 10)
    trip_id, served, date, time, route_id, shape_id, headsign, short_name, vehicle, label = (
        ids_of(column) for column in columns
    )
    kind, delay, direction, wheelchair, as_modified, _ = np.array(entities.numbers, np.float64).reshape(-1, 6).T
    relationship = kind.astype(np.int8)
    names, route, has_unread_date = run_names(
        trip_id, route_id, date, time, direction.astype(np.int8), is_one_of(relationship, NOT_IN_TIMETABLE), tt,
        received_at, refused,
    )  # fmt: skip
    names = _without_others_trips(tt, names, route, relationship, updates, refused)
    first_time = np.full(len(names.trip), np.inf)
    np.fmin.at(first_time, updates.owner, np.fmin(updates.arrival, updates.departure))
    names = without_shared_starts(names, vehicle, first_time, tt, refused)
    names = without_other_starts(names, route, first_time, tt, refused)
    trip, day, shift = _found(
        tt, names, relationship, delay, has_unread_date, updates, first_time, entities.measured_at, received_at, dates,
        refused,
    )  # fmt: skip
    is_gone = is_one_of(relationship, (TRIP_CANCELED, TRIP_DELETED))
    runs_on = ~is_gone & ~is_one_of(relationship, NOT_IN_TIMETABLE)
    trip[_gone_by_another_id(trip_id, DatedRuns(trip, day, shift), is_gone, runs_on)] = NONE
    known = trip >= 0
    route[known] = tt.trip_route[trip[known]]
    direction[known & (direction < 0)] = tt.pattern_direction[tt.trip_pattern[trip[known & (direction < 0)]]]
    return UpdatedRuns.blank(
        len(trip),
        trip_id=short_text(
            [
                trip_name(tt, t) if by_route else name
                for name, t, by_route in zip(served, trip.tolist(), (names.trip < 0) & known, strict=True)
            ],
            refused,
        ),
        trip=trip,
        service_day=day,
        shift_s=shift,
        moved_s=shift,
        start_time_s=names.start_time_s,
        route=route,
        direction=direction.astype(np.int8),
        route_id=short_text(route_id, refused),
        shape_id=short_text(shape_id, refused),
        headsign=short_text([destination(sign) for sign in headsign], refused),
        short_name=short_text(short_name, refused),
        relationship=relationship,
        vehicle_id=short_text(vehicle, refused),
        vehicle_label=short_text(label, refused),
        vehicle_wheelchair=wheelchair.astype(np.int8),
        delay_s=delay_in_range(delay, refused),
        is_added=is_one_of(relationship, (TRIP_ADDED, TRIP_NEW)),
        as_modified=as_modified > 0,
    )


def _gone_by_another_id(trip_id: Sequence[str], runs: DatedRuns, is_gone: BoolArray, runs_on: BoolArray) -> list[int]:
    """Rows of the runs (n,) that are cancelled by one id and told to run by another: a trip that has two runs."""
    key, runs_on = runs.run_key, runs_on & (runs.trip >= 0)
    rows = np.flatnonzero(is_gone & (runs.trip >= 0) & np.isin(key, key[runs_on]))
    told = {row: np.flatnonzero(runs_on & (key == key[row])).tolist() for row in rows.tolist()}
    return [row for row, others in told.items() if trip_id[row] not in {trip_id[other] for other in others}]


def _without_others_trips(
    tt: Timetable,
    names: RunNames,
    route: Int32Array,
    relationship: Int8Array,
    updates: StopTimeUpdates,
    refused: Counter[str],
) -> RunNames:
    """Names without the trips that call at the first and the last stop told in the other order, and not both under the
    numbers told: another timetable has this id. What is meant is the run of its line and start. A run that is added on
    another line than the trip of its id is none of that trip either."""
    time, named = np.fmin(updates.arrival, updates.departure), names.trip >= 0
    is_added = is_one_of(relationship, (TRIP_ADDED, TRIP_NEW))
    of_line = named & (is_added | is_one_of(relationship, OF_TIMETABLE))
    timed = np.flatnonzero(~np.isnan(time) & (updates.stop >= 0) & of_line[updates.owner])
    timed = timed[np.lexsort((time[timed], updates.owner[timed]))]
    owner, first, count = np.unique(updates.owner[timed], return_index=True, return_counts=True)
    several = count >= _ENOUGH_STOPS
    owner, first, count = owner[several], first[several], count[several]
    places, by_number = [], np.zeros(len(owner), np.int64)
    for told, least, extreme in ((timed[first], True, np.minimum), (timed[first + count - 1], False, np.maximum)):
        pair, entry = tt.entries_of(names.trip[owner])
        there = tt.call_stop[entry] == updates.stop[told][pair]
        place = np.full(len(owner), np.iinfo(np.int64).max if least else NONE, np.int64)
        extreme.at(place, pair[there], tt.call_at(entry[there]))
        places.append(place)
        by_number[pair[there & (tt.stop_sequence[entry] == updates.sequence[told][pair])]] += 1
    earliest, latest = places
    astray = owner[(latest >= 0) & (latest < earliest) & (earliest < np.iinfo(np.int64).max) & (by_number < 2)]
    elsewhere = np.flatnonzero(is_added & named & (route >= 0))
    astray = np.union1d(astray, elsewhere[tt.trip_route[names.trip[elsewhere]] != route[elsewhere]])
    if len(astray) == 0:
        return names
    refused["stops_against_trip"] += len(astray)
    trip, line = names.trip.copy(), names.route.copy()
    trip[astray], line[astray] = NONE, route[astray]
    return replace(names, trip=trip, route=line)


def _found(
    tt: Timetable,
    names: RunNames,
    relationship: Int8Array,
    delay_s: Float64Array,
    has_unread_date: BoolArray,
    updates: StopTimeUpdates,
    first_time: Float64Array,
    measured_at: Float64Array,
    received_at: float,
    dates: NamedDates,
    refused: Counter[str],
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Trip, service day and shift (n,) of each run that is named, -1 where it is none of the timetable's.

    `delay_s` (n,): of the whole run, NaN where none is told; `has_unread_date` (n,): nobody knows which day it names;
    `first_time` (n,): POSIX seconds, infinite where no time is told; `measured_at` (n,): of what was measured, 0 where
    not given.

    A run is under way where its times or delays are told, else only spoken of. One that the timetable need not have
    runs on the day that it names, else on that of its first time.
    """
    n = len(names.trip)
    late_s = delay_s.copy()
    np.fmax.at(late_s, updates.owner, np.fmax(updates.arrival_delay_s, updates.departure_delay_s))
    under_way = np.isfinite(first_time) | np.isfinite(late_s)
    at = np.where(np.isfinite(first_time), first_time, received_at)
    names = dated_near(names, np.where(under_way, at, np.nan), np.isfinite(first_time), tt, refused)
    elapsed_s = _elapsed_s(tt, names, updates, first_time)
    found = run_finder(tt).find(names, at, under_way, elapsed_s)
    ambiguous = np.flatnonzero(found.verdict == AMBIGUOUS)
    if len(ambiguous):
        told_apart = _told_apart_by_stops(tt, names, updates, ambiguous)
        found = run_finder(tt).find(told_apart, at, under_way, elapsed_s)
        # Of twins of which one is told of by its name the other is meant.
        named = np.where(found.trip >= 0, found.run_key, NONE)
        again = run_finder(tt).find(told_apart, at, under_way, elapsed_s, others=named)
        found = FoundRuns.joined(found, again).take(np.arange(n) + n * (found.verdict == AMBIGUOUS))
    found = _not_against_its_stops(tt, names, found, updates)
    found = _not_long_before_it_begins(tt, found, first_time)
    late_s = or_where_unknown(late_s, 0.0)
    found = dates.settled(tt, names, found, under_way, np.isfinite(first_time), late_s, received_at)
    found, beside = with_nearest_runs(tt, names, found, updates, relationship == TRIP_SCHEDULED)
    is_added = is_one_of(relationship, (TRIP_ADDED, TRIP_NEW))
    # What takes the place of a trip that the timetable does not have is one more.
    is_new = is_one_of(relationship, NOT_IN_TIMETABLE)
    is_new |= is_one_of(relationship, NEW_IF_UNKNOWN) & (names.trip < 0) & (found.trip < 0)
    is_new |= beside
    found.count(refused, ~is_new)
    # One of several departures of a trip, or of its days, is struck out only where it is known which.
    is_gone = is_one_of(relationship, (TRIP_CANCELED, TRIP_DELETED))
    unclear = is_gone & (found.trip >= 0) & (~found.start_known | has_unread_date)
    refused[VERDICTS[AMBIGUOUS]] += int(unclear.sum())
    trip = np.where(is_new, names.trip, np.where(unclear, NONE, found.trip)).astype(np.int32)
    day = np.where(unclear, NONE, found.service_day)
    undated = is_gone & ~unclear & (names.service_date == 0) & np.isinf(first_time)
    day[undated & _of_the_day_before(tt, found, measured_at)] -= 1
    refused["unknown_trip"] += int(((trip < 0) & ~is_added).sum())
    own_day = places_in(tt.date_index, names.service_date.tolist())
    dated = (is_new | ((trip < 0) & is_gone)) & (own_day >= 0)
    day[dated] = own_day[dated]
    # A run that was added may be cancelled by its name alone.
    day[(trip < 0) & is_gone & (names.service_date == 0) & ~has_unread_date] = tt.day_at(received_at)
    rows = np.flatnonzero(is_new & (day < 0) & np.isfinite(first_time))
    day[rows] = tt.day_at(first_time[rows])
    shift = np.where(is_new, 0, found.shift_s)
    by_headway = tt.trip_is_frequency[trip] if tt.trips else np.zeros(n, bool)
    unscheduled = (relationship == TRIP_UNSCHEDULED) & (trip >= 0) & (names.start_time_s >= 0) & by_headway
    shift[unscheduled] = names.start_time_s[unscheduled] - tt.trip_start_s[trip[unscheduled]]
    untold = (trip >= 0) & (day >= 0) & (names.start_time_s < 0) & np.isfinite(elapsed_s)
    untold &= by_headway
    _tell_apart(tt, np.flatnonzero(untold & ~is_new), trip, day, shift, first_time - elapsed_s)
    return trip, day.astype(np.int32), shift.astype(np.int32)


def _of_the_day_before(tt: Timetable, found: FoundRuns, measured_at: Float64Array) -> BoolArray:
    """Of which runs (n,) that of the day before was yet to end when something was measured: who called it off without a
    date spoke of that one."""
    before, trip = found.service_day - 1, np.maximum(found.trip, 0)
    result = (found.trip >= 0) & (before >= 0) & (measured_at > 0)
    rows = np.flatnonzero(result)
    ends = tt.date_origin[before[rows]] + found.shift_s[rows] + tt.trip_end_s[trip[rows]]
    result[rows] = tt.runs_on(trip[rows], before[rows]) & (measured_at[rows] <= ends)
    return result


def _not_long_before_it_begins(tt: Timetable, found: FoundRuns, first_time: Float64Array) -> FoundRuns:
    """Runs of the day before that is named where the first time told lies long before they begin on that day, and while
    those of the day before are under way: some name the day on which a night train comes in."""
    rows = np.flatnonzero((found.trip >= 0) & (found.service_day > 0) & np.isfinite(first_time))
    begins = found.runs.take(rows).starts_at(tt)
    rows = rows[begins - first_time[rows] > EARLIEST_S]
    trip, day = found.trip[rows], found.service_day[rows] - 1
    origin = tt.date_origin[day] + found.shift_s[rows]
    before = (origin + tt.trip_start_s[trip] - EARLIEST_S <= first_time[rows]) & (
        first_time[rows] <= origin + tt.trip_end_s[trip] + NEIGHBOUR_NEAR_S
    )
    before &= tt.runs_on(trip, day)
    service_day, other_day = found.service_day.copy(), found.other_day.copy()
    service_day[rows[before]], other_day[rows[before]] = day[before], True
    return replace(found, service_day=service_day, other_day=other_day)


def _not_against_its_stops(tt: Timetable, names: RunNames, found: FoundRuns, updates: StopTimeUpdates) -> FoundRuns:
    """Runs without those that were found though another direction is named, or none, where they do not call at the
    stops told in this order; where none is, another of their line does."""
    rows = np.flatnonzero((names.trip < 0) & (found.trip >= 0))
    pattern, undirected = tt.trip_pattern[found.trip[rows]], names.direction[rows] < 0
    differs = (tt.pattern_direction[pattern] >= 0) & (tt.pattern_direction[pattern] != names.direction[rows])
    lost = np.zeros(len(found), bool)
    for k in np.flatnonzero(differs).tolist():
        stop = updates.stop[(updates.owner == rows[k]) & (updates.stop >= 0)]
        along = patterns_along(tt, stop, int(names.route[rows[k]])) if len(stop) else pattern
        lost[rows[k]] = pattern[k] not in along and not (undirected[k] and len(along) == 0)
    if not lost.any():
        return found
    nothing = np.int32(NONE)
    return replace(
        found,
        trip=np.where(lost, nothing, found.trip), service_day=np.where(lost, nothing, found.service_day),
        shift_s=np.where(lost, np.int32(0), found.shift_s), other_day=found.other_day & ~lost,
        verdict=np.where(lost, np.int8(NO_SUCH_TRIP), found.verdict),
    )  # fmt: skip


def _tell_apart(
    tt: Timetable, rows: Int64Array, trip: Int32Array, day: Int32Array, shift: Int32Array, begins_at: Float64Array
) -> None:
    """Put the `shift` of runs by headway (rows) whose start is not told where they begin by their times: several may be
    nearest to one departure of the timetable. Those of one trip within half a headway are one run."""
    begins_s = begins_at[rows] - tt.date_origin[day[rows]] - tt.trip_start_s[trip[rows]]
    half_s, slot, last = tt.headway_s(trip[rows], shift[rows]) / 2, 0, (NONE, NONE, -np.inf)
    for k in np.lexsort((begins_s, day[rows], trip[rows])).tolist():
        row, at_s = rows[k], float(begins_s[k])
        this = int(trip[row]), int(day[row])
        alike = last[:2] == this and at_s - last[2] < half_s[k]
        slot = slot if alike else round(at_s)
        last = (*this, at_s)
        shift[row] = slot


def names_not_found(runs: UpdatedRuns) -> tuple[str, ...]:
    """A few of the runs that the timetable does not have, though they are not said to be added."""
    rows = np.flatnonzero((runs.trip < 0) & ~is_one_of(runs.relationship, (TRIP_ADDED, TRIP_NEW)))
    return a_few([str(runs.trip_id[row] or runs.route_id[row]) for row in rows.tolist()])


def _elapsed_s(tt: Timetable, names: RunNames, updates: StopTimeUpdates, first_time: Float64Array) -> Float64Array:
    """Seconds after its start (n,) at which a run is at its first told time, where it is one of several of its trip and
    names no start time: by the call that has that time, or that is told of first where no time is. NaN elsewhere."""
    result = np.full(len(first_time), np.nan)
    several = (names.trip >= 0) & (names.start_time_s < 0) & tt.trip_overlaps[names.trip]
    time, told_at = np.fmin(updates.arrival, updates.departure), first_time[updates.owner]
    is_next = np.isinf(told_at) & first_of_each(updates.owner) & ~tt.trip_repeats[names.trip[updates.owner]]
    row = np.flatnonzero(several[updates.owner] & ((time == told_at) | is_next))
    trip = names.trip[updates.owner[row]]
    pair, entry = tt.entries_of(trip)
    sequence, stop = updates.sequence[row[pair]], updates.stop[row[pair]]
    hit = np.where(sequence >= 0, tt.stop_sequence[entry] == sequence, tt.call_stop[entry] == stop)
    # Of several calls at one stop the first: it is written last.
    pair, entry = pair[hit][::-1], entry[hit][::-1]
    result[updates.owner[row[pair]]] = tt.arrival_s[entry] - tt.trip_start_s[trip[pair]]
    return result


def _told_apart_by_stops(tt: Timetable, names: RunNames, updates: StopTimeUpdates, rows: Int64Array) -> RunNames:
    """Names with the direction, for these rows, in which their line calls at the stops told in this order; and with the
    trip, where just one of their line begins then and calls there."""
    direction, trip = names.direction.copy(), names.trip.copy()
    for row in rows.tolist():
        stop = updates.stop[(updates.owner == row) & (updates.stop >= 0)]
        along = patterns_along(tt, stop, int(names.route[row]))
        directions = np.unique(tt.pattern_direction[along])
        if len(stop) > 1 and len(directions) == 1:
            direction[row] = directions[0]
        day = tt.date_index.get(int(names.service_date[row]), NONE)
        if len(stop) > 1 and day >= 0:
            begins = np.abs(tt.trip_start_s - names.start_time_s[row]) <= SAME_START_S
            fits = np.flatnonzero(begins & np.isin(tt.trip_pattern, along) & tt.service_active[tt.trip_service, day])
            trip[row] = fits[0] if len(fits) == 1 and not tt.trip_repeats[fits[0]] else NONE
    return replace(names, direction=direction, trip=trip)
