"""One deadline over a whole request of httpx: its own time-outs begin anew with each byte that drips in."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from typing import Any
from weakref import WeakSet

from httpcore import NetworkStream


class CutOff:
    """Breaks the connections of one client, used from one thread, when the time of its requests is up.

    A request is sent with `extensions=cut_off.extensions`, within `within`.
    """

    def __init__(self) -> None:
        self.extensions: Mapping[str, Any] = {"trace": self._trace}
        self.passed = False
        """Whether the time of the last `within` was up."""
        self._streams: WeakSet[NetworkStream] = WeakSet()
        self._lock = Lock()
        self._turn = 0

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What is asked in this context ends within so many seconds, by an httpx.TransportError at the latest."""
        with self._lock:
            self._turn += 1
            self.passed = False
        timer = Timer(max(seconds, 0.0), self._cut, [self._turn])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                # A timer that has just begun to run must not break what is asked next.
                self._turn += 1

    def _trace(self, _: str, details: Mapping[str, Any]) -> None:
        """Told by httpcore of each stage of a request: of those that open a connection, or wrap it in TLS."""
        stream = details.get("return_value")
        if isinstance(stream, NetworkStream):
            with self._lock:
                self._streams.add(stream)
                if self.passed:
                    _break(stream)

    def _cut(self, turn: int) -> None:
        with self._lock:
            if turn == self._turn:
                self.passed = True
                for stream in list(self._streams):
                    _break(stream)


def _break(stream: NetworkStream) -> None:
    """Whoever waits for it wakes; closing it alone would not do that."""
    connected = stream.get_extra_info("socket")
    if connected is not None:
        with suppress(OSError):
            # Of TLS too only the connection: to end it in good order means to wait for the other side.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)
