"""`/v1/trips/{trip_id}`: every call of one dated run of a trip, with what is known of it."""

from __future__ import annotations

import re
from typing import Annotated, cast

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.answers.caching import BOARD_MAX_AGE_S, answer, steady
from api.answers.lookups import trip_index
from api.answers.problems import PROBLEMS, Problem
from api.reading.alerts import alerts_about
from api.reading.board import iso_date, known, minutes_to_wait, start_time, wheelchair_access
from api.reading.moment import Moment
from api.v1.models import Access, Call, Range, Status, TimeSource, TripAnswer
from api.v1.representations import alerts_answer, route_ref
from predictor.snapshot import CANCELLED, FROM_TIMETABLE, LIVE, SCHEDULED, SOURCES, STATUSES, JourneyCalls
from predictor.timetable import Timetable

trips_router = APIRouter(tags=["Trips"])


@trips_router.get("/v1/trips/{trip_id:path}", response_model=TripAnswer, responses=PROBLEMS)
def one_trip(
    request: Request,
    trip_id: str,
    date: Annotated[
        str | None,
        Query(description="Service date; by default the one on which the trip is nearest", examples=["2026-03-02"]),
    ] = None,
    start: Annotated[
        str | None,
        Query(alias="start_time", description="HH:MM:SS of the run's first departure, for a trip that runs by headway",
              examples=["08:00:00"]),
    ] = None,
) -> Response:  # fmt: skip
    """Every call of one run of a trip: its scheduled times, and for those ahead the predicted ones."""
    moment = Moment.of(request)
    trip = trip_index(moment, trip_id)
    shift_s = shift_of(moment, trip, start)
    day = service_day_of(moment, trip, date, shift_s)
    journey = moment.view.snapshot.journey(trip, day, shift_s)
    trip_answer = _trip_answer(moment, journey)
    # Ages and ranges change at every step, and times by seconds: nobody need be told.
    says = (
        trip_answer.model_dump(exclude={"generated_at", "feed_age_s", "data_age_s", "calls"}),
        [(call.status, call.source, call.minutes, call.passed) for call in trip_answer.calls],
        [steady(at) for at in journey.published.tolist()],
    )
    return answer(request, says, trip_answer.model_dump_json, max_age_s=BOARD_MAX_AGE_S, media_type="application/json")


