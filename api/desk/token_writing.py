"""Endpoints that change something: for who has the desk's token."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.answers.problems import ProblemDetails
from api.answers.rate_limits import TOO_OFTEN, WRITES, rate_limits_of
from api.desk.desk import Desk

WRITING: dict[int | str, dict[str, Any]] = {
    **TOO_OFTEN,
    401: {"model": ProblemDetails, "description": "Without the desk's token"},
    403: {"model": ProblemDetails, "description": "The desk is off"},
}
"""For the OpenAPI document of each endpoint that needs the desk's token."""


class AuthorisedFirst(APIRoute):
    """Asks for the token before it reads what was sent: FastAPI reads the body before any dependency."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a request."""
        handle = super().get_route_handler()

        async def authorised(request: Request) -> Response:
            if request.method not in ("GET", "HEAD"):
                # In a thread: the disk may have to be asked whose token it is.
                sign_in = request.app.state.desk.sign_in
                request.state.token_name = await run_in_threadpool(sign_in.require_bearer, request)
                rate_limits_of(request).spend(WRITES, request)
            return await handle(request)

        return authorised


def _writable_desk(request: Request, _: Annotated[object, Depends(HTTPBearer(auto_error=False))]) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


Writing = Annotated[Desk, Depends(_writable_desk)]
