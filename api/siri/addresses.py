"""SIRI Lite: the services that clients of Île-de-France's PRIM and of other French cities ask."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.siri.delivery import RESPONSES, SiriRoute, echoed
from api.siri.discovery import lines_discovery, stoppoints_discovery
from api.siri.estimated_timetable import estimated_timetable
from api.siri.general_message import general_message
from api.siri.stop_monitoring import stop_monitoring
from api.siri.vehicle_monitoring import vehicle_monitoring

_SERVICES: tuple[Callable[..., Response], ...] = (
    stop_monitoring, estimated_timetable, vehicle_monitoring, general_message, stoppoints_discovery, lines_discovery,
)  # fmt: skip

siri_router = APIRouter(tags=["SIRI Lite"], route_class=SiriRoute, dependencies=[Depends(echoed)])
for _service in _SERVICES:
    _address = f"/siri/2.0/{_service.__name__.replace('_', '-')}"
    siri_router.get(_address, include_in_schema=False)(_service)
    siri_router.get(f"{_address}.json", responses=RESPONSES, response_class=Response)(_service)
