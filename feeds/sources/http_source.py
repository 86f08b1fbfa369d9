"""A feed at an HTTP address, polled politely. No call waits without bound."""

from __future__ import annotations

import contextlib
import hashlib
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_any,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base

from feeds.bounded_unpacking import decoded
from feeds.errors import FeedError
from feeds.sources.cut_off import CutOff
from feeds.sources.feed_headers import OPEN_HEADERS, is_at_home
from feeds.sources.public_address import public_address, secrets_in

MAX_BYTES = 50_000_000

LONGEST_PAUSE_S = 5.0
"""What is waited for inside one call; a server that asks for more is left alone by the calls that follow."""
UNCHANGED_S = 600.0
"""So long a server is believed that nothing has changed."""
FIRST_BACK_OFF_S, LONGEST_BACK_OFF_S = 15.0, 300.0
"""After a second failed call; doubled by each one more."""
LONGEST_RETRY_AFTER_S = 3600.0
"""Servers have asked for years."""

_CHUNK_BYTES = 1 << 16
_MOST_WORDS, _MOST_SAID = 4096, 160
"""Bytes that a server's own words are looked for in, and letters of them that are told."""
# Some servers give JSON to whoever does not ask for protobuf.
_ACCEPTED = "application/x-protobuf, application/x-google-protobuf, application/octet-stream;q=0.9, */*;q=0.5"


