"""Connections: how long they may say nothing, and how many there may be."""

from __future__ import annotations

import asyncio
import logging
import resource
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.answers.doors import Doors

HEADERS_WITHIN_S = 10.0
KEEP_ALIVE_S = 5
LARGEST_HEADERS = 32 * 1024
"""Bytes."""

_NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 38\r\n\r\nToo many are here: come again in 10 s."
)

log = logging.getLogger("prochain")


class TimedConnection(HttpToolsProtocol):
    """Closes a connection whose next request does not come whole, to the end of its headers, in time, or whose headers
    grow too long.

    uvicorn alone waits without end for the first byte of a connection, for the rest of the headers, and for what is
    left of a request that was answered before it was whole, and takes in as many headers as come.
    """

    def __init__(self, *args: Any, doors: Doors, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._doors = doors
        self._late: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_bytes = 0
        self._host: str | None = None
        """Of the other side, None where it was not let in."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        host = str(peer[0]) if peer else ""
        if self._doors.enter(host):
            self._host = host
            self._expect_headers()
        else:
            transport.write(_NO_ROOM)
            transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers. Those that follow a body are read by nobody."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its headers are whole. Errors: ValueError, which is answered by 400, where they name two hosts: a proxy may
        have heeded the other one."""
        self._in_head = False
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise ValueError("two Host headers")
        if self._late is not None:
            self._stop_waiting()
        super().on_headers_complete()
        self.cycle.transport = cast(asyncio.Transport, _HeadWithBody(self.transport, self.loop))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._host is None:
            return
        super().data_received(data)
        if self._in_head:
            # Most requests come in one piece: for these no timer is set.
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEADERS and not self.transport.is_closing():
                self.send_400_response("The headers are too long.")
            elif self._late is None:
                self._expect_headers()
        elif self._late is None and self.cycle is not None and self.cycle.response_complete:
            # The rest of a request that was answered already, which uvicorn would wait for without end.
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop_waiting()
        if self._host is not None:
            self._doors.leave(self._host)
            self._host = None
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        self._late = self.loop.call_later(HEADERS_WITHIN_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.transport.close()


class _HeadWithBody:
    """The way out of one answer. Its head goes with what follows in the same turn of the event loop: to send two pieces
    takes the system longer than it takes the application to have an answer that it has made."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:
        """See `asyncio.WriteTransport`."""
        if self._head is None:
            self._head = data
            self._loop.call_soon(self._go)
        else:
            self._go(data)

    def _go(self, body: bytes = b"") -> None:
        head, self._head = self._head or b"", b""
        self._transport.write(head + body)

    def close(self) -> None:
        """See `asyncio.BaseTransport`."""
        self._go()
        self._transport.close()

    def is_closing(self) -> bool:
        """See `asyncio.BaseTransport`."""
        return self._transport.is_closing()


def allow_many_files() -> int:
    """Let the process have as many open files as it may: each stream takes one. Returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            log.warning("No more than %d files may be open at a time: %s.", soft, error)
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
