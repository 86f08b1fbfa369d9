"""One run of a trip: which is meant, which calls it makes, and the status and times of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from api.reading.board import clock_time, iso_date, minutes_to_wait
from api.reading.boarding import BOARDING, Occupancy, occupancy_at, vehicle_wheelchair, wheelchair_access
from api.reading.call_events import Event, events_of, known
from api.reading.lines import destination_of
from api.reading.moment import Moment
from feeds.reports import seconds_of_day, service_date
from predictor.named_runs import START_TOLERANCE_S
from predictor.snapshot import CANCELLED, DOUBTS, FOLLOWED, FROM_TIMETABLE, LIVE, SCHEDULED, SOURCES, STATUSES, RunCalls

Reason = Literal["bad_date", "bad_start", "never_runs", "unknown_date", "not_on_date"]


class UnknownRunError(LookupError):
    """No run of the trip is meant."""

    def __init__(self, reason: Reason, dates: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.dates = dates
        """YYYY-MM-DD: the timetable's first and last day for `bad_date` and `unknown_date`; the nearest days on which
        the trip runs for `not_on_date`."""


@dataclass(frozen=True)
class JourneyCall:
    """One call of a run. Times are POSIX seconds."""

    stop_idx: int
    headsign: str
    """What the run is bound for, as said here."""
    stop_sequence: int
    arrival: Event | None
    """None at a run's first stop,"""
    departure: Event | None
    """and at its last one."""
    at_stop: bool
    """The vehicle stands here."""
    scheduled: float | None
    """Of the departure, at a run's last stop of the arrival; None for a trip run by headway."""
    shown: float
    """When it comes, or came: the predicted, else the scheduled time."""
    predicted: float | None
    """None where passed or cancelled, or where only the timetable is known."""
    p10: float | None
    p50: float | None
    p90: float | None
    minutes: int | None
    """Whole minutes to wait, None where passed, or where the vehicle is in `doubt`."""
    status: str
    """`live`, `scheduled`, `cancelled` or `skipped`."""
    source: str
    """`timetable`, `vehicle`, `block` or `operator`."""
    doubt: str
    """`overdue` or `held_up` where the vehicle reports but gets no further, else `followed`."""
    clock: float
    """The time to show as a clock time, POSIX seconds."""
    passed: bool
    wheelchair: str
    """`yes`, `no` or `unknown`."""
    occupancy: Occupancy | None
    """None where not told, or passed."""
    pickup: str
    """One of `BOARDING`; `none` where the run ends,"""
    drop_off: str
    """and where it begins."""


@dataclass(frozen=True)
class Journey:
    """One run of a trip with all its calls, in order."""

    trip_idx: int
    service_day: int
    """Index into `Timetable.date`."""
    shift_s: int
    route_idx: int
    direction: int
    """`direction_id`, -1 where none."""
    headsign: str
    destination: str
    """The headsign, where there is none the name of the last stop."""
    headway_s: int | None
    """Seconds between the vehicles of a line run by headway, None for others."""
    begins_at: float
    """Scheduled departure from the first stop, POSIX seconds."""
    status: str
    """`cancelled`, `live` where any coming call is live, else `scheduled`."""
    doubt: str
    """Why no coming call is live though the vehicle reports: `overdue` or `held_up`, else `followed`."""
    over: bool
    """All calls lie behind."""
    vehicle: int | None
    """Index into `Snapshot.vehicles`, None where none is known."""
    age_s: float | None
    """Age of the vehicle's report, None without a vehicle."""
    calls: list[JourneyCall]


def run_meant(moment: Moment, trip: int, date: str | None = None, start: str | None = None) -> tuple[int, int]:
    """Service day (index) and `shift_s` of the run of a trip that is under way or nearest to now.

    Parameters: `date`, YYYY-MM-DD or YYYYMMDD, and `start`, HH:MM:SS or HH:MM after the service date's origin: only
    such runs. Errors: UnknownRunError.
    """
    tt = moment.timetable
    named = tt.by_name
    first_s, last_s = int(tt.trip_start_s[trip]), int(tt.trip_end_s[trip])
    shifts = np.unique(named.journey_shift_s[named.journey_trip == trip])
    if start:
        seconds = seconds_of_day(start)
        if seconds is None:
            raise UnknownRunError("bad_start")
        off_s = np.abs(first_s + shifts - seconds)
        meant = off_s == off_s.min(initial=START_TOLERANCE_S)
        # A run by headway, or one that the operator moved, starts at a time that the timetable does not have.
        exact = bool(tt.trip_repeats[trip]) and not tt.trip_is_frequency[trip]
        shifts = shifts[meant] if exact and meant.any() else np.array([seconds - first_s])
    elif len(shifts) == 0:
        shifts = np.zeros(1, int)
    days = _days_meant(moment, trip, date)
    day, shift = (grid.ravel() for grid in np.meshgrid(days, shifts, indexing="ij"))
    begins, ends = (tt.date_origin[day] + shift + at for at in (first_s, last_s))
    away = np.maximum(begins - moment.now, 0.0) + np.maximum(moment.now - ends, 0.0)
    nearest = int(np.lexsort((np.abs(begins - moment.now), away))[0])
    return int(day[nearest]), int(shift[nearest])


