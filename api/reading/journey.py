"""One run of a trip: which is meant, which calls it makes, and the status and times of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from api.reading.calls import CallsAt, RunCall, iso_date, known
from api.reading.destinations import destination
from api.reading.given_up import given_up_calls
from api.reading.moment import Moment
from feeds.service_times import service_date, start_seconds
from predictor.named_runs import START_TOLERANCE_S
from predictor.runs import DatedRuns
from predictor.snapshot import CANCELLED, DOUBTS, FOLLOWED, LIVE, SCHEDULED, SKIPPED, STATUSES
from predictor.timetable import Timetable

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
class Journey:
    """One run of a trip with all its calls, in order."""

    trip_idx: int
    service_day: int
    """Index into `Timetable.date`."""
    shift_s: int
    route_idx: int
    direction: int
    """`direction_id`, -1 where none."""
    destination: str
    """What the run is bound for."""
    headway_s: int | None
    """Seconds between the vehicles of a line run by headway, None for others."""
    begins_at: float
    """Scheduled departure from the first stop, POSIX seconds."""
    status: str
    """`cancelled`, `live` where any coming call is live, else `scheduled`."""
    doubt: str
    """Why no coming call is live though the vehicle reports: `overdue` or `held_up`, else `followed`."""
    over: bool
    """All calls that it makes lie behind."""
    vehicle: int | None
    """Index into `Snapshot.vehicles`, None where none is known that is on a run."""
    age_s: float | None
    """Age of the vehicle's report, None without a vehicle."""
    calls: list[RunCall]

    @property
    def coming(self) -> RunCall | None:
        """The next call, None where all lie behind."""
        return next((call for call in self.calls if not call.passed), None)

    @property
    def state(self) -> Literal["cancelled", "over", "followed", "not_followed"]:
        """Whether it runs, and whether its vehicle tells how."""
        if self.status == "cancelled":
            return "cancelled"
        if self.over:
            return "over"
        return "followed" if self.status == "live" else "not_followed"


@dataclass(frozen=True)
class CallsThere:
    """What becomes of a run's calls at a stop, for who waits there."""

    places: list[int]
    """Which of `Journey.calls` are there, or in the place of those that the operator has moved from there."""
    gone: bool
    """There are none, for the run calls there no more."""


def calls_there(tt: Timetable, journey: Journey, stop_id: str, visit: str = "") -> CallsThere:
    """Parameters: `stop_id` of a stop, a station meaning all its platforms; where it is unknown nothing is there;
    `visit`: the stop_sequence of the one that is meant, of a run that comes there more than once."""
    stop = tt.stop_index.get(stop_id)
    members = [] if stop is None else tt.members(stop).tolist()
    own = [call.stop_idx for call in journey.calls]
    given_up = [
        call for call in given_up_calls(tt).get(journey.trip_idx, ()) if tt.stop_at(call.trip, call.call) in members
    ]
    in_place = {call.own_call for call in given_up if call.is_replaced}
    places = [k for k, at in enumerate(own) if at in members] or [
        k for k, call in enumerate(journey.calls) if call.call in in_place
    ]
    meant = [k for k in places if str(journey.calls[k].stop_sequence) == visit]
    return CallsThere(meant or places, gone=not places and bool(given_up))


def run_meant(moment: Moment, trip: int, date: str | None = None, start: str | None = None) -> tuple[int, int]:
    """Service day (index) and `shift_s` of the run of a trip that is under way or nearest to now.

    Parameters: `date`, YYYY-MM-DD or YYYYMMDD, and `start`, HH:MM:SS or HH:MM after the service date's origin: only
    such runs. Errors: UnknownRunError.
    """
    tt = moment.timetable
    named = tt.by_name
    first_s, last_s, named_s = int(tt.trip_start_s[trip]), int(tt.trip_end_s[trip]), int(tt.named_start_s[trip])
    shifts = np.unique(named.journey_shift_s[named.journey_trip == trip])
    if start:
        seconds = start_seconds(start)
        if seconds is None:
            raise UnknownRunError("bad_start")
        off_s = np.abs(named_s + shifts - seconds)
        meant = off_s == off_s.min(initial=START_TOLERANCE_S)
        # A run by headway, or one that the operator moved, starts at a time that the timetable does not have.
        exact = bool(tt.trip_repeats[trip]) and not tt.trip_is_frequency[trip]
        shifts = shifts[meant] if exact and meant.any() else np.array([seconds - named_s])
    elif len(shifts) == 0:
        shifts = np.zeros(1, int)
    days = _days_meant(moment, trip, date)
    day, shift = (grid.ravel() for grid in np.meshgrid(days, shifts, indexing="ij"))
    # By headway nobody is promised to start as the timetable has it: who drives is what there is.
    by_headway, predicted = not start and bool(tt.trip_is_frequency[trip]), moment.view.snapshot.predictions
    driven = np.flatnonzero((predicted.trip == trip) & np.isin(predicted.service_day, days) & by_headway)
    if len(driven):
        day, shift = predicted.service_day[driven], predicted.shift_s[driven]
    begins, ends = (tt.date_origin[day] + shift + at for at in (first_s, last_s))
    opens = begins
    if by_headway and not len(driven):
        # No board has one that has set out unseen: the next is meant.
        opens, ends = begins - named.journey_headway_s[named.journey_trip == trip].max(initial=0), begins
    away = np.maximum(opens - moment.now, 0.0) + np.maximum(moment.now - ends, 0.0)
    nearest = int(np.lexsort((np.abs(begins - moment.now), away))[0])
    return int(day[nearest]), int(shift[nearest])


