"""From indices of a timetable to what the JSON answers say of stops, routes and alerts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import floor
from typing import Any

from fastapi.responses import JSONResponse

from api.answers.caching import steady
from api.reading.boarding import ACCESS
from api.reading.calls import Event, RunCall
from api.reading.lines import lines_of
from api.reading.moment import Moment
from api.reading.moved_away import MovedDeparture
from api.service.view import IsoTimes
from api.v1.models import Alert, RouteRef
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
    """Alerts as the JSON answers give them."""
    return [
        Alert.model_validate(
            {**vars(alert), "state": "in_force" if alert.state(moment.now) == "in_force" else "planned"}
        )
        for alert in alerts
    ]


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
    return _call_fields(moment.view.iso_times_at(call.stop_idx), call)


def _call_fields(iso: IsoTimes, call: RunCall) -> dict[str, Any]:
    return {
        "stop_id": call.stop_id,
        "platform": call.platform or None,
        "planned_platform": call.planned_platform or None,
        "stop_sequence": call.stop_sequence,
        "headsign": call.destination,
        "arrival": _event_times(iso, call.arrival),
        "departure": _event_times(iso, call.departure),
        "at_stop": call.at_stop,
        "predicted_time": iso.of(call.predicted),
        "range": _range(iso, call),
        "minutes": call.minutes,
        "status": call.status,
        "source": call.source,
        "doubt": call.doubt,
        "wheelchair": call.wheelchair,
        "occupancy": call.occupancy and vars(call.occupancy),
        "scheduled_approximate": call.reckoned,
        "pickup_type": call.pickup,
        "drop_off_type": call.drop_off,
    }


def _event_times(iso: IsoTimes, event: Event | None) -> dict[str, Any] | None:
    """The fields of `EventTimes`, None where there is none."""
    if event is None:
        return None
    # Asked for so often that to call for each time would take as long as all of it.
    scheduled, predicted = event
    return {
        "scheduled": None if scheduled is None else iso[floor(scheduled)],
        "predicted": None if predicted is None else iso[floor(predicted)],
        "delay_s": None if scheduled is None or predicted is None else round(predicted - scheduled),
    }


def _range(iso: IsoTimes, call: RunCall) -> dict[str, str] | None:
    """The fields of `Range`: how sure a predicted time is, None where nothing is predicted."""
    if call.predicted is None or call.p10 is None or call.p50 is None or call.p90 is None:
        return None
    return {"p10": iso[floor(call.p10)], "p50": iso[floor(call.p50)], "p90": iso[floor(call.p90)]}


def departures_fields(moment: Moment, rows: Iterable[RunCall]) -> list[dict[str, Any]]:
    """The fields of each `Departure` in its order, as they stand in an answer: models of them would take as long as a
    board."""
    iso_at, routes = moment.view.iso_times_at, _route_fields(moment.timetable)
    return [_departure_fields(iso_at(row.stop_idx), routes[row.route_idx], row) for row in rows]


def _departure_fields(iso: IsoTimes, route: dict[str, Any], row: RunCall) -> dict[str, Any]:
    delay_s = row.delay_s
    return {
        **_call_fields(iso, row),
        "route": route,
        "direction": row.direction if row.direction >= 0 else None,
        "time": None if row.clock is None else iso[floor(row.published)],
        "scheduled_time": iso.of(row.scheduled),
        "delay_s": None if delay_s is None else round(delay_s),
        "headway_s": row.headway_s,
        "vehicle_id": row.vehicle_id,
        "vehicle_label": row.vehicle_label,
        "data_age_s": None if row.age_s is None else round(row.age_s),
        "trip_id": row.trip_id,
        "trip_short_name": row.trip_short_name or None,
        "service_date": row.service_date,
        "start_time": row.start_time,
        "vehicle_wheelchair": row.vehicle_wheelchair,
        "bikes": row.bikes,
        "pickup": row.boards,
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
