"""`/v1/vehicles`: every vehicle as GeoJSON."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.answers.announcer import STREAM, Announcement, LastEventId, announcer_of
from api.answers.caching import BOARD_MAX_AGE_S, CACHED, answer, as_json, digest_of
from api.answers.event_stream import EventStream
from api.answers.lookups import only_route
from api.answers.problems import PROBLEMS
from api.reading.board import StopBoards
from api.reading.boarding import ACCESS, CONGESTIONS, occupancy_of, vehicle_wheelchair
from api.reading.calls import iso_date
from api.reading.destinations import destinations
from api.reading.moment import Moment
from api.v1.models import VehicleCollection
from api.v1.representations import GeoJSONResponse, route_ref
from feeds.service_times import start_times
from predictor.snapshot import DOUBTS, VEHICLE_STATES, Snapshot

vehicles_router = APIRouter(tags=["Vehicles"])

OnRoute = Annotated[str | None, Query(description="Only vehicles on this route_id")]


@vehicles_router.get(
    "/v1/vehicles",
    response_model=VehicleCollection,
    response_class=GeoJSONResponse,
    response_description="GeoJSON FeatureCollection",
    responses=PROBLEMS | CACHED,
)
def list_vehicles(request: Request, route: OnRoute = None) -> Response:
    """Vehicles heard of in the last minutes, with the trip that each was matched to."""
    moment = Moment.of(request)
    only = only_route(moment, route)
    return answer(
        request,
        _says(moment, only),
        lambda: _collection(moment, only),
        max_age_s=BOARD_MAX_AGE_S,
        media_type=GeoJSONResponse.media_type,
    )


@vehicles_router.get("/v1/vehicles/stream", responses=STREAM, response_class=EventStream)
def stream_vehicles(request: Request, route: OnRoute = None, last_event_id: LastEventId = None) -> Response:
    """The vehicles as Server-Sent Events: an event `vehicles` (as `/v1/vehicles` gives it) with each step of the
    engine, an event `heartbeat` every 10 seconds where there is none."""
    only_route(Moment.of(request), route)

    def make(boards: StopBoards) -> Announcement:
        only = only_route(boards.moment, route)
        says = digest_of(_says(boards.moment, only))
        return Announcement(says, partial(_collection, boards.moment, only), "vehicles")

    return announcer_of(request).answer(request, ("vehicles", route), make, last_event_id)


def _says(moment: Moment, only: int | None) -> tuple[object, ...]:
    return moment.timetable.feed_version, moment.view.snapshot.made_at, only, moment.feed_stopped


def _collection(moment: Moment, only: int | None) -> str:
    """Those on a route, by its index, or all. Many maps draw the same vehicles: what is said to one is said to all
    until the next step."""

    def made() -> str:
        trip, tt = moment.view.snapshot.vehicles.trip, moment.timetable
        rows = np.arange(len(trip))
        if only is not None:
            rows = np.flatnonzero((trip >= 0) & (tt.trip_route[np.maximum(trip, 0)] == only))
        signs = _headsigns(moment.view.snapshot)
        features = [_feature(moment, row, signs[row]) for row in rows.tolist()]
        collection = {**moment.answer_fields, "type": "FeatureCollection", "features": features}
        return as_json(collection).decode()

    return moment.view.once(f"vehicles {only} {moment.feed_stopped}", made)


def _headsigns(snapshot: Snapshot) -> list[str]:
    """What each vehicle says at its next call that it is bound for; "" of those on no trip."""
    tt, vehicles = snapshot.timetable, snapshot.vehicles
    on_trip = np.flatnonzero(vehicles.trip >= 0)
    runs = vehicles.runs.take(on_trip)
    call = np.minimum(vehicles.next_call[on_trip], tt.trip_calls[runs.trip] - 1)
    signs = np.full(len(vehicles), "", object)
    signs[on_trip] = destinations(snapshot, runs, call)
    return [str(sign) for sign in signs]


def _feature(moment: Moment, row: int, headsign: str) -> dict[str, Any]:
    """The fields of `VehicleFeature` in its order."""
    tt, snapshot = moment.timetable, moment.view.snapshot
    vehicles, occupancy = snapshot.vehicles, occupancy_of(snapshot, row)
    trip, reported_at = int(vehicles.trip[row]), float(vehicles.timestamp[row])
    on_trip = trip >= 0
    stop = -1
    if on_trip and vehicles.next_call[row] < tt.trip_calls[trip]:
        stop = int(tt.stop_at(trip, int(vehicles.next_call[row])))
    direction = int(tt.trip_way[trip]) if on_trip else -1
    bearing, speed, delay = (float(values[row]) for values in (vehicles.bearing, vehicles.speed, vehicles.delay_s))
    return {
        "type": "Feature",
        "id": str(vehicles.vehicle_id[row]),
        "geometry": {
            "type": "Point",
            "coordinates": [round(float(degrees[row]), 6) for degrees in (vehicles.lon, vehicles.lat)],
        },
        "properties": {
            "vehicle_id": str(vehicles.vehicle_id[row]),
            "label": str(vehicles.label[row]) or None,
            "state": VEHICLE_STATES[int(vehicles.state[row])],
            "route": route_ref(tt, int(tt.trip_route[trip])) if on_trip else None,
            "trip_id": str(tt.trip_id[trip]) if on_trip else None,
            "service_date": iso_date(int(tt.date[vehicles.service_day[row]])) if on_trip else None,
            "start_time": start_times(tt, vehicles.trip[[row]], vehicles.shift_s[[row]])[0] if on_trip else None,
            "cancelled": bool(vehicles.cancelled[row]),
            "headsign": headsign or None,
            "direction": direction if direction >= 0 else None,
            "next_stop_id": str(tt.stop_id[stop]) if stop >= 0 else None,
            "next_stop_name": str(tt.stop_name[stop]) if stop >= 0 else None,
            "at_stop": bool(vehicles.at_stop[row]) and stop >= 0,
            "delay_s": None if math.isnan(delay) else round(delay),
            "bearing": None if math.isnan(bearing) else round(bearing, 1),
            "speed_m_s": None if math.isnan(speed) else round(speed, 1),
            "occupancy": None if occupancy is None else occupancy.status,
            "occupancy_percentage": None if occupancy is None else occupancy.percentage,
            "wheelchair": ACCESS[vehicle_wheelchair(snapshot, trip, row) if on_trip else int(vehicles.wheelchair[row])],
            "bikes": ACCESS[int(tt.trip_bikes[trip]) if on_trip else 0],
            "congestion": CONGESTIONS[int(vehicles.congestion[row])],
            "reported_at": moment.view.iso(reported_at),
            "data_age_s": round(max(moment.now - reported_at, 0.0)),
            "doubt": DOUBTS[int(vehicles.doubt[row])],
        },
    }
