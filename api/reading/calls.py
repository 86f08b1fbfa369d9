"""One call of a dated run, told the same on a stop's board, along a line and in its journey."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import repeat
from typing import NamedTuple

import numpy as np

from api.reading.boarding import (
    BOARDING,
    WHEELCHAIR,
    Occupancy,
    occupancy_of,
    vehicle_wheelchair,
    wheelchair_access,
)
from api.reading.destinations import destinations
from api.service.view import ServiceView
from feeds.service_times import start_times
from predictor.arrays import BoolArray, Float64Array, Int8Array, StrArray
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
    RunCalls,
)


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
        self._rows: dict[int, RunCall] = {}
        self.calls = calls
        since_step = now - view.snapshot.made_at
        self.age_s: Float64Array = np.maximum(calls.age_s + since_step, 0.0)
        """(n,) age of the vehicles' reports, NaN where none."""
        too_old = np.where(np.isnan(self.age_s), since_step, self.age_s) > view.live_limit_s
        from_vehicles = (calls.source == FROM_VEHICLE) | (calls.source == FROM_BLOCK)
        silent = from_vehicles & view.feed_stopped(now)
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
        return destinations(self._view.snapshot, self.calls.runs, self.calls.call)

    def row(self, i: int) -> RunCall:
        """All that is said of one call."""
        return self.rows([i])[0]

    def rows(self, wanted: Sequence[int]) -> list[RunCall]:
        """All that is said of some calls, by their places: made column by column, for a row of its own is dear."""
        if unmade := [i for i in wanted if i not in self._rows]:
            self._rows.update(zip(unmade, self._made(unmade), strict=True))
        return [self._rows[i] for i in wanted]

    def _made(self, wanted: Sequence[int]) -> list[RunCall]:
        snapshot, tt, now = self._view.snapshot, self._view.timetable, self._now
        places = np.asarray(wanted)
        calls, status, slot = self.calls.take(places), self.status[places], self.slot[places]
        trip, stop, vehicle = calls.trip, calls.stop, calls.vehicle
        entry, takes = tt.entry_of(trip, calls.call), vehicle_wheelchair(snapshot, trip, vehicle)
        from_timetable = calls.source == FROM_TIMETABLE
        untold = from_timetable | (calls.status == CANCELLED) | (calls.status == SKIPPED) | calls.passed
        columns = zip(
            tt.trip_route[trip].tolist(), tt.pattern_way[tt.trip_pattern[trip]].tolist(),
            destinations(snapshot, calls.runs, calls.call).tolist(),
            stop.tolist(), tt.stop_id[stop].tolist(), tt.stop_platform[stop].tolist(), trip.tolist(),
            tt.trip_id[trip].tolist(), calls.service_day.tolist(), tt.date[calls.service_day].tolist(),
            start_times(tt, trip, calls.shift_s), calls.shift_s.tolist(), calls.call.tolist(),
            tt.stop_sequence[entry].tolist(),
            _events(calls.scheduled_arrival, calls.arrival, untold, calls.first_call),
            _events(calls.scheduled_departure, calls.departure, untold, calls.last_call),
            calls.at_stop.tolist(), _known(calls.scheduled_arrival), calls.published.tolist(),
            (from_timetable | calls.passed | (status == CANCELLED)).tolist(),
            _known(calls.p10), _known(calls.p50), _known(calls.p90), slot.tolist(), status.tolist(),
            calls.passed.tolist(), calls.source.tolist(), vehicle.tolist(),
            snapshot.vehicles.vehicle_id[vehicle].tolist() if vehicle.max() >= 0 else repeat(""),
            snapshot.vehicles.label[vehicle].tolist() if vehicle.max() >= 0 else repeat(""),
            _known(self.age_s[places]), calls.doubt.tolist(), wheelchair_access(tt, stop, takes).tolist(),
            takes.tolist(), tt.pickup_type[entry].tolist(), tt.drop_off_type[entry].tolist(),
            tt.trip_is_frequency[trip].tolist(), strict=False,
        )  # fmt: skip
        rows = []
        for (
            route_idx, direction, destination, stop_idx, stop_id, platform, trip_idx, trip_id, service_day, date,
            starts_at, shift_s, call, stop_sequence, arrival, departure, at_stop, scheduled_arrival, published,
            not_predicted, p10, p50, p90, has_no_time, says, passed, source, vehicle_idx, vehicle_id, label, age_s,
            doubt, access, takes_wheelchair, pickup_type, drop_off_type, by_headway,
        ) in columns:  # fmt: skip
            scheduled = scheduled_arrival if departure is None else departure.scheduled
            rows.append(
                RunCall(
                    route_idx=route_idx, direction=direction, destination=destination, stop_idx=stop_idx,
                    stop_id=stop_id, platform=platform, trip_idx=trip_idx, trip_id=trip_id, service_day=service_day,
                    service_date=iso_date(date), start_time=starts_at, shift_s=shift_s, call=call,
                    stop_sequence=stop_sequence, arrival=arrival, departure=departure, at_stop=at_stop,
                    scheduled=scheduled, published=published, predicted=None if not_predicted else published,
                    p10=p10, p50=None if not_predicted else p50, p90=p90,
                    minutes=None if passed or has_no_time else _minutes_to_wait(published, now, doubt),
                    status=STATUSES[says], passed=passed, source=SOURCES[source],
                    vehicle_id=vehicle_id if vehicle_idx >= 0 else None,
                    vehicle_label=label if vehicle_idx >= 0 else None,
                    age_s=age_s, doubt=DOUBTS[doubt],
                    clock=None if has_no_time else _clock_time(published, scheduled, now, doubt),
                    wheelchair=WHEELCHAIR[access], vehicle_wheelchair=WHEELCHAIR[takes_wheelchair],
                    # On its next run a vehicle will be as full as it then is.
                    occupancy=occupancy_of(snapshot, vehicle_idx) if source == FROM_VEHICLE and not passed else None,
                    pickup=BOARDING[pickup_type] if departure else "none",
                    drop_off=BOARDING[drop_off_type] if arrival else "none",
                    headway_s=(tt.headway_s(trip_idx, shift_s) or None) if by_headway else None,
                )
            )  # fmt: skip
        return rows


def _events(scheduled: Float64Array, predicted: Float64Array, untold: BoolArray, none: BoolArray) -> list[Event | None]:
    """Arrivals or departures of calls (n,): a run does not arrive at its first stop, nor depart from its last."""
    return [
        None if is_none else Event(scheduled_at, None if is_untold else at)
        for scheduled_at, at, is_untold, is_none in zip(
            _known(scheduled), predicted.tolist(), untold.tolist(), none.tolist(), strict=True
        )
    ]


def _minutes_to_wait(published: float, now: float, doubt: int) -> int | None:
    """Whole minutes, rounded down: better a minute early at the stop than one late. None for a vehicle in `doubt`."""
    return None if doubt != FOLLOWED else max(math.floor((published - now) / 60.0), 0)


def _clock_time(published: float, scheduled: float | None, now: float, doubt: int) -> float:
    """The time to show as a clock time: the published one. Of a vehicle in `doubt` that is due this is put off from
    minute to minute: there the timetable's says more."""
    puts_off = doubt != FOLLOWED and published < now + 60.0
    return scheduled if puts_off and scheduled is not None else published


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
