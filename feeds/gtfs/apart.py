"""Making a large feed's timetable in a process of its own, for a service: its readers never wait for it, and the memory
that it takes, several times what the timetable keeps, is given back whole."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from feeds.errors import FeedError
from feeds.gtfs.archive import GtfsArchive
from feeds.timetable_cache import write_cached

LARGE_BYTES = 2_000_000
"""Size of a zip from which on another process pays: starting one takes a second."""


def make_apart(archive: GtfsArchive, cache: Path) -> bool:
    """Put the feed's timetable into `cache`; False where it cannot be kept there. Errors: FeedError, as in
    `build_timetable`, and where the process ended before it was done."""
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
