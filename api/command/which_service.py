"""The options by which a command is told which service is meant, and where that keeps what must not be lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option(help="TOML configuration; prochain.toml where there is one.")]
GtfsOfService = Annotated[str | None, typer.Option(help="GTFS feed whose service is meant, where none is configured.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder of what must not be lost: disruptions, and what became of each departure.", show_default=False
    ),
]


def what_is_kept(config: Path | None, gtfs: str | None, data_dir: Path | None) -> tuple[Path, Path | None]:
    """The data folder of a service, and the file of what it has learned. Errors: ConfigurationError."""
    from api.service.live import data_folder, model_file
    from api.service.settings import ConfigurationError, read_settings

    settings = read_settings(config, gtfs=gtfs, data_dir=data_dir)
    folder, why_none = data_folder(settings)
    if folder is None:
        raise ConfigurationError(why_none)
    return folder, model_file(settings)
