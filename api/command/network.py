"""Which network is served, as it is handed to the process whose engine follows it; and by which processes: this one all
of it, or a part of it, or several on this machine."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from api.command.port import address_of, listen
from api.command.progress import progress
from api.service.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    from api.service.service import Service


@dataclass(frozen=True)
class Network:
    """A live one, a recorded day of one, or the demo."""

    kind: Literal["live", "recorded", "demo"]
    settings: Settings
    speed: float = 1.0
    recording: Path | None = None
    at: str | None = None
    """Local time at which the recorded day begins."""
    shown_token: str | None = None
    """The desk's, made for this start, to be told to whoever starts it."""

    def with_streets(self, held: ExitStack) -> Network:
        """With the streets beneath its map where it is the demo and none are set, in a file until `held` ends."""
        if self.kind != "demo" or self.settings.map_tiles is not None:
            return self
        from api.service.demo import demo_ground
        from feeds.simulator import Simulator

        ground = demo_ground(Path(held.enter_context(TemporaryDirectory())), Simulator())
        return replace(self, settings=self.settings.model_copy(update={"map_tiles": ground}))

    def service(self, held: ExitStack) -> tuple[Service, Path | None, str]:
        """The service; the folder of what must not be lost, held until `held` ends; why nothing can be written there.
        Errors: ConfigurationError, FeedError."""
        from feeds.storage.sole_writer import sole_keeper, sole_writer

        settings = self.settings
        if self.kind == "live":
            from api.service.live import data_folder, held_or_done_without, live_service, model_file
            from feeds.sources.public_address import public_place

            data = held.enter_context(held_or_done_without(*data_folder(settings)))
            held.enter_context(sole_keeper(model_file(settings)))
            of = settings.gtfs
            with progress(f"Reading the timetable of {public_place(of)}") if of else nullcontext():
                return live_service(settings, data), data.path or data.read_only, data.fault
        held.enter_context(sole_writer(settings.data_dir))
        if self.recording is not None:
            from api.service.playback import recorded_service

            with progress("Following the vehicles up to then") as done:
                return recorded_service(settings, self.recording, self.at, self.speed, done), settings.data_dir, ""
        from api.service.demo import demo_service

        with progress("Waking the demo town up") as done:
            return demo_service(settings, self.speed, done), settings.data_dir, ""


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
