"""Answers that threads make, in turns: who asks for many at once waits for himself, and holds up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers.middleware import RoutedMiddleware
from api.answers.rate_limits import client_of

AT_ONCE = 10
"""Answers made for one client; there are 40 threads."""
_IN_TURN = "in_turn"

P = ParamSpec("P")
T = TypeVar("T")


def in_turn(endpoint: Callable[P, T]) -> Callable[P, T]:
    """An endpoint of the event loop that has a thread make its answer."""
    setattr(endpoint, _IN_TURN, True)
    return endpoint


class FairTurns(RoutedMiddleware):
    """A client's further questions begin when those before them are answered. What the event loop answers by itself,
    or threads of its own, waits for no turn; neither does an answer's way to a slow reader take one."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        super().__init__(app, routes)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_made_by_a_thread(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        turns = self._turns.setdefault(client_of(request), asyncio.Semaphore(AT_ONCE))
        waits = turns.locked()
        await turns.acquire()
        making = True

        def made() -> None:
            nonlocal making
            if making:
                making = False
                turns.release()

        async def sending(message: Message) -> None:
            made()
            await send(message)

        try:
            # For whoever has gone meanwhile nothing is made.
            gone = waits and await request.is_disconnected()
            await (Response(status_code=503) if gone else self._app)(scope, receive, sending)
        finally:
            made()

    def _is_made_by_a_thread(self, scope: Scope) -> bool:
        route = self._route_of(scope)
        return route is not None and (not iscoroutinefunction(route.endpoint) or hasattr(route.endpoint, _IN_TURN))
