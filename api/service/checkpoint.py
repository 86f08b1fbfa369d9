"""Keeps what the engine learns on disk: a crash loses less than a minute of it. The engine never waits."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

from feeds.background import Queued
from feeds.errors import FeedError
from feeds.learned_file import UnreadableError, read_learned, ready_made, write_learned
from feeds.storage.whole_file import set_aside
from predictor.learned import Learned

EVERY_S = 45.0

log = logging.getLogger("prochain")


class Checkpoint:
    """The file at `path`: read at the start, written in a thread of its own. `errors` counts writes that failed."""

    def __init__(self, path: Path, every_s: float = EVERY_S) -> None:
        self.path = path
        self.errors = 0
        self.fault = ""
        """What was wrong with the file at the start."""
        self.write_fault = ""
        """Why it is not written now, "" where it is."""
        self._left_alone = False
        self._every_s = every_s
        self._offered_at = time.monotonic()
        self.work = Queued("checkpoint", self._write, room=1)
        """Its thread."""

    def read(self) -> Learned:
        """What was kept; the package's own network where there is nothing, or nothing of use."""
        try:
            learned = read_learned(self.path)
        except UnreadableError as error:
            # It may hold months: neither put it away nor write over it.
            self._left_alone = True
            self.fault = f"{error} It is left as it is; until the next start what is learned is not kept."
            log.warning("%s", self.fault)
            return ready_made()
        except FeedError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return ready_made()
            return self.set_aside(str(error))
        if learned.net is None:
            return replace(learned, net=ready_made().net)
        return learned

    def set_aside(self, reason: str) -> Learned:
        """Begin anew, without the file: the next write would replace it, and whoever can mend it shall find it."""
        try:
            aside = set_aside(self.path).name
        except OSError as error:
            aside = f"nothing ({error})"
        self.fault = f"{reason} It was set aside as {aside}; learning begins anew."
        log.warning("%s", self.fault)
        return ready_made()

    @property
    def due(self) -> bool:
        """Whether it is time for `offer`."""
        return time.monotonic() - self._offered_at >= self._every_s

    def offer(self, learned: Learned) -> None:
        """Have this written soon; what is still waiting is dropped for it."""
        self._offered_at = time.monotonic()
        if self._left_alone:
            return
        self.work.drop_waiting()
        self.work.offer(learned)

    def stop(self) -> None:
        """Write what is waiting, and end."""
        self.work.stop(30.0)

    def _write(self, learned: Learned) -> None:
        try:
            write_learned(self.path, learned)
        except OSError as error:
            self.errors += 1
            self.write_fault = (
                f"What was learned cannot be kept at {self.path} ({error.strerror or error}); check the disk."
            )
            log.warning("%s", self.write_fault)
        else:
            self.write_fault = ""
