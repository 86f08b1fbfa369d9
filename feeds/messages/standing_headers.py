"""Headers whose time stands while what their messages say goes on: such a time says nothing."""

from __future__ import annotations

from feeds.errors import FeedError
from feeds.messages.message import decode_message, header_of

OLD_S = 300.0
"""A header that is younger may stand for several polls."""
_ENOUGH_CHANGES = 2
LATELY_S = 300.0


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
        if not now - at > OLD_S:
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
        if self._changes < _ENOUGH_CHANGES or now - self._changed_at > LATELY_S:
            return data
        message.header.ClearField("timestamp")
        return message.SerializePartialToString()
