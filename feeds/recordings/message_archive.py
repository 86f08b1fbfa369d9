"""Recorded messages of vehicle positions, played as a feed would have shown them: the latest whole message."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from feeds.errors import FeedError, Problem
from feeds.recordings.parquet_archive import SILENCE_LIMIT_S, ParquetArchive
from feeds.recordings.recorded_messages import MessageStore, RecordedMessages
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.observations import Observations
from predictor.timetable import Timetable


class MessageArchive:
    """Messages are read and decoded when their time comes."""

    def __init__(self, store: MessageStore, otherwise: ParquetArchive | None = None) -> None:
        """Parameters: `otherwise` answers where there is no message, or none younger than 15 minutes.

        Errors: FeedError where no message is left.
        """
        self.refused: Counter[str] = Counter()
        self._messages = RecordedMessages(store, self._decode)
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

    def _decode(self, data: bytes, received_at: float, timetable: Timetable) -> Observations:
        seen = decode_vehicle_positions(data, timetable, received_at)
        self.refused.update(seen.refused)
        return seen
