"""The timetable that the service went on with last, kept for its next start: what an address serves then may be a feed
that takes live times away, or none at all."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from api.service.timetable_fit import LEAST_SHARE, WaitingTimetable, fit_of, trips_of_today
from feeds.background import Queued
from feeds.errors import FeedError
from feeds.gtfs.kept_zip import copy_zip, kept_zip
from feeds.storage.whole_file import regular, whole_file
from feeds.timetable import load_timetable
from feeds.timetable_cache import cached_path, read_cached, write_cached
from predictor.timetable import Timetable

FOLDER = "timetable"
"""Name of its folder among other data."""
_FILE = "accepted.json"

log = logging.getLogger("prochain")


class AcceptedTimetable:
    """Keeps it in `folder`, for the feed at one path or address; `fault` tells why it is not kept, "" where it is."""

    def __init__(self, folder: Path, gtfs: str, cache_dir: Path | None = None) -> None:
        """`cache_dir`: where the zip lies that a timetable was made of; it is kept too."""
        self.fault = ""
        self._cache_dir = cache_dir
        self._folder = folder
        # Addresses hold keys.
        self._address = hashlib.sha256(gtfs.encode()).hexdigest()
        self._kept = ""
        self.work: Queued[Timetable] = Queued("accepted-timetable", self._write, room=8)
        """Its thread."""

    def read(self) -> Timetable | None:
        """What was kept, None where nothing was, or it was of another address. What another version of the software
        wrote, or what is damaged, is made anew of the feed's zip."""
        try:
            note = json.loads(regular(self._folder / _FILE).read_text())
            version = str(note["version"]) if note["address"] == self._address else ""
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s: cannot be read (%s).", self._folder / _FILE, error)
            return None
        if not version:
            return None
        cached = read_cached(self._folder, version)
        self._kept = version if cached else ""
        return cached[0] if cached else self._made_anew(version)

    def _made_anew(self, version: str) -> Timetable | None:
        path = kept_zip([self._folder], version)
        if path is None:
            return None
        try:
            # That of a feed that was a folder has other bytes than its tables.
            return replace(load_timetable(path, cache_dir=None).timetable, feed_version=version)
        except FeedError as error:
            log.warning("%s: the timetable accepted last cannot be made anew (%s).", path, error)
            return None

    def keep(self, timetable: Timetable) -> None:
        """Have this kept soon: the service goes on with it."""
        if not self.work.offer(timetable.base):
            self.fault = f"The timetable in use cannot be kept: {self.work.error or 'too much waits to be written'}."

    def stop(self) -> None:
        """Write what is waiting, and end."""
        self.work.stop(30.0)

    def _write(self, timetable: Timetable) -> None:
        version = timetable.feed_version
        # An earlier version kept no zip.
        if version == self._kept and (self._cache_dir is None or kept_zip([self._folder], version)):
            return
        try:
            if not write_cached(self._folder, timetable, (), keep_all=True):
                raise OSError(f"{self._folder}: cannot be written")
            with whole_file(self._folder / _FILE) as unfinished:
                unfinished.write_text(json.dumps({"address": self._address, "version": version}))
            for path in self._folder.glob("timetable-*.npz"):
                if path != cached_path(self._folder, version):
                    path.unlink(missing_ok=True)
            if self._cache_dir:
                copy_zip(self._cache_dir, self._folder, version)
        except OSError as error:
            self.fault = f"The timetable in use cannot be kept for the next start ({error}); check the disk."
            log.warning("%s", self.fault)
        else:
            self._kept, self.fault = version, ""


@dataclass(frozen=True)
class First:
    """What a service starts with."""

    timetable: Timetable
    waiting: WaitingTimetable | None = None
    """What the address serves, where that is not taken without a word."""
    refused: str = ""
    """Why what the address serves could not be had or used."""


def first_timetable(kept: Timetable | None, load: Callable[[], Timetable], *, take_any: bool) -> First:
    """The timetable to start with: the one that `load` gives, unless much of `kept` would be lost by it.

    `take_any`: whatever can be read is taken. Errors: FeedError of `load`, where nothing was kept.
    """
    try:
        new = load()
    except FeedError as error:
        if kept is None:
            raise
        log.warning("GTFS: %s Going on with the timetable accepted before, %.12s.", error, kept.feed_version)
        return First(kept, refused=f"{error} The timetable accepted before the start stays.")
    if kept is None or take_any or kept.feed_version == new.feed_version:
        return First(new)
    now = time.time()
    none = np.empty(0, np.str_)
    fit = fit_of(kept, new, now, none, 0)
    # Whether new names are those that vehicles use is known once these report.
    today = trips_of_today(kept, now)
    renamed = not fit.losses and len(today) > 0 and np.isin(today, new.trip_id).mean() < LEAST_SHARE
    if not fit.losses and not renamed:
        return First(new)
    waiting = WaitingTimetable(new, fit, unproven=renamed)
    log.warning("GTFS: %s", waiting.reason)
    return First(kept, waiting)