def _days_meant(moment: Moment, trip: int, date: str | None) -> list[int]:
    tt, named = moment.timetable, moment.timetable.by_name
    predicted = moment.view.snapshot.predictions
    # Vehicles and operators also drive trips on days that the calendar does not have.
    days = np.union1d(
        np.flatnonzero(named.service_active[named.trip_service[trip]]), predicted.service_day[predicted.trip == trip]
    )
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
    """What is known of one run."""
    tt, snapshot = moment.timetable, moment.view.snapshot
    calls_at = CallsAt(moment.view, moment.now, snapshot.journey(trip, service_day, shift_s))
    calls, ahead = calls_at.calls, ~calls_at.calls.passed
    trip = int(calls.trip[0])
    cancelled, live = bool((calls_at.status == CANCELLED).all()), bool((calls_at.status[ahead] == LIVE).any())
    over = bool((calls_at.past | (calls_at.status == SKIPPED)).all())
    with_vehicle, vehicles, rows = int(np.argmax(calls.vehicle)), snapshot.vehicles, calls_at.rows(range(len(calls_at)))
    return Journey(
        trip_idx=trip, service_day=service_day, shift_s=shift_s, route_idx=int(tt.trip_route[trip]),
        direction=int(tt.trip_way[trip]),
        destination=destination(snapshot, trip, service_day, shift_s),
        headway_s=rows[0].headway_s,
        begins_at=float(tt.date_origin[service_day] + shift_s + tt.trip_start_s[trip]),
        status=STATUSES[CANCELLED if cancelled else LIVE if live else SCHEDULED],
        doubt=DOUBTS[int(calls.doubt[ahead].max(initial=FOLLOWED))], over=over,
        vehicle=int(vehicle) if (vehicle := calls.vehicle[with_vehicle]) >= 0 <= vehicles.trip[vehicle] else None,
        age_s=known(calls_at.age_s[with_vehicle]),
        calls=rows,
    )  # fmt: skip


def journey_meant(moment: Moment, trip: int, date: str | None = None, start: str | None = None) -> Journey:
    """What is known of the run that is meant, see `run_meant`."""
    day, shift_s = run_meant(moment, trip, date, start)
    return moment.once(("journey", trip, day, shift_s), lambda: journey_of(moment, trip, day, shift_s))


def runs_of_line(moment: Moment, route: int | None, until: float) -> DatedRuns:
    """Runs of a line, None of all, that call somewhere between now and `until`, cancelled ones too; by line."""
    tt, snapshot = moment.timetable, moment.view.snapshot
    predicted, planned = snapshot.predictions, snapshot.unclaimed_calls(moment.now, until)
    parts = predicted.runs.take(predicted.arrival <= until), planned
    runs = DatedRuns.joined(*(part.runs for part in parts))
    if route is not None:
        runs = runs.take(tt.trip_route[runs.trip] == route)
    _, first = np.unique(runs.run_key, return_index=True)
    runs = runs.take(first)
    return runs.take(np.argsort(tt.trip_route[runs.trip], kind="stable"))


def journeys_of(moment: Moment, runs: DatedRuns) -> list[Journey]:
    """Those that are not over, in the order in which they set out."""
    found = [journey_of(moment, *run) for run in runs.identities()]
    return sorted((run for run in found if not run.over), key=lambda run: (run.begins_at, run.trip_idx))
