"""The engine's answer at one moment: every vehicle, every prediction, every stop's board. Immutable.

The timetable is not copied into it: a board is read by merging the stop's scheduled calls with the predictions made
for it, leaving out the scheduled calls of journeys that a prediction already stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from predictor.arrays import (
    NONE,
    BoolArray,
    Float32Array,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    RouteIdx,
    StopIdx,
    StrArray,
    contains,
    group_starts,
)
from predictor.journeys import call_key, journey_key
from predictor.passages import Passages
from predictor.runs import DatedRuns
from predictor.scheduled_calls import ScheduledCalls
from predictor.timetable import Timetable

UNMATCHED, LAYOVER, IN_SERVICE, OFF_ROUTE, DEADHEAD = 0, 1, 2, 3, 4
"""Vehicle states: no trip found; waiting at the first stop of its trip; driving its trip; on a trip but away from its
line; between trips or to and from the garage."""
VEHICLE_STATES = ("unmatched", "layover", "in_service", "off_route", "deadhead")

LIVE, SCHEDULED, CANCELLED, SKIPPED = 0, 1, 2, 3
"""Status of a departure. LIVE only ever stands for a prediction from a report younger than the engine's limit."""
STATUSES = ("live", "scheduled", "cancelled", "skipped")

FROM_TIMETABLE, FROM_VEHICLE, FROM_BLOCK, FROM_OPERATOR = 0, 1, 2, 3
"""Source of a time: the timetable; the vehicle on this trip; the vehicle of this block, still on an earlier trip; the
operator's own TripUpdates."""
SOURCES = ("timetable", "vehicle", "block", "operator")


@dataclass(frozen=True, eq=False)
class Vehicles(DatedRuns):
    """Every vehicle heard of within the silence limit, `trip` -1 where unmatched; all arrays (n,)."""

    vehicle_id: StrArray
    label: StrArray
    lat: Float64Array
    lon: Float64Array
    bearing: Float32Array
    speed: Float32Array
    timestamp: Float64Array
    """POSIX seconds of the last report."""
    occupancy: Int8Array
    state: Int8Array
    distance_m: Float64Array
    """Metres along the pattern, NaN where unmatched."""
    next_call: Int32Array
    """Position in the trip of the next call, number of calls when the last is behind."""
    at_stop: BoolArray
    """Standing at `next_call`."""
    delay_s: Float64Array
    """Schedule deviation at the last report, positive when late; NaN where unknown."""
    named: BoolArray
    """The vehicle named its trip itself; False where that was found for it, or it is on none."""


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
    published: Float64Array
    """The time for the board: a decision taken from the distribution."""
    departure: Float64Array
    """Median departure."""
    status: Int8Array
    source: Int8Array


@dataclass(frozen=True, eq=False)
class Predictions(PredictedCalls):
    """Predicted calls in order of stop; all arrays (m,)."""

    stops: int
    """Number of the timetable's stops, S."""
    stop: Int32Array

    @cached_property
    def stop_ptr(self) -> Int64Array:
        """(S + 1,): the calls at stop s are the rows from `stop_ptr[s]` to `stop_ptr[s + 1]`."""
        return group_starts(self.stop.astype(np.int64), self.stops)


@dataclass(frozen=True, eq=False)
class Board(DatedRuns):
    """Coming calls at one stop, ordered by published time; all arrays (b,). Times are POSIX seconds, float64."""

    stop: Int32Array
    """The stop or platform of each call."""
    call: Int32Array
    scheduled_arrival: Float64Array
    """NaN for a journey run by headway."""
    scheduled_departure: Float64Array
    p10: Float64Array
    """NaN for p10, p90 where there is no prediction."""
    p50: Float64Array
    p90: Float64Array
    published: Float64Array
    status: Int8Array
    source: Int8Array
    vehicle: Int32Array
    """Index into `Snapshot.vehicles`, -1 where none."""
    age_s: Float64Array
    """Age of the vehicle's report at `Snapshot.made_at`, NaN where none."""
    last_call: BoolArray
    """The trip ends here: nobody boards."""


