"""What every answer of SIRI Lite is wrapped in, and how it refuses: CEN/TS 15531 as JSON, in the shape that
Île-de-France's PRIM has it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator

from api.answers.caching import BOARD_MAX_AGE_S, answer, digest_of
from api.reading.lines import Line
from api.reading.moment import Moment
from api.service.siri_names import SiriNames
from predictor.timetable import STATION, Timetable

VERSION = "2.0"
FARTHEST = timedelta(days=2)

Json = dict[str, Any]


class SiriAnswer(BaseModel):
    """`Siri`, with a delivery of the service in it."""

    Siri: dict[str, Any]


def _with_its_sign(text: object) -> object:
    # In an address a plus that is not written %2B is a space.
    return text.replace(" ", "+") if isinstance(text, str) and _LOST_SIGN.search(text) else text


_LOST_SIGN = re.compile(r"T[\d:.]+ \d\d:?\d\d$")

StartTime = Annotated[
    datetime | None,
    BeforeValidator(_with_its_sign),
    Query(alias="StartTime", description="From then on; without an offset in the agency's time"),
]
Page = Annotated[
    int, Query(alias="Page", ge=1, le=1_000_000, description="Where one answer does not hold all: which, from 1")
]
DirectionRef = Annotated[
    str | None, Query(alias="DirectionRef", max_length=200, description="Only this direction, 0 or 1 as GTFS has it")
]
PreviewInterval = Annotated[
    timedelta, Query(alias="PreviewInterval", description="How far, such as PT30M; at most two days")
]


async def echoed(
    _: Annotated[str | None, Query(alias="RequestorRef", max_length=200, description="Who asks; echoed")] = None,
    __: Annotated[
        str | None, Query(alias="MessageIdentifier", max_length=200, description="Names the request; echoed")
    ] = None,
) -> None:
    """Parameters that every service takes."""


RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": SiriAnswer, "description": "The delivery"},
    304: {"description": "What was sent before still holds"},
    400: {"model": SiriAnswer, "description": "A parameter that cannot be understood: `Status` is false"},
    404: {"model": SiriAnswer, "description": "No such stop or line: `Status` is false, `ErrorCondition` says which"},
}
"""For the OpenAPI document of each service."""

_DELIVERIES = {
    "stop-monitoring": "StopMonitoringDelivery",
    "estimated-timetable": "EstimatedTimetableDelivery",
    "vehicle-monitoring": "VehicleMonitoringDelivery",
    "general-message": "GeneralMessageDelivery",
    "stoppoints-discovery": "StopPointsDelivery",
    "lines-discovery": "LinesDelivery",
}
_UNKNOWN = "La requête contient des identifiants qui sont inconnus"
"""Of what PRIM says its clients know this sentence."""
_DISCOVERIES = ("StopPointsDelivery", "LinesDelivery")
"""They stand in `Siri` as they are, without a `ServiceDelivery`."""


class UnknownReferenceError(LookupError):
    """There is no such stop or line. The text says what to do."""


@dataclass(frozen=True)
class Asked:
    """A request, the moment that it is answered at, and how things are named."""

    request: Request
    moment: Moment
    names: SiriNames

    @classmethod
    def of(cls, request: Request) -> Self:
        """The latest view, now."""
        return cls(request, Moment.of(request), request.app.state.siri_names)

    @property
    def timetable(self) -> Timetable:
        """The timetable in use."""
        return self.moment.timetable

    def stop(self, ref: str, parameter: str) -> int:
        """Index of the stop that a reference means. Errors: UnknownReferenceError."""
        found = _first(self.timetable.stop_named, self.names.stop_ids(ref))
        if found is None:
            text = f"{parameter}: there is no stop “{ref}”. All are listed at /siri/2.0/stoppoints-discovery.json."
            raise UnknownReferenceError(text)
        return found

    def route(self, ref: str) -> int:
        """Index of the route that a reference means. Errors: UnknownReferenceError."""
        found = _first(self.timetable.route_index, self.names.route_ids(ref))
        if found is None:
            text = f"LineRef: there is no line “{ref}”. All are listed at /siri/2.0/lines-discovery.json."
            raise UnknownReferenceError(text)
        return found

    def stop_ref(self, stop: int) -> Json:
        """Reference to a stop."""
        station = bool(self.timetable.stop_location_type[stop] == STATION)
        return value(self.names.stop_ref(str(self.timetable.stop_id[stop]), station=station))

    def line(self, route: int, direction: int) -> Json:
        """What each journey says of its line. `direction`: GTFS `direction_id`, -1 where none."""
        line: Line = self.moment.lines.all[route]
        journey_json: Json = {
            "LineRef": value(self.names.line_ref(line.route_id)),
            "PublishedLineName": values(line.name),
        }
        if line.mode in ("bus", "tram", "metro", "rail", "ferry"):
            journey_json["VehicleMode"] = [line.mode]
        if agency := str(self.timetable.route_agency_id[route]):
            journey_json["OperatorRef"] = value(agency)
        if direction >= 0:
            journey_json["DirectionRef"] = value(str(direction))
        return journey_json

    def time(self, at: float | None, stop: int | None = None) -> str | None:
        """POSIX seconds as this network's answers write times: by the clocks of a stop, else the agency's, or in UTC;
        None of none."""
        if at is None:
            return None
        if self.names.times == "local":
            return self.moment.view.iso(at, stop)
        return datetime.fromtimestamp(math.floor(at), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def deliver(self, content: Json, *, more_data: bool = False) -> Response:
        """The answer; 304 where the reader has one that says the same. `more_data`: there is more than it holds."""
        return answer(
            self.request, (self._delivery, self.request.query_params.get("MessageIdentifier"), content, more_data),
            lambda: SiriAnswer(
                Siri=self._wrapped({"Status": "true", **content}, more_data=more_data)
            ).model_dump_json(),
            max_age_s=BOARD_MAX_AGE_S, media_type="application/json",
        )  # fmt: skip

    def refuse(self, status: int, text: str) -> Response:
        """The answer to a request that cannot be answered: what it names cannot be found, or understood. Its condition
        is told as SIRI has it, and as PRIM."""
        condition = {
            "InvalidDataReferencesError": {"ErrorText": text}, "Description": text,
            "ErrorInformation": {"ErrorText": _UNKNOWN if status == 404 else text, "ErrorDescription": text},
        }  # fmt: skip
        content = {"Status": "false", "ErrorCondition": condition}
        return JSONResponse({"Siri": self._wrapped(content)}, status, headers={"Cache-Control": "no-store"})

    @property
    def _delivery(self) -> str:
        """What the delivery of the service that is asked is called."""
        return _DELIVERIES[self.request.url.path.rpartition("/")[2].removesuffix(".json")]

    def _wrapped(self, content: Mapping[str, Any], *, more_data: bool = False) -> Json:
        asked, delivery = self.request.query_params, self._delivery
        at = {"ResponseTimestamp": self.time(self.moment.now)}
        echo: Json = {}
        if message := asked.get("MessageIdentifier"):
            echo["RequestMessageRef"] = value(message)
        if requestor := asked.get("RequestorRef"):
            echo["RequestorRef"] = value(requestor)
        delivered = {**at, "Version": VERSION, **content}
        if delivery in _DISCOVERIES:
            return {delivery: {**delivered, **echo}}
        return {
            "ServiceDelivery": {
                **at,
                "ProducerRef": self.names.producer,
                "ResponseMessageIdentifier": f"{self.names.producer}:ResponseMessage:{digest_of((at, content))}",
                **echo,
                **({"MoreData": True} if more_data else {}),
                delivery: [delivered],
            }
        }


def _first(index: Mapping[str, int], names: Iterable[str]) -> int | None:
    """What the first of the names that is known stands for."""
    return next((index[name] for name in names if name in index), None)


class SiriRoute(APIRoute):
    """An address of SIRI Lite: what it refuses, it refuses in SIRI's words."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        handle = super().get_route_handler()

        async def answering(request: Request) -> Response:
            try:
                return await handle(request)
            except UnknownReferenceError as unknown:
                return Asked.of(request).refuse(404, str(unknown))
            except RequestValidationError as error:
                wrong = (f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
                return Asked.of(request).refuse(400, "; ".join(wrong) + ".")

        return answering


def value(text: str) -> Json:
    """A text as PRIM writes references and names."""
    return {"value": text}


def values(text: str) -> list[Json]:
    """A text of which there could be several."""
    return [value(text)] if text else []


def seconds_ahead(interval: timedelta) -> float:
    """How far a `PreviewInterval` looks, as far as anything can be said."""
    return min(max(interval, timedelta(0)), FARTHEST).total_seconds()
