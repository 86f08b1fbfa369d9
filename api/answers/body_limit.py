"""What a request may bring with it: so many bytes, within so many seconds."""

from __future__ import annotations

import asyncio
import time

from fastapi import Request
from starlette.types import Message, Receive, Scope, Send

from api.answers.middleware import HttpMiddleware
from api.answers.problems import Problem, problem_response

MOST_BYTES = 512 * 1024
"""The largest form of the desk, with 500 lines and 500 stops, has a tenth of it."""
ARRIVES_WITHIN_S = 20.0
_LINGER_S = 2.0
"""A connection closed on one who still sends would take our answer with it."""


def _too_large() -> Problem:
    return Problem(
        413, "too-large", "Too large", f"The body of a request has at most {MOST_BYTES:,} bytes.",
        headers={"Connection": "close"},
    )  # fmt: skip


class BodyLimit(HttpMiddleware):
    """Refuses a body by its announced length, by what has come of it, and by the time it takes.

    Errors: Problem 413 and 408, raised from `receive` where the application is already reading.
    """

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        # The server refuses what is no number; a number may still be longer than Python turns into one.
        if len(announced) > 15 or int(announced) > MOST_BYTES:
            await problem_response(Request(scope), _too_large())(scope, receive, _Lingering(receive, send))
            return
        await self._app(scope, _Counted(receive), send)


class _Counted:
    """`receive` of one request."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0
        self._whole = False
        self._until = time.monotonic() + ARRIVES_WITHIN_S

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            raise Problem(
                408, "too-slow", "Too slow", f"A request arrives within {ARRIVES_WITHIN_S:g} s.",
                headers={"Connection": "close"},
            ) from None  # fmt: skip
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._bytes > MOST_BYTES:
                raise _too_large()
        return message


class _Lingering:
    """`send` that ends the answer only when the other side has stopped sending, or after a while."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        try:
            async with asyncio.timeout(_LINGER_S):
                while (await self._receive()).get("more_body", False):
                    pass
        except TimeoutError:
            pass
        await self._send({"type": "http.response.body", "body": b""})
