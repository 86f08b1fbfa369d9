"""An engine and two processes that answer readers, each of its own, over a real Redis."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import IO, Any, Protocol

from api.service.playback import WARM_UP_S

ROOT = Path(__file__).parents[2]
TOKEN = "a token for the desk"  # noqa: S105
WORKERS = ("worker 1", "worker 2")


class Running(Protocol):
    """A process and what it says."""

    stdout: IO[str] | None

    def kill(self) -> None:
        """See `Popen`."""

    def wait(self) -> int:
        """See `Popen`."""


def _anew(
    arguments: Sequence[str], folder: Path, settings: Mapping[str, str], changed: Mapping[str, float]
) -> subprocess.Popen[str]:
    places = [(*place.split(":"), value) for place, value in changed.items()]
    changes = [f"import {module}; {module}.{name} = {value}" for module, name, value in places]
    program = "; ".join([*changes, "from api.command.cli import app; app()"])
    return _started([sys.executable, "-c", program, *arguments], folder, {**settings, "PYTHONPATH": str(ROOT)})


def _started(command: Sequence[str], folder: Path, settings: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
        env={**os.environ, **settings, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


class Site:
    """Processes by name (`redis`, `engine`, `worker 1`, `worker 2`), and their addresses."""

    def __init__(
        self, folder: Path, held: ExitStack, speed: str = "1", warm_up_s: float = WARM_UP_S,
        prochain: Callable[[Sequence[str], Path, Mapping[str, str], Mapping[str, float]], Running] = _anew,
    ) -> None:  # fmt: skip
        """Parameters: `folder`: for what they write; `held`: where it ends, they do; `speed`: of the demo's clock;
        `warm_up_s`: how long the engine has followed the demo before it answers; `prochain` starts one with arguments,
        in a folder, with environment variables, and with constants changed by "module:NAME"."""
        self._folder, self._held, self._speed, self._warm_up_s = folder, held, speed, warm_up_s
        self._prochain = prochain
        self.running: dict[str, Running] = {}
        self.at = {name: f"http://127.0.0.1:{free_port()}" for name in ("engine", *WORKERS)}

    def start(self, name: str) -> None:
        """Start a process, and wait until it answers."""
        path = self._folder / "redis.sock"
        redis = f"unix://{path}"
        process: Running
        if name == "redis":
            until = "eady to accept"
            command = [
                "redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(self._folder),
            ]  # fmt: skip
            process = _started(command, self._folder, {})
        else:
            until, changed = "Ctrl-C ends it", dict[str, float]()
            role = ["serve", "--role", "api", "--engine", self.at["engine"]]
            if name == "engine":
                role = ["demo", "--role", "engine", "--speed", self._speed]
                changed = {"api.service.demo:WARM_UP_S": self._warm_up_s}
            settings = {
                "PROCHAIN_DESK_TOKEN": TOKEN, "XDG_CACHE_HOME": str(self._folder / "cache"),
                "PROCHAIN_TRUSTED_PROXIES": '["127.0.0.1"]',
            }  # fmt: skip
            asked = [*role, "--redis", redis, "--port", self.at[name].rpartition(":")[2]]
            process = self._prochain(asked, self._folder, settings, changed)
        self._held.callback(_killed, process)
        self.running[name] = process
        said = ""
        for line in process.stdout or ():
            said += line
            if until in line:
                break
        else:
            raise RuntimeError(f"{name} ended: {said}")
        if process.stdout:
            # What else it says must not fill the pipe.
            Thread(target=process.stdout.read, daemon=True).start()

    def kill(self, name: str) -> None:
        """End a process as a power cut does."""
        _killed(self.running.pop(name))

    def get(self, name: str, path: str) -> Any:
        """What a process answers."""
        with urllib.request.urlopen(self.at[name] + path, timeout=60.0) as answer:  # noqa: S310
            return json.loads(answer.read())

    def faults(self, name: str) -> list[str]:
        """What a process says is wrong."""
        found: list[str] = self.get(name, "/readyz")["faults"]
        return found


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _killed(process: Running) -> None:
    process.kill()
    process.wait()
