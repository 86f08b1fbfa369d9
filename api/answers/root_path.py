"""Serving behind a proxy: under a path that it takes off the addresses or leaves there; redirects that lead to no other
host, whatever the request says that ours is called."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers.middleware import HttpMiddleware
from api.words.root_path import root_of


class RootPath(HttpMiddleware):
    """Tells the application the path under which it is served, as ASGI does."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        """`root`: "/bus"."""
        super().__init__(app)
        self._root = root

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope, path = {**scope, "root_path": self._root}, scope["path"]
        if path == self._root:
            scope["path"] += "/"
        elif not path.startswith(f"{self._root}/"):
            scope["path"] = self._root + path
            scope["raw_path"] = quote(self._root).encode() + scope.get("raw_path", quote(path).encode())
        await self._app(scope, receive, send)


class OwnRedirects(HttpMiddleware):
    """Makes each Location a path under our root path: every redirect of ours leads to a page of
    ours, and what stands before its path came from the Host header."""

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:

        async def sending(message: Message) -> None:
            if message.get("status", 200) != 200:
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                if "location" in headers:
                    headers["location"] = own_path(headers["location"], root_of(scope))
            await send(message)

        await self._app(scope, receive, sending)


def own_path(location: str, root: str = "") -> str:
    """The path, query and fragment of an address; a path that a browser would take for a host is none. `root` is put
    before a path that begins at ours."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return f"{root}/"
    path = "/" + parts.path.replace("\\", "/").lstrip("/") if parts.netloc or parts.path else parts.path
    if path and path != root and not path.startswith(f"{root}/"):
        path = root + path
    return urlunsplit(("", "", path, parts.query, parts.fragment))
