"""A service served on a real port, for what a test client cannot hold: event streams and browsers."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from api.app import create_app
from api.command.listening import Server
from api.command.port import address_of, listen
from api.desk.desk import Desk
from api.service.service import Service


@contextmanager
def served(
    service: Service, listening: socket.socket | None = None, desk: Desk | None = None, **options: Any
) -> Iterator[str]:
    """Address of the running service, its application made with `options`; at the end it is stopped as by SIGTERM."""
    listening = listening or listen("127.0.0.1", 0)
    server = Server(create_app(service, desk, **options))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield address_of(listening)
    finally:
        server.should_exit = True
        thread.join(60.0)
        assert not thread.is_alive(), "the server does not stop"
