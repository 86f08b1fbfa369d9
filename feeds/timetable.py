"""The door to GTFS: a feed's path or address in, a `Timetable` out."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from feeds.errors import FeedError, Problem
from feeds.gtfs.archive import MAX_ZIP_BYTES, GtfsArchive, fetched_archive, open_archive
from feeds.gtfs.kept_zip import keep_zip, kept_zip
from feeds.sources.public_address import is_address, place_meant, public_address
from feeds.timetable_cache import (
    Fetched,
    default_cache_dir,
    is_cached,
    read_cached,
    read_fetched,
    write_cached,
    write_fetched,
)
from predictor.timetable import DAY_S, Timetable

if TYPE_CHECKING:
    from feeds.sources.http_source import HttpSource

DEFAULT: Final = Path("~/.cache/prochain")
"""Stands for the user's cache folder (`feeds.timetable_cache.default_cache_dir`)."""

DOWNLOAD_PATIENCE_S = 300.0
UNCHANGED_S = float(DAY_S)
"""So long a server is believed that a feed has not changed."""
LARGE_BYTES = 2_000_000
"""Size of a zip from which on another process pays: starting one takes a second."""


@dataclass(frozen=True, eq=False)
class LoadedTimetable:
    """A timetable and what had to be left out or mended to make it."""

    timetable: Timetable
    problems: tuple[Problem, ...]
    from_cache: bool


def load_timetable(
    source: str | Path,
    *,
    cache_dir: str | Path | None = DEFAULT,
    headers: Mapping[str, str] | None = None,
    patience_s: float | None = None,
    to_be_served: bool = False,
) -> LoadedTimetable:
    """Load a GTFS feed once; see `TimetableSource`."""
    opened = TimetableSource(
        source, cache_dir=cache_dir, headers=headers, patience_s=patience_s, to_be_served=to_be_served
    )
    with closing(opened):
        return opened.load()


