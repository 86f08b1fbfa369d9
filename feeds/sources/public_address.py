"""Addresses and paths as people give them, and as they may be told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from feeds.errors import FeedError

_MAY_BE_SECRET = re.compile(r"(?=\S*\d)\S{5,}|\S{16,}")
"""Not a word as the language has them, such as `protobuf`."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)


def place_meant(path_or_url: str) -> str:
    """An http(s) address, or a path, of one that was copied with blanks around it or is a `file:` address. Errors:
    FeedError where it is another kind of address, or none."""
    place = path_or_url.strip()
    scheme = found[1].lower() if (found := _SCHEME.match(place)) else ""
    if scheme == "file":
        return unquote(re.sub("^/+", "/", place[len("file:") :].removeprefix("//localhost")))
    if scheme in ("http", "https"):
        try:
            named = bool(urlsplit(place).hostname)
        except ValueError:
            named = False
        if not named:
            raise FeedError(f"{public_address(place)}: this is no address; it begins with https:// and a host's name.")
    elif scheme:
        raise FeedError(
            f"{public_address(place)}: {scheme} is not spoken here; give an http or https address, or fetch the file "
            "by another program and give its path."
        )
    return str(Path(place).expanduser()) if place.startswith("~") else place


def is_address(path_or_url: str) -> bool:
    """Whether this is an http(s) address, and no path."""
    return path_or_url.lower().startswith(("http://", "https://"))


def public_address(url: str) -> str:
    """The URL without user, password, query and fragment: what may be shown and logged."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return "the feed's address"
    return f"{parts.scheme}://{host}{parts.path}"


def public_place(path_or_url: str) -> str:
    """The same of an http(s) address; a path is told as it is."""
    return public_address(path_or_url) if "://" in path_or_url else path_or_url


def secrets_in(url: str, keys: Iterable[str]) -> re.Pattern[str] | None:
    """What matches the secrets of an address, its password and what stands in its query, and of keys sent with it; None
    where it has none. Words as they stand in a language are none."""
    try:
        parts = urlsplit(url)
        words = {unquote(parts.password or "")} - {""}
        values = [value for _, value in parse_qsl(parts.query)]
    except ValueError:
        return None
    words |= {word for value in (*values, *keys) for word in _MAY_BE_SECRET.findall(value)}
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True)))) if words else None
