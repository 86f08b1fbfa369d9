"""The port is taken before anything else is done, so that a taken one is told at once."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from urllib.parse import quote

from api.service.settings import ConfigurationError

IN_FILES = "unix:"
"""What the host begins with where it is a socket in the file system."""
WAITING = 2048
"""Connections that the system keeps until they are let in."""
TAKES_NOTHING_S = 60
"""A connection whose other side has taken nothing of what it was sent for so long is gone, or blocks us on purpose."""
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; `host` "unix:/run/…" names one in the file system. Errors: ConfigurationError."""
    try:
        if host.startswith(IN_FILES):
            return _listen_in_files(Path(host.removeprefix(IN_FILES)))
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} of {host} is in use, perhaps by another prochain: stop that, or choose another with "
                f"--port {port + 1 if port < 65535 else 8000}."
            ) from error
        if error.errno == errno.EACCES:
            raise ConfigurationError(f"Port {port} may not be used by this user: choose one above 1023.") from error
        raise ConfigurationError(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Each connection has it from the socket that it came by.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * TAKES_NOTHING_S)
    return listening


def _listen_in_files(path: Path) -> socket.socket:
    if path.is_socket():
        path.unlink()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    # Who may come in, the rights of its folder say.
    path.chmod(0o666)
    listening.listen(WAITING)
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
