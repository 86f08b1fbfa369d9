"""SIRI Lite: the services that clients of Île-de-France's PRIM and of other French cities ask."""

from __future__ import annotations

from fastapi import APIRouter

from api.siri.discovery import discovery_router
from api.siri.estimated_timetable import estimated_timetable_router
from api.siri.general_message import general_message_router
from api.siri.stop_monitoring import stop_monitoring_router
from api.siri.vehicle_monitoring import vehicle_monitoring_router

siri_router = APIRouter()
for _router in (
    stop_monitoring_router, estimated_timetable_router, vehicle_monitoring_router, general_message_router,
    discovery_router,
):  # fmt: skip
    siri_router.routes.extend(_router.routes)
