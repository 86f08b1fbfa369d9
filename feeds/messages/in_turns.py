"""Feeds that tell by turns, of some runs or alerts in one message and of others in the next, though each calls itself
whole: what was told a moment ago stands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sized
from typing import Generic, NamedTuple, TypeVar

from google.transit import gtfs_realtime_pb2

from feeds.messages.message import decode_message
from predictor.timetable import Timetable

_SHARE = 0.25
"""So large a share of a message is told again of what the message before said nothing."""
_BY_TURNS_S = 600.0
"""After so long without that the feed is whole again."""
_OFTEN = 3
"""So many messages within that time tell it."""
_MOST, _WINDOW_S = 4, 150.0
"""So many messages are put together, of so many seconds."""

T = TypeVar("T", bound=Sized)


class _Message(NamedTuple):
    data: bytes
    received_at: float
    told: frozenset[Hashable]


class InTurns(Generic[T]):
    """Reads the messages of one feed, those that tell by turns together with what came before."""

    def __init__(
        self,
        decode: Callable[[bytes, Timetable, float], T],
        told: Callable[[T], frozenset[Hashable]],
        name: Callable[[gtfs_realtime_pb2.FeedEntity], Hashable],
        enough: int,
    ) -> None:
        """Parameters: `told`: what a decoded message tells of; `name`: what an entity calls that, None where it tells
        of none; `enough`: so many that come back after a message without them are no chance, nor are fewer that do so
        often."""
        self._decode, self._told, self._name, self._enough = decode, told, name, enough
        self._recent: list[_Message] = []
        self._came_back: list[float] = []
        self._by_turns_at = float("-inf")

    def __call__(self, data: bytes, timetable: Timetable, received_at: float) -> T:
        """What a message received at `received_at` (POSIX seconds) tells. Errors: as those of `decode`."""
        value = self._decode(data, timetable, received_at)
        this = _Message(data, received_at, self._told(value))
        recent = [message for message in self._recent if received_at - _WINDOW_S < message.received_at < received_at]
        if len(recent) > 1:
            earlier: frozenset[Hashable] = frozenset().union(*(message.told for message in recent[:-1]))
            again = len((this.told & earlier) - recent[-1].told)
            if 0 < again < self._enough:
                self._came_back = [at for at in self._came_back if 0.0 <= received_at - at < _BY_TURNS_S]
                self._came_back.append(received_at)
            by_turns = len(self._came_back) >= _OFTEN if again < self._enough else len(recent[-1].told) > 0
            if again and again >= _SHARE * len(this.told) and by_turns:
                self._by_turns_at = received_at
        self._recent = [*recent[1 - _MOST :], this]
        if not 0.0 <= received_at - self._by_turns_at < _BY_TURNS_S or len(self._recent) == 1:
            return value
        return self._decode(self._together(), timetable, received_at)

    def _together(self) -> bytes:
        """The last message, with what those before it tell of others."""
        *before, last = (decode_message(message.data, "") for message in self._recent)
        named = {self._name(entity) for entity in last.entity}
        for message in reversed(before):
            others = [entity for entity in message.entity if self._name(entity) not in {None, *named}]
            named.update(map(self._name, others))
            last.entity.extend(others)
        return last.SerializePartialToString()
