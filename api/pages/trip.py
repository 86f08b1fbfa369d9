"""The trip page: every stop of one dated journey with its time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from api.reading.alerts import alerts_about
from api.reading.lines import Line, destination_of
from api.words.moment import AlertWords, PageMoment
from api.words.vehicles import VehicleWords, vehicle_words
from predictor.arrays import NONE
from predictor.snapshot import CANCELLED, LIVE, STATUSES, JourneyCalls
from predictor.timetable import Timetable

_FEW = 3
"""So many stops behind the vehicle are not worth folding away."""


@dataclass(frozen=True)
class CallWords:
    """One stop of the journey."""

    stop_id: str
    name: str
    platform: str
    time: str
    """Clock time, predicted where it is."""
    iso: str
    timetable_time: str
    """The timetable's time where it is another minute, else ""."""
    status: str
    """`passed` or one of `STATUSES`."""
    yours: bool
    """The stop from which the reader came."""
    next: bool
    """The first stop ahead."""


@dataclass(frozen=True)
class JourneyPage:
    """What the trip page shows."""

    line: Line
    destination: str
    day: str
    """Date of the service day, "" where it is today's."""
    state: str
    """`followed`, `not_followed`, `cancelled` or `over`."""
    vehicle: VehicleWords | None
    behind: list[CallWords]
    """Stops that the vehicle has left behind, but for the last one; empty where they are few."""
    calls: list[CallWords]
    """The stops after them; from the reader's own on, where the vehicle has passed that."""
    alerts: list[AlertWords]


def nearest_service_day(timetable: Timetable, trip: int, now: float) -> int | None:
    """The service day on which a trip runs nearest to `now`, None where it never runs."""
    active = np.flatnonzero(timetable.service_active[timetable.trip_service[trip]])
    if len(active) == 0:
        return None
    start = timetable.date_origin[active] + timetable.trip_start_s[trip]
    end = timetable.date_origin[active] + timetable.trip_end_s[trip]
    return int(active[np.argmin(np.maximum(start - now, 0.0) + np.maximum(now - end, 0.0))])


def journey_page(moment: PageMoment, trip: int, service_day: int, shift_s: int, your_stop: str) -> JourneyPage:
    """Parameters: `your_stop` the stop_id from which the reader came, or ""."""
    tt, snapshot = moment.timetable, moment.snapshot
    journey = snapshot.journey(trip, service_day, shift_s)
    route = int(tt.trip_route[trip])
    start = float(tt.date_origin[service_day] + shift_s + tt.trip_start_s[trip])
    calls = _calls(moment, journey, your_stop)
    live = bool((journey.status == LIVE).any()) and not moment.feed.stopped
    if bool((journey.status == CANCELLED).all()):
        state = "cancelled"
    elif bool(journey.passed.all()):
        state = "over"
    else:
        state = "followed" if live else "not_followed"
    behind = 0 if state == "over" else _behind(calls)
    return JourneyPage(
        line=moment.lines.all[route],
        destination=destination_of(tt, trip),
        day=moment.words.date(start) if moment.words.day(start) else "",
        state=state,
        vehicle=vehicle_words(moment, journey.vehicle) if journey.vehicle != NONE and state == "followed" else None,
        behind=calls[:behind],
        calls=calls[behind:],
        alerts=moment.said_all(alerts_about(moment, stops=journey.stop.tolist(), routes=(route,), trips=(trip,))),
    )


def _behind(calls: list[CallWords]) -> int:
    ahead = next((k for k, call in enumerate(calls) if call.status != "passed"), len(calls))
    yours = next((k for k, call in enumerate(calls) if call.yours), len(calls))
    behind = min(ahead - 1, yours)
    return behind if behind > _FEW else 0


def _calls(moment: PageMoment, journey: JourneyCalls, your_stop: str) -> list[CallWords]:
    tt, words = moment.timetable, moment.words
    scheduled = np.where(np.arange(len(journey.stop)) == 0, journey.scheduled_departure, journey.scheduled_arrival)
    shown = np.where(np.isnan(journey.published), scheduled, journey.published)
    ahead = np.flatnonzero(~journey.passed)
    next_call = int(ahead[0]) if len(ahead) else NONE
    calls = []
    for k, stop in enumerate(journey.stop.tolist()):
        status = STATUSES[journey.status[k]]
        if journey.passed[k]:
            status = "passed"
        elif status == "live" and moment.feed.stopped:
            status = "scheduled"
        at, planned = float(shown[k]), float(scheduled[k])
        another = words.time(at) != words.time(planned)
        calls.append(
            CallWords(
                stop_id=str(tt.stop_id[stop]),
                name=str(tt.stop_name[stop]),
                platform=str(tt.stop_platform[stop]),
                time=words.time(at),
                iso=words.iso(at),
                timetable_time=words.time(planned) if another and not tt.trip_is_frequency[journey.trip] else "",
                status=status,
                yours=str(tt.stop_id[stop]) == your_stop,
                next=k == next_call and journey.vehicle != NONE,
            )
        )
    return calls
