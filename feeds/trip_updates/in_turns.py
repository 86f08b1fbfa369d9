"""Feeds that tell of their runs by turns, of some in one message and of others in the next, though each calls itself
whole: what was told a moment ago stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from google.transit import gtfs_realtime_pb2

from feeds.messages.message import decode_message
from feeds.trip_updates.decoding import FEED
from predictor.timetable import Timetable
from predictor.trip_updates import TripUpdates

_ENOUGH, _SHARE = 3, 0.25
"""So many runs, and so large a share of a message, are told of again of which the message before said nothing."""
_BY_TURNS_S = 600.0
"""After so long without that the feed is whole again."""
_MOST, _WINDOW_S = 4, 150.0
"""So many messages are put together, of so many seconds."""

Decode = Callable[[bytes, Timetable, float], TripUpdates]


class _Message(NamedTuple):
    data: bytes
    received_at: float
    runs: frozenset[tuple[str, int, int]]


class InTurns:
    """Reads the messages of one feed, those that tell by turns together with what came before."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._recent: list[_Message] = []
        self._by_turns_at = float("-inf")

    def __call__(self, data: bytes, timetable: Timetable, received_at: float) -> TripUpdates:
        """What a message received at `received_at` (POSIX seconds) tells. Errors: as those of `decode`."""
        told = self._decode(data, timetable, received_at)
        if len(told) == 0:
            return told
        ids = zip(told.trip_id.tolist(), told.service_day.tolist(), told.shift_s.tolist(), strict=True)
        this = _Message(data, received_at, frozenset(ids))
        recent = [message for message in self._recent if received_at - _WINDOW_S < message.received_at < received_at]
        if len(recent) > 1:
            earlier: frozenset[tuple[str, int, int]] = frozenset().union(*(message.runs for message in recent[:-1]))
            again = len((this.runs & earlier) - recent[-1].runs)
            if again >= max(_ENOUGH, _SHARE * len(this.runs)):
                self._by_turns_at = received_at
        self._recent = [*recent[1 - _MOST :], this]
        if not 0.0 <= received_at - self._by_turns_at < _BY_TURNS_S or len(self._recent) == 1:
            return told
        return self._decode(_together(self._recent), timetable, received_at)


def _together(messages: list[_Message]) -> bytes:
    """The last message, with what those before it tell of other runs."""
    whole = decode_message(messages[-1].data, FEED)
    named = {_run_of(entity) for entity in whole.entity}
    for message in reversed(messages[:-1]):
        for entity in decode_message(message.data, FEED).entity:
            run = _run_of(entity)
            if run is not None and run not in named:
                named.add(run)
                whole.entity.append(entity)
    return whole.SerializePartialToString()


def _run_of(entity: gtfs_realtime_pb2.FeedEntity) -> tuple[str, str, str, str] | None:
    """What an entity calls its run, None where it is of none."""
    if not entity.HasField("trip_update"):
        return None
    trip = entity.trip_update.trip
    return trip.trip_id, trip.route_id, trip.start_date, trip.start_time
