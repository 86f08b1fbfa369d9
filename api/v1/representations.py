"""From indices of a timetable to what the JSON answers say of stops, routes and alerts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import floor
from typing import Any

from fastapi.responses import JSONResponse

from api.answers.caching import steady
from api.reading.boarding import ACCESS
from api.reading.calls import RunCall
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.reading.moved_away import MovedDeparture
from api.service.view import IsoTimes
from api.v1.models import Alert, CallState, RouteRef
from feeds.alerts.alert import Alert as Told
from predictor.timetable import STATION, Timetable


class GeoJSONResponse(JSONResponse):
    """GeoJSON (RFC 7946), by its own media type."""

    media_type = "application/geo+json"


def route_ref(tt: Timetable, route: int) -> RouteRef:
    """A route, as shown on a badge."""
    return _route_refs(tt)[route]


@lru_cache(maxsize=2)
def _route_refs(tt: Timetable) -> list[RouteRef]:
    return [
        RouteRef(
            route_id=route_id, short_name=short_name, long_name=long_name, type=kind,
            color=color or None, text_color=text_color or None,
        )
        for route_id, short_name, long_name, kind, color, text_color in zip(
            *(column.tolist() for column in (
                tt.route_id, tt.route_short_name, tt.route_long_name, tt.route_type, tt.route_color,
                tt.route_text_color,
            )), strict=True,
        )
    ]  # fmt: skip


@lru_cache(maxsize=2)
def _route_fields(tt: Timetable) -> list[dict[str, Any]]:
    return [route.model_dump() for route in _route_refs(tt)]


def platform_fields(tt: Timetable, stop: int) -> dict[str, Any]:
    """The fields of `Platform` in its order: a stop without its routes."""
    return {
        "stop_id": str(tt.stop_id[stop]),
        "name": str(tt.stop_name[stop]),
        "code": str(tt.stop_code[stop]) or None,
        "platform": str(tt.stop_platform[stop]) or None,
        "lat": float(tt.stop_lat[stop]),
        "lon": float(tt.stop_lon[stop]),
        "wheelchair": ACCESS[int(tt.stop_wheelchair[stop])],
    }


def stop_fields(tt: Timetable, stop: int, distance_m: float | None = None) -> dict[str, Any]:
    """The fields of `Stop` in its order: a stop or station with its routes."""
    said = _stops_said(tt)
    if stop not in said:
        parent, routes = int(tt.stop_parent[stop]), _route_fields(tt)
        said[stop] = {
            **platform_fields(tt, stop),
            "type": "station" if tt.stop_location_type[stop] == STATION else "stop",
            "parent_station": str(tt.stop_id[parent]) if parent >= 0 else None,
            "routes": [routes[route] for route in lines_of(tt).routes_at(stop)],
            "distance_m": None,
        }
    return said[stop] if distance_m is None else {**said[stop], "distance_m": round(distance_m, 1)}


@lru_cache(maxsize=2)
def _stops_said(_: Timetable) -> dict[int, dict[str, Any]]:
    """What has been said of a timetable's stops, by stop."""
    return {}


def alerts_answer(moment: Moment, alerts: Iterable[Told]) -> list[Alert]:
    """Alerts as the JSON answers give them; what is sent under several ids, as for several lines, is told once."""
    answers: dict[str, Alert] = {}
    for alert in alerts:
        state = "in_force" if alert.state(moment.now) == "in_force" else "planned"
        answer = Alert.model_validate({**vars(alert), "state": state})
        answers.setdefault(answer.model_dump_json(exclude={"alert_id"}), answer)
    return list(answers.values())


def departure_says(row: RunCall) -> tuple[object, ...]:
    """What a reader of a departure would notice: for the ETag."""
    return (
        row.trip_idx, row.service_day, row.start_time, row.call, row.stop_idx, row.status, row.minutes, row.source,
        row.scheduled, row.clock and steady(row.published), row.headway_s, row.vehicle_id, row.doubt, row.at_stop,
        row.occupancy, row.vehicle_wheelchair,
    )  # fmt: skip


def call_state(moment: Moment, call: RunCall) -> dict[str, Any]:
    """The fields of `CallState` in its order. What is within one is of fields too: a model of its own each would cost
    as much as all the rest."""
    (fields,) = departures_fields(moment, [call])
    return {name: fields[name] for name in CallState.model_fields}


