"""Where bytes come from: an HTTP address polled politely, or a file. No call waits without bound."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_exponential_jitter

from feeds.bounded_gzip import gunzip
from feeds.errors import FeedError

MAX_BYTES = 50_000_000

_CHUNK_BYTES = 1 << 16


@runtime_checkable
class Source(Protocol):
    """Something that is asked again and again for the newest bytes of a feed."""

    name: str
    """For messages and logs; no secrets in it."""

    def fetch(self, now: float) -> bytes | None:
        """The newest bytes, None where nothing is new since the last call.

        Errors: FeedError where there is nothing to be had; a later call may succeed.
        """


def open_source(path_or_url: str, *, headers: Mapping[str, str] | None = None) -> Source:
    """A source for an http(s) address or a file's path; `headers` go with each HTTP request (API keys)."""
    if urlsplit(path_or_url).scheme in ("http", "https"):
        return HttpSource(path_or_url, headers=headers)
    return FileSource(Path(path_or_url))


class FileSource:
    """A file that another program rewrites."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.name = str(path)
        self._path = path
        self._max_bytes = max_bytes
        self._seen: tuple[int, int, int] | None = None

    def fetch(self, now: float) -> bytes | None:  # noqa: ARG002
        """The file's bytes, None while its modification time and size are unchanged."""
        try:
            stat = self._path.stat()
            # A pipe or a device could be waited on for ever.
            if not self._path.is_file():
                raise FeedError(f"{self.name} is not a file; give the path of one GTFS-Realtime message.")
            if stat.st_size > self._max_bytes:
                raise FeedError(_too_large(self.name, self._max_bytes, stat.st_size))
            # An atomic replacement within the clock's grain and of the same size still has another inode.
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if version == self._seen:
                return None
            with self._path.open("rb") as file:
                data = file.read(self._max_bytes + 1)
        except OSError as error:
            raise FeedError(f"{self.name}: cannot be read ({error.strerror or error}); check the path.") from error
        if len(data) > self._max_bytes:
            raise FeedError(_too_large(self.name, self._max_bytes))
        self._seen = version
        return data


class HttpSource:
    """An http(s) address.

    Asks with If-None-Match and If-Modified-Since; tries again on time-outs, broken connections, 429 and 5xx, with
    growing, jittered pauses; gives up after `attempts` or when `patience_s` is used up. A larger answer than
    `max_bytes` is refused while it comes in. `headers` go with each request.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        patience_s: float = 25.0,
        attempts: int = 3,
        pause_s: float = 0.5,
        max_bytes: int = MAX_BYTES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = public_address(url)
        self._url = url
        self._patience_s = patience_s
        self._max_bytes = max_bytes
        self._validators: dict[str, str] = {}
        self._digest = b""
        self._client = httpx.Client(
            headers={"Accept-Encoding": "gzip", "User-Agent": "prochain", **(headers or {})},
            timeout=timeout_s,
            follow_redirects=True,
            max_redirects=5,
            transport=transport,
        )
        self._retrying = Retrying(
            stop=stop_after_attempt(attempts) | stop_after_delay(patience_s),
            wait=wait_exponential_jitter(multiplier=pause_s, max=5.0, jitter=pause_s),
            retry=retry_if_exception_type(_TransientError),
            reraise=True,
        )

    def fetch(self, now: float) -> bytes | None:  # noqa: ARG002
        """The body of the answer, None on 304 or where it is the same as the last."""
        deadline = time.monotonic() + self._patience_s
        try:
            return self._retrying(self._ask, deadline)
        except httpx.HTTPError as error:
            raise FeedError(f"{self.name}: {_reason(error)}.") from error
        except httpx.InvalidURL as error:
            raise FeedError(f"{self.name}: not a valid address ({error}).") from error

    def close(self) -> None:
        """Close the connections kept open between calls."""
        self._client.close()

    def _ask(self, deadline: float) -> bytes | None:
        try:
            with self._client.stream("GET", self._url, headers=self._validators) as answer:
                if answer.status_code == httpx.codes.NOT_MODIFIED:
                    return None
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
                    raise _TransientError(_status(self.name, answer))
                if answer.status_code != httpx.codes.OK:
                    raise FeedError(_status(self.name, answer))
                data = self._body(answer, deadline)
        except httpx.TransportError as error:
            raise _TransientError(f"{self.name}: {_reason(error)}.") from error
        validators = {
            "If-None-Match": answer.headers.get("ETag"),
            "If-Modified-Since": answer.headers.get("Last-Modified"),
        }
        self._validators = {name: value for name, value in validators.items() if value}
        digest = hashlib.blake2b(data).digest()
        if digest == self._digest:
            return None
        self._digest = digest
        return data

    def _body(self, answer: httpx.Response, deadline: float) -> bytes:
        announced = answer.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise FeedError(_too_large(self.name, self._max_bytes, int(announced)))
        parts, size = [], 0
        # Raw, since a small packed answer can unpack to any size.
        for part in answer.iter_raw(_CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > self._max_bytes:
                raise FeedError(_too_large(self.name, self._max_bytes))
            if time.monotonic() > deadline:
                raise _TransientError(
                    f"{self.name}: only {size:,} bytes within {self._patience_s:.0f} s; the server is too slow."
                )
        data = b"".join(parts)
        if answer.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip"):
            data = gunzip(data, self._max_bytes, self.name)
        return data


def public_address(url: str) -> str:
    """The URL without user, password, query and fragment: what may be shown and logged."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return "the feed's address"
    return f"{parts.scheme}://{host}{parts.path}"


class _TransientError(FeedError):
    """Worth another try."""


def _too_large(name: str, limit: int, size: int | None = None) -> str:
    is_large = f"{size / 1e6:,.0f} MB" if size else f"more than {limit / 1e6:,.0f} MB"
    return f"{name}: {is_large}; at most {limit / 1e6:,.0f} MB are taken. Check that this is the feed's address."


def _status(name: str, answer: httpx.Response) -> str:
    code = answer.status_code
    said = f"{name}: the server answered {code} {answer.reason_phrase}".rstrip()
    if code in (401, 403):
        return f"{said}; give a valid API key."
    if code in (404, 410):
        return f"{said}; check the address."
    if code == 429:
        return f"{said}; poll less often."
    return f"{said}; the fault is the server's, ask its operator if it lasts." if code >= 500 else f"{said}."


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time; the server is slow or unreachable"
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({error}); check the address and the network"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return f"the connection broke off ({error})"
    return f"the request failed ({type(error).__name__}: {error})"
