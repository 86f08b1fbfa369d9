"""Serving over HTTP."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette

from api.command.connections import KEEP_ALIVE_S, TimedConnection, allow_many_files
from api.command.port import WAITING
from api.command.unused_memory import collect_while_serving, give_back

_TURN_S = 0.0005
"""The engine's thread goes on for no longer than this where a reader waits; Python's own 5 ms are felt."""
_LET_IN_AT_ONCE = 32
"""Connections in one turn of the event loop. Whoever has gone again is noticed some turns later: all let in at once
would stand in the way of others until then."""


class Server(uvicorn.Server):
    """Answers until SIGINT or SIGTERM."""

    def __init__(self, app: Starlette, ready: Callable[[], None] = lambda: None) -> None:
        self._app, self._ready = app, ready
        super().__init__(
            uvicorn.Config(
                app,
                # Its loggers have no handlers of their own then: their lines come out where all others do.
                log_config=None,
                log_level="warning",
                access_log=False,
                # We speak none; where a library for them happens to be there, their connections would be counted by
                # nobody.
                ws="none",
                timeout_graceful_shutdown=3,
                # Its type says class; a function that makes one does as well.
                http=cast(Any, partial(TimedConnection, doors=app.state.doors)),
                timeout_keep_alive=KEEP_ALIVE_S,
                backlog=_LET_IN_AT_ONCE,
                # The application does, by its setting.
                proxy_headers=False,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer. A signal ends it from here on."""
        sys.setswitchinterval(_TURN_S)
        collect_while_serving()
        give_back()
        await super().startup(sockets)
        for listening in sockets or ():
            # The event loop took its bound for the system's too.
            listening.listen(WAITING)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams, which would never end by themselves, then wait for the open requests."""
        self._app.state.announcer.close()
        await super().shutdown(sockets)


def serve(app: Starlette, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Answer until SIGINT or SIGTERM; `ready` is called when that has begun."""
    app.state.doors.limit_to_files(allow_many_files())
    Server(app, ready).run(sockets=[listening])
