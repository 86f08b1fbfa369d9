"""Endpoints asked without a query are called at once."""

from __future__ import annotations

from functools import cached_property
from inspect import iscoroutinefunction

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from api.answers.middleware import RoutedMiddleware
from api.answers.packed import pack

_ASK_FOR_MORE = {b"content-length", b"origin", b"transfer-encoding"}
"""Headers that others see to."""


class PlainlyAsked(APIRoute):
    """One whose endpoint is called at once where all its parameters but the path's texts have their defaults."""

    @cached_property
    def has_defaults(self) -> bool:
        """Without a query."""
        asks = self.dependant
        others = asks.dependencies or asks.header_params or asks.cookie_params or asks.body_params
        required = any(parameter.field_info.is_required() for parameter in asks.query_params)
        return iscoroutinefunction(self.endpoint) and not others and not required


class AtOnce(RoutedMiddleware):
    """Calls such an endpoint, and packs what it answers: FastAPI, which reads and checks one parameter after the other,
    and what stands before it would take as long as a board."""

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = None if scope["query_string"] else self._route_of(scope)
        headers = dict(scope["headers"])
        if not isinstance(route, PlainlyAsked) or not route.has_defaults or not _ASK_FOR_MORE.isdisjoint(headers):
            await self._app(scope, receive, send)
            return
        scope.update(route.matches(scope)[1])
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request, **scope["path_params"])
        except HTTPException as error:
            response = scope["app"].exception_handlers[HTTPException](request, error)
        await pack(response, headers.get(b"accept-encoding", b""))
        await response(scope, receive, send)
