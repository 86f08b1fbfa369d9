"""Endpoints asked without a query are called at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class PlainlyAsked(APIRoute):
    """Without a query each parameter but the path's texts has its default: FastAPI, which reads and checks one after
    the other, would take as long as a board."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        documented, endpoint, asks = super().get_route_handler(), self.endpoint, self.dependant
        others = asks.dependencies or asks.header_params or asks.cookie_params or asks.body_params
        if others or not iscoroutinefunction(endpoint) or any(p.field_info.is_required() for p in asks.query_params):
            return documented

        async def handler(request: Request) -> Response:
            if request.scope["query_string"]:
                return await documented(request)
            response: Response = await endpoint(request, **request.path_params)
            return response

        return handler