def _days_meant(moment: Moment, trip: int, date: str | None) -> list[int]:
    tt, named = moment.timetable, moment.timetable.by_name
    days = np.flatnonzero(named.service_active[named.trip_service[trip]])
    if not date:
        if len(days) == 0:
            raise UnknownRunError("never_runs")
        return list(map(int, days))
    number = service_date(date)
    day = None if number is None else tt.date_index.get(number)
    if day is None:
        ends = iso_date(int(tt.date[0])), iso_date(int(tt.date[-1]))
        raise UnknownRunError("bad_date" if number is None else "unknown_date", ends)
    if day not in days:
        near = days[np.argsort(np.abs(days - day), kind="stable")[:3]]
        raise UnknownRunError("not_on_date", tuple(iso_date(int(tt.date[d])) for d in near))
    return [day]


def journey_of(moment: Moment, trip: int, service_day: int, shift_s: int) -> Journey:
    """What is known of one run. Nothing is `live` whose report is older than `view.live_limit_s`, even if no step came
    since."""
    tt, snapshot = moment.timetable, moment.view.snapshot
    told = snapshot.journey(trip, service_day, shift_s)
    trip = int(told.trip[0])
    headsign = snapshot.headsign(trip, service_day, shift_s)
    known_vehicle = int(told.vehicle.max())
    vehicle = known_vehicle if known_vehicle >= 0 else None
    age = None if vehicle is None else max(moment.now - float(snapshot.vehicles.timestamp[vehicle]), 0.0)
    since_report = moment.now - snapshot.made_at if age is None else age
    status = told.status
    if since_report > moment.view.live_limit_s:
        status = np.where(status == LIVE, SCHEDULED, status)
    cancelled, live = bool((status == CANCELLED).all()), bool((status[~told.passed] == LIVE).any())
    return Journey(
        trip_idx=trip, service_day=service_day, shift_s=shift_s, route_idx=int(tt.trip_route[trip]),
        direction=int(tt.pattern_direction[tt.trip_pattern[trip]]),
        headsign=headsign, destination=headsign or destination_of(tt, trip),
        headway_s=tt.headway_s(trip, shift_s) or None,
        begins_at=float(tt.date_origin[service_day] + shift_s + tt.trip_start_s[trip]),
        status=STATUSES[CANCELLED if cancelled else LIVE if live else SCHEDULED],
        doubt=DOUBTS[int(told.doubt[~told.passed].max(initial=FOLLOWED))], over=bool(told.passed.all()),
        vehicle=vehicle, age_s=age,
        calls=[_call(moment, told, k, int(status[k]), known_vehicle) for k in range(len(told))],
    )  # fmt: skip


def _call(moment: Moment, told: RunCalls, k: int, status: int, vehicle: int) -> JourneyCall:
    tt, trip, stop, passed = moment.timetable, int(told.trip[k]), int(told.stop[k]), bool(told.passed[k])
    arrival, departure = events_of(told, k)
    headsign = moment.view.snapshot.headsign(trip, int(told.service_day[k]), int(told.shift_s[k]), int(told.call[k]))
    boards = departure or arrival
    entry = tt.entry_of(trip, int(told.call[k]))
    scheduled, doubt = boards.scheduled if boards else None, DOUBTS[int(told.doubt[k])]
    published, p10, p50, p90 = float(told.published[k]), *(known(float(q[k])) for q in (told.p10, told.p50, told.p90))
    is_predicted = not passed and told.source[k] != FROM_TIMETABLE and status != CANCELLED
    return JourneyCall(
        stop_idx=stop, headsign=headsign, stop_sequence=int(tt.stop_sequence[entry]), arrival=arrival,
        departure=departure, at_stop=bool(told.at_stop[k]), scheduled=scheduled,
        shown=published,
        predicted=published if is_predicted else None, p10=p10, p50=p50, p90=p90,
        minutes=None if passed else minutes_to_wait(published, moment.now, doubt), status=STATUSES[status],
        doubt=doubt, clock=clock_time(published, scheduled, moment.now, doubt),
        source=SOURCES[int(told.source[k])], passed=passed,
        wheelchair=wheelchair_access(tt, stop, vehicle_wheelchair(moment.view.snapshot, trip, vehicle)),
        occupancy=None if passed else occupancy_at(moment.view.snapshot, told, k),
        pickup=BOARDING[int(tt.pickup_type[entry])] if departure else "none",
        drop_off=BOARDING[int(tt.drop_off_type[entry])] if arrival else "none",
    )  # fmt: skip
