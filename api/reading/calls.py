"""One call of a dated run, told the same on a stop's board, along a line and in its journey."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from api.reading.boarding import (
    BOARDING,
    Occupancy,
    occupancy_at,
    vehicle_wheelchair,
    wheelchair_access,
    wheelchair_words,
)
from api.service.view import ServiceView
from feeds.service_times import start_time
from predictor.arrays import BoolArray, Float64Array, Int8Array, StrArray
from predictor.snapshot import (
    CANCELLED,
    DOUBTS,
    FOLLOWED,
    FROM_TIMETABLE,
    FROM_VEHICLES,
    LIVE,
    SCHEDULED,
    SKIPPED,
    SOURCES,
    STATUSES,
    RunCalls,
)


@dataclass(frozen=True)
class Event:
    """The arrival or the departure of a call. Times are POSIX seconds."""

    scheduled: float | None
    """None for a run by headway."""
    predicted: float | None
    """None where passed, cancelled or skipped, or where only the timetable is known."""

    @property
    def delay_s(self) -> float | None:
        """Seconds late against the timetable, negative when early; None where not known."""
        return None if self.predicted is None or self.scheduled is None else self.predicted - self.scheduled


@dataclass(frozen=True)
class RunCall:
    """One call of a dated run. Times are POSIX seconds."""

    route_idx: int
    direction: int
    """`direction_id`, -1 where none."""
    destination: str
    """What the run is bound for, as said here."""
    stop_idx: int
    stop_id: str
    platform: str
    trip_idx: int
    trip_id: str
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
    arrival: Event | None
    """None at a run's first stop,"""
    departure: Event | None
    """and at its last one."""
    at_stop: bool
    """The vehicle stands here."""
    scheduled: float | None
    """Of the departure, at a run's last stop of the arrival; None for a trip run by headway."""
    published: float
    """The time to count down to, and to order by; of a call that is passed, when it came."""
    predicted: float | None
    """`published` where it comes from more than the timetable; None where passed or cancelled."""
    p10: float | None
    p50: float | None
    p90: float | None
    minutes: int | None
    """Whole minutes to wait, never negative; None where nobody knows: the vehicle is in `doubt`, or there is no
    `clock`; and where passed."""
    status: str
    """`live`, `scheduled`, `cancelled` or `skipped`."""
    passed: bool
    """The run has left it behind."""
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
    comes without a vehicle."""
    wheelchair: str
    """Whether a wheelchair user can board here: `yes`, `no` or `unknown`."""
    vehicle_wheelchair: str
    """Whether the vehicle takes wheelchairs, by its own word or its trip's."""
    occupancy: Occupancy | None
    """None where not told, or passed."""
    pickup: str
    """One of `BOARDING`; `none` where the run ends,"""
    drop_off: str
    """and where it begins."""
    headway_s: int | None
    """Seconds between the vehicles of a line run by headway, None for others."""

    @property
    def key(self) -> str:
        """Names this departure from one board to the next."""
        return f"{self.trip_id} {self.service_date} {self.start_time} {self.call}"

    @property
    def boards(self) -> bool:
        """False where the run ends or nobody may board: shown among arrivals only."""
        return self.pickup != "none"

    @property
    def delay_s(self) -> float | None:
        """Seconds late against the timetable, negative when early; None where not known."""
        return None if self.predicted is None or self.scheduled is None else self.predicted - self.scheduled


