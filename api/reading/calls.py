"""One call of a dated run, told the same on a stop's board, along a line and in its journey."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from api.reading.boarding import ACCESS, BOARDING, Occupancy, occupancies, vehicle_wheelchair, wheelchair_access
from api.reading.destinations import destinations
from api.reading.given_up import given_up_calls
from api.service.view import ServiceView
from feeds.service_times import start_times
from predictor.arrays import (
    NONE,
    AnyArray,
    BoolArray,
    Float64Array,
    Int8Array,
    Int32Array,
    Int64Array,
    StrArray,
    is_one_of,
)
from predictor.snapshot import (
    CANCELLED,
    DOUBTS,
    FOLLOWED,
    FROM_BLOCK,
    FROM_TIMETABLE,
    FROM_VEHICLE,
    LIVE,
    SCHEDULED,
    SKIPPED,
    SOURCES,
    STATUSES,
    KnownCalls,
    Snapshot,
)
from predictor.timetable import NO_PICKUP, Timetable

PASSED_AFTER_S = 30.0
"""A departure stays on the board until this long after its published time."""


class Event(NamedTuple):
    """The arrival or the departure of a call. Times are POSIX seconds."""

    scheduled: float | None
    """None for a run by headway."""
    predicted: float | None
    """None where passed, cancelled or skipped, or where only the timetable is known."""

    @property
    def delay_s(self) -> float | None:
        """Seconds late against the timetable, negative when early; None where not known."""
        return None if self.predicted is None or self.scheduled is None else self.predicted - self.scheduled


class RunCall(NamedTuple):
    """One call of a dated run. Times are POSIX seconds."""

    route_idx: int
    direction: int
    """`direction_id`, -1 where none."""
    destination: str
    """What the run is bound for, as said here."""
    stop_idx: int
    stop_id: str
    platform: str
    planned_platform: str
    """That of its station from which the operator has moved the call, else ""."""
    trip_idx: int
    trip_id: str
    trip_short_name: str
    """What riders call the run, such as a train's number; "" where it has no name."""
    service_day: int
    """Index into `Timetable.date`."""
    service_date: str
    """YYYY-MM-DD."""
    start_time: str
    """HH:MM:SS after the origin of the service date: with trip and date it names one run of a trip run by headway."""
    shift_s: int
    """Seconds from the trip's first departure to this run's: names the run as the engine does."""
    call: int
    """Position in the trip, 0 for the first stop."""
    stop_sequence: int
    arrives: bool
    """False at a run's first stop,"""
    departs: bool
    """and at its last one."""
    scheduled_arrival: float | None
    """None for a run by headway, and where it takes another way of which nobody states when it was to be there."""
    scheduled_departure: float | None
    predicted_arrival: float | None
    """None where passed, cancelled or skipped, or where only the timetable is known."""
    predicted_departure: float | None
    at_stop: bool
    """The vehicle stands here."""
    scheduled: float | None
    """Of the departure, at a run's last stop of the arrival; None where those are."""
    reckoned: bool
    """The timetable gives no time here: what is scheduled is reckoned from the stops before and after."""
    published: float
    """The time to count down to, and to order by; of a call that is passed, when it came."""
    predicted: float | None
    """`published` where it comes from more than the timetable; None where passed or cancelled."""
    p10: float | None
    p50: float | None
    p90: float | None
    minutes: int | None
    """Whole minutes to wait, never negative; None where nobody knows: the vehicle is in `doubt`, or there is no
    `clock`; and where past."""
    status: str
    """`live`, `scheduled`, `cancelled` or `skipped`."""
    comes: bool
    """Neither the run nor its stop here is cancelled."""
    passed: bool
    """The run has left it behind,"""
    passed_at: float | None
    """and when, None where that is not known."""
    source: str
    """`timetable`, `vehicle`, `block` or `operator`."""
    vehicle_id: str | None
    vehicle_label: str | None
    age_s: float | None
    """Age of the vehicle's report, None where the time comes from no vehicle."""
    doubt: str
    """`overdue` or `held_up` where the vehicle reports but gets no further, else `followed`."""
    clock: float | None
    """The time to show as a clock time; None where there is none: of a line run by headway nobody knows when the next
    comes without a vehicle, and what is behind did not happen at a time to come."""
    wheelchair: str
    """Whether a wheelchair user can board here: `yes`, `no` or `unknown`."""
    vehicle_wheelchair: str
    """Whether the vehicle takes wheelchairs, by its own word or its trip's."""
    bikes: str
    """Whether bicycles may come along: `yes`, `no` or `unknown`."""
    occupancy: Occupancy | None
    """None where not told, or passed."""
    pickup: str
    """One of `BOARDING`; `none` where the run ends,"""
    drop_off: str
    """and where it begins."""
    skips: tuple[int, ...]
    """Stops further on at which the run does not call, though it goes beyond them."""
    headway_s: int | None
    """Seconds between the vehicles of a line run by headway, None for others."""

    @property
    def arrival(self) -> Event | None:
        """None at a run's first stop,"""
        return Event(self.scheduled_arrival, self.predicted_arrival) if self.arrives else None

    @property
    def departure(self) -> Event | None:
        """and at its last one."""
        return Event(self.scheduled_departure, self.predicted_departure) if self.departs else None

    @property
    def key(self) -> str:
        """Names this departure from one board to the next."""
        return f"{self.trip_id} {self.service_date} {self.start_time} {self.call}"

    @property
    def boards(self) -> bool:
        """False where the run ends or nobody may board: shown among arrivals only."""
        return self.pickup != "none"


