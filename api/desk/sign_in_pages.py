"""/desk/login and out again."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from api.desk.rendering import OwnForm, desk_of_request, desk_page, officer_of, on_disk, page_moment, posted_form, text

_LONGEST_ADDRESS = 2000

sign_in_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@sign_in_router.get("/desk/login")
def login(request: Request, next: str = "/desk") -> Response:  # noqa: A002
    """The form, or how to turn the desk on."""
    possible = desk_of_request(request).sign_in.possible
    return desk_page(
        request, page_moment(request), "login.html", status=200 if possible else 403, possible=possible,
        wrong=False, next=_own_page(next), named=_named(request), name="",
    )  # fmt: skip


@sign_in_router.post("/desk/login")
def begin(request: Request, form: Annotated[FormData, Depends(posted_form)]) -> Response:
    """Begin a session where the token, or the name and password, are right."""
    sign_in, page = desk_of_request(request).sign_in, _own_page(text(form, "next"))
    given_name = text(form, "name").strip()[:100]
    name = sign_in.who_signs_in(request, given_name, text(form, "token").strip())
    if name is None:
        return desk_page(
            request, page_moment(request), "login.html", status=403, possible=sign_in.possible, wrong=True, next=page,
            named=_named(request), name=given_name,
        )  # fmt: skip
    response = RedirectResponse(page, 303)
    sign_in.begin(request, response, name)
    desk_of_request(request).note(name, "signed_in")
    return response


@sign_in_router.post("/desk/logout")
def end(request: Request, _: OwnForm) -> Response:
    """End the session."""
    response, desk, officer = RedirectResponse("/desk/login", 303), desk_of_request(request), officer_of(request)
    with on_disk():
        desk.sign_in.end(request, response)
    desk.note(officer, "signed_out")
    return response


def _named(request: Request) -> bool:
    """Whether anybody signs in by a name."""
    return any(account.role != "tool" for account in desk_of_request(request).accounts.all())


def _own_page(address: str) -> str:
    """Only pages of the desk are gone on to: a link to the sign-in page must not lead elsewhere."""
    path = address.partition("?")[0]
    ours = path == "/desk" or path.startswith("/desk/")
    return address if ours and len(address) <= _LONGEST_ADDRESS and not re.search(r"[\\\s]", address) else "/desk"
