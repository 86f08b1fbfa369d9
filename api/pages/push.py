"""/push/reminders: a browser asks to be told when a bus is five minutes away, or not to be told after all."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from pydantic import BaseModel, ConfigDict, Field

from api.answers.problems import Problem
from api.answers.rate_limits import limited
from api.pages.push_sender import are_keys
from api.pages.reminders import NothingToTellError, Reminder, Reminders, TooManyError
from api.words.moment import language_of
from api.words.texts import region_of

push_router = APIRouter(include_in_schema=False)

_ASKED = (RateLimitItemPerMinute(30, namespace="push"), RateLimitItemPerHour(150, namespace="push"))
"""By the hour so few that one client alone cannot take all the room, for the hours that riders wait at most."""
_LOCAL = ("localhost", "127.0.0.1", "::1")
_RETRY_AFTER_S = 120
_NOWHERE = "https://localhost"


class Keys(BaseModel):
    """As a browser's PushSubscription gives them."""

    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)


class Asked(BaseModel):
    """Whom to tell, and of what."""

    model_config = ConfigDict(extra="ignore")

    endpoint: str = Field(max_length=1000)
    keys: Keys
    trip: str = Field(max_length=300)
    date: str = Field("", max_length=10)
    start: str = Field("", max_length=8)
    stop: str = Field(max_length=300)
    visit: str = Field("", max_length=10)


def push_key(request: Request) -> str:
    """The key by which a page asks its browser for push messages; "" where there are none: they are switched off, or
    the page came neither over HTTPS nor from this machine."""
    reminders: Reminders | None = request.app.state.reminders
    return reminders.sender.public_key if reminders and _secure(request) else ""


def _reminders(request: Request) -> Reminders:
    reminders: Reminders | None = request.app.state.reminders
    if reminders is None or not _secure(request):
        raise Problem(404, "no-push", "No push messages", "They are switched off here, or this is no HTTPS.")
    return reminders


Waiting = Annotated[Reminders, Depends(_reminders)]


@push_router.post("/push/reminders", status_code=204, dependencies=[Depends(limited(_ASKED))])
def remind(request: Request, asked: Asked, reminders: Waiting) -> Response:
    """Wait. The same asked twice waits once."""
    if not reminders.sender.allows(asked.endpoint) or not are_keys(asked.keys.p256dh, asked.keys.auth):
        raise Problem(409, "bad-subscription", "Not a subscription", "This is no address of a known push service.")
    try:
        reminders.add(_reminder(request, asked))
    except NothingToTellError as error:
        raise Problem(409, "nothing-to-tell", "Nothing to tell", "No such bus comes there soon.") from error
    except TooManyError as error:
        raise Problem(
            503, "too-many-reminders", "Too many reminders", "Too many riders wait: keep the page open instead.",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        ) from error  # fmt: skip
    return Response(status_code=204)


@push_router.delete("/push/reminders", status_code=204, dependencies=[Depends(limited(_ASKED))])
def forget(request: Request, asked: Asked, reminders: Waiting) -> Response:
    """Wait no longer."""
    reminders.remove(_reminder(request, asked).key)
    return Response(status_code=204)


def _reminder(request: Request, asked: Asked) -> Reminder:
    language = language_of(request)
    return Reminder(
        endpoint=asked.endpoint, p256dh=asked.keys.p256dh, auth=asked.keys.auth, trip_id=asked.trip, date=asked.date,
        start=asked.start, stop_id=asked.stop, visit=asked.visit, language=language,
        country=region_of(language, request.headers.get("accept-language")),
        site=_site(request),
    )  # fmt: skip


def _site(request: Request) -> str:
    """Who we are to a push service: a name without a port, as VAPID has it."""
    host = request.url.hostname or ""
    return f"https://{host}" if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) and len(host) < 254 else _NOWHERE


def _secure(request: Request) -> bool:
    return request.url.scheme == "https" or request.url.hostname in _LOCAL
