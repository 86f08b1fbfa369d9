"""Archives an operator's feeds as Parquet by day, so that a crash loses a minute at most.

What is new is put down every minute as a small part, `vehicle_positions_2026-03-16/part-….parquet`; when the day (UTC,
by time of receipt) is over, or the recorder is closed, the parts become `vehicle_positions_2026-03-16.parquet`.
Messages are kept as they came in, vehicle positions also as reports, each once. Ids stay the text that they are, so no
timetable is needed. `recording.py` reads all of it, parts included.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from feeds.background import Repeated
from feeds.bounded_unpacking import unpacked
from feeds.errors import FeedError
from feeds.messages.kinds import VEHICLE_MESSAGES, VEHICLE_POSITIONS, feeds_in, served_as
from feeds.messages.message import MAX_MESSAGE_BYTES, decode_message, header_timestamp
from feeds.recordings.messages_parquet import SCHEMA as MESSAGES
from feeds.recordings.messages_parquet import digest_of
from feeds.recordings.reports_parquet import SCHEMA, read_reports, table_of
from feeds.sources.source import Source
from feeds.storage.daily_parquet import DailyParquet
from feeds.storage.sole_writer import sole_writer
from feeds.vehicle_positions.decoding import FEED
from feeds.vehicle_positions.reports import Reports, reports_of, vehicle_names
from predictor.arrays import Int64Array


class MessageRecorder(DailyParquet):
    """Takes messages in, one after another in order of time. One that says the same as that before it takes a few bytes
    (`messages_parquet.py`). Not to be shared between threads or processes."""

    def __init__(self, folder: Path, feed: str) -> None:
        """Go on in `folder`, where an earlier recorder may have stopped or crashed. Errors: FeedError.

        Parameters: `feed` names the files, such as "trip_updates".
        """
        super().__init__(folder, feed, MESSAGES)
        self._feed = feed
        self._last = ("", b"")
        """Day and digest of the last message: each day's file stands by itself."""

    def write(self, data: bytes, received_at: float) -> int:
        """Archive a message; 1 where it says something new, else 0.

        Errors: FeedError where it is no message (see `feeds.messages.message`), or nothing can be written.
        """
        message = decode_message(data, self._feed)
        day = datetime.fromtimestamp(received_at, UTC).date().isoformat()
        last, self._last = self._last, (day, digest_of(message))
        new = self._last != last
        plain = unpacked(data, MAX_MESSAGE_BYTES, self._feed)
        header = message.header
        row = {
            "received_at": [received_at],
            "header_timestamp": [header.timestamp if header.HasField("timestamp") else None],
            "digest": [self._last[1]],
            "message": [plain if new else None],
        }
        self.append(pa.table(row, MESSAGES), day, received_at)
        return int(new)