@dataclass(frozen=True, eq=False)
class JourneyCalls:
    """All calls of one dated journey, in order; all arrays (k,)."""

    trip: int
    service_day: int
    shift_s: int
    stop: Int32Array
    stop_sequence: Int32Array
    scheduled_arrival: Float64Array
    scheduled_departure: Float64Array
    p10: Float64Array
    p50: Float64Array
    p90: Float64Array
    published: Float64Array
    """NaN where already passed."""
    status: Int8Array
    source: Int8Array
    passed: BoolArray
    vehicle: int
    """Index into `Snapshot.vehicles`, -1 where none."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """See the module's docstring. Replaced whole at each step; never changed."""

    made_at: float
    """`now` of the step, POSIX seconds."""
    feed_alive_at: float
    """Newest sign of life of the vehicle feed (header or report), POSIX seconds, NaN before the first."""
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
    counts: Mapping[str, int]
    """Running totals by name: what was read, matched, refused, found."""

    def feed_stopped(self, now: float, limit_s: float = 60.0) -> bool:
        """Whether the vehicle feed has shown no sign of life for longer than `limit_s`."""
        return not now - self.feed_alive_at <= limit_s

    def board(
        self, stop: StopIdx, *, since: float, until: float, route: RouteIdx | None = None, limit: int | None = None
    ) -> Board:
        """Coming calls at a stop (a station: at all its platforms) published in [since, until], soonest first."""
        pointer, member = self.timetable.station_members
        rows = [
            part
            for one in member[pointer[stop] : pointer[stop + 1]].tolist()
            for part in (self._predicted_rows(one, since, until), self._scheduled_rows(one, since, until))
        ]
        board = Board.joined(*rows)
        keep = np.ones(len(board), bool)
        if route is not None:
            keep &= self.timetable.trip_route[board.trip] == route
        order = np.argsort(board.published, kind="stable")
        order = order[keep[order]][:limit]
        return board.take(order)

    def journey(self, trip: int, service_day: int, shift_s: int = 0) -> JourneyCalls:
        """Every call of one dated journey with what is known of it."""
        tt = self.timetable
        span = slice(int(tt.trip_call_ptr[trip]), int(tt.trip_call_ptr[trip + 1]))
        origin = float(tt.date_origin[service_day] + shift_s)
        arrival = origin + tt.arrival_s[span].astype(np.float64)
        departure = origin + tt.departure_s[span].astype(np.float64)
        n = len(arrival)
        p10, p50, p90 = np.full(n, np.nan), arrival.copy(), np.full(n, np.nan)
        published = arrival.copy()
        published[0] = departure[0]
        status, source = np.full(n, SCHEDULED, np.int8), np.full(n, FROM_TIMETABLE, np.int8)
        passed = np.zeros(n, bool)
        pr = self.predictions
        rows = np.flatnonzero((pr.trip == trip) & (pr.service_day == service_day) & (pr.shift_s == shift_s))
        vehicle = NONE
        if len(rows):
            k = pr.call[rows]
            p10[k], p50[k], p90[k], published[k] = pr.p10[rows], pr.p50[rows], pr.p90[rows], pr.published[rows]
            status[k], source[k] = pr.status[rows], pr.source[rows]
            passed[: k.min()] = True
            vehicle = int(pr.vehicle[rows[0]])
        key = self._keys_of_trip(trip, service_day, shift_s)
        if len(key):
            if len(rows) == 0 and contains(self.claimed, key)[0]:
                passed[:] = True
            status[contains(self.skipped, call_key(key[:1], np.arange(n)))] = SKIPPED
            if contains(self.cancelled, key)[0]:
                status[:], passed[:] = CANCELLED, False
        published[passed] = np.nan
        return JourneyCalls(
            trip=trip, service_day=service_day, shift_s=shift_s, stop=tt.call_stop[span],
            stop_sequence=tt.stop_sequence[span], scheduled_arrival=arrival, scheduled_departure=departure,
            p10=p10, p50=p50, p90=p90, published=published, status=status, source=source, passed=passed,
            vehicle=vehicle,
        )  # fmt: skip

    def unclaimed_calls(self, since: float, until: float) -> Board:
        """Scheduled calls of the whole network in [since, until] that no prediction stands for, as board rows.

        Cost: one pass over all calls of the timetable for each service day in the window.
        """
        calls = self.scheduled_calls
        stop = np.repeat(np.arange(self.timetable.stops, dtype=np.int32), np.diff(calls.stop_ptr))
        days = self._days(since, until)
        rows = [self._rows_on_day(stop, np.arange(len(calls.call)), day, since, until) for day in days]
        return Board.joined(*rows)

    def _days(self, since: float, until: float) -> list[int]:
        """Service days on which a call between the two times can lie."""
        tt = self.timetable
        latest_s = int(self.scheduled_calls.departure_s.max(initial=0))
        return np.flatnonzero((tt.date_origin <= until) & (tt.date_origin + latest_s >= since)).tolist()

    def _scheduled_rows(self, stop: int, since: float, until: float) -> Board:
        calls = self.scheduled_calls
        first, last = int(calls.stop_ptr[stop]), int(calls.stop_ptr[stop + 1])
        parts = []
        for day in self._days(since, until):
            origin = self.timetable.date_origin[day]
            low, high = np.searchsorted(calls.departure_s[first:last], [since - origin - 1, until - origin + 1])
            rows = np.arange(first + low, first + high)
            parts.append(self._rows_on_day(np.full(len(rows), stop, np.int32), rows, day, since, until))
        return Board.joined(*parts)

    def _rows_on_day(self, stop: Int32Array, rows: Int64Array, day: int, since: float, until: float) -> Board:
        tt, calls = self.timetable, self.scheduled_calls
        departure = tt.date_origin[day] + calls.departure_s[rows].astype(np.float64)
        journey = calls.journey[rows]
        keep = tt.service_active[tt.trip_service[tt.journey_trip[journey]], day]
        keep &= (departure >= since) & (departure <= until)
        stop, rows, journey, departure = stop[keep], rows[keep], journey[keep], departure[keep]
        key = journey_key(np.full(len(journey), day, np.int32), journey)
        keep = ~contains(self.claimed, key)
        stop, rows, journey, departure, key = stop[keep], rows[keep], journey[keep], departure[keep], key[keep]
        trip, call = tt.journey_trip[journey], calls.call[rows]
        entry = tt.trip_call_ptr[trip] + call
        shift = tt.journey_shift_s[journey]
        arrival = tt.date_origin[day] + shift + tt.arrival_s[entry].astype(np.float64)
        status = np.full(len(trip), SCHEDULED, np.int8)
        status[contains(self.skipped, call_key(key, call))] = SKIPPED
        status[contains(self.cancelled, key)] = CANCELLED
        nothing = np.full(len(trip), np.nan)
        by_headway = tt.journey_headway_s[journey] > 0
        return Board(
            stop=stop, trip=trip, service_day=np.full(len(trip), day, np.int32), shift_s=shift, call=call,
            scheduled_arrival=np.where(by_headway, np.nan, arrival),
            scheduled_departure=np.where(by_headway, np.nan, departure),
            p10=nothing, p50=arrival, p90=nothing, published=np.where(call == 0, departure, arrival), status=status,
            source=np.full(len(trip), FROM_TIMETABLE, np.int8), vehicle=np.full(len(trip), NONE, np.int32),
            age_s=nothing, last_call=call == tt.trip_calls[trip] - 1,
        )  # fmt: skip

    def _predicted_rows(self, stop: int, since: float, until: float) -> Board:
        tt, pr = self.timetable, self.predictions
        rows = np.arange(pr.stop_ptr[stop], pr.stop_ptr[stop + 1])
        rows = rows[(pr.published[rows] >= since) & (pr.published[rows] <= until)]
        trip, call, vehicle = pr.trip[rows], pr.call[rows], pr.vehicle[rows]
        entry = tt.trip_call_ptr[trip] + call
        origin = (tt.date_origin[pr.service_day[rows]] + pr.shift_s[rows]).astype(np.float64)
        age = np.full(len(rows), np.nan)
        known = vehicle >= 0
        age[known] = self.made_at - self.vehicles.timestamp[vehicle[known]]
        by_headway = tt.trip_is_frequency[trip]
        return Board(
            stop=pr.stop[rows], trip=trip, service_day=pr.service_day[rows], shift_s=pr.shift_s[rows], call=call,
            scheduled_arrival=np.where(by_headway, np.nan, origin + tt.arrival_s[entry]),
            scheduled_departure=np.where(by_headway, np.nan, origin + tt.departure_s[entry]),
            p10=pr.p10[rows], p50=pr.p50[rows], p90=pr.p90[rows], published=pr.published[rows],
            status=pr.status[rows], source=pr.source[rows], vehicle=vehicle, age_s=age,
            last_call=call == tt.trip_calls[trip] - 1,
        )  # fmt: skip

    def _keys_of_trip(self, trip: int, service_day: int, shift_s: int) -> Int64Array:
        tt = self.timetable
        journey = np.flatnonzero((tt.journey_trip == trip) & (tt.journey_shift_s == shift_s)).astype(np.int32)
        return journey_key(np.full(len(journey), service_day, np.int32), journey)
