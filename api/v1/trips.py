"""`/v1/trips/{trip_id}`: every call of one dated run of a trip, with what is known of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import WithJsonSchema

from api.answers.caching import BOARD_MAX_AGE_S, CACHED, json_answer, steady
from api.answers.lookups import trip_index
from api.answers.plainly_asked import PlainlyAsked
from api.answers.problems import PROBLEMS, Problem, no_such
from api.reading.alerts import run_alerts
from api.reading.boarding import ACCESS
from api.reading.calls import RunCall, iso_date
from api.reading.continuations import continues_as
from api.reading.destinations import destination_of
from api.reading.journey import Journey, UnknownRunError, journey_meant
from api.reading.moment import Moment
from api.v1.models import TripAnswer
from api.v1.representations import alerts_answer, call_state, route_ref
from feeds.service_times import start_time

trips_router = APIRouter(tags=["Trips"], route_class=PlainlyAsked)

_START = "^([0-6]?[0-9]|7[01]):[0-5][0-9]:[0-5][0-9]$"
"""No run starts three days after its service date."""


@trips_router.get("/v1/trips/{trip_id:path}", response_model=TripAnswer, responses=PROBLEMS | CACHED)
def get_trip(
    request: Request,
    trip_id: str,
    date: Annotated[
        Annotated[str, WithJsonSchema({"type": "string", "format": "date"})] | None,
        Query(description="Service date; by default the one on which the trip is nearest", examples=["2026-03-02"]),
    ] = None,
    start: Annotated[
        Annotated[str, WithJsonSchema({"type": "string", "pattern": _START})] | None,
        Query(alias="start_time", description="HH:MM:SS of the run's first departure, for a trip that runs by headway",
              examples=["08:00:00"]),
    ] = None,
) -> Response:  # fmt: skip
    """Every call of one run of a trip: its scheduled times, and for those ahead the predicted ones."""
    moment = Moment.of(request)
    trip = trip_index(moment, trip_id)
    try:
        if date == "" or start == "":
            raise UnknownRunError("bad_date" if date == "" else "bad_start")
        journey = journey_meant(moment, trip, date, start)
    except UnknownRunError as unknown:
        raise _problem(trip_id, date, start, unknown) from unknown
    trip_fields = _trip_fields(moment, journey)
    # Ages and ranges change at every step, and times by seconds: nobody need be told.
    says = (
        {name: value for name, value in trip_fields.items() if name not in ("data_age_s", "calls")},
        [
            (call.status, call.source, call.minutes, call.doubt, call.at_stop, call.passed, call.occupancy)
            for call in journey.calls
        ],
        [call.passed_at if call.passed else steady(call.published) for call in journey.calls],
    )
    return json_answer(request, moment, says, lambda: trip_fields, max_age_s=BOARD_MAX_AGE_S)


def _problem(trip_id: str, date: str | None, start: str | None, unknown: UnknownRunError) -> Problem:
    match unknown.reason:
        case "bad_start":
            return no_such("start_time", start, "time; write HH:MM:SS, such as 08:00:00")
        case "bad_date":
            return no_such("date", date, "date; write YYYY-MM-DD, such as 2026-03-02")
        case "unknown_date":
            return Problem(404, "unknown-date", "No timetable for this date",
                           f"The timetable holds {' to '.join(unknown.dates)}, not {date}.")  # fmt: skip
        case "not_on_date":
            return Problem(404, "trip-not-on-date", "Trip does not run on this date",
                           f"Trip “{trip_id}” does not run on {date}; it runs on {', '.join(unknown.dates)}.",
                           suggestions=list(unknown.dates))  # fmt: skip
        case _:
            return Problem(404, "trip-never-runs", "Trip never runs",
                           f"Trip “{trip_id}” runs on no day of the timetable.")  # fmt: skip


def _trip_fields(moment: Moment, journey: Journey) -> dict[str, Any]:
    """The fields of `TripAnswer` in its order."""
    tt, vehicles, trip = moment.timetable, moment.view.snapshot.vehicles, journey.trip_idx
    vehicle_id, label = (journey.coming.vehicle_id, journey.coming.vehicle_label) if journey.coming else (None, None)
    if journey.vehicle is not None:
        vehicle_id, label = str(vehicles.vehicle_id[journey.vehicle]), str(vehicles.label[journey.vehicle]) or None
    return {
        "trip_id": str(tt.trip_id[trip]),
        "trip_short_name": str(tt.trip_short_name[trip]) or None,
        "service_date": iso_date(int(tt.date[journey.service_day])),
        "start_time": start_time(tt, trip, journey.shift_s),
        "route": route_ref(tt, journey.route_idx),
        "headsign": journey.destination,
        "direction": journey.direction if journey.direction >= 0 else None,
        "headway_s": journey.headway_s,
        "bikes": ACCESS[int(tt.trip_bikes[trip])],
        "status": journey.status,
        "vehicle_id": vehicle_id,
        "vehicle_label": label,
        "data_age_s": None if journey.age_s is None else round(journey.age_s),
        "calls": [_call_fields(moment, call) for call in journey.calls],
        "continues_as": _continuation(moment, journey),
        "alerts": alerts_answer(moment, run_alerts(moment, trip, journey.service_day, journey.shift_s)),
    }


def _continuation(moment: Moment, journey: Journey) -> dict[str, Any] | None:
    tt = moment.timetable
    to, day = continues_as(moment, journey.trip_idx, journey.service_day, journey.shift_s)
    if to < 0:
        return None
    return {
        "trip_id": str(tt.trip_id[to]), "service_date": iso_date(int(tt.date[day])),
        "route": route_ref(tt, int(tt.trip_route[to])), "headsign": destination_of(tt, to),
    }  # fmt: skip


def _call_fields(moment: Moment, call: RunCall) -> dict[str, Any]:
    """The fields of `Call` in its order."""
    stop = call.stop_idx
    return {
        **call_state(moment, call),
        "name": str(moment.timetable.stop_name[stop]),
        "scheduled_arrival": moment.iso(call.scheduled_arrival if call.arrives else call.scheduled, stop),
        "scheduled_departure": moment.iso(call.scheduled_departure if call.departs else call.scheduled, stop),
        "passed": call.passed,
        "passed_at": moment.iso(call.passed_at, stop),
    }
