"""Processes of `prochain` that are copies of one which has read all its modules and compiled loops: each would take
seconds for it.

Tests that start some are two groups of pytest-xdist, so that two workers read them for all: those with a browser, and
the others."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

_READ = [
    "api.app", "api.command.network", "api.command.listening", "api.command.answering", "api.service.demo",
    "api.service.live", "api.service.playback", "feeds.recordings.recorder", "feeds.timetable", "uvicorn",
    "tests.loops_read",
]  # fmt: skip
_copies = multiprocessing.get_context("forkserver")
_copies.set_forkserver_preload(_READ)


class CommandProcess:
    """`prochain` with some arguments, as a process of its own: what tests ask of a `subprocess.Popen`."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, settings: Mapping[str, str] | None = None,
        changed: Mapping[str, float] | None = None, *, ignores_sigint: bool = False,
    ) -> None:  # fmt: skip
        """Parameters: `folder`: where it works; `settings`: environment variables beside those of this process;
        `changed`: constants of modules, by "module:NAME"; `ignores_sigint`: as what a shell starts behind."""
        said, says = _copies.Pipe(duplex=False)
        environment = {**os.environ, **(settings or {})}
        self._process = _copies.Process(
            target=_run, args=(list(arguments), str(folder), environment, dict(changed or {}), ignores_sigint, says)
        )
        self._process.start()
        says.close()
        self.stdout: IO[str] | None = os.fdopen(os.dup(said.fileno()))
        """Whatever it says."""
        said.close()

    @property
    def pid(self) -> int:
        """See `Popen`."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """See `Popen`."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """See `Popen`."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """See `Popen`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("prochain", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """See `Popen`."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """See `Popen`."""
        self._process.kill()


def _run(
    arguments: list[str], folder: str, environment: Mapping[str, str], changed: Mapping[str, float],
    ignores_sigint: bool, says: Connection,
) -> None:  # fmt: skip
    for number in (1, 2):
        os.dup2(says.fileno(), number)
    says.close()
    for stream in (sys.stdout, sys.stderr):
        assert hasattr(stream, "reconfigure")
        stream.reconfigure(write_through=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN if ignores_sigint else signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for place, value in changed.items():
        module, _, name = place.partition(":")
        setattr(importlib.import_module(module), name, value)
    sys.argv = ["prochain", *arguments]
    from api.command.cli import app

    app()
