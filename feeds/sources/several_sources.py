"""One feed of several addresses: those of buses and of trams read as one, and one asked where another fails. Each goes
at its own pace: for one that is slow the others do not wait."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from threading import Thread

from google.transit.gtfs_realtime_pb2 import FeedEntity, FeedMessage, VehiclePosition

from feeds.errors import FeedError
from feeds.messages.message import decode_message, posix_seconds, refuse_differential
from feeds.sources.source import Source, told_of

log = logging.getLogger("prochain")

STANDS_STILL_S = 180.0
"""A message older than this is no better than none where there is another address to ask."""
KEPT_S = 1800.0
"""What an address said last goes on to count for so long after it fails."""
AT_ONCE_S = 2.0
"""What takes longer is read with the next call."""


@dataclass
class Address:
    """One of the addresses, and how it is doing."""

    source: Source
    good_at: float = math.nan
    """POSIX seconds, NaN before the first time."""
    error: str = ""
    errors: int = 0
    message: FeedMessage | None = None
    """The last good one."""
    _answer: bytes | None = None
    """What came last, until it is read."""

    @property
    def written_at(self) -> float:
        """When its last message was written; NaN where that does not say."""
        at = posix_seconds(self.message.header.timestamp) if self.message else 0.0
        return at or math.nan

    def ask(self, feed: str, now: float, *, alone: bool) -> bool:
        """Whether it has something to tell; what is wrong stands in `error`. `alone`: there is no other to be asked."""
        try:
            data = self.source.fetch(now)
            if data is not None:
                self._answer = data
            if self._answer is not None:
                # What could not be read is no better for being told again.
                message = decode_message(self._answer, self.source.name)
                refuse_differential(message, feed)
                self.message, self._answer = message, None
        except FeedError as error:
            self._failed(feed, str(error))
            return False
        if not alone and now - self.written_at > STANDS_STILL_S:
            minutes = (now - self.written_at) / 60
            self._failed(
                feed, f"{self.source.name}: its newest message is {minutes:.0f} min old, and others are asked."
            )
            return False
        self.good_at, self.error = now, ""
        return self.message is not None

    def _failed(self, feed: str, error: str) -> None:
        error = told_of(self.source, error)
        if not self.error:
            log.warning("%s: %s", feed, error)
        self.error, self.errors = error, self.errors + 1


class Alternatives:
    """An address, and those to be asked where it fails, in this order."""

    def __init__(self, feed: str, sources: Sequence[Source]) -> None:
        self.addresses = [Address(source) for source in sources]
        self._feed = feed
        self._answer: Future[FeedMessage | None] | None = None

    def asked(self, now: float) -> Future[FeedMessage | None]:
        """What they tell, asked now unless they are still being asked. Errors: RuntimeError where the system gives no
        thread."""
        if self._answer is None or self._answer.done():
            answer = Future[FeedMessage | None]()

            def ask() -> None:
                try:
                    answer.set_result(self._ask(now))
                except BaseException as error:
                    answer.set_exception(error)

            # Nobody waits for it at the end either.
            Thread(target=ask, name=f"ask-{self._feed}", daemon=True).start()
            self._answer = answer
        return self._answer

    def kept(self, now: float) -> FeedMessage | None:
        """What was told last."""
        kept = [address for address in self.addresses if address.message and now - address.good_at <= KEPT_S]
        newest = max(kept, key=lambda address: address.good_at, default=None)
        return newest.message if newest else None

    def _ask(self, now: float) -> FeedMessage | None:
        """What the first of them tells that does not fail; where all do, what was told last."""
        for number, address in enumerate(self.addresses, 1):
            if address.ask(self._feed, now, alone=len(self.addresses) == 1):
                for spared in self.addresses[number:]:
                    # How those are that nobody asks, nobody knows.
                    spared.error = ""
                return address.message
        return self.kept(now)


class SeveralSources:
    """A `Source` of several."""

    def __init__(self, feed: str, each: Sequence[Sequence[Source]]) -> None:
        """`feed`: what they are of, for messages."""
        self._feed = feed
        self._each = [Alternatives(feed, sources) for sources in each]
        self.name = ", ".join(address.source.name for address in self.addresses)
        self._told: bytes | None = None
        self._of_another: set[tuple[int, str]] = set()
        """Vehicles whose id another feed has given to another vehicle: number of the feed, id."""

    @property
    def addresses(self) -> list[Address]:
        """All of them."""
        return [address for alternatives in self._each for address in alternatives.addresses]

    def fetch(self, now: float) -> bytes | None:
        """See `Source`. One that fails or is slow does not hide what the others say. Errors: FeedError where all
        fail."""
        answers = [alternatives.asked(now) for alternatives in self._each]
        answered, _ = wait(answers, AT_ONCE_S)
        chosen = [
            answer.result() if answer in answered else alternatives.kept(now)
            for alternatives, answer in zip(self._each, answers, strict=True)
        ]
        messages = [message for message in chosen if message is not None]
        errors = [address.error for address in self.addresses if address.error]
        if len(errors) == len(self.addresses) or (errors and not messages):
            raise FeedError(" ".join(errors))
        if not messages:
            return None
        data = self._merged(messages).SerializeToString(deterministic=True)
        if data == self._told:
            return None
        self._told = data
        return data

    def _merged(self, messages: Sequence[FeedMessage]) -> FeedMessage:
        merged, ids, told = FeedMessage(), set[str](), set[bytes]()
        vehicles: dict[str, VehiclePosition] = {}
        merged.header.CopyFrom(max((message.header for message in messages), key=lambda header: header.timestamp))
        for number, message in enumerate(messages, 1):
            for given in message.entity:
                if given.HasField("vehicle") and self._is_known(number, given.vehicle, vehicles):
                    continue
                # A message to the riders of several feeds stands in each of them, by whatever id.
                body = given
                if given.HasField("alert"):
                    body = FeedEntity()
                    body.CopyFrom(given)
                    body.id = ""
                as_told = body.SerializeToString(deterministic=True)
                if as_told in told:
                    continue
                told.add(as_told)
                entity = merged.entity.add()
                entity.CopyFrom(given)
                if entity.id in ids:
                    entity.id = f"{entity.id} ({number})"
                ids.add(entity.id)
                for part in ("vehicle", "trip_update"):
                    # Undated, it is as old as its own message, whatever the others say.
                    if entity.HasField(part) and not getattr(entity, part).timestamp and message.header.timestamp:
                        getattr(entity, part).timestamp = message.header.timestamp
                if entity.HasField("vehicle"):
                    said = entity.vehicle.vehicle
                    if (number, said.id) in self._of_another:
                        said.id = f"{said.id} ({number})"
                    vehicles[said.id] = entity.vehicle
        return merged

    def _is_known(self, number: int, given: VehiclePosition, vehicles: dict[str, VehiclePosition]) -> bool:
        """Whether another feed told of the same vehicle. Of one with its id on another trip it is noted: numbers of
        buses and trams may be the same."""
        other = vehicles.get(given.vehicle.id) if given.vehicle.id else None
        if other is None:
            return False
        if given.trip.trip_id and given.trip.trip_id == other.trip.trip_id:
            return True
        self._of_another.add((number, given.vehicle.id))
        return False
