"""Which processes serve a network: this one all of it, or a part of it, or several on this machine."""

from __future__ import annotations

from contextlib import ExitStack

from api.command.network import Network
from api.command.port import address_of, listen
from api.service.settings import ConfigurationError


def serve_network(network: Network) -> None:
    """Serve it as its settings say, until SIGINT or SIGTERM. Errors: ConfigurationError, FeedError."""
    settings = network.settings
    if settings.role != "all" and settings.redis is None:
        raise ConfigurationError(
            f"role = {settings.role!r} needs redis, where the engine's views are published, such as "
            "--redis redis://localhost:6379; on one machine --workers N does without."
        )
    listening = listen(settings.host, settings.port)
    with ExitStack() as held:
        network = network.with_streets(held)
        settings = network.settings
        if settings.workers:
            from api.command.processes import serve_by_processes

            serve_by_processes(network, listening)
            return
        from api.command.answering import answer_readers, follow_network
        from api.service.exchange import exchange_of

        if settings.role == "api":
            answer_readers(settings, listening, exchange_of(settings), settings.engine)
        else:
            exchange = exchange_of(settings) if settings.role == "engine" else None
            follow_network(network, listening, address_of(listening), exchange)
