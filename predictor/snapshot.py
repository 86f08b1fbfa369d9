"""The engine's answer at one moment: every vehicle, every prediction, every stop's board. Immutable.

The timetable is not copied into it: a board is read by merging the stop's scheduled calls with the predictions made
for it, leaving out the scheduled calls of journeys that a prediction already stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float32Array,
    Float64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    Int64Array,
    RouteIdx,
    StopIdx,
    StrArray,
    contains,
    expand_ranges,
    group_starts,
    places_of,
)
from predictor.journeys import call_key, dated_calls, journey_key, runs_of
from predictor.operator_times import ShortenedRuns, ToldVehicles
from predictor.passages import Passages
from predictor.past_calls import STILL_DUE_S, PassedCalls
from predictor.report_figures import ReportFigures
from predictor.rows_loop import order_by_stop
from predictor.runs import DatedRuns
from predictor.scheduled_calls import ScheduledCalls
from predictor.search_loop import first_above
from predictor.timetable import NO_PICKUP, Timetable

UNMATCHED, LAYOVER, IN_SERVICE, OFF_ROUTE, DEADHEAD = 0, 1, 2, 3, 4
"""Vehicle states: no trip found; waiting at the first stop of its trip; driving its trip; on a trip but away from its
line; between trips or to and from the garage."""
VEHICLE_STATES = ("unmatched", "layover", "in_service", "off_route", "deadhead")

LIVE, SCHEDULED, CANCELLED, SKIPPED = 0, 1, 2, 3
"""Status of a departure. LIVE only ever stands for a prediction from a report younger than the engine's limit."""
STATUSES = ("live", "scheduled", "cancelled", "skipped")

FOLLOWED, OVERDUE, HELD_UP, GIVEN_UP = 0, 1, 2, 3
"""Doubts about a vehicle (see `predictor.endings`): none; it is still at its first stop some time after its departure;
it stands on the way; it is no longer taken to drive its run. Nothing is LIVE of a vehicle that is not FOLLOWED."""
DOUBTS = ("followed", "overdue", "held_up", "given_up")

FROM_TIMETABLE, FROM_VEHICLE, FROM_BLOCK, FROM_OPERATOR = 0, 1, 2, 3
"""Source of a time: the timetable; the vehicle on this trip; the vehicle of this block, still on an earlier trip; the
operator's own TripUpdates."""
FROM_VEHICLES = (FROM_VEHICLE, FROM_BLOCK)
"""Those for which the feed of vehicles has to go on."""
SOURCES = ("timetable", "vehicle", "block", "operator")


