"""`/siri/2.0/stop-monitoring.json`: what comes at a stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import numpy as np
from fastapi import Query, Request
from fastapi.responses import Response

from api.reading.board import WINDOW_S, StopBoard
from api.reading.calls import RunCall
from api.reading.moment import Moment
from api.siri.calls import call_answer, journey_answer, journey_ref
from api.siri.delivery import FARTHEST, Asked, Json, PreviewInterval, seconds_ahead, value


def stop_monitoring(
    request: Request,
    monitoring_ref: Annotated[str, Query(alias="MonitoringRef", description="A stop; of a station all its platforms")],
    line_ref: Annotated[str | None, Query(alias="LineRef", description="Only this line")] = None,
    destination_ref: Annotated[
        str | None, Query(alias="DestinationRef", description="Only runs that end at this stop or station")
    ] = None,
    start_time: Annotated[
        datetime | None, Query(alias="StartTime", description="From then on; without an offset in the agency's time")
    ] = None,
    preview_interval: PreviewInterval = timedelta(seconds=WINDOW_S),
    maximum_stop_visits: Annotated[
        int, Query(alias="MaximumStopVisits", ge=1, le=500, description="At most so many")
    ] = 100,
    stop_visit_types: Annotated[
        Literal["all", "arrivals", "departures"],
        Query(alias="StopVisitTypes", description="`departures`: only what can be boarded; `arrivals`: left"),
    ] = "all",
) -> Response:
    """Visits of a stop, soonest first. A run that no vehicle reports for is there by the timetable: `Monitored` is
    false."""
    asked = Asked.of(request)
    moment, tt = asked.moment, asked.timetable
    stop, route = asked.stop(monitoring_ref, "MonitoringRef"), asked.route(line_ref) if line_ref else None
    begins = moment.now if start_time is None else _begins(moment, stop, start_time)
    window_s = begins + seconds_ahead(preview_interval) - moment.now
    board = StopBoard(moment.view, stop, moment.now, window_s, route, arrivals=True)
    last = tt.call_stop[tt.entry_of(board.calls.trip, moment.view.snapshot.last_calls(board.calls))]
    wanted = np.ones(len(board), bool) if start_time is None else board.calls.published >= begins
    if destination_ref:
        wanted &= np.isin(last, tt.members(asked.stop(destination_ref, "DestinationRef")))
    visits = []
    places = np.flatnonzero(wanted).tolist()
    for i, call in zip(places, board.rows(places), strict=True):
        if (stop_visit_types == "all"
            or (stop_visit_types == "departures" and call.boards)
            or (stop_visit_types == "arrivals" and call.arrival is not None and call.drop_off != "none")):  # fmt: skip
            visits.append(_visit(asked, call, int(last[i])))
        if len(visits) == maximum_stop_visits:
            break
    return asked.deliver({"MonitoredStopVisit": visits})


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


def _visit(asked: Asked, call: RunCall, destination: int) -> Json:
    view = asked.moment.view
    recorded_at = view.snapshot.made_at if call.age_s is None else asked.moment.now - call.age_s
    return {
        "RecordedAtTime": view.iso(recorded_at),
        "ItemIdentifier": f"{journey_ref(call)}:{call.service_date}:{call.call + 1}",
        "MonitoringRef": asked.stop_ref(call.stop_idx),
        "MonitoredVehicleJourney": {
            **journey_answer(asked, call, call.destination, destination, live=call.status == "live"),
            **({"VehicleRef": value(call.vehicle_id)} if call.vehicle_id else {}),
            "MonitoredCall": call_answer(asked, call),
        },
    }
