"""Connections: how long they may say nothing, and how many there may be."""

from __future__ import annotations

import asyncio
import logging
import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_WITHIN_S = 10.0
KEEP_ALIVE_S = 5
LARGEST_HEADERS = 32 * 1024
"""Bytes."""

log = logging.getLogger("prochain")


class TimedConnection(HttpToolsProtocol):
    """Closes a connection whose next request does not come whole, to the end of its headers, in time, or whose headers
    grow too long.

    uvicorn alone waits without end for the first byte of a connection, and for the rest of the headers.
    """

    _late: asyncio.TimerHandle | None = None
    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect_headers()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are whole."""
        self._in_head = False
        if self._late is not None:
            self._stop_waiting()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if self._in_head:
            # Most requests come in one piece: for these no timer is set.
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEADERS and not self.transport.is_closing():
                self.send_400_response("The headers are too long.")
            elif self._late is None:
                self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop_waiting()
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


def allow_many_files() -> int:
    """Let the process have as many open files as it may: each stream takes one. Returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            log.warning("No more than %d files may be open at a time: %s.", soft, error)
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
