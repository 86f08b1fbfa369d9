"""Endpoints that ask for nothing but their path and query are called at once."""

from __future__ import annotations

from functools import cached_property
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request
from fastapi.dependencies.utils import request_params_to_args
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers.middleware import RoutedMiddleware
from api.answers.packed import pack

_ASK_FOR_MORE = {b"content-length", b"origin", b"transfer-encoding"}
"""Headers that others see to."""


class PlainlyAsked(APIRoute):
    """One whose endpoint gives a whole response, and is called at once where it asks for nothing but the path's texts
    and what stands in the query."""

    def asked(self, query: bytes) -> dict[str, Any] | None:
        """Its parameters by a query; None where it asks for more, or FastAPI is to tell what is wrong there."""
        return None if self._asks_for_more else self._asked(query) if query else self._not_asked

    @cached_property
    def _asks_for_more(self) -> bool:
        asks = self.dependant
        return bool(asks.dependencies or asks.header_params or asks.cookie_params or asks.body_params)

    @cached_property
    def _not_asked(self) -> dict[str, Any] | None:
        return self._asked(b"")

    def _asked(self, query: bytes) -> dict[str, Any] | None:
        values, errors = request_params_to_args(self.dependant.query_params, QueryParams(query))
        return None if errors else values

    async def answer(self, request: Request, values: dict[str, Any]) -> Response:
        """What the endpoint answers, by a thread where it is no coroutine."""
        name = self.dependant.request_param_name
        asked = {**values, **request.scope["path_params"], **({name: request} if name else {})}
        if iscoroutinefunction(self.endpoint):
            response: Response = await self.endpoint(**asked)
        else:
            response = await run_in_threadpool(self.endpoint, **asked)
        return response


class AtOnce(RoutedMiddleware):
    """Calls such an endpoint, and packs what it answers: FastAPI, and what stands before it, would take as long as a
    board."""

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        route, headers, query = self._route_of(scope), dict(scope["headers"]), scope["query_string"]
        plain = route if isinstance(route, PlainlyAsked) and _ASK_FOR_MORE.isdisjoint(headers) else None
        values = plain.asked(query) if plain else None
        if plain is None or values is None:
            await self._app(scope, receive, send)
            return
        scope.update(plain.matches(scope)[1])
        request = Request(scope, receive, send)
        try:
            response = await plain.answer(request, values)
        except HTTPException as error:
            response = scope["app"].exception_handlers[HTTPException](request, error)
        await pack(response, headers.get(b"accept-encoding", b""))
        await response(scope, receive, send)
