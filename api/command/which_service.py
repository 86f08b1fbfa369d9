"""The options by which a command is told which service is meant, and where that keeps what must not be lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.command.plainly import databases_said_plainly, said_plainly

Config = Annotated[Path | None, typer.Option(help="TOML configuration; prochain.toml where there is one.")]
GtfsOfService = Annotated[str | None, typer.Option(help="GTFS feed whose service is meant, where none is configured.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder of what must not be lost: disruptions, and what became of each departure.", show_default=False
    ),
]


@contextmanager
def what_is_kept(config: Path | None, gtfs: str | None, data_dir: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """The data folder of a service, and the file of what it has learned; what goes wrong with them in this context is
    said in one message."""
    with said_plainly(), databases_said_plainly():
        from api.service.live import data_folder, model_file
        from api.service.settings import ConfigurationError, read_settings

        settings = read_settings(config, gtfs=gtfs, data_dir=data_dir)
        folder, why_none = data_folder(settings)
        if folder is None:
            raise ConfigurationError(why_none)
        yield folder, model_file(settings)