@dataclass(frozen=True, eq=False)
class ReportedVehicles(DatedRuns):
    """Vehicles by their last reports, on the runs that they were matched to, `trip` -1 where on none; all arrays
    (n,)."""

    vehicle_id: StrArray
    label: StrArray
    lat: Float64Array
    lon: Float64Array
    bearing: Float32Array
    speed: Float32Array
    timestamp: Float64Array = field(metadata={"nothing": -np.inf})
    """POSIX seconds."""
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus, -1 where not given."""
    occupancy_percentage: Int16Array
    """Of the passengers that it takes, -1 where not given; may be more than 100."""
    wheelchair: Int8Array
    """GTFS `wheelchair_accessible` as the vehicle itself says, else the operator of its run: 0 nothing, 1 yes, 2 no."""
    congestion: Int8Array = field(metadata={"nothing": 0})
    """GTFS-Realtime CongestionLevel of the traffic around it, 0 where not known."""


@dataclass(frozen=True, eq=False)
class Vehicles(ReportedVehicles):
    """Every vehicle heard of within the silence limit; all arrays (n,)."""

    state: Int8Array
    distance_m: Float64Array
    """Metres along the pattern, NaN where unmatched."""
    next_call: Int32Array
    """Position in the trip of the next call that is not skipped, number of calls when the last is behind."""
    at_stop: BoolArray
    """Standing at `next_call`."""
    delay_s: Float64Array
    """Schedule deviation at the last report, positive when late; NaN where unknown."""
    named: BoolArray
    """The vehicle named its trip itself; False where that was found for it, or it is on none."""
    doubt: Int8Array
    """Index into `DOUBTS`."""
    cancelled: BoolArray
    """The operator has cancelled its run."""
    stalled_at: Float64Array
    """POSIX seconds since when it has got no further on its run: it moves no more, or is away from its line."""


@dataclass(frozen=True, eq=False)
class PredictedCalls(DatedRuns):
    """Predicted calls; all arrays (m,). Times are POSIX seconds."""

    vehicle: Int32Array
    """Index into `Vehicles`, -1 for the operator's own times."""
    call: Int32Array
    p10: Float64Array
    """Arrival quantiles (at a trip's first call: departure)."""
    p50: Float64Array
    p90: Float64Array
    arrival: Float64Array
    """The times to publish, decisions taken from the distribution; at a run's first call both are the departure."""
    departure: Float64Array
    hold: Float64Array
    """The vehicle waits there for this time, long ago where for none."""
    at_stop: BoolArray
    """It stands there,"""
    came_at: Float64Array
    """and since when; NaN where that is not known, and at a run's first call."""
    status: Int8Array
    source: Int8Array
    doubt: Int8Array
    """Why the vehicle is not live though it is heard of; index into `DOUBTS`."""
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus that the operator expects on departure, -1 where it does not say."""

    def arrivals(self, rows: Int64Array) -> Float64Array:
        """When the vehicle comes to some of the calls (k,), or came where it stands there already."""
        came_at = self.came_at[rows]
        return np.where(np.isnan(came_at), self.arrival[rows], came_at)


class ByStop(NamedTuple):
    """Where the calls of each stop stand among all rows (m,), in CSR."""

    row: Int64Array
    pointer: Int64Array
    """(S + 1,)"""

    @classmethod
    def of(cls, stop: Int32Array, stops: int) -> ByStop:
        """By the stop of each row (m,); `stops`: how many there are."""
        return cls(*order_by_stop(stop, stops))


@dataclass(frozen=True, eq=False)
class Predictions(PredictedCalls):
    """Predicted calls, each run's together and in order; all arrays (m,)."""

    stop: Int32Array
    by_stop: ByStop

    def rows_at(self, stops: Int32Array) -> tuple[Int64Array, Int64Array]:
        """The rows of stops (n,), and which of these each is of."""
        row, pointer = self.by_stop
        of, place = expand_ranges(pointer[stops], pointer[stops + 1] - pointer[stops])
        return row[place], of


@dataclass(frozen=True, eq=False)
class KnownCalls(DatedRuns):
    """Calls of dated runs with all that is known of them at one moment; all arrays (n,). Times are POSIX seconds."""

    call: Int32Array
    """Position in the trip, 0 for the first stop."""
    stop: Int32Array
    """The stop or platform."""
    scheduled_arrival: Float64Array
    """NaN for a run by headway."""
    scheduled_departure: Float64Array
    arrival: Float64Array
    """Without a prediction the timetable's; at a run's first call both are the departure."""
    departure: Float64Array
    published: Float64Array
    """The time to show and to count down to: who boards wants the departure, at a run's last call it is the arrival."""
    p10: Float64Array
    """Quantiles of `published`; NaN for p10, p90 where there is no prediction."""
    p50: Float64Array
    p90: Float64Array
    at_stop: BoolArray
    """The vehicle stands there."""
    status: Int8Array
    source: Int8Array
    vehicle: Int32Array
    """Index into `Snapshot.vehicles`, -1 where none."""
    age_s: Float64Array
    """Age of the vehicle's report at `Snapshot.made_at`, NaN where none."""
    doubt: Int8Array
    """Index into `DOUBTS`, FOLLOWED where there is no vehicle."""
    occupancy: Int8Array
    """GTFS-Realtime OccupancyStatus that the operator expects on departure, -1 where it does not say."""
    passed: BoolArray
    """The run has left the call behind,"""
    passed_at: Float64Array
    """and when; NaN where that is not known. It is then `published`."""
    last_call: BoolArray
    """The trip ends here: nobody boards."""
    first_call: BoolArray
    """The trip begins here: nobody arrives."""


