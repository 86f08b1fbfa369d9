"""`/v1/stops/{stop_id}/departures` and `/v1/departures`: the departure board of a stop, of several, or of a place."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.answers.answer import Status
from api.answers.caching import BOARD_MAX_AGE_S, CACHED, answer, steady
from api.answers.lookups import route_index, stop_index
from api.answers.place import Place, place_of
from api.answers.problems import PROBLEMS
from api.answers.rate_limits import SEARCHES, TOO_OFTEN, limited
from api.reading.alerts import stop_alerts
from api.reading.board import WINDOW_S, departure_rows
from api.reading.calls import RunCall
from api.reading.moment import Moment
from api.v1.models import Access, Boarding, Departure, Departures, Doubt, SeveralDepartures, TimeSource
from api.v1.representations import alerts_answer, event_answer, occupancy_answer, range_answer, route_ref, stop_of

departures_router = APIRouter(tags=["Departures"])

MOST_STOPS = 20
_NEAR_M = 500

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many")]
Window = Annotated[int, Query(ge=60, le=172_800, description="How far to look ahead, in seconds")]
Route = Annotated[str | None, Query(description="Only this route_id")]
Arrivals = Annotated[bool, Query(description="Also trips that end here or that nobody may board")]


@departures_router.get("/v1/stops/{stop_id:path}/departures", response_model=Departures, responses=PROBLEMS | CACHED)
async def get_departures(
    request: Request,
    stop_id: str,
    limit: Limit = 20,
    window: Window = int(WINDOW_S),
    route: Route = None,
    arrivals: Arrivals = False,
) -> Response:
    """Coming departures, soonest first; of a station those of all its platforms. A departure stays until 30 s after its
    time. The ETag changes only when what the board says changes: a minute, a status, a time by half a minute."""
    moment = Moment.of(request)
    stop = stop_index(moment, stop_id)
    only = None if route is None else route_index(moment, route)
    rows = departure_rows(moment.view, stop, moment.now, limit, float(window), only, arrivals)
    alerts = alerts_answer(moment, stop_alerts(moment, stop))
    says = (
        moment.timetable.feed_version, stop, moment.feed_stopped, [_said(row) for row in rows],
        [alert.model_dump() for alert in alerts],
    )  # fmt: skip

    def body() -> str:
        return Departures(
            **moment.answer_fields(),
            stop=stop_of(moment.timetable, stop),
            departures=[_departure(moment, row) for row in rows],
            alerts=alerts,
        ).model_dump_json()

    return answer(request, says, body, max_age_s=BOARD_MAX_AGE_S, media_type="application/json")


@departures_router.get("/v1/departures", response_model=SeveralDepartures, responses=PROBLEMS | CACHED | TOO_OFTEN,
                       dependencies=[Depends(limited(SEARCHES))])  # fmt: skip
def get_departures_of_several_stops(
    request: Request,
    stop: Annotated[
        list[str] | None, Query(description="A stop_id, as often as there are stops", max_length=MOST_STOPS)
    ] = None,
    near: Annotated[
        Place | None, Query(description="Latitude and longitude: the stops around it", examples=["47.39,0.69"])
    ] = None,
    radius: Annotated[
        int, Query(ge=1, le=5000, description="Metres in a straight line from `near`")
    ] = _NEAR_M,
    limit: Limit = 20,
    window: Window = int(WINDOW_S),
    route: Route = None,
    arrivals: Arrivals = False,
) -> Response:  # fmt: skip
    """Coming departures of several stops, or of those around a place (at most the 20 nearest), in one list, soonest
    first: each as at its stop. A trip that calls at two of them is listed at both."""
    moment = Moment.of(request)
    only = None if route is None else route_index(moment, route)
    asked: dict[int, float | None] = {stop_index(moment, stop_id): None for stop_id in stop or []}
    if near is not None:
        hits = moment.view.stop_search.near(*place_of(near), MOST_STOPS)
        asked |= {hit.stop_idx: hit.distance_m for hit in hits if (hit.distance_m or 0.0) <= radius}
    of_stops = [
        departure_rows(moment.view, stop_asked, moment.now, limit, float(window), only, arrivals)
        for stop_asked in asked
    ]
    # A platform may be asked for beside its station.
    rows = {(row.stop_idx, row.key): row for rows in of_stops for row in rows}
    soonest = sorted(rows.values(), key=lambda row: row.published)[:limit]
    alert_of_id = {alert.alert_id: alert for stop_asked in asked for alert in stop_alerts(moment, stop_asked)}
    alerts = alerts_answer(moment, alert_of_id.values())
    says = (
        moment.timetable.feed_version, list(asked.items()), moment.feed_stopped, [_said(row) for row in soonest],
        [alert.model_dump() for alert in alerts],
    )  # fmt: skip

    def body() -> str:
        return SeveralDepartures(
            **moment.answer_fields(),
            stops=[stop_of(moment.timetable, stop_asked, distance_m) for stop_asked, distance_m in asked.items()],
            departures=[_departure(moment, row) for row in soonest],
            alerts=alerts,
        ).model_dump_json()

    return answer(request, says, body, max_age_s=BOARD_MAX_AGE_S, media_type="application/json")


def _said(row: RunCall) -> tuple[object, ...]:
    """What a reader of the board would notice."""
    return (
        row.trip_idx, row.service_day, row.start_time, row.call, row.stop_idx, row.status, row.minutes, row.source,
        row.scheduled, row.clock and steady(row.published), row.headway_s, row.vehicle_id, row.doubt, row.at_stop,
        row.occupancy, row.vehicle_wheelchair,
    )  # fmt: skip


def _departure(moment: Moment, row: RunCall) -> Departure:
    return Departure(
        route=route_ref(moment.timetable, row.route_idx),
        headsign=row.destination,
        direction=row.direction if row.direction >= 0 else None,
        stop_id=row.stop_id,
        platform=row.platform or None,
        time=None if row.clock is None else moment.view.iso(row.published, row.stop_idx),
        arrival=event_answer(moment, row, row.arrival),
        departure=event_answer(moment, row, row.departure),
        at_stop=row.at_stop,
        scheduled_time=moment.iso(row.scheduled, row.stop_idx),
        predicted_time=moment.iso(row.predicted, row.stop_idx),
        range=range_answer(moment, row),
        minutes=row.minutes,
        delay_s=None if row.delay_s is None else round(row.delay_s),
        headway_s=row.headway_s,
        status=cast(Status, row.status),
        source=cast(TimeSource, row.source),
        vehicle_id=row.vehicle_id,
        vehicle_label=row.vehicle_label,
        data_age_s=None if row.age_s is None else round(row.age_s),
        doubt=cast(Doubt, row.doubt),
        trip_id=row.trip_id,
        service_date=row.service_date,
        start_time=row.start_time,
        stop_sequence=row.stop_sequence,
        wheelchair=cast(Access, row.wheelchair),
        vehicle_wheelchair=cast(Access, row.vehicle_wheelchair),
        occupancy=occupancy_answer(row.occupancy),
        pickup_type=cast(Boarding, row.pickup),
        drop_off_type=cast(Boarding, row.drop_off),
        pickup=row.boards,
    )
