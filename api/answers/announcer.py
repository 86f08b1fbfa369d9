"""Tells listeners over Server-Sent Events when what they show has changed.

One task on the event loop looks whether the service has a new view, has what is listened to made in one worker thread,
and wakes those for whom it says something new. A thousand listeners of a stop cost one board a view, and no thread.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
from sse_starlette import ServerSentEvent

from api.answers.answer import Answer
from api.answers.event_stream import EventStream
from api.answers.problems import PROBLEMS, Problem, ProblemDetails
from api.reading.board import StopBoards
from api.reading.moment import Moment
from api.service.served import Served
from api.service.view import ServiceView

HEARTBEAT_S = 10.0
"""A listener that heard nothing for much longer has lost the connection."""
_LOOK_S = 0.1
_REMAKE_S = 5.0
"""Without a new view minutes pass all the same, and reports grow old."""
_MADE_TOGETHER = 50
"""So many boards are made before those who listen to them are told."""
_MOST_LISTENERS = 10_000
_MOST_OF_A_CLIENT = 500
"""All screens of an operator may be behind one address."""
_RETRY_AFTER_S = 120

STREAM: dict[int | str, dict[str, Any]] = {
    **PROBLEMS,
    200: {"description": "Server-Sent Events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    429: {"model": ProblemDetails, "description": "Too many streams of one client"},
    503: {"model": ProblemDetails, "description": "Too many listeners: poll instead"},
}
"""For the OpenAPI document of each event stream."""

log = logging.getLogger("prochain")


@dataclass(frozen=True)
class Announcement:
    """What a listener shows."""

    event_id: str
    """Changes when, and only when, the body says something new. A server started anew gives the same to the same."""
    body: str
    event: str = "board"
    """What the listener knows it by."""


Make = Callable[[StopBoards], Announcement]
"""Errors: Problem where what is asked for is no longer in the timetable; its listeners are sent away."""


@dataclass(eq=False)
class _Channel:
    make: Make
    listeners: int = 0
    latest: Announcement | None = None
    said: bytes = b""
    """The same as it is sent."""
    told_at: float = 0.0
    """When all who listen were last woken, by the event loop's clock."""
    ended: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, made: Announcement | Problem | None) -> None:
        """Tell those who listen if this is something new."""
        if isinstance(made, Problem):
            self.ended = True
        elif made is None or (self.latest is not None and made.event_id == self.latest.event_id):
            return
        else:
            self.latest = made
            self.said = _event(made.event, made.body, made.event_id)
        self.tell()

    def tell(self) -> None:
        """Wake all who wait."""
        self.told_at = asyncio.get_running_loop().time()
        self.changed.set()
        self.changed = asyncio.Event()


class Announcer:
    """See the module's docstring. To be used from one event loop at a time."""

    def __init__(self, service: Served) -> None:
        self._service = service
        self._channels: dict[Hashable, _Channel] = {}
        self._of_client: Counter[str] = Counter()
        self._closing = False
        self._look = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return sum(channel.listeners for channel in list(self._channels.values()))

    def answer(
        self,
        key: Hashable,
        make: Make,
        last_event_id: str | None,
        client: str,
        attended: AbstractContextManager[None] | None = None,
    ) -> EventStream:
        """A response that goes on until the listener leaves or the server stops: at once the event, or a
        `heartbeat` where `last_event_id` is still the newest; then one for each change.

        Parameters: `key`: those who give the same share what `make` makes; `client`: whose the stream is; `attended`:
        entered while it is open.
        Errors: Problem 503 when full, 429 when this client has too many.
        """
        if self.listeners >= _MOST_LISTENERS:
            raise Problem(
                503, "too-many-listeners", "Too many listeners",
                f"{_MOST_LISTENERS} streams are open: poll instead, and open the stream again in some minutes.",
                headers={"Retry-After": str(_RETRY_AFTER_S)},
            )  # fmt: skip
        if self._of_client[client] >= _MOST_OF_A_CLIENT:
            raise Problem(
                429, "too-many-streams", "Too many streams",
                f"{_MOST_OF_A_CLIENT} streams of yours are open: close some, or poll.",
                headers={"Retry-After": str(_RETRY_AFTER_S)},
            )  # fmt: skip
        return EventStream(self._listen(key, make, last_event_id, client, attended or nullcontext()))

    def close(self) -> None:
        """End all streams: each is closed as HTTP wants it, and its listener comes back by itself."""
        self._closing = True
        for channel in self._channels.values():
            channel.tell()

    async def _listen(
        self,
        key: Hashable,
        make: Make,
        last_event_id: str | None,
        client: str,
        attended: AbstractContextManager[None],
    ) -> AsyncGenerator[bytes]:
        with attended:
            channel = self._channels.setdefault(key, _Channel(make))
            channel.listeners += 1
            self._of_client[client] += 1
            self._keep_watching()
            # A restart must not bring all listeners back in the same second.
            retry = f"retry: {random.randint(2000, 6000)}\n".encode()  # noqa: S311
            try:
                while not (self._closing or channel.ended):
                    latest, changed = channel.latest, channel.changed
                    if latest is not None and latest.event_id != last_event_id:
                        last_event_id = latest.event_id
                        yield retry + channel.said
                        retry = b""
                    elif latest is not None:
                        yield retry + self._heartbeat()
                        retry = b""
                    await changed.wait()
            finally:
                channel.listeners -= 1
                self._of_client[client] -= 1
                if not self._of_client[client]:
                    del self._of_client[client]
                if not channel.listeners and self._channels.get(key) is channel:
                    del self._channels[key]

    def _heartbeat(self) -> bytes:
        moment = Moment(self._service.view, self._service.clock.now())
        return _event("heartbeat", Answer(**moment.answer_fields()).model_dump_json())

    def _keep_watching(self) -> None:
        if self._watching is None or self._watching.done():
            self._look = asyncio.Event()
            self._watching = asyncio.create_task(self._watch(), name="announcer")
        self._look.set()

    async def _watch(self) -> None:
        """Goes on as long as anybody listens."""
        seen: ServiceView | None = None
        made_at = 0.0
        while self._channels and not self._closing:
            self._look.clear()
            view, at = self._service.view, asyncio.get_running_loop().time()
            due = list(self._channels.values())
            if view is seen and at < made_at + _REMAKE_S:
                due = [channel for channel in due if channel.latest is None]
            else:
                seen, made_at = view, at
            if due:
                moment = Moment(view, self._service.clock.now())
                for first in range(0, len(due), _MADE_TOGETHER):
                    some = due[first : first + _MADE_TOGETHER]
                    made = await anyio.to_thread.run_sync(_made, moment, [channel.make for channel in some])
                    for channel, announcement in zip(some, made, strict=True):
                        channel.take(announcement)
            for channel in self._channels.values():
                if at >= channel.told_at + HEARTBEAT_S and channel.latest is not None:
                    channel.tell()
            with anyio.move_on_after(_LOOK_S):
                await self._look.wait()


def _event(name: str, body: str, event_id: str | None = None) -> bytes:
    return ServerSentEvent(body, event=name, id=event_id, sep="\n").encode()


def _made(moment: Moment, makes: list[Make]) -> list[Announcement | Problem | None]:
    """What each gives, None where it fails."""
    boards = StopBoards(moment)
    made: list[Announcement | Problem | None] = []
    for make in makes:
        try:
            made.append(make(boards))
        except Problem as problem:
            made.append(problem)
        except Exception:
            log.exception("A board cannot be announced; its listeners keep the last one.")
            made.append(None)
    return made
