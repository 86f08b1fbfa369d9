"""Endpoints asked without a query are called at once."""

from __future__ import annotations

from functools import cached_property
from inspect import iscoroutinefunction

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send


class PlainlyAsked(APIRoute):
    """Without a query each parameter but the path's texts has its default: FastAPI, which reads and checks one after
    the other, would take as long as a board."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Errors: as the endpoint's, which the application answers."""
        if scope["query_string"] or scope["method"] != "GET" or not self._has_defaults:
            await super().handle(scope, receive, send)
            return
        response = await self.endpoint(Request(scope, receive, send), **scope["path_params"])
        await response(scope, receive, send)

    @cached_property
    def _has_defaults(self) -> bool:
        asks = self.dependant
        others = asks.dependencies or asks.header_params or asks.cookie_params or asks.body_params
        required = any(parameter.field_info.is_required() for parameter in asks.query_params)
        return iscoroutinefunction(self.endpoint) and not others and not required
