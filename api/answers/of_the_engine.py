"""What only the engine's process can answer, asked there: the desk, what officers write, what has happened."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers.problems import Problem, problem_response
from api.words.root_path import path_within

log = logging.getLogger("prochain")

_OF_THE_ENGINE = re.compile(
    r"/desk(?:/.*)?|/push/.+|/v1/disruptions(?:/.*)?|/v1/timetable|/v1/accuracy|/v1/(?:stops|routes)/.+/explain"
)
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect")
)
_FORWARDED = frozenset((b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"))
_WITHIN_S = 30.0
_AT_ONCE = 64
_RETRY_AFTER_S = 10


class OfTheEngine:
    """ASGI middleware that hands such requests on to the engine, in the name of who asks, and its answers back."""

    def __init__(self, app: ASGIApp, address: str | None) -> None:
        """Parameters: `address`: where the engine listens, None where that is not told."""
        self._app = app
        self._client = (
            httpx.AsyncClient(
                base_url=address,
                timeout=httpx.Timeout(_WITHIN_S, connect=3.0),
                limits=httpx.Limits(max_connections=_AT_ONCE),
                trust_env=False,
            )
            if address
            else None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            if self._client:
                await self._client.aclose()
            return
        if scope["type"] != "http" or not _OF_THE_ENGINE.fullmatch(path_within(scope)):
            await self._app(scope, receive, send)
            return
        scope["route"] = SimpleNamespace(path_format="of the engine")
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._ask(scope, receive, sending)
        except httpx.HTTPError as error:
            log.warning("The engine does not answer: %s: %s", type(error).__name__, error)
            if began:
                # Half an answer must not look like a whole one.
                raise
            await problem_response(Request(scope), _unreachable())(scope, receive, send)
        except Problem as problem:
            await problem_response(Request(scope), problem)(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._client is None:
            raise Problem(
                503, "asked-of-the-engine", "Asked of the engine",
                "Only the engine answers this; this process is not told its address (the setting engine).",
            )  # fmt: skip
        headers = [pair for pair in scope["headers"] if pair[0] not in _HOP_BY_HOP | _FORWARDED]
        client = scope.get("client")
        headers.append((b"x-forwarded-for", str(client[0] if client else "127.0.0.1").encode()))
        headers.append((b"x-forwarded-proto", scope["scheme"].encode()))
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope["query_string"]
        # Answers come as they are, in the form that the reader asked for.
        request = self._client.build_request(
            scope["method"],
            self._client.base_url.copy_with(raw_path=path.partition(b"?")[0] + (b"?" + query if query else b"")),
            headers=headers,
            content=_body(receive) if _has_body(scope) else None,
        )
        answer = await self._client.send(request, stream=True)
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status_code,
                    "headers": [
                        (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _HOP_BY_HOP
                    ],
                }
            )
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()


def _unreachable() -> Problem:
    return Problem(
        503, "engine-unreachable", "The engine does not answer",
        "Boards go on; what officers write and what has happened can be asked again soon.",
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )  # fmt: skip


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return
