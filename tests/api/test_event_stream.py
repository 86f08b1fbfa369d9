from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.types import Message

from api.answers import event_stream
from api.answers.event_stream import EventStream


class Listener:
    """The other side of a stream, who takes what is sent only while `takes` is set."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.takes, self.left = asyncio.Event(), asyncio.Event()
        self.takes.set()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.body":
            self.received.append(message["body"].split(b"\n")[-1])
            if not message.get("more_body", False):
                self.left.set()


def heard(says: Callable[[EventStream, Listener], Awaitable[None]]) -> list[bytes]:
    """What a listener received of a stream until that ended; fails where it goes on."""

    async def hear() -> list[bytes]:
        opened: asyncio.Future[EventStream] = asyncio.get_running_loop().create_future()

        @contextmanager
        def listening(stream: EventStream) -> Iterator[None]:
            opened.set_result(stream)
            yield

        listener = Listener()
        answering = asyncio.create_task(EventStream(listening)({}, listener.receive, listener.send))
        await says(await opened, listener)
        await asyncio.wait_for(answering, 5.0)
        return listener.received

    return asyncio.run(hear())


def test_each_event_is_said_at_once_without_waiting() -> None:
    async def says(stream: EventStream, listener: Listener) -> None:
        stream.say(b"first")
        stream.beat(b"beat")
        stream.say(b"second")
        assert listener.received == [b"first", b"beat", b"second"]
        stream.end()
        stream.say(b"after the end")

    assert heard(says) == [b"first", b"beat", b"second", b""]


def test_a_slow_listener_is_told_the_newest_and_no_heartbeat_in_between() -> None:
    async def says(stream: EventStream, listener: Listener) -> None:
        listener.takes.clear()
        for event in (b"first", b"second", b"third"):
            stream.say(event)
        stream.beat(b"beat")
        assert listener.received == []
        listener.takes.set()
        while len(listener.received) < 2:
            await asyncio.sleep(0)
        stream.say(b"fourth")
        stream.end()

    assert heard(says) == [b"first", b"third", b"fourth", b""]


def test_a_listener_who_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_SEND_LIMIT_S", 0.05)

    async def says(stream: EventStream, listener: Listener) -> None:
        listener.takes.clear()
        stream.say(b"first")

    assert heard(says) == []


def test_a_listener_to_whom_nothing_can_be_sent_harms_no_other() -> None:
    async def says(stream: EventStream, listener: Listener) -> None:
        async def broken(message: Message) -> None:
            raise OSError(message["type"])

        stream._send = broken
        stream.say(b"first")
        stream.say(b"second")

    assert heard(says) == []
