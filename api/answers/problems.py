"""Errors as RFC 9457 problem details: what was wrong, and what to do about it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.answers.problem_pages import asks_for_page, problem_page
from api.words.root_path import root_of

log = logging.getLogger("prochain")

MEDIA_TYPE = "application/problem+json"


class ProblemDetails(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:prochain:unknown-stop",
                "title": "Unknown stop",
                "status": 404,
                "detail": "There is no stop “gare_1”. Search for it at /v1/stops?q=…",
                "instance": "/v1/stops/gare_1/departures",
                "suggestions": ["gare"],
            }
        }
    )

    type: str = Field(description="Kind of problem, as a URN; `about:blank` where the status says all")
    title: str
    status: int
    detail: str = Field(description="What was wrong and what to do")
    instance: str = Field(description="Path that was asked for")
    suggestions: list[str] | None = Field(None, description="Ids that may have been meant")


class Problem(HTTPException):
    """Raised by endpoints; answered as problem details."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        suggestions: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.kind = kind
        self.title = title
        self.suggestions = suggestions


def no_such(name: str, given: str | None, wanted: str) -> Problem:
    """A parameter that cannot be understood. `wanted`: "date; write YYYY-MM-DD"."""
    return Problem(422, "bad-parameter", "Parameter not understood", f"“{name}”: “{given}” is no {wanted}.")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemDetails, "description": "No such thing; the detail says what to do"},
    422: {"model": ProblemDetails, "description": "A parameter that cannot be understood"},
}
"""For the OpenAPI document of each endpoint."""


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of `app` a problem details answer, or a page where people read."""

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        if isinstance(error, Problem):
            return problem_response(request, error)
        title = HTTPStatus(error.status_code).phrase
        detail, docs = str(error.detail), f"{root_of(request.scope)}/docs"
        if error.status_code == HTTPStatus.NOT_FOUND:
            detail = f"There is nothing at {request.url.path}. All addresses are listed at {docs}."
        elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            can = _methods_at(app, request)
            answers = f"{request.url.path} answers {', '.join(can)}, not {request.method}."
            detail = f"{answers} All addresses are listed at {docs}."
            allow = ", ".join(can + ["HEAD"] * ("GET" in can))
            return _answer(request, error.status_code, "about:blank", title, detail, headers={"Allow": allow})
        return _answer(request, error.status_code, "about:blank", title, detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def bad_parameter(request: Request, error: RequestValidationError) -> Response:
        wrong_parameters = [f"“{problem['loc'][-1]}”: {problem['msg']}" for problem in error.errors()]
        detail = "; ".join(wrong_parameters) + ". The parameters are described at /docs."
        return _answer(request, 422, "urn:prochain:bad-parameter", "Parameter not understood", detail)

    @app.exception_handler(Exception)
    def our_fault(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        detail = "The fault is ours and is in the service's log. Asking again may help."
        return _answer(request, 500, "about:blank", "Internal Server Error", detail)


def _methods_at(app: FastAPI, request: Request) -> list[str]:
    """What the address of a request answers. The router names those of one endpoint, where others share its path."""
    tried = ("GET", "POST", "PUT", "PATCH", "DELETE")
    return [
        method
        for method in tried
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]


def without_slash(request: Request) -> str:
    """The address that is meant by one with a slash behind it, "" of any other."""
    path = request.url.path
    if request.method not in ("GET", "HEAD") or path[-1:] != "/" or path[:2] == "//" or path == "/":
        return ""
    return path.rstrip("/") + (f"?{request.url.query}" if request.url.query else "")


def problem_response(request: Request, problem: Problem) -> Response:
    """The answer to a request that fails with `problem`."""
    return _answer(request, problem.status_code, f"urn:prochain:{problem.kind}", problem.title, problem.detail,
                   problem.suggestions, problem.headers)  # fmt: skip


def _answer(
    request: Request,
    status: int,
    kind: str,
    title: str,
    detail: str,
    suggestions: Sequence[str] | None = None,
    headers: Any = None,
) -> Response:
    if status == HTTPStatus.NOT_FOUND and (meant := without_slash(request)):
        return RedirectResponse(meant, HTTPStatus.SEE_OTHER, {"Access-Control-Allow-Origin": "*"})
    if asks_for_page(request) and "location" not in {name.lower() for name in headers or ()}:
        try:
            return problem_page(request, status, _sendable(detail), headers or {})
        except Exception:
            log.exception("The page of an error cannot be made.")
    problem = ProblemDetails(
        type=kind, title=title, status=status, detail=_sendable(detail), instance=_sendable(request.url.path),
        suggestions=list(suggestions) if suggestions else None,
    )  # fmt: skip
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status,
        headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def _sendable(text: str) -> str:
    """With a mark in the place of half characters, which JSON can name and no answer can hold."""
    return text.encode(errors="replace").decode()
