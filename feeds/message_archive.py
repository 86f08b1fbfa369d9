"""Recorded messages of vehicle positions, played as a feed would have shown them: the latest whole message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from feeds.errors import FeedError, Problem
from feeds.message_files import MessageFiles
from feeds.recorded_messages import RecordedMessages
from feeds.vehicle_positions import FEED, decode_vehicle_positions
from predictor.observations import Observations
from predictor.timetable import Timetable

SILENCE_LIMIT_S = 900.0


class MessageArchive:
    """Messages are read and decoded when their time comes."""

    def __init__(self, paths: Sequence[Path], timetable: Timetable) -> None:
        """Open files and zips. What is damaged is left out and told in `problems`.

        Errors: FeedError where no message is left.
        """
        self._timetable = timetable
        self.refused: Counter[str] = Counter()
        files = MessageFiles(paths, FEED)
        self._messages = RecordedMessages(files, self._decode)
        if len(files.times) == 0:
            reason = files.problems[0].message if files.problems else "there is no .pb or .pb.gz in it"
            raise FeedError(f"no readable message in {', '.join(path.name for path in paths[:3])}: {reason}")
        self.first_at, self.last_at = self._messages.first_at, self._messages.last_at

    @property
    def problems(self) -> list[Problem]:
        """Files and messages that were left out, as far as they have been read."""
        return self._messages.problems

    def observations_at(self, now: float) -> Observations:
        """The latest whole message received by `now`; without its reports once it is 15 minutes old."""
        latest = self._messages.latest(now)
        if latest is None:
            return Observations.empty(now)
        seen = latest.value
        if now - latest.received_at > SILENCE_LIMIT_S:
            seen = replace(Observations.empty(now), feed_timestamp=seen.feed_timestamp)
        return replace(seen, received_at=now)

    def _decode(self, data: bytes, received_at: float) -> Observations:
        seen = decode_vehicle_positions(data, self._timetable, received_at)
        self.refused.update(seen.refused)
        return seen
