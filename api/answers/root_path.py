"""Serving under a path, behind a proxy that takes it off the addresses or leaves it there."""

from __future__ import annotations

from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers.middleware import HttpMiddleware


class RootPath(HttpMiddleware):
    """Tells the application the path under which it is served, as ASGI does."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        """`root`: "/bus"."""
        super().__init__(app)
        self._root = root

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        scope, path = {**scope, "root_path": self._root}, scope["path"]
        if path == self._root:
            scope["path"] += "/"
        elif not path.startswith(f"{self._root}/"):
            scope["path"] = self._root + path
            scope["raw_path"] = quote(self._root).encode() + scope.get("raw_path", quote(path).encode())
        await self._app(scope, receive, send)
