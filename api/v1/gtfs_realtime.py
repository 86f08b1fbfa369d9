"""`/gtfs-rt/…`: what we know as GTFS-Realtime, for other software."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from google.protobuf.json_format import MessageToJson
from google.transit.gtfs_realtime_pb2 import FeedMessage

from api.answers.caching import BOARD_MAX_AGE_S, CACHED, answer
from api.answers.fair_turns import in_turn
from api.answers.heavy_reads import BUSY, HeavyReads
from api.answers.plainly_asked import PlainlyAsked
from api.answers.problems import PROBLEMS
from api.reading.moment import Moment
from feeds.gtfs_realtime.alerts import encode_alerts
from feeds.gtfs_realtime.trip_updates import encode_trip_updates
from feeds.gtfs_realtime.vehicle_positions import encode_vehicle_positions

realtime_feeds_router = APIRouter(prefix="/gtfs-rt", tags=["GTFS-Realtime"], route_class=PlainlyAsked)

PROTOBUF = "application/x-protobuf"
Format = Annotated[
    Literal["protobuf", "json"], Query(description="Protobuf as GTFS-Realtime has it, or the same as JSON for reading")
]
_ALERTS_MAX_AGE_S = 1
"""What an officer publishes is to be seen within two seconds."""
_CONTENT: dict[int | str, dict[str, Any]] = {
    **CACHED,
    200: {
        "description": "A FeedMessage. The headers `Feed-Age` (seconds) and `Feed-Stopped` tell of the vehicle feed.",
        "content": {
            PROTOBUF: {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object"}},
        },
    },
    422: PROBLEMS[422],
    **BUSY,
}


@realtime_feeds_router.get("/trip-updates", responses=_CONTENT, response_class=Response)
@in_turn
async def get_trip_updates(request: Request, form: Annotated[Format, Query(alias="format")] = "protobuf") -> Response:
    """Predicted times of every trip that a vehicle reports for, cancelled trips and skipped stops."""
    moment = Moment.of(request)
    view, stopped = moment.view, moment.feed_stopped
    return await _feed(
        request,
        moment,
        f"trip-updates {stopped}",
        form,
        lambda: encode_trip_updates(view.snapshot, view.added_as, view.headway_as, vehicles_live=not stopped),
    )


@realtime_feeds_router.get("/vehicle-positions", responses=_CONTENT, response_class=Response)
@in_turn
async def get_vehicle_positions(
    request: Request, form: Annotated[Format, Query(alias="format")] = "protobuf"
) -> Response:
    """Every vehicle with the trip that it was matched to."""
    moment = Moment.of(request)
    view = moment.view
    return await _feed(
        request, moment, "vehicle-positions", form, lambda: encode_vehicle_positions(view.snapshot, view.headway_as)
    )


@realtime_feeds_router.get("/alerts", responses=_CONTENT, response_class=Response)
@in_turn
async def get_alerts(request: Request, form: Annotated[Format, Query(alias="format")] = "protobuf") -> Response:
    """The operator's messages to riders, in force or to come."""
    moment = Moment.of(request)
    view = moment.view
    return await _feed(
        request, moment, "alerts", form, lambda: encode_alerts(view.alerts, view.timetable, view.alerts_at),
        says=(view.alerts_at, view.alerts), max_age_s=_ALERTS_MAX_AGE_S,
    )  # fmt: skip


async def _feed(
    request: Request,
    moment: Moment,
    name: str,
    form: str,
    encode: Callable[[], FeedMessage],
    *,
    says: object = None,
    max_age_s: int = BOARD_MAX_AGE_S,
) -> Response:
    view = moment.view

    def body() -> bytes | str:
        message = view.once(name, encode)
        if form == "json":
            return MessageToJson(message, preserving_proto_field_name=True)
        return message.SerializeToString()

    made = partial(
        answer, request, (name, form, says or view.snapshot.made_at, view.timetable.feed_version),
        lambda: view.once(f"{name} {form}", body), max_age_s=max_age_s,
        media_type="application/json" if form == "json" else PROTOBUF,
    )  # fmt: skip
    if form == "json":
        # Of a large city it takes seconds, and is for people who look into it.
        reads: HeavyReads = request.app.state.heavy_reads
        response = await reads.run(made)
    else:
        response = await run_in_threadpool(made)
    age = view.feed_age_s(moment.now)
    if age is not None:
        response.headers["Feed-Age"] = f"{age:.0f}"
    response.headers["Feed-Stopped"] = "true" if moment.feed_stopped else "false"
    return response
