"""Several processes behind one port: those that answer readers, and one for the engine where that runs here too."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from threading import Thread
from typing import Any

import typer

from api.command.log_lines import log_to_stderr
from api.command.network import Network
from api.command.plainly import said_plainly
from api.command.port import address_of, listen
from api.command.unused_memory import collect_seldom, share_heaps
from api.service.settings import Settings
from feeds.background import Lives

log = logging.getLogger("prochain")

_ENDS_WITHIN_S = 15.0
_LOOPBACK = "127.0.0.1"

# Nothing of one process, such as its threads, is in another.
_context = multiprocessing.get_context("spawn")


@dataclass(eq=False)
class _Child:
    name: str
    do: Callable[..., None]
    given: tuple[Any, ...]
    ready: Event = field(default_factory=_context.Event)
    process: SpawnProcess | None = None
    started_at: float = 0.0
    lives: Lives = field(default_factory=Lives)
    again_at: float = 0.0

    def start(self) -> None:
        self.process = _context.Process(target=_run, args=(self.do, self.ready, self.given), name=self.name)
        self.started_at = time.monotonic()
        self.process.start()


def serve_by_processes(network: Network, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; whichever process dies is started again, and the others go on."""
    settings = _plain(network.settings)
    with tempfile.TemporaryDirectory(prefix="prochain-") as folder:
        views = Path(folder)
        children, engine = list[_Child](), settings.engine
        if settings.role != "api":
            # The port that workers hand on to is the parent's: an engine started again answers at the same one.
            doors = listen(_LOOPBACK, 0)
            engine = address_of(doors)
            trusted = settings.model_copy(update={"trusted_proxies": [*settings.trusted_proxies, _LOOPBACK]})
            follows = replace(network, settings=trusted)
            children.append(_Child("engine", _follow, (follows, doors, address_of(listening), views)))
        for number in range(1, settings.workers + 1):
            children.append(_Child(f"worker {number}", _answer, (settings, listening, engine, views)))
        try:
            _watch_over(children)
        finally:
            _end(children)


def _watch_over(children: list[_Child]) -> None:
    for child in children:
        child.start()
    is_said = False
    while True:
        alive = [child.process.sentinel for child in children if child.process is not None]
        wait(alive, timeout=0.2 if not is_said else 1.0)
        if not is_said and all(child.ready.is_set() for child in children):
            is_said = True
            print("  Ctrl-C ends it.", flush=True)
        now = time.monotonic()
        for child in children:
            if child.process is None:
                if now >= child.again_at:
                    child.start()
            elif not child.process.is_alive():
                _mourn(child, now)


def _mourn(child: _Child, now: float) -> None:
    """Have it started again, less and less often. Errors: typer.Exit for one that cannot begin, and has
    said why."""
    code = child.process.exitcode if child.process else None
    if code == 1 and not child.ready.is_set():
        raise typer.Exit(1)
    pause_s = child.lives.pause_s(now - child.started_at)
    child.process, child.again_at = None, now + pause_s
    log.error("The process of %s has died (exit code %s); it is started again in %.0f s.", child.name, code, pause_s)


def _end(children: list[_Child]) -> None:
    living = [child.process for child in children if child.process is not None and child.process.is_alive()]
    for process in living:
        process.terminate()
    until = time.monotonic() + _ENDS_WITHIN_S
    for process in living:
        process.join(max(until - time.monotonic(), 0.1))
        if process.is_alive():
            process.kill()
            process.join(1.0)


def _run(do: Callable[..., None], ready: Event, given: tuple[Any, ...]) -> None:
    """What a process does."""
    collect_seldom()
    share_heaps()
    Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        with said_plainly():
            do(ready, *given)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _follow(ready: Event, network: Network, listening: socket.socket, base: str, views: Path) -> None:
    from api.command.answering import follow_network
    from api.service.exchange import exchange_of

    log_to_stderr(network.settings.log_format, network.settings.network)
    follow_network(network, listening, base, exchange_of(network.settings, views), ready.set)


def _answer(ready: Event, settings: Settings, listening: socket.socket, engine: str | None, views: Path) -> None:
    from api.command.answering import answer_readers
    from api.service.exchange import exchange_of

    log_to_stderr(settings.log_format, settings.network)
    answer_readers(settings, listening, exchange_of(settings, views), engine, ready.set)


def _plain(settings: Settings) -> Settings:
    """The same settings, of a class that other processes know."""
    return Settings.model_construct(**{name: getattr(settings, name) for name in Settings.model_fields})
