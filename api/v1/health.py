"""`/healthz` and `/readyz`: for whatever watches over the service, answered by the event loop itself: who finds no
thread free would be taken for dead."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.reading.health import faults_of, status_of
from api.reading.moment import service_of
from api.service.served import Served
from api.v1.models import FeedState, Health
from api.words.health import detail

health_router = APIRouter(tags=["Health"])
_NO_STORE = {"Cache-Control": "no-store"}


@health_router.get("/healthz", response_model=Health, responses={503: {"model": Health}})
async def get_health(request: Request) -> JSONResponse:
    """Whether the process does its work: 503 where it should be started anew. A stopped feed is no reason for that:
    it makes the service `degraded`."""
    health = health_of(service_of(request))
    return JSONResponse(health.model_dump(), 503 if health.status == "down" else 200, headers=_NO_STORE)


@health_router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
async def get_readiness(request: Request) -> JSONResponse:
    """Whether requests should be sent here: 503 until the engine has made its first steps, and when it is stuck."""
    service = service_of(request)
    health = health_of(service)
    ready = health.status != "down" and service.steps > 0
    return JSONResponse(health.model_dump(), 200 if ready else 503, headers=_NO_STORE)


def health_of(service: Served) -> Health:
    """How the service is doing now."""
    view, now = service.view, service.clock.now()
    faults = faults_of(service)
    age = view.feed_age_s(now)
    return Health(
        status=status_of(service, faults),
        detail=detail(faults),
        faults=[fault.code for fault in faults],
        feed_age_s=None if age is None else round(age, 1),
        feed_stopped=view.feed_stopped(now),
        snapshot_age_s=round(max(now - view.snapshot.made_at, 0.0), 1),
        step_failures=service.step_failures,
        timetable_version=view.timetable.feed_version,
        left_out={
            name.removeprefix("refused_"): count
            for name, count in sorted(view.snapshot.counts.items())
            if name.startswith("refused_") and count
        },
        feeds={
            name: FeedState(
                source=feed.source,
                good_at=view.iso(feed.good_at) if math.isfinite(feed.good_at) else None,
                error=feed.error or None,
                errors=feed.errors,
            )
            for name, feed in view.feeds.items()
        },
    )
