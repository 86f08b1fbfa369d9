"""A client that asks the application in its own process, on one event loop for all tests.

Starlette's test client starts a thread for each request: with fifty requests a test that is most of the time.
"""

from __future__ import annotations

import atexit
from functools import lru_cache, partial
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI


class InProcess:
    """Requests to `app`, one after the other, as a browser with cookies makes them."""

    def __init__(self, app: FastAPI, **headers: str) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://testserver", headers=headers, follow_redirects=True
        )

    def get(self, address: str, **options: Any) -> httpx.Response:
        """Options as those of `httpx.request`."""
        return self.request("GET", address, **options)

    def post(self, address: str, **options: Any) -> httpx.Response:
        """Options as those of `httpx.request`."""
        return self.request("POST", address, **options)

    def request(self, method: str, address: str, **options: Any) -> httpx.Response:
        """The whole answer."""
        return _portal().call(partial(self._client.request, method, address, **options))


@lru_cache(maxsize=1)
def _portal() -> BlockingPortal:
    """The event loop, in a thread of its own that lives as long as the tests do."""
    opened = start_blocking_portal()
    portal = opened.__enter__()
    atexit.register(opened.__exit__, None, None, None)
    return portal