class CallsAt:
    """Calls of dated runs (n,) as told at one time: columns tell of all, and a row is put together only for what is
    shown.

    Nothing is `live` here whose report is older at `now` than `view.live_limit_s`, even if no step came since, and of
    vehicles nothing once their feed has stopped.
    """

    def __init__(self, view: ServiceView, now: float, calls: KnownCalls) -> None:
        self._view, self._now = view, now
        self._rows: dict[int, RunCall] = {}
        self.calls = calls
        since_step = now - view.snapshot.made_at
        self.age_s: Float64Array = np.maximum(calls.age_s + since_step, 0.0)
        """(n,) age of the vehicles' reports, NaN where none."""
        too_old = np.where(np.isnan(self.age_s), since_step, self.age_s) > view.live_limit_s
        from_vehicles = (calls.source == FROM_VEHICLE) | (calls.source == FROM_BLOCK)
        silent = from_vehicles & view.feed_stopped(now)
        self.past: BoolArray = calls.passed | (calls.published < now - PASSED_AFTER_S)
        """(n,) calls that the run has left behind, or whose time has passed without a word of it."""
        not_live = too_old | silent | self.past
        self.status: Int8Array = np.where((calls.status == LIVE) & not_live, SCHEDULED, calls.status)
        """(n,) the calls' own is older than this one."""
        tt, by_timetable = view.timetable, (calls.source == FROM_TIMETABLE) & (self.status == SCHEDULED)
        self.slot: BoolArray = by_timetable & tt.trip_is_frequency[calls.trip] & ~calls.passed
        """(n,) calls of lines run by headway that no vehicle is known for, but for the first of a day: they have no
        time."""
        self.slot[self.slot] = ~tt.opens_a_headway(calls.trip[self.slot], calls.shift_s[self.slot])

    def __len__(self) -> int:
        return len(self.calls)

    @cached_property
    def has_slots(self) -> bool:
        """Whether any of them is one."""
        return bool(self.slot.any())

    @cached_property
    def comes(self) -> BoolArray:
        """(n,) see `RunCall.comes`."""
        return is_one_of(self.status, (LIVE, SCHEDULED))

    def _planned_platforms(self, calls: KnownCalls) -> StrArray:
        """(n,) see `RunCall.planned_platform`."""
        tt, stop = self._view.timetable, calls.stop
        entry = tt.planned_entries(calls.trip, calls.call)
        planned = np.where(entry >= 0, tt.call_stop[entry], stop)
        if (planned == stop).all():
            return np.full(len(stop), "")
        name, was = tt.stop_platform[stop], tt.stop_platform[planned]
        moved = (tt.stop_parent[stop] == tt.stop_parent[planned]) & (tt.stop_parent[stop] >= 0) & (name != "")
        return np.where(moved & (name != was), was, "")

    def _unplanned(self, calls: KnownCalls, entry: Int64Array) -> BoolArray:
        """(n,) calls where a run takes another way than the timetable has, and nobody states when they were to be."""
        tt, result = self._view.timetable, np.zeros(len(calls), bool)
        for row in np.flatnonzero((calls.trip >= tt.base.trips) & tt.reckoned[entry]).tolist():
            result[row] = int(calls.stop[row]) in extra_stops(tt, int(calls.trip[row]))
        return result

    @cached_property
    def destinations(self) -> StrArray:
        """(n,) what the run of each call is bound for, as said here."""
        return destinations(self._view.snapshot, self.calls.runs, self.calls.call)

    def rows(self, wanted: Sequence[int]) -> list[RunCall]:
        """All that is said of some calls, by their places: made column by column, for a row of its own is dear."""
        if unmade := [i for i in wanted if i not in self._rows]:
            self._rows.update(zip(unmade, self._made(unmade), strict=True))
        return [self._rows[i] for i in wanted]

    def _made(self, wanted: Sequence[int]) -> list[RunCall]:
        snapshot, tt, places = self._view.snapshot, self._view.timetable, np.asarray(wanted)
        calls, status, slot, age_s = self.calls.take(places), self.status[places], self.slot[places], self.age_s[places]
        trip, stop, vehicle = calls.trip, calls.stop, calls.vehicle
        entry, takes = tt.entry_of(trip, calls.call), vehicle_wheelchair(snapshot, trip, vehicle)
        by_operator = snapshot.told_vehicles
        # Of a run whose vehicle does not report itself.
        ride = np.where((vehicle < 0) & ~calls.passed & (status != CANCELLED), by_operator.places(calls), NONE)
        says = np.append(by_operator.wheelchair, np.int8(0))[ride]
        takes = np.where(says > 0, says, takes)
        from_timetable = calls.source == FROM_TIMETABLE
        untold = from_timetable | (calls.status == CANCELLED) | (calls.status == SKIPPED) | calls.passed
        not_predicted = from_timetable | calls.passed | (status == CANCELLED)
        unplanned = self._unplanned(calls, entry)
        scheduled_arrival, scheduled_departure = (
            np.where(unplanned, np.nan, times) for times in (calls.scheduled_arrival, calls.scheduled_departure)
        )
        scheduled = np.where(calls.last_call, scheduled_arrival, scheduled_departure)
        on_run = (calls.source == FROM_VEHICLE) & ~calls.passed
        columns: dict[str, list[Any]] = {
            "route_idx": tt.trip_route[trip].tolist(),
            "direction": tt.trip_way[trip].tolist(),
            "destination": destinations(snapshot, calls.runs, calls.call).tolist(),
            "stop_idx": stop.tolist(),
            "stop_id": tt.stop_id[stop].tolist(),
            "platform": tt.stop_platform[stop].tolist(),
            "planned_platform": self._planned_platforms(calls).tolist(),
            "trip_idx": trip.tolist(),
            "trip_id": tt.trip_id[trip].tolist(),
            "trip_short_name": tt.trip_short_name[trip].tolist(),
            "service_day": calls.service_day.tolist(),
            "service_date": list(map(iso_date, tt.date[calls.service_day].tolist())),
            "start_time": list(start_times(tt, trip, calls.shift_s)),
            "shift_s": calls.shift_s.tolist(),
            "call": calls.call.tolist(),
            "stop_sequence": tt.stop_sequence[entry].tolist(),
            "arrives": (~calls.first_call).tolist(),
            "departs": (~calls.last_call).tolist(),
            "scheduled_arrival": _known(scheduled_arrival),
            "scheduled_departure": _known(scheduled_departure),
            "predicted_arrival": _known(np.where(untold, np.nan, calls.arrival)),
            "predicted_departure": _known(np.where(untold, np.nan, calls.departure)),
            "at_stop": calls.at_stop.tolist(),
            "scheduled": _known(scheduled),
            "reckoned": tt.reckoned[entry].tolist(),
            "published": calls.published.tolist(),
            "predicted": _known(np.where(not_predicted, np.nan, calls.published)),
            "p10": _known(calls.p10),
            "p50": _known(np.where(not_predicted, np.nan, calls.p50)),
            "p90": _known(calls.p90),
            "minutes": _minutes_to_wait(calls, slot | self.past[places], self._now),
            "status": _named(STATUSES, status),
            "comes": self.comes[places].tolist(),
            "passed": calls.passed.tolist(),
            "passed_at": _known(calls.passed_at),
            "source": _named(SOURCES, calls.source),
            "vehicle_id": _of_vehicles(snapshot.vehicles.vehicle_id, vehicle, by_operator.vehicle_id, ride),
            "vehicle_label": _of_vehicles(snapshot.vehicles.label, vehicle, by_operator.label, ride),
            "age_s": _known(age_s),
            "doubt": _named(DOUBTS, calls.doubt),
            "clock": _known(np.where(slot, np.nan, _clock_times(calls, scheduled, self._now))),
            "wheelchair": _named(ACCESS, wheelchair_access(tt, stop, takes)),
            "vehicle_wheelchair": _named(ACCESS, takes),
            "bikes": _named(ACCESS, tt.trip_bikes[trip]),
            # On its next run a vehicle will be as full as it then is.
            "occupancy": occupancies(
                snapshot,
                np.where(on_run, vehicle, NONE),
                np.where(calls.passed | (status != LIVE), NONE, calls.occupancy),
            ),
            "pickup": _named(BOARDING, np.where(calls.last_call, NO_PICKUP, tt.pickup_type[entry])),
            "drop_off": _named(BOARDING, np.where(calls.first_call, NO_PICKUP, tt.alighting[entry])),
            "skips": _left_out_behind(snapshot, calls),
            "headway_s": [seconds or None for seconds in tt.headway_s(trip, calls.shift_s).tolist()],
        }
        # As `_make` would, which takes three times as long.
        return list(
            map(partial(tuple.__new__, RunCall), zip(*(columns[name] for name in RunCall._fields), strict=True))
        )


