"""Drafts dismissed and brought back: two buttons of the desk's first page."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.answers.problems import Problem
from api.desk.rendering import OwnForm, desk_of_request, text

draft_router = APIRouter(include_in_schema=False)


@draft_router.post("/desk/drafts/dismiss")
def dismiss(request: Request, form: OwnForm) -> Response:
    """Not now."""
    return _done(desk_of_request(request).dismiss, text(form, "draft"))


@draft_router.post("/desk/drafts/bring-back")
def bring_back(request: Request, form: OwnForm) -> Response:
    """Now after all."""
    return _done(desk_of_request(request).bring_back, text(form, "draft"))


def _done(write: Callable[[str], None], situation: str) -> Response:
    try:
        write(situation)
    except sqlite3.Error as error:
        raise Problem(507, "not-saved", "Not saved", f"The desk's database took nothing ({error}).") from error
    return RedirectResponse("/desk#drafts", 303)
