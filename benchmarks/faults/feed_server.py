"""An operator's feed server on this machine, that answers as well or as badly as it is told to."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from feeds.sources.http_source import HttpSource

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]
"""Answers a request; the bytes are what the feed says now."""

TIMEOUT_S, PATIENCE_S = 0.3, 0.5
"""Those of a service, shortened."""
_DRIPS = 400


class FeedServer:
    """Answers by `answer`; counts who asks."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.said: dict[str, bytes] = {}
        """What each feed says now, by its path's last part."""
        self.answer: Answer = whole
        self.requests: list[dict[str, str]] = []
        """Headers of each request."""
        self._host = host
        self._server = _server(self, host)

    def __enter__(self) -> FeedServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, feed: str = "vehicle_positions") -> str:
        """Address of a feed."""
        return f"http://{self._host}:{self._server.server_port}/{feed}"

    def source(self, feed: str, **more: Any) -> ServedSource:
        """The feed as a service polls it. Parameters: `more`: those of `HttpSource`."""
        return ServedSource(self, feed, **more)


class ServedSource:
    """What the operator says is on the server; what is fetched has come over HTTP."""

    def __init__(self, server: FeedServer, feed: str, **more: Any) -> None:
        options = {"timeout_s": TIMEOUT_S, "patience_s": PATIENCE_S, "pause_s": 0.01} | more
        self._server, self._feed = server, feed
        self._http = HttpSource(server.url(feed), **options)
        self.name = self._http.name

    def give(self, data: bytes) -> None:
        """See `benchmarks.field.city.FedSource`."""
        self._server.said[self._feed] = data

    def fetch(self, now: float) -> bytes | None:
        """See `feeds.sources.source.Source`."""
        return self._http.fetch(now)


def _server(owner: FeedServer, host: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            owner.requests.append(dict(self.headers.items()))
            try:
                owner.answer(self, owner.said.get(self.path.rsplit("/", 1)[-1], b""))
            except OSError:
                # A client that hangs up is what some scenarios are about.
                self.close_connection = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    return server


# Answers


def whole(request: BaseHTTPRequestHandler, data: bytes) -> None:
    """What the feed says, as it should be answered."""
    _head(request, 200, len(data))
    request.wfile.write(data)


def body(given: bytes, **headers: str) -> Answer:
    """Always these bytes."""

    def answer(request: BaseHTTPRequestHandler, _: bytes) -> None:
        _head(request, 200, len(given), **headers)
        request.wfile.write(given)

    return answer


def status(code: int, **headers: str) -> Answer:
    """No feed; `headers` with underscores for hyphens."""

    def answer(request: BaseHTTPRequestHandler, _: bytes) -> None:
        _head(request, code, 0, **headers)

    return answer


def changed(change: Callable[[bytes], bytes], **headers: str) -> Answer:
    """What the feed says, changed."""

    def answer(request: BaseHTTPRequestHandler, data: bytes) -> None:
        made = change(data)
        _head(request, 200, len(made), **headers)
        request.wfile.write(made)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """The first answer to the first request, and so on, again and again."""
    asked = iter(range(1_000_000))

    def answer(request: BaseHTTPRequestHandler, data: bytes) -> None:
        answers[next(asked) % len(answers)](request, data)

    return answer


def cut_short(request: BaseHTTPRequestHandler, data: bytes) -> None:
    """Half of what is announced, then the end."""
    _head(request, 200, len(data))
    request.wfile.write(data[: len(data) // 2])
    request.close_connection = True


def reset(request: BaseHTTPRequestHandler, data: bytes) -> None:
    """Half of it, then the connection is torn."""
    _head(request, 200, len(data))
    request.wfile.write(data[: len(data) // 2])
    request.wfile.flush()
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.connection.close()


def silent(request: BaseHTTPRequestHandler, data: bytes) -> None:  # noqa: ARG001
    """Takes the question and never answers."""
    time.sleep(4.0 * TIMEOUT_S)
    request.close_connection = True


def slow(seconds: float) -> Answer:
    """Takes its time."""

    def answer(request: BaseHTTPRequestHandler, data: bytes) -> None:
        time.sleep(seconds)
        whole(request, data)

    return answer


def drips(request: BaseHTTPRequestHandler, data: bytes) -> None:
    """A byte now and then, well within the time that one read may take."""
    _head(request, 200, 1_000_000)
    for k in range(_DRIPS):
        request.wfile.write(data[k : k + 1] or b"\0")
        time.sleep(TIMEOUT_S / 6)


def drips_headers(request: BaseHTTPRequestHandler, data: bytes) -> None:  # noqa: ARG001
    """Headers without end, one now and then."""
    request.send_response(200)
    request.flush_headers()
    for k in range(_DRIPS):
        request.wfile.write(f"X-{k}: y\r\n".encode())
        time.sleep(TIMEOUT_S / 6)


def endless(request: BaseHTTPRequestHandler, data: bytes) -> None:  # noqa: ARG001
    """A body without length and without end, as fast as it is taken."""
    request.send_response(200)
    request.end_headers()
    block = bytes(1 << 20)
    for _ in range(1000):
        request.wfile.write(block)
    request.close_connection = True


def gzip_bomb(megabytes: int) -> Answer:
    """Few bytes that unpack to many."""
    packed = gzip.compress(bytes(megabytes << 20), 9)
    return body(packed, Content_Encoding="gzip")


def redirect(to: str, code: int = 302) -> Answer:
    """Elsewhere."""
    return status(code, Location=to)


def _head(request: BaseHTTPRequestHandler, code: int, length: int, **headers: str) -> None:
    request.send_response(code)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(length))
    request.end_headers()
