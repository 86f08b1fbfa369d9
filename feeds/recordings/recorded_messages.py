"""A feed's recorded messages, asked for by time: each is read and decoded when its time comes, without
the time in headers whose time stands, as it would have been taken when it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from feeds.errors import FeedError, Problem, left_out
from feeds.ids.call_numbers import Numbering
from feeds.messages.message import BEHIND_FOR_S, NO_HEADER, Header, header_of
from feeds.messages.standing_headers import LATELY_S, OLD_S, StandingHeader
from feeds.recordings.parquet_archive import SILENCE_LIMIT_S, ParquetArchive
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.arrays import Float64Array
from predictor.named_dates import NamedDates
from predictor.observations import Observations
from predictor.timetable import Timetable

T = TypeVar("T")


class MessageStore(Protocol):
    """Messages in order of receipt."""

    times: Float64Array
    """(n,) POSIX seconds of receipt, ascending."""
    problems: list[Problem]

    def name(self, index: int) -> str:
        """What a message is called when something is wrong with it."""

    def message(self, index: int) -> bytes:
        """A message's bytes. Errors: FeedError."""


class RecordedHeaders:
    """The messages of one feed: asked for in any order, fast in ascending order."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._restart_at(0)
        self.message = lru_cache(maxsize=8)(self._message)
        """See `MessageStore`."""

    def _restart_at(self, index: int) -> None:
        self._watched, self._next = StandingHeader(""), index

    def _message(self, index: int) -> bytes:
        times, data = self._store.times, self._store.message(index)
        if not times[index] - header_of(data).timestamp > OLD_S:
            return data
        # What came before tells whether its time stands.
        first = int(np.searchsorted(times, times[index] - 2.0 * LATELY_S))
        if not first <= self._next <= index:
            self._restart_at(first)
        for earlier in range(self._next, index):
            with suppress(FeedError):
                self._watched.taken_out(self._store.message(earlier), float(times[earlier]))
        self._next = index + 1
        return self._watched.taken_out(data, float(times[index]))


class Received(NamedTuple, Generic[T]):
    """A decoded message and when it was received, POSIX seconds."""

    value: T
    received_at: float


class RecordedMessages(Generic[T]):
    """What cannot be used is left out, told in `problems`, and the message before it stands in, as it does live."""

    def __init__(self, store: MessageStore, decode: Callable[[bytes, Timetable, float], T]) -> None:
        """Parameters: `decode` is given a message's bytes, the timetable to read it by, and when it was received; it
        may raise FeedError."""
        self._store = store
        self._message = RecordedHeaders(store).message
        self._decode = decode
        self._useless: dict[int, str] = {}
        self._decoded = lru_cache(maxsize=4)(self._decoded_anew)
        self._header = lru_cache(maxsize=256)(self._header_of)

    @property
    def problems(self) -> list[Problem]:
        """What was left out so far."""
        return self._store.problems

    @property
    def first_at(self) -> float:
        """When the first message was received, POSIX seconds; inf where there is none."""
        return float(self._store.times.min(initial=np.inf))

    @property
    def last_at(self) -> float:
        """When the last message was received, POSIX seconds; -inf where there is none."""
        return float(self._store.times.max(initial=-np.inf))

    def latest(self, now: float, timetable: Timetable, since: float = -np.inf) -> Received[T] | None:
        """The newest message that can be used, received from `since` to `now`; None where there is none."""
        times = self._store.times
        begin, end = np.searchsorted(times, since), np.searchsorted(times, now, side="right")
        for index in range(int(end) - 1, int(begin) - 1, -1):
            if index in self._useless or self._is_behind(index):
                continue
            if (value := self._decoded(index, timetable)) is not None:
                return Received(value, float(times[index]))
        return None

    def _is_behind(self, index: int) -> bool:
        """Whether a message that came shortly before it is newer."""
        first = int(np.searchsorted(self._store.times, self._store.times[index] - BEHIND_FOR_S, side="right"))
        earlier = map(self._header, range(first, index))
        return any(not other.is_all and self._header(index).is_behind(other) for other in earlier)

    def _header_of(self, index: int) -> Header:
        try:
            return header_of(self._message(index))
        except FeedError:
            return NO_HEADER

    def health_at(self, now: float, timetable: Timetable) -> tuple[float, str]:
        """When the newest usable message by `now` was received, POSIX seconds, NaN where there is none; and why a newer
        one cannot be used, empty where it can."""
        latest = self.latest(now, timetable)
        newest = int(np.searchsorted(self._store.times, now, side="right")) - 1
        return latest.received_at if latest else np.nan, self._useless.get(newest, "")

    def _decoded_anew(self, index: int, timetable: Timetable) -> T | None:
        try:
            return self._decode(self._message(index), timetable, float(self._store.times[index]))
        except FeedError as error:
            # Not tried again: after hours of a stale feed each look back would decode all of them.
            self._useless[index] = str(error)
            problem = left_out(self._store.name(index), error)
            if problem not in self.problems:
                self.problems.append(problem)
            return None


class MessageArchive:
    """Messages are read and decoded when their time comes."""

    def __init__(
        self, store: MessageStore, otherwise: ParquetArchive | None = None, dates: NamedDates | None = None
    ) -> None:
        """Parameters: `otherwise` answers where there is no message, or none younger than 15 minutes; `dates` takes in
        what the messages tell of the dates that the feed names.

        Errors: FeedError where no message is left.
        """
        self.refused: Counter[str] = Counter()
        self._messages, self._numbering = RecordedMessages(store, self._decode), Numbering()
        self._dates = dates or NamedDates()
        self._otherwise = otherwise
        if len(store.times) == 0 and otherwise is None:
            raise FeedError(f"no readable message: {store.problems[0].message if store.problems else 'none is there.'}")
        self.first_at, self.last_at = self._messages.first_at, self._messages.last_at
        if otherwise is not None:
            self.first_at = min(self.first_at, otherwise.first_at)
            self.last_at = max(self.last_at, otherwise.last_at)

    @property
    def problems(self) -> list[Problem]:
        """Files and messages that were left out, as far as they have been read."""
        return self._messages.problems + (self._otherwise.problems if self._otherwise else [])

    def observations_at(self, now: float, timetable: Timetable) -> Observations:
        """The latest whole message received by `now`; without its reports once it is 15 minutes old."""
        latest = self._messages.latest(now, timetable)
        silent = latest is None or now - latest.received_at > SILENCE_LIMIT_S
        if silent and self._otherwise is not None:
            return self._otherwise.observations_at(now, timetable)
        if latest is None:
            return Observations.empty(now)
        seen = latest.value
        if silent:
            seen = replace(Observations.empty(now), feed_timestamp=seen.feed_timestamp)
        return replace(seen, received_at=now)

    def health_at(self, now: float, timetable: Timetable) -> tuple[float, str]:
        """When the last good message was received, POSIX seconds, and why a newer one cannot be used."""
        received_at, error = self._messages.health_at(now, timetable)
        if self._otherwise is not None and not now - received_at <= SILENCE_LIMIT_S:
            return self._otherwise.health_at(now, timetable)
        return received_at, error

    def _decode(self, data: bytes, timetable: Timetable, received_at: float) -> Observations:
        seen = decode_vehicle_positions(data, timetable, received_at, self._dates, self._numbering)
        self.refused.update(seen.refused)
        return seen
