"""`/siri/2.0/vehicle-monitoring.json`: where the vehicles are."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Annotated

import numpy as np
from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from api.reading.journey import journey_of
from api.siri.calls import call_answer, journey_answer, last_stop
from api.siri.delivery import Asked, DirectionRef, Json, value

_DURATION = TypeAdapter(timedelta)


def vehicle_monitoring(
    request: Request,
    line_ref: Annotated[str | None, Query(alias="LineRef", description="Only vehicles on this line")] = None,
    direction_ref: DirectionRef = None,
    vehicle_ref: Annotated[str | None, Query(alias="VehicleRef", description="Only this vehicle")] = None,
    maximum_vehicles: Annotated[
        int, Query(alias="MaximumVehicles", ge=1, le=1000, description="At most so many")
    ] = 200,
) -> Response:
    """Vehicles on a run, each with the call that it comes to next."""
    asked = Asked.of(request)
    vehicles, tt = asked.moment.view.snapshot.vehicles, asked.timetable
    wanted = vehicles.trip >= 0
    if line_ref:
        wanted &= tt.trip_route[np.maximum(vehicles.trip, 0)] == asked.route(line_ref)
    if direction_ref:
        directions = tt.pattern_direction[tt.trip_pattern[np.maximum(vehicles.trip, 0)]]
        wanted &= directions.astype(np.str_) == direction_ref
    if vehicle_ref:
        wanted &= vehicles.vehicle_id == vehicle_ref
    rows = np.flatnonzero(wanted)[:maximum_vehicles]
    activities = [_activity(asked, row) for row in rows.tolist()]
    return asked.deliver({"VehicleActivity": activities})


def _activity(asked: Asked, row: int) -> Json:
    moment = asked.moment
    view, vehicles = moment.view, moment.view.snapshot.vehicles
    reported_at, delay_s, bearing = (float(of[row]) for of in (vehicles.timestamp, vehicles.delay_s, vehicles.bearing))
    journey = journey_of(moment, *vehicles.identity(row))
    calls = journey.calls
    next_call = calls[min(int(vehicles.next_call[row]), len(calls) - 1)]
    return {
        "RecordedAtTime": asked.time(reported_at),
        "ValidUntilTime": asked.time(reported_at + view.live_limit_s),
        "VehicleMonitoringRef": value(str(vehicles.vehicle_id[row])),
        "MonitoredVehicleJourney": {
            **journey_answer(
                asked, next_call, journey.destination, last_stop(asked, journey), live=journey.status == "live"
            ),
            "VehicleLocation": {
                "Longitude": round(float(vehicles.lon[row]), 6), "Latitude": round(float(vehicles.lat[row]), 6),
            },
            **({} if math.isnan(bearing) else {"Bearing": round(bearing, 1)}),
            **({} if math.isnan(delay_s) else {"Delay": _duration(delay_s)}),
            "VehicleRef": value(str(vehicles.vehicle_id[row])),
            "MonitoredCall": call_answer(asked, next_call),
        },
    }  # fmt: skip


def _duration(seconds: float) -> str:
    """ISO 8601, as `Delay` has it."""
    return str(_DURATION.dump_python(timedelta(seconds=round(seconds)), mode="json"))
