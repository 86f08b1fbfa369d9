"""A response of Server-Sent Events to one listener among thousands: two tasks, no timer while nothing is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

_SEND_LIMIT_S = 30.0
"""A listener that takes nothing for so long is gone."""


class EventStream(Response):
    """Sends events as they come, until there are no more or the listener leaves."""

    media_type = "text/event-stream"

    # FastAPI's document of the API takes the status of a class of responses from this parameter.
    def __init__(self, events: AsyncGenerator[bytes], status_code: int = 200) -> None:
        """Parameters: `events`: each whole, as it is sent."""
        super().__init__(status_code=status_code, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """ASGI."""
        telling, leaving = asyncio.ensure_future(self._tell(send)), asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
        finally:
            for task in (telling, leaving):
                task.cancel()
            await asyncio.gather(telling, leaving, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for event in self._events:
                async with asyncio.timeout(_SEND_LIMIT_S):
                    await send({"type": "http.response.body", "body": event, "more_body": True})
        except TimeoutError:
            return
        finally:
            await self._events.aclose()
        await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    """Comes back when the listener has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
