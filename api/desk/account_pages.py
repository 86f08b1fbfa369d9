"""/desk/users: who may write, kept by the administrators; one's own password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.answers.rate_limits import GUESSES, rate_limits_of
from api.desk.accounts import FORMER_OPENS_S, SHORTEST_PASSWORD, AccountError, Role
from api.desk.deed import What
from api.desk.rendering import (
    OwnForm,
    Session,
    desk_of_request,
    desk_page,
    is_administrator,
    officer_of,
    on_disk,
    page_moment,
    require_administrator,
    text,
)

account_pages_router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Administrator = Annotated[None, Depends(require_administrator)]


@account_pages_router.get("/desk/users")
def accounts(request: Request, _: Session, done: str = "", name: str = "") -> Response:
    """All of them, for an administrator; one's own password."""
    return _page(request, done=done if done in get_args(What) else "", name=name[:100])


@account_pages_router.post("/desk/users/add")
def add(request: Request, form: OwnForm, _: Administrator) -> Response:
    """Make one."""
    name, role = text(form, "name"), text(form, "role")
    found: Role = role if role in ("officer", "administrator", "tool") else "officer"  # type: ignore[assignment]
    made = desk_of_request(request).accounts.add
    return _changed(request, name, "account_added", lambda: made(name, found, text(form, "password")), adding=True)


@account_pages_router.post("/desk/users/renew")
def renew(request: Request, form: OwnForm, _: Administrator) -> Response:
    """Another password; of a tool another token."""
    name, desk = text(form, "name"), desk_of_request(request)
    return _changed(request, name, "account_renewed", lambda: desk.accounts.renew(name, text(form, "password")))


@account_pages_router.post("/desk/users/role")
def set_role(request: Request, form: OwnForm, _: Administrator) -> Response:
    """Officer or administrator."""
    name, accounts = text(form, "name"), desk_of_request(request).accounts
    role: Role = "administrator" if text(form, "role") == "administrator" else "officer"
    return _changed(request, name, "account_role", lambda: accounts.set_role(_another(request, name), role))


@account_pages_router.post("/desk/users/remove")
def remove(request: Request, form: OwnForm, _: Administrator) -> Response:
    """It opens nothing any longer."""
    name, accounts = text(form, "name"), desk_of_request(request).accounts
    return _changed(request, name, "account_removed", lambda: accounts.remove(_another(request, name)))


@account_pages_router.post("/desk/users/password")
def own_password(request: Request, form: OwnForm) -> Response:
    """One's own, for who knows the one before; all sessions of it end, and this one begins anew."""
    desk, name = desk_of_request(request), officer_of(request)
    rate_limits_of(request).require(GUESSES, request)
    try:
        if desk.accounts.person(name, text(form, "before")) is None:
            rate_limits_of(request).spend(GUESSES, request)
            raise AccountError("account_before")
        with on_disk():
            desk.accounts.renew(name, text(form, "password"))
    except AccountError as error:
        return _page(request, problem=str(error), own=True)
    desk.note(name, "account_renewed", name)
    response = RedirectResponse("/desk/users?done=account_renewed", 303)
    desk.sign_in.begin(request, response, name)
    return response


def _another(request: Request, name: str) -> str:
    """The name. Errors: AccountError of oneself: an administrator who is left out by mistake cannot come back."""
    account = desk_of_request(request).accounts.get(name)
    if account and account.name == officer_of(request):
        raise AccountError("account_oneself")
    return name


def _changed(
    request: Request, name: str, what: What, change: Callable[[], str | None], *, adding: bool = False
) -> Response:
    """`change` gives a tool's token where it makes one."""
    desk, officer = desk_of_request(request), officer_of(request)
    try:
        with on_disk():
            token = change()
    except AccountError as error:
        return _page(request, problem=str(error), name=name, adding=adding)
    desk.note(officer, what, name)
    if token:
        # Shown once: nobody can read it again. So long the one before goes on to open, where there was one.
        hours = 0 if adding else int(FORMER_OPENS_S // 3600)
        return _page(request, new_token=_NewToken(name, token, hours))
    return RedirectResponse(f"/desk/users?{urlencode({'done': what, 'name': name})}", 303)


class _NewToken(NamedTuple):
    """Of a tool."""

    name: str
    token: str
    former_hours: int
    """So long the one before goes on to open."""


def _page(
    request: Request,
    *,
    done: str = "",
    name: str = "",
    problem: str = "",
    adding: bool = False,
    own: bool = False,
    new_token: _NewToken | None = None,
) -> Response:
    moment, desk, administrator = page_moment(request), desk_of_request(request), is_administrator(request)
    known = desk.accounts.all()
    return desk_page(
        request, moment, "accounts.html", status=422 if problem else 200,
        rows=[(account, moment.words.date(account.changed_at)) for account in known] if administrator else None,
        is_person=any(account.name == officer_of(request) for account in known),
        done=done, name=name, adding=adding, own=own, new_token=new_token, shortest=SHORTEST_PASSWORD,
        problem=moment.texts(f"problem_{problem}", count=SHORTEST_PASSWORD) if problem else "",
    )  # fmt: skip