class TimetableSource:
    """A GTFS feed that is read, and asked for again: a zip, a folder or an http(s) address.

    An address is asked for its zip only where that has changed since the last time, also before the last start.
    """

    def __init__(
        self,
        source: str | Path,
        *,
        cache_dir: str | Path | None = DEFAULT,
        headers: Mapping[str, str] | None = None,
        patience_s: float | None = None,
        to_be_served: bool = False,
    ) -> None:
        """`cache_dir`: where to keep what was made of feeds, so that the next start is quick; None for nowhere. A
        folder that cannot be written to does no harm. `headers` go with each request to the address's host;
        `patience_s`: how long an address is waited for, by default DOWNLOAD_PATIENCE_S; `to_be_served`: the zip itself
        is kept there too, for others who ask for it (`feeds.gtfs.kept_zip`)."""
        self._to_be_served = to_be_served
        self._patience_s = patience_s
        source = place_meant(str(source))
        self._source = source
        self._headers = headers
        self._address = source if is_address(source) else ""
        folder_given = None if cache_dir is None else Path(cache_dir)
        self._folder = default_cache_dir() if folder_given == DEFAULT else folder_given
        self._http: HttpSource | None = None
        self._refused = ""
        """Why the last that was fetched could not be used."""

    def load(self) -> LoadedTimetable:
        """The feed as it is now. Errors: FeedError where it cannot be used; the message says what to do."""
        loaded = self.newer(time.time())
        if loaded is None:
            known = read_fetched(self._folder, self._address) if self._folder else None
            cached = self._cached(known.digest) if known else None
            if cached:
                return cached
            # What it was made of is gone: the answer has to be given again.
            self.close()
            loaded = self._fetched(self._opened(None), time.time())
        if loaded is None:
            raise FeedError(
                f"{public_address(self._address)}: the server says that nothing is new to the first question."
            )
        return loaded

    def newer(self, now: float) -> LoadedTimetable | None:
        """The feed as it is at `now` (POSIX seconds), None where its server says that nothing has changed. Errors:
        FeedError."""
        if not self._address:
            with open_archive(self._source) as archive:
                return self._made(archive)
        return self._fetched(self._http or self._opened(self._known()), now)

    def close(self) -> None:
        """Close the connection kept open between calls."""
        if self._http:
            self._http.close()
        self._http = None

    def _known(self) -> Fetched | None:
        """What an earlier start fetched, where its timetable is still there."""
        known = read_fetched(self._folder, self._address) if self._folder else None
        if not self._folder or not known or not is_cached(self._folder, known.digest):
            return None
        return known if not self._to_be_served or kept_zip([self._folder], known.digest) else None

    def _opened(self, known: Fetched | None) -> HttpSource:
        # Costs a tenth of a second, which a start from a file need not pay.
        from feeds.sources.http_source import HttpSource

        self._http = HttpSource(
            self._address,
            headers=self._headers,
            validators=known.validators if known else None,
            timeout_s=30.0,
            patience_s=self._patience_s or DOWNLOAD_PATIENCE_S,
            max_bytes=MAX_ZIP_BYTES,
            unchanged_s=UNCHANGED_S,
        )
        return self._http

    def _fetched(self, http: HttpSource, now: float) -> LoadedTimetable | None:
        data = http.fetch(now)
        if data is None:
            if self._refused:
                raise FeedError(self._refused)
            return None
        self._refused = ""
        try:
            with fetched_archive(data, http.name) as archive:
                loaded = self._made(archive)
        except FeedError as error:
            # Told until it is mended, though a faulty feed is fetched but once.
            self._refused = str(error)
            raise
        if self._folder:
            write_fetched(self._folder, self._address, Fetched(archive.digest, dict(http.validators)))
        return loaded

    def _made(self, archive: GtfsArchive) -> LoadedTimetable:
        loaded = self._cached(archive.digest) or self._built(archive)
        if self._folder and self._to_be_served:
            keep_zip(self._folder, archive)
        return loaded

    def _cached(self, digest: str) -> LoadedTimetable | None:
        cached = read_cached(self._folder, digest) if self._folder else None
        return LoadedTimetable(*cached, from_cache=True) if cached else None

    def _built(self, archive: GtfsArchive) -> LoadedTimetable:
        if (
            self._folder
            and self._to_be_served
            and archive.size_bytes() >= LARGE_BYTES
            and _make_apart(archive, self._folder)
        ):
            made = read_cached(self._folder, archive.digest)
            if made:
                return LoadedTimetable(*made, from_cache=False)
        # A second of imports that a start from the cache need not pay.
        from feeds.gtfs.assembly import build_timetable

        timetable, problems = build_timetable(archive)
        if self._folder:
            write_cached(self._folder, timetable, problems)
        return LoadedTimetable(timetable, problems, from_cache=False)


def _make_apart(archive: GtfsArchive, cache: Path) -> bool:
    """Put the feed's timetable into `cache`, made in a process of its own: readers never wait for it, and the memory
    that it takes is given back whole. False where it cannot be kept there. Errors: FeedError, as in `build_timetable`,
    and where the process ended before it was done."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_make, args=(archive, cache, sending), name="prochain-timetable", daemon=True)
    with receiving:
        with sending:
            process.start()
        try:
            outcome = receiving.recv()
        except EOFError as error:
            process.join()
            raise FeedError(
                f"{archive.name}: the process that read it ended with {process.exitcode} before it was done; where the "
                "system ended it, there was too little memory."
            ) from error
        finally:
            process.kill()
            process.join()
    if isinstance(outcome, BaseException):
        raise outcome
    return bool(outcome)


def _make(archive: GtfsArchive, cache: Path, sending: Connection) -> None:
    from feeds.gtfs.assembly import build_timetable

    # Ctrl-C reaches all processes of a terminal; the service ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sending.send(write_cached(cache, *build_timetable(archive)))
    except Exception as error:
        sending.send(error)
