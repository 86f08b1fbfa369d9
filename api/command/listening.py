"""Serving over HTTP: the port is taken before anything else is done, so that a taken one is told at once."""

from __future__ import annotations

import errno
import gc
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette

from api.answers.map_tiles import MapTiles
from api.app import create_app
from api.command.connections import KEEP_ALIVE_S, TimedConnection, allow_many_files
from api.command.unused_memory import give_back
from api.desk.desk import Desk
from api.pages.reminders import Reminders
from api.service.service import Service
from api.service.settings import ConfigurationError
from api.service.siri_names import SiriNames

_TURN_S = 0.0005
"""The engine's thread goes on for no longer than this where a reader waits; Python's own 5 ms are felt."""
IN_FILES = "unix:"
"""What the host begins with where it is a socket in the file system."""
_WAITING = 1024
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; `host` "unix:/run/…" names one in the file system. Errors: ConfigurationError."""
    try:
        if host.startswith(IN_FILES):
            return _listen_in_files(Path(host.removeprefix(IN_FILES)))
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} of {host} is in use, perhaps by another prochain: stop that, or choose another with "
                f"--port {port + 1 if port < 65535 else 8000}."
            ) from error
        if error.errno == errno.EACCES:
            raise ConfigurationError(f"Port {port} may not be used by this user: choose one above 1023.") from error
        raise ConfigurationError(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from error


def _listen_in_files(path: Path) -> socket.socket:
    if path.is_socket():
        path.unlink()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    # Who may come in, the rights of its folder say.
    path.chmod(0o666)
    listening.listen(_WAITING)
    return listening


def address_of(listening: socket.socket) -> str:
    """Where a browser on this machine finds the service."""
    if listening.family == socket.AF_UNIX:
        return IN_FILES + str(listening.getsockname())
    host, port = listening.getsockname()[:2]
    if host in _EVERYWHERE:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def stop_address(base: str, stop_id: str) -> str:
    """The page of a stop."""
    return f"{base}/stops/{quote(stop_id, safe='')}"


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
                timeout_graceful_shutdown=3,
                # Its type says class; a function that makes one does as well.
                http=cast(Any, partial(TimedConnection, doors=app.state.doors)),
                timeout_keep_alive=KEEP_ALIVE_S,
                # The application does, by its setting.
                proxy_headers=False,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer. A signal ends it from here on."""
        sys.setswitchinterval(_TURN_S)
        # What is there now stays: to look through it for what nobody needs any more would hold up all readers.
        gc.collect()
        gc.freeze()
        give_back()
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams, which would never end by themselves, then wait for the open requests."""
        self._app.state.announcer.close()
        await super().shutdown(sockets)


def serve(
    service: Service,
    desk: Desk,
    listening: socket.socket,
    ready: Callable[[], None] = lambda: None,
    trusted_proxies: Sequence[str] = (),
    root_path: str = "",
    siri_names: SiriNames | None = None,
    abbreviations: Mapping[str, str] | None = None,
    map_tiles: MapTiles | None = None,
    reminders: Reminders | None = None,
) -> None:
    """Answer until SIGINT or SIGTERM; `ready` is called when that has begun."""
    app = create_app(
        service, desk, trusted_proxies=trusted_proxies, root_path=root_path,
        behind_socket=listening.family == socket.AF_UNIX, siri_names=siri_names,
        abbreviations=abbreviations, map_tiles=map_tiles, reminders=reminders,
    )  # fmt: skip
    app.state.doors.limit_to_files(allow_many_files())
    Server(app, ready).run(sockets=[listening])
