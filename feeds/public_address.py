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
