"""The folder of what must not be lost, held by one process; a service of a live network goes on without it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from feeds.storage.sole_writer import UnwritableError, sole_writer

log = logging.getLogger("prochain")


@dataclass(frozen=True)
class DataFolder:
    """Where to keep things."""

    path: Path | None
    """None: nothing is kept."""
    fault: str = ""
    """Why not, "" where that is as it was wanted."""
    read_only: Path | None = None
    """A folder that cannot be written, and may hold what was kept before."""


@contextmanager
def held_or_done_without(folder: Path | None, why_none: str = "") -> Iterator[DataFolder]:
    """Hold the folder; one that cannot be written is no reason to leave riders without boards.

    Parameters: `why_none`: why there is no folder where there is none. Errors: FeedError where another process holds
    it.
    """
    with ExitStack() as held:
        try:
            held.enter_context(sole_writer(folder))
            found = DataFolder(folder, why_none)
        except UnwritableError as error:
            found = DataFolder(None, str(error), folder)
        if found.fault:
            log.error("%s Boards are served from memory.", found.fault)
        yield found
