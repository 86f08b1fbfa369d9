"""The trip page: every stop of one dated journey with its time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from api.reading.alerts import run_alerts
from api.reading.boarding import ACCESS
from api.reading.journey import Journey, calls_there
from api.reading.lines import Line
from api.words.alerts import AlertWords, first_alert_words
from api.words.moment import DOUBTED, PageMoment, arrives_before
from api.words.times import ABOUT
from api.words.vehicles import VehicleWords, told_vehicle_words, vehicle_words

_FEW = 3
"""So many stops behind the vehicle are not worth folding away."""


@dataclass(frozen=True)
class CallWords:
    """One stop of the journey."""

    stop_id: str
    planned_stop: str
    """By the timetable, by which a stop stays the same where the operator moves it."""
    visit: int
    """1 where the run comes there first, 2 where it comes again."""
    name: str
    platform: str
    time: str
    """Clock time, predicted where it is, with `ABOUT` where the timetable has none of its own; "" where there is none:
    the line runs by headway, and no vehicle is known."""
    iso: str
    at: float | None
    """POSIX seconds, None where there is no time,"""
    arrives: float | None
    """nor where it does not come before it leaves,"""
    low: float | None
    """and the early end of its range, None where it has none."""
    timetable_time: str
    """The timetable's time where it is another; else ""."""
    status: str
    """`passed` or one of `STATUSES`."""
    said: str
    """The status in words."""
    doubtful: bool
    """The vehicle gets no further: said in words."""
    notes: tuple[str, ...]
    yours: bool
    """The stop from which the reader came."""
    next: bool
    """The first stop ahead."""


@dataclass(frozen=True)
class JourneyPage:
    """What the trip page shows."""

    line: Line
    destination: str
    every: str
    """ "every 8 min", of a line run by headway; else ""."""
    number: str
    """By which a train is known."""
    bikes: str
    """Whether bicycles may come along, "" where that is not known."""
    day: str
    """Date of the service day, "" where it is today's."""
    state: str
    """`followed`, `not_followed`, `overdue`, `held_up`, `cancelled` or `over`."""
    estimated: bool
    """Not followed any more: the times are what the vehicle's last position let expect."""
    vehicle: VehicleWords | None
    behind: list[CallWords]
    """Stops that the vehicle has left behind, but for the last one; empty where they are few."""
    calls: list[CallWords]
    """The stops after them; from the reader's own on, where the vehicle has passed that."""
    alerts: list[AlertWords]


def journey_page(moment: PageMoment, journey: Journey, your_stop: str, your_visit: str = "") -> JourneyPage:
    """Parameters: `your_stop` the stop_id from which the reader came, or ""; `your_visit`: which of the run's visits
    there, as of `calls_there`."""
    words, trip = moment.words, journey.trip_idx
    calls = _calls(moment, journey, calls_there(moment.timetable, journey, your_stop, your_visit).places)
    state: str = journey.state
    if state == "not_followed":
        state = moment.doubt_of(journey) or state
    bikes = ACCESS[int(moment.timetable.trip_bikes[trip])]
    behind = 0 if state == "over" else _behind(journey, calls)
    return JourneyPage(
        line=moment.lines.all[journey.route_idx],
        destination=moment.place_of(journey.destination),
        every=moment.every(journey.headway_s),
        number=moment.train_number(journey.route_idx, str(moment.timetable.trip_short_name[trip])),
        bikes="" if bikes == "unknown" else moment.texts(f"bikes_{bikes}"),
        day=words.date(journey.begins_at) if words.day(journey.begins_at) else "",
        state=state,
        estimated=state == "not_followed" and any(c.predicted is not None and not c.passed for c in journey.calls),
        vehicle=_vehicle(moment, journey, state),
        behind=calls[:behind],
        calls=calls[behind:],
        # It is the page of the run.
        alerts=[
            replace(alert, whom=())
            for alert in first_alert_words(moment, run_alerts(moment, trip, journey.service_day, journey.shift_s))
        ],
    )


def _vehicle(moment: PageMoment, journey: Journey, state: str) -> VehicleWords | None:
    if journey.vehicle is not None:
        ahead = next((call for call in journey.calls if not call.passed and call.comes), None)
        run = journey.trip_idx, journey.service_day, journey.shift_s
        return vehicle_words(moment, journey.vehicle, ahead, run=run) if state in ("followed", *DOUBTED) else None
    return told_vehicle_words(moment, journey.coming) if journey.coming and state != "cancelled" else None


def _behind(journey: Journey, calls: list[CallWords]) -> int:
    ahead = next((k for k, call in enumerate(journey.calls) if not call.passed), len(calls))
    yours = next((k for k, call in enumerate(calls) if call.yours), len(calls))
    behind = min(ahead - 1, yours)
    return behind if behind > _FEW else 0


def _calls(moment: PageMoment, journey: Journey, yours: list[int]) -> list[CallWords]:
    tt = moment.timetable
    own, stops = (np.array([getattr(call, name) for call in journey.calls], np.int32) for name in ("call", "stop_idx"))
    entry = tt.planned_entries(np.full_like(own, journey.trip_idx), own)
    planned = tt.stop_id[np.where(entry >= 0, tt.call_stop[entry], stops)].tolist()
    next_call = next((k for k, call in enumerate(journey.calls) if not call.passed), None)
    calls, said_before = [], journey.destination
    for k, call in enumerate(journey.calls):
        stop_id, words = str(tt.stop_id[call.stop_idx]), moment.words_at(call.stop_idx)
        time = "" if call.clock is None else f"{ABOUT * moment.is_about(call)}{words.time(call.clock)}"
        # Said where it changes: what stands at the top holds until then.
        changes = call.destination != said_before and call.departs and call.comes
        signs = [moment.towards(call.destination)] if changes else []
        said_before = call.destination if call.comes else said_before
        minutes = round((call.published - journey.begins_at) / 60) if call.headway_s and call.clock is None else 0
        since = [moment.texts("since_start", count=minutes)] if minutes else []
        passed = call.passed and call.comes
        calls.append(
            CallWords(
                stop_id=stop_id,
                planned_stop=planned[k],
                visit=planned[: k + 1].count(planned[k]),
                name=moment.stop_name(call.stop_idx),
                platform=moment.platform(str(tt.stop_platform[call.stop_idx])),
                time=time,
                iso=words.iso(call.published) if time else "",
                at=round(call.published) if time else None,
                arrives=None if (arrives_at := arrives_before(call)) is None else round(arrives_at),
                low=None if call.p10 is None else round(call.p10),
                timetable_time=moment.timetable_time(call),
                status="passed" if passed else call.status,
                said=moment.texts("passed") if passed else moment.status_words(call),
                doubtful=not call.passed and bool(moment.doubt_of(call)),
                notes=(*signs, *since, *([] if call.passed else moment.notes_of(call, of_journey=True))),
                yours=k in yours,
                next=k == next_call and journey.vehicle is not None,
            )
        )
    return calls
