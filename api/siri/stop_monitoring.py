"""`/siri/2.0/stop-monitoring.json`: what comes at a stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Literal

import numpy as np
from fastapi import Query, Request
from fastapi.responses import Response

from api.reading.board import WINDOW_S, stop_boards
from api.reading.calls import RunCall
from api.reading.moment import Moment
from api.reading.moved_away import MovedDeparture, moved_from_all
from api.siri.calls import call_answer, ends_at, framed_ref, journey_answer, last_stop, run_ref
from api.siri.delivery import (
    FARTHEST,
    Asked,
    DirectionRef,
    Json,
    PreviewInterval,
    StartTime,
    seconds_ahead,
    value,
)  # fmt: skip

MOST_STOPS = 20

StopVisitTypes = Literal["all", "arrivals", "departures"]


def stop_monitoring(
    request: Request,
    monitoring_ref: Annotated[
        list[str],
        Query(
            alias="MonitoringRef",
            min_length=1,
            max_length=MOST_STOPS,
            description="A stop, as often as there are stops; of a station all its platforms",
        ),
    ],
    line_ref: Annotated[str | None, Query(alias="LineRef", description="Only this line")] = None,
    direction_ref: DirectionRef = None,
    destination_ref: Annotated[
        str | None, Query(alias="DestinationRef", description="Only runs that end at this stop or station")
    ] = None,
    start_time: StartTime = None,
    preview_interval: PreviewInterval = timedelta(seconds=WINDOW_S),
    maximum_stop_visits: Annotated[
        int, Query(alias="MaximumStopVisits", ge=1, le=500, description="At most so many")
    ] = 100,
    stop_visit_types: Annotated[
        StopVisitTypes,
        Query(alias="StopVisitTypes", description="`departures`: only what can be boarded; `arrivals`: left"),
    ] = "all",
) -> Response:
    """Visits of a stop, or of several, soonest first. A run that no vehicle reports for is there by the timetable:
    `Monitored` is false."""
    asked = Asked.of(request)
    stops = dict.fromkeys(asked.stop(ref, "MonitoringRef") for ref in monitoring_ref)
    ends_at = asked.stop(destination_ref, "DestinationRef") if destination_ref else None
    wanted = _Wanted(
        asked.route(line_ref) if line_ref else None, direction_ref or None, ends_at, start_time,
        seconds_ahead(preview_interval), stop_visit_types,
    )  # fmt: skip
    # A platform may be asked for beside its station.
    calls = {
        (call.stop_idx, call.key): (call, last)
        for stop in stops
        for call, last in islice(_calls(asked, stop, wanted), maximum_stop_visits)
    }
    visits = [(call.published, _visit(asked, call, last)) for call, last in calls.values()]
    cancellations = []
    for moved in moved_from_all(asked.moment, stops):
        if (moved.run.stop_idx, moved.run.key) in calls or not wanted.holds_departure(moved.run):
            continue
        if moved.leaves:
            visits.append((moved.run.published, _moved_visit(asked, moved)))
        else:
            cancellations.append(_cancellation(asked, moved))
    soonest = [visit for _, visit in sorted(visits, key=lambda visit: visit[0])][:maximum_stop_visits]
    told = {"MonitoredStopVisit": soonest}
    return asked.deliver(told | ({"MonitoredStopVisitCancellation": cancellations} if cancellations else {}))


@dataclass(frozen=True)
class _Wanted:
    """Which visits of a stop."""

    route: int | None
    direction: str | None
    ends_at: int | None
    """Of runs that end at this stop or station."""
    start_time: datetime | None
    ahead_s: float
    types: StopVisitTypes

    def holds(self, call: RunCall) -> bool:
        """Whether a call is of the wanted types and direction."""
        of_type = (
            self.types == "all"
            or (self.types == "departures" and call.boards)
            or (self.types == "arrivals" and call.arrives and call.drop_off != "none")
        )
        return of_type and self.direction in (None, str(call.direction))

    def holds_departure(self, call: RunCall) -> bool:
        """Whether a departure that has moved away is of the wanted types, line and direction."""
        of_line = self.route in (None, call.route_idx) and self.direction in (None, str(call.direction))
        return of_line and self.types != "arrivals" and self.ends_at is None and self.start_time is None


def _calls(asked: Asked, stop: int, wanted: _Wanted) -> Iterator[tuple[RunCall, int]]:
    """The wanted calls at a stop, soonest first, each with the stop at which its run ends."""
    moment, tt = asked.moment, asked.timetable
    begins = moment.now if wanted.start_time is None else _begins(moment, stop, wanted.start_time)
    window_s = begins + wanted.ahead_s - moment.now
    (board,) = stop_boards(moment.view, [stop], moment.now, window_s, wanted.route, arrivals=True)
    calls = board.calls
    last = ends_at(moment.view.snapshot, calls.runs, calls.call)
    rows = np.ones(len(board), bool) if wanted.start_time is None else calls.published >= begins
    if wanted.ends_at is not None:
        rows &= np.isin(last, tt.members(wanted.ends_at))
    places = np.flatnonzero(rows).tolist()
    for i, call in zip(places, board.rows(places), strict=True):
        if wanted.holds(call):
            yield call, int(last[i])


def _begins(moment: Moment, stop: int, start_time: datetime) -> float:
    """From when on, POSIX seconds: not from what lies behind, and no farther than anything is told."""
    # Compared as dates first: the ends of the calendar have no POSIX seconds in every zone.
    zone = moment.view.zone_at(stop)
    today = datetime.fromtimestamp(moment.now, zone).date()
    if start_time.date() < today - FARTHEST:
        return moment.now
    farthest = moment.now + FARTHEST.total_seconds()
    if start_time.date() > today + FARTHEST:
        return farthest
    at = start_time if start_time.tzinfo else start_time.replace(tzinfo=zone)
    return min(max(at.timestamp(), moment.now), farthest)


def _moved_visit(asked: Asked, moved: MovedDeparture) -> Json:
    """A departure that has moved to another stop, told where riders wait for it."""
    call = moved.run
    visit = _visit(asked, call, last_stop(asked, call))
    visit["MonitoringRef"] = asked.stop_ref(moved.stop_idx)
    told = visit["MonitoredVehicleJourney"]["MonitoredCall"]
    told["DepartureStopAssignment"] = told.get("DepartureStopAssignment", {}) | {
        "AimedQuayRef": asked.stop_ref(moved.stop_idx), "ExpectedQuayRef": asked.stop_ref(call.stop_idx),
    }  # fmt: skip
    return visit


def _cancellation(asked: Asked, moved: MovedDeparture) -> Json:
    """A departure that riders wait for and that leaves from nowhere in its place."""
    call = moved.run
    return {
        "RecordedAtTime": asked.time(asked.moment.view.snapshot.made_at),
        "MonitoringRef": asked.stop_ref(moved.stop_idx),
        **asked.line(call.route_idx, call.direction),
        "VehicleJourneyRef": framed_ref(asked.timetable, call),
    }


def _visit(asked: Asked, call: RunCall, destination: int) -> Json:
    view, run = asked.moment.view, run_ref(asked.timetable, call.trip_idx, call.shift_s)
    recorded_at = view.snapshot.made_at if call.age_s is None else asked.moment.now - call.age_s
    return {
        "RecordedAtTime": asked.time(recorded_at),
        "ItemIdentifier": f"{run}:{call.service_date}:{call.call + 1}",
        "MonitoringRef": asked.stop_ref(call.stop_idx),
        "MonitoredVehicleJourney": {
            **journey_answer(asked, call, call.destination, destination, live=call.status == "live"),
            **({"VehicleRef": value(call.vehicle_id)} if call.vehicle_id else {}),
            "MonitoredCall": call_answer(asked, call),
        },
    }