class HttpSource:
    """An http(s) address.

    Asks with If-None-Match and If-Modified-Since; tries again on time-outs, broken connections, 429 and 5xx, with
    growing, jittered pauses; gives up after `attempts` or when `patience_s` is used up, however slowly headers and body
    drip in. From then on one attempt a call, and calls that come too soon fail without asking: before the time of the
    server's Retry-After, and while the pause between calls grows. A server that says for `unchanged_s` that nothing has
    changed is asked for all of it: some say so whatever has. A larger answer than `max_bytes` is refused while it
    comes in. `headers` go with each request to the address's own host, and to no other that it redirects to.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        validators: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        patience_s: float = 25.0,
        attempts: int = 3,
        pause_s: float = 0.5,
        max_bytes: int = MAX_BYTES,
        unchanged_s: float = UNCHANGED_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`validators`: If-None-Match and If-Modified-Since of what was fetched by an earlier source."""
        self.name = public_address(url)
        self._url = url
        self._patience_s = patience_s
        self._max_bytes = max_bytes
        self._unchanged_s = unchanged_s
        self._whole_at = float("nan")
        self.validators: Mapping[str, str] = dict(validators or {})
        """Request headers by which the server tells whether its answer would be another."""
        self._digest = b""
        self._failures = 0
        self._failed_at = self._ask_again_at = float("-inf")
        self._failure = ""
        self._keys = [name for name in (headers or {}) if name.lower() not in OPEN_HEADERS]
        self._secrets = secrets_in(url, [(headers or {})[name] for name in self._keys])
        self._client = httpx.Client(
            headers={"Accept": _ACCEPTED, "Accept-Encoding": "gzip", "User-Agent": "prochain", **(headers or {})},
            timeout=timeout_s,
            follow_redirects=True,
            max_redirects=5,
            transport=transport,
            event_hooks={"request": [self._without_keys_elsewhere]},
        )
        self._cut_off = CutOff()
        self._attempts = attempts
        self._pause = wait_exponential_jitter(multiplier=pause_s, max=LONGEST_PAUSE_S, jitter=pause_s)

    def fetch(self, now: float) -> bytes | None:
        """The body of the answer, None on 304 or where it is the same as the last."""
        # A clock that was set back must not silence the feed.
        if self._failed_at <= now < self._ask_again_at:
            raise FeedError(self._failure)
        if not self._whole_at <= now <= self._whole_at + self._unchanged_s:
            if math.isfinite(self._whole_at):
                self.validators = {}
            self._whole_at = now
        deadline = time.monotonic() + self._patience_s
        retrying = Retrying(
            stop=stop_any(
                stop_after_attempt(1 if self._failures else self._attempts),
                stop_after_delay(self._patience_s),
                _LongPauseAsked(),
            ),
            wait=lambda state: max(self._pause(state), _retry_after_of(state)),
            retry=retry_if_exception_type(_TransientError),
            reraise=True,
        )
        try:
            data = retrying(self._ask, deadline)
        except FeedError as error:
            self._note_failure(error, now)
            raise FeedError(self._failure) from error
        except httpx.HTTPError as error:
            raise FeedError(f"{self.name}: {_reason(error)}.") from error
        except httpx.InvalidURL as error:
            raise FeedError(f"{self.name}: not a valid address ({error}).") from error
        self._failures = 0
        return data

    def without_keys(self, words: str) -> str:
        """What is said of an answer, without the keys that were sent: servers say them back."""
        return self._secrets.sub("…", words) if self._secrets else words

    def _note_failure(self, error: FeedError, now: float) -> None:
        self._failures += 1
        back_off_s = FIRST_BACK_OFF_S * 2.0 ** min(self._failures - 2, 10) if self._failures > 1 else 0.0
        asked_s = error.retry_after_s if isinstance(error, _StatusError) else 0.0
        self._failed_at = now
        self._ask_again_at = now + max(min(back_off_s, LONGEST_BACK_OFF_S), asked_s)
        self._failure = str(error)
        if self._ask_again_at > now:
            at = datetime.fromtimestamp(self._ask_again_at, UTC).strftime("%H:%M:%S")
            self._failure += f" It is not asked again before {at} UTC."

    def _without_keys_elsewhere(self, request: httpx.Request) -> None:
        if is_at_home(self._url, request.url):
            return
        # Cookies that a server sets on the way go back to it alone by themselves.
        for name in (*self._keys, "Authorization"):
            request.headers.pop(name, None)

    def close(self) -> None:
        """Close the connections kept open between calls."""
        self._client.close()

    def _ask(self, deadline: float) -> bytes | None:
        asking = self._client.stream(
            "GET", self._url, headers=dict(self.validators), extensions=dict(self._cut_off.extensions)
        )
        try:
            with self._cut_off.within(deadline - time.monotonic()), asking as answer:
                if answer.status_code == httpx.codes.NOT_MODIFIED and self.validators:
                    return None
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
                    raise _TransientError(self._status(answer), _retry_after_s(answer))
                # Proxies on the way change the answer (203), and some servers send all of it as a part (206).
                if not answer.is_success:
                    raise _StatusError(self._status(answer), _retry_after_s(answer))
                data = self._body(answer)
                if not data and answer.status_code != httpx.codes.OK:
                    raise _StatusError(f"{self._status(answer)} There is nothing in it.")
        except httpx.TransportError as error:
            if self._cut_off.passed:
                raise self._too_slow() from error
            raise _TransientError(f"{self.name}: {_reason(error)}.") from error
        validators = {
            "If-None-Match": answer.headers.get("ETag"),
            "If-Modified-Since": answer.headers.get("Last-Modified"),
        }
        # What is empty may be filled without another mark, and what is no ASCII cannot be sent back.
        self.validators = {
            name: value
            for name, value in validators.items()
            if data and value and value.isascii() and value.isprintable()
        }
        digest = hashlib.blake2b(data).digest()
        if digest == self._digest:
            return None
        self._digest = digest
        return data

    def _status(self, answer: httpx.Response) -> str:
        """An answer other than a feed: its code, the server's own words where it has a few, and what may help."""
        words = ""
        with contextlib.suppress(httpx.TransportError, httpx.StreamError, FeedError):
            part = next(answer.iter_raw(_MOST_WORDS), b"")
            words = _few_words(decoded(part, answer.headers.get("Content-Encoding", ""), _MOST_WORDS, self.name))
        said = f"{answer.status_code} {answer.reason_phrase}".rstrip()
        said += f" (“{self.without_keys(words)[:_MOST_SAID]}”)" if words else ""
        return f"{self.name}: the server answered {said}{_advice(answer)}"

    def _too_slow(self) -> _TransientError:
        return _TransientError(
            f"{self.name}: no whole answer within {self._patience_s:.0f} s; the server, or the way to it, is too slow."
        )

    def _body(self, answer: httpx.Response) -> bytes:
        announced = answer.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise FeedError(too_large(self.name, self._max_bytes, int(announced)))
        parts, size = [], 0
        # Raw, since a small packed answer can unpack to any size.
        for part in answer.iter_raw(_CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > self._max_bytes:
                raise FeedError(too_large(self.name, self._max_bytes))
        # A body of no announced length ends with its connection, also where it was broken.
        if self._cut_off.passed:
            raise self._too_slow()
        return decoded(b"".join(parts), answer.headers.get("Content-Encoding", ""), self._max_bytes, self.name)


class _StatusError(FeedError):
    """A refusal, and how long the server asks to be left alone."""

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class _TransientError(_StatusError):
    """Worth another try."""


def _retry_after_of(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after_s if isinstance(error, _StatusError) else 0.0


class _LongPauseAsked(stop_base):
    """Ends the attempts of a call where the server asks for more patience than a call has."""

    def __call__(self, retry_state: RetryCallState) -> bool:
        return _retry_after_of(retry_state) > LONGEST_PAUSE_S


def _retry_after_s(answer: httpx.Response) -> float:
    """Seconds of the answer's Retry-After, given as such or as a time; 0 where it has none."""
    retry_after = answer.headers.get("Retry-After", "").strip()
    if retry_after.isdecimal():
        # Digits without end would be no float.
        return min(float(retry_after[:9]), LONGEST_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(retry_after)
        # Against the server's own clock where it tells it.
        sent = parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else datetime.now(UTC)
        seconds = until.timestamp() - sent.timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)


def too_large(name: str, limit: int, size: int | None = None) -> str:
    """What is said of more than `limit` bytes."""
    is_large = f"{size / 1e6:,.0f} MB" if size else f"more than {limit / 1e6:,.0f} MB"
    return f"{name}: {is_large}; at most {limit / 1e6:,.0f} MB are taken. Check that this is the feed's address."


def _few_words(body: bytes) -> str:
    """An answer that is a short text or JSON, in one line; "" where it is a page or something else."""
    text = " ".join(body.decode("utf-8", "replace").split())
    return text if text.isprintable() and "<" not in text and "\ufffd" not in text else ""


def _advice(answer: httpx.Response) -> str:
    code = answer.status_code
    if code == 401:
        return "; give a valid API key."
    if code == 403:
        return "; give a valid API key, or another User-Agent if it refuses programs."
    if code in (404, 410):
        return "; check the address."
    if code == 429:
        return "; poll less often."
    if code == httpx.codes.NOT_MODIFIED:
        return " to a question that asked for all of it; the fault is the server's."
    if answer.is_redirect or code < 400:
        return ", and no place to go to; check the address." if code >= 300 else "."
    if code < 500:
        return "; check the address and what the operator asks of those who use it."
    return "; the fault is the server's, ask its operator if it lasts."


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time; the server is slow or unreachable"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"the server's certificate is not to be trusted ({error}); ask the operator to renew it"
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({error}); check the address and the network"
    if isinstance(error, httpx.TooManyRedirects):
        return "the server sends from one address to the next without end; check the address, or ask for another"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return f"the connection broke off ({error})"
    return f"the request failed ({type(error).__name__}: {error})"
