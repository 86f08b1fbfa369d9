"""How the desk's pages are rendered: for one officer, at one moment, in one language; kept by no cache."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from api.answers.assets import style
from api.answers.frame import Frame, framed_in_language
from api.answers.problems import Problem
from api.desk.desk import Desk
from api.desk.sign_in import COOKIE
from api.reading.badges import Badge
from api.words.moment import PageMoment, language_of
from api.words.root_path import path_within, root_of
from api.words.texts import desk_texts_in, languages_of

_HEADERS = {"X-Frame-Options": "DENY", "Permissions-Policy": "geolocation=(), camera=(), microphone=()"}


def desk_of_request(request: Request) -> Desk:
    """The desk of the application."""
    desk: Desk = request.app.state.desk
    return desk


def page_moment(request: Request) -> PageMoment:
    """Now, in the reader's language."""
    return moment_in(request, language_of(request))


def moment_in(request: Request, language: str) -> PageMoment:
    """Now, in one of `LANGUAGES`."""
    service = desk_of_request(request).service
    texts, root = desk_texts_in(language), root_of(request.scope)
    return PageMoment(view=service.view, now=service.clock.now(), texts=texts, root=root)


def session_of(request: Request) -> str:
    """The officer's session. Errors: HTTPException 303 to the sign-in page where there is none."""
    session = desk_of_request(request).sign_in.session(request)
    if session is None:
        asked = f"{path_within(request.scope)}?{request.url.query}".rstrip("?") if request.method == "GET" else "/desk"
        address = f"/desk/login?{urlencode({'next': asked})}"
        raise HTTPException(303, "Sign in first.", headers={"Location": address})
    return session


def officer_of(request: Request) -> str:
    """Name of who began the request's session, "" where there is none."""
    sign_in = desk_of_request(request).sign_in
    return sign_in.holder_of(request.cookies.get(COOKIE, "")) or ""


async def posted_form(request: Request) -> FormData:
    """What a form sent. Errors: HTTPException 400."""
    return await request.form(max_files=0, max_fields=5000)


Session = Annotated[str, Depends(session_of)]


def own_form(request: Request, session: Session, form: Annotated[FormData, Depends(posted_form)]) -> FormData:
    """A form of the officer's own page. Errors: Problem 403 for one that another site has sent."""
    known = desk_of_request(request).sign_in.form_token(session)
    if not hmac.compare_digest(text(form, "csrf").encode(), known.encode()):
        raise Problem(403, "not-own-form", "Not allowed", "This form is not of your session: reload it.")
    return form


OwnForm = Annotated[FormData, Depends(own_form)]


def require_administrator(request: Request, _: Session) -> None:
    """Errors: Problem 403 of one who is signed in and may not."""
    if not is_administrator(request):
        raise Problem(403, "administrators-only", "Not allowed", "Only an administrator may do this.")


def is_administrator(request: Request) -> bool:
    """Whether the request's session is one's who adds and removes others."""
    officer = officer_of(request)
    return bool(officer) and desk_of_request(request).sign_in.role_of(officer) == "administrator"


def text(form: FormData, name: str) -> str:
    """One field of a form, "" where it is missing or a file."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


@contextmanager
def on_disk() -> Iterator[None]:
    """What is written in this context is on the disk afterwards. Errors: Problem 507 where the disk did not take it."""
    try:
        yield
    except sqlite3.Error as error:
        raise Problem(
            507, "not-saved", "Not saved", f"The desk's database took nothing ({error}); riders see no change."
        ) from error


def desk_page(
    request: Request,
    moment: PageMoment,
    template: str,
    *,
    badges: Iterable[Badge] = (),
    status: int = 200,
    also_allowed: Mapping[str, str] | None = None,
    **context: object,
) -> Response:
    """A whole page. `badges`: the lines whose colours it needs; `also_allowed`: see `Frame`."""
    desk = desk_of_request(request)
    session = desk.sign_in.session(request)
    return framed_in_language(
        request,
        moment,
        f"desk/{template}",
        Frame(
            style(badges, "rider.css", "desk.css"),
            status,
            also_allowed=also_allowed or {},
            headers=_HEADERS,
            languages=languages_of("desk"),
        ),
        signed_in=session is not None,
        csrf=desk.sign_in.form_token(session) if session else "",
        path=path_within(request.scope),
        officer=officer_of(request),
        nav_account="nav_accounts" if is_administrator(request) else "nav_account",
        **context,
    )