@dataclass(frozen=True, eq=False)
class _Asked(DatedRuns):
    """Calls of runs that something is to be told of; all arrays (n,)."""

    call: Int32Array
    prediction: Int64Array
    """Row of `Snapshot.predictions`, -1 where there is none."""
    journey: Int64Array
    """Key of the journey that the run is, -1 where the timetable has none or it does not matter."""
    passed: BoolArray
    """Whether the run has left the call behind."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """See the module's docstring. Replaced whole at each step; never changed."""

    made_at: float
    """`now` of the step, POSIX seconds."""
    feed_alive_at: float
    """Newest sign of life of the vehicle feed (header or report, where the vehicles move), NaN before the first."""
    timetable: Timetable
    scheduled_calls: ScheduledCalls
    vehicles: Vehicles
    predictions: Predictions
    claimed: Int64Array
    """Sorted keys of dated journeys whose scheduled calls a prediction (or a finished trip) stands for."""
    cancelled: Int64Array
    """Sorted keys of dated journeys that do not run."""
    skipped: Int64Array
    """Sorted keys (`call_key`) of calls that are not served."""
    passages: Passages
    """Passages found in this step."""
    report_figures: ReportFigures
    """What could be done with the newest reports."""
    counts: Mapping[str, int]
    """Running totals by name: what was read, matched, refused, found."""
    deleted: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    """Sorted keys of dated journeys that riders shall not see at all."""
    told_calls: Int64Array = field(default_factory=lambda: np.empty(0, np.int64))
    """Sorted keys (`call_key`) of calls that the operator gives a time for, or did until they were past: the timetable
    does not speak of them, whether a prediction still stands for them or not."""
    passed_calls: PassedCalls = field(default_factory=PassedCalls.empty)
    """When the runs under way passed the calls that lie behind them, where that is known."""
    shortened: ShortenedRuns = field(default_factory=ShortenedRuns.empty)
    told_vehicles: ToldVehicles = field(default_factory=ToldVehicles.empty)
    feed_lag_s: float = 0.0
    """How old the newest sign of life was when it came."""
    feed_every_s: float = 0.0
    """The usual time between two of them, 0 where not known."""
    fleet_stands_since: float = float("nan")
    """Since when no vehicle under way has come any further though the feed goes on, NaN where they do."""

    def feed_stopped(self, now: float, limit_s: float = 60.0) -> bool:
        """Whether the vehicle feed has shown no new sign of life for longer than `limit_s`, and missed one."""
        return not now - self.feed_alive_at - self.feed_lag_s <= max(limit_s, 2.0 * self.feed_every_s)

    def board(self, stop: StopIdx, *, since: float, until: float, route: RouteIdx | None = None) -> KnownCalls:
        """Coming calls at a stop (a station: at all its platforms) published in [since, until], soonest first."""
        return self.boards(np.array([stop], np.int32), since=since, until=until, route=route)[0]

    def boards(
        self, stops: Int32Array, *, since: float, until: float, route: RouteIdx | None = None
    ) -> tuple[KnownCalls, Int64Array]:
        """The same of several stops (n,), one after the other, and the pointers (n + 1,) of this CSR. Many cost little
        more than one."""
        pointer, members = self.timetable.station_members
        board, place = expand_ranges(pointer[stops], pointer[stops + 1] - pointer[stops])
        rows, of_predicted = self.predictions.rows_at(members[place])
        predicted = self._asked_of(rows)
        scheduled, of_scheduled = self._scheduled_at(members[place], since, until)
        asked, board = _Asked.joined(predicted, scheduled), board[np.concatenate([of_predicted, of_scheduled])]
        calls = self._calls(asked)
        wanted = (asked.prediction < 0) | ((calls.published >= since) & (calls.published <= until))
        if route is not None:
            wanted &= self.timetable.trip_route[calls.trip] == route
        rows = self._one_a_stay(calls, np.flatnonzero(wanted))
        rows = rows[np.lexsort((calls.published[rows], board[rows]))]
        return calls.take(rows), group_starts(board[rows], len(stops))

    def journey(self, trip: int, service_day: int, shift_s: int = 0) -> KnownCalls:
        """Every call of one dated run, as the operator may have changed it, in order."""
        tt, predictions, run = self.timetable, self.predictions, DatedRuns.one(trip, service_day, shift_s)
        trip = int(tt.standing_for(run.trip, run.service_day, run.shift_s)[0])
        call = np.arange(tt.trip_calls[trip], dtype=np.int32)
        runs = DatedRuns.one(trip, service_day, shift_s).take(np.zeros(len(call), np.int64))
        rows = np.flatnonzero(predictions.run_key == runs.run_key[0])
        prediction = np.full(len(call), NONE, np.int64)
        prediction[predictions.call[rows]] = rows
        journey = np.flatnonzero((tt.journey_trip == trip) & (tt.journey_shift_s == shift_s))[:1].astype(np.int32)
        key = np.full(len(call), NONE, np.int64)
        if len(journey):
            key[:] = journey_key(runs.service_day[:1], journey)
        if (predictions.source[rows] != FROM_OPERATOR).any():
            passed = call < predictions.call[rows].min()
        else:
            # Without a vehicle only that has passed which the operator said would have.
            passed = contains(self.told_calls, call_key(key, call)) | contains(self.claimed, key)
            passed &= prediction < 0
        asked = _Asked.of_runs(runs, call=call, prediction=prediction, journey=key, passed=passed)
        calls = self._calls(asked)
        known = np.flatnonzero(self.passed_calls.run_key == runs.run_key[0])
        calls.passed_at[self.passed_calls.call[known]] = self.passed_calls.passed_at[known]
        # A run that was further on has left behind what was due, also where its vehicle is lost since, or the operator
        # speaks of the later stops alone.
        seen = np.flatnonzero(calls.passed | np.isfinite(calls.passed_at))
        due = (prediction < 0) & (calls.departure < self.made_at - STILL_DUE_S) & (calls.status != CANCELLED)
        calls.passed[: seen.max(initial=-1) + 1] |= due[: seen.max(initial=-1) + 1]
        calls.passed_at[~calls.passed | (calls.status == SKIPPED)] = np.nan
        for name in ("arrival", "departure", "published"):
            np.copyto(getattr(calls, name), calls.passed_at, where=np.isfinite(calls.passed_at))
        return calls.take(self._one_a_stay(calls, np.arange(len(calls))))

    def unclaimed_calls(self, since: float, until: float) -> KnownCalls:
        """Scheduled calls of the whole network in [since, until] that no prediction stands for, by stop."""
        every_stop = np.arange(self.timetable.stops, dtype=np.int32)
        return self._calls(self._scheduled_at(every_stop, since, until)[0])

    def next_calls(self, vehicles: Int32Array) -> KnownCalls:
        """The next call that each of these vehicles (n,) serves on the run that it is on, where one is predicted."""
        predictions = self.predictions
        rows = np.flatnonzero((predictions.source == FROM_VEHICLE) & (predictions.status != SKIPPED))
        rows = rows[np.isin(predictions.vehicle[rows], vehicles)]
        rows = rows[np.unique(predictions.vehicle[rows], return_index=True)[1]]
        return self._calls(self._asked_of(rows))

    @cached_property
    def left_out(self) -> Mapping[int, list[int]]:
        """The calls that are not served, by the `run_key` of their run."""
        (keys, call), found = dated_calls(self.skipped), dict[int, list[int]]()
        for run, left_out in zip(runs_of(keys, self.timetable).run_key.tolist(), call.tolist(), strict=True):
            found.setdefault(run, []).append(left_out)
        return found

    def last_calls(self, runs: DatedRuns, call: Int32Array | int = 0) -> Int32Array:
        """The call (n,) at which each run ends: its trip's last, or the last that is served; where it was to end, seen
        from a `call` (n,) behind that."""
        last = self.timetable.trip_calls[runs.trip] - 1
        if len(self.shortened) == 0:
            return last
        place = places_of(runs.run_key, self.shortened.run_key)
        ends_at = self.shortened.ends_at[place]
        return np.where((place >= 0) & (ends_at >= call), ends_at, last).astype(np.int32)

    def _ends_at(self, runs: DatedRuns, call: Int32Array) -> BoolArray:
        """Whether each run (n,) ends at a call (n,). One that is told of at a single stop goes on from there, but where
        nobody may board."""
        tt = self.timetable
        calls = tt.trip_calls[runs.trip]
        ends: BoolArray = (call == self.last_calls(runs)) | (call == calls - 1)
        ends &= (calls > 1) | (tt.pickup_type[tt.entry_of(runs.trip, call)] == NO_PICKUP)
        return ends

    def headsign(self, trip: int, service_day: int, shift_s: int = 0, call: int | None = None) -> str:
        """What one run is bound for, see `headsigns`."""
        run = DatedRuns.one(trip, service_day, shift_s)
        return str(self.headsigns(run, None if call is None else np.array([call], np.int32))[0])

    def headsigns(self, runs: DatedRuns, call: Int32Array | None = None) -> StrArray:
        """What runs (n,) are bound for, each at one of its calls (n,) or where it sets out: what is said for the call,
        else for its trip; where nothing is, it ends before the trip's last stop, or it is there already, the stop where
        it ends. Of one that comes back to where it is by then, the stop half-way."""
        tt, here = self.timetable, np.zeros(len(runs), np.int32) if call is None else call
        last = self.last_calls(runs, here)
        ends, is_at = (tt.stop_name[tt.call_stop[tt.entry_of(runs.trip, at)]] for at in (last, here))
        sign = tt.trip_headsign[runs.trip]
        if call is not None and len(tt.headsign_name):
            own = tt.call_headsign[tt.entry_of(runs.trip, call)]
            of_call = tt.headsign_name[np.maximum(own, 0)]
            sign = np.where((own >= 0) & ((of_call != is_at) | (here == last)), of_call, sign)
        as_planned = (last == tt.trip_calls[runs.trip] - 1) & (sign != "")
        signs: StrArray = np.where(as_planned, sign, ends)
        there = np.flatnonzero((signs == is_at) & (here < last))
        if len(there):
            half_way = tt.entry_of(runs.trip[there], (here[there] + last[there] + 1) // 2)
            signs[there] = np.where(ends[there] == is_at[there], tt.stop_name[tt.call_stop[half_way]], ends[there])
        return signs

    def _one_a_stay(self, calls: KnownCalls, rows: Int64Array) -> Int64Array:
        """Those of the `rows` that stand for a stay, all else of which is told there: of calls in a row at one stop the
        last, with the arrival of the first."""
        tt, call = self.timetable, calls.call[rows]
        entry = tt.entry_of(calls.trip[rows], call)
        follows = np.flatnonzero((call > 0) & tt.call_stays[entry - 1])
        if not len(follows):
            return rows[~tt.call_stays[entry]]
        place = dict(zip(zip(calls.run_key[rows].tolist(), call.tolist(), strict=True), rows.tolist(), strict=True))
        # In order of the calls, so that of three in a row the second has the first's arrival already.
        for row in rows[follows[np.argsort(call[follows], kind="stable")]].tolist():
            before = place.get((int(calls.run_key[row]), int(calls.call[row]) - 1))
            if before is None:
                # Of those that are past, and on no board any more, the timetable tells.
                if calls.source[row] == FROM_TIMETABLE and not calls.last_call[row]:
                    first = own = int(tt.entry_of(calls.trip[row], calls.call[row]))
                    while tt.call_stays[first - 1]:
                        first -= 1
                    for name in ("arrival", "scheduled_arrival"):
                        getattr(calls, name)[row] -= tt.arrival_s[own] - tt.arrival_s[first]
                    calls.first_call[row] = first == tt.trip_call_ptr[calls.trip[row]]
                continue
            # Where nothing is known of the first it comes when the next is told to come.
            if calls.source[before] != FROM_TIMETABLE or calls.source[row] == FROM_TIMETABLE:
                calls.arrival[row] = calls.arrival[before]
            calls.scheduled_arrival[row] = calls.scheduled_arrival[before]
            calls.at_stop[row] |= calls.at_stop[before]
            calls.first_call[row] = calls.first_call[before]
            if calls.last_call[row]:
                calls.published[row] = calls.arrival[row]
            if calls.status[row] == SKIPPED != calls.status[before]:
                for name in ("status", "departure", "published", "p10", "p50", "p90"):
                    getattr(calls, name)[row] = getattr(calls, name)[before]
        return rows[~tt.call_stays[entry]]

    def _days(self, since: float, until: float) -> list[int]:
        """Service days on which a call between the two times can lie."""
        tt = self.timetable
        latest_s = self.scheduled_calls.latest_s
        return np.flatnonzero((tt.date_origin <= until) & (tt.date_origin + latest_s >= since)).tolist()

    def _asked_of(self, rows: Int64Array) -> _Asked:
        """The calls of rows (n,) of the predictions."""
        return _Asked.of_runs(self.predictions.runs.take(rows), call=self.predictions.call[rows], prediction=rows)

    def _scheduled_at(self, stops: Int32Array, since: float, until: float) -> tuple[_Asked, Int64Array]:
        """Scheduled calls at stops (n,) that happen between two times and that no prediction stands for; and which of
        the stops each is at."""
        tt, calls, days = self.timetable, self.scheduled_calls, np.array(self._days(since, until), np.int32)
        at, days = np.repeat(np.arange(len(stops)), len(days)), np.tile(days, len(stops))
        first, end = calls.stop_ptr[stops[at]], calls.stop_ptr[stops[at] + 1]
        origin = tt.date_origin[days].astype(np.float64)
        # They leave at whole seconds.
        low = first_above(calls.departure_s, first, end, np.ceil(since - origin) - 1.0)
        part, rows = expand_ranges(low, first_above(calls.departure_s, low, end, until - origin) - low)
        day, trip = days[part], tt.journey_trip[calls.journey[rows]]
        kept = np.flatnonzero(tt.runs_on(trip, day))
        key, call = journey_key(day[kept], calls.journey[rows[kept]]), calls.call[rows[kept]]
        claimed, keys = contains(self.claimed, key), call_key(key, call)
        open_ = ~(claimed | contains(self.told_calls, keys))
        # Where nobody calls no vehicle has been: behind it such a call stands on the board until its time.
        behind = np.flatnonzero(claimed & contains(self.skipped, keys) & ~tt.trip_is_frequency[trip[kept]])
        if len(behind):
            predicted = self.predictions.rows_at(np.unique(stops))[0]
            there = call_key(self.predictions.runs.take(predicted).run_key, self.predictions.call[predicted])
            shift = tt.journey_shift_s[calls.journey[rows[kept[behind]]]]
            run = DatedRuns(trip[kept[behind]], day[kept[behind]], shift).run_key
            open_[behind] = ~np.isin(call_key(run, call[behind]), there)
        kept, key, call = kept[open_], key[open_], call[open_]
        runs = DatedRuns(trip[kept], day[kept], tt.journey_shift_s[calls.journey[rows[kept]]])
        asked = _Asked.of_runs(runs, call=call, journey=key)
        return asked, at[part[kept]]

    def _calls(self, asked: _Asked) -> KnownCalls:
        """What is known of calls of runs (n,): all boards and journeys are made here."""
        runs, call, prediction, journey = asked.runs, asked.call, asked.prediction, asked.journey
        tt, predicted_rows = self.timetable, np.flatnonzero(prediction >= 0)
        entry, origin = tt.entry_of(runs.trip, call), runs.origin(tt)
        arrival: Float64Array = (origin + tt.arrival_s[entry]).astype(np.float64)
        departure: Float64Array = (origin + tt.departure_s[entry]).astype(np.float64)
        by_headway = tt.trip_is_frequency[runs.trip]
        status = np.full(len(call), SCHEDULED, np.int8)
        status[contains(self.skipped, call_key(journey, call))] = SKIPPED
        cancelled = contains(self.cancelled, journey) | contains(self.deleted, journey)
        status[cancelled] = CANCELLED
        calls = KnownCalls.of_runs(
            runs,
            call=call,
            stop=tt.call_stop[entry],
            scheduled_arrival=np.where(by_headway, np.nan, arrival),
            scheduled_departure=np.where(by_headway, np.nan, departure),
            arrival=np.where(call == 0, departure, arrival),
            departure=departure.copy(),
            status=status,
            source=np.full(len(call), FROM_TIMETABLE, np.int8),
            doubt=np.full(len(call), FOLLOWED, np.int8),
            passed=asked.passed & ~cancelled,
            first_call=call == 0,
            last_call=self._ends_at(runs, call),
        )
        calls.first_call[calls.last_call & (tt.trip_calls[runs.trip] == 1)] = False  # fmt: skip
        for name in _AS_PREDICTED:
            getattr(calls, name)[predicted_rows] = getattr(self.predictions, name)[prediction[predicted_rows]]
        known = np.flatnonzero(calls.vehicle >= 0)
        calls.age_s[known] = self.made_at - self.vehicles.timestamp[calls.vehicle[known]]
        calls.published[:] = np.where(calls.last_call, calls.arrival, calls.departure)
        calls.p50[:] = calls.published
        # Who waits for its time leaves at that time, however early it came.
        hold = self.predictions.hold[prediction[predicted_rows]]
        wait, ends = (calls.departure - calls.arrival)[predicted_rows], calls.last_call[predicted_rows]
        held = (calls.departure[predicted_rows] <= hold) & ~ends
        for name in ("p10", "p50", "p90"):
            quantile = getattr(self.predictions, name)[prediction[predicted_rows]]
            getattr(calls, name)[predicted_rows] = np.where(
                held, np.maximum(quantile, hold), quantile + np.where(ends, 0.0, wait)
            )
        calls.arrival[predicted_rows] = self.predictions.arrivals(prediction[predicted_rows])
        return calls


_AS_PREDICTED = ("arrival", "departure", "at_stop", "status", "source", "vehicle", "stop", "doubt", "occupancy")
