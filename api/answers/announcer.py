"""Tells listeners over Server-Sent Events when what they show has changed.

One task on the event loop is woken by each new view, has what is listened to made in one worker thread, and tells those
for whom it says something new. A thousand listeners of a stop cost one board a view, and no thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import Header, Request
from sse_starlette import ServerSentEvent

from api.answers.answer import Answer
from api.answers.caching import steady
from api.answers.event_stream import EventStream
from api.answers.problems import PROBLEMS, Problem, ProblemDetails
from api.answers.rate_limits import client_of
from api.reading.board import StopBoards
from api.reading.moment import Moment
from api.service.served import Served
from api.service.view import ServiceView
from api.words.departures import DepartureWords

HEARTBEAT_S = 10.0
"""A listener that heard nothing for much longer has lost the connection."""
_LOOK_S = 0.5
"""Without anything new it is looked so often who has heard nothing for long, and whether boards are to be remade."""
_REMAKE_S = 8.0
"""Without a new view minutes pass all the same, and reports grow old. More than most steps are apart: what is made just
before a view comes holds it up."""
_READ_TOGETHER = 200
"""Boards of so many channels are read in one pass."""
_MADE_FOR_S = 0.25
"""Who listens to what is made by then is told before the rest is made. On a busy machine each change between the two
waits for the processor anew."""
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
    body: Callable[[], str]
    """Asked for where it says something new."""
    event: str = "board"
    """What the listener knows it by."""


@dataclass(frozen=True)
class StreamedEvent:
    """An announcement as it is sent."""

    event_id: str
    sent: bytes


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
    latest: StreamedEvent | None = None
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

    def take(self, made: StreamedEvent | Problem | None, heartbeat: Callable[[], bytes]) -> Iterator[None]:
        """Tell those who listen if this is something new, one with each step."""
        if isinstance(made, Problem):
            self.ended = True
            for stream in self.streams:
                stream.end()
        elif made is not None:
            self.latest = made
            self.told_at = asyncio.get_running_loop().time()
            for stream in list(self.streams):
                if stream in self.streams:
                    self._tell(stream, heartbeat)
                yield

    def make_new(self, boards: StopBoards) -> StreamedEvent | None:
        """What it is to say, None where that is what it said last. Errors: Problem, see `Make`."""
        made = self.make(boards)
        if self.latest is not None and made.event_id == self.latest.event_id:
            return None
        return StreamedEvent(made.event_id, _sent(made.event, made.body(), made.event_id))

    def _tell(self, stream: EventStream, heartbeat: Callable[[], bytes]) -> None:
        if self.latest is not None:
            if self.streams[stream] == self.latest.event_id:
                stream.beat(heartbeat())
            else:
                stream.say(self.latest.sent)
        self.streams[stream] = None


class Announcer:
    """See the module's docstring. To be used from one event loop at a time."""

    def __init__(self, service: Served) -> None:
        self._service = service
        self._channels: dict[Hashable, Channel] = {}
        self._of_client: Counter[str] = Counter()
        self._closing = False
        self._look = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watching: asyncio.Task[None] | None = None
        service.on_view.append(self._wake)

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return sum(len(channel.streams) for channel in list(self._channels.values()))

    def answer(
        self,
        request: Request,
        key: Hashable,
        make: Make,
        last_event_id: str | None,
        attended: AbstractContextManager[None] | None = None,
        stops: Sequence[str] = (),
    ) -> EventStream:
        """A response that goes on until the listener leaves or the server stops: at once the event, or a
        `heartbeat` where `last_event_id` is still the newest; then one for each change.

        Parameters: `key`: those who give the same share what `make` makes; `attended`: entered while it is open;
        `stops`: ids of those whose boards `make` asks for: boards of many are read together. Errors: Problem 503 when
        full, 429 when this client has too many.
        """
        client = client_of(request)
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
        return _sent("heartbeat", Answer(**moment.answer_fields).model_dump_json())

    def _keep_watching(self) -> None:
        if self._watching is None or self._watching.done():
            self._look, self._loop = asyncio.Event(), asyncio.get_running_loop()
            self._watching = asyncio.create_task(self._watch(), name="announcer")
        self._look.set()

    def _wake(self) -> None:
        """There is a new view: to be called from any thread."""
        if self._loop is not None and self._channels:
            # A loop that has ended has no listeners any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._look.set)

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
            moment = Moment(view, self._service.clock.now())
            while due:
                made = await anyio.to_thread.run_sync(made_of, moment, due)
                telling = (
                    told
                    for channel, event in zip(due, made, strict=False)
                    for told in channel.take(event, self._heartbeat)
                )
                for number, _ in enumerate(telling, 1):
                    # Others are answered in between.
                    if number % _TOLD_TOGETHER == 0:
                        await asyncio.sleep(0)
                due = due[len(made) :]
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


def announcer_of(request: Request) -> Announcer:
    """The application's."""
    announcer: Announcer = request.app.state.announcer
    return announcer


def _sent(name: str, body: str, event_id: str | None = None) -> bytes:
    return ServerSentEvent(body, event=name, id=event_id, sep="\n").encode()


def made_of(moment: Moment, channels: Sequence[Channel]) -> list[StreamedEvent | Problem | None]:
    """What the first of these are to say, as many as there is time for: a Problem where one ends, None where it says
    nothing new or cannot be made."""
    index, until = moment.timetable.stop_named, time.monotonic() + _MADE_FOR_S
    made: list[StreamedEvent | Problem | None] = []
    while len(made) < len(channels) and (not made or time.monotonic() < until):
        some = channels[len(made) : len(made) + _READ_TOGETHER]
        boards = StopBoards(moment, [index[stop] for channel in some for stop in channel.stops if stop in index])
        made += [_made_by(channel, boards) for channel in some]
    return made


def _made_by(channel: Channel, boards: StopBoards) -> StreamedEvent | Problem | None:
    try:
        return channel.make_new(boards)
    except Problem as problem:
        return problem
    except Exception:
        log.exception("A board cannot be announced; its listeners keep the last one.")
        return None


def noticed(departure: DepartureWords) -> object:
    """What every face shows of it, less the minutes that pass by themselves."""
    return (
        departure.key, departure.status, departure.said, departure.call.at_stop, departure.at and steady(departure.at),
        departure.wait.value if departure.at is None else "", departure.notes, departure.occupancy,
        departure.wheelchair,
    )  # fmt: skip
