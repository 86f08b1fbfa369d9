"""Recorded messages without the time in headers whose time stands, as they would have been taken when they came."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

import numpy as np

from feeds.errors import FeedError
from feeds.messages.message import header_of
from feeds.messages.standing_headers import LATELY_S, OLD_S, StandingHeader
from feeds.recordings.message_store import MessageStore


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
