"""The officer's word on a new timetable that loses much: `/v1/timetable`, and a button on the desk."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.answers.problems import PROBLEMS, Problem
from api.desk.desk import Desk
from api.desk.rendering import OwnForm, desk_of_request, officer_of
from api.desk.token_writing import WRITING, AuthorisedFirst, Writing
from api.service.served import Served

timetable_router = APIRouter(tags=["Health"], route_class=AuthorisedFirst)
timetable_form_router = APIRouter(include_in_schema=False)


class TimetableState(BaseModel):
    """The timetable in use, and the new one that waits for a word."""

    version: str = Field(description="SHA-256 of the GTFS feed in use")
    waiting_version: str | None = Field(description="Of a new one that is not taken without a word")
    losses: list[str] = Field(description="What would be lost by taking it")


@timetable_router.get("/v1/timetable", response_model=TimetableState)
def get_timetable(request: Request) -> TimetableState:
    """Which timetable is in use, and whether a new one waits."""
    return _state(request.app.state.service)


@timetable_router.post("/v1/timetable", response_model=TimetableState, responses={404: PROBLEMS[404], **WRITING})
def take_timetable(request: Request, desk: Writing) -> TimetableState:
    """Go on with the timetable that waits, from the next step on. Needs the desk's token."""
    if not _taken(desk, request.state.token_name):
        raise Problem(404, "none-waits", "No timetable waits", "Every new timetable has been taken.")
    return _state(desk.service)


@timetable_form_router.post("/desk/timetable/take")
def take_at_the_desk(request: Request, _: OwnForm) -> RedirectResponse:
    """The same by a button."""
    _taken(desk_of_request(request), officer_of(request))
    return RedirectResponse("/desk", 303)


def _taken(desk: Desk, by: str) -> bool:
    waiting = desk.service.take_waiting_timetable()
    if waiting is None:
        return False
    desk.note(by, "timetable_taken", waiting.timetable.feed_version[:12])
    return True


def _state(service: Served) -> TimetableState:
    waiting = service.waiting_timetable
    return TimetableState(
        version=service.timetable.feed_version,
        waiting_version=waiting.timetable.feed_version if waiting else None,
        losses=waiting.losses if waiting else [],
    )
