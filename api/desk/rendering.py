"""How the desk's pages are rendered: for one officer, at one moment, in one language; kept by no cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from api.answers.assets import assets, style
from api.answers.problems import Problem
from api.answers.templates import templates
from api.desk.desk import Desk
from api.reading.badges import Badge
from api.words.desk_texts import desk_texts_in
from api.words.moment import PageMoment
from api.words.texts import LANGUAGES, wanted_language

_A_YEAR_S = 365 * 86400
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}


def desk_of_request(request: Request) -> Desk:
    """The desk of the application."""
    desk: Desk = request.app.state.desk
    return desk


def page_moment(request: Request) -> PageMoment:
    """Now, in the reader's language."""
    language = wanted_language(
        request.query_params.get("lang"), request.cookies.get("lang"), request.headers.get("accept-language")
    )
    return moment_in(request, language)


def moment_in(request: Request, language: str) -> PageMoment:
    """Now, in one of `LANGUAGES`."""
    service = desk_of_request(request).service
    return PageMoment(view=service.view, now=service.clock.now(), texts=desk_texts_in(language))


def session_of(request: Request) -> str:
    """The officer's session. Errors: HTTPException 303 to the sign-in page where there is none."""
    session = desk_of_request(request).sign_in.session(request)
    if session is None:
        here = f"{request.url.path}?{request.url.query}".rstrip("?") if request.method == "GET" else "/desk"
        address = f"/desk/login?{urlencode({'next': here})}"
        raise HTTPException(303, "Sign in first.", headers={"Location": address})
    return session


async def posted_form(request: Request) -> FormData:
    """What a form sent. Errors: HTTPException 400."""
    return await request.form(max_files=0, max_fields=5000)


Session = Annotated[str, Depends(session_of)]


def own_form(request: Request, session: Session, form: Annotated[FormData, Depends(posted_form)]) -> FormData:
    """A form of the officer's own page. Errors: Problem 403 for one that another site has sent."""
    if not desk_of_request(request).sign_in.is_own_form(session, text(form, "csrf")):
        raise Problem(403, "not-own-form", "Not allowed", "This form is not of your session: reload it.")
    return form


OwnForm = Annotated[FormData, Depends(own_form)]


def text(form: FormData, name: str) -> str:
    """One field of a form, "" where it is missing or a file."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def desk_page(
    request: Request,
    moment: PageMoment,
    template: str,
    *,
    badges: Iterable[Badge] = (),
    status: int = 200,
    **context: object,
) -> Response:
    """A whole page. `badges`: the lines whose colours it needs."""
    desk, texts = desk_of_request(request), moment.texts
    session = desk.sign_in.session(request)
    sheet = style(badges, "rider.css", "desk.css")
    other = next(language for language in LANGUAGES if language != texts.language)
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    body = templates.get_template(f"desk/{template}").render(
        context,
        moment=moment,
        texts=texts,
        css=sheet.css,
        asset=lambda name: assets()[name].address,
        signed_in=session is not None,
        csrf=desk.sign_in.form_token(session) if session else "",
        other_language=other,
        # A page that was posted is no address to go to.
        other_language_href="?" + urlencode([*query, ("lang", other)]),
        path=request.url.path,
    )
    policy = (
        f"default-src 'none'; script-src 'self'; style-src {sheet.csp_source}; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response = HTMLResponse(body, status, headers={"Content-Security-Policy": policy, **_HEADERS})
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie("lang", texts.language, max_age=_A_YEAR_S, samesite="lax", httponly=True)
    return response