class CallsAt:
    """Calls of dated runs (n,) as told at one time: columns tell of all, and a row is put together only for what is
    shown.

    Nothing is `live` here whose report is older at `now` than `view.live_limit_s`, even if no step came since, and of
    vehicles nothing once their feed has stopped.
    """

    def __init__(self, view: ServiceView, now: float, calls: RunCalls) -> None:
        self._view, self._now = view, now
        self.calls = calls
        since_step = now - view.snapshot.made_at
        self.age_s: Float64Array = np.maximum(calls.age_s + since_step, 0.0)
        """(n,) age of the vehicles' reports, NaN where none."""
        too_old = np.where(np.isnan(self.age_s), since_step, self.age_s) > view.live_limit_s
        silent = np.isin(calls.source, FROM_VEHICLES) & view.feed_stopped(now)
        self.status: Int8Array = np.where((calls.status == LIVE) & (too_old | silent), SCHEDULED, calls.status)
        """(n,) the calls' own is older than this one."""
        tt, by_timetable = view.timetable, (calls.source == FROM_TIMETABLE) & (self.status == SCHEDULED)
        self.slot: BoolArray = by_timetable & tt.trip_is_frequency[calls.trip] & ~calls.passed
        """(n,) calls of lines run by headway that no vehicle is known for, but for the first of a day: they have no
        time."""
        self.slot[self.slot] = ~tt.opens_a_headway(calls.trip[self.slot], calls.shift_s[self.slot])

    def __len__(self) -> int:
        return len(self.calls)

    @cached_property
    def destinations(self) -> StrArray:
        """(n,) what the run of each call is bound for, as said here."""
        return self._view.snapshot.headsigns(self.calls.runs, self.calls.call)

    def row(self, i: int) -> RunCall:
        """All that is said of one call."""
        snapshot, tt, calls = self._view.snapshot, self._view.timetable, self.calls
        trip, stop, day, call = int(calls.trip[i]), int(calls.stop[i]), int(calls.service_day[i]), int(calls.call[i])
        shift_s, vehicle, published = int(calls.shift_s[i]), int(calls.vehicle[i]), float(calls.published[i])
        passed, status, source = bool(calls.passed[i]), STATUSES[int(self.status[i])], int(calls.source[i])
        from_timetable = source == FROM_TIMETABLE or passed or self.status[i] == CANCELLED
        arrival, departure = _events(calls, i)
        scheduled, doubt = known(calls.scheduled_arrival[i]), DOUBTS[int(calls.doubt[i])]
        if departure is not None:
            scheduled = departure.scheduled
        entry, takes = tt.entry_of(trip, call), vehicle_wheelchair(snapshot, trip, vehicle)
        return RunCall(
            route_idx=int(tt.trip_route[trip]), direction=int(tt.pattern_direction[tt.trip_pattern[trip]]),
            destination=str(self.destinations[i]),
            stop_idx=stop, stop_id=str(tt.stop_id[stop]), platform=str(tt.stop_platform[stop]),
            trip_idx=trip, trip_id=str(tt.trip_id[trip]), service_day=day, service_date=iso_date(tt.date[day]),
            start_time=start_time(tt, trip, shift_s), shift_s=shift_s, call=call,
            stop_sequence=int(tt.stop_sequence[entry]), arrival=arrival, departure=departure,
            at_stop=bool(calls.at_stop[i]), scheduled=scheduled, published=published,
            predicted=None if from_timetable else published,
            p10=known(calls.p10[i]), p50=None if from_timetable else known(calls.p50[i]), p90=known(calls.p90[i]),
            minutes=None if passed or self.slot[i] else _minutes_to_wait(published, self._now, doubt), status=status,
            passed=passed,
            source=SOURCES[source], vehicle_id=str(snapshot.vehicles.vehicle_id[vehicle]) if vehicle >= 0 else None,
            vehicle_label=str(snapshot.vehicles.label[vehicle]) if vehicle >= 0 else None,
            age_s=known(self.age_s[i]), doubt=doubt,
            clock=None if self.slot[i] else _clock_time(published, scheduled, self._now, doubt),
            wheelchair=wheelchair_access(tt, stop, takes), vehicle_wheelchair=wheelchair_words(takes),
            occupancy=None if passed else occupancy_at(snapshot, calls, i),
            pickup=BOARDING[int(tt.pickup_type[entry])] if departure else "none",
            drop_off=BOARDING[int(tt.drop_off_type[entry])] if arrival else "none",
            headway_s=tt.headway_s(trip, shift_s) or None,
        )  # fmt: skip


def _events(calls: RunCalls, row: int) -> tuple[Event | None, Event | None]:
    """Arrival and departure of one call: a run does not arrive at its first stop, nor depart from its last."""
    untold = calls.source[row] == FROM_TIMETABLE or calls.status[row] in (CANCELLED, SKIPPED) or bool(calls.passed[row])
    arrival, departure = (
        Event(known(float(scheduled)), None if untold else float(predicted))
        for scheduled, predicted in (
            (calls.scheduled_arrival[row], calls.arrival[row]),
            (calls.scheduled_departure[row], calls.departure[row]),
        )
    )
    return None if calls.first_call[row] else arrival, None if calls.last_call[row] else departure


def _minutes_to_wait(published: float, now: float, doubt: str) -> int | None:
    """Whole minutes, rounded down: better a minute early at the stop than one late. None for a vehicle in `doubt`."""
    return None if doubt != DOUBTS[FOLLOWED] else max(math.floor((published - now) / 60.0), 0)


def _clock_time(published: float, scheduled: float | None, now: float, doubt: str) -> float:
    """The time to show as a clock time: the published one. Of a vehicle in `doubt` that is due this is put off from
    minute to minute: there the timetable's says more."""
    puts_off = doubt != DOUBTS[FOLLOWED] and published < now + 60.0
    return scheduled if puts_off and scheduled is not None else published


def known(value: float) -> float | None:
    """None for NaN."""
    return None if math.isnan(value) else float(value)


def iso_date(date: int) -> str:
    """YYYY-MM-DD of YYYYMMDD."""
    return f"{date // 10_000:04d}-{date // 100 % 100:02d}-{date % 100:02d}"
