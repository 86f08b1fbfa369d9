"""Where an engine puts its views and readers find them: Redis (Valkey speaks the same), or a folder of this machine."""

from __future__ import annotations

import logging
import mmap
import struct
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow as pa

from api.service.packed import Packed
from api.service.settings import ConfigurationError, Settings
from feeds.sources.public_address import public_place

log = logging.getLogger("prochain")

_VIEW = "view"
_LOOK_S = 0.05
_ANSWERS_WITHIN_S = 10.0
_CONNECTS_WITHIN_S = 3.0
_KEPT_S = 7 * 86_400
"""What no engine renews for so long is forgotten."""
_TOLD_S = 120.0
"""What no reader says again for so long is forgotten, too."""
_SOLE_S = 5.0
"""Another engine may take over when the one that publishes has been silent for so long."""
_LENGTH = struct.Struct("<Q")


class ExchangeError(Exception):
    """What is published cannot be reached now."""


class Exchange(ABC):
    """Whole or not at all: nobody ever reads a part of anything. Errors of all: ExchangeError."""

    def __init__(self, place: str, *errors: type[Exception]) -> None:
        """Parameters: `place`: without secrets; `errors`: by which it tells that it cannot be reached."""
        self.place = place
        self.ended = Event()
        """Set, nobody waits for a view any longer."""
        self._errors = errors

    @abstractmethod
    def publish(self, version: str, view: bytes) -> None:
        """Replace the view, and tell those who wait."""

    @abstractmethod
    def keep(self, name: str, content: bytes) -> None:
        """Keep what views name."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether that is kept; asked again and again, it stays."""

    @abstractmethod
    def get(self, name: str) -> Packed | None:
        """What is kept by that name."""

    @abstractmethod
    def tell(self, name: str, content: bytes) -> None:
        """Let the engine know something of a reader; to be said again each minute or so."""

    @abstractmethod
    def told(self) -> list[bytes]:
        """What readers say of themselves."""

    @abstractmethod
    def version(self) -> str | None:
        """Which view is there now, None where none is."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Until there may be another view, no longer than that."""

    def view(self) -> Packed | None:
        """The view that is there now."""
        return self.get(_VIEW)

    def hold(self) -> None:  # noqa: B027
        """Go on being the one that publishes: to be called each second or so."""

    def close(self) -> None:  # noqa: B027
        """End."""

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What goes wrong in this context is said in words."""
        try:
            yield
        except self._errors as error:
            raise ExchangeError(f"{self.place}: {str(error).rstrip('.')}") from error


class RedisExchange(Exchange):
    """Views in Redis, compressed. Of several engines only one publishes; another takes over where it falls silent."""

    def __init__(self, address: str, prefix: str) -> None:
        """Errors: ConfigurationError."""
        try:
            import redis
        except ImportError as error:
            raise ConfigurationError('redis is set, but not installed: pip install "prochain[redis]".') from error
        super().__init__(public_place(address), redis.RedisError, OSError)
        self._prefix = prefix
        keep_alive = {} if address.startswith("unix:") else {"socket_keepalive": True}
        try:
            # It connects by itself, and anew where the connection is lost.
            self._redis: Any = redis.Redis.from_url(
                address,
                socket_timeout=_ANSWERS_WITHIN_S,
                socket_connect_timeout=_CONNECTS_WITHIN_S,
                health_check_interval=15,
                **keep_alive,
            )
            # What the address asks for and cannot be had is known at once.
            self._redis.connection_pool.make_connection()
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"redis: {self.place} cannot be used: {error}.") from error
        self._subscription: Any = None
        self._me = uuid.uuid4().hex
        self._codec = pa.Codec("zstd", compression_level=1)

    def publish(self, version: str, view: bytes) -> None:
        """See `Exchange`."""
        compressed = self.compressed(view)
        with self._said(), self._redis.pipeline(transaction=True) as pipe:
            self.hold()
            pipe.set(self._key(_VIEW), compressed, ex=_KEPT_S)
            pipe.set(self._key("version"), version, ex=_KEPT_S)
            pipe.publish(self._key("views"), version)
            pipe.execute()

    def hold(self) -> None:
        """See `Exchange`."""
        key, milliseconds = self._key("engine"), int(1000 * _SOLE_S)
        with self._said():
            if self._redis.set(key, self._me, nx=True, px=milliseconds):
                return
            holder = self._redis.get(key)
            if holder == self._me.encode():
                self._redis.pexpire(key, milliseconds)
            elif holder is not None:
                raise ExchangeError(
                    f"another engine publishes to {self.place}; this one takes over when it falls silent"
                )

    def keep(self, name: str, content: bytes) -> None:
        """See `Exchange`."""
        with self._said():
            self._redis.set(self._key(name), self.compressed(content), ex=_KEPT_S)

    def has(self, name: str) -> bool:
        """See `Exchange`."""
        with self._said():
            return bool(self._redis.expire(self._key(name), _KEPT_S))

    def get(self, name: str) -> Packed | None:
        """See `Exchange`."""
        with self._said():
            compressed: bytes | None = self._redis.get(self._key(name))
        if compressed is None:
            return None
        try:
            (length,) = _LENGTH.unpack_from(compressed)
            return memoryview(self._codec.decompress(memoryview(compressed)[_LENGTH.size :], decompressed_size=length))
        except (struct.error, OSError, ValueError, OverflowError, MemoryError) as error:
            raise ExchangeError(f"{self.place}: {name} is damaged ({error})") from error

    def tell(self, name: str, content: bytes) -> None:
        """See `Exchange`."""
        with self._said():
            self._redis.set(self._key(f"told:{name}"), content, px=int(1000 * _TOLD_S))

    def told(self) -> list[bytes]:
        """See `Exchange`."""
        with self._said():
            names = list(self._redis.scan_iter(match=self._key("told:*"), count=1000))
            return [content for content in self._redis.mget(names) if content is not None] if names else []

    def version(self) -> str | None:
        """See `Exchange`."""
        with self._said():
            version: bytes | None = self._redis.get(self._key("version"))
        return None if version is None else version.decode(errors="replace")

    def wait(self, seconds: float) -> None:
        """See `Exchange`."""
        with self._said():
            if self._subscription is None:
                subscription = self._redis.pubsub(ignore_subscribe_messages=True)
                subscription.subscribe(self._key("views"))
                self._subscription = subscription
            try:
                self._subscription.get_message(timeout=seconds)
            except BaseException:
                self._unsubscribe()
                raise

    def close(self) -> None:
        """See `Exchange`."""
        with suppress(*self._errors):
            if self._redis.get(self._key("engine")) == self._me.encode():
                self._redis.delete(self._key("engine"))
        self._unsubscribe()
        self._redis.close()

    def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(*self._errors):
                subscription.close()

    def compressed(self, content: bytes) -> bytes:
        """As it lies in Redis."""
        return b"".join([_LENGTH.pack(len(content)), self._codec.compress(content)])

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"


class FolderExchange(Exchange):
    """Views as files of a folder. What stays from one to the next all processes of one machine map into their memory,
    where it lies but once."""

    def __init__(self, folder: Path) -> None:
        super().__init__("this machine's memory", OSError, ValueError)
        self._folder = folder
        self._seen: str | None = None

    def publish(self, version: str, view: bytes) -> None:
        """See `Exchange`."""
        del version
        self.keep(_VIEW, view)

    def keep(self, name: str, content: bytes) -> None:
        """See `Exchange`."""
        with self._said():
            unfinished = self._folder / f".{name}"
            unfinished.write_bytes(content)
            unfinished.replace(self._folder / name)

    def has(self, name: str) -> bool:
        """See `Exchange`."""
        return (self._folder / name).exists()

    def get(self, name: str) -> Packed | None:
        """See `Exchange`."""
        with self._said():
            try:
                with (self._folder / name).open("rb") as file:
                    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except FileNotFoundError:
                return None

    def view(self) -> Packed | None:
        """See `Exchange`. A copy: whoever gives up the last mapping of a file that is gone waits until the system has
        freed it, and all whom this process answers wait with it."""
        with self._said():
            try:
                with pa.OSFile(str(self._folder / _VIEW)) as file:
                    return memoryview(file.read_buffer())
            except FileNotFoundError:
                return None

    def tell(self, name: str, content: bytes) -> None:
        """See `Exchange`."""
        self.keep(f"told-{name}", content)

    def told(self) -> list[bytes]:
        """See `Exchange`."""
        with self._said():
            since = time.time() - _TOLD_S
            return [path.read_bytes() for path in self._folder.glob("told-*") if path.stat().st_mtime > since]

    def version(self) -> str | None:
        """See `Exchange`."""
        with self._said():
            try:
                found = (self._folder / _VIEW).stat()
            except FileNotFoundError:
                return None
            self._seen = f"{found.st_ino}-{found.st_mtime_ns}"
            return self._seen

    def wait(self, seconds: float) -> None:
        """See `Exchange`."""
        seen, until = self._seen, time.monotonic() + seconds
        while self.version() == seen and time.monotonic() < until and not self.ended.wait(_LOOK_S):
            pass


def exchange_of(settings: Settings, folder: Path | None = None) -> Exchange:
    """Where views are put and found: in Redis where that is set, else in `folder`. Errors: ConfigurationError."""
    if settings.redis is not None:
        prefix = f"{settings.redis_prefix}:{settings.network}" if settings.network else settings.redis_prefix
        return RedisExchange(settings.redis.get_secret_value(), prefix)
    if folder is None:
        raise ConfigurationError("redis is not set.")
    return FolderExchange(folder)