def shift_of(moment: Moment, trip: int, start: str | None) -> int:
    """Shift of the run that begins at `start`, HH:MM:SS or HH:MM after the service date's origin; without: the run
    nearest to now among those of the timetable. Errors: Problem 422."""
    tt = moment.timetable
    if start is None:
        shifts = tt.journey_shift_s[tt.journey_trip == trip]
        if len(shifts) == 0:
            return 0
        today = tt.date_origin[int(np.searchsorted(tt.date_origin, moment.now, side="right")) - 1]
        return int(shifts[np.argmin(np.abs(today + tt.trip_start_s[trip] + shifts - moment.now))])
    parts = re.fullmatch(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", start)
    if parts is None:
        raise Problem(422, "bad-parameter", "Parameter not understood",
                      f"“start_time”: “{start}” is no time; write HH:MM:SS, such as 08:00:00.")  # fmt: skip
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + seconds - int(tt.trip_start_s[trip])


def service_day_of(moment: Moment, trip: int, date: str | None, shift_s: int = 0) -> int:
    """Index of the service day: of `date`, YYYY-MM-DD or YYYYMMDD; without one, the day that the trip runs on nearest
    to now. Errors: Problem 404 and 422."""
    tt = moment.timetable
    active = np.flatnonzero(tt.service_active[tt.trip_service[trip]])
    if date is None:
        if len(active) == 0:
            raise Problem(404, "trip-never-runs", "Trip never runs",
                          f"Trip “{tt.trip_id[trip]}” runs on no day of the timetable.")  # fmt: skip
        middle = tt.date_origin[active] + shift_s + (int(tt.trip_start_s[trip]) + int(tt.trip_end_s[trip])) / 2
        return int(active[np.argmin(np.abs(middle - moment.now))])
    digits = date.replace("-", "")
    if not re.fullmatch(r"\d{8}", digits):
        raise Problem(422, "bad-parameter", "Parameter not understood",
                      f"“date”: “{date}” is no date; write YYYY-MM-DD, such as 2026-03-02.")  # fmt: skip
    day = tt.date_index.get(int(digits))
    if day is None:
        first, last = iso_date(int(tt.date[0])), iso_date(int(tt.date[-1]))
        raise Problem(404, "unknown-date", "No timetable for this date",
                      f"The timetable holds {first} to {last}, not {date}.")  # fmt: skip
    if day not in active:
        near = active[np.argsort(np.abs(active - day), kind="stable")[:3]]
        dates = [iso_date(int(d)) for d in tt.date[near]]
        raise Problem(404, "trip-not-on-date", "Trip does not run on this date",
                      f"Trip “{tt.trip_id[trip]}” does not run on {date}; it runs on {', '.join(dates)}.",
                      suggestions=dates)  # fmt: skip
    return day


def _trip_answer(moment: Moment, journey: JourneyCalls) -> TripAnswer:
    tt, snapshot = moment.timetable, moment.view.snapshot
    trip, vehicle = journey.trip, journey.vehicle
    pattern = int(tt.trip_pattern[trip])
    route, direction = int(tt.trip_route[trip]), int(tt.pattern_direction[pattern])
    age = moment.now - float(snapshot.vehicles.timestamp[vehicle]) if vehicle >= 0 else None
    since_report = moment.now - snapshot.made_at if age is None else age
    status = journey.status
    if since_report > moment.view.live_limit_s:
        status = np.where(status == LIVE, SCHEDULED, status)
    ahead = status[~journey.passed]
    overall = CANCELLED if (status == CANCELLED).all() else LIVE if (ahead == LIVE).any() else SCHEDULED
    return TripAnswer(
        **moment.answer_fields(),
        trip_id=str(tt.trip_id[trip]),
        service_date=iso_date(int(tt.date[journey.service_day])),
        start_time=start_time(tt, trip, journey.shift_s),
        route=route_ref(tt, route),
        headsign=str(tt.trip_headsign[trip]),
        direction=direction if direction >= 0 else None,
        status=cast(Status, STATUSES[overall]),
        vehicle_id=str(snapshot.vehicles.vehicle_id[vehicle]) if vehicle >= 0 else None,
        vehicle_label=str(snapshot.vehicles.label[vehicle]) if vehicle >= 0 else None,
        data_age_s=None if age is None else round(max(age, 0.0)),
        calls=[_call(moment, tt, journey, k, int(status[k])) for k in range(len(journey.stop))],
        alerts=alerts_answer(alerts_about(moment, stops=journey.stop.tolist(), routes=(route,), trips=(trip,))),
    )


def _call(moment: Moment, tt: Timetable, journey: JourneyCalls, k: int, status: int) -> Call:
    iso = moment.view.iso
    stop = int(journey.stop[k])
    passed, published = bool(journey.passed[k]), known(float(journey.published[k]))
    is_predicted = published is not None and journey.source[k] != FROM_TIMETABLE and status != CANCELLED
    p10, p50, p90 = (known(float(q[k])) for q in (journey.p10, journey.p50, journey.p90))
    by_headway = bool(tt.trip_is_frequency[journey.trip])
    return Call(
        stop_id=str(tt.stop_id[stop]),
        name=str(tt.stop_name[stop]),
        platform=str(tt.stop_platform[stop]) or None,
        stop_sequence=int(journey.stop_sequence[k]),
        scheduled_arrival=None if by_headway else iso(journey.scheduled_arrival[k]),
        scheduled_departure=None if by_headway else iso(journey.scheduled_departure[k]),
        predicted_time=moment.iso(published) if is_predicted else None,
        range=Range(p10=iso(p10), p50=iso(p50), p90=iso(p90))
        if is_predicted and p10 is not None and p50 is not None and p90 is not None
        else None,
        minutes=None if published is None else minutes_to_wait(published, moment.now),
        status=cast(Status, STATUSES[status]),
        source=cast(TimeSource, SOURCES[int(journey.source[k])]),
        passed=passed,
        wheelchair=cast(Access, wheelchair_access(tt, journey.trip, stop)),
    )
