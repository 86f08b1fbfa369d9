"""Headers whose time stands while what their messages say goes on: such a time says nothing."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Protocol

import numpy as np

from feeds.errors import FeedError
from feeds.messages.message import decode_message, header_of
from predictor.arrays import Float64Array

_OLD_S = 300.0
"""A header that is younger may stand for several polls."""
_ENOUGH_CHANGES = 2
_LATELY_S = 300.0


class StandingHeader:
    """Watches the messages of one feed."""

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._at = float("nan")
        self._said: frozenset[bytes] = frozenset()
        self._changes, self._changed_at = 0, float("-inf")

    def taken_out(self, data: bytes, now: float) -> bytes:
        """The message; without the time in its header where others with the same one, minutes old, said other things
        within the last minutes. `now`: when it came, POSIX seconds."""
        at = header_of(data).timestamp
        if not now - at > _OLD_S:
            self._at = float("nan")
            return data
        try:
            message = decode_message(data, self._feed)
        except FeedError:
            return data
        # Servers put the same in another order.
        entities = frozenset(entity.SerializeToString(deterministic=True) for entity in message.entity)
        if at != self._at:
            self._at, self._changes, self._changed_at = at, 0, float("-inf")
        elif entities != self._said:
            self._changes, self._changed_at = self._changes + 1, now
        self._said = entities
        if self._changes < _ENOUGH_CHANGES or now - self._changed_at > _LATELY_S:
            return data
        message.header.ClearField("timestamp")
        return message.SerializePartialToString()


class _Store(Protocol):
    times: Float64Array

    def message(self, index: int) -> bytes: ...


class RecordedHeaders:
    """The recorded messages of one feed as they would have been taken when they came: asked for in any order, fast in
    ascending order."""

    def __init__(self, store: _Store) -> None:
        self._store = store
        self._restart_at(0)
        self.message = lru_cache(maxsize=8)(self._message)
        """See `feeds.recorded_messages.MessageStore`."""

    def _restart_at(self, index: int) -> None:
        self._watched, self._next = StandingHeader(""), index

    def _message(self, index: int) -> bytes:
        times, data = self._store.times, self._store.message(index)
        if not times[index] - header_of(data).timestamp > _OLD_S:
            return data
        # What came before tells whether its time stands.
        first = int(np.searchsorted(times, times[index] - 2.0 * _LATELY_S))
        if not first <= self._next <= index:
            self._restart_at(first)
        for earlier in range(self._next, index):
            with suppress(FeedError):
                self._watched.taken_out(self._store.message(earlier), float(times[earlier]))
        self._next = index + 1
        return self._watched.taken_out(data, float(times[index]))