def departures_fields(moment: Moment, rows: Iterable[RunCall]) -> list[dict[str, Any]]:
    """The fields of each `Departure` in its order, as they stand in an answer: models of them would take as long as a
    board."""
    iso_at, routes = moment.view.iso_times_at, _route_fields(moment.timetable)
    return [_departure_fields(iso_at(row.stop_idx), routes, row) for row in rows]


def _departure_fields(iso: IsoTimes, routes: list[dict[str, Any]], row: RunCall) -> dict[str, Any]:
    # All at once: to ask for one value after the other would take as long as what is made of them. So would calls.
    (
        route_idx, direction, destination, _, stop_id, platform, planned_platform, _, trip_id, trip_short_name, _,
        service_date, start_time, _, _, stop_sequence, arrives, departs, scheduled_arrival, scheduled_departure,
        predicted_arrival, predicted_departure, at_stop, scheduled, reckoned, published, predicted, p10, p50, p90,
        minutes, status, _, _, _, source, vehicle_id, vehicle_label, age_s, doubt, clock, wheelchair,
        vehicle_wheelchair, bikes, occupancy, pickup, drop_off, _, headway_s,
    ) = row  # fmt: skip
    return {
        "stop_id": stop_id,
        "platform": platform or None,
        "planned_platform": planned_platform or None,
        "stop_sequence": stop_sequence,
        "headsign": destination,
        "arrival": _event_times(iso, scheduled_arrival, predicted_arrival) if arrives else None,
        "departure": _event_times(iso, scheduled_departure, predicted_departure) if departs else None,
        "at_stop": at_stop,
        "predicted_time": None if predicted is None else iso[floor(predicted)],
        "range": None
        if predicted is None or p10 is None or p50 is None or p90 is None
        else {"p10": iso[floor(p10)], "p50": iso[floor(p50)], "p90": iso[floor(p90)]},
        "minutes": minutes,
        "status": status,
        "source": source,
        "doubt": doubt,
        "wheelchair": wheelchair,
        "occupancy": occupancy and vars(occupancy),
        "scheduled_approximate": reckoned,
        "pickup_type": pickup,
        "drop_off_type": drop_off,
        "route": routes[route_idx],
        "direction": direction if direction >= 0 else None,
        "time": None if clock is None else iso[floor(published)],
        "scheduled_time": None if scheduled is None else iso[floor(scheduled)],
        "delay_s": None if predicted is None or scheduled is None else round(predicted - scheduled),
        "headway_s": headway_s,
        "vehicle_id": vehicle_id,
        "vehicle_label": vehicle_label,
        "data_age_s": None if age_s is None else round(age_s),
        "trip_id": trip_id,
        "trip_short_name": trip_short_name or None,
        "service_date": service_date,
        "start_time": start_time,
        "vehicle_wheelchair": vehicle_wheelchair,
        "bikes": bikes,
        "pickup": row.boards,
    }


def _event_times(iso: IsoTimes, scheduled: float | None, predicted: float | None) -> dict[str, Any]:
    """The fields of `EventTimes`."""
    return {
        "scheduled": None if scheduled is None else iso[floor(scheduled)],
        "predicted": None if predicted is None else iso[floor(predicted)],
        "delay_s": None if scheduled is None or predicted is None else round(predicted - scheduled),
    }


def moved_says(moved_away: Iterable[MovedDeparture]) -> list[Any]:
    """What tells apart what is said of departures that have moved, see `departure_says`."""
    return [(*moved[:3], moved.leaves, departure_says(moved.run)) for moved in moved_away]


def moved_fields(moment: Moment, moved: MovedDeparture) -> dict[str, Any]:
    """The fields of the model `MovedDeparture` in its order."""
    run = moved.run
    return {
        "stop_id": str(moment.timetable.stop_id[moved.stop_idx]),
        "scheduled_time": moment.iso(moved.scheduled, moved.stop_idx),
        "route": _route_fields(moment.timetable)[run.route_idx],
        "headsign": moved.destination,
        "trip_id": run.trip_id,
        "service_date": run.service_date,
        "start_time": run.start_time,
        "to": departures_fields(moment, [run])[0] if moved.leaves else None,
    }
