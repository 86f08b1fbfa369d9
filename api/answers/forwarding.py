"""Requests handed on to another process of ours, and its answers handed back as they come, event streams too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpcore
from starlette.types import Message, Receive, Scope, Send

_BETWEEN_US = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"expect"))
"""Headers of one connection alone."""
_OF_THE_SERVER = frozenset((b"transfer-encoding", b"date", b"server"))
"""Of an answer: ours writes its own."""
_OF_PROXIES = frozenset((b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"))
ANSWERS_WITHIN_S = 8.0
"""Of what is asked about all networks at once: one that hangs must not hide the others."""
_WAITS = {"connect": 2.0, "write": 30.0, "read": 60.0}
"""Seconds. An event stream is never silent for so long."""


class UnreachableError(Exception):
    """The other process does not answer."""


class Forwarding:
    """To the process that listens on a socket in the file system, or at an http address.

    Each request has a connection of its own: opening one on the same machine costs next to nothing, and a pool would
    look through thousands of open streams for each request.
    """

    def __init__(self, to: Path | str) -> None:
        self._socket = str(to) if isinstance(to, Path) else None
        self._url = httpcore.URL("http://localhost" if isinstance(to, Path) else to)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application. Errors: UnreachableError where nothing was answered yet."""
        request = _Request(scope, receive)
        answering = asyncio.ensure_future(self._answer(request, send))
        leaving = asyncio.ensure_future(request.left())
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def ask(self, path: str, host: str = "localhost", scheme: str = "http") -> tuple[int, bytes]:
        """Status and body of what is at a path, asked for under the name of a host. Errors: UnreachableError."""
        headers = [("Host", host), ("X-Forwarded-Proto", scheme), ("Connection", "close")]
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S), self._connection() as connection:
                answer = await connection.request(
                    "GET", self._url, headers=headers, extensions={"target": path.encode(), "timeout": _WAITS}
                )
                return answer.status, answer.content
        except _FAILURES as error:
            raise UnreachableError(str(error)) from error

    def _connection(self) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(self._url.origin, uds=self._socket)

    async def _answer(self, request: _Request, send: Send) -> None:
        began = False
        try:
            async with (
                self._connection() as connection,
                connection.stream(
                    request.scope["method"], self._url, headers=request.headers(), content=request.body(),
                    extensions={"target": request.target, "timeout": _WAITS},
                ) as answer,
            ):  # fmt: skip
                headers = [(name.lower(), value) for name, value in answer.headers]
                began = True
                await send(
                    {
                        "type": "http.response.start",
                        "status": answer.status,
                        "headers": [pair for pair in headers if pair[0] not in _BETWEEN_US | _OF_THE_SERVER],
                    }
                )
                async for piece in answer.aiter_stream():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except _FAILURES as error:
            if began:
                # Half an answer must not look like a whole one.
                raise
            raise UnreachableError(str(error)) from error


class _Request:
    """One of ours, as it is handed on."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self._receive = scope, receive
        self._sent = asyncio.Event()
        path, query = scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
        self.target: bytes = path.partition(b"?")[0] + (b"?" + query if query else b"")

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What the reader's program said, and in whose name we ask."""
        client = self.scope.get("client")
        return [
            *(pair for pair in self.scope["headers"] if pair[0] not in _BETWEEN_US | _OF_PROXIES),
            (b"x-forwarded-for", str(client[0] if client else "").encode()),
            (b"x-forwarded-proto", self.scope["scheme"].encode()),
            (b"connection", b"close"),
        ]

    async def body(self) -> AsyncIterator[bytes]:
        """As it comes."""
        message: Message = {"more_body": True}
        while message.get("more_body", False):
            message = await self._receive()
            if message["type"] != "http.request":
                raise httpcore.WriteError("The reader has gone.")
            if message.get("body"):
                yield message["body"]
        self._sent.set()

    async def left(self) -> None:
        """Comes back when the reader has gone, after the request."""
        await self._sent.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, TimeoutError)
