"""Serving many networks: this process in front, one for each network behind it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import typer

from api.command.listening import serve
from api.command.plainly import Signalled
from api.command.port import IN_FILES, address_of, listen
from api.networks.app import networks_app
from api.networks.supervised import SupervisedNetwork
from api.service.settings import ConfigurationError, Settings, settings_by_network


def serve_networks(settings: Settings, config: Path | None) -> None:
    """Serve all of them until SIGINT or SIGTERM. Errors: ConfigurationError."""
    for name, own in settings_by_network(settings, config).items():
        if own.gtfs is None:
            raise ConfigurationError(f"[networks.{name}] has no gtfs: set it to the path or address of its GTFS feed.")
    listening = listen(settings.host, settings.port)
    with TemporaryDirectory(prefix="prochain-") as folder:
        networks = [_supervised(name, config, Path(folder) / f"{name}.socket") for name in settings.networks]
        app = networks_app(networks, trusted_proxies=settings.trusted_proxies, root_path=settings.root_path)
        base = address_of(listening) + settings.root_path
        typer.echo("\n".join(["", f"  {base}/", *(f"  {base}/{name}/" for name in settings.networks), ""]))
        with suppress(Signalled):
            serve(app, listening, lambda: typer.echo("  Ctrl-C ends it."))


def end_with_stdin() -> None:
    """Let this process end as by SIGTERM when whoever started it is gone, however that ended."""

    def wait() -> None:
        # Not by way of sys.stdin: while that waits, Python cannot end by itself.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, name="stdin", daemon=True).start()


def _supervised(name: str, config: Path | None, socket: Path) -> SupervisedNetwork:
    to_start = [sys.executable, sys.argv[0], "serve", "--network", name, "--host", f"{IN_FILES}{socket}"]
    command = [*to_start, "--ends-with-stdin", *(["--config", str(config)] if config else [])]
    return SupervisedNetwork(name, command, socket)