def calls_ahead(view: ServiceView, now: float, vehicles: Sequence[int]) -> dict[int, RunCall]:
    """The next call of the run that each vehicle is on, by the vehicle; without those of which nothing is predicted."""
    calls = CallsAt(view, now, view.snapshot.next_calls(np.array(vehicles, np.int32)))
    return dict(zip(calls.calls.vehicle.tolist(), calls.rows(range(len(calls))), strict=True))


def _left_out_behind(snapshot: Snapshot, calls: KnownCalls) -> list[tuple[int, ...]]:
    """The stops behind calls (n,) that their runs leave out; where a run ends early is told by its destination."""
    tt, skipped, given_up = snapshot.timetable, snapshot.left_out, given_up_calls(snapshot.timetable)
    if not skipped and not given_up:
        return [()] * len(calls)
    last = snapshot.last_calls(calls.runs)
    found: list[tuple[int, ...]] = []
    columns = (column.tolist() for column in (calls.runs.run_key, calls.trip, calls.call, last))
    for run, trip, call, end in zip(*columns, strict=True):
        behind = [other for other in skipped.get(run, ()) if call < other < end]
        gone = [other for other in given_up.get(trip, ()) if other.goes_on and call < other.own_call <= end]
        if not behind and not gone:
            found.append(())
            continue
        at = sorted([(other, NONE, trip) for other in behind] + [(o.own_call, o.call, o.trip) for o in gone])
        stops = np.array([tt.stop_at(of, own if planned == NONE else planned) for own, planned, of in at])
        served = np.setdiff1d(np.arange(call, end + 1), behind)
        still = tt.call_stop[tt.entry_of(trip, served)]
        # Another platform, or a stop of the same name, is no stop left out.
        there = np.isin(tt.station[stops], tt.station[still]) | np.isin(tt.stop_name[stops], tt.stop_name[still])
        found.append(tuple(stops[~there].tolist()))
    return found


