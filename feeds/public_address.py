"""Addresses as they may be told."""

from __future__ import annotations

from urllib.parse import urlsplit


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
