"""A response of Server-Sent Events to one listener among thousands: one task that waits for the listener to leave, and
events that whoever has them says to all at once, without a task being woken for each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

from fastapi.responses import Response
from starlette.types import Message, Receive, Scope, Send

_SEND_LIMIT_S = 30.0
"""A listener that takes nothing for so long is gone."""


class EventStream(Response):
    """Goes on until it is ended or the listener leaves. To be used from its event loop alone."""

    media_type = "text/event-stream"

    # FastAPI's document of the API takes the status of a class of responses from this parameter.
    def __init__(
        self, listening: Callable[[EventStream], AbstractContextManager[None]], status_code: int = 200
    ) -> None:
        """Parameters: `listening`: entered while events can be said."""
        super().__init__(status_code=status_code, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._listening = listening
        self._send: Send
        self._open: asyncio.Timeout
        # A restart must not bring all listeners back in the same second.
        self._before = f"retry: {random.randint(2000, 6000)}\n".encode()  # noqa: S311
        self._late: asyncio.Task[None] | None = None
        """Goes on while the listener does not take what it was sent."""
        self._owed: Message | None = None
        self._ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """ASGI."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        self._send = send
        try:
            async with asyncio.timeout(None) as self._open:
                with self._listening(self):
                    while (await receive())["type"] != "http.disconnect":
                        pass
        except TimeoutError:
            pass  # It took nothing, or could not be sent anything: `_give_up`.
        finally:
            if self._late is not None:
                self._late.cancel()

    def say(self, event: bytes) -> None:
        """Send an event, whole, as it goes out; to a listener who has not taken the one before, the newest later."""
        self._give({"type": "http.response.body", "body": self._before + event, "more_body": True})
        self._before = b""

    def beat(self, event: bytes) -> None:
        """The same of an event that need not be sent where another is under way."""
        if self._late is None:
            self.say(event)

    def end(self) -> None:
        """Nothing more comes."""
        self._give({"type": "http.response.body", "body": b""})
        self._ended = True

    def _give(self, message: Message) -> None:
        if self._ended:
            return
        if self._late is not None:
            self._owed = message
            return
        # Most often the server takes it without waiting: then all is done by one step, and no task is needed.
        steps = self._send(message).__await__()
        try:
            waits_for = next(steps)
        except StopIteration:
            return
        except Exception:
            # Nobody waits for this who could be told, and others have to be.
            self._give_up()
            return
        self._late = asyncio.create_task(self._catch_up(_Begun(steps, waits_for)))

    async def _catch_up(self, sending: _Begun) -> None:
        try:
            async with asyncio.timeout(_SEND_LIMIT_S):
                await sending
            while self._owed is not None:
                message, self._owed = self._owed, None
                async with asyncio.timeout(_SEND_LIMIT_S):
                    await self._send(message)
        except Exception:
            self._give_up()
        finally:
            self._late = None

    def _give_up(self) -> None:
        self._ended = True
        self._open.reschedule(0.0)


class _Begun:
    """What is left of an awaitable whose first step has been taken."""

    def __init__(self, steps: Generator[Any, Any, None], waits_for: object) -> None:
        self._steps, self._waits_for = steps, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    got = yield waits_for
                except BaseException as error:
                    waits_for = self._steps.throw(error)
                else:
                    waits_for = self._steps.send(got)
        except StopIteration:
            return
