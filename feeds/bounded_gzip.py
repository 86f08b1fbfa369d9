"""Gunzip that cannot be made to fill the memory."""

from __future__ import annotations

import zlib

from feeds.errors import FeedError

GZIP_MAGIC = b"\x1f\x8b"


def gunzip(data: bytes, limit: int, what: str) -> bytes:
    """Decompress a gzip stream of at most `limit` bytes; `what` names it in errors.

    Errors: FeedError where it is cut short, damaged or larger.
    """
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise FeedError(f"{what}: the gzip data is damaged ({error}); fetch it again.") from error
    if len(plain) > limit:
        raise FeedError(f"{what}: unpacks to more than {limit / 1e6:.0f} MB; this is not a feed we can take.")
    if not stream.eof:
        raise FeedError(f"{what}: the gzip data is cut short; the transfer or the writer stopped half-way.")
    return plain