_LOOK_S = 0.2
"""How often it is looked whether to end."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recorded:
    """What a stretch of recording came to."""

    polls: int
    failed_polls: int
    archived: Mapping[str, int]
    """Of each feed: vehicle reports, or messages that said something new."""


class _Poll(NamedTuple):
    feed: str
    answered_at: float
    answer: bytes | FeedError | None
    """None where nothing is new."""


def record(
    sources: Mapping[str, Source], folder: Path, every_s: float, stopping: Event, clock: Callable[[], float] = time.time
) -> Recorded:
    """Poll each feed's source every `every_s` seconds and archive what is new until `stopping`; then close the day.

    What an address serves is archived as the feed that it is (`feeds.messages.kinds`), whichever it was given as.
    A poll that fails is logged and counted, and the next one is made all the same. Each feed is polled in a thread of
    its own, which is not waited for: an answer that never ends holds up neither the other feeds nor the end.
    Errors: FeedError where another process writes to `folder`, or nothing can be written there.
    """
    polls = failed = 0
    answers: SimpleQueue[_Poll] = SimpleQueue()
    with sole_writer(folder):
        archive = _Archive(sources, folder)
        polling = [
            Repeated(f"poll-{feed}", partial(_poll, feed, source, clock, answers), every_s, first_s=0.0, steady=True)
            for feed, source in sources.items()
        ]
        for poller in polling:
            poller.start()
        flush_at = clock()
        try:
            while not (stopping.is_set() and answers.empty()):
                try:
                    poll = answers.get(timeout=_LOOK_S)
                    polls += 1
                    archive.take(poll)
                except Empty:
                    pass
                except FeedError as error:
                    failed += 1
                    _log.warning("%s", error)
                for poller in polling:
                    poller.revive(time.monotonic())
                if clock() >= flush_at:
                    flush_at = clock() + every_s
                    archive.flush_when_due(clock())
        finally:
            stopping.set()
            for poller in polling:
                poller.stop(0.0)
            archive.close()
    return Recorded(polls, failed, archive.taken)


def _poll(feed: str, source: Source, clock: Callable[[], float], answers: SimpleQueue[_Poll]) -> None:
    answer: bytes | FeedError | None
    try:
        answer = source.fetch(clock())
    except FeedError as error:
        answer = error
    except Exception as error:
        _log.exception("%s: polling failed", feed)
        answer = FeedError(f"{source.name}: unexpected {type(error).__name__}: {error}; see the log.")
    answers.put(_Poll(feed, clock(), answer))


class _Archive:
    """What addresses serve, each archived as the feed that it is."""

    def __init__(self, sources: Mapping[str, Source], folder: Path) -> None:
        self._folder = folder
        self._addresses = {feed: source.name for feed, source in sources.items()}
        self._holds: dict[str, frozenset[str]] = dict.fromkeys(sources, frozenset())
        self._recorders = {feed: recorders_of(feed, folder) for feed in sources}
        self.taken = dict.fromkeys(sources, 0)

    def take(self, poll: _Poll) -> None:
        """Archive an answer. Errors: FeedError where it is none, cannot be used or cannot be written."""
        if isinstance(poll.answer, FeedError):
            raise poll.answer
        if poll.answer is None:
            return
        held = feeds_in(decode_message(poll.answer, poll.feed))
        self._holds[poll.feed] = held or self._holds[poll.feed]
        feed = served_as(self._holds, self._addresses)[poll.feed]
        if feed not in self._recorders:
            self._recorders[feed], self.taken[feed] = recorders_of(feed, self._folder), 0
        # Of addresses in the wrong order each is known once both have answered.
        if not held or feed in held:
            new = [recorder.write(poll.answer, poll.answered_at) for recorder in self._recorders[feed]]
            self.taken[feed] += new[-1]

    def flush_when_due(self, now: float) -> None:
        for recorder in chain.from_iterable(self._recorders.values()):
            try:
                recorder.flush_when_due(now)
            except FeedError as error:
                _log.warning("%s", error)

    def close(self) -> None:
        """Close all days; what goes wrong is told at the end, when the others are safe. Errors: FeedError."""
        errors = []
        for recorder in chain.from_iterable(self._recorders.values()):
            try:
                recorder.close()
            except FeedError as error:
                errors.append(str(error))
        if errors:
            raise FeedError(" ".join(errors))


class Recorder(DailyParquet):
    """Archives vehicle positions, message after message in order of time. Not to be shared between threads or
    processes."""

    def __init__(self, folder: Path, *, flush_rows: int = 100_000) -> None:
        """Go on in `folder`, where an earlier recorder may have stopped or crashed. Errors: FeedError."""
        super().__init__(folder, VEHICLE_POSITIONS, SCHEMA, flush_rows=flush_rows)
        self._newest: dict[str, float] = {}
        for path in self.latest():
            try:
                self._news(read_reports(path, only_last=True))
            except FeedError as error:
                _log.warning("%s It is left as it is.", error)

    def write(self, data: bytes, received_at: float) -> int:
        """Archive the reports of a message that were not in an earlier one; how many they were.

        A report without timestamp is dated by the feed, else by `received_at` (POSIX seconds).
        Errors: FeedError where the message cannot be used (see `feeds.messages.message`), or nothing can be written.
        """
        message = decode_message(data, FEED)
        header = header_timestamp(message, received_at, FEED)
        reports = reports_of(message)[0]
        at = reports.number["timestamp"]
        undated = float(np.fmin(header, received_at))
        reports = Reports(reports.text, {**reports.number, "timestamp": np.where(np.isnan(at), undated, at)})
        reports = reports.take(self._news(reports))
        if len(reports):
            day = datetime.fromtimestamp(received_at, UTC).date().isoformat()
            self.append(table_of(reports), day, received_at)
        return len(reports)

    def _news(self, reports: Reports) -> Int64Array:
        """Rows newer than what is archived of their vehicle, each report once; oldest first."""
        names, at = vehicle_names(reports), reports.number["timestamp"]
        before = np.fromiter((self._newest.get(name, -np.inf) for name in names), np.float64, len(names))
        _, first = np.unique(
            np.array([f"{name}\0{t}" for name, t in zip(names, at.tolist(), strict=True)]), return_index=True
        )
        rows = first[at[first] > before[first]]
        rows = rows[np.argsort(at[rows], kind="stable")]
        self._newest.update((names[row], float(at[row])) for row in rows.tolist())
        return rows


def recorders_of(feed: str, folder: Path) -> list[MessageRecorder | Recorder]:
    """Those that archive a feed, going on in `folder`. Vehicle positions twice: as the messages that they came in,
    which a replay plays as they were received, and as reports, each once, for whoever studies or learns from them. Both
    take about the same room. Errors: FeedError."""
    if feed == VEHICLE_POSITIONS:
        return [MessageRecorder(folder, VEHICLE_MESSAGES), Recorder(folder)]
    return [MessageRecorder(folder, feed)]
