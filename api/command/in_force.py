"""What is set, and by whom: for whoever wonders why a service does what it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from api.service.live import cache_folder, data_folder, model_file
from api.service.settings import Settings, origins, read_settings
from feeds.sources.public_address import public_place


def settings_in_force(config: Path | None) -> Iterator[tuple[str, str, str]]:
    """Each setting's name, value and origin. Secrets are not told, nor what addresses hold besides host and path.

    Errors: ConfigurationError.
    """
    settings, given = read_settings(config), origins(config)
    folders = _default_folders(settings)
    for name in Settings.model_fields:
        value = folders.get(name) or getattr(settings, name)
        yield name, _told(name, value), given.get(name, "default")


def _default_folders(settings: Settings) -> dict[str, Path | None]:
    """Folders that are not set have one that depends on the user and the feed."""
    if settings.gtfs is None:
        return {"cache_dir": cache_folder(settings)}
    return {"cache_dir": cache_folder(settings), "model": model_file(settings), "data_dir": data_folder(settings)[0]}


def _told(name: str, value: Any) -> str:
    if value in (None, ""):
        return "none"
    if isinstance(value, SecretStr):
        return "(a secret)"
    if name in ("headers", "feed_headers", "desk_tokens", "networks"):
        return json.dumps(_without_values(value), ensure_ascii=False)
    if isinstance(value, str | Path):
        return public_place(str(value))
    if name == "further_feeds":
        return json.dumps([f"{feed.feed}: {public_place(feed.address)}" for feed in value], ensure_ascii=False)
    if isinstance(value, list):
        return json.dumps([public_place(part) for part in value], ensure_ascii=False)
    return value.model_dump_json() if isinstance(value, BaseModel) else json.dumps(value)


def _without_values(table: dict[str, Any]) -> dict[str, Any]:
    return {name: _without_values(part) if isinstance(part, dict) else "…" for name, part in table.items()}
