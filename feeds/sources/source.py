"""Where bytes come from: an address or a file, asked again and again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from feeds.errors import FeedError
from feeds.sources.http_source import MAX_BYTES, HttpSource, too_large
from feeds.sources.public_address import is_address, place_meant


@runtime_checkable
class Source(Protocol):
    """Something that is asked again and again for the newest bytes of a feed."""

    name: str
    """For messages and logs; no secrets in it."""

    def fetch(self, now: float) -> bytes | None:
        """The newest bytes, None where nothing is new since the last call.

        Errors: FeedError where there is nothing to be had; a later call may succeed.
        """


def open_source(path_or_url: str, *, headers: Mapping[str, str] | None = None) -> Source:
    """A source for an http(s) address or a file's path; `headers` go with each HTTP request (API keys). Errors:
    FeedError where it is neither."""
    place = place_meant(path_or_url)
    return HttpSource(place, headers=headers) if is_address(place) else FileSource(Path(place))


def told_of(source: Source, words: str) -> str:
    """What is said of a source's answers, fit to be told to anybody."""
    return source.without_keys(words) if isinstance(source, HttpSource) else words


class FileSource:
    """A file that another program rewrites."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.name = str(path)
        self._path = path
        self._max_bytes = max_bytes
        self._seen: tuple[int, int, int] | None = None

    def fetch(self, now: float) -> bytes | None:  # noqa: ARG002
        """The file's bytes, None while its modification time and size are unchanged."""
        try:
            stat = self._path.stat()
            # A pipe or a device could be waited on for ever.
            if not self._path.is_file():
                raise FeedError(f"{self.name} is not a file; give the path of one GTFS-Realtime message.")
            if stat.st_size > self._max_bytes:
                raise FeedError(too_large(self.name, self._max_bytes, stat.st_size))
            # An atomic replacement within the clock's grain and of the same size still has another inode.
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if version == self._seen:
                return None
            with self._path.open("rb") as file:
                data = file.read(self._max_bytes + 1)
        except OSError as error:
            raise FeedError(
                f"{self.name}: cannot be read ({error.strerror or error}); check the path. An address begins with https://."
            ) from error
        if len(data) > self._max_bytes:
            raise FeedError(too_large(self.name, self._max_bytes))
        self._seen = version
        return data
