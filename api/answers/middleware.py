"""What stands before the application and looks at HTTP requests alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.words.root_path import path_within

_ROUTE = "prochain.route"


class HttpMiddleware:
    """ASGI middleware: lets pass whatever is no HTTP request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await (self._handle if scope["type"] == "http" else self._app)(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See to a request."""
        raise NotImplementedError


class RoutedMiddleware(HttpMiddleware):
    """One that looks ahead which endpoint answers."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        """Parameters: `routes` of the application, also those that are added before the first is asked for."""
        super().__init__(app)
        self._routes = routes

    def _route_of(self, scope: Scope) -> Route | None:
        """That which answers this GET, None where none does, or it is no GET. The first who asks has it looked up."""
        if _ROUTE not in scope:
            path = path_within(scope) if scope["method"] == "GET" else None
            fits = (route for route in self._gets if path is not None and route.path_regex.match(path))
            scope[_ROUTE] = next(fits, None)
        route: Route | None = scope[_ROUTE]
        return route

    @cached_property
    def _gets(self) -> list[Route]:
        return [route for route in self._routes if isinstance(route, Route) and "GET" in (route.methods or ())]


class HeadAsGet(HttpMiddleware):
    """Answers HEAD as GET, without the body."""

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        ended = False

        async def sending(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body" and not ended:
                # The first piece ends the answer: the server then says that the listener has gone, which is what
                # ends an event stream.
                ended = True
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": "GET"}, receive, sending)
