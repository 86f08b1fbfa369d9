"""SIRI Lite: the services that clients of Île-de-France's PRIM and of other French cities ask."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api.siri.delivery import RESPONSES, SiriRoute, echoed
from api.siri.discovery import lines_discovery, stoppoints_discovery
from api.siri.estimated_timetable import estimated_timetable
from api.siri.general_message import general_message
from api.siri.stop_monitoring import stop_monitoring
from api.siri.vehicle_monitoring import vehicle_monitoring

_SERVICES: tuple[Callable[..., Response], ...] = (
    stop_monitoring, estimated_timetable, vehicle_monitoring, general_message, stoppoints_discovery, lines_discovery,
)  # fmt: skip

_ADDRESSES = [f"/siri/2.0/{service.__name__.replace('_', '-')}" for service in _SERVICES]

siri_router = APIRouter(tags=["SIRI Lite"], route_class=SiriRoute, dependencies=[Depends(echoed)])
for _service, _address in zip(_SERVICES, _ADDRESSES, strict=True):
    siri_router.get(_address, include_in_schema=False)(_service)
    siri_router.get(f"{_address}.json", responses=RESPONSES, response_class=Response)(_service)


@siri_router.get("/siri", include_in_schema=False)
@siri_router.get("/siri/", include_in_schema=False)
@siri_router.get("/siri/2.0", include_in_schema=False)
@siri_router.get("/siri/2.0/", include_in_schema=False)
def services(request: Request) -> JSONResponse:
    """What there is: who lists data sets asks only whether the address of all services answers."""
    base = str(request.base_url).rstrip("/")
    return JSONResponse({"services": [f"{base}{address}.json" for address in _ADDRESSES]})
