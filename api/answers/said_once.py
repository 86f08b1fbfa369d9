"""An answer is made once a view and second, however many ask: what follows are look-ups and bytes.

A small shared cache in front of the application. What it keeps depends on nothing but the view, the clock, the scheme,
the address and the headers in `_VARY`; a new view empties it at once, so what an officer publishes is never held back.
"""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import dataclass
from functools import cached_property

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers.caching import has_same
from api.answers.middleware import HttpMiddleware
from api.service.served import Served
from api.service.view import ServiceView
from api.words.root_path import path_within

_SAME_FOR_ALL = re.compile(
    r"/(?:v1/stops/.+/(?:departures|board)|v1/(?:vehicles|routes|agencies|(?:routes|trips)/.+)|gtfs-rt/.+|siri/2\.0/.+"
    r"|(?:stops|lines|trips)/.+)?(?<!/stream)"
)
"""Addresses whose answers are the same for all who ask with the same headers, and are counted against nobody."""
_VARY = (b"accept-encoding", b"accept-language", b"cookie", b"host", b"origin")
"""Pages write the host under which they were asked for into their codes and frames: whoever makes one up is told it
alone."""
_NOT_OF_304 = (b"content-length", b"content-type", b"content-encoding")
_MOST_BYTES = 64 * 1024 * 1024
"""So much is kept at most, of one second."""
_NOTHING: Message = {"type": "http.response.body", "body": b""}


@dataclass(eq=False)
class _Answer:
    """An answer as it goes out; what is sent to those who have it is made for the first of them."""

    route: object
    """Of the application, by which answers are counted."""
    start: Message
    body: Message

    @cached_property
    def etag(self) -> str:
        """Its own, "" where it has none."""
        return next((value.decode("latin-1") for name, value in self.start["headers"] if name.lower() == b"etag"), "")

    @cached_property
    def unchanged(self) -> Message:
        """The 304."""
        kept = [pair for pair in self.start["headers"] if pair[0].lower() not in _NOT_OF_304]
        return {"type": "http.response.start", "status": 304, "headers": kept}


class SaidOnce(HttpMiddleware):
    """Says again what it said for the same view and second.

    The first who asks has the answer made, those who ask meanwhile wait for it.
    """

    def __init__(self, app: ASGIApp, service: Served) -> None:
        super().__init__(app)
        self._service = service
        self._view: ServiceView | None = None
        self._second = -1
        self._answers: dict[tuple[object, ...], _Answer | asyncio.Future[_Answer | None]] = {}
        self._bytes = 0

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_within(scope)
        if (
            scope["method"] != "GET"
            or not _SAME_FOR_ALL.fullmatch(path)
            # A search from the home page is counted against its client.
            or (path == "/" and scope["query_string"])
        ):
            await self._app(scope, receive, send)
            return
        self._turn_over()
        answers, headers = self._answers, dict[bytes, bytes]()
        for name, value in scope["headers"]:
            # Of one that comes twice neither is left out: the application may heed either.
            headers[name] = b"\n".join((headers[name], value)) if name in headers else value
        key = (scope["scheme"], scope.get("root_path"), path, scope["query_string"], *map(headers.get, _VARY))
        answer = answers.get(key)
        if answer is None:
            answer = await self._make(key, scope, receive, send)
            if answer is None:
                return
        elif isinstance(answer, asyncio.Future):
            answer = await answer
            if answer is None:
                # An error, or too large to be kept: each is told for itself.
                await self._app(scope, receive, send)
                return
        scope["route"] = answer.route
        if_none_match = headers.get(b"if-none-match")
        if if_none_match and answer.etag and has_same(if_none_match.decode("latin-1"), answer.etag):
            await send(answer.unchanged)
            await send(_NOTHING)
        else:
            await send(answer.start)
            await send(answer.body)

    def _turn_over(self) -> None:
        view, second = self._service.view, math.floor(self._service.clock.now())
        if view is not self._view or second != self._second:
            self._view, self._second, self._answers, self._bytes = view, second, {}, 0

    async def _make(self, key: tuple[object, ...], scope: Scope, receive: Receive, send: Send) -> _Answer | None:
        """Have an answer made and keep it. None: it was sent as it came, for it is not one to keep."""
        answers = self._answers
        making: asyncio.Future[_Answer | None] = asyncio.get_running_loop().create_future()
        answers[key] = making
        asked = dict(scope, headers=[pair for pair in scope["headers"] if pair[0] != b"if-none-match"])
        start: Message | None = None
        pieces: list[bytes] = []
        answer: _Answer | None = None

        async def collect(message: Message) -> None:
            nonlocal start, answer
            if message["type"] == "http.response.start":
                scope["route"] = asked.get("route")
                sets_cookie = any(name.lower() == b"set-cookie" for name, _ in message["headers"])
                if message["status"] == 200 and not sets_cookie:
                    start = message
                    return
            elif start is not None:
                pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    body = {"type": "http.response.body", "body": b"".join(pieces)}
                    answer = _Answer(asked.get("route"), start, body)
                return
            await send(message)

        try:
            await self._app(asked, receive, collect)
        finally:
            if answer is None or self._bytes + len(answer.body["body"]) > _MOST_BYTES:
                del answers[key]
            else:
                answers[key] = answer
                self._bytes += len(answer.body["body"])
            making.set_result(answer)
        return answer
