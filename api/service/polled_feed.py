"""One realtime feed that is asked again and again: its newest message, and how it is doing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sized
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any, Generic, TypeVar

from api.service.view import FeedHealth
from feeds.errors import FeedError
from feeds.messages.kinds import feeds_in
from feeds.messages.message import BEHIND_FOR_S, NO_HEADER, decode_message, header_of
from feeds.messages.standing_headers import StandingHeader
from feeds.reading import GAP_S, is_gap
from feeds.sources.several_sources import SeveralSources
from feeds.sources.source import Source, told_of
from predictor.timetable import Timetable

READ_ALL_EVERY_S = 600.0
"""How often a message is read once more, for what it may hold of other feeds."""
log = logging.getLogger("prochain")
T = TypeVar("T", bound=Sized)

Decode = Callable[[bytes, Timetable, float], T]


class PolledFeed(Generic[T]):
    """One feed: its newest bytes, what they decode to, and how it is doing."""

    def __init__(self, name: str, source: Source, decode: Decode[T]) -> None:
        self.given_as = name
        """The feed that its address was given as."""
        self.holds: frozenset[str] = frozenset()
        """The feeds of which its messages have entities: the one that it was given as if they ever had any of that."""
        self._source = source
        self._decode = decode
        self._lock = Lock()
        self._waiting: tuple[bytes, float] | None = None
        self.last: tuple[bytes, float] | None = None
        """The last good message, and when it came."""
        self._last_timetable: Timetable | None = None
        self._value: T | None = None
        self._gap: tuple[bytes, float] | None = None
        """A message without anything that is not yet believed, and when the first of them came."""
        self._all_read_at = float("-inf")
        self._stands = False
        """Whether the message that came last could be read, so that nothing new is nothing wrong."""
        self._newest_header, self._newest_header_at = NO_HEADER, float("-inf")
        self._standing_header = StandingHeader(name)
        self.health = FeedHealth(name, source.name)

    def poll(self, now: float) -> bool:
        """Ask the source; whether it has something new. Errors are kept in `health`."""
        try:
            data = self._source.fetch(now)
        except FeedError as error:
            self._failed(str(error))
        except Exception as error:
            log.exception("%s: polling failed", self.health.name)
            self._failed(f"{self._source.name}: unexpected {type(error).__name__}: {error}; see the log.")
        else:
            data = data and self._standing_header.taken_out(data, now)
            with self._lock:
                if data is not None and not self._is_behind(data, now):
                    self._waiting = (data, now)
                    return True
                if self._stands and self._waiting is None:
                    if self.health.error:
                        log.info("%s: good again", self.health.name)
                    self.health = replace(self.health, good_at=now, error="")
        return False

    def _is_behind(self, data: bytes, now: float) -> bool:
        header = header_of(data)
        if header.is_behind(self._newest_header) and 0.0 <= now - self._newest_header_at < BEHIND_FOR_S:
            return True
        # A feed that has just begun says nothing yet.
        self._newest_header, self._newest_header_at = NO_HEADER if header.is_all else header, now
        return False

    def fresh(self, timetable: Timetable) -> T | None:
        """The newest message, None where it was given before or cannot be used."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is None:
            return None
        value = self._decoded(waiting, timetable)
        if value is None:
            return None
        data, at = waiting
        since = self._gap[1] if self._gap else at
        self._gap = None
        if is_gap(self._value, value, at - since):
            self._gap = data, since
        else:
            self.last, self._last_timetable, self._value = waiting, timetable, value
        return value

    def read_again(self, timetable: Timetable) -> T | None:
        """The last good message decoded anew, since more is known of what it means; None where there is none."""
        if self.last is not None:
            self._value, self._last_timetable = self._decoded(self.last, timetable), timetable
        return self._value

    def latest(self, timetable: Timetable, now: float) -> tuple[T, float] | None:
        """The last good message that is to be believed at `now`, and when it was received; decoded anew where the
        timetable is another."""
        if self._gap is not None and now - self._gap[1] >= GAP_S:
            # Some servers answer that nothing has changed since.
            with self._lock:
                self._waiting = self._waiting or (self._gap[0], now)
        self.fresh(timetable)
        if self._last_timetable is not timetable:
            self.read_again(timetable)
        if self.last is None or self._value is None:
            return None
        return self._value, self.last[1]

    def _decoded(self, message: tuple[bytes, float], timetable: Timetable) -> T | None:
        data, received_at = message
        self._stands = False
        try:
            value = self._decode(data, timetable, received_at)
        except FeedError as error:
            self._failed(str(error))
            return None
        except Exception as error:
            log.exception("%s: decoding failed", self.health.name)
            self._failed(f"{self._source.name}: cannot be decoded ({type(error).__name__}: {error}); see the log.")
            return None
        self.holds = self._held(data, is_empty=len(value) == 0)
        with self._lock:
            self._stands = True
            if self.health.error:
                log.info("%s: good again", self.health.name)
            others = () if self.health.name in self.holds else tuple(sorted(self.holds))
            self.health = replace(
                self.health, good_at=received_at, error="", holds=others, written_at=header_of(data).timestamp
            )
        return value

    def _held(self, data: bytes, *, is_empty: bool) -> frozenset[str]:
        own = {self.given_as} & self.holds
        if not is_empty and self.health.name == self.given_as:
            return frozenset((self.given_as,))
        return feeds_in(decode_message(data, self.health.name)) | own

    def recall(self, data: bytes, received_at: float) -> None:
        """Go on from this message, which came before the service began."""
        self._waiting = data, received_at

    @property
    def newest(self) -> bytes | None:
        """The message that came last, None before the first."""
        with self._lock:
            newest = self._waiting or self.last
        return newest and newest[0]

    def all_held(self, now: float) -> frozenset[str]:
        """All feeds of which its messages have entities, where that was not looked for a short while ago."""
        data = self.newest
        if data is None or self._all_read_at <= now < self._all_read_at + READ_ALL_EVERY_S:
            return frozenset()
        held: frozenset[str] = frozenset()
        with suppress(FeedError):
            held = feeds_in(decode_message(data, self.health.name))
        if held:
            self._all_read_at = now
        return held

    def healths(self) -> Iterator[FeedHealth]:
        """Its health, and where it has several addresses that of each, by their numbers."""
        yield self.health
        if isinstance(self._source, SeveralSources):
            for number, address in enumerate(self._source.addresses, 1):
                yield FeedHealth(
                    f"{self.health.name} {number}", address.source.name, address.good_at, address.error, address.errors
                )

    def serve_as(self, name: str, decode: Decode[Any]) -> None:
        """Read its messages as those of this feed from now on, the newest one too."""
        with self._lock:
            log.warning("%s: the address given for it serves %s", self.given_as, name)
            self._decode, self._waiting = decode, self._waiting or self.last
            self.last = self._value = self._last_timetable = self._gap = None
            given_as = self.given_as if name != self.given_as else ""
            self.health = FeedHealth(name, self._source.name, errors=self.health.errors, given_as=given_as)

    def _failed(self, message: str) -> None:
        message = told_of(self._source, message)
        with self._lock:
            if message != self.health.error:
                log.warning("%s: %s", self.health.name, message)
            self.health = replace(self.health, error=message, errors=self.health.errors + 1)


class Overheard:
    """A `Source` of one feed out of the messages of another."""

    def __init__(self, feed: PolledFeed[Any]) -> None:
        self.name = feed.health.source
        self._feed = feed
        self._given: bytes | None = None

    def fetch(self, now: float) -> bytes | None:  # noqa: ARG002
        """See `Source`."""
        if self._feed.health.error:
            raise FeedError(self._feed.health.error)
        data = self._feed.newest
        if data is self._given:
            return None
        self._given = data
        return data