def _minutes_to_wait(calls: KnownCalls, nobody_waits: BoolArray, now: float) -> list[int | None]:
    """Whole minutes, rounded down: better a minute early at the stop than one late. None for a vehicle in `doubt`."""
    minutes = np.maximum(np.floor((calls.published - now) / 60.0), 0.0).astype(np.int64)
    nobody_knows = nobody_waits | (calls.doubt != FOLLOWED)
    return [None if unknown else m for m, unknown in zip(minutes.tolist(), nobody_knows.tolist(), strict=True)]


def extra_stops(tt: Timetable, trip: int) -> set[int]:
    """Stops of a run, at none of whose stations the trip calls that it takes the place of; none where it does not."""
    model = int(tt.run_models[trip])
    if trip < tt.base.trips or model < 0:
        return set()
    own, planned = (tt.call_stop[tt.calls_of(run)] for run in (trip, model))
    return set(own[~np.isin(tt.station[own], tt.station[planned])].tolist())


def _clock_times(calls: KnownCalls, scheduled: Float64Array, now: float) -> Float64Array:
    """(n,) the times to show as clock times: the published ones. Of a vehicle in `doubt` that is due this is put off
    from minute to minute: there the timetable's says more. NaN for what has passed before the only time known of it."""
    contradicts = calls.passed & (calls.published > now) & (calls.status != SKIPPED)
    puts_off = (calls.doubt != FOLLOWED) & (calls.published < now + 60.0) & np.isfinite(scheduled)
    return np.where(contradicts, np.nan, np.where(puts_off, scheduled, calls.published))


def _of_vehicles(texts: StrArray, vehicle: Int32Array, told_texts: StrArray, told: Int64Array) -> list[str | None]:
    """What vehicles (n,) are called, or the operator calls those of their runs; None where nothing is known."""
    names = texts[vehicle].tolist() if len(texts) else [""] * len(vehicle)
    found = [name or None if i >= 0 else None for i, name in zip(vehicle.tolist(), names, strict=True)]
    for i in np.flatnonzero(told >= 0).tolist():
        found[i] = str(told_texts[told[i]]) or None
    return found


def _named(names: Sequence[str], codes: AnyArray) -> list[str]:
    return [names[code] for code in codes.tolist()]


def known(value: float) -> float | None:
    """None for NaN."""
    return None if math.isnan(value) else float(value)


def _known(values: Float64Array) -> list[float | None]:
    """Values (n,), None for NaN."""
    return [None if value != value else value for value in values.tolist()]


@lru_cache(maxsize=1024)
def iso_date(date: int) -> str:
    """YYYY-MM-DD of YYYYMMDD."""
    return f"{date // 10_000:04d}-{date // 100 % 100:02d}-{date % 100:02d}"
