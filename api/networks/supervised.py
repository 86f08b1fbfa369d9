"""The process of one network: started again whenever it ends, and ended where it answers no more."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from api.answers.forwarding import Forwarding, UnreachableError
from feeds.background import Lives

_LOOK_S = 2.0
_HUNG_S = 60.0
_END_WITHIN_S = 10.0

log = logging.getLogger("prochain")


class SupervisedNetwork:
    """One network and its process, which listens on a socket of its own."""

    def __init__(self, name: str, command: Sequence[str], socket: Path) -> None:
        """`command`: by which it is started; it ends with its standard input."""
        self.name, self.title = name, name
        """`title`: what riders call it, as its timetable says, its name before that is read."""
        self.health: dict[str, Any] | None = None
        """What its `/readyz` said last, None while it does not answer."""
        self.ready = False
        self.starts = 0
        self.forwarding = Forwarding(socket)
        self._command, self._socket = command, socket
        self._process: asyncio.subprocess.Process | None = None
        self._heard_at = 0.0
        """By the event loop's clock, 0 where it has not been heard of since it was started."""

    @property
    def status(self) -> str:
        """`ok`, `degraded`, `down`, or `starting`."""
        return str(self.health["status"]) if self.health and self.ready else "starting"

    async def keep(self) -> None:
        """Start it, and start it again, until cancelled: then it is ended."""
        clock, lives = asyncio.get_running_loop().time, Lives()
        while True:
            began = clock()
            ended = await self._run()
            wait_s = lives.pause_s(clock() - began)
            log.error("The network %s ended (%s): it is started again in %.0f s.", self.name, ended, wait_s)
            await asyncio.sleep(wait_s)

    async def watch(self) -> None:
        """Ask it how it is, until cancelled; one that has answered and does no more is ended."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_LOOK_S)
            with suppress(UnreachableError, ValueError, KeyError):
                await self._look()
                if self.health and self.health["status"] != "down":
                    self._heard_at = clock()
            if self._heard_at and clock() > self._heard_at + _HUNG_S and self._process:
                log.error("The network %s has not answered for %.0f s: its process is ended.", self.name, _HUNG_S)
                self._forget()
                with suppress(ProcessLookupError):
                    self._process.kill()

    async def _look(self) -> None:
        status, body = await self.forwarding.ask("/readyz")
        self.health, self.ready = json.loads(body), status == 200
        if self.ready and self.title == self.name:
            _, manifest = await self.forwarding.ask("/manifest.webmanifest")
            self.title = str(json.loads(manifest)["short_name"])

    async def _run(self) -> str:
        """One life of the process. Returns how it ended."""
        try:
            self._socket.unlink(missing_ok=True)
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
                env={**os.environ, "PROCHAIN_NETWORK": self.name},
                # What is typed at the terminal is for us: we end it.
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return f"cannot be started: {error.strerror}"
        self._process, self.starts = process, self.starts + 1
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _ended(process)
            raise
        finally:
            self._process = None
            self._forget()
        return signal.Signals(-code).name if code < 0 else f"status {code}"

    def _forget(self) -> None:
        self.health, self.ready, self._heard_at = None, False, 0.0


async def _ended(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _END_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()
