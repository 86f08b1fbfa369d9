"""A client that asks the application in its own process and thread.

Starlette's test client starts a thread for each request, and what is asked one after the other needs none: with fifty
requests a test threads that wait for one another are most of the time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

import anyio.to_thread
import httpx
from starlette.types import ASGIApp, Message

_in_this_thread: ContextVar[bool] = ContextVar("in_this_thread", default=False)


class InProcess(httpx.Client):
    """Requests to `app`, one after the other, as a browser with cookies makes them."""

    def __init__(self, app: ASGIApp, **headers: str) -> None:
        # Packed and unpacked again an answer takes half as long again.
        headers = {"Accept-Encoding": "identity"} | headers
        super().__init__(
            transport=_Asked(app), base_url="http://testserver", headers=headers, follow_redirects=True, trust_env=False
        )
        self._app = app
        self._own = [
            (name.lower().encode(), value.encode()) for name, value in {"Host": "testserver", **headers}.items()
        ]

    def ask(self, address: str, asked: Mapping[str, Any]) -> httpx.Response:
        """As `get`, without what most answers do not need: cookies, redirects, and addresses made regular cost a
        fourth of the time."""
        if self.cookies or not _REGULAR.fullmatch(address) or "/." in address:
            return self.get(address, params=asked)
        scope = {
            "path": unquote(address),
            "raw_path": address.encode(),
            "query_string": str(httpx.QueryParams(asked)).encode(),
        }
        answer = _answer(self._app, {**_SCOPE, "headers": self._own, **scope}, b"")
        leads_on = answer.has_redirect_location or "set-cookie" in answer.headers
        return self.get(address, params=asked) if leads_on else answer


class _Asked(httpx.BaseTransport):
    """Has `app` answer on an event loop that runs no longer than that takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer."""
        url = request.url
        scope = _SCOPE | {
            "method": request.method, "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": url.scheme, "path": url.path, "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query, "server": (url.host, url.port),
        }  # fmt: skip
        return _answer(self._app, scope, request.read())


_REGULAR = re.compile(r"[\w%/.~:@!$&'()*+,;=-]*", re.ASCII)
_SCOPE: dict[str, Any] = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
    "server": ("testserver", None), "client": ("127.0.0.1", 123), "root_path": "",
}  # fmt: skip


def _answer(app: ASGIApp, scope: dict[str, Any], body: bytes) -> httpx.Response:
    answer = list[Message]()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        answer.append(message)

    # Playwright's loop stands still meanwhile, and is this thread's all the same.
    standing = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    before = _in_this_thread.set(True)
    loop = _loop()
    asyncio._set_running_loop(loop)
    try:
        made = loop.create_task(app(scope, receive, send))
        # Who waits for nothing is done at the first turn, and needs no loop that looks for what else has come.
        while loop._ready and not made.done():
            loop._ready.popleft()._run()
        asyncio._set_running_loop(None)
        if not made.done():
            loop.run_until_complete(made)
        made.result()
    finally:
        _in_this_thread.reset(before)
        asyncio._set_running_loop(standing)
    start, *pieces = answer
    content = b"".join(piece.get("body", b"") for piece in pieces)
    return httpx.Response(start["status"], headers=start["headers"], content=content)


@lru_cache(maxsize=1)
def _loop() -> Any:
    """One for all clients, of which what is ready is looked at too."""
    return asyncio.new_event_loop()


_in_a_thread = anyio.to_thread.run_sync


async def _where_it_was_asked(handler: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """What handlers that may wait are run by: in a thread, but not where nothing else is asked meanwhile."""
    return handler(*args) if _in_this_thread.get() else await _in_a_thread(handler, *args, **options)


anyio.to_thread.run_sync = cast(Any, _where_it_was_asked)
