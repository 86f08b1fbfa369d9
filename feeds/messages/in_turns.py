"""Feeds that tell by turns, of some runs or alerts in one message and of others in the next, though each calls itself
whole: what was told a moment ago stands."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from google.transit import gtfs_realtime_pb2

from feeds.messages.message import decode_message
from predictor.timetable import Timetable

_SHARE = 0.25
"""So large a share of a message is told again of what the message before said nothing."""
_BY_TURNS_S = 600.0
"""After so long without that the feed is whole again."""
_MOST, _WINDOW_S = 4, 150.0
"""So many messages are put together, of so many seconds."""

T = TypeVar("T")


class _Message(NamedTuple):
    data: bytes
    received_at: float
    told: frozenset[Hashable]


class InTurns(Generic[T]):
    """Reads the messages of one feed, those that tell by turns together with what came before."""

    def __init__(
        self,
        feed: str,
        decode: Callable[[gtfs_realtime_pb2.FeedMessage, Timetable, float], T],
        name: Callable[[gtfs_realtime_pb2.FeedEntity], Hashable],
        enough: int,
    ) -> None:
        """Parameters: `feed`: its name in errors; `name`: what an entity calls that of which it tells, None where it
        tells of none; `enough`: so many that come back after a message without them are no chance."""
        self._feed, self._decode, self._name, self._enough = feed, decode, name, enough
        self._recent: list[_Message] = []
        self._by_turns_at = float("-inf")

    def __call__(self, data: bytes, timetable: Timetable, received_at: float) -> T:
        """What a message received at `received_at` (POSIX seconds) tells. Errors: as those of `decode`."""
        message = decode_message(data, self._feed)
        told = frozenset(map(self._name, message.entity)) - {None}
        recent = [before for before in self._recent if received_at - _WINDOW_S < before.received_at < received_at]
        by_turns_at = self._by_turns_at
        if len(recent) > 1:
            earlier: frozenset[Hashable] = frozenset().union(*(before.told for before in recent[:-1]))
            if len((told & earlier) - recent[-1].told) >= max(self._enough, _SHARE * len(told)):
                by_turns_at = received_at
        if told and 0.0 <= received_at - by_turns_at < _BY_TURNS_S:
            self._add(message, recent)
        value = self._decode(message, timetable, received_at)
        if told:
            self._recent = [*recent[1 - _MOST :], _Message(data, received_at, told)]
            self._by_turns_at = by_turns_at
        return value

    def _add(self, message: gtfs_realtime_pb2.FeedMessage, recent: list[_Message]) -> None:
        """Add to a message what those before it tell of others."""
        named = {self._name(entity) for entity in message.entity}
        for before in reversed(recent[1 - _MOST :]):
            entities = decode_message(before.data, self._feed).entity
            others = [entity for entity in entities if self._name(entity) not in {None, *named}]
            named.update(map(self._name, others))
            message.entity.extend(others)
