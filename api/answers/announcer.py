"""Tells listeners over Server-Sent Events when what they show has changed.

One task on the event loop looks whether the service has a new view, has what is listened to made in one worker thread,
and tells those for whom it says something new. A thousand listeners of a stop cost one board a view, and no thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import Header, Request
from sse_starlette import ServerSentEvent

from api.answers.answer import Answer
from api.answers.event_stream import EventStream
from api.answers.problems import PROBLEMS, Problem, ProblemDetails
from api.answers.rate_limits import client_of
from api.reading.board import StopBoards
from api.reading.moment import Moment
from api.service.served import Served
from api.service.view import ServiceView

HEARTBEAT_S = 10.0
"""A listener that heard nothing for much longer has lost the connection."""
_LOOK_S = 0.1
_REMAKE_S = 8.0
"""Without a new view minutes pass all the same, and reports grow old. More than most steps are apart: what is made just
before a view comes holds it up."""
_MADE_TOGETHER = 50
"""So many boards are made before those who listen to them are told."""
_TOLD_TOGETHER = 200
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
LastEventId = Annotated[str | None, Header(description="The id of the last event received")]

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
class Channel:
    """What is listened to, and those who do."""

    make: Make
    stops: tuple[str, ...]
    """Ids of the stops whose boards it is made of."""
    streams: dict[EventStream, str | None] = field(default_factory=dict)
    """Those who listen, with the event that each knew when it came, until it is told."""
    latest: Announcement | None = None
    said: bytes = b""
    """The same as it is sent."""
    told_at: float = 0.0
    """When all who listen were last told anything, by the event loop's clock."""
    ended: bool = False

    def enter(self, stream: EventStream, known: str | None, heartbeat: Callable[[], bytes]) -> None:
        """One more listens, who knows that event already."""
        self.streams[stream] = known
        if self.ended:
            stream.end()
        elif self.latest is not None:
            self._tell(stream, heartbeat)

    async def take(self, made: Announcement | Problem | None, heartbeat: Callable[[], bytes]) -> None:
        """Tell those who listen if this is something new."""
        if isinstance(made, Problem):
            self.ended = True
            for stream in self.streams:
                stream.end()
        elif made is not None and (self.latest is None or made.event_id != self.latest.event_id):
            self.latest = made
            self.said = _event(made.event, made.body, made.event_id)
            self.told_at = asyncio.get_running_loop().time()
            for i, stream in enumerate(list(self.streams)):
                # Others are answered in between.
                if i % _TOLD_TOGETHER == _TOLD_TOGETHER - 1:
                    await asyncio.sleep(0)
                if stream in self.streams:
                    self._tell(stream, heartbeat)

    def _tell(self, stream: EventStream, heartbeat: Callable[[], bytes]) -> None:
        if self.latest is not None and self.streams[stream] == self.latest.event_id:
            stream.beat(heartbeat())
        else:
            stream.say(self.said)
        self.streams[stream] = None


class Announcer:
    """See the module's docstring. To be used from one event loop at a time."""

    def __init__(self, service: Served) -> None:
        self._service = service
        self._channels: dict[Hashable, Channel] = {}
        self._of_client: Counter[str] = Counter()
        self._closing = False
        self._look = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return sum(len(channel.streams) for channel in list(self._channels.values()))

    def answer(
        self,
        key: Hashable,
        make: Make,
        last_event_id: str | None,
        client: str,
        attended: AbstractContextManager[None] | None = None,
        stops: Sequence[str] = (),
    ) -> EventStream:
        """A response that goes on until the listener leaves or the server stops: at once the event, or a
        `heartbeat` where `last_event_id` is still the newest; then one for each change.

        Parameters: `key`: those who give the same share what `make` makes; `client`: whose the stream is; `attended`:
        entered while it is open; `stops`: ids of those whose boards `make` asks for: boards of many are read together.
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

        @contextmanager
        def listening(stream: EventStream) -> Iterator[None]:
            with attended or nullcontext():
                channel = self._channels.setdefault(key, Channel(make, tuple(stops)))
                self._of_client[client] += 1
                try:
                    channel.enter(stream, last_event_id, self._heartbeat)
                    if self._closing:
                        stream.end()
                    self._keep_watching()
                    yield
                finally:
                    del channel.streams[stream]
                    self._of_client[client] -= 1
                    if not self._of_client[client]:
                        del self._of_client[client]
                    if not channel.streams and self._channels.get(key) is channel:
                        del self._channels[key]

        return EventStream(listening)

    def close(self) -> None:
        """End all streams: each is closed as HTTP wants it, and its listener comes back by itself."""
        self._closing = True
        for channel in self._channels.values():
            for stream in channel.streams:
                stream.end()

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
                    made = await anyio.to_thread.run_sync(made_of, moment, some)
                    for channel, announcement in zip(some, made, strict=True):
                        await channel.take(announcement, self._heartbeat)
            silent = [
                channel
                for channel in self._channels.values()
                if at >= channel.told_at + HEARTBEAT_S and channel.latest is not None
            ]
            if silent:
                heartbeat = self._heartbeat()
                for channel in silent:
                    channel.told_at = at
                    for stream in channel.streams:
                        stream.beat(heartbeat)
                    await asyncio.sleep(0)
            with anyio.move_on_after(_LOOK_S):
                await self._look.wait()


def announced(
    request: Request,
    key: Hashable,
    make: Make,
    last_event_id: str | None,
    attended: AbstractContextManager[None] | None = None,
    stops: Sequence[str] = (),
) -> EventStream:
    """The application's answer to who listens, see `Announcer.answer`."""
    announcer: Announcer = request.app.state.announcer
    return announcer.answer(key, make, last_event_id, client_of(request), attended, stops)


def _event(name: str, body: str, event_id: str | None = None) -> bytes:
    return ServerSentEvent(body, event=name, id=event_id, sep="\n").encode()


def made_of(moment: Moment, channels: Sequence[Channel]) -> list[Announcement | Problem | None]:
    """What each is to say, a Problem where it ends, None where that cannot be made."""
    index = moment.timetable.stop_index
    boards = StopBoards(moment, [index[stop] for channel in channels for stop in channel.stops if stop in index])
    made: list[Announcement | Problem | None] = []
    for channel in channels:
        try:
            made.append(channel.make(boards))
        except Problem as problem:
            made.append(problem)
        except Exception:
            log.exception("A board cannot be announced; its listeners keep the last one.")
            made.append(None)
    return made
